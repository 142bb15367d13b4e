//! Counts a table in the database that holds it: what comes over the wire is groups and sums, and
//! what comes out is the same profile that reading the rows would make.
//!
//! A column with few distinct values is grouped by value: exact. A number column with many is
//! grouped by the cells of the grid in which a file's numbers would be counted, cut where a check
//! needs exact counts: only mean and standard deviation are sums of doubles.

mod by_piece;
mod cells;
mod count;
mod explain;
mod joined;
mod layout;
mod moments;
mod octaves;
mod segment_keys;
mod statements;
mod statements_by_piece;
mod table;

pub(super) use self::by_piece::{count_by_piece, time_of};
pub(super) use self::count::{count, identifiers};
pub use self::explain::Explained;
pub(super) use self::explain::explain;
pub(crate) use self::joined::{JoinedCounts, count_joined};
pub(crate) use self::table::Table;
