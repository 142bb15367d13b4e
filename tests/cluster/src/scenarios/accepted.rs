//! Every rendered form on the API server: strict validation without a warning, nothing to change when it is applied
//! again, nothing left when it is deleted.

use super::install::{self, NAMESPACE};
use crate::lab::{Lab, Outcome};

/// What the forms are rendered with; CRDs of others are not at hand, so their parts are looked at elsewhere.
const FORMS: &[(&str, &str, &[&str])] = &[
    ("prod", "", &[]),
    ("dev", "", &["--profile", "dev"]),
    (
        "shards",
        "",
        &[
            "--parts",
            "api,jobs,hook,pushgateway,monitoring,dashboards,seed-model,profile-shards,drift-exporter",
        ],
    ),
    ("secret", "", &["--alertmanager", "secret"]),
    (
        "many-nodes",
        "[k8s]\naccess_mode = \"ReadWriteMany\"\n",
        &[],
    ),
    (
        "open",
        "[k8s]\napi_auth = \"none\"\nadmission_policy = \"no\"\n",
        &[],
    ),
];

pub(crate) fn run(lab: &mut Lab) -> Outcome {
    install::definitions(lab)?;
    let mut objects = 0;
    for (name, settings, more) in FORMS {
        let manifests = install::render(lab, name, settings, more)?;
        objects += one(lab, name, &manifests).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(format!(
        "{} forms, {objects} objects accepted, applied twice, deleted",
        FORMS.len()
    ))
}

fn one(lab: &Lab, name: &str, manifests: &str) -> Result<usize, String> {
    install::namespace(lab, NAMESPACE)?;
    let kubectl = lab.tools.join("kubectl");
    let apply = [
        "apply",
        "--server-side",
        "--validate=strict",
        "--warnings-as-errors",
        "-k",
        manifests,
    ];
    let first = lab.command(&kubectl, &apply)?;
    if first.code != 0 || first.err.contains("Warning") {
        return Err(format!("applied: {}", first.err.trim()));
    }
    let again = lab.command(&kubectl, &apply)?;
    if again.code != 0 {
        return Err(format!("applied again: {}", again.err.trim()));
    }
    let difference = lab.command(&kubectl, &["diff", "--server-side", "-k", manifests])?;
    if difference.code != 0 {
        return Err(format!(
            "kubectl diff is not empty: {}{}",
            difference.out, difference.err
        ));
    }
    lab.kubectl(&[
        "delete",
        "-k",
        manifests,
        "--wait=true",
        "--timeout=120s",
        "--grace-period=1",
    ])?;
    let left = lab.kubectl(&["get", "validatingadmissionpolicies,validatingadmissionpolicybindings,clusterroles,clusterrolebindings", "-o", "name", "-l", "app.kubernetes.io/managed-by=churnctl"])?;
    if !left.trim().is_empty() {
        return Err(format!("{name} leaves {left}"));
    }
    Ok(first.out.lines().count())
}
