//! The model changes while it is at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use churnctl::exit::ExitCode;
use nix::sys::signal::Signal;
use serde_json::Value;

use super::running::{Connection, Running, customer};
use crate::harness::Churnctl;
use crate::models::{PRODUCTION, customers, scoring, train};

/// Another model of the same customers.
fn other_model() -> Vec<u8> {
    let churnctl = Churnctl::new().table("data.csv", &customers(1_200, 7));
    train(&churnctl, &["--model", "trees", "--promote", "always"]).expect(ExitCode::Ok);
    churnctl.read(PRODUCTION)
}

fn version(model: &[u8]) -> String {
    let model: Value = serde_json::from_slice(model).expect("a model");
    model["version"].as_str().expect("a version").to_owned()
}

fn replace(churnctl: &Churnctl, model: &[u8]) {
    churnctl::files::write_atomically(&churnctl.path(PRODUCTION), model).expect("written");
}

fn reload(running: &Running) -> super::running::Response {
    let admin = running.admin.expect("a listener");
    Connection::to(admin).send("POST", "/admin/reload", &[], b"")
}

#[test]
fn whatever_a_broken_file_holds_the_old_model_stays_and_no_prediction_fails() {
    let churnctl = scoring();
    let good = churnctl.read(PRODUCTION);
    let args = ["--admin-listen", "127.0.0.1:0", "--poll", "none"];
    let running = Running::start(&churnctl, &args);
    let (address, done) = (running.address, Arc::<AtomicBool>::default());
    let answered = Arc::<AtomicUsize>::default();
    let (until, count, expected) = (Arc::clone(&done), Arc::clone(&answered), version(&good));
    let load = std::thread::spawn(move || {
        let mut connection = Connection::to(address);
        let body = customer("u", 1.0).to_string();
        while !until.load(Ordering::Relaxed) {
            let response = connection
                .send("POST", "/predict", &[], body.as_bytes())
                .expect(200);
            assert_eq!(response.json()["model_version"], expected);
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let mut broken: Vec<(String, Vec<u8>)> = Vec::new();
    let step = (good.len() / 40).max(1);
    for length in (0..good.len()).step_by(step) {
        broken.push((format!("cut to {length}"), good[..length].to_vec()));
    }
    for at in (0..good.len()).step_by(step) {
        let mut flipped = good.clone();
        flipped[at] ^= 4;
        broken.push((format!("bit of {at} flipped"), flipped));
    }
    let text = String::from_utf8(good.clone()).expect("UTF-8");
    for (what, from, to) in [
        (
            "a newer layout",
            "\"schema_version\": ",
            "\"schema_version\": 9",
        ),
        (
            "another command",
            "\"command\": \"train\"",
            "\"command\": \"drift\"",
        ),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{what}");
        broken.push((what.to_owned(), changed.into_bytes()));
    }
    let count = broken.len();
    for (what, bytes) in broken {
        // White space outside of the body is not part of the model.
        if bytes.trim_ascii() == good.trim_ascii() {
            continue;
        }
        replace(&churnctl, &bytes);
        let response = reload(&running);
        if response.status == 200 {
            // A flipped bit may leave white space or a digit of an escape as good as before.
            let same: Value = serde_json::from_slice(&bytes).expect(&what);
            let whole: Value = serde_json::from_slice(&good).expect("good");
            assert_eq!(same, whole, "{what}");
            continue;
        }
        assert_eq!(response.status, 422, "{what}: {}", response.text());
        assert_eq!(response.json()["code"], "model_refused", "{what}");
    }
    std::fs::remove_file(churnctl.path(PRODUCTION)).expect("removed");
    reload(&running).expect(422);
    std::fs::create_dir(churnctl.path(PRODUCTION)).expect("a folder in its place");
    reload(&running).expect(422);
    done.store(true, Ordering::Relaxed);
    load.join().expect("no prediction failed");
    assert!(answered.load(Ordering::Relaxed) > 10);
    let admin = running.admin.expect("a listener");
    let text = Connection::to(admin)
        .send("GET", "/metrics", &[], b"")
        .text();
    let refused = super::running::samples(&text)["churn_model_reloads_total{result=\"refused\"}"];
    assert!(refused > count as f64 * 0.9, "{refused} of {count}");
}

#[test]
fn a_new_model_is_found_by_polling() {
    let churnctl = scoring();
    let (old, new) = (churnctl.read(PRODUCTION), other_model());
    let running = Running::start(&churnctl, &["--poll", "20ms"]);
    let ask = || {
        running
            .post("/predict", &customer("u", 1.0))
            .expect(200)
            .json()
    };
    let before = ask();
    assert_eq!(before["model_version"], version(&old));
    replace(&churnctl, &new);
    let name = |model: &[u8]| {
        let model: Value = serde_json::from_slice(model).expect("a model");
        let (version, sha256) = (&model["version"], &model["sha256"]);
        format!("churn_model_info{{model=\"churn\",sha256={sha256},version={version}}}")
    };
    running.wait_for("the new model", |metrics| metrics.contains_key(&name(&new)));
    let metrics = running.metrics();
    assert!(!metrics.contains_key(&name(&old)));
    assert_eq!(metrics["churn_model_reloads_total{result=\"loaded\"}"], 2.0);
    assert!(metrics["churn_model_loaded_timestamp_seconds"] > 1.6e9);
    let after = ask();
    assert_eq!(after["model_version"], version(&new));
    assert_ne!(after["churn_risk"], before["churn_risk"]);
    // And the document tells of the new one.
    assert_eq!(
        running.get("/openapi.json").json()["info"]["version"],
        version(&new)
    );
}

#[test]
fn a_new_model_is_found_on_sighup() {
    let churnctl = scoring();
    let new = other_model();
    let mut running = Running::start(&churnctl, &["--poll", "none"]);
    replace(&churnctl, &new);
    running.signal(Signal::SIGHUP);
    running.says(&format!("model churn {} predicts", version(&new)));
}

#[test]
fn a_model_that_comes_late_makes_it_ready() {
    let model = scoring().read(PRODUCTION);
    let churnctl = Churnctl::new().file("artifacts/models/.keep", "");
    let mut running = Running::start(&churnctl, &["--poll", "20ms"]);
    running.get("/ready").expect(503);
    running.says("there is no model");
    replace(&churnctl, &model);
    running.says("predicts");
    running.get("/ready").expect(200);
    running.post("/predict", &customer("u", 1.0)).expect(200);
}
