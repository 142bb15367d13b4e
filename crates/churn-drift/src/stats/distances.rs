//! Distances between two sides of counts over the same bins: PSI and its relatives, and how
//! large a PSI chance alone makes. Which bins there are is the caller's affair.

use statrs::distribution::{ChiSquared, ContinuousCDF};
use thiserror::Error;

/// What two sides of counts cannot be compared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CountsError {
    /// The sides count different bins.
    #[error("the baseline has {baseline} bins, the current side {current}")]
    UnequalBins {
        /// Bins of the baseline.
        baseline: usize,
        /// Bins of the current side.
        current: usize,
    },
    /// The baseline has no row in any bin.
    #[error("the baseline has no values to compare")]
    EmptyBaseline,
    /// The current side has no row in any bin.
    #[error("the current side has no values to compare")]
    EmptyCurrent,
}

/// What is added to every count before a logarithm is taken of its share.
const SMOOTHING: f64 = 0.5;

/// Rows by bin on two sides, checked once: equally many bins, and rows on both sides.
///
/// # Formula
/// `b_i` and `c_i` are the counts of baseline and current, `n` the sum of a side, `B` the bins.
/// Plain shares are `count / n`; smoothed shares `(count + 0.5) / (n + 0.5 B)`, so that an empty
/// bin costs what the size of its sample warrants (the prior of Jeffreys). `p` is the baseline's
/// share, `q` the current one.
///
/// # Examples
/// ```
/// use churn_drift::stats::distances::BinCounts;
///
/// let counts = BinCounts::new(&[500, 300, 200], &[250, 300, 450])?;
/// assert!(counts.psi().total > 0.25);
/// assert_eq!(counts.l_infinity(), 0.25);
/// # Ok::<(), churn_drift::stats::distances::CountsError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BinCounts<'a> {
    baseline: &'a [u64],
    current: &'a [u64],
    baseline_rows: f64,
    current_rows: f64,
}

/// A population stability index and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Psi {
    /// The index, 0 or more.
    pub total: f64,
    /// What each bin adds to it, in the order of the bins.
    pub by_bin: Vec<f64>,
}

impl<'a> BinCounts<'a> {
    /// Pairs the counts of two sides over the same bins.
    ///
    /// # Errors
    /// Fails if the sides have unequally many bins or one of them has no rows. Does *not* fail
    /// on a single bin (all distances are then 0) or on bins empty on both sides.
    pub fn new(baseline: &'a [u64], current: &'a [u64]) -> Result<Self, CountsError> {
        if baseline.len() != current.len() {
            return Err(CountsError::UnequalBins {
                baseline: baseline.len(),
                current: current.len(),
            });
        }
        let rows = |counts: &[u64]| counts.iter().map(|count| *count as f64).sum::<f64>();
        let (baseline_rows, current_rows) = (rows(baseline), rows(current));
        if baseline_rows == 0.0 {
            return Err(CountsError::EmptyBaseline);
        }
        if current_rows == 0.0 {
            return Err(CountsError::EmptyCurrent);
        }
        Ok(Self {
            baseline,
            current,
            baseline_rows,
            current_rows,
        })
    }

    /// Returns the population stability index, natural logarithm.
    ///
    /// # Formula
    /// `sum (q - p) ln(q / p)` over smoothed shares. Siddiqi (2006), "Credit Risk Scorecards";
    /// also Jeffreys' divergence.
    #[must_use]
    pub fn psi(&self) -> Psi {
        let by_bin: Vec<f64> = self
            .smoothed()
            .map(|(p, q)| (q - p) * (q / p).ln())
            .collect();
        Psi {
            total: by_bin.iter().sum(),
            by_bin,
        }
    }

    /// Returns the Kullback-Leibler divergence of the current side from the baseline, nats.
    ///
    /// # Formula
    /// `sum q ln(q / p)` over smoothed shares.
    #[must_use]
    pub fn kl_divergence(&self) -> f64 {
        let sum: f64 = self.smoothed().map(|(p, q)| q * (q / p).ln()).sum();
        // Rounding can leave a speck below zero between equal sides.
        sum.max(0.0)
    }

    /// Returns the Jensen-Shannon distance, base 2, 0 to 1.
    ///
    /// # Formula
    /// `sqrt(KL(p, m) / 2 + KL(q, m) / 2)` with `m = (p + q) / 2`, over smoothed shares.
    /// `scipy.spatial.distance.jensenshannon(p, q, base=2)`. Endres, Schindelin (2003).
    #[must_use]
    pub fn jensen_shannon_distance(&self) -> f64 {
        let divergence: f64 = self
            .smoothed()
            .map(|(p, q)| {
                let middle = f64::midpoint(p, q);
                (p * (p / middle).log2() + q * (q / middle).log2()) / 2.0
            })
            .sum();
        divergence.clamp(0.0, 1.0).sqrt()
    }

