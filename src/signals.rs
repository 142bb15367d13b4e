//! Signals of the process and who acts on them: a command that has work to finish, or the process
//! itself, which ends. What ending takes is the caller's affair.

use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// A signal that this program acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP; heard only while somebody [takes it](take_over).
    Hangup,
}

impl Signal {
    const fn of(number: i32) -> Self {
        match number {
            SIGINT => Self::Interrupt,
            SIGHUP => Self::Hangup,
            _ => Self::Terminate,
        }
    }
}

/// Tells whether it took care of the signal; if not, the process ends.
type Taker = Arc<dyn Fn(Signal) -> bool + Send + Sync>;

static TAKER: Mutex<Option<Taker>> = Mutex::new(None);
static HANDLE: Mutex<Option<Handle>> = Mutex::new(None);

/// Listens to SIGINT and SIGTERM, as PID 1 too, where the kernel's default would ignore them.
/// `end` is called for the first signal that nobody takes care of, on a thread of its own.
///
/// Does *not* fail if signals cannot be listened to: then the kernel's default stays, which is
/// right everywhere but as PID 1.
pub fn listen(end: impl FnOnce(Signal) + Send + 'static) {
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
        return;
    };
    *HANDLE.lock().unwrap_or_else(PoisonError::into_inner) = Some(signals.handle());
    let wait = move || {
        let unwanted = signals.forever().map(Signal::of).find(|signal| {
            let taker = TAKER.lock().unwrap_or_else(PoisonError::into_inner).clone();
            !taker.is_some_and(|take| take(*signal))
        });
        if let Some(signal) = unwanted {
            end(signal);
        }
    };
    let _ = std::thread::Builder::new()
        .name("signals".into())
        .spawn(wait);
}

/// Returns whether somebody decides about signals.
#[must_use]
pub fn are_taken_over() -> bool {
    let taker = TAKER.lock().unwrap_or_else(PoisonError::into_inner);
    taker.is_some()
}

/// Lets `take` decide about every signal, SIGHUP too, until the result is dropped. It returns
/// false for a signal that shall end the process at once. It is called on a thread of its own.
#[must_use]
pub fn take_over(take: impl Fn(Signal) -> bool + Send + Sync + 'static) -> TakenOver {
    *TAKER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(take));
    let handle = HANDLE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = handle.as_ref() {
        // Without it SIGHUP does what it does to every program: it ends it.
        let _ = handle.add_signal(SIGHUP);
    }
    TakenOver(())
}

/// As long as it lives, signals go to whom [`take_over`] was given.
#[derive(Debug)]
pub struct TakenOver(());

impl Drop for TakenOver {
    fn drop(&mut self) {
        *TAKER.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
