//! What chance makes of two sides of one law, given the values that they hold together: the rows
//! are exchangeable then, and every way to deal them to the sides is as likely as any other. That
//! holds for every law, with ties and heavy tails, and for few rows.

use std::collections::BTreeMap;

use statrs::function::gamma::{checked_gamma_ur, ln_gamma};

/// Rows up to which the variance of the chi-square statistic is computed exactly; beyond, the
/// sums cancel and the asymptotic variance is right to a few millionths.
const EXACT_ROWS: u64 = 1_000_000;

/// Returns the two-sided p-value of Fisher's exact test that a property is as frequent on both
/// sides: `baseline` of `n` and `current` of `m` rows have it. Twice the smaller tail, at most 1.
///
/// # Formula
/// Given `s = baseline + current` rows with the property among `n + m`, the number on the current
/// side is hypergeometric (Fisher 1922; Yates 1984 for the doubling of the smaller tail).
///
/// # Examples
/// ```
/// use churn_drift::stats::permutation::share_p_value;
///
/// // scipy: 2 * fisher_exact([[8, 2], [1, 5]], "greater")[1]
/// assert!((share_p_value(8, 10, 1, 6) - 2.0 * 0.024_475_524_475_524_48).abs() < 1e-12);
/// ```
#[must_use]
pub fn share_p_value(baseline: u64, n: u64, current: u64, m: u64) -> f64 {
    let (baseline, current) = (baseline.min(n), current.min(m));
    let with = baseline + current;
    let all = n + m;
    if with == 0 || with == all || n == 0 || m == 0 {
        return 1.0;
    }
    // The tail away from the expectation: of the current side upwards, or of the baseline.
    let expected = with as f64 * (m as f64 / all as f64);
    let tail = if current as f64 >= expected {
        upper_tail(current, with, m, n)
    } else {
        upper_tail(baseline, with, n, m)
    };
    (2.0 * tail).min(1.0)
}

/// `P(X >= x)` of `with` marked rows among `drawn + rest`, `drawn` of which are drawn.
fn upper_tail(x: u64, with: u64, drawn: u64, rest: u64) -> f64 {
    let most = with.min(drawn);
    let all = drawn + rest;
    let first = ln_choose(drawn, x) + ln_choose(rest, with - x) - ln_choose(all, with);
    let (mut term, mut sum) = (1.0_f64, 1.0_f64);
    // The terms fall from the expectation on, faster and faster.
    for at in x..most {
        let (a, w, d, r) = (at as f64, with as f64, drawn as f64, rest as f64);
        term *= (w - a) / (a + 1.0) * ((d - a) / (r - w + a + 1.0));
        sum += term;
        if term < 1e-17 * sum {
            break;
        }
    }
    (first + sum.ln()).exp().min(1.0)
}

fn ln_choose(n: u64, k: u64) -> f64 {
    let (n, k) = (n as f64, k as f64);
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
}

/// Returns the probability that `k` given rows are all on the current side, of `m` rows beside the
/// `n` of the baseline: the largest `k`, or the `k` that follow a given one.
///
/// # Formula
/// `m (m - 1) ... (m - k + 1) / ((n + m) ... (n + m - k + 1))`; with ties it is a bound, since rows
/// of equal value may stand in any order.
#[must_use]
pub fn all_on_current_side(k: u64, n: u64, m: u64) -> f64 {
    if k > m {
        return 0.0;
    }
    (ln_choose(n + m - k, n) - ln_choose(n + m, n))
        .exp()
        .min(1.0)
}

/// Returns the p-value of Pearson's chi-square statistic of two sides by `k` bins, the margins
/// given.
///
/// # Formula
/// Under permutation the statistic has mean `N (k - 1) / (N - 1)` and a variance that follows from
/// the factorial moments of the multivariate hypergeometric law (Haldane 1940, "The mean and
/// variance of chi-square, when used as a test of homogeneity, when expectations are small",
/// Biometrika 31; Dawson 1954). The p-value is that of the gamma law with these two moments. It is
/// meant for bins with five expected rows and more, see [`expected_rows`].
///
/// Returns 1 with fewer than two bins or an empty side.
#[must_use]
pub fn chi_square_p_value(baseline: &[u64], current: &[u64]) -> f64 {
    let pairs = || baseline.iter().zip(current).filter(|(b, c)| **b + **c > 0);
    let (n, m) = pairs().fold((0, 0), |(n, m), (b, c)| (n + b, m + c));
    let bins = pairs().count();
    if bins < 2 || n == 0 || m == 0 {
        return 1.0;
    }
    let (rows_n, rows_m) = (n as f64, m as f64);
    let all = rows_n + rows_m;
    let statistic: f64 = pairs()
        .map(|(b, c)| {
            let (b, c) = (*b as f64, *c as f64);
            let expected = (b + c) * (rows_m / all);
            // Both sides of a bin are off by the same number of rows.
            (c - expected).powi(2) / (b + c) * (all / rows_m) * (all / rows_n)
        })
        .sum();
    let k = bins as f64;
    let mean = all * (k - 1.0) / (all - 1.0);
    let variance = if n + m <= EXACT_ROWS {
        let sizes: Vec<f64> = pairs().map(|(b, c)| (b + c) as f64).collect();
        permuted_variance(&sizes, rows_m, all)
    } else {
        2.0 * (k - 1.0)
    };
    if variance <= 0.0 {
        // Only one value is possible.
        return 1.0;
    }
    gamma_tail(mean, variance, statistic)
}

