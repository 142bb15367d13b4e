//! Numbers that were counted in stretches elsewhere, as a grid: between two edges the values are
//! taken to lie evenly, at the edges the counts are exact.

use super::counter::ColumnCounter;
use super::grid::{Grid, MAX_CELLS};
use super::scale::Scale;

/// What is known of the values of one stretch.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Bucket {
    pub(super) count: u64,
    pub(super) min: f64,
    pub(super) max: f64,
    /// Sum of the distances from the centre.
    pub(super) sum: f64,
    /// Sum of their squares.
    pub(super) squares: f64,
}

/// Values counted in the stretches between rising edges.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spread {
    /// The edges, each the first value of the stretch above it.
    pub(super) edges: Vec<f64>,
    /// One more than there are edges.
    pub(super) buckets: Vec<Bucket>,
    /// From where distances are taken.
    pub(super) centre: f64,
}

impl ColumnCounter {
    /// Makes these the numbers of the column.
    pub(super) fn set_spread(&mut self, spread: &Spread) {
        self.grid = Grid::of_spread(spread).map(Box::new);
    }
}

impl Grid {
    /// Makes a grid; none if there is no value.
    fn of_spread(spread: &Spread) -> Option<Self> {
        let total: u64 = spread.buckets.iter().map(|bucket| bucket.count).sum();
        if total == 0 {
            return None;
        }
        let room = (MAX_CELLS / 2).saturating_sub(spread.buckets.len()).max(1) as f64;
        let mut points = Vec::new();
        for bucket in spread.buckets.iter().filter(|bucket| bucket.count > 0) {
            let share = bucket.count as f64 / total as f64;
            let width = bucket.max - bucket.min;
            let most = (1.0 + share * room).min(bucket.count as f64) as u64;
            let pieces = if width > 0.0 { most.max(1) } else { 1 };
            for piece in 0..pieces {
                let here = bucket.count * (piece + 1) / pieces - bucket.count * piece / pieces;
                let at = (piece as f64 + 0.5) / pieces as f64;
                let at = (bucket.min + width * at).clamp(bucket.min, bucket.max);
                points.push((at + 0.0, here));
            }
        }
        let mut grid = Self::of(&points, Scale::Plain, Vec::new());
        let (sum, squares) = spread
            .buckets
            .iter()
            .fold((0.0, 0.0), |(sum, squares), bucket| {
                (sum + bucket.sum, squares + bucket.squares)
            });
        let n = total as f64;
        let squared_deviations = (squares - sum * sum / n).max(0.0);
        grid.set_rounded(total, spread.centre + sum / n, squared_deviations);
        let full = || spread.buckets.iter().filter(|bucket| bucket.count > 0);
        grid.min = full()
            .map(|bucket| bucket.min)
            .fold(f64::INFINITY, f64::min)
            + 0.0;
        grid.max = full()
            .map(|bucket| bucket.max)
            .fold(f64::NEG_INFINITY, f64::max)
            + 0.0;
        let mut above = total;
        grid.cuts.points.clone_from(&spread.edges);
        grid.cuts.at_least = spread.buckets[..spread.edges.len()]
            .iter()
            .map(|bucket| {
                above -= bucket.count;
                above
            })
            .collect();
        Some(grid)
    }
}
