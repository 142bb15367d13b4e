//! What rows cost that are classed wrongly.

use serde::{Deserialize, Serialize};

use super::estimate::Estimate;
use super::intervals::Z;

/// What a row costs that is classed wrongly, in any unit of the user's; one that is classed rightly costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Of a row that churned and was classed as stayed.
    pub false_negative: f64,
    /// Of a row that stayed and was classed as churned.
    pub false_positive: f64,
}

impl Costs {
    /// What [`are_valid`](Self::are_valid) asks for.
    pub const RULE: &str = "costs must be numbers from 0 to 1e100, and not both 0";

    /// Returns whether both are numbers of at least 0 whose squares, for as many rows as there may be, are numbers, too,
    /// and not both 0.
    #[must_use]
    pub fn are_valid(self) -> bool {
        let both = [self.false_negative, self.false_positive];
        let is_cost = |cost: &f64| (0.0..=1e100).contains(cost);
        both.iter().all(is_cost) && both.iter().any(|cost| *cost > 0.0)
    }

    /// Returns what a row costs on average, of so many rows with so many mistakes; none without rows. Mistakes may be
    /// expected ones, and then no whole numbers.
    ///
    /// # Formula
    /// With the costs `a` and `b` the mean is `m = (a FN + b FP) / n`, and its standard error that of a mean over rows that cost
    /// `a`, `b` or nothing: `sqrt(((a^2 FN + b^2 FP) / n - m^2) / n)`. The 95 % interval is `m ± 1.96` of these. Costs of 1 give
    /// one less the accuracy.
    #[must_use]
    pub fn of_row(self, false_negatives: f64, false_positives: f64, rows: f64) -> Option<Estimate> {
        let (a, b) = (self.false_negative, self.false_positive);
        let mean_of =
            |missed: f64, alarm: f64| (missed * false_negatives + alarm * false_positives) / rows;
        let value = mean_of(a, b);
        let half = Z * ((mean_of(a * a, b * b) - value * value).max(0.0) / rows).sqrt();
        (rows > 0.0).then_some(Estimate {
            value,
            low: (value - half).max(0.0),
            high: value + half,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_that_of_rows_which_cost_something_or_nothing() {
        // Python 3.13: x = [5] * 10 + [2] * 30 + [0] * 160; sum(x) / 200 is .55, sum(v * v for v in x) / 200 - .55 ** 2 is 1.5475.
        let costs = Costs {
            false_negative: 5.0,
            false_positive: 2.0,
        };
        let cost = costs.of_row(10.0, 30.0, 200.0).expect("rows");
        assert!((cost.value - 0.55).abs() < 1e-12);
        let half = 1.959_963_984_540_054 * (1.5475_f64 / 200.0).sqrt();
        assert!((cost.high - 0.55 - half).abs() < 1e-12, "{cost:?}");
        assert!((0.55 - cost.low - half).abs() < 1e-12, "{cost:?}");
        assert_eq!(costs.of_row(0.0, 0.0, 0.0), None);
        assert_eq!(costs.of_row(0.0, 0.0, 9.0).map(|none| none.high), Some(0.0));
    }

    #[test]
    fn costs_are_finite_and_not_both_nothing() {
        for (false_negative, false_positive, are_valid) in [
            (5.0, 1.0, true),
            (0.0, 1.0, true),
            (0.0, 0.0, false),
            (-1.0, 2.0, false),
            (f64::NAN, 1.0, false),
            (1.0, f64::INFINITY, false),
            (1e308, 1.0, false),
        ] {
            let costs = Costs {
                false_negative,
                false_positive,
            };
            assert_eq!(costs.are_valid(), are_valid, "{costs:?}");
        }
    }
}
