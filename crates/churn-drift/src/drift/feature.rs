//! One feature, both sides: its kind, what is missing, its findings. Numbers, categories and the
//! verdict have files of their own.

use std::collections::BTreeMap;

use super::align::{Aligned, align, blanks, has_lost_zeros, lost_zeros, spelling};
use super::category_rules::CategoryEvidence;
use super::context::{Context, FindingSink, percent};
use super::feature_bins::{finite, two_bin_psi};
use super::feature_categorical::categorical;
use super::feature_numeric::numeric;
use super::feature_unparsable::unparsable;
use super::feature_verdict::judge;
use super::noise::Levels;
use super::number_format::{number_format, told_by_current, told_by_size};
use super::number_rules::NumberEvidence;
use super::plan::{PlannedFeature, has_values};
use super::psi_limits::PsiLimit;
use super::report::{
    BinReport, FeatureKind, FeatureReport, FeatureThresholds, Finding, FindingKind, MissingReport,
    Sides, Status,
};
use crate::profile::{Column, Kind, View};
use crate::stats::distances::noise_limit;
use crate::stats::permutation::share_p_value;

/// Both sides of a feature, measured against each other. What they say beyond chance depends on how many checks a
/// run makes, and is judged when that is known: measuring costs a walk over all values, judging next to nothing.
pub(super) struct Comparison {
    /// All that does not depend on the levels of chance.
    measured: FeatureReport,
    /// Both sides without their values.
    sides: (View, View),
    rows: Sides<u64>,
    judging: (FeatureThresholds, Option<PsiLimit>),
    /// Whose numbers were read by the size of the other side's, in words.
    read_by_size: Option<String>,
    type_change: Option<String>,
    /// Respelled values, by the current side's texts.
    renamed: BTreeMap<String, String>,
    /// Codes of one side are on the other without their zeros.
    has_lost_zeros: bool,
    /// Bins, and the rows in them.
    binned: Option<(usize, Sides<u64>)>,
    evidence: Option<Evidence>,
}

/// What the rules beside PSI need to know.
enum Evidence {
    Numbers(NumberEvidence),
    Categories(CategoryEvidence),
}

impl Comparison {
    /// Measures both sides.
    #[must_use]
    pub(super) fn of(
        planned: &PlannedFeature,
        baseline_column: Option<&Column>,
        current: &Column,
        judging: (FeatureThresholds, Option<PsiLimit>),
        rows: Sides<u64>,
    ) -> Self {
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
        let mut measured = FeatureReport {
            feature: planned.name.clone(),
            kind,
            status: Status::Ok,
            psi: None,
            psi_noise_limit: None,
            bins_p_value: None,
            reasons: Vec::new(),
            missing: missing(baseline, &current_view, rows),
            unparsable: unparsable(baseline, &current_view, rows),
            bins: Vec::new(),
            numeric: None,
            categorical: None,
            consequence: None,
        };
        let has_lost_zeros = has_lost_zeros(baseline, &current_view);
        let sizes = &judging.0.sizes;
        let is_comparable =
            type_change.is_none() && has_values(baseline) && has_values(&current_view);
        let evidence = match (&baseline.numbers, &current_view.numbers) {
            _ if !is_comparable => None,
            (Some(ours), Some(theirs)) => {
                let evidence = numeric(&mut measured, planned, (ours, theirs), sizes);
                Some(Evidence::Numbers(evidence))
            }
            _ => categorical(&mut measured, (baseline, &current_view), sizes)
                .map(Evidence::Categories),
        };
        let binned = |count: fn(&BinReport) -> u64| measured.bins.iter().map(count).sum();
        let in_bins = Sides {
            baseline: binned(|bin| bin.count.baseline),
            current: binned(|bin| bin.count.current),
        };
        Self {
            binned: measured.psi.map(|_| (measured.bins.len(), in_bins)),
            sides: (baseline.without_values(), current_view.without_values()),
            measured,
            rows,
            judging,
            read_by_size: told.words,
            type_change,
            renamed,
            has_lost_zeros,
            evidence,
        }
    }

    /// Returns how likely chance alone makes the bins differ as much; none if a side has no values.
    pub(super) const fn bins_p_value(&self) -> Option<f64> {
        self.measured.bins_p_value
    }

