//! Counts a table in its database by pieces of time. Where pieces begin, the zone's calendar says here;
//! the database compares moments, whatever its own zone.

use std::collections::BTreeMap;

use churn_base::error::{Error, Place, Result};
use churn_base::exit::ExitCode;
use churn_base::progress::Progress;
use churn_data::{Cell, MissingKind, Moment, SqlKind, SqlTime};

use super::super::column::Column;
use super::super::count_plan::{CountColumn, CountOutcome, CountPlan, Counted, MAX_LABELS};
use super::super::counter::{ColumnCounter, MAX_NUMBERS};
use super::super::document::HeaderRows;
use super::super::outcome::Outcome;
use super::super::pieces::{Grouped, MAX_PIECES, TimeGrouping, TimesRead, no_time, too_many};
use super::super::spread::{Bucket, Spread};
use super::count::identifiers;
use super::edges::{equal_edges, even_edges, tidy};
use super::statements::equals;
use super::statements_by_piece::{ByPiece, buckets, extent, finite, groups, pieces};
use super::table::{Range, Table};

/// Most groups of a column of numbers that come over the wire.
const MOST_GROUPS: u64 = 1_000_000;

/// The pieces of a table.
struct Pieces {
    by: ByPiece,
    /// Where each begins, by the zone's clock; the last may be of times to come.
    starts: Vec<i64>,
    rows: Vec<u64>,
    times: TimesRead,
    all_rows: u64,
    /// How many of them have begun.
    begun: usize,
}

/// Counts of a column in each piece; none where it has no row.
type ByPieceCounters = Vec<Option<ColumnCounter>>;

/// Returns what the times of a column mean to the database; none if they are not times to it.
pub(in super::super) fn time_of(table: &Table<'_>, name: &str) -> Option<SqlTime> {
    let column = table.columns.iter().find(|column| column.name == name)?;
    SqlTime::of(table.engine.dialect(), column)
}

