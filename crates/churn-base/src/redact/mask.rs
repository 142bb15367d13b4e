//! The mask over secrets.

/// What stands in the place of what is hidden.
pub const MASK: &str = "***";
