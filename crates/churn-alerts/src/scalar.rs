//! A scalar of a rule, with its place.

use super::node::{Spot, Style};

/// A scalar with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// The value.
    pub value: String,
    /// Where it stands.
    pub spot: Spot,
    /// How it is written.
    pub style: Style,
    /// The line of its key.
    pub key_line: u64,
}
