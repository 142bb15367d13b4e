#![cfg(feature = "object-store")]
//! The prediction log on its way to a real S3 server: each file once, whatever is killed or fails.

use std::collections::BTreeMap;
use std::fs::File;
use std::time::{Duration, SystemTime};

use churnctl::exit::ExitCode;
use serde_json::json;

use super::running::{Running, customer};
use crate::harness::Churnctl;
use crate::models::{PRODUCTION, rows_of, scoring};
use crate::object_server::{Act, Asked, ObjectServer};
use crate::servers::eventually;

/// The closed files in the folder of the log.
fn closed(churnctl: &Churnctl) -> BTreeMap<String, Vec<u8>> {
    let names = std::fs::read_dir(churnctl.path("log")).expect("a folder");
    names
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".csv") && !name.starts_with('.'))
        .map(|name| (name.clone(), churnctl.read(&format!("log/{name}"))))
        .collect()
}

fn is_put(asked: &Asked) -> bool {
    asked.method == "PUT"
}

fn args(folder: &str) -> [String; 4] {
    let address = format!("s3://logs/{folder}/");
    ["--log-dir", "log", "--log-upload", &address].map(str::to_owned)
}

fn start(churnctl: &Churnctl, folder: &str) -> Running {
    let args = args(folder);
    Running::start(churnctl, &args.each_ref().map(String::as_str))
}

#[test]
fn every_closed_file_is_in_the_store_once_whatever_was_killed() {
    let Some(server) = ObjectServer::shared() else {
        return;
    };
    // Answers that are lost, refusals, uploads that take their time: in turn.
    let gate = server.gate(|asked| match asked.count % 8 {
        0 if is_put(asked) => Act::Lose,
        3 if is_put(asked) => Act::Answer("503 Slow Down"),
        6 if is_put(asked) => Act::Slow,
        _ => Act::Pass,
    });
    let churnctl = gate
        .before(scoring())
        .env("CHURNCTL_SERVE_LOG_ROTATE_BYTES", "1")
        .env("CHURNCTL_SERVE_DRAIN_TIMEOUT", "50s");
    let puts = || gate.asked().iter().filter(|asked| is_put(asked)).count();
    let mut rows = 0;
    for time in 0..4 {
        // Counted before the start: all four files may be there before the last row is asked for.
        let wanted = puts() + time;
        let running = start(&churnctl, "killed");
        for number in 0..4 {
            let user = format!("{time}-{number}");
            running.post("/predict", &customer(&user, 1.0)).expect(200);
            rows += 1;
            running.wait_for("the row", |metrics| {
                metrics["churn_prediction_log_rows_total{result=\"written\"}"]
                    == f64::from(number) + 1.0
            });
        }
        // Before any upload of this process, between two, and while one is on its way.
        eventually("an upload", || (puts() >= wanted).then_some(()));
        running.kill();
    }
    let running = start(&churnctl, "killed");
    running.post("/predict", &customer("last", 1.0)).expect(200);
    rows += 1;
    let (code, said) = running.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(
        !said.contains("not uploaded"),
        "{} requests: {said}",
        gate.asked().len()
    );
    let here = closed(&churnctl);
    let mut there = server.names("logs/killed");
    there.sort();
    assert_eq!(there, here.keys().cloned().collect::<Vec<_>>());
    for (name, bytes) in &here {
        let stored = server.get(&format!("logs/killed/{name}")).expect("stored");
        assert!(stored == *bytes, "{name}");
    }
    let kept: usize = here.values().map(|bytes| rows_of(bytes).len()).sum();
    assert_eq!(kept, rows);
    let asked = gate.asked();
    let mut conditions = asked.iter().filter(|asked| is_put(asked));
    assert!(conditions.all(|asked| asked.header("if-none-match") == Some("*")));
    // What was confirmed is not sent again.
    let before = puts();
    start(&churnctl, "killed").end();
    assert_eq!(puts(), before);
    let drift = |current: &str| {
        let args = [
            "drift",
            "--baseline",
            PRODUCTION,
            "--current",
            current,
            "--format",
            "json",
        ];
        let args = [&args[..], &["--fail-on", "never"]].concat();
        churnctl.run(&args).expect(ExitCode::Ok).json()
    };
    let (own, uploaded) = (drift("log"), drift("s3://logs/killed/"));
    assert_eq!(uploaded["rows"]["current"], json!(rows));
    for same in ["rows", "features", "status", "findings", "score"] {
        assert_eq!(uploaded[same], own[same], "{same}");
    }
}

