//! How often alarm policies over daily windows alarm by chance, and how long they take to see a drift.
//!
//! `cargo run --release -p churn-drift --example alarm_policies -- [YEARS]`
//!
//! Draws years of daily windows, each year with a baseline of its own, and checks every window. Counts the
//! alarms of a single window that FAILs, of 2 of the last 3, and of a budget of 1/year. Prints the tables
//! of docs/statistics.md; no assertion.
#![allow(clippy::print_stdout, reason = "a simulation shows what it finds")]

use std::fmt::Write as _;
use std::thread;

use churn_drift::drift::{
    AlarmProcess, CheckOptions, DriftReport, Plan, Provenance, Status, check,
};
use churn_drift::profile::{Column, Counted, HeaderRows, Profile, Roles, SCHEMA_VERSION};
use churn_drift::stats::bootstrap::SplitMix64;
use serde_json::json;
use statrs::distribution::{ChiSquared, ContinuousCDF};

const DAYS: usize = 365;
/// A budget of one alarm a year.
const LIMIT: f64 = 365.2425;
/// Windows before a drift begins, and how long it is waited for.
const BEFORE: usize = 20;
const WAIT: usize = 120;
const COLUMNS: [&str; 5] = ["contract", "payment", "senior", "tenure", "calls"];

/// The law of a column: cumulated shares of its values.
struct Law {
    name: &'static str,
    is_number: bool,
    cumulated: Vec<f64>,
}

impl Law {
    fn new(name: &'static str, is_number: bool, shares: &[f64]) -> Self {
        let whole: f64 = shares.iter().sum();
        let mut sum = 0.0;
        let cumulated = shares.iter().map(|share| {
            sum += share / whole;
            sum
        });
        Self {
            name,
            is_number,
            cumulated: cumulated.collect(),
        }
    }

    fn draw(&self, rows: usize, random: &mut SplitMix64) -> Column {
        let mut counts = vec![0_u64; self.cumulated.len()];
        for _ in 0..rows {
            let at = random.next_unit();
            let value = self.cumulated.partition_point(|sum| *sum <= at);
            counts[value.min(self.cumulated.len() - 1)] += 1;
        }
        let mut values = serde_json::Map::new();
        for (value, count) in counts
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0)
        {
            let name = if self.is_number {
                value.to_string()
            } else {
                format!("{}{value}", self.name)
            };
            values.insert(name, count.into());
        }
        let column = json!({ "name": self.name, "values": values });
        serde_json::from_value(column).expect("a column")
    }
}

/// Shares of contracts, moved so far that their PSI is this.
fn contracts(psi: f64) -> Vec<f64> {
    let usual = [0.55, 0.25, 0.2];
    let moved = |part: f64| -> Vec<f64> {
        let turned = usual.iter().rev();
        usual
            .iter()
            .zip(turned)
            .map(|(a, b)| a + part * (b - a))
            .collect()
    };
    let psi_of = |shares: &[f64]| -> f64 {
        usual
            .iter()
            .zip(shares)
            .map(|(p, q)| (q - p) * (q / p).ln())
            .sum()
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if psi_of(&moved(middle)) < psi {
            low = middle;
        } else {
            high = middle;
        }
    }
    moved(low)
}

fn laws(contract: &[f64]) -> Vec<Law> {
    let zipf = |count: u32, power: f64| -> Vec<f64> {
        (1..=count)
            .map(|rank| f64::from(rank).powf(-power))
            .collect()
    };
    // Poisson's law with a mean of 3.
    let calls = (0..15).scan(1.0, |weight, at| {
        if at > 0 {
            *weight *= 3.0 / f64::from(at);
        }
        Some(*weight)
    });
    vec![
        Law::new(COLUMNS[0], false, contract),
        Law::new(COLUMNS[1], false, &zipf(12, 1.0)),
        Law::new(COLUMNS[2], false, &[0.9, 0.1]),
        Law::new(COLUMNS[3], true, &[1.0; 72]),
        Law::new(COLUMNS[4], true, &calls.collect::<Vec<f64>>()),
    ]
}

/// A baseline and what is checked against it.
struct Checks {
    baseline: Profile,
    plan: Plan,
    options: CheckOptions,
}

impl Checks {
    fn new(laws: &[Law], rows: usize, random: &mut SplitMix64) -> Self {
        let names: Vec<String> = COLUMNS.map(str::to_owned).to_vec();
        let baseline = Profile {
            schema_version: SCHEMA_VERSION,
            command: "profile".into(),
            churnctl_version: "0".into(),
            created_at: "2026-01-01T00:00:00Z".into(),
            source: "baseline".into(),
            rows: rows as u64,
            header_rows: HeaderRows::default(),
            shards: None,
            roles: Roles::default(),
            columns: laws.iter().map(|law| law.draw(rows, random)).collect(),
            outcome: None,
            segments: Vec::new(),
            model_features: Vec::new(),
        };
        let options = CheckOptions {
            features: names.clone(),
            ..CheckOptions::default()
        };
        let plan = Plan::new(&baseline, &names, &options).expect("columns in common");
        Self {
            baseline,
            plan,
            options,
        }
    }

    fn window(&self, laws: &[Law], rows: usize, random: &mut SplitMix64) -> DriftReport {
        let current = Counted {
            columns: laws.iter().map(|law| law.draw(rows, random)).collect(),
            outcome: None,
            rows: rows as u64,
            blank_lines: 0,
            header_rows: HeaderRows::default(),
        };
        let provenance = Provenance {
            baseline: "baseline".into(),
            current: "current".into(),
            created_at: "2026-01-01T00:00:00Z".into(),
        };
        check(
            &self.baseline,
            &current,
            &self.plan,
            &self.options,
            provenance,
        )
        .expect("a check")
    }
}

