//! `alerts show`: all there is to know about one alert.

use churnctl::exit::ExitCode;
use serde_json::json;

use crate::harness::Churnctl;
use crate::schemas::{expect_strict, expect_valid, schema};

fn k8s() -> String {
    format!("{}/k8s", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn an_alert_is_shown_with_rule_cases_route_and_runbook() {
    let show = |name: &str, format: &str| {
        let args = ["alerts", "show", name, &k8s(), "--format", format];
        Churnctl::new().run(&args).expect(ExitCode::Ok)
    };
    let text = show("ModelDataDrift", "plain").stdout;
    for part in [
        "labels: action=retrain, layer=ml, namespace=churn-mlops, severity=warning\n",
        "must hold for 15m:\n  max by (namespace, model)",
        // As `promtool` names the test, and as `amtool config routes test` would route it.
        "fires: one feature just above the threshold, at 15m: 1 alert",
        "/retrain-hook (line ",
        "## Impact\n",
        "\nchurnctl retrain status\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let shown = show("ModelDataDrift", "json").json();
    expect_valid(&schema("alerts_show"), &shown);
    expect_strict(&schema("alerts_show"), &shown);
    // `alerts.tell_retrain` is on by default: people learn of it, too.
    // The Operator calls a receiver by its object.
    let object = "churn-mlops/churn-mlops-alerts";
    let told = |shown: &serde_json::Value| shown["rules"][0]["routes"][0]["receivers"].clone();
    let (hook, people) = (
        format!("{object}/retrain-hook"),
        format!("{object}/slack-email"),
    );
    assert_eq!(told(&shown), json!([hook, people]));
    let pages = show("ChurnApiDown", "json").json();
    assert_eq!(told(&pages), json!([people]));
}

#[test]
fn commands_and_expressions_are_as_long_as_they_are_however_narrow_the_terminal() {
    let k8s = k8s();
    let show = |name: &str, format: &str| {
        Churnctl::new()
            .env("COLUMNS", "60")
            .run(&["alerts", "show", name, &k8s, "--format", format])
            .expect(ExitCode::Ok)
            .stdout
    };
    for name in ["ModelDataDrift", "ChurnWatchdog"] {
        let (table, plain) = (show(name, "table"), show(name, "plain"));
        let narrow: Vec<&str> = table.lines().collect();
        let mut is_code = false;
        for line in plain.lines() {
            is_code ^= line.starts_with("```");
            assert!(!is_code || narrow.contains(&line), "{line}: {table}");
            for command in line.split('`').skip(1).step_by(2).filter(|_| !is_code) {
                assert!(table.contains(command), "{command}: {table}");
            }
        }
        assert!(
            narrow.len() > plain.lines().count(),
            "prose is wrapped: {table}"
        );
    }
}

#[test]
fn an_alert_of_others_has_no_runbook_of_ours_and_one_that_is_not_there_is_bad_input() {
    let churnctl = Churnctl::new().file(
        "rules.yml",
        "groups: [{name: g, rules: [{alert: Mine, expr: up == 0}]}]\n",
    );
    let run = churnctl.run(&["alerts", "show", "Mine", "rules.yml", "--format", "json"]);
    let shown = run.expect(ExitCode::Ok).json();
    assert!(shown["runbook"].is_null() && shown["cases"] == json!([]));
    let run = churnctl.run(&["alerts", "show", "Mime", "rules.yml"]);
    let run = run
        .expect(ExitCode::BadInput)
        .says("there is no alert Mime");
    run.says("did you mean Mine?");
}
