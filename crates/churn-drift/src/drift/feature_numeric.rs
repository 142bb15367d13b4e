//! A numeric feature, both sides: bins by the baseline's edges, distances, moments.

use super::bins::numeric_bins;
use super::feature_bins::{fill_bins, finite};
use super::feature_cells::joint_cells;
use super::histogram::Histogram;
use super::noise::numbers_p_value;
use super::number_rules::{NumberEvidence, TestedNumbers};
use super::plan::PlannedFeature;
use super::report::{FeatureReport, Method, Moments, NumericReport, SizeThresholds};
use crate::profile::Numbers;
use crate::stats::distances::BinCounts;
use crate::stats::empirical::{Distances, all_distances};
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
    let rows = (baseline.count(), current.count());
    let Distances {
        ks,
        wasserstein,
        winsorised: robust,
    } = all_distances(&cells, rows);
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
    report.bins_p_value = Some(numbers_p_value(counts.clone(), rows));
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
        histogram: Histogram::of(baseline, current),
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
            ks_p_value: sharper_ks(counts, rows, ks_p_value, exact),
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
    counts: impl Iterator<Item = (u64, u64)>,
    (n, m): (u64, u64),
    asymptotic: f64,
    exact: bool,
) -> f64 {
    if !exact || asymptotic >= 0.05 {
        return asymptotic;
    }
    match n * m <= MOST_PAIRS {
        true => exact_p_value(&counts.collect::<Vec<_>>()),
        false => asymptotic,
    }
}
