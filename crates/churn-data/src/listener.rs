//! Somebody who takes the rows of a data set beside the sink that it is read into, without the reader's
//! knowing.

use std::fmt;
use std::sync::Arc;

use super::columns::ColumnTask;
use super::row::Row;
use super::sink::RowSink;

/// Makes one who listens for each thread and file.
pub trait RowListener: Send + Sync {
    /// Makes one.
    fn listen(self: Arc<Self>) -> Box<dyn Listening>;
}

/// Takes rows.
pub trait Listening: Send {
    /// Takes one row. Rows of a thread come in the file's order; threads interleave.
    fn row(&mut self, row: &Row<'_>);

    /// What was taken counts. Where a file begins anew, this is not said.
    fn keep(self: Box<Self>);
}

/// A listener and the columns that it looks at.
#[derive(Clone)]
pub struct Listener {
    listener: Arc<dyn RowListener>,
    pub(super) columns: Vec<usize>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl Listener {
    /// Names the columns that a listener looks at.
    #[must_use]
    pub fn new(listener: Arc<impl RowListener + 'static>, columns: Vec<usize>) -> Self {
        Self { listener, columns }
    }

    /// Makes a sink that is heard.
    pub(super) fn beside<S>(&self, sink: S) -> Heard<S> {
        Heard {
            sink,
            listening: Arc::clone(&self.listener).listen(),
        }
    }
}

/// A sink beside which somebody listens. Rows go by row: those who listen see them whole.
pub(super) struct Heard<S> {
    pub(super) sink: S,
    listening: Box<dyn Listening>,
}

impl<S: RowSink> RowSink for Heard<S> {
    fn row(&mut self, row: &Row<'_>) {
        self.sink.row(row);
        self.listening.row(row);
    }

    fn end_chunk(&mut self, file: u32, chunk: u32) {
        self.sink.end_chunk(file, chunk);
    }

    fn by_column(&mut self) -> Option<Vec<ColumnTask<'_>>> {
        None
    }

    fn merge(&mut self, other: Self) {
        self.sink.merge(other.sink);
        other.listening.keep();
    }
}
