//! `serve` with a model of MLflow: the alias moves, and so does the model at work, under load and
//! without a failed request.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::Churnctl;
use crate::mlflow_stub::{MlflowStub, Trouble};
use crate::servers::eventually;
use crate::serving::{Serving, send};

pub(crate) const TRAIN: [&str; 9] = [
    "train",
    "data.csv",
    "--label",
    "churn",
    "--positive",
    "Yes",
    "--model",
    "logistic",
    "-q",
];

pub(crate) fn data() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    std::fs::read(folder.join("telco_baseline.csv")).expect("read the example")
}

/// Serves the champion, has it scored by two clients at once, and calls `moved` to put another
/// one in its place. Every answer must be a 200, of the old version until it is of the new one.
pub(crate) fn the_alias_moves_under_load(churnctl: &Churnctl, moved: impl FnOnce()) {
    let serving = Serving::start(
        churnctl,
        &["--model", "models:/churn@champion", "--poll", "1s"],
    );
    let document = serving.json("GET", "/openapi.json", &Value::Null);
    let first = document["info"]["version"]
        .as_str()
        .expect("a version")
        .to_owned();
    assert_ne!(first, "none", "there is a model");
    let content = &document["paths"]["/predict"]["post"]["requestBody"]["content"];
    let body = content["application/json"]["example"].to_string();
    let (ended, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let address = serving.address();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut versions: Vec<String> = Vec::new();
                while !ended.load(Ordering::SeqCst) {
                    let (status, answer) = send(
                        address,
                        "POST",
                        "/predict",
                        "application/json",
                        body.as_bytes(),
                    );
                    assert_eq!(status, 200, "{answer}");
                    let answer: Value = serde_json::from_str(&answer).expect("JSON");
                    let version = answer["model_version"].as_str().expect("a version");
                    if versions.last().is_none_or(|last| last != version) {
                        versions.push(version.to_owned());
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                assert!(versions.len() <= 2, "never back again: {versions:?}");
            });
        }
        eventually("some answers", || {
            (answered.load(Ordering::SeqCst) > 20).then_some(())
        });
        moved();
        // Whatever happens, the clients must end, or the scope never does.
        let begin = std::time::Instant::now();
        let mut second = first.clone();
        while second == first && begin.elapsed().as_secs() < 30 {
            std::thread::sleep(std::time::Duration::from_millis(100));
            let (_, ready) = send(address, "GET", "/ready", "", b"");
            let ready: Value = serde_json::from_str(&ready).unwrap_or_default();
            second = ready["model_version"].as_str().unwrap_or(&first).to_owned();
        }
        ended.store(true, Ordering::SeqCst);
        assert_ne!(second, first, "the new model within 30 s");
    });
    assert!(answered.load(Ordering::SeqCst) > 20);
}

#[test]
fn the_model_follows_the_alias_and_outlives_the_server() {
    let stub = MlflowStub::start(Trouble::None);
    let churnctl = Churnctl::new()
        .file("data.csv", data())
        .env("MLFLOW_TRACKING_URI", &stub.url())
        .env("CHURNCTL_MLFLOW_DEADLINE", "2s");
    churnctl.run(&TRAIN).expect(ExitCode::Ok);
    the_alias_moves_under_load(&churnctl, || {
        let second = ["--promote", "always", "--seed", "7"];
        churnctl
            .run(&[&TRAIN[..], &second].concat())
            .expect(ExitCode::Ok);
    });

    // A damaged file and a server that is away leave the model at work.
    let serving = Serving::start(
        &churnctl,
        &["--model", "models:/churn@champion", "--poll", "1s"],
    );
    let ready = || serving.json("GET", "/ready", &Value::Null)["model_version"].clone();
    let at_work = ready();
    stub.trouble(Trouble::SpoilsFiles);
    stub.state()
        .models
        .get_mut("churn")
        .expect("a model")
        .aliases
        .insert("champion".into(), "1".into());
    eventually("a look", || (stub.state().requests > 2).then_some(()));
    assert_eq!(ready(), at_work);
    stub.trouble(Trouble::AwayFrom(0));
    eventually("a look", || (stub.state().requests > 0).then_some(()));
    assert_eq!(ready(), at_work);
}
