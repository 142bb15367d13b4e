//! A model as the baseline scores the current rows itself, and drift is judged by what it does to the score.

use churnctl::exit::ExitCode;
use churnctl::model::artifact::Artifact;
use churnctl::model::store;
use serde_json::Value;

use crate::harness::{Churnctl, Random, Run, Table};
use crate::model::{PROVED, import, importing};
use crate::models::{PRODUCTION, customers, score, scoring, small_model};
use crate::schemas::{expect_strict, expect_valid, schema};

fn drift(churnctl: &Churnctl, current: &str, args: &[&str]) -> Run {
    let fixed = ["drift", "--baseline", PRODUCTION, "--current", current];
    let quiet = ["--format", "json", "--report", "none", "-q"];
    churnctl.run(&[&fixed[..], &quiet, args].concat())
}

fn report(churnctl: &Churnctl, current: &str, args: &[&str]) -> Value {
    let report = drift(churnctl, current, &[args, &["--fail-on", "never"]].concat());
    let report = report.expect(ExitCode::Ok).json();
    expect_valid(&schema("drift_report"), &report);
    report
}

fn feature<'a>(report: &'a Value, name: &str) -> &'a Value {
    let features = report["features"].as_array().expect("features");
    let found = features.iter().find(|feature| feature["feature"] == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

/// Customers with `noise`, which the model does not use, or `visits`, on which it rests, moved.
fn moved(column: &str) -> Table {
    let table = customers(2_000, 2);
    let index = if column == "noise" { 2 } else { 1 };
    let csv = table.csv();
    let values: Vec<f64> = csv
        .lines()
        .skip(1)
        .map(|line| {
            line.split(',')
                .nth(index)
                .expect(column)
                .parse()
                .expect(column)
        })
        .collect();
    let moved = values.iter().map(|value| value + 1.5);
    table.without(column).with(column, moved)
}

#[test]
fn rows_without_scores_are_scored_as_score_does() {
    let churnctl = scoring().table("current.csv", &customers(2_000, 2).without("churn"));
    score(
        &churnctl,
        &["--keep", "visits", "--keep", "noise", "--keep", "plan"],
    )
    .expect(ExitCode::Ok);
    let by_itself = report(&churnctl, "current.csv", &[]);
    let by_score = report(&churnctl, "out.csv", &[]);
    for part in ["score", "estimated_performance"] {
        assert!(by_itself[part].is_object(), "{part}");
        assert_eq!(by_itself[part], by_score[part], "{part}");
    }
    // Nobody asked for it, and a log of predictions is checked as fast as ever.
    assert!(by_score["consequences"].is_null());
    // Also where labels come with the features, and by window.
    let churnctl = churnctl.table("labelled.csv", &customers(2_000, 2));
    let labelled = report(&churnctl, "labelled.csv", &[]);
    assert!(labelled["performance"]["current"]["roc_auc"]["value"].as_f64() > Some(0.7));
    let days = (0..2_000).map(|row| format!("2026-01-0{}", 1 + row / 1_000));
    let churnctl = churnctl.table("days.csv", &customers(2_000, 2).with("day", days));
    let windows = report(&churnctl, "days.csv", &["--time", "day"]);
    assert!(windows["score"].is_object(), "{windows}");
}

#[test]
fn what_the_columns_do_to_the_score_adds_up_to_its_change() {
    let churnctl = scoring().table("current.csv", &moved("visits"));
    let report = report(&churnctl, "current.csv", &[]);
    expect_strict(&schema("drift_report"), &report);
    let whole = &report["consequences"];
    for (part, all) in [
        ("mean_score_change", "mean_score"),
        ("called_share_change", "called_share"),
    ] {
        let features = report["features"].as_array().expect("features");
        let parts = features.iter().map(|feature| &feature["consequence"][part]);
        let sum: f64 = parts.map(|part| part.as_f64().expect("a number")).sum();
        let side = |side: &str| whole[all][side].as_f64().expect(side);
        let change = side("current") - side("baseline");
        assert!(
            change > 0.1 && (sum - change).abs() < 1e-9,
            "{sum} {change}"
        );
    }
    // The mean of the scores themselves.
    let numeric = &report["score"]["numeric"]["current"]["mean"];
    let difference = numeric.as_f64().expect("a mean")
        - whole["mean_score"]["current"].as_f64().expect("a mean");
    assert!(difference.abs() < 1e-9, "{difference}");
}

#[test]
fn by_consequence_only_a_column_that_the_score_feels_fails() {
    let churnctl = scoring()
        .table("noise.csv", &moved("noise"))
        .table("visits.csv", &moved("visits"));
    for (column, policy, status) in [
        ("noise", "statistics", "FAIL"),
        ("noise", "consequence", "WARN"),
        ("noise", "both", "WARN"),
        ("visits", "statistics", "FAIL"),
        ("visits", "consequence", "FAIL"),
        ("visits", "both", "FAIL"),
    ] {
        let report = report(&churnctl, &format!("{column}.csv"), &["--policy", policy]);
        let drifted = feature(&report, column);
        assert_eq!(drifted["status"], status, "{column} {policy}");
        assert_eq!(report["consequences"]["policy"], policy);
        let said = drifted["reasons"][0].as_str().expect("a reason");
        let is_told = said.starts_with("the score ");
        assert_eq!(is_told, policy != "statistics", "{said}");
    }
    // The run follows: exit code 2 by statistics, 0 by consequence.
    drift(&churnctl, "noise.csv", &[]).expect(ExitCode::CheckFailed);
    drift(&churnctl, "noise.csv", &["--policy", "consequence"]).expect(ExitCode::Ok);
}

#[test]
fn a_report_by_consequence_is_made_again_to_the_byte() {
    let churnctl = scoring().table("current.csv", &moved("noise"));
    let args = [
        "drift",
        "--baseline",
        PRODUCTION,
        "--current",
        "current.csv",
        "--policy",
        "both",
    ];
    churnctl
        .run(
            &[
                &args[..],
                &[
                    "--report",
                    "report.json",
                    "--html",
                    "page.html",
                    "--markdown",
                    "page.md",
                ],
            ]
            .concat(),
        )
        .expect(ExitCode::Ok);
    churnctl
        .run(&["drift", "verify", "report.json"])
        .expect(ExitCode::Ok);
    for page in ["page.html", "page.md"] {
        let page = String::from_utf8(churnctl.read(page)).expect("UTF-8");
        assert!(page.contains("What drift does to the score"));
    }
}

#[test]
fn numbers_that_are_written_otherwise_are_read_as_they_are_written() {
    let table = customers(2_000, 2);
    let comma = |line: &str| line.replace('.', ",");
    let text = table.csv().replace(',', ";");
    let text: Vec<String> = text.lines().map(comma).collect();
    let churnctl = scoring()
        .table("points.csv", &table)
        .file("commas.csv", text.join("\n"));
    let points = report(&churnctl, "points.csv", &[]);
    let commas = report(&churnctl, "commas.csv", &["--delimiter", ";"]);
    assert_eq!(points["consequences"], commas["consequences"]);
    assert_eq!(points["score"]["psi"], commas["score"]["psi"]);
}

#[test]
fn a_current_side_that_cannot_be_scored_is_told_and_a_policy_that_needs_scores_refuses_it() {
    let lacking = customers(2_000, 2).without("plan");
    let churnctl = scoring().table("current.csv", &lacking);
    let report = report(&churnctl, "current.csv", &[]);
    let findings = report["findings"].as_array().expect("findings");
    let told = findings
        .iter()
        .find(|finding| finding["kind"] == "not_scored");
    let said = told.expect("is told")["message"].as_str().expect("words");
    assert!(
        said.ends_with("it lacks features of the model: plan"),
        "{said}"
    );
    let by_consequence = ["--policy", "consequence"];
    drift(&churnctl, "current.csv", &by_consequence)
        .expect(ExitCode::Usage)
        .says("it lacks features of the model: plan");
    let churnctl = churnctl.table("current.csv", &customers(2_000, 2));
    drift(
        &churnctl,
        "current.csv",
        &["--policy", "consequence", "--by", "plan"],
    )
    .expect(ExitCode::Usage)
    .says("--policy consequence cannot be used with segments (--by)");
    let args = [
        "drift",
        "--baseline",
        "current.csv",
        "--current",
        "current.csv",
    ];
    churnctl
        .run(&[&args[..], &by_consequence].concat())
        .expect(ExitCode::Usage)
        .says("the baseline is not a model");
    churnctl
        .env("CHURNCTL_DRIFT_POLICY", "severity")
        .run(&args)
        .expect(ExitCode::BadSettings)
        .says("statistics");
}

#[test]
fn sizes_of_moves_are_settings() {
    let churnctl = scoring().table("noise.csv", &moved("noise"));
    let status = |churnctl: &Churnctl| {
        let report = report(churnctl, "noise.csv", &["--policy", "consequence"]);
        let found = feature(&report, "noise")["consequence"]["status"].clone();
        let limits = ["warn_score_move", "fail_score_move"]
            .map(|name| report["consequences"][name].as_f64());
        (found, limits)
    };
    assert_eq!(
        status(&churnctl),
        (Value::from("OK"), [Some(0.05), Some(0.1)])
    );
    let churnctl = churnctl.file(
        "churnctl.toml",
        "[drift]\nwarn_score_move = 0.0001\nfail_score_move = 0.5\n",
    );
    assert_eq!(
        status(&churnctl),
        (Value::from("WARN"), [Some(0.0001), Some(0.5)])
    );
    let churnctl = churnctl.env("CHURNCTL_DRIFT_FAIL_SCORE_MOVE", "0.0002");
    assert_eq!(
        status(&churnctl),
        (Value::from("FAIL"), [Some(0.0001), Some(0.0002)])
    );
    let churnctl = churnctl.env("CHURNCTL_DRIFT_FAIL_SCORE_MOVE", "far");
    drift(&churnctl, "noise.csv", &[])
        .expect(ExitCode::BadSettings)
        .says("far");
}

#[test]
fn an_imported_model_judges_by_its_consequence_too() {
    let churnctl = importing()
        .table("noise.csv", &moved("noise"))
        .table("visits.csv", &moved("visits"));
    import(&churnctl, &PROVED).expect(ExitCode::Ok);
    let artifact = churnctl.read("model.json");
    let churnctl = churnctl.file(PRODUCTION, artifact);
    for (column, status) in [("noise", "WARN"), ("visits", "FAIL")] {
        let report = report(
            &churnctl,
            &format!("{column}.csv"),
            &["--policy", "consequence"],
        );
        assert_eq!(feature(&report, column)["status"], status, "{column}");
    }
    // Its trees do not ask for `noise`.
    let report = report(&churnctl, "noise.csv", &["--policy", "consequence"]);
    assert_eq!(
        feature(&report, "noise")["reasons"][0],
        "the score does not use it"
    );
}

#[test]
fn a_model_that_does_not_know_what_its_columns_add_is_refused_by_the_policy() {
    // As an older churnctl made it.
    let mut old: Artifact = serde_json::from_slice(small_model()).expect("a model");
    old.body.attributions = None;
    let old = store::seal("churn", old.body, "2026-01-01T00:00:00Z", "0.1.0").expect("is sound");
    let churnctl = scoring()
        .file(PRODUCTION, store::to_json(&old))
        .table("current.csv", &customers(2_000, 2));
    drift(&churnctl, "current.csv", &["--policy", "consequence"])
        .expect(ExitCode::Usage)
        .says("train it again");
    let report = report(&churnctl, "current.csv", &[]);
    assert!(
        report["score"].is_object() && report["consequences"].is_null(),
        "{report}"
    );
}

#[test]
fn columns_that_the_score_rests_on_now_and_did_not_are_told() {
    // `visits` has one value, so that what tells customers apart is the plan.
    let table = customers(2_000, 2);
    let mut random = Random::new(5);
    let still = (0..2_000).map(|_| 0.001 * random.share());
    let churnctl = scoring().table(
        "current.csv",
        &table.without("visits").with("visits", still),
    );
    let report = report(&churnctl, "current.csv", &["--policy", "consequence"]);
    let findings = report["findings"].as_array().expect("findings");
    assert!(
        findings
            .iter()
            .any(|finding| finding["kind"] == "attribution_drift"),
        "{}",
        report["consequences"]
    );
}
