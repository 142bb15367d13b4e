//! Counts a data set once, by the piece of time that each row lies in. Which windows are made of the
//! pieces, and what is said of them, is decided in `drift/`.

use std::collections::BTreeMap;

use churn_base::error::{Place, Result};
use churn_base::progress::Progress;
use churn_data::{DataSet, Moment, Row, RowPlace, RowSink, Summary, Value, classify};

use super::count::{Counters, Positions, in_database, position};
use super::count_plan::{CountPlan, Counted};
use super::document::HeaderRows;
use super::pieces::{Grouped, MAX_PIECES, TimeGrouping, TimesRead, no_time_in, too_many};
use super::pushdown;

/// Counts the planned columns by pieces of time.
///
/// # Errors
/// As [`count`](super::count()); also if no time can be read, or the rows lie in more than
/// [`MAX_PIECES`] pieces. Rows without a time are *no* error.
pub fn count_grouped(
    data: DataSet,
    plan: &CountPlan,
    by: &TimeGrouping,
    progress: &dyn Progress,
) -> Result<Grouped> {
    let source = data.name().to_owned();
    let grouped = count_grouped_part(data, plan, by, progress)?;
    match grouped.pieces.is_empty() {
        true => Err(no_time_in(&source, by, &grouped.times, grouped.rows)),
        false => Ok(grouped),
    }
}

/// As [`count_grouped`], of one of many tables: that none of its rows has a time is *no* error, nor that it
/// has no row.
///
/// # Errors
/// As [`count_grouped`].
pub fn count_grouped_part(
    mut data: DataSet,
    plan: &CountPlan,
    by: &TimeGrouping,
    progress: &dyn Progress,
) -> Result<Grouped> {
    let source = data.name().to_owned();
    let time = position(&data, &by.column)?;
    // Where the times are texts to a database, its rows are read.
    if let Some(table) = in_database(&mut data)
        && let Some(kind) = pushdown::time_of(&table, &by.column)
    {
        return pushdown::count_by_piece(table, kind, plan, by, progress);
    }
    let positions = Positions::of(&data, plan)?;
    let holds_instants = data.holds_instants(&by.column);
    let data = data.wanting(positions.all().chain([time]));
    let sorting = Sorting {
        plan,
        positions: &positions,
        by,
        time,
        holds_instants,
        now: by.zone.civil(by.now),
    };
    let (sorter, summary) = data.read(&|| Sorter::new(&sorting), progress)?;
    let at = Place {
        file: source.clone(),
        line: None,
        column: Some(by.column.clone()),
    };
    if sorter.is_full || sorter.slots.len() > MAX_PIECES {
        return Err(too_many(by, &sorter.times).at(at));
    }
    let Sorter {
        slots,
        counters,
        times,
        first_unreadable,
        ..
    } = sorter;
    let times = TimesRead {
        first_unreadable: first_unreadable.map(|(place, text)| {
            let place = Place {
                column: Some(by.column.clone()),
                ..summary.lines.place(place)
            };
            (place, String::from_utf8_lossy(&text).into_owned())
        }),
        ..times
    };
    let mut counters: Vec<Option<Piece>> = counters.into_iter().map(Some).collect();
    let mut pieces = BTreeMap::new();
    for (start, slot) in slots {
        let Some(piece) = counters[slot].take() else {
            continue;
        };
        let mut counted = piece.counters.finish(plan, &source, &summary)?;
        counted.rows = piece.rows;
        pieces.insert(start, counted);
    }
    Ok(Grouped {
        first: pieces.keys().next().copied(),
        pieces,
        now: by.now,
        times,
        rows: summary.rows,
        blank_lines: summary.blank_lines,
        header_rows: HeaderRows {
            count: summary.header_rows,
            first: summary.first_header_row,
        },
    })
}

impl CountPlan {
    /// Puts together what was counted by this plan in parts.
    ///
    /// # Errors
    /// Bad input if a part is damaged; what was just counted is not.
    pub fn merged(&self, parts: &[&Counted]) -> Result<Counted> {
        if let [only] = parts {
            return Ok((*only).clone());
        }
        let mut whole = Counters::new(self, &Positions::of_none(self));
        for part in parts {
            whole.add(part)?;
        }
        let mut merged = whole.finish(self, "", &Summary::default())?;
        merged.rows = parts.iter().map(|part| part.rows).sum();
        for (at, column) in merged.columns.iter_mut().enumerate() {
            let mut first = parts.iter().map(|part| &part.columns[at].first_texts);
            let first = first.find(|texts| !texts.is_empty());
            column.first_texts = first.cloned().unwrap_or_default();
        }
        Ok(merged)
    }
}

