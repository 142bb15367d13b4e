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
    /// Until when earlier runs have settled predictions that are not looked up any more.
    pub(super) settled_until: i64,
}

/// What was counted of a piece of time.
#[derive(Default)]
pub(super) struct Piece {
    pub(super) counts: PredictionCounts,
    pub(super) scores: Scores,
}

/// The scores of those that stayed and of those that left.
#[derive(Default)]
pub(super) struct Scores(pub(super) [Option<ColumnCounter>; 2]);

impl Scores {
    fn add(&mut self, is_positive: bool, prediction: &PredictionRecord<'_>, rules: &Rules) {
        self.0[usize::from(is_positive)]
            .get_or_insert_with(|| ColumnCounter::of_scores(Some(rules.threshold)))
            .add(prediction.score, prediction.place);
    }

    fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            match (mine.as_mut(), theirs) {
                (Some(mine), Some(theirs)) => mine.merge(theirs),
                (None, theirs) => *mine = theirs,
                (Some(_), None) => {}
            }
        }
    }
}

/// What was counted.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) pieces: BTreeMap<i64, Piece>,
    /// Scores by segment and piece of time.
    pub(super) segments: BTreeMap<(u32, i64), Scores>,
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
            piece: start,
            segments,
            ..
        } = *prediction;
        let end = rules.window.after(time, 1);
        let piece = self.pieces.entry(start).or_default();
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
        piece.scores.add(is_positive, prediction, rules);
        for segment in segments.numbers() {
            let scores = self.segments.entry((segment, start)).or_default();
            scores.add(is_positive, prediction, rules);
        }
    }

    /// Adds what was counted elsewhere by the same table.
    pub(super) fn merge(&mut self, mut other: Self) {
        self.uses.merge(std::mem::take(&mut other.uses));
        self.add(other);
    }

    /// Adds what was counted elsewhere, but for the labels that were used.
    pub(super) fn add(&mut self, other: Self) {
        for (start, theirs) in other.pieces {
            let mine = self.pieces.entry(start).or_default();
            mine.counts += theirs.counts;
            mine.scores.merge(theirs.scores);
        }
        for (of, theirs) in other.segments {
            self.segments.entry(of).or_default().merge(theirs);
        }
    }
}
