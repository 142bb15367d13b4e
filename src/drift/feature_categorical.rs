//! A categorical feature, both sides: a bin a category, distances, names that came and went.

use super::bins::{CategoryBins, category_bins};
use super::feature::{Context, Found, percent};
use super::feature_bins::fill_bins;
use super::report::{CategoricalReport, FeatureReport, FindingKind, Status};
use crate::profile::View;
use crate::stats::chi_square::chi_square_test;
use crate::stats::distances::BinCounts;

/// Most category names that a report lists.
const MAX_NAMES: usize = 20;

/// Fills what a report says of categories.
pub(super) fn categorical(
    report: &mut FeatureReport,
    baseline: &View,
    current: &View,
    context: Context,
    found: &mut impl Found,
) {
    let CategoryBins { bins, unseen, lost } =
        category_bins(&baseline.categories, &current.categories);
    let (ours, theirs) = fill_bins(report, bins, context);
    let (Ok(counts), Ok(test)) = (
        BinCounts::new(&ours, &theirs),
        chi_square_test(&ours, &theirs),
    ) else {
        return;
    };
    let unseen_rows: u64 = unseen.iter().map(|(_, count)| count).sum();
    let unseen_share = unseen_rows as f64 / current.present.max(1) as f64;
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
        unseen_categories: names(&unseen),
        unseen_count: unseen.len() as u64,
        unseen_share,
        lost_categories: names(&lost),
        lost_count: lost.len() as u64,
    });
    if let Some((name, count)) = unseen.first() {
        let share = *count as f64 / current.present.max(1) as f64;
        let message = match unseen.len() {
            1 => format!(
                "new category \"{name}\" in {} of the current rows",
                percent(share)
            ),
            more => format!(
                "{more} new categories in {} of the current rows, the largest \"{name}\" ({})",
                percent(unseen_share),
                percent(share)
            ),
        };
        // A model has never learned what a new category means, however small the PSI.
        let status = if unseen_share >= 0.01 {
            Status::Warn
        } else {
            Status::Ok
        };
        found(status, FindingKind::UnseenCategories, message);
    }
}
