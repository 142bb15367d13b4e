//! `churnctl push-metrics` against a real Pushgateway, a real Prometheus, and a server that misbehaves.

use std::process::Stdio;
use std::time::{Duration, Instant};

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::fault_server::{Fault, FaultServer};
use crate::harness::{Churnctl, Run, say};
use crate::servers::{Server, eventually, installed};

/// Label values that go wrong somewhere on the way, if they go wrong anywhere.
const NASTY: [&str; 16] = [
    "plain",
    "a/b",
    "/",
    "//x//",
    "with spaces  and\ttab",
    "quo\"te",
    "back\\slash",
    "new\nline",
    "",
    "Kündigung 解約率 👩‍💻",
    "100%",
    "%2F",
    "a=b,c",
    "..",
    "@base64",
    "?q#f&x+y;z",
];

const GOOD: &str = "# HELP rows Rows.\n# TYPE rows gauge\nrows{kind=\"a\"} 12\n";

fn gateway() -> Option<Server> {
    Server::pushgateway("", &[])
}

fn push(url: &str, text: &str, more: &[&str]) -> Run {
    let mut args = vec!["push-metrics", "m.prom", "--gateway", url];
    args.extend_from_slice(more);
    Churnctl::new().file("m.prom", text).run(&args)
}

/// The groups that the gateway holds, by the value of a label.
fn groups(server: &Server, label: &str) -> Vec<String> {
    let json = server.json("/api/v1/metrics");
    let groups = json["data"].as_array().expect("a list");
    let values = groups.iter().map(|group| group["labels"][label].as_str());
    let mut values: Vec<_> = values.map(|v| v.unwrap_or_default().to_owned()).collect();
    values.sort();
    values
}

/// The value of a metric in a group of the gateway.
fn value(server: &Server, job: &str, metric: &str) -> Option<f64> {
    let json = server.json("/api/v1/metrics");
    let groups = json["data"].as_array().expect("a list");
    let group = groups.iter().find(|group| group["labels"]["job"] == job)?;
    group[metric]["metrics"][0]["value"].as_str()?.parse().ok()
}

/// Runs promtool over a text; says so where it is not installed.
#[track_caller]
pub(crate) fn promtool_is_pleased(text: &str) {
    use std::io::Write as _;
    let Some(promtool) = installed("promtool") else {
        return;
    };
    let mut child = std::process::Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(text.as_bytes()).expect("write");
    drop(stdin);
    let output = child.wait_with_output().expect("promtool");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}

#[test]
fn every_nasty_label_value_comes_back_the_same() {
    let Some(server) = gateway() else { return };
    for (at, nasty) in NASTY.into_iter().enumerate() {
        let (group, job) = (format!("g={nasty}"), format!("job-{at}"));
        let run = push(&server.url(), GOOD, &["--job", &job, "--group", &group]);
        run.expect(ExitCode::Ok);
    }
    let mut expected: Vec<_> = NASTY.into_iter().map(str::to_owned).collect();
    expected.sort();
    assert_eq!(groups(&server, "g"), expected);
    // As the job, too, but for the empty one.
    for nasty in NASTY.into_iter().filter(|nasty| !nasty.is_empty()) {
        push(&server.url(), GOOD, &["--job", nasty]).expect(ExitCode::Ok);
    }
    let jobs = groups(&server, "job");
    assert!(
        NASTY
            .into_iter()
            .filter(|n| !n.is_empty())
            .all(|n| jobs.iter().any(|job| job == n))
    );
    // And inside of the text, from the library's own encoder.
    let labels: Vec<String> = NASTY
        .into_iter()
        .enumerate()
        .map(|(at, nasty)| {
            let mut out = churnctl::metrics::Exposition::new();
            let metric = churnctl::metrics::names::MODEL_DRIFT_SCORE;
            let model = format!("m{at}");
            out.set(&metric, &[&model, nasty], 0.5).expect("set");
            let text = out.finish().expect("text");
            push(&server.url(), &text, &["--job", &model]).expect(ExitCode::Ok);
            let json = server.json("/api/v1/metrics");
            let groups = json["data"].as_array().expect("a list").iter();
            let mut groups = groups.filter(|group| group["labels"]["job"] == *model);
            let group = groups.next().expect("the group");
            let label = &group["model_drift_score"]["metrics"][0]["labels"]["feature"];
            // A label without a value is not a label.
            label.as_str().unwrap_or_default().to_owned()
        })
        .collect();
    assert_eq!(labels, NASTY);
    // What was listed can be deleted by the same words, and nothing else goes.
    let before = groups(&server, "g").len();
    let args = ["push-metrics", "delete", "--yes", "--gateway"];
    let url = server.url();
    for (at, nasty) in NASTY.into_iter().enumerate() {
        let (group, job) = (format!("g={nasty}"), format!("job-{at}"));
        let mut args = args.to_vec();
        args.extend([&*url, "--job", &job, "--group", &group]);
        Churnctl::new().run(&args).expect(ExitCode::Ok);
        eventually("the group is gone", || {
            (groups(&server, "g").len() == before - at - 1).then_some(())
        });
    }
}

