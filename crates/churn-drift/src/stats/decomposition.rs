//! How much of a PSI is due to the mix of segments, and how much to what changed within them.

use super::distances::{BinCounts, CountsError};

/// The counts of a segment in the bins of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentCounts {
    /// Rows of the baseline by bin.
    pub baseline: Vec<u64>,
    /// Rows of the current side by bin.
    pub current: Vec<u64>,
}

/// A PSI in parts that add up to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// The whole, as [`BinCounts::psi`] has it.
    pub psi: f64,
    /// The parts of each segment.
    pub segments: Vec<SegmentPart>,
}

/// What a segment adds to a PSI. Either part may be negative: what makes up for others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SegmentPart {
    /// By its share of the rows.
    pub mix: f64,
    /// By the change within it.
    pub within: f64,
}

impl Decomposition {
    /// Returns what is due to the mix of segments.
    #[must_use]
    pub fn mix(&self) -> f64 {
        self.segments.iter().map(|part| part.mix).sum()
    }

    /// Returns what is due to changes within segments.
    #[must_use]
    pub fn within(&self) -> f64 {
        self.segments.iter().map(|part| part.within).sum()
    }
}

/// Splits the PSI of all segments together.
///
/// # Formula
/// `w_s` is the segment's share of the baseline's rows and `p_sb` the share of its rows in bin `b`, smoothed as
/// those of the whole: `(n c_sb / n_s + 0.5) / (n + 0.5 B)`, so that `sum_s w_s p_sb` is the whole's `p_b`. `w'_s`
/// and `q_sb` are those of the current side. With `l_b = ln(q_b / p_b)`,
///
/// - `mix_s = sum_b (w'_s - w_s) (p_sb + q_sb) / 2 l_b`
/// - `within_s = sum_b (w_s + w'_s) / 2 (q_sb - p_sb) l_b`
///
/// and all parts add up to the PSI, since `w'q - wp` is `(w' - w)(p + q)/2 + (w + w')/2 (q - p)`. A segment that
/// is on one side only has nothing within: it is all mix.
///
/// # Errors
/// As [`BinCounts::new`], of all segments together.
pub fn decompose(segments: &[SegmentCounts]) -> Result<Decomposition, CountsError> {
    let bins = segments.first().map_or(0, |segment| segment.baseline.len());
    let sums = |side: fn(&SegmentCounts) -> &[u64]| -> Vec<u64> {
        let bin = |bin| segments.iter().filter_map(|one| side(one).get(bin)).sum();
        (0..bins).map(bin).collect()
    };
    let (baseline, current) = (sums(|one| &one.baseline), sums(|one| &one.current));
    let counts = BinCounts::new(&baseline, &current)?;
    let (p, q): (Vec<f64>, Vec<f64>) = counts.smoothed().unzip();
    let rows = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
    let (n, m) = (rows(&baseline), rows(&current));
    // The shares of a segment as if it had the rows of the whole.
    let share = |count: u64, own: f64, all: f64| {
        (all * (count as f64 / own) + 0.5) / 0.5_f64.mul_add(bins as f64, all)
    };
    let part = |segment: &SegmentCounts| {
        let (ours, theirs) = (rows(&segment.baseline), rows(&segment.current));
        let (before, now) = (ours / n, theirs / m);
        let mut part = SegmentPart {
            mix: 0.0,
            within: 0.0,
        };
        for bin in 0..bins {
            let own = |counts: &[u64]| counts.get(bin).copied().unwrap_or(0);
            let sides = (
                (ours > 0.0).then(|| share(own(&segment.baseline), ours, n)),
                (theirs > 0.0).then(|| share(own(&segment.current), theirs, m)),
            );
            let (p_sb, q_sb) = match sides {
                (Some(p), Some(q)) => (p, q),
                (Some(one), None) | (None, Some(one)) => (one, one),
                (None, None) => continue,
            };
            let logarithm = (q[bin] / p[bin]).ln();
            part.mix += (now - before) * f64::midpoint(p_sb, q_sb) * logarithm;
            part.within += f64::midpoint(before, now) * (q_sb - p_sb) * logarithm;
        }
        part
    };
    Ok(Decomposition {
        psi: counts.psi().total,
        segments: segments.iter().map(part).collect(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(baseline: &[u64], current: &[u64]) -> SegmentCounts {
        SegmentCounts {
            baseline: baseline.to_vec(),
            current: current.to_vec(),
        }
    }

    #[test]
    fn a_change_of_the_mix_alone_is_all_mix() {
        // Within each segment the shares stay 4:1 and 1:4 exactly; large, so that smoothing is no matter.
        let parts = decompose(&[
            counts(&[400_000, 100_000], &[800_000, 200_000]),
            counts(&[100_000, 400_000], &[20_000, 80_000]),
        ])
        .expect("rows");
        assert!(parts.psi > 0.1);
        assert!((parts.mix() - parts.psi).abs() < 1e-5, "{parts:?}");
        assert!(parts.within().abs() < 1e-5, "{parts:?}");
    }

    #[test]
    fn a_change_within_one_segment_is_its_own() {
        let parts = decompose(&[
            counts(&[500, 500], &[500, 500]),
            counts(&[500, 500], &[100, 900]),
        ])
        .expect("rows");
        assert!(parts.mix().abs() < 1e-12, "{parts:?}");
        assert!(parts.segments[0].within.abs() < 1e-12, "{parts:?}");
        assert!(
            (parts.segments[1].within - parts.psi).abs() < 1e-12,
            "{parts:?}"
        );
    }

    #[test]
    fn a_segment_that_appears_or_vanishes_is_mix() {
        let parts = decompose(&[
            counts(&[300, 200], &[300, 200]),
            counts(&[0, 0], &[10, 400]),
            counts(&[150, 50], &[0, 0]),
        ])
        .expect("rows");
        assert_eq!(parts.segments[1].within, 0.0);
        assert_eq!(parts.segments[2].within, 0.0);
        assert!(parts.segments[1].mix > 0.1);
    }

    #[test]
    fn figures_are_those_of_the_formula_done_by_hand() {
        // Python 3.13, the formulas above in plain arithmetic:
        // n=100; m=100; K=0.5; B=2
        // p=[60.5/101,40.5/101]; q=[50.5/101,50.5/101]; l=[log(b/a) for a,b in zip(p,q)]
        // s0: w=.5 w'=.8, p=[(100*40/50+.5)/101, (100*10/50+.5)/101], q=[(100*45/80+.5)/101, (100*35/80+.5)/101]
        let parts =
            decompose(&[counts(&[40, 10], &[45, 35]), counts(&[20, 30], &[5, 15])]).expect("rows");
        let l: [f64; 2] = [(50.5_f64 / 60.5).ln(), (50.5_f64 / 40.5).ln()];
        let p = [80.5 / 101.0, 20.5 / 101.0];
        let q = [56.75 / 101.0, 44.25 / 101.0];
        let mix = 0.3 * ((p[0] + q[0]) / 2.0 * l[0] + (p[1] + q[1]) / 2.0 * l[1]);
        let within = 0.65 * ((q[0] - p[0]) * l[0] + (q[1] - p[1]) * l[1]);
        assert!((parts.segments[0].mix - mix).abs() < 1e-15);
        assert!((parts.segments[0].within - within).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_psi(
            bins in 1..12_usize,
            rows in proptest::collection::vec((0..2_000_u64, 0..2_000_u64), 12..120),
        ) {
            let segments: Vec<SegmentCounts> = rows
                .chunks_exact(bins)
                .map(|bins| {
                    let (baseline, current) = bins.iter().copied().unzip();
                    SegmentCounts { baseline, current }
                })
                .collect();
            if let Ok(parts) = decompose(&segments) {
                prop_assert!((parts.mix() + parts.within() - parts.psi).abs() < 1e-12, "{parts:?}");
            }
        }
    }
}
