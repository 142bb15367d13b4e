//! Threads, of which the system may have fewer than are wanted (`ulimit -u`, a cgroup's `pids.max`):
//! work that can be shared is done by as many as there are, and nothing here panics for want of one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// Computes `task(0)` to `task(count - 1)` on up to `threads` threads; results come in order, so that how many
/// threads there are changes nothing but the time.
pub fn in_order<T: Send>(threads: usize, count: usize, task: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = threads.clamp(1, count.max(1));
    if threads == 1 {
        return (0..count).map(task).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return done;
            }
            done.push((index, task(index)));
        }
    };
    let done = side_by_side(threads, work, work);
    let mut done: Vec<(usize, T)> = done.into_iter().flatten().collect();
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// As [`in_order`], of things that each task consumes.
pub fn each_in_order<I: Send, T: Send>(
    threads: usize,
    items: Vec<I>,
    task: impl Fn(I) -> T + Sync,
) -> Vec<T> {
    let items: Vec<Mutex<Option<I>>> = items
        .into_iter()
        .map(|item| Mutex::new(Some(item)))
        .collect();
    let done = in_order(threads, items.len(), |index| {
        // Each is taken once, and nobody panics with it in hand.
        let item = items[index].lock().ok().and_then(|mut item| item.take());
        item.map(&task)
    });
    done.into_iter().flatten().collect()
}

/// Returns how many threads to use where the caller has no wish.
#[must_use]
pub fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
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
    fn results_come_in_order_for_any_number_of_threads() {
        let expected: Vec<usize> = (0..100).map(|index| index * index).collect();
        for threads in [0, 1, 2, 7, 200] {
            assert_eq!(in_order(threads, 100, |index| index * index), expected);
            let items: Vec<usize> = (0..100).collect();
            assert_eq!(each_in_order(threads, items, |item| item * item), expected);
        }
        assert!(in_order(3, 0, |index| index).is_empty());
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
