//! A column in memory, and what is wanted of one.

use churn_data::canonical_number;

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

/// A column to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedColumn {
    /// Its name in the data.
    pub name: String,
    /// Numbers in it are texts, each as it is written.
    pub categorical: bool,
}

impl WantedColumn {
    /// Wants a column as what its values say it is.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            categorical: false,
        }
    }
}

impl Column {
    /// Returns whether a row has no value.
    ///
    /// # Panics
    /// If `row` is beyond the column.
    #[must_use]
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numbers(numbers) => numbers[row].is_nan(),
            Self::Categories { codes, .. } => codes[row] == MISSING_CODE,
        }
    }

    /// Returns the text of a row, as a reader would read it back; `None` if it is missing.
    ///
    /// # Panics
    /// If `row` is beyond the column.
    #[must_use]
    pub fn text(&self, row: usize) -> Option<String> {
        match self {
            Self::Numbers(numbers) => {
                (!numbers[row].is_nan()).then(|| canonical_number(numbers[row]))
            }
            Self::Categories { codes, levels } => levels.get(codes[row] as usize).cloned(),
        }
    }
}
