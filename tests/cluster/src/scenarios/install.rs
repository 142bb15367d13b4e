//! A deployment as a user makes it: monitoring, secrets, data on the volume, `kubectl apply -k`.

use std::fmt::Write;
use std::path::PathBuf;

use crate::lab::Lab;

pub(crate) const NAMESPACE: &str = "churn-mlops";

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
pub(crate) fn customers(world: World, rows: usize, mut seed: u64, labelled: bool) -> String {
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

/// Makes the Operator's kinds known to the API server.
pub(crate) fn definitions(lab: &Lab) -> Result<(), String> {
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

/// Installs the Operator's objects and what it is to run, once.
pub(crate) fn monitoring(lab: &Lab) -> Result<(), String> {
    if lab
        .kubectl(&["-n", "monitoring", "get", "prometheus", "k8s"])
        .is_ok()
    {
        return Ok(());
    }
    definitions(lab)?;
    lab.apply("monitoring.yaml", include_str!("monitoring.yaml"))?;
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
    std::fs::write(&file, settings).map_err(|error| error.to_string())?;
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
    lab.kubectl(&[
        "delete",
        "namespace",
        NAMESPACE,
        "--ignore-not-found",
        "--timeout=120s",
    ])?;
    for file in [
        "namespace-churn-mlops.yaml",
        "persistentvolumeclaim-churn-mlops-pvc.yaml",
    ] {
        lab.kubectl(&[
            "apply",
            "--server-side",
            "-f",
            &format!("{manifests}/{file}"),
        ])?;
    }
    secrets(lab)?;
    lab.until("the claim is bound", 30, |lab| {
        let phase = lab.kubectl(&[
            "-n",
            NAMESPACE,
            "get",
            "pvc",
            "churn-mlops-pvc",
            "-o",
            "jsonpath={.status.phase}",
        ])?;
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