    /// Judges the feature; returns its report and the findings about it. Where its PSI stays below a limit of the
    /// baseline's own windows, neither do distances and shares of values count: they vary as it does.
    #[must_use]
    pub(super) fn judge(&self, levels: Levels) -> (FeatureReport, Vec<Finding>) {
        let (thresholds, limit) = self.judging;
        match (limit, self.measured.psi) {
            (Some(limit), Some(psi)) if psi < limit.psi => {
                self.judge_by(thresholds.without_moves(), levels)
            }
            _ => self.judge_by(thresholds, levels),
        }
    }

    fn judge_by(
        &self,
        thresholds: FeatureThresholds,
        levels: Levels,
    ) -> (FeatureReport, Vec<Finding>) {
        let context = Context {
            rows: self.rows,
            levels,
        };
        let (baseline, current) = (&self.sides.0, &self.sides.1);
        let mut report = self.measured.clone();
        self.set_noise_limits(&mut report, levels);
        let mut findings = Vec::new();
        let mut found = |status, kind, message: String| {
            findings.push(Finding {
                status,
                kind,
                feature: Some(report.feature.clone()),
                message,
            });
        };
        let notes = number_format(baseline, current, context, &mut found);
        if let Some(message) = &self.read_by_size {
            found(Status::Warn, FindingKind::NumberFormat, message.clone());
        }
        if let Some(message) = &self.type_change {
            found(Status::Fail, FindingKind::TypeChange, message.clone());
        }
        all_missing(baseline, current, &report, context, &mut found);
        infinities(baseline, current, context, &mut found);
        spelling(&self.renamed, &mut found);
        blanks(baseline, current, &mut found);
        if self.has_lost_zeros {
            lost_zeros(baseline, current, context, &mut found);
        }
        match &self.evidence {
            Some(Evidence::Numbers(evidence)) => {
                evidence.judge(&thresholds.sizes, context, &mut found);
            }
            Some(Evidence::Categories(evidence)) => {
                evidence.judge(&thresholds.sizes, context, &mut found);
            }
            None => {}
        }
        let (status, mut reasons) = judge(&report, (thresholds, self.judging.1), context);
        missing_share(&report, context, &mut found);
        if let Some(unparsable) = &report.unparsable {
            let status = unparsable.status(thresholds, context);
            found(status, FindingKind::Unparsable, unparsable.in_words());
        }
        report.status = status;
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
        // A threshold beside a FAIL is taken for the one that failed.
        let said = said.map(|(status, reason)| match (report.status, status) {
            (Status::Fail, Status::Warn) if reason.contains("threshold ") => {
                format!("WARN: {reason}")
            }
            _ => reason,
        });
        let said: Vec<String> = said.collect();
        report.reasons.splice(0..0, said);
        (report, findings)
    }

    fn set_noise_limits(&self, report: &mut FeatureReport, levels: Levels) {
        let limit = |bins, rows: Sides<u64>| {
            finite(noise_limit(bins, rows.baseline, rows.current, levels.warn))
        };
        report.psi_noise_limit = self.binned.map(|(bins, rows)| limit(bins, rows));
        report.missing.psi_noise_limit = limit(2, self.rows);
        if let Some(unparsable) = &mut report.unparsable {
            unparsable.psi_noise_limit = report.missing.psi_noise_limit;
        }
    }
}

/// Says how a feature changed its type, if it did.
fn type_change(baseline: &View, current: &Column, current_view: &View) -> Option<String> {
    match (baseline.kind, current_view.kind) {
        (Kind::Number, Kind::Text) => return Some(number_turned_to_text(current)),
        (Kind::Text, Kind::Number) => {}
        // A text column whose current values are all numbers, none of them known.
        (Kind::Text, Kind::Text) => {
            let known = |name: &String| baseline.categories.counts.contains_key(name);
            if current.categorical || current_view.categories.counts.keys().any(known) {
                return None;
            }
            let as_it_is = current.view(false);
            if as_it_is.kind != Kind::Number || as_it_is.numbers.is_none() {
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

fn missing(baseline: &View, current: &View, rows: Sides<u64>) -> MissingReport {
    let counts = Sides {
        baseline: baseline.missing_count(),
        current: current.missing_count(),
    };
    let share = |missing: u64, rows: u64| missing as f64 / rows.max(1) as f64;
    MissingReport {
        psi: two_bin_psi(counts, rows),
        psi_noise_limit: 0.0,
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
