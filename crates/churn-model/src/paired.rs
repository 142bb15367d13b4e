//! Two models on the same rows: which one is better, and whether that is more than chance. What
//! follows from it is `promote`'s affair.

use churn_drift::stats::classification::Estimate;
use churn_drift::stats::intervals::LossSums;
use churn_drift::stats::paired_precision::{Ranking, precision_difference};
use serde::{Deserialize, Serialize};

use super::evaluate::{cells, figures};

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
/// row. Log loss: the mean of the differences by row, its interval by the normal law. Average
/// precision: see `stats::paired_precision`. Ties in the score are one step of the
/// precision-recall curve.
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
    let precision = precision_difference(
        &ranking(champion, labels, old_precision.value),
        &ranking(candidate, labels, new_precision.value),
        labels,
    );
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
    let mut losses = LossSums::default();
    for ((old, new), &label) in other.iter().zip(candidate).zip(labels) {
        losses.add(row_loss(*new, label) - row_loss(*old, label), 1.0);
    }
    losses.mean_difference()
}

fn ranking(scores: &[f64], labels: &[bool], precision: f64) -> Ranking {
    let cells = cells(scores, labels);
    let cell_of = |score: &f64| cells.partition_point(|cell| cell.score > *score);
    Ranking {
        precision,
        cell_of: scores.iter().map(cell_of).collect(),
        cells,
    }
}

fn row_loss(score: f64, label: bool) -> f64 {
    let score = score.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    -(if label { score } else { 1.0 - score }).ln()
}

#[cfg(test)]
mod tests {
    use churn_drift::stats::bootstrap::SplitMix64;

    use super::*;
    use crate::sigmoid::sigmoid;

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
        assert!(((found.high - found.low) / expected - 1.0).abs() < 0.001);
        assert!((found.value - mean).abs() < 1e-9);
    }

    /// Average precision of rows that count by weights, by its definition.
    fn weighted_precision(scores: &[f64], labels: &[bool], weights: &[f64]) -> f64 {
        let positives = || (0..labels.len()).filter(|row| labels[*row]);
        let at = |row: usize| {
            let above = (0..labels.len()).filter(|other| scores[*other] >= scores[row]);
            let (mut hits, mut all) = (0.0, 0.0);
            for other in above {
                hits += f64::from(labels[other]) * weights[other];
                all += weights[other];
            }
            weights[row] * hits / all
        };
        positives().map(at).sum::<f64>() / positives().map(|row| weights[row]).sum::<f64>()
    }

    /// The influences are derivatives, taken numerically; the interaction is that of the whole matrix
    /// of pairs, less its means by row and column. Both by definition, in n^2 steps and more.
    #[test]
    fn the_interval_of_the_precision_has_influences_and_interaction_by_definition() {
        let mut bits = SplitMix64::new(8);
        let labels: Vec<bool> = (0..60).map(|_| bits.next_unit() < 0.4).collect();
        // Few distinct scores, the two models alike: ties and swaps are part of it.
        let old: Vec<f64> = (0..60).map(|_| (bits.next_unit() * 9.0).floor()).collect();
        let swap = |score: &f64| score + (bits.next_unit() * 3.0).floor();
        let new: Vec<f64> = old.iter().map(swap).collect();

        let influence = |row: usize| {
            let moved = |by: f64| {
                let mut weights = [1.0; 60];
                weights[row] += by;
                weighted_precision(&new, &labels, &weights)
                    - weighted_precision(&old, &labels, &weights)
            };
            (moved(1e-4) - moved(-1e-4)) / 2e-4
        };
        let squared: f64 = (0..60).map(|row| influence(row).powi(2)).sum();

        let (positives, negatives): (Vec<usize>, Vec<usize>) =
            (0..60).partition(|row| labels[*row]);
        let loss = |scores: &[f64], row: usize, by: usize| {
            let above = |of: &[usize]| {
                of.iter()
                    .filter(|other| scores[**other] >= scores[row])
                    .count()
            };
            let hits = above(&positives) as f64;
            let all = hits + above(&negatives) as f64;
            f64::from(scores[by] >= scores[row]) * hits / (all * all) / positives.len() as f64
        };
        let pair = |row: usize, by: usize| loss(&new, row, by) - loss(&old, row, by);
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
        let by_row = |row: &usize| {
            mean(
                &negatives
                    .iter()
                    .map(|by| pair(*row, *by))
                    .collect::<Vec<_>>(),
            )
        };
        let by_column = |by: &usize| {
            mean(
                &positives
                    .iter()
                    .map(|row| pair(*row, *by))
                    .collect::<Vec<_>>(),
            )
        };
        let whole = mean(&positives.iter().map(by_row).collect::<Vec<_>>());
        let mut interaction = 0.0;
        for row in &positives {
            for by in &negatives {
                interaction += (pair(*row, *by) - by_row(row) - by_column(by) + whole).powi(2);
            }
        }
        assert!(interaction > 0.02 * squared && interaction < 0.5 * squared);

        let widened = 1.0 + 4.0 / (positives.len() as f64 + 20.0);
        let expected = 1.959_964 * widened * (squared - interaction).sqrt();
        let found = compare(&old, &new, &labels)[0].difference;
        assert!((found.high - found.value - expected).abs() < 1e-6);
        assert!((found.value - found.low - expected).abs() < 1e-6);
    }

    /// 30 positive rows and a champion that ranks nearly alike, where the jackknife covers .989. The
    /// larger table: examples/interval_coverage.rs. The truth is a sample so large that its own
    /// error, a thirtieth of that of 300 rows, does not count.
    #[test]
    fn intervals_of_nearly_equal_models_hold_the_truth_in_about_95_of_100_samples() {
        let mut bits = SplitMix64::new(5);
        let mut differences = |rows: usize| {
            let (mut old, mut new, mut labels) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..rows {
                let truth = 1.5 * bits.next_normal() - 2.9;
                labels.push(bits.next_unit() < sigmoid(truth));
                old.push(sigmoid(truth + 0.2 * bits.next_normal()));
                new.push(sigmoid(truth));
            }
            let found = compare(&old, &new, &labels);
            [found[0].difference, found[1].difference]
        };
        let truth = differences(300_000);
        let mut held = [0_u32; 2];
        for _ in 0..1_000 {
            let found = differences(300);
            for ((held, found), truth) in held.iter_mut().zip(found).zip(truth) {
                *held += u32::from(found.low <= truth.value && truth.value <= found.high);
            }
        }
        // 950 of 1,000 are expected, with a standard deviation of 6.9: nearly three of them.
        assert!(
            held.iter().all(|held| (930..=970).contains(held)),
            "{held:?}"
        );
    }
}
