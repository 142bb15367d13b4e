//! What cases of alerts show, and what is said where promtool or amtool cannot judge.

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::Churnctl;
use crate::refusals::newest;
use crate::schemas::{expect_strict, expect_valid, schema};
use crate::servers::installed;

fn tested(churnctl: &Churnctl, code: ExitCode, more: &[&str]) -> Option<Value> {
    installed("promtool")?;
    let mut args = vec!["alerts", "test", ".", "--no-mutation", "--format", "json"];
    args.extend(more);
    let report = churnctl.run(&args).expect(code).json();
    expect_valid(&schema("alerts_test"), &report);
    expect_strict(&schema("alerts_test"), &report);
    Some(report)
}

/// promtool takes both cases; the alert's own selector finds no input series.
#[test]
fn cases_of_an_alert_behind_a_recording_rule_are_silent_or_firing_and_not_without_data() {
    let churnctl = Churnctl::new()
        .file(
            "r.yml",
            "groups:\n  - name: g\n    rules:\n      - {record: job:r, expr: x * 2}\n      - {record: job:rr, expr: 'avg_over_time(job:r[2m])'}\n      - {alert: A, expr: job:rr > 5}\n",
        )
        .file(
            "t.yml",
            "rule_files: [r.yml]\ntests:\n  - interval: 1m\n    input_series: [{series: 'x{a=\"b\"}', values: 1x5 9x5}]\n    alert_rule_test:\n      - {eval_time: 3m, alertname: A}\n      - {eval_time: 9m, alertname: A, exp_alerts: [{exp_labels: {a: b}}]}\n  - interval: 1m\n    alert_rule_test: [{eval_time: 3m, alertname: A}]\n",
        );
    let Some(report) = tested(&churnctl, ExitCode::Ok, &["--min-coverage", "100"]) else {
        return;
    };
    let shown = &report["proof"]["rules"][0]["coverage"];
    assert_eq!(*shown, json!({"fires": 1, "silent": 1, "no_data": 1}));
}

/// promtool 3.14 finds no sample of the series at either time.
#[test]
fn a_series_that_ended_or_never_began_is_no_data() {
    let churnctl = Churnctl::new()
        .file(
            "r.yml",
            "groups: [{name: g, rules: [{alert: A, expr: x > 5}]}]\n",
        )
        .file(
            "t.yml",
            "rule_files: [r.yml]\ntests:\n  - input_series: [{series: x, values: _x10}]\n    alert_rule_test: [{eval_time: 3m, alertname: A}]\n  - input_series: [{series: x, values: 9 stale}]\n    alert_rule_test:\n      - {eval_time: 0m, alertname: A, exp_alerts: [{}]}\n      - {eval_time: 3m, alertname: A}\n",
        );
    // An older promtool takes no notice of `stale` in an alert.
    let Some(promtool) = newest("promtool") else {
        return;
    };
    let promtool = promtool.display().to_string();
    let more = ["--min-coverage", "0", "--promtool", &promtool];
    let Some(report) = tested(&churnctl, ExitCode::Ok, &more) else {
        return;
    };
    let shown = &report["proof"]["rules"][0]["coverage"];
    assert_eq!(*shown, json!({"fires": 1, "silent": 0, "no_data": 2}));
}

#[test]
fn of_rules_that_promtool_refuses_no_case_passes_and_no_mutant_is_noticed() {
    let churnctl = Churnctl::new()
        .file(
            "r.yml",
            "groups: [{name: g, rules: [{alert: A, expr: x > 5, unknown: key}]}]\n",
        )
        .file(
            "t.yml",
            "rule_files: [r.yml]\ntests: [{alert_rule_test: [{eval_time: 3m, alertname: A}]}]\n",
        );
    if installed("promtool").is_none() {
        return;
    }
    let run = churnctl.run(&["alerts", "test", "."]);
    let run = run.expect(ExitCode::CheckFailed);
    assert!(run.stdout.contains("1 of 1 cases not run"), "{run:?}");
    assert!(!run.stdout.contains("noticed"), "{run:?}");
    let Some(report) = tested(&churnctl, ExitCode::CheckFailed, &[]) else {
        return;
    };
    assert_eq!(report["proof"]["not_run"], 1);
    assert_eq!(report["proof"]["rules"][0]["refused"], true);
}

/// `amtool config routes test` of either generation, asked with the same labels in quotes, names the same receivers.
#[test]
fn labels_of_any_text_are_routed_as_amtool_routes_them() {
    let values = [
        "c d",
        "a,b",
        "x=y",
        "it's",
        "a\\b",
        "!x",
        "",
        "{",
        "a\"b",
        "{{ $labels.job }}",
        "http://x/y?z=1",
        "two\nlines",
    ];
    let cases: Vec<Value> = values
        .iter()
        .map(|value| json!({"labels": {"severity": "warning", "team": value}, "receivers": ["r5"]}))
        .collect();
    let churnctl = Churnctl::new()
        .file(
            "am.yml",
            "route: {receiver: r1, routes: [{matchers: [severity=warning], receiver: r5}]}\nreceivers: [{name: r1}, {name: r5}]\n",
        )
        .file("cases.yml", json!({ "routing": cases }).to_string());
    for amtool in [installed("amtool"), newest("amtool")]
        .into_iter()
        .flatten()
    {
        let amtool = amtool.display().to_string();
        let run = churnctl.run(&["alerts", "test", ".", "--amtool", &amtool]);
        let run = run.expect(ExitCode::Ok);
        assert!(
            run.stdout.contains("12 of 12 routing cases pass"),
            "{run:?}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_the_others_are_judged() {
    let churnctl = Churnctl::new()
        .file("a.yml", b"groups: # gr\xfc\xdfe\n".as_slice())
        .file(
            "b.yml",
            "group: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n",
        )
        .file(
            "c.yml",
            "groups: [{name: g, rules: [{alert: C, expr: up > 1}]}]\n",
        );
    let run = churnctl.run(&["alerts", "lint", ".", "--format", "json"]);
    let found = run.expect(ExitCode::CheckFailed).json();
    let found: Vec<(&str, &str)> = found["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["status"] == "FAIL")
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap_or_default();
            (text("file"), text("check"))
        })
        .collect();
    assert_eq!(
        found,
        [
            ("./a.yml", "syntax"),
            ("./b.yml", "syntax"),
            ("./c.yml", "never-fires")
        ]
    );
}
