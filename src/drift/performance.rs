//! Concept drift: how good the score was on both sides, and whether it fell beyond chance.

use super::report::{PerformanceReport, Status};
use crate::data::{positive_label, same_label};
use crate::error::{Error, Place, Result};
use crate::profile::{Outcome, View};
use crate::stats::classification::{Estimate, Performance, ScoredCell, performance};

/// Resamples of each side.
const REPLICATES: u32 = 400;

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

/// Compares the performance of the score on both sides.
///
/// # Errors
/// Bad input if the label has not two values, if it is not clear which means churned, or if
/// the score is no probability.
pub fn compare(
    baseline: &Outcome,
    current: &Outcome,
    positive: Option<&str>,
    class_threshold: f64,
    seed: u64,
    names: (&str, &str),
) -> Result<PerformanceReport> {
    let labels = baseline.by_label.keys().chain(current.by_label.keys());
    let positive = positive_label(&baseline.label, labels.map(String::as_str), positive)?;
    let side = |outcome: &Outcome, file: &str| -> Result<Performance> {
        let cells = scored_cells(outcome, &positive, file)?;
        Ok(performance(&cells, class_threshold, seed, REPLICATES))
    };
    let mut report = PerformanceReport {
        status: Status::Ok,
        reasons: Vec::new(),
        label: baseline.label.clone(),
        positive: positive.clone(),
        threshold: class_threshold,
        baseline: side(baseline, names.0)?,
        current: side(current, names.1)?,
    };
    for judged in &JUDGED {
        let (Some(before), Some(now)) = (
            (judged.estimate)(&report.baseline),
            (judged.estimate)(&report.current),
        ) else {
            continue;
        };
        let (status, reason) = judge(judged, before, now);
        report.status = report.status.max(status);
        report.reasons.extend(reason);
    }
    Ok(report)
}

/// The fall must exceed what chance makes of a difference: the half intervals of both sides,
/// added as squares since the sides are independent.
fn judge(judged: &Judged, before: Estimate, now: Estimate) -> (Status, Option<String>) {
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
    let beyond = fall - chance;
    if beyond <= 0.0 {
        return (Status::Ok, None);
    }
    let limit = if judged.relative {
        judged.fail * before.value.abs()
    } else {
        judged.fail
    };
    let status = if beyond >= limit {
        Status::Fail
    } else {
        Status::Warn
    };
    let verb = if judged.larger_is_better {
        "fell"
    } else {
        "rose"
    };
    let reason = format!(
        "{} {verb} {:.3} -> {:.3}, {beyond:.3} beyond chance",
        judged.name, before.value, now.value
    );
    (status, Some(reason))
}

fn scored_cells(outcome: &Outcome, positive: &str, file: &str) -> Result<Vec<ScoredCell>> {
    let views: Vec<(bool, View)> = outcome
        .by_label
        .iter()
        .map(|(label, column)| (same_label(label, positive), column.view(false)))
        .collect();
    let shift = views
        .iter()
        .filter_map(|(_, view)| view.numbers.as_ref())
        .map(|numbers| numbers.shift())
        .max();
    let mut cells = Vec::new();
    for (is_positive, view) in &views {
        let Some(numbers) = &view.numbers else {
            continue;
        };
        if numbers.min() < 0.0 || numbers.max() > 1.0 {
            return Err(Error::bad_input(format!(
                "the score is no probability: it goes from {} to {}",
                numbers.min(),
                numbers.max()
            ))
            .at(Place {
                file: file.to_owned(),
                line: None,
                column: Some(outcome.score.clone()),
            })
            .hint("name a column between 0 and 1 with --score"));
        }
        for cell in numbers.coarsened(shift.unwrap_or(0)) {
            let score = if shift == Some(0) {
                numbers.lower(cell)
            } else {
                numbers
                    .coarse_middle(cell, shift.unwrap_or(0))
                    .clamp(0.0, 1.0)
            };
            let (positives, negatives) = if *is_positive {
                (cell.count, 0)
            } else {
                (0, cell.count)
            };
            cells.push(ScoredCell {
                score,
                positives,
                negatives,
            });
        }
    }
    Ok(cells)
}
