//! The check of a current side that was counted by pieces of time: windows are put together of the
//! pieces, and each is judged by the check itself.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use churn_base::error::{Error, Place, Result};
use churn_base::threads::{available, in_order};

use super::alarm::{AlarmPolicy, AlarmReport};
use super::alarms::{self, Judged, alarms};
use super::chance::share_of_chance;
use super::check::{Check, Measured, Provenance};
use super::finding::{Finding, FindingKind};
use super::header_rows::header_rows;
use super::over_time::{OverTime, RowsLeftOut, WindowReport};
use super::plan::{CheckOptions, Plan};
use super::report::{DriftReport, SCHEMA_VERSION_OVER_TIME, Sides, Status};
use super::segment_check::{self, Segments, Span};
use super::segment_findings::{Terms, attach};
use super::segmentation::SegmentBaselines;
use super::window_findings::{of_gaps, of_running, of_times, of_windows};
use super::window_summary::{empty_window, summarise};
use super::windowing::{Against, Windowing};
use crate::profile::{Counted, Grouped, HeaderRows, MAX_PIECES, Profile};

/// A window before it is judged. Times are seconds since 1970-01-01 00:00 by the zone's clock.
struct Window<'w> {
    start: i64,
    end: i64,
    is_complete: bool,
    /// It is judged though it is not complete: it is the first of a history.
    is_running: bool,
    counted: Cow<'w, Counted>,
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
    check_windows_by(
        baseline, current, plan, options, provenance, windowing, None,
    )
}

