//! The rows of the user that `churnctl drift mutate` draws windows from, and a window as a file that a check can read.

use std::collections::BTreeMap;
use std::path::Path;

use super::Console;
use crate::data::{CsvLines, DataSet, Fields, Row, RowPlace, RowSink};
use crate::drift::mutation::Cells;
use crate::error::{Error, Result};
use crate::stats::bootstrap::SplitMix64;

/// Most rows that are kept: windows are far smaller.
const MOST_ROWS: usize = 100_000;

/// Rows with the lowest hashes of their places: the same ones with any number of threads.
struct Kept {
    columns: usize,
    rows: BTreeMap<(u64, RowPlace), Cells>,
}

impl RowSink for Kept {
    fn row(&mut self, row: &Row<'_>) {
        let place = row.place();
        let mut hash = SplitMix64::new(u64::from(place.file));
        for part in [place.chunk, place.line] {
            hash = SplitMix64::new(hash.next_u64() ^ u64::from(part));
        }
        let key = (hash.next_u64(), place);
        let is_late = |last: &(u64, RowPlace)| key > *last;
        if self.rows.len() == MOST_ROWS
            && self
                .rows
                .last_key_value()
                .is_some_and(|(last, _)| is_late(last))
        {
            return;
        }
        let cells = (0..self.columns)
            .map(|column| String::from_utf8_lossy(&row.field(column)).into_owned());
        self.rows.insert(key, cells.collect());
        self.shorten();
    }

    fn merge(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.shorten();
    }
}

impl Kept {
    fn shorten(&mut self) {
        while self.rows.len() > MOST_ROWS {
            self.rows.pop_last();
        }
    }
}

/// Reads the rows: the names of the columns, and a sample of at most 100,000.
pub(super) fn read(data: DataSet, console: &Console<'_>) -> Result<(Vec<String>, Vec<Cells>)> {
    let columns = data.columns().to_vec();
    let progress = console.progress();
    progress.stage(&format!("reading {}", data.name()), data.bytes());
    let make = || Kept {
        columns: columns.len(),
        rows: BTreeMap::new(),
    };
    let read = data.read(&make, progress);
    progress.finish();
    let (kept, _) = read?;
    Ok((columns, kept.rows.into_values().collect()))
}

/// Writes rows as CSV, read as the baseline is; `time` is a column with a text for each row, in place of one of that name.
pub(super) fn write(
    path: &Path,
    columns: &[String],
    rows: &[Cells],
    (delimiter, time): (u8, Option<(&str, &[String])>),
) -> Result<()> {
    let kept: Vec<usize> = (0..columns.len())
        .filter(|at| time.is_none_or(|(name, _)| columns[*at] != name))
        .collect();
    let (mut lines, mut line) = (CsvLines::delimited_by(delimiter), Fields::default());
    let named = kept.iter().map(|at| columns[*at].as_str());
    for name in named.chain(time.map(|(name, _)| name)) {
        line.push(name.as_bytes());
    }
    lines.add(&line);
    for (row, cells) in rows.iter().enumerate() {
        line.clear();
        for &at in &kept {
            line.push(cells[at].as_bytes());
        }
        if let Some((_, times)) = time {
            line.push(times[row].as_bytes());
        }
        lines.add(&line);
    }
    std::fs::write(path, lines.take()).map_err(|error| Error::io("write", path, error))
}
