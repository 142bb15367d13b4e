//! What the readers of a table share: what to read and into which sinks, what came of it, why it stopped.

use std::io;

use churn_base::progress::Progress;

use super::error::DataError;
use super::json::JsonScanner;
use super::nulls::NullTexts;
use super::record::{Block, Scanned, Scanner};
use super::row::Row;
use super::shard::Shard;

/// How to read a table.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// Between two fields; a comma if not given.
    pub delimiter: Option<u8>,
    /// Threads to read with, at least 1.
    pub threads: usize,
    /// The part to read; all if none.
    pub shard: Option<Shard>,
    /// What else stands for a missing value.
    pub nulls: NullTexts,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            delimiter: None,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            shard: None,
            nulls: NullTexts::default(),
        }
    }
}

/// Splits blocks into rows, in whichever form they are written.
#[derive(Debug, Clone)]
pub(super) enum RowScanner {
    Csv(Scanner),
    Json(JsonScanner),
}

impl RowScanner {
    /// Hands every complete row of `block` to `on_row`.
    #[inline]
    pub(super) fn scan(&mut self, block: Block<'_>, on_row: impl FnMut(&Row<'_>)) -> Scanned {
        match self {
            Self::Csv(scanner) => scanner.scan(block, on_row),
            Self::Json(scanner) => scanner.scan(block, on_row),
        }
    }

    /// Returns the column in which a line stands after the bytes `start` of it, if that is plain.
    pub(super) fn column_at(&self, start: &[u8]) -> Option<usize> {
        match self {
            Self::Csv(scanner) => Some(scanner.column_at(start)),
            Self::Json(_) => None,
        }
    }
}

/// What the readers need to know about a table.
pub(super) struct Job<'a, Make> {
    pub(super) scanner: &'a RowScanner,
    pub(super) file: u32,
    pub(super) make: &'a Make,
    pub(super) progress: &'a dyn Progress,
    /// Columns in this file's order, to name them in errors.
    pub(super) columns: &'a [String],
}

/// What a reader made of a table.
pub(super) struct ReadTable<S> {
    pub(super) sinks: Vec<S>,
    pub(super) rows: u64,
    pub(super) blank_lines: u64,
    pub(super) header_rows: u64,
    /// Lines of the body before the first of them.
    pub(super) first_header_row: Option<u64>,
    pub(super) chunk_lines: Vec<u64>,
}

impl<S> ReadTable<S> {
    /// Adds the rows of a block that say the header again; `lines` are before the block.
    pub(super) fn add_headers(&mut self, lines: u64, count: u64, first: Option<u64>) {
        self.header_rows += count;
        let first = first.map(|line| lines + line);
        self.first_header_row = self.first_header_row.or(first);
    }
}

impl<S> Default for ReadTable<S> {
    fn default() -> Self {
        Self {
            sinks: Vec::new(),
            rows: 0,
            blank_lines: 0,
            header_rows: 0,
            first_header_row: None,
            chunk_lines: Vec::new(),
        }
    }
}

/// A faulty row: how many lines of the body precede it.
pub(super) struct Fault {
    pub(super) line: u64,
    pub(super) column: Option<usize>,
    pub(super) error: DataError,
}

/// Why a reader stopped.
pub(super) enum Stop {
    /// A row is bad.
    Row(Fault),
    /// The bytes cannot be read.
    Io(io::Error),
    /// The parallel reader met a line break inside quotes.
    QuotedLineBreak,
}
