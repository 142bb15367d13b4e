//! Tests of `promote.rs`.

use churn_drift::stats::bootstrap::SplitMix64;

use super::*;
use crate::sigmoid::sigmoid;

struct World {
    labels: Vec<bool>,
    good: Vec<f64>,
    bad: Vec<f64>,
    features: Vec<String>,
    prior: f64,
    /// Nothing.
    learned: Vec<bool>,
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
    World {
        labels,
        good: truth.iter().map(|z| sigmoid(*z)).collect(),
        bad,
        features: vec!["a".into(), "b".into()],
        prior: share,
        learned: vec![false; rows],
    }
}

impl World {
    fn candidate<'a>(&'a self, scores: &'a [f64]) -> Candidate<'a> {
        Candidate {
            scores,
            features: &self.features,
        }
    }

    fn champion<'a>(&'a self, scores: &'a [f64]) -> ChampionScores<'a> {
        ChampionScores {
            version: "v",
            scores: Ok(scores),
            features: &self.features,
            learned: Some(&self.learned),
        }
    }

    fn ground(&self) -> EvaluationContext<'_> {
        EvaluationContext {
            labels: &self.labels,
            prior: Some(self.prior),
            column: None,
            policy: Policy::IfBetter,
            min_positives: MIN_POSITIVES,
        }
    }
}

/// Decides between `champion` and `candidate` by the default policy.
fn between(world: &World, champion: &[f64], candidate: &[f64]) -> Decision {
    decide(
        Some(world.champion(champion)),
        world.candidate(candidate),
        world.ground(),
    )
}

fn says(decision: &Decision, text: &str) -> bool {
    decision.reasons.iter().any(|reason| reason.contains(text))
}

#[test]
fn a_better_candidate_is_promoted_a_worse_one_and_a_tie_are_not() {
    let world = world(1_000);
    assert!(between(&world, &world.bad, &world.good).promote);
    let worse = between(&world, &world.good, &world.bad);
    assert!(!worse.promote && worse.comparisons.len() == 2, "{worse:?}");
    let tie = between(&world, &world.good, &world.good);
    assert!(!tie.promote && says(&tie, "not better beyond noise"));
    assert_eq!(tie, between(&world, &world.good, &world.good));
}

#[test]
fn a_better_loss_with_a_worse_order_keeps_the_champion() {
    let world = world(2_000);
    // The right order, but no calibration.
    let champion: Vec<f64> = world.good.iter().map(|p| p.powi(4)).collect();
    let decision = between(&world, &champion, &world.bad);
    assert!(!decision.promote && says(&decision, "average precision is worse"));
}

#[test]
fn the_first_model_needs_the_floors_alone() {
    let world = world(1_000);
    assert!(decide(None, world.candidate(&world.good), world.ground()).promote);
    let flat = vec![0.3; 1_000];
    let decision = decide(None, world.candidate(&flat), world.ground());
    assert!(!decision.promote && says(&decision, "of the prior"));
}

#[test]
fn a_column_that_is_as_good_by_chance_refuses_nothing_a_better_one_does() {
    let world = world(1_000);
    let by = |column: &[f64], candidate: &[f64]| {
        let ground = EvaluationContext {
            column: Some(SingleColumn {
                name: "tenure",
                scores: column,
            }),
            ..world.ground()
        };
        decide(None, world.candidate(candidate), ground)
    };
    // A model that is the column, but for a little noise: .42027 against .41966.
    let mut bits = SplitMix64::new(9);
    let near = world.good.iter();
    let near: Vec<f64> = near
        .map(|p| sigmoid((p / (1.0 - p)).ln() + 0.05 * bits.next_normal()))
        .collect();
    let decision = by(&world.good, &near);
    assert!(decision.promote, "{decision:?}");
    assert!(
        says(&decision, "of \"tenure\" alone, difference +0.00"),
        "{decision:?}"
    );
    let decision = by(&world.good, &world.bad);
    assert!(!decision.promote && says(&decision, "worse than that of a single column"));
    // Nothing to say of a column that is clearly worse.
    let decision = by(&world.bad, &world.good);
    assert!(decision.promote && !says(&decision, "tenure"));
}

#[test]
fn a_difference_of_no_size_refuses_nothing_however_many_rows_show_it() {
    let world = world(200_000);
    let shifted: Vec<f64> = world
        .good
        .iter()
        .map(|p| sigmoid((p / (1.0 - p)).ln() + 0.07))
        .collect();
    let ground = EvaluationContext {
        column: Some(SingleColumn {
            name: "tenure",
            scores: &world.good,
        }),
        ..world.ground()
    };
    let difference = loss_difference(&world.good, &shifted, &world.labels).expect("has rows");
    assert!(difference.low > 0.0, "{difference:?}");
    assert!(decide(None, world.candidate(&shifted), ground).promote);
}

