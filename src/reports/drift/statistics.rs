//! The statistics of a feature as name and value, for people. Their definitions stand in
//! `definitions.rs` under the same names.

use std::collections::BTreeMap;

use crate::drift::report::{
    CategoricalReport, FeatureReport, FeatureThresholds, Method, NumericReport,
};
use crate::reports::format;
use crate::text::shorten;

/// Longest name of a category in a list, in terminal columns.
const LONGEST_CATEGORY: usize = 40;

/// A statistic: name and value.
pub(super) type Statistic = (&'static str, String);

/// Returns the statistics that compare the two sides.
pub(super) fn compared(feature: &FeatureReport, limits: FeatureThresholds) -> Vec<Statistic> {
    let mut list = Vec::new();
    if let Some(psi) = feature.psi {
        list.push(("PSI", format::psi(psi)));
        let limits = format!("warns at {}, fails at {}", limits.warn_psi, limits.fail_psi);
        list.push(("Limits of PSI", limits));
    }
    if let Some(limit) = feature.psi_noise_limit {
        list.push(("Noise limit of PSI", format::psi(limit)));
    }
    if let Some(p_value) = feature.bins_p_value {
        list.push((
            "Chance of the bins",
            format!("p\u{a0}{}", format::p_value(p_value)),
        ));
    }
    list.push((
        "PSI of missing",
        format!(
            "{} (noise limit {})",
            format::psi(feature.missing.psi),
            format::psi(feature.missing.psi_noise_limit)
        ),
    ));
    if let Some(report) = &feature.numeric {
        numeric(&mut list, report);
    }
    if let Some(report) = &feature.categorical {
        categorical(&mut list, report);
    }
    list
}

fn numeric(list: &mut Vec<Statistic>, report: &NumericReport) {
    let bound = |bound: f64| match report.method {
        Method::Exact => String::new(),
        Method::Grid => format!(" ±\u{a0}{}", format::number(bound)),
    };
    list.push((
        "Kolmogorov-Smirnov D",
        format!(
            "{:.4}{}, p\u{a0}{}",
            report.ks_statistic,
            bound(report.ks_statistic_error_bound),
            format::p_value(report.ks_p_value)
        ),
    ));
    if let Some(distance) = report.wasserstein_in_standard_deviations {
        list.push((
            "Wasserstein distance",
            format!(
                "{distance:.4}{}\u{a0}SD",
                bound(report.wasserstein_error_bound)
            ),
        ));
    }
    if let Some(distance) = report.winsorised_wasserstein_in_standard_deviations {
        list.push((
            "Wasserstein distance, winsorised",
            format!("{distance:.4}\u{a0}SD"),
        ));
    }
    list.push((
        "Jensen-Shannon distance",
        format!("{:.4}", report.jensen_shannon_distance),
    ));
    list.push((
        "Hellinger distance",
        format!("{:.4}", report.hellinger_distance),
    ));
    list.push((
        "Kullback-Leibler divergence",
        format!("{:.4} nats", report.kl_divergence),
    ));
    list.push((
        "Below the baseline's minimum",
        format::percent(report.share_below_baseline_min),
    ));
    list.push((
        "Above the baseline's maximum",
        format::percent(report.share_above_baseline_max),
    ));
}

fn categorical(list: &mut Vec<Statistic>, report: &CategoricalReport) {
    list.push((
        "Chi-square",
        format!(
            "{}, df\u{a0}{}, p\u{a0}{}",
            format::number(report.chi_square),
            format::count(report.degrees_of_freedom),
            format::p_value(report.chi_square_p_value)
        ),
    ));
    list.push(("Cramér's V", format!("{:.4}", report.cramers_v)));
    list.push((
        "L-infinity distance",
        format!("{:.4}", report.l_infinity_distance),
    ));
    list.push((
        "Total variation distance",
        format!("{:.4}", report.total_variation_distance),
    ));
    list.push((
        "Jensen-Shannon distance",
        format!("{:.4}", report.jensen_shannon_distance),
    ));
    list.push((
        "Hellinger distance",
        format!("{:.4}", report.hellinger_distance),
    ));
    list.push((
        "Kullback-Leibler divergence",
        format!("{:.4} nats", report.kl_divergence),
    ));
    if report.unseen_count > 0 {
        list.push((
            "Unseen categories",
            format!(
                "{} ({} expected): {}",
                format::percent(report.unseen_share),
                format::percent(report.expected_unseen_share),
                categories(&report.unseen_categories, report.unseen_count)
            ),
        ));
    }
    if report.lost_count > 0 {
        list.push((
            "Lost categories",
            categories(&report.lost_categories, report.lost_count),
        ));
    }
}

fn categories(names: &[String], all: u64) -> String {
    let mut shown: Vec<_> = names
        .iter()
        .map(|name| shorten(name, LONGEST_CATEGORY).into_owned())
        .collect();
    let more = all.saturating_sub(names.len() as u64);
    if more > 0 {
        shown.push(format!("and {} more", format::count(more)));
    }
    shown.join(", ")
}

/// Returns the figures that either side has of its own: name, baseline, current.
pub(super) fn of_sides(feature: &FeatureReport) -> Vec<(&'static str, String, String)> {
    let missing = &feature.missing;
    let mut list = vec![(
        "Missing",
        by_kind(missing.share.baseline, &missing.baseline_counts),
        by_kind(missing.share.current, &missing.current_counts),
    )];
    if let Some(report) = &feature.numeric {
        let both = |get: fn(&crate::drift::report::Moments) -> f64| {
            let one = |side: Option<_>| {
                side.as_ref()
                    .map_or_else(|| format::NONE.to_owned(), |m| format::number(get(m)))
            };
            (one(report.baseline), one(report.current))
        };
        for (name, (baseline, current)) in [
            ("Mean", both(|m| m.mean)),
            ("Standard deviation", both(|m| m.standard_deviation)),
            ("Minimum", both(|m| m.min)),
            ("Maximum", both(|m| m.max)),
        ] {
            list.push((name, baseline, current));
        }
    }
    list
}

/// Returns `1.2% (12 empty, 3 nan)`.
fn by_kind(share: f64, counts: &BTreeMap<String, u64>) -> String {
    let kinds: Vec<_> = counts
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(kind, count)| format!("{} {kind}", format::count(*count)))
        .collect();
    if kinds.is_empty() {
        format::percent(share)
    } else {
        format!("{} ({})", format::percent(share), kinds.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::{sample, verdict};

    #[test]
    fn grid_figures_carry_their_bound_and_exact_ones_do_not() {
        let report = sample::failing();
        let mut feature = report.features[3].clone();
        let limits = verdict::limits(&report, &feature.feature);
        let ks = |feature: &FeatureReport| {
            let list = compared(feature, limits);
            let found = list.iter().find(|(name, _)| name.starts_with("Kolmogorov"));
            found.expect("has one").1.clone()
        };
        assert_eq!(ks(&feature), "0.1180 ±\u{a0}0.0002, p\u{a0}<0.001");
        feature.numeric.as_mut().expect("numeric").method = Method::Exact;
        assert_eq!(ks(&feature), "0.1180, p\u{a0}<0.001");
    }

    #[test]
    fn unseen_categories_are_named_and_the_rest_counted() {
        assert_eq!(
            categories(&["a".to_owned(), "b".to_owned()], 1202),
            "a, b, and 1,200 more"
        );
        assert_eq!(categories(&["a".to_owned()], 1), "a");
    }

    #[test]
    fn a_side_without_values_has_dashes() {
        let report = sample::failing();
        let sides = of_sides(&report.features[1]);
        assert_eq!(
            sides[0],
            (
                "Missing",
                "0.0%".to_owned(),
                "100.0% (2,000 empty)".to_owned()
            )
        );
        assert_eq!(sides[1], ("Mean", "64.762".to_owned(), "–".to_owned()));
    }
}
