//! `churnctl drift why`: the change of log loss taken apart, and the cures. The parts themselves are tested where they are
//! computed.

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Run, Table};
use crate::models::{PRODUCTION, customers, small_model};
use crate::schemas::{expect_refused, expect_strict, schema};

/// The model of 1,500 customers, and 3,000 others.
fn people(others: &Table) -> Churnctl {
    Churnctl::new()
        .env("CHURNCTL_TRAIN_MODEL", "logistic")
        .file(PRODUCTION, small_model())
        .table("data.csv", &customers(1_500, 1))
        .table("current.csv", others)
}

fn why(churnctl: &Churnctl, args: &[&str]) -> Run {
    churnctl.run(&[&["drift", "why", "--format", "json", "-q"], args].concat())
}

fn report(churnctl: &Churnctl) -> Value {
    let sides = ["--baseline", PRODUCTION, "--current", "current.csv"];
    let found = why(churnctl, &sides).expect(ExitCode::Ok).json();
    expect_strict(&schema("drift_why"), &found);
    found
}

fn number(report: &Value, pointer: &str) -> f64 {
    report
        .pointer(pointer)
        .and_then(Value::as_f64)
        .unwrap_or_else(|| panic!("{pointer}: {report:#}"))
}

fn cure<'a>(report: &'a Value, name: &str) -> &'a Value {
    let cures = report["cures"].as_array().expect("cures");
    cures.iter().find(|cure| cure["cure"] == name).expect(name)
}

fn sums_up(report: &Value) {
    let parts = ["missing_data", "covariates", "concept", "calibration"];
    let sum: f64 = parts
        .iter()
        .map(|part| number(report, &format!("/{part}")))
        .sum();
    let change = number(report, "/change");
    assert!((sum - change).abs() < 1e-9, "{report:#}");
    let values = report["segments"]["values"].as_array().expect("segments");
    let sum: f64 = values
        .iter()
        .map(|value| value["contribution"].as_f64().expect("a number"))
        .sum();
    assert!((sum - change).abs() < 1e-9, "{report:#}");
}

/// Labels turned for a share of the customers.
fn turned(table: Table, share: f64) -> Table {
    let mut random = crate::harness::Random::new(3);
    let csv = table.csv();
    let labels: Vec<&str> = csv
        .lines()
        .skip(1)
        .map(|line| match (line.ends_with("Yes"), random.chance(share)) {
            (true, false) | (false, true) => "Yes",
            _ => "No",
        })
        .collect();
    table.without("churn").with("churn", labels)
}

#[test]
fn a_feed_that_lost_a_column_is_to_be_mended() {
    let table = customers(3_000, 2);
    let csv = table.csv();
    let values: Vec<&str> = csv
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').nth(1))
        .collect();
    let some = values
        .iter()
        .enumerate()
        .map(|(at, value)| if at % 5 < 3 { "" } else { value });
    let churnctl = people(&table.without("visits").with("visits", some));
    let found = report(&churnctl);
    sums_up(&found);
    let missing = number(&found, "/missing_data");
    assert!(
        missing > 0.5 * number(&found, "/change") && missing > 0.05,
        "{found:#}"
    );
    assert_eq!(found["features"][0]["feature"], "visits");
    assert_eq!(found["advice"], "fix_the_feed");
    let feed = cure(&found, "fix_the_feed");
    assert_eq!(number(feed, "/gain/value"), missing);
    assert!(
        number(feed, "/gain/low") > 0.0
            && number(feed, "/gain/low") < missing
            && missing < number(feed, "/gain/high"),
        "{feed:#}"
    );
    assert_eq!(feed["how"], "bring back the missing values of visits");
    for (pointer, to) in [("/advice", json!("pray")), ("/change", Value::Null)] {
        expect_refused(&schema("drift_why"), &found, pointer, to);
    }
    // A training would learn from what the feed has lost.
    let advice = advise(&churnctl).expect(ExitCode::Refused).json();
    expect_strict(&schema("retrain_advise"), &advice);
    assert_eq!(
        (&advice["go"], &advice["instead"]),
        (&json!(false), &json!("fix_the_feed"))
    );
}