    /// Returns the Hellinger distance, 0 to 1.
    ///
    /// # Formula
    /// `sqrt(sum (sqrt p - sqrt q)^2 / 2)` over plain shares.
    #[must_use]
    pub fn hellinger_distance(&self) -> f64 {
        let sum: f64 = self
            .plain()
            .map(|(p, q)| (p.sqrt() - q.sqrt()).powi(2))
            .sum();
        (sum / 2.0).clamp(0.0, 1.0).sqrt()
    }

    /// Returns the largest change of a share, 0 to 1.
    ///
    /// # Formula
    /// `max |p - q|` over plain shares.
    #[must_use]
    pub fn l_infinity(&self) -> f64 {
        self.plain().map(|(p, q)| (p - q).abs()).fold(0.0, f64::max)
    }

    /// Returns the total variation distance, 0 to 1.
    ///
    /// # Formula
    /// `sum |p - q| / 2` over plain shares.
    #[must_use]
    pub fn total_variation(&self) -> f64 {
        let sum: f64 = self.plain().map(|(p, q)| (p - q).abs()).sum();
        (sum / 2.0).min(1.0)
    }

    fn plain(&self) -> impl Iterator<Item = (f64, f64)> {
        self.pairs()
            .map(|(b, c)| (b / self.baseline_rows, c / self.current_rows))
    }

