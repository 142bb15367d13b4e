//! The check of a current side that was counted by pieces of time: windows are put together of the
//! pieces, and each is judged by the check itself.

use std::num::NonZeroUsize;

use churn_base::error::{Error, Place, Result};

use super::alarm::AlarmReport;
use super::alarms::{self, Judged, alarms};
use super::check::{Provenance, check_among};
use super::finding::{Finding, FindingKind};
use super::header_rows::header_rows;
use super::noise::{FAIL_RATE, TESTS};
use super::over_time::{
    OverTime, RowsLeftOut, WindowDistances, WindowFeature, WindowPerformance, WindowReport,
};
use super::plan::{CheckOptions, Plan};
use super::report::{DriftReport, FeatureReport, SCHEMA_VERSION_OVER_TIME, Sides, Status};
use super::window_findings::{of_gaps, of_times, of_windows};
use super::windowing::{Against, Windowing};
use crate::profile::{Counted, Grouped, HeaderRows, MAX_PIECES, Profile};

/// A window before it is judged. Times are seconds since 1970-01-01 00:00 by the zone's clock.
struct Window {
    start: i64,
    end: i64,
    is_complete: bool,
    counted: Counted,
    /// What it is compared with; none if there is nothing.
    reference: Option<Reference>,
    /// Whether it is looked at; else it only has a part in the alarm policy.
    is_shown: bool,
}

enum Reference {
    Baseline,
    Before(Box<(Profile, Plan)>),
}

/// Judges every window; the report's upper part is that of the last complete one, its status the worst of
/// all that are complete.
///
/// # Errors
/// Bad input if no window is complete or has anything to be compared with; as
/// [`check`](super::check()).
pub fn check_windows(
    baseline: &Profile,
    current: &Grouped,
    plan: &Plan,
    options: &CheckOptions,
    provenance: &Provenance,
    windowing: &Windowing,
) -> Result<DriftReport> {
    // What is wrong with the baseline as a whole is said once, not of every window.
    let headers = &baseline.header_rows;
    let baseline = &Profile {
        header_rows: HeaderRows::default(),
        ..baseline.clone()
    };
    let windows = Cutting {
        baseline,
        plan,
        current,
        windowing,
    }
    .windows(&provenance.current)?;
    let judge = |window: &Window, share: f64| -> Result<Option<DriftReport>> {
        let (reference, plan) = match &window.reference {
            Some(Reference::Baseline) => (baseline, plan),
            Some(Reference::Before(before)) => (&before.0, &before.1),
            None => return Ok(None),
        };
        if window.counted.rows == 0 {
            return Ok(None);
        }
        check_among(
            reference,
            &window.counted,
            plan,
            options,
            provenance.clone(),
            share,
        )
        .map(Some)
    };
    let judge_all = |share: f64| -> Result<Vec<Option<DriftReport>>> {
        windows.iter().map(|window| judge(window, share)).collect()
    };
    let alone = judge_all(1.0)?;
    let counting = || {
        windows
            .iter()
            .zip(&alone)
            .filter(|(window, _)| window.is_counted())
    };
    let share = share_of_chance(
        counting().count(),
        counting().filter_map(|(_, report)| report.as_ref()),
    );
    let shared = (share > 1.0).then(|| judge_all(share)).transpose()?;
    let reports = shared.as_ref().unwrap_or(&alone);
    let Some(top) = windows
        .iter()
        .zip(reports)
        .rev()
        .find_map(|(window, report)| report.clone().filter(|_| window.is_counted()))
    else {
        return Err(nothing_to_judge(&windows, windowing, &provenance.current));
    };
    let all: Vec<WindowReport> = windows
        .iter()
        .zip(reports)
        .map(|(window, report)| window.report(report.as_ref(), windowing))
        .collect();
    let judged: Vec<Judged<'_>> = windows
        .iter()
        .zip(all.iter().zip(&alone))
        .filter(|(window, _)| window.is_judged())
        .map(|(window, (report, alone))| Judged {
            name: report.window.clone(),
            status: report.status,
            alone: alone.as_ref(),
            is_aligned: windowing.window.floor(window.start) == window.start,
            is_shown: window.is_shown,
        })
        .collect();
    let alarm = alarms(&judged, windowing, plan.columns());
    let shown = windows.iter().zip(all);
    let shown: Vec<WindowReport> = shown
        .filter_map(|(window, report)| window.is_shown.then_some(report))
        .collect();
    let worst = worst_of_windows(&alarm);
    let mut findings = of_times(&current.times, current.rows, windowing);
    findings.extend(alarms::finding(&alarm, &judged, windowing.alarm));
    findings.extend(of_windows(&shown, worst));
    findings.extend(gaps(&windows, current, windowing));
    findings.extend(header_rows(headers, &current.header_rows));
    let mut report = joined(top, shown, findings, current, windowing, worst);
    report.alarm = Some(alarm);
    Ok(report)
}

