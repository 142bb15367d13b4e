//! The part of a drift report that speaks of segments, as data.

use serde::{Deserialize, Serialize};

use super::estimated::EstimatedReport;
use super::finding::Finding;
use super::over_time::WindowFeature;
use super::performance_report::PerformanceReport;
use super::sides::Sides;
use super::status::Status;

/// Both sides by segment, each judged by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentsReport {
    /// How many segments a cut may have.
    pub max_segments: u64,
    /// The ways in which both sides were cut, each by itself.
    pub cuts: Vec<CutReport>,
}

/// One way to cut both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutReport {
    /// How: `contract,region`, or `tenure < 12`.
    pub by: String,
    /// The segments, worst first.
    pub segments: Vec<SegmentReport>,
    /// Which segments made the drift of the whole, feature by feature, the largest PSI first. With windows of
    /// time, of the last that could be judged. A feature whose values cannot be told apart in segments as they
    /// are in the whole is absent.
    pub decomposition: Vec<FeatureDecomposition>,
}

/// One segment. With windows of time, all but the status is of the last window that could be judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentReport {
    /// Its name: `contract=Two year, region=north`, `tenure < 12`.
    pub segment: String,
    /// The verdict: the worst of all windows that are judged.
    pub status: Status,
    /// Rows.
    pub rows: Sides<u64>,
    /// Share of all rows, 0 to 1.
    pub share: Sides<f64>,
    /// The largest PSI of any feature; absent if nothing was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_psi: Option<f64>,
    /// The feature that is worst off, if any was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_feature: Option<String>,
    /// What is behind the verdict, in words; absent if there is nothing to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The window that the reason is of, if there are windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_window: Option<String>,
    /// Every compared feature, by name.
    pub features: Vec<WindowFeature>,
    /// The score, if both sides have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<WindowFeature>,
    /// How good the score was on both sides, if that could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<PerformanceReport>,
    /// How good the score is estimated to be, without labels of the current side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_performance: Option<EstimatedReport>,
    /// What else was found, worst first, information left out.
    pub findings: Vec<Finding>,
    /// The segment in each window that has rows of it, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<SegmentWindow>,
}

/// One segment in one window of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentWindow {
    /// The window's name.
    pub window: String,
    /// Whether the run's verdict counts it.
    pub judged: bool,
    /// The verdict on it.
    pub status: Status,
    /// Rows of what it is compared with, and its own.
    pub rows: Sides<u64>,
    /// The largest PSI of any feature; absent if nothing was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_psi: Option<f64>,
    /// What is behind the verdict, in words; absent if there is nothing to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The PSI of a feature in parts that add up to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureDecomposition {
    /// Name of the column.
    pub feature: String,
    /// The PSI of the whole.
    pub psi: f64,
    /// What is due to the mix of segments.
    pub mix: f64,
    /// What is due to changes within segments.
    pub within: f64,
    /// The segments with the largest parts, at most ten.
    pub segments: Vec<SegmentContribution>,
}

/// What one segment adds to the PSI of a feature; a negative part makes up for others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentContribution {
    /// Its name.
    pub segment: String,
    /// By its share of the rows.
    pub mix: f64,
    /// By the change within it.
    pub within: f64,
}

impl SegmentContribution {
    /// Returns both parts together.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.mix + self.within
    }
}
