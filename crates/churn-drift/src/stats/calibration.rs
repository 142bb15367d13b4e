//! The expected calibration error without its bias, and an interval that covers: what is left of
//! the gaps between scores and labels when chance is taken out.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::estimate::Estimate;
use super::intervals::{around, last_that_holds};

/// The rows of one bin of scores.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bin {
    rows: f64,
    scores: f64,
    positives: f64,
}

impl Bin {
    /// Adds the rows of one score.
    pub(super) fn add(&mut self, score: f64, positives: f64, negatives: f64) {
        self.rows += positives + negatives;
        self.scores += score * (positives + negatives);
        self.positives += positives;
    }
}

/// A bin with its gap, as shares of all rows.
struct Gap {
    /// Share of all rows.
    share: f64,
    mean_score: f64,
    /// Mean score less share of positives, times the share of rows; what is observed.
    observed: f64,
    /// Part of the calibration error that the bin is supposed to have, with the sign of its gap.
    direction: f64,
}

/// Mean, variance and third central moment of the observed error, were the true one known.
struct Moments {
    mean: f64,
    variance: f64,
    third: f64,
}

/// Returns the calibration error with its interval; absent without rows.
///
/// # Formula
/// The plain figure `T = sum |gap|` over bins (Naeini, Cooper, Hauskrecht 2015) is too large by
/// what chance alone leaves between scores and labels, most of all for a model without an error.
/// So the errors `t` are searched under which `T` would be neither too large nor too small. Under
/// `t`, the gap of a bin is taken to be `t` times its part of `sum sqrt(gap^2 + s^2)`, `s` its
/// standard error; it is then seen with an error of variance `p (1 - p) / n` (and that of the rows
/// in the bin), `p` being the share of positives that the gap implies, and its absolute value
/// follows the folded normal law (Leone, Nelson, Nottingham 1961). `T` is the sum over bins; its
/// quantiles come from three moments (Wilson, Hilferty 1931).
///
/// The value is the `t` whose median is `T`, 0 where chance alone has a median above it. The
/// interval holds every `t` whose central 95 % hold `T`. Near 0, where an error of 0 bounds the
/// interval, the 5 % outside move to the upper side: from 0 to two standard deviations, the lower
/// side has `2.5 % (t / 2 sd)^2`.
pub(super) fn calibration_error(bins: &[Bin]) -> Option<Estimate> {
    let rows: f64 = bins.iter().map(|bin| bin.rows).sum();
    if rows <= 0.0 {
        return None;
    }
    let law = Normal::standard();
    let gaps: Vec<Gap> = bins
        .iter()
        .filter(|bin| bin.rows > 0.0)
        .map(|bin| gap(bin, rows))
        .collect();
    let observed: f64 = gaps.iter().map(|gap| gap.observed.abs()).sum();
    // The probability of less than what is observed, and the standard deviation, under `t`.
    let below = |t: f64| {
        let moments = moments(&gaps, t, rows, &law);
        let deviation = moments.variance.sqrt();
        let z = (observed - moments.mean) / deviation;
        let skewness = moments.third / (moments.variance * deviation);
        (law.cdf(without_skewness(z, skewness)), deviation)
    };
    let accepted = |t: f64| {
        let (probability, deviation) = below(t);
        let lower = 0.025 * (t / (2.0 * deviation)).powi(2).min(1.0);
        lower <= probability && probability <= 0.95 + lower
    };
    // Beyond eight standard errors above what is observed, nothing is left.
    let noise: f64 = gaps.iter().map(|gap| gap.share / rows).sum();
    let top = (observed + 8.0 * noise.sqrt()).min(1.0);
    let value = if below(0.0).0 <= 0.5 {
        0.0
    } else {
        last_that_holds(0.0, top, |t| below(t).0 > 0.5)
    };
    let low = last_that_holds(value, 0.0, accepted);
    let high = last_that_holds(value, top, accepted);
    Some(around(value, low, high))
}

fn gap(bin: &Bin, rows: f64) -> Gap {
    let observed = (bin.scores - bin.positives) / rows;
    // Smoothed: a bin without positives has an error, too.
    let positives = (bin.positives + 0.5) / (bin.rows + 1.0);
    let error = (bin.rows * positives * (1.0 - positives)).sqrt() / rows;
    Gap {
        share: bin.rows / rows,
        mean_score: bin.scores / bin.rows,
        observed,
        direction: observed.hypot(error).copysign(observed),
    }
}

