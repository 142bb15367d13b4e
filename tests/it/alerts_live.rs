//! `churnctl alerts test --live` and `--via-prometheus` on Debian's servers: each fault is named, and
//! nothing is left firing.

use std::process::{Command, Stdio};

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::fault_server::{Fault, FaultServer};
use crate::harness::{Churnctl, Run};
use crate::servers::{Server, eventually, free_address, http};

/// Prometheus, Alertmanager and Pushgateway that know each other, and the address of a receiver.
pub(crate) struct Stack {
    pub(crate) prometheus: Server,
    pub(crate) alertmanager: Server,
    pub(crate) gateway: Server,
    pub(crate) catch: String,
}

/// What differs from one test to the next.
pub(crate) struct Setup<'a> {
    /// Rules as they are loaded.
    pub(crate) rules: &'a str,
    /// Routes below the root of Alertmanager.
    pub(crate) routes: &'a str,
    /// URL of the webhook of `pager`; that of the catcher if empty.
    pub(crate) pager: &'a str,
    pub(crate) group_wait: &'a str,
}

pub(crate) const ROUTES: &str = "  - matchers: ['action=\"retrain\"']
    receiver: retrain
    continue: true
  - matchers: ['severity=\"critical\"']
    receiver: pager
  - matchers: ['namespace=\"churn-mlops\"']
    receiver: team
";

fn rule(name: &str, expr: &str, wait: &str, labels: &str) -> String {
    format!(
        "  - alert: {name}\n    expr: {expr}\n    for: {wait}\n    labels: {{namespace: churn-mlops, {labels}}}\n    \
         annotations: {{summary: s, description: d}}\n"
    )
}

const DRIFT: &str = "max by (namespace, model, feature) (model_drift_score) > 0.3 and on (model) \
                     time() - max by (model) (churn_drift_last_run_timestamp_seconds) < 93600";

pub(crate) fn rules(more: &str) -> String {
    let head = "groups:\n- name: churn\n  rules:\n";
    let drift = rule("ModelDataDrift", DRIFT, "1s", "severity: warning");
    let down = rule(
        "GatewayDown",
        "up{job=\"gateway\"} == 0",
        "1m",
        "severity: critical",
    );
    format!("{head}{drift}{down}{more}")
}

impl Stack {
    /// Starts the servers; none, with the reason printed, where one is not installed.
    pub(crate) fn start(setup: &Setup<'_>) -> Option<Self> {
        let catch = free_address().to_string();
        let gateway = Server::pushgateway("", &[])?;
        let ours = format!("http://{catch}/");
        let pager = if setup.pager.is_empty() {
            &ours
        } else {
            setup.pager
        };
        let alertmanager = Server::alertmanager(&format!(
            "route:\n  receiver: nobody\n  group_by: [alertname]\n  group_wait: {}\n  \
             group_interval: 2s\n  routes:\n{}\
             receivers:\n- name: nobody\n\
             - name: retrain\n  webhook_configs: [{{url: '{ours}'}}]\n\
             - name: pager\n  webhook_configs: [{{url: '{pager}'}}]\n\
             - name: team\n  webhook_configs: [{{url: '{ours}'}}]\n",
            setup.group_wait, setup.routes
        ))?;
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [rules.yml]\n\
             alerting:\n  alertmanagers:\n  - static_configs: [{{targets: ['{}']}}]\n\
             scrape_configs:\n- job_name: gateway\n  honor_labels: true\n  \
             static_configs: [{{targets: ['{}']}}]\n",
            alertmanager.address(),
            gateway.address()
        );
        let body = "# TYPE model_drift_score gauge\nmodel_drift_score{model=\"churn\",feature=\"a\"} 0.01\n\
                    # TYPE churn_drift_last_run_timestamp_seconds gauge\n\
                    churn_drift_last_run_timestamp_seconds{model=\"churn\"} 1\n";
        let pushed = http(gateway.address(), "PUT", "/metrics/job/churn-drift", body);
        assert_eq!(pushed.expect("an answer").0, 200);
        let prometheus = Server::prometheus(&config, &[("rules.yml", setup.rules)])?;
        eventually("the first scrape", || {
            let found = prometheus.query("model_drift_score");
            (!found.is_empty()).then_some(())
        });
        // Then Prometheus has found its Alertmanager, too.
        eventually("the Alertmanager", || {
            let json = prometheus.json("/api/v1/alertmanagers");
            let active = json["data"]["activeAlertmanagers"].as_array()?.len();
            (active == 1).then_some(())
        });
        Some(Self {
            prometheus,
            alertmanager,
            gateway,
            catch,
        })
    }

    pub(crate) fn args<'a>(&'a self, first: &[&'a str], urls: &'a [String; 3]) -> Vec<&'a str> {
        let mut args = vec!["alerts", "test"];
        args.extend(first);
        args.extend(["--prometheus", &urls[0], "--alertmanager", &urls[1]]);
        args
    }

    pub(crate) fn urls(&self) -> [String; 3] {
        [
            self.prometheus.url(),
            self.alertmanager.url(),
            self.gateway.url(),
        ]
    }

    /// Runs `alerts test --live` and returns the run; nothing of ours fires afterwards.
    fn live(&self, churnctl: &Churnctl, more: &[&str]) -> Run {
        let urls = self.urls();
        let mut args = self.args(&["--live", "--format", "json", "-v"], &urls);
        args.extend(more);
        let run = churnctl.run(&args);
        assert_eq!(self.of_ours(), 0, "{run:?}");
        run
    }

    /// How many alerts with our mark Alertmanager has.
    pub(crate) fn of_ours(&self) -> usize {
        let json = self.alertmanager.json("/api/v2/alerts");
        let alerts = json.as_array().expect("a list").iter();
        let marked = alerts.filter(|alert| {
            let text = alert["labels"].to_string();
            text.contains("churnctl_test") || text.contains("churnctl-test")
        });
        marked.count()
    }

    /// How many groups of ours the Pushgateway has.
    pub(crate) fn groups(&self) -> usize {
        let body = self.gateway.get("/metrics");
        body.lines()
            .filter(|line| line.contains("churnctl-test"))
            .count()
    }
}

