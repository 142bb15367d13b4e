//! `churnctl alerts` offline: lists, findings with their places, proofs by promtool and amtool.

use churnctl::exit::ExitCode;

use crate::harness::{Churnctl, Run, fixture};
use crate::servers::installed;

const RULES: &str = r#"apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: api, namespace: churn-mlops}
spec:
  groups:
    - name: api
      rules:
        - alert: ApiDown
          expr: absent(up{job="churn-api"} == 1)
          for: 3m
          labels: {severity: critical, namespace: churn-mlops}
          annotations:
            summary: API is down
            description: No target can be scraped.
            runbook_url: https://runbooks.example.com/ApiDown
        - alert: TargetDown
          expr: up{job="churn-api"} == 0
          for: 4m
          labels: {severity: warning, namespace: churn-mlops}
          annotations:
            summary: Target is down
            description: '{{ $labels.pod }} cannot be scraped.'
            runbook_url: https://runbooks.example.com/TargetDown
"#;

const CASES: &str = r#"evaluation_interval: 1m
tests:
  - name: fires and waits
    interval: 1m
    input_series:
      - {series: 'up{job="churn-api",pod="a"}', values: '0x20'}
      - {series: 'up{job="other",pod="b"}', values: '1x20'}
      - {series: 'up{job="third",pod="c"}', values: '0x20'}
    alert_rule_test:
      - {alertname: ApiDown, eval_time: 2m, exp_alerts: []}
      - alertname: ApiDown
        eval_time: 4m
        exp_alerts:
          - exp_labels: {severity: critical, namespace: churn-mlops}
            exp_annotations:
              summary: API is down
              description: No target can be scraped.
              runbook_url: https://runbooks.example.com/ApiDown
      - {alertname: TargetDown, eval_time: 3m, exp_alerts: []}
      - alertname: TargetDown
        eval_time: 5m
        exp_alerts:
          - exp_labels: {severity: warning, namespace: churn-mlops, job: churn-api, pod: a}
            exp_annotations:
              summary: Target is down
              description: a cannot be scraped.
              runbook_url: https://runbooks.example.com/TargetDown
  - name: all is well
    interval: 1m
    input_series:
      - {series: 'up{job="churn-api",pod="a"}', values: '1x20'}
    alert_rule_test:
      - {alertname: ApiDown, eval_time: 15m, exp_alerts: []}
      - {alertname: TargetDown, eval_time: 15m, exp_alerts: []}
  - name: nothing is there
    interval: 1m
    alert_rule_test:
      - {alertname: TargetDown, eval_time: 15m, exp_alerts: []}
      - alertname: ApiDown
        eval_time: 4m
        exp_alerts:
          - exp_labels: {severity: critical, namespace: churn-mlops}
            exp_annotations:
              summary: API is down
              description: No target can be scraped.
              runbook_url: https://runbooks.example.com/ApiDown
"#;

const ROUTES: &str = r#"route:
  receiver: default
  group_by: [alertname]
  routes:
    - matchers: ['severity="critical"']
      receiver: pager
      continue: true
    - matchers: ['namespace="churn-mlops"']
      receiver: team
      group_by: [namespace]
      mute_time_intervals: [weekend]
receivers:
  - {name: default}
  - {name: pager}
  - {name: team}
inhibit_rules:
  - source_matchers: ['severity="critical"']
    target_matchers: ['severity="warning"']
    equal: [namespace]
time_intervals:
  - name: weekend
    time_intervals:
      - weekdays: [saturday, sunday]
"#;

fn folder() -> Churnctl {
    Churnctl::new()
        .file("k8s/rules.yaml", RULES)
        .file("k8s/rules_test.yaml", CASES)
}

/// The findings as `check:line`.
fn found(run: &Run) -> Vec<String> {
    let json = run.json();
    let findings = json["findings"].as_array().expect("a list");
    let names = findings.iter().map(|one| {
        let check = one["check"].as_str().expect("an id");
        format!("{check}:{}", one["line"])
    });
    names.collect()
}

