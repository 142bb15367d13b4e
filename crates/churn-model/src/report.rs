//! The document that a training leaves beside its artifact: metrics, decision, warnings.

use std::collections::BTreeMap;

use churn_drift::stats::classification::{Estimate, Performance};
use serde::{Deserialize, Serialize};

use super::artifact::{Importance, TrivialBaseline};
use super::overlap::FeatureOverlap;
use super::paired::Comparison;

/// Version of the layout.
pub const SCHEMA_VERSION: u32 = 1;

/// What a training came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainReport {
    /// Version of this layout, see [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Always `train`.
    pub command: String,
    /// Version of the program that wrote it.
    pub churnctl_version: String,
    /// When it ran, RFC 3339 in UTC.
    pub created_at: String,
    /// Name of the model.
    pub model: String,
    /// Version of the artifact.
    pub model_version: String,
    /// Where the artifact is.
    pub artifact: String,
    /// The model in a sentence.
    pub description: String,
    /// Log loss on validation of the learners that were tried, nats.
    pub tried_log_loss: BTreeMap<String, f64>,
    /// How the rows were split.
    pub split: String,
    /// Rows by split.
    pub split_rows: BTreeMap<String, u64>,
    /// Test rows with the features of rows that the model learned from.
    #[serde(default)]
    pub feature_overlap: FeatureOverlap,
    /// Score from which a row is classed as churned.
    pub threshold: f64,
    /// How it was chosen.
    pub threshold_rule: String,
    /// Figures by split.
    pub metrics: BTreeMap<String, Performance>,
    /// What needs no model, on the test split.
    pub trivial: Vec<TrivialBaseline>,
    /// ROC AUC that an unpurged split would have claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unpurged_roc_auc: Option<Estimate>,
    /// Permutation importance, largest first.
    pub importance: Vec<Importance>,
    /// How the features of validation and test differ from those of train, worst first.
    pub drift: Vec<SplitDrift>,
    /// The candidate is in production now.
    pub promoted: bool,
    /// Why, or why not.
    pub reasons: Vec<String>,
    /// Champion and candidate on the same test rows.
    pub comparisons: Vec<Comparison>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A feature in the splits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitDrift {
    /// Its name.
    pub feature: String,
    /// From train to validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<SplitPsi>,
    /// From train to test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<SplitPsi>,
}

/// How far a feature of a split is from train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitPsi {
    /// `OK`, `TOO_FEW_ROWS`, `WARN` or `FAIL`, by the rules of `churnctl drift`.
    pub status: String,
    /// Population stability index; absent without values to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psi: Option<f64>,
    /// What chance alone rarely exceeds, for splits of these sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psi_noise_limit: Option<f64>,
    /// The index of missing against present.
    pub missing_psi: f64,
}