/// What the sinks of all threads share.
struct Sorting<'a> {
    plan: &'a CountPlan,
    positions: &'a Positions,
    by: &'a TimeGrouping,
    time: usize,
    /// Times without a zone are in UTC.
    holds_instants: bool,
    /// The present by the zone's clock.
    now: i64,
}

struct Piece {
    counters: Counters,
    rows: u64,
}

/// Hands each row to the counters of its piece.
struct Sorter<'a> {
    sorting: &'a Sorting<'a>,
    slots: BTreeMap<i64, usize>,
    counters: Vec<Piece>,
    /// The piece of the last row, `start..end`: most rows come in the order of time.
    last: Option<(i64, i64, usize)>,
    times: TimesRead,
    first_unreadable: Option<(RowPlace, Vec<u8>)>,
    is_full: bool,
}

impl<'a> Sorter<'a> {
    fn new(sorting: &'a Sorting<'a>) -> Self {
        Self {
            sorting,
            slots: BTreeMap::new(),
            counters: Vec::new(),
            last: None,
            times: TimesRead::default(),
            first_unreadable: None,
            is_full: false,
        }
    }

    /// Returns the time of a row by the zone's clock; notes what keeps it from having one.
    fn time(&mut self, row: &Row<'_>) -> Option<i64> {
        let field = row.field(self.sorting.time);
        let Some(moment) = Moment::read(&field) else {
            if matches!(classify(&field), Value::Missing(_)) {
                self.times.missing += 1;
            } else {
                self.times.unreadable += 1;
                self.keep_first(row.place(), &field);
            }
            return None;
        };
        match moment.offset {
            Some(offset) => {
                self.times.with_offset += 1;
                Some(self.sorting.by.zone.civil(moment.seconds - offset))
            }
            None if self.sorting.holds_instants => {
                self.times.with_offset += 1;
                Some(self.sorting.by.zone.civil(moment.seconds))
            }
            None => {
                self.times.without_offset += 1;
                Some(moment.seconds)
            }
        }
    }

    fn keep_first(&mut self, place: RowPlace, text: &[u8]) {
        let is_first = self.first_unreadable.as_ref();
        if is_first.is_none_or(|(first, _)| place < *first) {
            let text = text[..text.len().min(80)].to_vec();
            self.first_unreadable = Some((place, text));
        }
    }

    /// Returns the piece that a time lies in; none if it is not to be counted.
    fn slot(&mut self, time: i64) -> Option<usize> {
        if let Some((start, end, slot)) = self.last
            && (start..end).contains(&time)
        {
            return Some(slot);
        }
        let every = self.sorting.by.every;
        let start = every.floor(time);
        if start > self.sorting.now {
            self.times.future += 1;
            self.times.latest_future = self.times.latest_future.max(Some(time));
            return None;
        }
        let slot = match self.slots.get(&start) {
            Some(slot) => *slot,
            None if self.counters.len() >= MAX_PIECES => {
                self.is_full = true;
                self.note(time);
                return None;
            }
            None => {
                self.counters.push(Piece {
                    counters: Counters::new(self.sorting.plan, self.sorting.positions),
                    rows: 0,
                });
                self.slots.insert(start, self.counters.len() - 1);
                self.counters.len() - 1
            }
        };
        self.last = Some((start, every.after(start, 1), slot));
        Some(slot)
    }

    fn note(&mut self, time: i64) {
        let times = &mut self.times;
        times.earliest = Some(times.earliest.map_or(time, |earliest| earliest.min(time)));
        times.latest = times.latest.max(Some(time));
    }
}

impl RowSink for Sorter<'_> {
    fn row(&mut self, row: &Row<'_>) {
        let Some(time) = self.time(row) else { return };
        if let Some(slot) = self.slot(time) {
            self.note(time);
            let piece = &mut self.counters[slot];
            piece.rows += 1;
            piece.counters.row(row);
        }
    }

    fn merge(&mut self, other: Self) {
        let mut theirs: Vec<Option<Piece>> = other.counters.into_iter().map(Some).collect();
        for (start, slot) in other.slots {
            let Some(piece) = theirs[slot].take() else {
                continue;
            };
            match self.slots.get(&start) {
                Some(own) => {
                    let own = &mut self.counters[*own];
                    own.rows += piece.rows;
                    own.counters.merge(piece.counters);
                }
                None => {
                    self.slots.insert(start, self.counters.len());
                    self.counters.push(piece);
                }
            }
        }
        self.is_full |= other.is_full;
        self.times.add(&other.times);
        if let Some((place, text)) = other.first_unreadable {
            self.keep_first(place, &text);
        }
    }
}