/// Returns the worst that windows make of the run's verdict.
fn worst_of_windows(alarm: &AlarmReport) -> Status {
    match alarm.in_force().is_some_and(|policy| policy.fails) {
        true => Status::Fail,
        false => Status::Warn,
    }
}

/// Says which pieces of the windows have no rows, where that is not said of whole windows.
fn gaps(windows: &[Window], current: &Grouped, windowing: &Windowing) -> Option<Finding> {
    let mut shown = windows.iter().filter(|window| window.is_shown);
    let (first, last) = (shown.next()?, windows.last()?);
    if windowing.window == windowing.every {
        return None;
    }
    let next = |start: &i64| Some(windowing.every.after(*start, 1));
    let all = std::iter::successors(Some(first.start), next).take_while(|start| *start < last.end);
    let all: Vec<i64> = all.collect();
    let missing = all
        .iter()
        .filter(|start| !current.pieces.contains_key(start));
    let missing: Vec<i64> = missing.copied().collect();
    of_gaps(&missing, all.len(), windowing)
}

/// Returns by how much the levels of each check are stricter than those of a check alone, so that
/// chance has its say as often in the whole run: Benjamini and Hochberg's step-up over all features of all
/// windows, whose level is that of a check alone if all of them drifted.
fn share_of_chance<'a>(checks: usize, reports: impl Iterator<Item = &'a DriftReport>) -> f64 {
    let mut p_values: Vec<f64> = reports
        .flat_map(|report| report.features.iter().chain(&report.score))
        .filter_map(|feature| feature.bins_p_value)
        .collect();
    p_values.sort_by(f64::total_cmp);
    let all = p_values.len().max(1) as f64;
    let rejected = p_values
        .iter()
        .enumerate()
        .filter(|(at, p_value)| **p_value * TESTS <= FAIL_RATE * (*at + 1) as f64 / all)
        .map(|(at, _)| at + 1)
        .max()
        .unwrap_or(1);
    (checks as f64 / rejected as f64).max(1.0)
}

/// The current side and how it is cut.
struct Cutting<'a> {
    baseline: &'a Profile,
    plan: &'a Plan,
    current: &'a Grouped,
    windowing: &'a Windowing,
}

