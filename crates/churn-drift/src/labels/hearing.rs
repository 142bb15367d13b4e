//! Hears the rows of a data set while others count them: each is a prediction, whose labels are looked up at once
//! if all of them are in memory, and which is put into a spool if not.

use std::sync::{Arc, Mutex, PoisonError};

use churn_base::error::Result;
use churn_data::{DataSet, Listener, Listening, Row, RowListener};

use super::clock::{Clock, Reading};
use super::cutting::Cutting;
use super::key::{Examples, hash, read_key};
use super::record::{PredictionRecord, Segments};
use super::spec::LabelSpec;
use super::spool::Spool;
use super::table::Table;
use super::tally::{NO_PIECE, Rules, Tally};
use crate::profile::{SegmentPlans, Segmenter, TimeGrouping, position};

/// What all threads share that hear the rows.
pub(super) struct Hearing {
    keys: Vec<usize>,
    time: (usize, Clock),
    piece: Option<(usize, Clock, TimeGrouping)>,
    score: Option<usize>,
    pub(super) cutting: Cutting,
    /// All labels, if they are known and fit into memory.
    pub(super) table: Option<(Table, Rules)>,
    share: usize,
    limit: usize,
    whole: Mutex<State>,
}

/// What was taken of the rows: of one thread, then of all.
pub(super) struct State {
    pub(super) tally: Tally,
    /// Predictions whose labels are not in memory.
    pub(super) spool: Spool,
    pub(super) examples: Examples,
}

impl State {
    pub(super) fn new(share: usize) -> Self {
        Self {
            tally: Tally::default(),
            spool: Spool::new(0, share),
            examples: Examples::default(),
        }
    }
}

impl Hearing {
    /// Finds the columns that tell of a prediction. No label is known yet.
    ///
    /// # Errors
    /// Bad input if a column is not there.
    pub(super) fn of(
        data: &DataSet,
        spec: &LabelSpec,
        score: Option<&str>,
        by: Option<&TimeGrouping>,
        plans: &SegmentPlans,
    ) -> Result<Self> {
        let keys = spec.join.columns().iter();
        let keys = keys.map(|key| position(data, &key.predictions));
        let clock = |column: &str| -> Result<(usize, Clock)> {
            Ok((position(data, column)?, Clock::of(data, column, &spec.zone)))
        };
        let piece = match by {
            Some(by) => {
                let (column, clock) = clock(&by.column)?;
                Some((column, clock, by.clone()))
            }
            None => None,
        };
        Ok(Self {
            keys: keys.collect::<Result<_>>()?,
            time: clock(&spec.prediction_time)?,
            piece,
            score: score.map(|score| position(data, score)).transpose()?,
            cutting: Cutting::of(data, plans)?,
            table: None,
            share: spec.share(),
            limit: spec.limit(),
            whole: Mutex::new(State::new(spec.limit())),
        })
    }

    /// Lets the rows be heard when the data set is read, whoever reads it and for what.
    pub(super) fn heard_in(self: &Arc<Self>, data: DataSet) -> DataSet {
        let columns = self.keys.iter().copied().chain([self.time.0]);
        let columns = columns
            .chain(self.score)
            .chain(self.piece.as_ref().map(|(column, ..)| *column))
            .chain(self.cutting.columns());
        let columns = columns.collect();
        let hearing: Arc<Self> = Arc::clone(self);
        data.heard_by(Listener::new(hearing, columns))
    }

    /// Returns what was heard.
    pub(super) fn take(&self) -> State {
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *whole, State::new(0))
    }
}

impl RowListener for Hearing {
    fn listen(self: Arc<Self>) -> Box<dyn Listening> {
        Box::new(Ear {
            state: State::new(self.share),
            segments: self.cutting.segmenters(),
            numbers: Vec::new(),
            shared: self,
            key: Vec::new(),
            record: Vec::new(),
        })
    }
}

/// Takes the rows of one thread.
struct Ear {
    shared: Arc<Hearing>,
    state: State,
    /// The segments of each cut, and the numbers that all threads know them by.
    segments: Vec<(Segmenter<'static>, Vec<u32>)>,
    numbers: Vec<u8>,
    key: Vec<u8>,
    record: Vec<u8>,
}

impl Listening for Ear {
    fn row(&mut self, row: &Row<'_>) {
        let Self {
            shared,
            state,
            segments,
            numbers,
            key,
            record,
        } = self;
        let piece = match &shared.piece {
            None => 0,
            Some((column, clock, by)) => match clock.read(&row.field(*column)) {
                Reading::At(time) => by.every.floor(time),
                Reading::Missing | Reading::Unreadable => NO_PIECE,
            },
        };
        let has_key = read_key(row, &shared.keys, key);
        if has_key {
            state.examples.keep(row, &shared.keys);
        }
        let (column, clock) = &shared.time;
        let time = match clock.read(&row.field(*column)) {
            Reading::At(time) if has_key => time,
            time => {
                let counts = state.tally.counts(piece);
                counts.rows += 1;
                match time {
                    Reading::At(_) => counts.without_key += 1,
                    Reading::Missing | Reading::Unreadable => counts.without_time += 1,
                }
                return;
            }
        };
        let score = shared.score.map(|score| row.field(score));
        numbers.clear();
        for (cut, (segmenter, known)) in segments.iter_mut().enumerate() {
            if let Some(segment) = segmenter.segment(row) {
                shared.cutting.number(cut, &segmenter.names, known);
                numbers.extend_from_slice(&known[segment].to_le_bytes());
            }
        }
        let prediction = PredictionRecord {
            key,
            time,
            piece,
            segments: Segments(numbers),
            score: score.as_deref().unwrap_or_default(),
            place: row.place(),
        };
        match &shared.table {
            Some((table, rules)) => state.tally.join(&prediction, table, rules),
            None => {
                prediction.write(record);
                state.spool.push(hash(key), record);
            }
        }
    }

    fn keep(self: Box<Self>) {
        let whole = self.shared.whole.lock();
        let mut whole = whole.unwrap_or_else(PoisonError::into_inner);
        let State {
            tally,
            spool,
            examples,
        } = self.state;
        whole.tally.merge(tally);
        whole.spool.absorb(spool, self.shared.limit);
        whole.examples.merge(examples);
    }
}
