//! The check itself: a planned baseline and a counted current side into one report.

use churn_base::error::Result;

use super::estimated::{EstimatedReport, estimated};
use super::feature::Comparison;
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
use crate::profile::{Counted, Outcome, Profile, ScoredRows};

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
    let check = Check {
        baseline,
        current,
        outcome: current.outcome.as_ref(),
        plan,
        options,
    };
    check.judge(&check.measure(), provenance, 1.0)
}

/// Both sides of a check, and what is asked of them.
#[derive(Clone, Copy)]
pub(super) struct Check<'a> {
    pub(super) baseline: &'a Profile,
    pub(super) current: &'a Counted,
    /// Labels and scores of the current side, if they are to count.
    pub(super) outcome: Option<&'a Outcome>,
    pub(super) plan: &'a Plan,
    pub(super) options: &'a CheckOptions,
}

/// What was measured of both sides. What it says beyond chance depends on how many checks a run makes, and is
/// judged when all are measured.
pub(super) struct Measured {
    features: Vec<Comparison>,
    /// Features that the current side lacks.
    absent: Vec<String>,
    /// Columns of the baseline that are not features.
    left_out: Vec<LeftOut>,
    score: Option<Comparison>,
    /// What is to be said of identifiers.
    identifiers: Vec<Finding>,
    /// What chance could alarm by.
    units: usize,
}

impl Measured {
    /// Returns the p-values of the bins of all features and the score.
    pub(super) fn p_values(&self) -> impl Iterator<Item = f64> {
        let compared = self.features.iter().chain(&self.score);
        compared.filter_map(Comparison::bins_p_value)
    }
}

impl Check<'_> {
    /// Measures every feature and the score.
    pub(super) fn measure(self) -> Measured {
        let Self {
            baseline,
            current,
            plan,
            options,
            ..
        } = self;
        let rows = self.rows();
        let column = |name: &str| current.columns.iter().find(|column| column.name == name);
        let Candidates {
            features: more,
            findings: identifiers,
        } = judge_candidates(&plan.candidates, &column);
        let planned: Vec<&PlannedFeature> = plan.features.iter().chain(more).collect();
        let is_feature = |out: &&LeftOut| !planned.iter().any(|one| one.name == out.column);
        let left_out = plan.left_out.iter().filter(is_feature).cloned().collect();
        let compared = |planned: &PlannedFeature, own, rows| {
            let current = column(&planned.name)?;
            let judging = options.judging(&planned.name);
            Some(Comparison::of(planned, own, current, judging, rows))
        };
        let mut features = Vec::new();
        let mut absent = Vec::new();
        for planned in &planned {
            match compared(planned, baseline.column(&planned.name), rows) {
                Some(comparison) => features.push(comparison),
                None => absent.push(planned.name.clone()),
            }
        }
        let of_scores = Sides {
            baseline: plan.score_rows,
            ..rows
        };
        let score = plan.score.as_ref();
        Measured {
            features,
            absent,
            left_out,
            score: score.and_then(|planned| compared(planned, None, of_scores)),
            identifiers,
            units: planned.len() + usize::from(score.is_some()),
        }
    }

    fn rows(self) -> Sides<u64> {
        Sides {
            baseline: self.baseline.rows,
            current: self.current.rows,
        }
    }

    /// Judges what was measured as one of several checks of a run: chance has only this part of its rates here, 1
    /// over `share`.
    ///
    /// # Errors
    /// As [`check`].
    pub(super) fn judge(
        self,
        measured: &Measured,
        provenance: Provenance,
        share: f64,
    ) -> Result<DriftReport> {
        let Self {
            baseline,
            current,
            plan,
            options,
            ..
        } = self;
        let rows = self.rows();
        // Performance is one more thing that chance could alarm by.
        let judges_performance = baseline.outcome.is_some() && self.outcome.is_some();
        let units = (measured.units + usize::from(judges_performance)).max(1) as f64 * share;
        let levels = Levels::of_check(units);
        let mut features: Vec<FeatureReport> = Vec::new();
        let mut findings: Vec<Finding> = dataset_findings(rows, plan, options);
        findings.extend(measured.identifiers.iter().cloned());
        findings.extend(header_rows(&baseline.header_rows, &current.header_rows));
        findings.extend(measured.absent.iter().map(|name| {
            let message = format!("the current side lacks the column \"{name}\"");
            finding(Status::Fail, FindingKind::AbsentColumn, name, &message)
        }));
        for comparison in &measured.features {
            let (report, found) = comparison.judge(levels);
            features.push(report);
            findings.extend(found);
        }
        let consequences = options.consequences.as_ref().and_then(|consequences| {
            let sides = (units, options.min_rows);
            consequences.judge(&mut features, &mut findings, sides)
        });
        let multivariate = options.multivariate.as_ref();
        let multivariate =
            multivariate.map(|measured| measured.judge(options.min_rows, &mut findings));
        let score = measured.score.as_ref().map(|comparison| {
            let (mut report, found) = comparison.judge(levels);
            findings.extend(found);
            reference::cap(baseline, &mut report.status);
            report
        });
        let mut performance = self.performance(units, &provenance, &mut findings)?;
        if let Some(performance) = &mut performance {
            reference::cap(baseline, &mut performance.status);
        }
        let mut estimated = self.estimated(units);
        if let Some(costs) = options.costs {
            if let Some(report) = &mut performance {
                report.baseline.add_cost(costs);
                report.current.add_cost(costs);
            }
            if let Some(report) = &mut estimated {
                report.add_cost(costs);
            }
        }
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
            left_out: measured.left_out.clone(),
            score,
            performance,
            estimated_performance: estimated,
            consequences,
            multivariate,
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

    fn performance(
        self,
        units: f64,
        provenance: &Provenance,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<PerformanceReport>> {
        let Self {
            baseline,
            plan,
            options,
            ..
        } = self;
        match (&baseline.outcome, self.outcome) {
            (Some(before), Some(now))
                if !now.by_label.is_empty() && !before.by_label.is_empty() =>
            {
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

    fn estimated(self, units: f64) -> Option<EstimatedReport> {
        let column = self.plan.score.as_ref().and_then(|planned| {
            let mut columns = self.current.columns.iter();
            columns.find(|column| column.name == planned.name)
        });
        let (Some(outcome), Some(column)) = (&self.baseline.outcome, column) else {
            return None;
        };
        // Scores of rows that the model learned from promise more than it holds.
        if outcome.rows == Some(ScoredRows::Training) || outcome.by_label.is_empty() {
            return None;
        }
        let multivariate = self.options.multivariate.as_ref();
        let reweighted = multivariate.and_then(|measured| measured.reweighted.as_ref());
        estimated(
            outcome,
            (column, self.outcome),
            reweighted,
            self.plan.roles.positive.as_deref(),
            self.options.class_threshold,
            Levels::of_column(units, 1.0),
        )
    }
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
