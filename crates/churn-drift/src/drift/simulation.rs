//! Checks of tables that are made up: how often chance alone alarms, and which harm is seen. The
//! tables that the documentation shows come from a script over the program; these are few and
//! seeded, so that a rule that got worse shows in the tests. `CHURNCTL_TEST_FULL=1` runs more; with
//! `--nocapture` the figures are shown, and each alarm with its reason.

#![cfg(test)]
#![expect(clippy::print_stderr, reason = "the figures of a run are its result")]

use std::f64::consts::TAU;

use super::report::{DriftReport, Status};
use super::{CheckOptions, Plan, Provenance, check};
use crate::profile::{self, Column, Counted, HeaderRows, Profile, Roles};

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(super) struct Random(pub(super) u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Above 0 and below 1.
    pub(super) fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }
}

/// A law of one column: a number, or the number of a category.
#[derive(Clone, Copy)]
enum Law {
    Number(fn(&mut Random) -> f64),
    /// Categories, as likely as their rank to the minus that power.
    Zipf(usize, f64),
}

/// Draws categories by bisection of the cumulated weights.
fn zipf(categories: usize, power: f64) -> impl Fn(&mut Random) -> usize {
    let mut sum = 0.0;
    let sums: Vec<f64> = (1..=categories)
        .map(|rank| {
            sum += (rank as f64).powf(-power);
            sum
        })
        .collect();
    move |random| {
        let at = random.uniform() * sum;
        sums.partition_point(|sum| *sum < at).min(categories - 1)
    }
}

fn column(law: Law, name: &str, rows: usize, random: &mut Random) -> Column {
    match law {
        Law::Number(draw) => {
            let values: Vec<f64> = (0..rows).map(|_| draw(random)).collect();
            numbers(name, &values)
        }
        Law::Zipf(categories, power) => {
            let draw = zipf(categories, power);
            let mut counts = vec![0_u64; categories];
            for _ in 0..rows {
                counts[draw(random)] += 1;
            }
            let named = counts
                .into_iter()
                .enumerate()
                .filter(|(_, count)| *count > 0);
            texts(name, named.map(|(at, count)| (format!("c{at}"), count)))
        }
    }
}

fn numbers(name: &str, values: &[f64]) -> Column {
    Column::of_numbers(name, values.iter().copied(), Vec::new())
}

pub(super) fn texts(name: &str, counts: impl Iterator<Item = (String, u64)>) -> Column {
    let counts: Vec<(String, u64)> = counts.collect();
    let borrowed = counts.iter().map(|(text, count)| (text.as_str(), *count));
    Column::of_texts(name, borrowed, 0)
}

pub(super) fn checked(
    baseline: Vec<Column>,
    current: Vec<Column>,
    rows: (u64, u64),
) -> DriftReport {
    let now = "2026-01-01T00:00:00Z".to_owned();
    let names: Vec<String> = baseline.iter().map(|column| column.name.clone()).collect();
    let baseline = Profile {
        schema_version: profile::SCHEMA_VERSION,
        command: "profile".into(),
        churnctl_version: "0".into(),
        created_at: now.clone(),
        source: "baseline".into(),
        rows: rows.0,
        header_rows: HeaderRows::default(),
        shards: None,
        roles: Roles::default(),
        columns: baseline,
        outcome: None,
        segments: Vec::new(),
        model_features: Vec::new(),
    };
    let current = Counted {
        columns: current,
        outcome: None,
        rows: rows.1,
        blank_lines: 0,
        header_rows: HeaderRows::default(),
    };
    let options = CheckOptions {
        features: names.clone(),
        min_rows: 0,
        ..CheckOptions::default()
    };
    let plan = Plan::new(&baseline, &names, &options).expect("columns in common");
    let provenance = Provenance {
        baseline: "baseline".into(),
        current: "current".into(),
        created_at: now,
    };
    check(&baseline, &current, &plan, &options, provenance).expect("no labels")
}

const LAWS: [Law; 14] = [
    Law::Number(|random| random.normal()),
    Law::Number(|random| (40.0 + 15.0 * random.normal()).round()),
    // Half of them zero, the rest with a heavy tail.
    Law::Number(|random| match random.uniform() < 0.5 {
        true => 0.0,
        false => (2.0 * random.normal()).exp(),
    }),
    // Cauchy's law.
    Law::Number(|random| (TAU / 2.0 * (random.uniform() - 0.5)).tan()),
    // Pareto's, without a variance.
    Law::Number(|random| random.uniform().powf(-1.0 / 1.2)),
    Law::Number(|random| f64::from(random.uniform() < 0.1)),
    Law::Number(|random| (-random.uniform().ln() * 3.0).floor()),
    Law::Number(|random| (random.uniform() * 72.0).ceil()),
    Law::Number(|random| f64::from(random.uniform() < 0.01) * random.normal().exp()),
    Law::Zipf(2, 1.0),
    Law::Zipf(5, 0.5),
    Law::Zipf(50, 1.0),
    Law::Zipf(1_000, 0.8),
    Law::Zipf(1_000, 0.0),
];

