//! Counts of numbers on a fine grid, for columns with too many distinct values to keep them.
//!
//! Doubles are ordered as integers ([`ordinal`]); a cell is what is left of the ordinal after
//! `shift` low bits are dropped. The shift is the smallest with which at most [`MAX_CELLS`]
//! cells are in use, so the grid is a function of the values alone: not of their order, of the
//! threads, or of the shards that were merged. Near every value the cells are a constant
//! fraction of its size, mostly a thousandth or less.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::distinct::{DistinctSketch, mix};
use super::scale::Scale;
use super::sums::{ExactSums, Rounded, StoredOctave};

/// Most cells that a grid uses.
pub(super) const MAX_CELLS: usize = 8192;
const PAGE_BITS: u32 = 8;
const PAGE: usize = 1 << PAGE_BITS;
const EMPTY: u64 = u64::MAX;
const BUFFER: usize = 1024;

/// Counts of cells, in pages of neighbouring cells that a small hash table finds.
///
/// Values crowd in few pages, so the counts in use stay in the processor's cache.
#[derive(Debug, Clone)]
struct Cells {
    /// Open addressing: page number (or [`EMPTY`]) and position in `pages`.
    directory: Vec<(u64, u32)>,
    pages: Vec<[u32; PAGE]>,
    /// Counts beyond what a cell of a page holds.
    overflow: BTreeMap<u64, u64>,
    used: usize,
}

impl Cells {
    fn new() -> Self {
        Self {
            directory: vec![(EMPTY, 0); 64],
            pages: Vec::new(),
            overflow: BTreeMap::new(),
            used: 0,
        }
    }

    #[inline(always)]
    fn slot(&self, page: u64) -> usize {
        let mask = self.directory.len() - 1;
        // Fibonacci hashing: the high bits of the product are well spread.
        let mut slot = (page.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize & mask;
        while self.directory[slot].0 != page && self.directory[slot].0 != EMPTY {
            slot = (slot + 1) & mask;
        }
        slot
    }

    #[inline(always)]
    fn count_mut(&mut self, key: u64) -> &mut u32 {
        let page = key >> PAGE_BITS;
        let mut slot = self.slot(page);
        if self.directory[slot].0 == EMPTY {
            slot = self.add_page(page);
        }
        let position = self.directory[slot].1 as usize;
        &mut self.pages[position][key as usize & (PAGE - 1)]
    }

    #[cold]
    fn add_page(&mut self, page: u64) -> usize {
        if self.pages.len() * 2 >= self.directory.len() {
            let larger = vec![(EMPTY, 0); self.directory.len() * 2];
            let old = std::mem::replace(&mut self.directory, larger);
            for entry in old.into_iter().filter(|entry| entry.0 != EMPTY) {
                let slot = self.slot(entry.0);
                self.directory[slot] = entry;
            }
        }
        let slot = self.slot(page);
        self.directory[slot] = (page, self.pages.len() as u32);
        self.pages.push([0; PAGE]);
        slot
    }

    #[inline(always)]
    fn add_one(&mut self, key: u64) {
        let count = self.count_mut(key);
        *count = count.wrapping_add(1);
        match *count {
            1 => self.used += 1,
            0 => self.overflowed(key),
            _ => {}
        }
    }

    /// A count has gone once around: 2^32 of it are kept beside, and the cell stays in use.
    #[cold]
    fn overflowed(&mut self, key: u64) {
        *self.count_mut(key) = 1;
        *self.overflow.entry(key).or_default() += u64::from(u32::MAX);
    }

    fn add(&mut self, key: u64, count: u64) {
        let cell = self.count_mut(key);
        let was_unused = *cell == 0;
        let total = u64::from(*cell) + count;
        let kept = u32::try_from(total).unwrap_or(u32::MAX);
        *cell = kept;
        self.used += usize::from(was_unused && count > 0);
        if total > u64::from(kept) {
            *self.overflow.entry(key).or_default() += total - u64::from(kept);
        }
    }

    fn sorted(&self) -> Vec<(u64, u64)> {
        let mut pages: Vec<(u64, u32)> = self
            .directory
            .iter()
            .copied()
            .filter(|entry| entry.0 != EMPTY)
            .collect();
        pages.sort_unstable();
        let mut cells = Vec::with_capacity(self.used);
        for (page, position) in pages {
            for (offset, &count) in self.pages[position as usize].iter().enumerate() {
                if count > 0 {
                    let key = (page << PAGE_BITS) | offset as u64;
                    let more = self.overflow.get(&key).copied().unwrap_or(0);
                    cells.push((key, u64::from(count) + more));
                }
            }
        }
        cells
    }
}

/// Counts of the values at or above each of some cut points, for exact bins.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Cuts {
    pub(super) points: Vec<f64>,
    pub(super) at_least: Vec<u64>,
}

