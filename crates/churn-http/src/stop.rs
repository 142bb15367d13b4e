//! One wish to stop, heard by threads and by tasks alike.

use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use churn_base::signals::{Signal, TakenOver, take_over};
use tokio::sync::watch;

/// Signals that come so soon after each other are one wish.
const SAME_WISH: Duration = Duration::from_secs(1);

/// A switch that is turned once. Clones are the same switch.
#[derive(Debug, Clone)]
pub struct Stop(Arc<Switch>);

#[derive(Debug)]
struct Switch {
    stopped: Mutex<bool>,
    turned: Condvar,
    since: OnceLock<Instant>,
    tasks: watch::Sender<bool>,
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// Makes a switch that nobody has turned.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Switch {
            stopped: Mutex::new(false),
            turned: Condvar::new(),
            since: OnceLock::new(),
            tasks: watch::Sender::new(false),
        }))
    }

    /// Turns the switch; a second time changes nothing.
    pub fn trigger(&self) {
        self.0.since.get_or_init(Instant::now);
        // First: a thread that wakes asks whether the switch is turned.
        self.0.tasks.send_replace(true);
        *self
            .0
            .stopped
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.0.turned.notify_all();
    }

    /// Returns when the switch was turned, if it was.
    #[must_use]
    pub fn since(&self) -> Option<Instant> {
        self.0.since.get().copied()
    }

    /// Tells whether the switch was turned.
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        *self.0.tasks.borrow()
    }

    /// Waits on this thread until the switch is turned, at most this long, and tells whether it was.
    #[must_use]
    pub fn wait_timeout(&self, most: Duration) -> bool {
        let stopped = self
            .0
            .stopped
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .0
            .turned
            .wait_timeout_while(stopped, most, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits in a task until the switch is turned.
    pub async fn wait(&self) {
        // The sender lives as long as `self`: this cannot fail.
        let _ = self.0.tasks.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Turns the switch for a signal and tells whether the process may go on to its end: not if it
    /// was turned before, since whoever sends a second signal does not want to wait. One that comes
    /// within a second is the first once more: `timeout` and shells signal both a process and its
    /// group.
    #[must_use]
    pub fn trigger_by_signal(&self) -> bool {
        let before = self.since();
        self.trigger();
        before.is_none_or(|since| since.elapsed() < SAME_WISH)
    }

    /// Turns the switch on SIGTERM and SIGINT as long as the result lives, as
    /// [`trigger_by_signal`](Self::trigger_by_signal) does. SIGHUP calls `hangup`.
    pub fn on_signals(&self, hangup: impl Fn() + Send + Sync + 'static) -> TakenOver {
        let stop = self.clone();
        take_over(move |signal| match signal {
            Signal::Hangup => {
                hangup();
                true
            }
            Signal::Interrupt | Signal::Terminate => stop.trigger_by_signal(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_hears_of_it_and_does_not_wait_longer_than_it_wants() {
        let stop = Stop::new();
        assert!(!stop.wait_timeout(Duration::from_millis(1)));
        let other = stop.clone();
        let waiter = std::thread::spawn(move || other.wait_timeout(Duration::from_secs(60)));
        stop.trigger();
        assert!(waiter.join().expect("no panic"));
        assert!(stop.is_triggered() && stop.wait_timeout(Duration::ZERO));
    }

    /// GNU timeout sends its signal to the process and then to the process group.
    #[test]
    fn a_signal_right_after_the_first_is_the_same_wish() {
        let stop = Stop::new();
        assert!(stop.trigger_by_signal() && stop.is_triggered());
        assert!(stop.trigger_by_signal());
        std::thread::sleep(SAME_WISH);
        assert!(!stop.trigger_by_signal());
    }

    #[tokio::test]
    async fn a_task_hears_of_it_before_and_after() {
        let stop = Stop::new();
        let other = stop.clone();
        let waiter = tokio::spawn(async move { other.wait().await });
        stop.trigger();
        waiter.await.expect("no panic");
        stop.wait().await;
    }
}
