//! `churnctl alerts lint` on files with constructed faults, their repair by `--fix`, and what a
//! running Prometheus adds.

use std::process::Command;

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Run, fixture};
use crate::servers::{Server, eventually, http, installed};

/// A fault that a comment in the file names, with the lines that a finding of it may stand in.
struct Fault {
    check: String,
    first: u64,
    last: u64,
}

/// The faults of a file. Of a rule a finding may stand in any line; of a route it stands in the line
/// below the comment.
fn faults(name: &str) -> Vec<Fault> {
    let text = std::fs::read_to_string(fixture(name)).expect("a file");
    let lines: Vec<&str> = text.lines().collect();
    let begins = |line: &&&str| {
        let line = line.trim_start();
        ["- alert:", "- record:", "# fault:"]
            .iter()
            .any(|begin| line.starts_with(begin))
    };
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((_, check)) = line.split_once("# fault: ") else {
            continue;
        };
        let rest = lines.iter().skip(at + 2);
        let length = match name.contains("rules") {
            true => rest.take_while(|line| !begins(line)).count(),
            false => 0,
        };
        let first = at as u64 + 2;
        found.push(Fault {
            check: check.to_owned(),
            first,
            last: first + length as u64,
        });
    }
    found
}

fn findings(run: &Run) -> Vec<Value> {
    run.json()["findings"].as_array().expect("a list").clone()
}

fn lint(rules: &str, routes: &str) -> Run {
    let (rules, routes) = (fixture(rules), fixture(routes));
    Churnctl::new().run(&["alerts", "lint", &rules, &routes, "--format", "json"])
}

#[test]
fn every_constructed_fault_is_found_and_the_mended_twin_is_clean() {
    let (rules, routes) = ("lint_faults/rules.yaml", "lint_faults/alertmanager.yml");
    let found = findings(&lint(rules, routes).expect(ExitCode::CheckFailed));
    let mut count = 0;
    for name in [rules, routes] {
        for fault in faults(name) {
            count += 1;
            let is_it = |one: &Value| {
                let line = one["line"].as_u64().expect("a line");
                one["check"] == fault.check.as_str()
                    && one["file"]
                        .as_str()
                        .is_some_and(|file| file.ends_with(name))
                    && (fault.first..=fault.last).contains(&line)
            };
            assert!(
                found.iter().any(is_it),
                "{name}:{}: {} is not found",
                fault.first,
                fault.check
            );
        }
    }
    assert_eq!(count, 86);
    let mended = lint(
        "lint_faults/rules_mended.yaml",
        "lint_faults/alertmanager_mended.yml",
    );
    assert_eq!(findings(&mended.expect(ExitCode::Ok)), Vec::<Value>::new());
}

#[test]
fn a_typo_in_a_route_is_told_there_and_not_at_each_rule() {
    let rule = |name: &str, severity: &str| {
        format!(
            "  - alert: {name}\n    expr: up{{job=\"{name}\"}} == 0\n    for: 5m\n    \
             labels: {{severity: {severity}}}\n    annotations: {{summary: s, description: d, \
             runbook_url: 'https://r.shop.test'}}\n"
        )
    };
    let rules: String = (0..5)
        .map(|at| rule(&format!("Shop{at}"), "urgent"))
        .collect();
    let routes = |matcher: &str| {
        format!(
            "route:\n  receiver: nobody\n  routes:\n  - matchers: ['{matcher}']\n    receiver: pager\n\
             receivers:\n- name: nobody\n- name: pager\n  webhook_configs: [{{url: 'https://p.shop.test'}}]\n"
        )
    };
    let rules = format!("groups:\n- name: g\n  rules:\n{rules}");
    for (matcher, meant) in [
        ("severty=\"urgent\"", "severity=\"urgent\""),
        ("severity=\"urgnet\"", "severity=\"urgent\""),
        (
            "severity=~\"critical|urgnet\"",
            "severity=~\"critical|urgent\"",
        ),
        ("alertnam=~\"Shop.*\"", "alertname=~\"Shop.*\""),
    ] {
        let run = Churnctl::new()
            .file("rules.yml", &rules)
            .file("alertmanager.yml", routes(matcher))
            .run(&[
                "alerts",
                "lint",
                "rules.yml",
                "alertmanager.yml",
                "--format",
                "json",
            ]);
        let found = findings(&run);
        let relevant: Vec<&Value> = found
            .iter()
            .filter(|one| one["check"] != "no-absence-alert")
            .collect();
        assert_eq!(relevant.len(), 1, "{matcher}: {found:#?}");
        let one = relevant[0];
        assert_eq!(one["check"], "matcher-typo");
        assert_eq!(one["file"], "alertmanager.yml");
        assert_eq!(one["line"], 4);
        let hint = one["hint"].as_str().unwrap_or_default();
        assert_eq!(hint, format!("did you mean {meant}?"));
    }
}

