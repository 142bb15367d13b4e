//! Concept drift: how good the score was on both sides, and whether it fell beyond chance.

use std::borrow::Cow;
use std::collections::BTreeSet;

use churn_base::error::Result;
use churn_data::{doubtful_mark, positive_label};
use statrs::function::erf::erfc;

use super::calibration_drift;
use super::noise::Levels;
use super::report::{Finding, FindingKind, PerformanceReport, Status};
use super::score_intervals::score_intervals;
use crate::profile::Outcome;
use crate::stats::classification::{ErrorBounds, Estimate, Performance};
use crate::stats::score_bounds::{ScoreInterval, bounded_performance};

/// Rows of each class on each side below which an interval is a guess.
const LEAST_OF_A_CLASS: u64 = 20;

/// Half the width of a 95 % interval in standard errors.
const HALF_WIDTH: f64 = 1.959_963_984_540_054;

/// Which way a metric gets worse, and how far it may fall beyond chance before it fails.
struct Judged {
    name: &'static str,
    estimate: fn(&Performance) -> Option<Estimate>,
    larger_is_better: bool,
    /// Fall beyond the interval from which it fails: absolute, or relative to the baseline.
    fail: f64,
    relative: bool,
}

/// ROC AUC and average precision fail at .05 below chance, log loss and Brier at a fifth above.
const JUDGED: [Judged; 4] = [
    Judged {
        name: "ROC AUC",
        estimate: |p| p.roc_auc,
        larger_is_better: true,
        fail: 0.05,
        relative: false,
    },
    Judged {
        name: "average precision",
        estimate: |p| p.average_precision,
        larger_is_better: true,
        fail: 0.05,
        relative: false,
    },
    Judged {
        name: "log loss",
        estimate: |p| p.log_loss,
        larger_is_better: false,
        fail: 0.2,
        relative: true,
    },
    Judged {
        name: "Brier score",
        estimate: |p| p.brier,
        larger_is_better: false,
        fail: 0.2,
        relative: true,
    },
];

/// Compares the performance of the score on both sides; `units` is among how many columns the
/// noise of the check is shared.
///
/// # Errors
/// Bad input if the label has not two values, if it is not clear which means churned, or if
/// the score is not a probability.
pub fn compare(
    baseline: &Outcome,
    current: &Outcome,
    positive: Option<&str>,
    class_threshold: f64,
    units: f64,
    names: (&str, &str),
) -> Result<PerformanceReport> {
    let (baseline, current) = (labelled(baseline, current), labelled(current, baseline));
    let labels = baseline.by_label.keys().chain(current.by_label.keys());
    let positive = positive_label(&baseline.label, labels.map(String::as_str), positive)?;
    let scores = (
        score_intervals(&baseline, &positive, class_threshold, names.0)?,
        score_intervals(&current, &positive, class_threshold, names.1)?,
    );
    let figures = |scores: &[ScoreInterval]| bounded_performance(scores, class_threshold);
    let mut report = PerformanceReport {
        status: Status::Ok,
        reasons: Vec::new(),
        label: baseline.label.clone(),
        positive: positive.clone(),
        threshold: class_threshold,
        baseline: figures(&scores.0),
        current: figures(&scores.1),
        calibration: None,
    };
    if let Some(reason) = too_few(&report) {
        report.status = Status::TooFewRows;
        report.reasons.push(reason);
        return Ok(report);
    }
    let tests = JUDGED.len() + calibration_drift::TESTS;
    let levels = Levels::of_column(units, tests as f64);
    // Only who seems to have fallen is worth a look at all rows together.
    let mut pooled: Option<Performance> = None;
    for judged in &JUDGED {
        let (Some(before), Some(now)) = (
            (judged.estimate)(&report.baseline),
            (judged.estimate)(&report.current),
        ) else {
            continue;
        };
        let fall = Fall::of(judged, before, now);
        if fall.beyond <= 0.0 {
            continue;
        }
        let pooled = pooled.get_or_insert_with(|| {
            let all: Vec<ScoreInterval> = scores.0.iter().chain(&scores.1).copied().collect();
            figures(&all)
        });
        let rows = (report.baseline.rows as f64, report.current.rows as f64);
        let p_value = fall.p_value((judged.estimate)(pooled), rows);
        let status = fall.judge(judged, before, p_value, levels);
        if status > Status::Ok {
            report.status = report.status.max(status);
            report.reasons.push(fall.in_words(judged, before, now));
        }
    }
    if let Some(found) = calibration_drift::compare((&scores.0, &scores.1), levels) {
        let (calibration, status, reasons) = found;
        report.calibration = Some(calibration);
        report.status = report.status.max(status);
        report.reasons.extend(reasons);
    }
    Ok(report)
}

/// Returns how good the scores of one side are; `file` is where they are from.
///
/// # Errors
/// Bad input if a score is not a probability.
pub(super) fn figures(
    outcome: &Outcome,
    positive: &str,
    class_threshold: f64,
    file: &str,
) -> Result<Performance> {
    let scores = score_intervals(outcome, positive, class_threshold, file)?;
    Ok(bounded_performance(&scores, class_threshold))
}

