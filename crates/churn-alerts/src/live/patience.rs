//! Waiting for something to come true, that a signal cuts short.

use std::time::{Duration, Instant};

use churn_base::error::Result;
use churn_http::client::Cancel;
use churn_http::stop::Stop;

/// How often a server is asked while we wait: often enough to see a group of one second.
const EVERY: Duration = Duration::from_millis(200);
/// How long taking back may go on after a signal: whoever sent it waits for our end.
const GRACE: Duration = Duration::from_millis(1_200);

/// The wish to stop was turned while we waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// What a wait came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollOutcome<T> {
    /// It came true, after so long.
    Came(T, Duration),
    /// It did not.
    TimedOut,
}

/// Waits, unless somebody wants to stop.
#[derive(Debug, Clone)]
pub struct Patience {
    stop: Stop,
}

impl Patience {
    /// Waits until this switch is turned.
    #[must_use]
    pub const fn new(stop: Stop) -> Self {
        Self { stop }
    }

    /// Returns what ends a call to a server with the signal.
    #[must_use]
    pub fn cancel(&self) -> Cancel {
        Cancel::at_once(self.stop.clone())
    }

    /// Returns what ends a call that takes something back: a little after the signal.
    #[must_use]
    pub fn cancel_clean_up(&self) -> Cancel {
        Cancel::after(self.stop.clone(), GRACE)
    }

    /// Tells whether somebody wants to stop.
    ///
    /// # Errors
    /// Fails if so.
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.stop.is_triggered() {
            Err(Interrupted)
        } else {
            Ok(())
        }
    }

    /// Asks again and again, at most this long.
    ///
    /// # Errors
    /// The outer one if somebody wants to stop, the inner one as `ask` does.
    pub fn wait<T>(
        &self,
        most: Duration,
        mut ask: impl FnMut() -> Result<Option<T>>,
    ) -> Result<Result<PollOutcome<T>>, Interrupted> {
        let begin = Instant::now();
        loop {
            self.check()?;
            match ask() {
                Ok(Some(found)) => return Ok(Ok(PollOutcome::Came(found, begin.elapsed()))),
                Ok(None) => {}
                Err(error) => return Ok(Err(error)),
            }
            if begin.elapsed() >= most {
                return Ok(Ok(PollOutcome::TimedOut));
            }
            if self.stop.wait_timeout(EVERY) {
                return Err(Interrupted);
            }
        }
    }

    /// Asks again and again whether something was taken back, at most this long, and only a little
    /// longer once there was a signal. Returns the last answer that was not yes; an error is one that
    /// asking again does not change.
    pub(super) fn settle<L>(
        &self,
        most: Duration,
        mut ask: impl FnMut() -> Result<Option<L>, L>,
    ) -> Result<(), L> {
        let (begin, cancel) = (Instant::now(), self.cancel_clean_up());
        loop {
            let Some(left) = ask()? else {
                return Ok(());
            };
            if begin.elapsed() >= most || !cancel.pause(EVERY) {
                return Err(left);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_back_goes_on_for_a_moment_after_a_signal_and_no_longer() {
        let stop = Stop::new();
        let patience = Patience::new(stop.clone());
        let mut asked = 0;
        let third = || {
            asked += 1;
            Ok((asked < 3).then_some(asked))
        };
        assert_eq!(patience.settle(Duration::from_secs(60), third), Ok(()));
        assert_eq!(patience.settle(Duration::ZERO, || Ok(Some(7))), Err(7));
        assert_eq!(patience.settle(Duration::from_secs(60), || Err(8)), Err(8));
        stop.trigger();
        let begin = Instant::now();
        let never = || Ok(Some("there"));
        assert_eq!(
            patience.settle(Duration::from_secs(600), never),
            Err("there")
        );
        assert!(begin.elapsed() >= GRACE && begin.elapsed() < Duration::from_secs(60));
    }
}
