//! How far the figures of [`classification`](super::classification) may be off where scores were
//! counted by interval instead of one by one.

use super::classification::{Performance, performance};
use super::estimate::{ErrorBounds, Estimate};
use super::scored::ScoredCell;
use super::tally::CLIP;

/// The ends of the bins of the calibration error: intervals that are cut there are in one bin.
pub const CALIBRATION_EDGES: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// Rows whose scores lie in one interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreInterval {
    /// Smallest score that may be in it.
    pub low: f64,
    /// Largest score that may be in it; the same as `low` for a single score.
    pub high: f64,
    /// Rows whose label is positive.
    pub positives: u64,
    /// Rows whose label is negative.
    pub negatives: u64,
}

/// Computes how good the scores are, and how far the figures may be off.
///
/// # Formula
/// Each interval counts as the score in its middle. The bounds hold for any scores inside:
///
/// * ROC AUC: `sum p m / (2 P N)`, every pair of one interval ordered this way or that.
/// * Average precision: the distance to the figure with the positives of each interval in front,
///   and behind.
/// * Log loss, Brier: the distance of the loss in the middle to that at both ends, by row.
/// * Calibration error: half the width by row, and 2 for a row of an interval that two bins share.
///
/// The 95 % intervals are made wider by as much. Where every interval is a score, no bounds are
/// given.
#[must_use]
pub fn bounded_performance(intervals: &[ScoreInterval], threshold: f64) -> Performance {
    let mut used: Vec<ScoreInterval> = intervals
        .iter()
        .copied()
        .filter(|interval| interval.positives + interval.negatives > 0)
        .collect();
    used.sort_unstable_by(|a, b| b.low.total_cmp(&a.low));
    let cells: Vec<ScoredCell> = used
        .iter()
        .map(|interval| ScoredCell {
            score: middle(interval),
            positives: interval.positives,
            negatives: interval.negatives,
        })
        .collect();
    let mut performance = performance(&cells, threshold);
    if used.iter().all(is_single) {
        return performance;
    }
    let bounds = bounds(&used, &performance, threshold);
    for (figure, bound, most) in [
        (&mut performance.roc_auc, bounds.roc_auc, 1.0),
        (
            &mut performance.average_precision,
            bounds.average_precision,
            1.0,
        ),
        (&mut performance.log_loss, bounds.log_loss, f64::MAX),
        (&mut performance.brier, bounds.brier, 1.0),
        (&mut performance.rmse, bounds.rmse, 1.0),
        (
            &mut performance.calibration_error,
            bounds.calibration_error,
            1.0,
        ),
    ] {
        *figure = figure.map(|figure| Estimate {
            low: (figure.low - bound).max(0.0),
            high: (figure.high + bound).min(most),
            ..figure
        });
    }
    performance.error_bounds = Some(bounds);
    performance
}

fn middle(interval: &ScoreInterval) -> f64 {
    f64::midpoint(interval.low, interval.high)
}

fn is_single(interval: &ScoreInterval) -> bool {
    interval.low == interval.high
}

fn bounds(falling: &[ScoreInterval], performance: &Performance, threshold: f64) -> ErrorBounds {
    let positives = performance.positives as f64;
    let rows = performance.rows as f64;
    let negatives = rows - positives;
    let (mut pairs, mut log_loss, mut brier, mut gaps) = (0.0, 0.0, 0.0, 0.0);
    let mut rows_at_threshold = 0;
    for interval in falling.iter().filter(|interval| !is_single(interval)) {
        let (p, m) = (interval.positives as f64, interval.negatives as f64);
        let (low, high) = (interval.low, interval.high);
        pairs += p * m;
        let log = |score: f64| score.clamp(CLIP, 1.0 - CLIP).ln();
        log_loss += p * furthest(interval, log) + m * furthest(interval, |score| log(1.0 - score));
        let square = |score: f64| score * score;
        brier +=
            p * furthest(interval, |score| square(1.0 - score)) + m * furthest(interval, square);
        let bin = |score: f64| (score * 10.0).floor();
        let shared = if bin(low) == bin(high) { 0.0 } else { 2.0 };
        gaps += (p + m) * ((high - low) / 2.0 + shared);
        if low < threshold && threshold < high {
            rows_at_threshold += interval.positives + interval.negatives;
        }
    }
    let value = |figure: Option<Estimate>| figure.map_or(0.0, |figure| figure.value);
    let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let brier = ratio(brier, rows);
    let squared = value(performance.brier);
    ErrorBounds {
        intervals: falling.len() as u64,
        roc_auc: ratio(pairs, 2.0 * positives * negatives),
        average_precision: precision_bound(falling, value(performance.average_precision)),
        log_loss: ratio(log_loss, rows),
        brier,
        // The root is steeper below.
        rmse: squared.sqrt() - (squared - brier).max(0.0).sqrt(),
        calibration_error: ratio(gaps, rows),
        rows_at_threshold,
    }
}

