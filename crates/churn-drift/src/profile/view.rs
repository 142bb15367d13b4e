//! Parts of what a stored column says: its kind, its numbers in order, its categories.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::counter::HASHED_CATEGORIES;
use super::grid::Grid;
use super::ordinal::ordinal;
use super::scale::Scale;
use super::sums::ExactSums;
use super::texts::stable_hash;

/// What a column holds, judged by all of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nearly all values are numbers.
    Number,
    /// They are not, or the user said so.
    Text,
    /// No value at all.
    Empty,
}

impl Kind {
    /// Returns the word used in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Text => "text",
            Self::Empty => "empty",
        }
    }
}

/// A cell of the numbers: one distinct value, or a short interval of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Position in the order of doubles, after the shift.
    pub key: u64,
    /// Values in it.
    pub count: u64,
}

/// The finite numbers of a column, in rising order.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    scale: Scale,
    shift: u32,
    cells: Vec<Cell>,
    /// Values below each cell, and below the end: every edge of every window is asked for.
    below: Vec<u64>,
    count: u64,
    mean: f64,
    standard_deviation: f64,
    min: f64,
    max: f64,
    /// Cut points, and the number of values at or above each.
    cuts: Vec<(f64, u64)>,
    /// Number of distinct values, estimated for whole numbers on a grid, else unknown.
    distinct: Option<f64>,
    integral: bool,
    /// Counted between the cut points alone: only there the counts are exact.
    spread: bool,
}

impl Numbers {
    pub(crate) fn from_values(mut values: Vec<(f64, u64)>) -> Option<Self> {
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut sums = ExactSums::default();
        let mut cells: Vec<Cell> = Vec::with_capacity(values.len());
        for &(value, count) in &values {
            if count == 1 {
                sums.add(value);
            } else {
                sums.add_times(value, count);
            }
            let key = ordinal(value);
            match cells.last_mut() {
                Some(last) if last.key == key => last.count += count,
                _ => cells.push(Cell { key, count }),
            }
        }
        let (mean, standard_deviation) = sums.mean_and_deviation()?;
        Some(Self {
            scale: Scale::Plain,
            shift: 0,
            count: sums.count(),
            mean,
            standard_deviation,
            min: values.first()?.0,
            max: values.last()?.0,
            cuts: Vec::new(),
            distinct: Some(cells.len() as f64),
            integral: values.iter().all(|(value, _)| value.fract() == 0.0),
            spread: false,
            below: running(&cells),
            cells,
        })
    }

    pub(super) fn from_grid(grid: &Grid) -> Option<Self> {
        let (shift, cells) = grid.cells();
        let (mean, standard_deviation) = grid.sums.mean_and_deviation()?;
        let cuts = &grid.cuts;
        let cells = cells.into_iter().map(|(key, count)| Cell { key, count });
        let cells: Vec<Cell> = cells.collect();
        Some(Self {
            scale: grid.scale,
            shift,
            below: running(&cells),
            cells,
            count: grid.count(),
            mean,
            standard_deviation,
            min: grid.min,
            max: grid.max,
            cuts: cuts
                .points
                .iter()
                .copied()
                .zip(cuts.at_least.iter().copied())
                .collect(),
            distinct: grid.integral.then(|| grid.distinct.estimate()),
            integral: grid.integral,
            spread: grid.spread,
        })
    }

    /// Returns how many values there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the arithmetic mean.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// Returns the standard deviation with divisor n - 1.
    #[must_use]
    pub const fn standard_deviation(&self) -> f64 {
        self.standard_deviation
    }

    /// Returns the standard deviation with divisor n.
    #[must_use]
    pub fn population_standard_deviation(&self) -> f64 {
        let n = self.count as f64;
        self.standard_deviation * ((n - 1.0) / n).sqrt()
    }

    /// Returns the smallest value.
    #[must_use]
    pub const fn min(&self) -> f64 {
        self.min
    }

    /// Returns the largest value.
    #[must_use]
    pub const fn max(&self) -> f64 {
        self.max
    }