#[test]
fn an_operator_of_another_language_is_told_with_that_of_promql() {
    for (expr, hint) in [
        ("up = 0", "comparison is `==`"),
        ("up => 3", "\"at least\" is `>=`, not `=>`"),
        ("up == 0 && on () x == 1", "\"and\" is `and`, not `&&`"),
        ("rate(x[5m)", "promtool check rules shows the place"),
    ] {
        let run = Churnctl::new()
            .file("rules.yml", format!("- alert: A\n  expr: '{expr}'\n"))
            .run(&["alerts", "lint", "rules.yml", "--format", "json"]);
        let found = findings(&run.expect(ExitCode::CheckFailed));
        let syntax = found.iter().find(|one| one["check"] == "syntax");
        let said = syntax.and_then(|one| one["hint"].as_str());
        assert!(
            said.is_some_and(|said| said.starts_with(hint)),
            "{expr}: {found:#?}"
        );
    }
}

#[test]
fn a_file_in_utf_16_is_linted_and_not_mended() {
    let rules = "- alert: A\n  expr: up == bool 0\n";
    let wide = "\u{feff}".to_owned() + rules;
    let wide: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let churnctl = Churnctl::new().file("rules.yml", &wide);
    churnctl
        .run(&["alerts", "lint", "rules.yml", "--fix"])
        .expect(ExitCode::BadInput)
        .says("rules.yml is in UTF-16, and --fix writes UTF-8 only");
    assert_eq!(churnctl.read("rules.yml"), wide);
    churnctl
        .run(&["alerts", "lint", "rules.yml", "--fix", "--dry-run"])
        .expect(ExitCode::CheckFailed);
}

#[test]
fn template_files_that_are_missing_or_broken_are_told_at_their_pattern() {
    let routes = "templates: ['t/*.tmpl', 'none/*.tmpl', '/elsewhere/*.tmpl']\n\
                  route: {receiver: r}\nreceivers: [{name: r}]\n";
    let of_templates = |run: &Run| -> Vec<String> {
        let found = findings(run);
        let ours = found.iter().filter(|one| one["check"] == "template-files");
        ours.map(|one| format!("{} {}", one["status"], one["message"]))
            .collect()
    };
    let rules = "- alert: A\n  expr: up == 0\n";
    let args = ["alerts", "lint", "rules.yml", "am.yml", "--format", "json"];
    let churnctl = Churnctl::new()
        .file("rules.yml", rules)
        .file("am.yml", routes)
        .file(
            "t/good.tmpl",
            "{{ define \"a\" }}{{ .Status | toUpper | newest }}{{ end }}",
        );
    let found = of_templates(&churnctl.run(&args));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("WARN") && found[0].contains("none/*.tmpl"),
        "{found:?}"
    );
    let churnctl = churnctl.file("t/bad.tmpl", "{{ define \"a\" }}{{ if .x }}{{ end }}");
    let found = of_templates(&churnctl.run(&args));
    let broken = |one: &&String| one.contains("FAIL") && one.contains("t/bad.tmpl");
    assert_eq!(found.iter().filter(broken).count(), 1, "{found:?}");
}

