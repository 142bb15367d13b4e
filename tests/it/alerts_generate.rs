//! `churnctl alerts test --generate`: cases that are complete, and right on both generations of promtool.

use std::path::PathBuf;
use std::process::Command;

use churnctl::exit::ExitCode;

use crate::harness::Churnctl;
use crate::refusals::newest;
use crate::servers::installed;

/// Everything that a rule file may have and both generations load: a name that comes twice, a `for` of
/// hours, `keep_firing_for`, ranges at whose beginning a sample would lie, an interval of the group, templates, names that are not ASCII.
const RULES: &str = r#"groups:
  - name: first
    interval: 5m
    rules:
      - alert: QueueFull
        expr: sum by (queue) (queue_length{env=~"prod|live"}) / on (queue) queue_capacity > 0.8
        for: 3h
        keep_firing_for: 30m
        labels: {severity: warning, queue: '{{ $labels.queue }}'}
        annotations:
          summary: 'Queue {{ $labels.queue }} is {{ $value | humanizePercentage }} full'
          from: 'cluster {{ $externalLabels.cluster }}'
          length: '{{ with query "sum(queue_length)" }}{{ . | first | value }}{{ end }}'
      - alert: QueueFull
        expr: sum by (queue) (queue_length{env=~"prod|live"}) / on (queue) queue_capacity > 0.95
        labels: {severity: critical}
        annotations: {summary: 'no room, "{{ $labels.queue }}"'}
  - name: second
    rules:
      - alert: Größe zu hoch, überall
        expr: max_over_time(groesse_bytes[1h]) > 1e9
        annotations: {text: 'zu groß: {{ $value }}'}
      - alert: NoHeartbeat
        expr: absent(heartbeat{job="a"}) or time() - heartbeat{job="a"} > 600
        for: 1m
      - alert: ErrorsRise
        expr: |
          rate(errors_total{code=~"5.."}[5m] offset 30m) > 0.05
            unless on (job) maintenance == 1
      - alert: Slow
        expr: histogram_quantile(0.95, sum by (le) (rate(request_seconds_bucket[5m]))) > 0.5
      - alert: Never
        expr: x > 1 and x < 0
      - alert: Flaps
        expr: changes(link_up[1m]) > 3
      - alert: Sum
        expr: sum_over_time(errors[5m]) > 10
        annotations: {text: '{{ $labels.pod }}: {{ $value }}'}
"#;

/// Names that Prometheus 3 alone knows.
const NEW_RULES: &str = r#"groups:
  - name: g
    rules:
      - alert: Dotted
        expr: '{"queue.length", "env.name"="prod"} > 5'
        labels: {"team.name": a}
"#;

/// An object: promtool loads none by itself.
const OBJECT: &str = r#"apiVersion: monitoring.coreos.com/v1
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
        - alert: TargetDown
          expr: up{job="churn-api"} == 0
          for: 4m
          annotations: {description: '{{ $labels.job }} cannot be scraped.'}
"#;

fn promtools() -> Vec<PathBuf> {
    let known = [installed("promtool"), newest("promtool")];
    known.into_iter().flatten().collect()
}

/// Runs promtool on a test file where it stands.
fn passes(promtool: &PathBuf, churnctl: &Churnctl, file: &str) {
    let output = Command::new(promtool)
        .args(["test", "rules"])
        .arg(churnctl.path(file))
        .output()
        .expect("promtool");
    assert!(output.status.success(), "{promtool:?}: {output:?}");
}

