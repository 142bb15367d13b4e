//! How the noise of one run is shared by its checks: windows of time, segments, and both.

use super::noise::{FAIL_RATE, TESTS};

/// Returns by how much the levels of each check are stricter than those of a check alone, so that
/// chance has its say as often in the whole run: Benjamini and Hochberg's step-up over all features of all
/// checks, whose level is that of a check alone if all of them drifted.
pub(super) fn share_of_chance(checks: usize, p_values: impl Iterator<Item = f64>) -> f64 {
    let mut p_values: Vec<f64> = p_values.collect();
    p_values.sort_by(f64::total_cmp);
    let all = p_values.len().max(1) as f64;
    let rejected = p_values
        .iter()
        .enumerate()
        .filter(|(at, p_value)| **p_value * TESTS <= FAIL_RATE * (*at + 1) as f64 / all)
        .map(|(at, _)| at + 1)
        .max()
        .unwrap_or(1);
    (checks as f64 / rejected as f64).max(1.0)
}
