//! One feature, both sides: its bins, its statistics, its verdict with reasons.

use super::bins::{Bin, CategoryBins, category_bins, numeric_bins, short};
use super::plan::{PlannedFeature, has_values};
use super::report::{
    BinReport, CategoricalReport, FeatureKind, FeatureReport, Finding, FindingKind, Method,
    MissingReport, Moments, NumericReport, PsiThresholds, Sides, Status,
};
use crate::profile::{Column, Kind, Numbers, View};
use crate::stats::chi_square::chi_square_test;
use crate::stats::distances::{BinCounts, noise_limit};
use crate::stats::empirical::{JointCell, distances};
use crate::stats::kolmogorov::two_sample_p_value;

/// Most category names that a report lists.
const MAX_NAMES: usize = 20;

/// What is the same for every feature of a check.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// Rows of both sides.
    pub rows: Sides<u64>,
    /// Features that are judged: the more, the more often chance alone would alarm.
    pub features: usize,
}

/// Compares a feature; returns its report and the findings about it.
#[must_use]
pub fn compare(
    planned: &PlannedFeature,
    current: &Column,
    thresholds: PsiThresholds,
    context: Context,
) -> (FeatureReport, Vec<Finding>) {
    let baseline = &planned.baseline;
    let mut current_view = current.view(baseline.kind == Kind::Text);
    // A text column whose current values are all numbers, none of them known: it changed its type.
    let mut type_change = None;
    if baseline.kind == Kind::Text && current_view.kind == Kind::Text {
        let as_it_is = current.view(false);
        let known = |name: &String| baseline.categories.counts.contains_key(name);
        if as_it_is.kind == Kind::Number
            && as_it_is.numbers.is_some()
            && !current.categorical
            && !current_view.categories.counts.keys().any(known)
        {
            type_change = Some("text in the baseline, numbers in the current side".to_owned());
        }
    }
    if baseline.kind == Kind::Number && current_view.kind == Kind::Text
        || baseline.texts_among_numbers == 0
            && current_view.texts_among_numbers > 0
            && baseline.kind == Kind::Number
    {
        type_change = Some(number_turned_to_text(current));
    }
    if baseline.kind == Kind::Text && current_view.kind == Kind::Number {
        type_change = Some("text in the baseline, numbers in the current side".to_owned());
    }
    let kind = match (baseline.kind, current_view.kind) {
        (Kind::Text, _) | (Kind::Empty, Kind::Text) => FeatureKind::Categorical,
        _ => FeatureKind::Numeric,
    };
    if baseline.kind == Kind::Empty && current_view.kind == Kind::Text {
        current_view = current.view(true);
    }
    let mut report = FeatureReport {
        feature: planned.name.clone(),
        kind,
        status: Status::Ok,
        psi: None,
        psi_noise_limit: None,
        reasons: Vec::new(),
        missing: missing(baseline, &current_view, context),
        bins: Vec::new(),
        numeric: None,
        categorical: None,
    };
    let mut findings = Vec::new();
    let mut found = |status, kind, message: String| {
        findings.push(Finding {
            status,
            kind,
            feature: Some(planned.name.clone()),
            message,
        });
    };
    if let Some(message) = type_change.clone() {
        found(Status::Fail, FindingKind::TypeChange, message);
    }
    if has_values(baseline) && !has_values(&current_view) {
        let message = match current_view.infinite() {
            0 => "every current value is missing".to_owned(),
            _ => "no current value is a finite number".to_owned(),
        };
        found(Status::Fail, FindingKind::AllMissing, message);
    } else if !has_values(baseline) && has_values(&current_view) {
        let message = "the baseline has no value to compare with".to_owned();
        found(Status::Warn, FindingKind::AllMissing, message);
    }
    infinities(baseline, &current_view, context, &mut found);
    if type_change.is_none() && has_values(baseline) && has_values(&current_view) {
        match (&baseline.numbers, &current_view.numbers) {
            (Some(ours), Some(theirs)) => {
                numeric(&mut report, planned, ours, theirs, context, &mut found);
            }
            _ => categorical(&mut report, baseline, &current_view, context, &mut found),
        }
    }
    judge(&mut report, thresholds);
    missing_share(&report, &mut found);
    for finding in &findings {
        report.status = report.status.max(finding.status);
        if finding.status > Status::Ok {
            report.reasons.push(finding.message.clone());
        }
    }
    (report, findings)
}

fn number_turned_to_text(current: &Column) -> String {
    match &current.first_text {
        Some((place, text)) => {
            let line = place.line.map_or(String::new(), |line| format!(":{line}"));
            format!(
                "numbers in the baseline, text in the current side, first \"{text}\" at {}{line}",
                place.file
            )
        }
        None => "numbers in the baseline, text in the current side".to_owned(),
    }
}

fn missing(baseline: &View, current: &View, context: Context) -> MissingReport {
    let rows = context.rows;
    let counts = Sides {
        baseline: baseline.missing_count(),
        current: current.missing_count(),
    };
    let share = |missing: u64, rows: u64| missing as f64 / rows.max(1) as f64;
    // A bin that is empty on both sides is none: nothing missing anywhere is no drift.
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
    let psi = BinCounts::new(&ours, &theirs).map_or(0.0, |counts| counts.psi().total.max(0.0));
    MissingReport {
        psi,
        psi_noise_limit: finite(noise_limit(
            2,
            rows.baseline,
            rows.current,
            context.features,
        )),
        share: Sides {
            baseline: share(counts.baseline, rows.baseline),
            current: share(counts.current, rows.current),
        },
        baseline_counts: baseline.missing.clone(),
        current_counts: current.missing.clone(),
    }
}

