//! Listens to the rows of a data set while others count them: each is a prediction, whose labels are looked
//! up at once if all of them are in memory, and later if not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use churn_base::error::{Error, Place, Result};
use churn_data::{DataSet, Listener, Listening, Row, RowListener};

use super::classes::Classes;
use super::clock::{Clock, Reading};
use super::counts::LabelCounts;
use super::cutting::Cutting;
use super::join::Joiner;
use super::joined::{Joined, finished, finished_scores};
use super::key::{Examples, hash, read_key};
use super::record::{PredictionRecord, Segments};
use super::source::Labels;
use super::spec::{LabelSpec, Unmatched};
use super::spool::{PARTITIONS, Spool};
use super::table::Table;
use super::tally::{NO_PIECE, Rules, Tally};
use crate::profile::{CountOutcome, Outcome, SegmentPlans, Segmenter, TimeGrouping, position};

/// What is known of the predictions before they are read.
#[derive(Debug, Clone, Copy)]
pub struct Joining<'a> {
    /// How labels are joined.
    pub spec: &'a LabelSpec,
    /// The label and the score that are counted; none if there is no score.
    pub outcome: Option<&'a CountOutcome>,
    /// The baseline's scores by label, if it has them: its labels are those of the report.
    pub baseline: Option<&'a Outcome>,
    /// The text of the label that means churned, if it was named.
    pub positive: Option<&'a str>,
    /// How rows are sorted into pieces of time, if they are.
    pub by: Option<&'a TimeGrouping>,
    /// How they are sorted into segments.
    pub plans: &'a SegmentPlans,
}

/// A join under way: the labels are known, and predictions are being read.
pub struct Join {
    shared: Arc<Shared>,
    labels: Labels,
    classes: Classes,
    outcome: Option<CountOutcome>,
    limit: usize,
}

/// What all threads share.
struct Shared {
    keys: Vec<usize>,
    time: (usize, Clock),
    piece: Option<(usize, Clock, TimeGrouping)>,
    score: Option<usize>,
    cutting: Cutting,
    rules: Rules,
    /// All labels, if they fit into memory.
    table: Option<Table>,
    share: usize,
    limit: usize,
    whole: Mutex<State>,
}

/// What was taken of the rows: of one thread, then of all.
struct State {
    tally: Tally,
    /// Predictions whose labels are not in memory.
    spool: Spool,
    examples: Examples,
}

impl State {
    fn new(share: usize) -> Self {
        Self {
            tally: Tally::default(),
            spool: Spool::new(0, share),
            examples: Examples::default(),
        }
    }
}

