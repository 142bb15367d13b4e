//! Joins labels with predictions that earlier runs have taken down: each run looks up those whose windows were still
//! open, and what has closed is settled and not looked up again.

use std::collections::{BTreeMap, HashMap};

use churn_base::error::Result;
use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::counts::{LabelCounts, PredictionCounts};
use super::hearing::State;
use super::join::Joiner;
use super::joined::{Joined, JoinedPiece, outcome_of, to_columns};
use super::kept::Kept;
use super::key::hash;
use super::predictions::Joining;
use super::record::{PredictionRecord, Segments};
use super::source::Labels;
use super::spec::{LabelColumns, Unmatched};
use super::spool::PARTITIONS;
use super::table::Table;
use super::tally::{Rules, Tally};
use crate::profile::{Column, CountOutcome, Outcome};
use churn_data::RowPlace;

/// Scores of those that stayed and of those that left.
pub(super) type ScoresByClass = [Option<Column>; 2];

/// What became of the predictions of a piece of time of one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// By what became of them.
    pub counts: PredictionCounts,
    /// Their scores.
    scores: ScoresByClass,
    /// Those of each segment, with the number of its cut and its name.
    segments: Vec<(usize, String, ScoresByClass)>,
}

/// How labels were joined: all that is known of a join without a look at either side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinedBy {
    /// The columns of the label source.
    pub columns: LabelColumns,
    /// What a prediction without a label was taken for.
    pub unmatched: Unmatched,
    /// Until when the labels are whole, in seconds since 1970-01-01 00:00 by the zone's clock.
    pub watermark: i64,
    /// The text of the label that means churned.
    pub positive: String,
    /// The one that means stayed.
    pub negative: String,
    /// The labels by what became of them.
    pub labels: LabelCounts,
    /// Digest of all labels, in whatever order.
    pub sha256: String,
}

/// Why kept predictions cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its predictions are not what was written")]
pub struct BadPredictions;

/// A join with kept predictions under way.
pub struct LaterJoin {
    labels: Labels,
    classes: Classes,
    rules: Rules,
    outcome: Option<CountOutcome>,
    limit: usize,
    table: Option<Table>,
    state: State,
    segments: HashMap<(usize, String), u32>,
    names: Vec<(usize, String)>,
    parts: usize,
}

/// A join with kept predictions, done.
pub struct LaterJoined {
    /// What became of each part, in the order in which they were added.
    pub parts: Vec<Settled>,
    /// How they were joined.
    pub by: JoinedBy,
    /// Labels and predictions have keys of one kind.
    pub keys_agree: bool,
    whole: Joined,
    classes: Classes,
}

impl LaterJoin {
    /// Prepares the labels. Predictions whose windows closed by `settled_until` are settled, if there are any.
    ///
    /// # Errors
    /// Bad input if it is not clear which label means churned; 74 if a temporary file cannot be read.
    pub fn new(labels: Labels, joining: &Joining<'_>, settled_until: Option<i64>) -> Result<Self> {
        let (classes, rules) = joining.decide(&labels)?;
        let rules = Rules {
            settled_until: settled_until.unwrap_or(i64::MIN),
            ..rules
        };
        let limit = joining.spec.limit();
        let joiner = Joiner {
            classes: &classes,
            rules: &rules,
            limit,
        };
        let table = match labels.spool.is_in_memory() {
            true => Some(joiner.table(&labels.spool, 0..PARTITIONS)?),
            false => None,
        };
        Ok(Self {
            table,
            state: State::new(limit),
            outcome: joining.outcome.cloned(),
            segments: HashMap::new(),
            names: Vec::new(),
            parts: 0,
            labels,
            classes,
            rules,
            limit,
        })
    }

    /// Returns until when the labels are whole.
    #[must_use]
    pub const fn watermark(&self) -> i64 {
        self.rules.watermark
    }

    /// Returns what a prediction without a label is taken for.
    #[must_use]
    pub const fn unmatched(&self) -> Unmatched {
        self.rules.unmatched
    }

