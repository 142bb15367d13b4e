//! Concept drift of a report, as data.

use serde::{Deserialize, Serialize};

use super::sides::Sides;
use super::status::Status;
use crate::stats::classification::{Estimate, Performance};

/// How good the score was on both sides, and what that means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PerformanceReport {
    /// The verdict on the fall of the judged metrics.
    pub status: Status,
    /// Why, in words; empty when OK.
    pub reasons: Vec<String>,
    /// The label column.
    pub label: String,
    /// The value of the label that means churned.
    pub positive: String,
    /// Score from which a row is classed as churned.
    pub threshold: f64,
    /// The baseline's figures.
    pub baseline: Performance,
    /// The current side's figures.
    pub current: Performance,
    /// Whether scores mean what they say; absent if it cannot be fitted on both sides, and in reports of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<CalibrationReport>,
}

/// Whether scores mean what they say, on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationReport {
    /// Calibration in the large: log-odds that all scores are too low by, 0 if as many churn as they say.
    pub in_the_large: Sides<Estimate>,
    /// Calibration slope: 1 if the log-odds of churn rise as those of the score do.
    pub slope: Sides<Estimate>,
}
