//! What is said of performance that was estimated without labels: one list for every form.

use super::performance::{self, Figure};
use crate::drift::EstimatedReport;
use crate::metrics::names::{self, Metric};
use crate::reports::format;
use crate::stats::classification::{Estimate, Performance};
use crate::stats::estimated::EstimatedPerformance;

type Get = (
    fn(&Performance) -> Option<Estimate>,
    fn(&EstimatedPerformance) -> Option<Estimate>,
);

const FIGURES: [(&str, Option<&Metric>, Get); 10] = [
    (
        "ROC AUC",
        Some(&names::MODEL_ESTIMATED_ROC_AUC),
        (|one| one.roc_auc, |one| one.roc_auc),
    ),
    (
        "Average precision",
        Some(&names::MODEL_ESTIMATED_AVERAGE_PRECISION),
        (|one| one.average_precision, |one| one.average_precision),
    ),
    (
        "Log loss",
        Some(&names::MODEL_ESTIMATED_LOG_LOSS),
        (|one| one.log_loss, |one| one.log_loss),
    ),
    (
        "Cost a row",
        Some(&names::MODEL_ESTIMATED_COST),
        (|one| one.cost, |one| one.cost),
    ),
    ("Brier score", None, (|one| one.brier, |one| one.brier)),
    ("Accuracy", None, (|one| one.accuracy, |one| one.accuracy)),
    (
        "Precision",
        None,
        (|one| one.precision, |one| one.precision),
    ),
    ("Recall", None, (|one| one.recall, |one| one.recall)),
    (
        "Specificity",
        None,
        (|one| one.specificity, |one| one.specificity),
    ),
    ("F1", None, (|one| one.f1, |one| one.f1)),
];

/// Returns the figures of the baseline's labels, and the estimates of the current side.
pub(super) fn figures(report: &EstimatedReport) -> Vec<Figure> {
    let Some(current) = &report.current else {
        return Vec::new();
    };
    FIGURES
        .iter()
        .map(|(name, metric, (before, now))| Figure {
            name,
            metric: *metric,
            baseline: before(&report.baseline),
            current: now(current),
        })
        .filter(|figure| figure.current.is_some())
        .collect()
}

/// Returns the figures as people read them in a line each.
pub(super) fn lines(report: &EstimatedReport, arrow: &str) -> Vec<String> {
    let figures = figures(report);
    let line = |figure: &Figure| performance::line(figure, arrow);
    figures.iter().map(line).collect()
}

/// Returns the estimates by rows that were weighted, in a line; none if there are none.
pub(super) fn reweighted(report: &EstimatedReport) -> Option<String> {
    let reweighted = report.reweighted.as_ref()?;
    let figure = |(name, _, (_, now)): &(&str, Option<&Metric>, Get)| {
        let now = now(&reweighted.current)?;
        Some(format!("{name} {}", performance::estimate(Some(now))))
    };
    let figures: Vec<String> = FIGURES.iter().take(4).filter_map(figure).collect();
    let rows = format::count(reweighted.effective_rows.round() as u64);
    Some(format!(
        "by baseline rows weighted to lie as the current ones do (M-CBPE, as good as {rows} rows): {}",
        figures.join("; ")
    ))
}
