//! What the rules are made from: names in the cluster and thresholds. Where they come from is the caller's affair.

use std::collections::{BTreeMap, BTreeSet};

macro_rules! thresholds {
    ($($name:ident = $default:literal, $help:literal;)*) => {
        /// From where on something is said.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Thresholds {
            $(#[doc = $help] pub $name: f64,)*
        }

        impl Default for Thresholds {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Thresholds {
            /// Name and meaning of each.
            pub const ALL: &[(&str, &str)] = &[$((stringify!($name), $help),)*];

            /// Returns a threshold by its name.
            #[must_use]
            pub fn get(&self, name: &str) -> Option<f64> {
                match name {
                    $(stringify!($name) => Some(self.$name),)*
                    _ => None,
                }
            }

            /// Sets a threshold by its name, and tells whether there is one of this name.
            pub fn set(&mut self, name: &str, value: f64) -> bool {
                match name {
                    $(stringify!($name) => self.$name = value,)*
                    _ => return false,
                }
                true
            }
        }
    };
}

thresholds! {
    node_cpu_ratio = 0.85, "Share of a node's CPU time in use.";
    node_memory_ratio = 0.9, "Share of a node's memory in use.";
    node_disk_free_ratio = 0.1, "Share of a file system that is free.";
    node_network_error_ratio = 0.01, "Share of packets that fail.";
    pod_restarts = 3.0, "Restarts of a container within an hour.";
    container_limit_ratio = 0.9, "Share of a container's limit in use.";
    serving_error_ratio = 0.05, "Share of an InferenceService's answers that are 5xx.";
    serving_latency_warning_seconds = 0.5, "p95 of an InferenceService that warns.";
    serving_latency_critical_seconds = 1.0, "p95 of an InferenceService that is critical.";
    api_error_ratio = 0.05, "Share of the API's answers that are 5xx.";
    api_latency_seconds = 1.0, "p95 of /predict.";
    api_slo_ratio = 0.999, "Share of predictions that must succeed in 30 days.";
    requests_per_second = 0.05, "Traffic below which ratios and quantiles say nothing.";
    prediction_shift = 0.3, "How far the share of a class may move from the baseline's.";
    predictions = 100.0, "Predictions within 30 minutes below which their mix says nothing.";
    drift_psi = 0.3, "PSI of a feature from which a retrain starts.";
    auc_drop = 0.05, "Fall of the ROC AUC below the baseline's from which a retrain starts.";
    labelled_rows = 200.0, "Rows with a label below which the ROC AUC says nothing.";
    daily_stale_seconds = 93600.0, "Age of the last success of a daily job.";
    weekly_stale_seconds = 694800.0, "Age of the last success of the weekly retrain.";
}

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
            disabled: BTreeSet::new(),
            enabled: BTreeSet::new(),
            for_seconds: BTreeMap::new(),
        }
    }
}

impl Options {
    /// Puts names and thresholds in place of the words `$name` of a template. `$1`, as
    /// `label_replace` has it, stays; so does a word that nobody knows, which a test looks for.
    #[must_use]
    pub(super) fn fill(&self, template: &str) -> String {
        let mut text = String::with_capacity(template.len() + 64);
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            text.push_str(&rest[..at]);
            let word: String = rest[at + 1..]
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            match self.word(&word) {
                Some(value) => text.push_str(&value),
                None => {
                    text.push('$');
                    text.push_str(&word);
                }
            }
            rest = &rest[at + 1 + word.len()..];
        }
        text + rest
    }

    fn word(&self, word: &str) -> Option<String> {
        // Inside of `=~"..."`: a dot of a name is itself, and its backslash is escaped once more, as
        // PromQL's quotes take it.
        if let Some(name) = word.strip_suffix("_pattern") {
            return Some(self.word(name)?.replace('.', "\\\\."));
        }
        Some(match word {
            "namespace" => self.namespace.clone(),
            "api_job" => self.api_job.clone(),
            "node_exporter_job" => self.node_exporter_job.clone(),
            "kube_state_metrics_job" => self.kube_state_metrics_job.clone(),
            "drift_cronjob" => self.drift_cronjob.clone(),
            "retrain_cronjob" => self.retrain_cronjob.clone(),
            "score_cronjob" => self.score_cronjob.clone(),
            "burn_ratio" => self.burn_ratio().to_string(),
            _ => self.thresholds.get(word)?.to_string(),
        })
    }

    /// Returns the share of errors that spends 2 % of a 30 day budget in an hour: 14.4 times the
    /// share that the objective allows (Google's SRE workbook, chapter 5). Rounded, so that it reads well.
    #[must_use]
    pub(super) fn burn_ratio(&self) -> f64 {
        (14.4 * (1.0 - self.thresholds.api_slo_ratio) * 1e6).round() / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_in_and_groups_of_label_replace_stay() {
        let options = Options::default();
        let filled = options.fill("a{n=\"$namespace\"} > $drift_psi, \"$1\" $what");
        assert_eq!(filled, "a{n=\"churn-mlops\"} > 0.3, \"$1\" $what");
        // 14.4 x 0.001
        assert_eq!(options.fill("$burn_ratio"), "0.0144");
    }

    #[test]
    fn a_dot_of_a_name_is_a_dot_in_a_regular_expression() {
        let options = Options {
            drift_cronjob: "team.a.drift".to_owned(),
            ..Options::default()
        };
        let filled = options.fill("{c=~\"$drift_cronjob_pattern\"} {c=\"$drift_cronjob\"}");
        assert_eq!(filled, r#"{c=~"team\\.a\\.drift"} {c="team.a.drift"}"#);
    }

    #[test]
    fn thresholds_are_reached_by_name() {
        let mut thresholds = Thresholds::default();
        for (name, help) in Thresholds::ALL {
            assert!(thresholds.set(name, 0.5) && thresholds.get(name) == Some(0.5));
            assert!(help.ends_with('.'), "{name}");
        }
        assert!(!thresholds.set("nobody", 1.0));
    }
}