#[test]
fn put_replaces_the_group_and_post_the_names() {
    let Some(server) = gateway() else { return };
    let url = server.url();
    let old = "# TYPE kept gauge\nkept 1\n# TYPE rows gauge\nrows{kind=\"old\"} 1\n";
    let names = || {
        let json = server.json("/api/v1/metrics");
        let group = json["data"][0].as_object().expect("a group").clone();
        let names = group.keys().filter(|name| !name.contains("push"));
        names
            .filter(|&name| name != "labels")
            .cloned()
            .collect::<Vec<_>>()
    };
    push(&url, old, &["--job", "j"]).expect(ExitCode::Ok);
    push(&url, GOOD, &["--job", "j"]).expect(ExitCode::Ok);
    assert_eq!(names(), ["kept", "rows"]);
    assert!(!server.get("/metrics").contains("kind=\"old\""));
    push(&url, GOOD, &["--job", "j", "--method", "put"]).expect(ExitCode::Ok);
    assert_eq!(names(), ["rows"]);
    promtool_is_pleased(GOOD);
}

#[test]
fn prune_removes_the_old_groups_and_no_other() {
    let Some(server) = gateway() else { return };
    let url = server.url();
    for job in ["old", "old/2", "other"] {
        push(&url, GOOD, &["--job", job]).expect(ExitCode::Ok);
    }
    std::thread::sleep(Duration::from_millis(3_100));
    push(&url, GOOD, &["--job", "new"]).expect(ExitCode::Ok);
    // Refused by the gateway, which keeps the time of it: whoever pushes there is not gone.
    let bad = "# TYPE rows counter\nrows 1\n";
    crate::servers::http(server.address(), "POST", "/metrics/job/other", bad);
    let prune = |more: &[&str]| {
        let mut args = vec![
            "push-metrics",
            "prune",
            "--gateway",
            &url,
            "--older-than",
            "2s",
        ];
        args.extend_from_slice(more);
        Churnctl::new().run(&args)
    };
    let shown = prune(&["--dry-run"]).expect(ExitCode::Ok);
    assert!(shown.stdout.contains("would delete 2 groups"), "{shown:?}");
    // Nobody to ask, nobody agreed.
    prune(&[]).expect(ExitCode::Usage).says("--yes");
    assert_eq!(groups(&server, "job"), ["new", "old", "old/2", "other"]);
    let json = prune(&["--job", "old", "--yes", "--format", "json"])
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(json["groups"][0]["group"]["job"], "old");
    let json = prune(&["--yes", "--format", "json"])
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(json["groups"].as_array().map(Vec::len), Some(1));
    eventually("the old groups are gone", || {
        (groups(&server, "job") == ["new", "other"]).then_some(())
    });
    let json = Churnctl::new()
        .run(&[
            "push-metrics",
            "list",
            "--gateway",
            &url,
            "--format",
            "json",
        ])
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(json["groups"][1]["last_push_successful"], false);
    prune(&["--yes", "--older-than", "5"]).expect(ExitCode::Usage);
}

