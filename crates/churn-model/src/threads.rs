//! Work shared among threads, with results in the order of the tasks: how many threads there
//! are changes nothing but the time.

use std::sync::atomic::{AtomicUsize, Ordering};

use churn_base::threads::side_by_side;

/// Computes `task(0)` to `task(count - 1)` on up to `threads` threads; results come in order.
pub(super) fn in_order<T: Send>(
    threads: usize,
    count: usize,
    task: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
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

/// Returns how many threads to use where the caller has no wish.
pub(super) fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Cuts `rows` into blocks whose size does not depend on the number of threads.
pub(super) fn blocks(rows: usize, size: usize) -> impl Fn(usize) -> std::ops::Range<usize> {
    move |index| index * size..((index + 1) * size).min(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_for_any_number_of_threads() {
        let expected: Vec<usize> = (0..100).map(|index| index * index).collect();
        for threads in [0, 1, 2, 7, 200] {
            assert_eq!(in_order(threads, 100, |index| index * index), expected);
        }
        assert!(in_order(3, 0, |index| index).is_empty());
    }

    #[test]
    fn blocks_cover_all_rows_once() {
        let block = blocks(10, 4);
        assert_eq!([block(0), block(1), block(2)], [0..4, 4..8, 8..10]);
    }
}
