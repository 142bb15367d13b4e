//! What is said of the windows as a whole, and of the times by which rows were sorted into them.

use super::finding::{Finding, FindingKind};
use super::over_time::WindowReport;
use super::status::Status;
use super::windowing::Windowing;
use crate::profile::TimesRead;

/// Drifting windows that get a finding each.
const MOST_NAMED: usize = 5;

/// Says which rows are in no window, and what is doubtful about the times of the others.
pub(super) fn of_times(times: &TimesRead, rows: u64, windowing: &Windowing) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |kind, message: String| {
        findings.push(Finding {
            status: Status::Warn,
            kind,
            feature: Some(windowing.column.clone()),
            message,
        });
    };
    let column = &windowing.column;
    if times.missing + times.unreadable > 0 {
        let first = times.first_unreadable.as_ref().map(|(place, text)| {
            let line = place.line.map_or(String::new(), |line| format!(":{line}"));
            format!(", first \"{text}\" at {}{line}", place.file)
        });
        let no_times = [
            (times.missing, "without a time"),
            (times.unreadable, "with a time that cannot be read"),
        ];
        let no_times = no_times.iter().filter(|(count, _)| *count > 0);
        let no_times: Vec<_> = no_times
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        found(
            FindingKind::UnreadableTime,
            format!(
                "{} of {rows} rows are in no window: {} in \"{column}\"{}",
                times.missing + times.unreadable,
                no_times.join(" and "),
                first.unwrap_or_default()
            ),
        );
    }
    if times.future > 0 {
        let latest = times.latest_future.map(|time| windowing.zone.rfc3339(time));
        found(
            FindingKind::FutureTime,
            format!(
                "{} of {rows} rows are in no window: their \"{column}\" lies in the future, the \
                 latest at {}",
                times.future,
                latest.unwrap_or_default()
            ),
        );
    }
    if times.with_offset > 0 && times.without_offset > 0 {
        found(
            FindingKind::MixedZones,
            format!(
                "\"{column}\" names its zone in {} rows and in {} it doesn't; those are taken for \
                 times in {}",
                times.with_offset,
                times.without_offset,
                windowing.zone.name()
            ),
        );
    }
    findings
}

/// Says which pieces have no rows where windows are made of several: such a window has rows all the same, of fewer
/// days than it says. `missing` are the beginnings of those from the first window's to the last.
pub(super) fn of_gaps(missing: &[i64], all: usize, windowing: &Windowing) -> Option<Finding> {
    let every = windowing.every;
    let name = |start: i64| every.name(start, every.after(start, 1));
    let which = match missing {
        [] => return None,
        [one] => name(*one),
        [one, two] => format!("{} and {}", name(*one), name(*two)),
        [first, .., last] => format!("the first {}, the last {}", name(*first), name(*last)),
    };
    let (count, have) = match missing.len() {
        1 => (1, "has"),
        count => (count, "have"),
    };
    Some(Finding {
        status: Status::Warn,
        kind: FindingKind::MissingPieces,
        feature: None,
        message: format!(
            "{count} of {all} pieces of {every} that the windows are made of {have} no rows: {which}"
        ),
    })
}

/// Says that no window is complete yet, and which one is judged all the same.
pub(super) fn of_running(windows: &[WindowReport], windowing: &Windowing) -> Option<Finding> {
    let running = windows.iter().find(|one| one.judged && !one.complete)?;
    Some(Finding {
        status: Status::Ok,
        kind: FindingKind::OneWindow,
        feature: None,
        message: format!(
            "no window of {} is complete yet: {} ends at {}, and is judged by the {} rows that there are; it cannot \
             FAIL before",
            windowing.window, running.window, running.end, running.rows.current
        ),
    })
}