/// What the gateway says 400 to: the text, the line, a piece of our message. Each is first sent as it
/// is, so that the list is known to be true of the gateway that is installed.
const REFUSED: [(&str, u64, &str); 25] = [
    ("a 1\r\n", 1, "carriage return"),
    ("ok 1\nhello world foo\n", 2, "\"world\" is not a number"),
    ("a 1 1700000000000\n", 1, "timestamp"),
    ("# TYPE m8 counter\nm8 1\n", 1, "gateway holds it as gauge"),
    ("m8 1\n", 1, "m8 is untyped"),
    (
        "a{x=\"1\"} 1\na{x=\"2\"} 1\na{x=\"1\"} 2\n",
        3,
        "as in line 1",
    ),
    (
        "# TYPE a gauge\n# TYPE a gauge\na 1\n",
        2,
        "a second TYPE line",
    ),
    ("a 1\n# TYPE a gauge\n", 2, "after its sample"),
    (
        "# TYPE process_cpu_seconds_total gauge\nprocess_cpu_seconds_total 1\n",
        1,
        "gateway's own",
    ),
    ("a_total 1 # {trace_id=\"x\"} 1\n", 1, "exemplar"),
    ("{\"a\": 1}\n", 1, "JSON"),
    ("a{my-label=\"x\"} 1\n", 1, "my-label"),
    ("a{__x=\"x\"} 1\n", 1, "__x"),
    ("a{1x=\"x\"} 1\n", 1, "1x"),
    ("a.metric 1\n", 1, "a.metric"),
    ("{\"a.metric\"} 1\n", 1, "braces"),
    ("# HELP a b\n# HELP a c\na 1\n", 2, "a second HELP line"),
    ("# TYPE a stateset\na 1\n", 1, "not a type"),
    ("a{x=\"\\t\"} 1\n", 1, "\\t"),
    ("a{x=\"1\"\n", 1, "no comma"),
    ("a\n", 1, "no value"),
    ("a{x=\"1\",x=\"2\"} 1\n", 1, "twice"),
    ("# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", 2, "no bound"),
    ("# TYPE s summary\ns{quantile=\"x\"} 1\n", 2, "quantile"),
    ("a 1 2 3\n", 1, "follows the sample"),
];

#[test]
fn what_the_gateway_refuses_is_found_before_with_its_line() {
    let Some(server) = gateway() else { return };
    let m8 = "# TYPE m8 gauge\nm8 1\n";
    push(&server.url(), m8, &["--job", "holder"]).expect(ExitCode::Ok);
    for (text, line, said) in REFUSED {
        let sent = crate::servers::http(server.address(), "POST", "/metrics/job/probe", text);
        let (status, answer) = sent.expect("an answer");
        assert_eq!(status, 400, "{text}: the gateway takes it: {answer}");
        crate::servers::http(server.address(), "DELETE", "/metrics/job/probe", "");
        let run = push(
            &server.url(),
            text,
            &["--job", "nightly", "--format", "json", "-q"],
        );
        let run = run.expect(ExitCode::BadInput);
        let json: Value = serde_json::from_str(&run.stderr).expect("JSON");
        let error = &json["error"];
        assert_eq!(error["line"], line, "{text}: {error}");
        assert_eq!(error["file"], "m.prom");
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains(said), "{text}: {message}");
        assert!(
            !groups(&server, "job").contains(&"nightly".to_owned()),
            "{text} was sent"
        );
    }
    // What it cannot take is mended where that can be done.
    push(&server.url(), "a 1", &["--job", "nightly"]).expect(ExitCode::Ok);
    let stamped = "a 1 1700000000000\n";
    push(
        &server.url(),
        stamped,
        &["--job", "nightly", "--strip-timestamps"],
    )
    .expect(ExitCode::Ok);
    // Paths that it misreads are refused by their words.
    for args in [
        &["--job", ""][..],
        &["--job", "j", "--group", "a-b=x"],
        &["--job", "j", "--group", "a"],
        &["--job", "j", "--group", "a=1", "--group", "a=2"],
        &["--job", "j", "--group", "job=x"],
        &["--job", "j", "--group", "instance=pod-1"],
    ] {
        push(&server.url(), GOOD, args).expect(ExitCode::Usage);
    }
    let forced = ["--job", "j", "--group", "instance=pod-1", "--force"];
    push(&server.url(), GOOD, &forced).expect(ExitCode::Ok);
}

#[test]
fn what_the_gateway_takes_and_should_not_needs_force() {
    let Some(server) = gateway() else { return };
    for (text, said) in [
        ("a NaN\n", "NaN"),
        ("go_goroutines_x 1\n", "own"),
        ("a{job=\"other\"} 1\n", "overwritten"),
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n",
            "+Inf",
        ),
        ("# TYPE m counter\nm_total 1\n# EOF\n", "OpenMetrics"),
    ] {
        let run = push(&server.url(), text, &["--job", "j"]).expect(ExitCode::BadInput);
        run.says(said).says("--force");
        push(&server.url(), text, &["--job", "j", "--force"])
            .expect(ExitCode::Ok)
            .says("warning: ");
    }
    push(&server.url(), "# nothing\n", &["--job", "j"]).expect(ExitCode::BadInput);
}

