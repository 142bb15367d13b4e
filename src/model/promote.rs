//! Whether a candidate deserves to replace the champion: a decision with its reasons. Files are
//! `publish`'s affair.

use serde::{Deserialize, Serialize};

use super::artifact::TrivialBaseline;
use super::evaluate::figures;
use crate::stats::bootstrap::{PoissonResampler, percentile_interval};
use crate::stats::classification::Estimate;

/// Resamples of the paired differences.
const REPLICATES: usize = 1_000;
/// Rows drawn in all resamples together, about: above, there are fewer resamples.
const DRAWN_ROWS: usize = 40_000_000;
/// Resamples, at least.
const LEAST_REPLICATES: usize = 200;

/// Positives that the test split must have for a promotion, by default.
pub const MIN_POSITIVES: u64 = 30;

/// When a candidate is promoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// When it is better than the champion and clears the floors.
    #[default]
    IfBetter,
    /// Always; floors that it does not clear are named.
    Always,
    /// Never.
    Never,
}

/// A model's part in the comparison.
#[derive(Debug, Clone, Copy)]
pub struct Contender<'a> {
    /// Its version.
    pub version: &'a str,
    /// Its scores of the test rows.
    pub scores: &'a [f64],
    /// Names of its features.
    pub features: &'a [String],
}

/// What the decision rests on beside the contenders.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// Labels of the test rows.
    pub labels: &'a [bool],
    /// What needs no model, on the same rows.
    pub trivial: &'a [TrivialBaseline],
    /// When to promote.
    pub policy: Policy,
    /// Positives that the test rows must have.
    pub min_positives: u64,
    /// Seed of the resamples.
    pub seed: u64,
}

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

/// Whether to promote, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Put the candidate into production.
    pub promote: bool,
    /// Why, in sentences.
    pub reasons: Vec<String>,
    /// The figures that decided; none without a champion.
    pub comparisons: Vec<Comparison>,
}

/// Decides on the candidate.
///
/// It is promoted when average precision is not worse beyond noise (the interval of the
/// difference reaches 0) and log loss is better beyond noise (its interval is below 0): a tie
/// keeps the champion. Floors: the test rows have the positives, log loss is below the prior's
/// and not above the best column's, average precision is above the prior's, and no feature of
/// the champion is lost. Without a champion the floors alone decide.
///
/// # Panics
/// Panics if scores and labels differ in number.
#[must_use]
pub fn decide(
    champion: Option<Contender<'_>>,
    candidate: Contender<'_>,
    ground: Ground<'_>,
) -> Decision {
    let mut refusals = floors(candidate, ground);
    let mut reasons = Vec::new();
    let mut comparisons = Vec::new();
    match champion {
        None => reasons.push("there is no champion".to_owned()),
        Some(champion) => {
            let lost: Vec<&str> = champion
                .features
                .iter()
                .filter(|feature| !candidate.features.contains(feature))
                .map(String::as_str)
                .collect();
            if !lost.is_empty() {
                refusals.push(format!(
                    "features of the champion {} are lost: {}",
                    champion.version,
                    lost.join(", ")
                ));
            }
            comparisons = compare(
                champion.scores,
                candidate.scores,
                ground.labels,
                ground.seed,
            );
            judge(&comparisons, champion.version, &mut reasons, &mut refusals);
        }
    }
    let clears = refusals.is_empty();
    let promote = match ground.policy {
        Policy::IfBetter => clears,
        Policy::Always => true,
        Policy::Never => false,
    };
    match ground.policy {
        Policy::IfBetter => {}
        Policy::Always => reasons.insert(0, "promotion was asked for in any case".to_owned()),
        Policy::Never => reasons.insert(0, "promotion was ruled out by the caller".to_owned()),
    }
    reasons.extend(refusals);
    Decision {
        promote,
        reasons,
        comparisons,
    }
}

