//! What the tests of `train` and `score` share: tables, trained models, and figures of scores.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::OnceLock;

use churnctl::exit::ExitCode;
use churnctl::stats::classification::{Performance, ScoredCell, performance};
use serde_json::Value;

use crate::harness::{Churnctl, Random, Run, Table, fixture};

pub(crate) const PRODUCTION: &str = "artifacts/models/production_latest.json";

/// Customers who churn by `visits` and `plan`, while `noise` tells nothing.
pub(crate) fn customers(rows: usize, seed: u64) -> Table {
    let mut random = Random::new(seed);
    let visits = random.normals(rows);
    let noise = random.normals(rows);
    let plans: Vec<&str> = (0..rows)
        .map(|_| ["free", "basic", "pro"][random.below(3) as usize])
        .collect();
    let churn: Vec<&str> = visits
        .iter()
        .zip(&plans)
        .map(|(visits, plan)| {
            let log_odds = 2.0 * visits - 0.5 + if *plan == "free" { 0.8 } else { 0.0 };
            let churns = random.chance(1.0 / (1.0 + (-log_odds).exp()));
            if churns { "Yes" } else { "No" }
        })
        .collect();
    Table::default()
        .with("user_id", (0..rows).map(|row| format!("u{row:05}")))
        .with("visits", visits)
        .with("noise", noise)
        .with("plan", plans)
        .with("churn", churn)
}

/// A logistic model of [`customers`], trained once.
pub(crate) fn small_model() -> &'static [u8] {
    static MODEL: OnceLock<Vec<u8>> = OnceLock::new();
    MODEL.get_or_init(|| {
        let churnctl = Churnctl::new().table("data.csv", &customers(1_500, 1));
        train(&churnctl, &["--model", "logistic"]).expect(ExitCode::Ok);
        churnctl.read(PRODUCTION)
    })
}

/// A folder with [`small_model`] in production and 200 customers in `current.csv`.
pub(crate) fn scoring() -> Churnctl {
    Churnctl::new()
        .file(PRODUCTION, small_model())
        .table("current.csv", &customers(200, 2))
}

/// A model of the Telco training table.
pub(crate) fn train_telco(learner: &str) -> Vec<u8> {
    let churnctl = Churnctl::new();
    let data = fixture("telco_train.csv.gz");
    let args = ["train", &data, "--label", "churn", "--positive", "Yes"];
    churnctl
        .run(&[&args[..], &["--model", learner]].concat())
        .expect(ExitCode::Ok);
    churnctl.read(PRODUCTION)
}

/// Trains on `data.csv`.
pub(crate) fn train(churnctl: &Churnctl, args: &[&str]) -> Run {
    let fixed = ["train", "data.csv", "--label", "churn"];
    churnctl.run(&[&fixed[..], args].concat())
}

/// Trains on `data.csv` and returns the report.
pub(crate) fn report(churnctl: &Churnctl, args: &[&str]) -> Value {
    let json = ["--format", "json", "-q"];
    train(churnctl, &[&json[..], args].concat())
        .expect(ExitCode::Ok)
        .json()
}

/// Scores `current.csv` with the model in production into `out.csv`.
pub(crate) fn score(churnctl: &Churnctl, args: &[&str]) -> Run {
    let fixed = ["score", "current.csv", "--model", PRODUCTION];
    churnctl.run(&[&fixed[..], &["-o", "out.csv"], args].concat())
}

/// Parses CSV into rows by column name.
pub(crate) fn rows_of(csv: &[u8]) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv);
    reader.deserialize().map(|row| row.expect("CSV")).collect()
}

/// Decompresses a fixture.
pub(crate) fn gunzip(name: &str) -> Vec<u8> {
    let file = std::fs::File::open(fixture(name)).expect(name);
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file)
        .read_to_end(&mut bytes)
        .expect(name);
    bytes
}

pub(crate) fn number(row: &BTreeMap<String, String>, name: &str) -> f64 {
    row[name].parse().expect("a number")
}

/// How good the scores of a file are.
pub(crate) fn figures(scores: &[u8], labels: &[bool]) -> Performance {
    let scores = rows_of(scores);
    assert_eq!(scores.len(), labels.len());
    let cell = |(row, &label): (&BTreeMap<String, String>, &bool)| ScoredCell {
        score: number(row, "churn_risk"),
        positives: u64::from(label),
        negatives: u64::from(!label),
    };
    let cells: Vec<ScoredCell> = scores.iter().zip(labels).map(cell).collect();
    performance(&cells, 0.5)
}
