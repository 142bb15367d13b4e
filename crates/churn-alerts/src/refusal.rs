//! What Prometheus or Alertmanager would refuse to load, or never load at all, with its place.

use std::sync::Arc;

use churn_base::error::Error;

use super::node::{Source, Spot};

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// The server refuses the whole file.
    Refused,
    /// The server takes the file and never looks at this part of it.
    NeverLoaded,
    /// The newest generation takes it, older ones don't; or a feature flag is needed.
    NeedsNewer,
    /// A template of another program, which nobody loads as it is.
    Template,
}

/// One thing that is refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// What becomes of it.
    pub kind: RefusalKind,
    /// The file.
    pub source: Arc<Source>,
    /// The place.
    pub spot: Spot,
    /// The rule, if it is in one.
    pub rule: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Refusal {
    /// Returns line and column.
    #[must_use]
    pub fn position(&self) -> (u64, u64) {
        if self.spot.byte == 0 {
            return (self.spot.line.max(1), 1);
        }
        self.source.position(self.spot.byte)
    }

    /// Returns the same as an error that ends a run (65).
    #[must_use]
    pub fn to_error(&self) -> Error {
        let error = Error::bad_input(&self.message).at(self.source.place(self.position().0));
        match self.hint.is_empty() {
            true => error,
            false => error.hint(&self.hint),
        }
    }
}
