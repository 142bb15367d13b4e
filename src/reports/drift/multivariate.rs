//! What is said of drift of several columns together: one list for every form.

use super::verdict::LONGEST_NAME;
use crate::drift::multivariate::{ClassifierReport, CorrelationChange, MultivariateReport};
use crate::reports::format;
use crate::text::shorten;

/// Most pairs and columns in a list of lines.
const MOST_LINES: usize = 3;

/// What stands above the columns of [`pairs`] in tables.
pub(super) const HEADS: [&str; 7] = [
    "Column",
    "Column",
    "Status",
    "Rank correlation, baseline",
    "Current",
    "p",
    "p of all pairs",
];

/// Says what was looked at, and what came of it.
pub(super) fn summary(report: &MultivariateReport) -> String {
    let correlations = &report.correlations;
    let pairs = format::counted(correlations.pairs, "pair", "pairs");
    let rows = &report.rows;
    let told_apart = report.classifier.as_ref().map(told_apart);
    format!(
        "{}{pairs} of columns compared by rank correlation, {} changed; {} rows of the baseline and {} of the current side",
        told_apart.unwrap_or_default(),
        correlations.changed,
        format::count(rows.baseline),
        format::count(rows.current),
    )
}

fn told_apart(classifier: &ClassifierReport) -> String {
    format!(
        "rows told apart with ROC AUC {:.3} (by chance {:.3}, p {}); ",
        classifier.roc_auc,
        classifier.chance_mean,
        format::p_value(classifier.p_value)
    )
}

/// Returns a line for each column by which rows are told apart, and for each pair that changed most.
pub(super) fn lines(report: &MultivariateReport, arrow: &str) -> Vec<String> {
    let classifier = report.classifier.iter();
    let features = classifier.flat_map(|one| one.features.iter().take(MOST_LINES));
    let mut lines: Vec<String> = features
        .map(|one| {
            let name = shorten(&one.feature, LONGEST_NAME);
            format!(
                "{name}: ROC AUC falls by {:.3} without it",
                one.roc_auc_fall
            )
        })
        .collect();
    let largest = report.correlations.largest.iter().take(MOST_LINES);
    lines.extend(largest.map(|pair| {
        let [first, second, status, before, now, ..] = cells(pair);
        format!("{first}, {second}: {status}, rank correlation {before} {arrow} {now}")
    }));
    lines
}

/// Returns the pairs that changed most, each in the order of [`HEADS`].
pub(super) fn pairs(report: &MultivariateReport) -> Vec<[String; HEADS.len()]> {
    report.correlations.largest.iter().map(cells).collect()
}

/// Returns the columns by which rows are told apart, with the fall of the ROC AUC without each.
pub(super) fn features(report: &MultivariateReport) -> Vec<[String; 2]> {
    let classifier = report.classifier.iter();
    let features = classifier.flat_map(|one| &one.features);
    let row = |one: &crate::drift::multivariate::ClassifierFeature| {
        let name = shorten(&one.feature, LONGEST_NAME).into_owned();
        [name, format!("{:.3}", one.roc_auc_fall)]
    };
    features.map(row).collect()
}

fn cells(pair: &CorrelationChange) -> [String; HEADS.len()] {
    let [first, second] = &pair.features;
    [
        shorten(first, LONGEST_NAME).into_owned(),
        shorten(second, LONGEST_NAME).into_owned(),
        pair.status.as_str().to_owned(),
        format!("{:.2}", pair.correlation.baseline),
        format!("{:.2}", pair.correlation.current),
        format::p_value(pair.p_value),
        format::p_value(pair.adjusted_p_value),
    ]
}
