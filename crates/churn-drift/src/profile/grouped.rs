//! Counts a data set once, by the piece of time that each row lies in. Which windows are made of the
//! pieces, and what is said of them, is decided in `drift/`.

use std::collections::BTreeMap;

use churn_base::error::{Error, Place, Result};
use churn_base::progress::Progress;
use churn_data::{DataSet, Moment, Period, Row, RowPlace, RowSink, Summary, Value, Zone, classify};

use super::count::{Counters, Positions, position};
use super::count_plan::{CountPlan, Counted};
use super::document::HeaderRows;

/// Most pieces of time that are counted: memory grows with them.
pub const MAX_PIECES: usize = 10_000;

/// By which column rows are sorted into pieces of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeGrouping {
    /// The column with the time of each row.
    pub column: String,
    /// Length of a piece.
    pub every: Period,
    /// The zone whose midnights and months count; times without a zone are of it.
    pub zone: Zone,
    /// The present, in seconds since 1970: what begins later is not yet a piece.
    pub now: i64,
}

/// What was counted by pieces of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Grouped {
    /// The pieces by their beginning, in seconds since 1970-01-01 00:00 by the zone's clock. Those
    /// without a row are absent.
    pub pieces: BTreeMap<i64, Counted>,
    /// The present when they were counted, in seconds since 1970.
    pub now: i64,
    /// What was found of the times.
    pub times: TimesRead,
    /// Rows read, those without a time among them.
    pub rows: u64,
    /// Blank lines skipped.
    pub blank_lines: u64,
    /// Rows left out because they say the header again.
    pub header_rows: HeaderRows,
}

/// What a time column was found to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimesRead {
    /// Rows whose time is missing.
    pub missing: u64,
    /// Rows whose time cannot be read.
    pub unreadable: u64,
    /// The first of them: its place, and what stands there.
    pub first_unreadable: Option<(Place, String)>,
    /// Rows of pieces that have not begun.
    pub future: u64,
    /// The latest time of them.
    pub latest_future: Option<i64>,
    /// Rows whose time names an offset from UTC.
    pub with_offset: u64,
    /// Rows whose time names none.
    pub without_offset: u64,
    /// The earliest time of a row in a piece.
    pub earliest: Option<i64>,
    /// The latest time of a row in a piece.
    pub latest: Option<i64>,
}

/// Counts the planned columns by pieces of time.
///
/// # Errors
/// As [`count`](super::count()); also if no time can be read, or the rows lie in more than
/// [`MAX_PIECES`] pieces. 64 for a table in a database. Rows without a time are *no* error.
pub fn count_grouped(
    mut data: DataSet,
    plan: &CountPlan,
    by: &TimeGrouping,
    progress: &dyn Progress,
) -> Result<Grouped> {
    let source = data.name().to_owned();
    if data.database().is_some() {
        let error = Error::usage("windows of a table in a database are not supported yet");
        return Err(error.hint(
            "check one window at a time with a condition: &where=..., or write the table to a file",
        ));
    }
    let positions = Positions::of(&data, plan)?;
    let time = position(&data, &by.column)?;
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
    if slots.is_empty() {
        return Err(no_time(by, &times, &summary).at(at));
    }
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

fn too_many(by: &TimeGrouping, times: &TimesRead) -> Error {
    let day = |time: Option<i64>| time.map_or(String::new(), |time| by.zone.rfc3339(time));
    Error::bad_input(format!(
        "the times lie in more than {MAX_PIECES} pieces of {}: from {} to {} and beyond",
        by.every,
        day(times.earliest),
        day(times.latest),
    ))
    .hint("a longer --every makes fewer pieces")
}

fn no_time(by: &TimeGrouping, times: &TimesRead, summary: &Summary) -> Error {
    let rows = summary.rows;
    if times.future > 0 && times.future + times.missing + times.unreadable == rows {
        let latest = times.latest_future.map(|time| by.zone.rfc3339(time));
        let error = format!(
            "no row has a time that has come: {} of {rows} lie in the future, the latest at {}",
            times.future,
            latest.unwrap_or_default()
        );
        return Error::bad_input(error).hint("check the clock of this machine and --time-zone");
    }
    let said = match &times.first_unreadable {
        Some((place, text)) => {
            let line = place
                .line
                .map_or(String::new(), |line| format!(", line {line}"));
            format!(
                "none of {rows} rows has a time that can be read: {} are missing, {} have another form, \
                 first \"{text}\" in {}{line}",
                times.missing, times.unreadable, place.file
            )
        }
        None => format!("none of {rows} rows has a time: all are missing"),
    };
    Error::bad_input(said).hint(
        "times are written as 2026-01-31, 2026-01-31T03:00:00+01:00, 31.01.2026 03:00 or seconds \
         since 1970",
    )
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

impl TimesRead {
    fn add(&mut self, other: &Self) {
        self.missing += other.missing;
        self.unreadable += other.unreadable;
        self.future += other.future;
        self.latest_future = self.latest_future.max(other.latest_future);
        self.with_offset += other.with_offset;
        self.without_offset += other.without_offset;
        self.earliest = match (self.earliest, other.earliest) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        self.latest = self.latest.max(other.latest);
    }
}
