//! How much of a check's noise each test may call a drift, and the bins that the tests of chance
//! are made on. What is judged by them is the rules' affair.

use crate::stats::permutation::{chi_square_p_value, expected_rows};

/// How often chance alone may make a whole check WARN.
const WARN_RATE: f64 = 0.05;
/// How often chance alone may make a whole check FAIL. Half of what is promised, 1 in 1,000: the
/// tests of bins are approximations, and off by a factor of two in so far a tail.
pub(super) const FAIL_RATE: f64 = 0.0005;
/// Tests of a feature: bins, Kolmogorov-Smirnov, tails and gaps, single values, missing values,
/// a value far away, infinities, and what turned constant or was never seen.
pub(super) const TESTS: f64 = 8.0;
/// Parts of the pooled numbers: as many as there are deciles.
const PARTS: u64 = 10;
/// With no more distinct numbers than this each may be a part.
const FEW_VALUES: usize = 20;

/// The levels of one test: a p-value below is not chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// From where on it can be a WARN.
    pub warn: f64,
    /// From where on it can be a FAIL.
    pub fail: f64,
}

impl Levels {
    /// Returns the levels of each test in a check of so many columns: the rates of the whole check
    /// in equal parts (Bonferroni), so that they hold however the columns hang together.
    #[must_use]
    pub fn of_check(columns: f64) -> Self {
        Self::of_rates(columns).shared(TESTS)
    }

    /// Returns the levels of a column with so many tests of its own.
    #[must_use]
    pub(super) fn of_column(columns: f64, tests: f64) -> Self {
        Self::of_rates(columns).shared(tests)
    }

    fn of_rates(columns: f64) -> Self {
        let columns = columns.max(1.0);
        Self {
            warn: WARN_RATE / columns,
            fail: FAIL_RATE / columns,
        }
    }

    fn shared(self, tests: f64) -> Self {
        Self {
            warn: self.warn / tests,
            fail: self.fail / tests,
        }
    }
}

/// Returns the p-value of the counts of both sides over neighbouring cells, in parts that hold
/// enough rows of both sides together, of which there are so many.
///
/// The bins of the report won't do: their edges are the baseline's, so that its own counts in them
/// vary less than chance would have it. These are chosen by both sides alike.
#[must_use]
pub(super) fn numbers_p_value(
    cells: impl ExactSizeIterator<Item = (u64, u64)>,
    (n, m): (u64, u64),
) -> f64 {
    let least = expected_rows(n, m);
    let target = if cells.len() <= FEW_VALUES {
        least
    } else {
        least.max((n + m).div_ceil(PARTS))
    };
    let mut parts: Vec<(u64, u64)> = Vec::new();
    let mut open = (0, 0);
    for (b, c) in cells {
        // A value that fills a part of its own stays alone.
        if b + c >= target && open.0 + open.1 >= least {
            parts.push(std::mem::take(&mut open));
        }
        open = (open.0 + b, open.1 + c);
        if open.0 + open.1 >= target {
            parts.push(std::mem::take(&mut open));
        }
    }
    close(&mut parts, open, least);
    p_value(&parts)
}

/// Returns the p-value of the counts of both sides by category, those with too few rows on both
/// sides together as one.
#[must_use]
pub(super) fn categories_p_value(counts: impl Iterator<Item = (u64, u64)> + Clone) -> f64 {
    let (n, m) = counts.clone().fold((0, 0), |(n, m), (b, c)| (n + b, m + c));
    let least = expected_rows(n, m);
    let mut rare = (0, 0);
    let mut parts: Vec<(u64, u64)> = Vec::new();
    for (b, c) in counts {
        if b + c >= least {
            parts.push((b, c));
        } else {
            rare = (rare.0 + b, rare.1 + c);
        }
    }
    // The smallest is last, for what is left over to join it.
    parts.sort_by_key(|(b, c)| std::cmp::Reverse(b + c));
    close(&mut parts, rare, least);
    p_value(&parts)
}

fn close(parts: &mut Vec<(u64, u64)>, open: (u64, u64), least: u64) {
    match parts.last_mut() {
        Some(last) if open.0 + open.1 < least => *last = (last.0 + open.0, last.1 + open.1),
        _ => parts.push(open),
    }
}

fn p_value(parts: &[(u64, u64)]) -> f64 {
    let (baseline, current): (Vec<u64>, Vec<u64>) = parts.iter().copied().unzip();
    chi_square_p_value(&baseline, &current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_of_many_columns_has_stricter_levels() {
        let one = Levels::of_check(1.0);
        let twenty = Levels::of_check(20.0);
        assert!((one.warn / twenty.warn - 20.0).abs() < 1e-9);
        assert!(twenty.fail < twenty.warn / 50.0);
        assert_eq!(Levels::of_check(0.0), one);
    }

    #[test]
    fn rare_categories_are_tested_as_one() {
        // Ten thousand categories of one row, half of them on either side: nothing but chance.
        let singletons = (0..10_000).map(|at| if at % 2 == 0 { (1, 0) } else { (0, 1) });
        assert_eq!(categories_p_value(singletons.clone()), 1.0);
        let with_a_new_one = singletons.chain([(0, 500)]);
        assert!(categories_p_value(with_a_new_one) < 1e-50);
    }

    #[test]
    fn numbers_are_tested_in_parts_of_both_sides() {
        let same: Vec<(u64, u64)> = (0..200).map(|_| (1, 1)).collect();
        assert!(numbers_p_value(same.into_iter(), (200, 200)) > 0.99);
        let apart: Vec<(u64, u64)> = (0..200)
            .map(|at| if at < 100 { (1, 0) } else { (0, 1) })
            .collect();
        assert!(numbers_p_value(apart.into_iter(), (100, 100)) < 1e-20);
        let few = [(5, 5), (3, 3)];
        assert_eq!(numbers_p_value(few.into_iter(), (8, 8)), 1.0);
    }
}
