//! What all learners have in common: rows in, a [`Model`] out.

use churn_base::error::Result;
use churn_base::progress::Progress;

use super::artifact::{Feature, Model};
use super::training_set::TrainingSet;

/// What training came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The weights or trees.
    pub model: Model,
    /// Mean log loss on the validation rows, nats: what learners are compared by.
    pub validation_log_loss: f64,
    /// Log loss on the validation rows by round (trees) or by penalty tried (logistic).
    pub history: Vec<f64>,
    /// What was chosen, in words: `penalty 3`, `137 of 200 rounds`.
    pub summary: String,
}

/// Learns to tell churned rows from the others.
///
/// The same features, sets and settings give the same model, bit by bit, for any number of
/// threads.
pub trait Learner {
    /// Returns the name as `--model` takes it.
    fn name(&self) -> &'static str;

    /// Fits a model on `train`, chooses on `validation` what is to be chosen.
    ///
    /// # Errors
    /// Bad input if `train` has no rows or rows of one class only. An empty `validation` is *no*
    /// error: defaults are taken.
    fn fit(
        &self,
        features: &[Feature],
        train: &TrainingSet<'_>,
        validation: &TrainingSet<'_>,
        progress: &dyn Progress,
    ) -> Result<Fitted>;
}

/// Computes the mean log loss of log-odds, nats.
///
/// # Formula
/// `mean(ln(1 + exp(z)) - y z)`, which is exact for any log-odds `z`: no clipping.
#[must_use]
pub fn log_loss(log_odds: &[f64], labels: impl Iterator<Item = bool>) -> f64 {
    let sum: f64 = log_odds
        .iter()
        .zip(labels)
        .map(|(&z, churned)| softplus(if churned { -z } else { z }))
        .sum();
    sum / log_odds.len().max(1) as f64
}

/// Returns `ln(1 + exp(z))` without overflow.
pub(super) fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// Returns `1 / (1 + exp(-z))`.
#[must_use]
pub fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}
