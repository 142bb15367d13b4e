//! What the columns add to a model's scores, on average over the rows of a data set. How a row's score is taken apart
//! is the model's affair, and whether a change matters that of the check.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// The scores of a data set, and what its columns add to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attributions {
    /// Rows whose scores were taken apart; `mean_score` and `called_share` are of the same rows.
    pub rows: u64,
    /// Score from which a row is called churned.
    pub threshold: f64,
    /// Mean score.
    pub mean_score: f64,
    /// Population standard deviation of the scores.
    pub score_standard_deviation: f64,
    /// Share of rows called churned.
    pub called_share: f64,
    /// One a feature of the model, in its order.
    pub features: Vec<Attribution>,
}

/// What a column adds to the scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribution {
    /// Name of the column.
    pub feature: String,
    /// Mean of what it adds to the score. Those of all columns and the score of a row about which nothing is known
    /// add up to the mean score.
    pub mean: f64,
    /// Standard error of `mean`.
    pub standard_error: f64,
    /// Mean size of what it adds, whichever way.
    pub mean_size: f64,
    /// Standard error of `mean_size`.
    pub size_standard_error: f64,
    /// Mean of what it adds to being called churned: a share of rows. Those of all columns add up to the share of rows
    /// called churned, less 1 if a row about which nothing is known is called so.
    pub called: f64,
}

/// What became of a mean from one data set to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The mean now, less the mean before.
    pub difference: f64,
    /// How likely chance alone makes it as large, two-sided.
    pub p_value: f64,
}

/// Compares two means of independent samples.
///
/// # Formula
/// `z = (after - before) / sqrt(se_before^2 + se_after^2)`, two-sided by the normal law. Means that do not vary at all
/// (both standard errors 0) differ for sure, or not at all.
#[must_use]
pub fn change((before, before_error): (f64, f64), (after, after_error): (f64, f64)) -> Change {
    let difference = after - before;
    let error = before_error.hypot(after_error);
    let p_value = match (error > 0.0, difference == 0.0) {
        (_, true) => 1.0,
        (false, false) => 0.0,
        (true, false) => {
            let law = Normal::standard();
            (2.0 * law.sf((difference / error).abs())).min(1.0)
        }
    };
    Change {
        difference,
        p_value,
    }
}

/// Computes how much of the columns' order by attribution is left: 1 if it is the same.
///
/// # Formula
/// Normalised discounted cumulative gain as Amazon SageMaker Clarify defines it for feature attribution drift:
/// `sum_i a(f'_i) / log2(i + 1)` over `sum_i a(f_i) / log2(i + 1)`, i from 1, with `a` the attributions before, `f` the
/// columns by falling `a`, and `f'` the columns by falling attribution now. Ties in the order of the columns. 1 if
/// nothing is attributed to any column.
#[must_use]
pub fn ndcg(before: &[f64], now: &[f64]) -> f64 {
    let gain = |order_by: &[f64]| {
        let mut order: Vec<usize> = (0..before.len()).collect();
        order.sort_by(|&a, &b| order_by[b].total_cmp(&order_by[a]).then(a.cmp(&b)));
        let gains = order.iter().enumerate();
        gains
            .map(|(at, &column)| before[column] / (at as f64 + 2.0).log2())
            .sum::<f64>()
    };
    let ideal = gain(before);
    match ideal > 0.0 {
        true => gain(now) / ideal,
        false => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ndcg_is_that_of_sklearn() {
        // sklearn.metrics.ndcg_score([before], [now]), scikit-learn 1.9.1: the relevances are the attributions before.
        for (before, now, expected) in [
            ([3.0, 2.0, 1.0], [3.0, 2.0, 1.0], 1.0),
            ([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], 0.789_998_004_246_035_8),
            ([0.5, 0.3, 0.2], [0.1, 0.5, 0.4], 0.856_713_550_024_633_8),
        ] {
            let found = ndcg(&before, &now);
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(ndcg(&[0.0, 0.0], &[1.0, 2.0]), 1.0);
    }

    #[test]
    fn a_change_is_judged_by_both_standard_errors() {
        // 2 * scipy.stats.norm.sf(.3 / (.1**2 + .05**2)**.5), SciPy 1.17.1.
        let found = change((0.2, 0.1), (0.5, 0.05));
        assert!((found.difference - 0.3).abs() < 1e-15);
        assert!(
            (found.p_value - 0.007_290_358_091_535_643).abs() < 1e-9,
            "{}",
            found.p_value
        );
        assert_eq!(change((0.2, 0.0), (0.2, 0.0)).p_value, 1.0);
        assert_eq!(change((0.2, 0.0), (0.3, 0.0)).p_value, 0.0);
    }
}