/// Says why where a test cannot run.
fn has(programs: &[&str]) -> bool {
    programs.iter().all(|program| installed(program).is_some())
}

#[test]
fn the_faults_of_the_old_rules_are_found_by_id_and_line() {
    let run = Churnctl::new()
        .run(&[
            "alerts",
            "lint",
            &fixture("seed_rules.yaml"),
            "--format",
            "json",
        ])
        .expect(ExitCode::CheckFailed);
    let found = found(&run);
    // Lines counted in the file; the faults are those that its rules were proved to have.
    for wanted in [
        // kube_hpa_* since kube-state-metrics 2.0, both names.
        "dead-metric:61",
        "dead-metric:63",
        "dead-metric:75",
        "dead-metric:77",
        "dead-metric:79",
        "dead-metric:85",
        "traffic-guard:86",
        "traffic-guard:103",
        "traffic-guard:128",
        // job_name=~"churn-drift-.*" matches churn-drift-auto-retrain.
        "retrain-loop:149",
        "stuck-job:149",
        // phase!="Running" is true of every finished pod.
        "finished-pods:36",
        "counter-without-rate:75",
        "missing-runbook-url:15",
        "missing-runbook-url:35",
        "missing-runbook-url:125",
        "missing-runbook-url:148",
        "missing-severity:74",
        "deprecated-matcher:166",
    ] {
        assert!(found.contains(&wanted.to_owned()), "{wanted}: {found:#?}");
    }
}

#[test]
fn findings_come_in_every_format_and_beside_stdout() {
    let seed = fixture("seed_rules.yaml");
    let churnctl = Churnctl::new().env("GITHUB_STEP_SUMMARY", "summary.md");
    let lint = |format: &str| {
        let run = churnctl.run(&["alerts", "lint", &seed, "--format", format]);
        run.expect(ExitCode::CheckFailed).stdout
    };
    assert!(lint("plain").contains(":36:13: FAIL finished-pods: PodNotRunning: "));
    assert!(lint("github").contains("::error file="));
    let github = lint("github");
    assert!(
        github
            .lines()
            .all(|line| line.starts_with("::error ") || line.starts_with("::warning "))
    );
    let sarif: serde_json::Value = serde_json::from_str(&lint("sarif")).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    // GitHub shows ten: the last one says how many are left.
    assert_eq!(github.lines().count(), 10);
    let left = format!("title=and {} more::", results.len() - 9);
    assert!(
        github
            .lines()
            .last()
            .is_some_and(|line| line.contains(&left)),
        "{github}"
    );
    assert_eq!(sarif["version"], "2.1.0");
    let junit = lint("junit");
    assert!(junit.contains("<testcase classname=") && junit.ends_with("</testsuites>\n"));
    let summary = String::from_utf8(churnctl.read("summary.md")).expect("UTF-8");
    assert!(
        summary.starts_with("## ❌ Alert rules, lint: FAIL"),
        "{summary}"
    );
    // The formats of findings are for findings.
    churnctl
        .run(&["config", "show", "--format", "sarif"])
        .expect(ExitCode::Usage);
    let args = [
        "alerts",
        "lint",
        &seed,
        "--junit",
        "out.xml",
        "--sarif",
        "out.sarif",
        "-q",
    ];
    churnctl.run(&args).expect(ExitCode::CheckFailed);
    assert_eq!(
        String::from_utf8(churnctl.read("out.xml")).expect("UTF-8"),
        junit
    );
    assert_eq!(churnctl.read_json("out.sarif")["runs"], sarif["runs"]);
}

#[test]
fn a_run_that_looked_at_nothing_is_no_ok() {
    let churnctl =
        Churnctl::new().file("k8s/deployment.yaml", "kind: Deployment\napiVersion: v1\n");
    for command in ["list", "lint", "test"] {
        churnctl
            .run(&["alerts", command])
            .expect(ExitCode::BadInput);
        churnctl
            .run(&["alerts", command, "nowhere"])
            .expect(ExitCode::Io);
    }
    let broken = Churnctl::new().file(
        "k8s/rules.yaml",
        "groups:\n- name: a\n  rules:\n  - alert: X\n",
    );
    let run = broken.run(&["alerts", "lint"]).expect(ExitCode::BadInput);
    assert!(
        run.stderr.contains("k8s/rules.yaml:4") && run.stderr.contains("expr"),
        "{run:?}"
    );
    let run = broken.run(&["alerts", "lint", "--explain", "no-such"]);
    run.expect(ExitCode::Usage).says("no check");
}

