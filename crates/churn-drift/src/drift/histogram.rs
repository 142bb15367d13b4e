//! The shape of a numeric feature: both sides over bins of one width, to be looked at. Nothing is judged by it.

use serde::{Deserialize, Serialize};

use super::sides::Sides;
use crate::profile::Numbers;

/// Most bins of a histogram.
const MOST_BINS: f64 = 30.0;
/// So few values are bins of their own where PSI is computed, and show the shape as they are.
const FEW_VALUES: usize = 12;
/// Share of a side's values on either end that a long tail is cut off at.
const TAIL: f64 = 0.005;
/// How much wider than the rest a range with its tails may be before they are cut off.
const LONG: f64 = 1.5;

/// Below this, 2^53, doubles count by ones.
const COUNTED: f64 = 9_007_199_254_740_992.0;

/// Counts of both sides in bins of one width.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Edges in rising order, one more than there are bins. A bin holds its lower edge and not its upper one.
    pub edges: Vec<f64>,
    /// Values in each bin; estimated within the cells of a grid.
    pub count: Sides<Vec<u64>>,
    /// Values below the first edge: the tail of a side, if it is a long one.
    pub below: Sides<u64>,
    /// Values at or above the last edge.
    pub above: Sides<u64>,
}

impl Histogram {
    /// Lays 12 to 30 bins, 1, 2 or 5 times a power of ten wide, over the values of both sides. None where few values tell
    /// the shape by themselves, or where doubles are too coarse for bins between them.
    #[must_use]
    pub(super) fn of(baseline: &Numbers, current: &Numbers) -> Option<Self> {
        let sides = [baseline, current];
        if sides
            .iter()
            .all(|numbers| numbers.is_exact() && numbers.cells().len() <= FEW_VALUES)
        {
            return None;
        }
        let span = |low: f64, high: f64| {
            let low = sides.iter().map(|numbers| numbers.quantile(low));
            let high = sides.iter().map(|numbers| numbers.quantile(high));
            (
                low.fold(f64::INFINITY, f64::min),
                high.fold(f64::NEG_INFINITY, f64::max),
            )
        };
        let (all, most) = (span(0.0, 1.0), span(TAIL, 1.0 - TAIL));
        let (low, high) = match all.1 - all.0 <= LONG * (most.1 - most.0) {
            true => all,
            false => most,
        };
        let are_integral = sides.iter().all(|numbers| numbers.is_integral());
        let edges = edges(low, high, are_integral)?;
        let counts = |numbers: &Numbers| {
            let at_least: Vec<u64> = edges.iter().map(|&edge| numbers.at_least(edge).0).collect();
            let bins = at_least
                .windows(2)
                .map(|pair| pair[0].saturating_sub(pair[1]));
            let (first, last) = (at_least.first().copied(), at_least.last().copied());
            let below = numbers.count() - first.unwrap_or(0).min(numbers.count());
            (bins.collect::<Vec<u64>>(), below, last.unwrap_or(0))
        };
        let (ours, theirs) = (counts(baseline), counts(current));
        let both = |baseline, current| Sides { baseline, current };
        Some(Self {
            count: Sides {
                baseline: ours.0,
                current: theirs.0,
            },
            below: both(ours.1, theirs.1),
            above: both(ours.2, theirs.2),
            edges,
        })
    }
}

/// Returns edges around all of `low` to `high`; none where two would be the same double.
fn edges(low: f64, high: f64, are_integral: bool) -> Option<Vec<f64>> {
    let least = (high - low) / MOST_BINS;
    if !(least > 0.0 && least.is_finite()) {
        return None;
    }
    let mut power = least.log10().floor() as i32;
    let times = [1.0, 2.0, 5.0, 10.0];
    let fits = |times: &&f64| **times * 10_f64.powi(power) >= least;
    let mut times = *times.iter().find(fits).unwrap_or(&10.0);
    if are_integral && power < 0 {
        (times, power) = (1.0, 0);
    }
    // Divided, not multiplied by a tenth: 3 / 10 is the double that is written .3.
    let edge = |at: f64| match power {
        0.. => at * times * 10_f64.powi(power),
        _ => at * times / 10_f64.powi(-power),
    };
    let mut first = (low / edge(1.0)).floor();
    // Beyond, and for what is not a number, one less is the same double.
    if !matches!(first.abs(), 0.0..COUNTED) {
        return None;
    }
    // Rounding may have put it above.
    if edge(first) > low {
        first -= 1.0;
    }
    let mut edges = vec![edge(first)];
    while edges.len() <= 2 * MOST_BINS as usize {
        let (last, next) = (*edges.last()?, edge(first + edges.len() as f64));
        if next <= last || !next.is_finite() {
            return None;
        }
        edges.push(next);
        if next > high {
            return Some(edges);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_round_and_hold_all_values() {
        // A range of .93 in at most 30 bins: .05 is the first round width of at least .031.
        let found = edges(0.07, 1.0, false).expect("a range");
        assert_eq!(found[..3], [0.05, 0.1, 0.15]);
        // The last value is within: 1 is the lower edge of the last bin.
        assert_eq!(found[found.len() - 2..], [1.0, 1.05]);
        // Whole numbers have bins of whole numbers.
        let found = edges(0.0, 13.0, true).expect("a range");
        assert!(found.iter().copied().eq((0..=14).map(f64::from)));
        assert_eq!(
            edges(-250.0, 1250.0, true).expect("a range")[..2],
            [-250.0, -200.0]
        );
    }

    #[test]
    fn what_doubles_cannot_divide_has_no_bins() {
        for (low, high) in [
            (1.0, 1.0),
            (1e300, -1e300),
            (-f64::MAX, f64::MAX),
            (1e18, 1e18 + 256.0),
            // Widths below any double.
            (5e-324, 1e-323),
        ] {
            assert_eq!(edges(low, high, false), None, "{low} to {high}");
        }
        for low in (0..1_000).map(|at| 1e17 + f64::from(at) * 16.0) {
            assert_eq!(edges(low, low + 160.0, true), None, "{low}");
        }
        assert!(edges(-1e300, 1e300, false).is_some());
        assert!(edges(1e-300, 3e-300, false).is_some());
    }

    #[test]
    fn every_value_is_counted_once_and_a_long_tail_is_cut_off() {
        let numbers = |values: Vec<f64>| {
            Numbers::from_values(values.into_iter().map(|value| (value, 1)).collect())
                .expect("has values")
        };
        let baseline = numbers((0..1000).map(|at| f64::from(at) / 10.0).collect());
        let current = (0..999).map(|at| 20.0 + f64::from(at) / 10.0).chain([1e9]);
        let current = numbers(current.collect());
        let found = Histogram::of(&baseline, &current).expect("a shape");
        let sum = |counts: &[u64]| counts.iter().sum::<u64>();
        assert_eq!(
            sum(&found.count.baseline) + found.below.baseline + found.above.baseline,
            1000
        );
        assert_eq!(
            sum(&found.count.current) + found.below.current + found.above.current,
            1000
        );
        // 0 to 119.8 in bins of 5; the one far away lies above.
        assert_eq!(found.edges[..3], [0.0, 5.0, 10.0]);
        assert_eq!(found.count.baseline[..20], [50; 20]);
        assert_eq!(found.count.current[4..8], [50; 4]);
        assert_eq!(
            found.above,
            Sides {
                baseline: 0,
                current: found.above.current
            }
        );
        assert!((1..=5).contains(&found.above.current));
        // Few values are shown as they are.
        let few = numbers((0..100).map(|at| f64::from(at % 5)).collect());
        assert_eq!(Histogram::of(&few, &few), None);
    }
}
