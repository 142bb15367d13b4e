//! `alerts test` says what promtool says of the files as they are: each test runs promtool itself
//! beside churnctl.

use std::path::Path;
use std::process::Command;

use churnctl::exit::ExitCode;

use crate::harness::Churnctl;
use crate::refusals::newest;
use crate::servers::installed;

/// Runs promtool on a test file of the folder and churnctl on what is named, and expects one verdict.
#[track_caller]
fn same_verdict(
    churnctl: &Churnctl,
    promtool: &Path,
    tests: &[&str],
    args: &[&str],
    good: bool,
) -> serde_json::Value {
    let output = Command::new(promtool)
        .args(["test", "rules"])
        .args(tests)
        .current_dir(churnctl.path("."))
        .output()
        .expect("promtool");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), good, "{said}");
    let program = promtool.display().to_string();
    let mut all = vec!["alerts", "test", "--format", "json", "--promtool", &program];
    all.extend(args);
    let code = match good {
        true => ExitCode::Ok,
        false => ExitCode::CheckFailed,
    };
    churnctl.run(&all).expect(code).json()
}

fn alert(name: &str, expr: &str, labels: &str) -> String {
    format!("      - {{alert: {name}, expr: '{expr}', for: 2m, labels: {{{labels}}}}}\n")
}

fn rules(group: &str, rules: &str) -> String {
    format!("groups:\n  - name: {group}\n    rules:\n{rules}")
}

fn case(alert: &str, at: &str, labels: &[&str]) -> String {
    let alerts = labels
        .iter()
        .map(|labels| format!("{{exp_labels: {{{labels}}}}}"));
    let alerts: Vec<String> = alerts.collect();
    let alerts = alerts.join(", ");
    format!("      - {{alertname: {alert}, eval_time: {at}, exp_alerts: [{alerts}]}}\n")
}

fn tests(files: &str, series: &str, cases: &str) -> String {
    format!(
        "rule_files: [{files}]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series: [{series}]\n    \
         alert_rule_test:\n{cases}"
    )
}

#[test]
fn one_name_for_a_warning_and_a_critical_alert() {
    let Some(promtool) = installed("promtool") else {
        return;
    };
    let both =
        alert("Slow", "x > 1", "severity: warning") + &alert("Slow", "x > 5", "severity: critical");
    let cases = case("Slow", "5m", &["a: b, severity: warning"])
        + &case(
            "Slow",
            "15m",
            &["a: b, severity: warning", "a: b, severity: critical"],
        );
    let series = "{series: 'x{a=\"b\"}', values: '2x9 6x20'}";
    let churnctl = Churnctl::new()
        .file("r.yml", rules("g", &both))
        .file("t.yml", tests("r.yml", series, &cases));
    let json = same_verdict(&churnctl, &promtool, &["t.yml"], &["r.yml", "t.yml"], true);
    assert_eq!(json["proof"]["cases"], 2);
    // The warning fires in both cases; the critical one is silent in the first.
    let coverage = |at: usize| &json["proof"]["rules"][at]["coverage"];
    assert_eq!(
        (&coverage(0)["fires"], &coverage(1)["fires"]),
        (&2.into(), &1.into())
    );
    assert_eq!(coverage(1)["silent"], 1);
    // 1 to 2 and 5 to 10 are noticed: the alterations were run beside the twin.
    assert!(
        json["proof"]["rules"][1]["killed"].as_u64() >= Some(2),
        "{json:#}"
    );
}

#[test]
fn folders_with_files_groups_and_records_of_one_name() {
    let Some(promtool) = installed("promtool") else {
        return;
    };
    let set = |factor: &str| {
        let record = format!("      - {{record: r, expr: 'x * {factor}'}}\n");
        rules("g", &(record + &alert("A", "r > 5", "severity: page")))
    };
    let series = "{series: x, values: '1x20'}";
    let churnctl = Churnctl::new()
        .file("one/r.yml", set("1"))
        .file("ten/r.yml", set("10"))
        .file("one/t.yml", tests("r.yml", series, &case("A", "10m", &[])))
        .file(
            "ten/t.yml",
            tests("'*.yml'", series, &case("A", "10m", &["severity: page"])),
        );
    // A pattern that finds the test file itself is refused, by promtool and so by us.
    same_verdict(
        &churnctl,
        &promtool,
        &["one/t.yml", "ten/t.yml"],
        &["."],
        false,
    );
    let churnctl = churnctl.file(
        "ten/t.yml",
        tests("'r*.yml'", series, &case("A", "10m", &["severity: page"])),
    );
    let json = same_verdict(
        &churnctl,
        &promtool,
        &["one/t.yml", "ten/t.yml"],
        &["."],
        true,
    );
    assert_eq!(json["proof"]["rules"][0]["coverage"]["fires"], 0);
    assert_eq!(json["proof"]["rules"][1]["coverage"]["fires"], 1);
    // The rules that a test file names are found without being named again.
    let json = same_verdict(&churnctl, &promtool, &["ten/t.yml"], &["ten/t.yml"], true);
    assert_eq!(json["proof"]["rules"].as_array().map(Vec::len), Some(1));
}