/// What is known of the numbers of one cell, or of the part of it between two cut points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CellCount {
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) count: u64,
}

/// The counts of a column's numbers.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    pub(super) scale: Scale,
    shift: u32,
    cells: Cells,
    buffer: Vec<f64>,
    pub(super) sums: ExactSums,
    pub(super) min: f64,
    pub(super) max: f64,
    /// Whether every value is a whole number; only then are distinct values estimated.
    pub(super) integral: bool,
    pub(super) distinct: DistinctSketch,
    pub(super) cuts: Cuts,
    /// Values were counted between the cut points alone, and are taken to lie evenly there: an older
    /// version counted so in databases.
    pub(super) spread: bool,
}

impl Grid {
    /// Makes an empty grid that also counts at these cut points.
    pub(super) fn new(scale: Scale, cuts: Vec<f64>) -> Self {
        Self {
            scale,
            shift: 0,
            cells: Cells::new(),
            buffer: Vec::with_capacity(BUFFER),
            sums: ExactSums::default(),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            integral: true,
            distinct: DistinctSketch::default(),
            cuts: Cuts {
                at_least: vec![0; cuts.len()],
                points: cuts,
            },
            spread: false,
        }
    }

    /// Makes a grid of these values and their counts.
    pub(super) fn of(mut values: Vec<(f64, u64)>, scale: Scale, cuts: Vec<f64>) -> Self {
        let mut grid = Self::new(scale, cuts);
        // Mostly a list in rising order with a few before it, which a stable sort makes use of.
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let positions = values.iter().map(|&(value, _)| scale.position(value));
        // Neighbours share a cell from the shift on that drops all bits in which they differ.
        let mut shares_from = [0_usize; 65];
        for (one, next) in positions.clone().zip(positions.skip(1)) {
            shares_from[(64 - (one ^ next).leading_zeros()) as usize] += 1;
        }
        let mut cells = values.len() - shares_from[0];
        while cells > MAX_CELLS {
            grid.shift += 1;
            cells -= shares_from[grid.shift as usize];
        }
        grid.add_sorted(&values);
        grid
    }

    /// Adds values with their counts, in rising order: neighbours share a look for their cell, and are counted at the
    /// cut points together.
    pub(super) fn add_sorted(&mut self, values: &[(f64, u64)]) {
        let (Some(&(least, _)), Some(&(most, _))) = (values.first(), values.last()) else {
            return;
        };
        let count = |values: &[(f64, u64)]| values.iter().map(|(_, count)| count).sum::<u64>();
        let mut rest = values;
        while let Some(&(first, _)) = rest.first() {
            let (scale, shift) = (self.scale, self.shift);
            let key = scale.position(first) >> shift;
            let is_other = |(value, _): &(f64, u64)| scale.position(*value) >> shift != key;
            let end = rest.iter().position(is_other).unwrap_or(rest.len());
            let (same, others) = rest.split_at(end);
            self.cells.add(key, count(same));
            self.coarsen();
            rest = others;
        }
        for &(value, count) in values {
            match count {
                1 => self.sums.add(value),
                _ => self.sums.add_times(value, count),
            }
        }
        self.min = self.min.min(least);
        self.max = self.max.max(most);
        let (mut above, mut end) = (0, values.len());
        let points = self.cuts.points.iter().zip(&mut self.cuts.at_least);
        for (point, at_least) in points.rev() {
            let from = values.partition_point(|(value, _)| value < point).min(end);
            above += count(&values[from..end]);
            end = from;
            *at_least += above;
        }
        self.integral &= values.iter().all(|(value, _)| value.fract() == 0.0);
        if self.integral {
            let whole = values.iter().map(|(value, _)| mix(value.to_bits()));
            whole.for_each(|hash| self.distinct.add(hash));
        }
    }

    /// Adds one finite value.
    #[inline(always)]
    pub(super) fn add(&mut self, value: f64) {
        self.buffer.push(value);
        if self.buffer.len() == BUFFER {
            self.flush();
        }
    }