fn step<'a>(json: &'a Value, name: &str) -> &'a Value {
    let steps = json["steps"].as_array().expect("steps");
    let found = steps.iter().find(|step| step["name"] == name);
    found.unwrap_or_else(|| panic!("no step {name}: {json:#}"))
}

#[track_caller]
pub(crate) fn expect_step(json: &Value, name: &str, outcome: &str, says: &str) {
    let step = step(json, name);
    assert_eq!(step["outcome"], outcome, "{json:#}");
    let message = step["message"].as_str().expect("a message");
    assert!(message.contains(says), "{message} lacks {says}");
}

pub(crate) fn signal(child: &std::process::Child, name: &str) {
    let id = child.id().to_string();
    let status = Command::new("kill")
        .args([&format!("-{name}"), &id])
        .status();
    assert!(status.expect("kill").success());
}

#[test]
fn every_rule_is_proved_to_arrive_and_the_payload_is_shown() {
    let rules = rules("");
    let Some(stack) = Stack::start(&Setup {
        rules: &rules,
        routes: ROUTES,
        pager: "",
        group_wait: "1s",
    }) else {
        return;
    };
    let churnctl = Churnctl::new().file("k8s/rules.yml", &rules);
    let run = stack.live(&churnctl, &["--catch", &stack.catch]);
    let run = run.expect(ExitCode::Ok);
    let json = run.json();
    assert_eq!(json["status"], "OK");
    expect_step(&json, "prometheus", "pass", "is ready, version");
    expect_step(
        &json,
        "rules",
        "pass",
        "2 of 2 loaded, healthy, and equal to the files",
    );
    expect_step(&json, "targets", "pass", "1 of 1 up");
    expect_step(&json, "selectors", "pass", "3 of 3 find series");
    expect_step(
        &json,
        "alert ModelDataDrift",
        "pass",
        "goes to team; arrived at team after",
    );
    expect_step(
        &json,
        "alert GatewayDown",
        "pass",
        "goes to pager; arrived at pager after",
    );
    expect_step(&json, "catch", "pass", "1 by pager, 1 by team");
    expect_step(&json, "clean-up", "pass", "2 resolved, none fires");
    // The payload, as Alertmanager sends it: marked, and a test by its title.
    assert!(
        run.stderr.contains("\"summary\": \"[TEST] s\""),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("\"version\": \"4\""), "{}", run.stderr);
}

