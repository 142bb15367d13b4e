//! A deployment as a user makes it: monitoring, secrets, data on the volume, `kubectl apply -k`.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::Value;

use crate::lab::Lab;

pub(crate) const NAMESPACE: &str = "churn-mlops";

/// What every deployment here has; a scenario adds its own.
const SETTINGS: &str = r#"
model = "churn"
data.label = "churn"
k8s.storage = "256Mi"
k8s.max_replicas = 2
# Not the placeholders, which doctor names; nothing is pulled.
k8s.image = "registry.churn.test/churnctl"
k8s.image_digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
"#;

/// Customers of one month; each world has its own customers and its own reasons to leave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum World {
    Old,
    /// Prices rose, and those who pay much leave.
    Dear,
    /// A new kind of contract, and those who have it leave.
    Flexible,
}

/// A table of such customers, the same for the same seed.
fn customers(world: World, rows: usize, mut seed: u64, labelled: bool) -> String {
    let mut out = String::from("user_id,tenure,monthly_charges,contract,support_calls");
    out.push_str(if labelled { ",churn\n" } else { "\n" });
    // Of PCG: enough for customers.
    let mut draw = move || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    };
    for row in 0..rows {
        let tenure = (draw() * 72.0).floor();
        let mut charges = 20.0 + draw() * 80.0;
        let mut contract = if draw() < 0.5 { "monthly" } else { "two years" };
        let calls = (draw() * 6.0).floor();
        let mut risk = 1.5 - tenure * 0.08 + calls * 0.3;
        match world {
            World::Old => {}
            World::Dear => {
                charges += 60.0;
                risk = (charges - 120.0) * 0.08;
            }
            World::Flexible => {
                charges += 60.0;
                if draw() < 0.6 {
                    contract = "flexible";
                }
                risk = if contract == "flexible" { 2.0 } else { -2.0 };
            }
        }
        let _ = write!(out, "u{row:06},{tenure},{charges:.2},{contract},{calls}");
        if labelled {
            let _ = write!(out, ",{}", u8::from(draw() < 1.0 / (1.0 + (-risk).exp())));
        }
        out.push('\n');
    }
    out
}

/// Makes the Operator's kinds known, and the namespace of its programs, which need not run.
pub(crate) fn definitions(lab: &Lab) -> Result<(), String> {
    namespace(lab, "monitoring")?;
    let definitions = lab.tools.join("crds");
    lab.kubectl(&[
        "apply",
        "--server-side",
        "-f",
        &definitions.display().to_string(),
    ])?;
    lab.kubectl(&[
        "wait",
        "--for=condition=Established",
        "crd",
        "--all",
        "--timeout=30s",
    ])
    .map(drop)
}

/// Makes a namespace where there is none.
pub(crate) fn namespace(lab: &Lab, name: &str) -> Result<(), String> {
    match lab.kubectl(&["create", "namespace", name]) {
        Err(error) if !error.contains("AlreadyExists") => Err(error),
        _ => Ok(()),
    }
}

/// Installs the Operator's objects and what it is to run, once.
pub(crate) fn monitoring(lab: &Lab) -> Result<(), String> {
    if lab
        .kubectl(&["-n", "monitoring", "get", "prometheus", "k8s"])
        .is_ok()
    {
        return Ok(());
    }
    definitions(lab)?;
    stack(lab)?;
    lab.until("Prometheus answers", 90, |lab| {
        Ok(lab
            .query("vector(1)")
            .ok()
            .filter(|found| !found.is_empty()))
    })?;
    lab.until("Alertmanager answers", 60, |lab| {
        Ok(lab
            .ask("monitoring", "alertmanager-operated", 9093, "/-/ready")
            .ok())
    })?;
    Ok(())
}

/// A deployment with these settings, and customers of the old world; returns when every replica of the API answers.
pub(crate) fn deployed(lab: &Lab, name: &str, settings: &str) -> Result<String, String> {
    let manifests = render(lab, name, settings, &[])?;
    prepare(lab, &manifests)?;
    month(lab, World::Old, 1, 3_000)?;
    apply(lab, &manifests)?;
    rolled_out(lab, "churn-api")?;
    Ok(manifests)
}

/// `kubectl apply -k`, also over what others have changed.
pub(crate) fn apply(lab: &Lab, manifests: &str) -> Result<(), String> {
    lab.ours(&format!(
        "apply --server-side --force-conflicts -k {manifests}"
    ))
    .map(drop)
}

/// Waits for a Deployment.
pub(crate) fn rolled_out(lab: &Lab, name: &str) -> Result<(), String> {
    lab.ours(&format!("rollout status deployment {name} --timeout=180s"))
        .map(drop)
}

/// Puts a month of customers there: those to learn from, and those to be scored.
pub(crate) fn month(lab: &Lab, world: World, seed: u64, rows: usize) -> Result<(), String> {
    let (learn, score) = (
        customers(world, rows, seed, true),
        customers(world, 1_000, seed + 1, false),
    );
    put(lab, "data/features/training_dataset.csv", &learn)?;
    put(lab, "data/features/user_features_daily.csv", &score)
}

/// Pods of the API.
pub(crate) fn replicas(lab: &Lab) -> Result<Vec<Value>, String> {
    lab.list("pods -l app.kubernetes.io/name=churn-api")
}

