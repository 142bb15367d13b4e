//! The names of all metrics: alert rules, dashboards and documentation are checked against this
//! list. Values are not made here.

/// What a metric's value does over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
}

impl Kind {
    /// Returns the word of the `# TYPE` line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
        }
    }
}

/// What is known about a metric before it has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// The name.
    pub name: &'static str,
    /// What its value does.
    pub kind: Kind,
    /// One sentence for the `# HELP` line.
    pub help: &'static str,
    /// Names of its labels, in the order in which values are given.
    pub labels: &'static [&'static str],
    /// The unit; empty for a bare number or a count.
    pub unit: &'static str,
}

const fn gauge(
    name: &'static str,
    labels: &'static [&'static str],
    unit: &'static str,
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: Kind::Gauge,
        help,
        labels,
        unit,
    }
}

/// PSI of one feature.
pub const MODEL_DRIFT_SCORE: Metric = gauge(
    "model_drift_score",
    &["model", "feature"],
    "",
    "Population stability index of a feature, current data against the baseline.",
);
/// The largest PSI of any feature.
pub const DRIFT_MAX_PSI: Metric = gauge(
    "churn_drift_max_psi",
    &["model"],
    "",
    "Largest population stability index of any feature.",
);
/// PSI of the score.
pub const DRIFT_SCORE_PSI: Metric = gauge(
    "churn_drift_score_psi",
    &["model"],
    "",
    "Population stability index of the model's score.",
);
/// The verdict.
pub const DRIFT_STATUS: Metric = gauge(
    "churn_drift_status",
    &["model"],
    "",
    "Verdict of the last drift check: 0 OK, 1 WARN, 2 FAIL.",
);
/// One feature's verdict.
pub const DRIFT_FEATURE_STATUS: Metric = gauge(
    "churn_drift_feature_status",
    &["model", "feature"],
    "",
    "Verdict on a feature in the last drift check: 0 OK, 1 WARN, 2 FAIL.",
);
/// Rows of a side.
pub const DRIFT_ROWS: Metric = gauge(
    "churn_drift_rows",
    &["model", "side"],
    "",
    "Rows that the last drift check read.",
);
/// Share of missing values.
pub const DRIFT_MISSING_RATIO: Metric = gauge(
    "churn_drift_missing_ratio",
    &["model", "feature", "side"],
    "ratio",
    "Share of rows without a value of the feature, 0 to 1.",
);
/// Number of findings.
pub const DRIFT_FINDINGS: Metric = gauge(
    "churn_drift_findings",
    &["model", "kind"],
    "",
    "Findings of the last drift check beside drift itself, by kind.",
);
/// When the last check ran.
pub const DRIFT_LAST_RUN_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_drift_last_run_timestamp_seconds",
    &["model"],
    "seconds",
    "Unix time at which the last drift check ran to its end.",
);
/// Rows that performance was measured on.
pub const MODEL_LABELLED_ROWS: Metric = gauge(
    "churn_model_labelled_rows",
    &["model", "side"],
    "",
    "Rows with a score and a label, on which performance was measured.",
);
/// Share of churned rows.
pub const MODEL_POSITIVE_RATIO: Metric = gauge(
    "churn_model_positive_ratio",
    &["model", "side"],
    "ratio",
    "Share of labelled rows that churned, 0 to 1.",
);
/// ROC AUC.
pub const MODEL_ROC_AUC: Metric = gauge(
    "churn_model_roc_auc",
    &["model", "side"],
    "",
    "Area under the ROC curve of the score, 0 to 1.",
);
/// Average precision.
pub const MODEL_AVERAGE_PRECISION: Metric = gauge(
    "churn_model_average_precision",
    &["model", "side"],
    "",
    "Average precision of the score, 0 to 1.",
);
/// Log loss.
pub const MODEL_LOG_LOSS: Metric = gauge(
    "churn_model_log_loss",
    &["model", "side"],
    "",
    "Mean negative log likelihood of the labels, nats.",
);
/// Brier score.
pub const MODEL_BRIER_SCORE: Metric = gauge(
    "churn_model_brier_score",
    &["model", "side"],
    "",
    "Mean squared error of the probability, 0 to 1.",
);
/// Accuracy.
pub const MODEL_ACCURACY: Metric = gauge(
    "churn_model_accuracy",
    &["model", "side"],
    "",
    "Share of rows classed rightly, 0 to 1.",
);
/// Precision.
pub const MODEL_PRECISION: Metric = gauge(
    "churn_model_precision",
    &["model", "side"],
    "",
    "Share of rows classed as churned that did churn, 0 to 1.",
);
/// Recall.
pub const MODEL_RECALL: Metric = gauge(
    "churn_model_recall",
    &["model", "side"],
    "",
    "Share of churned rows that were classed so, 0 to 1.",
);
/// F1.
pub const MODEL_F1: Metric = gauge(
    "churn_model_f1",
    &["model", "side"],
    "",
    "Harmonic mean of precision and recall, 0 to 1.",
);
/// Calibration error.
pub const MODEL_CALIBRATION_ERROR: Metric = gauge(
    "churn_model_calibration_error",
    &["model", "side"],
    "",
    "Expected calibration error over ten bins of equal width, 0 to 1.",
);

/// Every metric, in the order of the documentation.
pub const ALL: &[Metric] = &[
    MODEL_DRIFT_SCORE,
    DRIFT_MAX_PSI,
    DRIFT_SCORE_PSI,
    DRIFT_STATUS,
    DRIFT_FEATURE_STATUS,
    DRIFT_ROWS,
    DRIFT_MISSING_RATIO,
    DRIFT_FINDINGS,
    DRIFT_LAST_RUN_TIMESTAMP_SECONDS,
    MODEL_LABELLED_ROWS,
    MODEL_POSITIVE_RATIO,
    MODEL_ROC_AUC,
    MODEL_AVERAGE_PRECISION,
    MODEL_LOG_LOSS,
    MODEL_BRIER_SCORE,
    MODEL_ACCURACY,
    MODEL_PRECISION,
    MODEL_RECALL,
    MODEL_F1,
    MODEL_CALIBRATION_ERROR,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn names_and_labels_follow_the_naming_page() {
        let word = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_lowercase())
                && text
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                && !text.contains("__")
                && !text.ends_with('_')
        };
        for metric in ALL {
            assert!(word(metric.name), "{}", metric.name);
            assert!(
                metric.labels.iter().all(|label| word(label)),
                "{}",
                metric.name
            );
            assert!(
                metric.name.starts_with("churn_") || metric == &MODEL_DRIFT_SCORE,
                "{} has no prefix",
                metric.name
            );
            assert!(
                !metric.name.ends_with("_total"),
                "{} is no counter",
                metric.name
            );
            assert!(
                !["gauge", "counter", "_count", "_sum", "_bucket"]
                    .iter()
                    .any(|suffix| metric.name.ends_with(suffix))
            );
        }
    }

    #[test]
    fn the_unit_is_the_end_of_the_name() {
        for metric in ALL {
            assert!(metric.name.ends_with(metric.unit), "{}", metric.name);
            for unit in ["seconds", "bytes", "ratio"] {
                assert!(
                    !metric.name.ends_with(unit) || metric.unit == unit,
                    "{}",
                    metric.name
                );
            }
        }
    }

    #[test]
    fn help_is_one_sentence() {
        for metric in ALL {
            assert!(
                metric.help.ends_with('.') && !metric.help.contains('\n'),
                "{}",
                metric.name
            );
        }
    }
}