    /// Adds a part: the kept predictions of a piece of time of one source.
    ///
    /// # Errors
    /// Fails if they are not what was written.
    pub fn add(&mut self, bytes: &[u8]) -> std::result::Result<(), BadPredictions> {
        let mut kept = Kept::read(bytes).ok_or(BadPredictions)?;
        let part = self.parts as i64;
        self.parts += 1;
        *self.state.tally.counts(part) = kept.counts;
        let numbers: Vec<u32> = std::mem::take(&mut kept.segments)
            .into_iter()
            .map(|segment| {
                *self.segments.entry(segment).or_insert_with_key(|segment| {
                    self.names.push(segment.clone());
                    self.names.len() as u32 - 1
                })
            })
            .collect();
        // Counted once, by what becomes of them.
        let unjoinable = kept.counts.without_time + kept.counts.without_key;
        self.state.tally.counts(part).rows = unjoinable;
        let (mut segments, mut record) = (Vec::new(), Vec::new());
        let mut line = 0;
        while let Some(one) = kept.next().map_err(|()| BadPredictions)? {
            segments.clear();
            for segment in &one.segments {
                let number = numbers.get(*segment as usize).ok_or(BadPredictions)?;
                segments.extend_from_slice(&number.to_le_bytes());
            }
            let place = RowPlace {
                file: self.parts as u32,
                chunk: 0,
                line,
            };
            line += 1;
            self.state.examples.keep_key(place, one.key);
            let prediction = PredictionRecord {
                key: one.key,
                time: one.time,
                piece: part,
                segments: Segments(&segments),
                score: one.score,
                place,
            };
            match &self.table {
                Some(table) => self.state.tally.join(&prediction, table, &self.rules),
                None => {
                    prediction.write(&mut record);
                    self.state.spool.push(hash(one.key), &record);
                }
            }
        }
        Ok(())
    }

    /// Ends the join when all parts have been added.
    ///
    /// # Errors
    /// 74 if a temporary file cannot be written or read.
    pub fn finish(self) -> Result<LaterJoined> {
        let Self {
            labels,
            classes,
            rules,
            outcome,
            limit,
            table,
            state,
            names,
            parts: count,
            ..
        } = self;
        let State {
            mut tally,
            mut spool,
            examples,
        } = state;
        spool.check()?;
        let mut counts = labels.counts;
        match &table {
            Some(table) => counts += tally.uses.counts(table, rules.settled_until),
            None => {
                let joiner = Joiner {
                    classes: &classes,
                    rules: &rules,
                    limit,
                };
                counts += joiner.join(&labels.spool, &spool, 0, &mut tally)?;
            }
        }
        let by = JoinedBy {
            columns: labels.columns,
            unmatched: rules.unmatched,
            watermark: rules.watermark,
            positive: classes.positive.clone(),
            negative: classes.negative.clone(),
            labels: counts,
            sha256: labels.sha256,
        };
        let whole = Joined {
            prediction_examples: examples.into_texts(),
            label_examples: labels.examples,
            first_unreadable: labels.first_unreadable,
            ..Joined::empty(&by)
        };
        Ok(LaterJoined {
            parts: parts_of(tally, &names, count, outcome.as_ref()),
            keys_agree: counts.keys_agree() || rules.settled_until > i64::MIN,
            whole,
            by,
            classes,
        })
    }
}

fn parts_of(
    tally: Tally,
    names: &[(usize, String)],
    count: usize,
    outcome: Option<&CountOutcome>,
) -> Vec<Settled> {
    let mut pieces = tally.pieces;
    let mut parts: Vec<Settled> = (0..count)
        .map(|part| {
            let piece = pieces.remove(&(part as i64)).unwrap_or_default();
            Settled {
                counts: piece.counts,
                scores: to_columns(piece.scores, outcome),
                segments: Vec::new(),
            }
        })
        .collect();
    for ((segment, part), scores) in tally.segments {
        let part = usize::try_from(part).ok().and_then(|at| parts.get_mut(at));
        if let (Some(part), Some((cut, name))) = (part, names.get(segment as usize)) {
            let scores = to_columns(scores, outcome);
            part.segments.push((*cut, name.clone(), scores));
        }
    }
    parts
}

