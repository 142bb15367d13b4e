//! The part of a drift report that says what was taken out of a history, as data. Keeping it is the affair of
//! `history/`.

use serde::{Deserialize, Serialize};

/// What was taken out of a history, and what was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryReport {
    /// The folder of the history.
    pub folder: String,
    /// The last run that has added something, counted from 1: `drift verify` leaves out what came later.
    pub run: u64,
    /// Sources that were read by this run: files, objects, or pieces of what has no name.
    pub sources_read: u64,
    /// Those of them that had changed since an earlier run, and replace what was kept of them.
    pub sources_replaced: u64,
    /// Sources that were not read again.
    pub sources_kept: u64,
    /// Rows read by this run.
    pub rows_read: u64,
    /// Rows of all sources.
    pub rows: u64,
    /// Pieces of time that have rows.
    pub pieces: u64,
    /// Pieces of time from the first to the last that have none.
    pub missing_pieces: u64,
    /// Pieces of time that are over since the last one with rows: data that have not come yet.
    pub pieces_behind: u64,
}
