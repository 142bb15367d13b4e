//! Whether drift that harms a model fails a check, and drift that does not harm it doesn't: thirty histories, ten of
//! which are stable, ten drift in columns that the model hardly uses, and ten feed it broken columns.
//!
//! `cargo build --release && cargo run --release --example drift_by_consequence`
//!
//! Runs the program itself (`target/release/churnctl`, or `--churnctl PATH`) with `--policy statistics` and
//! `--policy consequence`, and prints a table with the largest PSI and the realised ROC AUC; no assertion.
#![allow(clippy::print_stdout, reason = "a simulation shows what it finds")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use churnctl::error::{Error, Result};
use churnctl::stats::bootstrap::SplitMix64;
use churnctl::stats::classification::{ScoredCell, performance};
use serde_json::Value;

const TRAINING_ROWS: usize = 8_000;
const ROWS: usize = 2_000;
const COLUMNS: [&str; 10] = [
    "tenure", "charge", "calls", "contract", "usage", "age", "region", "device", "colour", "batch",
];
const HEADER: &str = "tenure,charge,calls,contract,usage,age,region,device,colour,batch";
const CONTRACTS: [&str; 3] = ["month", "year", "two_years"];
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// A customer: what is true of them, and whether they churn.
struct Customer {
    fields: [String; COLUMNS.len()],
    churns: bool,
}

/// Churn rests on tenure, charge, calls, contract and a little on usage; the others tell nothing.
fn customer(random: &mut SplitMix64) -> Customer {
    let tenure = -30.0 * random.next_unit().max(1e-9).ln();
    let charge = 65.0 + 25.0 * random.next_normal();
    let calls = (-1.5 * random.next_unit().max(1e-9).ln()).floor();
    let contract = (random.next_u64() % 3) as usize;
    let usage = 10.0 + 3.0 * random.next_normal();
    let log_odds = -1.2 - 0.03 * (tenure - 30.0) + 0.02 * (charge - 65.0) + 0.5 * (calls - 1.0)
        - 1.2 * (contract as f64 - 1.0)
        + 0.03 * (usage - 10.0);
    let name = |random: &mut SplitMix64| NAMES[(random.next_u64() % 4) as usize].to_owned();
    Customer {
        churns: random.next_unit() < 1.0 / (1.0 + (-log_odds).exp()),
        fields: [
            format!("{tenure:.2}"),
            format!("{charge:.2}"),
            calls.to_string(),
            CONTRACTS[contract].to_owned(),
            format!("{usage:.2}"),
            format!("{:.0}", 45.0 + 12.0 * random.next_normal()),
            name(random),
            name(random),
            name(random),
            format!("{:.1}", 100.0 + 10.0 * random.next_normal()),
        ],
    }
}

fn customers(count: usize, seed: u64) -> Vec<Customer> {
    let mut random = SplitMix64::new(seed);
    (0..count).map(|_| customer(&mut random)).collect()
}

/// Changes the rows of a history.
type Change = fn(&mut [Customer], &mut SplitMix64);

fn scale(rows: &mut [Customer], column: usize, by: f64, shift: f64) {
    for row in rows {
        let value: f64 = row.fields[column].parse().unwrap_or(0.0);
        row.fields[column] = format!("{:.2}", value * by + shift);
    }
}

fn fill(rows: &mut [Customer], random: &mut SplitMix64, column: usize, share: f64, with: &str) {
    for row in rows {
        if random.next_unit() < share {
            row.fields[column] = with.to_owned();
        }
    }
}

const HARMLESS: [(&str, Change); 10] = [
    ("batch moved by 3 sd", |rows, _| scale(rows, 9, 1.0, 30.0)),
    ("batch in other units", |rows, _| {
        scale(rows, 9, 1_000.0, 0.0);
    }),
    ("age moved by 1 sd", |rows, _| scale(rows, 5, 1.0, 12.0)),
    ("age half missing", |rows, random| {
        fill(rows, random, 5, 0.5, "");
    }),
    ("region a for most", |rows, random| {
        fill(rows, random, 6, 0.6, "a");
    }),
    ("region partly recoded", |rows, random| {
        fill(rows, random, 6, 0.4, "north");
    }),
    ("device renewed", |rows, random| {
        fill(rows, random, 7, 0.4, "e");
    }),
    ("colour missing", |rows, random| {
        fill(rows, random, 8, 0.7, "");
    }),
    ("usage moved by .5 sd", |rows, _| scale(rows, 4, 1.0, 1.5)),
    ("age and batch", |rows, _| {
        scale(rows, 5, 0.5, 0.0);
        scale(rows, 9, 2.0, 0.0);
    }),
];

const HARMFUL: [(&str, Change); 10] = [
    ("charge in cents", |rows, _| scale(rows, 1, 100.0, 0.0)),
    ("tenure in years", |rows, _| scale(rows, 0, 1.0 / 12.0, 0.0)),
    ("tenure filled with 0", |rows, random| {
        fill(rows, random, 0, 0.8, "0");
    }),
    ("tenure filled with its mean", |rows, random| {
        fill(rows, random, 0, 1.0, "30");
    }),
    ("contract missing", |rows, random| {
        fill(rows, random, 3, 0.8, "");
    }),
    ("contract partly recoded", |rows, random| {
        fill(rows, random, 3, 0.45, "24m");
    }),
    ("tenure and charge swapped", |rows, _| {
        rows.iter_mut().for_each(|row| row.fields.swap(0, 1));
    }),
    ("charge truncated", |rows, _| {
        for row in rows {
            let value: f64 = row.fields[1].parse().unwrap_or(0.0);
            row.fields[1] = format!("{:.2}", value.min(50.0));
        }
    }),
    ("sentinel in calls", |rows, random| {
        fill(rows, random, 2, 0.4, "999");
    }),
    ("contract of somebody else", |rows, random| {
        for last in (1..rows.len()).rev() {
            let other = (random.next_u64() % (last as u64 + 1)) as usize;
            let (left, right) = rows.split_at_mut(last);
            if let (Some(a), Some(b)) = (left.get_mut(other), right.first_mut()) {
                std::mem::swap(&mut a.fields[3], &mut b.fields[3]);
            }
        }
    }),
];

