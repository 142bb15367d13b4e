//! Columns cut into at most 255 bins: what trees are grown on.

use forust_ml::data::JaggedMatrix;

use super::artifact::Feature;
use super::random::GOLDEN;
use super::target_order::tree_column;
use super::threads;
use super::training_set::TrainingSet;

/// Most cut points of a column.
const MAX_CUTS: usize = 255;
/// Rows that the cut points are taken from, about: more move them by less than a bin's width.
const SAMPLE: usize = 200_000;

/// Bin of a missing value.
pub(super) const MISSING_BIN: u16 = 0;

/// A set's columns as bins, column by column.
pub(super) struct Bins {
    /// Rising cut points of each column, the last one beyond every value.
    pub(super) cuts: JaggedMatrix<f64>,
    /// Bin `k` holds the values from cut `k - 1` up to cut `k`.
    pub(super) bins: Vec<u16>,
}

impl Bins {
    /// Cuts the columns of the training set.
    pub(super) fn new(features: &[Feature], train: &TrainingSet<'_>, threads: usize) -> Self {
        let values = |index: usize| tree_column(&features[index], train, true);
        Self::of_values(features.len(), threads, values)
    }

    /// Cuts so many columns of numbers, NaN for a missing one.
    pub(super) fn of_values(
        count: usize,
        threads: usize,
        values: impl Fn(usize) -> Vec<f64> + Sync,
    ) -> Self {
        let columns = threads::in_order(threads, count, |index| {
            let values = values(index);
            let cuts = cut_points(&values);
            (bin(&values, &cuts), cuts)
        });
        // A column is let go once it is copied.
        let mut bins = Vec::with_capacity(columns.iter().map(|(column, _)| column.len()).sum());
        let mut cuts = Vec::with_capacity(count);
        for (column, own) in columns {
            bins.extend_from_slice(&column);
            cuts.push(own);
        }
        let cuts = JaggedMatrix::from_vecs(&cuts);
        Self { cuts, bins }
    }

    /// Returns the bins of another set by the same cut points, categories in their final order.
    pub(super) fn of(
        &self,
        features: &[Feature],
        set: &TrainingSet<'_>,
        threads: usize,
    ) -> Vec<u16> {
        let columns = threads::in_order(threads, features.len(), |index| {
            bin(
                &tree_column(&features[index], set, false),
                self.cuts.get_col(index),
            )
        });
        columns.concat()
    }
}

/// Returns every value if there are few, else quantiles of a sample that follows from the rows'
/// indices; at the end a bound that no value reaches.
fn cut_points(values: &[f64]) -> Vec<f64> {
    let share = (SAMPLE as f64 / values.len().max(1) as f64).min(1.0);
    // Not every n-th row: tables have a rhythm.
    let limit = (share * 2.0_f64.powi(64)) as u64;
    let mut sample: Vec<f64> = values
        .iter()
        .zip(0_u64..)
        .filter(|(value, row)| !value.is_nan() && row.wrapping_mul(GOLDEN) <= limit)
        .map(|(value, _)| *value)
        .collect();
    sample.sort_unstable_by(f64::total_cmp);
    let mut distinct = Vec::with_capacity(MAX_CUTS + 1);
    for value in &sample {
        if distinct.last() != Some(value) {
            distinct.push(*value);
            if distinct.len() > MAX_CUTS {
                break;
            }
        }
    }
    let mut cuts = if distinct.len() <= MAX_CUTS {
        distinct
    } else {
        (0..MAX_CUTS)
            .map(|cut| sample[cut * sample.len() / MAX_CUTS])
            .collect()
    };
    cuts.push(f64::MAX);
    cuts.dedup();
    cuts
}

fn bin(values: &[f64], cuts: &[f64]) -> Vec<u16> {
    let last = cuts.len() - 1;
    let of = |value: &f64| {
        if value.is_nan() {
            return MISSING_BIN;
        }
        // Values below the sample's least go with it: no split is below the first cut.
        cuts[..last]
            .partition_point(|cut| cut <= value)
            .clamp(1, last.max(1)) as u16
    };
    values.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_get_a_bin_each_and_missing_its_own() {
        let values = [3.0, f64::NAN, 1.0, 3.0, 2.0];
        let cuts = cut_points(&values);
        assert_eq!(cuts, [1.0, 2.0, 3.0, f64::MAX]);
        assert_eq!(bin(&values, &cuts), [3, 0, 1, 3, 2]);
        assert_eq!(bin(&[0.5, 2.5, 9.0], &cuts), [1, 2, 3]);
    }

    #[test]
    fn many_values_get_bins_of_equal_rows() {
        let values: Vec<f64> = (0..1_000_000).map(f64::from).collect();
        let cuts = cut_points(&values);
        assert_eq!(cuts.len(), MAX_CUTS + 1);
        let mut rows = vec![0; cuts.len()];
        for bin in bin(&values, &cuts) {
            rows[bin as usize] += 1;
        }
        assert!(
            rows[1..].iter().all(|rows| (3000..5000).contains(rows)),
            "{rows:?}"
        );
    }

    #[test]
    fn a_column_without_values_has_no_split() {
        let cuts = cut_points(&[f64::NAN, f64::NAN]);
        assert_eq!(cuts, [f64::MAX]);
        assert_eq!(bin(&[f64::NAN], &cuts), [MISSING_BIN]);
    }
}