/// Names the windows that drifted, the worst first, and those without rows. No finding about drift is
/// worse than `worst`.
pub(super) fn of_windows(windows: &[WindowReport], worst: Status) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |status, kind, message| {
        findings.push(Finding {
            status,
            kind,
            feature: None,
            message,
        });
    };
    let mut drifted: Vec<&WindowReport> = windows
        .iter()
        .filter(|window| window.judged && window.status >= Status::Warn)
        .collect();
    // The worst first, of those alike the latest.
    drifted.sort_by(|a, b| {
        let psi = |window: &WindowReport| window.max_psi.unwrap_or(0.0);
        let order = b.status.cmp(&a.status);
        order
            .then(psi(b).total_cmp(&psi(a)))
            .then(b.start.cmp(&a.start))
    });
    // A column that is not there is wrong with many windows alike, and is said once.
    let lacks_column = |window: &WindowReport, reason: &str| {
        let is_it = |one: &Finding| one.kind == FindingKind::AbsentColumn && reason == one.message;
        window.findings.iter().any(is_it)
    };
    let mut alike: Vec<(&WindowReport, String, usize)> = Vec::new();
    for window in drifted {
        let reason = window.reason().unwrap_or_default();
        let is_it = |known: &&mut (&WindowReport, String, usize)| {
            known.1 == reason && lacks_column(window, &reason)
        };
        match alike.iter_mut().find(is_it) {
            Some(known) => known.2 += 1,
            None => alike.push((window, reason, 1)),
        }
    }
    for (window, reason, count) in alike.iter().take(MOST_NAMED) {
        let held = match window.status > worst {
            true => format!(" ({})", window.status),
            false => String::new(),
        };
        let which = match count {
            1 => format!("window {}", window.window),
            count => format!("{count} windows, such as {}", window.window),
        };
        let message = format!("{which}{held}: {reason}");
        found(window.status.min(worst), FindingKind::Window, message);
    }
    if let Some((next, _, _)) = alike.get(MOST_NAMED) {
        let more = |is_fail: bool| -> usize {
            let rest = alike[MOST_NAMED..].iter();
            let of_status = rest.filter(|(window, ..)| (window.status == Status::Fail) == is_fail);
            of_status.map(|(_, _, count)| count).sum()
        };
        let (fail, warn) = (more(true), more(false));
        let windows = if fail + warn == 1 {
            "window"
        } else {
            "windows"
        };
        let verdicts = match (fail, warn) {
            (1, 0) | (0, 1) => next.status.to_string(),
            (_, 0) | (0, _) => format!("all {}", next.status),
            _ => format!("{fail} {}, {warn} {}", Status::Fail, Status::Warn),
        };
        let said = format!("{} more {windows}: {verdicts}", fail + warn);
        let message = format!("{said}, such as {}", next.window);
        found(next.status.min(worst), FindingKind::Window, message);
    }
    let empty: Vec<&str> = windows
        .iter()
        .filter(|window| window.complete && window.rows.current == 0)
        .map(|window| &*window.window)
        .collect();
    match empty.as_slice() {
        [] => {}
        [one] => {
            let message = format!("the window {one} has no rows");
            found(Status::Warn, FindingKind::EmptyWindow, message);
        }
        [first, .., last] => {
            let count = empty.len();
            let message = format!("{count} windows have no rows, from {first} to {last}");
            found(Status::Warn, FindingKind::EmptyWindow, message);
        }
    }
    if let [only] = windows
        && only.complete
    {
        let message = format!(
            "all {} rows lie in one window, {}: whether it is filled to its end is not told by them",
            only.rows.current, only.window
        );
        found(Status::Ok, FindingKind::OneWindow, message);
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::sides::Sides;
    use crate::drift::window_summary::empty_window;

    #[test]
    fn windows_that_are_not_named_are_counted_by_verdict() {
        let rows = Sides {
            baseline: 1_000,
            current: 1_000,
        };
        let window = |at: usize| WindowReport {
            status: if at <= MOST_NAMED {
                Status::Fail
            } else {
                Status::Warn
            },
            start: format!("2026-01-{at:02}"),
            ..empty_window(format!("2026-01-{at:02}"), rows)
        };
        let windows: Vec<WindowReport> = (0..MOST_NAMED + 4).map(window).collect();
        let found = of_windows(&windows, Status::Fail);
        let last = found
            .last()
            .map(|finding| (finding.status, &*finding.message));
        let told = "4 more windows: 1 FAIL, 3 WARN, such as 2026-01-00";
        assert_eq!(last, Some((Status::Fail, told)));
    }
}
