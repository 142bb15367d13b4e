//! The scores of an outcome as intervals with their labels: one score each where they are kept, a cell
//! of the grid where they are too many. How good they are is `performance.rs`.

use std::collections::BTreeMap;

use churn_base::error::{Error, Place, Result};
use churn_data::same_label;

use crate::profile::{Numbers, Outcome, Scale};
use crate::stats::score_bounds::{CALIBRATION_EDGES, ScoreInterval};

/// The scores of one label.
struct Labelled {
    is_positive: bool,
    numbers: Numbers,
}

/// Returns the scores of all labels, in rising order, cut at the threshold where that is possible.
///
/// # Errors
/// Bad input if a score is not a probability.
pub(super) fn score_intervals(
    outcome: &Outcome,
    positive: &str,
    threshold: f64,
    file: &str,
) -> Result<Vec<ScoreInterval>> {
    let mut labels: Vec<Labelled> = outcome
        .by_label
        .iter()
        .filter_map(|(label, column)| {
            Some(Labelled {
                is_positive: same_label(label, positive),
                numbers: column.view(false).numbers?,
            })
        })
        .collect();
    for Labelled { numbers, .. } in &labels {
        if numbers.min() < 0.0 || numbers.max() > 1.0 {
            return Err(Error::bad_input(format!(
                "the score is not a probability: it goes from {} to {}",
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
    }
    // Few scores of one label are kept one by one, many of the other by cell: both go by cell.
    let by_cell = labels.iter().find(|label| !label.numbers.is_exact());
    let (scale, shift) = by_cell.map_or((Scale::Plain, 0), |label| {
        let shifts = labels.iter().map(|label| label.numbers.shift());
        (label.numbers.scale(), shifts.max().unwrap_or(0))
    });
    for label in &mut labels {
        label.numbers = label.numbers.clone().on_scale(scale);
    }
    let mut intervals: BTreeMap<u64, ScoreInterval> = BTreeMap::new();
    for Labelled {
        is_positive,
        numbers,
    } in &labels
    {
        for cell in numbers.coarsened(shift).iter().copied() {
            let (low, high) = if shift == 0 {
                (numbers.lower(cell), numbers.lower(cell))
            } else {
                numbers.coarse_ends(cell, shift)
            };
            let interval = intervals.entry(cell.key).or_insert(ScoreInterval {
                low,
                high,
                positives: 0,
                negatives: 0,
            });
            // Each label's own range may be narrower.
            interval.low = interval.low.min(low);
            interval.high = interval.high.max(high);
            *count_of(interval, *is_positive) += cell.count;
        }
    }
    let mut intervals: Vec<ScoreInterval> = intervals.into_values().collect();
    for point in CALIBRATION_EDGES.into_iter().chain([threshold]) {
        cut_at(point, &mut intervals, &labels);
    }
    Ok(intervals)
}

const fn count_of(interval: &mut ScoreInterval, is_positive: bool) -> &mut u64 {
    if is_positive {
        &mut interval.positives
    } else {
        &mut interval.negatives
    }
}

/// Cuts the interval that a point lies in, where the rows at or above the point are known.
fn cut_at(point: f64, rising: &mut Vec<ScoreInterval>, labels: &[Labelled]) {
    let inside = |interval: &ScoreInterval| interval.low < point && point < interval.high;
    let Some(at) = rising.iter().position(inside) else {
        return;
    };
    let mut upper = ScoreInterval {
        low: point,
        positives: 0,
        negatives: 0,
        ..rising[at]
    };
    for label in labels {
        let (count, is_exact) = label.numbers.at_least(point);
        if !is_exact {
            return;
        }
        *count_of(&mut upper, label.is_positive) += count;
    }
    let (below, above) = rising.split_at_mut(at + 1);
    for interval in above {
        upper.positives = upper.positives.saturating_sub(interval.positives);
        upper.negatives = upper.negatives.saturating_sub(interval.negatives);
    }
    let lower = &mut below[at];
    lower.positives = lower.positives.saturating_sub(upper.positives);
    lower.negatives = lower.negatives.saturating_sub(upper.negatives);
    // Scores are below the point, but an interval holds its end: the next one down is the last.
    lower.high = point.next_down().max(lower.low);
    rising.insert(at + 1, upper);
}
