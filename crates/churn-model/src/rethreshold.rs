//! A candidate that is the model in production but for its threshold: as a model it is a tie, which
//! changes nothing. Whether the threshold deserves its place is decided here.

use super::artifact::Body;
use super::promote::{Candidate, Decision, EvaluationContext, by_policy, floors};
use super::registry::Change;
use super::threshold::{HALF, ThresholdRule};

/// One model with two thresholds.
#[derive(Debug, Clone, Copy)]
pub struct Rethresholded<'a> {
    /// Version of the model in production.
    pub champion: &'a str,
    /// Its threshold.
    pub before: f64,
    /// The candidate's threshold.
    pub now: f64,
    /// How that was chosen, in words.
    pub rule: &'a str,
    /// How it was chosen, where that is known.
    pub chosen_by: Option<ThresholdRule>,
}

impl<'a> Rethresholded<'a> {
    /// Compares two models; nothing unless they score alike and the candidate's threshold is
    /// another that somebody asked for. One half is what a training takes that was not told
    /// otherwise: it replaces nothing.
    #[must_use]
    pub fn of(
        champion: (&'a str, &Body),
        candidate: &'a Body,
        chosen_by: Option<ThresholdRule>,
    ) -> Option<Self> {
        let (version, before) = champion;
        let alike = before.features == candidate.features
            && before.model == candidate.model
            && before.calibration == candidate.calibration;
        let asked_for = candidate.threshold_rule != HALF;
        (alike && asked_for && before.threshold != candidate.threshold).then_some(Self {
            champion: version,
            before: before.threshold,
            now: candidate.threshold,
            rule: &candidate.threshold_rule,
            chosen_by,
        })
    }
}

/// Decides on the threshold: it is promoted when the model clears the floors, unless it was chosen
/// by cost and costs more on the test rows, beyond noise.
///
/// # Formula
/// The cost of each test row at the new threshold less that at the old one; refused if the mean is
/// above 0 by more than 1.96 standard errors.
///
/// # Panics
/// Panics if scores and labels differ in number.
#[must_use]
pub fn decide(
    change: Rethresholded<'_>,
    candidate: Candidate<'_>,
    ground: EvaluationContext<'_>,
) -> Decision {
    let mut refusals = floors(candidate, ground);
    let (before, now) = (
        Classes::at(change.before, candidate.scores, ground.labels),
        Classes::at(change.now, candidate.scores, ground.labels),
    );
    let mut reasons = vec![
        format!(
            "the model is that of the champion {}, its threshold goes from {:.4} to {:.4}: {}",
            change.champion, change.before, change.now, change.rule
        ),
        format!(
            "of the {} test rows {} are classed as churned instead of {}: precision {:.3} instead \
             of {:.3}, recall {:.3} instead of {:.3}",
            ground.labels.len(),
            now.classed,
            before.classed,
            now.precision(),
            before.precision(),
            now.recall(),
            before.recall()
        ),
    ];
    if let Some(ThresholdRule::Cost {
        false_negative,
        false_positive,
    }) = change.chosen_by
    {
        let (value, error) = cost_difference(change, candidate.scores, ground.labels, |label| {
            if label {
                false_negative
            } else {
                -false_positive
            }
        });
        let figures = format!(
            "{value:+.4} a test row ({:+.4} to {:+.4})",
            value - 1.96 * error,
            value + 1.96 * error
        );
        if value > 1.96 * error {
            refusals.push(format!("the new threshold costs more: {figures}"));
        } else {
            reasons.push(format!("the new threshold does not cost more: {figures}"));
        }
    }
    Decision {
        change: Some(Change::Threshold),
        ..by_policy(ground.policy, reasons, refusals)
    }
}

/// The mean cost of a row at the new threshold less that at the old one, and its standard error.
/// `cost` is what it costs that a row of a label is no longer classed as churned.
fn cost_difference(
    change: Rethresholded<'_>,
    scores: &[f64],
    labels: &[bool],
    cost: impl Fn(bool) -> f64,
) -> (f64, f64) {
    let each = scores.iter().zip(labels).map(|(score, &label)| {
        let lost = i8::from(*score >= change.before) - i8::from(*score >= change.now);
        f64::from(lost) * cost(label)
    });
    let each: Vec<f64> = each.collect();
    let rows = each.len().max(1) as f64;
    let mean = each.iter().sum::<f64>() / rows;
    let variance = each.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / rows;
    (mean, (variance / rows).sqrt())
}

/// Rows by class at one threshold.
struct Classes {
    classed: u64,
    hits: u64,
    positives: u64,
}

impl Classes {
    fn at(threshold: f64, scores: &[f64], labels: &[bool]) -> Self {
        assert_eq!(scores.len(), labels.len());
        let rows = || scores.iter().zip(labels);
        let count = |keep: &dyn Fn(f64, bool) -> bool| {
            rows()
                .filter(|(score, label)| keep(**score, **label))
                .count() as u64
        };
        Self {
            classed: count(&|score, _| score >= threshold),
            hits: count(&|score, label| score >= threshold && label),
            positives: count(&|_, label| label),
        }
    }

    fn precision(&self) -> f64 {
        self.hits as f64 / self.classed.max(1) as f64
    }

    fn recall(&self) -> f64 {
        self.hits as f64 / self.positives.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promote::Policy;

    const fn change(before: f64, now: f64) -> Rethresholded<'static> {
        Rethresholded {
            champion: "v",
            before,
            now,
            rule: "a rule",
            chosen_by: Some(ThresholdRule::Cost {
                false_negative: 5.0,
                false_positive: 1.0,
            }),
        }
    }

    /// Calibrated scores of 100 rows at each of .05, .15 ... .95.
    fn calibrated() -> (Vec<f64>, Vec<bool>) {
        let rows = (0..1_000).map(|row| {
            let tenth = row / 100;
            (f64::from(tenth) / 10.0 + 0.05, row % 100 < 10 * tenth + 5)
        });
        rows.unzip()
    }

    fn decided(change: Rethresholded<'_>, policy: Policy) -> Decision {
        let (scores, labels) = calibrated();
        let candidate = Candidate {
            scores: &scores,
            features: &[],
        };
        let ground = EvaluationContext {
            labels: &labels,
            prior: None,
            column: None,
            policy,
            min_positives: 30,
        };
        decide(change, candidate, ground)
    }

    #[test]
    fn a_threshold_that_costs_no_more_is_promoted_and_a_dearer_one_is_not() {
        // At 5 : 1 a row is to be classed as churned from a score of 1 / 6 on: rows at .25, .35 and
        // .45 are won. By hand: 300 rows of 1,000, of which 105 churned: 195 alarms more, 105
        // missed churners fewer, (195 - 525) / 1,000.
        let lower = decided(change(0.5, 0.2), Policy::IfBetter);
        assert!(lower.promote, "{lower:?}");
        assert_eq!(lower.change, Some(Change::Threshold));
        assert!(lower.reasons[1].contains("800 are classed as churned instead of 500"));
        assert!(lower.reasons[2].contains("-0.3300 a test row"), "{lower:?}");
        let higher = decided(change(0.2, 0.5), Policy::IfBetter);
        assert!(!higher.promote && higher.reasons[2].contains("costs more"));
        assert!(decided(change(0.2, 0.5), Policy::Always).promote);
        assert!(!decided(change(0.5, 0.2), Policy::Never).promote);
    }
}
