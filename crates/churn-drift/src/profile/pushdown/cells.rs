//! The numbers of a column that has many, counted in its database in the cells of a grid.

use std::collections::BTreeMap;

use churn_base::error::Result;
use churn_base::progress::Progress;
use churn_data::{Cell, MissingKind};

use super::super::count_plan::CountColumn;
use super::super::counter::{ColumnCounter, MAX_NUMBERS};
use super::super::grid::{CellCount, Grid, MAX_CELLS};
use super::super::scale::Scale;
use super::moments::Moments;
use super::octaves::{Extent, Octaves};
use super::statements_by_piece::{ByPiece, MOST_GROUPS, cells};
use super::table::{Range, Table};

/// Most cells of all targets that one answer is meant to have.
const MOST_CELLS: u64 = 4_000_000;

/// Counts of a column for each target of a layout; none where it has no row.
pub(super) type Counters = Vec<Option<ColumnCounter>>;

/// A column as it is counted for each target.
pub(super) type OfTargets<'a> = Vec<Option<&'a CountColumn>>;

/// The cells of one target, and how many low bits they drop.
#[derive(Debug, Clone, Default)]
struct Cells {
    shift: u32,
    /// How many are in use.
    used: usize,
    /// In rising order; one with cut points inside stands there in parts.
    found: Vec<CellCount>,
}

impl Cells {
    /// Puts together what belongs to one cell between the same cut points, in rising order.
    fn put_together(&mut self, scale: Scale, cuts: &[f64]) {
        let mut cells: BTreeMap<(u64, usize), CellCount> = BTreeMap::new();
        for cell in std::mem::take(&mut self.found) {
            let part = cuts.partition_point(|cut| *cut <= cell.min);
            let key = (scale.position(cell.min) >> self.shift, part);
            let together = cells.entry(key).or_insert(CellCount { count: 0, ..cell });
            together.min = together.min.min(cell.min);
            together.max = together.max.max(cell.max);
            together.count += cell.count;
        }
        let keys: Vec<u64> = cells.keys().map(|(key, _)| *key).collect();
        self.used = keys.chunk_by(|one, next| one == next).count();
        self.found = cells.into_values().collect();
    }

    /// Returns whether every cell holds one value: then the values are known.
    fn are_values(&self) -> bool {
        self.found.iter().all(|cell| cell.min == cell.max)
    }

    /// Returns whether a file's numbers would be counted in a grid no finer than these cells: there are
    /// more values than are kept one by one.
    fn are_many(&self) -> bool {
        let values = self.found.iter();
        let values: usize = values
            .map(|cell| 1 + usize::from(cell.min < cell.max))
            .sum();
        values > MAX_NUMBERS && self.used > MAX_CELLS
    }

    fn are_enough(&self) -> bool {
        self.are_many() || self.are_values()
    }

    /// Adds the numbers to a counter.
    fn count(self, counter: &mut ColumnCounter, moments: &Moments) {
        if self.are_values() {
            for cell in self.found {
                counter.add_number(cell.min, cell.count);
            }
        } else {
            let (scale, cuts) = (counter.scale, counter.cuts.clone());
            let mut grid = Grid::of_cells(&self.found, scale, self.shift, cuts);
            let moments = moments.to_ten_digits();
            grid.set_rounded(moments.mean, moments.squared_deviations);
            counter.grid = Some(Box::new(grid));
        }
    }
}

/// The targets of a group by its piece and keys: the whole piece, and a segment.
type TargetsOf<'a> = dyn FnMut(i64, &[Cell<'_>]) -> [Option<usize>; 2] + 'a;

/// Which numbers are counted, and where their groups belong.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) planned: &'a OfTargets<'a>,
    pub(super) extent: Extent,
    pub(super) by: &'a ByPiece,
    pub(super) targets_of: &'a mut TargetsOf<'a>,
    /// A condition on the rows, if not all are meant.
    pub(super) only: Option<&'a str>,
}

