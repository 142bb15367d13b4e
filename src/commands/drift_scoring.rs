//! The part of `churnctl drift` that scores the current rows while they are read, where the baseline is a model: the
//! score is one more column, and what the columns do to it is known afterwards.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use super::drift_request::DriftRequest;
use super::inputs::{Baseline, Input};
use super::score_readings::{Watch, cell_of, other_readings, readings};
use super::train_request::SCORE;
use crate::data::{ColumnReading, Computed, Computing, DataSet, Row, RowComputer};
use crate::drift::report::{Finding, FindingKind, Status};
use crate::drift::{ConsequenceLimits, Consequences, Policy};
use crate::error::{Error, Result};
use crate::model::artifact::Artifact;
use crate::model::attribution::{RowSample, attributions};
use crate::model::score::Scorer;

/// What scores are called that nobody compares: the data have scores of their own. No table has such a column.
const UNCOMPARED: &str = "(score of the baseline's model)";

/// How numbers are written, by feature of the model.
pub(super) type Readings = Vec<Option<ColumnReading>>;

/// Scores that are being made.
pub(super) struct Scoring<'a> {
    shared: Arc<Shared>,
    artifact: &'a Artifact,
    limits: ConsequenceLimits,
    threads: usize,
    /// Rows are read once.
    is_pipe: bool,
}

/// What all threads share.
struct Shared {
    scorer: Scorer,
    /// Where the features stand.
    columns: Vec<usize>,
    readings: Readings,
    /// Whether it is asked what the columns do to the scores.
    explains: bool,
    whole: Mutex<Seen>,
}

/// What was seen of the rows: by one thread, then by all.
#[derive(Default)]
struct Seen {
    watches: Vec<Watch>,
    sample: RowSample,
}

impl Seen {
    fn merge(&mut self, other: Self) {
        if self.watches.is_empty() {
            self.watches = other.watches;
        } else {
            let watches = self.watches.iter_mut().zip(other.watches);
            watches.for_each(|(mine, theirs)| mine.merge(theirs));
        }
        self.sample.merge(other.sample);
    }
}

struct Scored {
    shared: Arc<Shared>,
    /// Room for the row at hand.
    cells: Vec<f64>,
    seen: Seen,
}

impl RowComputer for Shared {
    fn begin(self: Arc<Self>) -> Box<dyn Computing> {
        let watches = vec![Watch::default(); self.columns.len()];
        Box::new(Scored {
            cells: Vec::with_capacity(self.columns.len()),
            seen: Seen {
                watches,
                sample: RowSample::default(),
            },
            shared: self,
        })
    }
}

impl Computing for Scored {
    fn compute(&mut self, row: &Row<'_>, text: &mut Vec<u8>) {
        let Shared {
            scorer,
            columns,
            readings,
            explains,
            ..
        } = &*self.shared;
        self.cells.clear();
        for (feature, &column) in columns.iter().enumerate() {
            let watch = &mut self.seen.watches[feature];
            let field = row.field(column);
            let reading = readings[feature].as_ref();
            let place = row.place();
            self.cells
                .push(cell_of(scorer, feature, reading, watch, (&field, place)));
        }
        let score = scorer.score(&self.cells);
        if *explains {
            self.seen.sample.add(&self.cells);
        }
        // Memory takes all that is written.
        let _ = write!(text, "{score}");
    }

    fn keep(self: Box<Self>) {
        let whole = &self.shared.whole;
        let mut whole = whole.lock().unwrap_or_else(PoisonError::into_inner);
        whole.merge(self.seen);
    }
}

/// What the scores of the current side came to.
pub(super) enum Finished {
    /// The columns' consequences, if they are asked for and known.
    Known(Option<Box<Consequences>>),
    /// The numbers are written otherwise than in training: read once more.
    Again(Readings),
}

/// The current side, and who scores it.
pub(super) struct Scorable<'a> {
    pub(super) current: Input,
    /// None if nobody does.
    pub(super) scoring: Option<Scoring<'a>>,
    /// Why not, if the user should know.
    pub(super) not_scored: Option<Finding>,
}

impl<'a> Scorable<'a> {
    /// Has the rows of the current side scored by the baseline's model, if there is one. `readings` are how numbers are
    /// written, if that is known from reading them before.
    ///
    /// # Errors
    /// 64 if the policy asks for consequences that cannot be known.
    pub(super) fn of(
        request: &DriftRequest,
        baseline: &'a Baseline,
        current: Input,
        readings: Option<Readings>,
    ) -> Result<Self> {
        let limits = request.consequences;
        let is_asked_for = limits.policy != Policy::Statistics;
        match scorable(request, baseline, current, readings)? {
            Self {
                not_scored: Some(finding),
                ..
            } if is_asked_for => Err(Error::usage(format!(
                "--policy {}: {}",
                limits.policy, finding.message
            ))
            .hint("--policy statistics judges by distributions alone")),
            found => Ok(found),
        }
    }

    /// Returns the columns that are compared.
    pub(super) fn columns(&self) -> Vec<String> {
        let mut columns = self.current.columns();
        columns.retain(|name| name != UNCOMPARED);
        columns
    }
}

