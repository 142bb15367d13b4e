//! A verdict.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A verdict. Ordered: `Ok < TooFewRows < Warn < Fail`, so the worst is the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Nothing to see.
    Ok,
    /// Nothing was found, and with so few rows a drift that fails could not have been.
    TooFewRows,
    /// Worth a look.
    Warn,
    /// Act.
    Fail,
}

impl Status {
    /// Every status, the best first.
    pub const ALL: [Self; 4] = [Self::Ok, Self::TooFewRows, Self::Warn, Self::Fail];

    /// Returns the number that stands for it in metrics: what was not judged lies below 0, so that
    /// neither "0 is well" nor "1 and more is not" takes it for its own.
    #[must_use]
    pub const fn number(self) -> f64 {
        match self {
            Self::TooFewRows => -1.0,
            Self::Ok => 0.0,
            Self::Warn => 1.0,
            Self::Fail => 2.0,
        }
    }

    /// Returns `OK`, `TOO_FEW_ROWS`, `WARN` or `FAIL`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::TooFewRows => "TOO_FEW_ROWS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
