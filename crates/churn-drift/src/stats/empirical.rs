//! Distances between two empirical distributions: Kolmogorov-Smirnov D and Wasserstein-1.

/// A value, or a short interval of values, with how many of each side fall on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointCell {
    /// The value, or the one that stands for the interval.
    pub position: f64,
    /// Length of the interval; 0 for a value.
    pub width: f64,
    /// Values of the baseline in it.
    pub baseline: u64,
    /// Values of the current side in it.
    pub current: u64,
}

/// A distance and how far off it can be at most because values were counted by interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounded {
    /// The distance.
    pub value: f64,
    /// The bound, 0 if every cell is a value.
    pub error_bound: f64,
}

/// Returns the distances of two samples; `cells` are in rising order and both sides have values.
///
/// # Formula
/// With the shares `F`, `G` of values at or below `x` on the two sides:
/// `D = max |F(x) - G(x)|` and `W = integral |F(x) - G(x)| dx`
/// (Kolmogorov 1933, Smirnov 1939; Vallender 1974), as `scipy.stats.ks_2samp` and
/// `wasserstein_distance` compute them. Where a cell is an interval, `D` is taken at its ends,
/// and inside it lies between what it is with all of the one side first, and with all of the
/// other; `W` treats its values as
/// one, and moving them anywhere in it changes `W` by no more than half its width a value.
///
/// Returns zeros if a side is empty.
#[must_use]
pub fn distances(cells: &[JointCell]) -> (Bounded, Bounded) {
    let rows = cells
        .iter()
        .fold((0, 0), |(n, m), cell| (n + cell.baseline, m + cell.current));
    let Distances {
        ks, wasserstein, ..
    } = all_distances(cells, rows);
    (ks, wasserstein)
}

/// The distances of two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Distances {
    pub(crate) ks: Bounded,
    pub(crate) wasserstein: Bounded,
    /// The Wasserstein-1 distance in standard deviations when both sides are cut off at the baseline's first and last
    /// hundredth. A few values far away hide any shift in the plain one, for they are its standard deviation. None
    /// where nearly all of the baseline is one value.
    pub(crate) winsorised: Option<Bounded>,
}

/// Returns the distances of two samples of so many values in one walk over their cells, as [`distances`].
pub(crate) fn all_distances(cells: &[JointCell], rows: (u64, u64)) -> Distances {
    let zero = Bounded {
        value: 0.0,
        error_bound: 0.0,
    };
    let (Some(first), (1.., 1..)) = (cells.first(), rows) else {
        return Distances {
            ks: zero,
            wasserstein: zero,
            winsorised: None,
        };
    };
    let (n, m) = (rows.0 as f64, rows.1 as f64);
    let (mut below_baseline, mut below_current) = (0_u64, 0_u64);
    let (mut largest, mut possible) = (0.0_f64, 0.0_f64);
    let (mut area, mut blur) = (0.0_f64, 0.0_f64);
    let (mut share_baseline, mut share_current) = (0.0_f64, 0.0_f64);
    let mut gap = 0.0_f64;
    // The difference of two numbers can be larger than any double: halves are summed then.
    let furthest = |cell: Option<&JointCell>| cell.map_or(0.0, |cell| cell.position.abs());
    let is_huge = furthest(cells.first()).max(furthest(cells.last())) > f64::MAX / 4.0;
    let part = if is_huge { 0.5 } else { 1.0 };
    let mut last = first.position;
    let ends = first_and_last_hundredth(cells, n);
    let mut cut_off = CutOff::new(ends.unwrap_or((last, last)));
    for cell in cells {
        area += gap.abs() * (cell.position * part - last * part);
        last = cell.position;
        // Most values are of one side alone: nothing is divided to be nothing, and what is not new not again.
        let (mut ours, mut theirs) = (0.0, 0.0);
        let before = gap;
        if cell.baseline > 0 {
            ours = cell.baseline as f64 / n;
            below_baseline += cell.baseline;
            share_baseline = below_baseline as f64 / n;
        }
        if cell.current > 0 {
            theirs = cell.current as f64 / m;
            below_current += cell.current;
            share_current = below_current as f64 / m;
        }
        if cell.width > 0.0 {
            possible = possible.max(before + ours).max(theirs - before).min(1.0);
            blur += (ours + theirs) * cell.width / 2.0;
        }
        gap = share_baseline - share_current;
        largest = largest.max(gap.abs());
        cut_off.add(cell, (ours, theirs));
    }
    Distances {
        ks: Bounded {
            value: largest,
            error_bound: (possible - largest).max(0.0),
        },
        wasserstein: Bounded {
            value: area / part,
            error_bound: blur,
        },
        winsorised: ends.and_then(|_| cut_off.in_standard_deviations(n)),
    }
}

