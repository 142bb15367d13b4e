//! One pass over cells in the order of their scores: the sums that every figure of
//! [`classification`](super::classification) comes from. Intervals are made in
//! [`intervals`](super::intervals).

use super::calibration::Bin;
use super::intervals::LossSums;
use super::scored::{Confusion, ScoredCell};

/// Bins of the calibration error, of equal width over 0 to 1.
const CALIBRATION_BINS: usize = 10;

/// What is clipped off both ends of a score before its logarithm, as sklearn does for float64.
pub(super) const CLIP: f64 = f64::EPSILON;

/// Returns the cells with the highest score first, equal scores merged, empty and
/// unusable ones dropped.
pub(super) fn rank(cells: &[ScoredCell]) -> Vec<ScoredCell> {
    let mut sorted: Vec<&ScoredCell> = cells
        .iter()
        .filter(|cell| cell.score.is_finite() && (cell.positives > 0 || cell.negatives > 0))
        .collect();
    sorted.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
    let mut ranked: Vec<ScoredCell> = Vec::with_capacity(sorted.len());
    for cell in sorted {
        match ranked.last_mut() {
            Some(last) if last.score == cell.score => {
                last.positives += cell.positives;
                last.negatives += cell.negatives;
            }
            _ => ranked.push(*cell),
        }
    }
    ranked
}

/// Sums over the rows of all cells.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) positives: f64,
    pub(super) negatives: f64,
    true_positives: f64,
    false_positives: f64,
    /// Pairs of a positive and a negative row in which the positive one has the higher score.
    ordered_pairs: f64,
    /// Precision at every distinct score times the positives with that score.
    precision_steps: f64,
    /// Negative log likelihoods of the rows.
    pub(super) log_loss: LossSums,
    /// Squared errors of the rows.
    pub(super) brier: LossSums,
    pub(super) calibration: [Bin; CALIBRATION_BINS],
}

impl Tally {
    /// Sums up ranked cells.
    pub(super) fn of(ranked: &[ScoredCell], threshold: f64) -> Self {
        let mut tally = Self::default();
        for cell in ranked {
            let (positives, negatives) = (cell.positives as f64, cell.negatives as f64);
            tally.ordered_pairs += negatives * (tally.positives + positives / 2.0);
            tally.positives += positives;
            tally.negatives += negatives;
            if positives > 0.0 {
                tally.precision_steps +=
                    positives * tally.positives / (tally.positives + tally.negatives);
            }
            if cell.score >= threshold {
                tally.true_positives = tally.positives;
                tally.false_positives = tally.negatives;
            }
            let clipped = cell.score.clamp(CLIP, 1.0 - CLIP);
            tally.log_loss.add(-clipped.ln(), positives);
            tally.log_loss.add(-(1.0 - clipped).ln(), negatives);
            let rest = 1.0 - cell.score;
            tally.brier.add(rest * rest, positives);
            tally.brier.add(cell.score * cell.score, negatives);
            let bin = (cell.score * CALIBRATION_BINS as f64).max(0.0) as usize;
            tally.calibration[bin.min(CALIBRATION_BINS - 1)].add(cell.score, positives, negatives);
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

    /// Returns the area under the ROC curve; absent if a class is missing.
    pub(super) fn roc_auc(&self) -> Option<f64> {
        let pairs = self.positives * self.negatives;
        (pairs > 0.0).then(|| self.ordered_pairs / pairs)
    }

    /// Returns the average precision; absent if a class is missing.
    pub(super) fn average_precision(&self) -> Option<f64> {
        self.roc_auc()
            .map(|_| self.precision_steps / self.positives)
    }
}
