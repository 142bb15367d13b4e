//! How much of one request is taken.

/// Longest user id, in characters.
pub(super) const LONGEST_ID: usize = 256;

/// Most contributions that can be asked for by number.
pub(super) const MOST_EXPLAINED: usize = 1000;

/// Largest number that is taken, by size: sums of what weights make of them stay finite.
pub(super) const LARGEST: f64 = 1e100;