#[test]
fn a_series_that_another_group_has_is_told_with_that_group() {
    let Some(server) = gateway() else {
        return;
    };
    let by_drift = ["--job", "churn-drift", "--group", "model=churn"];
    push(
        &server.url(),
        "# TYPE a gauge\na 1\n# TYPE b gauge\nb{x=\"y\"} 1\n",
        &by_drift,
    )
    .expect(ExitCode::Ok);
    let again =
        "# TYPE a gauge\na{model=\"churn\"} 1\n# TYPE b gauge\nb{model=\"churn\",x=\"y\"} 1\n";
    let sent = crate::servers::http(server.address(), "POST", "/metrics/job/churn-drift", again);
    let (status, answer) = sent.expect("an answer");
    assert_eq!(status, 400, "the gateway takes it: {answer}");
    crate::servers::http(server.address(), "DELETE", "/metrics/job/churn-drift", "");
    let run = push(&server.url(), again, &["--job", "churn-drift"]);
    run.expect(ExitCode::BadInput)
        .says("m.prom")
        .says("the same series of a, and 1 more, in another group: job=\"churn-drift\", model=\"churn\"")
        .says("--job and --group");
    // Another job has series of its own, and a push into the same group replaces what it holds.
    push(&server.url(), again, &["--job", "nightly"]).expect(ExitCode::Ok);
    push(&server.url(), again, &by_drift).expect(ExitCode::Ok);
    // The gateway tells an empty label from none.
    let empty = ["--job", "nightly", "--group", "empty="];
    push(&server.url(), again, &empty).expect(ExitCode::Ok);
}

#[test]
fn a_document_that_has_no_metrics_is_told_by_its_command() {
    let more = ["--job", "j"];
    push(
        &FaultServer::refusing(),
        "{\"command\": \"alerts lint\"}\n",
        &more,
    )
    .expect(ExitCode::BadInput)
    .says("this one is of `churnctl alerts lint`");
}

#[test]
fn attempts_are_counted() {
    let ok = Fault::Answer("200 OK", "", "");
    let busy = Fault::Answer("503 Service Unavailable", "", "");
    let refused = Fault::Answer("400 Bad Request", "", "pushed metrics are invalid");
    let wait = Fault::Answer("429 Too Many Requests", "retry-after: 1\r\n", "");
    let moved = Fault::Answer(
        "307 Temporary Redirect",
        "location: http://127.0.0.1:9/\r\n",
        "",
    );
    for (faults, attempts, code, said) in [
        (
            vec![refused],
            1,
            ExitCode::BadInput,
            "pushed metrics are invalid",
        ),
        (vec![busy.clone(), busy, ok.clone()], 3, ExitCode::Ok, ""),
        (vec![wait, ok.clone()], 2, ExitCode::Ok, ""),
        (
            vec![Fault::Answer("408 Request Timeout", "", ""), ok.clone()],
            2,
            ExitCode::Ok,
            "",
        ),
        (
            vec![Fault::Reset, Fault::Reset, ok.clone()],
            3,
            ExitCode::Ok,
            "",
        ),
        (vec![Fault::Hang, ok.clone()], 2, ExitCode::Ok, ""),
        (vec![Fault::Drip, ok], 2, ExitCode::Ok, ""),
        (
            vec![moved],
            1,
            ExitCode::BadSettings,
            "redirects are not followed",
        ),
        (
            vec![Fault::Answer("401 Unauthorized", "", "")],
            1,
            ExitCode::NotAllowed,
            "401",
        ),
        (
            vec![Fault::Answer("404 Not Found", "", "")],
            1,
            ExitCode::BadInput,
            "404",
        ),
    ] {
        let server = FaultServer::pushgateway(&faults);
        let more = ["--job", "j", "--timeout", "1s", "--deadline", "20s"];
        push(&server.url(), GOOD, &more).expect(code).says(said);
        let seen = server.seen();
        assert_eq!(seen.len(), attempts, "{faults:?}: {seen:?}");
        assert!(
            seen.iter()
                .all(|one| one.method == "POST" && one.path == "/metrics/job/j")
        );
        assert_eq!(seen[attempts - 1].body, GOOD.as_bytes());
    }
}