/// The three policies, window after window.
struct Policies {
    last: [bool; 3],
    process: AlarmProcess,
}

impl Policies {
    fn new() -> Self {
        Self {
            last: [false; 3],
            process: AlarmProcess::new(COLUMNS.len()),
        }
    }

    /// Returns who alarms: any window, 2/3, 1/year.
    fn step(&mut self, report: &DriftReport) -> [bool; 3] {
        let fails = report.status == Status::Fail;
        self.last = [self.last[1], self.last[2], fails];
        let (evidence, _) = self.process.step(report);
        if evidence >= LIMIT {
            self.process = AlarmProcess::new(COLUMNS.len());
        }
        let of_three = self.last.iter().filter(|fails| **fails).count();
        [fails, of_three >= 2, evidence >= LIMIT]
    }
}

/// Alarms of each policy in a year without drift.
fn year(rows: (usize, usize), seed: u64) -> [u64; 3] {
    let mut random = SplitMix64::new(seed);
    let laws = laws(&contracts(0.0));
    let checks = Checks::new(&laws, rows.0, &mut random);
    let mut policies = Policies::new();
    let mut alarms = [0; 3];
    for _ in 0..DAYS {
        let report = checks.window(&laws, rows.1, &mut random);
        for (count, alarm) in alarms.iter_mut().zip(policies.step(&report)) {
            *count += u64::from(alarm);
        }
    }
    alarms
}

/// Windows from the beginning of a drift to the first alarm of each policy.
fn delay(rows: (usize, usize), psi: f64, seed: u64) -> [usize; 3] {
    let mut random = SplitMix64::new(seed);
    let (usual, moved) = (laws(&contracts(0.0)), laws(&contracts(psi)));
    let checks = Checks::new(&usual, rows.0, &mut random);
    let mut policies = Policies::new();
    for _ in 0..BEFORE {
        policies.step(&checks.window(&usual, rows.1, &mut random));
    }
    let mut delays = [WAIT + 1; 3];
    for at in 1..=WAIT {
        let report = checks.window(&moved, rows.1, &mut random);
        for (delay, alarm) in delays.iter_mut().zip(policies.step(&report)) {
            if alarm {
                *delay = (*delay).min(at);
            }
        }
        if delays.iter().all(|delay| *delay <= WAIT) {
            break;
        }
    }
    delays
}

/// Runs one thing for many seeds on all cores.
fn many<T: Send>(count: u64, of: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get) as u64;
    let of = &of;
    thread::scope(|scope| {
        let threads = (0..cores).map(|core| {
            let seeds = (core..count).step_by(cores as usize);
            scope.spawn(move || seeds.map(of).collect::<Vec<T>>())
        });
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("a thread"))
            .collect()
    })
}

/// The rate of a count of rare events with its 95 % interval (Garwood 1936).
fn rate(count: u64, years: u64) -> String {
    let quantile = |degrees: u64, at: f64| {
        ChiSquared::new(degrees as f64).map_or(0.0, |law| law.inverse_cdf(at)) / 2.0 / years as f64
    };
    let low = if count == 0 {
        0.0
    } else {
        quantile(2 * count, 0.025)
    };
    let high = quantile(2 * count + 2, 0.975);
    format!("{:.3} [{low:.3}, {high:.3}]", count as f64 / years as f64)
}

/// The median of delays with how many were seen at all.
fn seen(delays: &mut [usize]) -> String {
    delays.sort_unstable();
    let seen = delays.iter().filter(|delay| **delay <= WAIT).count();
    let median = match delays[delays.len() / 2] {
        late if late > WAIT => format!("over {WAIT}"),
        median => median.to_string(),
    };
    format!(
        "{median} ({:.0} %)",
        100.0 * seen as f64 / delays.len() as f64
    )
}

fn main() {
    let years = std::env::args()
        .nth(1)
        .map_or(1_000, |years| years.parse().expect("a number of years"));
    let sizes = [(5_000, 300), (600, 2_000), (150, 7_000)];
    println!(
        "| rows, baseline and window | years | any window that FAILs | 2/3 | 1/year |\n|---|---|---|---|---|"
    );
    for (at, rows) in sizes.into_iter().enumerate() {
        let alarms = many(years, |seed| year(rows, seed + 1_000_000 * (at as u64 + 1)));
        let mut line = format!("| {}, {} | {years} |", rows.0, rows.1);
        for policy in 0..3 {
            let count = alarms.iter().map(|year| year[policy]).sum();
            // Writing to a String cannot fail.
            let _ = write!(line, " {} |", rate(count, years));
        }
        println!("{line}");
    }
    println!(
        "\n| rows, baseline and window | PSI of the drift | any window that FAILs | 2/3 | 1/year |\n|---|---|---|---|---|"
    );
    for rows in [(5_000, 300), (600, 2_000)] {
        for psi in [0.15, 0.25, 0.4] {
            let delays = many(years.min(1_000), |seed| delay(rows, psi, seed + 7_000_000));
            let mut line = format!("| {}, {} | {psi} |", rows.0, rows.1);
            for policy in 0..3 {
                let mut delays: Vec<usize> = delays.iter().map(|delays| delays[policy]).collect();
                let _ = write!(line, " {} |", seen(&mut delays));
            }
            println!("{line}");
        }
    }
}
