//! A figure with its 95 % interval, and how far it may be off where scores were counted by interval.

use serde::{Deserialize, Serialize};

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

/// By how much a figure may differ from that of the scores themselves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ErrorBounds {
    /// Intervals with rows, both labels together.
    pub intervals: u64,
    /// Of the area under the ROC curve.
    pub roc_auc: f64,
    /// Of the average precision.
    pub average_precision: f64,
    /// Of the log loss.
    pub log_loss: f64,
    /// Of the Brier score.
    pub brier: f64,
    /// Of its root.
    pub rmse: f64,
    /// Of the calibration error, before chance is taken out.
    pub calibration_error: f64,
    /// Rows that may be classed otherwise, because the threshold lies inside their interval.
    pub rows_at_threshold: u64,
}