/// The variance of Pearson's statistic under permutation of the rows.
fn permuted_variance(sizes: &[f64], m: f64, all: f64) -> f64 {
    let falling = |x: f64, r: u32| (0..r).map(|i| x - f64::from(i)).product::<f64>();
    let rate = |r: u32| {
        (0..r)
            .map(|i| (m - f64::from(i)).max(0.0) / (all - f64::from(i)).max(1.0))
            .product::<f64>()
    };
    let k = sizes.len() as f64;
    let mean = (all - k) * rate(2) + k * rate(1);
    let own: f64 = sizes
        .iter()
        .map(|&size| {
            (falling(size, 4) * rate(4)
                + 6.0 * falling(size, 3) * rate(3)
                + 7.0 * falling(size, 2) * rate(2)
                + size * rate(1))
                / (size * size)
        })
        .sum();
    let squares: f64 = sizes.iter().map(|size| (size - 1.0).powi(2)).sum();
    let pairs = ((all - k).powi(2) - squares) * rate(4)
        + 2.0 * (k - 1.0) * (all - k) * rate(3)
        + k * (k - 1.0) * rate(2);
    let scale = all / m * (all / (all - m));
    scale * scale * (own + pairs - mean * mean)
}

/// Returns how many rows of both sides together a bin must hold for [`chi_square_p_value`].
///
/// Five expected rows on the smaller side where the sides are of a size (Cochran 1954), up to ten
/// where they are not: the law of a few among many is the more skewed.
#[must_use]
pub fn expected_rows(n: u64, m: u64) -> u64 {
    let all = (n + m).max(1) as f64;
    let smaller = (n.min(m) as f64 / all).max(1.0 / all);
    (5.0 * (2.0 - 2.0 * smaller) / smaller).ceil() as u64
}

/// Returns how likely chance makes `current` or more rows fall into categories that the baseline
/// lacks; `sizes` are the rows that each category of either side has on both together.
///
/// # Formula
/// A category of `s` rows is all on the current side with probability
/// `h(s)`, see [`all_on_current_side`]; so the rows in unseen categories have mean `sum s h(s)` and
/// at most the variance `sum s^2 h(s) (1 - h(s))`. The p-value is the tail of the gamma law with
/// these moments.
#[must_use]
pub fn unseen_p_value(sizes: impl Iterator<Item = u64>, current: u64, n: u64, m: u64) -> f64 {
    let mut known = BTreeMap::<u64, u64>::new();
    for size in sizes {
        *known.entry(size).or_default() += 1;
    }
    let (mut mean, mut variance) = (0.0, 0.0);
    for (size, categories) in known {
        let alone = all_on_current_side(size, n, m);
        let (rows, categories) = (size as f64, categories as f64);
        mean += categories * rows * alone;
        variance += categories * rows * rows * alone * (1.0 - alone);
    }
    if current == 0 {
        return 1.0;
    }
    if mean <= 0.0 || variance <= 0.0 {
        return 0.0;
    }
    // A count of at least `current`: half a row is the usual correction.
    let at = (current as f64 - 0.5).max(0.0);
    gamma_tail(mean, variance, at)
}

