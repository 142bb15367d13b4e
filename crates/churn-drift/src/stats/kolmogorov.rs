//! The p-value of the two-sample Kolmogorov-Smirnov test. The distance D itself comes from
//! whoever holds the values.

use statrs::function::gamma::ln_gamma;
use thiserror::Error;

/// What a p-value of D cannot be computed from.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum KolmogorovError {
    /// One side has no values.
    #[error("the Kolmogorov-Smirnov test needs values on both sides, got {n} and {m}")]
    EmptySide {
        /// Values of the first side.
        n: u64,
        /// Values of the second side.
        m: u64,
    },
    /// D is not a distance between two distribution functions.
    #[error("a Kolmogorov-Smirnov distance lies in 0 to 1, got {d}")]
    NotADistance {
        /// The refused distance.
        d: f64,
    },
}

/// Above this `n d^2` the p-value is below 1e-320 and given as 0.
const LARGEST_EXPONENT: f64 = 370.0;

/// Sample size up to which the law is computed exactly where its body counts.
const EXACT_SIZE: u64 = 140;

/// Sample size up to which tiny distances are computed exactly; above it the error of the
/// expansion (of order 1 / n^2) is below 1e-7.
const EXACT_TINY_DISTANCE_SIZE: u64 = 10_000;

/// Terms up to which Smirnov's sum is taken whole; above it every k-th term stands for k.
const WHOLE_SUM: u64 = 4_096;

/// How far below the logarithm of the largest term of Smirnov's sum the others add nothing: they fall faster than a
/// geometric series, and 5e-20 of the largest is beyond the digits of a double even as often as there are terms.
const NEGLIGIBLE: f64 = 44.0;

/// Returns the probability of a two-sample distance of `d` or more between samples of `n` and
/// `m` values of one and the same continuous law: two-sided, asymptotic.
///
/// # Formula
/// `P(D_e >= d)` of the one-sample law at size `e = n m / (n + m)`, rounded half to even and at
/// least 1, as `scipy.stats.ks_2samp(method="asymp")` does by `kstwo.sf` (scipy answers NaN
/// where `e` rounds to 0). Regions after Simard, L'Ecuyer (2011), "Computing the Two-Sided
/// Kolmogorov-Smirnov Distribution", J. Stat. Softw. 39(11):
///
/// * `d >= 0.5`, `e <= 140` with `e d^2 > 4`, or `e d^2 >= 2.2`: twice Smirnov's one-sided tail
///   `d sum_v C(e, v) (d + v/e)^(v-1) (1 - d - v/e)^(e-v)`, v to `e (1 - d)`. For large `e` the
///   sum is taken in strides: the terms are samples of a smooth bump that vanishes at both
///   ends, so the trapezoid rule loses nothing.
/// * `e <= 140`, or `e <= 10,000` with `e d^1.5 <= 1.4`: Durbin's matrix as in Marsaglia,
///   Tsang, Wang (2003), "Evaluating Kolmogorov's Distribution", J. Stat. Softw. 8(18).
/// * else: the expansion of Pelz, Good (1976), J. R. Stat. Soc. B 38(2).
///
/// The result is within 1e-6 of scipy 1.17.1 everywhere, and relatively in the tail up to a
/// million values a side, beyond which scipy itself approximates the tail.
/// With ties the p-value is conservative (too large).
///
/// # Errors
/// Fails if a side has no values or `d` is not in 0 to 1. Does *not* fail on a few values: the
/// answer is then a rough one.
///
/// # Examples
/// ```
/// use churn_drift::stats::kolmogorov::two_sample_p_value;
///
/// let p_value = two_sample_p_value(0.01, 20_000, 20_000)?;
/// assert!((p_value - 0.268_219).abs() < 1e-6);
/// # Ok::<(), churn_drift::stats::kolmogorov::KolmogorovError>(())
/// ```
pub fn two_sample_p_value(d: f64, n: u64, m: u64) -> Result<f64, KolmogorovError> {
    if n == 0 || m == 0 {
        return Err(KolmogorovError::EmptySide { n, m });
    }
    if !(0.0..=1.0).contains(&d) {
        return Err(KolmogorovError::NotADistance { d });
    }
    let (larger, smaller) = (n.max(m) as f64, n.min(m) as f64);
    let size = (larger * smaller / (larger + smaller)).round_ties_even();
    Ok(survival(d, (size as u64).max(1)).clamp(0.0, 1.0))
}

