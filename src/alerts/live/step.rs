//! One thing that was looked at, and what was seen.

use serde::Serialize;

/// A step of a proof on running servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was looked at: `prometheus`, `rules`, an alert's name.
    pub name: String,
    /// Whether it is as it must be.
    pub passed: bool,
    /// What was seen.
    pub message: String,
    /// What to do; empty if nothing is to do.
    pub hint: String,
}

impl Step {
    /// Makes a step that is as it must be.
    pub fn pass(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            passed: true,
            message: message.into(),
            hint: String::new(),
        }
    }

    /// Makes a step that is not as it must be.
    pub fn fail(
        name: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            passed: false,
            message: message.into(),
            hint: hint.into(),
        }
    }
}
