//! The figures of a training by name and split: one list for every form.

use crate::model::report::TrainReport;
use crate::reports::format;
use crate::stats::classification::{Estimate, Performance};

/// The splits, in the order in which they are shown.
pub(super) const SPLITS: [&str; 3] = ["train", "validation", "test"];

/// One figure of performance on the splits that there are.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// What people call it.
    pub(super) name: &'static str,
    /// By split, in the order of [`splits`].
    pub(super) by_split: Vec<Option<Estimate>>,
}

type Get = fn(&Performance) -> Option<Estimate>;

const FIGURES: [(&str, Get); 12] = [
    ("ROC AUC", |split| split.roc_auc),
    ("Average precision", |split| split.average_precision),
    ("Log loss", |split| split.log_loss),
    ("Brier score", |split| split.brier),
    ("RMSE", |split| split.rmse),
    ("Calibration error", |split| split.calibration_error),
    ("Accuracy", |split| split.accuracy),
    ("Precision", |split| split.precision),
    ("Recall", |split| split.recall),
    ("Specificity", |split| split.specificity),
    ("F1", |split| split.f1),
    ("MCC", |split| split.mcc),
];

/// Returns the splits that have figures, by name.
pub(super) fn splits(report: &TrainReport) -> Vec<(&'static str, &Performance)> {
    let found = SPLITS.iter().map(|name| (*name, report.metrics.get(*name)));
    found
        .filter_map(|(name, split)| Some((name, split?)))
        .collect()
}

/// Returns the figures that at least one split has, in the order of importance.
pub(super) fn figures(report: &TrainReport) -> Vec<Figure> {
    let splits = splits(report);
    FIGURES
        .iter()
        .map(|(name, get)| Figure {
            name,
            by_split: splits.iter().map(|(_, split)| get(split)).collect(),
        })
        .filter(|figure| figure.by_split.iter().any(Option::is_some))
        .collect()
}

/// Returns `0.851 [0.839, 0.862]`, or a dash where there is no figure.
pub(super) fn estimate(estimate: Option<Estimate>) -> String {
    estimate.map_or_else(
        || format::NONE.to_owned(),
        |e| format!("{:.3} [{:.3}, {:.3}]", e.value, e.low, e.high),
    )
}

/// Returns a difference with its sign: `+0.012 [-0.003, +0.027]`.
pub(super) fn difference(estimate: Estimate) -> String {
    let (low, high) = (estimate.low, estimate.high);
    format!("{:+.4} [{low:+.4}, {high:+.4}]", estimate.value)
}

/// Returns `average precision` for `average_precision`.
pub(super) fn in_words(metric: &str) -> String {
    metric.replace('_', " ")
}

/// Returns what a training is called in one word or two.
pub(super) const fn verdict(report: &TrainReport) -> &'static str {
    if report.promoted {
        "PROMOTED"
    } else {
        "NOT PROMOTED"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::train::sample;

    #[test]
    fn a_figure_stands_once_a_split_and_not_at_all_where_no_split_has_it() {
        let (mut report, _) = sample::promoted();
        for split in report.metrics.values_mut() {
            split.mcc = None;
        }
        report.metrics.remove("validation");
        let figures = figures(&report);
        assert_eq!(figures[0].by_split.len(), 2);
        assert!(figures.iter().all(|figure| figure.name != "MCC"));
    }

    #[test]
    fn a_difference_has_its_sign() {
        let estimate = Estimate {
            value: 0.012,
            low: -0.003,
            high: 0.027,
        };
        assert_eq!(difference(estimate), "+0.0120 [-0.0030, +0.0270]");
    }
}
