//! Drift by what it does to the model's score: how far a column moves it, and whether a drift that the score does not
//! feel may fail a check. How scores are taken apart is the model's affair.

use std::collections::BTreeMap;

pub use super::consequence_report::{
    ConsequenceLimits, ConsequenceReport, FeatureConsequence, Policy,
};
use super::noise::Levels;
use super::report::{FeatureReport, Finding, FindingKind, Sides, Status};
use crate::stats::attribution::{Attribution, Attributions, Change, change, ndcg};

/// Tests of a column: of the mean of what it adds to the score, and of its mean size.
const TESTS: f64 = 2.0;
/// Below this the columns' order by attribution is another, as Amazon SageMaker Clarify has it.
const LEAST_NDCG: f64 = 0.9;

/// What a check knows of the model's scores on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Consequences {
    /// How it is judged.
    pub limits: ConsequenceLimits,
    /// Version of the model.
    pub model_version: String,
    /// What the columns add to the baseline's scores.
    pub baseline: Attributions,
    /// What they add to those of the current side.
    pub current: Attributions,
    /// Rise of the model's log loss when a column is shuffled, where it is known.
    pub importance: BTreeMap<String, f64>,
}

impl Consequences {
    /// Says of every column what its drift does to the score, and judges it by that if the policy says so. None if the
    /// model gives every row the same score.
    pub(super) fn judge(
        &self,
        features: &mut [FeatureReport],
        findings: &mut Vec<Finding>,
        (units, min_rows): (f64, u64),
    ) -> Option<ConsequenceReport> {
        let deviation = self.baseline.score_standard_deviation;
        if deviation <= 0.0 || self.baseline.features.len() != self.current.features.len() {
            return None;
        }
        let levels = Levels::of_column(units, TESTS);
        for feature in features.iter_mut() {
            let consequence = self.of_column(&feature.feature, deviation, levels);
            self.limits.apply(feature, &consequence, findings);
            feature.consequence = Some(consequence);
        }
        let (before, now) = (self.sizes(&self.baseline), self.sizes(&self.current));
        let beyond_chance = self.sizes_beyond_chance(levels);
        if ndcg(&before, &beyond_chance) < LEAST_NDCG && self.current.rows >= min_rows {
            findings.push(self.other_order(ndcg(&before, &now)));
        }
        let both = |of: fn(&Attributions) -> f64| Sides {
            baseline: of(&self.baseline),
            current: of(&self.current),
        };
        Some(ConsequenceReport {
            limits: self.limits,
            model_version: self.model_version.clone(),
            threshold: self.current.threshold,
            rows: Sides {
                baseline: self.baseline.rows,
                current: self.current.rows,
            },
            mean_score: both(|side| side.mean_score),
            called_share: both(|side| side.called_share),
            score_standard_deviation: deviation,
            attribution_ndcg: ndcg(&before, &now),
        })
    }

    fn columns(&self) -> impl Iterator<Item = (&Attribution, &Attribution)> {
        self.baseline.features.iter().zip(&self.current.features)
    }

    fn of_column(&self, name: &str, deviation: f64, levels: Levels) -> FeatureConsequence {
        let column = self.columns().find(|(before, _)| before.feature == name);
        let Some((before, now)) = column else {
            return FeatureConsequence {
                status: Status::Ok,
                mean_score_change: 0.0,
                called_share_change: 0.0,
                score_move: 0.0,
                p_value: 1.0,
                attribution: Sides {
                    baseline: 0.0,
                    current: 0.0,
                },
                importance: None,
            };
        };
        let [mean, size] = changes(before, now);
        let larger = match size.difference.abs() > mean.difference.abs() {
            true => size,
            false => mean,
        };
        let status = |change: Change| {
            let size = change.difference.abs() / deviation;
            if size >= self.limits.fail_score_move && change.p_value < levels.fail {
                Status::Fail
            } else if size >= self.limits.warn_score_move && change.p_value < levels.warn {
                Status::Warn
            } else {
                Status::Ok
            }
        };
        FeatureConsequence {
            status: status(mean).max(status(size)),
            mean_score_change: mean.difference,
            called_share_change: now.called - before.called,
            score_move: larger.difference.abs() / deviation,
            p_value: larger.p_value,
            attribution: Sides {
                baseline: before.mean_size,
                current: now.mean_size,
            },
            importance: self.importance.get(name).copied(),
        }
    }

    fn sizes(&self, side: &Attributions) -> Vec<f64> {
        side.features.iter().map(|one| one.mean_size).collect()
    }

    /// Returns the attributions of the current side, but the baseline's where chance alone could tell them apart.
    fn sizes_beyond_chance(&self, levels: Levels) -> Vec<f64> {
        let size = |(before, now): (&Attribution, &Attribution)| match changes(before, now)[1] {
            size if size.p_value < levels.warn => now.mean_size,
            _ => before.mean_size,
        };
        self.columns().map(size).collect()
    }

    fn other_order(&self, ndcg: f64) -> Finding {
        let first = |side: &Attributions| {
            let mut columns: Vec<&Attribution> = side.features.iter().collect();
            columns.sort_by(|a, b| b.mean_size.total_cmp(&a.mean_size));
            let names = columns.iter().take(3).map(|one| one.feature.as_str());
            names.collect::<Vec<_>>().join(", ")
        };
        Finding {
            status: Status::Warn,
            kind: FindingKind::AttributionDrift,
            feature: None,
            message: format!(
                "what the score rests on changed: first {}, on the baseline {} (NDCG {ndcg:.2}, below {LEAST_NDCG})",
                first(&self.current),
                first(&self.baseline)
            ),
        }
    }
}

/// Returns the change of what a column adds on average, and of its mean size.
fn changes(before: &Attribution, now: &Attribution) -> [Change; 2] {
    [
        change(
            (before.mean, before.standard_error),
            (now.mean, now.standard_error),
        ),
        change(
            (before.mean_size, before.size_standard_error),
            (now.mean_size, now.size_standard_error),
        ),
    ]
}

impl ConsequenceLimits {
    /// Gives a column that drifted the verdict of the policy. What is not the column that the model learned from fails
    /// in any case: its consequence is not known.
    fn apply(
        self,
        feature: &mut FeatureReport,
        consequence: &FeatureConsequence,
        findings: &mut [Finding],
    ) {
        let own = |finding: &&mut Finding| finding.feature.as_ref() == Some(&feature.feature);
        let mut own: Vec<&mut Finding> = findings.iter_mut().filter(own).collect();
        let is_another = |finding: &&mut Finding| finding.kind == FindingKind::TypeChange;
        if feature.status < Status::Warn || own.iter().any(is_another) {
            return;
        }
        let by_policy = match (self.policy, consequence.status) {
            (Policy::Statistics, _) => return,
            (Policy::Consequence, Status::Fail) => Status::Fail,
            (Policy::Both, Status::Fail) => feature.status,
            (Policy::Consequence | Policy::Both, _) => Status::Warn,
        };
        if by_policy < feature.status {
            own.iter_mut()
                .for_each(|finding| finding.status = finding.status.min(by_policy));
        }
        feature.status = by_policy;
        feature.reasons.insert(0, consequence.in_words(self));
    }
}
