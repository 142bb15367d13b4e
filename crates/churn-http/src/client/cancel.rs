//! A call that somebody no longer wants to wait for. Blocking sockets cannot be woken from outside, so
//! an attempt is made on a thread of its own, and left to itself when its answer is of no use any more.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use churn_base::threads::beside;

use crate::stop::Stop;

/// How often a wait looks whether it is still wanted: a person does not notice.
const LOOK: Duration = Duration::from_millis(20);

/// When calls end early: so long after a switch was turned.
#[derive(Debug, Clone)]
pub struct Cancel {
    stop: Stop,
    grace: Duration,
}

impl Cancel {
    /// Ends calls as soon as this switch is turned.
    #[must_use]
    pub const fn at_once(stop: Stop) -> Self {
        Self::after(stop, Duration::ZERO)
    }

    /// Leaves so much time from the moment that the switch is turned: for taking back what was done.
    #[must_use]
    pub const fn after(stop: Stop, grace: Duration) -> Self {
        Self { stop, grace }
    }

    /// Tells whether calls are to end.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let since = self.stop.since();
        since.is_some_and(|since| since.elapsed() >= self.grace)
    }

    /// Waits, and tells whether it was for the whole pause.
    #[must_use]
    pub fn pause(&self, pause: Duration) -> bool {
        let begin = Instant::now();
        loop {
            if self.is_due() {
                return false;
            }
            let left = pause.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return true;
            }
            // Until the switch is turned nothing changes; from then on the clock decides.
            if self.stop.is_triggered() {
                std::thread::sleep(left.min(LOOK));
            } else {
                let _ = self.stop.wait_timeout(left);
            }
        }
    }

    /// Runs to its end, unless calls are to end before: then none, and the work goes on alone.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if self.is_due() {
            return None;
        }
        let (done, result) = channel();
        let work = move || {
            // Nobody may be there any more to take it.
            let _ = done.send(work());
        };
        // Without a thread for it the wait is here, and cannot be ended before.
        if let Err(work) = beside("call", work) {
            work();
        }
        loop {
            match result.recv_timeout(LOOK) {
                Ok(result) => return Some(result),
                Err(RecvTimeoutError::Timeout) if !self.is_due() => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon(stop: &Stop) {
        let stop = stop.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            stop.trigger();
        });
    }

    #[test]
    fn work_that_hangs_and_pauses_end_with_the_switch() {
        let stop = Stop::new();
        let cancel = Cancel::at_once(stop.clone());
        assert_eq!(cancel.run(|| 7), Some(7));
        assert!(cancel.pause(Duration::from_millis(1)));
        soon(&stop);
        let begin = Instant::now();
        let hangs = || std::thread::sleep(Duration::from_secs(60));
        assert_eq!(cancel.run(hangs), None);
        assert!(!cancel.pause(Duration::from_secs(60)));
        assert_eq!(cancel.run(|| 7), None);
        assert!(begin.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_grace_leaves_time_to_take_back_what_was_done() {
        let stop = Stop::new();
        let cancel = Cancel::after(stop.clone(), Duration::from_millis(300));
        stop.trigger();
        assert!(!cancel.is_due());
        assert_eq!(cancel.run(|| 7), Some(7));
        let begin = Instant::now();
        assert!(!cancel.pause(Duration::from_secs(60)));
        assert!(begin.elapsed() < Duration::from_secs(30));
        assert!(cancel.is_due());
    }
}
