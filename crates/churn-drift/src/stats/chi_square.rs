//! Pearson's chi-square test between two sides of counts. Which bins the counts are of is the
//! caller's affair.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::distances::CountsError;

/// Result of a chi-square test of two sides by k bins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquareTest {
    /// Pearson's chi-square, no continuity correction.
    pub statistic: f64,
    /// Probability of that much or more by chance; 1 with a single bin.
    pub p_value: f64,
    /// Bins that hold a row on either side, less one.
    pub degrees_of_freedom: u64,
    /// Cramer's V, 0 to 1.
    pub cramers_v: f64,
}

/// Tests whether two sides of counts come from one law.
///
/// # Formula
/// `sum (observed - expected)^2 / expected` over the 2 x k table, `expected = row sum x column
/// sum / total`; the p-value is the upper tail of the chi-square law with `k - 1` degrees of
/// freedom; `V = sqrt(statistic / total)`, as the smaller side of the table is 2 (Cramer 1946).
/// `scipy.stats.chi2_contingency(table, correction=False)`. Bins empty on both sides are
/// dropped first.
///
/// The law is asymptotic: with fewer than five expected rows in many bins the p-value is rough.
///
/// # Errors
/// Fails if the sides have unequally many bins or one of them has no rows. Does *not* fail on a
/// single bin: that is statistic 0, p-value 1.
///
/// # Examples
/// ```
/// use churn_drift::stats::chi_square::chi_square_test;
///
/// let test = chi_square_test(&[60, 40], &[40, 60])?;
/// assert_eq!(test.statistic, 8.0);
/// assert_eq!(test.cramers_v, 0.2);
/// # Ok::<(), churn_drift::stats::distances::CountsError>(())
/// ```
pub fn chi_square_test(baseline: &[u64], current: &[u64]) -> Result<ChiSquareTest, CountsError> {
    // The door is the same as that of the distances.
    super::distances::BinCounts::new(baseline, current)?;
    let pairs = || {
        let both = baseline.iter().zip(current);
        both.map(|(b, c)| (*b as f64, *c as f64))
            .filter(|(b, c)| b + c > 0.0)
    };
    let (n_baseline, n_current) = pairs().fold((0.0, 0.0), |(b, c), pair| (b + pair.0, c + pair.1));
    let total = n_baseline + n_current;
    let statistic: f64 = pairs()
        .map(|(b, c)| {
            let expected_baseline = n_baseline * ((b + c) / total);
            let expected_current = n_current * ((b + c) / total);
            (b - expected_baseline).powi(2) / expected_baseline
                + (c - expected_current).powi(2) / expected_current
        })
        .sum();
    let degrees_of_freedom = pairs().count() as u64 - 1;
    // The law exists from the first degree of freedom on.
    let p_value = ChiSquared::new(degrees_of_freedom as f64).map_or(1.0, |law| law.sf(statistic));
    Ok(ChiSquareTest {
        statistic,
        p_value,
        degrees_of_freedom,
        cramers_v: (statistic / total).sqrt().min(1.0),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn gives_the_test_of_scipy() {
        // scipy 1.17.1: chi2_contingency([baseline, current], correction=False);
        // V = sqrt(statistic / total)
        let table = [
            (
                vec![120, 80, 0, 300],
                vec![60, 100, 15, 125],
                63.233115468409586,
                1.197368892720442e-13,
                3,
            ),
            (
                vec![500, 500],
                vec![100, 900],
                380.952380952381,
                7.719934594295125e-85,
                1,
            ),
            // The same with a bin that is empty on both sides.
            (
                vec![500, 0, 500],
                vec![100, 0, 900],
                380.952380952381,
                7.719934594295125e-85,
                1,
            ),
            (
                vec![10, 5, 1],
                vec![3, 9, 40],
                31.88840638723378,
                1.1899275909624698e-07,
                2,
            ),
        ];
        for (baseline, current, statistic, p_value, degrees) in table {
            let test = chi_square_test(&baseline, &current).expect("is valid");
            assert!((test.statistic / statistic - 1.0).abs() < 1e-12);
            assert!(
                (test.p_value / p_value - 1.0).abs() < 1e-9,
                "{}",
                test.p_value
            );
            assert_eq!(test.degrees_of_freedom, degrees);
        }
        let v = chi_square_test(&[120, 80, 0, 300], &[60, 100, 15, 125]).map(|test| test.cramers_v);
        assert!((v.expect("is valid") - 0.28114301402580144).abs() < 1e-12);
    }

    #[test]
    fn one_bin_is_no_evidence() {
        let test = chi_square_test(&[0, 4], &[0, 9]).expect("is valid");
        assert_eq!((test.statistic, test.p_value), (0.0, 1.0));
        assert_eq!((test.degrees_of_freedom, test.cramers_v), (0, 0.0));
    }

    #[test]
    fn refuses_an_empty_side() {
        assert_eq!(chi_square_test(&[0], &[3]), Err(CountsError::EmptyBaseline));
        assert_eq!(chi_square_test(&[3], &[0]), Err(CountsError::EmptyCurrent));
    }

    proptest! {
        #[test]
        fn figures_keep_their_ranges(
            counts in proptest::collection::vec((0_u64..1_000_000, 0_u64..1_000_000), 1..30)
        ) {
            let (baseline, current): (Vec<u64>, Vec<u64>) = counts.into_iter().unzip();
            if let Ok(test) = chi_square_test(&baseline, &current) {
                prop_assert!(test.statistic >= 0.0 && test.statistic.is_finite());
                prop_assert!((0.0..=1.0).contains(&test.p_value));
                prop_assert!((0.0..=1.0).contains(&test.cramers_v));
            }
        }
    }
}