fn finite(number: f64) -> f64 {
    number.clamp(f64::MIN, f64::MAX)
}

fn infinities(
    baseline: &View,
    current: &View,
    context: Context,
    found: &mut impl FnMut(Status, FindingKind, String),
) {
    let share = |count: u64, rows: u64| count as f64 / rows.max(1) as f64;
    let before = share(baseline.infinite(), context.rows.baseline);
    let now = share(current.infinite(), context.rows.current);
    if now > 0.0 && now > 2.0 * before {
        let message = format!(
            "{} of the current values are infinite, {} of the baseline's",
            percent(now),
            percent(before)
        );
        found(Status::Warn, FindingKind::Infinities, message);
    }
}

/// Fills the bins and PSI of a report; returns their counts.
fn fill_bins(report: &mut FeatureReport, bins: Vec<Bin>, context: Context) -> (Vec<u64>, Vec<u64>) {
    let baseline: Vec<u64> = bins.iter().map(|bin| bin.baseline).collect();
    let current: Vec<u64> = bins.iter().map(|bin| bin.current).collect();
    let (n, m): (u64, u64) = (baseline.iter().sum(), current.iter().sum());
    let Ok(psi) = BinCounts::new(&baseline, &current).map(|counts| counts.psi()) else {
        return (baseline, current);
    };
    // Rounding can leave a speck below zero between equal sides.
    report.psi = Some(psi.total.max(0.0));
    report.psi_noise_limit = Some(finite(noise_limit(bins.len(), n, m, context.features)));
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

fn numeric(
    report: &mut FeatureReport,
    planned: &PlannedFeature,
    baseline: &Numbers,
    current: &Numbers,
    context: Context,
    found: &mut impl FnMut(Status, FindingKind, String),
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

fn categorical(
    report: &mut FeatureReport,
    baseline: &View,
    current: &View,
    context: Context,
    found: &mut impl FnMut(Status, FindingKind, String),
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

/// Sets the status by PSI and by the PSI of missing, and says why.
fn judge(report: &mut FeatureReport, thresholds: PsiThresholds) {
    let mut reasons = Vec::new();
    let mut status = Status::Ok;
    if let (Some(psi), Some(noise)) = (report.psi, report.psi_noise_limit) {
        let verdict = judged("PSI", psi, noise, thresholds, &mut reasons);
        if verdict > Status::Ok {
            reasons.extend(what_moved(report));
        }
        status = status.max(verdict);
    }
    let missing = &report.missing;
    let verdict = judged(
        "missing PSI",
        missing.psi,
        missing.psi_noise_limit,
        thresholds,
        &mut reasons,
    );
    if verdict > Status::Ok {
        reasons.push(format!(
            "missing {} -> {}",
            percent(missing.share.baseline),
            percent(missing.share.current)
        ));
    }
    report.status = status.max(verdict);
    reasons.append(&mut report.reasons);
    report.reasons = reasons;
}

fn judged(
    name: &str,
    psi: f64,
    noise: f64,
    thresholds: PsiThresholds,
    reasons: &mut Vec<String>,
) -> Status {
    let status = thresholds.judge(psi);
    let limit = if status == Status::Fail {
        thresholds.fail_psi
    } else {
        thresholds.warn_psi
    };
    if status > Status::Ok && psi <= noise {
        reasons.push(format!(
            "{name} {psi:.2}, but too few rows to tell (chance alone reaches {noise:.2})"
        ));
        return Status::Warn;
    }
    if status > Status::Ok {
        reasons.push(format!("{name} {psi:.2} >= {limit}"));
    }
    status
}

/// Says in words what moved most.
fn what_moved(report: &FeatureReport) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(numeric) = &report.numeric {
        for (share, side) in [
            (
                numeric.share_above_baseline_max,
                "above the baseline's maximum",
            ),
            (
                numeric.share_below_baseline_min,
                "below the baseline's minimum",
            ),
        ] {
            if share >= 0.01 {
                words.push(format!("{} {side}", percent(share)));
            }
        }
        if let (Some(before), Some(now)) = (&numeric.baseline, &numeric.current) {
            words.push(format!(
                "mean {} -> {}",
                short(round(before.mean)),
                short(round(now.mean))
            ));
        }
    }
    let moved = |bin: &&BinReport| (bin.share.current - bin.share.baseline).abs();
    let most = report
        .bins
        .iter()
        .max_by(|a, b| moved(a).total_cmp(&moved(b)));
    if let (Some(bin), Some(_)) = (most, &report.categorical) {
        words.push(format!(
            "\"{}\" {} -> {}",
            bin.label,
            percent(bin.share.baseline),
            percent(bin.share.current)
        ));
    }
    words
}

/// Four significant digits are enough for a sentence.
fn round(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}

fn missing_share(report: &FeatureReport, found: &mut impl FnMut(Status, FindingKind, String)) {
    let missing = &report.missing;
    let moved = (missing.share.current - missing.share.baseline).abs();
    // Beyond chance and visible, but below the threshold: for information.
    if missing.psi > missing.psi_noise_limit && moved >= 0.01 {
        let message = format!(
            "missing {} -> {} (PSI {:.3})",
            percent(missing.share.baseline),
            percent(missing.share.current),
            missing.psi
        );
        found(Status::Ok, FindingKind::MissingShare, message);
    }
}

/// Returns a share as percent with as many digits as it needs.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 || percent >= 9.95 {
        format!("{percent:.0}%")
    } else if percent >= 0.095 {
        format!("{percent:.1}%")
    } else {
        "<0.1%".into()
    }
}
