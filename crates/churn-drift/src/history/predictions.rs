//! The predictions in a history: kept until the windows of their labels have closed, and then what became of them.

use std::collections::BTreeMap;

use churn_base::error::{Error, Result};

use super::folder::{History, Lock};
use super::head::{Head, LastJoin};
use super::packing::pack;
use super::segment::damaged;
use super::source::{PredictionEntry, Source};
use crate::labels::{JoinedBy, LaterJoin, Settled};

/// Predictions of a piece of time of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredictionPart {
    key: String,
    at: usize,
    segment: usize,
    entry: PredictionEntry,
}

impl PredictionPart {
    /// Returns the beginning of its piece of time.
    #[must_use]
    pub const fn start(&self) -> i64 {
        self.entry.start
    }

    /// Returns how many predictions it has.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.entry.rows
    }

    /// Returns the run that has settled it; none while labels may still come.
    #[must_use]
    pub const fn settled(&self) -> Option<u64> {
        self.entry.settled
    }

    /// Returns whether all of its label windows have closed by then.
    #[must_use]
    pub const fn is_closed(&self, watermark: i64) -> bool {
        self.entry.closes <= watermark
    }
}

impl History {
    /// Returns all predictions, in the order of their sources.
    #[must_use]
    pub fn predictions(&self) -> Vec<PredictionPart> {
        let of_source = |(segment, source): &(usize, Source)| -> Vec<PredictionPart> {
            let entries = source.predictions.iter().enumerate();
            let part = |(at, entry): (usize, &PredictionEntry)| PredictionPart {
                key: source.key.clone(),
                at,
                segment: *segment,
                entry: entry.clone(),
            };
            entries.map(part).collect()
        };
        self.kept.values().flat_map(of_source).collect()
    }

    /// Returns when the last window closed of predictions that are settled; none if none is.
    #[must_use]
    pub fn settled_until(&self) -> Option<i64> {
        let all = self.sources().flat_map(|source| &source.predictions);
        let settled = all.filter(|one| one.settled.is_some());
        settled.map(|one| one.closes).max()
    }

    /// Adds predictions to a join.
    ///
    /// # Errors
    /// 65 if a file of the history is damaged.
    pub fn add_to(&self, join: &mut LaterJoin, part: &PredictionPart) -> Result<()> {
        let segment = &self.segments[part.segment];
        let bytes = segment.predictions(&part.entry)?;
        let added = join.add(&bytes);
        added.map_err(|error| damaged(&segment.path, &error.to_string()))
    }

    /// Returns what became of predictions.
    ///
    /// # Errors
    /// 65 if a file of the history is damaged.
    pub fn settled(&self, part: &PredictionPart) -> Result<Settled> {
        if part.settled().is_none() {
            return Ok(Settled::open(part.rows()));
        }
        let segment = &self.segments[part.segment];
        let bytes = segment.predictions(&part.entry)?;
        let settled: Option<Settled> = serde_json::from_slice(&bytes).ok();
        let settled = settled.filter(|settled| settled.is_whole(part.rows()));
        settled.ok_or_else(|| damaged(&segment.path, "what became of predictions"))
    }

    /// Keeps what became of predictions in the place of these, and how they were joined. Nothing else of their
    /// sources changes.
    ///
    /// # Errors
    /// 65 if a file is damaged; 74 if it cannot be written: the predictions are then kept as they were.
    pub fn settle(
        &mut self,
        lock: &Lock,
        settled: &[(PredictionPart, &Settled)],
        by: JoinedBy,
    ) -> Result<()> {
        let run = self.last_run() + 1;
        let mut sources: BTreeMap<&str, (Source, Vec<Vec<u8>>)> = BTreeMap::new();
        for (part, settled) in settled {
            let Some((segment, source)) = self.kept.get(&part.key) else {
                continue;
            };
            if !sources.contains_key(&*part.key) {
                let packed = self.segments[*segment].packed_of(source)?;
                sources.insert(&part.key, (source.clone(), packed));
            }
            let Some((source, packed)) = sources.get_mut(&*part.key) else {
                continue;
            };
            let entry = &mut source.predictions[part.at];
            entry.settled = Some(run);
            entry.scores_by_cells = settled.is_by_cells();
            // Texts, integers and finite doubles: this cannot fail.
            let bytes = serde_json::to_vec(settled).unwrap_or_default();
            packed[source.pieces.len() + part.at] =
                pack(&bytes).map_err(|error| Error::io("pack", &self.folder, error))?;
        }
        let sources: Vec<_> = sources.into_values().collect();
        if !sources.is_empty() {
            self.add(lock, sources)?;
        }
        let Some(head) = self.head().cloned() else {
            return Ok(());
        };
        let joined = Some(LastJoin {
            run: self.last_run(),
            by,
        });
        if head.joined != joined {
            self.write_head(Head { joined, ..head })?;
        }
        if self.is_mostly_gone() {
            self.compact(lock, None)?;
        }
        Ok(())
    }

    /// Whether most of what the files hold is predictions that have been settled since.
    fn is_mostly_gone(&self) -> bool {
        let of_source = |source: &Source| -> u64 {
            let pieces = source.pieces.iter().map(|piece| piece.bytes);
            let predictions = source.predictions.iter().map(|one| one.bytes);
            pieces.chain(predictions).sum()
        };
        let used: u64 = self.sources().map(of_source).sum();
        self.size().0 > 2 * used + FEW_BYTES
    }
}

/// Bytes that are not worth joining files for.
const FEW_BYTES: u64 = 1 << 20;