impl Cutting<'_> {
    fn windows(&self, source: &str) -> Result<Vec<Window>> {
        let Windowing {
            window,
            every,
            zone,
            last,
            ..
        } = self.windowing;
        let pieces = &self.current.pieces;
        let (Some(first), Some(latest)) = (&self.current.first, pieces.keys().next_back()) else {
            return Ok(Vec::new());
        };
        let now = zone.civil(self.current.now);
        let mut spans = Vec::new();
        let mut piece = *first;
        while piece <= *latest {
            let end = every.after(piece, 1);
            spans.push((window.after(end, -1), end));
            if spans.len() > MAX_PIECES {
                return Err(self.too_many(source));
            }
            piece = end;
        }
        // A window that begins before the data does not show what it would with them.
        if window != every {
            spans.retain(|(start, _)| start >= first);
        }
        let is_over = |end: i64| end <= now || self.current.times.latest >= Some(end);
        let over = spans.iter().filter(|(_, end)| is_over(*end)).count();
        if over == 0 {
            return Err(self.none_is_complete(source, spans.first().copied()));
        }
        let shown = over.saturating_sub(last.map_or(usize::MAX, NonZeroUsize::get));
        let spans = spans.into_iter().enumerate();
        spans
            .skip(shown.saturating_sub(self.windowing.looks_back()))
            .map(|(at, (start, end))| {
                Ok(Window {
                    is_shown: at >= shown,
                    start,
                    end,
                    is_complete: is_over(end),
                    counted: self.counted(start, end)?,
                    reference: self.reference(start, *first)?,
                })
            })
            .collect()
    }

    /// Puts the pieces of a time together.
    fn counted(&self, start: i64, end: i64) -> Result<Counted> {
        let pieces = self.current.pieces.range(start..end);
        let pieces: Vec<&Counted> = pieces.map(|(_, piece)| piece).collect();
        self.plan.count_plan().merged(&pieces)
    }

    fn reference(&self, start: i64, first: i64) -> Result<Option<Reference>> {
        let Against::Trailing(count) = self.windowing.against else {
            return Ok(Some(Reference::Baseline));
        };
        let count = i64::try_from(count.get()).unwrap_or(i64::MAX);
        let from = self.windowing.window.after(start, -count);
        if from < first {
            return Ok(None);
        }
        let before = self.counted(from, start)?;
        if before.rows == 0 {
            return Ok(None);
        }
        let profile = before.into_profile(self.baseline);
        let plan = self.plan.against(&profile);
        Ok(Some(Reference::Before(Box::new((profile, plan)))))
    }

    fn place(&self, source: &str) -> Place {
        place(source, self.windowing)
    }

    fn too_many(&self, source: &str) -> Error {
        let (from, to) = self.extent();
        Error::bad_input(format!(
            "from {from} to {to} there are more than {MAX_PIECES} windows, one every {}",
            self.windowing.every
        ))
        .at(self.place(source))
        .hint("are the first and the last time right? A longer --every makes fewer windows")
    }

    fn none_is_complete(&self, source: &str, first: Option<(i64, i64)>) -> Error {
        let (from, to) = self.extent();
        let window = self.windowing.window;
        let why = match first {
            Some((_, end)) => format!("the first ends at {}", self.windowing.zone.rfc3339(end)),
            None => "it is longer than they are".to_owned(),
        };
        Error::bad_input(format!(
            "no window of {window} is complete: the data reach from {from} to {to}, {why}"
        ))
        .at(self.place(source))
        .hint("a shorter --window, or more data")
    }

    fn extent(&self) -> (String, String) {
        let times = &self.current.times;
        let written = |time: Option<i64>| {
            let time = time.map(|time| self.windowing.zone.rfc3339(time));
            time.unwrap_or_default()
        };
        (written(times.earliest), written(times.latest))
    }
}

fn place(source: &str, windowing: &Windowing) -> Place {
    Place {
        file: source.to_owned(),
        line: None,
        column: Some(windowing.column.clone()),
    }
}

fn nothing_to_judge(windows: &[Window], windowing: &Windowing, source: &str) -> Error {
    let complete = windows.iter().filter(|window| window.is_complete).count();
    let said = match windowing.against {
        Against::Baseline => format!("none of the {complete} complete windows has a row"),
        Against::Trailing(count) => format!(
            "none of the {complete} complete windows has the {count} before it that it would be \
             compared with"
        ),
    };
    Error::bad_input(said)
        .at(place(source, windowing))
        .hint("more windows are needed: a shorter --window, more data, or a larger --last")
}

impl Window {
    fn is_judged(&self) -> bool {
        self.is_complete && self.reference.is_some()
    }

    /// Whether it is judged, and looked at.
    fn is_counted(&self) -> bool {
        self.is_judged() && self.is_shown
    }

    fn report(&self, report: Option<&DriftReport>, windowing: &Windowing) -> WindowReport {
        let name = windowing.window.name(self.start, self.end);
        let mut shown = WindowReport {
            window: name.clone(),
            start: windowing.zone.rfc3339(self.start),
            end: windowing.zone.rfc3339(self.end),
            complete: self.is_complete,
            judged: self.is_judged(),
            status: Status::TooFewRows,
            rows: Sides {
                baseline: 0,
                current: self.counted.rows,
            },
            max_psi: None,
            worst_feature: None,
            features: Vec::new(),
            score: None,
            performance: None,
            findings: Vec::new(),
        };
        let Some(report) = report else {
            if self.counted.rows == 0 && self.is_complete {
                shown.findings.push(Finding {
                    status: Status::Warn,
                    kind: FindingKind::EmptyWindow,
                    feature: None,
                    message: format!("the window {name} has no rows"),
                });
            }
            return shown;
        };
        shown.status = report.status;
        shown.rows = report.rows;
        shown.max_psi = Some(report.overall_max_psi);
        shown.worst_feature = report
            .features
            .first()
            .map(|feature| feature.feature.clone());
        shown.features = report.features.iter().map(feature_of).collect();
        shown.features.sort_by(|a, b| a.feature.cmp(&b.feature));
        shown.score = report.score.as_ref().map(feature_of);
        shown.performance = report
            .performance
            .as_ref()
            .map(|figures| WindowPerformance {
                status: figures.status,
                reasons: figures.reasons.clone(),
                rows: figures.current.rows,
                positives: figures.current.positives,
                roc_auc: figures.current.roc_auc,
                average_precision: figures.current.average_precision,
                log_loss: figures.current.log_loss,
            });
        let worth = report.findings.iter();
        let worth = worth.filter(|finding| finding.status > Status::Ok);
        shown.findings = worth.cloned().collect();
        shown
    }
}

