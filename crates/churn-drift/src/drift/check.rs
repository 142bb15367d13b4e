//! The check itself: a planned baseline and a counted current side into one report.

use churn_base::error::Result;

use super::context::Context;
use super::estimated::{EstimatedReport, estimated};
use super::feature::compare;
use super::header_rows::header_rows;
use super::identifiers::{Candidates, judge_candidates};
use super::noise::Levels;
use super::performance;
use super::plan::{CheckOptions, Plan, PlannedFeature};
use super::reference;
use super::report::{
    DriftReport, FeatureReport, Finding, FindingKind, LeftOut, PerformanceReport, Role,
    SCHEMA_VERSION, Sides, Status, Thresholds,
};
use crate::profile::{Column, Counted, Profile, ScoredRows};

/// Names and times that a report carries, and that a check does not find out by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The baseline as the user named it.
    pub baseline: String,
    /// The current side as the user named it.
    pub current: String,
    /// Now, RFC 3339 in UTC.
    pub created_at: String,
}

/// Compares `current` with `baseline` as planned.
///
/// # Errors
/// Bad input if labels and scores cannot be understood. Drift is *no* error: it is the report's status.
pub fn check(
    baseline: &Profile,
    current: &Counted,
    plan: &Plan,
    options: &CheckOptions,
    provenance: Provenance,
) -> Result<DriftReport> {
    check_among(baseline, current, plan, options, provenance, 1.0)
}

/// As [`check`], as one of several checks of a run: chance has only this part of its rates here, 1 over
/// `share`.
pub(super) fn check_among(
    baseline: &Profile,
    current: &Counted,
    plan: &Plan,
    options: &CheckOptions,
    provenance: Provenance,
    share: f64,
) -> Result<DriftReport> {
    let rows = Sides {
        baseline: baseline.rows,
        current: current.rows,
    };
    let column = |name: &str| current.columns.iter().find(|column| column.name == name);
    let Candidates {
        features: more,
        findings: repeated,
    } = judge_candidates(&plan.candidates, &column);
    let planned_features: Vec<&PlannedFeature> = plan.features.iter().chain(more).collect();
    let is_feature = |out: &LeftOut| planned_features.iter().any(|one| one.name == out.column);
    let left_out = plan.left_out.iter().filter(|out| !is_feature(out));
    let columns = planned_features.len() + usize::from(plan.score.is_some());
    // Performance is one more thing that chance could alarm by.
    let judges_performance = baseline.outcome.is_some() && current.outcome.is_some();
    let units = (columns + usize::from(judges_performance)).max(1) as f64 * share;
    let context = Context {
        rows,
        levels: Levels::of_check(units),
    };
    let mut features: Vec<FeatureReport> = Vec::new();
    let mut findings: Vec<Finding> = dataset_findings(rows, plan, options);
    findings.extend(repeated);
    findings.extend(header_rows(&baseline.header_rows, &current.header_rows));
    for planned in &planned_features {
        let Some(column) = column(&planned.name) else {
            findings.push(finding(
                Status::Fail,
                FindingKind::AbsentColumn,
                &planned.name,
                &format!("the current side lacks the column \"{}\"", planned.name),
            ));
            continue;
        };
        let (report, found) = compare(
            planned,
            baseline.column(&planned.name),
            column,
            options.judging(&planned.name),
            context,
        );
        features.push(report);
        findings.extend(found);
    }
    let consequences = options.consequences.as_ref().and_then(|consequences| {
        let sides = (units, options.min_rows);
        consequences.judge(&mut features, &mut findings, sides)
    });
    let score = score_of(baseline, plan, options, column, context, &mut findings);
    let mut performance = performance_of(
        (baseline, current),
        plan,
        options,
        units,
        &provenance,
        &mut findings,
    )?;
    if let Some(performance) = &mut performance {
        reference::cap(baseline, &mut performance.status);
    }
    let estimated = estimated_of((baseline, current), plan, options, units);
    if score.is_some() || performance.is_some() {
        findings.extend(reference::finding(baseline));
    }
    sort(&mut features, &mut findings);
    let mut status = verdict(&features, score.as_ref(), &findings, performance.as_ref());
    if let Some(estimated) = &estimated {
        status = status.max(estimated.status);
    }
    Ok(DriftReport {
        schema_version: SCHEMA_VERSION,
        command: "drift".into(),
        churnctl_version: env!("CARGO_PKG_VERSION").into(),
        created_at: provenance.created_at,
        status,
        overall_max_psi: features
            .iter()
            .filter_map(|feature| feature.psi)
            .fold(0.0, f64::max),
        psi_by_feature: features
            .iter()
            .filter_map(|feature| Some((feature.feature.clone(), feature.psi?)))
            .collect(),
        baseline: provenance.baseline,
        current: provenance.current,
        model: options.model.clone(),
        rows,
        thresholds: Thresholds {
            warn_psi: options.thresholds.warn_psi,
            fail_psi: options.thresholds.fail_psi,
            min_rows: options.min_rows,
            sizes: options.thresholds.sizes,
            by_feature: options.thresholds_by_feature.clone(),
        },
        features,
        findings,
        left_out: left_out.cloned().collect(),
        score,
        performance,
        estimated_performance: estimated,
        consequences,
        baseline_scores: baseline.outcome.as_ref().and_then(|outcome| outcome.rows),
        inputs: None,
        settings: None,
        over_time: None,
        history: None,
        windows: Vec::new(),
        alarm: None,
        labels: None,
        segments: None,
        psi_limits: None,
    })
}

