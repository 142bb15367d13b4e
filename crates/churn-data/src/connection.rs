//! What a connection to a database can do beside counting.

use std::io;
use std::sync::mpsc::Receiver;

use super::sql::Engine;

/// What a connection must also be able to do: hand all rows on.
pub(super) trait Connection: Engine {
    /// Gives the connection up for the rows of a statement as CSV with a header.
    fn into_csv(self: Box<Self>, sql: String) -> Receiver<io::Result<Vec<u8>>>;
}
