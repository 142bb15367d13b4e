//! Promotions, rollbacks, crashes and damage, on a shelf in a temporary folder.
#![cfg(test)]

use churn_base::files::write_atomically;

use super::*;
use crate::store::tests::sample;

fn shelf() -> (tempfile::TempDir, ModelStore) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shelf = ModelStore::new(
        folder.path().join("artifacts"),
        "2026-01-31T00:00:00Z",
        "0.1.0",
    );
    (folder, shelf)
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

fn promote(shelf: &ModelStore, artifact: &Artifact) -> Decision {
    shelf.keep(artifact, None).expect("is kept");
    let (champion, _) = shelf.champion().expect("can be told");
    let decision = champion.allowing(yes(), false);
    shelf
        .apply_decision(artifact, &decision, &champion)
        .expect("is carried out");
    decision
}

fn in_production(shelf: &ModelStore) -> Artifact {
    store::load(&shelf.production()).expect("is whole")
}

fn events(shelf: &ModelStore) -> Vec<Event> {
    let records = registry::read(&shelf.registry()).expect("is read");
    records.iter().map(|record| record.event).collect()
}

#[test]
fn promotes_and_rolls_back() {
    let (_folder, shelf) = shelf();
    assert_eq!(shelf.champion().expect("nothing yet").0, Champion::None);
    let (a, b) = (sample(0.1), sample(0.2));
    promote(&shelf, &a);
    promote(&shelf, &b);
    assert_eq!(in_production(&shelf), b);
    assert_eq!(shelf.rollback().expect("there is one before"), a);
    assert_eq!(in_production(&shelf), a);
    assert!(shelf.rollback().is_err());
    assert_eq!(in_production(&shelf), a);
    use Event::{Promotion, Rollback, Train};
    assert_eq!(
        events(&shelf),
        [Train, Promotion, Train, Promotion, Rollback]
    );
}

#[test]
fn a_refusal_leaves_production_alone() {
    let (_folder, shelf) = shelf();
    promote(&shelf, &sample(0.1));
    let before = std::fs::read(shelf.production()).expect("reads");
    let (champion, _) = shelf.champion().expect("is whole");
    let no = Decision {
        promote: false,
        ..yes()
    };
    shelf
        .apply_decision(&sample(0.2), &no, &champion)
        .expect("is noted");
    assert_eq!(std::fs::read(shelf.production()).expect("reads"), before);
    assert_eq!(events(&shelf).last(), Some(&Event::Refusal));
}

#[test]
fn a_crash_between_any_two_steps_is_set_right() {
    let (_folder, shelf) = shelf();
    let (a, b) = (sample(0.1), sample(0.2));
    promote(&shelf, &a);
    // After the first step: a file more, without a line.
    let path = shelf.model(&b.name, &b.version).expect("a path");
    write_atomically(&path, &store::to_json(&b)).expect("writes");
    let (champion, warnings) = shelf.champion().expect("is whole");
    assert_eq!(
        (champion, warnings),
        (Champion::Sound(Box::new(a.clone())), vec![])
    );
    // After the second one: in production, without a line.
    write_atomically(&shelf.production(), &store::to_json(&b)).expect("writes");
    let (champion, warnings) = shelf.champion().expect("is whole");
    assert_eq!(champion, Champion::Sound(Box::new(b)));
    assert_eq!(
        (warnings.len(), events(&shelf).last()),
        (1, Some(&Event::Reconciliation))
    );
    assert!(shelf.champion().expect("is whole").1.is_empty());
    assert_eq!(shelf.rollback().expect("goes back"), a);
}

#[test]
fn a_damaged_champion_is_put_aside_and_restored() {
    let (_folder, shelf) = shelf();
    let a = sample(0.1);
    promote(&shelf, &a);
    std::fs::write(shelf.production(), b"{\"half").expect("writes");
    let (champion, warnings) = shelf.champion().expect("is set right");
    assert_eq!(champion, Champion::Sound(Box::new(a.clone())));
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert_eq!(in_production(&shelf), a);
    // sha256sum of the seven bytes.
    let sha = store::bytes_sha256(b"{\"half");
    let aside = format!("production_latest.json.corrupt-{}", &sha[..8]);
    let aside = shelf.production().with_file_name(aside);
    assert_eq!(std::fs::read(aside).expect("is kept"), b"{\"half");
}

#[test]
fn a_lost_champion_is_replaced_on_demand_only() {
    let (_folder, shelf) = shelf();
    let (a, b) = (sample(0.1), sample(0.2));
    promote(&shelf, &a);
    std::fs::write(shelf.production(), b"").expect("writes");
    std::fs::remove_file(shelf.model(&a.name, &a.version).expect("a path")).expect("deletes");
    for _ in 0..2 {
        // The second time there is no file at all, and still it is known to be lost.
        let decision = promote(&shelf, &b);
        assert!(!decision.promote);
        assert!(!shelf.production().exists());
    }
    let (champion, _) = shelf.champion().expect("can be told");
    assert!(matches!(champion, Champion::Lost(_)));
    let decision = champion.allowing(yes(), true);
    shelf
        .apply_decision(&b, &decision, &champion)
        .expect("is carried out");
    assert_eq!(in_production(&shelf), b);
}

#[test]
fn a_newer_champion_stays_where_it_is() {
    let (_folder, shelf) = shelf();
    promote(&shelf, &sample(0.1));
    let newer = String::from_utf8(store::to_json(&sample(0.1))).expect("is text");
    let newer = newer.replacen("\"schema_version\": 3", "\"schema_version\": 4", 1);
    std::fs::write(shelf.production(), &newer).expect("writes");
    let error = shelf.champion().expect_err("cannot be read");
    assert_eq!(error.code(), ExitCode::BadInput);
    assert_eq!(
        std::fs::read_to_string(shelf.production()).expect("reads"),
        newer
    );
}

#[test]
fn a_champion_that_changed_meanwhile_refuses_the_promotion() {
    let (_folder, shelf) = shelf();
    promote(&shelf, &sample(0.1));
    let (champion, _) = shelf.champion().expect("is whole");
    promote(&shelf, &sample(0.2));
    let error = shelf.apply_decision(&sample(0.3), &yes(), &champion);
    assert_eq!(error.expect_err("is refused").code(), ExitCode::Refused);
    assert_eq!(in_production(&shelf), sample(0.2));
}

#[test]
fn no_name_or_version_leads_out_of_the_folder() {
    let (_folder, shelf) = shelf();
    assert!(shelf.model("../../etc/x", "ab").is_err());
    assert!(shelf.model("churn", "../ab").is_err());
}
