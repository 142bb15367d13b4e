//! The result of `drift` on its way to Prometheus: pushed, or scraped from a check that is repeated.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::fault_server::FaultServer;
use crate::harness::Churnctl;
use crate::push_metrics::{prometheus_of, promtool_is_pleased};
use crate::servers::{Server, eventually, http};

fn example(name: &str) -> String {
    let path = format!("{}/examples/data/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect(name)
}

fn telco() -> Churnctl {
    Churnctl::new()
        .file("baseline.csv", example("telco_baseline.csv"))
        .file("shifted.csv", example("telco_shifted.csv"))
        .file("stable.csv", example("telco_stable.csv"))
}

const SHIFTED: [&str; 8] = [
    "drift",
    "--baseline",
    "baseline.csv",
    "--current",
    "shifted.csv",
    "--model",
    "telco",
    "-v",
];

/// Features whose PSI the report puts above a limit.
fn above(report: &Value, limit: f64) -> Vec<String> {
    let psi = report["psi_by_feature"].as_object().expect("an object");
    let mut names: Vec<_> = psi
        .iter()
        .filter(|(_, psi)| psi.as_f64().is_some_and(|psi| psi > limit))
        .map(|(name, _)| name.clone())
        .collect();
    names.sort();
    names
}

#[test]
fn prometheus_finds_the_shifted_features_after_a_push() {
    let Some(gateway) = Server::pushgateway("", &[]) else {
        return;
    };
    let Some(prometheus) = prometheus_of(&gateway) else {
        return;
    };
    let churnctl = telco();
    let url = gateway.url();
    let args = [&SHIFTED[..], &["--push-gateway", &url]].concat();
    churnctl
        .run(&args)
        .expect(ExitCode::CheckFailed)
        .says("pushed ");
    let report = churnctl.read_json("artifacts/metrics/data_drift_latest.json");
    let expected = above(&report, 0.3);
    assert!(expected.len() >= 2, "{report}");
    let found = eventually("Prometheus has the scores", || {
        let samples = prometheus.query("model_drift_score > 0.3");
        let mut names: Vec<_> = samples
            .iter()
            .map(|sample| {
                sample["metric"]["feature"]
                    .as_str()
                    .expect("a feature")
                    .to_owned()
            })
            .collect();
        names.sort();
        // honor_labels: the job is the one of the push.
        let jobs = samples
            .iter()
            .all(|sample| sample["metric"]["job"] == "churn-drift");
        (!names.is_empty() && jobs).then_some(names)
    });
    assert_eq!(found, expected);

    // Another model has a group of its own; the next check of this one replaces all of its group.
    let args = [
        "drift",
        "--baseline",
        "baseline.csv",
        "--current",
        "stable.csv",
        "--features",
        "tenure",
    ];
    let other = [&args[..], &["--model", "other", "--push-gateway", &url]].concat();
    churnctl.run(&other).expect(ExitCode::Ok);
    let same = [&args[..], &["--model", "telco", "--push-gateway", &url]].concat();
    churnctl.run(&same).expect(ExitCode::Ok);
    let json = gateway.json("/api/v1/metrics");
    let groups = json["data"].as_array().expect("a list");
    assert_eq!(groups.len(), 2, "{json}");
    for group in groups {
        let scores = &group["model_drift_score"]["metrics"];
        assert_eq!(scores.as_array().map(Vec::len), Some(1), "{group}");
        assert_eq!(scores[0]["labels"]["model"], group["labels"]["model"]);
    }

    // The same by hand, from the report; and that of a training.
    let report = "artifacts/metrics/data_drift_latest.json";
    let push = [
        "push-metrics",
        report,
        "--gateway",
        &url,
        "--job",
        "by-hand",
        "--method",
        "put",
    ];
    churnctl.run(&push).expect(ExitCode::Ok);
    let train = [
        "train",
        "baseline.csv",
        "--label",
        "churn",
        "--positive",
        "Yes",
        "--model",
        "logistic",
    ];
    churnctl.run(&train).expect(ExitCode::Ok);
    let report = "artifacts/metrics/train_latest.json";
    let push = [
        "push-metrics",
        report,
        "--gateway",
        &url,
        "--job",
        "churn-retrain",
    ];
    churnctl.run(&push).expect(ExitCode::Ok);
    let dry = churnctl
        .run(&[&push[..], &["--dry-run"]].concat())
        .expect(ExitCode::Ok);
    assert!(
        dry.stdout
            .contains("churn_train_roc_auc{model=\"churn\",split=\"test\"} 0.")
    );
    promtool_is_pleased(&dry.stdout);
    let text = gateway.get("/metrics");
    let ours = text
        .lines()
        .filter(|line| line.contains("churn_") || line.contains("model_drift"));
    promtool_is_pleased(&(ours.collect::<Vec<_>>().join("\n") + "\n"));
}

#[test]
fn a_push_that_fails_never_changes_the_verdict() {
    let churnctl = telco()
        .env("CHURNCTL_PUSH_DEADLINE", "1s")
        .env("CHURNCTL_DRIFT_PUSH_GATEWAY", &FaultServer::refusing());
    churnctl
        .run(&SHIFTED)
        .expect(ExitCode::CheckFailed)
        .says("warning: the metrics were not pushed: the Pushgateway could not be connected to");
    let stable = [
        "drift",
        "--baseline",
        "baseline.csv",
        "--current",
        "stable.csv",
        "-q",
    ];
    let run = churnctl.run(&stable).expect(ExitCode::Ok);
    assert_eq!(run.stderr, "");
    // A URL that is none is found before anything is read.
    let churnctl = telco().env("CHURNCTL_DRIFT_PUSH_GATEWAY", "http://ann:canary@");
    let run = churnctl.run(&SHIFTED).expect(ExitCode::Usage);
    assert!(!format!("{run:?}").contains("canary"), "{run:?}");
}

/// A repeated check, and what it says on stderr.
pub(crate) struct Watch {
    child: Child,
    said: Receiver<String>,
    address: SocketAddr,
}

impl Watch {
    fn start(churnctl: &Churnctl, every: &str) -> Self {
        Self::of(churnctl, "current.csv", every)
    }

    /// Begins to check what is at an address.
    pub(crate) fn of(churnctl: &Churnctl, current: &str, every: &str) -> Self {
        let args = [
            "drift",
            "--baseline",
            "baseline.csv",
            "--current",
            current,
            "--model",
            "telco",
        ];
        let more = ["--watch", every, "--listen", "127.0.0.1:0"];
        Self::with(churnctl, &[&args[..], &more].concat())
    }

    /// Begins a check that these words ask for.
    pub(crate) fn with(churnctl: &Churnctl, args: &[&str]) -> Self {
        let mut child = churnctl.spawn(args, Stdio::null());
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let (sender, said) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut watch = Self {
            child,
            said,
            address: ([127, 0, 0, 1], 0).into(),
        };
        let line = watch.says("listening on http://");
        let rest = line.split("http://").nth(1).expect("an address");
        watch.address = rest
            .split(' ')
            .next()
            .and_then(|text| text.parse().ok())
            .expect("one");
        watch
    }

    /// Waits until a line with this text is said.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> String {
        let mut before = Vec::new();
        loop {
            let Ok(line) = self.said.recv_timeout(Duration::from_secs(60)) else {
                panic!("never said {text:?}, but {before:#?}");
            };
            if line.contains(text) {
                return line;
            }
            before.push(line);
        }
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        http(self.address, "GET", path, "").expect("an answer")
    }

    /// Returns a value of `/metrics`.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        let (_, text) = self.get("/metrics");
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
    }

    /// Sends a signal.
    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = std::process::Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(status.expect("kill").success());
    }

    /// Ends it and returns its code and what it printed.
    fn end(mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        let status = self.child.wait().expect("wait");
        let mut printed = String::new();
        let mut stdout = self.child.stdout.take().expect("a pipe");
        stdout.read_to_string(&mut printed).expect("UTF-8");
        (status.code(), printed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_repeated_check_shows_its_metrics_and_its_report_and_hears_of_a_new_baseline() {
    let churnctl = telco().file("current.csv", example("telco_shifted.csv"));
    let watch = Watch::start(&churnctl, "1s");
    eventually("the first report", || {
        (watch.get("/ready").0 == 200).then_some(())
    });
    assert_eq!(watch.get("/live"), (200, "live\n".to_owned()));
    let (status, json) = watch.get("/report");
    let report: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((status, &report["status"]), (200, &"FAIL".into()));
    let expected = above(&report, 0.3);
    let (_, text) = watch.get("/metrics");
    promtool_is_pleased(&text);
    let shown = |feature: &str| {
        let series = format!("model_drift_score{{feature=\"{feature}\",model=\"telco\"}}");
        watch.value(&series)
    };
    assert!(
        expected.iter().all(|feature| shown(feature) > Some(0.3)),
        "{text}"
    );

    // Prometheus sees it as it is.
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: drift\n  static_configs: \
         [{{targets: ['{}']}}]\n",
        watch.address
    );
    if let Some(prometheus) = Server::prometheus(&config, &[]) {
        eventually("Prometheus has scraped it", || {
            let up = prometheus.query("up{job=\"drift\"} == 1");
            let found = prometheus.query("model_drift_score > 0.3");
            (up.len() == 1 && found.len() == expected.len()).then_some(())
        });
    }

    // Another baseline, in place of the old one: the data are then no longer shifted.
    let before = watch.value("churn_drift_baseline_loaded_timestamp_seconds");
    assert!(before.is_some());
    let new = churnctl.path("new.csv");
    std::fs::copy(churnctl.path("shifted.csv"), &new).expect("copy");
    std::fs::rename(&new, churnctl.path("baseline.csv")).expect("rename");
    watch.says("the baseline has changed and was read again");
    eventually("the new verdict", || {
        (watch.value("churn_drift_status{model=\"telco\"}") == Some(0.0)).then_some(())
    });
    assert!(watch.value("churn_drift_baseline_loaded_timestamp_seconds") > before);

    // A check that fails is counted, the last report stays with the time of its verdict, and nothing ends.
    let errors = || watch.value("churn_drift_checks_total{result=\"error\"}");
    let verdict = || watch.value("churn_drift_last_success_timestamp_seconds{model=\"telco\"}");
    std::fs::write(churnctl.path("current.csv"), "a,b\n1\n").expect("write");
    watch.says("error: ");
    eventually("the error is counted", || {
        (errors() >= Some(1.0)).then_some(())
    });
    let last = verdict();
    assert!(last.is_some());
    eventually("one more error", || (errors() >= Some(2.0)).then_some(()));
    assert_eq!((watch.get("/ready").0, verdict()), (200, last));
    let fails = || watch.value("churn_drift_checks_total{result=\"fail\"}");
    let before = fails();
    std::fs::copy(churnctl.path("stable.csv"), churnctl.path("current.csv")).expect("copy");
    eventually("a check that fails for drift, which is a verdict", || {
        (fails() > before && verdict() > last).then_some(())
    });
    let (code, printed) = watch.end();
    assert_eq!(code, Some(0), "{printed}");
    let first = printed.lines().next().expect("a line");
    assert!(first.contains("Z FAIL: contract PSI 1."), "{first}");
    assert_eq!(churnctl.temporary_files("artifacts/metrics"), [""; 0]);
}

#[test]
fn a_signal_begins_the_next_check_or_ends_the_watch() {
    let churnctl = telco().file("current.csv", example("telco_stable.csv"));
    let watch = Watch::start(&churnctl, "1h");
    let ok = || watch.value("churn_drift_checks_total{result=\"ok\"}");
    eventually("the first check", || (ok() == Some(1.0)).then_some(()));
    watch.signal("HUP");
    eventually("the second check", || (ok() == Some(2.0)).then_some(()));
    let (code, printed) = watch.end();
    assert_eq!((code, printed.lines().count()), (Some(0), 2), "{printed}");
}

#[test]
fn a_watch_that_cannot_be_is_refused_at_once() {
    let churnctl = telco();
    let args = |more: &[&'static str]| [&SHIFTED[..], more].concat();
    churnctl
        .run(&args(&["--listen", "127.0.0.1:0"]))
        .expect(ExitCode::Usage)
        .says("--watch");
    churnctl
        .run(&args(&["--watch", "0s"]))
        .expect(ExitCode::Usage);
    churnctl
        .run(&args(&["--watch", "5"]))
        .expect(ExitCode::Usage);
    let stdin = [
        "drift",
        "--baseline",
        "-",
        "--current",
        "shifted.csv",
        "--watch",
        "1s",
    ];
    churnctl
        .run(&stdin)
        .expect(ExitCode::Usage)
        .says("only once");
    churnctl
        .run(&args(&["--watch", "1s", "--listen", "here"]))
        .expect(ExitCode::BadSettings);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let args = [&SHIFTED[..], &["--watch", "1s", "--listen", &address]].concat();
    churnctl
        .run(&args)
        .expect(ExitCode::Io)
        .says("cannot listen");
}
