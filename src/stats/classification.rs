//! How good scores are against labels: ROC AUC, average precision, log loss, Brier and the
//! figures of the confusion matrix, each with a 95 % bootstrap interval.

use serde::{Deserialize, Serialize};

/// All rows with one score: how many are positive, how many negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredCell {
    /// The score, a probability in 0 to 1.
    pub score: f64,
    /// Rows with this score whose label is positive.
    pub positives: u64,
    /// Rows with this score whose label is negative.
    pub negatives: u64,
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure on the data as they are.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

/// Rows by label and class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confusion {
    /// Churned, and classed as churned.
    pub true_positives: u64,
    /// Stayed, but classed as churned.
    pub false_positives: u64,
    /// Stayed, and classed as stayed.
    pub true_negatives: u64,
    /// Churned, but classed as stayed.
    pub false_negatives: u64,
}

/// How good the scores are on one data set. Figures that are undefined (one class only) are absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Performance {
    /// Rows with a score and a label.
    pub rows: u64,
    /// Rows whose label is positive.
    pub positives: u64,
    /// Area under the ROC curve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roc_auc: Option<Estimate>,
    /// Average precision (step-wise area under the precision-recall curve).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_precision: Option<Estimate>,
    /// Mean negative log likelihood, nats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<Estimate>,
    /// Mean squared error of the probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brier: Option<Estimate>,
    /// Root of `brier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rmse: Option<Estimate>,
    /// Share of rows classed rightly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Estimate>,
    /// Share of rows classed as churned that did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<Estimate>,
    /// Share of churned rows that were classed so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall: Option<Estimate>,
    /// Share of stayed rows that were classed so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specificity: Option<Estimate>,
    /// Harmonic mean of precision and recall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f1: Option<Estimate>,
    /// Matthews correlation coefficient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcc: Option<Estimate>,
    /// Expected calibration error, ten bins of equal width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration_error: Option<Estimate>,
    /// Rows by label and class.
    pub confusion: Confusion,
}