#[test]
fn each_fault_is_named_and_nothing_is_left_firing() {
    let broken = FaultServer::start(&[Fault::Answer("500 Internal Server Error", "", "")]);
    // Two targets of one job are needed for many-to-many; two series of one target do, too.
    let twice = "model_drift_score + on (job) group_left () {job=~\"churn-drift\"}";
    let loaded = rules(&rule("Broken", twice, "1s", "severity: warning"));
    let no_team = ROUTES
        .split("  - matchers: ['namespace")
        .next()
        .expect("routes");
    let url = format!("{}/", broken.url());
    let Some(stack) = Stack::start(&Setup {
        rules: &loaded,
        routes: no_team,
        pager: &url,
        group_wait: "1s",
    }) else {
        return;
    };
    eventually("the evaluation of the broken rule", || {
        let rules = stack.prometheus.get("/api/v1/rules");
        rules.contains("found duplicate series").then_some(())
    });
    let wanted = format!(
        "route:\n  receiver: nobody\n  routes:\n{ROUTES}receivers:\n- name: nobody\n- name: retrain\n- name: pager\n- name: team\n"
    );
    let changed = loaded.replace("for: 1m", "for: 2m");
    let absent = rule("Forgotten", "up == 3", "1m", "severity: warning");
    let churnctl = Churnctl::new()
        .file("k8s/rules.yml", format!("{changed}{absent}"))
        .file("k8s/alertmanager.yml", wanted);
    let run = stack.live(&churnctl, &[]).expect(ExitCode::CheckFailed);
    let json = run.json();
    assert_eq!(json["status"], "FAIL");
    expect_step(
        &json,
        "rule Broken",
        "fail",
        "fails to evaluate: found duplicate series",
    );
    expect_step(&json, "rule Forgotten", "fail", "not loaded");
    expect_step(
        &json,
        "rule GatewayDown",
        "fail",
        "for is 60 s, 120 s in the file",
    );
    expect_step(
        &json,
        "alert ModelDataDrift",
        "fail",
        "goes to nobody, wanted team (k8s/alertmanager.yml:",
    );
    expect_step(
        &json,
        "alert GatewayDown",
        "fail",
        "goes to pager; pager: webhook fails to send",
    );
    expect_step(&json, "clean-up", "pass", "none fires");
    assert!(!broken.seen().is_empty());
    // A server that stays away is not a failure of the rules: another code, whichever it is.
    let urls = stack.urls();
    let refusing = FaultServer::refusing();
    for (prometheus, alertmanager) in [(&urls[0], &refusing), (&refusing, &urls[1])] {
        let run = churnctl.run(&[
            "alerts",
            "test",
            "--live",
            "--deadline",
            "1s",
            "--format",
            "json",
            "--prometheus",
            prometheus,
            "--alertmanager",
            alertmanager,
        ]);
        let run = run.expect(ExitCode::Unavailable);
        assert!(run.stderr.contains(&refusing), "{run:?}");
        if prometheus == &urls[0] {
            assert_eq!(run.json()["status"], "UNAVAILABLE");
        }
    }
}

