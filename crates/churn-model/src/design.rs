//! The logistic model's input: standardised numbers, missing marks, one-hot levels, intercept.
//!
//! The matrix is never made: it is multiplied from the frame's own columns, a chunk of rows at a
//! time. At a million rows of 30 columns a dense one would take a gigabyte.

use std::ops::Range;

use super::artifact::{Feature, FeatureKind};
use super::frame::Column;
use super::target_order::level_positions;
use super::threads;
use super::training_set::TrainingSet;

/// Rows in a chunk. Sums are made by chunk and added in order, so threads don't change them.
const CHUNK: usize = 16_384;

/// One feature's values and where its weights are.
enum Input<'a> {
    /// Weights: slope, missing.
    Number {
        values: &'a [f64],
        mean: f64,
        scale: f64,
        /// What a missing value counts as, standardised.
        fill: f64,
    },
    /// Weights: one a level, other, missing.
    Category {
        codes: &'a [u32],
        positions: Vec<u32>,
        missing: u32,
    },
    /// No values at all: no row has any of the weights.
    Nothing,
}

/// A set's rows as the logistic model sees them. The last weight is the intercept.
pub(super) struct Design<'a> {
    inputs: Vec<(usize, Input<'a>)>,
    rows: &'a [u32],
    weights: usize,
    threads: usize,
}

/// Returns how many weights a feature has.
pub(super) fn weight_count(feature: &Feature) -> usize {
    match &feature.kind {
        FeatureKind::Number { .. } => 2,
        FeatureKind::Category { levels, .. } => levels.len() + 2,
    }
}

impl<'a> Design<'a> {
    pub(super) fn new(features: &[Feature], set: &TrainingSet<'a>, threads: usize) -> Self {
        let mut first = 0;
        let inputs = features.iter().map(|feature| {
            let input = match (&feature.kind, set.frame.column(&feature.name)) {
                (
                    FeatureKind::Number {
                        median,
                        mean,
                        scale,
                        ..
                    },
                    Some(Column::Numbers(values)),
                ) => Input::Number {
                    values,
                    mean: *mean,
                    scale: *scale,
                    fill: (median - mean) / scale,
                },
                (
                    FeatureKind::Category { levels, .. },
                    Some(Column::Categories {
                        codes,
                        levels: texts,
                    }),
                ) => Input::Category {
                    codes,
                    positions: level_positions(texts, levels),
                    missing: levels.len() as u32 + 1,
                },
                _ => Input::Nothing,
            };
            let own = first;
            first += weight_count(feature);
            (own, input)
        });
        Self {
            inputs: inputs.collect(),
            rows: set.rows,
            weights: first + 1,
            threads,
        }
    }

    /// Returns the number of weights, the intercept included.
    pub(super) const fn weights(&self) -> usize {
        self.weights
    }

    /// Computes `X w`.
    pub(super) fn times(&self, weights: &[f64]) -> Vec<f64> {
        let chunks = self.by_chunk(|range| {
            let mut sums = vec![0.0; range.len()];
            self.add_times(weights, range, &mut sums);
            sums
        });
        chunks.concat()
    }

    /// Computes `X^T r`.
    pub(super) fn transposed_times(&self, factors: &[f64]) -> Vec<f64> {
        let chunks = self.by_chunk(|range| {
            let mut sums = vec![0.0; self.weights];
            self.add_transposed(&factors[range.clone()], range, &mut sums, |value| value);
            sums
        });
        self.total(chunks)
    }

    /// Computes the diagonal of `X^T D X`.
    pub(super) fn diagonal(&self, factors: &[f64]) -> Vec<f64> {
        let chunks = self.by_chunk(|range| {
            let mut sums = vec![0.0; self.weights];
            self.add_transposed(&factors[range.clone()], range, &mut sums, |value| {
                value * value
            });
            sums
        });
        self.total(chunks)
    }

    /// Computes `X^T D X v`.
    pub(super) fn curvature_times(&self, factors: &[f64], direction: &[f64]) -> Vec<f64> {
        let chunks = self.by_chunk(|range| {
            let mut products = vec![0.0; range.len()];
            self.add_times(direction, range.clone(), &mut products);
            for (product, factor) in products.iter_mut().zip(&factors[range.clone()]) {
                *product *= factor;
            }
            let mut sums = vec![0.0; self.weights];
            self.add_transposed(&products, range, &mut sums, |value| value);
            sums
        });
        self.total(chunks)
    }

    fn by_chunk<T: Send>(&self, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
        let chunk = threads::blocks(self.rows.len(), CHUNK);
        let count = self.rows.len().div_ceil(CHUNK);
        threads::in_order(self.threads, count, |index| work(chunk(index)))
    }

    fn total(&self, chunks: Vec<Vec<f64>>) -> Vec<f64> {
        let mut total = vec![0.0; self.weights];
        for chunk in chunks {
            total
                .iter_mut()
                .zip(chunk)
                .for_each(|(sum, part)| *sum += part);
        }
        total
    }

    fn add_times(&self, weights: &[f64], range: Range<usize>, sums: &mut [f64]) {
        let rows = &self.rows[range];
        let intercept = weights[self.weights - 1];
        sums.iter_mut().for_each(|sum| *sum += intercept);
        for (first, input) in &self.inputs {
            let own = &weights[*first..];
            match input {
                Input::Number {
                    values,
                    mean,
                    scale,
                    fill,
                } => {
                    let slope = own[0] / scale;
                    let absent = own[0] * fill + own[1];
                    for (sum, &row) in sums.iter_mut().zip(rows) {
                        let value = values[row as usize];
                        *sum += if value.is_nan() {
                            absent
                        } else {
                            (value - mean) * slope
                        };
                    }
                }
                Input::Category {
                    codes,
                    positions,
                    missing,
                } => {
                    for (sum, &row) in sums.iter_mut().zip(rows) {
                        let code = codes[row as usize] as usize;
                        let position = positions.get(code).unwrap_or(missing);
                        *sum += own[*position as usize];
                    }
                }
                Input::Nothing => {}
            }
        }
    }

    fn add_transposed(
        &self,
        factors: &[f64],
        range: Range<usize>,
        sums: &mut [f64],
        of_value: impl Fn(f64) -> f64,
    ) {
        let rows = &self.rows[range];
        for (first, input) in &self.inputs {
            let own = &mut sums[*first..];
            match input {
                Input::Number {
                    values,
                    mean,
                    scale,
                    fill,
                } => {
                    let (mut slope, mut absent) = (0.0, 0.0);
                    for (factor, &row) in factors.iter().zip(rows) {
                        let value = values[row as usize];
                        if value.is_nan() {
                            absent += factor;
                        } else {
                            slope += factor * of_value((value - mean) / scale);
                        }
                    }
                    own[0] += slope + absent * of_value(*fill);
                    own[1] += absent;
                }
                Input::Category {
                    codes,
                    positions,
                    missing,
                } => {
                    for (factor, &row) in factors.iter().zip(rows) {
                        let code = codes[row as usize] as usize;
                        let position = positions.get(code).unwrap_or(missing);
                        own[*position as usize] += factor;
                    }
                }
                Input::Nothing => {}
            }
        }
        sums[self.weights - 1] += factors.iter().sum::<f64>();
    }
}
