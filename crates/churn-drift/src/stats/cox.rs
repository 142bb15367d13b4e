//! Whether scores mean what they say: calibration in the large and calibration slope, with intervals. What a change of
//! them means is the check's affair.

use super::estimate::Estimate;
use super::scored::ScoredCell;

/// Scores closer to 0 or 1 than this count as this: their log-odds would outweigh all others.
const CLIP: f64 = 1e-6;
/// Half the width of a 95 % interval in standard errors.
const HALF_WIDTH: f64 = 1.959_963_984_540_054;
/// Most steps of Newton's method; it takes five or six.
const MOST_STEPS: usize = 50;
/// A step this small is the last.
const LAST_STEP: f64 = 1e-10;

/// How labels follow scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cox {
    /// Log-odds that all scores are too low by: 0 if as many churn as the scores say.
    pub(crate) in_the_large: Estimate,
    /// How fast the log-odds of churn rise with those of the score: 1 if as fast, less if scores are too extreme.
    pub(crate) slope: Estimate,
    /// Log-odds of churn where those of the score are 0.
    intercept: f64,
}

/// Returns intercept and slope of the log-odds of churn over those of the score: with them as the law of the labels the
/// mean log loss of the scores is, to the last digit, the one that they have. None as for a calibration slope, of which
/// this is a part.
#[must_use]
pub fn recalibration(cells: &[ScoredCell]) -> Option<(f64, f64)> {
    let fitted = cox(cells)?;
    Some((fitted.intercept, fitted.slope.value))
}

/// Returns the log-odds of a score as the fit has them.
#[must_use]
pub fn log_odds(score: f64) -> f64 {
    let score = score.clamp(CLIP, 1.0 - CLIP);
    (score / (1.0 - score)).ln()
}

/// Fits both. None if there is nothing to fit: one class only, a single score, or scores that tell the classes apart
/// without an error.
///
/// # Formula
/// Logistic recalibration (Cox 1958; Van Calster et al. 2019, "Calibration: the Achilles heel of predictive
/// analytics"), by maximum likelihood: `logit P(churn) = a + b logit(score)`. The slope is `b`; calibration in the large is
/// `a` with `b` held at 1. Intervals are Wald's, from the inverse of the information.
#[must_use]
pub(crate) fn cox(cells: &[ScoredCell]) -> Option<Cox> {
    let rows: Vec<Row> = cells.iter().map(Row::of).collect();
    let positives: f64 = rows.iter().map(|row| row.positives).sum();
    let all: f64 = rows.iter().map(|row| row.rows).sum();
    if positives <= 0.0 || positives >= all {
        return None;
    }
    let mut shift = 0.0;
    let shift_information = newton(|| {
        let sums = Sums::of(&rows, shift, 1.0);
        let step = sums.gradient.0 / sums.information.0;
        // From scores that are all far off a whole step leads ever farther away.
        shift += step.clamp(-1.0, 1.0);
        (step.abs(), sums.information.0)
    })?;
    let (mut intercept, mut slope) = (shift, 1.0);
    let slope_information = newton(|| {
        let Sums {
            gradient: (of_a, of_b),
            information: (aa, ab, bb),
        } = Sums::of(&rows, intercept, slope);
        let determinant = aa * bb - ab * ab;
        let step_a = (bb * of_a - ab * of_b) / determinant;
        let step_b = (aa * of_b - ab * of_a) / determinant;
        // A long step of a likelihood that is flat far out may lead away from its top.
        let shorter = 1.0 / step_a.abs().max(step_b.abs()).max(1.0);
        intercept += step_a * shorter;
        slope += step_b * shorter;
        (step_a.abs().max(step_b.abs()), determinant / aa)
    })?;
    Some(Cox {
        in_the_large: estimate(shift, shift_information),
        slope: estimate(slope, slope_information),
        intercept,
    })
}

/// Takes steps until they are small; returns the information at the end, none if there is no end.
fn newton(mut step: impl FnMut() -> (f64, f64)) -> Option<f64> {
    for _ in 0..MOST_STEPS {
        let (size, information) = step();
        if !size.is_finite() || !information.is_finite() || information <= 1e-9 {
            return None;
        }
        if size < LAST_STEP {
            return Some(information);
        }
    }
    None
}

fn estimate(value: f64, information: f64) -> Estimate {
    let half = HALF_WIDTH / information.sqrt();
    Estimate {
        value,
        low: value - half,
        high: value + half,
    }
}

/// The rows of a score.
struct Row {
    log_odds: f64,
    positives: f64,
    rows: f64,
}

impl Row {
    fn of(cell: &ScoredCell) -> Self {
        Self {
            log_odds: log_odds(cell.score),
            positives: cell.positives as f64,
            rows: (cell.positives + cell.negatives) as f64,
        }
    }
}

/// Gradient and information of the log likelihood.
struct Sums {
    gradient: (f64, f64),
    information: (f64, f64, f64),
}