fn moments(gaps: &[Gap], t: f64, rows: f64, law: &Normal) -> Moments {
    let whole: f64 = gaps.iter().map(|gap| gap.direction.abs()).sum();
    let mut of = Moments {
        mean: 0.0,
        variance: 0.0,
        third: 0.0,
    };
    let (mut sum, mut squares) = (0.0, 0.0);
    for gap in gaps {
        let part = gap.direction / whole * t;
        let size = part.abs();
        // Never quite 0 or 1: a score of exactly 0 with a label of 1 would then be impossible.
        let positives = (gap.mean_score - part / gap.share).clamp(1e-9, 1.0 - 1e-9);
        let inside = size / gap.share;
        let variance = (gap.share * positives * (1.0 - positives)
            + gap.share * (1.0 - gap.share) * inside * inside)
            / rows;
        let error = variance.sqrt();
        let r = size / error;
        let (density, signed) = (law.pdf(r), 2.0 * law.cdf(r) - 1.0);
        let mean = error * (2.0 * density + r * signed);
        let second = size * size + variance;
        let third =
            error.powi(3) * ((r.powi(3) + 3.0 * r) * signed + 2.0 * (r * r + 2.0) * density);
        of.mean += mean;
        of.variance += second - mean * mean;
        of.third += third - 3.0 * mean * second + 2.0 * mean.powi(3);
        sum += size;
        squares += size * size;
    }
    // Rows in one bin are not in another: gaps of two bins go against one another.
    of.variance = (of.variance - (sum * sum - squares) / rows).max(of.variance / 5.0);
    of
}

/// Turns a standardised value of a skewed law into one of the normal law.
fn without_skewness(z: f64, skewness: f64) -> f64 {
    if skewness.abs() < 1e-6 {
        return z;
    }
    let inner = 1.0 + skewness * z / 2.0;
    if inner <= 0.0 {
        return f64::NEG_INFINITY;
    }
    6.0 / skewness * (inner.cbrt() - 1.0) + skewness / 6.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(rows: f64, mean_score: f64, positives: f64) -> Bin {
        Bin {
            rows,
            scores: rows * mean_score,
            positives,
        }
    }

    #[test]
    fn a_large_gap_is_the_plain_figure() {
        // By hand: .5 x (.9 - .6) + .5 x (.2 - .1) = .2, of two million rows.
        let bins = [bin(1e6, 0.9, 6e5), bin(1e6, 0.2, 1e5)];
        let of = calibration_error(&bins).expect("has rows");
        assert!((of.value - 0.2).abs() < 1e-5, "{of:?}");
        // Its standard error: sqrt of the sum of share x (p (1 - p) + (1 - share) gap^2) / rows, and
        // the rows that one bin has, the other lacks.
        let (p, q) = (0.5 * (0.24 + 0.5 * 0.09), 0.5 * (0.09 + 0.5 * 0.01));
        let error = ((p + q - 2.0 * 0.15 * 0.05) / 2e6_f64).sqrt();
        assert!(
            (of.high - of.value - 1.959_964 * error).abs() < 1e-6,
            "{of:?}"
        );
        assert!(
            (of.value - of.low - 1.959_964 * error).abs() < 1e-6,
            "{of:?}"
        );
    }

    #[test]
    fn what_chance_leaves_is_no_error() {
        // A gap of one standard error in each of two bins: sqrt(50 x .25) and sqrt(50 x .09) rows.
        let bins = [bin(50.0, 0.5, 25.0 - 3.5), bin(50.0, 0.1, 5.0 + 2.1)];
        let of = calibration_error(&bins).expect("has rows");
        assert_eq!(of.low, 0.0);
        // The plain figure is (3.5 + 2.1) / 100.
        assert!(of.value < 0.05 && of.high > 0.056, "{of:?}");
        let calibrated = calibration_error(&[bin(50.0, 0.5, 25.0), bin(50.0, 0.1, 5.0)]);
        let calibrated = calibrated.expect("has rows");
        assert_eq!((calibrated.value, calibrated.low), (0.0, 0.0));
        assert!(calibrated.high > 0.0);
    }

    #[test]
    fn impossible_scores_and_no_rows_have_an_answer() {
        assert_eq!(calibration_error(&[Bin::default()]), None);
        // Scores of exactly 0 and 1, all wrong, and all right.
        let wrong = calibration_error(&[bin(10.0, 0.0, 10.0), bin(10.0, 1.0, 0.0)]);
        let wrong = wrong.expect("has rows");
        assert!(wrong.low > 0.7 && wrong.high <= 1.0, "{wrong:?}");
        let right = calibration_error(&[bin(10.0, 0.0, 0.0), bin(10.0, 1.0, 10.0)]);
        let right = right.expect("has rows");
        assert!(right.low == 0.0 && right.high < 0.5, "{right:?}");
    }
}
