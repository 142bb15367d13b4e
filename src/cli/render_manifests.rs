//! The words of `churnctl render-manifests`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use crate::error::Error;
use crate::manifests::Flavor;
use crate::settings::Flags;

pub(super) const EXAMPLES: &str = "\
Examples:
  # Every object into a folder that kubectl applies
  churnctl render-manifests --output-dir k8s

  # Do the files still match the settings? For CI: exit code 2 and a diff if not
  churnctl render-manifests --output-dir k8s --check

  # One object, to look at
  churnctl render-manifests --only Deployment/churn-api --set k8s.replicas=3

  # The loop as a pipeline for Kubeflow
  churnctl render-manifests --only kfp > pipeline.yaml

  # Prometheus and Alertmanager without the Operator
  churnctl render-manifests --flavor plain --output-dir prometheus

Exit codes: 0 rendered or up to date, 2 stale, 64 wrong usage, 74 cannot read or write, 78 bad
settings. `churnctl --help` lists all.
";

/// Render the deployment: every Kubernetes object, alert rule and dashboard
///
/// The files are made from the settings `k8s.`, `alerts.` and `plain.`, the same bytes on every run.
/// Without a folder all objects go to standard output.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct RenderArgs {
    /// Folder to write to; files of ours in it that are no longer rendered are deleted
    #[arg(short, long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(super) output_dir: Option<PathBuf>,

    /// Write nothing, compare with the files in the folder (default k8s) and show what differs
    #[arg(long)]
    pub(super) check: bool,

    /// Only this object, such as Deployment/churn-api, this kind, or this file; repeatable
    #[arg(long, value_name = "KIND/NAME")]
    pub(super) only: Vec<String>,

    /// Set any setting for this run; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<String>,

    /// Size of the deployment: defaults for production, or for a small cluster
    #[arg(long, value_name = "PROFILE")]
    profile: Option<ProfileArg>,

    /// What is rendered
    ///
    /// api, jobs, hook, pushgateway, monitoring, dashboards, seed-model, profile-shards, drift-exporter, kserve,
    /// argocd, argo-events, helm-values, kfp, external-secrets.
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    parts: Option<Vec<String>>,

    /// For the Prometheus Operator, or as plain configuration files
    #[arg(long, value_name = "FLAVOR", default_value = "operator")]
    flavor: FlavorArg,

    /// Alertmanager's configuration as an AlertmanagerConfig object, or as the Secret it reads
    #[arg(long, value_name = "FORM")]
    alertmanager: Option<FormArg>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProfileArg {
    /// Two replicas or more, a volume that many nodes share
    Prod,
    /// One small replica, a volume for one node
    Dev,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FlavorArg {
    /// PrometheusRule, ServiceMonitor, AlertmanagerConfig, beside everything else
    Operator,
    /// prometheus.yml, rules.yml, alertmanager.yml
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormArg {
    /// An AlertmanagerConfig object
    Config,
    /// The Secret that Alertmanager reads as a whole
    Secret,
}

impl RenderArgs {
    pub(super) fn flavor(&self) -> Flavor {
        match self.flavor {
            FlavorArg::Operator => Flavor::Operator,
            FlavorArg::Plain => Flavor::Plain,
        }
    }

    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        let profile = self.profile.map(|profile| match profile {
            ProfileArg::Prod => "prod",
            ProfileArg::Dev => "dev",
        });
        flags.one("k8s.profile", profile);
        flags.many("k8s.parts", self.parts.as_ref());
        let form = self.alertmanager.map(|form| match form {
            FormArg::Config => "config",
            FormArg::Secret => "secret",
        });
        flags.one("alerts.alertmanager", form);
        for assignment in &self.set {
            // Checked when the words were.
            let _ = flags.set(assignment);
        }
        flags
    }
}

/// Checks an assignment at the door and keeps the words.
fn assignment(text: &str) -> Result<String, String> {
    let said = |error: Error| match error.hint_text() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    };
    Flags::default().set(text).map_err(said)?;
    Ok(text.to_owned())
}