/// Returns the positions below and above which a hundredth of the baseline's `n` values lie.
fn first_and_last_hundredth(cells: &[JointCell], n: f64) -> Option<(f64, f64)> {
    const CUT: f64 = 0.01;
    let mut below = 0.0;
    let low = cells.iter().find(|cell| {
        below += cell.baseline as f64;
        below > CUT * n
    });
    let mut below = n;
    let high = cells.iter().rfind(|cell| {
        below -= cell.baseline as f64;
        below < (1.0 - CUT) * n
    });
    Some((low?.position, high?.position))
}

/// The sums over cells that are cut off at two ends.
struct CutOff {
    ends: (f64, f64),
    sum: f64,
    squares: f64,
    gap: f64,
    area: f64,
    last: f64,
    blur: f64,
}

impl CutOff {
    const fn new(ends: (f64, f64)) -> Self {
        Self {
            ends,
            sum: 0.0,
            squares: 0.0,
            gap: 0.0,
            area: 0.0,
            last: ends.0,
            blur: 0.0,
        }
    }

    /// Adds a cell, with the shares of both sides that it holds.
    #[inline(always)]
    fn add(&mut self, cell: &JointCell, (ours, theirs): (f64, f64)) {
        let (low, high) = self.ends;
        // `clamp` would ask of each cell whether the ends are in order.
        let within = |position: f64| match position {
            _ if position < low => low,
            _ if position > high => high,
            _ => position,
        };
        let at = within(cell.position);
        if cell.width > 0.0 {
            let end = |half: f64| within(cell.position + half);
            let width = end(cell.width / 2.0) - end(-cell.width / 2.0);
            self.blur += (ours + theirs) * width / 2.0;
        }
        self.area += self.gap.abs() * (at - self.last);
        self.last = at;
        self.gap += ours - theirs;
        if cell.baseline > 0 {
            // From one end of the range, so that large values far from zero cancel nothing.
            let distance = at - low;
            self.sum += cell.baseline as f64 * distance;
            self.squares += cell.baseline as f64 * distance.powi(2);
        }
    }

