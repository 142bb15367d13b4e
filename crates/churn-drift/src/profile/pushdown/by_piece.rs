//! Counts a table in its database by pieces of time and by segment, each column by one statement a cut. Where
//! pieces begin, the zone's calendar says here; the database compares moments, whatever its own zone.

use std::collections::BTreeMap;

use churn_base::error::{Error, Place, Result};
use churn_base::exit::ExitCode;
use churn_base::progress::Progress;
use churn_data::{Cell, MissingKind, SqlKind, SqlTime};

use super::super::column::Column;
use super::super::count_plan::{CountColumn, CountOutcome, Counted};
use super::super::counter::MAX_NUMBERS;
use super::super::document::HeaderRows;
use super::super::outcome::Outcome;
use super::super::pieces::{CutPieces, Grouped, TimeGrouping};
use super::super::segment_plans::SegmentPlans;
use super::cells::{Counters, OfTargets, Wanted};
use super::count::{check_labels, identifiers};
use super::layout::{Layout, Pieces};
use super::moments::Moments;
use super::statements::{SAMPLE_ROWS, equals};
use super::statements_by_piece::{MOST_GROUPS, finite, groups};
use super::table::{Look, Table};

/// Returns what the times of a column mean to the database; none if they are not times to it.
pub(in super::super) fn time_of(table: &Table<'_>, name: &str) -> Option<SqlTime> {
    let column = table.columns.iter().find(|column| column.name == name)?;
    SqlTime::of(table.engine.dialect(), column)
}

/// Counts the planned columns by pieces of time, if one is named, and by segment; none if the database cannot tell
/// the segments.
///
/// # Errors
/// As `count`; bad input if there is no time, times are too far apart, or there are too many segments.
pub(in super::super) fn count_by_piece(
    mut table: Table<'_>,
    time: Option<(SqlTime, &TimeGrouping)>,
    plans: &SegmentPlans,
    progress: &dyn Progress,
) -> Result<Option<Grouped>> {
    let found = match time {
        Some((kind, by)) => table.pieces(kind, by, progress)?,
        None => table.one_piece(progress)?,
    };
    let may_be_unique = plans.all().columns.iter();
    let may_be_unique = may_be_unique.filter(|column| column.unless_unique);
    let names: Vec<String> = may_be_unique.map(|column| column.name.clone()).collect();
    let unique = identifiers(&mut table, &names, progress)?;
    let plans = plans.without(&unique);
    let mut layouts = Vec::new();
    for (number, cut) in plans.cuts().iter().enumerate() {
        match table.layout(&found, &plans, (number, cut), progress)? {
            Some(layout) => layouts.push(layout),
            None => return Ok(None),
        }
    }
    if layouts.is_empty() {
        layouts.push(Layout::of_pieces(&found, &plans));
    }
    let names: Vec<&str> = plans.all().columns.iter().map(|one| &*one.name).collect();
    let looks = table.look(&names, progress)?;
    let mut pieces = BTreeMap::new();
    let mut cuts: Vec<CutPieces> = Vec::new();
    for layout in &mut layouts {
        let counted = table.count_layout(layout, &plans, &looks, progress)?;
        let mut segments: BTreeMap<String, BTreeMap<i64, Counted>> = BTreeMap::new();
        for (target, counted) in layout.targets.iter().zip(counted) {
            let start = found.starts[target.piece];
            match layout.name(target) {
                _ if target.rows == 0 => {}
                Some(name) => {
                    let segment = segments.entry(name.to_owned()).or_default();
                    segment.insert(start, counted);
                }
                None => drop(pieces.insert(start, counted)),
            }
        }
        if let Some(cut) = plans.cuts().get(cuts.len()) {
            let cut = cut.clone();
            cuts.push(CutPieces { cut, segments });
        }
    }
    let Pieces {
        times, all_rows, ..
    } = found;
    Ok(Some(Grouped {
        first: pieces.keys().next().copied(),
        pieces,
        cuts,
        now: time.map_or(0, |(_, by)| by.now),
        times,
        rows: all_rows,
        blank_lines: 0,
        header_rows: HeaderRows::default(),
    }))
}

fn same_rows(column: &Column, rows: u64, place: &Place) -> Result<()> {
    match column.rows() {
        Some(other) if other != rows => Err(Error::new(
            ExitCode::Failed,
            format!(
                "the table changed while it was counted: a piece had {rows} rows, then {other}"
            ),
        )
        .at(place.clone())
        .hint("try again when nothing writes to it, or name one state of it in a query")),
        _ => Ok(()),
    }
}