/// pint is the peer: on these files it finds nothing that is not found here, and less.
#[test]
fn what_pint_finds_is_found_here_too() {
    let Some(pint) = installed("pint") else {
        return;
    };
    let name = "lint_faults/rules.yaml";
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("pint.json");
    std::fs::write(
        folder.path().join("pint.hcl"),
        "parser {\n  relaxed = [\".*\"]\n}\n",
    )
    .expect("written");
    // Exit code 1 as it finds something; the rules of its own about style are off.
    Command::new(pint)
        .current_dir(folder.path())
        .args([
            "--offline",
            "--no-color",
            "--config",
            "pint.hcl",
            "lint",
            "--json",
        ])
        .arg(&report)
        .arg(fixture(name))
        .output()
        .expect("pint runs");
    let said = std::fs::read(&report).expect("its report");
    let said: Vec<Value> = serde_json::from_slice(&said).expect("JSON");
    let found = findings(&lint(name, "lint_faults/alertmanager.yml"));
    let all = faults(name);
    let lies_in = |fault: &Fault, line: u64| (fault.first..=fault.last).contains(&line);
    let (mut theirs, mut ours) = (0, 0);
    for fault in &all {
        let by_pint = said.iter().any(|one| {
            let lines = one["lines"].as_array().into_iter().flatten();
            let mut lines = lines.filter_map(Value::as_u64);
            // A hint about style is not a finding of the fault.
            one["severity"] != "Information" && lines.any(|line| lies_in(fault, line))
        });
        let by_us = found.iter().any(|one| {
            one["check"] == fault.check.as_str()
                && one["file"]
                    .as_str()
                    .is_some_and(|file| file.ends_with(name))
                && one["line"]
                    .as_u64()
                    .is_some_and(|line| lies_in(fault, line))
        });
        assert!(by_us || !by_pint, "{}:{}", fault.check, fault.first);
        theirs += usize::from(by_pint);
        ours += usize::from(by_us);
    }
    // pint 0.87 finds 14 of these 67.
    assert!(theirs > 0 && ours > 3 * theirs, "pint {theirs}, we {ours}");
}

fn copies() -> Churnctl {
    let read = |name: &str| std::fs::read_to_string(fixture(name)).expect("a file");
    Churnctl::new()
        .file("rules.yaml", read("lint_faults/rules.yaml"))
        .file("alertmanager.yml", read("lint_faults/alertmanager.yml"))
}

#[test]
fn a_dry_run_shows_the_repair_and_writes_nothing() {
    let churnctl = copies();
    let before = churnctl.read("rules.yaml");
    let run = churnctl.run(&[
        "alerts",
        "lint",
        "rules.yaml",
        "alertmanager.yml",
        "--fix",
        "--dry-run",
        "--format",
        "plain",
    ]);
    let run = run.expect(ExitCode::CheckFailed);
    for line in [
        "--- rules.yaml",
        "+++ rules.yaml (fixed)",
        "-        expr: up{job=\"shop\"} == bool 0",
        "+        expr: up{job=\"shop\"} == 0",
        "-  repeat_interval: 5m",
        "+  repeat_interval: 10m",
    ] {
        assert!(run.stdout.lines().any(|one| one == line), "{line}: {run:?}");
    }
    assert_eq!(churnctl.read("rules.yaml"), before);
    churnctl
        .run(&["alerts", "lint", "rules.yaml", "--dry-run"])
        .expect(ExitCode::Usage);
}