    pub(super) fn smoothed(&self) -> impl Iterator<Item = (f64, f64)> {
        let added = SMOOTHING * self.baseline.len() as f64;
        let (baseline, current) = (self.baseline_rows + added, self.current_rows + added);
        self.pairs()
            .map(move |(b, c)| ((b + SMOOTHING) / baseline, (c + SMOOTHING) / current))
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> {
        let both = self.baseline.iter().zip(self.current);
        both.map(|(b, c)| (*b as f64, *c as f64))
    }
}

/// Returns the PSI that chance alone exceeds with probability `level`, for `bins` bins and this
/// many rows with a value on the two sides.
///
/// # Formula
/// `quantile x (1 / n_baseline + 1 / n_current)`, the quantile being that of the chi-square law
/// with `bins - 1` degrees of freedom at `1 - level`: under one law PSI is distributed so,
/// asymptotically (Yurdakul, Naranjo (2020), "Statistical properties of the population stability
/// index", J. Risk Model Validation 14(4)).
///
/// Edge cases: 0 with fewer than two bins, infinite with an empty side (no PSI exceeds it).
///
/// # Examples
/// ```
/// use churn_drift::stats::distances::noise_limit;
///
/// // Twenty rows of ten bins: a PSI below 0.85 says nothing.
/// assert!(noise_limit(10, 1_000_000, 20, 0.05) > 0.84);
/// ```
#[must_use]
pub fn noise_limit(bins: usize, n_baseline: u64, n_current: u64, level: f64) -> f64 {
    if n_baseline == 0 || n_current == 0 {
        return f64::INFINITY;
    }
    let degrees = bins.saturating_sub(1) as f64;
    // The law exists from the first degree of freedom on.
    ChiSquared::new(degrees).map_or(0.0, |law| {
        law.inverse_cdf(1.0 - level) * (1.0 / n_baseline as f64 + 1.0 / n_current as f64)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_close(value: f64, expected: f64) {
        let error = (value - expected).abs();
        assert!(error < 1e-12 * expected.max(1.0), "{value} != {expected}");
    }

    #[test]
    fn gives_the_distances_of_numpy_and_scipy() {
        // numpy 2.4.6, scipy 1.17.1; s(c) = (c + .5) / (c.sum() + .5 * len(c)), p = s(b), q = s(c):
        // (q - p) * np.log(q / p) and its sum, entropy(q, p), jensenshannon(p, q, 2);
        // plain shares: np.sqrt(((P ** .5 - Q ** .5) ** 2).sum() / 2), abs(P - Q) max and sum / 2
        let counts = BinCounts::new(&[120, 80, 0, 300], &[60, 100, 15, 125]).expect("is valid");
        let psi = counts.psi();
        assert_close(psi.total, 0.39826990972374354);
        let by_bin = [
            0.007180657365068649,
            0.12588140873943354,
            0.19840296523112388,
            0.06680487838811741,
        ];
        for (value, expected) in psi.by_bin.iter().zip(by_bin) {
            assert_close(*value, expected);
        }
        assert_close(counts.kl_divergence(), 0.25739031873343854);
        assert_close(counts.jensen_shannon_distance(), 0.2410116654979895);
        assert_close(counts.hellinger_distance(), 0.2235416500835655);
        assert_close(counts.l_infinity(), 0.1833333333333333);
        assert_close(counts.total_variation(), 0.2233333333333333);
    }

    #[test]
    fn an_empty_bin_costs_what_its_sample_warrants() {
        let few = BinCounts::new(&[10, 10], &[20, 0]).expect("is valid").psi();
        let many = BinCounts::new(&[1_000_000, 1_000_000], &[2_000_000, 0]).expect("is valid");
        assert!(few.total < 3.0 && many.psi().total > 7.0);
    }

    #[test]
    fn one_bin_is_no_distance() {
        let counts = BinCounts::new(&[5], &[9]).expect("is valid");
        assert_eq!(counts.psi().total, 0.0);
        assert_eq!(counts.kl_divergence(), 0.0);
        assert_eq!(counts.jensen_shannon_distance(), 0.0);
        assert_eq!(counts.hellinger_distance(), 0.0);
    }

    #[test]
    fn sides_that_share_no_bin_are_as_far_as_can_be() {
        let counts = BinCounts::new(&[70, 0], &[0, 30]).expect("is valid");
        assert_eq!(counts.hellinger_distance(), 1.0);
        assert_eq!(counts.total_variation(), 1.0);
        assert_eq!(counts.l_infinity(), 1.0);
    }

    #[test]
    fn refuses_empty_and_unequal_sides() {
        let error = |baseline, current| BinCounts::new(baseline, current).err();
        assert_eq!(error(&[], &[]), Some(CountsError::EmptyBaseline));
        assert_eq!(error(&[0, 0], &[1, 2]), Some(CountsError::EmptyBaseline));
        assert_eq!(error(&[1, 2], &[0, 0]), Some(CountsError::EmptyCurrent));
        assert_eq!(
            error(&[1, 2], &[1]),
            Some(CountsError::UnequalBins {
                baseline: 2,
                current: 1
            })
        );
    }

    #[test]
    fn the_noise_limit_is_a_chi_square_quantile() {
        // scipy 1.17.1: chi2.ppf(1 - .05 / tests, bins - 1) * (1 / n_baseline + 1 / n_current)
        let table = [
            (10, 1_000_000, 20, 1.0, 0.845965799208627),
            (10, 2_000, 2_000, 20.0, 0.02546247869785441),
            (2, 16_667, 16_667, 7.0, 0.000868385344466419),
            (1_001, 1_000_000, 1_000_000, 100.0, 0.0023074757001296698),
            (3, 50, 50, 1.0, 0.23965858188431916),
        ];
        for (bins, n_baseline, n_current, tests, expected) in table {
            let limit = noise_limit(bins, n_baseline, n_current, 0.05 / tests);
            assert!(
                (limit / expected - 1.0).abs() < 1e-9,
                "{limit} != {expected}"
            );
        }
    }

    #[test]
    fn the_noise_limit_has_edges() {
        assert_eq!(noise_limit(1, 10, 10, 0.05), 0.0);
        assert_eq!(noise_limit(0, 10, 10, 0.05), 0.0);
        assert_eq!(noise_limit(10, 0, 10, 0.05), f64::INFINITY);
    }

    fn two_sides() -> impl Strategy<Value = (Vec<u64>, Vec<u64>)> {
        let count = || prop_oneof![Just(0_u64), 0..50_u64, 0..10_000_000_u64];
        proptest::collection::vec((count(), count()), 1..40)
            .prop_map(|pairs| pairs.into_iter().unzip())
            .prop_filter("both sides have rows", |(b, c): &(Vec<u64>, Vec<u64>)| {
                b.iter().any(|x| *x > 0) && c.iter().any(|x| *x > 0)
            })
    }

    proptest! {
        #[test]
        fn distances_keep_their_ranges((baseline, current) in two_sides()) {
            let counts = BinCounts::new(&baseline, &current).expect("is valid");
            let psi = counts.psi();
            prop_assert!(psi.total >= 0.0 && psi.total.is_finite());
            prop_assert!(psi.by_bin.iter().all(|part| *part >= 0.0));
            prop_assert!(counts.kl_divergence() >= 0.0 && counts.kl_divergence().is_finite());
            for share in [
                counts.jensen_shannon_distance(),
                counts.hellinger_distance(),
                counts.l_infinity(),
                counts.total_variation(),
            ] {
                prop_assert!((0.0..=1.0).contains(&share));
            }
            prop_assert!(counts.l_infinity() <= counts.total_variation() + 1e-12);
        }

        #[test]
        fn psi_and_the_metrics_do_not_care_which_side_is_which((b, c) in two_sides()) {
            let there = BinCounts::new(&b, &c).expect("is valid");
            let back = BinCounts::new(&c, &b).expect("is valid");
            let tolerance = 1e-12 * there.psi().total.max(1.0);
            prop_assert!((there.psi().total - back.psi().total).abs() <= tolerance);
            let (js, mirrored) = (there.jensen_shannon_distance(), back.jensen_shannon_distance());
            prop_assert!((js - mirrored).abs() < 1e-7);
            prop_assert_eq!(there.total_variation(), back.total_variation());
        }

        #[test]
        fn a_side_is_no_distance_from_itself((b, _) in two_sides()) {
            let counts = BinCounts::new(&b, &b).expect("is valid");
            prop_assert_eq!(counts.psi().total, 0.0);
            prop_assert_eq!(counts.jensen_shannon_distance(), 0.0);
            prop_assert_eq!(counts.total_variation(), 0.0);
        }
    }
}