#[test]
fn labels_that_follow_the_scores_less_are_told_and_a_training_can_wait() {
    let churnctl = people(&turned(customers(3_000, 2), 0.25));
    let found = report(&churnctl);
    sums_up(&found);
    // No value is missing, and the customers are of one law.
    assert_eq!(number(&found, "/missing_data"), 0.0);
    assert!(
        number(&found, "/concept") > 0.05 && number(&found, "/calibration") > 0.02,
        "{found:#}"
    );
    assert!(number(&found, "/covariates").abs() < 0.02, "{found:#}");
    // A quarter of the labels is turned at random: less to know, and nothing new to learn.
    assert_eq!(found["advice"], "recalibrate");
    assert_eq!(cure(&found, "retrain")["go"], false);
    let advice = advise(&churnctl).expect(ExitCode::Refused).json();
    let how = cure(&found, "recalibrate")["how"].as_str().expect("how");
    assert_eq!(
        (&advice["instead"], &advice["how"]),
        (&json!("recalibrate"), &json!(how))
    );
    assert_eq!(advice["gain"], cure(&found, "retrain")["gain"]);
    // The advice works as it stands there, and gains what was promised.
    assert!(promotes(&churnctl, how));
}

#[test]
fn a_model_that_is_not_in_production_is_promoted_before_it_is_recalibrated() {
    let churnctl = Churnctl::new()
        .env("CHURNCTL_TRAIN_MODEL", "logistic")
        .file("other.json", small_model())
        .table("data.csv", &customers(1_500, 1))
        .table("current.csv", &turned(customers(3_000, 2), 0.25));
    let sides = ["--baseline", "other.json", "--current", "current.csv"];
    let found = why(&churnctl, &sides).expect(ExitCode::Ok).json();
    let version = found["model_version"].as_str().expect("version");
    // `train --recalibrate` takes the model in production, so it cannot be told of another.
    let first = format!(
        "promote churn {version} first: train --recalibrate works on the model in production"
    );
    for name in ["recalibrate", "move_the_threshold"] {
        assert_eq!(cure(&found, name)["how"], first, "{found:#}");
    }
    let how = cure(&found, "retrain")["how"].as_str().expect("how");
    assert_eq!(
        how,
        "churnctl train current.csv --label churn --positive Yes"
    );
}

fn advise(churnctl: &Churnctl) -> Run {
    let sides = ["--baseline", PRODUCTION, "--current", "current.csv"];
    churnctl.run(&[&["retrain", "advise", "--format", "json", "-q"][..], &sides].concat())
}

/// Runs a command as a report says it, and tells whether it changed the model in production.
fn promotes(churnctl: &Churnctl, how: &str) -> bool {
    let words: Vec<&str> = how.split(' ').skip(1).collect();
    let quiet = ["-q", "--format", "json"];
    let run = churnctl.run(&[&words[..], &quiet].concat());
    run.expect(ExitCode::Ok).json()["promoted"] == true
}

