//! How many predictions and labels found each other, and why others did not.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Predictions by what became of them. The first six sum up to `rows`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictionCounts {
    /// All of them.
    pub rows: u64,
    /// Their window has closed, and a label lies in it.
    pub matched: u64,
    /// Their window has closed, and no label lies in it.
    pub unmatched: u64,
    /// Their window has not closed yet.
    pub immature: u64,
    /// The last labels in their window contradict each other: they do not count.
    pub conflicting: u64,
    /// Without a time that can be read.
    pub without_time: u64,
    /// Without a key.
    pub without_key: u64,
    /// With more than one label in their window; these are among the matched and the conflicting.
    pub twice: u64,
    /// Those of them whose labels have different values: the last one counts.
    pub differing: u64,
}

impl AddAssign for PredictionCounts {
    fn add_assign(&mut self, other: Self) {
        let Self {
            rows,
            matched,
            unmatched,
            immature,
            conflicting,
            without_time,
            without_key,
            twice,
            differing,
        } = other;
        self.rows += rows;
        self.matched += matched;
        self.unmatched += unmatched;
        self.immature += immature;
        self.conflicting += conflicting;
        self.without_time += without_time;
        self.without_key += without_key;
        self.twice += twice;
        self.differing += differing;
    }
}

/// Labels by what became of them: all but `shared` sum up to `rows`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelCounts {
    /// All of them.
    pub rows: u64,
    /// In the window of a prediction with their key, be it closed or not.
    pub in_window: u64,
    /// From before every prediction with their key.
    pub too_early: u64,
    /// In no window, but after a prediction with their key.
    pub too_late: u64,
    /// No prediction has their key.
    pub without_prediction: u64,
    /// Without a key.
    pub without_key: u64,
    /// Without a time that can be read.
    pub without_time: u64,
    /// Without a value.
    pub without_value: u64,
    /// Their time has not come.
    pub future: u64,
    /// In the windows of several predictions with one key; these are among `in_window`.
    pub shared: u64,
    /// From before the last window that earlier runs have settled, and in no window that was still open: they may
    /// be of predictions that are not looked up any more.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub settled: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl LabelCounts {
    /// Whether labels and predictions have keys of one kind. Where no label is of a prediction, the keys are of two
    /// worlds, and nobody is known to have stayed.
    #[must_use]
    pub const fn keys_agree(&self) -> bool {
        self.in_window + self.too_early + self.too_late + self.settled > 0
            || self.without_prediction == 0
    }
}

impl AddAssign for LabelCounts {
    fn add_assign(&mut self, other: Self) {
        let Self {
            rows,
            in_window,
            too_early,
            too_late,
            without_prediction,
            without_key,
            without_time,
            without_value,
            future,
            shared,
            settled,
        } = other;
        self.rows += rows;
        self.in_window += in_window;
        self.too_early += too_early;
        self.too_late += too_late;
        self.without_prediction += without_prediction;
        self.without_key += without_key;
        self.without_time += without_time;
        self.without_value += without_value;
        self.future += future;
        self.shared += shared;
        self.settled += settled;
    }
}
