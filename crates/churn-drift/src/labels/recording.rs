//! Takes down the predictions of a data set while others count its rows, for labels that are not there yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use churn_base::error::Result;
use churn_data::DataSet;

use super::counts::PredictionCounts;
use super::hearing::{Hearing, State};
use super::kept::{Kept, Taken};
use super::record::PredictionRecord;
use super::spec::LabelSpec;
use super::spool::PARTITIONS;
use crate::profile::{SegmentPlans, TimeGrouping};

/// Predictions that are being taken down.
pub struct Recording {
    hearing: Arc<Hearing>,
    spec: LabelSpec,
}

/// The predictions of a piece of time, with what a later join needs of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predictions {
    /// The beginning of the piece, seconds since 1970 by the zone's clock.
    pub start: i64,
    /// All of them, those that cannot be joined among them.
    pub rows: u64,
    /// When the last of their label windows closes.
    pub closes: i64,
    /// What a later join needs.
    pub bytes: Vec<u8>,
}

/// Takes the predictions of a data set down when it is read, whoever reads it and for what.
///
/// # Errors
/// Bad input if a column is not there.
pub fn record(
    data: DataSet,
    spec: &LabelSpec,
    score: Option<&str>,
    by: &TimeGrouping,
    plans: &SegmentPlans,
) -> Result<(DataSet, Recording)> {
    let hearing = Arc::new(Hearing::of(&data, spec, score, Some(by), plans)?);
    let data = hearing.heard_in(data);
    let spec = spec.clone();
    Ok((data, Recording { hearing, spec }))
}

impl Recording {
    /// Returns the predictions piece by piece when the data set has been read.
    ///
    /// # Errors
    /// 74 if a temporary file cannot be written or read.
    pub fn finish(self) -> Result<Vec<Predictions>> {
        let State {
            tally, mut spool, ..
        } = self.hearing.take();
        spool.check()?;
        let mut pieces: BTreeMap<i64, (PredictionCounts, Vec<Taken>)> = BTreeMap::new();
        for (start, piece) in tally.pieces {
            pieces.entry(start).or_default().0 = piece.counts;
        }
        for partition in 0..PARTITIONS {
            spool.each(partition, |record| {
                if let Some(prediction) = PredictionRecord::read(record) {
                    let (counts, taken) = pieces.entry(prediction.piece).or_default();
                    counts.rows += 1;
                    taken.push(Taken::of(&prediction));
                }
            })?;
        }
        let name = |number| self.hearing.cutting.name(number);
        let kept = pieces.into_iter().map(|(start, (counts, taken))| {
            let closes = taken
                .iter()
                .map(|one| self.spec.window.after(one.time, 1))
                .max();
            Predictions {
                start,
                rows: counts.rows,
                closes: closes.unwrap_or(i64::MIN),
                bytes: Kept::write(&counts, taken, &name),
            }
        });
        Ok(kept.collect())
    }
}
