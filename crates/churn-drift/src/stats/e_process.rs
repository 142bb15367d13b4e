//! Evidence that is added up over time with a bound on false alarms: e-values, and the detector made of
//! them. What the p-values are of is the caller's affair.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Largest e-value: beyond it nothing is decided, and sums stay finite.
const MOST: f64 = 1e15;

/// Turns a p-value into an e-value, whose mean is at most 1 where the p-value is valid.
///
/// # Formula
/// `(1 - p + p ln p) / (p (ln p)^2)`, the mixture of `k p^(k - 1)` over all `k` from 0 to 1 (Shafer 2021,
/// *JRSS A* 184; Vovk, Wang 2021, *Ann. Statist.* 49(3)). It is 1/2 at `p = 1`; `p = 0` is taken
/// for the largest e-value.
#[must_use]
pub(crate) fn e_value(p_value: f64) -> f64 {
    let p = p_value.clamp(0.0, 1.0);
    // Near 1 both sides of the fraction vanish: 1/2 + (1 - p) / 6 + ...
    if p > 0.999 {
        return 0.5 + (1.0 - p) / 6.0;
    }
    if p <= 0.0 {
        return MOST;
    }
    let ln = p.ln();
    ((1.0 - p + p * ln) / (p * ln * ln)).min(MOST)
}

/// Adds evidence up over time, forgetting none that still may be of a change to come.
///
/// # Formula
/// `M_t = e_t (1 + M_(t-1))`, `M_0 = 0`: the sum of the evidence of every time from which the change may
/// have begun (the e-detector of Shin, Ramdas, Rinaldo 2023, *NEJSDS* 2(2), after Shiryaev 1963 and
/// Roberts 1966). Where each `e_t` has a mean of at most 1 given the past, `M_t - t` has none to rise, so
/// that whoever stops at `M_t >= c` does so after `c` steps in the mean, or later. A mean of several
/// detectors with weights fixed beforehand is one, too, however they depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Detector(f64);

impl Detector {
    /// Takes the e-value of one more step; returns the evidence so far.
    pub(crate) fn step(&mut self, e_value: f64) -> f64 {
        self.0 = (e_value * (1.0 + self.0)).min(MOST);
        self.0
    }

    /// Returns the evidence so far.
    #[must_use]
    pub(crate) const fn evidence(self) -> f64 {
        self.0
    }
}

/// Returns the upper tail of the noncentral chi-square law.
///
/// # Formula
/// Pearson's three moments (1959, *Biometrika* 46): with `k` degrees of freedom and noncentrality `l`,
/// `(x + l^2 / (k + 3 l)) (k + 2 l) / (k + 3 l)` has about the chi-square law with `(k + 2 l)^3 / (k + 3 l)^2`
/// degrees of freedom. `scipy.stats.ncx2.sf(x, k, l)`; with few degrees of freedom up to 2.4 times as much at tails of
/// 1e-8, and up to 3 % less at .1. Too much is less evidence, which is the safe side.
#[must_use]
pub(crate) fn noncentral_chi_square_sf(x: f64, degrees_of_freedom: f64, noncentrality: f64) -> f64 {
    let (k, l) = (degrees_of_freedom, noncentrality.max(0.0));
    if k <= 0.0 {
        return 1.0;
    }
    let (two, three) = (k + 2.0 * l, k + 3.0 * l);
    let degrees = two * (two / three).powi(2);
    let shifted = (x + l * (l / three)) * (two / three);
    ChiSquared::new(degrees).map_or(1.0, |law| law.sf(shifted.max(0.0)))
}

/// Returns the upper quantile of the chi-square law: what is reached with probability `tail`.
#[must_use]
pub(crate) fn chi_square_upper(tail: f64, degrees_of_freedom: f64) -> f64 {
    ChiSquared::new(degrees_of_freedom).map_or(0.0, |law| law.inverse_cdf(1.0 - tail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::bootstrap::SplitMix64;

    #[test]
    fn an_e_value_has_a_mean_of_one_under_chance() {
        // The integral over 0 to 1 by the midpoint rule on the scale of ln p, where most of it lies.
        let steps = 2_000_000;
        let width = 600.0 / f64::from(steps);
        let mean: f64 = (0..steps)
            .map(|at| {
                let ln = -(f64::from(at) + 0.5) * width;
                let p = ln.exp();
                e_value(p).min(1e300) * p * width
            })
            .sum();
        // Beyond e^-35 it is cut off, which leaves out 1 / 35.
        assert!((0.95..=1.0).contains(&mean), "{mean}");
        assert!((e_value(1.0) - 0.5).abs() < 1e-12);
        assert!((e_value(0.999) - e_value(0.999_001)).abs() < 1e-5);
        assert_eq!(e_value(0.0), MOST);
    }

    #[test]
    fn the_tail_is_that_of_scipy() {
        // scipy 1.17.1: ncx2.sf(x, k, l)
        for (x, k, l, expected) in SCIPY {
            let found = noncentral_chi_square_sf(x, k, l);
            let ratio = found / expected;
            assert!(
                (0.95..2.5).contains(&ratio),
                "{x} {k} {l}: {found} {expected}"
            );
        }
        assert_eq!(noncentral_chi_square_sf(5.0, 0.0, 3.0), 1.0);
    }

    const SCIPY: [(f64, f64, f64, f64); 14] = [
        (7.3, 1.0, 2.0, 9.8955e-02),
        (20.3, 1.0, 2.0, 9.9628e-04),
        (103.3, 1.0, 50.0, 9.9208e-04),
        (139.8, 1.0, 50.0, 1.0039e-06),
        (43.2, 4.0, 10.0, 1.0117e-03),
        (81.8, 4.0, 10.0, 9.9329e-09),
        (18.1, 9.0, 10.0, 4.9995e-01),
        (50.1, 9.0, 10.0, 9.9186e-04),
        (89.7, 9.0, 10.0, 9.8863e-09),
        (135.8, 9.0, 100.0, 9.9796e-02),
        (227.3, 9.0, 100.0, 1.0032e-06),
        (2456.2, 9.0, 2000.0, 9.9828e-07),
        (2541.9, 9.0, 2000.0, 1.0017e-08),
        (291.8, 40.0, 100.0, 1.0064e-08),
    ];

    #[test]
    fn p_values_of_pure_chance_alarm_less_often_than_once_in_the_limit() {
        // The worst case: every p-value uniform, none of them held back by a size. 2,000 years.
        let (mut random, limit, days) = (SplitMix64::new(20), 365.0, 365 * 2_000);
        let mut detectors = [Detector::default(); 20];
        let mut alarms = 0;
        for _ in 0..days {
            let mut sum = 0.0;
            for detector in &mut detectors {
                sum += detector.step(e_value(random.next_unit()));
            }
            if sum / 20.0 >= limit {
                alarms += 1;
                detectors = [Detector::default(); 20];
            }
        }
        assert!((1..=2_000).contains(&alarms), "{alarms}");
    }
}
