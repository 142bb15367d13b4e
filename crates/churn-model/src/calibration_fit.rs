//! The two ways to bend log-odds into probabilities, fitted on given rows. Which one is taken, if
//! any, is `calibrate`'s affair.

use super::artifact::Calibration;
use super::sigmoid::sigmoid;

/// Fits Platt's scaling; nothing if a class is missing or the slope is not positive.
///
/// # Formula
/// Maximum likelihood of `sigmoid(slope z + intercept)` against the targets
/// `(P + 1) / (P + 2)` and `1 / (N + 2)` (Platt 1999), by Newton's method with step halving
/// (Lin, Lin, Weng 2007, "A note on Platt's probabilistic outputs").
#[must_use]
pub fn fit_platt(log_odds: &[f64], labels: &[bool]) -> Option<Calibration> {
    let positives = labels.iter().filter(|label| **label).count() as f64;
    let negatives = labels.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 || log_odds.iter().any(|z| !z.is_finite()) {
        return None;
    }
    let high = (positives + 1.0) / (positives + 2.0);
    let low = 1.0 / (negatives + 2.0);
    let rows = || {
        let target = |label: &bool| if *label { high } else { low };
        log_odds.iter().zip(labels.iter().map(target))
    };
    let loss = |a: f64, b: f64| -> f64 {
        let one = |(z, t): (&f64, f64)| {
            let f = a * z + b;
            f.max(0.0) + (-f.abs()).exp().ln_1p() - t * f
        };
        rows().map(one).sum()
    };
    let (mut a, mut b) = (0.0, ((positives + 1.0) / (negatives + 1.0)).ln());
    let mut current = loss(a, b);
    for _ in 0..100 {
        let (mut ga, mut gb) = (0.0, 0.0);
        let (mut haa, mut hab, mut hbb) = (1e-12, 0.0, 1e-12);
        for (z, t) in rows() {
            let p = sigmoid(a * z + b);
            let weight = p * (1.0 - p);
            ga += z * (p - t);
            gb += p - t;
            haa += z * z * weight;
            hab += z * weight;
            hbb += weight;
        }
        if ga.abs() < 1e-8 && gb.abs() < 1e-8 {
            break;
        }
        let determinant = haa * hbb - hab * hab;
        let (da, db) = (
            (hbb * ga - hab * gb) / determinant,
            (haa * gb - hab * ga) / determinant,
        );
        let mut size = 1.0;
        loop {
            let next = loss(a - size * da, b - size * db);
            if next <= current {
                (a, b, current) = (a - size * da, b - size * db, next);
                break;
            }
            size /= 2.0;
            if size < 1e-10 {
                return platt(a, b);
            }
        }
    }
    platt(a, b)
}

fn platt(slope: f64, intercept: f64) -> Option<Calibration> {
    let usable = slope > 0.0 && slope.is_finite() && intercept.is_finite();
    usable.then_some(Calibration::Platt { slope, intercept })
}

/// Fits isotonic regression; nothing if fewer than two steps come out.
///
/// # Formula
/// Pool adjacent violators (Ayer et al. 1955) over the rows by rising log-odds. Each pool is a
/// knot at the mean of its log-odds, so that the curve rises between knots and ties stay few.
/// Probabilities are kept `1 / (2 (n + 1))` from 0 and 1.
#[must_use]
pub fn fit_isotonic(log_odds: &[f64], labels: &[bool]) -> Option<Calibration> {
    if log_odds.iter().any(|z| !z.is_finite()) {
        return None;
    }
    let mut rows: Vec<(f64, bool)> = log_odds
        .iter()
        .copied()
        .zip(labels.iter().copied())
        .collect();
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    // Equal log-odds are one row to begin with.
    let mut equal: Vec<Pool> = Vec::new();
    for (z, label) in rows {
        let positives = f64::from(u8::from(label));
        match equal.last_mut() {
            Some(last) if last.log_odds == z => {
                last.rows += 1.0;
                last.positives += positives;
            }
            _ => equal.push(Pool {
                log_odds: z,
                rows: 1.0,
                positives,
            }),
        }
    }
    let mut pools: Vec<Pool> = Vec::new();
    for pool in equal {
        pools.push(pool);
        while let [.., before, last] = pools.as_slice() {
            // Cross-multiplied counts are exact where quotients are not.
            if before.positives * last.rows < last.positives * before.rows {
                break;
            }
            let joint = before.joined(last);
            pools.truncate(pools.len() - 2);
            pools.push(joint);
        }
    }
    let margin = 0.5 / (labels.len() as f64 + 1.0);
    let mut knots = (Vec::new(), Vec::new());
    for pool in &pools {
        let probability = (pool.positives / pool.rows).clamp(margin, 1.0 - margin);
        // Means of neighbouring doubles may round to the same.
        if knots.0.last().is_none_or(|last| *last < pool.log_odds) {
            knots.0.push(pool.log_odds);
            knots.1.push(probability);
        }
    }
    (knots.0.len() >= 2).then_some(Calibration::Isotonic {
        log_odds: knots.0,
        probability: knots.1,
    })
}

/// Rows that get one probability.
#[derive(Debug, Clone, Copy)]
struct Pool {
    log_odds: f64,
    rows: f64,
    positives: f64,
}

impl Pool {
    fn joined(&self, next: &Self) -> Self {
        let rows = self.rows + next.rows;
        Self {
            log_odds: self.log_odds + (next.log_odds - self.log_odds) * (next.rows / rows),
            rows,
            positives: self.positives + next.positives,
        }
    }
}
