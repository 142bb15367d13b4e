//! One thing that was looked at, and what was seen.

use serde::Serialize;

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is as it must be.
    Pass,
    /// It is not.
    Fail,
    /// It was done, and what came of it cannot be seen.
    Unseen,
    /// It was not tried, on purpose.
    Skip,
}

/// A step of a proof on running servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was looked at: `prometheus`, `rules`, an alert's name.
    pub name: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What was seen.
    pub message: String,
    /// What to do; empty if nothing is to do.
    pub hint: String,
}

impl Step {
    /// Makes a step that is as it must be.
    pub fn pass(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::of(Outcome::Pass, name, message, "")
    }

    /// Makes a step that is not as it must be.
    pub fn fail(
        name: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::of(Outcome::Fail, name, message, hint)
    }

    /// Makes a step of which nobody can see what came of it.
    pub fn unseen(
        name: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::of(Outcome::Unseen, name, message, hint)
    }

    /// Makes a step that was not tried.
    pub fn skip(
        name: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::of(Outcome::Skip, name, message, hint)
    }

    fn of(
        outcome: Outcome,
        name: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            outcome,
            message: message.into(),
            hint: hint.into(),
        }
    }
}
