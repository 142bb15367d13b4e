//! The names that the checks look for.

use churn_base::text::shell_word;
use serde_json::Value;

/// The names that the checks look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Namespace of the churn system.
    pub namespace: String,
    /// Namespace that Prometheus runs in, where it can't be told from the objects.
    pub monitoring_namespace: String,
    /// Deployment, Service and ServiceMonitor of the API.
    pub api: String,
    /// PrometheusRule.
    pub rules: String,
    /// CronJob of the drift check.
    pub drift: String,
    /// CronJob of the retrain.
    pub retrain: String,
    /// Deployment and Service of the alert webhook.
    pub hook: String,
    /// Lease of the retrain.
    pub lease: String,
    /// What is rendered with these settings, if a cluster is to have it.
    pub rendered: Vec<Rendered>,
}

/// An object that is rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its kind, one of those that are listed.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace, empty where it belongs to the cluster.
    pub namespace: String,
    /// The component that its label names.
    pub component: String,
    /// The path of its file below the output folder.
    pub path: String,
    /// All of it.
    pub tree: Value,
}

impl Rendered {
    /// Returns what findings call it.
    pub(super) fn subject(&self) -> String {
        format!("{}/{}", self.kind.to_lowercase(), self.name)
    }

    /// Returns the command that makes it where it is missing.
    pub(super) fn make(&self) -> String {
        format!("kubectl apply -f k8s/{}", shell_word(&self.path))
    }

    /// Returns the command that makes it what was rendered, whoever changed it. On the server, since
    /// only there selectors and rules are replaced as wholes: a label too many goes, too.
    pub(super) fn restore(&self) -> String {
        format!(
            "kubectl apply --server-side --force-conflicts -f k8s/{}",
            shell_word(&self.path)
        )
    }
}
