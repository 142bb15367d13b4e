//! How often `drift --baseline MODEL` alarms where nothing drifted: a table is cut into random
//! halves, a model is trained on one, scores the other, and the check compares the two.
//!
//! `cargo build --release && cargo run --release --example false_alarms -- [HALVES] [--model trees]`
//!
//! Runs the program itself (`target/release/churnctl`, or `--churnctl PATH`), on Telco's 7,043
//! customers and on 16,667 car loans (`tests/data/`). Prints how many checks said FAIL and WARN,
//! and about what; no assertion.
#![allow(clippy::print_stdout, reason = "a simulation shows what it finds")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use churnctl::error::{Error, Result};
use churnctl::stats::bootstrap::SplitMix64;
use serde_json::Value;

/// A table with its label, and columns that are neither features nor label.
struct Case {
    name: &'static str,
    files: &'static [&'static str],
    label: &'static str,
    positive: &'static str,
    drop: &'static [&'static str],
}

const CASES: [Case; 2] = [
    Case {
        name: "telco",
        files: &[
            "telco_train.csv.gz",
            "telco_valid.csv.gz",
            "telco_test.csv.gz",
        ],
        label: "churn",
        positive: "Yes",
        drop: &[],
    },
    Case {
        name: "car loans",
        files: &["car_loan_reference.csv.gz"],
        label: "repaid",
        positive: "0.0",
        drop: &["timestamp", "y_pred_proba", "y_pred"],
    },
];

/// The header's fields and the lines of a table; its fields have no commas inside.
fn read(case: &Case) -> Result<(Vec<String>, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let (mut header, mut lines) = (Vec::new(), Vec::new());
    for name in case.files {
        let path = folder.join(name);
        let failed = |error| Error::io("read", &path, error);
        let file = std::fs::File::open(&path).map_err(failed)?;
        let mut text = String::new();
        let mut plain = flate2::read::GzDecoder::new(file);
        plain.read_to_string(&mut text).map_err(failed)?;
        let mut all = text.lines().map(str::to_owned);
        header = all
            .next()
            .unwrap_or_default()
            .split(',')
            .map(str::to_owned)
            .collect();
        lines.extend(all);
    }
    Ok((header, lines))
}

/// What the checks of one table came to.
#[derive(Default)]
struct Tally {
    by_status: BTreeMap<String, u32>,
    by_cause: BTreeMap<String, u32>,
}

impl Tally {
    fn add(&mut self, report: &Value) {
        let status = |of: &Value| of["status"].as_str().unwrap_or("none").to_owned();
        *self.by_status.entry(status(report)).or_default() += 1;
        let mut causes: Vec<String> = Vec::new();
        for kind in ["features", "findings"] {
            for one in report[kind].as_array().into_iter().flatten() {
                causes.push(format!("{kind} {}", status(one)));
            }
        }
        for kind in ["score", "performance"] {
            causes.push(format!("{kind} {}", status(&report[kind])));
        }
        causes.retain(|cause| !cause.ends_with(" OK"));
        causes.sort();
        causes.dedup();
        for cause in causes {
            *self.by_cause.entry(cause).or_default() += 1;
        }
    }
}

fn run(program: &Path, folder: &Path, args: &[&str]) -> Result<Value> {
    let output = Command::new(program)
        .args(args)
        .args(["--format", "json", "--quiet"])
        .current_dir(folder)
        .output()
        .map_err(|error| Error::io("run", program, error))?;
    serde_json::from_slice(&output.stdout).map_err(|error| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Error::bad_input(format!("{} said: {said}", args.join(" "))).because(error)
    })
}

/// One cut: trains on one half, scores the other, checks.
fn check(program: &Path, case: &Case, learner: &str, cut: u64) -> Result<Value> {
    let (header, lines) = read(case)?;
    let folder =
        tempfile::tempdir().map_err(|error| Error::io("make", Path::new("a folder"), error))?;
    let mut random = SplitMix64::new(cut + 1);
    let mut halves = [String::new(), String::new()];
    for half in &mut halves {
        *half = header.join(",");
        half.push('\n');
    }
    for line in &lines {
        let half = &mut halves[usize::from(random.next_unit() < 0.5)];
        half.push_str(line);
        half.push('\n');
    }
    for (name, half) in ["a.csv", "b.csv"].iter().zip(&halves) {
        churnctl::files::write_atomically(&folder.path().join(name), half.as_bytes())?;
    }
    let exclude = case.drop.join(",");
    let mut train = vec![
        "train",
        "a.csv",
        "--label",
        case.label,
        "--positive",
        case.positive,
    ];
    train.extend(["--model", learner, "--promote", "always"]);
    if !exclude.is_empty() {
        train.extend(["--exclude", &exclude]);
    }
    run(program, folder.path(), &train)?;
    let model = "artifacts/models/production_latest.json";
    let mut score = vec!["score", "b.csv", "--model", model, "-o", "scored.csv"];
    for name in header
        .iter()
        .filter(|name| !case.drop.contains(&name.as_str()))
    {
        score.extend(["--keep", name]);
    }
    run(program, folder.path(), &score)?;
    let drift = [
        "drift",
        "--baseline",
        model,
        "--current",
        "scored.csv",
        "--report",
        "none",
    ];
    run(program, folder.path(), &drift)
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let named = |flag: &str| {
        let at = args.iter().position(|arg| arg == flag)?;
        args.get(at + 1).cloned()
    };
    let halves: u64 = args
        .first()
        .and_then(|halves| halves.parse().ok())
        .unwrap_or(100);
    let learner = named("--model").unwrap_or_else(|| "auto".into());
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/churnctl");
    let program = named("--churnctl").map_or(built, PathBuf::from);
    for case in &CASES {
        let mut tally = Tally::default();
        for cut in 0..halves {
            tally.add(&check(&program, case, &learner, cut)?);
        }
        println!(
            "{}, {learner}, {halves} halves: {:?}",
            case.name, tally.by_status
        );
        println!("    checks by what was not OK: {:?}", tally.by_cause);
    }
    Ok(())
}
