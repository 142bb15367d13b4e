//! Which segments made the drift of the whole: their counts in its bins, and the parts of its PSI.

use super::align::align;
use super::plan::{Plan, PlannedFeature};
use super::report::{BinReport, FeatureReport};
use super::segments::{FeatureDecomposition, SegmentContribution};
use crate::profile::{Column, View};
use crate::stats::decomposition::{SegmentCounts, decompose};

/// Most segments that are named for a feature.
const MOST_NAMED: usize = 10;

/// What was counted of a segment on both sides; none where it has no rows.
pub(super) struct SegmentSides<'a> {
    pub(super) segment: &'a str,
    pub(super) baseline: &'a [Column],
    pub(super) current: &'a [Column],
}

/// Splits the PSI of each feature of a report of the whole.
pub(super) fn decompositions(
    features: &[FeatureReport],
    plan: &Plan,
    segments: &[SegmentSides<'_>],
) -> Vec<FeatureDecomposition> {
    let candidates = plan.candidates.iter().map(|candidate| &candidate.feature);
    let planned: Vec<&PlannedFeature> = plan.features.iter().chain(candidates).collect();
    let of = |report: &FeatureReport| {
        let planned = planned
            .iter()
            .find(|planned| planned.name == report.feature)?;
        decomposition(report, planned, segments)
    };
    let mut all: Vec<FeatureDecomposition> = features.iter().filter_map(of).collect();
    all.sort_by(|a, b| b.psi.total_cmp(&a.psi).then(a.feature.cmp(&b.feature)));
    all
}

fn decomposition(
    report: &FeatureReport,
    planned: &PlannedFeature,
    segments: &[SegmentSides<'_>],
) -> Option<FeatureDecomposition> {
    report.psi?;
    let column = |columns: &[Column]| -> Option<Column> {
        columns
            .iter()
            .find(|column| column.name == report.feature)
            .cloned()
    };
    let counts: Vec<SegmentCounts> = segments
        .iter()
        .map(|segment| {
            let baseline = column(segment.baseline).map(|own| own.view_beside(&planned.baseline));
            let current = column(segment.current);
            let current = current.map(|own| align(&planned.baseline, &own).view);
            let counts = |view: Option<View>| {
                view.map_or_else(
                    || vec![0; report.bins.len()],
                    |view| in_bins(&view, &report.bins),
                )
            };
            SegmentCounts {
                baseline: counts(baseline),
                current: counts(current),
            }
        })
        .collect();
    // What is read otherwise in a part than in the whole cannot be said to be a part of it.
    let is_whole = report.bins.iter().enumerate().all(|(at, bin)| {
        let sum = |side: fn(&SegmentCounts) -> &[u64]| -> u64 {
            counts.iter().map(|counts| side(counts)[at]).sum()
        };
        sum(|one| &one.baseline) == bin.count.baseline
            && sum(|one| &one.current) == bin.count.current
    });
    let parts = decompose(&counts).ok().filter(|_| is_whole)?;
    let mut named: Vec<SegmentContribution> = segments
        .iter()
        .zip(&parts.segments)
        .map(|(segment, part)| SegmentContribution {
            segment: segment.segment.to_owned(),
            mix: part.mix,
            within: part.within,
        })
        .collect();
    named.sort_by(|a, b| {
        let size = b.total().abs().total_cmp(&a.total().abs());
        size.then_with(|| a.segment.cmp(&b.segment))
    });
    named.truncate(MOST_NAMED);
    Some(FeatureDecomposition {
        feature: report.feature.clone(),
        psi: parts.psi.max(0.0),
        mix: parts.mix(),
        within: parts.within(),
        segments: named,
    })
}

/// Counts the values of a view in the bins of a report.
fn in_bins(view: &View, bins: &[BinReport]) -> Vec<u64> {
    let is_numeric = bins
        .iter()
        .any(|bin| bin.lower.is_some() || bin.upper.is_some());
    if let Some(numbers) = &view.numbers
        && is_numeric
    {
        let above = |edge: Option<f64>| edge.map_or(0, |edge| numbers.at_least(edge).0);
        let count = |bin: &BinReport| {
            let from = bin
                .lower
                .map_or(numbers.count(), |lower| above(Some(lower)));
            from.saturating_sub(above(bin.upper))
        };
        return bins.iter().map(count).collect();
    }
    let counts = &view.categories.counts;
    let all: u64 = match &view.numbers {
        // All numbers in one bin without edges.
        Some(numbers) => numbers.count(),
        None => counts.values().sum(),
    };
    let named: Vec<Option<u64>> = bins
        .iter()
        .map(|bin| counts.get(&bin.label).copied())
        .collect();
    let rest = all - named.iter().flatten().sum::<u64>().min(all);
    let is_rest = |bin: &BinReport| REST.contains(&&*bin.label);
    let rests = bins.iter().filter(|bin| is_rest(bin)).count();
    bins.iter()
        .zip(named)
        .map(|(bin, named)| named.unwrap_or(if is_rest(bin) && rests == 1 { rest } else { 0 }))
        .collect()
}

/// What the bin of all other values is called.
const REST: [&str; 2] = ["(other)", "all"];
