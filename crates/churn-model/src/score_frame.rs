//! Scores of the rows of a frame, many at once: what training, evaluation and comparison need.

use churn_base::error::{Error, Result};

use super::artifact::FeatureKind;
use super::frame::{Column, Frame};
use super::score::{Input, Scorer, WrongType};
use super::threads;

/// Rows that a thread takes at once.
const CHUNK: usize = 4096;

impl Scorer {
    /// Computes the log-odds of these rows of a frame, in their order.
    ///
    /// # Errors
    /// Bad input if the frame lacks a feature, or has texts where the model wants numbers.
    pub fn log_odds_of(&self, frame: &Frame, rows: &[u32], threads: usize) -> Result<Vec<f64>> {
        let width = self.features().len();
        let columns = self.cell_columns(frame)?;
        let chunk = threads::blocks(rows.len(), CHUNK);
        let count = rows.len().div_ceil(CHUNK);
        let chunks = threads::in_order(threads, count, |index| {
            let rows = &rows[chunk(index)];
            let mut cells = vec![0.0; width * rows.len()];
            for (feature, column) in columns.iter().enumerate() {
                for (at, &row) in rows.iter().enumerate() {
                    cells[at * width + feature] = column.cell(row as usize);
                }
            }
            let row = |at: usize| self.log_odds(&cells[at * width..(at + 1) * width]);
            (0..rows.len()).map(row).collect::<Vec<f64>>()
        });
        Ok(chunks.concat())
    }

    /// Computes the scores of these rows of a frame, in their order.
    ///
    /// # Errors
    /// As [`Scorer::log_odds_of`].
    pub fn scores_of(&self, frame: &Frame, rows: &[u32], threads: usize) -> Result<Vec<f64>> {
        let mut scores = self.log_odds_of(frame, rows, threads)?;
        scores
            .iter_mut()
            .for_each(|score| *score = self.calibrated(*score));
        Ok(scores)
    }

    /// Returns the cells of one row of a frame.
    ///
    /// # Errors
    /// As [`Scorer::log_odds_of`].
    pub fn cells_of(&self, frame: &Frame, row: u32) -> Result<Vec<f64>> {
        let columns = self.cell_columns(frame)?;
        Ok(columns
            .iter()
            .map(|column| column.cell(row as usize))
            .collect())
    }

    /// Returns the cells of all rows of a frame, feature by feature.
    ///
    /// # Errors
    /// As [`Scorer::log_odds_of`].
    pub fn cells_by_feature(&self, frame: &Frame) -> Result<Vec<Vec<f64>>> {
        let columns = self.cell_columns(frame)?;
        let cells = |column: &CellColumn<'_>| (0..frame.rows).map(|row| column.cell(row)).collect();
        Ok(columns.iter().map(cells).collect())
    }

    /// Returns the cells of these rows of a frame.
    ///
    /// # Errors
    /// As [`Scorer::log_odds_of`].
    pub fn cells_of_rows(&self, frame: &Frame, rows: &[u32]) -> Result<Vec<Vec<f64>>> {
        let columns = self.cell_columns(frame)?;
        let cells = |row: &u32| {
            columns
                .iter()
                .map(|column| column.cell(*row as usize))
                .collect()
        };
        Ok(rows.iter().map(cells).collect())
    }

    pub(super) fn cell_columns<'a>(&self, frame: &'a Frame) -> Result<Vec<CellColumn<'a>>> {
        self.features()
            .iter()
            .enumerate()
            .map(|(index, feature)| {
                let name = &feature.name;
                let column = frame.column(name).ok_or_else(|| {
                    Error::bad_input(format!(
                        "there is no column \"{name}\", which the model wants"
                    ))
                })?;
                Ok(match (&feature.kind, column) {
                    (FeatureKind::Number { .. }, Column::Numbers(numbers)) => {
                        CellColumn::Numbers(numbers)
                    }
                    (FeatureKind::Category { .. }, Column::Numbers(numbers)) => {
                        let cell = |&number| self.cell(index, Input::Number(number));
                        CellColumn::Made(numbers.iter().map(cell).collect::<Result<_, _>>()?)
                    }
                    (FeatureKind::Number { .. }, Column::Categories { codes, levels }) => {
                        let cells: Vec<Result<f64, WrongType>> = levels
                            .iter()
                            .map(|text| self.cell_of_field(index, text.as_bytes()))
                            .collect();
                        let wrong = codes
                            .iter()
                            .find_map(|&code| cells.get(code as usize)?.as_ref().err().cloned());
                        if let Some(wrong) = wrong {
                            return Err(wrong.into());
                        }
                        let cells = cells.into_iter().map(|cell| cell.unwrap_or(f64::NAN));
                        CellColumn::Codes(codes, cells.collect())
                    }
                    (FeatureKind::Category { .. }, Column::Categories { codes, levels }) => {
                        let cells = levels
                            .iter()
                            .map(|text| self.cell_of_field(index, text.as_bytes()))
                            .collect::<Result<_, _>>()?;
                        CellColumn::Codes(codes, cells)
                    }
                })
            })
            .collect()
    }
}

/// A column of a frame as cells.
pub(super) enum CellColumn<'a> {
    Numbers(&'a [f64]),
    /// Codes, and the cell of each level.
    Codes(&'a [u32], Vec<f64>),
    Made(Vec<f64>),
}

impl CellColumn<'_> {
    pub(super) fn cell(&self, row: usize) -> f64 {
        match self {
            Self::Numbers(numbers) => numbers[row],
            Self::Codes(codes, cells) => {
                cells.get(codes[row] as usize).copied().unwrap_or(f64::NAN)
            }
            Self::Made(cells) => cells[row],
        }
    }
}
