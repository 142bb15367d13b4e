//! The tables of the Python system that churnctl replaces, by its own list of features and
//! without one. What must come out is what that system's reports in `tests/data/python_system/`
//! say of its whole data: OK for the daily features, FAIL for the drifted ones.

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, fixture};

/// The list in that system's drift check.
const FEATURES: &str =
    "watch_minutes_7d,watch_minutes_14d,watch_minutes_30d,quiz_attempts_7d,quiz_avg_score_7d";

const TRAINING: &str = "python_system/training_dataset.u50.csv.gz";
const DAILY: &str = "python_system/user_features_daily.u50.csv.gz";
const DRIFTED: &str = "python_system/user_features_daily_drifted.u50.csv.gz";

fn check(current: &str, options: &[&str], code: ExitCode) -> Value {
    let (training, current) = (fixture(TRAINING), fixture(current));
    let args = [
        "drift",
        "--baseline",
        &training,
        "--current",
        &current,
        "--format=json",
        "-q",
    ];
    let churnctl = Churnctl::new();
    let run = churnctl.run(&[&args[..], options].concat()).expect(code);
    assert_eq!(run.stderr, "");
    run.json()
}

/// That system's own report.
fn theirs(name: &str) -> Value {
    let path = fixture(&format!("python_system/{name}"));
    serde_json::from_slice(&std::fs::read(path).expect("the fixture")).expect("JSON")
}

fn keys(object: &Value) -> Vec<String> {
    let mut keys: Vec<String> = object
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    keys.sort();
    keys
}

#[test]
fn its_daily_features_are_ok_and_its_drifted_ones_fail() {
    // Their PSI sees nothing in the daily features; the share of customers who watched nothing
    // went from 8 to 14 %, which warns here.
    for (current, code, status, file) in [
        (DAILY, ExitCode::Ok, "WARN", "data_drift_normal.json"),
        (
            DRIFTED,
            ExitCode::CheckFailed,
            "FAIL",
            "data_drift_high.json",
        ),
    ] {
        let report = check(current, &["--features", FEATURES], code);
        let theirs = theirs(file);
        assert_eq!(report["status"], status, "{file}");
        let by_psi = |feature: &Value| feature["psi"].as_f64().is_some_and(|psi| psi >= 0.1);
        let features = report["features"].as_array().expect("features");
        assert_eq!(
            features.iter().any(by_psi),
            theirs["status"] != "OK",
            "{file}"
        );
        assert_eq!(
            keys(&report["psi_by_feature"]),
            keys(&theirs["psi_by_feature"])
        );
        // Its readers find every key where it was, with a value of the same kind.
        for (key, value) in theirs.as_object().expect("an object") {
            let own = &report[key];
            assert_eq!(
                std::mem::discriminant(own),
                std::mem::discriminant(value),
                "{key}: {own} for {value}"
            );
        }
    }
}

#[test]
fn every_feature_that_it_drifted_fails_here_too() {
    let report = check(DRIFTED, &["--features", FEATURES], ExitCode::CheckFailed);
    let theirs = theirs("data_drift_high.json");
    for (feature, psi) in theirs["psi_by_feature"].as_object().expect("an object") {
        if psi.as_f64().expect("a number") < 0.25 {
            continue;
        }
        let own = report["psi_by_feature"][feature].as_f64().expect(feature);
        assert!(own >= 0.25, "{feature}: {own} for {psi}");
    }
}

#[test]
fn without_a_list_its_ids_dates_and_label_are_recognised() {
    // The daily features go on for 30 days after the training table ends, so the age of the
    // accounts, which is not in that system's list, is another one. Nothing else is.
    let report = check(DAILY, &[], ExitCode::CheckFailed);
    let failed: Vec<&str> = report["features"]
        .as_array()
        .expect("features")
        .iter()
        .filter(|feature| feature["status"] == "FAIL")
        .filter_map(|feature| feature["feature"].as_str())
        .collect();
    assert_eq!(failed, ["days_since_signup"]);
    let left_out = report["left_out"].as_array().expect("a list");
    let mut names: Vec<(&str, &str)> = left_out
        .iter()
        .map(|out| {
            let text = |key: &str| out[key].as_str().expect(key);
            assert!(!text("reason").is_empty());
            (text("column"), text("role"))
        })
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            ("as_of_date", "date"),
            ("churn_label", "label"),
            ("signup_date", "date"),
            ("user_id", "id"),
        ]
    );
    // The daily features have no label yet: no finding.
    let fails =
        |finding: &&Value| finding["status"] == "FAIL" && finding["feature"] != "days_since_signup";
    assert_eq!(
        report["findings"]
            .as_array()
            .expect("a list")
            .iter()
            .find(fails),
        None
    );
    check(DRIFTED, &[], ExitCode::CheckFailed);
}
