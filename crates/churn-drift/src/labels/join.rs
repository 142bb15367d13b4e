//! The join of what does not fit into memory: both sides were dealt to partitions by the hash of their key,
//! and a partition is joined at a time. One whose labels are still too many is dealt anew.

use std::collections::HashSet;

use churn_base::error::Result;

use super::classes::Classes;
use super::counts::LabelCounts;
use super::key::hash;
use super::record::{LabelRecord, PredictionRecord};
use super::spool::{MOST_LEVELS, PARTITIONS, Spool};
use super::table::Table;
use super::tally::{Rules, Tally};

/// What a join needs beside its two sides.
#[derive(Clone, Copy)]
pub(super) struct Joiner<'a> {
    pub(super) classes: &'a Classes,
    pub(super) rules: &'a Rules,
    /// Bytes of labels that are made a table at once.
    pub(super) limit: usize,
}

impl Joiner<'_> {
    /// Makes a table of all labels of a spool.
    pub(super) fn table(
        self,
        labels: &Spool,
        partitions: impl Iterator<Item = usize>,
    ) -> Result<Table> {
        let mut table = Table::default();
        for partition in partitions {
            labels.each(partition, |record| {
                if let Some(label) = LabelRecord::read(record) {
                    table.add(&label, self.classes.is_positive(label.value));
                }
            })?;
        }
        table.settle();
        Ok(table)
    }

    /// Joins two spools of one level, and counts the labels.
    pub(super) fn join(
        self,
        labels: &Spool,
        predictions: &Spool,
        level: u32,
        tally: &mut Tally,
    ) -> Result<LabelCounts> {
        let mut counts = LabelCounts::default();
        for partition in 0..PARTITIONS {
            if labels.bytes(partition) <= self.limit || level + 1 == MOST_LEVELS {
                counts += self.join_partition(labels, predictions, partition, tally)?;
                continue;
            }
            let wanted = self.keys(predictions, partition)?;
            let mut fewer = Spool::new(level + 1, self.limit);
            let mut hashes = Differing::default();
            labels.each(partition, |record| {
                let Some(label) = LabelRecord::read(record) else {
                    return;
                };
                let hash = hash(label.key);
                if wanted
                    .as_ref()
                    .is_some_and(|wanted| !wanted.contains(&hash))
                {
                    match label.time.unwrap_or(i64::MIN) < self.rules.settled_until {
                        true => counts.settled += 1,
                        false => counts.without_prediction += 1,
                    }
                    return;
                }
                hashes.see(hash);
                fewer.push(hash, record);
            })?;
            let mut dealt = Spool::new(level + 1, self.limit);
            predictions.each(partition, |record| {
                if let Some(prediction) = PredictionRecord::read(record) {
                    dealt.push(hash(prediction.key), record);
                }
            })?;
            fewer.check()?;
            dealt.check()?;
            if hashes.are_several {
                counts += self.join(&fewer, &dealt, level + 1, tally)?;
                continue;
            }
            // The labels of one key cannot be dealt.
            for partition in 0..PARTITIONS {
                counts += self.join_partition(&fewer, &dealt, partition, tally)?;
            }
        }
        Ok(counts)
    }

    /// Returns the hashes of all keys of predictions, if these are fewer than the labels may be: then labels
    /// of other keys need not be kept.
    fn keys(self, predictions: &Spool, partition: usize) -> Result<Option<HashSet<u64>>> {
        if predictions.bytes(partition) > self.limit {
            return Ok(None);
        }
        let mut keys = HashSet::new();
        predictions.each(partition, |record| {
            if let Some(prediction) = PredictionRecord::read(record) {
                keys.insert(hash(prediction.key));
            }
        })?;
        Ok(Some(keys))
    }

    fn join_partition(
        self,
        labels: &Spool,
        predictions: &Spool,
        partition: usize,
        tally: &mut Tally,
    ) -> Result<LabelCounts> {
        let table = self.table(labels, std::iter::once(partition))?;
        let mut part = Tally::default();
        predictions.each(partition, |record| {
            if let Some(prediction) = PredictionRecord::read(record) {
                part.join(&prediction, &table, self.rules);
            }
        })?;
        let counts = part.uses.counts(&table, self.rules.settled_until);
        tally.add(part);
        Ok(counts)
    }
}

/// Whether hashes are not all the same.
#[derive(Default)]
struct Differing {
    first: Option<u64>,
    are_several: bool,
}

impl Differing {
    fn see(&mut self, hash: u64) {
        self.are_several |= *self.first.get_or_insert(hash) != hash;
    }
}
