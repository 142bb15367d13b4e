//! `churnctl alerts test` on servers that go away, hang, come back, and have another clock: what was not
//! confirmed to be gone is told with the command that takes it away, and a signal ends every wait.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use churnctl::exit::ExitCode;

use crate::alerts_live::{ROUTES, Setup, Stack, expect_step, rules, signal};
use crate::fault_server::{Fault, FaultServer};
use crate::harness::{Churnctl, skipped};
use crate::servers::eventually;

/// What a signal may take: 2 s are promised; a machine that is busy with other tests has a little more.
const SOON: Duration = Duration::from_secs(4);

fn stack(rules: &str, group_wait: &str) -> Option<Stack> {
    Stack::start(&Setup {
        rules,
        routes: ROUTES,
        pager: "",
        group_wait,
    })
}

/// Ends the process by a signal, and returns what it said and how long that took.
fn ended_by(child: Child, name: &str) -> (Output, Duration) {
    let begin = Instant::now();
    signal(&child, name);
    let output = child.wait_with_output().expect("an end");
    (output, begin.elapsed())
}

/// Returns the command behind `by hand: ` on stderr.
#[track_caller]
fn command(stderr: &str) -> String {
    let (_, rest) = stderr.split_once("by hand: ").expect("a command");
    rest.lines().next().expect("a line").to_owned()
}

#[track_caller]
fn run_by_hand(command: &str) {
    let status = Command::new("sh").args(["-c", command]).status();
    assert!(status.expect("sh").success(), "{command}");
}

#[test]
fn a_score_that_a_gateway_keeps_while_it_is_away_is_told_with_the_command_that_deletes_it() {
    let rules = rules("").replace("for: 1s", "for: 1h");
    let Some(mut stack) = stack(&rules, "1h") else {
        return;
    };
    let churnctl = Churnctl::new().file("k8s/rules.yml", &rules);
    let urls = stack.urls();
    let args = stack.args(&["--via-prometheus", "--gateway", &urls[2]], &urls);
    let child = churnctl.spawn(&args, Stdio::null());
    eventually("the false score", || (stack.groups() > 0).then_some(()));
    // On SIGTERM a Pushgateway writes its persistence file.
    stack.gateway.stop("-TERM");
    let (output, took) = ended_by(child, "TERM");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = i32::from(ExitCode::Terminated.code());
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(took < SOON, "{took:?}: {stderr}");
    assert!(stderr.contains("NOT cleaned up"), "{stderr}");
    stack.gateway.start_again();
    assert!(stack.groups() > 0, "the gateway forgot the score");
    run_by_hand(&command(&stderr));
    eventually("the deletion", || (stack.groups() == 0).then_some(()));
}

#[test]
fn a_score_that_comes_back_with_its_gateway_is_deleted_before_the_end() {
    let rules = rules("").replace("for: 1s", "for: 1h");
    let Some(mut stack) = stack(&rules, "1h") else {
        return;
    };
    let churnctl = Churnctl::new()
        .file("k8s/rules.yml", &rules)
        .file("churnctl.toml", "[push]\ndeadline = \"60s\"\n");
    let urls = stack.urls();
    let mut args = stack.args(&["--via-prometheus", "--gateway", &urls[2]], &urls);
    args.extend(["--deadline", "1s"]);
    let child = churnctl.spawn(&args, Stdio::null());
    eventually("the false score", || (stack.groups() > 0).then_some(()));
    stack.gateway.stop("-TERM");
    // Without Prometheus there is nothing to wait for: everything is to be taken back.
    stack.prometheus.stop("-KILL");
    std::thread::sleep(Duration::from_secs(3));
    stack.gateway.start_again();
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let code = i32::from(ExitCode::Unavailable.code());
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(stack.groups(), 0, "{said}");
    assert!(said.contains("the group is deleted"), "{said}");
    // Whether the alert is gone only Prometheus could tell.
    assert!(said.contains("is not known to be gone"), "{said}");
}

#[test]
fn a_gateway_that_stays_away_is_no_clean_end() {
    let rules = rules("").replace("for: 1s", "for: 1h");
    let Some(mut stack) = stack(&rules, "1h") else {
        return;
    };
    let churnctl = Churnctl::new()
        .file("k8s/rules.yml", &rules)
        .file("churnctl.toml", "[push]\ndeadline = \"1s\"\n");
    let urls = stack.urls();
    let mut args = stack.args(&["--via-prometheus", "--gateway", &urls[2]], &urls);
    args.extend(["--deadline", "1s", "--format", "json"]);
    let child = churnctl.spawn(&args, Stdio::null());
    eventually("the false score", || (stack.groups() > 0).then_some(()));
    stack.gateway.stop("-TERM");
    stack.prometheus.stop("-KILL");
    let output = child.wait_with_output().expect("an end");
    let code = i32::from(ExitCode::Unavailable.code());
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let json = serde_json::from_slice(&output.stdout).expect("JSON");
    expect_step(
        &json,
        "clean-up",
        "fail",
        "NOT cleaned up: the false score may still be",
    );
}