/// Counts the planned columns by pieces of time.
///
/// # Errors
/// As `count`; bad input if there is no time, or times are too far apart.
pub(in super::super) fn count_by_piece(
    mut table: Table<'_>,
    kind: SqlTime,
    plan: &CountPlan,
    by: &TimeGrouping,
    progress: &dyn Progress,
) -> Result<Grouped> {
    let found = table.pieces(kind, by, progress)?;
    let (may_be_unique, mut wanted): (Vec<_>, Vec<_>) = plan
        .columns
        .iter()
        .cloned()
        .partition(|column| column.unless_unique);
    let names: Vec<String> = may_be_unique
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let unique = identifiers(&mut table, &names, progress)?;
    let repeats = |column: &CountColumn| !unique.contains(&column.name);
    wanted.extend(may_be_unique.into_iter().filter(repeats));
    let mut columns: Vec<Vec<Column>> = vec![Vec::new(); found.begun];
    for (column, counters) in wanted
        .iter()
        .zip(table.count_by_piece(&wanted, &found, progress)?)
    {
        for (at, counter) in counters.into_iter().take(found.begun).enumerate() {
            let empty = || ColumnCounter::new(column.categorical, column.cuts.clone());
            let counted = Column::from_counter(&column.name, counter.unwrap_or_else(empty));
            same_rows(&counted, found.rows[at], &table.place)?;
            columns[at].push(counted);
        }
    }
    let outcomes = match &plan.outcome {
        Some(planned) => Some(table.outcomes(planned, &found, progress)?),
        None => None,
    };
    let mut outcomes = outcomes.map(Vec::into_iter);
    let mut counted = BTreeMap::new();
    for (at, columns) in columns.into_iter().enumerate() {
        let outcome = outcomes.as_mut().and_then(Iterator::next);
        if found.rows[at] > 0 {
            let piece = Counted {
                columns,
                outcome,
                rows: found.rows[at],
                blank_lines: 0,
                header_rows: HeaderRows::default(),
            };
            counted.insert(found.starts[at], piece);
        }
    }
    Ok(Grouped {
        first: counted.keys().next().copied(),
        pieces: counted,
        cuts: Vec::new(),
        now: by.now,
        times: found.times,
        rows: found.all_rows,
        blank_lines: 0,
        header_rows: HeaderRows::default(),
    })
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

/// Returns where pieces begin from the first time to the last, and how many of them have begun; none if
/// there are too many.
fn starts(by: &TimeGrouping, first: i64, last: i64) -> Option<(Vec<i64>, usize)> {
    let now = by.zone.civil(by.now);
    let mut starts = Vec::new();
    let mut start = by.every.floor(first);
    while start <= last && start <= now {
        if starts.len() >= MAX_PIECES {
            return None;
        }
        starts.push(start);
        start = by.every.after(start, 1);
    }
    let begun = starts.len();
    if start <= last {
        // One for all that have not begun.
        starts.push(start);
    }
    Some((starts, begun))
}

/// How rows are sorted into pieces that begin then.
pub(super) fn by_piece(
    dialect: churn_data::Dialect,
    column: &churn_data::SqlColumn,
    kind: SqlTime,
    by: &TimeGrouping,
    starts: &[i64],
) -> ByPiece {
    let edges = starts.iter().skip(1).map(|start| {
        let at = match kind {
            SqlTime::Instant => by.zone.instant(*start),
            SqlTime::Local | SqlTime::Date => *start,
        };
        dialect.time(kind, at)
    });
    ByPiece {
        time: dialect.name(&column.name),
        edges: edges.collect(),
    }
}

impl Table<'_> {
    fn pieces(
        &mut self,
        kind: SqlTime,
        by: &TimeGrouping,
        progress: &dyn Progress,
    ) -> Result<Pieces> {
        let at = Place {
            column: Some(by.column.clone()),
            ..self.place.clone()
        };
        let dialect = self.engine.dialect();
        let column = self.column(&by.column)?.clone();
        let read = |text: &str| {
            let moment = Moment::read(text.as_bytes())?;
            Some(match kind {
                SqlTime::Instant => by.zone.civil(moment.seconds - moment.offset.unwrap_or(0)),
                SqlTime::Local | SqlTime::Date => moment.seconds,
            })
        };
        let mut answers = self.texts(
            &extent(self.source(None), &dialect.name(&by.column)),
            progress,
        )?;
        let mut answer = answers.pop().unwrap_or_default().into_iter();
        let (first, last) = (answer.next().flatten(), answer.next().flatten());
        let all_rows = answer
            .next()
            .flatten()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        let mut times = TimesRead::default();
        let (Some(first), Some(last)) = (first, last) else {
            times.missing = all_rows;
            return Err(no_time(by, &times, all_rows).at(at));
        };
        let (Some(earliest), Some(latest)) = (read(&first), read(&last)) else {
            let error =
                format!("the times reach from \"{first}\" to \"{last}\", which cannot be read");
            let hint = "leave such rows out with a condition: &where=...";
            return Err(Error::bad_input(error).at(at).hint(hint));
        };
        let Some((starts, begun)) = starts(by, earliest, latest) else {
            (times.earliest, times.latest) = (Some(earliest), Some(latest));
            return Err(too_many(by, &times).at(at));
        };
        let by_piece = by_piece(dialect, &column, kind, by, &starts);
        let mut rows = vec![0; starts.len()];
        let sql = pieces(self.source(None), &by_piece);
        for answer in self.texts(&sql, progress)? {
            let number = |at: usize| {
                answer
                    .get(at)
                    .cloned()
                    .flatten()
                    .and_then(|text| text.parse::<i64>().ok())
            };
            let time = |at: usize| {
                answer
                    .get(at)
                    .cloned()
                    .flatten()
                    .and_then(|text| read(&text))
            };
            let (Some(piece), Some(count)) = (number(0), number(1)) else {
                return Err(self.broken("a count that is not a number"));
            };
            let count = count.unsigned_abs();
            let Ok(piece) = usize::try_from(piece) else {
                times.missing += count;
                continue;
            };
            if kind == SqlTime::Instant {
                times.with_offset += count;
            } else {
                times.without_offset += count;
            }
            match rows.get_mut(piece) {
                Some(rows) if piece < begun => {
                    *rows = count;
                    times.earliest = times.earliest.into_iter().chain(time(2)).min();
                    times.latest = times.latest.max(time(3));
                }
                _ => {
                    times.future += count;
                    times.latest_future = times.latest_future.max(time(3));
                }
            }
        }
        if begun == 0 || rows[..begun].iter().all(|rows| *rows == 0) {
            return Err(no_time(by, &times, all_rows).at(at));
        }
        Ok(Pieces {
            by: by_piece,
            starts,
            rows,
            times,
            all_rows,
            begun,
        })
    }

    /// Runs a statement with few rows of texts.
    fn texts(&mut self, sql: &str, progress: &dyn Progress) -> Result<Vec<Vec<Option<String>>>> {
        let mut rows = Vec::new();
        self.engine.query(sql, &mut |cells: &[Cell<'_>]| {
            rows.push(cells.iter().map(|cell| cell.map(str::to_owned)).collect());
        })?;
        progress.advance(1);
        Ok(rows)
    }

    fn count_by_piece(
        &mut self,
        columns: &[CountColumn],
        pieces: &Pieces,
        progress: &dyn Progress,
    ) -> Result<Vec<ByPieceCounters>> {
        let names: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
        let looks = self.look(&names, progress)?;
        let mut counted = Vec::new();
        for (column, look) in columns.iter().zip(looks) {
            progress.note(&column.name);
            let is_text = self.column(&column.name)?.kind == SqlKind::Text || column.categorical;
            let limit = (MAX_NUMBERS as u64).saturating_mul(pieces.starts.len() as u64);
            let limit = (!is_text).then(|| limit.min(MOST_GROUPS) + 1);
            let few = is_text || look.distinct <= MAX_NUMBERS as u64;
            let grouped = match few {
                true => self.groups_by_piece(column, pieces, limit, None, progress)?,
                false => None,
            };
            counted.push(match grouped {
                Some(grouped) => grouped,
                None => self.many_by_piece(column, pieces, None, progress)?,
            });
        }
        Ok(counted)
    }

    /// Counts a column by piece and value; none if there are more groups than the limit.
    fn groups_by_piece(
        &mut self,
        column: &CountColumn,
        pieces: &Pieces,
        limit: Option<u64>,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Option<ByPieceCounters>> {
        let sql = groups(
            self.source(only),
            &pieces.by,
            self.column(&column.name)?,
            limit,
        );
        let mut counters: ByPieceCounters = Vec::new();
        counters.resize_with(pieces.starts.len(), || None);
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
            let Some(counter) = usize::try_from(piece)
                .ok()
                .and_then(|at| counters.get_mut(at))
            else {
                return;
            };
            let counter = counter
                .get_or_insert_with(|| ColumnCounter::new(column.categorical, column.cuts.clone()));
            match cell(1) {
                None => counter.missing[MissingKind::Null.index()] += count,
                Some("") => counter.missing[MissingKind::Empty.index()] += count,
                Some(text) => counter.add_times(text.as_bytes(), count),
            }
        })?;
        progress.advance(1);
        if bad {
            return Err(self.broken("a count that is not a number"));
        }
        let all = limit.is_none_or(|limit| found < limit);
        Ok(all.then_some(counters))
    }

    /// Counts a column of many numbers by piece and stretch.
    fn many_by_piece(
        &mut self,
        column: &CountColumn,
        pieces: &Pieces,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<ByPieceCounters> {
        let ranges = self.ranges(&[&column.name], only, progress)?;
        let Some(range) = ranges.into_iter().next() else {
            return Ok(Vec::new());
        };
        if self.holds_codes(&column.name, &range, only, progress)? {
            let counted = self.groups_by_piece(column, pieces, None, only, progress)?;
            return Ok(counted.unwrap_or_default());
        }
        let mut counters: ByPieceCounters = Vec::new();
        counters.resize_with(pieces.starts.len(), || None);
        let sql = finite(self.source(only), &pieces.by, self.column(&column.name)?);
        for answer in self.texts(&sql, progress)? {
            let figure = |at: usize| {
                answer
                    .get(at)
                    .cloned()
                    .flatten()
                    .and_then(|text| text.parse::<i64>().ok())
            };
            let [
                Some(piece),
                Some(rows),
                Some(values),
                Some(nan),
                Some(finite),
            ] = [0, 1, 2, 3, 4].map(figure)
            else {
                return Err(self.broken("a count that is not a number"));
            };
            let Some(slot) = usize::try_from(piece)
                .ok()
                .and_then(|at| counters.get_mut(at))
            else {
                continue;
            };
            let mut counter = ColumnCounter::new(column.categorical, Vec::new());
            counter.missing[MissingKind::Null.index()] += (rows - values).unsigned_abs();
            counter.missing[MissingKind::Nan.index()] += nan.unsigned_abs();
            if values > nan + finite {
                counter.add_times(b"inf", (values - nan - finite).unsigned_abs());
            }
            *slot = Some(counter);
        }
        self.stretches_by_piece(column, range, pieces, (only, progress), &mut counters)?;
        Ok(counters)
    }

    fn stretches_by_piece(
        &mut self,
        column: &CountColumn,
        range: Range,
        pieces: &Pieces,
        (only, progress): (Option<&str>, &dyn Progress),
        counters: &mut ByPieceCounters,
    ) -> Result<()> {
        let Some((min, max, centre)) = range.finite else {
            return Ok(());
        };
        let mut edges: Vec<f64> = column.cuts.iter().chain(&column.fine).copied().collect();
        if column.fine.is_empty() {
            edges.extend(even_edges(min, max));
            tidy(&mut edges);
            let first = self.buckets(column, &edges, centre, only, progress)?;
            edges.clone_from(&column.cuts);
            edges.extend(equal_edges(&first));
        }
        tidy(&mut edges);
        let sql = buckets(
            self.source(only),
            &pieces.by,
            self.column(&column.name)?,
            &edges,
            centre,
        );
        let mut spreads: Vec<Vec<Bucket>> =
            vec![vec![Bucket::default(); edges.len() + 1]; pieces.starts.len()];
        let mut bad = false;
        self.engine.query(&sql, &mut |cells: &[Cell<'_>]| {
            let figure = |at: usize| -> Option<f64> { (*cells.get(at)?)?.parse().ok() };
            let read = || {
                Some(Bucket {
                    count: (*cells.get(2)?)?.parse().ok()?,
                    min: figure(3)?,
                    max: figure(4)?,
                    sum: figure(5)?,
                    squares: figure(6)?,
                })
            };
            let (piece, at) = (figure(0), figure(1).map_or(usize::MAX, |at| at as usize));
            let Some(piece) = piece else {
                bad = true;
                return;
            };
            if piece < 0.0 {
                return;
            }
            let bucket = spreads
                .get_mut(piece as usize)
                .and_then(|spread| spread.get_mut(at));
            match (bucket, read()) {
                (Some(bucket), Some(read)) => *bucket = read,
                _ => bad = true,
            }
        })?;
        progress.advance(1);
        if bad {
            return Err(self.broken("sums that are not numbers"));
        }
        for (counter, counted) in counters.iter_mut().zip(spreads) {
            if let Some(counter) = counter {
                counter.set_spread(&Spread {
                    edges: edges.clone(),
                    buckets: counted,
                    centre,
                });
            }
        }
        Ok(())
    }

    /// Counts scores by label in each piece that has begun.
    fn outcomes(
        &mut self,
        planned: &CountOutcome,
        pieces: &Pieces,
        progress: &dyn Progress,
    ) -> Result<Vec<Outcome>> {
        let labels = self.labels(&planned.label, progress)?;
        if labels.values().map(Vec::len).sum::<usize>() > MAX_LABELS {
            return Err(
                Error::bad_input(format!("more than {MAX_LABELS} different labels"))
                    .at(Place {
                        column: Some(planned.label.clone()),
                        ..self.place.clone()
                    })
                    .hint("a label has two values; is it the right column?"),
            );
        }
        let mut outcomes = vec![
            Outcome {
                label: planned.label.clone(),
                score: planned.score.clone(),
                by_label: BTreeMap::new(),
                rows: None,
            };
            pieces.begun
        ];
        for (value, spellings) in labels {
            let dialect = self.engine.dialect();
            let column = self.column(&planned.label)?;
            let only: Vec<String> = spellings
                .iter()
                .map(|spelling| equals(dialect, column, spelling))
                .collect();
            let only = format!("({})", only.join(" or "));
            let scores = CountColumn {
                name: planned.score.clone(),
                categorical: false,
                cuts: planned.threshold.into_iter().collect(),
                fine: Vec::new(),
                unless_unique: false,
            };
            let limit = Some(MOST_GROUPS + 1);
            let counted =
                match self.groups_by_piece(&scores, pieces, limit, Some(&only), progress)? {
                    Some(counted) => counted,
                    None => self.many_by_piece(&scores, pieces, Some(&only), progress)?,
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
