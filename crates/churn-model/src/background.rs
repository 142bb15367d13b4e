//! What rows of the data come to in a model that was trained elsewhere, and whose file does not say: how many
//! reach each node, and what each feature adds on average.

use churn_base::error::Result;

use super::engine::Engine;
use super::frame::Frame;
use super::score::Scorer;

/// Most rows that are looked at: shares of so many do not change much with more.
const MOST_ROWS: usize = 100_000;

impl Scorer {
    /// Returns how many rows of the frame come to each node; nothing if the model has no trees.
    ///
    /// # Errors
    /// As [`Scorer::log_odds_of`].
    pub fn rows_by_node(&self, frame: &Frame) -> Result<Vec<f64>> {
        let Engine::Trees(forest) = &self.engine else {
            return Ok(Vec::new());
        };
        let mut rows = vec![0.0; forest.nodes()];
        self.each(frame, |cells| forest.visit(cells, |node| rows[node] += 1.0))?;
        Ok(rows)
    }

    /// Returns what each feature adds to the log-odds on average.
    ///
    /// # Errors
    /// As [`Scorer::log_odds_of`].
    pub fn mean_contributions(&self, frame: &Frame) -> Result<Vec<f64>> {
        let mut sums = vec![0.0; self.features().len()];
        let mut rows = 0.0;
        self.each(frame, |cells| {
            rows += 1.0;
            for (sum, own) in sums.iter_mut().zip(&self.explain(cells).contributions) {
                *sum += own;
            }
        })?;
        Ok(sums
            .into_iter()
            .map(|sum| sum / f64::max(rows, 1.0))
            .collect())
    }

    /// Takes rows of the whole frame, evenly if there are many.
    fn each(&self, frame: &Frame, mut take: impl FnMut(&[f64])) -> Result<()> {
        let columns = self.cell_columns(frame)?;
        let mut cells = vec![0.0; columns.len()];
        let step = frame.rows.div_ceil(MOST_ROWS).max(1);
        for row in (0..frame.rows).step_by(step) {
            for (cell, column) in cells.iter_mut().zip(&columns) {
                *cell = column.cell(row);
            }
            take(&cells);
        }
        Ok(())
    }
}