    /// Returns whether every distinct value is kept.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.shift == 0
    }

    /// Returns the bits by which the cells are coarser than doubles.
    #[must_use]
    pub const fn shift(&self) -> u32 {
        self.shift
    }

    /// Returns the cells in rising order.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Returns the number of distinct values where it is known or estimated.
    #[must_use]
    pub const fn distinct(&self) -> Option<f64> {
        self.distinct
    }

    /// Returns whether all values are whole numbers.
    #[must_use]
    pub const fn is_integral(&self) -> bool {
        self.integral
    }

    /// Returns the smallest double of a cell.
    #[must_use]
    pub fn lower(&self, cell: Cell) -> f64 {
        self.scale.value(cell.key << self.shift)
    }

    /// Returns the smallest double above a cell.
    #[must_use]
    pub fn upper(&self, cell: Cell) -> f64 {
        let next = (cell.key + 1).checked_shl(self.shift);
        match next {
            Some(next) if next >> self.shift == cell.key + 1 => self.scale.value(next),
            _ => f64::MAX,
        }
    }

    /// Returns a value that stands for a cell: the value itself, or the middle of the interval.
    #[must_use]
    pub fn middle(&self, cell: Cell) -> f64 {
        if self.is_exact() {
            return self.lower(cell);
        }
        let lower = self.lower(cell).max(self.min);
        let upper = self.upper(cell).min(self.max);
        f64::midpoint(lower, upper)
    }

    /// Returns the ends of a cell of the same numbers with a coarser shift, within their range.
    #[must_use]
    pub fn coarse_ends(&self, cell: Cell, shift: u32) -> (f64, f64) {
        let lower = self.scale.value(cell.key << shift).max(self.min);
        let next = (cell.key + 1).checked_shl(shift);
        let upper = next.map_or(self.max, |next| self.scale.value(next));
        (lower, upper.min(self.max).max(lower))
    }

    /// Returns how the cells are laid.
    #[must_use]
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// Returns numbers that are kept one by one on another scale; others as they are.
    #[must_use]
    pub fn on_scale(mut self, scale: Scale) -> Self {
        if self.is_exact() && self.scale != scale {
            for cell in &mut self.cells {
                cell.key = scale.position(self.scale.value(cell.key));
            }
            self.scale = scale;
        }
        self
    }

    /// Returns the cells as they are with a coarser shift.
    #[must_use]
    pub fn coarsened(&self, shift: u32) -> Cow<'_, [Cell]> {
        let bits = shift.saturating_sub(self.shift);
        // On the scale of scores two far beyond 1 may have one position.
        if bits == 0 && self.scale == Scale::Plain {
            return Cow::Borrowed(&self.cells);
        }
        let mut coarse: Vec<Cell> = Vec::with_capacity(self.cells.len());
        for cell in &self.cells {
            let key = cell.key >> bits;
            match coarse.last_mut() {
                Some(last) if last.key == key => last.count += cell.count,
                _ => coarse.push(Cell {
                    key,
                    count: cell.count,
                }),
            }
        }
        Cow::Owned(coarse)
    }

    /// Returns how many values are `value`, where all are kept.
    #[must_use]
    pub(crate) fn count_of(&self, value: f64) -> u64 {
        let key = self.scale.position(value);
        let found = self.cells.binary_search_by_key(&key, |cell| cell.key);
        found.map_or(0, |at| self.cells[at].count)
    }

    /// Returns how many values are at or above `edge`, and whether that is exact. It is when
    /// the values are kept, when `edge` is a boundary of the grid, or when it was a cut point.
    #[must_use]
    pub fn at_least(&self, edge: f64) -> (u64, bool) {
        if let Some((_, count)) = self.cuts.iter().find(|(point, _)| *point == edge) {
            return (*count, true);
        }
        if edge <= self.min {
            return (self.count, true);
        }
        if edge > self.max {
            return (0, true);
        }
        let position = self.scale.position(edge);
        let key = position >> self.shift;
        let first_above = self.cells.partition_point(|cell| cell.key < key);
        let above = self.count.saturating_sub(self.below[first_above]);
        let on_boundary = key << self.shift == position;
        match self.cells.get(first_above) {
            Some(cell) if cell.key == key && !on_boundary => {
                // Spread the values of the cell evenly.
                let (lower, upper) = (self.lower(*cell), self.upper(*cell));
                let share = ((edge - lower) / (upper - lower)).clamp(0.0, 1.0);
                let below = (cell.count as f64 * share).round() as u64;
                (above - below.min(cell.count), false)
            }
            _ => (above, !self.spread),
        }
    }

    /// Returns the cut points of numbers that were counted between them alone; none for others.
    #[must_use]
    pub fn stretches(&self) -> Option<impl Iterator<Item = f64>> {
        let cuts = self.cuts.iter().map(|(point, _)| *point);
        (self.spread && !self.cuts.is_empty()).then_some(cuts)
    }

    /// Returns the `q`-quantile by linear interpolation between order statistics (numpy's
    /// default); on a grid the values of a cell are spread evenly over it.
    #[must_use]
    pub fn quantile(&self, q: f64) -> f64 {
        let position = (self.count - 1) as f64 * q;
        let lower = self.order_statistic(position.floor());
        let upper = self.order_statistic(position.ceil());
        let fraction = position - position.floor();
        // The form that numpy uses, exact at both ends.
        let step = upper - lower;
        if step.is_infinite() {
            return lower * (1.0 - fraction) + upper * fraction;
        }
        if fraction >= 0.5 {
            upper - step * (1.0 - fraction)
        } else {
            lower + step * fraction
        }
    }

    fn order_statistic(&self, rank: f64) -> f64 {
        let through = self.below.get(1..).unwrap_or_default();
        let at = through.partition_point(|through| *through as f64 <= rank);
        let Some(cell) = self.cells.get(at).copied() else {
            return self.max;
        };
        if self.is_exact() {
            return self.lower(cell);
        }
        let (below, count) = (self.below[at] as f64, cell.count as f64);
        let lower = self.lower(cell).max(self.min);
        let upper = self.upper(cell).min(self.max);
        lower + (upper - lower) * (rank - below + 0.5) / count
    }

    /// Returns the boundary of the grid nearest to `value`, or `value` itself if all are kept.
    #[must_use]
    pub fn snapped(&self, value: f64) -> f64 {
        if self.is_exact() {
            return value;
        }
        if let Some(cuts) = self.stretches() {
            let distance = |cut: &f64| (cut - value).abs();
            let nearest = cuts.min_by(|a, b| distance(a).total_cmp(&distance(b)));
            return nearest.unwrap_or(value);
        }
        let key = self.scale.position(value) >> self.shift;
        let (lower, upper) = (
            self.scale.value(key << self.shift),
            self.upper(Cell { key, count: 0 }),
        );
        if value - lower <= upper - value {
            lower
        } else {
            upper
        }
    }
}

/// Returns how many values are below each cell, and below the end.
fn running(cells: &[Cell]) -> Vec<u64> {
    let mut below = Vec::with_capacity(cells.len() + 1);
    let mut sum = 0;
    below.push(sum);
    below.extend(cells.iter().map(|cell| {
        sum += cell.count;
        sum
    }));
    below
}

impl Categories {
    /// Returns the same counts by hash.
    #[must_use]
    pub fn to_hashed(&self) -> Self {
        if self.hashed {
            return self.clone();
        }
        let mut counts = BTreeMap::new();
        for (name, count) in &self.counts {
            *counts
                .entry(hashed_name(stable_hash(name.as_bytes())))
                .or_default() += count;
        }
        Self {
            counts,
            hashed: true,
        }
    }
}

pub(super) fn hashed_name(hash: u64) -> String {
    format!("hash {:04}", hash % HASHED_CATEGORIES as u64)
}

/// The categories of a text column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Categories {
    /// Count of each category; of each hash if `hashed`.
    pub counts: BTreeMap<String, u64>,
    /// There were too many to keep: they are counted by hash.
    pub hashed: bool,
}
