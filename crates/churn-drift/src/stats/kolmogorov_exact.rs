//! The Kolmogorov-Smirnov test of two small samples without an approximation, ties included. The
//! asymptotic test is in `kolmogorov.rs`.

/// Returns the probability that two samples which are dealt from the pooled values at random are
/// as far apart as these, or more.
///
/// `cells` are the counts of both sides by value, in rising order; both sides have values.
///
/// # Formula
/// Every order in which the rows of both sides can follow one another is a path from `(0, 0)` to
/// `(n, m)`; all are as likely. Counted are those that leave the band `|i/n - j/m| < d` at the end
/// of a group of tied values (Hodges 1957, "The significance probability of the Smirnov two-sample
/// test", Arkiv for Matematik 3; with ties Schroer, Trenkler 1995). Shares in place of counts keep
/// the numbers small. Time is `n m`.
#[must_use]
pub fn exact_p_value(cells: &[(u64, u64)]) -> f64 {
    let (n, m) = cells.iter().fold((0, 0), |(n, m), (b, c)| (n + b, m + c));
    let (rows_n, rows_m) = (n as usize, m as usize);
    if n == 0 || m == 0 {
        return 1.0;
    }
    // In whole numbers: |i m - j n| against the largest at any end of a group.
    let gap = |i: u64, j: u64| (i * m).abs_diff(j * n);
    let mut ends = vec![false; rows_n + rows_m + 1];
    let (mut i, mut j, mut largest) = (0, 0, 0);
    for (b, c) in cells {
        (i, j) = (i + b, j + c);
        largest = largest.max(gap(i, j));
        ends[(i + j) as usize] = true;
    }
    if largest == 0 {
        return 1.0;
    }
    // The share of the paths to each point of a row that have left the band.
    let mut left = vec![0.0_f64; rows_m + 1];
    for i in 0..=rows_n {
        for j in 0..=rows_m {
            let outside = ends[i + j] && gap(i as u64, j as u64) >= largest;
            left[j] = match (i, j) {
                _ if outside => 1.0,
                (0, 0) => 0.0,
                (0, _) => left[j - 1],
                (_, 0) => left[0],
                // The last step was one of either side, as likely as rows are behind.
                _ => (left[j] * i as f64 + left[j - 1] * j as f64) / (i + j) as f64,
            };
        }
    }
    left[rows_m].min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_ties_it_is_the_exact_test_of_scipy() {
        // scipy 1.17.1: ks_2samp(x, y, method="exact").pvalue for x = 0..n and y = x[..m] + shift
        let cells = |n: u64, m: u64, shift: f64| {
            let mut rows: Vec<(f64, bool)> = (0..n).map(|at| (at as f64, true)).collect();
            rows.extend((0..m).map(|at| (at as f64 + shift, false)));
            rows.sort_by(|a, b| a.0.total_cmp(&b.0));
            let one = |(_, is_baseline): &(f64, bool)| {
                if *is_baseline { (1, 0) } else { (0, 1) }
            };
            rows.iter().map(one).collect::<Vec<_>>()
        };
        let table = [
            (10, 10, 3.5, 0.417_523_652_817_770_43),
            (30, 30, 15.5, 2.933_405_491_362_055e-4),
            (20, 12, 9.5, 0.033_011_622_512_033_6),
        ];
        for (n, m, shift, expected) in table {
            let p = exact_p_value(&cells(n, m, shift));
            assert!((p / expected - 1.0).abs() < 1e-9, "{p} != {expected}");
        }
    }

    #[test]
    fn with_ties_it_counts_the_ways_to_deal_the_rows() {
        // Python's itertools.combinations over all C(8, 4) = 70 ways to deal
        // [0, 0, 0, 1, 1, 1, 2, 2] to sides of 4: as far apart as ([0, 0, 0, 1], [1, 1, 2, 2])
        let p = exact_p_value(&[(3, 0), (1, 2), (0, 2)]);
        assert!((p - 10.0 / 70.0).abs() < 1e-12, "{p}");
        assert_eq!(exact_p_value(&[(3, 0)]), 1.0);
        assert_eq!(exact_p_value(&[(3, 5)]), 1.0);
    }
}
