//! The model artifact: everything that scoring, serving and drift need of a model, as data.
//!
//! `body` is a function of data, arguments and seed: the same command gives the same bytes.
//! What varies from run to run (time, version of the program) stands outside of it.

use std::collections::BTreeMap;

use churn_drift::profile::Profile;
use churn_drift::stats::attribution::Attributions;
use churn_drift::stats::classification::{Estimate, Performance};
use serde::{Deserialize, Serialize};

use super::learned::LearnedRows;

/// Version of the artifact's JSON layout. Version 1 had no checksum over its head; up to version 2
/// the scores in the profile were those of all rows, and the examples were rows of the data. Version 4 is
/// that of imported models. Version 5 has what the features add to scores; a model without it is written as before.
pub const SCHEMA_VERSION: u32 = 5;

/// Version of the layout of a model that was trained here, without what its features add to scores.
pub const TRAINED_VERSION: u32 = 3;

/// The same of an imported model.
pub const IMPORTED_VERSION: u32 = 4;

/// The commands that make artifacts.
const COMMANDS: [&str; 2] = ["train", IMPORT_COMMAND];

/// The command of an imported model.
pub const IMPORT_COMMAND: &str = "model import";

/// The command of a document about a model that lives elsewhere.
pub const WRAP_COMMAND: &str = "model wrap";

/// Whether a document of this command, if it has a body, is an artifact.
#[must_use]
pub fn makes_models(command: &str) -> bool {
    COMMANDS.contains(&command)
}

/// Marks a leaf in the trees' `feature` array.
pub const LEAF: u32 = u32::MAX;

/// A trained model with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Version of this layout, see [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `train`, or `model import`.
    pub command: String,
    /// Version of the program that wrote it.
    pub churnctl_version: String,
    /// When it was made, RFC 3339 in UTC.
    pub created_at: String,
    /// Name of the model.
    pub name: String,
    /// First 12 hexadecimal digits of `sha256`.
    pub version: String,
    /// SHA-256 of the body's compact JSON.
    pub sha256: String,
    /// SHA-256 of the members above, as they are written; version 1 has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_sha256: Option<String>,
    /// The model itself.
    pub body: Body,
}

/// The part of an artifact that does not vary from run to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Label, identifiers, time.
    pub roles: ModelRoles,
    /// The features in the order of the learner's input.
    pub features: Vec<Feature>,
    /// Weights or trees.
    pub model: Model,
    /// From the learner's score to a probability.
    pub calibration: Calibration,
    /// Score from which a row is classed as churned.
    pub threshold: f64,
    /// How the threshold was chosen, in words.
    pub threshold_rule: String,
    /// Metrics by split: `train`, `validation`, `test`.
    pub metrics: BTreeMap<String, SplitMetrics>,
    /// What needs no model: the prior and the best single column, on the test split.
    pub trivial: Vec<TrivialBaseline>,
    /// Permutation importance on the validation split, largest first.
    pub importance: Vec<Importance>,
    /// What the features add to the scores of the rows in the profile's outcome, for drift by its consequence; absent
    /// up to layout 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributions: Option<Attributions>,
    /// The data as `drift` wants them, with the scores of the test rows, which nothing was fitted
    /// on.
    pub profile: Profile,
    /// Where the model comes from.
    pub provenance: Provenance,
    /// Of a model that another framework trained: from which file, and how close its scores are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
    /// Made-up rows with their scores: checked each time the artifact is loaded. Up to layout 2
    /// these were rows of the test split.
    pub examples: Vec<Example>,
}

/// What the columns that are not features are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRoles {
    /// The outcome column.
    pub label: String,
    /// The label's value that means churned.
    pub positive: String,
    /// Identifiers, kept by `score`.
    #[serde(default)]
    pub id: Vec<String>,
    /// The time column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The column whose rows stay in one split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// An input column and how it becomes numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Name in the data.
    pub name: String,
    /// Kind and what is known of its values in training.
    pub kind: FeatureKind,
    /// Training rows had missing values.
    pub nullable: bool,
}

/// The kinds of input columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FeatureKind {
    /// A number.
    Number {
        /// Median of the training rows: what the linear model takes for a missing value.
        median: f64,
        /// Mean of the training rows.
        mean: f64,
        /// Population standard deviation of the training rows, 1 for a constant.
        scale: f64,
        /// Smallest training value.
        min: f64,
        /// Largest training value.
        max: f64,
    },
    /// A text.
    Category {
        /// Levels seen in training, most frequent first; all others count as `other`.
        levels: Vec<String>,
        /// For trees: smoothed target order of each level, then of `other`; missing stays missing.
        order: Vec<f64>,
    },
}

/// A learner's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "learner", rename_all = "snake_case", deny_unknown_fields)]
pub enum Model {
    /// L2 logistic regression over standardised numbers, missing indicators and one-hot levels.
    Logistic {
        /// Log-odds at the mean.
        intercept: f64,
        /// Weights of each feature: number: `[slope per standard deviation, missing]`;
        /// category: one a level, then `other`, then missing.
        weights: Vec<Vec<f64>>,
        /// L2 penalty.
        l2: f64,
    },
    /// Gradient boosted trees.
    Trees(TreeArrays),
    /// Trees of another framework, which ask more than whether a number is small.
    Ensemble(Ensemble),
}

