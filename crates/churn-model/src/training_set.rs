//! Rows of a frame with their labels: what learners see. How they see it is `encode`'s affair.

use super::frame::Frame;

/// Rows of a frame with their labels: what a learner sees.
#[derive(Debug, Clone, Copy)]
pub struct TrainingSet<'a> {
    /// The table, all rows of it.
    pub frame: &'a Frame,
    /// The label of every row of `frame`: true is churned.
    pub labels: &'a [bool],
    /// The rows of this set.
    pub rows: &'a [u32],
}

impl TrainingSet<'_> {
    /// Returns how many rows the set has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether the set has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the labels of the set's rows.
    pub fn targets(&self) -> impl ExactSizeIterator<Item = bool> {
        self.rows.iter().map(|&row| self.labels[row as usize])
    }

    /// Returns the share of churned rows, 0.5 without rows.
    #[must_use]
    pub fn prior(&self) -> f64 {
        if self.is_empty() {
            return 0.5;
        }
        self.targets().filter(|&label| label).count() as f64 / self.len() as f64
    }
}