#[test]
fn a_store_that_is_away_or_has_something_else_loses_no_file() {
    let Some(server) = ObjectServer::shared() else {
        return;
    };
    let closed_gate = server.gate(|_| Act::Answer("403 Forbidden"));
    let churnctl = closed_gate
        .before(scoring())
        .env("CHURNCTL_SERVE_LOG_ROTATE_BYTES", "1")
        .env("CHURNCTL_SERVE_LOG_RETENTION", "1h")
        .env("CHURNCTL_SERVE_DRAIN_TIMEOUT", "1s");
    let mut running = start(&churnctl, "away");
    for user in ["a", "b", "c"] {
        // Counted before: the file may be closed before the answer is read.
        let files = closed(&churnctl).len() + 1;
        running.post("/predict", &customer(user, 1.0)).expect(200);
        eventually("a file", || {
            (closed(&churnctl).len() >= files).then_some(())
        });
    }
    running.says("predictions cannot be uploaded: the object store does not allow this");
    let metrics = running.metrics();
    assert!(metrics["churn_prediction_log_uploads_total{result=\"failed\"}"] >= 1.0);
    running.wait_for("three files that wait", |metrics| {
        metrics["churn_prediction_log_upload_waiting_files"] == 3.0
    });
    // The end does not wait for ever.
    let (code, said) = running.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("are not uploaded yet"), "{said}");
    let files: Vec<(String, Vec<u8>)> = closed(&churnctl).into_iter().collect();
    let [(first, bytes), (second, _), (third, _)] = &files[..] else {
        panic!("{files:?}");
    };
    server.put(&format!("logs/away/{first}"), bytes);
    server.put(&format!("logs/away/{second}"), "something else");
    // All are older than files are kept.
    for (name, _) in &files {
        let file = File::options()
            .write(true)
            .open(churnctl.path(format!("log/{name}")));
        let then = SystemTime::now() - Duration::from_secs(7200);
        file.and_then(|file| file.set_modified(then)).expect("set");
    }
    let gate = server.gate(|_| Act::Pass);
    let churnctl = churnctl.env("AWS_ENDPOINT_URL", &gate.url());
    let mut running = start(&churnctl, "away");
    running.says(&format!(
        "s3://logs/away/{second} is there with other content"
    ));
    let total = |result: &str| format!("churn_prediction_log_uploads_total{{result=\"{result}\"}}");
    running.wait_for("all attempts", |metrics| {
        [
            ("was_there", 1.0),
            ("conflict", 1.0),
            ("stored", 1.0),
            ("failed", 0.0),
        ]
        .iter()
        .all(|(result, count)| metrics[&total(result)] == *count)
    });
    running.end();
    assert_eq!(
        server.get(&format!("logs/away/{second}")).expect("there"),
        b"something else"
    );
    assert!(server.get(&format!("logs/away/{third}")).is_some());
    // Old files go with the next start, but not the one that the store does not have.
    start(&churnctl, "away").end();
    let left: Vec<String> = closed(&churnctl).into_keys().collect();
    assert_eq!(left, std::slice::from_ref(second));
    let notes = std::fs::read_dir(churnctl.path("log"))
        .expect("a folder")
        .count();
    assert_eq!(notes, 1, "notes go with their files");
}

#[test]
fn an_address_that_is_no_folder_is_refused_at_the_start() {
    let churnctl = scoring();
    let fixed = ["serve", "--listen", "127.0.0.1:0", "--model", PRODUCTION];
    let run = |args: &[&str]| churnctl.run(&[&fixed[..], args].concat());
    run(&["--log-upload", "s3://logs/x/"])
        .expect(ExitCode::BadSettings)
        .says("serve.log_upload needs serve.log_dir");
    for address in ["s3://logs/x", "log/", "s3:///x/"] {
        run(&["--log-dir", "log", "--log-upload", address]).expect(ExitCode::Usage);
    }
}
