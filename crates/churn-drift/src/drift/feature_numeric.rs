//! A numeric feature, both sides: bins by the baseline's edges, distances, moments.

use super::bins::numeric_bins;
use super::feature_bins::{fill_bins, finite};
use super::feature_cells::joint_cells;
use super::noise::{numbers_p_value, sums};
use super::number_rules::{NumberEvidence, TestedNumbers};
use super::plan::PlannedFeature;
use super::report::{FeatureReport, Method, Moments, NumericReport, SizeThresholds};
use crate::profile::Numbers;
use crate::stats::distances::BinCounts;
use crate::stats::empirical::{Bounded, JointCell, distances};
use crate::stats::kolmogorov::two_sample_p_value;
use crate::stats::kolmogorov_exact::exact_p_value;

/// Fills what a report says of numbers, and returns what they are judged by beside PSI.
pub(super) fn numeric(
    report: &mut FeatureReport,
    planned: &PlannedFeature,
    sides: (&Numbers, &Numbers),
    sizes: &SizeThresholds,
) -> NumberEvidence {
    let (baseline, current) = sides;
    let (bins, exact_bins) = numeric_bins(&planned.edges, baseline, current);
    let (ours, theirs) = fill_bins(report, bins);
    let cells = joint_cells(baseline, current);
    let (ks, wasserstein) = distances(&cells);
    let scale = baseline.population_standard_deviation();
    let moments = |numbers: &Numbers| Moments {
        mean: numbers.mean(),
        standard_deviation: numbers.standard_deviation(),
        min: numbers.min(),
        max: numbers.max(),
    };
    let n = current.count() as f64;
    let below = current.count() - current.at_least(baseline.min()).0;
    let above = current.at_least(baseline.max().next_up()).0;
    let exact = baseline.is_exact() && current.is_exact();
    let in_bins = BinCounts::new(&ours, &theirs);
    let ks_p_value = two_sample_p_value(ks.value.min(1.0), baseline.count(), current.count());
    let ks_p_value = ks_p_value.unwrap_or(1.0);
    let distance = (scale > 0.0).then(|| finite(wasserstein.value / scale));
    let robust = winsorised_distance(&cells);
    let error_bound = if scale > 0.0 {
        finite(wasserstein.error_bound / scale)
    } else {
        0.0
    };
    // What it is at least, wherever the values lie in their intervals.
    let certain = distance.map_or(0.0, |distance| distance - error_bound);
    let certain = robust.map_or(certain, |robust| {
        certain.max(robust.value - robust.error_bound)
    });
    let robust_distance = robust.map(|robust| finite(robust.value));
    let counts = cells.iter().map(|cell| (cell.baseline, cell.current));
    report.bins_p_value = Some(numbers_p_value(counts.clone()));
    report.numeric = Some(NumericReport {
        ks_statistic: ks.value,
        ks_p_value,
        wasserstein_in_standard_deviations: distance,
        winsorised_wasserstein_in_standard_deviations: robust_distance,
        method: if exact { Method::Exact } else { Method::Grid },
        ks_statistic_error_bound: ks.error_bound,
        wasserstein_error_bound: error_bound,
        jensen_shannon_distance: in_bins
            .as_ref()
            .map_or(0.0, BinCounts::jensen_shannon_distance),
        hellinger_distance: in_bins.as_ref().map_or(0.0, BinCounts::hellinger_distance),
        kl_divergence: in_bins.as_ref().map_or(0.0, BinCounts::kl_divergence),
        baseline: Some(moments(baseline)),
        current: Some(moments(current)),
        share_below_baseline_min: below as f64 / n,
        share_above_baseline_max: above as f64 / n,
    });
    if !exact_bins {
        report
            .reasons
            .push("counts between the edges are estimated: the current profile is coarser".into());
    }
    NumberEvidence::of(
        sides,
        &cells,
        sizes,
        TestedNumbers {
            bins_p_value: report.bins_p_value.unwrap_or(1.0),
            ks_p_value: sharper_ks(counts, ks_p_value, exact),
            distance: distance.unwrap_or(0.0).max(robust_distance.unwrap_or(0.0)),
            certain_distance: certain,
            outside: (below, above),
        },
    )
}

