//! `churnctl train --recalibrate`: the calibration of the model in production, and nothing else of it.

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Random, Run, Table};
use crate::model::{PROVED, import, importing};
use crate::models::{PRODUCTION, customers, figures, number, rows_of, score, scoring};

/// New customers, and the log-odds by which the model in production says that each churns.
fn scored(churnctl: Churnctl, rows: usize, seed: u64) -> (Churnctl, Table, Vec<f64>) {
    let people = customers(rows, seed).without("churn");
    let churnctl = churnctl.table("current.csv", &people);
    score(&churnctl, &[]).expect(ExitCode::Ok);
    let scores = rows_of(&churnctl.read("out.csv"));
    let log_odds = scores.iter().map(|row| {
        let score = number(row, "churn_risk");
        (score / (1.0 - score)).ln()
    });
    (churnctl, people, log_odds.collect())
}

fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Labels drawn with log-odds `slope z + intercept`, z being the model's own.
fn labels(log_odds: &[f64], slope: f64, intercept: f64) -> Vec<bool> {
    let mut random = Random::new(77);
    let law = |z: &f64| random.chance(sigmoid(slope * z + intercept));
    log_odds.iter().map(law).collect()
}

fn word(label: &bool) -> &'static str {
    if *label { "Yes" } else { "No" }
}

fn recalibrate(churnctl: &Churnctl, args: &[&str]) -> Run {
    let fixed = ["train", "mature.csv", "--label", "churn", "--recalibrate"];
    churnctl.run(&[&fixed[..], args].concat())
}

fn report(churnctl: &Churnctl, args: &[&str]) -> Value {
    let json = [&["--format", "json", "-q"], args].concat();
    recalibrate(churnctl, &json).expect(ExitCode::Ok).json()
}

#[test]
fn scores_that_are_off_by_slope_and_intercept_get_their_log_loss_back() {
    let (churnctl, people, log_odds) = scored(scoring(), 20_000, 21);
    let churned = labels(&log_odds, 1.5, 1.5);
    let churnctl = churnctl.table(
        "mature.csv",
        &people.with("churn", churned.iter().map(word)),
    );
    let before = churnctl.read_json(PRODUCTION);
    let trained = report(&churnctl, &[]);
    assert_eq!(trained["promoted"], true, "{trained:#}");
    let now = churnctl.read_json(PRODUCTION);
    let (old, new) = (&before["body"], &now["body"]);
    // By construction: the true log-odds are 1.5 z + 1.5, z being what the old calibration makes of the model's own.
    // Standard errors of 16,000 rows of this law are .025 and .03 (statsmodels 0.15.0, Logit).
    let of = |body: &Value, name: &str| body["calibration"][name].as_f64();
    let (slope, intercept) = (
        of(old, "slope").unwrap_or(1.0),
        of(old, "intercept").unwrap_or(0.0),
    );
    for (name, expected) in [("slope", 1.5 * slope), ("intercept", 1.5 * intercept + 1.5)] {
        let value = of(new, name).expect(name);
        assert!(
            (value - expected).abs() < 0.1,
            "{} {}",
            old["calibration"],
            new["calibration"]
        );
    }
    for part in [
        "model",
        "features",
        "threshold",
        "threshold_rule",
        "importance",
    ] {
        assert_eq!(old[part], new[part], "{part}");
    }
    assert_eq!(new["provenance"]["parent"], before["version"]);
    let shown = churnctl
        .run(&["model", "show", PRODUCTION])
        .expect(ExitCode::Ok)
        .stdout;
    assert!(
        shown.contains("whose calibration was fitted again"),
        "{shown}"
    );
    // On rows that nobody has seen, the log loss is that of the true law within a thousandth.
    let (churnctl, _, log_odds) = scored(churnctl.file(PRODUCTION, before.to_string()), 20_000, 22);
    let churned = labels(&log_odds, 1.5, 1.5);
    let truth = log_odds.iter().zip(&churned).map(|(z, label)| {
        let risk = sigmoid(1.5 * z + 1.5);
        -(if *label { risk } else { 1.0 - risk }).ln()
    });
    let truth = truth.sum::<f64>() / churned.len() as f64;
    let loss = |churnctl: &Churnctl| {
        score(churnctl, &[]).expect(ExitCode::Ok);
        figures(&churnctl.read("out.csv"), &churned)
            .log_loss
            .expect("rows")
            .value
    };
    let spoiled = loss(&churnctl);
    let cured = loss(&churnctl.file(PRODUCTION, now.to_string()));
    assert!(spoiled > truth + 0.1, "{spoiled} {truth}");
    assert!((cured - truth).abs() < 0.001, "{cured} {truth}");
}

