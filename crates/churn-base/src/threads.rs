//! Threads, of which the system may have fewer than are wanted (`ulimit -u`, a cgroup's `pids.max`):
//! work that can be shared is done by as many as there are, and nothing here panics for want of one.

use std::thread::Builder;

use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::panics::{NO_THREADS_HINT, contained};

/// Does `own` on this thread and `other` on up to `threads - 1` more, and returns what came of each, of
/// this thread's first. A panic of any is passed on.
///
/// The work must be such that fewer threads do all of it, as those do that take the next task until
/// there is none.
pub fn side_by_side<T: Send>(
    threads: usize,
    own: impl FnOnce() -> T,
    other: impl Fn() -> T + Sync,
) -> Vec<T> {
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map_while(|_| Builder::new().spawn_scoped(scope, &other).ok())
            .collect();
        let mut done = vec![own()];
        for other in others {
            match other.join() {
                Ok(result) => done.push(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}

/// Starts a thread of its own for something that goes on beside; none if there is none to be had.
/// `work` is then given back.
pub fn beside<W: FnOnce() + Send + 'static>(name: &str, work: W) -> Result<(), W> {
    // A thread that does not start drops what it was given: the work comes when it has started.
    let (give, take) = std::sync::mpsc::sync_channel::<W>(1);
    let thread = Builder::new().name(name.to_owned()).spawn(move || {
        if let Ok(work) = take.recv() {
            work();
        }
    });
    match thread {
        Ok(_) => give.send(work).map_err(|unsent| unsent.0),
        Err(_) => Err(work),
    }
}

/// Starts the threads of a runtime.
///
/// # Errors
/// I/O (74) if there are none to be had.
pub fn runtime(builder: &mut tokio::runtime::Builder, of: &str) -> Result<tokio::runtime::Runtime> {
    let failed = || {
        Error::new(ExitCode::Io, format!("cannot start the threads of {of}")).hint(NO_THREADS_HINT)
    };
    // The library panics where there is no thread for the first worker.
    match contained(|| builder.build()) {
        Ok(built) => built.map_err(|error| failed().because(error)),
        Err(said) => Err(failed().because(said)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_done_and_this_threads_part_comes_first() {
        for threads in [0, 1, 2, 5] {
            let done = side_by_side(threads, || "own", || "other");
            assert_eq!(done.len(), threads.max(1));
            assert!(done[0] == "own" && done[1..].iter().all(|part| *part == "other"));
        }
    }

    #[test]
    fn work_beside_is_done() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let begun = beside("test", move || {
            let _ = sender.send(7);
        });
        assert!(begun.is_ok());
        assert_eq!(receiver.recv(), Ok(7));
    }
}
