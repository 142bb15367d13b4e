//! Waiting for something to come true, that a signal cuts short.

use std::time::{Duration, Instant};

use crate::error::Result;
use crate::http::stop::Stop;

/// How often a server is asked while we wait: often enough to see a group of one second.
const EVERY: Duration = Duration::from_millis(200);

/// The wish to stop was turned while we waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// What a wait came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waited<T> {
    /// It came true, after so long.
    Came(T, Duration),
    /// It did not.
    InVain,
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
    ) -> Result<Result<Waited<T>>, Interrupted> {
        let begin = Instant::now();
        loop {
            self.check()?;
            match ask() {
                Ok(Some(found)) => return Ok(Ok(Waited::Came(found, begin.elapsed()))),
                Ok(None) => {}
                Err(error) => return Ok(Err(error)),
            }
            if begin.elapsed() >= most {
                return Ok(Ok(Waited::InVain));
            }
            if self.stop.wait_timeout(EVERY) {
                return Err(Interrupted);
            }
        }
    }
}