impl Sums {
    fn of(rows: &[Row], intercept: f64, slope: f64) -> Self {
        let mut sums = Self {
            gradient: (0.0, 0.0),
            information: (0.0, 0.0, 0.0),
        };
        for row in rows {
            let x = row.log_odds;
            let probability = 1.0 / (1.0 + (-(intercept + slope * x)).exp());
            let rest = row.positives - row.rows * probability;
            let weight = row.rows * probability * (1.0 - probability);
            sums.gradient.0 += rest;
            sums.gradient.1 += rest * x;
            sums.information.0 += weight;
            sums.information.1 += weight * x;
            sums.information.2 += weight * x * x;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::bootstrap::SplitMix64;

    fn cells(rows: &[(f64, u64)]) -> Vec<ScoredCell> {
        let cell = |&(score, label): &(f64, u64)| ScoredCell {
            score,
            positives: label,
            negatives: 1 - label,
        };
        rows.iter().map(cell).collect()
    }

    #[test]
    fn scores_that_are_all_far_too_high_are_fitted_too() {
        // Two scores, so that the line goes through both shares of churn: logit .2 and logit .15 over logit .9 and logit .85.
        let logit = |share: f64| (share / (1.0 - share)).ln();
        let rows = [(0.9, 20), (0.85, 15)].map(|(score, positives)| ScoredCell {
            score,
            positives,
            negatives: 100 - positives,
        });
        let slope = (logit(0.2) - logit(0.15)) / (logit(0.9) - logit(0.85));
        let (found, found_slope) = recalibration(&rows).expect("both classes");
        assert!((found_slope - slope).abs() < 1e-9, "{found_slope} {slope}");
        assert!(
            (found - (logit(0.2) - slope * logit(0.9))).abs() < 1e-9,
            "{found}"
        );
        // scipy 1.17.1, brentq of sum(positives - 100 expit(z + a)) over a in (-10, 0)
        let shift = cox(&rows).expect("both classes").in_the_large.value;
        assert!((shift + 3.533_878_158_570_757).abs() < 1e-9, "{shift}");
    }

    fn close(found: Estimate, value: f64, low: f64, high: f64) {
        for (found, expected) in [(found.value, value), (found.low, low), (found.high, high)] {
            assert!((found - expected).abs() < 1e-8, "{found} {expected}");
        }
    }

    #[test]
    fn figures_are_those_of_statsmodels() {
        let rows = [
            (0.05, 0),
            (0.1, 0),
            (0.1, 1),
            (0.2, 0),
            (0.2, 0),
            (0.3, 1),
            (0.35, 0),
            (0.4, 0),
            (0.5, 1),
            (0.5, 0),
            (0.6, 1),
            (0.7, 0),
            (0.75, 1),
            (0.8, 1),
            (0.9, 1),
            (0.95, 0),
        ];
        let found = cox(&cells(&rows)).expect("can be fitted");
        // statsmodels 0.15.0, GLM(y, add_constant(logit(s)), Binomial()): coefficient of logit(s) and its conf_int().
        close(
            found.slope,
            0.361_343_684_843_414_45,
            -0.314_615_483_705_411_54,
            1.037_302_853_392_240_4,
        );
        // GLM(y, ones, Binomial(), offset=logit(s)).
        close(
            found.in_the_large,
            -0.151_087_144_629_165_84,
            -1.358_914_182_680_560_4,
            1.056_739_893_422_228_5,
        );
    }

    #[test]
    fn what_cannot_be_fitted_has_no_figures() {
        let apart = [(0.1, 0), (0.2, 0), (0.8, 1), (0.9, 1)];
        let single = [(0.3, 0), (0.3, 1), (0.3, 0)];
        let one_class = [(0.3, 0), (0.6, 0)];
        for rows in [&apart[..], &single, &one_class, &[]] {
            assert_eq!(cox(&cells(rows)), None, "{rows:?}");
        }
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        // logit P(churn) = .3 + .7 logit(score): the slope is .7. 400 draws of 500 rows; 95 % give 380, and a binomial
        // count of them lies between 364 and 393 in 999 of 1,000.
        let mut random = SplitMix64::new(3);
        let mut held = 0;
        for _ in 0..400 {
            let rows: Vec<(f64, u64)> = (0..500)
                .map(|_| {
                    let score = 0.02 + 0.96 * random.next_unit();
                    let log_odds = 0.3 + 0.7 * (score / (1.0 - score)).ln();
                    let churns = random.next_unit() < 1.0 / (1.0 + (-log_odds).exp());
                    (score, u64::from(churns))
                })
                .collect();
            let slope = cox(&cells(&rows)).expect("can be fitted").slope;
            held += u32::from(slope.low <= 0.7 && 0.7 <= slope.high);
        }
        assert!((364..=393).contains(&held), "{held}");
    }
}