/// Values below which the exact test costs nothing worth the name.
const MOST_PAIRS: u64 = 1_000_000;

/// The asymptotic p-value is a rough one for a few values, and too large with ties.
fn sharper_ks(
    counts: impl Iterator<Item = (u64, u64)> + Clone,
    asymptotic: f64,
    exact: bool,
) -> f64 {
    if !exact || asymptotic >= 0.05 {
        return asymptotic;
    }
    let (n, m) = sums(counts.clone());
    match n * m <= MOST_PAIRS {
        true => exact_p_value(&counts.collect::<Vec<_>>()),
        false => asymptotic,
    }
}

/// Returns the Wasserstein-1 distance in standard deviations when both sides are cut off at the
/// baseline's first and last hundredth, and how far off it can be. A few values far away hide any shift in the plain one, for
/// they are its standard deviation. None where nearly all of the baseline is one value.
fn winsorised_distance(cells: &[JointCell]) -> Option<Bounded> {
    const CUT: f64 = 0.01;
    let (n, m) = cells.iter().fold((0.0, 0.0), |(n, m), cell| {
        (n + cell.baseline as f64, m + cell.current as f64)
    });
    let mut below = 0.0;
    let (mut low, mut high) = (None, None);
    for cell in cells {
        below += cell.baseline as f64;
        if low.is_none() && below > CUT * n {
            low = Some(cell.position);
        }
        if below >= (1.0 - CUT) * n {
            high = Some(cell.position);
            break;
        }
    }
    let (low, high) = (low?, high?);
    // From one end of the range, so that large values far from zero cancel nothing.
    let (mut sum, mut squares) = (0.0, 0.0);
    let (mut gap, mut area, mut last) = (0.0_f64, 0.0, low);
    let mut blur = 0.0;
    for cell in cells {
        let at = cell.position.clamp(low, high);
        // Most values are of one side alone: nothing is divided to be nothing.
        let share = |count: u64, all: f64| match count {
            0 => 0.0,
            count => count as f64 / all,
        };
        let (ours, theirs) = (share(cell.baseline, n), share(cell.current, m));
        if cell.width > 0.0 {
            let end = |half: f64| (cell.position + half).clamp(low, high);
            let width = end(cell.width / 2.0) - end(-cell.width / 2.0);
            blur += (ours + theirs) * width / 2.0;
        }
        area += gap.abs() * (at - last);
        last = at;
        gap += ours - theirs;
        if cell.baseline > 0 {
            sum += cell.baseline as f64 * (at - low);
            squares += cell.baseline as f64 * (at - low).powi(2);
        }
    }
    let variance = squares / n - (sum / n).powi(2);
    (variance > 1e-12 * (high - low).powi(2)).then(|| Bounded {
        value: area / variance.sqrt(),
        error_bound: blur / variance.sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let exact = winsorised_distance(&cells(0.0)).expect("a distance");
        // .15 + .2 + .15 over the standard deviation of 0, 1, 2, 3: .5 / sqrt(1.25).
        assert!((exact.value - 0.447_213_595_5).abs() < 1e-9, "{exact:?}");
        assert_eq!(exact.error_bound, 0.0);
        // Half a width of 1 a value of both sides, and half of that at the two ends, which are cut off there:
        // (.35 + .65) / 4 + (.45 + .55) / 2 over the same deviation.
        let wide = winsorised_distance(&cells(1.0)).expect("a distance");
        assert_eq!(wide.value, exact.value);
        assert!(
            (wide.error_bound - 0.670_820_393_2).abs() < 1e-9,
            "{wide:?}"
        );
    }
}
