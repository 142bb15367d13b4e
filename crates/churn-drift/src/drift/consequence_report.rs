//! Drift by what it does to the model's score, as data.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::sides::Sides;
use super::status::Status;

/// By what a column that drifts is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// By its distribution.
    #[default]
    Statistics,
    /// By how far it moves the score.
    Consequence,
    /// It fails where both say so.
    Both,
}

/// The text names no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a policy is statistics, consequence or both")]
pub struct BadPolicy;

impl FromStr for Policy {
    type Err = BadPolicy;

    fn from_str(text: &str) -> Result<Self, BadPolicy> {
        match text {
            "statistics" => Ok(Self::Statistics),
            "consequence" => Ok(Self::Consequence),
            "both" => Ok(Self::Both),
            _ => Err(BadPolicy),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Statistics => "statistics",
            Self::Consequence => "consequence",
            Self::Both => "both",
        })
    }
}

/// How drift is judged by its consequence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsequenceLimits {
    /// By what a column is judged.
    pub policy: Policy,
    /// How far a column must move the score, in standard deviations of the baseline's scores, to be felt.
    pub warn_score_move: f64,
    /// The same to fail.
    pub fail_score_move: f64,
}

impl Default for ConsequenceLimits {
    fn default() -> Self {
        Self {
            policy: Policy::Statistics,
            warn_score_move: 0.05,
            fail_score_move: 0.1,
        }
    }
}

/// What the drift of all columns does to the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsequenceReport {
    /// How it is judged.
    #[serde(flatten)]
    pub limits: ConsequenceLimits,
    /// Version of the model that scored the current side.
    pub model_version: String,
    /// Score from which a row is called churned: the model's own.
    pub threshold: f64,
    /// Rows whose scores were taken apart.
    pub rows: Sides<u64>,
    /// Their mean score.
    pub mean_score: Sides<f64>,
    /// Share of them called churned.
    pub called_share: Sides<f64>,
    /// Standard deviation of the baseline's scores.
    pub score_standard_deviation: f64,
    /// How much of the columns' order by attribution is left, 1 for all of it (NDCG).
    pub attribution_ndcg: f64,
}

/// What the drift of a column does to the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureConsequence {
    /// WARN if the score feels it, FAIL if it moves far.
    pub status: Status,
    /// How far the mean score moves if only this column does. Those of all columns add up to the whole change.
    pub mean_score_change: f64,
    /// How far the share of rows called churned moves, likewise.
    pub called_share_change: f64,
    /// The larger of the changes of what the column adds on average and of its mean size, in standard deviations of
    /// the baseline's scores.
    pub score_move: f64,
    /// How likely chance alone makes it as large.
    pub p_value: f64,
    /// Mean size of what the column adds to a score.
    pub attribution: Sides<f64>,
    /// Rise of the model's log loss when the column is shuffled; absent if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importance: Option<f64>,
}

impl FeatureConsequence {
    /// Says how far the column moves the score.
    #[must_use]
    pub fn in_words(&self, limits: ConsequenceLimits) -> String {
        let Self {
            status,
            mean_score_change,
            called_share_change,
            score_move,
            attribution,
            ..
        } = self;
        if attribution.baseline == 0.0 && attribution.current == 0.0 {
            return "the score does not use it".to_owned();
        }
        let felt = match status {
            Status::Fail => "the score moves far by it",
            Status::Warn => "the score feels it",
            Status::Ok | Status::TooFewRows => "the score does not feel it",
        };
        let points = called_share_change * 100.0;
        format!(
            "{felt} ({} SD): mean score {mean_score_change:+.4}, called churned {points:+.2} points, its part \
             in a score {:.4} -> {:.4}",
            told_apart(
                *score_move,
                [limits.warn_score_move, limits.fail_score_move]
            ),
            attribution.baseline,
            attribution.current
        )
    }
}

/// Writes a size with two decimals, or as many more as it takes to differ from a limit that it is not.
fn told_apart(size: f64, limits: [f64; 2]) -> String {
    const MOST: usize = 6;
    let written = |decimals: usize| format!("{size:.decimals$}");
    let is_plain = |decimals: &usize| {
        let mut others = limits.iter().filter(|limit| **limit != size);
        others.all(|limit| written(*decimals) != format!("{limit:.0$}", *decimals))
    };
    written((2..MOST).find(is_plain).unwrap_or(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_near_a_limit_is_written_so_that_it_differs() {
        for (size, written) in [
            (0.0312, "0.03"),
            (0.052, "0.052"),
            (0.049, "0.049"),
            (0.0999, "0.0999"),
            (0.1, "0.10"),
            (0.1002, "0.1002"),
            (1.5, "1.50"),
        ] {
            assert_eq!(told_apart(size, [0.05, 0.1]), written);
        }
    }

    #[test]
    fn words_are_read_and_written_alike() {
        for text in ["statistics", "consequence", "both"] {
            assert_eq!(text.parse::<Policy>().expect(text).to_string(), text);
        }
        assert!("Both".parse::<Policy>().is_err());
    }
}