/// As [`check_windows`], also by segment.
///
/// # Errors
/// As [`check_windows`].
pub fn check_windows_by(
    baseline: &Profile,
    current: &Grouped,
    plan: &Plan,
    options: &CheckOptions,
    provenance: &Provenance,
    windowing: &Windowing,
    segments: Option<&SegmentBaselines>,
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
    let checks = windows
        .iter()
        .map(|window| window.check(baseline, plan, options));
    let checks: Vec<Option<Check<'_>>> = checks.collect();
    let measured = in_order(available(), windows.len(), |at| {
        checks[at].map(Check::measure)
    });
    let judge_all = |share: f64| -> Result<Vec<Option<DriftReport>>> {
        let judged = in_order(available(), windows.len(), |at| {
            let both = checks[at].zip(measured[at].as_ref());
            both.map(|(check, measured)| check.judge(measured, provenance.clone(), share))
        });
        judged.into_iter().map(Option::transpose).collect()
    };
    let alone = judge_all(1.0)?;
    let spans = windows.iter().filter(|window| window.is_shown);
    let spans = spans.map(|window| window.span(baseline, windowing));
    let of_windows_and_segments =
        |segments| Segments::new(segments, current, baseline, spans.collect(), options, plan);
    let mut segments = segments.map(of_windows_and_segments).transpose()?;
    let counted = windows.iter().zip(&measured);
    // Windows with too few rows are not judged: they give chance no further occasion.
    let has_rows = |window: &Window<'_>| window.counted.rows >= options.min_rows.max(1);
    let counted = counted.filter(|(window, _)| window.is_counted() && has_rows(window));
    let of_segments = segments.iter().flat_map(Segments::p_values);
    let checked = counted.clone().count() + segments.as_ref().map_or(0, Segments::checks);
    let p_values = counted.filter_map(|(_, measured)| measured.as_ref());
    let p_values = p_values.flat_map(Measured::p_values).chain(of_segments);
    let share = share_of_chance(checked, p_values);
    if let Some(segments) = &mut segments {
        segments.judge(provenance, share)?;
    }
    let shared = (share > 1.0).then(|| judge_all(share)).transpose()?;
    let reports = shared.as_ref().unwrap_or(&alone);
    let at_top = windows
        .iter()
        .zip(reports)
        .rposition(|(window, report)| window.is_counted() && report.is_some());
    let top = at_top.and_then(|at| Some((at, reports[at].clone()?)));
    let Some((at_top, top)) = top else {
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
        .filter(|(window, _)| window.is_judged() && window.is_complete)
        .map(|(window, (report, alone))| Judged {
            name: report.window.clone(),
            status: report.status,
            alone: alone.as_ref(),
            is_aligned: windowing.window.floor(window.start) == window.start,
            is_shown: window.is_shown,
            has_rows: has_rows(window),
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
    findings.extend(of_running(&shown, windowing));
    findings.extend(header_rows(headers, &current.header_rows));
    let mut report = joined(top, shown, findings, current, windowing, worst);
    report.alarm = Some(alarm);
    if let Some(segments) = &segments {
        let plan = match &windows[at_top].reference {
            Some(Reference::Before(before)) => &before.1,
            Some(Reference::Baseline) | None => plan,
        };
        let unshown = windows.iter().filter(|window| !window.is_shown).count();
        let is_held = windowing.alarm != AlarmPolicy::default();
        let terms = Terms {
            options,
            share,
            plan,
            worst: if is_held { worst } else { Status::Fail },
        };
        attach(&mut report, segments, at_top - unshown, &terms);
    }
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
fn gaps(windows: &[Window<'_>], current: &Grouped, windowing: &Windowing) -> Option<Finding> {
    let mut shown = windows.iter().filter(|window| window.is_shown);
    let (first, last) = (shown.next()?, windows.last()?);
    if windowing.window == windowing.every {
        return None;
    }
    let next = |start: &i64| Some(windowing.every.after(*start, 1));
    // What has not come yet of a window that is under way is not a gap.
    let latest = current.pieces.keys().next_back();
    let end = match latest.filter(|_| last.is_running) {
        Some(latest) => windowing.every.after(*latest, 1),
        None => last.end,
    };
    let all = std::iter::successors(Some(first.start), next).take_while(|start| *start < end);
    let all: Vec<i64> = all.collect();
    let missing = all
        .iter()
        .filter(|start| !current.pieces.contains_key(start));
    let missing: Vec<i64> = missing.copied().collect();
    of_gaps(&missing, all.len(), windowing)
}

/// The current side and how it is cut.
struct Cutting<'a> {
    baseline: &'a Profile,
    plan: &'a Plan,
    current: &'a Grouped,
    windowing: &'a Windowing,
}

impl<'w> Cutting<'w> {
    fn windows(&self, source: &str) -> Result<Vec<Window<'w>>> {
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
            // An hour that clocks leap over has no moment in it.
            if zone.rfc3339(piece) != zone.rfc3339(end) {
                spans.push((window.after(end, -1), end));
            }
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
        let is_running = over == 0 && self.windowing.judges_running;
        if over == 0 && !is_running {
            return Err(self.none_is_complete(source, spans.first().copied()));
        }
        if spans.is_empty() {
            spans.push((*first, window.after(*first, 1)));
        }
        let shown = over.saturating_sub(last.map_or(usize::MAX, NonZeroUsize::get));
        let skipped = shown.saturating_sub(self.windowing.looks_back());
        let window = |at: usize| {
            let (start, end) = spans[skipped + at];
            Ok(Window {
                is_shown: skipped + at >= shown,
                start,
                end,
                is_complete: is_over(end) && !is_running,
                is_running: is_running && skipped + at == 0,
                counted: self.counted(start, end)?,
                reference: self.reference(start, *first)?,
            })
        };
        let windows = in_order(available(), spans.len().saturating_sub(skipped), window);
        windows.into_iter().collect()
    }

    /// Puts the pieces of a time together.
    fn counted(&self, start: i64, end: i64) -> Result<Cow<'w, Counted>> {
        let pieces = self.current.pieces.range(start..end);
        let pieces: Vec<&Counted> = pieces.map(|(_, piece)| piece).collect();
        match pieces.as_slice() {
            [only] => Ok(Cow::Borrowed(*only)),
            pieces => Ok(Cow::Owned(self.plan.count_plan().merged(pieces)?)),
        }
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
        let profile = before.into_owned().into_profile(self.baseline);
        let plan = self.plan.against(&profile);
        Ok(Some(Reference::Before(Box::new((profile, plan)))))
    }

    fn place(&self, source: &str) -> Place {
        place(source, self.windowing)
    }

    fn too_many(&self, source: &str) -> Error {
        let (from, to) = self.extent();
        Error::bad_input(format!(
            "from {from}{} to {to} there are more than {MAX_PIECES} windows, one every {}",
            self.current.times.earliest_line(),
            self.windowing.every
        ))
        .at(self.place(source))
        .hint("are the first and the last time right? A longer --every makes fewer windows")
    }

    fn none_is_complete(&self, source: &str, first: Option<(i64, i64)>) -> Error {
        let (from, to) = self.extent();
        let window = self.windowing.window;
        let why = match first {
            Some((_, end)) => format!(
                "and the first window ends at {}",
                self.windowing.zone.rfc3339(end)
            ),
            None => "which is less than one window".to_owned(),
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

fn nothing_to_judge(windows: &[Window<'_>], windowing: &Windowing, source: &str) -> Error {
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
        .hint(match windowing.last {
            None => "more windows are needed: a shorter --window, or more data",
            Some(_) => "more windows are needed: a shorter --window, more data, or a larger --last",
        })
}

impl Window<'_> {
    /// Returns the check of the window; none if there is nothing to compare.
    fn check<'a>(
        &'a self,
        baseline: &'a Profile,
        plan: &'a Plan,
        options: &'a CheckOptions,
    ) -> Option<Check<'a>> {
        let (baseline, plan) = match self.reference.as_ref()? {
            Reference::Baseline => (baseline, plan),
            Reference::Before(before) => (&before.0, &before.1),
        };
        (self.counted.rows > 0).then_some(Check {
            baseline,
            current: &self.counted,
            outcome: self.counted.outcome.as_ref(),
            plan,
            options,
        })
    }

    fn is_judged(&self) -> bool {
        (self.is_complete || self.is_running) && self.reference.is_some()
    }

    /// Whether it is judged, and looked at.
    fn is_counted(&self) -> bool {
        self.is_judged() && self.is_shown
    }

    /// Returns the window as segments are judged in it.
    fn span(&self, baseline: &Profile, windowing: &Windowing) -> Span {
        let (reference, rows) = match (&self.reference, windowing.against) {
            (None, _) => (segment_check::Reference::Nothing, 0),
            (Some(Reference::Before(before)), Against::Trailing(count)) => {
                let count = i64::try_from(count.get()).unwrap_or(i64::MAX);
                let from = windowing.window.after(self.start, -count);
                let pieces = segment_check::Reference::Pieces(from, self.start);
                (pieces, before.0.rows)
            }
            (Some(_), _) => (segment_check::Reference::Baseline, baseline.rows),
        };
        Span {
            name: windowing.window.name(self.start, self.end),
            ends: (self.start, self.end),
            reference,
            is_judged: self.is_judged(),
            rows: Sides {
                baseline: rows,
                current: self.counted.rows,
            },
        }
    }

    fn report(&self, report: Option<&DriftReport>, windowing: &Windowing) -> WindowReport {
        let name = windowing.window.name(self.start, self.end);
        let rows = Sides {
            baseline: 0,
            current: self.counted.rows,
        };
        let mut shown = WindowReport {
            start: windowing.zone.rfc3339(self.start),
            end: windowing.zone.rfc3339(self.end),
            complete: self.is_complete,
            judged: self.is_judged(),
            ..empty_window(name.clone(), rows)
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
        summarise(&mut shown, report);
        shown
    }
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
        judges_running: _,
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