fn feature_of(feature: &FeatureReport) -> WindowFeature {
    WindowFeature {
        feature: feature.feature.clone(),
        status: feature.status,
        psi: feature.psi,
        missing: feature.missing.share.current,
        distances: distances_of(feature),
        reasons: feature.reasons.clone(),
    }
}

/// Returns the distances of a feature beside its PSI, as far as it has them.
fn distances_of(feature: &FeatureReport) -> Option<WindowDistances> {
    // Without a PSI one of the sides has no values, and the distances stand for nothing.
    feature.psi?;
    let numeric = feature.numeric.as_ref();
    let categorical = feature.categorical.as_ref();
    let of_numbers = numeric.map(|one| (one.jensen_shannon_distance, one.hellinger_distance));
    let of_texts = categorical.map(|one| (one.jensen_shannon_distance, one.hellinger_distance));
    let (jensen_shannon, hellinger) = of_numbers.or(of_texts)?;
    Some(WindowDistances {
        jensen_shannon,
        hellinger,
        ks: numeric.map(|numeric| numeric.ks_statistic),
        wasserstein: numeric.and_then(|numeric| numeric.wasserstein_in_standard_deviations),
        l_infinity: categorical.map(|categorical| categorical.l_infinity_distance),
    })
}

/// Puts what is said of the windows below the report of the last one.
fn joined(
    mut report: DriftReport,
    windows: Vec<WindowReport>,
    findings: Vec<Finding>,
    current: &Grouped,
    windowing: &Windowing,
    worst_of_windows: Status,
) -> DriftReport {
    let Windowing {
        column,
        window,
        every,
        zone,
        against,
        last,
        alarm: _,
    } = windowing;
    let statuses = windows.iter().filter(|window| window.judged);
    let statuses: Vec<Status> = statuses.map(|window| window.status).collect();
    let worst = statuses
        .iter()
        .map(|status| (*status).min(worst_of_windows))
        .chain(findings.iter().map(|finding| finding.status))
        .max();
    report.status = match worst {
        Some(worst @ (Status::Warn | Status::Fail)) => worst,
        // As within a check: OK if anything could be judged.
        _ if statuses.contains(&Status::Ok) => Status::Ok,
        _ => Status::TooFewRows,
    };
    report.schema_version = SCHEMA_VERSION_OVER_TIME;
    let mut findings = findings;
    findings.append(&mut report.findings);
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.status), finding.kind));
    report.findings = findings;
    report.over_time = Some(OverTime {
        time: column.clone(),
        window: window.to_string(),
        every: every.to_string(),
        time_zone: zone.name().to_owned(),
        against: against.to_string(),
        last: last.and_then(|last| u64::try_from(last.get()).ok()),
        left_out: RowsLeftOut {
            missing: current.times.missing,
            unreadable: current.times.unreadable,
            future: current.times.future,
        },
    });
    report.windows = windows;
    report
}

impl Counted {
    /// Takes what was counted of earlier windows for a baseline, in the roles of the one it stands for.
    fn into_profile(self, baseline: &Profile) -> Profile {
        Profile {
            rows: self.rows,
            header_rows: HeaderRows::default(),
            columns: self.columns,
            outcome: self.outcome,
            shards: None,
            source: baseline.source.clone(),
            command: baseline.command.clone(),
            created_at: baseline.created_at.clone(),
            churnctl_version: baseline.churnctl_version.clone(),
            schema_version: crate::profile::SCHEMA_VERSION,
            roles: baseline.roles.clone(),
            model_features: baseline.model_features.clone(),
        }
    }
}
