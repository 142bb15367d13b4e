//! One pass over cells in the order of their scores: the sums that every figure of
//! [`classification`](super::classification) comes from. Intervals are made there.

use super::classification::{Confusion, ScoredCell};

/// How many figures there are; their order is that of [`Tally::figures`].
pub(super) const FIGURES: usize = 12;

/// Bins of the calibration error, of equal width over 0 to 1.
const CALIBRATION_BINS: usize = 10;

/// What is clipped off both ends of a score before its logarithm, as sklearn does for float64.
const CLIP: f64 = f64::EPSILON;

/// A cell with all that is needed of its score, computed once for all resamples.
#[derive(Debug, Clone, Copy)]
pub(super) struct RankedCell {
    score: f64,
    log_score: f64,
    log_rest: f64,
    calibration_bin: usize,
    classed_positive: bool,
    pub(super) positives: u64,
    pub(super) negatives: u64,
}

/// Returns the cells with the highest score first, equal scores merged, empty and
/// unusable ones dropped.
pub(super) fn rank(cells: &[ScoredCell], threshold: f64) -> Vec<RankedCell> {
    let mut sorted: Vec<&ScoredCell> = cells
        .iter()
        .filter(|cell| cell.score.is_finite() && (cell.positives > 0 || cell.negatives > 0))
        .collect();
    sorted.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
    let mut ranked: Vec<RankedCell> = Vec::with_capacity(sorted.len());
    for cell in sorted {
        match ranked.last_mut() {
            Some(last) if last.score == cell.score => {
                last.positives += cell.positives;
                last.negatives += cell.negatives;
            }
            _ => {
                let clipped = cell.score.clamp(CLIP, 1.0 - CLIP);
                let bin = (cell.score * CALIBRATION_BINS as f64).max(0.0) as usize;
                ranked.push(RankedCell {
                    score: cell.score,
                    log_score: clipped.ln(),
                    log_rest: (1.0 - clipped).ln(),
                    calibration_bin: bin.min(CALIBRATION_BINS - 1),
                    classed_positive: cell.score >= threshold,
                    positives: cell.positives,
                    negatives: cell.negatives,
                });
            }
        }
    }
    ranked
}

/// Sums over the rows of all cells.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    positives: f64,
    negatives: f64,
    true_positives: f64,
    false_positives: f64,
    /// Pairs of a positive and a negative row in which the positive one has the higher score.
    ordered_pairs: f64,
    /// Precision at every distinct score times the positives with that score.
    precision_steps: f64,
    log_likelihood: f64,
    squared_error: f64,
    /// By bin: the sum of the scores less the positives.
    calibration_gaps: [f64; CALIBRATION_BINS],
}

impl Tally {
    /// Sums up ranked cells, each with the positives and negatives to count for it.
    pub(super) fn of<'a>(cells: impl Iterator<Item = (&'a RankedCell, u64, u64)>) -> Self {
        let mut tally = Self::default();
        for (cell, positives, negatives) in cells {
            let (positives, negatives) = (positives as f64, negatives as f64);
            tally.ordered_pairs += negatives * (tally.positives + positives / 2.0);
            tally.positives += positives;
            tally.negatives += negatives;
            if positives > 0.0 {
                tally.precision_steps +=
                    positives * tally.positives / (tally.positives + tally.negatives);
            }
            if cell.classed_positive {
                tally.true_positives = tally.positives;
                tally.false_positives = tally.negatives;
            }
            let rest = 1.0 - cell.score;
            tally.log_likelihood += positives * cell.log_score + negatives * cell.log_rest;
            tally.squared_error += positives * rest * rest + negatives * cell.score * cell.score;
            tally.calibration_gaps[cell.calibration_bin] +=
                (positives + negatives) * cell.score - positives;
        }
        tally
    }

    /// Returns rows by label and class.
    pub(super) fn confusion(&self) -> Confusion {
        Confusion {
            true_positives: self.true_positives as u64,
            false_positives: self.false_positives as u64,
            true_negatives: (self.negatives - self.false_positives) as u64,
            false_negatives: (self.positives - self.true_positives) as u64,
        }
    }

    /// Returns ROC AUC, average precision, log loss, Brier, RMSE, accuracy, precision, recall,
    /// specificity, F1, MCC and calibration error, each absent where it is undefined.
    pub(super) fn figures(&self) -> [Option<f64>; FIGURES] {
        let (tp, fp) = (self.true_positives, self.false_positives);
        let (tn, fn_) = (self.negatives - fp, self.positives - tp);
        let rows = self.positives + self.negatives;
        let both = self.positives > 0.0 && self.negatives > 0.0;
        let brier = ratio(self.squared_error, rows);
        let gaps: f64 = self.calibration_gaps.iter().map(|gap| gap.abs()).sum();
        let margins =
            ((tp + fp).sqrt() * (tp + fn_).sqrt()) * ((tn + fp).sqrt() * (tn + fn_).sqrt());
        [
            ratio(self.ordered_pairs, self.positives * self.negatives),
            ratio(self.precision_steps, self.positives).filter(|_| both),
            ratio(-self.log_likelihood, rows),
            brier,
            brier.map(f64::sqrt),
            ratio(tp + tn, rows),
            ratio(tp, tp + fp),
            ratio(tp, self.positives),
            ratio(tn, self.negatives),
            ratio(2.0 * tp, 2.0 * tp + fp + fn_),
            ratio(tp * tn - fp * fn_, margins),
            ratio(gaps, rows),
        ]
    }
}

/// Returns the quotient, or nothing when it has no meaning.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
