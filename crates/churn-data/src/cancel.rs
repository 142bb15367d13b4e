//! Ctrl-C and SIGTERM while an engine works: what it does ends with us.

use churn_base::signals::{self, BeforeEnd};

/// As long as it lives, a signal that ends the process first ends the statement that runs.
pub(super) struct Cancel {
    _before_end: BeforeEnd,
}

impl Cancel {
    /// Listens; `cancel` tells the engine to stop. Whether that arrives or not, the process ends.
    pub(super) fn new(cancel: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            _before_end: signals::before_end(cancel),
        }
    }

    /// To be called when a statement fails: if it does so because we are ending, the end comes
    /// first, with the exit code of the signal, and the error is none.
    #[expect(
        clippy::unused_self,
        reason = "who has no statement has no end to wait for"
    )]
    pub(super) fn let_the_end_come(&self) {
        signals::stay_if_ending();
    }
}
