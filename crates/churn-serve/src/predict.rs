//! Rows in, predictions out, and what an answer says of each.

use serde::Serialize;
use serde_json::Value;

use super::input::{Row, Rules};
use super::json::Json;
use super::model::Loaded;

/// What the model says of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Prediction {
    /// The probability of churn.
    pub(super) score: f64,
    /// Whether it reaches the threshold.
    pub(super) churned: bool,
}

/// A score that is not a probability: a bug, never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoProbability;

/// Scores a row.
pub(super) fn predict(model: &Loaded, row: &Row<'_>) -> Result<Prediction, NoProbability> {
    let score = model.scorer.score(&row.cells);
    if !(0.0..=1.0).contains(&score) {
        return Err(NoProbability);
    }
    let churned = score >= model.threshold;
    Ok(Prediction { score, churned })
}

/// What a feature added to the log-odds of a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Contribution<'m> {
    feature: &'m str,
    value: Value,
    contribution: f64,
}

/// Why a row has its score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Explained<'m> {
    /// Log-odds before any feature.
    pub(super) base_log_odds: f64,
    /// Base and all contributions together, before calibration.
    pub(super) log_odds: f64,
    /// The largest ones by size.
    pub(super) contributions: Vec<Contribution<'m>>,
}

/// Takes the score of a row apart; `most` contributions are listed.
pub(super) fn explain<'m>(
    rules: Rules<'m>,
    row: &Row<'_>,
    most: usize,
) -> Result<Explained<'m>, NoProbability> {
    let explanation = rules.model.scorer.explain(&row.cells);
    let log_odds = explanation.log_odds();
    if !log_odds.is_finite() {
        return Err(NoProbability);
    }
    let contribution = |(position, contribution): (usize, f64)| Contribution {
        feature: &rules.model.features()[position].name,
        value: row.values[position].map_or(Value::Null, Json::to_value),
        contribution,
    };
    Ok(Explained {
        base_log_odds: explanation.base,
        log_odds,
        contributions: explanation
            .top(most)
            .into_iter()
            .map(contribution)
            .collect(),
    })
}
