//! Signals of the process and who acts on them: a command that has work to finish, or the process
//! itself, which ends. What ending takes is the caller's affair.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use signal_hook::iterator::{Handle, SignalsInfo};
use signal_hook::low_level::siginfo::Cause;

use crate::threads::beside;

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

/// A signal as it came, for whoever passes signals on to another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caught {
    /// Its number.
    pub number: i32,
    /// Whether the kernel sent it, as for Ctrl-C: then it went to every process at the terminal.
    pub from_terminal: bool,
}

/// Tells whether it took care of the signal; if not, the process ends.
type Taker = Arc<dyn Fn(Signal, Caught) -> bool + Send + Sync>;

static TAKER: Mutex<Option<Taker>> = Mutex::new(None);
static HANDLE: Mutex<Option<Handle>> = Mutex::new(None);

/// A signal is ending the process.
static IS_ENDING: AtomicBool = AtomicBool::new(false);
/// Not for ever: a process that does not end must say something.
const MOST_PATIENCE: Duration = Duration::from_secs(15);

type Act = Arc<dyn Fn() + Send + Sync>;

/// What is done before a signal ends the process, by number, and the next number.
static BEFORE_END: Mutex<(Vec<(u64, Act)>, u64)> = Mutex::new((Vec::new(), 0));

/// Listens to SIGINT and SIGTERM, as PID 1 too, where the kernel's default would ignore them.
/// `end` is called for the first signal that nobody takes care of, on a thread of its own.
///
/// Does *not* fail if signals cannot be listened to: then the kernel's default stays, which is
/// right everywhere but as PID 1.
pub fn listen(end: impl FnOnce(Signal) + Send + 'static) {
    let (give, take) = channel::<SignalsInfo<WithOrigin>>();
    let wait = move || {
        let Ok(mut signals) = take.recv() else {
            return;
        };
        let unwanted = signals.forever().find(|origin| {
            let caught = Caught {
                number: origin.signal,
                from_terminal: matches!(origin.cause, Cause::Kernel),
            };
            let taker = TAKER.lock().unwrap_or_else(PoisonError::into_inner).clone();
            !taker.is_some_and(|take| take(Signal::of(origin.signal), caught))
        });
        if let Some(origin) = unwanted {
            IS_ENDING.store(true, Ordering::SeqCst);
            let acts = BEFORE_END
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .0
                .clone();
            acts.iter().for_each(|(_, act)| act());
            end(Signal::of(origin.signal));
        }
    };
    // First the thread: signals that are caught and that nobody hears would end nothing any more.
    if beside("signals", wait).is_err() {
        return;
    }
    let Ok(signals) = SignalsInfo::<WithOrigin>::new([SIGINT, SIGTERM]) else {
        return;
    };
    *HANDLE.lock().unwrap_or_else(PoisonError::into_inner) = Some(signals.handle());
    let _ = give.send(signals);
}

/// Returns whether somebody decides about signals.
#[must_use]
pub fn are_taken_over() -> bool {
    let taker = TAKER.lock().unwrap_or_else(PoisonError::into_inner);
    taker.is_some()
}

/// Lets `act` be called before a signal ends the process, until the result is dropped: for what
/// would go on elsewhere. It is called on a thread of its own and should not take long.
#[must_use]
pub fn before_end(act: impl Fn() + Send + Sync + 'static) -> BeforeEnd {
    let mut acts = BEFORE_END.lock().unwrap_or_else(PoisonError::into_inner);
    acts.1 += 1;
    let number = acts.1;
    acts.0.push((number, Arc::new(act)));
    listen_to(&[SIGHUP]);
    BeforeEnd(number)
}

/// Waits for the end of the process if a signal is ending it: for failures that come of that
/// alone and shall not be told.
pub fn stay_if_ending() {
    if IS_ENDING.load(Ordering::SeqCst) {
        std::thread::sleep(MOST_PATIENCE);
    }
}

/// As long as it lives, what [`before_end`] was given is done when a signal ends the process.
#[derive(Debug)]
pub struct BeforeEnd(u64);

impl Drop for BeforeEnd {
    fn drop(&mut self) {
        let mut acts = BEFORE_END.lock().unwrap_or_else(PoisonError::into_inner);
        acts.0.retain(|(number, _)| *number != self.0);
    }
}

/// Lets `take` decide about every signal, SIGHUP too, until the result is dropped. It returns
/// false for a signal that shall end the process at once. It is called on a thread of its own.
#[must_use]
pub fn take_over(take: impl Fn(Signal) -> bool + Send + Sync + 'static) -> TakenOver {
    hand(Arc::new(move |signal, _| take(signal)), &[SIGHUP])
}

/// Lets `pass` have every signal that would end the process, until the result is dropped: for a
/// command that stands for another process. It is called on a thread of its own.
#[must_use]
pub fn pass_on(pass: impl Fn(Caught) + Send + Sync + 'static) -> TakenOver {
    let take = move |_, caught| {
        pass(caught);
        true
    };
    hand(Arc::new(take), &[SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2])
}

fn hand(taker: Taker, further: &[i32]) -> TakenOver {
    *TAKER.lock().unwrap_or_else(PoisonError::into_inner) = Some(taker);
    listen_to(further);
    TakenOver(())
}

fn listen_to(further: &[i32]) {
    let handle = HANDLE.lock().unwrap_or_else(PoisonError::into_inner);
    for signal in further {
        if let Some(handle) = handle.as_ref() {
            // Without it the signal does what it does to every program: it ends it.
            let _ = handle.add_signal(*signal);
        }
    }
}

/// As long as it lives, signals go to whom [`take_over`] or [`pass_on`] was given.
#[derive(Debug)]
pub struct TakenOver(());

impl Drop for TakenOver {
    fn drop(&mut self) {
        *TAKER.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
