//! What may follow from a model's scores of its own data: rows that it learned from measure nothing
//! for new ones.

use super::report::{Finding, FindingKind, Status};
use crate::profile::{Profile, ScoredRows};

/// Takes a FAIL back to WARN where the baseline's scores are of rows that the model learned from:
/// it scores new rows worse than these on the day it is trained.
pub(super) fn cap(baseline: &Profile, status: &mut Status) {
    if scored_rows(baseline) == Some(ScoredRows::Training) {
        *status = (*status).min(Status::Warn);
    }
}

/// Says which rows the scores are of, where the baseline is a model.
pub(super) fn finding(baseline: &Profile) -> Option<Finding> {
    let outcome = baseline.outcome.as_ref()?;
    let message = match outcome.rows? {
        ScoredRows::HeldOut => {
            let rows = outcome
                .by_label
                .values()
                .map(|column| column.rows().unwrap_or(0));
            format!(
                "the baseline's scores are of the {} rows that the model was not fitted on, its \
                 test split",
                rows.sum::<u64>()
            )
        }
        ScoredRows::Training => "the baseline's scores are of rows that the model learned from, \
                                 which it scores better than new ones, so that a fall is no more \
                                 than a warning; train again to have those of a test split"
            .to_owned(),
    };
    Some(Finding {
        status: Status::Ok,
        kind: FindingKind::BaselineScores,
        feature: Some(outcome.score.clone()),
        message,
    })
}

fn scored_rows(baseline: &Profile) -> Option<ScoredRows> {
    baseline.outcome.as_ref().and_then(|outcome| outcome.rows)
}
