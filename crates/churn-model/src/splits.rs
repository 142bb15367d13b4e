//! Options of a split, and what it comes to: the rows of each part.

use std::collections::BTreeMap;

use super::times::{LabelWindow, show_time};

/// How to split.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitOptions {
    /// Shares of train, validation and test in the rows that are kept; positive.
    pub shares: [f64; 3],
    /// How long after its time a row's label is known.
    pub label_window: LabelWindow,
    /// Seed of a split at random.
    pub seed: u64,
}

impl Default for SplitOptions {
    /// Returns 70/15/15 with a window of 30 days.
    fn default() -> Self {
        Self {
            shares: [0.7, 0.15, 0.15],
            label_window: LabelWindow::default(),
            seed: 0,
        }
    }
}

/// The rows of each split, in rising order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Splits {
    /// Rows to learn from.
    pub train: Vec<u32>,
    /// Rows for early stopping, calibration and the threshold.
    pub validation: Vec<u32>,
    /// Rows that nothing is fitted on.
    pub test: Vec<u32>,
    /// Rows in none of them, since their labels were not known when the next split began.
    pub purged: Vec<u32>,
    /// The split in words.
    pub description: String,
    /// What the user should know of it.
    pub warnings: Vec<String>,
}

impl Splits {
    /// Train, validation, test by number.
    pub(super) fn part(&mut self, part: usize) -> &mut Vec<u32> {
        match part {
            0 => &mut self.train,
            1 => &mut self.validation,
            _ => &mut self.test,
        }
    }

    /// Returns the number of rows by split, as the artifact's provenance wants it.
    #[must_use]
    pub fn rows(&self) -> BTreeMap<String, u64> {
        let named = [
            ("train", &self.train),
            ("validation", &self.validation),
            ("test", &self.test),
            ("purged", &self.purged),
        ];
        let count = |(name, rows): (&str, &Vec<u32>)| (name.to_owned(), rows.len() as u64);
        named.map(count).into()
    }

    /// Returns what a split without purge would have learnt from before the same test rows:
    /// train and the purged rows, in rising order. Their labels were not known by then.
    #[must_use]
    pub fn unpurged_train(&self) -> Vec<u32> {
        let mut rows = [self.train.as_slice(), &self.purged].concat();
        rows.sort_unstable();
        rows
    }

    pub(super) fn describe_times(&mut self, time: &[i64], window: LabelWindow) {
        let range = |rows: &[u32]| {
            let times = rows.iter().map(|row| time[*row as usize]);
            let ends = times.clone().min().zip(times.max());
            ends.map_or_else(
                || "empty".to_owned(),
                |(first, last)| format!("{} to {}", show_time(first), show_time(last)),
            )
        };
        let purged = if self.purged.is_empty() {
            "nothing purged".to_owned()
        } else {
            format!(
                "{} rows purged since their labels (known {window} later) were not known when \
                 the next split began",
                self.purged.len()
            )
        };
        self.description = format!(
            "by time: train {}, validation {}, test {}; {purged}",
            range(&self.train),
            range(&self.validation),
            range(&self.test),
        );
    }
}