#[test]
fn rules_come_from_standard_input_lists_and_plain_files() {
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {}",
        RULES.trim_end().replace('\n', "\n  ")
    );
    let churnctl = Churnctl::new();
    let run = churnctl.run_with_stdin(
        &["alerts", "list", "-", "--format", "json"],
        list.as_bytes(),
    );
    let json = run.expect(ExitCode::Ok).json();
    assert_eq!(json["rules"][1]["name"], "TargetDown");
    assert_eq!(json["rules"][1]["line"], 16 + 3);
    assert_eq!(json["rules"][0]["metrics"][0], "up");
    assert_eq!(json["rules"][0]["for_seconds"], 180.0);
    let run = folder().run(&["alerts", "list"]).expect(ExitCode::Ok);
    assert!(
        run.stdout.contains("2 alerts in 2 files, 8 unit cases"),
        "{run:?}"
    );
}

#[test]
fn cases_prove_rules_and_notice_every_alteration() {
    if !has(&["promtool"]) {
        return;
    }
    let run = folder().run(&[
        "alerts",
        "test",
        "--min-coverage",
        "100",
        "--min-mutation",
        "100",
        "--format",
        "json",
    ]);
    let json = run.expect(ExitCode::Ok).json();
    assert_eq!(json["status"], "OK");
    assert_eq!(json["coverage_percent"], 100.0);
    let rules = json["proof"]["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), 2);
    for rule in rules {
        assert!(rule["mutants"].as_u64() >= Some(6), "{rule}");
        assert_eq!(rule["mutants"], rule["killed"], "{rule}");
    }
}

#[test]
fn an_alteration_that_no_case_notices_is_named_with_the_case_that_would() {
    if !has(&["promtool"]) {
        return;
    }
    // Without the series of another job nobody sees the matcher go.
    let cases = CASES.replace(
        "      - {series: 'up{job=\"third\",pod=\"c\"}', values: '0x20'}\n",
        "",
    );
    let churnctl = Churnctl::new()
        .file("k8s/rules.yaml", RULES)
        .file("k8s/rules_test.yaml", cases);
    let run = churnctl.run(&["alerts", "test", "--min-mutation", "100"]);
    let run = run.expect(ExitCode::CheckFailed);
    assert!(
        run.stdout.contains("TargetDown: no case notices matcher `job=\"churn-api\"` taken out; wanted: a case with series that differ in `job` only"),
        "{run:?}"
    );
    churnctl.run(&["alerts", "test"]).expect(ExitCode::Ok);
}

#[test]
fn cases_that_fail_or_ask_for_nobody_are_named_with_their_line() {
    if !has(&["promtool"]) {
        return;
    }
    let cases = CASES.replace("eval_time: 5m\n", "eval_time: 2m\n").replace(
        "{alertname: ApiDown, eval_time: 15m",
        "{alertname: ApiUp, eval_time: 15m",
    );
    let churnctl = Churnctl::new()
        .file("k8s/rules.yaml", RULES)
        .file("k8s/rules_test.yaml", cases);
    let run = churnctl.run(&["alerts", "test", "--junit", "out.xml", "--no-mutation"]);
    let run = run.expect(ExitCode::CheckFailed);
    assert!(
        run.stdout
            .contains("k8s/rules_test.yaml:20: TargetDown in \"fires and waits\" at 2m"),
        "{run:?}"
    );
    assert!(
        run.stdout
            .contains("no rule that its file loads has the alert ApiUp"),
        "{run:?}"
    );
    let junit = String::from_utf8(churnctl.read("out.xml")).expect("UTF-8");
    assert!(junit.contains("failures=\"2\""), "{junit}");
    let none = Churnctl::new().file("k8s/rules.yaml", RULES);
    let run = none.run(&["alerts", "test"]).expect(ExitCode::CheckFailed);
    assert!(run.stdout.contains("no unit case"), "{run:?}");
}

#[test]
fn without_promtool_the_package_is_named() {
    let run = folder().run(&["alerts", "test", "--promtool", "no-such-promtool"]);
    run.expect(ExitCode::Unavailable).says("prometheus");
}

#[test]
fn routing_cases_say_who_is_told() {
    if !has(&["promtool", "amtool"]) {
        return;
    }
    let cases = r#"routing:
  - alert: ApiDown
    receivers: [pager, team]
    group_by: [namespace]
"#;
    let good = r#"routing:
  - alert: ApiDown
    receivers: [team, pager]
  - name: warnings are for the team
    alert: TargetDown
    labels: {pod: a}
    receivers: [team]
    group_by: [namespace]
  - name: not while a critical one fires
    alert: TargetDown
    firing: [{alertname: ApiDown, severity: critical, namespace: churn-mlops}]
    receivers: []
    inhibited: true
  - name: another namespace does not inhibit
    alert: TargetDown
    firing: [{alertname: ApiDown, severity: critical, namespace: other}]
    receivers: [team]
    inhibited: false
  - name: quiet on Saturdays
    alert: TargetDown
    at: 2026-01-03T10:00:00Z
    receivers: []
    muted: true
  - name: nobody's
    labels: {severity: warning}
    receivers: [default]
"#;
    let churnctl = folder()
        .file("k8s/alertmanager.yml", ROUTES)
        .file("k8s/routing.yaml", good);
    let run = churnctl.run(&["alerts", "test", "--no-mutation", "--format", "json"]);
    let json = run.expect(ExitCode::Ok).json();
    let routing = json["routing"].as_array().expect("cases");
    assert_eq!(routing.len(), 6);
    for case in routing {
        assert_eq!(case["proved_by_amtool"], true, "{case}");
    }
    let churnctl = churnctl.file("k8s/routing.yaml", cases);
    let run = churnctl.run(&["alerts", "test", "--no-mutation"]);
    let run = run.expect(ExitCode::CheckFailed);
    assert!(
        run.stdout
            .contains("pager groups by [alertname], wanted [namespace]"),
        "{run:?}"
    );
    let churnctl = churnctl.file(
        "k8s/routing.yaml",
        "routing:\n- {alert: ApiDow, receivers: []}\n",
    );
    churnctl
        .run(&["alerts", "test"])
        .expect(ExitCode::BadInput)
        .says("ApiDow");
    let churnctl = churnctl.file(
        "k8s/routing.yaml",
        "routing:\n- {alert: ApiDown, reciever: []}\n",
    );
    churnctl
        .run(&["alerts", "test"])
        .expect(ExitCode::BadInput)
        .says("reciever");
}

#[test]
fn an_alertmanagerconfig_takes_alerts_of_its_namespace_only() {
    if !has(&["promtool", "amtool"]) {
        return;
    }
    let object = r#"apiVersion: monitoring.coreos.com/v1alpha1
kind: AlertmanagerConfig
metadata: {name: churn, namespace: churn-mlops}
spec:
  route:
    receiver: team
    routes:
      - receiver: retrain
        matchers: [{name: action, value: retrain, matchType: '='}]
  receivers:
    - name: team
    - name: retrain
      webhookConfigs: [{url: 'http://hook/'}]
"#;
    let cases = r#"routing:
  - labels: {namespace: churn-mlops, action: retrain}
    receivers: [churn-mlops/churn/retrain]
  - alert: ApiDown
    receivers: [churn-mlops/churn/team]
  - name: its namespace was lost
    labels: {severity: critical}
    receivers: ["null"]
"#;
    let churnctl = folder()
        .file("k8s/amc.yaml", object)
        .file("k8s/routing.yaml", cases);
    churnctl
        .run(&["alerts", "test", "--no-mutation"])
        .expect(ExitCode::Ok);
}
