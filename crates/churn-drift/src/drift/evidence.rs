//! What a report says of its own making, so that anybody can make it again: the digests of both sides
//! and the settings beside the thresholds. Making it again is the affair of `drift verify`.

use serde::{Deserialize, Serialize};

use crate::stats::cost::Costs;

/// One side of a check, so that it is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportInput {
    /// The addresses as the user gave them, without passwords.
    pub addresses: Vec<String>,
    /// SHA-256 of all that was counted of them; not of a file.
    pub counts_sha256: String,
}

/// The settings that a verdict depends on, beside the thresholds and the model's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSettings {
    /// Columns that were to be compared; empty for all features.
    pub features: Vec<String>,
    /// The score column, if it was named.
    pub score: Option<String>,
    /// The label column, if it was named.
    pub label: Option<String>,
    /// The label's value that means churned, if it was named.
    pub positive: Option<String>,
    /// Score from which a row is classed as churned.
    pub class_threshold: f64,
    /// What mistakes cost, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<Costs>,
    /// Between the fields of a CSV line.
    pub delimiter: String,
    /// Texts that stand for missing values, beside the usual ones.
    pub null: Vec<String>,
    /// Names by which columns are recognised.
    pub columns: ReportColumns,
}

/// Names by which columns are recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportColumns {
    /// Taken for the label.
    pub label: Vec<String>,
    /// Taken for ids.
    pub id: Vec<String>,
    /// Taken for dates.
    pub date: Vec<String>,
    /// Taken for the score.
    pub score: Vec<String>,
    /// Left out.
    pub exclude: Vec<String>,
    /// Categories even if they look like numbers.
    pub categorical: Vec<String>,
}
