//! A numeric feature, both sides: bins by the baseline's edges, distances, moments.

use super::bins::{numeric_bins, short};
use super::feature::{Context, Found};
use super::feature_bins::{fill_bins, finite};
use super::plan::PlannedFeature;
use super::report::{FeatureReport, FindingKind, Method, Moments, NumericReport, Status};
use crate::profile::Numbers;
use crate::stats::distances::BinCounts;
use crate::stats::empirical::{JointCell, distances};
use crate::stats::kolmogorov::two_sample_p_value;

/// Fills what a report says of numbers.
pub(super) fn numeric(
    report: &mut FeatureReport,
    planned: &PlannedFeature,
    baseline: &Numbers,
    current: &Numbers,
    context: Context,
    found: &mut impl Found,
) {
    let (bins, exact_bins) = numeric_bins(&planned.edges, baseline, current);
    let (ours, theirs) = fill_bins(report, bins, context);
    let (ks, wasserstein) = distances(&joint_cells(baseline, current));
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
    report.numeric = Some(NumericReport {
        ks_statistic: ks.value,
        ks_p_value: two_sample_p_value(ks.value.min(1.0), baseline.count(), current.count())
            .unwrap_or(1.0),
        wasserstein_in_standard_deviations: (scale > 0.0)
            .then(|| finite(wasserstein.value / scale)),
        method: if exact { Method::Exact } else { Method::Grid },
        ks_statistic_error_bound: ks.error_bound,
        wasserstein_error_bound: if scale > 0.0 {
            finite(wasserstein.error_bound / scale)
        } else {
            0.0
        },
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
    let constant = current.min() == current.max();
    if constant && baseline.min() < baseline.max() && current.count() >= 20 {
        let message = format!("every current value is {}", short(current.min()));
        found(Status::Warn, FindingKind::Constant, message);
    }
}

/// Counts both sides between the same cut points.
fn stretches(baseline: &Numbers, current: &Numbers, cuts: &[f64]) -> Vec<JointCell> {
    let least = baseline.min().min(current.min());
    let most = baseline.max().max(current.max());
    let (mut ours, mut theirs) = (baseline.count(), current.count());
    let mut lower = least;
    let mut cells = Vec::with_capacity(cuts.len() + 1);
    for upper in cuts.iter().copied().map(Some).chain([None]) {
        let above = |numbers: &Numbers| upper.map_or(0, |cut| numbers.at_least(cut).0);
        let (next_ours, next_theirs) = (above(baseline).min(ours), above(current).min(theirs));
        let end = upper.unwrap_or(most).clamp(lower, most.max(lower));
        // The values are below the cut, so one that is just above the lower end is alone.
        let width = if end <= lower.next_up() {
            0.0
        } else {
            end - lower
        };
        cells.push(JointCell {
            position: lower + width / 2.0,
            width,
            baseline: ours - next_ours,
            current: theirs - next_theirs,
        });
        (ours, theirs, lower) = (next_ours, next_theirs, end);
    }
    cells
}

/// Lays the cells of both sides over one another, at the coarser grid of the two.
fn joint_cells(baseline: &Numbers, current: &Numbers) -> Vec<JointCell> {
    // Where a side was counted in stretches, the other is counted in the same.
    let cuts: Option<Vec<f64>> = match (current.stretches(), baseline.stretches()) {
        (Some(cuts), _) => Some(cuts.collect()),
        (None, Some(cuts)) => Some(cuts.collect()),
        (None, None) => None,
    };
    if let Some(cuts) = cuts {
        return stretches(baseline, current, &cuts);
    }
    let shift = baseline.shift().max(current.shift());
    let coarser = if baseline.shift() >= current.shift() {
        baseline
    } else {
        current
    };
    let (ours, theirs) = (baseline.coarsened(shift), current.coarsened(shift));
    let range = (
        baseline.min().min(current.min()),
        baseline.max().max(current.max()),
    );
    let mut cells = Vec::with_capacity(ours.len() + theirs.len());
    let (mut i, mut j) = (0, 0);
    while i < ours.len() || j < theirs.len() {
        let key = match (ours.get(i), theirs.get(j)) {
            (Some(a), Some(b)) => a.key.min(b.key),
            (Some(a), None) => a.key,
            (None, Some(b)) => b.key,
            (None, None) => break,
        };
        let cell = crate::profile::Cell { key, count: 0 };
        let (position, width) = if shift == 0 {
            (coarser.lower(cell), 0.0)
        } else {
            let lower = coarser.lower(cell).max(range.0);
            let upper = coarser.upper(cell).min(range.1).max(lower);
            (f64::midpoint(lower, upper), upper - lower)
        };
        let take = |side: &[crate::profile::Cell], index: &mut usize| match side.get(*index) {
            Some(cell) if cell.key == key => {
                *index += 1;
                cell.count
            }
            _ => 0,
        };
        let (baseline, current) = (take(&ours, &mut i), take(&theirs, &mut j));
        cells.push(JointCell {
            position,
            width,
            baseline,
            current,
        });
    }
    cells
}