impl LaterJoined {
    /// Says of the labels what another join of the same ones has said.
    pub fn tell_counts_of(&mut self, other: &JoinedBy) {
        self.by.labels = other.labels;
        self.whole.labels = other.labels;
    }

    /// Puts the join together of its own parts and those that earlier runs have settled, each with the beginning of
    /// its piece of time.
    ///
    /// # Errors
    /// Bad input if a part is damaged; what was just counted is not.
    pub fn together(
        self,
        parts: impl IntoIterator<Item = Result<(i64, Settled)>>,
        plan: Option<&CountOutcome>,
    ) -> Result<Joined> {
        let plan = plan.filter(|_| self.keys_agree);
        self.whole.with_parts(&self.classes, parts, plan)
    }
}

impl JoinedBy {
    /// Puts a join together of what earlier runs have settled.
    ///
    /// # Errors
    /// Bad input if a part is damaged.
    pub fn together(
        &self,
        parts: impl IntoIterator<Item = Result<(i64, Settled)>>,
        plan: Option<&CountOutcome>,
    ) -> Result<Joined> {
        let classes = Classes::named(&self.negative, &self.positive);
        Joined::empty(self).with_parts(&classes, parts, plan)
    }
}

impl Settled {
    /// Stands for predictions of which none is settled yet.
    #[must_use]
    pub fn open(rows: u64) -> Self {
        Self {
            counts: PredictionCounts {
                rows,
                immature: rows,
                ..PredictionCounts::default()
            },
            scores: [None, None],
            segments: Vec::new(),
        }
    }

    /// Returns whether it is of so many predictions, and its counts add up.
    #[must_use]
    pub fn is_whole(&self, rows: u64) -> bool {
        let of_segments = self.segments.iter().flat_map(|(.., scores)| scores);
        let mut columns = self.scores.iter().chain(of_segments).flatten();
        self.counts.rows == rows && columns.all(|column| column.is_of_at_most(rows))
    }

    /// Returns whether its scores are counted by cells, which are exact at one threshold alone.
    #[must_use]
    pub fn is_by_cells(&self) -> bool {
        let of_segments = self.segments.iter().flat_map(|(.., scores)| scores);
        let all = self.scores.iter().chain(of_segments);
        all.flatten().any(Column::is_by_cells)
    }
}

impl Joined {
    /// A join that nothing is known of but how it was done.
    fn empty(by: &JoinedBy) -> Self {
        Self {
            columns: by.columns.clone(),
            unmatched: by.unmatched,
            watermark: by.watermark,
            positive: by.positive.clone(),
            labels: by.labels,
            sha256: by.sha256.clone(),
            prediction_examples: Vec::new(),
            label_examples: Vec::new(),
            first_unreadable: None,
            pieces: BTreeMap::new(),
            segments: Vec::new(),
        }
    }

    fn with_parts(
        mut self,
        classes: &Classes,
        parts: impl IntoIterator<Item = Result<(i64, Settled)>>,
        plan: Option<&CountOutcome>,
    ) -> Result<Self> {
        for part in parts {
            let (start, part) = part?;
            let piece = JoinedPiece {
                counts: part.counts,
                outcome: outcome_of(part.scores, classes, plan),
            };
            self.pieces.entry(start).or_default().add(&piece)?;
            for (cut, name, scores) in part.segments {
                let Some(outcome) = outcome_of(scores, classes, plan) else {
                    continue;
                };
                if self.segments.len() <= cut {
                    self.segments.resize(cut + 1, BTreeMap::new());
                }
                let pieces: &mut BTreeMap<i64, Outcome> =
                    self.segments[cut].entry(name).or_default();
                let mut all = JoinedPiece {
                    outcome: pieces.remove(&start),
                    ..JoinedPiece::default()
                };
                all.add(&JoinedPiece {
                    outcome: Some(outcome),
                    ..JoinedPiece::default()
                })?;
                pieces.extend(all.outcome.map(|outcome| (start, outcome)));
            }
        }
        Ok(self)
    }
}