#[test]
fn one_cause_is_told_once_and_not_at_each_rule() {
    let setup = Setup {
        rules: &rules(""),
        routes: ROUTES,
        pager: "",
        group_wait: "1s",
    };
    let Some(stack) = Stack::start(&setup) else {
        return;
    };
    let absent: String = (0..6)
        .map(|at| {
            let expr = format!("shop_metric_{at} > 3");
            rule(&format!("Shop{at}"), &expr, "1m", "severity: warning")
        })
        .collect();
    let churnctl = Churnctl::new().file("k8s/rules.yml", rules(&absent));
    let run = stack.live(&churnctl, &["--catch", &stack.catch]);
    let run = run.expect(ExitCode::CheckFailed);
    let json = run.json();
    expect_step(&json, "rules", "pass", "2 of 8 loaded");
    let failed: Vec<&str> = json["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter(|step| step["outcome"] == "fail")
        .filter_map(|step| step["message"].as_str())
        .collect();
    assert_eq!(failed.len(), 2, "{failed:#?}");
    assert!(failed[0].starts_with("6 of 8 are not loaded: Shop0, Shop1"));
    assert!(failed[1].starts_with("6 metrics have no series: shop_metric_0"));
    assert!(run.stderr.contains("asking http"), "{}", run.stderr);
}

#[test]
fn no_test_starts_a_retrain_unless_it_may() {
    let rules = rules("").replace("severity: warning", "severity: warning, action: retrain");
    let Some(stack) = Stack::start(&Setup {
        rules: &rules,
        routes: ROUTES,
        pager: "",
        group_wait: "1s",
    }) else {
        return;
    };
    let churnctl = Churnctl::new().file("k8s/rules.yml", &rules);
    let run = stack
        .live(&churnctl, &["--catch", &stack.catch])
        .expect(ExitCode::Ok);
    let json = run.json();
    expect_step(
        &json,
        "alert ModelDataDrift",
        "skip",
        "it is routed to retrain",
    );
    expect_step(&json, "catch", "pass", "1 by pager");
    let urls = stack.urls();
    let args = stack.args(&["--via-prometheus", "--gateway", &urls[2]], &urls);
    let run = churnctl.run(&args).expect(ExitCode::Refused);
    assert!(run.stderr.contains("--allow-retrain"), "{run:?}");
    assert_eq!(stack.groups(), 0);
    let run = stack.live(&churnctl, &["--catch", &stack.catch, "--allow-retrain"]);
    let json = run.expect(ExitCode::Ok).json();
    expect_step(
        &json,
        "alert ModelDataDrift",
        "pass",
        "goes to retrain, team; arrived at retrain after",
    );
}

#[test]
fn the_whole_loop_is_closed_and_nothing_is_left() {
    let rules = rules("");
    let Some(stack) = Stack::start(&Setup {
        rules: &rules,
        routes: ROUTES,
        pager: "",
        group_wait: "1s",
    }) else {
        return;
    };
    let churnctl = Churnctl::new().file("k8s/rules.yml", &rules);
    let urls = stack.urls();
    let first = [
        "--via-prometheus",
        "--gateway",
        &urls[2],
        "--catch",
        &stack.catch,
        "--format",
        "json",
    ];
    let run = churnctl
        .run(&stack.args(&first, &urls))
        .expect(ExitCode::Ok);
    let json = run.json();
    expect_step(&json, "push", "pass", "model=\"churnctl-test-");
    expect_step(&json, "rule ModelDataDrift", "pass", "fires after");
    expect_step(&json, "route", "pass", "goes to team");
    expect_step(&json, "delivery", "pass", "arrived at team after");
    expect_step(&json, "catch", "pass", "1 arrived by team");
    expect_step(
        &json,
        "clean-up",
        "pass",
        "the group is deleted, the alert is resolved",
    );
    assert_eq!((stack.groups(), stack.of_ours()), (0, 0));
    // The real group is still there.
    assert!(stack.gateway.get("/metrics").contains("model=\"churn\""));
}

#[test]
fn sigterm_in_the_middle_leaves_no_group_and_no_alert() {
    let rules = rules("").replace("for: 1s", "for: 1h");
    let Some(stack) = Stack::start(&Setup {
        rules: &rules,
        routes: ROUTES,
        pager: "",
        group_wait: "1h",
    }) else {
        return;
    };
    let churnctl = Churnctl::new().file("k8s/rules.yml", &rules);
    let urls = stack.urls();
    let args = stack.args(&["--via-prometheus", "--gateway", &urls[2]], &urls);
    let child = churnctl.spawn(&args, Stdio::null());
    eventually("the false score", || (stack.groups() > 0).then_some(()));
    signal(&child, "TERM");
    let output = child.wait_with_output().expect("an end");
    let code = i32::from(ExitCode::Terminated.code());
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!((stack.groups(), stack.of_ours()), (0, 0));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("clean-up") && said.contains("INTERRUPTED"),
        "{said}"
    );
    // Ctrl-C while a notification is awaited that the configuration puts off for an hour.
    let args = stack.args(&["--live"], &urls);
    let child = churnctl.spawn(&args, Stdio::null());
    eventually("the alerts", || (stack.of_ours() > 0).then_some(()));
    signal(&child, "INT");
    let output = child.wait_with_output().expect("an end");
    let code = i32::from(ExitCode::Interrupted.code());
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(stack.of_ours(), 0);
}
