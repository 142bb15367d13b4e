//! Rank correlations of two columns, their standard errors, and p-values of many tests at once.

use super::attribution::change;

/// Correlations beyond are taken for this one, whose z is finite.
const MOST: f64 = 1.0 - 1e-9;

/// A column by rank.
#[derive(Debug, Clone)]
pub struct Ranks {
    /// Mid-rank of each row's value among the values, over their number, less one half; NaN where there is none.
    centred: Vec<f64>,
    /// The rows that have a value, by rising value.
    order: Vec<u32>,
}

/// A rank correlation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// Spearman's rank correlation, -1 to 1.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Rows that have a value in both columns.
    pub rows: u64,
}

impl Correlation {
    /// Returns how likely chance alone makes two correlations differ as much, two-sided.
    ///
    /// # Formula
    /// Fisher's z of both, `z = atanh(rho)` with the standard error `se / (1 - rho^2)`, by the normal law: near -1 and 1
    /// rho itself is skewed.
    #[must_use]
    pub fn p_value_of_change(self, other: Self) -> f64 {
        let of = |one: Self| {
            let rho = one.value.clamp(-MOST, MOST);
            (rho.atanh(), one.standard_error / (1.0 - rho * rho))
        };
        change(of(self), of(other)).p_value
    }
}

impl Ranks {
    /// Ranks a column; NaN is a missing value.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut order: Vec<u32> = (0..values.len() as u32)
            .filter(|&row| !values[row as usize].is_nan())
            .collect();
        order.sort_unstable_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        let mut centred = vec![f64::NAN; values.len()];
        let count = order.len() as f64;
        let mut start = 0;
        for run in order.chunk_by(|&a, &b| values[a as usize] == values[b as usize]) {
            let end = start + run.len();
            let middle = (start + end) as f64 / 2.0 / count - 0.5;
            run.iter().for_each(|&row| centred[row as usize] = middle);
            start = end;
        }
        Self { centred, order }
    }

    /// Returns, by row, the mean over all rows of `weight` where this column is above the row's value, half of it
    /// where it is the same.
    fn mean_above(&self, weight: impl Fn(usize) -> f64, rows: f64) -> Vec<f64> {
        let mut above = vec![0.0; self.centred.len()];
        let mut sum = 0.0;
        let of = |row: u32| self.centred[row as usize];
        for run in self.order.chunk_by(|&a, &b| of(a) == of(b)).rev() {
            let own: f64 = run.iter().map(|&row| weight(row as usize)).sum();
            for &row in run {
                above[row as usize] = (sum + own / 2.0) / rows;
            }
            sum += own;
        }
        above
    }
}

/// Computes the rank correlation of two columns of the same rows. None if a column has one value only, or there are
/// fewer than three rows with both.
///
/// # Formula
/// With U and V the mid-ranks over their number less 1/2 (Spearman's rho with ties: Pearson's r of the ranks),
/// `rho = c / sqrt(a b)`, `c = mean(U V)`, `a = mean(U^2)`, `b = mean(V^2)` over the rows that have both values, each
/// about its mean. Each value is ranked among all of its column, so that with missing values rho is Pearson's r of
/// those ranks. The standard error is that of the influence function, which holds for ties and for any joint
/// distribution: with `k(x, x') = 1` if `x' > x` and 1/2 if they are the same,
/// `I_c(i) = U_i V_i + mean_j k(x_i, x_j) V_j + mean_j k(y_i, y_j) U_j`, `I_a(i) = U_i^2 + 2 mean_j k(x_i, x_j) U_j`,
/// `I_b` likewise, and `I_rho = I_c / sqrt(a b) - rho / 2 (I_a / a + I_b / b)`; `se^2 = variance(I_rho) / n`.
#[must_use]
pub fn rank_correlation(x: &Ranks, y: &Ranks) -> Option<Correlation> {
    let both: Vec<usize> = (0..x.centred.len())
        .filter(|&row| !x.centred[row].is_nan() && !y.centred[row].is_nan())
        .collect();
    let n = both.len() as f64;
    if both.len() < 3 {
        return None;
    }
    let mean = |of: &dyn Fn(usize) -> f64| both.iter().map(|&row| of(row)).sum::<f64>() / n;
    let (mean_u, mean_v) = (mean(&|row| x.centred[row]), mean(&|row| y.centred[row]));
    // Rows without a partner have no part in a mean.
    let centred = |own: &[f64], other: &[f64], mean: f64| -> Vec<f64> {
        let values = own.iter().zip(other);
        let one = |(own, other): (&f64, &f64)| match own.is_nan() || other.is_nan() {
            true => 0.0,
            false => own - mean,
        };
        values.map(one).collect()
    };
    let u = centred(&x.centred, &y.centred, mean_u);
    let v = centred(&y.centred, &x.centred, mean_v);
    let a = mean(&|row| u[row] * u[row]);
    let b = mean(&|row| v[row] * v[row]);
    if a <= 0.0 || b <= 0.0 {
        return None;
    }
    let root = (a * b).sqrt();
    let rho = (mean(&|row| u[row] * v[row]) / root).clamp(-1.0, 1.0);
    let (v_above_x, u_above_y) = (x.mean_above(|row| v[row], n), y.mean_above(|row| u[row], n));
    let (u_above_x, v_above_y) = (x.mean_above(|row| u[row], n), y.mean_above(|row| v[row], n));
    let influence = |row: usize| {
        let of_c = u[row] * v[row] + v_above_x[row] + u_above_y[row];
        let of_a = u[row] * u[row] + 2.0 * u_above_x[row];
        let of_b = v[row] * v[row] + 2.0 * v_above_y[row];
        of_c / root - rho / 2.0 * (of_a / a + of_b / b)
    };
    let middle = mean(&influence);
    let variance = mean(&|row| (influence(row) - middle).powi(2));
    Some(Correlation {
        value: rho,
        standard_error: (variance / (n - 1.0)).sqrt(),
        rows: both.len() as u64,
    })
}

