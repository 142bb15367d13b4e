//! A model with a threshold that somebody set, not the one that it was trained with.

use churn_data::same_label;
use churn_drift::profile::{Outcome, ScoredRows};
use churn_drift::stats::classification::{Confusion, Performance};

use super::artifact::Body;

/// Puts another threshold into a model that is at work; its file keeps the one that it has.
///
/// The test figures that depend on the threshold go: they were measured at the other one. How many
/// of the test rows are classed as churned is counted anew, if the model knows their scores.
pub fn set_threshold(body: &mut Body, threshold: f64, rule: &str) {
    if body.threshold == threshold {
        return;
    }
    body.threshold = threshold;
    rule.clone_into(&mut body.threshold_rule);
    let positive = &body.roles.positive;
    let outcome = body.profile.outcome.as_ref();
    let held_out = outcome.filter(|outcome| outcome.rows == Some(ScoredRows::HeldOut));
    let confusion = held_out.and_then(|outcome| confusion(outcome, positive, threshold));
    for (name, split) in &mut body.metrics {
        let Performance {
            accuracy,
            precision,
            recall,
            specificity,
            f1,
            mcc,
            confusion: counts,
            ..
        } = &mut split.performance;
        for figure in [accuracy, precision, recall, specificity, f1, mcc] {
            *figure = None;
        }
        *counts = confusion.filter(|_| name == "test").unwrap_or_default();
    }
}

/// Counts the held-out rows by label and class; nothing if their scores are not exact.
fn confusion(outcome: &Outcome, positive: &str, threshold: f64) -> Option<Confusion> {
    let mut confusion = Confusion::default();
    for (label, column) in &outcome.by_label {
        let view = column.view(false);
        let Some(numbers) = &view.numbers else {
            continue;
        };
        let (classed, is_exact) = numbers.at_least(threshold);
        if !is_exact {
            return None;
        }
        let others = numbers.count() - classed;
        if same_label(label, positive) {
            confusion.true_positives += classed;
            confusion.false_negatives += others;
        } else {
            confusion.false_positives += classed;
            confusion.true_negatives += others;
        }
    }
    Some(confusion)
}
