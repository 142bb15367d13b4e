//! Scored rows by label: with one score each, and by the class that a threshold gives them.

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
