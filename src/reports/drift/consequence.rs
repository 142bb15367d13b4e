//! What is said of drift by what it does to the score: one list for every form.

use crate::drift::consequence::{ConsequenceReport, FeatureConsequence};
use crate::drift::report::DriftReport;
use crate::reports::format;
use crate::text::shorten;

use super::verdict::LONGEST_NAME;

/// A column and its consequence.
pub(super) struct Row {
    /// Its name, short.
    pub(super) feature: String,
    /// Its verdict by consequence.
    pub(super) status: &'static str,
    /// Population stability index.
    pub(super) psi: String,
    /// Rise of the model's log loss when it is shuffled.
    pub(super) importance: String,
    /// Change of the mean score by it alone.
    pub(super) mean_score: String,
    /// Change of the share called churned by it alone.
    pub(super) called: String,
    /// How far the score moves.
    pub(super) score_move: String,
    /// Mean size of its part in a score, on both sides.
    pub(super) parts: (String, String),
}

/// What stands above the columns of [`Row`] in tables.
pub(super) const HEADS: [&str; 9] = [
    "Column",
    "By consequence",
    "PSI",
    "Importance",
    "Mean score",
    "Called churned, points",
    "Move, SD",
    "Part, baseline",
    "Part, current",
];

impl Row {
    /// Returns the cells in the order of [`HEADS`].
    pub(super) fn cells(&self) -> [&str; HEADS.len()] {
        [
            &self.feature,
            self.status,
            &self.psi,
            &self.importance,
            &self.mean_score,
            &self.called,
            &self.score_move,
            &self.parts.0,
            &self.parts.1,
        ]
    }
}

/// Says what became of all scores.
pub(super) fn summary(report: &ConsequenceReport, arrow: &str) -> String {
    let ConsequenceReport {
        mean_score,
        called_share,
        threshold,
        attribution_ndcg,
        limits,
        model_version,
        ..
    } = report;
    format!(
        "mean score {:.4} {arrow} {:.4}, called churned {} (from a score of {}); columns by their part in scores: NDCG \
         {attribution_ndcg:.3}; policy {}, model {model_version}",
        mean_score.baseline,
        mean_score.current,
        format::change(called_share.baseline, called_share.current, arrow),
        format::number(*threshold),
        limits.policy,
    )
}

/// Returns the columns, those that move the score most first.
pub(super) fn rows(report: &DriftReport, most: usize) -> Vec<Row> {
    let features = report.features.iter();
    let with = features.filter_map(|feature| Some((feature, feature.consequence.as_ref()?)));
    let mut all: Vec<_> = with.collect();
    all.sort_by(|(_, a), (_, b)| b.score_move.total_cmp(&a.score_move));
    let row =
        |(feature, consequence): (&crate::drift::report::FeatureReport, &FeatureConsequence)| Row {
            feature: shorten(&feature.feature, LONGEST_NAME).into_owned(),
            status: consequence.status.as_str(),
            psi: feature
                .psi
                .map_or_else(|| format::NONE.to_owned(), format::psi),
            importance: consequence
                .importance
                .map_or_else(|| format::NONE.to_owned(), |value| format!("{value:.4}")),
            mean_score: format!("{:+.4}", consequence.mean_score_change),
            called: format!("{:+.2}", consequence.called_share_change * 100.0),
            score_move: format!("{:.2}", consequence.score_move),
            parts: (
                format!("{:.4}", consequence.attribution.baseline),
                format!("{:.4}", consequence.attribution.current),
            ),
        };
    all.into_iter().take(most).map(row).collect()
}

/// Most columns in a list of lines.
const MOST_LINES: usize = 5;

/// Returns a line for each of the columns that move the score most.
pub(super) fn lines(report: &DriftReport, arrow: &str) -> Vec<String> {
    let line = |row: Row| {
        format!(
            "{}: mean score {}, called churned {} points, {} SD; its part in a score {} {arrow} {}",
            row.feature, row.mean_score, row.called, row.score_move, row.parts.0, row.parts.1
        )
    };
    rows(report, MOST_LINES).into_iter().map(line).collect()
}
