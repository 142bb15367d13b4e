//! A categorical feature, both sides: a bin a category, distances, names that came and went.

use super::bins::{CategoryBins, category_bins};
use super::category_rules::CategoryEvidence;
use super::feature_bins::fill_bins;
use super::noise::categories_p_value;
use super::report::{CategoricalReport, FeatureReport, SizeThresholds};
use crate::profile::View;
use crate::stats::chi_square::chi_square_test;
use crate::stats::distances::BinCounts;

/// Most category names that a report lists.
const MAX_NAMES: usize = 20;

/// Fills what a report says of categories, and returns what they are judged by beside PSI.
pub(super) fn categorical(
    report: &mut FeatureReport,
    sides: (&View, &View),
    sizes: &SizeThresholds,
) -> Option<CategoryEvidence> {
    let (baseline, current) = sides;
    let joint = category_bins(&baseline.categories, &current.categories);
    let (ours, theirs) = fill_bins(report, joint.bins.clone());
    let (Ok(counts), Ok(test)) = (
        BinCounts::new(&ours, &theirs),
        chi_square_test(&ours, &theirs),
    ) else {
        return None;
    };
    report.bins_p_value = Some(categories_p_value(joint.counts.iter().copied()));
    let CategoryBins { unseen, lost, .. } = &joint;
    let unseen_rows: u64 = unseen.iter().map(|(_, count)| count).sum();
    let share = |rows: u64, all: u64| rows as f64 / all.max(1) as f64;
    let singletons = joint.counts.iter().filter(|(ours, _)| *ours == 1).count();
    let names = |names: &[(String, u64)]| {
        names
            .iter()
            .take(MAX_NAMES)
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    report.categorical = Some(CategoricalReport {
        chi_square: test.statistic,
        chi_square_p_value: test.p_value,
        degrees_of_freedom: test.degrees_of_freedom,
        cramers_v: test.cramers_v,
        l_infinity_distance: counts.l_infinity(),
        total_variation_distance: counts.total_variation(),
        jensen_shannon_distance: counts.jensen_shannon_distance(),
        hellinger_distance: counts.hellinger_distance(),
        kl_divergence: counts.kl_divergence(),
        unseen_categories: names(unseen),
        unseen_count: unseen.len() as u64,
        unseen_share: share(unseen_rows, current.present),
        expected_unseen_share: share(singletons as u64, baseline.present),
        lost_categories: names(lost),
        lost_count: lost.len() as u64,
    });
    let rows = (baseline.present, current.present);
    Some(CategoryEvidence::of(&joint, rows, sizes))
}
