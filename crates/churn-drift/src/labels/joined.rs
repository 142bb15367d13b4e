//! What a join came to: counts and scores by label, whole or of any stretch of time.

use std::collections::BTreeMap;
use std::ops::RangeBounds;

use churn_base::error::{Place, Result};

use super::classes::Classes;
use super::counts::{LabelCounts, PredictionCounts};
use super::spec::{LabelColumns, Unmatched};
use super::tally::{NO_PIECE, Piece, Scores};
use crate::profile::{Column, CountOutcome, Counted, Grouped, Outcome, merge_outcomes};

/// Predictions with their labels.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The columns of the label source.
    pub columns: LabelColumns,
    /// What a prediction without a label was taken for.
    pub unmatched: Unmatched,
    /// Until when the labels are whole, in seconds since 1970-01-01 00:00 by the zone's clock.
    pub watermark: i64,
    /// The text of the label that means churned.
    pub positive: String,
    /// The labels by what became of them.
    pub labels: LabelCounts,
    /// Keys of predictions as they are written.
    pub prediction_examples: Vec<String>,
    /// Keys of labels as they are written.
    pub label_examples: Vec<String>,
    /// The first time of a label that cannot be read.
    pub first_unreadable: Option<(Place, String)>,
    /// Digest of all labels, in whatever order.
    pub sha256: String,
    pub(super) pieces: BTreeMap<i64, JoinedPiece>,
    /// Scores by label of each segment and piece of time, for each way to cut.
    pub(super) segments: Vec<BTreeMap<String, BTreeMap<i64, Outcome>>>,
}

/// The predictions of a stretch of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JoinedPiece {
    /// What became of them.
    pub counts: PredictionCounts,
    /// Their scores by label; none if there is no score, or no prediction whose label is known.
    pub outcome: Option<Outcome>,
}

impl Joined {
    /// Gives a data set its scores by label.
    ///
    /// # Errors
    /// As [`Joined::within`].
    pub fn give_to(&self, counted: &mut Counted) -> Result<()> {
        counted.outcome = self.all()?.outcome;
        Ok(())
    }

    /// Gives every piece of time and every segment its scores by label.
    pub fn give_to_pieces(&self, grouped: &mut Grouped) {
        for (start, piece) in &mut grouped.pieces {
            let joined = self.pieces.get(start);
            piece.outcome = joined.and_then(|joined| joined.outcome.clone());
        }
        for (cut, joined) in grouped.cuts.iter_mut().zip(&self.segments) {
            for (name, pieces) in &mut cut.segments {
                let joined = joined.get(name);
                for (start, piece) in pieces {
                    piece.outcome = joined.and_then(|pieces| pieces.get(start).cloned());
                }
            }
        }
    }

    /// Returns the predictions of all pieces, those in no piece of time among them.
    ///
    /// # Errors
    /// As [`Joined::within`].
    pub fn all(&self) -> Result<JoinedPiece> {
        self.within(NO_PIECE..)
    }

    /// Returns the predictions of the pieces that begin in a range.
    ///
    /// # Errors
    /// Bad input if a part is damaged; what was just counted is not.
    pub fn within(&self, starts: impl RangeBounds<i64>) -> Result<JoinedPiece> {
        let mut whole = JoinedPiece::default();
        for (_, piece) in self.pieces.range(starts) {
            whole.add(piece)?;
        }
        Ok(whole)
    }
}

impl JoinedPiece {
    /// Adds another part.
    ///
    /// # Errors
    /// Bad input if it is damaged; what was just counted is not.
    pub(super) fn add(&mut self, other: &Self) -> Result<()> {
        self.counts += other.counts;
        self.outcome = match (self.outcome.take(), &other.outcome) {
            (None, theirs) => theirs.clone(),
            (mine, None) => mine,
            (mine, theirs) => merge_outcomes(mine, theirs.clone())?,
        };
        Ok(())
    }
}

/// Puts away what was counted.
pub(super) fn finished(
    pieces: BTreeMap<i64, Piece>,
    classes: &Classes,
    plan: Option<&CountOutcome>,
) -> BTreeMap<i64, JoinedPiece> {
    let pieces = pieces.into_iter();
    pieces
        .map(|(start, piece)| (start, finished_piece(piece, classes, plan)))
        .collect()
}

fn finished_piece(piece: Piece, classes: &Classes, plan: Option<&CountOutcome>) -> JoinedPiece {
    JoinedPiece {
        counts: piece.counts,
        outcome: finished_scores(piece.scores, classes, plan),
    }
}

/// Puts scores away; none if there is no score, or no prediction whose label is known.
pub(super) fn finished_scores(
    scores: Scores,
    classes: &Classes,
    plan: Option<&CountOutcome>,
) -> Option<Outcome> {
    outcome_of(to_columns(scores, plan), classes, plan)
}

/// Puts scores away by class; none if there is no score.
pub(super) fn to_columns(scores: Scores, plan: Option<&CountOutcome>) -> [Option<Column>; 2] {
    scores
        .0
        .map(|counter| Some(Column::from_counter(&plan?.score, counter?)))
}

/// Names the classes of scores as the report does.
pub(super) fn outcome_of(
    scores: [Option<Column>; 2],
    classes: &Classes,
    plan: Option<&CountOutcome>,
) -> Option<Outcome> {
    let CountOutcome { label, score, .. } = plan?;
    let texts = [&classes.negative, &classes.positive];
    let by_label: BTreeMap<String, Column> = texts
        .into_iter()
        .zip(scores)
        .filter_map(|(text, column)| Some((text.clone(), column?)))
        .collect();
    (!by_label.is_empty()).then(|| Outcome {
        label: label.clone(),
        score: score.clone(),
        by_label,
        rows: None,
    })
}
