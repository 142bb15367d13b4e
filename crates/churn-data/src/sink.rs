//! Who takes the rows of a data set.

use super::columns::ColumnTask;
use super::row::Row;

/// Takes the rows of a data set. One is made for each thread and file.
pub trait RowSink: Send {
    /// Takes one row. Rows of a thread come in the file's order; threads interleave.
    fn row(&mut self, row: &Row<'_>);

    /// All rows of a chunk have been taken; chunks of a thread come in the file's order. Files
    /// are read one after another, but a file may begin anew from its first chunk: then it is
    /// made new sinks, and what it had given before does not count.
    fn end_chunk(&mut self, _file: u32, _chunk: u32) {}

    /// Returns who takes the columns of a source that stores columns; none to take rows. Rows
    /// that go by column are in no call of [`RowSink::row`].
    fn by_column(&mut self) -> Option<Vec<ColumnTask<'_>>> {
        None
    }

    /// Adds what another sink of the same kind has taken.
    fn merge(&mut self, other: Self)
    where
        Self: Sized;
}