#[test]
fn a_gateway_that_stays_away_is_given_up_within_the_deadline() {
    let more = ["--job", "j", "--timeout", "2s", "--deadline", "3s"];
    let busy = Fault::Answer("503 Service Unavailable", "", "come back later");
    let late = Fault::Answer("429 Too Many Requests", "retry-after: 60\r\n", "");
    for (fault, said) in [
        (Fault::Hang, "did not answer within"),
        (Fault::Drip, "did not answer within"),
        (busy, "come back later"),
        (late, "asks to wait 60 s"),
    ] {
        // Here what it holds is asked for, too, and is a part of the time.
        let server = FaultServer::start(&[fault]);
        let begin = Instant::now();
        push(&server.url(), GOOD, &more)
            .expect(ExitCode::Unavailable)
            .says(said);
        // The slack is for starting a debug build on a busy machine.
        assert!(
            begin.elapsed() < Duration::from_secs(3 + 3),
            "{:?}",
            begin.elapsed()
        );
    }
    push(&FaultServer::refusing(), GOOD, &more)
        .expect(ExitCode::Unavailable)
        .says("could not be connected to");
}

#[test]
fn a_wrapped_command_keeps_its_streams_and_its_code() {
    let Some(server) = gateway() else { return };
    let Some(prometheus) = prometheus_of(&server) else {
        return;
    };
    let url = server.url();
    let run = |script: &str, input: &[u8]| {
        let args = [
            "push-metrics",
            "run",
            "--gateway",
            &url,
            "--job",
            "nightly",
            "--",
        ];
        let mut args = args.to_vec();
        args.extend(["sh", "-c", script]);
        Churnctl::new().run_with_stdin(&args, input)
    };
    let script =
        "cat; echo said >&2; printf '# TYPE rows gauge\\nrows 12' > $CHURNCTL_METRICS_FILE";
    let good = run(script, b"in\n").expect(ExitCode::Ok).says("said\n");
    assert_eq!(good.stdout, "in\n");
    let success = value(
        &server,
        "nightly",
        "churn_job_last_success_timestamp_seconds",
    );
    assert!(success.is_some());
    assert_eq!(value(&server, "nightly", "rows"), Some(12.0));

    assert_eq!(run("exit 7", b"").code, Some(7));
    let exit_code = |wanted: f64| {
        eventually("Prometheus shows the code", || {
            let found = prometheus.query("churn_job_exit_code{job=\"nightly\"}");
            let value: f64 = found.first()?["value"][1].as_str()?.parse().ok()?;
            (value == wanted).then_some(())
        });
    };
    exit_code(7.0);
    // The last success, and what the last good run said, outlive the failure.
    let name = "churn_job_last_success_timestamp_seconds";
    assert_eq!(value(&server, "nightly", name), success);
    assert_eq!(value(&server, "nightly", "rows"), Some(12.0));
    assert!(value(&server, "nightly", "churn_job_last_run_timestamp_seconds") > success);
    assert!(value(&server, "nightly", "churn_job_max_resident_memory_bytes") > Some(100_000.0));

    // Bad metrics of the command do not take ours along.
    let bad = run("echo 'a-b 1' > $CHURNCTL_METRICS_FILE; exit 3", b"");
    assert_eq!(bad.code, Some(3));
    bad.says("CHURNCTL_METRICS_FILE:1: \"a-b\"");
    exit_code(3.0);
    assert_eq!(run("kill -9 $$", b"").code, Some(137));
    exit_code(137.0);
    let args = [
        "push-metrics",
        "run",
        "--gateway",
        &url,
        "--job",
        "nightly",
        "--",
        "no-such-command",
    ];
    assert_eq!(Churnctl::new().run(&args).code, Some(127));
    exit_code(127.0);
    let text = server.get("/metrics");
    let ours = text.lines().filter(|line| {
        let name = line
            .trim_start_matches("# HELP ")
            .trim_start_matches("# TYPE ");
        name.starts_with("churn_") || name.starts_with("rows")
    });
    let mut ours: Vec<_> = ours
        .filter(|line| !line.starts_with("# HELP rows"))
        .collect();
    ours.insert(0, "# HELP rows Rows.");
    promtool_is_pleased(&(ours.join("\n") + "\n"));
}

/// A Prometheus that scrapes the gateway each second.
pub(crate) fn prometheus_of(gateway: &Server) -> Option<Server> {
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: pushgateway\n  \
         honor_labels: true\n  static_configs: [{{targets: ['{}']}}]\n",
        gateway.address()
    );
    Server::prometheus(&config, &[])
}

