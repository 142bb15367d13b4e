//! The part of a drift report that speaks of windows of time, as data.

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::sides::Sides;
use super::status::Status;
use crate::stats::classification::Estimate;

/// How the current side was cut into windows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverTime {
    /// The column with the time of each row.
    pub time: String,
    /// Length of a window, such as `7d`.
    pub window: String,
    /// From the end of a window to that of the next.
    pub every: String,
    /// The zone whose midnights and months count.
    pub time_zone: String,
    /// What each window is compared with: `baseline`, or the windows before it (`trailing:4`).
    pub against: String,
    /// Windows at the end of the data that were asked for; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
    /// Rows of the current side that are in no window, and why.
    pub left_out: RowsLeftOut,
}

/// Rows that are in no window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowsLeftOut {
    /// Their time is missing.
    pub missing: u64,
    /// Their time cannot be read.
    pub unreadable: u64,
    /// Their window has not begun.
    pub future: u64,
}

/// One window of time, `start` included, `end` not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowReport {
    /// A short name: its day or month, or its first and its last day.
    pub window: String,
    /// Its beginning, RFC 3339 with the offset of the zone.
    pub start: String,
    /// Its end.
    pub end: String,
    /// Whether it was over: a row has a later time, or the check was made later.
    pub complete: bool,
    /// Whether the run's verdict counts it: it is complete, and there is something to compare it with.
    pub judged: bool,
    /// The verdict on it.
    pub status: Status,
    /// Rows of what it is compared with, and its own.
    pub rows: Sides<u64>,
    /// The largest PSI of any feature; absent if nothing was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_psi: Option<f64>,
    /// The feature that is worst off, if any was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_feature: Option<String>,
    /// Every compared feature, by name.
    pub features: Vec<WindowFeature>,
    /// The score, if both sides have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<WindowFeature>,
    /// How good the score was, if that could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<WindowPerformance>,
    /// How good the score is estimated to be, without labels of the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated: Option<WindowEstimate>,
    /// What else was found, worst first, information left out.
    pub findings: Vec<Finding>,
}

/// A feature in one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowFeature {
    /// Name of the column.
    pub feature: String,
    /// Its verdict.
    pub status: Status,
    /// Population stability index; absent if a side has no values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psi: Option<f64>,
    /// Share of the window's rows without a value, 0 to 1.
    pub missing: f64,
    /// How far apart the two sides are by other measures; absent if a side has no values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distances: Option<WindowDistances>,
    /// Why the status is what it is, in words; empty when OK.
    pub reasons: Vec<String>,
}

/// Distances of a feature in one window, as the report of a check has them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowDistances {
    /// Jensen-Shannon distance, base 2, 0 to 1.
    pub jensen_shannon: f64,
    /// Hellinger distance, 0 to 1.
    pub hellinger: f64,
    /// Kolmogorov-Smirnov D of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ks: Option<f64>,
    /// Wasserstein-1 distance of numbers, in standard deviations of the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wasserstein: Option<f64>,
    /// Largest change of a share of categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l_infinity: Option<f64>,
}

/// How good the score was in one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowPerformance {
    /// The verdict.
    pub status: Status,
    /// Why, in words; empty when OK.
    pub reasons: Vec<String>,
    /// Rows with a score and a label.
    pub rows: u64,
    /// Rows whose label is positive.
    pub positives: u64,
    /// Area under the ROC curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roc_auc: Option<Estimate>,
    /// Average precision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_precision: Option<Estimate>,
    /// Mean negative log likelihood, nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<Estimate>,
    /// Mean squared error of the scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brier: Option<Estimate>,
    /// Share of rows classed rightly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Estimate>,
    /// Share of rows classed as churned that did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Estimate>,
    /// Share of churned rows that were classed as churned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<Estimate>,
    /// Share of stayed rows that were classed as stayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specificity: Option<Estimate>,
    /// Harmonic mean of precision and recall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub f1: Option<Estimate>,
    /// What a row costs on average, where it is known what mistakes cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Estimate>,
}

/// How good the score is estimated to be in one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowEstimate {
    /// WARN if it is estimated to be worse than on the baseline.
    pub status: Status,
    /// Why, or why nothing is estimated, in words.
    pub reasons: Vec<String>,
    /// Area under the ROC curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roc_auc: Option<Estimate>,
    /// Average precision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_precision: Option<Estimate>,
    /// Mean negative log likelihood, nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<Estimate>,
    /// Mean squared error of the scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brier: Option<Estimate>,
    /// Share of rows classed rightly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Estimate>,
    /// Share of rows classed as churned that did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Estimate>,
    /// Share of churned rows that were classed as churned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<Estimate>,
    /// Share of stayed rows that were classed as stayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specificity: Option<Estimate>,
    /// Harmonic mean of precision and recall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub f1: Option<Estimate>,
    /// What a row is expected to cost on average, where it is known what mistakes cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Estimate>,
}

impl WindowReport {
    /// Returns the first reason behind the verdict, with what it is about; none if there is nothing to say.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let named = |feature: &WindowFeature, what: &str| {
            let reason = feature.reasons.first()?;
            Some(format!("{what}{}: {reason}", feature.feature))
        };
        let worst = |status: Status| {
            let mut features: Vec<&WindowFeature> = self.features.iter().collect();
            // The worst as the report orders them.
            features.sort_by_key(|feature| Some(&feature.feature) != self.worst_feature.as_ref());
            let is_it = |feature: &&&WindowFeature| feature.status == status;
            let feature = features.iter().find(is_it);
            let score = self.score.iter().find(|score| score.status == status);
            let finding = self.findings.iter().find(|one| one.status == status);
            let figures = self.performance.iter().find(|one| one.status == status);
            let promised = self.estimated.iter().find(|one| one.status == status);
            let promised = promised.and_then(|one| one.reasons.first().cloned());
            feature
                .and_then(|feature| named(feature, ""))
                .or_else(|| score.and_then(|score| named(score, "score ")))
                .or_else(|| Some(format!("performance: {}", figures?.reasons.first()?)))
                .or_else(|| finding.map(|finding| finding.message.clone()))
                .or(promised)
        };
        worst(self.status).or_else(|| self.findings.first().map(|one| one.message.clone()))
    }
}
