//! What is counted by pieces of time, as data; counting is the affair of `grouped` and `pushdown`.

use std::collections::BTreeMap;

use churn_base::error::{Error, Place};
use churn_data::{Period, Zone};

use super::count_plan::Counted;
use super::cut::Cut;
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
    /// Where the first piece with a row begins. It is not among `pieces` where those of the last windows alone
    /// were taken out of a history.
    pub first: Option<i64>,
    /// The same by segment, for each way to cut.
    pub cuts: Vec<CutPieces>,
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

/// The pieces of time of each segment of a cut.
#[derive(Debug, Clone, PartialEq)]
pub struct CutPieces {
    /// How rows were sorted.
    pub cut: Cut,
    /// By the name of the segment; pieces without a row of it are absent.
    pub segments: BTreeMap<String, BTreeMap<i64, Counted>>,
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
    /// Where the earliest is, if that is known.
    pub earliest_at: Option<Place>,
    /// The latest time of a row in a piece.
    pub latest: Option<i64>,
}

pub(super) fn too_many(by: &TimeGrouping, times: &TimesRead) -> Error {
    let day = |time: Option<i64>| time.map_or(String::new(), |time| by.zone.rfc3339(time));
    Error::bad_input(format!(
        "the times lie in more than {MAX_PIECES} pieces of {}: from {}{} to {} and beyond",
        by.every,
        day(times.earliest),
        times.earliest_line(),
        day(times.latest),
    ))
    .hint("a longer --every makes fewer pieces")
}

/// Says that no row of a source has a time that can be read.
#[must_use]
pub fn no_time_in(source: &str, by: &TimeGrouping, times: &TimesRead, rows: u64) -> Error {
    no_time(by, times, rows).at(Place {
        file: source.to_owned(),
        line: None,
        column: Some(by.column.clone()),
    })
}

pub(super) fn no_time(by: &TimeGrouping, times: &TimesRead, rows: u64) -> Error {
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

impl TimesRead {
    /// Says where the earliest time stands, in brackets: one that is far off is mostly a typo.
    #[must_use]
    pub fn earliest_line(&self) -> String {
        let place = self.earliest_at.as_ref();
        let line = place.and_then(|place| Some((&place.file, place.line?)));
        line.map_or(String::new(), |(file, line)| format!(" ({file}:{line})"))
    }

    /// Adds what was found in other rows, which come later: the first unreadable one stays.
    pub fn add(&mut self, other: &Self) {
        self.missing += other.missing;
        self.unreadable += other.unreadable;
        self.future += other.future;
        self.latest_future = self.latest_future.max(other.latest_future);
        self.with_offset += other.with_offset;
        self.without_offset += other.without_offset;
        let is_earlier = match (self.earliest, other.earliest) {
            (Some(mine), Some(theirs)) => theirs < mine,
            (mine, _) => mine.is_none(),
        };
        if is_earlier {
            self.earliest_at.clone_from(&other.earliest_at);
        }
        self.earliest = match (self.earliest, other.earliest) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        self.latest = self.latest.max(other.latest);
        if self.first_unreadable.is_none() {
            self.first_unreadable.clone_from(&other.first_unreadable);
        }
    }
}