/// Counts how many of so many checks of two samples of the same laws warned, failed, and could
/// not tell.
fn false_alarms(rows: (usize, usize), checks: u64) -> (usize, usize, usize) {
    let (mut warned, mut failed, mut unjudged) = (0, 0, 0);
    for seed in 0..checks {
        let mut random = Random(seed.wrapping_mul(1_000_003) + rows.0 as u64);
        let mut side = |rows: usize| -> Vec<Column> {
            // Every law, and the first six of them twice: twenty columns.
            (0..20)
                .map(|at| column(LAWS[at % LAWS.len()], &format!("f{at}"), rows, &mut random))
                .collect()
        };
        let (baseline, current) = (side(rows.0), side(rows.1));
        let report = checked(baseline, current, (rows.0 as u64, rows.1 as u64));
        match report.status {
            Status::Fail => failed += 1,
            Status::Warn => warned += 1,
            Status::TooFewRows => unjudged += 1,
            Status::Ok => {}
        }
        if report.status > Status::TooFewRows {
            for feature in report
                .features
                .iter()
                .filter(|f| f.status > Status::TooFewRows)
            {
                eprintln!("{rows:?} {seed} {} {:?}", feature.feature, feature.reasons);
            }
        }
    }
    (warned, failed, unjudged)
}

fn times(few: u64, many: u64) -> u64 {
    match std::env::var_os("CHURNCTL_TEST_FULL") {
        Some(_) => many,
        None => few,
    }
}

#[test]
fn chance_alone_hardly_ever_warns_and_never_fails() {
    for (rows, few, many) in [
        ((30, 30), 200, 4_000),
        ((100, 100), 100, 2_000),
        ((2_000, 100), 50, 1_000),
        ((100, 2_000), 50, 1_000),
        ((2_000, 2_000), 20, 400),
        ((20_000, 20_000), 2, 40),
    ] {
        let checks = times(few, many);
        let (warned, failed, unjudged) = false_alarms(rows, checks);
        eprintln!("{rows:?}: {checks} checks, {warned} WARN, {failed} FAIL, {unjudged} too few");
        // Five in a hundred are promised; twice that in so few is not a surprise.
        assert!(
            warned as u64 <= 1 + checks / 10,
            "{rows:?}: {warned} of {checks} warned"
        );
        assert!(
            failed as u64 <= checks / 1_000,
            "{rows:?}: {failed} of {checks} failed"
        );
    }
}

#[test]
fn long_tails_of_one_law_are_ok() {
    for (categories, rows, few, many) in [(10_000, 20_000, 6, 200), (30_000, 100_000, 2, 40)] {
        let checks = times(few, many);
        let mut alarms = 0;
        for seed in 0..checks {
            let mut random = Random(seed + 77);
            let law = Law::Zipf(categories, 0.8);
            let mut side = || vec![column(law, "plan", rows, &mut random)];
            let (baseline, current) = (side(), side());
            let report = checked(baseline, current, (rows as u64, rows as u64));
            alarms += u64::from(report.status != Status::Ok);
            if report.status != Status::Ok {
                eprintln!(
                    "{categories} {seed} {} {:?}",
                    report.status, report.features[0].reasons
                );
            }
        }
        assert!(
            alarms * 20 <= checks + 19,
            "{categories}: {alarms} of {checks}"
        );
    }
}