/// `P(D_n >= d)` for a sample of `n` values and 0 <= d <= 1.
fn survival(d: f64, n: u64) -> f64 {
    let size = n as f64;
    let exponent = size * d * d;
    if d >= 1.0 || exponent >= LARGEST_EXPONENT && n > EXACT_SIZE {
        return 0.0;
    }
    if size * d <= 0.5 {
        return 1.0;
    }
    let tail_from = if n <= EXACT_SIZE { 4.0 } else { 2.2 };
    if d >= 0.5 || exponent >= tail_from {
        2.0 * smirnov_tail(d, n)
    } else if n <= EXACT_SIZE || n <= EXACT_TINY_DISTANCE_SIZE && size * d.powf(1.5) <= 1.4 {
        1.0 - durbin_matrix(d, n)
    } else {
        1.0 - pelz_good(d, size)
    }
}

/// One-sided `P(D+_n >= d)`, exact.
fn smirnov_tail(d: f64, n: u64) -> f64 {
    let size = n as f64;
    let last = (size * (1.0 - d)).floor() as u64;
    let stride = (n / WHOLE_SUM).max(1);
    let ln_factorial = ln_gamma(size + 1.0);
    let ln_term = |step: u64| {
        let chosen = (step * stride) as f64;
        let rest = size - chosen;
        let at = d + chosen / size;
        // The last base is 0 where d falls on the grid; 0^(n-v) is 0 and 0^0 does not occur.
        let beyond = 1.0 - at;
        if beyond <= 0.0 {
            return f64::NEG_INFINITY;
        }
        let binomial = ln_factorial - ln_gamma(chosen + 1.0) - ln_gamma(rest + 1.0);
        binomial + (chosen - 1.0) * at.ln() + rest * beyond.ln()
    };
    // The terms rise to one peak and fall from there: those far down either side add nothing.
    let steps = last / stride;
    let (mut low, mut high) = (0, steps);
    while low < high {
        let middle = low.midpoint(high);
        if ln_term(middle) < ln_term(middle + 1) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let peak = ln_term(low);
    let counts = |ln_term: &f64| *ln_term > peak - NEGLIGIBLE;
    let down = (0..low).rev().map(ln_term).take_while(counts);
    let up = (low..=steps).map(ln_term).take_while(counts);
    d * down.chain(up).map(f64::exp).sum::<f64>() * stride as f64
}

/// `P(D_n < d)` by powers of Durbin's matrix.
fn durbin_matrix(d: f64, n: u64) -> f64 {
    let size = n as f64;
    let k = (size * d).ceil();
    let h = k - size * d;
    let middle = k as usize - 1;
    let order = 2 * middle + 1;
    let mut inverse_factorials = vec![1.0; order + 1];
    for i in 1..=order {
        inverse_factorials[i] = inverse_factorials[i - 1] / i as f64;
    }
    let mut matrix = vec![0.0; order * order];
    for row in 0..order {
        for column in 0..order.min(row + 2) {
            matrix[row * order + column] = inverse_factorials[row + 1 - column];
        }
    }
    let mut h_power = 1.0;
    for i in 0..order {
        h_power *= h;
        let border = (1.0 - h_power) * inverse_factorials[i + 1];
        matrix[i * order] = border;
        matrix[(order - 1) * order + order - 1 - i] = border;
    }
    let corner = 1.0 - 2.0 * h_power + (2.0 * h - 1.0).max(0.0).powf(order as f64);
    matrix[(order - 1) * order] = corner * inverse_factorials[order];

    let (power, mut exponent) = scaled_power(&matrix, order, n);
    let mut probability = power[middle * order + middle];
    for i in 1..=n {
        probability *= i as f64 / size;
        if probability < 1e-140 {
            probability *= 1e140;
            exponent -= 140;
        }
    }
    probability * 10_f64.powi(exponent)
}

/// `matrix^n` and a power of ten to multiply it by; entries are kept within the range of f64.
fn scaled_power(matrix: &[f64], order: usize, n: u64) -> (Vec<f64>, i32) {
    let mut result: Vec<f64> = vec![0.0; order * order];
    result
        .iter_mut()
        .step_by(order + 1)
        .for_each(|entry| *entry = 1.0);
    let (mut base, mut left) = (matrix.to_vec(), n);
    let (mut result_exponent, mut base_exponent) = (0, 0);
    let rescale = |entries: &mut Vec<f64>, exponent: &mut i32| {
        if entries.iter().any(|entry| *entry > 1e140) {
            entries.iter_mut().for_each(|entry| *entry *= 1e-140);
            *exponent += 140;
        }
    };
    while left > 0 {
        if left % 2 == 1 {
            result = product(&result, &base, order);
            result_exponent += base_exponent;
            rescale(&mut result, &mut result_exponent);
        }
        left /= 2;
        if left > 0 {
            base = product(&base, &base, order);
            base_exponent *= 2;
            rescale(&mut base, &mut base_exponent);
        }
    }
    (result, result_exponent)
}

fn product(left: &[f64], right: &[f64], order: usize) -> Vec<f64> {
    let mut result = vec![0.0; order * order];
    for (row, out) in left.chunks(order).zip(result.chunks_mut(order)) {
        for (factor, right_row) in row.iter().zip(right.chunks(order)) {
            for (sum, entry) in out.iter_mut().zip(right_row) {
                *sum += factor * entry;
            }
        }
    }
    result
}

/// `P(D_n < d)` by the expansion of Pelz and Good in powers of 1 / sqrt(n), up to the third.
fn pelz_good(d: f64, n: f64) -> f64 {
    use std::f64::consts::PI;
    let z = n.sqrt() * d;
    let (z2, z4, z6) = (z.powi(2), z.powi(4), z.powi(6));
    let pi2 = PI * PI;
    let (pi4, pi6) = (pi2.powi(2), pi2.powi(3));
    if pi2 / 8.0 / z2 > 708.0 {
        return 0.0;
    }
    let terms = (16.0 * z / PI).ceil() as i32;
    let mut k = [0.0_f64; 4];
    let (mut second, mut third) = (0.0, 0.0);
    for i in (1..=terms).rev() {
        let odd = f64::from(2 * i - 1);
        let (m2, m4, m6) = (odd.powi(2), odd.powi(4), odd.powi(6));
        let weight = (-pi2 * m2 / 8.0 / z2).exp();
        k[0] += weight;
        k[1] += weight * (pi2 / 4.0 * m2 - z2);
        k[2] += weight
            * (6.0 * z6
                + 2.0 * z4
                + (2.0 * z4 - 5.0 * z2) * pi2 / 4.0 * m2
                + pi4 * (1.0 - 2.0 * z2) / 16.0 * m4);
        k[3] += weight
            * (-30.0 * z6 - 90.0 * z.powi(8)
                + pi2 * (135.0 * z4 - 96.0 * z6) / 4.0 * m2
                + pi4 * (212.0 * z4 - 60.0 * z2) / 16.0 * m4
                + pi6 * (5.0 - 30.0 * z2) / 64.0 * m6);
        let i2 = f64::from(i).powi(2);
        let weight = (-pi2 * i2 / 2.0 / z2).exp();
        second += i2 * weight;
        third += (3.0 * z2 - pi2 * i2) * i2 * weight;
    }
    let parts = [
        k[0] / z,
        k[1] / (6.0 * z4),
        k[2] / (72.0 * z.powi(7)) - second * pi2 / (36.0 * z.powi(3)),
        k[3] / (6480.0 * z.powi(10)) + third * pi2 / (216.0 * z6),
    ];
    let root = n.sqrt();
    let sum = parts[0] + parts[1] / root + parts[2] / n + parts[3] / (n * root);
    (2.0 * PI).sqrt() * sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn agrees_with_scipy_in_every_region() {
        // scipy 1.17.1: kstwo.sf(d, np.round(n * m / (n + m))), which is what
        // ks_2samp(method="asymp") computes; the first four are car_loan_expected.json.
        let table = [
            (0.22307553848923023, 16667, 16667, 0.0),
            (0.01001979960400795, 16667, 16667, 0.37030744181900177),
            (0.09989800203995924, 16667, 16667, 7.452048254444276e-73),
            (0.007079858402831984, 16667, 16667, 0.794887887270317),
            (0.3, 10, 10, 0.664),
            (0.5, 10, 12, 0.112),
            (0.6, 5, 7, 0.14400000000000004),
            (0.2, 100, 50, 0.12401162736689486),
            (0.15, 200, 300, 0.008029227977456916),
            (0.05, 200, 300, 0.910263694858373),
            (0.08, 300, 400, 0.21214484457137317),
            (0.02, 400, 1000, 0.9997374444484108),
            (0.9, 3, 4, 0.01999999999999999),
            (0.1, 1, 1000, 1.0),
            (1.0, 1, 2, 0.0),
            (0.0, 5, 5, 1.0),
            (0.4, 50, 60, 0.00020664740373000878),
            (0.12, 270, 281, 0.03446132084114179),
            (0.01, 20000, 20000, 0.2682191277029192),
            (0.002, 1000000, 1000000, 0.036582179671620585),
            (0.0015, 1000000, 1000000, 0.21034190155828947),
            (0.0005, 1000000, 1000000, 0.9996286945544336),
            (0.01, 1000000, 1000000, 7.374635645083527e-44),
            (0.004, 700000, 500000, 0.00017637651236534577),
            (0.003, 30000, 40000, 0.9977453689763132),
            (0.001, 190000, 200000, 0.9999734666720396),
            (0.03, 5000, 7000, 0.0102743151769455),
            (0.33, 200, 2, 0.9488),
            (0.7, 40, 3, 0.05400000000000003),
            (0.0025, 1000, 100000, 1.0),
        ];
        for (d, n, m, expected) in table {
            let p_value = two_sample_p_value(d, n, m).expect("is valid");
            let error = (p_value - expected).abs();
            assert!(error <= 1e-9, "{d} {n} {m}: {p_value} != {expected}");
            assert!(
                error <= 1e-6 * expected,
                "{d} {n} {m}: {p_value} != {expected}"
            );
        }
    }

    #[test]
    fn the_terms_of_smirnovs_sum_have_one_peak() {
        // All terms against those around the peak.
        for n in [1_u64, 2, 5, 20, 141, 500, 4_095, 10_000, 300_000] {
            for d in [0.002, 0.01, 0.05, 0.13, 0.3, 0.5, 0.77, 0.95] {
                if n as f64 * d * d < 2.2 && (n > EXACT_SIZE || d < 0.5) {
                    continue;
                }
                let size = n as f64;
                let stride = (n / WHOLE_SUM).max(1);
                let last = (size * (1.0 - d)).floor() as u64;
                let terms = (0..=last).step_by(stride as usize).map(|v| {
                    let (v, rest) = (v as f64, size - v as f64);
                    let at = d + v / size;
                    let binomial = ln_gamma(size + 1.0) - ln_gamma(v + 1.0) - ln_gamma(rest + 1.0);
                    (binomial + (v - 1.0) * at.ln() + rest * (1.0 - at).ln()).exp()
                });
                let terms = terms.filter(|term| term.is_finite());
                let whole = d * terms.sum::<f64>() * stride as f64;
                let found = smirnov_tail(d, n);
                let error = (found - whole).abs();
                assert!(error <= 1e-13 * whole, "{n} {d}: {found} != {whole}");
            }
        }
    }

    #[test]
    fn refuses_what_is_no_distance_and_empty_sides() {
        assert_eq!(
            two_sample_p_value(0.1, 0, 5),
            Err(KolmogorovError::EmptySide { n: 0, m: 5 })
        );
        for d in [-0.1, 1.1, f64::INFINITY] {
            assert_eq!(
                two_sample_p_value(d, 5, 5),
                Err(KolmogorovError::NotADistance { d })
            );
        }
        assert!(two_sample_p_value(f64::NAN, 5, 5).is_err());
    }

    #[test]
    fn one_value_a_side_says_nothing() {
        // One against one always has D = 1; size 1 / 2 counts as 1.
        assert_eq!(two_sample_p_value(0.4, 1, 1), Ok(1.0));
    }

    proptest! {
        #[test]
        fn is_a_probability_and_does_not_care_which_side_is_which(
            d in 0.0..=1.0_f64, n in 1_u64..100_000, m in 1_u64..100_000
        ) {
            let p_value = two_sample_p_value(d, n, m).expect("is valid");
            prop_assert!((0.0..=1.0).contains(&p_value));
            prop_assert_eq!(Ok(p_value), two_sample_p_value(d, m, n));
        }

        #[test]
        fn falls_as_the_distance_grows(
            d in 0.0..0.9_f64, more in 0.0..0.1_f64, n in 1_u64..3_000
        ) {
            let near = two_sample_p_value(d, n, n).expect("is valid");
            let far = two_sample_p_value(d + more, n, n).expect("is valid");
            prop_assert!(far <= near + 1e-6, "{} then {}", near, far);
        }
    }
}
