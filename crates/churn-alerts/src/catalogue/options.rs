//! What the rules are made from: names in the cluster and thresholds. Where they come from is the caller's affair.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use churn_base::thresholds::Thresholds;

/// What the metrics of the rules come from: parts of the deployment, and exporters.
pub const SOURCES: [&str; 9] = [
    "api",
    "jobs",
    "hook",
    "pushgateway",
    "drift-exporter",
    "kserve",
    "node-exporter",
    "kube-state-metrics",
    "kubelet",
];

/// Everything that the rules are made from. Names are checked by whom they come from: they go
/// into PromQL as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Namespace of the system.
    pub namespace: String,
    /// The label `job` of the API's targets: the name of its Service.
    pub api_job: String,
    /// The label `job` of node-exporter's targets.
    pub node_exporter_job: String,
    /// The label `job` of kube-state-metrics' targets.
    pub kube_state_metrics_job: String,
    /// The CronJob that checks for drift.
    pub drift_cronjob: String,
    /// The CronJob that retrains.
    pub retrain_cronjob: String,
    /// The CronJob that scores.
    pub score_cronjob: String,
    /// Where the runbooks are; the alert's name is put behind it.
    pub runbook_base: String,
    /// Thresholds.
    pub thresholds: Thresholds,
    /// What there is in the deployment, of [`SOURCES`]: a rule about what is not there is off.
    pub sources: BTreeSet<&'static str>,
    /// Rules that are off.
    pub disabled: BTreeSet<String>,
    /// Rules that are on though they are off by default.
    pub enabled: BTreeSet<String>,
    /// How long, in seconds, in place of a rule's own `for`.
    pub for_seconds: BTreeMap<String, u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            namespace: "churn-mlops".to_owned(),
            api_job: "churn-api".to_owned(),
            node_exporter_job: "node-exporter".to_owned(),
            kube_state_metrics_job: "kube-state-metrics".to_owned(),
            drift_cronjob: "churn-drift-daily".to_owned(),
            retrain_cronjob: "churn-retrain-weekly".to_owned(),
            score_cronjob: "churn-batch-score".to_owned(),
            runbook_base: "https://runbooks.example.com/churnctl".to_owned(),
            thresholds: Thresholds::default(),
            sources: SOURCES.into(),
            disabled: BTreeSet::new(),
            enabled: BTreeSet::new(),
            for_seconds: BTreeMap::new(),
        }
    }
}

impl Options {
    /// Returns a name in the cluster by the word that stands for it in the files of rules.
    pub(super) fn name(&self, word: &str) -> Option<Cow<'_, str>> {
        // Inside of `=~"..."`: a dot of a name is itself, and its backslash is escaped once more, as
        // PromQL's quotes take it.
        if let Some(name) = word.strip_suffix("_pattern") {
            return Some(self.name(name)?.replace('.', "\\\\.").into());
        }
        let name = match word {
            "namespace" => &self.namespace,
            "api_job" => &self.api_job,
            "node_exporter_job" => &self.node_exporter_job,
            "kube_state_metrics_job" => &self.kube_state_metrics_job,
            "drift_cronjob" => &self.drift_cronjob,
            "retrain_cronjob" => &self.retrain_cronjob,
            "score_cronjob" => &self.score_cronjob,
            _ => return None,
        };
        Some(name.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_of_a_name_is_a_dot_in_a_regular_expression() {
        let options = Options {
            drift_cronjob: "team.a.drift".to_owned(),
            ..Options::default()
        };
        let name = |word| options.name(word).expect("a name");
        assert_eq!(name("drift_cronjob_pattern"), r"team\\.a\\.drift");
        assert_eq!(name("drift_cronjob"), "team.a.drift");
        assert_eq!(options.name("nobody_pattern"), None);
    }
}