/// How often the containers of the API were started again.
pub(crate) fn restarts(lab: &Lab) -> Result<i64, String> {
    let counts = replicas(lab)?
        .into_iter()
        .filter_map(|pod| pod["status"]["containerStatuses"][0]["restartCount"].as_i64());
    Ok(counts.sum())
}

/// The model versions that the replicas say they serve, each once.
pub(crate) fn versions(lab: &Lab) -> Result<Vec<String>, String> {
    let mut versions = Vec::new();
    for pod in replicas(lab)? {
        let address = pod["status"]["podIP"].as_str().unwrap_or_default();
        let url = format!("http://{address}:8000/ready");
        let mut answer = ureq::get(&url)
            .call()
            .map_err(|error| format!("{url}: {error}"))?;
        let text = answer
            .body_mut()
            .read_to_string()
            .map_err(|error| error.to_string())?;
        let answer: Value =
            serde_json::from_str(&text).map_err(|error| format!("{url}: {error}: {text}"))?;
        versions.push(answer["model_version"].as_str().unwrap_or(&text).to_owned());
    }
    versions.sort();
    versions.dedup();
    Ok(versions)
}

/// Applies the Operator's programs and objects, for the versions that are at hand.
pub(crate) fn stack(lab: &Lab) -> Result<(), String> {
    let mut manifest = include_str!("monitoring.yaml").to_owned();
    for (program, newest) in [("prometheus", "v3.14.0"), ("alertmanager", "v0.34.0")] {
        let told = lab.command(&lab.tools.join(program), &["--version"])?.out;
        // `prometheus, version 2.42.0+ds (branch: ...`; nothing where it was built from its module.
        let version = told.split_whitespace().nth(2).unwrap_or_default();
        let version = version.split('+').next().unwrap_or_default();
        if version.starts_with(|letter: char| letter.is_ascii_digit()) {
            manifest = manifest.replace(newest, &format!("v{version}"));
        }
    }
    lab.apply("monitoring.yaml", &manifest)
}

/// The folder of the pods' volume, where the jobs run.
pub(crate) fn volume(lab: &Lab) -> PathBuf {
    lab.folder
        .join("claims")
        .join(format!("{NAMESPACE}-churn-mlops-pvc"))
}

/// Writes a file of the volume at once, as who fills it would.
pub(crate) fn put(lab: &Lab, name: &str, text: &str) -> Result<(), String> {
    let file = volume(lab).join(name);
    let folder = file.parent().unwrap_or(&file);
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let next = file.with_extension("next");
    std::fs::write(&next, text)
        .and_then(|()| std::fs::rename(&next, &file))
        .map_err(|error| error.to_string())?;
    lab.command(
        "chown".as_ref(),
        &["-R", "65532:65532", &volume(lab).display().to_string()],
    )
    .map(drop)
}

/// Renders the manifests for these settings and returns their folder.
pub(crate) fn render(
    lab: &Lab,
    name: &str,
    settings: &str,
    more: &[&str],
) -> Result<String, String> {
    let folder = lab.folder.join(name);
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let file = folder.join("churnctl.toml");
    std::fs::write(&file, format!("{SETTINGS}{settings}")).map_err(|error| error.to_string())?;
    let manifests = folder.join("k8s").display().to_string();
    let config = file.display().to_string();
    let ran = lab.churnctl(
        &[
            &[
                "--config",
                &config,
                "render-manifests",
                "--output-dir",
                &manifests,
                "-q",
            ],
            more,
        ]
        .concat(),
    )?;
    if ran.code == 0 {
        Ok(manifests)
    } else {
        Err(format!("render-manifests: {}", ran.err))
    }
}

/// Makes the namespace anew with its secrets and its volume, before anything else is applied.
pub(crate) fn prepare(lab: &Lab, manifests: &str) -> Result<(), String> {
    let namespace = format!("namespace/{NAMESPACE}");
    lab.ours(&format!(
        "delete {namespace} --ignore-not-found --timeout=120s"
    ))?;
    for file in [
        "namespace-churn-mlops.yaml",
        "persistentvolumeclaim-churn-mlops-pvc.yaml",
    ] {
        lab.ours(&format!("apply --server-side -f {manifests}/{file}"))?;
    }
    secrets(lab)?;
    lab.until("the claim is bound", 30, |lab| {
        let phase = lab.ours("get pvc churn-mlops-pvc -o jsonpath={.status.phase}")?;
        Ok((phase == "Bound").then_some(()))
    })
}

/// Makes the secrets that no manifest holds, again where they are not as they should be.
pub(crate) fn secrets(lab: &Lab) -> Result<(), String> {
    for (secret, keys) in [
        ("churn-api-token", &["token"][..]),
        ("churn-retrain-hook", &["token"]),
        (
            "churn-alerting",
            &[
                "slack-webhook-url",
                "smtp-password",
                "pagerduty-routing-key",
            ],
        ),
    ] {
        let lines: String = keys
            .iter()
            .map(|key| format!("  {key}: http://127.0.0.1:9/{secret}\n"))
            .collect();
        let manifest = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {secret}, namespace: {NAMESPACE}}}\nstringData:\n{lines}"
        );
        lab.apply(&format!("{secret}.yaml"), &manifest)?;
    }
    Ok(())
}

/// The token that a secret holds.
pub(crate) fn token(lab: &Lab, secret: &str) -> Result<String, String> {
    lab.kubectl(&[
        "-n",
        NAMESPACE,
        "get",
        "secret",
        secret,
        "-o",
        "go-template={{.data.token | base64decode}}",
    ])
}
