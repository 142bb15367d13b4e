//! A table in memory, by column: what learners learn from.

/// Code of a missing category.
pub const MISSING_CODE: u32 = u32::MAX;

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Numbers; NaN is missing.
    Numbers(Vec<f64>),
    /// Texts by code.
    Categories {
        /// Position in `levels` of each row, [`MISSING_CODE`] for none.
        codes: Vec<u32>,
        /// The distinct texts, sorted.
        levels: Vec<String>,
    },
}

/// Columns of equal length with names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// Rows of every column.
    pub rows: usize,
    /// Names, in order.
    pub names: Vec<String>,
    /// The columns, in the same order.
    pub columns: Vec<Column>,
}
