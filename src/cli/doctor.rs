//! The words of `churnctl doctor`.

use clap::{Args, ValueHint};

use super::retrain::ClusterArgs;
use crate::cluster::doctor::LiveAt;
use crate::commands::doctor::DoctorWords;
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  # The cluster of the current context
  churnctl doctor

  # Files, before they are applied, against the Prometheus that is to select them
  kubectl get prometheus -A -o yaml > prometheus.yaml
  churnctl doctor --offline k8s/ prometheus.yaml

  # The running servers, too
  churnctl doctor --prometheus-url http://127.0.0.1:9090 --alertmanager-url http://127.0.0.1:9093

Exit codes: 0 nothing fails, 2 a check says FAIL, 65 bad files, 69 the API server stayed away, 77 it
doesn't know us, 78 no usable kubeconfig. A check that lacks a permission says SKIP.
";

/// Check the wiring between the churn system and its monitoring
///
/// Looks whether the Prometheus Operator is there, which Prometheus selects our ServiceMonitors and
/// rules and why the others don't, whether ServiceMonitors find Services and Services find pods,
/// whether alerts reach the retrain, whether the drift check runs, and whether every object is there as
/// it is rendered with these settings. Each fault comes with a command that fixes it; the last line
/// says what could not be looked at.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct DoctorArgs {
    /// Files and folders to check in place of a cluster
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::AnyPath)]
    offline: Vec<String>,

    /// Server to ask whether it answers 200, in place of all checks
    ///
    /// For Docker's HEALTHCHECK: 0 if it does, 1 if not. Kubernetes has probes of its own.
    #[arg(long, value_name = "URL", conflicts_with_all = ["offline", "prometheus_url", "alertmanager_url"], value_hint = ValueHint::Url)]
    probe: Option<String>,

    /// Prometheus to ask for targets and rules
    #[arg(long, value_name = "URL", conflicts_with = "offline", value_hint = ValueHint::Url)]
    prometheus_url: Option<String>,

    /// Alertmanager to ask for receivers
    #[arg(long, value_name = "URL", conflicts_with = "offline", value_hint = ValueHint::Url)]
    alertmanager_url: Option<String>,

    /// Namespace that Prometheus and Alertmanager run in
    #[arg(long, value_name = "NAME")]
    monitoring_namespace: Option<String>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

impl DoctorArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        flags.one(
            "k8s.monitoring_namespace",
            self.monitoring_namespace.as_ref(),
        );
        self.cluster.add_to(&mut flags);
        flags
    }

    pub(super) fn words(self) -> DoctorWords {
        DoctorWords {
            offline: self.offline,
            probe: self.probe,
            live_at: LiveAt {
                prometheus: self.prometheus_url,
                alertmanager: self.alertmanager_url,
            },
        }
    }
}
