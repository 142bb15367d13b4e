//! One feature, both sides: its kind, what is missing, its findings. Numbers, categories and the
//! verdict have files of their own.

use super::align::{Aligned, align, blanks, leading_zeros, spelling};
use super::context::{Context, FindingSink, percent};
use super::feature_bins::{finite, two_bin_psi};
use super::feature_categorical::categorical;
use super::feature_numeric::numeric;
use super::feature_unparsable::unparsable;
use super::feature_verdict::judge;
use super::number_format::{number_format, told_by_current, told_by_size};
use super::plan::{PlannedFeature, has_values};
use super::psi_limits::PsiLimit;
use super::report::{
    FeatureKind, FeatureReport, FeatureThresholds, Finding, FindingKind, MissingReport, Sides,
    Status,
};
use crate::profile::{Column, Kind, View};
use crate::stats::distances::noise_limit;
use crate::stats::permutation::share_p_value;

/// Compares a feature; returns its report and the findings about it. Where its PSI stays below a limit of the
/// baseline's own windows, neither do distances and shares of values count: they vary as it does.
#[must_use]
pub(super) fn compare(
    planned: &PlannedFeature,
    baseline_column: Option<&Column>,
    current: &Column,
    (thresholds, limit): (FeatureThresholds, Option<PsiLimit>),
    context: Context,
) -> (FeatureReport, Vec<Finding>) {
    let by = |thresholds| {
        let judging = (thresholds, limit);
        compare_by(planned, baseline_column, current, judging, context)
    };
    let (report, findings) = by(thresholds);
    match (limit, report.psi) {
        (Some(limit), Some(psi)) if psi < limit.psi => by(thresholds.without_moves()),
        _ => (report, findings),
    }
}

fn compare_by(
    planned: &PlannedFeature,
    baseline_column: Option<&Column>,
    current: &Column,
    (thresholds, limit): (FeatureThresholds, Option<PsiLimit>),
    context: Context,
) -> (FeatureReport, Vec<Finding>) {
    let told = baseline_column.and_then(|own| told_by_current(planned, own, current));
    let planned = told.as_ref().unwrap_or(planned);
    let Aligned {
        column,
        view: mut current_view,
        renamed,
    } = align(&planned.baseline, current);
    let current = column.as_ref();
    let told = told_by_size(planned, baseline_column, current, &current_view);
    current_view = told.current.unwrap_or(current_view);
    let planned = told.baseline.as_ref().unwrap_or(planned);
    let baseline = &planned.baseline;
    let type_change = type_change(baseline, current, &current_view);
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
        bins_p_value: None,
        reasons: Vec::new(),
        consequence: None,
        missing: missing(baseline, &current_view, context),
        unparsable: unparsable(baseline, &current_view, context),
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
    let notes = number_format(baseline, &current_view, context, &mut found);
    if let Some(message) = told.words {
        found(Status::Warn, FindingKind::NumberFormat, message);
    }
    if let Some(message) = type_change.clone() {
        found(Status::Fail, FindingKind::TypeChange, message);
    }
    all_missing(baseline, &current_view, &report, context, &mut found);
    infinities(baseline, &current_view, context, &mut found);
    spelling(&renamed, &mut found);
    blanks(baseline, &current_view, &mut found);
    leading_zeros(baseline, &current_view, context, &mut found);
    if type_change.is_none() && has_values(baseline) && has_values(&current_view) {
        match (&baseline.numbers, &current_view.numbers) {
            (Some(ours), Some(theirs)) => {
                let sides = (ours, theirs);
                let sizes = &thresholds.sizes;
                numeric(&mut report, planned, sides, sizes, context, &mut found);
            }
            _ => {
                let sides = (baseline, &current_view);
                categorical(&mut report, sides, &thresholds.sizes, context, &mut found);
            }
        }
    }
    let mut reasons = judge(&mut report, (thresholds, limit), context);
    missing_share(&report, context, &mut found);
    if let Some(unparsable) = &report.unparsable {
        let status = unparsable.status(thresholds, context);
        found(status, FindingKind::Unparsable, unparsable.in_words());
    }
    for finding in &findings {
        report.status = report.status.max(finding.status);
        if finding.status > Status::Ok {
            // What moved most is said once, by whoever says more of it.
            reasons.retain(|(_, reason)| !finding.message.starts_with(reason.as_str()));
            reasons.push((finding.status, finding.message.clone()));
        }
    }
    reasons.extend(notes.into_iter().map(|note| (Status::Ok, note)));
    // What decided stands first, and what was not judged is not a reason for what was.
    reasons.sort_by_key(|(status, _)| std::cmp::Reverse(*status));
    let least = if report.status > Status::TooFewRows {
        Status::Warn
    } else {
        Status::Ok
    };
    let said = reasons.into_iter().filter(|(status, _)| *status >= least);
    report.reasons.splice(0..0, said.map(|(_, reason)| reason));
    (report, findings)
}