/// Lets the labels be joined with the rows of a data set when it is read, whoever reads it and for what.
///
/// # Errors
/// Bad input if a column is not there, or it is not clear which label means churned; 64 if it is a table in
/// a database, whose rows nobody reads.
pub fn listen(data: DataSet, labels: Labels, joining: Joining<'_>) -> Result<(DataSet, Join)> {
    let Joining {
        spec,
        outcome,
        baseline,
        positive,
        by,
        plans,
    } = joining;
    let keys = spec.join.columns().iter();
    let keys: Vec<usize> = keys
        .map(|key| position(&data, &key.predictions))
        .collect::<Result<_>>()?;
    let clock = |column: &str| -> Result<(usize, Clock)> {
        Ok((
            position(&data, column)?,
            Clock::of(&data, column, &spec.zone),
        ))
    };
    let time = clock(&spec.prediction_time)?;
    let piece = match by {
        Some(by) => {
            let (column, clock) = clock(&by.column)?;
            Some((column, clock, by.clone()))
        }
        None => None,
    };
    let score = outcome.map(|outcome| position(&data, &outcome.score));
    let score = score.transpose()?;
    let known = baseline.map(|baseline| baseline.by_label.keys().cloned().collect::<Vec<_>>());
    let source = labels.columns.label.as_ref();
    let name = source.or(baseline.map(|baseline| &baseline.label));
    let classes = Classes::of(
        name.map_or("label", String::as_str),
        &known.unwrap_or_default(),
        source.map(|_| &labels.values),
        positive,
    )?;
    let watermark = labels.watermark.ok_or_else(|| {
        let place = Place {
            file: labels.name.clone(),
            line: None,
            column: labels.columns.time.clone(),
        };
        Error::bad_input("no label has a key and a time that has come").at(place)
    })?;
    let by_source = match labels.columns.label {
        Some(_) => Unmatched::Drop,
        None => Unmatched::Negative,
    };
    let rules = Rules {
        window: spec.window,
        watermark,
        unmatched: spec.unmatched.unwrap_or(by_source),
        threshold: outcome.and_then(|outcome| outcome.threshold).unwrap_or(0.5),
    };
    let cutting = Cutting::of(&data, plans)?;
    let limit = spec.limit();
    let joiner = Joiner {
        classes: &classes,
        rules: &rules,
        limit,
    };
    let table = match labels.spool.is_in_memory() {
        true => Some(joiner.table(&labels.spool, 0..PARTITIONS)?),
        false => None,
    };
    let columns = keys.iter().copied().chain([time.0]).chain(score);
    let columns: Vec<usize> = columns
        .chain(piece.as_ref().map(|(column, ..)| *column))
        .chain(cutting.columns())
        .collect();
    let shared = Arc::new(Shared {
        keys,
        time,
        piece,
        score,
        cutting,
        rules,
        table,
        share: spec.share(),
        limit,
        whole: Mutex::new(State::new(limit)),
    });
    let join = Join {
        shared: Arc::clone(&shared),
        labels,
        classes,
        outcome: outcome.cloned(),
        limit,
    };
    Ok((data.heard_by(Listener::new(shared, columns)), join))
}

impl Join {
    /// Ends the join when the data set has been read.
    ///
    /// # Errors
    /// 74 if a temporary file cannot be written or read.
    pub fn finish(self) -> Result<Joined> {
        let Self {
            shared,
            labels,
            classes,
            outcome,
            limit,
        } = self;
        let mut whole = shared.whole.lock().unwrap_or_else(PoisonError::into_inner);
        let State {
            mut tally,
            mut spool,
            examples,
        } = std::mem::replace(&mut *whole, State::new(0));
        spool.check()?;
        let mut counts: LabelCounts = labels.counts;
        match &shared.table {
            Some(table) => counts += tally.uses.counts(table),
            None => {
                let joiner = Joiner {
                    classes: &classes,
                    rules: &shared.rules,
                    limit,
                };
                counts += joiner.join(&labels.spool, &spool, 0, &mut tally)?;
            }
        }
        let Rules {
            watermark,
            unmatched,
            ..
        } = shared.rules;
        // Where no label is of a prediction, the keys are of two worlds, and nobody is known to have stayed.
        let found = counts.in_window + counts.too_early + counts.too_late;
        let outcome = outcome.filter(|_| found > 0 || counts.without_prediction == 0);
        let mut segments = vec![BTreeMap::new(); shared.cutting.len()];
        for ((segment, start), scores) in tally.segments {
            if let Some(outcome) = finished_scores(scores, &classes, outcome.as_ref())
                && let Some((cut, name)) = shared.cutting.name(segment)
            {
                let pieces: &mut BTreeMap<i64, Outcome> = segments[cut].entry(name).or_default();
                pieces.insert(start, outcome);
            }
        }
        Ok(Joined {
            segments,
            pieces: finished(tally.pieces, &classes, outcome.as_ref()),
            unmatched,
            watermark,
            positive: classes.positive,
            labels: counts,
            prediction_examples: examples.into_texts(),
            label_examples: labels.examples,
            first_unreadable: labels.first_unreadable,
            sha256: labels.sha256,
            columns: labels.columns,
        })
    }
}

impl RowListener for Shared {
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
    shared: Arc<Shared>,
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
            Some(table) => state.tally.join(&prediction, table, &shared.rules),
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