#[test]
fn a_model_that_is_calibrated_keeps_its_place() {
    let (churnctl, people, log_odds) = scored(scoring(), 4_000, 31);
    let churned = labels(&log_odds, 1.0, 0.0);
    let churnctl = churnctl.table(
        "mature.csv",
        &people.with("churn", churned.iter().map(word)),
    );
    let before = churnctl.read(PRODUCTION);
    let trained = report(&churnctl, &[]);
    assert_eq!(trained["promoted"], false, "{trained:#}");
    assert_eq!(churnctl.read(PRODUCTION), before);
    // The gate is that of every candidate, and has the last word here, too.
    let forced = report(&churnctl, &["--promote", "always"]);
    assert_eq!(forced["promoted"], true);
}

#[test]
fn a_candidate_that_is_promoted_twice_or_too_late_is_told_the_true_reason() {
    let (churnctl, people, log_odds) = scored(scoring(), 6_000, 61);
    let churned = labels(&log_odds, 1.5, 1.5);
    let churnctl = churnctl.table(
        "mature.csv",
        &people.with("churn", churned.iter().map(word)),
    );
    let before = churnctl.read(PRODUCTION);
    let never = report(&churnctl, &["--promote", "never"]);
    let version = never["model_version"]
        .as_str()
        .expect("a version")
        .to_owned();
    let candidate = format!("artifacts/models/churn-{version}.json");
    let promote = |candidate: &str| {
        let fixed = ["mature.csv", "--label", "churn", "--format", "json", "-q"];
        churnctl.run(&[&["promote", candidate][..], &fixed].concat())
    };
    assert_eq!(
        promote(&candidate).expect(ExitCode::Ok).json()["promoted"],
        true
    );
    let again = promote(&candidate).expect(ExitCode::Ok).json();
    assert_eq!(again["promoted"], false);
    assert_eq!(
        again["reasons"],
        serde_json::json!([format!("{version} is the model in production already")])
    );
    // A model of its own is in production meanwhile: that one is not what the candidate was made of.
    let churnctl = churnctl
        .file(PRODUCTION, before)
        .table("other.csv", &customers(1_500, 9));
    let train = [
        "train",
        "other.csv",
        "--label",
        "churn",
        "--promote",
        "always",
        "-q",
    ];
    churnctl.run(&train).expect(ExitCode::Ok);
    let late = ["promote", &candidate, "mature.csv", "--label", "churn"];
    churnctl
        .run(&late)
        .expect(ExitCode::BadInput)
        .says("with its calibration fitted again");
}

#[test]
fn an_imported_model_can_be_recalibrated_and_keeps_its_proof() {
    let churnctl = importing();
    import(&churnctl, &PROVED).expect(ExitCode::Ok);
    let artifact = churnctl.read("model.json");
    let (churnctl, people, log_odds) = scored(churnctl.file(PRODUCTION, artifact), 6_000, 41);
    let churned = labels(&log_odds, 1.5, -1.5);
    let churnctl = churnctl.table(
        "mature.csv",
        &people.with("churn", churned.iter().map(word)),
    );
    let trained = report(&churnctl, &[]);
    assert_eq!(trained["promoted"], true, "{trained:#}");
    assert!(
        trained["warnings"]
            .to_string()
            .contains("not known which rows"),
        "{trained:#}"
    );
    let now = churnctl.read_json(PRODUCTION);
    assert_eq!(now["command"], "model import");
    assert!(now["body"]["imported"]["parity"].is_object());
    let slope = now["body"]["calibration"]["slope"].as_f64();
    assert!(
        slope.is_some_and(|slope| (slope - 1.5).abs() < 0.2),
        "{}",
        now["body"]["calibration"]
    );
    score(&churnctl, &[]).expect(ExitCode::Ok);
}

#[test]
fn rows_that_say_nothing_of_new_ones_are_left_out_or_refused() {
    // 1,500 rows that it was trained from: those of training and validation are out, the test rows are left.
    let known = customers(1_500, 1);
    let (churnctl, people, log_odds) = scored(scoring().table("mature.csv", &known), 2_000, 51);
    let trained = report(&churnctl, &[]);
    assert!(
        trained["warnings"]
            .to_string()
            .contains("has learned from them"),
        "{trained:#}"
    );
    assert!(trained["split_rows"].to_string().len() > 2, "{trained:#}");
    // What means churned must be the same.
    let turned = labels(&log_odds, 1.0, 0.0);
    let turned = people.with(
        "churn",
        turned.iter().map(|one| if *one { "left" } else { "stays" }),
    );
    let churnctl = churnctl.table("mature.csv", &turned);
    recalibrate(&churnctl, &["--positive", "left"])
        .expect(ExitCode::BadInput)
        .says("means churned here");
    let empty = Churnctl::new().table("mature.csv", &known);
    recalibrate(&empty, &[])
        .expect(ExitCode::Usage)
        .says("no model in production");
    recalibrate(&empty, &["--model", "trees"]).expect(ExitCode::Usage);
}
