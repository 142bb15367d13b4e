//! A node of a tree, laid out for walking.

/// A node: 32 bytes, two a cache line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// Of a leaf: its output.
    pub(super) threshold: f64,
    /// Share of the training rows here that went left.
    pub(super) left_share: f64,
    pub(super) feature: u32,
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) missing_left: bool,
    /// The threshold is the number of a set of levels that go left.
    pub(super) by_level: bool,
}
