//! What `churnctl drift` says of the history that it has read and kept.

use std::collections::BTreeSet;

use super::Console;
use crate::drift::history::HistoryReport;
use crate::history::{History, Source};
use crate::profile::TimeGrouping;
use crate::reports::format;

/// What a run has found and done, for its last word.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) read: u64,
    pub(super) replaced: u64,
    pub(super) kept: u64,
    pub(super) rows: u64,
}

pub(super) fn say_replaced(before: &Source, rows: u64, name: &str, console: &Console<'_>) {
    let said = format!(
        "{name} was read again, since it has changed: {} replace the {} before",
        format::counted(rows, "row", "rows"),
        format::count(before.rows)
    );
    match rows < before.rows {
        true => console.messages().warn(&said),
        false => console.messages().debug(&said),
    }
}

pub(super) fn say(tally: &Tally, kept: &History, console: &Console<'_>) {
    let mut message = format!(
        "history {}: read {} of {}, took {} from earlier runs",
        kept.folder().display(),
        format::counted(tally.read, "new file", "new files"),
        format::counted(tally.rows, "row", "rows"),
        format::counted(tally.kept, "file", "files"),
    );
    if tally.replaced > 0 {
        message += &format!(
            "; {} had changed and were read again",
            format::count(tally.replaced)
        );
    }
    console.messages().info(&message);
}

/// Pieces from the first to the last that have no rows.
pub(super) fn missing(starts: &BTreeSet<i64>, by: &TimeGrouping) -> u64 {
    let (Some(first), Some(last)) = (starts.first(), starts.last()) else {
        return 0;
    };
    let next = |start: &i64| Some(by.every.after(*start, 1));
    let all = std::iter::successors(Some(*first), next).take_while(|start| start <= last);
    all.filter(|start| !starts.contains(start)).count() as u64
}

/// Pieces after the last that are over.
pub(super) fn behind(starts: &BTreeSet<i64>, by: &TimeGrouping) -> u64 {
    let Some(last) = starts.last() else { return 0 };
    let now = by.zone.civil(by.now);
    let next = |start: &i64| Some(by.every.after(*start, 1));
    let after = std::iter::successors(Some(by.every.after(*last, 1)), next);
    after
        .take_while(|start| by.every.after(*start, 1) <= now)
        .count() as u64
}

pub(super) fn say_gaps(
    report: &HistoryReport,
    starts: &BTreeSet<i64>,
    by: &TimeGrouping,
    console: &Console<'_>,
) {
    let name = |start: &i64| by.every.name(*start, by.every.after(*start, 1));
    if report.missing_pieces > 0 {
        let (first, last) = (starts.first().map(name), starts.last().map(name));
        let message = format!(
            "the history has gaps: {} of the {} pieces of {} from {} to {} have no rows",
            format::count(report.missing_pieces),
            format::count(report.missing_pieces + report.pieces),
            by.every,
            first.unwrap_or_default(),
            last.unwrap_or_default()
        );
        console.messages().warn(&message);
    }
    if report.pieces_behind > 0 {
        let message = format!(
            "the last rows are of {}: {} of {} have passed since then",
            starts.last().map(name).unwrap_or_default(),
            format::counted(report.pieces_behind, "piece", "pieces"),
            by.every
        );
        console.messages().info(&message);
    }
}