fn floors(candidate: Contender<'_>, ground: Ground<'_>) -> Vec<String> {
    let mut refusals = Vec::new();
    let own = figures(candidate.scores, ground.labels);
    if own.rows != ground.labels.len() as u64 {
        refusals.push("some test rows have no score".to_owned());
    }
    if own.positives < ground.min_positives {
        refusals.push(format!(
            "the test split has {} positive rows, fewer than {}",
            own.positives, ground.min_positives
        ));
    }
    let value = |figure: Option<Estimate>, absent| figure.map_or(absent, |figure| figure.value);
    let log_loss = value(own.log_loss, f64::INFINITY);
    let precision = value(own.average_precision, 0.0);
    for trivial in ground.trivial {
        let is_prior = trivial.name == "prior";
        // A model of one column cannot beat that column.
        let worse = if is_prior {
            log_loss >= trivial.log_loss
        } else {
            log_loss > trivial.log_loss
        };
        if worse {
            refusals.push(format!(
                "log loss {log_loss:.5} does not beat {:.5} of \"{}\" alone",
                trivial.log_loss, trivial.name
            ));
        }
        if is_prior && precision <= trivial.average_precision {
            refusals.push(format!(
                "average precision {precision:.5} does not beat {:.5} of the prior",
                trivial.average_precision
            ));
        }
    }
    refusals
}

