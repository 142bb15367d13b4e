//! Predictions counted by what became of them, and their scores by label, piece of time by piece.

use std::collections::BTreeMap;

use churn_data::Period;

use super::counts::PredictionCounts;
use super::record::PredictionRecord;
use super::spec::Unmatched;
use super::table::{Table, Uses};
use crate::profile::ColumnCounter;

/// The piece of predictions that are in no piece of time.
pub(super) const NO_PIECE: i64 = i64::MIN;

/// What decides about a prediction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// How long after a prediction its label may come.
    pub(super) window: Period,
    /// Until when the labels are whole.
    pub(super) watermark: i64,
    pub(super) unmatched: Unmatched,
    /// A score at which rows are counted exactly.
    pub(super) threshold: f64,
}

/// What was counted of a piece of time.
#[derive(Default)]
pub(super) struct Piece {
    pub(super) counts: PredictionCounts,
    /// The scores of those that stayed and of those that left.
    pub(super) scores: [Option<ColumnCounter>; 2],
}

/// What was counted.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) pieces: BTreeMap<i64, Piece>,
    pub(super) uses: Uses,
}

impl Tally {
    /// Returns the counts of a piece, for predictions that cannot be joined.
    pub(super) fn counts(&mut self, piece: i64) -> &mut PredictionCounts {
        &mut self.pieces.entry(piece).or_default().counts
    }

    /// Looks a prediction's labels up.
    pub(super) fn join(&mut self, prediction: &PredictionRecord<'_>, table: &Table, rules: &Rules) {
        let PredictionRecord {
            key,
            time,
            piece,
            score,
            place,
        } = *prediction;
        let end = rules.window.after(time, 1);
        let piece = self.pieces.entry(piece).or_default();
        piece.counts.rows += 1;
        let found = table.group(key).and_then(|group| {
            let range = table.within(group, time, end);
            self.uses.note(table, group, time, &range);
            table.found(&range)
        });
        let counts = &mut piece.counts;
        if end > rules.watermark {
            counts.immature += 1;
            return;
        }
        if let Some(found) = found {
            counts.twice += u64::from(found.count > 1);
            counts.differing += u64::from(found.differ);
        }
        let is_positive = match found {
            None => {
                counts.unmatched += 1;
                match rules.unmatched {
                    Unmatched::Negative => false,
                    Unmatched::Drop => return,
                }
            }
            Some(found) => match found.is_positive {
                None => {
                    counts.conflicting += 1;
                    return;
                }
                Some(is_positive) => {
                    counts.matched += 1;
                    is_positive
                }
            },
        };
        piece.scores[usize::from(is_positive)]
            .get_or_insert_with(|| ColumnCounter::of_scores(Some(rules.threshold)))
            .add(score, place);
    }

    /// Adds what was counted elsewhere by the same table.
    pub(super) fn merge(&mut self, other: Self) {
        self.add_pieces(other.pieces);
        self.uses.merge(other.uses);
    }

    /// Adds what was counted elsewhere.
    pub(super) fn add_pieces(&mut self, pieces: BTreeMap<i64, Piece>) {
        for (start, theirs) in pieces {
            let mine = self.pieces.entry(start).or_default();
            mine.counts += theirs.counts;
            for (mine, theirs) in mine.scores.iter_mut().zip(theirs.scores) {
                match (mine.as_mut(), theirs) {
                    (Some(mine), Some(theirs)) => mine.merge(theirs),
                    (None, theirs) => *mine = theirs,
                    (Some(_), None) => {}
                }
            }
        }
    }
}
