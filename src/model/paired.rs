//! Two models on the same rows: which one is better, and whether that is more than chance. What
//! follows from it is `promote`'s affair.

use serde::{Deserialize, Serialize};

use super::evaluate::{cells, figures};
use crate::stats::classification::{Estimate, ScoredCell};
use crate::stats::intervals::{LossSums, paired_precision, precision_changes};

/// A figure of champion and candidate on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// `average_precision` or `log_loss`.
    pub metric: String,
    /// Of the champion.
    pub champion: f64,
    /// Of the candidate.
    pub candidate: f64,
    /// Candidate less champion, with the 95 % interval.
    pub difference: Estimate,
}

/// Compares average precision and log loss of two models on the same rows; nothing if they are
/// undefined there.
///
/// # Formula
/// Both models are measured on the same rows, so what counts is how the difference moves with a
/// row. Log loss: the mean of the differences by row. Average precision: the delete-one jackknife
/// of the difference, that is what it would be without each of the rows. The intervals are those
/// of the figures themselves, see `stats::intervals`. Ties in the score are
/// one step of the precision-recall curve.
///
/// # Panics
/// Panics if scores and labels differ in number.
#[must_use]
pub fn compare(champion: &[f64], candidate: &[f64], labels: &[bool]) -> Vec<Comparison> {
    let (old, new) = (figures(champion, labels), figures(candidate, labels));
    let complete = old.rows == labels.len() as u64 && new.rows == old.rows;
    let (true, Some(old_precision), Some(new_precision), Some(old_loss), Some(new_loss)) = (
        complete,
        old.average_precision,
        new.average_precision,
        old.log_loss,
        new.log_loss,
    ) else {
        return Vec::new();
    };
    let comparison = |metric: &str, champion: f64, candidate: f64, interval: Estimate| {
        let value = candidate - champion;
        Comparison {
            metric: metric.to_owned(),
            champion,
            candidate,
            difference: Estimate {
                value,
                low: interval.low.min(value),
                high: interval.high.max(value),
            },
        }
    };
    let old_changes = changes_by_row(champion, labels, old_precision.value);
    let new_changes = changes_by_row(candidate, labels, new_precision.value);
    let changes = new_changes
        .iter()
        .zip(&old_changes)
        .map(|(new, old)| new - old);
    let precision = paired_precision(new_precision.value - old_precision.value, changes);
    let mut comparisons = vec![comparison(
        "average_precision",
        old_precision.value,
        new_precision.value,
        precision,
    )];
    if let Some(loss) = loss_difference(champion, candidate, labels) {
        comparisons.push(comparison("log_loss", old_loss.value, new_loss.value, loss));
    }
    comparisons
}

/// Returns how much lower or higher the log loss of the candidate is than that of other scores of the
/// same rows, with the 95 % interval of the mean of paired differences; absent without rows.
///
/// # Panics
/// Panics if scores and labels differ in number.
#[must_use]
pub fn loss_difference(other: &[f64], candidate: &[f64], labels: &[bool]) -> Option<Estimate> {
    assert!(other.len() == labels.len() && candidate.len() == labels.len());
    let positives = labels.iter().filter(|label| **label).count();
    let rarer = positives.min(labels.len() - positives) as f64;
    let mut losses = LossSums::default();
    for ((old, new), &label) in other.iter().zip(candidate).zip(labels) {
        losses.add(row_loss(*new, label) - row_loss(*old, label), 1.0);
    }
    losses.mean(rarer)
}

/// Returns by row what average precision changes by without it.
fn changes_by_row(scores: &[f64], labels: &[bool], precision: f64) -> Vec<f64> {
    let ranked: Vec<ScoredCell> = cells(scores, labels);
    let changes = precision_changes(precision, &ranked);
    let of_row = |(score, label): (&f64, &bool)| {
        let cell = ranked.partition_point(|cell| cell.score > *score);
        changes[cell][usize::from(*label)]
    };
    scores.iter().zip(labels).map(of_row).collect()
}

fn row_loss(score: f64, label: bool) -> f64 {
    let score = score.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    -(if label { score } else { 1.0 - score }).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::calibrate::sigmoid;
    use crate::stats::bootstrap::SplitMix64;

    #[test]
    fn the_interval_of_the_loss_has_the_width_that_theory_gives() {
        let mut bits = SplitMix64::new(3);
        let truth: Vec<f64> = (0..4_000).map(|_| 1.5 * bits.next_normal() - 1.0).collect();
        let labels = truth.iter().map(|z| bits.next_unit() < sigmoid(*z));
        let labels: Vec<bool> = labels.collect();
        let good: Vec<f64> = truth.iter().map(|z| sigmoid(*z)).collect();
        let noisy = truth.iter().map(|z| sigmoid(z + 1.5 * bits.next_normal()));
        let bad: Vec<f64> = noisy.collect();
        let found = &compare(&bad, &good, &labels)[1].difference;
        let rows = labels.len() as f64;
        let gain = |row: usize| row_loss(good[row], labels[row]) - row_loss(bad[row], labels[row]);
        let each: Vec<f64> = (0..labels.len()).map(gain).collect();
        let mean = each.iter().sum::<f64>() / rows;
        let variance = each.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / rows;
        let expected = 2.0 * 1.959_964 * (variance / rows).sqrt();
        assert!(((found.high - found.low) / expected - 1.0).abs() < 0.15);
        assert!((found.value - mean).abs() < 1e-9);
    }

    #[test]
    fn the_interval_of_the_precision_is_that_of_leaving_out_each_row() {
        let mut bits = SplitMix64::new(8);
        let labels: Vec<bool> = (0..60).map(|_| bits.next_unit() < 0.4).collect();
        // Few distinct scores: ties are part of it.
        let mut scores = || -> Vec<f64> {
            (0..60)
                .map(|_| (bits.next_unit() * 9.0).floor() / 9.0)
                .collect()
        };
        let (old, new) = (scores(), scores());
        let without = |row: usize| {
            let rest = |all: &[f64]| [&all[..row], &all[row + 1..]].concat();
            let labels = [&labels[..row], &labels[row + 1..]].concat();
            let precision = |scores: &[f64]| figures(scores, &labels).average_precision;
            precision(&rest(&new)).expect("is defined").value
                - precision(&rest(&old)).expect("is defined").value
        };
        let each: Vec<f64> = (0..60).map(without).collect();
        let mean = each.iter().sum::<f64>() / 60.0;
        let variance = each.iter().map(|one| (one - mean).powi(2)).sum::<f64>() * 59.0 / 60.0;
        let expected = 1.959_964 * variance.sqrt();
        let found = compare(&old, &new, &labels)[0].difference;
        assert!((found.high - found.value - expected).abs() < 1e-6);
        assert!((found.value - found.low - expected).abs() < 1e-6);
    }
}
