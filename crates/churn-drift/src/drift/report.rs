//! The drift report: what a check found, as data. Drawing it is `reports/drift/`'s affair.
//!
//! The top level keeps the keys of the Python system's report (`status`, `overall_max_psi`,
//! `psi_by_feature`, `baseline`, `current`), so that its readers keep working.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::alarm::AlarmReport;
use super::consequence_report::ConsequenceReport;
use super::estimated::EstimatedReport;
use super::evidence::{ReportInput, ReportSettings};
pub use super::feature_report::{
    BinReport, CategoricalReport, FeatureKind, FeatureReport, FirstUnparsable, Method,
    MissingReport, Moments, NumericReport, UnparsableReport,
};
pub use super::finding::{Finding, FindingKind};
pub use super::histogram::Histogram;
use super::history::HistoryReport;
use super::late_labels::LabelReport;
use super::multivariate::MultivariateReport;
use super::over_time::{OverTime, WindowReport};
pub use super::performance_report::PerformanceReport;
use super::psi_limits::PsiLimits;
use super::segments::SegmentsReport;
pub use super::sides::Sides;
pub use super::status::Status;
use crate::profile::ScoredRows;

/// Version of the drift report's JSON layout.
pub const SCHEMA_VERSION: u32 = 1;

/// Version of the layout with windows, segments or late labels: what of it both have is the same.
pub const SCHEMA_VERSION_OVER_TIME: u32 = 2;

/// Result of comparing a current data set with a baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftReport {
    /// Version of this layout, see [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Always `drift`.
    pub command: String,
    /// Version of the program that wrote the report.
    pub churnctl_version: String,
    /// When the check ran, RFC 3339 in UTC.
    pub created_at: String,
    /// The verdict: the worst of the features, the score, the performance and the findings.
    /// `TOO_FEW_ROWS` only where nothing that was compared could be judged, or a side is smaller
    /// than `min_rows`; then nothing failed or warned either.
    pub status: Status,
    /// The largest PSI of any feature; 0 if no feature has one.
    pub overall_max_psi: f64,
    /// PSI of every feature that could be compared.
    pub psi_by_feature: BTreeMap<String, f64>,
    /// The baseline as the user named it.
    pub baseline: String,
    /// The current data set as the user named it.
    pub current: String,
    /// Name of the model, the label `model` of the metrics.
    pub model: String,
    /// Rows of both sides.
    pub rows: Sides<u64>,
    /// The thresholds in force.
    pub thresholds: Thresholds,
    /// Every compared feature, worst first.
    pub features: Vec<FeatureReport>,
    /// What else was found, worst first.
    pub findings: Vec<Finding>,
    /// Columns that are not features, with the reason.
    pub left_out: Vec<LeftOut>,
    /// Prediction drift: the score column, compared like a feature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<FeatureReport>,
    /// Concept drift: how good the score was on both sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performance: Option<PerformanceReport>,
    /// How good the score is estimated to be on the current side, whose labels may not have arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_performance: Option<EstimatedReport>,
    /// What drift does to the score, where the baseline is a model that scored the current side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<ConsequenceReport>,
    /// Drift of several columns together, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multivariate: Option<MultivariateReport>,
    /// Which rows of its own data the baseline's scores are of, where the baseline is a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_scores: Option<ScoredRows>,
    /// What was compared, by digest; absent in reports of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Sides<ReportInput>>,
    /// The settings beside the thresholds; absent in reports of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<ReportSettings>,
    /// How the current side was cut into windows of time, if it was. All above but `status` then speaks
    /// of the last complete window that could be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_time: Option<OverTime>,
    /// What was taken out of a history, if one is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryReport>,
    /// The windows in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<WindowReport>,
    /// Which of the windows that drifted make the run fail, and what other policies would have done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<AlarmReport>,
    /// Labels that came later than their predictions, if any were joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelReport>,
    /// Both sides by segment, if they were cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<SegmentsReport>,
    /// Limits of PSI from the baseline's own windows, if they count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psi_limits: Option<PsiLimits>,
}

impl DriftReport {
    /// Returns the worst verdict that a part of the report may have for whoever acts on parts: an
    /// alarm policy may keep windows that FAIL from failing the run.
    #[must_use]
    pub fn worst_of_parts(&self) -> Status {
        let is_held = self.alarm.as_ref().and_then(AlarmReport::in_force);
        match is_held.is_some_and(|policy| !policy.fails) && self.status < Status::Fail {
            true => Status::Warn,
            false => Status::Fail,
        }
    }
}

/// The thresholds a check was made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// PSI from which a feature warns.
    pub warn_psi: f64,
    /// PSI from which a feature fails.
    pub fail_psi: f64,
    /// Rows below which a side is called small.
    pub min_rows: u64,
    /// The sizes from which the rules beside PSI warn and fail.
    #[serde(flatten)]
    pub sizes: SizeThresholds,
    /// Features with thresholds of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_feature: BTreeMap<String, FeatureThresholds>,
}

impl Thresholds {
    /// Returns those of features without thresholds of their own.
    #[must_use]
    pub const fn general(&self) -> FeatureThresholds {
        FeatureThresholds {
            warn_psi: self.warn_psi,
            fail_psi: self.fail_psi,
            sizes: self.sizes,
        }
    }
}

/// The thresholds of one feature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FeatureThresholds {
    /// PSI from which the feature warns.
    pub warn_psi: f64,
    /// PSI from which the feature fails.
    pub fail_psi: f64,
    /// The sizes from which the rules beside PSI warn and fail.
    #[serde(flatten)]
    pub sizes: SizeThresholds,
}

/// The sizes from which the rules beside PSI warn and fail. Each counts only beyond chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SizeThresholds {
    /// Distance in standard deviations of the baseline from which a feature warns.
    pub warn_distance: f64,
    /// The same to fail.
    pub fail_distance: f64,
    /// How many times as frequent, or as rare, a single value must have become to warn.
    pub warn_share_ratio: f64,
    /// The same to fail.
    pub fail_share_ratio: f64,
    /// Share of current values where the baseline has none, from which a feature warns; and the
    /// share that a single value must have on either side for its ratio to warn.
    pub warn_new_share: f64,
    /// The same to fail.
    pub fail_new_share: f64,
}

impl Default for SizeThresholds {
    fn default() -> Self {
        Self {
            warn_distance: 0.05,
            fail_distance: 0.5,
            warn_share_ratio: 1.5,
            fail_share_ratio: 4.0,
            warn_new_share: 0.01,
            fail_new_share: 0.1,
        }
    }
}

/// A column that is not a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Name of the column.
    pub column: String,
    /// What it is taken for.
    pub role: Role,
    /// Why, in words.
    pub reason: String,
}

/// What a column is, if it is not a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The outcome.
    Label,
    /// The model's output.
    Score,
    /// Identifies a row or a customer.
    Id,
    /// A date or a time.
    Date,
    /// Prose: another text in nearly every row.
    FreeText,
    /// The user said so.
    Excluded,
}

impl Role {
    /// Returns the name used in JSON and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Score => "score",
            Self::Id => "id",
            Self::Date => "date",
            Self::FreeText => "free_text",
            Self::Excluded => "excluded",
        }
    }
}
