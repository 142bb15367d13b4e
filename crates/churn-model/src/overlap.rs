//! How many test rows have features that training had, too. What that means for the figures is
//! said here; how rows are split is `split`'s affair.

use serde::{Deserialize, Serialize};

use super::frame::Frame;
use super::identity::row_keys;
use super::split::Splits;

/// Share of the test rows from which a warning is due.
///
/// A model that knows such rows by heart has no loss on them: the log loss of the test rows is
/// then too low by this share. Below 5 % that is less than the figure's own 95 % interval says
/// (Telco's 740 test rows: 8 % of the figure on either side), above it can be more.
const WORTH_A_WARNING: f64 = 0.05;

/// How many test rows have the features of a row that the model learned from.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureOverlap {
    /// Test rows.
    pub test_rows: u64,
    /// Test rows with the same value in every feature as a row of train or validation.
    pub seen_rows: u64,
    /// `seen_rows` in `test_rows`, 0 to 1.
    pub share: f64,
    /// Rows of train, validation and test.
    pub rows: u64,
    /// Distinct ones among these, by their features.
    pub distinct_rows: u64,
}

impl FeatureOverlap {
    /// Counts. Two rows whose values are missing in the same places can be the same.
    #[must_use]
    pub fn of(frame: &Frame, features: &[String], splits: &Splits) -> Self {
        let keys = row_keys(frame, features).unwrap_or_default();
        let of = |rows: &[u32]| -> Vec<u64> {
            let keys = rows.iter().filter_map(|&row| keys.get(row as usize));
            keys.copied().collect()
        };
        let mut learned = of(&splits.train);
        learned.extend(of(&splits.validation));
        let mut test = of(&splits.test);
        let rows = (learned.len() + test.len()) as u64;
        learned.sort_unstable();
        learned.dedup();
        let test_rows = test.len() as u64;
        test.retain(|key| learned.binary_search(key).is_err());
        let seen_rows = test_rows - test.len() as u64;
        test.sort_unstable();
        test.dedup();
        Self {
            test_rows,
            seen_rows,
            share: seen_rows as f64 / test_rows.max(1) as f64,
            rows,
            distinct_rows: (learned.len() + test.len()) as u64,
        }
    }

    /// Returns what the user should know of it, if it is worth a warning.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        (self.share >= WORTH_A_WARNING).then(|| {
            format!(
                "{} of {} test rows ({:.0} %) have the same features as rows that the model \
                 learned from. If these are the same customers, the figures are too good: name \
                 the column that identifies them (--group). If the features just take few values \
                 ({} distinct rows of {}), the figures hold for rows like these",
                self.seen_rows,
                self.test_rows,
                self.share * 100.0,
                self.distinct_rows,
                self.rows
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::Column;
    use super::*;

    fn counted(plan: &[u32], tenure: &[f64], train: u32) -> FeatureOverlap {
        let rows = plan.len() as u32;
        let frame = Frame {
            rows: plan.len(),
            names: vec!["plan".into(), "tenure".into(), "other".into()],
            columns: vec![
                Column::Categories {
                    codes: plan.to_vec(),
                    levels: vec!["a".into(), "b".into()],
                },
                Column::Numbers(tenure.to_vec()),
                Column::Numbers((0..rows).map(f64::from).collect()),
            ],
        };
        let splits = Splits {
            train: (0..train - 1).collect(),
            validation: vec![train - 1],
            test: (train..rows).collect(),
            ..Splits::default()
        };
        FeatureOverlap::of(&frame, &["plan".into(), "tenure".into()], &splits)
    }

    #[test]
    fn rows_are_seen_if_all_features_are_those_of_a_row_in_training() {
        let nan = f64::NAN;
        // Of the four test rows the first is in train, the second in validation (missing in the
        // same place), the third has another plan, the last another tenure.
        let found = counted(
            &[0, 0, 1, 0, 1, 1, 0],
            &[1.0, 2.0, nan, 1.0, nan, 2.0, 3.0],
            3,
        );
        let expected = FeatureOverlap {
            test_rows: 4,
            seen_rows: 2,
            share: 0.5,
            rows: 7,
            distinct_rows: 5,
        };
        assert_eq!(found, expected);
        let warning = found.warning().expect("is worth one");
        assert!(warning.contains("2 of 4 test rows (50 %)"), "{warning}");
    }

    #[test]
    fn a_few_of_many_are_not_worth_a_warning() {
        let with = |seen_rows| FeatureOverlap {
            test_rows: 1_000,
            seen_rows,
            share: seen_rows as f64 / 1_000.0,
            rows: 7_000,
            distinct_rows: 6_900,
        };
        assert_eq!(with(49).warning(), None);
        assert!(with(50).warning().is_some());
    }
}