/// The upper tail of the gamma law with this mean and variance.
fn gamma_tail(mean: f64, variance: f64, at: f64) -> f64 {
    let (shape, scaled) = (mean * mean / variance, at * mean / variance);
    if scaled > 0.0 {
        // Moments too small for a double, or a count too large: nothing like it happens by chance.
        checked_gamma_ur(shape, scaled).unwrap_or(0.0)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_close(value: f64, expected: f64) {
        // The logarithms of factorials of a million are of size 1e7, and right to 1e-9.
        let error = (value - expected).abs();
        assert!(error <= 1e-8 * expected, "{value} != {expected}");
    }

    #[test]
    fn the_test_of_a_share_is_twice_fishers_tail() {
        // scipy 1.17.1: 2 * hypergeom.sf(c - 1, n + m, b + c, m), or
        // 2 * hypergeom.cdf(c, n + m, b + c, m) where c is below its expectation
        let table = [
            (0, 20_000, 13, 20_000, 2.436_648_661_146_556e-4),
            (100, 1_000, 150, 1_000, 8.950_875_386_906_894e-4),
            (150, 1_000, 100, 1_000, 8.950_875_386_906_894e-4),
            (5, 30, 14, 30, 0.025_058_424_139_103_544),
            (1_000, 1_000_000, 3, 200, 0.002_279_844_807_791_972),
        ];
        for (b, n, c, m, expected) in table {
            assert_close(share_p_value(b, n, c, m), expected);
        }
        assert_eq!(share_p_value(0, 10, 0, 10), 1.0);
        assert_eq!(share_p_value(10, 10, 10, 10), 1.0);
        assert_eq!(share_p_value(5, 10, 5, 10), 1.0);
    }

    #[test]
    fn the_largest_rows_are_all_on_one_side_by_a_known_chance() {
        // By hand: 2 of 5 rows are current; both largest are with 2/5 * 1/4.
        assert_close(all_on_current_side(2, 3, 2), 0.1);
        assert_eq!(all_on_current_side(3, 3, 2), 0.0);
        assert_close(all_on_current_side(0, 3, 2), 1.0);
    }

    #[test]
    fn the_chi_square_has_the_moments_of_a_permutation() {
        // Python's itertools.combinations: the variance of 6 * 6 / 9 * (sum a^2 / s - 9 / 6) over
        // all 20 ways to deal 6 rows of bins (3, 2, 1) to sides of 3 rows. The second in numpy
        // 2.4.6: 17.804 in a million draws of multivariate_hypergeometric([300] * 10, 100).
        assert_close(permuted_variance(&[3.0, 2.0, 1.0], 3.0, 6.0), 2.24);
        assert_close(
            permuted_variance(&[300.0; 10], 100.0, 3_000.0),
            17.795_965_972_375_416,
        );
    }

    #[test]
    fn the_p_value_of_many_rows_is_that_of_the_chi_square_law() {
        // scipy 1.17.1: chi2_contingency([b, c], correction=False)[1]
        let p = chi_square_p_value(&[5_000, 3_000, 2_000], &[5_150, 3_000, 1_850]);
        assert!((p / 0.017_766_292_329_858_65 - 1.0).abs() < 0.01, "{p}");
        assert_eq!(chi_square_p_value(&[5], &[7]), 1.0);
        assert_eq!(chi_square_p_value(&[5, 5], &[0, 0]), 1.0);
    }

    #[test]
    fn small_bins_are_pooled_from_five_expected_rows_on() {
        assert_eq!(expected_rows(1_000, 1_000), 10);
        // 100 of 100,000 rows: nearly ten expected on the smaller side.
        assert_eq!(expected_rows(99_900, 100), 9_990);
        assert_eq!(expected_rows(30, 30), 10);
    }

    #[test]
    fn unseen_rows_are_as_many_as_the_singletons_say() {
        // 1,000 categories of one row: half of them are expected on either side.
        let singletons = || std::iter::repeat_n(1_u64, 1_000);
        assert!(unseen_p_value(singletons(), 500, 10_000, 10_000) > 0.4);
        assert!(unseen_p_value(singletons(), 600, 10_000, 10_000) < 1e-8);
        // A new plan of a tenth of the rows among two known ones.
        assert!(unseen_p_value([9_000, 9_000, 1_000].into_iter(), 1_000, 10_000, 9_000) < 1e-12);
    }

    proptest! {
        #[test]
        fn a_p_value_is_a_probability(
            b in 0..2_000_u64, n in 1..2_000_u64, c in 0..2_000_u64, m in 1..2_000_u64
        ) {
            let p = share_p_value(b.min(n), n, c.min(m), m);
            prop_assert!((0.0..=1.0).contains(&p));
            let mirrored = share_p_value(c.min(m), m, b.min(n), n);
            prop_assert!((p - mirrored).abs() <= 1e-9);
            let rest = share_p_value(n - b.min(n), n, m - c.min(m), m);
            prop_assert!((p - rest).abs() <= 1e-9);
        }
    }
}