fn table(rows: &[Customer], with_label: bool) -> String {
    let mut text = format!("{HEADER}{}\n", if with_label { ",churn" } else { "" });
    for row in rows {
        text += &row.fields.join(",");
        if with_label {
            let _ = write!(text, ",{}", u8::from(row.churns));
        }
        text.push('\n');
    }
    text
}

struct Tool {
    churnctl: PathBuf,
    folder: tempfile::TempDir,
}

impl Tool {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path(name);
        std::fs::write(&path, text).map_err(|error| Error::io("write", &path, error))
    }

    fn run(&self, args: &[&str]) -> Result<Vec<u8>> {
        let output = Command::new(&self.churnctl)
            .args(args)
            .current_dir(self.folder.path())
            .output()
            .map_err(|error| Error::io("run", &self.churnctl, error))?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(Error::bad_input(
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )),
        }
    }

    fn check(&self, policy: &str) -> Result<Value> {
        let sides = ["drift", "--baseline", MODEL, "--current", "current.csv"];
        let rest = ["--policy", policy, "--fail-on", "never", "--report", "none"];
        let json = ["--format", "json", "-q"];
        let text = self.run(&[&sides[..], &rest, &json].concat())?;
        serde_json::from_slice(&text).map_err(|error| Error::bad_input("no report").because(error))
    }

    /// The realised ROC AUC: churn is what is true, scores are of what the model is given.
    fn roc_auc(&self, rows: &[Customer]) -> Result<f64> {
        self.run(&[
            "score",
            "current.csv",
            "--model",
            MODEL,
            "-o",
            "out.csv",
            "-q",
        ])?;
        let path = self.path("out.csv");
        let text =
            std::fs::read_to_string(&path).map_err(|error| Error::io("read", &path, error))?;
        let scores = text.lines().skip(1).map(|line| {
            let score = line.split(',').next().and_then(|score| score.parse().ok());
            score.unwrap_or(f64::NAN)
        });
        let cell = |(row, score): (&Customer, f64)| ScoredCell {
            score,
            positives: u64::from(row.churns),
            negatives: u64::from(!row.churns),
        };
        let cells: Vec<ScoredCell> = rows.iter().zip(scores).map(cell).collect();
        let found = performance(&cells, 0.5).roc_auc;
        Ok(found.map_or(f64::NAN, |estimate| estimate.value))
    }
}

const MODEL: &str = "artifacts/models/production_latest.json";

fn status(report: &Value) -> String {
    report["status"].as_str().unwrap_or_default().to_owned()
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let named = args.iter().position(|arg| arg == "--churnctl");
    let named = named.and_then(|at| args.get(at + 1));
    let churnctl = named.map_or("target/release/churnctl", String::as_str);
    let churnctl = Path::new(churnctl);
    let churnctl = churnctl
        .canonicalize()
        .map_err(|error| Error::io("find", churnctl, error))?;
    let folder =
        tempfile::tempdir().map_err(|error| Error::io("make", Path::new("a folder"), error))?;
    let tool = Tool { churnctl, folder };
    tool.write("training.csv", &table(&customers(TRAINING_ROWS, 1), true))?;
    tool.run(&[
        "train",
        "training.csv",
        "--label",
        "churn",
        "--model",
        "trees",
        "-q",
    ])?;
    let stable: [(&str, Change); 10] = [("nothing", |_, _| {}); 10];
    let histories = [
        ("stable", stable),
        ("harmless", HARMLESS),
        ("harmful", HARMFUL),
    ];
    println!("| History | What drifts | Largest PSI | ROC AUC | By statistics | By consequence |");
    println!("|---|---|--:|--:|---|---|");
    let mut totals = Vec::new();
    for (kind, changes) in histories {
        let mut fails = [0, 0];
        for (at, (name, change)) in changes.into_iter().enumerate() {
            let seed = 100 + at as u64 + 50 * totals.len() as u64;
            let mut rows = customers(ROWS, seed);
            change(&mut rows, &mut SplitMix64::new(seed));
            tool.write("current.csv", &table(&rows, false))?;
            let reports = [tool.check("statistics")?, tool.check("consequence")?];
            let verdicts = reports.each_ref().map(status);
            for (fails, verdict) in fails.iter_mut().zip(&verdicts) {
                *fails += u32::from(verdict == "FAIL");
            }
            let psi = reports[0]["overall_max_psi"].as_f64().unwrap_or(f64::NAN);
            let auc = tool.roc_auc(&rows)?;
            let [by_statistics, by_consequence] = &verdicts;
            println!(
                "| {kind} | {name} | {psi:.2} | {auc:.3} | {by_statistics} | {by_consequence} |"
            );
        }
        totals.push((kind, fails));
    }
    for (kind, [statistics, consequence]) in totals {
        println!("{kind}: {statistics} of 10 FAIL by statistics, {consequence} by consequence");
    }
    Ok(())
}