    /// Adds a finite value `count` times.
    pub(super) fn add_times(&mut self, value: f64, count: u64) {
        self.cells
            .add(self.scale.position(value) >> self.shift, count);
        self.coarsen();
        self.sums.add_times(value, count);
        self.note(value);
        for (point, at_least) in self.cuts.points.iter().zip(&mut self.cuts.at_least) {
            *at_least += if value >= *point { count } else { 0 };
        }
    }

    fn note(&mut self, value: f64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if value.fract() == 0.0 {
            self.distinct.add(mix(value.to_bits()));
        } else {
            self.integral = false;
        }
    }

    /// Counts what waits in the buffer, one figure at a time so that each loop stays in cache.
    pub(super) fn flush(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        for &value in &buffer {
            self.cells.add_one(self.scale.position(value) >> self.shift);
            // Room for one more is all that the next value needs.
            if self.cells.used > MAX_CELLS {
                self.coarsen();
            }
        }
        for &value in &buffer {
            self.sums.add(value);
        }
        let (mut min, mut max) = (self.min, self.max);
        for &value in &buffer {
            min = if value < min { value } else { min };
            max = if value > max { value } else { max };
        }
        (self.min, self.max) = (min, max);
        for (&point, at_least) in self.cuts.points.iter().zip(&mut self.cuts.at_least) {
            *at_least += buffer
                .iter()
                .map(|&value| u64::from(value >= point))
                .sum::<u64>();
        }
        if self.integral {
            for &value in &buffer {
                self.note(value);
            }
        }
        self.buffer = buffer;
        self.buffer.clear();
    }

    /// Drops bits until the cells are few enough.
    fn coarsen(&mut self) {
        while self.cells.used > MAX_CELLS {
            self.shift_by(1);
        }
    }

    fn shift_by(&mut self, bits: u32) {
        let old = std::mem::replace(&mut self.cells, Cells::new());
        for (key, count) in old.sorted() {
            self.cells.add(key >> bits, count);
        }
        self.shift += bits;
    }

    /// Forgets what was counted at other cut points than these.
    pub(super) fn keep_cuts(&mut self, points: &[f64]) {
        self.flush();
        let kept = |point: &f64| {
            let at = self.cuts.points.iter().position(|known| known == point)?;
            Some(self.cuts.at_least[at])
        };
        let at_least: Option<Vec<u64>> = points.iter().map(kept).collect();
        self.cuts = at_least.map_or_else(Cuts::default, |at_least| Cuts {
            points: points.to_vec(),
            at_least,
        });
    }

    /// Makes a grid of what a database counted in cells without so many low bits, in parts where one of
    /// the cut points lies inside.
    pub(super) fn of_cells(parts: &[CellCount], scale: Scale, shift: u32, cuts: Vec<f64>) -> Self {
        let mut grid = Self::new(scale, cuts);
        grid.shift = shift;
        for part in parts {
            grid.cells
                .add(scale.position(part.min) >> shift, part.count);
            grid.min = grid.min.min(part.min + 0.0);
            grid.max = grid.max.max(part.max + 0.0);
            for (point, at_least) in grid.cuts.points.iter().zip(&mut grid.cuts.at_least) {
                *at_least += if part.min >= *point { part.count } else { 0 };
            }
        }
        grid.coarsen();
        // What the values are is not known, so neither is whether they are whole.
        grid.integral = false;
        grid
    }

    /// Sets the sums to those of a database, which sums in doubles.
    pub(super) fn set_rounded(&mut self, mean: f64, squared_deviations: f64) {
        let cells = self.cells.sorted();
        let count = cells.iter().map(|(_, count)| count).sum();
        self.sums = ExactSums::of_rounded(count, mean, squared_deviations);
    }

    /// Adds all values of another grid.
    pub(super) fn merge(&mut self, mut other: Self) {
        self.flush();
        other.flush();
        if other.shift > self.shift {
            self.shift_by(other.shift - self.shift);
        }
        for (key, count) in other.cells.sorted() {
            self.cells.add(key >> (self.shift - other.shift), count);
            self.coarsen();
        }
        self.sums.merge(&other.sums);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.integral &= other.integral;
        self.spread |= other.spread;
        self.distinct.merge(&other.distinct);
        if self.cuts.points == other.cuts.points {
            for (mine, theirs) in self.cuts.at_least.iter_mut().zip(&other.cuts.at_least) {
                *mine += theirs;
            }
        } else {
            // Counted at other points: those of neither side hold for the whole.
            self.cuts = Cuts::default();
        }
    }
}

