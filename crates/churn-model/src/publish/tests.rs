//! Promotions, rollbacks, crashes and damage, on a model_store in a temporary folder.
#![cfg(test)]

use churn_base::files::write_atomically;

use super::*;
use crate::store::tests::sample;

fn model_store() -> (tempfile::TempDir, ModelStore) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model_store = ModelStore::new(
        folder.path().join("artifacts"),
        "2026-01-31T00:00:00Z",
        "0.1.0",
    );
    (folder, model_store)
}

fn yes() -> Decision {
    Decision {
        promote: true,
        reasons: vec!["better".into()],
        comparisons: Vec::new(),
        warnings: Vec::new(),
        change: None,
    }
}

fn promote(model_store: &ModelStore, artifact: &Artifact) -> Decision {
    model_store.keep(artifact, None).expect("is kept");
    let (champion, _) = model_store.champion().expect("can be told");
    let decision = champion.allowing(yes(), false);
    model_store
        .apply_decision(artifact, &decision, &champion)
        .expect("is carried out");
    decision
}

fn in_production(model_store: &ModelStore) -> Artifact {
    store::load(&model_store.production()).expect("is whole")
}

fn events(model_store: &ModelStore) -> Vec<Event> {
    let records = registry::read(&model_store.registry()).expect("is read");
    records.iter().map(|record| record.event).collect()
}

#[test]
fn promotes_and_rolls_back() {
    let (_folder, model_store) = model_store();
    assert_eq!(
        model_store.champion().expect("nothing yet").0,
        Champion::None
    );
    let (a, b) = (sample(0.1), sample(0.2));
    promote(&model_store, &a);
    promote(&model_store, &b);
    assert_eq!(in_production(&model_store), b);
    assert_eq!(model_store.rollback().expect("there is one before"), a);
    assert_eq!(in_production(&model_store), a);
    assert!(model_store.rollback().is_err());
    assert_eq!(in_production(&model_store), a);
    use Event::{Promotion, Rollback, Train};
    assert_eq!(
        events(&model_store),
        [Train, Promotion, Train, Promotion, Rollback]
    );
}

#[test]
fn a_refusal_leaves_production_alone() {
    let (_folder, model_store) = model_store();
    promote(&model_store, &sample(0.1));
    let before = std::fs::read(model_store.production()).expect("reads");
    let (champion, _) = model_store.champion().expect("is whole");
    let no = Decision {
        promote: false,
        ..yes()
    };
    model_store
        .apply_decision(&sample(0.2), &no, &champion)
        .expect("is noted");
    assert_eq!(
        std::fs::read(model_store.production()).expect("reads"),
        before
    );
    assert_eq!(events(&model_store).last(), Some(&Event::Refusal));
}

#[test]
fn a_crash_between_any_two_steps_is_set_right() {
    let (_folder, model_store) = model_store();
    let (a, b) = (sample(0.1), sample(0.2));
    promote(&model_store, &a);
    // After the first step: a file more, without a line.
    let path = model_store.model(&b.name, &b.version).expect("a path");
    write_atomically(&path, &store::to_json(&b)).expect("writes");
    let (champion, warnings) = model_store.champion().expect("is whole");
    assert_eq!(
        (champion, warnings),
        (Champion::Sound(Box::new(a.clone())), vec![])
    );
    // After the second one: in production, without a line.
    write_atomically(&model_store.production(), &store::to_json(&b)).expect("writes");
    let (champion, warnings) = model_store.champion().expect("is whole");
    assert_eq!(champion, Champion::Sound(Box::new(b)));
    assert_eq!(
        (warnings.len(), events(&model_store).last()),
        (1, Some(&Event::Reconciliation))
    );
    assert!(model_store.champion().expect("is whole").1.is_empty());
    assert_eq!(model_store.rollback().expect("goes back"), a);
}

#[test]
fn a_damaged_champion_is_put_aside_and_restored() {
    let (_folder, model_store) = model_store();
    let a = sample(0.1);
    promote(&model_store, &a);
    std::fs::write(model_store.production(), b"{\"half").expect("writes");
    let (champion, warnings) = model_store.champion().expect("is set right");
    assert_eq!(champion, Champion::Sound(Box::new(a.clone())));
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert_eq!(in_production(&model_store), a);
    // sha256sum of the seven bytes.
    let sha = store::bytes_sha256(b"{\"half");
    let aside = format!("production_latest.json.corrupt-{}", &sha[..8]);
    let aside = model_store.production().with_file_name(aside);
    assert_eq!(std::fs::read(aside).expect("is kept"), b"{\"half");
}

#[test]
fn a_lost_champion_is_replaced_on_demand_only() {
    let (_folder, model_store) = model_store();
    let (a, b) = (sample(0.1), sample(0.2));
    promote(&model_store, &a);
    std::fs::write(model_store.production(), b"").expect("writes");
    std::fs::remove_file(model_store.model(&a.name, &a.version).expect("a path")).expect("deletes");
    for _ in 0..2 {
        // The second time there is no file at all, and still it is known to be lost.
        let decision = promote(&model_store, &b);
        assert!(!decision.promote);
        assert!(!model_store.production().exists());
    }
    let (champion, _) = model_store.champion().expect("can be told");
    assert!(matches!(champion, Champion::Lost(_)));
    let decision = champion.allowing(yes(), true);
    model_store
        .apply_decision(&b, &decision, &champion)
        .expect("is carried out");
    assert_eq!(in_production(&model_store), b);
}

#[test]
fn a_newer_champion_stays_where_it_is() {
    let (_folder, model_store) = model_store();
    promote(&model_store, &sample(0.1));
    let newer = String::from_utf8(store::to_json(&sample(0.1))).expect("is text");
    let newer = newer.replacen("\"schema_version\": 3", "\"schema_version\": 6", 1);
    std::fs::write(model_store.production(), &newer).expect("writes");
    let error = model_store.champion().expect_err("cannot be read");
    assert_eq!(error.code(), ExitCode::BadInput);
    assert_eq!(
        std::fs::read_to_string(model_store.production()).expect("reads"),
        newer
    );
}

#[test]
fn a_champion_that_changed_meanwhile_refuses_the_promotion() {
    let (_folder, model_store) = model_store();
    promote(&model_store, &sample(0.1));
    let (champion, _) = model_store.champion().expect("is whole");
    promote(&model_store, &sample(0.2));
    let error = model_store.apply_decision(&sample(0.3), &yes(), &champion);
    assert_eq!(error.expect_err("is refused").code(), ExitCode::Refused);
    assert_eq!(in_production(&model_store), sample(0.2));
}

#[test]
fn no_name_or_version_leads_out_of_the_folder() {
    let (_folder, model_store) = model_store();
    assert!(model_store.model("../../etc/x", "ab").is_err());
    assert!(model_store.model("churn", "../ab").is_err());
}