#[test]
fn alerts_of_an_alertmanager_that_hangs_are_told_with_the_command_that_resolves_them() {
    let rules = rules("");
    let Some(stack) = stack(&rules, "1h") else {
        return;
    };
    let churnctl = Churnctl::new().file("k8s/rules.yml", &rules);
    let urls = stack.urls();
    let child = churnctl.spawn(&stack.args(&["--live"], &urls), Stdio::null());
    eventually("the alerts", || (stack.of_ours() > 0).then_some(()));
    // It still takes connections, and answers none.
    stack.alertmanager.signal("-STOP");
    let (output, took) = ended_by(child, "INT");
    stack.alertmanager.signal("-CONT");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = i32::from(ExitCode::Interrupted.code());
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(took < SOON, "{took:?}: {stderr}");
    assert!(stderr.contains("NOT cleaned up: whether"), "{stderr}");
    // What was sent while it slept is answered now, or was given up; the command resolves all.
    run_by_hand(&command(&stderr));
    assert_eq!(stack.of_ours(), 0);
}

#[test]
fn a_signal_ends_every_wait_for_a_server_that_is_away_or_hangs() {
    let hanging = FaultServer::start(&[Fault::Hang]);
    let dripping = FaultServer::start(&[Fault::Drip]);
    let (hanging, dripping, away) = (hanging.url(), dripping.url(), FaultServer::refusing());
    let churnctl = Churnctl::new()
        .file("k8s/rules.yml", rules(""))
        .file("m.prom", "# TYPE churn_x gauge\nchurn_x 1\n");
    let kubeconfig = |url: &str| {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: k, cluster: {{server: \"{url}\"}}}}]\n\
             users: [{{name: u, user: {{}}}}]\ncontexts: [{{name: c, context: {{cluster: k, user: u, namespace: n}}}}]\n"
        )
    };
    std::thread::scope(|scope| {
        for url in [&hanging, &dripping, &away] {
            let own = Churnctl::new().file("kubeconfig", kubeconfig(url));
            let path = own.path("kubeconfig").display().to_string();
            let own = own.env("KUBECONFIG", &path);
            let live = [
                "alerts",
                "test",
                "--live",
                "--prometheus",
                url,
                "--alertmanager",
                url,
            ];
            let push = ["push-metrics", "m.prom", "--gateway", url, "--job", "x"];
            let doctor = ["doctor"];
            let retrain = ["retrain", "now", "--yes", "--wait"];
            let status = ["retrain", "status"];
            let runs = [
                churnctl.spawn(&live, Stdio::null()),
                churnctl.spawn(&push, Stdio::null()),
                own.spawn(&doctor, Stdio::null()),
                own.spawn(&retrain, Stdio::null()),
                own.spawn(&status, Stdio::null()),
            ];
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(1_500));
                for child in runs {
                    let (output, took) = ended_by(child, "TERM");
                    let code = i32::from(ExitCode::Terminated.code());
                    assert_eq!(output.status.code(), Some(code), "{url}: {output:?}");
                    assert!(took < SOON, "{url}: {took:?}: {output:?}");
                }
                drop(own);
            });
        }
    });
}

#[test]
fn times_are_the_servers_and_not_ours() {
    let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
    if !std::path::Path::new(library).is_file() {
        skipped("faketime is not installed");
        return;
    }
    let rules = rules("");
    let Some(stack) = stack(&rules, "1s") else {
        return;
    };
    // With our clock an hour ahead alerts were resolved an hour too late, with ours an hour behind
    // they had ended before they were there.
    for (offset, says) in [
        ("+1h", "s behind this machine's"),
        ("-1h", "s ahead of this machine's"),
    ] {
        let churnctl = Churnctl::new()
            .file("k8s/rules.yml", &rules)
            .env("LD_PRELOAD", library)
            .env("FAKETIME", offset)
            // Waits are counted by the kernel, which knows of no other clock.
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let urls = stack.urls();
        let mut args = stack.args(&["--live", "--format", "json"], &urls);
        args.extend(["--catch", &stack.catch]);
        let run = churnctl.run(&args).expect(ExitCode::Ok);
        let json = run.json();
        expect_step(&json, "alertmanager", "pass", says);
        expect_step(
            &json,
            "alert ModelDataDrift",
            "pass",
            "arrived at team after",
        );
        expect_step(&json, "clean-up", "pass", "2 resolved, none fires");
        assert_eq!(stack.of_ours(), 0);
    }
}