#[test]
fn signals_reach_the_wrapped_command_and_are_reported() {
    let Some(server) = gateway() else { return };
    let url = server.url();
    let signalled = |script: &str, signal: &str| {
        let args = [
            "push-metrics",
            "run",
            "--gateway",
            &url,
            "--job",
            "nightly",
            "--",
        ];
        let mut args = args.to_vec();
        args.extend(["sh", "-c", script]);
        let mut child = Churnctl::new().spawn(&args, Stdio::null());
        let mut ready = [0; 6];
        let stdout = child.stdout.as_mut().expect("a pipe");
        std::io::Read::read_exact(stdout, &mut ready).expect("it is ready");
        let kill = std::process::Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status();
        assert!(kill.expect("kill").success());
        let output = child.wait_with_output().expect("run");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), stderr)
    };
    // A command that dies of it.
    let (code, said) = signalled("echo ready; exec sleep 60", "TERM");
    assert_eq!(code, Some(143));
    assert!(
        said.contains("was ended by SIGTERM (SIGTERM was passed on)"),
        "{said}"
    );
    assert_eq!(
        value(&server, "nightly", "churn_job_exit_code"),
        Some(143.0)
    );
    // A command that ends in its own time: the wrapper waits for it, whatever the signal.
    for (name, number) in [
        ("TERM", 15),
        ("INT", 2),
        ("HUP", 1),
        ("QUIT", 3),
        ("USR1", 10),
    ] {
        let script =
            format!("trap 'exit 4{number}' {name}; echo ready; while :; do sleep 0.05; done");
        let code = 40 + number;
        let (found, said) = signalled(
            &script.replace(&format!("4{number}"), &code.to_string()),
            name,
        );
        assert_eq!(found, Some(code), "{name}: {said}");
        let pushed = value(&server, "nightly", "churn_job_exit_code");
        assert_eq!(pushed, Some(f64::from(code)), "{name}");
    }
}

#[test]
fn a_failed_push_changes_the_code_of_a_run_only_if_it_is_required() {
    let url = FaultServer::refusing();
    let run = |more: &[&str], command: &str| {
        let mut args = vec![
            "push-metrics",
            "run",
            "--gateway",
            &url,
            "--deadline",
            "1s",
            "--job",
            "j",
        ];
        args.extend_from_slice(more);
        args.extend(["--", "sh", "-c", command]);
        Churnctl::new().run(&args)
    };
    run(&[], "true")
        .expect(ExitCode::Ok)
        .says("its metrics were not pushed");
    // Nor does a machine without room for temporary files keep the job from its run.
    let args = [
        "push-metrics",
        "run",
        "--gateway",
        &url,
        "--deadline",
        "1s",
        "--job",
        "j",
        "--",
        "sh",
        "-c",
        "exit ${CHURNCTL_METRICS_FILE:-6}",
    ];
    let run_without = Churnctl::new().env("TMPDIR", "/nowhere").run(&args);
    assert_eq!(run_without.code, Some(6), "{run_without:?}");
    run(&["--required"], "true").expect(ExitCode::Unavailable);
    assert_eq!(run(&["--required"], "exit 5").code, Some(5));
    assert_eq!(run(&[], "exit 5").code, Some(5));
}

#[test]
fn a_folder_is_written_in_place_of_a_push() {
    let churnctl = Churnctl::new()
        .file("m.prom", GOOD)
        .file("node/keep.prom", "x 1\n");
    let push = [
        "push-metrics",
        "m.prom",
        "--textfile",
        "node",
        "--job",
        "a/b",
        "--group",
        "model=x\"y",
    ];
    churnctl.run(&push).expect(ExitCode::Ok);
    let text = String::from_utf8(churnctl.read("node/a%2Fb,model=x%22y.prom")).expect("UTF-8");
    assert_eq!(
        text,
        "# HELP rows Rows.\n# TYPE rows gauge\nrows{kind=\"a\",job=\"a/b\",model=\"x\\\"y\"} 12\n"
    );
    assert_eq!(churnctl.temporary_files("node"), [""; 0]);
    let run = |command: &str| {
        let args = [
            "push-metrics",
            "run",
            "--textfile",
            "node",
            "--job",
            "j",
            "--",
            "sh",
            "-c",
            command,
        ];
        let run = churnctl.run(&args);
        (
            run.code,
            String::from_utf8(churnctl.read("node/j.prom")).expect("UTF-8"),
        )
    };
    let success = |text: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with("churn_job_last_success"));
        line.map(str::to_owned)
    };
    let (code, text) = run("true");
    assert_eq!(code, Some(0));
    promtool_is_pleased(&text);
    let first = success(&text);
    assert!(first.is_some(), "{text}");
    let (code, text) = run("exit 7");
    assert_eq!(code, Some(7));
    assert!(
        text.contains("churn_job_exit_code{job=\"j\"} 7\n"),
        "{text}"
    );
    assert_eq!(
        success(&text),
        first,
        "the last success outlives a failure here, too"
    );
    let missing = [
        "push-metrics",
        "m.prom",
        "--textfile",
        "nowhere",
        "--job",
        "j",
    ];
    churnctl
        .run(&missing)
        .expect(ExitCode::Io)
        .says("no folder nowhere");
}

