//! `drift --thresholds windows`: how far the baseline's own windows lie from it says how far is too far.

use std::fmt::Write as _;

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Random, Run};
use crate::schemas::{expect_strict, schema};

/// Days of 1,000 rows each, of which these shares pay by month; days follow one another from the first of a month.
fn days(seed: u64, month: u32, shares: &[f64]) -> String {
    let mut random = Random::new(seed);
    let mut text = "at,contract\n".to_owned();
    for (at, share) in shares.iter().enumerate() {
        for _ in 0..1_000 {
            let contract = if random.chance(*share) {
                "month"
            } else {
                "year"
            };
            writeln!(text, "2026-{month:02}-{:02},{contract}", at + 1).expect("a text");
        }
    }
    text
}

/// Days that differ as weekdays and weekends may, and days that do not; the last but one of each current side is
/// farther away than any of its baseline.
fn files() -> Churnctl {
    let restless: Vec<f64> = (0..12)
        .map(|at| if at % 2 == 0 { 0.8 } else { 0.2 })
        .collect();
    let mut far = restless.clone();
    far[10] = 0.95;
    let mut moved = [0.5; 12];
    moved[10] = 0.62;
    Churnctl::new()
        .file("restless.csv", days(1, 1, &restless))
        .file("restless_now.csv", days(2, 2, &far))
        .file("calm.csv", days(3, 1, &[0.5; 12]))
        .file("calm_now.csv", days(4, 2, &moved))
}

fn drift(churnctl: &Churnctl, sides: [&str; 2], more: &[&str]) -> Run {
    let usual = [
        "drift",
        sides[0],
        sides[1],
        "--time",
        "at",
        "--report",
        "report.json",
    ];
    churnctl.run(&[&usual[..], more].concat())
}

/// The windows that fail.
fn failed(churnctl: &Churnctl) -> Vec<String> {
    let report = churnctl.read_json("report.json");
    let windows = report["windows"].as_array().expect("windows");
    let failed = windows.iter().filter(|window| window["status"] == "FAIL");
    failed
        .map(|window| window["window"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn windows_are_judged_by_those_of_the_baseline() {
    let churnctl = files();
    let restless = ["restless.csv", "restless_now.csv"];
    let calm = ["calm.csv", "calm_now.csv"];
    // By the fixed thresholds every day of the restless side fails, and none of the calm one.
    drift(&churnctl, restless, &[]).expect(ExitCode::CheckFailed);
    assert_eq!(failed(&churnctl).len(), 12);
    drift(&churnctl, calm, &["--thresholds", "fixed"]).expect(ExitCode::Ok);
    assert_eq!(churnctl.read_json("report.json")["psi_limits"], Value::Null);
    // By their own windows it is the day that is unlike them.
    for thresholds in ["windows", "both"] {
        drift(&churnctl, restless, &["--thresholds", thresholds]).expect(ExitCode::CheckFailed);
        assert_eq!(failed(&churnctl), ["2026-02-11"], "{thresholds}");
        let report = churnctl.read_json("report.json");
        expect_strict(&schema("drift_report"), &report);
        let limits = &report["psi_limits"];
        assert_eq!(
            (&limits["windows"], &limits["thresholds"]),
            (&12.into(), &thresholds.into())
        );
        let limit = limits["psi"]["contract"].as_f64().expect("a limit");
        // Of a share of .8 or .2 against one half: .3 ln(.8 / .5) - .3 ln(.2 / .5) = .4159, and chance.
        assert!((0.41..0.65).contains(&limit), "{limit}");
        let reason = report["windows"][10]["features"][0]["reasons"][0]
            .as_str()
            .expect("a reason");
        let said = format!("threshold {limit:.3}, mean + 3 sd of 12 windows of the baseline");
        assert!(reason.contains(&said), "{reason}");
        assert_eq!(
            reason.ends_with("and 0.25)"),
            thresholds == "both",
            "{reason}"
        );
        churnctl
            .run(&["drift", "verify", "report.json"])
            .expect(ExitCode::Ok);
    }
    drift(&churnctl, calm, &["--thresholds", "windows"]).expect(ExitCode::CheckFailed);
    assert_eq!(failed(&churnctl), ["2026-02-11"]);
    drift(&churnctl, calm, &["--thresholds", "both"]).expect(ExitCode::Ok);
}

#[test]
fn a_history_is_shown_as_it_was_judged() {
    let churnctl = files();
    let kept = ["--history", "kept", "--thresholds", "windows"];
    let sides = ["calm.csv", "calm_now.csv"];
    for _ in 0..2 {
        drift(&churnctl, sides, &kept).expect(ExitCode::CheckFailed);
        assert_eq!(failed(&churnctl), ["2026-02-11"]);
    }
    churnctl
        .run(&["drift", "verify", "report.json"])
        .expect(ExitCode::Ok);
    let shown = churnctl
        .run(&["drift", "history", "kept", "--format", "json"])
        .expect(ExitCode::Ok)
        .stdout;
    assert!(
        shown.contains("mean + 3 sd of 12 windows of the baseline"),
        "{shown}"
    );
}

#[test]
fn a_baseline_without_windows_is_refused() {
    let churnctl = files()
        .file(
            "previous.toml",
            "[drift]\ntime = \"at\"\nagainst = \"previous\"\nthresholds_from = \"windows\"\n",
        )
        .file("few.csv", days(1, 1, &[0.5; 4]));
    let by = |baseline: &str, more: &[&str]| {
        drift(
            &churnctl,
            [baseline, "calm_now.csv"],
            &[&["--thresholds", "windows"], more].concat(),
        )
    };
    by("few.csv", &[])
        .expect(ExitCode::BadInput)
        .says("the baseline has 4 windows of 1d with 100 rows or more: for thresholds of its own it takes 5");
    churnctl
        .run(&["profile", "calm.csv", "-o", "profile.json"])
        .expect(ExitCode::Ok);
    by("profile.json", &[])
        .expect(ExitCode::Usage)
        .says("--thresholds windows needs a baseline with its rows");
    by("calm.csv", &["--against", "previous"])
        .expect(ExitCode::Usage)
        .says("--thresholds cannot be used with --against previous");
    churnctl
        .run(&[
            "drift",
            "calm.csv",
            "calm_now.csv",
            "--thresholds",
            "windows",
        ])
        .expect(ExitCode::Usage)
        .says("needs --time");
    churnctl
        .run(&[
            "--config",
            "previous.toml",
            "drift",
            "calm.csv",
            "calm_now.csv",
        ])
        .expect(ExitCode::BadSettings)
        .says("previous.toml:4");
}
