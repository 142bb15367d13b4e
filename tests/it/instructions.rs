//! How many instructions the hot paths take, counted by callgrind beside the figures in
//! `tests/data/instructions.json`: a change of more than 3 % (10 % on another
//! processor) is meant or a fault. Times tell nothing on a busy
//! machine, counts of the same program differ by 1 in 10,000. `UPDATE=1` writes the file anew.
//!
//! The program is the one that tests are built with, so the figures are of that profile and of one compiler: they show that a way
//! to work has become longer, not how fast a release is.

use std::collections::BTreeMap;
use std::process::Command;

use churnctl::exit::ExitCode;

use crate::harness::{Churnctl, fixture, impossible_here, skipped};
use crate::models::gunzip;

/// What may be off without a word.
const TOLERANCE: f64 = 0.03;
/// The same on another processor, for which the C library has other ways to copy and compare.
const TOLERANCE_ELSEWHERE: f64 = 0.1;

/// Counted with one thread, so that nobody waits for another.
const JOBS: &[(&str, &str)] = &[
    (
        "drift of 4,000 and 1,000 rows",
        "drift telco_baseline.csv telco_shifted.csv --fail-on never -q --threads 1",
    ),
    (
        "drift of twelve weeks",
        "drift --baseline baseline.csv --current predictions.csv --score churn_risk --time predicted_at \
         --window 7d --fail-on never -q --threads 1",
    ),
    (
        "training of trees",
        "train telco_shifted.csv --model trees --artifacts counted -q --threads 1",
    ),
    (
        "score of 4,000 rows",
        "score telco_baseline.csv --model model.json --output scores.csv -q --threads 1",
    ),
];

#[test]
fn hot_paths_take_as_many_instructions_as_before() {
    let runs = |program: &str| Command::new(program).arg("--version").output().ok();
    let Some(compiler) = runs("rustc").filter(|_| runs("valgrind").is_some()) else {
        return skipped("valgrind and rustc count instructions");
    };
    let compiler = String::from_utf8_lossy(&compiler.stdout);
    let compiler = compiler.split_whitespace().nth(1).unwrap_or_default();
    let path = fixture("instructions.json");
    let file = std::fs::read(&path).expect("the figures");
    let before: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&file).expect("the figures");
    let update = std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty());
    let recorded = before["rustc"].as_str().unwrap_or_default();
    if recorded != compiler && !update {
        return impossible_here(&format!(
            "the figures are of rustc {recorded}, here is {compiler}"
        ));
    }
    let counts: Vec<(&str, u64)> = JOBS.iter().map(|(job, args)| (*job, count(args))).collect();
    if update {
        let mut after: BTreeMap<&str, serde_json::Value> = BTreeMap::new();
        after.insert("rustc", compiler.into());
        after.insert("processor", processor().into());
        after.extend(counts.iter().map(|(job, count)| (*job, (*count).into())));
        let text = serde_json::to_string_pretty(&after).expect("JSON") + "\n";
        return std::fs::write(path, text).expect("write the figures");
    }
    let is_here = before["processor"].as_str() == Some(&processor());
    let tolerance = match is_here {
        true => TOLERANCE,
        false => TOLERANCE_ELSEWHERE,
    };
    let changed = |(job, now): &(&str, u64)| {
        let then = before.get(*job)?.as_u64()?;
        let change = *now as f64 / then as f64 - 1.0;
        (change.abs() > tolerance)
            .then(|| format!("{job}: {then} to {now} ({:+.1} %)", change * 100.0))
    };
    let changed: Vec<String> = counts.iter().filter_map(changed).collect();
    assert!(
        before.len() == JOBS.len() + 2 && changed.is_empty(),
        "instructions changed: {changed:#?}; if that is meant: UPDATE=1 cargo test --test it instructions"
    );
}

fn processor() -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = about
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = name
        .unwrap_or_default()
        .trim_start_matches([' ', '\t', ':']);
    name.to_owned()
}

/// Runs a job under callgrind and returns how many instructions it took.
fn count(args: &str) -> u64 {
    let mut churnctl =
        ["baseline", "predictions"]
            .iter()
            .fold(Churnctl::new(), |churnctl, name| {
                churnctl.file(
                    &format!("{name}.csv"),
                    gunzip(&format!("late_labels/{name}.csv.gz")),
                )
            });
    for name in ["telco_baseline.csv", "telco_shifted.csv"] {
        let from = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data");
        std::fs::copy(format!("{from}/{name}"), churnctl.path(name)).expect("the table");
    }
    if args.contains("model.json") {
        churnctl
            .run(&["train", "telco_baseline.csv", "--model", "trees", "-q"])
            .expect(ExitCode::Ok);
        std::fs::copy(
            churnctl.path("artifacts/models/production_latest.json"),
            churnctl.path("model.json"),
        )
        .expect("the model");
    }
    let tracer = [
        "valgrind",
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
    ];
    churnctl.trace(tracer.map(str::to_owned).to_vec());
    let args: Vec<&str> = args.split_whitespace().collect();
    let run = churnctl.run(&args);
    let collected = run
        .stderr
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let (_, collected) = collected.unwrap_or_else(|| panic!("no count: {}", run.stderr));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    collected.trim().parse().expect("a number")
}