#[test]
fn generated_cases_pass_on_both_generations_whichever_found_them() {
    let judges = promtools();
    for finder in &judges {
        let churnctl = Churnctl::new().file("rules/r.yml", RULES);
        let program = finder.display().to_string();
        let args = [
            "alerts",
            "test",
            "rules",
            "--promtool",
            &program,
            "--generate",
            "tests/r_test.yaml",
        ];
        let run = churnctl.run(&args).expect(ExitCode::Ok);
        // `x > 1 and x < 0` is never true: no series can be found, and that is said with the place.
        assert!(
            run.stderr
                .contains("rules/r.yml:32: no case \"fires\" of Never"),
            "{run:?}"
        );
        assert_eq!(run.stderr.matches("no case").count(), 1, "{run:?}");
        let text = String::from_utf8(churnctl.read("tests/r_test.yaml")).expect("UTF-8");
        assert!(text.contains("- \"../rules/r.yml\""), "{text}");
        assert!(text.contains("Größe zu hoch, überall: fires"), "{text}");
        for judge in &judges {
            passes(judge, &churnctl, "tests/r_test.yaml");
        }
        // The pair may stand anywhere, together.
        let args = [
            "alerts",
            "test",
            "tests",
            "rules",
            "--promtool",
            &program,
            "--no-mutation",
            "--format",
            "json",
        ];
        let json = churnctl.run(&args).expect(ExitCode::Ok).json();
        let rules = json["proof"]["rules"].as_array().expect("rules");
        for rule in rules.iter().filter(|rule| rule["alert"] != "Never") {
            assert!(rule["coverage"]["fires"].as_u64() > Some(0), "{rule:#}");
            assert!(rule["coverage"]["silent"].as_u64() > Some(0), "{rule:#}");
            assert!(rule["coverage"]["no_data"].as_u64() > Some(0), "{rule:#}");
        }
    }
}

#[test]
fn names_of_prometheus_3_are_quoted_and_an_older_promtool_refuses_the_file() {
    for promtool in promtools() {
        let churnctl = Churnctl::new().file("r.yml", NEW_RULES);
        let program = promtool.display().to_string();
        let args = [
            "alerts",
            "test",
            "r.yml",
            "--promtool",
            &program,
            "--generate",
            "r_test.yaml",
        ];
        let run = churnctl.run(&args);
        match churnctl.path("r_test.yaml").exists() {
            true => {
                run.expect(ExitCode::Ok);
                passes(&promtool, &churnctl, "r_test.yaml");
            }
            // Told once, and no success of a run that wrote nothing.
            false => {
                let run = run.expect(ExitCode::BadInput).says("refuses r.yml: ");
                assert_eq!(run.stderr.matches("refuses").count(), 1, "{run:?}");
            }
        }
    }
}

#[test]
fn of_a_folder_each_rule_file_gets_its_own_cases_and_none_is_overwritten() {
    if installed("promtool").is_none() {
        return;
    }
    let rules = |name: &str| {
        format!("groups:\n  - name: g\n    rules:\n      - {{alert: {name}, expr: up == 0}}\n")
    };
    let churnctl = Churnctl::new()
        .file("a/r.yml", rules("A"))
        .file("b/r.yml", rules("B"))
        .file("tests/keep", "");
    let args = ["alerts", "test", "a", "b", "--generate", "tests"];
    churnctl.run(&args).expect(ExitCode::Ok);
    churnctl.run(&args).expect(ExitCode::Usage).says("exists");
    for (file, name) in [
        ("tests/r_test.yaml", "A: fires"),
        ("tests/b-r_test.yaml", "B: fires"),
    ] {
        let text = String::from_utf8(churnctl.read(file)).expect("UTF-8");
        assert!(text.contains(name), "{text}");
        let promtool = installed("promtool").expect("promtool");
        passes(&promtool, &churnctl, file);
    }
    // All is shown: nothing is left to write.
    let args = ["alerts", "test", "a", "b", "tests", "--generate", "tests"];
    churnctl
        .run(&args)
        .expect(ExitCode::Ok)
        .says("nothing to generate");
}

#[test]
fn cases_of_an_object_are_run_by_us() {
    if installed("promtool").is_none() {
        return;
    }
    let churnctl = Churnctl::new().file("k8s/rules.yaml", OBJECT);
    let args = ["alerts", "test", "--generate", "new_test.yaml"];
    churnctl.run(&args).expect(ExitCode::Ok);
    churnctl.run(&args).expect(ExitCode::Usage);
    let text = String::from_utf8(churnctl.read("new_test.yaml")).expect("UTF-8");
    // promtool's expansion of the template, with the label of the series that was found.
    assert!(text.contains("cannot be scraped.\""), "{text}");
    let run = churnctl.run(&[
        "alerts",
        "test",
        "k8s",
        "new_test.yaml",
        "--format",
        "json",
        "--no-mutation",
    ]);
    let json = run.expect(ExitCode::Ok).json();
    assert_eq!(json["coverage_percent"], 100.0, "{json:#}");
}
