//! Counts a table in the database that holds it: what comes over the wire is groups and sums, and
//! what comes out is the same profile that reading the rows would make.
//!
//! A column with few distinct values is grouped by value: exact. A number column with many is
//! counted in stretches between edges: the edges that a check will need are among them and exact,
//! and no stretch holds more than about one in [`PARTS`] of the values unless they are one value.

mod by_piece;
mod count;
mod edges;
mod explain;
mod layout;
mod segment_keys;
mod statements;
mod statements_by_piece;
mod table;

pub(super) use self::by_piece::{count_by_piece, time_of};
pub(super) use self::count::{count, identifiers};
pub use self::explain::Explained;
pub(super) use self::explain::explain;
pub(super) use self::table::Table;