impl Table<'_> {
    /// Counts a number column that has many.
    pub(super) fn many(
        &mut self,
        column: &CountColumn,
        range: Range,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<ColumnCounter> {
        let mut counter = column.counter();
        counter.missing[MissingKind::Null.index()] += range.null;
        counter.missing[MissingKind::Nan.index()] += range.nan;
        if range.infinite > 0 {
            counter.add_times(b"inf", range.infinite);
        }
        let Some((extent, moments)) = range.finite else {
            return Ok(counter);
        };
        let wanted = Wanted {
            name: &column.name,
            planned: &vec![Some(column)],
            extent,
            by: &ByPiece::default(),
            targets_of: &mut |_, _| [Some(0), None],
            only,
        };
        let mut counters = vec![Some(counter)];
        let coarse = self.count_cells(wanted, &[moments], &mut counters, progress)?;
        if !coarse.is_empty() {
            let limit = Some(MOST_GROUPS + 1);
            if let Some(counter) = self.grouped_up_to(column, limit, only, progress)? {
                return Ok(counter);
            }
        }
        Ok(counters.pop().flatten().unwrap_or_else(|| column.counter()))
    }

    /// Counts the finite numbers of a column for each target, and returns the targets whose grid is
    /// coarser than that of a file would be.
    pub(super) fn count_cells(
        &mut self,
        mut wanted: Wanted<'_>,
        moments: &[Moments],
        counters: &mut Counters,
        progress: &dyn Progress,
    ) -> Result<Vec<usize>> {
        let Some(first) = wanted.planned.iter().flatten().next() else {
            return Ok(Vec::new());
        };
        let scale = first.counter().scale;
        let planned = wanted.planned.iter().flatten();
        let mut cuts: Vec<f64> = planned.flat_map(|column| column.counter().cuts).collect();
        cuts.retain(|cut| cut.is_finite());
        cuts.sort_by(f64::total_cmp);
        cuts.dedup();
        let octaves = Octaves::of(wanted.extent, scale);
        let (least, most) = (4 * MAX_CELLS as u64, 16 * MAX_CELLS as u64);
        let most = (MOST_CELLS / counters.len().max(1) as u64).clamp(least, most);
        let shift = octaves.shift(most);
        let mut all = self.cells(&mut wanted, &cuts, (&octaves, scale, shift), progress)?;
        let widest = |all: &[Cells]| {
            let open = all.iter().filter(|cells| !cells.are_enough());
            open.map(|cells| cells.used as u64).max()
        };
        // Where numbers lie close together, most cells are empty: those in use are cut further.
        if let Some(used) = widest(&all) {
            let bits = (2 * most / used.max(1)).checked_ilog2().unwrap_or(0);
            let finer = shift.saturating_sub(bits).max(octaves.least_shift());
            if finer < shift {
                let again = self.cells(&mut wanted, &cuts, (&octaves, scale, finer), progress)?;
                for (cells, again) in all.iter_mut().zip(again) {
                    if !cells.are_enough() {
                        *cells = again;
                    }
                }
            }
        }
        let mut coarse = Vec::new();
        let all = all.into_iter().zip(counters).zip(moments).enumerate();
        for (target, ((cells, counter), moments)) in all {
            let Some(counter) = counter.as_mut().filter(|_| !cells.found.is_empty()) else {
                continue;
            };
            if !cells.are_enough() {
                coarse.push(target);
            }
            cells.count(counter, moments);
        }
        Ok(coarse)
    }

    fn cells(
        &mut self,
        wanted: &mut Wanted<'_>,
        cuts: &[f64],
        (octaves, scale, shift): (&Octaves, Scale, u32),
        progress: &dyn Progress,
    ) -> Result<Vec<Cells>> {
        let column = self.column(wanted.name)?;
        let source = self.source(wanted.only);
        let sql = cells(source, wanted.by, column, cuts, (octaves, shift));
        let empty = Cells {
            shift,
            ..Cells::default()
        };
        let mut counted = vec![empty; wanted.planned.len()];
        let mut bad = false;
        self.engine.query(&sql, &mut |cells: &[Cell<'_>]| {
            let figure = |at: usize| -> Option<f64> { (*cells.get(at)?)?.parse().ok() };
            let read = || {
                let cell = CellCount {
                    count: (*cells.get(1)?)?.parse().ok()?,
                    min: figure(2)?,
                    max: figure(3)?,
                };
                let is_sane = cell.min.is_finite() && cell.max.is_finite();
                Some((figure(0)? as i64, cell)).filter(|_| is_sane)
            };
            let Some((piece, cell)) = read() else {
                bad = true;
                return;
            };
            let targets = (wanted.targets_of)(piece, cells.get(4..).unwrap_or_default());
            for target in targets.into_iter().flatten() {
                if let Some(counted) = counted.get_mut(target) {
                    counted.found.push(cell);
                }
            }
        })?;
        progress.advance(1);
        if bad {
            return Err(self.broken("counts that are not numbers"));
        }
        for counted in &mut counted {
            counted.put_together(scale, cuts);
        }
        Ok(counted)
    }
}