fn score_of<'a>(
    baseline: &Profile,
    plan: &Plan,
    options: &CheckOptions,
    column: impl Fn(&str) -> Option<&'a Column>,
    context: Context,
    findings: &mut Vec<Finding>,
) -> Option<FeatureReport> {
    let planned = plan.score.as_ref()?;
    let column = column(&planned.name)?;
    let context = Context {
        rows: Sides {
            baseline: plan.score_rows,
            ..context.rows
        },
        ..context
    };
    let (mut report, found) = compare(
        planned,
        None,
        column,
        options.judging(&planned.name),
        context,
    );
    findings.extend(found);
    reference::cap(baseline, &mut report.status);
    Some(report)
}

fn performance_of(
    (baseline, current): (&Profile, &Counted),
    plan: &Plan,
    options: &CheckOptions,
    units: f64,
    provenance: &Provenance,
    findings: &mut Vec<Finding>,
) -> Result<Option<PerformanceReport>> {
    match (&baseline.outcome, &current.outcome) {
        (Some(before), Some(now)) if !now.by_label.is_empty() && !before.by_label.is_empty() => {
            let report = performance::compare(
                before,
                now,
                plan.roles.positive.as_deref(),
                options.class_threshold,
                units,
                (&provenance.baseline, &provenance.current),
            )?;
            findings.extend(performance::approximations(&report));
            Ok(Some(report))
        }
        _ => {
            findings.extend(no_performance(plan, baseline));
            Ok(None)
        }
    }
}

fn estimated_of(
    (baseline, current): (&Profile, &Counted),
    plan: &Plan,
    options: &CheckOptions,
    units: f64,
) -> Option<EstimatedReport> {
    let column = plan.score.as_ref().and_then(|planned| {
        let mut columns = current.columns.iter();
        columns.find(|column| column.name == planned.name)
    });
    let (Some(outcome), Some(column)) = (&baseline.outcome, column) else {
        return None;
    };
    // Scores of rows that the model learned from promise more than it holds.
    if outcome.rows == Some(ScoredRows::Training) || outcome.by_label.is_empty() {
        return None;
    }
    estimated(
        outcome,
        (column, current.outcome.as_ref()),
        plan.roles.positive.as_deref(),
        options.class_threshold,
        Levels::of_column(units, 1.0),
    )
}

/// Puts the worst first.
fn sort(features: &mut [FeatureReport], findings: &mut [Finding]) {
    features.sort_by(|a, b| {
        b.status
            .cmp(&a.status)
            .then(worst_psi(b).total_cmp(&worst_psi(a)))
            .then(a.feature.cmp(&b.feature))
    });
    findings.sort_by(|a, b| {
        b.status
            .cmp(&a.status)
            .then(a.kind.cmp(&b.kind))
            .then(a.feature.cmp(&b.feature))
    });
}

