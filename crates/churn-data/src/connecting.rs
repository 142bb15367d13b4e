//! What the clients of all databases share: patience in connecting, and rows sent by a thread of their own.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use churn_base::deadlines::Overdue;
use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::panics::NO_THREADS_HINT;
use churn_base::threads::beside;

/// Lets a thread of its own send rows.
pub(super) fn sent_by(
    send: impl FnOnce(SyncSender<io::Result<Vec<u8>>>) + Send + 'static,
) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = sync_channel(8);
    let told = sender.clone();
    if beside("rows", move || send(sender)).is_err() {
        let error =
            Error::new(ExitCode::Io, "cannot start a thread for the rows").hint(NO_THREADS_HINT);
        // It keeps its words and its code on its way through the reader.
        let _ = told.send(Err(io::Error::other(error)));
    }
    receiver
}

/// The error of a database that keeps us waiting.
pub(super) fn late(overdue: Overdue) -> Error {
    let longer = format!(
        "is it healthy? where it needs more time, set {} in churnctl.toml, or {}",
        overdue.setting(),
        overdue.variable()
    );
    Error::new(ExitCode::Unavailable, "the database keeps us waiting")
        .because(overdue)
        .hint(longer)
}

/// Connects, four times at most while what goes wrong may pass: a server may be starting.
pub(super) fn connect_with_retry<T, E>(
    mut open: impl FnMut() -> Result<T, E>,
    is_retryable: impl Fn(&E) -> bool,
) -> Result<T, E> {
    for wait_ms in [250, 750, 2000] {
        match open() {
            Err(error) if is_retryable(&error) => {
                std::thread::sleep(Duration::from_millis(wait_ms));
            }
            outcome => return outcome,
        }
    }
    open()
}