#[test]
fn expressions_see_alerts_and_rules_see_those_of_others() {
    let Some(promtool) = installed("promtool") else {
        return;
    };
    let set = alert("A", "x > 1", "severity: info")
        + &alert(
            "B",
            "ALERTS{alertname=\"A\",alertstate=\"firing\"} == 1",
            "severity: none",
        );
    let expression = "    promql_expr_test:\n      - expr: count(ALERTS{alertstate=\"firing\"})\n        eval_time: 10m\n        \
                      exp_samples: [{labels: '{}', value: 2}]\n";
    let labels = "alertname: B, alertstate: firing, severity: none";
    let file = tests(
        "r.yml",
        "{series: x, values: '2x20'}",
        &case("B", "10m", &[labels]),
    ) + expression;
    let churnctl = Churnctl::new()
        .file("r.yml", rules("g", &set))
        .file("t.yml", &file);
    let json = same_verdict(&churnctl, &promtool, &["t.yml"], &["."], true);
    assert_eq!(json["proof"]["expressions"], 1);
    // Alterations of B are run where it stands, and noticed.
    let b = &json["proof"]["rules"][1];
    assert!(b["killed"].as_u64() >= Some(3), "{b:#}");
    let churnctl = churnctl.file("t.yml", file.replace("value: 2", "value: 3"));
    let json = same_verdict(&churnctl, &promtool, &["t.yml"], &["."], false);
    assert_eq!(
        json["proof"]["expression_failures"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn plain_scalars_are_the_texts_that_they_are() {
    let Some(promtool) = installed("promtool") else {
        return;
    };
    let labels = "a: NO, b: 0123, c: 1.10, d: 0x10, e: on, f: 1e3, g: 2026-01-01";
    let churnctl = Churnctl::new()
        .file("r.yml", rules("g", &alert("A", "x > 1", labels)))
        .file(
            "t.yml",
            tests(
                "r.yml",
                "{series: x, values: '2x20'}",
                &case("A", "10m", &[labels]),
            ),
        );
    let json = same_verdict(&churnctl, &promtool, &["t.yml"], &["."], true);
    assert_eq!(json["proof"]["failed"], 0);
    // The same from standard input, where promtool gets a copy.
    let object = rules("g", &alert("A", "x > 1", labels)).replace('\n', "\n  ");
    let object = format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {{name: r}}\nspec:\n  {object}\n"
    );
    let run = churnctl.run_with_stdin(
        &["alerts", "test", "-", "t.yml", "--no-mutation"],
        object.as_bytes(),
    );
    run.expect(ExitCode::Ok);
}

#[test]
fn a_second_document_is_not_passed() {
    let Some(promtool) = installed("promtool") else {
        return;
    };
    let file = rules("g", &alert("A", "x > 1", "severity: page"));
    let second = file
        .replace("alert: A", "alert: B")
        .replace("name: g", "name: h");
    let churnctl = Churnctl::new()
        .file("r.yml", format!("{file}---\n{second}"))
        .file(
            "t.yml",
            tests(
                "r.yml",
                "{series: x, values: '2x20'}",
                &(case("A", "10m", &["severity: page"]) + &case("B", "10m", &[])),
            ),
        );
    // promtool passes the case of B, which it never loaded.
    let output = Command::new(&promtool)
        .args(["test", "rules", "t.yml"])
        .current_dir(churnctl.path("."))
        .output()
        .expect("promtool");
    assert!(output.status.success());
    let run = churnctl
        .run(&["alerts", "test", "--no-mutation", "."])
        .expect(ExitCode::CheckFailed);
    assert!(run.stdout.contains("a second YAML document"), "{run:?}");
    assert!(
        run.stdout
            .contains("no rule that its file loads has the alert B"),
        "{run:?}"
    );
    let lint = churnctl
        .run(&["alerts", "lint", "r.yml"])
        .expect(ExitCode::CheckFailed);
    assert!(lint.stdout.contains("never-loaded"), "{lint:?}");
}

#[test]
fn what_is_new_in_prometheus_3_is_proved_by_its_promtool() {
    let Some(promtool) = newest("promtool") else {
        return;
    };
    let set = rules("g", &alert("A", "x > 1", "severity: page"))
        .replace("    rules:", "    labels: {team: ml}\n    rules:");
    let expression = "    promql_expr_test:\n      - {expr: x / 3, eval_time: 10m, exp_samples: [{labels: '{}', value: 0.6666666666666667}]}\n";
    let cases = case("A", "10m", &["severity: page, team: ml"]) + expression;
    let churnctl = Churnctl::new().file("r.yml", set).file(
        "t.yml",
        "fuzzy_compare: true\n".to_owned() + &tests("r.yml", "{series: x, values: '2x20'}", &cases),
    );
    let json = same_verdict(&churnctl, &promtool, &["t.yml"], &["."], true);
    assert!(
        json["proof"]["rules"][0]["killed"].as_u64() >= Some(2),
        "{json:#}"
    );
}

#[test]
fn a_template_and_a_broken_rule_do_not_end_the_run_of_a_folder() {
    let Some(promtool) = installed("promtool") else {
        return;
    };
    let churnctl = Churnctl::new()
        .file(
            "good.yml",
            rules("g", &alert("A", "x > 1", "severity: page")),
        )
        .file(
            "t.yml",
            tests(
                "good.yml",
                "{series: x, values: '2x20'}",
                &case("A", "10m", &["severity: page"]),
            ),
        )
        .file(
            "chart/rules.yaml",
            "groups:\n{{- range .Values.groups }}\n- name: {{ . }}\n{{- end }}\n",
        );
    let json = same_verdict(&churnctl, &promtool, &["t.yml"], &["."], true);
    assert_eq!(json["proof"]["cases"], 1);
    let run = churnctl.run(&["alerts", "lint", ".", "--format", "plain"]);
    assert!(run.stdout.contains("chart/rules.yaml:2"), "{run:?}");
    // A rule file that promtool refuses fails, though no case asks for it.
    let churnctl = churnctl.file("bad.yml", "groups:\n- name: b\n  rules:\n  - alert: B\n");
    let run = churnctl
        .run(&["alerts", "test", "--no-mutation", "."])
        .expect(ExitCode::CheckFailed);
    assert!(
        run.stdout.contains("promtool refuses") && run.stdout.contains("bad.yml"),
        "{run:?}"
    );
    assert!(
        churnctl
            .run(&["alerts", "lint", "."])
            .expect(ExitCode::CheckFailed)
            .stdout
            .contains("bad.yml")
    );
}

#[test]
fn recording_rules_alone_are_proved_by_expressions() {
    let Some(promtool) = installed("promtool") else {
        return;
    };
    let file = "rule_files: [r.yml]\ntests:\n  - interval: 1m\n    input_series: [{series: x, values: '2x20'}]\n    \
                promql_expr_test: [{expr: 'r', eval_time: 5m, exp_samples: [{labels: r, value: 4}]}]\n";
    let churnctl = Churnctl::new()
        .file("r.yml", rules("g", "      - {record: r, expr: 'x * 2'}\n"))
        .file("t.yml", file);
    same_verdict(&churnctl, &promtool, &["t.yml"], &["."], true);
    churnctl
        .run(&["alerts", "lint", "r.yml"])
        .expect(ExitCode::Ok);
}

#[test]
fn an_older_promtool_gets_of_an_object_what_the_operator_would_give_it() {
    let Some(promtool) = installed("promtool") else {
        return;
    };
    let groups = rules("g", &alert("A", "x > 1", "severity: page"))
        .replace(
            "    rules:",
            "    labels: {team: ml}\n    query_offset: 1m\n    rules:",
        )
        .replace('\n', "\n  ");
    let object = format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {{name: r}}\nspec:\n  {groups}\n"
    );
    let cases = case("A", "10m", &["severity: page"]);
    let file = tests("none.yml", "{series: x, values: '2x20'}", &cases);
    let churnctl = Churnctl::new().file("r.yaml", object).file("t.yml", file);
    // Prometheus 2 has neither labels nor an offset of groups; 3 has both.
    let program = promtool.display().to_string();
    let args = [
        "alerts",
        "test",
        ".",
        "--no-mutation",
        "--promtool",
        &program,
    ];
    churnctl.run(&args).expect(ExitCode::Ok);
    let Some(promtool) = newest("promtool") else {
        return;
    };
    let program = promtool.display().to_string();
    let args = [
        "alerts",
        "test",
        ".",
        "--no-mutation",
        "--promtool",
        &program,
    ];
    let run = churnctl.run(&args).expect(ExitCode::CheckFailed);
    assert!(run.stdout.contains("team=\"ml\""), "{run:?}");
}
