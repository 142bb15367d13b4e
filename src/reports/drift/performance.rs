//! The figures of performance, by name, with both sides: one list for every form.

use crate::drift::report::{PerformanceReport, Sides};
use crate::metrics::names::{self, Metric};
use crate::reports::format;
use crate::stats::classification::{Estimate, Performance};

/// One figure of performance on both sides.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// What people call it.
    pub(super) name: &'static str,
    /// The metric that carries it, if one does.
    pub(super) metric: Option<&'static Metric>,
    /// The baseline's.
    pub(super) baseline: Option<Estimate>,
    /// The current side's.
    pub(super) current: Option<Estimate>,
}

type Get = fn(&Performance) -> Option<Estimate>;

const FIGURES: [(&str, Option<&Metric>, Get); 13] = [
    ("ROC AUC", Some(&names::MODEL_ROC_AUC), |side| side.roc_auc),
    (
        "Average precision",
        Some(&names::MODEL_AVERAGE_PRECISION),
        |side| side.average_precision,
    ),
    ("Log loss", Some(&names::MODEL_LOG_LOSS), |side| {
        side.log_loss
    }),
    ("Cost a row", Some(&names::MODEL_COST), |side| side.cost),
    ("Brier score", Some(&names::MODEL_BRIER_SCORE), |side| {
        side.brier
    }),
    ("RMSE", None, |side| side.rmse),
    (
        "Calibration error",
        Some(&names::MODEL_CALIBRATION_ERROR),
        |side| side.calibration_error,
    ),
    ("Accuracy", Some(&names::MODEL_ACCURACY), |side| {
        side.accuracy
    }),
    ("Precision", Some(&names::MODEL_PRECISION), |side| {
        side.precision
    }),
    ("Recall", Some(&names::MODEL_RECALL), |side| side.recall),
    ("Specificity", None, |side| side.specificity),
    ("F1", Some(&names::MODEL_F1), |side| side.f1),
    ("MCC", None, |side| side.mcc),
];

/// Returns the figures that at least one side has, in the order of importance.
pub(super) fn figures(report: &PerformanceReport) -> Vec<Figure> {
    FIGURES
        .iter()
        .map(|(name, metric, get)| Figure {
            name,
            metric: *metric,
            baseline: get(&report.baseline),
            current: get(&report.current),
        })
        .filter(|figure| figure.baseline.is_some() || figure.current.is_some())
        .chain(calibration(report))
        .collect()
}

/// Returns the figures of what scores mean.
fn calibration(report: &PerformanceReport) -> Vec<Figure> {
    let Some(calibration) = &report.calibration else {
        return Vec::new();
    };
    let figure = |name, sides: &Sides<Estimate>| Figure {
        name,
        metric: None,
        baseline: Some(sides.baseline),
        current: Some(sides.current),
    };
    vec![
        figure("Calibration in the large", &calibration.in_the_large),
        figure("Calibration slope", &calibration.slope),
    ]
}

/// Returns the figures of one side by name, in the order of importance.
pub(super) fn named(
    performance: &Performance,
) -> impl Iterator<Item = (&'static str, Option<Estimate>)> {
    FIGURES
        .iter()
        .map(move |(name, _, get)| (*name, get(performance)))
}

/// Returns the metrics of one side that it has.
pub(super) fn metrics(
    performance: &Performance,
) -> impl Iterator<Item = (&'static Metric, Estimate)> {
    FIGURES
        .iter()
        .filter_map(move |(_, metric, get)| Some(((*metric)?, get(performance)?)))
}

/// Returns `0.851 [0.839, 0.862]`, or a dash where there is no figure.
pub(super) fn estimate(estimate: Option<Estimate>) -> String {
    estimate.map_or_else(
        || format::NONE.to_owned(),
        |e| format!("{:.3} [{:.3}, {:.3}]", e.value, e.low, e.high),
    )
}

/// Returns `ROC AUC 0.851 [0.839, 0.862] -> 0.792 [0.780, 0.803]`.
pub(super) fn line(figure: &Figure, arrow: &str) -> String {
    format!(
        "{} {} {arrow} {}",
        figure.name,
        estimate(figure.baseline),
        estimate(figure.current)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::sample;

    #[test]
    fn figures_that_neither_side_has_are_left_out() {
        let report = sample::failing().performance.expect("has one");
        let names: Vec<_> = figures(&report).iter().map(|figure| figure.name).collect();
        assert!(names.starts_with(&["ROC AUC", "Average precision"]));
        assert!(!names.contains(&"MCC"));
    }

    #[test]
    fn a_line_has_both_sides_with_intervals() {
        let report = sample::failing().performance.expect("has one");
        assert_eq!(
            line(&figures(&report)[0], "->"),
            "ROC AUC 0.851 [0.839, 0.862] -> 0.792 [0.780, 0.803]"
        );
    }
}