#[test]
fn a_lost_feature_or_few_positives_keep_the_champion() {
    let world = world(1_000);
    let fewer = [world.features[0].clone()];
    let good = Candidate {
        features: &fewer,
        ..world.candidate(&world.good)
    };
    let bad = world.champion(&world.bad);
    let decision = decide(Some(bad), good, world.ground());
    assert!(!decision.promote && says(&decision, "champion v are lost: b"));
    // The column is not even there: the reason is the same, and there is but one.
    let blind = ChampionScores {
        scores: Err("there is no column \"b\""),
        ..bad
    };
    let decision = decide(Some(blind), good, world.ground());
    assert_eq!(decision.reasons, ["features of the champion v are lost: b"]);
    let good = world.candidate(&world.good);
    let ground = EvaluationContext {
        min_positives: 900,
        ..world.ground()
    };
    assert!(!decide(Some(bad), good, ground).promote);
}

#[test]
fn a_champion_that_cannot_score_is_replaced_on_demand_only() {
    let world = world(1_000);
    let blind = ChampionScores {
        scores: Err("\"a\" is a number in training, here it is \"x\""),
        ..world.champion(&world.bad)
    };
    let good = world.candidate(&world.good);
    let decision = decide(Some(blind), good, world.ground());
    assert!(!decision.promote && says(&decision, "v cannot score the test rows: \"a\""));
    let always = EvaluationContext {
        policy: Policy::Always,
        ..world.ground()
    };
    let decision = decide(Some(blind), good, always);
    assert!(decision.promote && says(&decision, "cannot score"));
}

#[test]
fn rows_that_the_champion_learned_from_are_left_out_of_the_comparison() {
    let world = world(4_000);
    // It knows the labels of three rows of four by heart, and little of the others.
    let learned: Vec<bool> = (0..4_000).map(|row| row % 4 != 0).collect();
    let by_heart = |row: usize| if world.labels[row] { 0.99 } else { 0.01 };
    let scores: Vec<f64> = (0..4_000)
        .map(|row| {
            if learned[row] {
                by_heart(row)
            } else {
                world.bad[row]
            }
        })
        .collect();
    let champion = |learned| ChampionScores {
        learned,
        ..world.champion(&scores)
    };
    let good = world.candidate(&world.good);
    let decision = decide(Some(champion(Some(&learned))), good, world.ground());
    assert!(decision.promote, "{decision:?}");
    let said = "the champion v learned from 3000 of the 4000 test rows: the two are compared \
                    on the other 1000";
    assert!(says(&decision, said) && decision.warnings == [said]);
    // What nobody knows favours the champion, and that is said.
    let decision = decide(Some(champion(None)), good, world.ground());
    assert!(!decision.promote && says(&decision, "it is not known which rows"));
    assert_eq!(decision.warnings.len(), 1);
    // With all but a few learned, there is nothing fair to compare on.
    let nearly: Vec<bool> = (0..4_000).map(|row| row >= 40).collect();
    let decision = decide(Some(champion(Some(&nearly))), good, world.ground());
    assert!(!decision.promote && says(&decision, "which favours the champion"));
    assert_eq!(decision.warnings.len(), 1);
    // One row of many may be an error of the filter: it is left out, and that is all.
    let one: Vec<bool> = (0..4_000).map(|row| row == 7).collect();
    let decision = decide(Some(champion(Some(&one))), good, world.ground());
    assert!(says(&decision, "the other 3999") && decision.warnings.is_empty());
}

#[test]
fn the_policy_overrules_but_the_reasons_stay() {
    let world = world(1_000);
    let by = |champion, candidate, policy| {
        let ground = EvaluationContext {
            policy,
            ..world.ground()
        };
        let champion = world.champion(champion);
        decide(Some(champion), world.candidate(candidate), ground)
    };
    let always = by(&world.good, &world.bad, Policy::Always);
    assert!(always.promote && always.reasons.len() == 4, "{always:?}");
    let never = by(&world.bad, &world.good, Policy::Never);
    assert!(!never.promote);
}

#[test]
fn scores_that_are_no_numbers_are_never_promoted() {
    let world = world(1_000);
    let mut broken = world.good.clone();
    broken[7] = f64::NAN;
    assert!(!between(&world, &world.bad, &broken).promote);
    assert!(!decide(None, world.candidate(&broken), world.ground()).promote);
    let empty = EvaluationContext {
        labels: &[],
        ..world.ground()
    };
    assert!(!decide(None, world.candidate(&[]), empty).promote);
}
