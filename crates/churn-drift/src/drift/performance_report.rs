//! Concept drift of a report, as data.

use serde::{Deserialize, Serialize};

use super::status::Status;
use crate::stats::classification::Performance;

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
}
