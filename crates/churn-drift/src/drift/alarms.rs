//! What each alarm policy does with the windows of a run.

use super::alarm::{
    AlarmBudget, AlarmPolicy, AlarmReport, Evidence, PolicyOutcome, WindowEvidence, WindowsOfLast,
};
use super::alarm_process::AlarmProcess;
use super::finding::{Finding, FindingKind};
use super::report::DriftReport;
use super::status::Status;
use super::windowing::Windowing;

/// A window that is judged, as the policies see it.
pub(super) struct Judged<'a> {
    /// Its name.
    pub(super) name: String,
    /// Its verdict in this run.
    pub(super) status: Status,
    /// The check of it as if it were alone; none if it has no rows.
    pub(super) alone: Option<&'a DriftReport>,
    /// Whether it begins where the calendar has windows of this length begin, so that no other one
    /// that does overlaps it.
    pub(super) is_aligned: bool,
    /// Whether the run looks at it, and not only back at it.
    pub(super) is_shown: bool,
    /// Whether it has rows enough to be judged: a Sunday on which nobody works keeps no alarm from Monday.
    pub(super) has_rows: bool,
}

/// Asks every policy, and says which one decides.
pub(super) fn alarms(judged: &[Judged<'_>], windowing: &Windowing, columns: usize) -> AlarmReport {
    let policy = windowing.alarm;
    let (windows, budget) = match policy {
        AlarmPolicy::AnyWindow => (WindowsOfLast::USUAL, AlarmBudget::usual()),
        AlarmPolicy::Windows(windows) => (windows, AlarmBudget::usual()),
        AlarmPolicy::Budget(budget) => (WindowsOfLast::USUAL, Some(budget)),
    };
    let in_windows = budget.and_then(|budget| {
        let limit = budget.windows_per_alarm(windowing.window)?;
        Some((budget, evidence(judged, limit, columns)))
    });
    let mut policies = vec![any_window(judged), of_last(judged, windows)];
    policies.extend(in_windows.as_ref().map(|(budget, evidence)| {
        let alarms = evidence.windows.iter().filter(|window| window.alarm);
        let shown = judged.iter().filter(|window| window.is_shown);
        let names: Vec<&String> = shown.map(|window| &window.name).collect();
        let alarms: Vec<String> = alarms
            .filter(|window| names.contains(&&window.window))
            .map(|window| window.window.clone())
            .collect();
        PolicyOutcome {
            policy: budget.to_string(),
            in_force: false,
            fails: !alarms.is_empty(),
            alarms,
        }
    }));
    let in_force = match policy {
        AlarmPolicy::AnyWindow => 0,
        AlarmPolicy::Windows(_) => 1,
        AlarmPolicy::Budget(_) => 2,
    };
    if let Some(outcome) = policies.get_mut(in_force) {
        outcome.in_force = true;
    }
    AlarmReport {
        policy: policy.to_string(),
        policies,
        windows_before: judged.iter().filter(|window| !window.is_shown).count() as u64,
        evidence: in_windows.map(|(_, evidence)| evidence),
    }
}

fn any_window(judged: &[Judged<'_>]) -> PolicyOutcome {
    let alarms = judged
        .iter()
        .filter(|window| window.is_shown && window.fails());
    let alarms: Vec<String> = alarms.map(|window| window.name.clone()).collect();
    PolicyOutcome {
        policy: AlarmPolicy::AnyWindow.to_string(),
        in_force: false,
        fails: !alarms.is_empty(),
        alarms,
    }
}

fn of_last(judged: &[Judged<'_>], windows: WindowsOfLast) -> PolicyOutcome {
    let fails_at = |end: usize| failing(judged, end, windows).len() >= windows.needed();
    let ends = (1..=judged.len()).filter(|end| {
        let window = &judged[end - 1];
        window.is_shown && window.has_rows && fails_at(*end)
    });
    PolicyOutcome {
        policy: windows.to_string(),
        in_force: false,
        fails: fails_at(judged.len()),
        alarms: ends.map(|end| judged[end - 1].name.clone()).collect(),
    }
}

/// Returns the windows that FAIL of the last ones with rows before `end`.
fn failing<'a>(
    judged: &'a [Judged<'a>],
    end: usize,
    windows: WindowsOfLast,
) -> Vec<&'a Judged<'a>> {
    let with_rows = judged[..end].iter().rev().filter(|window| window.has_rows);
    let last = with_rows.take(windows.last());
    let mut failing: Vec<&Judged<'_>> = last.filter(|window| window.fails()).collect();
    failing.reverse();
    failing
}

fn evidence(judged: &[Judged<'_>], limit: f64, columns: usize) -> Evidence {
    let mut process = AlarmProcess::new(columns);
    let mut windows = Vec::new();
    for window in judged.iter().filter(|window| window.is_aligned) {
        let Some(report) = window.alone else { continue };
        let (evidence, mostly) = process.step(report);
        let alarm = evidence >= limit;
        if alarm {
            process = AlarmProcess::new(columns);
        }
        windows.push(WindowEvidence {
            window: window.name.clone(),
            evidence,
            mostly,
            alarm,
        });
    }
    Evidence { limit, windows }
}

impl Judged<'_> {
    fn fails(&self) -> bool {
        self.status == Status::Fail
    }
}

/// Says what the policy did, where it is one that was asked for and there is something to say.
pub(super) fn finding(
    report: &AlarmReport,
    judged: &[Judged<'_>],
    policy: AlarmPolicy,
) -> Option<Finding> {
    let outcome = report.in_force()?;
    let failed = judged
        .iter()
        .filter(|window| window.is_shown && window.fails());
    let failed = failed.count();
    if !outcome.fails && failed == 0 {
        return None;
    }
    let message = match policy {
        AlarmPolicy::AnyWindow => return None,
        AlarmPolicy::Windows(windows) => {
            let failing: Vec<&str> = failing(judged, judged.len(), windows)
                .into_iter()
                .map(|window| &*window.name)
                .collect();
            let of_last = match windows.last() {
                1 => format!("{} of the last window", failing.len()),
                last => format!("{} of the last {last} windows", failing.len()),
            };
            match (outcome.fails, failing.is_empty()) {
                (true, _) => format!("alarm {policy}: {of_last} FAIL: {}", few(&failing)),
                (false, false) => format!(
                    "no alarm by {policy}: {of_last} FAIL ({}), {} are needed for the run to FAIL",
                    few(&failing),
                    windows.needed()
                ),
                (false, true) => {
                    let before = match windows.last() {
                        1 => "the last one".to_owned(),
                        last => format!("the last {last}"),
                    };
                    format!("no alarm by {policy}: the windows that FAIL lie before {before}")
                }
            }
        }
        AlarmPolicy::Budget(_) => {
            let evidence = report.evidence.as_ref()?;
            let limit = evidence.limit;
            let alarms = evidence.windows.iter().rev().filter(|window| window.alarm);
            let mut alarms = alarms.filter(|window| outcome.alarms.contains(&window.window));
            match (alarms.next(), evidence.windows.last()) {
                (Some(alarm), _) => {
                    let mostly = alarm.mostly.as_ref();
                    let mostly = mostly.map_or(String::new(), |what| format!(", mostly of {what}"));
                    format!(
                        "alarm by the budget of {policy}: at the end of window {} the evidence of drift is {} \
                         (alarm from {limit:.0} on){mostly}",
                        alarm.window,
                        in_short(alarm.evidence)
                    )
                }
                (None, last) => {
                    let found = last.map_or(0.0, |last| last.evidence);
                    format!(
                        "no alarm by the budget of {policy}: though a window FAILs, the evidence of drift is \
                         {} (alarm from {limit:.0} on)",
                        in_short(found)
                    )
                }
            }
        }
    };
    Some(Finding {
        status: if outcome.fails {
            Status::Fail
        } else {
            Status::Warn
        },
        kind: FindingKind::Alarm,
        feature: None,
        message,
    })
}

/// Names three of them, and counts the rest.
fn few(names: &[&str]) -> String {
    const MOST: usize = 3;
    let named = names.iter().rev().take(MOST).rev().copied();
    let named = named.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => named,
        more => format!("{named} and {more} earlier"),
    }
}

/// Writes evidence as a person would: no more digits than it has meaning.
fn in_short(evidence: f64) -> String {
    match evidence {
        large if large >= 10_000.0 => "over 10,000".to_owned(),
        large if large >= 10.0 => format!("{large:.0}"),
        small => format!("{small:.1}"),
    }
}