fn scorable<'a>(
    request: &DriftRequest,
    baseline: &'a Baseline,
    current: Input,
    readings_before: Option<Readings>,
) -> Result<Scorable<'a>> {
    let is_asked_for = request.consequences.policy != Policy::Statistics;
    let as_it_is = |current: Input, why: Option<&str>| Scorable {
        current,
        scoring: None,
        not_scored: why.map(not_scored),
    };
    let Some(artifact) = baseline.model.as_deref() else {
        let why = "the baseline is not a model, which could score the current rows";
        return Ok(as_it_is(current, Some(why).filter(|_| is_asked_for)));
    };
    let mut data = match current {
        Input::Data(data) => data,
        profile @ Input::Profile(..) => {
            let why = "the current side is a profile, without rows that could be scored";
            return Ok(as_it_is(profile, Some(why).filter(|_| is_asked_for)));
        }
    };
    if is_asked_for && artifact.body.attributions.is_none() {
        let why = "an older churnctl made the model, without what its columns add to scores: train it again";
        return Ok(as_it_is(Input::Data(data), Some(why)));
    }
    let has_scores = has_scores(request, artifact, &data);
    if has_scores && !is_asked_for {
        return Ok(as_it_is(Input::Data(data), None));
    }
    if !is_asked_for && data.database().is_some() {
        let why = "the database counts the current rows, which are not read and not scored; --policy consequence \
                   reads and scores them";
        return Ok(as_it_is(Input::Data(data), Some(why)));
    }
    let scorer = Scorer::new(&artifact.body)?;
    let position = |name: &str| data.columns().iter().position(|column| column == name);
    let features = || scorer.features().iter().map(|feature| &*feature.name);
    let absent: Vec<&str> = features().filter(|name| position(name).is_none()).collect();
    if !absent.is_empty() {
        let absent = absent.join(", ");
        let why =
            format!("the current side is not scored: it lacks features of the model: {absent}");
        return Ok(as_it_is(Input::Data(data), Some(&why)));
    }
    let columns: Vec<usize> = features().filter_map(position).collect();
    let readings = readings_before.unwrap_or_else(|| readings(artifact, &scorer));
    let is_whole = request.windows.is_none() && request.segments.is_none();
    let shared = Arc::new(Shared {
        readings,
        columns: columns.clone(),
        explains: is_whole && artifact.body.attributions.is_some(),
        whole: Mutex::new(Seen::default()),
        scorer,
    });
    let name = match has_scores {
        true => UNCOMPARED.to_owned(),
        false => score_name(artifact).to_owned(),
    };
    let data = data.computing(Computed::new(name, columns, Arc::clone(&shared)));
    Ok(Scorable {
        current: Input::Data(Box::new(data)),
        scoring: Some(Scoring {
            shared,
            artifact,
            limits: request.consequences,
            threads: request.reading.threads.get(),
            is_pipe: request.current.iter().any(|address| address == "-"),
        }),
        not_scored: None,
    })
}

/// What the baseline calls its scores.
fn score_name(artifact: &Artifact) -> &str {
    let outcome = artifact.body.profile.outcome.as_ref();
    outcome.map_or(SCORE, |outcome| &outcome.score)
}

/// Whether the data have a column that is taken for the score.
fn has_scores(request: &DriftRequest, artifact: &Artifact, data: &DataSet) -> bool {
    let reading = &request.reading;
    let known = reading.columns.score.iter().chain(&reading.score);
    let mut known = known.map(String::as_str).chain([score_name(artifact)]);
    known.any(|name| data.columns().iter().any(|column| column == name))
}

fn not_scored(why: &str) -> Finding {
    Finding {
        status: Status::Ok,
        kind: FindingKind::NotScored,
        feature: None,
        message: why.to_owned(),
    }
}

impl Scoring<'_> {
    /// Returns what came of it, once all rows have been read.
    ///
    /// # Errors
    /// Bad input if the numbers are written otherwise than in training, and cannot be read again.
    pub(super) fn finish(self) -> Result<Finished> {
        let Shared {
            scorer,
            readings,
            explains,
            whole,
            ..
        } = &*self.shared;
        let mut whole = whole.lock().unwrap_or_else(PoisonError::into_inner);
        let Seen { watches, sample } = std::mem::take(&mut *whole);
        if let Some(other) = other_readings(readings, &watches, scorer.features())? {
            if self.is_pipe {
                let message = "numbers are written otherwise than in the model's data, and a pipe can be read only once";
                return Err(Error::bad_input(message).hint("write it to a file and check that"));
            }
            return Ok(Finished::Again(other.readings));
        }
        let body = &self.artifact.body;
        let (true, Some(baseline)) = (*explains, &body.attributions) else {
            return Ok(Finished::Known(None));
        };
        let current = attributions(scorer, &sample, baseline.threshold, self.threads);
        let importance = body.importance.iter();
        let importance: BTreeMap<String, f64> = importance
            .map(|one| (one.feature.clone(), one.log_loss_increase))
            .collect();
        Ok(Finished::Known(current.map(|current| {
            Box::new(Consequences {
                limits: self.limits,
                model_version: self.artifact.version.clone(),
                baseline: baseline.clone(),
                current,
                importance,
            })
        })))
    }
}