/// Trees as flat arrays, all behind one another.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeArrays {
    /// Log-odds before the first tree.
    pub base: f64,
    /// First node of each tree.
    pub roots: Vec<u32>,
    /// Feature of each node; [`LEAF`] for a leaf.
    pub feature: Vec<u32>,
    /// Rows with a value below this go left; a leaf's output.
    pub threshold: Vec<f64>,
    /// Left child of each node, 0 for a leaf.
    pub left: Vec<u32>,
    /// Right child of each node, 0 for a leaf.
    pub right: Vec<u32>,
    /// Whether missing values go left.
    pub missing_left: Vec<bool>,
    /// Training rows of each node (or their sum of hessians), for contributions.
    pub cover: Vec<f64>,
}

/// Trees of another framework.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ensemble {
    /// The trees. Where a node asks for a category, its threshold is the number of a set below.
    pub trees: TreeArrays,
    /// What the trees are given of each feature.
    pub inputs: Vec<TreeInput>,
    /// Levels that go left, by position; the number of levels stands for all other texts.
    pub sets: Vec<Vec<u32>>,
}

/// What trees are given of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TreeInput {
    /// The value.
    Exact,
    /// The value in single precision.
    Single,
    /// The value, but zero is missing.
    ZeroIsMissing,
}

/// A model file that was imported, and the proof that it scores as it did where it was trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// Framework and form of the file: `LightGBM text`.
    pub format: String,
    /// The file as the user named it.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// How its scores compare with those of the framework.
    pub parity: Parity,
}

impl Imported {
    /// Whether these data are those that the model learned from, as far as its import was told: `own` are those of
    /// `--schema`, which may also be the rows of the proof.
    #[must_use]
    pub fn learned_from(&self, own: &str, data_sha256: &str) -> bool {
        own == data_sha256 && self.parity.rows_sha256 != own
    }
}

/// Scores of a framework beside ours, of the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parity {
    /// How many rows.
    pub rows: u64,
    /// The largest difference of two scores.
    pub largest_difference: f64,
    /// What it may be.
    pub limit: f64,
    /// SHA-256 of the file of rows.
    pub rows_sha256: String,
    /// SHA-256 of the file of scores.
    pub scores_sha256: String,
}

/// How a learner's log-odds become a probability.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Calibration {
    /// The logistic function alone.
    #[default]
    None,
    /// `1 / (1 + exp(-(slope * log-odds + intercept)))`.
    Platt {
        /// Factor of the log-odds.
        slope: f64,
        /// Added to it.
        intercept: f64,
    },
    /// Piecewise linear between knots, constant beyond them.
    Isotonic {
        /// Log-odds of the knots, rising.
        log_odds: Vec<f64>,
        /// Probabilities at the knots, rising.
        probability: Vec<f64>,
    },
}

/// How good the model is on one split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitMetrics {
    /// The figures with intervals, at the artifact's threshold.
    pub performance: Performance,
    /// Share of positives in each tenth of the rows by falling score, over the share in all.
    pub lift: Vec<f64>,
    /// Calibration curve: ten bins of equal width with any rows.
    pub calibration: Vec<CalibrationBin>,
    /// ROC curve, at most 200 points: false positive rate, true positive rate.
    pub roc: Vec<(f64, f64)>,
    /// Precision-recall curve, at most 200 points: recall, precision.
    pub precision_recall: Vec<(f64, f64)>,
}

/// A bin of the calibration curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationBin {
    /// Mean score.
    pub mean_score: f64,
    /// Share of positives.
    pub positive_share: f64,
    /// Rows.
    pub rows: u64,
}

/// What a score without a model is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrivialBaseline {
    /// `prior`, or the name of the column.
    pub name: String,
    /// Area under the ROC curve.
    pub roc_auc: f64,
    /// Average precision.
    pub average_precision: f64,
    /// Log loss; of a column, after a one-variable logistic fit on train.
    pub log_loss: f64,
}

/// What a feature is worth to the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Importance {
    /// Name of the feature.
    pub feature: String,
    /// Rise of the log loss when its values are shuffled.
    pub log_loss_increase: f64,
    /// Fall of the ROC AUC when its values are shuffled.
    pub roc_auc_decrease: f64,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Files as the user named them.
    pub data: Vec<String>,
    /// SHA-256 over the files' bytes in order.
    pub data_sha256: String,
    /// Rows read.
    pub rows: u64,
    /// Seed of everything random.
    pub seed: u64,
    /// Settings that shaped the model, by name.
    pub arguments: BTreeMap<String, String>,
    /// How the rows were split, in words, with the purge.
    pub split: String,
    /// Rows by split: `train`, `validation`, `test`, `purged`.
    pub split_rows: BTreeMap<String, u64>,
    /// The rows that the model learned from: train and validation. Layout 1 has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<LearnedRows>,
    /// Version of the model whose calibration was fitted again, all else being its own; absent if it was trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What an unpurged split would have claimed on its test rows, when rows were purged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpurged_roc_auc: Option<Estimate>,
    /// Warnings of the training.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// A made-up row and the score it must get.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Values by feature as texts, as in the data; absent ones are missing.
    pub values: BTreeMap<String, String>,
    /// The expected score.
    pub score: f64,
}
