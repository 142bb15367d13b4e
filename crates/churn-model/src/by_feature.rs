//! Numbers of many rows side by side, so that a loop over the rows of a feature runs through memory.

/// Numbers of many rows, feature by feature.
#[derive(Debug)]
pub(super) struct ByFeature {
    rows: usize,
    numbers: Vec<f64>,
}

impl ByFeature {
    /// Returns zeros.
    pub(super) fn zeros(rows: usize, features: usize) -> Self {
        Self {
            rows,
            numbers: vec![0.0; rows * features],
        }
    }

    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn column(&self, feature: usize) -> &[f64] {
        &self.numbers[feature * self.rows..][..self.rows]
    }

    pub(super) fn column_mut(&mut self, feature: usize) -> &mut [f64] {
        &mut self.numbers[feature * self.rows..][..self.rows]
    }
}
