//! Bins of a feature of any kind into its report, with the PSI that they come to.

use super::bins::Bin;
use super::report::{BinReport, FeatureReport, Sides};
use crate::stats::distances::BinCounts;

/// Fills the bins and PSI of a report; returns their counts.
pub(super) fn fill_bins(report: &mut FeatureReport, bins: Vec<Bin>) -> (Vec<u64>, Vec<u64>) {
    let baseline: Vec<u64> = bins.iter().map(|bin| bin.baseline).collect();
    let current: Vec<u64> = bins.iter().map(|bin| bin.current).collect();
    let (n, m): (u64, u64) = (baseline.iter().sum(), current.iter().sum());
    let Ok(psi) = BinCounts::new(&baseline, &current).map(|counts| counts.psi()) else {
        return (baseline, current);
    };
    // Rounding can leave a speck below zero between equal sides.
    report.psi = Some(psi.total.max(0.0));
    report.bins = bins
        .into_iter()
        .zip(psi.by_bin)
        .map(|(bin, psi)| BinReport {
            label: bin.label,
            lower: bin.lower,
            upper: bin.upper,
            count: Sides {
                baseline: bin.baseline,
                current: bin.current,
            },
            share: Sides {
                baseline: bin.baseline as f64 / n as f64,
                current: bin.current as f64 / m as f64,
            },
            psi,
        })
        .collect();
    (baseline, current)
}

/// Returns the number, kept within those that JSON can hold.
pub(super) fn finite(number: f64) -> f64 {
    number.clamp(f64::MIN, f64::MAX)
}

/// Returns the PSI of so many rows against all others.
pub(super) fn two_bin_psi(counts: Sides<u64>, rows: Sides<u64>) -> f64 {
    // A bin that is empty on both sides is none: nothing missing anywhere is not drift.
    let bins = [
        (counts.baseline, counts.current),
        (
            rows.baseline.saturating_sub(counts.baseline),
            rows.current.saturating_sub(counts.current),
        ),
    ];
    let (ours, theirs): (Vec<u64>, Vec<u64>) = bins
        .into_iter()
        .filter(|(ours, theirs)| ours + theirs > 0)
        .unzip();
    BinCounts::new(&ours, &theirs).map_or(0.0, |counts| counts.psi().total.max(0.0))
}
