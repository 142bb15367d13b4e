//! The alarm policies of a drift report in words: which decides, and what each would have done.

use crate::drift::alarm::{AlarmReport, PolicyOutcome};
use crate::drift::report::DriftReport;

/// Windows that are named one by one.
const MOST_NAMED: usize = 3;

/// Returns a line for each policy, the one in force marked: `2/3: no alarm`, `1/year: alarm at 2026-01-30;
/// evidence 1,000, alarm from 365 on`. Empty if there are no windows.
#[must_use]
pub(super) fn lines(report: &DriftReport) -> Vec<String> {
    let Some(alarm) = &report.alarm else {
        return Vec::new();
    };
    let policies = alarm.policies.iter().enumerate();
    policies
        .map(|(at, policy)| {
            let name = name(policy);
            let mark = if policy.in_force { " (in force)" } else { "" };
            let evidence = if at == 2 {
                evidence(alarm)
            } else {
                String::new()
            };
            format!("{name}{mark}: {}{evidence}", outcome(policy, report))
        })
        .collect()
}

/// Returns what the policy in force did, for the verdict's sentence; none where it is the default.
#[must_use]
pub(super) fn part_of_sentence(report: &DriftReport) -> Option<String> {
    let policy = report.alarm.as_ref()?.in_force()?;
    (policy.policy != "any").then(|| format!("{}: {}", name(policy), outcome(policy, report)))
}

fn name(policy: &PolicyOutcome) -> String {
    match &*policy.policy {
        "any" => "alarm by any window that FAILs".to_owned(),
        other => format!("alarm by {other}"),
    }
}

fn outcome(policy: &PolicyOutcome, report: &DriftReport) -> String {
    let named: Vec<&str> = policy
        .alarms
        .iter()
        .rev()
        .take(MOST_NAMED)
        .rev()
        .map(|name| &**name)
        .collect();
    let more = match policy.alarms.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} earlier"),
    };
    let named = format!("{}{more}", named.join(", "));
    match (policy.fails, policy.alarms.is_empty()) {
        (_, true) => "none".to_owned(),
        (true, false) => format!("at {named}"),
        // Of the last windows only, and they have passed.
        (false, false) => {
            let last = report.windows.iter().rev().find(|window| window.judged);
            let last = last.map_or("the end", |window| &*window.window);
            format!("at {named}, not at {last}")
        }
    }
}

fn evidence(alarm: &AlarmReport) -> String {
    let Some(evidence) = &alarm.evidence else {
        return String::new();
    };
    let Some(last) = evidence.windows.last() else {
        return String::new();
    };
    let found = match last.evidence {
        large if large >= 10_000.0 => "over 10,000".to_owned(),
        other => format!("{other:.1}"),
    };
    let mostly = match &last.mostly {
        Some(what) => format!(", mostly of {}", crate::text::shorten(what, 40)),
        None => String::new(),
    };
    format!(
        "; evidence {found} (alarm from {:.0} on){mostly}",
        evidence.limit
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::sample;

    #[test]
    fn each_policy_has_a_line_and_the_one_in_force_is_marked() {
        let mut report = sample::over_time();
        assert_eq!(
            lines(&report),
            [
                "alarm by any window that FAILs (in force): at 2026-01-02",
                "alarm by 2/3: none",
                "alarm by 1/year: at 2026-01-02; evidence 0.7 (alarm from 365 on)",
            ]
        );
        assert_eq!(part_of_sentence(&report), None);
        let alarm = report.alarm.as_mut().expect("an alarm section");
        alarm.policies[0].in_force = false;
        alarm.policies[1].in_force = true;
        assert_eq!(
            part_of_sentence(&report).as_deref(),
            Some("alarm by 2/3: none")
        );
        assert!(lines(&sample::calm()).is_empty());
    }
}