/// Says how a feature changed its type, if it did.
fn type_change(baseline: &View, current: &Column, current_view: &View) -> Option<String> {
    match (baseline.kind, current_view.kind) {
        (Kind::Number, Kind::Text) => return Some(number_turned_to_text(current)),
        (Kind::Text, Kind::Number) => {}
        // A text column whose current values are all numbers, none of them known.
        (Kind::Text, Kind::Text) => {
            let as_it_is = current.view(false);
            let known = |name: &String| baseline.categories.counts.contains_key(name);
            let is_number = as_it_is.kind == Kind::Number && as_it_is.numbers.is_some();
            if !is_number || current.categorical || current_view.categories.counts.keys().any(known)
            {
                return None;
            }
        }
        _ => return None,
    }
    Some("text in the baseline, numbers in the current side".to_owned())
}

fn number_turned_to_text(current: &Column) -> String {
    match current.first_text() {
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
    MissingReport {
        psi: two_bin_psi(counts, rows),
        psi_noise_limit: finite(noise_limit(
            2,
            rows.baseline,
            rows.current,
            context.levels.warn,
        )),
        p_value: share_p_value(counts.baseline, rows.baseline, counts.current, rows.current),
        share: Sides {
            baseline: share(counts.baseline, rows.baseline),
            current: share(counts.current, rows.current),
        },
        baseline_counts: baseline.missing.clone(),
        current_counts: current.missing.clone(),
    }
}

fn all_missing(
    baseline: &View,
    current: &View,
    report: &FeatureReport,
    context: Context,
    found: &mut impl FindingSink,
) {
    if has_values(baseline) && !has_values(current) {
        let message = match current.infinite() + current.unparsable {
            0 => "every current value is missing".to_owned(),
            _ => "no current value is a finite number".to_owned(),
        };
        // A few rows of a column that is mostly missing may all be so.
        let p_value = report.missing.p_value;
        let status = match context.judge(1.0, 1.0, 1.0, p_value) {
            Status::Ok => Status::TooFewRows,
            beyond_chance => beyond_chance,
        };
        found(status, FindingKind::AllMissing, message);
    } else if !has_values(baseline) && has_values(current) {
        let message = "the baseline has no value to compare with".to_owned();
        found(Status::Warn, FindingKind::AllMissing, message);
    }
}

fn infinities(baseline: &View, current: &View, context: Context, found: &mut impl FindingSink) {
    let share = |count: u64, rows: u64| count as f64 / rows.max(1) as f64;
    let before = share(baseline.infinite(), context.rows.baseline);
    let now = share(current.infinite(), context.rows.current);
    let p_value = share_p_value(
        baseline.infinite(),
        context.rows.baseline,
        current.infinite(),
        context.rows.current,
    );
    let status = context.judge(1.0, 1.0, f64::INFINITY, p_value);
    if status > Status::Ok && now > 2.0 * before {
        let message = format!(
            "{} of the current values are infinite, {} of the baseline's",
            percent(now),
            percent(before)
        );
        found(status, FindingKind::Infinities, message);
    }
}

fn missing_share(report: &FeatureReport, context: Context, found: &mut impl FindingSink) {
    let missing = &report.missing;
    let moved = (missing.share.current - missing.share.baseline).abs();
    // Beyond chance and visible, but below the threshold: for information.
    if missing.p_value < context.levels.warn && moved >= 0.01 {
        let message = format!(
            "missing {} -> {} (PSI {:.3})",
            percent(missing.share.baseline),
            percent(missing.share.current),
            missing.psi
        );
        found(Status::Ok, FindingKind::MissingShare, message);
    }
}
