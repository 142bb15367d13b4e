//! Joins labels with predictions while these are read: their rows are heard beside whoever counts them.

use std::collections::BTreeMap;
use std::sync::Arc;

use churn_base::error::{Error, Place, Result};
use churn_data::DataSet;

use super::classes::Classes;
use super::counts::LabelCounts;
use super::hearing::{Hearing, State};
use super::join::Joiner;
use super::joined::{Joined, finished, finished_scores};
use super::source::Labels;
use super::spec::{LabelSpec, Unmatched};
use super::spool::PARTITIONS;
use super::tally::Rules;
use crate::profile::{CountOutcome, Outcome, SegmentPlans, TimeGrouping};

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
    hearing: Arc<Hearing>,
    labels: Labels,
    classes: Classes,
    rules: Rules,
    outcome: Option<CountOutcome>,
    limit: usize,
}

impl Joining<'_> {
    /// Decides what the labels mean.
    ///
    /// # Errors
    /// Bad input if it is not clear which label means churned, or until when the labels are whole.
    pub(super) fn decide(&self, labels: &Labels) -> Result<(Classes, Rules)> {
        let known = self.baseline;
        let known = known.map(|baseline| baseline.by_label.keys().cloned().collect::<Vec<_>>());
        let source = labels.columns.label.as_ref();
        let name = source.or(self.baseline.map(|baseline| &baseline.label));
        let classes = Classes::of(
            name.map_or("label", String::as_str),
            &known.unwrap_or_default(),
            source.map(|_| &labels.values),
            self.positive,
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
        let threshold = self.outcome.and_then(|outcome| outcome.threshold);
        let rules = Rules {
            window: self.spec.window,
            watermark,
            unmatched: self.spec.unmatched.unwrap_or(by_source),
            threshold: threshold.unwrap_or(0.5),
            settled_until: i64::MIN,
        };
        Ok((classes, rules))
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
        by,
        plans,
        ..
    } = joining;
    let score = outcome.map(|outcome| &*outcome.score);
    let mut hearing = Hearing::of(&data, spec, score, by, plans)?;
    let (classes, rules) = joining.decide(&labels)?;
    let limit = spec.limit();
    let joiner = Joiner {
        classes: &classes,
        rules: &rules,
        limit,
    };
    if labels.spool.is_in_memory() {
        hearing.table = Some((joiner.table(&labels.spool, 0..PARTITIONS)?, rules));
    }
    let hearing = Arc::new(hearing);
    let data = hearing.heard_in(data);
    let join = Join {
        hearing,
        labels,
        classes,
        rules,
        outcome: outcome.cloned(),
        limit,
    };
    Ok((data, join))
}

impl Join {
    /// Ends the join when the data set has been read.
    ///
    /// # Errors
    /// 74 if a temporary file cannot be written or read.
    pub fn finish(self) -> Result<Joined> {
        let Self {
            hearing,
            labels,
            classes,
            rules,
            outcome,
            limit,
        } = self;
        let State {
            mut tally,
            mut spool,
            examples,
        } = hearing.take();
        spool.check()?;
        let mut counts: LabelCounts = labels.counts;
        match &hearing.table {
            Some((table, rules)) => counts += tally.uses.counts(table, rules.settled_until),
            None => {
                let joiner = Joiner {
                    classes: &classes,
                    rules: &rules,
                    limit,
                };
                counts += joiner.join(&labels.spool, &spool, 0, &mut tally)?;
            }
        }
        let outcome = outcome.filter(|_| counts.keys_agree());
        let mut segments = vec![BTreeMap::new(); hearing.cutting.len()];
        for ((segment, start), scores) in tally.segments {
            if let Some(outcome) = finished_scores(scores, &classes, outcome.as_ref())
                && let Some((cut, name)) = hearing.cutting.name(segment)
            {
                let pieces: &mut BTreeMap<i64, Outcome> = segments[cut].entry(name).or_default();
                pieces.insert(start, outcome);
            }
        }
        Ok(Joined {
            segments,
            pieces: finished(tally.pieces, &classes, outcome.as_ref()),
            unmatched: rules.unmatched,
            watermark: rules.watermark,
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
