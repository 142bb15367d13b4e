//! What to count of a data set, and what was counted.

use super::column::Column;
use super::counter::ColumnCounter;
use super::document::HeaderRows;
use super::outcome::Outcome;

/// Most values that a label may have before it is none.
pub(super) const MAX_LABELS: usize = 20;

/// A column to count.
#[derive(Debug, Clone, PartialEq)]
pub struct CountColumn {
    /// Its name.
    pub name: String,
    /// Its numbers are categories.
    pub categorical: bool,
    /// Points at which its numbers are counted exactly, rising.
    pub cuts: Vec<f64>,
    /// Its numbers are scores: their cells are as fine near 1 as near 0.
    pub are_scores: bool,
    /// A database need not count it where nearly every row has another value.
    pub unless_unique: bool,
}

impl CountColumn {
    /// Makes an empty counter.
    pub(super) fn counter(&self) -> ColumnCounter {
        match self.are_scores {
            true => ColumnCounter::of_scores(self.cuts.first().copied()),
            false => ColumnCounter::new(self.categorical, self.cuts.clone()),
        }
    }
}

/// Scores to count by label.
#[derive(Debug, Clone, PartialEq)]
pub struct CountOutcome {
    /// The label column.
    pub label: String,
    /// The score column.
    pub score: String,
    /// The score from which a row is classed as positive, to be counted exactly.
    pub threshold: Option<f64>,
    /// The label is not a column: it comes from elsewhere, and whoever brings it counts the scores.
    pub is_late: bool,
}

/// What to count of a data set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CountPlan {
    /// The columns, each of which the data set has.
    pub columns: Vec<CountColumn>,
    /// The scores by label, if they are to be counted.
    pub outcome: Option<CountOutcome>,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// The planned columns.
    pub columns: Vec<Column>,
    /// The scores by label, if planned.
    pub outcome: Option<Outcome>,
    /// Rows read.
    pub rows: u64,
    /// Blank lines skipped.
    pub blank_lines: u64,
    /// Rows left out because they say the header again.
    pub header_rows: HeaderRows,
}