fn judge(
    comparisons: &[Comparison],
    champion: &str,
    reasons: &mut Vec<String>,
    refusals: &mut Vec<String>,
) {
    for one in comparisons {
        let Estimate { value, low, high } = one.difference;
        let figures = format!(
            "{:.5} against {:.5} of the champion {champion}, difference {value:+.5} \
             ({low:+.5} to {high:+.5})",
            one.candidate, one.champion
        );
        if one.metric == "average_precision" {
            if high < 0.0 {
                refusals.push(format!("average precision is worse: {figures}"));
            } else {
                reasons.push(format!("average precision is not worse: {figures}"));
            }
        } else if high < 0.0 {
            reasons.push(format!("log loss is better: {figures}"));
        } else {
            refusals.push(format!("log loss is not better beyond noise: {figures}"));
        }
    }
    if comparisons.is_empty() {
        refusals.push("champion and candidate cannot be compared on these rows".to_owned());
    }
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

    struct World {
        labels: Vec<bool>,
        good: Vec<f64>,
        bad: Vec<f64>,
        features: Vec<String>,
        trivial: Vec<TrivialBaseline>,
    }

    /// Labels drawn from known probabilities; `bad` knows them through noise.
    fn world(rows: usize) -> World {
        let mut bits = SplitMix64::new(3);
        let truth: Vec<f64> = (0..rows).map(|_| 1.5 * bits.next_normal() - 1.0).collect();
        let labels: Vec<bool> = truth
            .iter()
            .map(|z| bits.next_unit() < sigmoid(*z))
            .collect();
        let noisy = truth.iter().map(|z| sigmoid(z + 1.5 * bits.next_normal()));
        let bad = noisy.collect();
        let share = labels.iter().filter(|label| **label).count() as f64 / rows as f64;
        let prior = TrivialBaseline {
            name: "prior".into(),
            roc_auc: 0.5,
            average_precision: share,
            log_loss: -(share * share.ln() + (1.0 - share) * (1.0 - share).ln()),
        };
        World {
            labels,
            good: truth.iter().map(|z| sigmoid(*z)).collect(),
            bad,
            features: vec!["a".into(), "b".into()],
            trivial: vec![prior],
        }
    }

    impl World {
        fn contender<'a>(&'a self, scores: &'a [f64]) -> Contender<'a> {
            Contender {
                version: "v",
                scores,
                features: &self.features,
            }
        }

        fn ground(&self) -> Ground<'_> {
            Ground {
                labels: &self.labels,
                trivial: &self.trivial,
                policy: Policy::IfBetter,
                min_positives: MIN_POSITIVES,
                seed: 5,
            }
        }
    }

    #[test]
    fn a_better_candidate_is_promoted_a_worse_one_and_a_tie_are_not() {
        let world = world(1_000);
        let (good, bad) = (world.contender(&world.good), world.contender(&world.bad));
        assert!(decide(Some(bad), good, world.ground()).promote);
        let worse = decide(Some(good), bad, world.ground());
        assert!(!worse.promote && worse.comparisons.len() == 2, "{worse:?}");
        let tie = decide(Some(good), good, world.ground());
        assert!(!tie.promote);
        assert!(
            tie.reasons
                .iter()
                .any(|reason| reason.contains("not better beyond noise"))
        );
        assert_eq!(tie, decide(Some(good), good, world.ground()));
    }

    #[test]
    fn a_better_loss_with_a_worse_order_keeps_the_champion() {
        let world = world(2_000);
        // The right order, but no calibration.
        let champion: Vec<f64> = world.good.iter().map(|p| p.powi(4)).collect();
        let (champion, bad) = (world.contender(&champion), world.contender(&world.bad));
        let decision = decide(Some(champion), bad, world.ground());
        assert!(!decision.promote);
        assert!(
            decision
                .reasons
                .iter()
                .any(|r| r.starts_with("average precision is worse"))
        );
    }

    #[test]
    fn the_first_model_needs_the_floors_alone() {
        let world = world(1_000);
        assert!(decide(None, world.contender(&world.good), world.ground()).promote);
        let flat = vec![0.3; 1_000];
        let decision = decide(None, world.contender(&flat), world.ground());
        assert!(!decision.promote);
        assert!(
            decision
                .reasons
                .iter()
                .any(|reason| reason.contains("\"prior\""))
        );
    }

    #[test]
    fn a_lost_feature_or_few_positives_keep_the_champion() {
        let world = world(1_000);
        let bad = world.contender(&world.bad);
        let fewer = [world.features[0].clone()];
        let good = Contender {
            features: &fewer,
            ..world.contender(&world.good)
        };
        let decision = decide(Some(bad), good, world.ground());
        assert!(!decision.promote);
        assert!(
            decision
                .reasons
                .iter()
                .any(|reason| reason.ends_with("are lost: b"))
        );
        let good = world.contender(&world.good);
        let ground = Ground {
            min_positives: 900,
            ..world.ground()
        };
        assert!(!decide(Some(bad), good, ground).promote);
    }

    #[test]
    fn the_policy_overrules_but_the_reasons_stay() {
        let world = world(1_000);
        let (good, bad) = (world.contender(&world.good), world.contender(&world.bad));
        let always = decide(
            Some(good),
            bad,
            Ground {
                policy: Policy::Always,
                ..world.ground()
            },
        );
        assert!(always.promote && always.reasons.len() == 4, "{always:?}");
        let never = decide(
            Some(bad),
            good,
            Ground {
                policy: Policy::Never,
                ..world.ground()
            },
        );
        assert!(!never.promote);
    }

    #[test]
    fn scores_that_are_no_numbers_are_never_promoted() {
        let world = world(1_000);
        let mut broken = world.good.clone();
        broken[7] = f64::NAN;
        let (bad, broken) = (world.contender(&world.bad), world.contender(&broken));
        assert!(!decide(Some(bad), broken, world.ground()).promote);
        assert!(!decide(None, broken, world.ground()).promote);
        assert!(
            !decide(
                None,
                world.contender(&[]),
                Ground {
                    labels: &[],
                    ..world.ground()
                }
            )
            .promote
        );
    }

    #[test]
    fn the_interval_of_the_loss_has_the_width_that_theory_gives() {
        let world = world(4_000);
        let found = &compare(&world.bad, &world.good, &world.labels, 1)[1].difference;
        let rows = world.labels.len() as f64;
        let each: Vec<f64> = (0..world.labels.len())
            .map(|row| {
                row_loss(world.good[row], world.labels[row])
                    - row_loss(world.bad[row], world.labels[row])
            })
            .collect();
        let mean = each.iter().sum::<f64>() / rows;
        let variance = each.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / rows;
        let expected = 2.0 * 1.959_964 * (variance / rows).sqrt();
        assert!(((found.high - found.low) / expected - 1.0).abs() < 0.15);
        assert!((found.value - mean).abs() < 1e-9);
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
