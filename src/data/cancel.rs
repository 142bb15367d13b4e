//! Ctrl-C and SIGTERM while an engine works: what it does ends with us.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::signals::{self, TakenOver};

/// As long as it lives, a signal that ends the process first ends the statement that runs.
pub(super) struct Cancel {
    ending: Arc<AtomicBool>,
    /// None if a command decides about signals itself.
    _signals: Option<TakenOver>,
}

impl Cancel {
    /// Listens; `cancel` tells the engine to stop. Whether that arrives or not, the process ends.
    pub(super) fn new(cancel: impl Fn() + Send + Sync + 'static) -> Self {
        let ending = Arc::<AtomicBool>::default();
        let flag = Arc::clone(&ending);
        let signals = (!signals::are_taken_over()).then(|| {
            signals::take_over(move |_| {
                flag.store(true, Ordering::SeqCst);
                cancel();
                false
            })
        });
        Self {
            ending,
            _signals: signals,
        }
    }

    /// To be called when a statement fails: if it does so because we are ending, the end comes
    /// first, with the exit code of the signal, and the error is none.
    pub(super) fn let_the_end_come(&self) {
        if self.ending.load(Ordering::SeqCst) {
            // Not for ever: a process that does not end must say something.
            std::thread::sleep(Duration::from_secs(10));
        }
    }
}
