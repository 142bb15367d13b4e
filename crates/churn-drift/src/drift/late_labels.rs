//! The part of a drift report that speaks of labels that came later than their predictions, as data. What is
//! found of them is in `label_findings.rs`.

use serde::{Deserialize, Serialize};

use super::evidence::ReportInput;
use crate::labels::{JoinColumn, LabelCounts, PredictionCounts, Unmatched};
use crate::stats::classification::Performance;

/// How labels were joined, how many found a prediction, and how good the scores were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelReport {
    /// The label source.
    pub source: ReportInput,
    /// The columns by which predictions and labels know each other.
    pub join: Vec<JoinColumn>,
    /// The column with the time of a prediction.
    pub prediction_time: String,
    /// The column with the time of a label; absent if the source has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_time: Option<String>,
    /// The column with the label; absent if being in the source is the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_column: Option<String>,
    /// The text of the label that means churned.
    pub positive: String,
    /// How long after a prediction its label may come, such as `30d`.
    pub label_window: String,
    /// What a prediction without a label was taken for.
    pub unmatched: Unmatched,
    /// The zone of times that name none.
    pub time_zone: String,
    /// Until when the labels were said to be whole, if they were: RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels_until: Option<String>,
    /// Until when the labels are whole: what was said, or the latest time of a label. A prediction counts
    /// whose window has closed by then.
    pub watermark: String,
    /// All predictions by what became of them.
    pub predictions: PredictionCounts,
    /// All labels by what became of them.
    pub labels: LabelCounts,
    /// How good the scores of all predictions were whose label is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<Performance>,
    /// Why there are no such figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same by window of time, in the order of the report's windows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<LabelWindow>,
}

/// The predictions of one window of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelWindow {
    /// Its short name.
    pub window: String,
    /// Its predictions by what became of them.
    pub predictions: PredictionCounts,
    /// How good the scores were of those whose label is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<Performance>,
}