    fn in_standard_deviations(&self, n: f64) -> Option<Bounded> {
        let (low, high) = self.ends;
        let variance = self.squares / n - (self.sum / n).powi(2);
        (variance > 1e-12 * (high - low).powi(2)).then(|| Bounded {
            value: self.area / variance.sqrt(),
            error_bound: self.blur / variance.sqrt(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(baseline: &[f64], current: &[f64]) -> Vec<JointCell> {
        let mut positions: Vec<f64> = baseline.iter().chain(current).copied().collect();
        positions.sort_by(f64::total_cmp);
        positions.dedup();
        let count = |side: &[f64], x: f64| side.iter().filter(|&&value| value == x).count() as u64;
        positions
            .iter()
            .map(|&position| JointCell {
                position,
                width: 0.0,
                baseline: count(baseline, position),
                current: count(current, position),
            })
            .collect()
    }

    #[test]
    fn agrees_with_scipy_on_a_small_example() {
        // scipy 1.17: ks_2samp([1,2,2,3,5], [2,3,4,4]).statistic = 0.35
        // scipy 1.17: wasserstein_distance([1,2,2,3,5], [2,3,4,4]) = 1.05
        let (ks, wasserstein) = distances(&cells(&[1., 2., 2., 3., 5.], &[2., 3., 4., 4.]));
        assert!((ks.value - 0.35).abs() < 1e-12, "{ks:?}");
        assert!((wasserstein.value - 1.05).abs() < 1e-12, "{wasserstein:?}");
        assert_eq!((ks.error_bound, wasserstein.error_bound), (0.0, 0.0));
    }

    #[test]
    fn distances_of_huge_and_tiny_numbers_are_those_of_small_ones() {
        // W is as many times larger as the numbers: scipy's 1.05 above, also where a difference of
        // two numbers is beyond the doubles.
        for size in [1e154, 1e300, 1e-200, 3e307] {
            let times = |side: &[f64]| side.iter().map(|x| x * size).collect::<Vec<f64>>();
            let sides = (times(&[1., 2., 2., 3., 5.]), times(&[2., 3., 4., 4.]));
            let (ks, wasserstein) = distances(&cells(&sides.0, &sides.1));
            assert!((ks.value - 0.35).abs() < 1e-12, "{ks:?}");
            assert!(
                (wasserstein.value / size - 1.05).abs() < 1e-12,
                "{size}: {wasserstein:?}"
            );
        }
        let (_, apart) = distances(&cells(&[f64::MIN, f64::MIN], &[f64::MIN, f64::MAX]));
        assert_eq!(apart.value, f64::MAX);
    }

    #[test]
    fn a_tie_inside_a_cell_is_bounded_by_what_lies_before_it() {
        // Baseline .2 below the cell and .3 in it, current .4 and .1: D is at most .2 before it, and
        // inside it at most .2 - .3 the one way, .2 + .1 the other.
        let cell = |position: f64, width: f64, baseline, current| JointCell {
            position,
            width,
            baseline,
            current,
        };
        let (ks, _) = distances(&[
            cell(0.0, 0.0, 2, 4),
            cell(1.0, 0.1, 3, 1),
            cell(2.0, 0.0, 5, 5),
        ]);
        assert!((ks.value - 0.2).abs() < 1e-12);
        assert!((ks.error_bound - 0.1).abs() < 1e-12, "{ks:?}");
    }

    #[test]
    fn an_empty_side_has_no_distance() {
        assert_eq!(distances(&cells(&[1.0], &[])).0.value, 0.0);
    }

    proptest! {
        #[test]
        fn a_grid_is_off_by_no_more_than_its_bound(
            baseline in proptest::collection::vec(0.0..10.0_f64, 1..80),
            current in proptest::collection::vec(0.0..10.0_f64, 1..80),
        ) {
            let (ks, wasserstein) = distances(&cells(&baseline, &current));
            let in_cell = |side: &[f64], k: usize| {
                side.iter().filter(|&&x| x.floor() as usize == k).count() as u64
            };
            let grid: Vec<JointCell> = (0..10)
                .map(|k| JointCell {
                    position: k as f64 + 0.5,
                    width: 1.0,
                    baseline: in_cell(&baseline, k),
                    current: in_cell(&current, k),
                })
                .collect();
            let (grid_ks, grid_wasserstein) = distances(&grid);
            prop_assert!((ks.value - grid_ks.value).abs() <= grid_ks.error_bound + 1e-12);
            prop_assert!(
                (wasserstein.value - grid_wasserstein.value).abs()
                    <= grid_wasserstein.error_bound + 1e-12
            );
        }
    }

    #[test]
    fn a_winsorised_distance_is_off_by_no_more_than_its_cells_are_wide() {
        let cell = |position: f64, width: f64, baseline, current| JointCell {
            position,
            width,
            baseline,
            current,
        };
        let cells = |width| {
            [
                cell(0.0, width, 25, 10),
                cell(1.0, width, 25, 20),
                cell(2.0, width, 25, 30),
                cell(3.0, width, 25, 40),
            ]
        };
        let winsorised = |width| all_distances(&cells(width), (100, 100)).winsorised;
        let exact = winsorised(0.0).expect("a distance");
        // .15 + .2 + .15 over the standard deviation of 0, 1, 2, 3: .5 / sqrt(1.25).
        assert!((exact.value - 0.447_213_595_5).abs() < 1e-9, "{exact:?}");
        assert_eq!(exact.error_bound, 0.0);
        // Half a width of 1 a value of both sides, and half of that at the two ends, which are cut off there:
        // (.35 + .65) / 4 + (.45 + .55) / 2 over the same deviation.
        let wide = winsorised(1.0).expect("a distance");
        assert_eq!(wide.value, exact.value);
        assert!(
            (wide.error_bound - 0.670_820_393_2).abs() < 1e-9,
            "{wide:?}"
        );
    }
}