#[test]
fn a_law_that_turned_round_needs_a_training() {
    // Those who came often stay now.
    let table = customers(3_000, 2);
    let csv = table.csv();
    let turned = csv.lines().skip(1).map(|line| {
        let visits: f64 = line
            .split(',')
            .nth(1)
            .expect("visits")
            .parse()
            .expect("a number");
        -visits
    });
    let turned: Vec<f64> = turned.collect();
    let churnctl = people(&table.without("visits").with("visits", turned));
    let found = report(&churnctl);
    sums_up(&found);
    assert_eq!(
        (&found["is_calibration_known"], &found["advice"]),
        (&json!(false), &json!("retrain"))
    );
    assert!(
        number(cure(&found, "retrain"), "/gain/low") > 0.3,
        "{found:#}"
    );
    let table = churnctl.run(&[
        "drift",
        "why",
        "--baseline",
        PRODUCTION,
        "--current",
        "current.csv",
        "-q",
    ]);
    let table = table.expect(ExitCode::Ok).stdout;
    assert!(
        table.contains("cannot be told apart")
            && table.contains("\nRETRAIN: churnctl train current.csv "),
        "{table}"
    );
    let advice = advise(&churnctl).expect(ExitCode::Ok).json();
    expect_strict(&schema("retrain_advise"), &advice);
    assert_eq!(
        (&advice["go"], &advice["instead"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(advice["gain"], cure(&found, "retrain")["gain"]);
    let words = [
        "retrain",
        "advise",
        "--baseline",
        PRODUCTION,
        "--current",
        "current.csv",
        "-q",
    ];
    let said = churnctl.run(&words).expect(ExitCode::Ok).stdout;
    assert!(said.starts_with("GO: a training gains +"), "{said}");
    assert!(promotes(&churnctl, advice["how"].as_str().expect("how")));
}

#[test]
fn nothing_wrong_is_nothing_to_do_and_a_report_names_the_sides() {
    let churnctl = people(&customers(3_000, 2));
    let found = report(&churnctl);
    sums_up(&found);
    assert!(found["advice"].is_null(), "{found:#}");
    assert!(number(&found, "/change").abs() < 0.05);
    // Of the training's rows those that the model has not learned from: its test rows, but for one or two that the filter of
    // learned rows takes for such.
    let test = number(
        &churnctl.read_json(PRODUCTION),
        "/body/provenance/split_rows/test",
    );
    let rows = number(&found, "/rows/baseline");
    assert!((test - 2.0..=test).contains(&rows), "{rows} {test}");
    let check = [
        "drift",
        "--baseline",
        PRODUCTION,
        "--current",
        "current.csv",
        "--report",
        "report.json",
    ];
    churnctl.run(&check).expect(ExitCode::Ok);
    let by_report = why(&churnctl, &["report.json"]).expect(ExitCode::Ok).json();
    assert_eq!(by_report["features"], found["features"]);
    // The model in production, where the baseline is rows.
    let rows = ["--baseline", "data.csv", "--current", "current.csv"];
    let by_rows = why(&churnctl, &rows).expect(ExitCode::Ok).json();
    assert_eq!(by_rows["features"], found["features"]);
}

#[test]
fn without_labels_the_change_is_estimated_from_the_rows() {
    let table = customers(3_000, 2);
    let csv = table.csv();
    let values: Vec<&str> = csv
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').nth(1))
        .collect();
    let some = values
        .iter()
        .enumerate()
        .map(|(at, value)| if at % 5 < 3 { "" } else { value });
    let spoiled = table.without("visits").with("visits", some);
    let known = report(&people(&spoiled));
    let csv = spoiled.without("churn");
    let found = report(&people(&csv));
    sums_up(&found);
    assert_eq!(
        (&found["is_estimated"], &found["advice"]),
        (&json!(true), &json!("fix_the_feed"))
    );
    assert_eq!(
        (number(&found, "/concept"), number(&found, "/calibration")),
        (0.0, 0.0)
    );
    assert_eq!(found["cures"].as_array().map(Vec::len), Some(1));
    advise(&people(&csv))
        .expect(ExitCode::BadInput)
        .says("no labels");
    // With the labels the part of the feed is of the same size.
    let parts = [&found, &known].map(|report| number(report, "/missing_data"));
    assert!((parts[0] / parts[1] - 1.0).abs() < 0.35, "{parts:?}");
    let words = [
        "drift",
        "why",
        "--baseline",
        PRODUCTION,
        "--current",
        "current.csv",
        "-q",
    ];
    let table = people(&csv).run(&words).expect(ExitCode::Ok).stdout;
    assert!(table.contains("have no labels"), "{table}");
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let churnctl = people(&customers(500, 2).without("churn").without("plan"));
    let sides = ["--baseline", PRODUCTION, "--current", "current.csv"];
    why(&churnctl, &sides)
        .expect(ExitCode::BadInput)
        .says("plan");
    let profile = ["profile", "data.csv", "-o", "profile.json"];
    churnctl.run(&profile).expect(ExitCode::Ok);
    why(&churnctl, &["profile.json"])
        .expect(ExitCode::BadInput)
        .says("not a drift report");
    why(&churnctl, &["--baseline", PRODUCTION, "--current", "-"]).expect(ExitCode::Usage);
    let none = Churnctl::new()
        .table("data.csv", &customers(1_500, 1))
        .file("profile.json", churnctl.read("profile.json"));
    let rows = ["--baseline", "data.csv", "--current", "data.csv"];
    why(&none, &rows)
        .expect(ExitCode::Usage)
        .says("none in production");
    let of_profile = ["--baseline", "profile.json", "--current", "data.csv"];
    why(&none, &of_profile)
        .expect(ExitCode::Usage)
        .says("no rows, and there is no model in production")
        .says("churnctl drift why --baseline model.json --current august.csv");
    // Nothing is named, neither here nor in settings.
    let example = "such as churnctl drift why --baseline model.json --current august.csv";
    why(&none, &[])
        .expect(ExitCode::Usage)
        .says("the current rows are not named")
        .says(example);
    why(&none, &["--current", "data.csv"])
        .expect(ExitCode::Usage)
        .says("no model is named, and there is none in production");
}

/// `init` writes a profile for the baseline; a training puts a model into production, which knows its own rows.
#[test]
fn settings_and_the_model_in_production_are_enough() {
    let churnctl = people(&turned(customers(3_000, 2), 0.25));
    let found = report(&churnctl);
    let profile = ["profile", "data.csv", "-o", "profile.json", "-q"];
    churnctl.run(&profile).expect(ExitCode::Ok);
    let churnctl = churnctl.file(
        "churnctl.toml",
        "[drift]\nbaseline = [\"profile.json\"]\ncurrent = [\"current.csv\"]\n",
    );
    let by_settings = why(&churnctl, &[]).expect(ExitCode::Ok).json();
    assert_eq!(by_settings["features"], found["features"]);
    // Each line of the table of cures fits into a terminal; the commands stand below, whole.
    let text = churnctl
        .run(&["drift", "why", "-q"])
        .expect(ExitCode::Ok)
        .stdout;
    let how = cure(&found, "retrain")["how"].as_str().expect("how");
    let lines = || text.lines();
    assert!(
        lines().any(|line| line.starts_with("retrain ") && line.ends_with(how)),
        "{text}"
    );
    let table = lines().skip_while(|line| !line.starts_with("CURE"));
    let table = table.take_while(|line| !line.is_empty());
    assert!(table.clone().count() == 5, "{text}");
    for line in table {
        assert!(!line.contains("churnctl"), "{line}");
    }
}

/// Where to go on after a FAIL, if there is a model that can be asked.
#[test]
fn a_check_that_fails_against_a_model_says_what_to_ask_next() {
    let moved = customers(1_500, 2);
    let csv = moved.csv();
    let visits = csv.lines().skip(1).map(|line| {
        let visits = line.split(',').nth(1).expect("visits");
        3.0 + visits.parse::<f64>().expect("a number")
    });
    let visits: Vec<f64> = visits.collect();
    let churnctl = people(&moved.without("visits").with("visits", visits));
    let drift = |args: &[&str]| churnctl.run(&[&["drift"], args].concat());
    let next = "churnctl drift why";
    drift(&[PRODUCTION, "current.csv"])
        .expect(ExitCode::CheckFailed)
        .says("churnctl drift why artifacts/metrics/data_drift_latest.json");
    drift(&[PRODUCTION, "current.csv", "--report", "none"])
        .expect(ExitCode::CheckFailed)
        .says(&format!(
            "churnctl drift why --baseline {PRODUCTION} --current current.csv"
        ));
    let quiet = drift(&[PRODUCTION, "current.csv", "-q"]).expect(ExitCode::CheckFailed);
    assert!(!quiet.stderr.contains(next), "{}", quiet.stderr);
    // Rows have no model to ask, and a check that passes leaves nothing to explain.
    let rows = drift(&["data.csv", "current.csv"]).expect(ExitCode::CheckFailed);
    assert!(!rows.stderr.contains(next), "{}", rows.stderr);
    let calm = drift(&[PRODUCTION, "data.csv"]).expect(ExitCode::Ok);
    assert!(!calm.stderr.contains(next), "{}", calm.stderr);
}
