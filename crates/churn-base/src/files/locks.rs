//! Locks that keep runs apart, which some file systems refuse.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Locks a file against other processes. Where the file system refuses locks, as NFS without its lock
/// daemon does, the caller goes on without: a lock keeps runs apart that nobody should start at once,
/// and is not what makes a file whole. [`locks_are_refused`] tells.
///
/// # Errors
/// Fails as locking does for any other reason.
pub fn lock(file: &File) -> io::Result<()> {
    match file.lock() {
        Err(error) if is_refusal(&error) => {
            LOCKS_REFUSED.store(true, Ordering::Relaxed);
            Ok(())
        }
        outcome => outcome,
    }
}

/// Returns whether a file system has refused a lock that would have been a comfort.
#[must_use]
pub fn locks_are_refused() -> bool {
    LOCKS_REFUSED.load(Ordering::Relaxed)
}

static LOCKS_REFUSED: AtomicBool = AtomicBool::new(false);

/// Returns whether a file system says that it does not do this at all, to anyone.
pub(super) fn is_refusal(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let refusals = [
        Errno::ENOLCK,
        Errno::ENOSYS,
        Errno::EOPNOTSUPP,
        Errno::EINVAL,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| refusals.contains(&Errno::from_raw(code)))
}