/// The worst of all that was found. Where that is nothing: OK if anything could be judged, for who
/// asks for twenty features has an answer if one of them is unreadable; but never if nothing was.
fn verdict(
    features: &[FeatureReport],
    score: Option<&FeatureReport>,
    findings: &[Finding],
    performance: Option<&PerformanceReport>,
) -> Status {
    let compared = || {
        let features = features.iter().chain(score).map(|feature| feature.status);
        features.chain(performance.map(|performance| performance.status))
    };
    let worst = compared()
        .chain(findings.iter().map(|finding| finding.status))
        .max()
        .unwrap_or(Status::Fail);
    let too_small = |finding: &Finding| finding.kind == FindingKind::FewRows;
    let is_judged = compared().any(|status| status != Status::TooFewRows);
    match worst {
        Status::Fail | Status::Warn => worst,
        Status::Ok | Status::TooFewRows => {
            if is_judged && !findings.iter().any(too_small) {
                Status::Ok
            } else {
                Status::TooFewRows
            }
        }
    }
}

fn worst_psi(feature: &FeatureReport) -> f64 {
    feature
        .psi
        .unwrap_or(f64::INFINITY)
        .max(feature.missing.psi)
}

fn finding(status: Status, kind: FindingKind, feature: &str, message: &str) -> Finding {
    Finding {
        status,
        kind,
        feature: Some(feature.to_owned()),
        message: message.to_owned(),
    }
}

fn dataset_findings(rows: Sides<u64>, plan: &Plan, options: &CheckOptions) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (side, count) in [("baseline", rows.baseline), ("current side", rows.current)] {
        if count < options.min_rows {
            findings.push(Finding {
                status: Status::TooFewRows,
                kind: FindingKind::FewRows,
                feature: None,
                message: format!(
                    "the {side} has only {count} {}, fewer than {}: too few rows to tell",
                    if count == 1 { "row" } else { "rows" },
                    options.min_rows
                ),
            });
        }
    }
    for name in &plan.only_current {
        let message =
            format!("the baseline lacks the column \"{name}\", though it is named as a feature");
        findings.push(finding(
            Status::Fail,
            FindingKind::AbsentColumn,
            name,
            &message,
        ));
    }
    findings.extend(extra_columns(&plan.extra));
    findings
}

/// Most new columns that get a finding each.
const MAX_EXTRA: usize = 5;

fn extra_columns(names: &[String]) -> Vec<Finding> {
    if names.len() <= MAX_EXTRA {
        let one = |name: &String| {
            let message =
                format!("only the current side has the column \"{name}\"; it is not compared");
            finding(Status::Ok, FindingKind::ExtraColumn, name, &message)
        };
        return names.iter().map(one).collect();
    }
    let first: Vec<&str> = names.iter().take(MAX_EXTRA).map(String::as_str).collect();
    vec![Finding {
        status: Status::Ok,
        kind: FindingKind::ExtraColumn,
        feature: None,
        message: format!(
            "only the current side has {} columns, which are not compared: {} and {} more",
            names.len(),
            first.join(", "),
            names.len() - MAX_EXTRA
        ),
    }]
}

/// Says why there is no word on performance where the user asked for one.
fn no_performance(plan: &Plan, baseline: &Profile) -> Option<Finding> {
    let label = match &plan.roles.label {
        Some(label) => label,
        None if plan.has_late_labels() => "label",
        None => return None,
    };
    let in_baseline = plan.left_out.iter().find(|out| out.role == Role::Score);
    let score = plan.score_name();
    let why = match score.or_else(|| in_baseline.map(|out| out.column.clone())) {
        None => return Some(not_judged(label, "no score column is named with --score")),
        Some(_) if baseline.outcome.is_none() => "the baseline has no scores by label".to_owned(),
        // What became of late labels is said of all predictions together.
        Some(score) if plan.has_late_labels() && plan.current_has(&score) => return None,
        Some(score) if plan.has_late_labels() => {
            format!("the current side has no column \"{score}\" with scores")
        }
        Some(score) => match (plan.current_has(label), plan.current_has(&score)) {
            (true, false) => format!(
                "the current side has the label \"{label}\" but no column \"{score}\" with scores; \
                 `churnctl score --keep {label}` writes both"
            ),
            (false, false) => format!(
                "the current side has neither the label \"{label}\" nor a column \"{score}\" with \
                 scores"
            ),
            (_, true) => "the labels of the current side have not arrived yet".to_owned(),
        },
    };
    Some(not_judged(label, &why))
}

fn not_judged(label: &str, why: &str) -> Finding {
    let message = format!("{why}, so concept drift is not judged");
    finding(Status::Ok, FindingKind::Performance, label, &message)
}