/// Returns the rows that have a label: beside two labels, `?` or `-` says that there is none yet.
pub(super) fn labelled<'a>(own: &'a Outcome, other: &Outcome) -> Cow<'a, Outcome> {
    let all: BTreeSet<&String> = own.by_label.keys().chain(other.by_label.keys()).collect();
    let is_mark = |label: &String| doubtful_mark(label.as_bytes()).is_some();
    if all.len() <= 2 || !own.by_label.keys().any(is_mark) {
        return Cow::Borrowed(own);
    }
    let mut own = own.clone();
    own.by_label.retain(|label, _| !is_mark(label));
    Cow::Owned(own)
}

fn too_few(report: &PerformanceReport) -> Option<String> {
    let sides = [
        ("baseline", &report.baseline),
        ("current side", &report.current),
    ];
    sides.into_iter().find_map(|(side, figures)| {
        let negatives = figures.rows - figures.positives;
        let (count, class) = if figures.positives <= negatives {
            (figures.positives, "churned")
        } else {
            (negatives, "stayed")
        };
        (count < LEAST_OF_A_CLASS).then(|| {
            format!(
                "too few rows to tell: {count} of the {side} {class}, fewer than {LEAST_OF_A_CLASS}"
            )
        })
    })
}

/// Returns a finding for each side whose figures are not exact.
pub fn approximations(report: &PerformanceReport) -> Vec<Finding> {
    let sides = [
        ("baseline", &report.baseline),
        ("current side", &report.current),
    ];
    let found = |(side, figures): (&str, &Performance)| {
        Some(Finding {
            status: Status::Ok,
            kind: FindingKind::Performance,
            feature: Some(report.label.clone()),
            message: approximation(side, figures.error_bounds.as_ref()?),
        })
    };
    sides.into_iter().filter_map(found).collect()
}

/// Says that figures come from scores counted by interval, and how far off they may be.
fn approximation(side: &str, bounds: &ErrorBounds) -> String {
    let mut words = format!(
        "the {side}'s scores are too many to keep and were counted in {} intervals: ROC AUC is \
         within {:.0e}, average precision within {:.0e}, log loss within {:.0e}",
        bounds.intervals, bounds.roc_auc, bounds.average_precision, bounds.log_loss
    );
    if bounds.rows_at_threshold > 0 {
        words += &format!(
            ", and {} rows near the threshold may be classed otherwise",
            bounds.rows_at_threshold
        );
    }
    words
}

/// How much worse a metric got.
#[derive(Debug, Clone, Copy)]
struct Fall {
    fall: f64,
    /// What chance makes of a difference: the half intervals of both sides, added as squares since
    /// the sides are independent.
    chance: f64,
    beyond: f64,
}

impl Fall {
    fn of(judged: &Judged, before: Estimate, now: Estimate) -> Self {
        let (fall, half_before, half_now) = if judged.larger_is_better {
            (
                before.value - now.value,
                before.value - before.low,
                now.high - now.value,
            )
        } else {
            (
                now.value - before.value,
                before.high - before.value,
                now.value - now.low,
            )
        };
        let chance = half_before.hypot(half_now);
        Self {
            fall,
            chance,
            beyond: fall - chance,
        }
    }

    /// Returns how likely chance alone makes a fall of this size, by the larger of two standard
    /// errors: that of both sides, and that of all rows together if they are of one law. A side
    /// whose few rows happen to be perfect shows no error of its own.
    fn p_value(self, pooled: Option<Estimate>, rows: (f64, f64)) -> f64 {
        let all = rows.0 + rows.1;
        let of_pooled = pooled.map_or(0.0, |pooled| {
            (pooled.high - pooled.low) / 2.0 * (all / rows.0 + all / rows.1).sqrt()
        });
        let standard_error = self.chance.max(of_pooled) / HALF_WIDTH;
        erfc(self.fall / standard_error / std::f64::consts::SQRT_2) / 2.0
    }

    /// Any fall beyond chance warns; it fails if it is also large.
    fn judge(self, judged: &Judged, before: Estimate, p_value: f64, levels: Levels) -> Status {
        let limit = if judged.relative {
            judged.fail * before.value.abs()
        } else {
            judged.fail
        };
        if self.beyond >= limit && p_value < levels.fail {
            Status::Fail
        } else if p_value < levels.warn {
            Status::Warn
        } else {
            Status::Ok
        }
    }

    fn in_words(self, judged: &Judged, before: Estimate, now: Estimate) -> String {
        let verb = if judged.larger_is_better {
            "fell"
        } else {
            "rose"
        };
        format!(
            "{} {verb} {:.3} -> {:.3}, {:.3} beyond chance",
            judged.name, before.value, now.value, self.beyond
        )
    }
}
