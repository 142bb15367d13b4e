//! What `churnctl drift` says of the history that it has read and kept.

use std::collections::{BTreeSet, HashMap};

use super::Console;
use crate::drift::history::HistoryReport;
use crate::history::{History, Recorded, Source};
use crate::profile::TimeGrouping;
use crate::reports::format;

/// Rows from which two sources with the same counts are not alike by chance.
pub(super) const TELLING: u64 = 100;

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

/// Warns of rows that seem to count twice: a table is told from others by its address as it is written, a file by its
/// place. `recorded` is what was read now, `moved` what it replaces, `there` the places of all files that there are.
pub(super) fn say_twice(
    recorded: &[Recorded],
    moved: &[Recorded],
    kept: &History,
    there: &BTreeSet<String>,
    console: &Console<'_>,
) {
    let replaced = recorded.iter().chain(moved);
    let replaced: BTreeSet<&str> = replaced.map(|one| &*one.source().key).collect();
    let known = kept.sources();
    let known: Vec<&Source> = known
        .filter(|known| !replaced.contains(&*known.key))
        .collect();
    let by_counts: HashMap<&str, &Source> = known
        .iter()
        .flat_map(|known| known.counts().map(|(sha256, _)| (sha256, *known)))
        .collect();
    let is_gone = |known: &&&Source| known.version.is_some() && !there.contains(&known.key);
    let gone = known.iter().filter(is_gone);
    let by_rows: HashMap<Vec<(i64, u64)>, &Source> =
        gone.map(|known| (known.rows_by_piece(), *known)).collect();
    let new = recorded.iter().map(Recorded::source);
    let new = new.filter(|one| kept.source(&one.key).is_none());
    let (mut rows, mut first) = (0, None);
    let mut alike = Vec::new();
    for one in new {
        let before = rows;
        for (sha256, piece) in one.counts() {
            if let Some(known) = by_counts.get(sha256) {
                rows += piece;
                first = first.or(Some((one, *known)));
            }
        }
        let pieces = one.rows_by_piece();
        let is_told = rows > before || one.version.is_none() || pieces.is_empty();
        if !is_told
            && one.rows >= TELLING
            && let Some(known) = by_rows.get(&pieces)
        {
            alike.push((one, *known));
        }
    }
    if let [(one, known), ..] = alike.as_slice() {
        let more = match alike.len() - 1 {
            0 => String::new(),
            more => format!(
                "; so with {} more",
                format::counted(more as u64, "file", "files")
            ),
        };
        console.messages().warn(&format!(
            "{} has as many rows in each piece of time as {}, which is gone, and both count{more}: if it is the same \
             data in another form, begin a new history",
            one.name, known.name
        ));
    }
    if let (TELLING.., Some((one, known))) = (rows, first) {
        console.messages().warn(&format!(
            "{} of {} seem to count twice, since the history has the same counts of {}: a table is told from others by \
             its address as it is written, `where` included, and a file by its place",
            format::counted(rows, "row", "rows"),
            one.name,
            known.name
        ));
    }
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
