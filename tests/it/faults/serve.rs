//! `churnctl serve` while the system refuses it something: what passes leaves no trace.

use std::fs;
use std::time::Duration;

use churnctl::exit::ExitCode;

use super::{Fault, traced};
use crate::harness::{Churnctl, full};
use crate::models::{PRODUCTION, scoring};
use crate::serve::running::{Running, customer};

fn injecting(churnctl: &mut Churnctl, fault: Fault<'_>) -> bool {
    let words = traced(fault.call, Some(fault), "/dev/null");
    churnctl.trace(words.clone().unwrap_or_default());
    words.is_some()
}

/// Issue: one EIO or EMFILE while the model was read left the server at 503 until SIGHUP.
#[test]
fn a_fault_that_passes_while_the_model_is_read_is_got_over() {
    let faults = [("openat", "EMFILE"), ("openat", "EINTR"), ("read", "EIO")];
    for (call, error) in faults.into_iter().chain([("openat", "ESTALE")]) {
        let mut churnctl = scoring();
        let fault = Fault {
            call,
            error,
            when: "1..2",
            path: Some(PRODUCTION),
        };
        if !injecting(&mut churnctl, fault) {
            return;
        }
        let mut running = Running::start(&churnctl, &["--poll", "none"]);
        running.wait_for(error, |metrics| {
            metrics.get("churn_model_reloads_total{result=\"loaded\"}") == Some(&1.0)
        });
        // std opens anew by itself after EINTR.
        if error != "EINTR" {
            running.says("tried again in");
        }
        running.post("/predict", &customer("u", 1.0)).expect(200);
    }
}

/// What somebody must change first is not asked for again and again; a right that is given is seen.
#[test]
fn a_fault_that_stays_is_not_tried_again_until_something_changes() {
    let mut churnctl = scoring();
    let fault = Fault {
        call: "openat",
        error: "EACCES",
        when: "1",
        path: Some(PRODUCTION),
    };
    if !injecting(&mut churnctl, fault) {
        return;
    }
    let mut running = Running::start(&churnctl, &["--poll", "50ms"]);
    let said = running.says("the model is refused");
    assert!(!said.contains("tried again"), "{said}");
    std::thread::sleep(Duration::from_millis(1_500));
    running.post("/predict", &customer("u", 1.0)).expect(503);
    let path = churnctl.path(PRODUCTION);
    let rights = fs::metadata(&path).expect("look").permissions();
    running.wait_for("the model", |metrics| {
        // Only its ctime changes by that. strace counts by thread, so that the one that looks is refused once, too.
        fs::set_permissions(&path, rights.clone()).expect("set");
        metrics.contains_key("churn_model_reloads_total{result=\"loaded\"}")
            && metrics["churn_model_reloads_total{result=\"loaded\"}"] > 0.0
    });
}

fn names(churnctl: &Churnctl, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(churnctl.path(folder)).expect("list");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Issue: 2,311 empty `*.csv.open` on a full disk, one for each row that could not be written.
#[test]
fn a_full_disk_leaves_no_file_without_rows() {
    for format in ["csv", "ndjson"] {
        let churnctl = scoring();
        let args = ["--log-dir", "log", "--log-files", format];
        let mut running = Running::start(&churnctl, &args);
        let ask = |name: &str| running.post("/predict", &customer(name, 1.0)).expect(200);
        ask("kept");
        let written = "churn_prediction_log_rows_total{result=\"written\"}";
        running.wait_for("a row", |metrics| metrics[written] == 1.0);
        let before = running.descriptors();
        let Some(full_disk) = running.inject("prediction-log", "write:error=ENOSPC") else {
            return;
        };
        let rows = if full() { 2_000 } else { 50 };
        for _ in 0..rows {
            ask("lost");
        }
        let failed = "churn_prediction_log_rows_total{result=\"failed\"}";
        running.wait_for("all", |metrics| metrics[failed] == f64::from(rows));
        // The first, with its one row, was handed over; those that could not be begun are gone.
        let left = names(&churnctl, "log");
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(left[0].ends_with(format), "{left:?}");
        drop(full_disk);
        let now = running.descriptors();
        assert!(now <= before + 4, "{before} descriptors, then {now}");
        ask("kept");
        running.wait_for("a row", |metrics| metrics[written] == 2.0);
        running.says("predictions cannot be kept");
        running.says("predictions are kept again");
        running.end();
        let left = names(&churnctl, "log");
        assert!(left.iter().all(|name| name.ends_with(format)), "{left:?}");
        let text: String = left
            .iter()
            .map(|name| String::from_utf8(churnctl.read(&format!("log/{name}"))).expect("UTF-8"))
            .collect();
        assert_eq!(text.matches("kept").count(), 2, "as many as were counted");
        assert_eq!(text.matches("lost").count(), 0, "as many as were counted");
    }
}

/// Counts what is open after many looks at a model that is refused.
#[test]
fn failing_reloads_leave_nothing_open() {
    let churnctl = scoring();
    let running = Running::start(
        &churnctl,
        &["--poll", "none", "--admin-listen", "127.0.0.1:0"],
    );
    let admin = running.admin.expect("a listener");
    let reload = || {
        let mut connection = crate::serve::running::Connection::to(admin);
        connection.send("POST", "/admin/reload", &[], b"").status
    };
    fs::write(churnctl.path(PRODUCTION), "{\"command\":\"train\"").expect("write");
    assert_eq!(reload(), 422);
    let before = running.descriptors();
    for _ in 0..if full() { 1_000 } else { 100 } {
        assert_eq!(reload(), 422);
    }
    assert!(
        running.descriptors() <= before + 4,
        "{before}, then {}",
        running.descriptors()
    );
}

/// Issue: where `ulimit -u` leaves no thread, that was "a bug" with code 70.
#[test]
fn a_thread_that_cannot_be_had_is_74_or_fewer_threads() {
    let mut churnctl = scoring();
    // As the kernel says it at the limit of processes; glibc's own way to make a thread is clone3.
    let fault = Fault {
        call: "clone3",
        error: "EAGAIN",
        when: "1+",
        path: None,
    };
    if !injecting(&mut churnctl, fault) {
        return;
    }
    let serve = ["serve", "--listen", "127.0.0.1:0", "--model", PRODUCTION];
    churnctl.run(&serve).expect(ExitCode::Io);
    // The last has a thread pool of a library's own.
    for args in [
        &["profile", "current.csv", "-o", "p.json", "--threads", "4"][..],
        &["train", "current.csv", "--label", "churn", "--threads", "4"],
        &[
            "train",
            "current.csv",
            "--label",
            "churn",
            "--model",
            "trees",
        ],
    ] {
        let run = churnctl.run(args);
        assert!(matches!(run.code, Some(0 | 74)), "{args:?}: {run:#?}");
    }
    let profile = ["profile", "current.csv", "-o", "p.json", "--threads", "4"];
    churnctl.run(&profile).expect(ExitCode::Ok);
}
