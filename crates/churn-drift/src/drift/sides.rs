//! A figure of both sides.

use serde::{Deserialize, Serialize};

/// The same thing on the two sides of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sides<T> {
    /// Value of the baseline.
    pub baseline: T,
    /// Value of the current side.
    pub current: T,
}