/// Adjusts p-values of many tests (Benjamini, Hochberg 1995): among the tests with an adjusted one below q at most a
/// share of q is expected to be chance, if they are independent or positively dependent.
///
/// # Formula
/// `adjusted(i) = min over j >= i of p(j) m / j` by rising p, at most 1.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let count = p_values.len() as f64;
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 1.0_f64;
    for (at, &test) in order.iter().enumerate().rev() {
        least = least.min(p_values[test] * count / (at as f64 + 1.0));
        adjusted[test] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(x: &[f64], y: &[f64]) -> Option<Correlation> {
        rank_correlation(&Ranks::of(x), &Ranks::of(y))
    }

    #[test]
    fn rank_correlations_are_those_of_scipy() {
        // scipy.stats.spearmanr(x, y).statistic, scipy 1.17.1; the second with ties.
        let x = [1.0, 5.0, 2.0, 8.0, 3.0, 9.0, 4.0];
        let y = [2.0, 3.0, 1.0, 9.0, 7.0, 5.0, 4.0];
        let rho = of(&x, &y).expect("a correlation").value;
        assert!((rho - 0.642_857_142_857_143).abs() < 1e-12, "{rho}");
        let x = [1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 5.0, 5.0];
        let y = [0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0];
        let rho = of(&x, &y).expect("a correlation").value;
        assert!((rho - 0.058_470_534_620_468_62).abs() < 1e-12, "{rho}");
        assert_eq!(of(&[1.0; 5], &[1.0, 2.0, 3.0, 4.0, 5.0]), None);
        assert_eq!(of(&[1.0, f64::NAN, 2.0], &[1.0, 2.0, f64::NAN]), None);
        let same = of(&[3.0, 1.0, 2.0, f64::NAN], &[30.0, 10.0, 20.0, 5.0]).expect("three rows");
        assert_eq!((same.rows, same.value), (3, 1.0));
    }

    #[test]
    fn adjusted_p_values_are_those_of_scipy() {
        // scipy.stats.false_discovery_control([.01, .04, .03, .005, .5]), scipy 1.17.1.
        let found = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005, 0.5]);
        for (found, expected) in found.iter().zip([0.025, 0.05, 0.05, 0.025, 0.5]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert!(benjamini_hochberg(&[]).is_empty());
    }

    /// Pairs of a normal copula, as numbers, with ties, or one of them yes or no.
    fn pairs(random: &mut impl FnMut() -> f64, rho: f64, kind: usize, rows: usize) -> Correlation {
        let mut normal = || {
            let (a, b) = (random().max(1e-300), random());
            (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
        };
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let (a, b) = (normal(), normal());
            let b = rho * a + (1.0 - rho * rho).sqrt() * b;
            x.push(if kind == 0 { a } else { (a * 2.0).round() });
            y.push(if kind == 2 {
                f64::from(b > 0.3)
            } else {
                b.exp()
            });
        }
        of(&x, &y).expect("a correlation")
    }

    #[test]
    fn a_change_is_no_more_often_taken_for_one_than_asked_for() {
        // 500 pairs of samples without a change for each kind and correlation: 99.7 % of Binomial(500, .05) are 12 to 41
        // (scipy.stats.binom.ppf, scipy 1.17.1).
        let mut state = 7_u64;
        let mut random = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for kind in 0..3 {
            for rho in [0.0, 0.7, -0.9] {
                let alarms = (0..500).filter(|_| {
                    let [before, now] = [300, 200].map(|rows| pairs(&mut random, rho, kind, rows));
                    before.p_value_of_change(now) < 0.05
                });
                let alarms = alarms.count();
                assert!((12..=41).contains(&alarms), "{kind} {rho} {alarms}");
            }
        }
    }
}