/// A grid as it stands in a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredGrid {
    /// How the cells are laid.
    #[serde(default, skip_serializing_if = "Scale::is_plain")]
    pub(super) scale: Scale,
    /// Low bits of the ordinal that are dropped.
    shift: u32,
    /// First cell, then the distances between neighbours.
    cells: Vec<u64>,
    /// Values in each cell.
    counts: Vec<u64>,
    octaves: Vec<StoredOctave>,
    /// Values counted in a database, which sums in doubles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rounded: Option<Rounded>,
    min: f64,
    max: f64,
    /// Sketch of the distinct values, if all are whole numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    distinct: Option<String>,
    /// Cut points whose counts are exact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cuts: Vec<f64>,
    /// Values at or above each cut point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    at_least: Vec<u64>,
    /// Values were counted between the cut points alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    spread: bool,
}

impl StoredGrid {
    /// Returns the counts of the cells.
    pub(super) fn counts(&self) -> &[u64] {
        &self.counts
    }
}

impl Grid {
    /// Returns the shift and the cells in rising order. Flush first.
    pub(super) fn cells(&self) -> (u32, Vec<(u64, u64)>) {
        (self.shift, self.cells.sorted())
    }

    /// Returns the number of values. Flush first.
    pub(super) fn count(&self) -> u64 {
        self.sums.count()
    }

    pub(super) fn store(&mut self) -> StoredGrid {
        self.flush();
        let sorted = self.cells.sorted();
        let mut before = 0;
        StoredGrid {
            scale: self.scale,
            shift: self.shift,
            cells: sorted
                .iter()
                .map(|&(key, _)| key - std::mem::replace(&mut before, key))
                .collect(),
            counts: sorted.iter().map(|&(_, count)| count).collect(),
            octaves: self.sums.to_stored(),
            rounded: self.sums.rounded(),
            min: self.min,
            max: self.max,
            distinct: self.integral.then(|| self.distinct.to_stored()),
            cuts: self.cuts.points.clone(),
            at_least: self.cuts.at_least.clone(),
            spread: self.spread,
        }
    }

    /// Reads back what [`store`](Self::store) wrote; `None` if it is not of that form.
    pub(super) fn from_stored(stored: &StoredGrid) -> Option<Self> {
        let StoredGrid {
            scale,
            shift,
            cells,
            counts,
            octaves,
            rounded,
            min,
            max,
            distinct,
            cuts,
            at_least,
            spread,
        } = stored;
        let mut sums = ExactSums::from_stored(octaves)?;
        if !sums.set_rounded(*rounded) {
            return None;
        }
        let total = counts
            .iter()
            .try_fold(0_u64, |sum, &count| sum.checked_add(count))?;
        let sane = *shift < 64
            && cells.len() == counts.len()
            && !cells.is_empty()
            && cells.len() <= MAX_CELLS
            && !counts.contains(&0)
            && cells.iter().skip(1).all(|&distance| distance > 0)
            && min.is_finite()
            && max.is_finite()
            && min <= max
            && cuts.len() == at_least.len()
            && cuts.iter().all(|point| point.is_finite())
            && cuts.windows(2).all(|pair| pair[0] < pair[1])
            && at_least.iter().all(|&count| count <= total)
            && at_least.windows(2).all(|pair| pair[0] >= pair[1])
            && sums.count() == total;
        if !sane {
            return None;
        }
        let mut grid = Self::new(*scale, cuts.clone());
        grid.shift = *shift;
        let mut key = 0_u64;
        for (&distance, &count) in cells.iter().zip(counts) {
            key = key
                .checked_add(distance)
                .filter(|&key| key <= u64::MAX >> shift && key != EMPTY)?;
            grid.cells.add(key, count);
        }
        grid.sums = sums;
        grid.min = *min;
        grid.max = *max;
        grid.integral = distinct.is_some();
        if let Some(distinct) = distinct {
            grid.distinct = DistinctSketch::from_stored(distinct)?;
        }
        grid.cuts.at_least.clone_from(at_least);
        grid.spread = *spread;
        Some(grid)
    }
}

#[cfg(test)]
mod tests;
