//! Alarm policies over windows that are made up.

#![cfg(test)]

use super::AlarmProcess;
use super::alarm::AlarmPolicy;
use super::alarms::{Judged, alarms, finding};
use super::noise::FAIL_RATE;
use super::report::DriftReport;
use super::simulation::{Random, checked, texts};
use super::status::Status;
use super::windowing::{Against, Windowing};
use crate::profile::Column;

fn windowing(alarm: &str) -> Windowing {
    Windowing {
        column: "scored_at".into(),
        window: "1d".parse().expect("a period"),
        every: "1d".parse().expect("a period"),
        zone: "UTC".parse().expect("a zone"),
        against: Against::Baseline,
        judges_running: false,
        last: None,
        alarm: alarm.parse().expect("a policy"),
    }
}

fn windows<'a>(statuses: &[Status], alone: &'a [DriftReport], shown: usize) -> Vec<Judged<'a>> {
    let first = statuses.len() - shown;
    let windows = statuses.iter().enumerate();
    windows
        .map(|(at, status)| Judged {
            name: format!("w{at}"),
            status: *status,
            alone: alone.get(at),
            is_aligned: true,
            is_shown: at >= first,
            has_rows: true,
        })
        .collect()
}

const OK: Status = Status::Ok;
const FAIL: Status = Status::Fail;

#[test]
fn two_of_the_last_three_are_needed() {
    for (statuses, fails, alarmed) in [
        (vec![OK, OK, FAIL], false, vec![]),
        (vec![FAIL, OK, FAIL], true, vec!["w2"]),
        (vec![FAIL, OK, OK, FAIL], false, vec![]),
        // They have passed.
        (vec![FAIL, FAIL, OK, OK], false, vec!["w1", "w2"]),
        (vec![FAIL], false, vec![]),
        (
            vec![Status::Warn, Status::Warn, Status::Warn],
            false,
            vec![],
        ),
    ] {
        let judged = windows(&statuses, &[], statuses.len());
        let report = alarms(&judged, &windowing("2/3"), 1);
        let policy = report.in_force().expect("a policy in force");
        assert_eq!(
            (policy.fails, &policy.policy[..]),
            (fails, "2/3"),
            "{statuses:?}"
        );
        assert_eq!(policy.alarms, alarmed, "{statuses:?}");
        assert_eq!(report.policies[0].fails, statuses.contains(&FAIL));
    }
}

#[test]
fn windows_before_those_looked_at_count_for_the_last_three_and_not_for_any() {
    let judged = windows(&[FAIL, OK, FAIL], &[], 1);
    let report = alarms(&judged, &windowing("2/3"), 1);
    assert_eq!(report.windows_before, 2);
    assert_eq!(report.policies[0].alarms, ["w2"]);
    assert!(report.policies[1].fails);
    let judged = windows(&[FAIL, FAIL, OK], &[], 1);
    let report = alarms(&judged, &windowing("2/3"), 1);
    assert!(!report.policies[0].fails && report.policies[1].fails);
}

#[test]
fn a_window_that_fails_alone_is_said_to_be_held_back() {
    let judged = windows(&[OK, OK, FAIL], &[], 3);
    let by = |policy: &str| {
        let policy: AlarmPolicy = policy.parse().expect("a policy");
        let report = alarms(&judged, &windowing(&policy.to_string()), 1);
        finding(&report, &judged, policy)
    };
    let held = by("2/3").expect("a finding");
    assert_eq!(held.status, Status::Warn);
    assert_eq!(
        held.message,
        "no alarm by 2/3: 1 of the last 3 windows FAIL (w2), 2 are needed for the run to FAIL"
    );
    assert_eq!(by("1/3").expect("a finding").status, FAIL);
    assert_eq!(by("any"), None);
}

/// A baseline of rows of two columns, and how its windows are drawn.
fn drawn(rows: usize, share: f64, random: &mut Random) -> Vec<Column> {
    let mut counts = [0_u64; 3];
    let mut flags = [0_u64; 2];
    for _ in 0..rows {
        let at = random.uniform();
        counts[if at < share {
            0
        } else if at < share + 0.25 {
            1
        } else {
            2
        }] += 1;
        flags[usize::from(random.uniform() < 0.1)] += 1;
    }
    let named = |names: &[&str], counts: &[u64]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        names.into_iter().zip(counts.to_vec())
    };
    vec![
        texts("contract", named(&["month", "year", "two"], &counts)),
        texts("senior", named(&["no", "yes"], &flags)),
    ]
}

/// Counts alarms of a budget of so many windows in a sequence of windows without drift.
fn false_alarms(rows: (usize, usize), windows: usize, seed: u64) -> usize {
    let mut random = Random(seed);
    let baseline = drawn(rows.0, 0.55, &mut random);
    let mut process = AlarmProcess::new(2);
    let mut alarms = 0;
    for _ in 0..windows {
        let current = drawn(rows.1, 0.55, &mut random);
        let report = checked(baseline.clone(), current, (rows.0 as u64, rows.1 as u64));
        if process.step(&report).0 >= 365.0 {
            alarms += 1;
            process = AlarmProcess::new(2);
        }
    }
    alarms
}

#[test]
fn chance_stays_within_the_budget_whatever_the_baseline() {
    // 8 years each of daily windows; a budget of one a year allows 8. The worst is a small baseline, which
    // is off by the same in every window, checked with windows that show it.
    for rows in [(2_000, 300), (300, 300), (100, 3_000)] {
        let alarms: usize = (0..8).map(|seed| false_alarms(rows, 365, seed + 90)).sum();
        assert!(alarms <= 8, "{rows:?}: {alarms}");
    }
}

#[test]
fn a_drift_that_only_warns_alarms_when_it_goes_on() {
    let mut random = Random(5);
    let baseline = drawn(4_000, 0.55, &mut random);
    let mut process = AlarmProcess::new(2);
    let mut first = None;
    for at in 0..40 {
        // .18 ln(.55 / .37) + .18 ln(.38 / .2) = .187.
        let current = drawn(1_000, 0.37, &mut random);
        let report = checked(baseline.clone(), current, (4_000, 1_000));
        assert_ne!(report.status, FAIL, "{:?}", report.features[0].reasons);
        let (evidence, mostly) = process.step(&report);
        if evidence >= 365.0 {
            assert_eq!(mostly.as_deref(), Some("contract"));
            first = Some(at);
            break;
        }
    }
    assert!(first.is_some_and(|at| at >= 1), "{first:?}");
}

#[test]
fn a_window_that_fails_is_rarer_by_chance_than_a_daily_budget() {
    let mut random = Random(9);
    let baseline = drawn(4_000, 0.55, &mut random);
    let current = drawn(2_000, 0.2, &mut random);
    let report = checked(baseline, current, (4_000, 2_000));
    assert_eq!(report.status, FAIL);
    let (evidence, _) = AlarmProcess::new(2).step(&report);
    assert!(evidence >= 0.5 / FAIL_RATE, "{evidence}");
}

#[test]
fn windows_without_rows_keep_no_alarm_from_those_beside_them() {
    // Friday and Monday FAIL, nobody worked in between.
    let mut judged = windows(&[FAIL, OK, OK, FAIL], &[], 4);
    judged[1].has_rows = false;
    judged[2].has_rows = false;
    let report = alarms(&judged, &windowing("2/3"), 1);
    let policy = report.in_force().expect("a policy");
    assert_eq!(
        (policy.fails, policy.alarms.as_slice()),
        (true, &["w3".to_owned()][..])
    );
}
