//! Two models on the same rows: which one is better, and whether that is more than chance. What
//! follows from it is `promote`'s affair.

use serde::{Deserialize, Serialize};

use super::evaluate::figures;
use crate::stats::bootstrap::{PoissonResampler, percentile_interval};
use crate::stats::classification::Estimate;

/// Resamples of the paired differences.
const REPLICATES: usize = 1_000;
/// Rows drawn in all resamples together, about: above, there are fewer resamples.
const DRAWN_ROWS: usize = 40_000_000;
/// Resamples, at least.
const LEAST_REPLICATES: usize = 200;

/// A figure of champion and candidate on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// `average_precision` or `log_loss`.
    pub metric: String,
    /// Of the champion.
    pub champion: f64,
    /// Of the candidate.
    pub candidate: f64,
    /// Candidate less champion, with the 95 % interval of the paired bootstrap.
    pub difference: Estimate,
}

/// Compares average precision and log loss of two models on the same rows; nothing if they are
/// undefined there.
///
/// # Formula
/// Paired Poisson bootstrap: each resample gives each row one weight, Poisson(1), for both
/// models; percentiles 2.5 and 97.5 of the 1,000 differences (fewer, at least 200, above 40,000
/// rows). Ties in the score are one step of the precision-recall curve.
///
/// # Panics
/// Panics if scores and labels differ in number.
#[must_use]
pub fn compare(champion: &[f64], candidate: &[f64], labels: &[bool], seed: u64) -> Vec<Comparison> {
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
    let (mut precisions, mut losses) = resampled(champion, candidate, labels, seed);
    let comparison = |metric: &str, champion: f64, candidate: f64, drawn: &mut [f64]| {
        let value = candidate - champion;
        let (low, high) = percentile_interval(drawn, 0.95).unwrap_or((value, value));
        Comparison {
            metric: metric.to_owned(),
            champion,
            candidate,
            difference: Estimate {
                value,
                low: low.min(value),
                high: high.max(value),
            },
        }
    };
    vec![
        comparison(
            "average_precision",
            old_precision.value,
            new_precision.value,
            &mut precisions,
        ),
        comparison("log_loss", old_loss.value, new_loss.value, &mut losses),
    ]
}

/// Returns how much lower or higher the log loss of the candidate is than that of other scores of the
/// same rows, with the 95 % interval of the mean of paired differences.
///
/// # Formula
/// Mean of the rows' differences, +- 1.96 standard errors: where only the loss counts, that needs no
/// resamples.
///
/// # Panics
/// Panics if scores and labels differ in number.
#[must_use]
pub fn loss_difference(other: &[f64], candidate: &[f64], labels: &[bool]) -> Estimate {
    const TWO_SIDED_95: f64 = 1.959_964;
    assert!(other.len() == labels.len() && candidate.len() == labels.len());
    let gain =
        |row: usize| row_loss(candidate[row], labels[row]) - row_loss(other[row], labels[row]);
    let each: Vec<f64> = (0..labels.len()).map(gain).collect();
    let rows = each.len().max(1) as f64;
    let value = each.iter().sum::<f64>() / rows;
    let variance = each.iter().map(|one| (one - value).powi(2)).sum::<f64>() / rows;
    let half = TWO_SIDED_95 * (variance / rows).sqrt();
    Estimate {
        value,
        low: value - half,
        high: value + half,
    }
}

fn resampled(
    champion: &[f64],
    candidate: &[f64],
    labels: &[bool],
    seed: u64,
) -> (Vec<f64>, Vec<f64>) {
    let rows = labels.len();
    let replicates = (DRAWN_ROWS / rows.max(1)).clamp(LEAST_REPLICATES, REPLICATES);
    let orders = [ranking(champion, labels), ranking(candidate, labels)];
    let gains: Vec<f64> = (0..rows)
        .map(|row| row_loss(candidate[row], labels[row]) - row_loss(champion[row], labels[row]))
        .collect();
    let mut resampler = PoissonResampler::new(seed);
    let mut weights = vec![0_u8; rows];
    let (mut precisions, mut losses) = (Vec::new(), Vec::new());
    for _ in 0..replicates {
        let (mut sum, mut drawn) = (0.0, 0.0);
        for (weight, gain) in weights.iter_mut().zip(&gains) {
            *weight = resampler.draw(1) as u8;
            sum += f64::from(*weight) * gain;
            drawn += f64::from(*weight);
        }
        let [old, new] = [&orders[0], &orders[1]].map(|order| weighted_precision(order, &weights));
        if let (Some(old), Some(new)) = (old, new) {
            precisions.push(new - old);
            losses.push(sum / drawn);
        }
    }
    (precisions, losses)
}

/// A row in the order of falling scores.
struct Ranked {
    row: u32,
    positive: bool,
    /// The last row with its score: a step of the curve ends.
    ends_step: bool,
}

fn ranking(scores: &[f64], labels: &[bool]) -> Vec<Ranked> {
    let mut order: Vec<u32> = (0_u32..).take(scores.len()).collect();
    let score = |row: u32| scores[row as usize];
    order.sort_by(|a, b| score(*b).total_cmp(&score(*a)));
    let ends = |at: usize| {
        order
            .get(at + 1)
            .is_none_or(|next| score(*next) != score(order[at]))
    };
    (0..order.len())
        .map(|at| Ranked {
            row: order[at],
            positive: labels[order[at] as usize],
            ends_step: ends(at),
        })
        .collect()
}

/// Average precision with weighted rows; nothing if a class has no weight.
fn weighted_precision(order: &[Ranked], weights: &[u8]) -> Option<f64> {
    let (mut hits, mut classed, mut step, mut sum) = (0_u64, 0_u64, 0_u64, 0.0);
    for ranked in order {
        let weight = u64::from(weights[ranked.row as usize]);
        classed += weight;
        if ranked.positive {
            step += weight;
        }
        if ranked.ends_step && step > 0 {
            hits += step;
            sum += step as f64 * hits as f64 / classed as f64;
            step = 0;
        }
    }
    (hits > 0 && classed > hits).then(|| sum / hits as f64)
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
        let found = &compare(&bad, &good, &labels, 1)[1].difference;
        let rows = labels.len() as f64;
        let gain = |row: usize| row_loss(good[row], labels[row]) - row_loss(bad[row], labels[row]);
        let each: Vec<f64> = (0..labels.len()).map(gain).collect();
        let mean = each.iter().sum::<f64>() / rows;
        let variance = each.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / rows;
        let expected = 2.0 * 1.959_964 * (variance / rows).sqrt();
        assert!(((found.high - found.low) / expected - 1.0).abs() < 0.15);
        assert!((found.value - mean).abs() < 1e-9);
        let quick = loss_difference(&bad, &good, &labels);
        assert!((quick.value - mean).abs() < 1e-9);
        assert!(((quick.high - quick.low) / expected - 1.0).abs() < 1e-9);
    }

    #[test]
    fn weights_of_one_give_the_plain_average_precision() {
        let scores = [0.9, 0.8, 0.8, 0.4, 0.4, 0.1];
        let labels = [true, false, true, true, false, false];
        let plain = figures(&scores, &labels)
            .average_precision
            .expect("is defined")
            .value;
        let weighted = weighted_precision(&ranking(&scores, &labels), &[1; 6]);
        assert!((weighted.expect("is defined") - plain).abs() < 1e-12);
    }
}
