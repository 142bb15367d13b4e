//! Only a model that is signed is loaded, if that is required.

use churnctl::exit::ExitCode;
use serde_json::Value;

use super::running::{Connection, Running, customer};
use crate::harness::Churnctl;
use crate::models::{PRODUCTION, customers, scoring, train};

/// What is wrong, the model, its signature, and what is said.
type Case<'a> = (&'a str, &'a [u8], Option<Vec<u8>>, &'a str);

const SIGNATURE: &str = "artifacts/models/production_latest.json.sig";

fn sign(churnctl: &Churnctl, key: &str) {
    let args = ["sign", PRODUCTION, "--key", key, "-q"];
    churnctl.run(&args).expect(ExitCode::Ok);
}

/// [`scoring`], signed by `k`; `other` is a key that nobody trusts.
fn signed() -> Churnctl {
    let churnctl = scoring();
    for key in ["k", "other"] {
        churnctl
            .run(&["sign", "--new-key", key])
            .expect(ExitCode::Ok);
    }
    sign(&churnctl, "k");
    churnctl
}

fn start(churnctl: &Churnctl) -> Running {
    let fixed = ["--admin-listen", "127.0.0.1:0", "--poll", "none"];
    Running::start(
        churnctl,
        &[&fixed[..], &["--require-signature", "k.pub"]].concat(),
    )
}

fn reload(running: &Running) -> super::running::Response {
    let admin = running.admin.expect("a listener");
    Connection::to(admin).send("POST", "/admin/reload", &[], b"")
}

fn put(churnctl: &Churnctl, name: &str, bytes: &[u8]) {
    churnctl::files::write_atomically(&churnctl.path(name), bytes).expect("written");
}

#[test]
fn a_model_with_any_fault_in_its_signature_is_refused_and_the_old_one_stays() {
    let churnctl = signed();
    let (model, signature) = (churnctl.read(PRODUCTION), churnctl.read(SIGNATURE));
    let running = start(&churnctl);
    running.get("/ready").expect(200);
    reload(&running).expect(200);
    // The signature of another file, and of another key; both whole.
    let profile = ["profile", "current.csv", "-o", "p.json", "-q"];
    churnctl.run(&profile).expect(ExitCode::Ok);
    churnctl
        .run(&["sign", "p.json", "--key", "k"])
        .expect(ExitCode::Ok);
    let swapped = churnctl.read("p.json.sig");
    std::fs::remove_file(churnctl.path(SIGNATURE)).expect("removed");
    sign(&churnctl, "other");
    let foreign = churnctl.read(SIGNATURE);
    let text = String::from_utf8(signature.clone()).expect("UTF-8");
    let mut tampered = model.clone();
    // White space: the model is as sound as before, and not what was signed.
    tampered.push(b'\n');
    let edit = |from: &str, to: &str| {
        let edited = text.replacen(from, to, 1);
        assert_ne!(edited, text);
        Some(edited.into_bytes())
    };
    let cases: Vec<Case<'_>> = vec![
        (
            "a changed model",
            &tampered,
            Some(signature.clone()),
            "is for other bytes",
        ),
        ("no signature", &model, None, "is not signed"),
        (
            "the signature of another file",
            &model,
            Some(swapped),
            "is for other bytes",
        ),
        (
            "another key",
            &model,
            Some(foreign),
            "no key that is trusted",
        ),
        (
            "cut",
            &model,
            Some(signature[..signature.len() / 2].to_vec()),
            "not a whole signature",
        ),
        ("empty", &model, Some(Vec::new()), "there is no signature"),
        (
            "another type",
            &model,
            edit("application/vnd.in-toto+json", "application/json"),
            "of the type",
        ),
        (
            "a member twice",
            &model,
            edit("{\"payload\":", "{\"payload\":\"\",\"payload\":"),
            "not a whole signature",
        ),
        (
            "no signer",
            &model,
            edit("\"sig\":\"", "\"sig\":\"AAAA"),
            "no key that is trusted",
        ),
    ];
    let count = cases.len();
    for (what, model, signature, why) in cases {
        put(&churnctl, PRODUCTION, model);
        match signature {
            Some(bytes) => put(&churnctl, SIGNATURE, &bytes),
            None => std::fs::remove_file(churnctl.path(SIGNATURE)).expect("removed"),
        }
        let response = reload(&running);
        assert_eq!(response.status, 422, "{what}: {}", response.text());
        assert!(response.text().contains(why), "{what}: {}", response.text());
        running.post("/predict", &customer("u", 1.0)).expect(200);
        // And a server that has no old one is alive and not ready.
        let mut fresh = start(&churnctl);
        fresh.get("/live").expect(200);
        fresh.get("/ready").expect(503);
        fresh.says(why);
        fresh.says("there is no model");
    }
    let admin = running.admin.expect("a listener");
    let text = Connection::to(admin)
        .send("GET", "/metrics", &[], b"")
        .text();
    let refused = super::running::samples(&text)["churn_model_reloads_total{result=\"refused\"}"];
    assert_eq!(refused, count as f64);
    // All is well again.
    put(&churnctl, SIGNATURE, &signature);
    put(&churnctl, PRODUCTION, &model);
    reload(&running).expect(200);
}

#[test]
fn a_signature_that_comes_after_its_model_is_found_by_polling_and_so_is_a_new_key() {
    let churnctl = signed();
    std::fs::remove_file(churnctl.path(SIGNATURE)).expect("removed");
    let args = [
        "--poll",
        "20ms",
        "--require-signature",
        "k.pub",
        "--require-signature",
        "other.pub",
    ];
    let mut running = Running::start(&churnctl, &args);
    running.says("is not signed");
    running.get("/ready").expect(503);
    sign(&churnctl, "other");
    running.says("predicts");
    running.get("/ready").expect(200);
}

#[test]
fn promotions_of_signed_models_are_never_seen_without_their_signature() {
    let churnctl = Churnctl::new().table("data.csv", &customers(600, 7));
    churnctl
        .run(&["sign", "--new-key", "k"])
        .expect(ExitCode::Ok);
    let sign = [
        "--model",
        "logistic",
        "--promote",
        "always",
        "--sign-key",
        "k",
    ];
    train(&churnctl, &sign).expect(ExitCode::Ok);
    let running = Running::start(
        &churnctl,
        &["--poll", "1ms", "--require-signature", "k.pub"],
    );
    for seed in 1..4 {
        let seed = seed.to_string();
        train(&churnctl, &[&sign[..], &["--seed", &seed]].concat()).expect(ExitCode::Ok);
        let model: Value = churnctl.read_json(PRODUCTION);
        let name = format!(
            "churn_model_info{{model=\"churn\",sha256={},version={}}}",
            model["sha256"], model["version"]
        );
        running.wait_for("the new model", |metrics| metrics.contains_key(&name));
    }
    assert_eq!(
        running.metrics()["churn_model_reloads_total{result=\"refused\"}"],
        0.0
    );
}

#[test]
fn a_server_does_not_start_without_the_keys_that_it_is_to_trust() {
    let churnctl = signed().file("empty.pub", "");
    let serve = |key: &str| {
        let args = ["serve", "--listen", "127.0.0.1:0", "--model", PRODUCTION];
        churnctl.run(&[&args[..], &["--require-signature", key]].concat())
    };
    serve("absent.pub").expect(ExitCode::Io);
    serve("empty.pub")
        .expect(ExitCode::BadInput)
        .says("no public key");
    serve("k").expect(ExitCode::BadInput).says("private key");
}