impl Table<'_> {
    /// Counts what is planned for each target of a layout.
    fn count_layout(
        &mut self,
        layout: &mut Layout<'_>,
        plans: &SegmentPlans,
        looks: &[Look],
        progress: &dyn Progress,
    ) -> Result<Vec<Counted>> {
        let empty = |target: &super::layout::Target| Counted {
            columns: Vec::new(),
            outcome: None,
            rows: target.rows,
            blank_lines: 0,
            header_rows: HeaderRows::default(),
        };
        let mut all: Vec<Counted> = layout.targets.iter().map(empty).collect();
        for (column, look) in plans.all().columns.iter().zip(looks) {
            progress.note(&column.name);
            let planned = layout.columns(&column.name);
            if planned.iter().all(Option::is_none) {
                continue;
            }
            let counters = self.count_column(column, &planned, *look, layout, progress)?;
            for ((counted, counter), planned) in all.iter_mut().zip(counters).zip(&planned) {
                let Some(planned) = planned else { continue };
                let counter = counter.unwrap_or_else(|| planned.counter());
                let column = Column::from_counter(&column.name, counter);
                same_rows(&column, counted.rows, &self.place)?;
                counted.columns.push(column);
            }
        }
        let outcome = plans.all().outcome.as_ref();
        if let Some(planned) = outcome.filter(|outcome| !outcome.is_late) {
            let outcomes = self.outcomes(planned, layout, progress)?;
            for ((counted, outcome), target) in all.iter_mut().zip(outcomes).zip(&layout.targets) {
                counted.outcome = Some(outcome).filter(|_| layout.plan(target).outcome.is_some());
            }
        }
        Ok(all)
    }

    fn count_column(
        &mut self,
        column: &CountColumn,
        planned: &OfTargets<'_>,
        look: Look,
        layout: &mut Layout<'_>,
        progress: &dyn Progress,
    ) -> Result<Counters> {
        let is_text = self.column(&column.name)?.kind == SqlKind::Text || column.categorical;
        let limit = (MAX_NUMBERS as u64).saturating_mul(layout.targets.len() as u64);
        let limit = (!is_text).then(|| limit.clamp(SAMPLE_ROWS, MOST_GROUPS) + 1);
        let grouped = match is_text || !look.are_many() {
            true => self.groups_by_piece(column, planned, layout, limit, None, progress)?,
            false => None,
        };
        match grouped {
            Some(grouped) => Ok(grouped),
            None => self.many_by_piece(column, planned, layout, None, progress),
        }
    }

    /// Counts a column by target and value; none if there are more groups than the limit.
    fn groups_by_piece(
        &mut self,
        column: &CountColumn,
        planned: &OfTargets<'_>,
        layout: &mut Layout<'_>,
        limit: Option<u64>,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Option<Counters>> {
        let found = self.column(&column.name)?;
        let sql = groups(self.source(only), &layout.by, found, limit);
        let mut counters: Counters = Vec::new();
        counters.resize_with(layout.targets.len(), || None);
        let (mut found, mut bad) = (0, false);
        self.engine.query(&sql, &mut |cells: &[Cell<'_>]| {
            let cell = |at: usize| cells.get(at).copied().flatten();
            let piece = cell(0).and_then(|text| text.parse::<i64>().ok());
            let count = cell(2).and_then(|text| text.parse().ok());
            let (Some(piece), Some(count)) = (piece, count) else {
                bad = true;
                return;
            };
            found += 1;
            let targets = layout.targets_of(piece, cells.get(3..).unwrap_or_default());
            for target in targets.into_iter().flatten() {
                let (Some(slot), Some(Some(planned))) =
                    (counters.get_mut(target), planned.get(target))
                else {
                    continue;
                };
                let counter = slot.get_or_insert_with(|| planned.counter());
                match cell(1) {
                    None => counter.missing[MissingKind::Null.index()] += count,
                    Some("") => counter.missing[MissingKind::Empty.index()] += count,
                    Some(text) => counter.add_times(text.as_bytes(), count),
                }
            }
        })?;
        progress.advance(1);
        if bad {
            return Err(self.broken("a count that is not a number"));
        }
        let all = limit.is_none_or(|limit| found < limit);
        Ok(all.then_some(counters))
    }

    /// Counts a column of many numbers by target and cell.
    fn many_by_piece(
        &mut self,
        column: &CountColumn,
        planned: &OfTargets<'_>,
        layout: &mut Layout<'_>,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Counters> {
        let ranges = self.ranges(&[&column.name], only, progress)?;
        let Some(range) = ranges.into_iter().next() else {
            return Ok(Vec::new());
        };
        if self.holds_codes(&column.name, &range, only, progress)? {
            let counted = self.groups_by_piece(column, planned, layout, None, only, progress)?;
            return Ok(counted.unwrap_or_default());
        }
        let (mut counters, moments) = self.not_finite(column, planned, layout, only, progress)?;
        let Some((extent, _)) = range.finite else {
            return Ok(counters);
        };
        let by = layout.by.clone();
        let wanted = Wanted {
            name: &column.name,
            planned,
            extent,
            by: &by,
            targets_of: &mut |piece, keys| layout.targets_of(piece, keys),
            only,
        };
        let coarse = self.count_cells(wanted, &moments, &mut counters, progress)?;
        if !coarse.is_empty() {
            let limit = Some(MOST_GROUPS + 1);
            let grouped = self.groups_by_piece(column, planned, layout, limit, only, progress)?;
            if let Some(mut grouped) = grouped {
                for target in coarse {
                    counters[target] = grouped[target].take();
                }
            }
        }
        Ok(counters)
    }

    /// Counts what is not a finite number for each target, and takes the moments of the rest.
    fn not_finite(
        &mut self,
        column: &CountColumn,
        planned: &OfTargets<'_>,
        layout: &mut Layout<'_>,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<(Counters, Vec<Moments>)> {
        let mut counters: Counters = Vec::new();
        counters.resize_with(layout.targets.len(), || None);
        let mut all_moments = vec![Moments::default(); counters.len()];
        let sql = finite(self.source(only), &layout.by, self.column(&column.name)?);
        let mut bad = false;
        self.engine.query(&sql, &mut |cells: &[Cell<'_>]| {
            let figure = |at: usize| cells.get(at).copied().flatten()?.parse::<i64>().ok();
            let [
                Some(piece),
                Some(rows),
                Some(values),
                Some(nan),
                Some(finite),
            ] = [0, 1, 2, 3, 4].map(figure)
            else {
                bad = true;
                return;
            };
            let moment = |at: usize| cells.get(at).copied().flatten()?.parse::<f64>().ok();
            let moments = match [5, 6].map(moment) {
                [Some(mean), Some(variance)] => Moments::of(finite.unsigned_abs(), mean, variance),
                _ => Moments::default(),
            };
            let targets = layout.targets_of(piece, cells.get(7..).unwrap_or_default());
            for target in targets.into_iter().flatten() {
                let (Some(slot), Some(Some(planned))) =
                    (counters.get_mut(target), planned.get(target))
                else {
                    continue;
                };
                let counter = slot.get_or_insert_with(|| planned.counter());
                counter.missing[MissingKind::Null.index()] += (rows - values).unsigned_abs();
                counter.missing[MissingKind::Nan.index()] += nan.unsigned_abs();
                if values > nan + finite {
                    counter.add_times(b"inf", (values - nan - finite).unsigned_abs());
                }
                all_moments[target].add(&moments);
            }
        })?;
        progress.advance(1);
        match bad {
            true => Err(self.broken("a count that is not a number")),
            false => Ok((counters, all_moments)),
        }
    }

    /// Counts scores by label for each target.
    pub(super) fn outcomes(
        &mut self,
        planned: &CountOutcome,
        layout: &mut Layout<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Outcome>> {
        let labels = self.labels(&planned.label, progress)?;
        check_labels(&labels, &planned.label, &self.place)?;
        let outcome = Outcome {
            label: planned.label.clone(),
            score: planned.score.clone(),
            by_label: BTreeMap::new(),
            rows: None,
        };
        let mut outcomes = vec![outcome; layout.targets.len()];
        let scores = CountColumn {
            name: planned.score.clone(),
            categorical: false,
            cuts: planned.threshold.into_iter().collect(),
            are_scores: true,
            unless_unique: false,
        };
        let of_targets = vec![Some(&scores); layout.targets.len()];
        for (value, spellings) in labels {
            let dialect = self.engine.dialect();
            let column = self.column(&planned.label)?;
            let only: Vec<String> = spellings
                .iter()
                .map(|spelling| equals(dialect, column, spelling))
                .collect();
            let only = format!("({})", only.join(" or "));
            let limit = Some(MOST_GROUPS + 1);
            let only = Some(&*only);
            let counted =
                match self.groups_by_piece(&scores, &of_targets, layout, limit, only, progress)? {
                    Some(counted) => counted,
                    None => self.many_by_piece(&scores, &of_targets, layout, only, progress)?,
                };
            for (outcome, counter) in outcomes.iter_mut().zip(counted) {
                if let Some(counter) = counter {
                    let column = Column::from_counter(&planned.score, counter);
                    outcome.by_label.insert(value.clone(), column);
                }
            }
        }
        Ok(outcomes)
    }
}