/// The larger change of a monotone figure from the middle to an end.
fn furthest(interval: &ScoreInterval, figure: impl Fn(f64) -> f64) -> f64 {
    let middle = figure(middle(interval));
    let change = |end: f64| (figure(end) - middle).abs();
    change(interval.low).max(change(interval.high))
}

/// The distance of average precision to what it is at best and at worst.
fn precision_bound(falling: &[ScoreInterval], value: f64) -> f64 {
    let (mut hits, mut misses) = (0.0, 0.0);
    let (mut best, mut worst) = (0.0, 0.0);
    for interval in falling {
        let (p, m) = (interval.positives as f64, interval.negatives as f64);
        if p > 0.0 {
            if is_single(interval) {
                let step = p * (hits + p) / (hits + p + misses + m);
                best += step;
                worst += step;
            } else {
                best += p - misses * reciprocals(hits + misses, p, false);
                worst += p - (misses + m) * reciprocals(hits + misses + m, p, true);
            }
        }
        hits += p;
        misses += m;
    }
    if hits == 0.0 {
        return 0.0;
    }
    (best / hits - value).max(value - worst / hits).max(0.0)
}

/// Returns `sum 1 / (from + k)` for `k` from 1 to `count`; for many, the integral that is surely
/// not below it, or not above it. `from` is 0 only where nothing multiplies it.
fn reciprocals(from: f64, count: f64, at_least: bool) -> f64 {
    /// Terms that are summed one by one.
    const FEW: f64 = 64.0;
    let summed = count.min(FEW);
    let mut sum = 0.0;
    let mut k = 1.0;
    while k <= summed {
        sum += 1.0 / (from + k);
        k += 1.0;
    }
    let (from, rest) = (from + summed, count - summed);
    if rest > 0.0 {
        let shift = if at_least { 0.0 } else { 1.0 };
        sum += ((from + rest + shift) / (from + shift)).ln();
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rows by interval, and by score.
    fn both(scores: &[(f64, bool)], width: f64) -> (Vec<ScoreInterval>, Vec<ScoredCell>) {
        let cells: Vec<ScoredCell> = scores
            .iter()
            .map(|&(score, positive)| ScoredCell {
                score,
                positives: u64::from(positive),
                negatives: u64::from(!positive),
            })
            .collect();
        let mut intervals = std::collections::BTreeMap::new();
        for cell in &cells {
            let low = (cell.score / width).floor();
            let interval = intervals.entry(low as u64).or_insert(ScoreInterval {
                low: low * width,
                high: ((low + 1.0) * width).min(1.0),
                positives: 0,
                negatives: 0,
            });
            interval.positives += cell.positives;
            interval.negatives += cell.negatives;
        }
        (intervals.into_values().collect(), cells)
    }

    proptest! {
        #[test]
        fn no_figure_is_further_off_than_its_bound(
            scores in proptest::collection::vec((0.0..1.0_f64, any::<bool>()), 2..300),
            width in 0.003..0.3_f64,
        ) {
            let (intervals, cells) = both(&scores, width);
            let threshold = 0.37;
            let rough = bounded_performance(&intervals, threshold);
            let exact = performance(&cells, threshold);
            let bounds = rough.error_bounds.expect("intervals are not scores");
            for (rough, exact, bound) in [
                (rough.roc_auc, exact.roc_auc, bounds.roc_auc),
                (rough.average_precision, exact.average_precision, bounds.average_precision),
                (rough.log_loss, exact.log_loss, bounds.log_loss),
                (rough.brier, exact.brier, bounds.brier),
                (rough.rmse, exact.rmse, bounds.rmse),
            ] {
                if let (Some(rough), Some(exact)) = (rough, exact) {
                    prop_assert!((rough.value - exact.value).abs() <= bound + 1e-9);
                }
            }
            let classed = |of: &Performance| {
                (of.confusion.true_positives + of.confusion.false_positives) as i64
            };
            let off = (classed(&rough) - classed(&exact)).unsigned_abs();
            prop_assert!(off <= bounds.rows_at_threshold);
        }
    }

    #[test]
    fn many_positives_in_one_interval_are_bounded_by_integrals() {
        // Summed term by term.
        let exact: f64 = (6..=1005).map(|k| 1.0 / f64::from(k)).sum();
        assert!(reciprocals(5.0, 1000.0, true) >= exact);
        assert!(reciprocals(5.0, 1000.0, false) <= exact);
        assert!(reciprocals(5.0, 1000.0, true) - reciprocals(5.0, 1000.0, false) < 0.02);
        assert!((reciprocals(5.0, 64.0, true) - reciprocals(5.0, 64.0, false)).abs() < 1e-12);
    }

    #[test]
    fn scores_are_exact() {
        let single = |score: f64, positives, negatives| ScoreInterval {
            low: score,
            high: score,
            positives,
            negatives,
        };
        let exact = bounded_performance(&[single(0.2, 1, 5), single(0.9, 3, 1)], 0.5);
        assert_eq!(exact.error_bounds, None);
        assert_eq!(exact.confusion.true_positives, 3);
    }
}
