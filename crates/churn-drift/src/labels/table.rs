//! Labels in memory by their key, in the order of time, and which of them predictions have found.

use std::collections::HashMap;
use std::ops::Range;

use super::counts::LabelCounts;
use super::record::LabelRecord;

/// A label of a group. Without a time it has the least one, which no prediction is compared with.
type Label = (u32, i64, bool);

/// The labels by their key.
#[derive(Debug, Default)]
pub(super) struct Table {
    groups: HashMap<Box<[u8]>, u32>,
    /// Where the labels of each group begin, and where the last one's end.
    starts: Vec<usize>,
    /// By group, then time.
    labels: Vec<Label>,
    /// How often the value has changed from one label to the next, up to each.
    changes: Vec<u32>,
    has_times: bool,
}

/// What lies in the window of a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Labels.
    pub(super) count: usize,
    /// They have different values.
    pub(super) differ: bool,
    /// Whether the last one is positive; none if the last ones are of one time and contradict each other.
    pub(super) is_positive: Option<bool>,
}

impl Table {
    /// Takes a label in. Nothing is found before [`Table::settle`].
    pub(super) fn add(&mut self, label: &LabelRecord<'_>, is_positive: bool) {
        let next = self.groups.len() as u32;
        let group = match self.groups.get(label.key) {
            Some(group) => *group,
            None => *self.groups.entry(label.key.into()).or_insert(next),
        };
        self.has_times |= label.time.is_some();
        self.labels
            .push((group, label.time.unwrap_or(i64::MIN), is_positive));
    }

    /// Puts the labels in order.
    pub(super) fn settle(&mut self) {
        self.labels.sort_unstable();
        self.starts = Vec::with_capacity(self.groups.len() + 1);
        self.changes = Vec::with_capacity(self.labels.len());
        let mut changes = 0;
        for (at, (group, _, is_positive)) in self.labels.iter().enumerate() {
            if self.starts.len() == *group as usize {
                self.starts.push(at);
            }
            changes += u32::from(at > 0 && self.labels[at - 1].2 != *is_positive);
            self.changes.push(changes);
        }
        self.starts.push(self.labels.len());
    }

    /// Returns the number of the group with a key.
    pub(super) fn group(&self, key: &[u8]) -> Option<usize> {
        self.groups.get(key).map(|group| *group as usize)
    }

    /// Returns the labels of a group from `start` on and before `end`.
    pub(super) fn within(&self, group: usize, start: i64, end: i64) -> Range<usize> {
        let (first, last) = (self.starts[group], self.starts[group + 1]);
        if !self.has_times {
            return first..last;
        }
        let labels = &self.labels[first..last];
        let before = |time: i64| labels.partition_point(|label| label.1 < time);
        first + before(start)..first + before(end)
    }

    /// Returns what a range of labels of one group says; none if it is empty.
    pub(super) fn found(&self, range: &Range<usize>) -> Option<Found> {
        let last = range
            .end
            .checked_sub(1)
            .filter(|last| *last >= range.start)?;
        let (group, time, is_positive) = self.labels[last];
        // Of one time, `false` comes before `true`.
        let of_last_time = self.labels[range.clone()].partition_point(|label| label.1 < time);
        let contradicted = self.labels[range.start + of_last_time].2 != is_positive;
        debug_assert_eq!(group, self.labels[range.start].0);
        Some(Found {
            count: range.len(),
            differ: self.changes[last] != self.changes[range.start],
            is_positive: (!contradicted).then_some(is_positive),
        })
    }
}

/// Which labels of a table predictions have found: of one thread, then of all.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// For each label, in how many more windows it lies than the one before it.
    steps: Vec<i32>,
    /// For each group, the earliest prediction.
    earliest: Vec<i64>,
}

impl Uses {
    /// Notes a prediction with the key of a group and the labels in its window.
    pub(super) fn note(&mut self, table: &Table, group: usize, time: i64, range: &Range<usize>) {
        if self.earliest.is_empty() {
            self.steps = vec![0; table.labels.len() + 1];
            self.earliest = vec![i64::MAX; table.groups.len()];
        }
        self.steps[range.start] += 1;
        self.steps[range.end] -= 1;
        self.earliest[group] = self.earliest[group].min(time);
    }

    pub(super) fn merge(&mut self, other: Self) {
        if self.earliest.is_empty() {
            *self = other;
            return;
        }
        for (mine, theirs) in self.steps.iter_mut().zip(other.steps) {
            *mine += theirs;
        }
        for (mine, theirs) in self.earliest.iter_mut().zip(other.earliest) {
            *mine = (*mine).min(theirs);
        }
    }

    /// Counts the labels of the table by what became of them. Predictions whose windows closed by `settled_until`
    /// were looked up by earlier runs.
    pub(super) fn counts(&self, table: &Table, settled_until: i64) -> LabelCounts {
        let mut counts = LabelCounts::default();
        let mut windows = 0;
        for (at, (group, time, _)) in table.labels.iter().enumerate() {
            windows += self.steps.get(at).unwrap_or(&0);
            let earliest = self.earliest.get(*group as usize);
            let earliest = earliest.copied().unwrap_or(i64::MAX);
            match windows {
                1.. => {
                    counts.in_window += 1;
                    counts.shared += u64::from(windows > 1);
                }
                _ if *time < settled_until => counts.settled += 1,
                _ if earliest == i64::MAX => counts.without_prediction += 1,
                _ if *time < earliest => counts.too_early += 1,
                _ => counts.too_late += 1,
            }
        }
        counts
    }
}
