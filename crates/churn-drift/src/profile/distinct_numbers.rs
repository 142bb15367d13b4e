//! Distinct numbers and how often each occurs, while they are counted.
//!
//! A few are looked up in a hash table. Where nearly every row has another one, to wait in a buffer and to be sorted
//! with the others costs less than to be looked up among them. What is kept is the same either way.

use hashbrown::HashTable;

use super::distinct::mix;

/// Counts of distinct finite numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct DistinctNumbers {
    /// In rising order, no two equal.
    sorted: Vec<(f64, u64)>,
    /// Bits and counts of a few, while they are few.
    few: HashTable<(u64, u64)>,
    /// Seen since the last sorting: one each, and many at once.
    waiting: Vec<f64>,
    waiting_counts: Vec<(f64, u64)>,
}

/// Numbers that are looked up: a table of so many stays in the processor's cache.
const FEW: usize = 1024;
/// Fewest numbers that are sorted together.
const WAITING: usize = 4096;

impl DistinctNumbers {
    /// Makes it of distinct numbers in rising order.
    pub(super) fn of_sorted(sorted: Vec<(f64, u64)>) -> Self {
        Self {
            sorted,
            ..Self::default()
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
            && self.few.is_empty()
            && self.waiting.is_empty()
            && self.waiting_counts.is_empty()
    }

    /// Adds a number; returns whether it is time to ask how many there are.
    #[inline]
    pub(super) fn add(&mut self, number: f64) -> bool {
        if self.is_looked_up() {
            return self.look_up(number, 1);
        }
        self.waiting.push(number);
        self.waiting.len() >= WAITING.max(self.sorted.len())
    }

    /// Adds a number `count` times; returns whether it is time to ask how many there are.
    #[inline]
    pub(super) fn add_times(&mut self, number: f64, count: u64) -> bool {
        if self.is_looked_up() {
            return self.look_up(number, count);
        }
        self.waiting_counts.push((number, count));
        self.waiting_counts.len() >= WAITING.max(self.sorted.len())
    }

    #[inline]
    fn is_looked_up(&self) -> bool {
        self.sorted.is_empty() && self.few.len() < FEW
    }

    fn look_up(&mut self, number: f64, count: u64) -> bool {
        let bits = number.to_bits();
        let hash = mix(bits);
        if let Some(known) = self.few.find_mut(hash, |entry| entry.0 == bits) {
            known.1 += count;
            return false;
        }
        let entry = (bits, count);
        if self.few.len() == FEW / 16 {
            // By now they are likely to fill it: it grows once.
            self.few.reserve(FEW, |entry| mix(entry.0));
        }
        self.few.insert_unique(hash, entry, |entry| mix(entry.0));
        self.few.len() >= FEW
    }

    /// Adds all that another one has counted; they are sorted together when it is asked how many there are.
    pub(super) fn merge(&mut self, mut other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        let few = other.few.drain();
        self.waiting_counts
            .extend(few.map(|(bits, count)| (f64::from_bits(bits), count)));
        self.waiting.append(&mut other.waiting);
        self.waiting_counts.append(&mut other.waiting_counts);
        if self.sorted.is_empty() {
            self.sorted = other.sorted;
        } else {
            self.waiting_counts.append(&mut other.sorted);
        }
    }

    /// Adds all that another one has counted, and leaves it as it is.
    pub(super) fn add_all(&mut self, other: &Self) {
        self.waiting.extend_from_slice(&other.waiting);
        let few = other.few.iter();
        let few = few.map(|(bits, count)| (f64::from_bits(*bits), *count));
        let counts = other.sorted.iter().chain(&other.waiting_counts).copied();
        self.waiting_counts.extend(counts.chain(few));
    }

    /// Returns a number than which there are no more.
    #[inline]
    pub(super) fn at_most(&self) -> usize {
        self.sorted.len() + self.few.len() + self.waiting.len() + self.waiting_counts.len()
    }

    /// Returns how many there are.
    pub(super) fn count_distinct(&mut self) -> usize {
        self.sort();
        self.sorted.len()
    }

    /// Takes them all out, in rising order.
    pub(super) fn take_sorted(&mut self) -> Vec<(f64, u64)> {
        self.sort();
        std::mem::take(&mut self.sorted)
    }

    /// Sorts what waits among the others.
    pub(super) fn sort(&mut self) {
        let few = self.few.drain();
        self.waiting_counts
            .extend(few.map(|(bits, count)| (f64::from_bits(bits), count)));
        if !self.waiting.is_empty() {
            self.waiting.sort_unstable_by(f64::total_cmp);
            let ones = self.waiting.drain(..).map(|number| (number, 1));
            self.sorted = joined(std::mem::take(&mut self.sorted), ones);
        }
        if !self.waiting_counts.is_empty() {
            // Mostly a few lists in rising order one after another, which a stable sort makes use of.
            self.waiting_counts.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut counts = std::mem::take(&mut self.waiting_counts);
            self.sorted = match self.sorted.is_empty() {
                true => {
                    counts.dedup_by(|next, kept| {
                        let is_same = next.0 == kept.0;
                        kept.1 += if is_same { next.1 } else { 0 };
                        is_same
                    });
                    counts
                }
                false => joined(std::mem::take(&mut self.sorted), counts.into_iter()),
            };
        }
    }
}

/// Joins two lists in rising order, of which the second may say a number more than once.
fn joined(
    sorted: Vec<(f64, u64)>,
    more: impl ExactSizeIterator<Item = (f64, u64)>,
) -> Vec<(f64, u64)> {
    let mut all: Vec<(f64, u64)> = Vec::with_capacity(sorted.len() + more.len());
    let mut add = |number: f64, count: u64| match all.last_mut() {
        Some(last) if last.0 == number => last.1 += count,
        _ => all.push((number, count)),
    };
    let mut sorted = sorted.into_iter().peekable();
    for (number, count) in more {
        while let Some((before, times)) = sorted.next_if(|(before, _)| *before <= number) {
            add(before, times);
        }
        add(number, count);
    }
    sorted.for_each(|(number, count)| add(number, count));
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_like_a_map(
            parts in proptest::collection::vec((0..20_000_i32, 1..4_usize, 1..3_u64), 1..60)
        ) {
            let mut all = DistinctNumbers::default();
            let mut expected = BTreeMap::<i32, u64>::new();
            for (first, step, times) in parts {
                let mut part = DistinctNumbers::default();
                for number in (first..first + 900).step_by(step) {
                    let value = f64::from(number) / 8.0 - 700.0;
                    if times == 1 {
                        part.add(value);
                    } else {
                        part.add_times(value, times);
                    }
                    *expected.entry(number).or_default() += times;
                }
                all.merge(part);
            }
            let expected: Vec<(f64, u64)> = expected
                .into_iter()
                .map(|(number, count)| (f64::from(number) / 8.0 - 700.0, count))
                .collect();
            prop_assert_eq!(all.count_distinct(), expected.len());
            prop_assert_eq!(all.take_sorted(), expected);
            prop_assert!(all.is_empty());
        }
    }
}
