//! Rows that both sides have: what is the same on both cannot be told apart, whatever else drifts.

/// Least share of the current rows by which those that the baseline has, too, are more than chance makes them.
const LEAST_SHARE: f64 = 0.01;
/// Odds of being a row of the baseline, over those by chance, from which on rows are the same rows.
const ODDS: f64 = 4.0;
/// Standard errors of chance.
const BEYOND: f64 = 4.0;

/// Returns how many of the current rows are rows of the baseline, value for value; none where chance may make as many. The
/// sides are keys of rows: equal for equal rows.
///
/// # Formula
/// With `s` the share of current rows that are among the baseline's, and `q` the share of baseline rows that have a twin in the
/// baseline, which is what `s` would be if the current rows were others of the same law: `s - q >= .01 + 4 sqrt(q (1 - q)
/// (1 / nb + 1 / nc))`, and `s / (1 - s) >= 4 q / (1 - q)`, since rows may drift to where most of the baseline's are.
#[must_use]
pub fn shared_rows(baseline: &[u64], current: &[u64]) -> Option<u64> {
    let mut known = baseline.to_vec();
    known.sort_unstable();
    let runs = known.chunk_by(|a, b| a == b);
    let twins: usize = runs.map(<[u64]>::len).filter(|rows| *rows > 1).sum();
    let shared = current
        .iter()
        .filter(|key| known.binary_search(key).is_ok())
        .count();
    let (before, now) = (baseline.len() as f64, current.len() as f64);
    let (s, q) = (shared as f64 / now, twins as f64 / before);
    let error = (q * (1.0 - q) * (1.0 / before + 1.0 / now)).sqrt();
    let is_beyond = s - q >= LEAST_SHARE + BEYOND * error && s * (1.0 - q) >= ODDS * q * (1.0 - s);
    is_beyond.then_some(shared as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_both_sides_are_told_from_rows_that_are_alike_by_chance() {
        let baseline: Vec<u64> = (0..1_000).collect();
        let with = |shared: u64| -> Vec<u64> { (1_000 - shared..2_000 - shared).collect() };
        for (shared, told) in [
            (1_000, true),
            (100, true),
            (10, true),
            (9, false),
            (0, false),
        ] {
            let found = shared_rows(&baseline, &with(shared));
            assert_eq!(found, told.then_some(shared), "{shared}");
        }
        // Rows of ten values each: all are alike, and none is known for the same row.
        let few: Vec<u64> = (0..1_000).map(|row| row % 10).collect();
        assert_eq!(shared_rows(&few, &few), None);
        // Half of the rows have twins: another 500 by chance, and more where these have become frequent; but not all.
        let half: Vec<u64> = (0..1_000)
            .map(|row| if row < 500 { row % 5 } else { row })
            .collect();
        let drifted: Vec<u64> = (0..1_000)
            .map(|row| if row < 700 { row % 5 } else { row + 9_000 })
            .collect();
        assert_eq!(shared_rows(&half, &drifted), None);
        assert_eq!(shared_rows(&half, &half), Some(1_000));
        assert_eq!(shared_rows(&[], &[]), None);
    }
}