#[test]
fn fix_mends_what_needs_no_choice_and_leaves_every_other_byte() {
    let churnctl = copies();
    let args = [
        "alerts",
        "lint",
        "rules.yaml",
        "alertmanager.yml",
        "--format",
        "json",
    ];
    let before = findings(&churnctl.run(&args).expect(ExitCode::CheckFailed));
    let fixable = before.iter().filter(|one| one.get("fix").is_some()).count();
    let old = String::from_utf8(churnctl.read("rules.yaml")).expect("UTF-8");
    let mut fix = args.to_vec();
    fix.push("--fix");
    let after = findings(&churnctl.run(&fix).expect(ExitCode::CheckFailed));
    assert!(fixable >= 15, "{fixable}");
    assert!(
        after.iter().all(|one| one.get("fix").is_none()),
        "{after:#?}"
    );
    assert!(before.len() - after.len() >= fixable);
    let new = String::from_utf8(churnctl.read("rules.yaml")).expect("UTF-8");
    let changed = |(old, new): &(&str, &str)| old != new;
    let pairs: Vec<(&str, &str)> = old.lines().zip(new.lines()).filter(changed).collect();
    assert_eq!(old.lines().count(), new.lines().count());
    for (was, is) in [
        (
            "        expr: rate(sum by (job) (shop_requests_total)[5m:1m]) > 10",
            "        expr: sum by (job) (rate(shop_requests_total[5m])) > 10",
        ),
        (
            "        expr: histogram_quantile(95, sum by (job, le) (rate(shop_latency_seconds_bucket[5m]))) > 1",
            "        expr: histogram_quantile(0.95, sum by (job, le) (rate(shop_latency_seconds_bucket[5m]))) > 1",
        ),
        (
            "        expr: up{job=~\"^shop-.*$\"} == 0",
            "        expr: up{job=~\"shop-.*\"} == 0",
        ),
        (
            "        expr: rate(node_memory_MemAvailable_bytes[5m]) > 1000",
            "        expr: deriv(node_memory_MemAvailable_bytes[5m]) > 1000",
        ),
    ] {
        assert!(pairs.contains(&(was, is)), "{was}: {pairs:#?}");
    }
    // A second run has nothing to do.
    churnctl.run(&fix).expect(ExitCode::CheckFailed);
    assert_eq!(
        String::from_utf8(churnctl.read("rules.yaml")).expect("UTF-8"),
        new
    );
    churnctl
        .run_with_stdin(&["alerts", "lint", "-", "--fix"], old.as_bytes())
        .expect(ExitCode::Usage);
}

#[test]
fn a_running_prometheus_knows_its_metrics_better_than_a_list() {
    let global = "global: {scrape_interval: 2s}\n";
    let Some(server) = Server::prometheus(global, &[]) else {
        return;
    };
    // It scrapes itself, at the address that it has only now.
    let address = server.address();
    let config = format!(
        "{global}scrape_configs:\n- job_name: itself\n  static_configs: [{{targets: ['{address}']}}]\n"
    );
    std::fs::write(server.folder().join("config.yml"), config).expect("written");
    let (status, body) = http(address, "POST", "/-/reload", "").expect("an answer");
    assert_eq!(status, 200, "{body}");
    let rule = |name: &str, expr: &str| {
        format!(
            "  - alert: {name}\n    expr: {expr}\n    for: 5m\n    labels: {{severity: warning}}\n    \
             annotations: {{summary: s, description: d, runbook_url: 'https://r.shop.test'}}\n"
        )
    };
    // Both are gauges of Prometheus' own; no list has their names.
    let gauge = rule("Rate", "rate(prometheus_tsdb_head_series[5m]) > 1");
    let short = rule("Short", "rate(prometheus_http_requests_total[3s]) > 1");
    let long = rule("Long", "prometheus_ready offset 20d == 0");
    let down = rule("Down", "up == 0");
    let churnctl = Churnctl::new().file(
        "rules.yaml",
        format!("groups:\n- name: g\n  rules:\n{gauge}{short}{long}{down}"),
    );
    let url = server.url();
    let args = [
        "alerts",
        "lint",
        "rules.yaml",
        "--format",
        "json",
        "--prometheus",
        &url,
    ];
    let found = |run: &Run| -> Vec<String> {
        let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
        let all = findings(run);
        let words = all
            .iter()
            .map(|one| format!("{} {}", text(one, "check"), text(one, "status")));
        words.collect()
    };
    let offline = churnctl.run(&args[..5]);
    assert_eq!(
        found(&offline),
        ["short-range WARN", "beyond-retention WARN"]
    );
    eventually("metadata of its own metrics", || {
        let online = found(&churnctl.run(&args));
        let wanted = [
            "rate-of-gauge FAIL",
            "short-range FAIL",
            "beyond-retention FAIL",
        ];
        (online == wanted).then_some(())
    });
    churnctl
        .run(&["alerts", "lint", "rules.yaml", "--prometheus", "no URL"])
        .expect(ExitCode::Usage);
}