#[test]
fn a_dry_run_shows_what_would_be_sent_and_asks_nobody() {
    let run = push(
        &FaultServer::refusing(),
        "a 1",
        &["--job", "a/b", "--dry-run", "--method", "put"],
    );
    let run = run
        .expect(ExitCode::Ok)
        .says("would PUT 1 sample of 1 metric")
        .says("/metrics/job@base64/YS9i");
    assert_eq!(run.stdout, "a 1\n");
    push("no url", GOOD, &["--job", "j"]).expect(ExitCode::Usage);
    Churnctl::new()
        .file("m.prom", GOOD)
        .run(&["push-metrics", "m.prom", "--job", "j"])
        .expect(ExitCode::Usage)
        .says("CHURNCTL_PUSH_GATEWAY");
}

#[test]
fn a_gateway_behind_a_password_and_tls_is_reached_and_no_secret_is_shown() {
    const CANARY: &str = "c4n4ry-s3cr3t";
    let Some(openssl) = installed("openssl") else {
        return;
    };
    let churnctl = Churnctl::new()
        .file("m.prom", GOOD)
        .file("password", CANARY);
    let made = std::process::Command::new(openssl)
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args([
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .current_dir(churnctl.path(""))
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{made:?}");
    let pem = |name: &str| String::from_utf8(churnctl.read(name)).expect("UTF-8");
    // bcrypt.hashpw(b"c4n4ry-s3cr3t", bcrypt.gensalt(4)), Python bcrypt 5
    let hash = "$2b$04$EcjRzEarGgFtQ1Yhi8nj0ucIPa56YswwT7oU28FifLxrgcms6WhJa";
    let config = format!(
        "tls_server_config: {{cert_file: cert.pem, key_file: key.pem}}\nbasic_auth_users: {{ann: {hash}}}\n"
    );
    let (cert, key) = (pem("cert.pem"), pem("key.pem"));
    let files = [("cert.pem", cert.as_str()), ("key.pem", key.as_str())];
    let Some(server) = Server::pushgateway(&config, &files) else {
        return;
    };
    let url = server.url().replace("http://", "https://");
    let run = |url: &str, more: &[&str]| {
        let mut args = vec![
            "push-metrics",
            "m.prom",
            "--job",
            "j",
            "-v",
            "--deadline",
            "3s",
            "--gateway",
            url,
        ];
        args.extend_from_slice(more);
        let run = churnctl.run(&args);
        assert!(!format!("{run:?}").contains(CANARY), "{run:?}");
        run
    };
    let user = ["--username", "ann", "--password-file", "password"];
    let trusted = [
        "--ca-file",
        "cert.pem",
        "--username",
        "ann",
        "--password-file",
        "password",
    ];
    run(&url, &trusted).expect(ExitCode::Ok);
    run(&url, &user)
        .expect(ExitCode::Unavailable)
        .says("could not be trusted");
    run(&url, &["--ca-file", "cert.pem"])
        .expect(ExitCode::NotAllowed)
        .says("401");
    let in_url = url.replace("https://", &format!("https://ann:{CANARY}@"));
    run(&in_url, &["--ca-file", "cert.pem"]).expect(ExitCode::Ok);
    let wrong = url.replace("https://", &format!("https://bob:{CANARY}@"));
    run(&wrong, &["--ca-file", "cert.pem"]).expect(ExitCode::NotAllowed);
    // The name on the certificate is not this one.
    let other = url.replace("127.0.0.1", "localhost");
    run(&other, &trusted)
        .expect(ExitCode::Unavailable)
        .says("could not be trusted");
    // A key that does not fit is an error, and no end of the program.
    let unfit = [
        "--ca-file",
        "cert.pem",
        "--client-cert",
        "cert.pem",
        "--client-key",
        "m.prom",
    ];
    run(&url, &unfit).expect(ExitCode::BadSettings);
    // Not to another machine without encryption; 192.0.2.1 is nobody's.
    let plain = format!("http://ann:{CANARY}@192.0.2.1:9091");
    run(&plain, &[])
        .expect(ExitCode::BadSettings)
        .says("unencrypted");
    run(&format!("http://ann:{CANARY}@"), &[]).expect(ExitCode::Usage);

    let secret = Churnctl::new()
        .file("m.prom", GOOD)
        .env("CHURNCTL_PUSH_TOKEN", CANARY)
        .env("CHURNCTL_PUSH_GATEWAY", &in_url);
    for args in [
        &["config", "show"][..],
        &["config", "show", "--format", "json"],
        &["push-metrics", "m.prom", "--job", "j", "--dry-run", "-v"],
        &[
            "push-metrics",
            "m.prom",
            "--job",
            "j",
            "--deadline",
            "1s",
            "-v",
            "--format",
            "json",
        ],
        &[
            "push-metrics",
            "run",
            "--job",
            "j",
            "--deadline",
            "1s",
            "--",
            "env",
        ],
    ] {
        let run = secret.run(args);
        let said = format!("{run:?}").replace(&format!("CHURNCTL_PUSH_GATEWAY={in_url}"), "");
        assert!(!said.contains(CANARY), "{args:?}: {said}");
    }
    say("a password in a URL is in the environment of the command, as it came");
}

#[test]
fn the_token_goes_to_the_gateway_and_the_body_is_packed_if_asked() {
    let server = FaultServer::pushgateway(&[Fault::Answer("200 OK", "", "")]);
    let churnctl = Churnctl::new()
        .file("m.prom", GOOD)
        .file("token", "t0k3n\n");
    let url = server.url();
    let args = [
        "push-metrics",
        "m.prom",
        "--job",
        "j",
        "--gateway",
        &url,
        "--token-file",
        "token",
        "--compression",
        "gzip",
    ];
    churnctl.run(&args).expect(ExitCode::Ok);
    let seen = &server.seen()[0];
    let has = |line: &str| seen.headers.iter().any(|header| header == line);
    assert!(
        has("authorization: Bearer t0k3n") && has("content-encoding: gzip"),
        "{seen:?}"
    );
    assert_eq!(&seen.body[..2], b"\x1f\x8b");
    // A real one unpacks it.
    let Some(server) = gateway() else { return };
    push(
        &server.url(),
        GOOD,
        &["--job", "j", "--compression", "gzip"],
    )
    .expect(ExitCode::Ok);
    assert_eq!(value(&server, "j", "rows"), Some(12.0));
    push(&server.url(), GOOD, &["--job", "j", "--compression", "zip"]).expect(ExitCode::Usage);
}

/// Runs at a terminal, answers the question there with these bytes, and returns code and output.
fn answered(churnctl: &Churnctl, args: &str, answer: &[u8]) -> Option<(Option<i32>, String)> {
    use std::io::{Read as _, Write as _};
    let script = installed("script")?;
    let program = churnctl.command(&[]).get_program().to_owned();
    let line = format!("{} {args}", program.to_string_lossy());
    let mut child = std::process::Command::new(script)
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm")
        .env_remove("CHURNCTL_REQUIRE")
        .current_dir(churnctl.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = child.stdout.take().expect("a pipe");
    let (mut said, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&said).contains("[y/N]") {
        assert_eq!(
            stdout.read(&mut byte).expect("read"),
            1,
            "no question: {said:?}"
        );
        said.push(byte[0]);
    }
    stdin.write_all(answer).expect("answer");
    stdout.read_to_end(&mut said).expect("read");
    let status = child.wait().expect("script");
    drop(stdin);
    Some((status.code(), String::from_utf8_lossy(&said).into_owned()))
}

#[test]
fn at_a_terminal_somebody_is_asked_and_no_is_the_default() {
    let Some(server) = gateway() else { return };
    push(&server.url(), GOOD, &["--job", "j"]).expect(ExitCode::Ok);
    let churnctl = Churnctl::new();
    let args = format!("push-metrics delete --job j --gateway {}", server.url());
    for (answer, code) in [
        (&b"n"[..], ExitCode::Refused),
        (b"\r", ExitCode::Refused),
        (b"\x1b", ExitCode::Refused),
        (b"\x03", ExitCode::Interrupted),
    ] {
        let Some((found, said)) = answered(&churnctl, &args, answer) else {
            return;
        };
        assert_eq!(found, Some(i32::from(code.code())), "{answer:?}: {said}");
        // The cursor, hidden for the question, is there again.
        let shown = said.rfind("\u{1b}[?25h");
        assert!(
            shown > said.rfind("\u{1b}[?25l") && shown.is_some(),
            "{said:?}"
        );
        assert_eq!(groups(&server, "job"), ["j"]);
    }
    let (code, said) = answered(&churnctl, &args, b"y").expect("script is there");
    assert_eq!(code, Some(0), "{said}");
    eventually("the group is gone", || {
        groups(&server, "job").is_empty().then_some(())
    });
}