/// Two sides of one column by name of the harm.
fn harmed(harm: &str, rows: usize, seed: u64) -> Status {
    let mut random = Random(seed);
    let normals: Vec<f64> = (0..rows).map(|_| random.normal()).collect();
    let fresh: Vec<f64> = (0..rows).map(|_| random.normal()).collect();
    let amounts = |random: &mut Random| -> Vec<f64> {
        (0..rows)
            .map(|_| (3.0 + 0.7 * random.normal()).exp())
            .collect()
    };
    let binary = |share: f64, random: &mut Random| -> Vec<f64> {
        (0..rows)
            .map(|_| f64::from(random.uniform() < share))
            .collect()
    };
    let plans = |swap: f64, random: &mut Random| {
        let mut counts = [0_u64; 3];
        for _ in 0..rows {
            let at = random.uniform();
            let plan = if at < 0.55 {
                0
            } else if at < 0.79 {
                1
            } else {
                2
            };
            counts[if random.uniform() < swap {
                [1, 0, 2][plan]
            } else {
                plan
            }] += 1;
        }
        let names = ["month", "year", "two"].map(str::to_owned);
        texts("x", names.into_iter().zip(counts))
    };
    let some = |values: &[f64], share: f64, random: &mut Random, change: fn(f64) -> f64| {
        let values: Vec<f64> = values
            .iter()
            .map(|&value| {
                if random.uniform() < share {
                    change(value)
                } else {
                    value
                }
            })
            .collect();
        numbers("x", &values)
    };
    let (baseline, current) = match harm {
        "mean +.1 sd" => (
            numbers("x", &normals),
            some(&fresh, 1.0, &mut random, |x| x + 0.1),
        ),
        "mean +.2 sd" => (
            numbers("x", &normals),
            some(&fresh, 1.0, &mut random, |x| x + 0.2),
        ),
        "mean +.5 sd" => (
            numbers("x", &normals),
            some(&fresh, 1.0, &mut random, |x| x + 0.5),
        ),
        "sd x1.25" => (
            numbers("x", &normals),
            some(&fresh, 1.0, &mut random, |x| x * 1.25),
        ),
        "10 % mixture" => (
            numbers("x", &normals),
            some(&fresh, 0.1, &mut random, |x| x + 2.0),
        ),
        "5 % at -999" => (
            numbers("x", &normals),
            some(&fresh, 0.05, &mut random, |_| -999.0),
        ),
        "5 % at 0" => (
            numbers("x", &normals),
            some(&fresh, 0.05, &mut random, |_| 0.0),
        ),
        "one value of 1e9" => {
            let mut values = fresh;
            values[0] = 1e9;
            (numbers("x", &normals), numbers("x", &values))
        }
        "10 % in cents" => {
            let (baseline, current) = (amounts(&mut random), amounts(&mut random));
            (
                numbers("x", &baseline),
                some(&current, 0.1, &mut random, |x| x * 100.0),
            )
        }
        "top decile x10" => {
            let (baseline, current) = (amounts(&mut random), amounts(&mut random));
            // exp(3 + .7 * 1.2816), the last decile of the law.
            let top = |x: f64| if x > 49.26 { x * 10.0 } else { x };
            (
                numbers("x", &baseline),
                some(&current, 1.0, &mut random, top),
            )
        }
        "gap" => {
            let two = |x: f64| if x < 0.0 { x - 6.0 } else { x + 6.0 };
            let baseline: Vec<f64> = normals.iter().map(|x| two(*x)).collect();
            let current: Vec<f64> = fresh.iter().map(|x| two(*x)).collect();
            let between = |x: f64| x / 4.0;
            (
                numbers("x", &baseline),
                some(&current, 0.02, &mut random, between),
            )
        }
        "flag 10 -> 20 %" => {
            let (baseline, current) = (binary(0.1, &mut random), binary(0.2, &mut random));
            (numbers("x", &baseline), numbers("x", &current))
        }
        "flag 2 -> 4 %" => {
            let (baseline, current) = (binary(0.02, &mut random), binary(0.04, &mut random));
            (numbers("x", &baseline), numbers("x", &current))
        }
        "two plans swapped in 30 %" => (plans(0.0, &mut random), plans(0.3, &mut random)),
        "plans renamed" => {
            let (old, new) = (rows as u64 / 2, rows as u64 - rows as u64 / 2);
            let named = |a: &str, b: &str| {
                texts("x", [(a.to_owned(), old), (b.to_owned(), new)].into_iter())
            };
            (named("A", "B"), named("a", "b"))
        }
        "new plan of 10 %" => {
            let all = rows as u64;
            let named = |new: u64| {
                let counts = [("A", all / 2), ("B", all - all / 2 - new), ("C", new)];
                let counts = counts.into_iter().filter(|(_, count)| *count > 0);
                texts("x", counts.map(|(name, count)| (name.to_owned(), count)))
            };
            (named(0), named(all / 10))
        }
        other => panic!("no harm of this name: {other}"),
    };
    checked(vec![baseline], vec![current], (rows as u64, rows as u64)).status
}

const HARMS: [(&str, Status); 16] = [
    ("mean +.1 sd", Status::Warn),
    ("mean +.2 sd", Status::Warn),
    ("mean +.5 sd", Status::Warn),
    ("sd x1.25", Status::Warn),
    ("10 % mixture", Status::Warn),
    ("5 % at -999", Status::Fail),
    ("5 % at 0", Status::Warn),
    ("one value of 1e9", Status::Warn),
    ("10 % in cents", Status::Fail),
    ("top decile x10", Status::Fail),
    ("gap", Status::Warn),
    ("flag 10 -> 20 %", Status::Warn),
    ("flag 2 -> 4 %", Status::Warn),
    ("two plans swapped in 30 %", Status::Warn),
    ("plans renamed", Status::Fail),
    ("new plan of 10 %", Status::Fail),
];

#[test]
fn harm_is_seen_at_twenty_thousand_rows() {
    for (harm, at_least) in HARMS {
        for seed in 0..times(1, 10) {
            let status = harmed(harm, 20_000, seed);
            assert!(status >= at_least, "{harm}, seed {seed}: {status}");
        }
    }
}

#[test]
fn harm_that_two_thousand_rows_show_is_seen() {
    let unseen = ["mean +.1 sd", "gap"];
    for (harm, _) in HARMS {
        let seen = (0..4).filter(|seed| harmed(harm, 2_000, *seed) > Status::TooFewRows);
        let seen = seen.count();
        eprintln!("{harm}: {seen} of 4");
        assert!(seen >= 3 || unseen.contains(&harm), "{harm}: {seen} of 4");
    }
}
