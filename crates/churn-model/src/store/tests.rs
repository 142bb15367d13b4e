//! Artifacts that are cut, changed, or wrong in any way are refused, with the right exit code.
#![cfg(test)]

use std::collections::BTreeMap;

use super::*;
use crate::artifact::{
    Calibration, Ensemble, Example, Feature, FeatureKind, Imported, Model, ModelRoles, Parity,
    Provenance, TreeArrays, TreeInput,
};
use crate::sigmoid::sigmoid;

/// A model of one number and one category.
pub(crate) fn sample(intercept: f64) -> Artifact {
    seal("churn", body(intercept), "2026-01-31T00:00:00Z", "0.1.0").expect("is sound")
}

fn body(intercept: f64) -> Body {
    let profile = serde_json::json!({
        "schema_version": 1, "command": "profile", "churnctl_version": "0.1.0",
        "created_at": "2026-01-31T00:00:00Z", "source": "t.csv", "rows": 3,
        "columns": [{"name": "tenure", "values": {"1": 1, "2.5": 2}}],
    });
    let number = FeatureKind::Number {
        median: 2.5,
        mean: 2.0,
        scale: 0.1,
        min: 1.0,
        max: 2.5,
    };
    let category = FeatureKind::Category {
        levels: vec!["a".into(), "b".into()],
        order: vec![0.1, 0.2, 0.15],
    };
    let feature = |name: &str, kind| Feature {
        name: name.into(),
        kind,
        nullable: false,
    };
    Body {
        roles: ModelRoles {
            label: "churn".into(),
            positive: "1".into(),
            ..ModelRoles::default()
        },
        features: vec![feature("tenure", number), feature("plan", category)],
        model: Model::Logistic {
            intercept,
            weights: vec![vec![1.0 / 3.0, -1e-7], vec![0.25, -0.25, 0.0, 0.0]],
            l2: 1.0,
        },
        calibration: Calibration::None,
        threshold: 0.5,
        threshold_rule: "0.5".into(),
        metrics: BTreeMap::new(),
        trivial: Vec::new(),
        importance: Vec::new(),
        profile: serde_json::from_value(profile).expect("is a profile"),
        provenance: Provenance {
            data: vec!["t.csv".into()],
            data_sha256: "00".into(),
            rows: 3,
            seed: 42,
            arguments: BTreeMap::from([("l2".into(), "1".into())]),
            split: "at random".into(),
            split_rows: BTreeMap::new(),
            learned: None,
            parent: None,
            unpurged_roc_auc: None,
            warnings: Vec::new(),
        },
        imported: None,
        attributions: None,
        examples: vec![Example {
            values: BTreeMap::from([("tenure".into(), "2".into())]),
            score: sigmoid(intercept),
        }],
    }
}

fn read(bytes: &[u8]) -> Result<Artifact, Unsound> {
    from_json(bytes, "m.json")
}

fn code(outcome: Result<Artifact, Unsound>) -> ExitCode {
    Error::from(outcome.expect_err("is refused")).code()
}

/// The artifact with its body changed by `change`, and a checksum that fits again.
fn forged(change: impl FnOnce(&mut Body)) -> Vec<u8> {
    let mut artifact = sample(0.1);
    change(&mut artifact.body);
    artifact.sha256 = body_sha256(&artifact.body);
    artifact.version = artifact.sha256[..12].to_owned();
    artifact.head_sha256 = Some(head_sha256(&artifact));
    to_json(&artifact)
}

fn trees() -> Model {
    Model::Trees(TreeArrays {
        base: 0.1,
        roots: vec![0, 3],
        feature: vec![0, u32::MAX, u32::MAX, u32::MAX],
        threshold: vec![1.5, -0.1, 0.1, 0.05],
        left: vec![1, 0, 0, 0],
        right: vec![2, 0, 0, 0],
        missing_left: vec![true, false, false, false],
        cover: vec![3.0, 1.0, 2.0, 3.0],
    })
}

#[test]
fn what_is_written_is_read_back_bit_for_bit() {
    let artifact = sample(0.1);
    let bytes = to_json(&artifact);
    assert_eq!(read(&bytes).expect("is whole"), artifact);
    assert_eq!(to_json(&read(&bytes).expect("is whole")), bytes);
    // White space is not damage: people look at models through jq.
    let value: serde_json::Value = serde_json::from_slice(&bytes).expect("is JSON");
    let pretty = serde_json::to_vec_pretty(&value).expect("is JSON");
    assert_eq!(read(&pretty).expect("is whole"), artifact);
}

#[test]
fn the_body_is_the_same_whenever_it_is_made() {
    let mut later = body(0.1);
    later.profile.created_at = "2027-01-31T00:00:00Z".into();
    let later = seal("churn", later, "2027-01-31T00:00:00Z", "0.2.0").expect("is sound");
    assert_eq!(later.body, sample(0.1).body);
    assert_eq!(later.sha256, sample(0.1).sha256);
    assert_eq!(baseline_profile(&later).created_at, "2027-01-31T00:00:00Z");
}

#[test]
fn an_artifact_cut_at_any_byte_is_refused() {
    let bytes = to_json(&sample(0.1));
    // The last byte is a line break, without which it is whole.
    for end in 0..bytes.len() - 1 {
        assert_eq!(code(read(&bytes[..end])), ExitCode::BadInput, "{end}");
    }
}

#[test]
fn a_changed_byte_is_refused_or_changes_nothing_that_counts() {
    let artifact = sample(0.1);
    let bytes = to_json(&artifact);
    for at in 0..bytes.len() {
        for bit in [0x01, 0x04, 0x20, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;
            match read(&changed) {
                Err(error) => assert_eq!(Error::from(error).code(), ExitCode::BadInput),
                // `1E-7` is `1e-7`.
                Ok(read) => assert_eq!(read, artifact, "byte {at}"),
            }
        }
    }
}

#[test]
fn other_documents_and_other_versions_are_refused() {
    let whole = String::from_utf8(to_json(&sample(0.1))).expect("is text");
    for (from, to) in [
        ("\"schema_version\": 3", "\"schema_version\": 4"),
        ("\"schema_version\": 3", "\"schema_version\": 1"),
        ("\"schema_version\": 3", "\"schema_version\": 0"),
        ("\"schema_version\": 3", "\"schema_version\": -1"),
        ("\"schema_version\": 3,", ""),
        ("\"head_sha256\": \"", "\"head_sha256\": \"0"),
        ("\"name\": \"churn\"", "\"name\": \"churm\""),
        ("\"created_at\": \"2026", "\"created_at\": \"2027"),
        ("\"churnctl_version\": \"0", "\"churnctl_version\": \"1"),
        ("\"command\": \"train\"", "\"command\": \"profile\""),
        ("\"name\": \"churn\"", "\"name\": \"../churn\""),
        ("\"created_at\": \"2026", "\"created_at\": \"year 2026"),
        ("\"sha256\"", "\"extra\": 1, \"sha256\""),
        ("\"learner\":", "\"extra\":1,\"learner\":"),
        ("\"kind\":\"number\"", "\"kind\":\"number\",\"extra\":1"),
        ("\"l2\":1.0", "\"l2\":1e999"),
        ("\"l2\":1.0", "\"l2\":NaN"),
        ("\"l2\":1.0", "\"l2\":null"),
        ("\"l2\":1.0", "\"l2\":Infinity"),
    ] {
        let changed = whole.replacen(from, to, 1);
        assert_ne!(changed, whole, "{from}");
        assert_eq!(code(read(changed.as_bytes())), ExitCode::BadInput, "{to}");
    }
    for text in [
        "",
        "{}",
        "[]",
        "null",
        "\u{feff}{}",
        "PK\u{3}\u{4}",
        &"[".repeat(100_000),
    ] {
        assert_eq!(code(read(text.as_bytes())), ExitCode::BadInput);
    }
    let newer = whole.replacen("\"schema_version\": 3", "\"schema_version\": 9", 1);
    assert!(matches!(read(newer.as_bytes()), Err(Unsound::Newer(_))));
}

#[test]
fn forged_shapes_are_refused_whatever_the_checksum_says() {
    type Change = Box<dyn Fn(&mut Body)>;
    type Graft = fn(&mut Vec<u32>, &mut Vec<u32>, &mut Vec<u32>, &mut Vec<f64>);
    let logistic = |change: fn(&mut Vec<Vec<f64>>)| -> Change {
        Box::new(move |body| {
            if let Model::Logistic { weights, .. } = &mut body.model {
                change(weights);
            }
        })
    };
    let calibration = |log_odds: Vec<f64>, probability: Vec<f64>| -> Change {
        Box::new(move |body| {
            let (log_odds, probability) = (log_odds.clone(), probability.clone());
            body.calibration = Calibration::Isotonic {
                log_odds,
                probability,
            };
        })
    };
    let tree = |change: Graft| -> Change {
        Box::new(move |body| {
            body.model = trees();
            if let Model::Trees(TreeArrays {
                roots,
                feature,
                left,
                threshold,
                ..
            }) = &mut body.model
            {
                change(roots, feature, left, threshold);
            }
        })
    };
    let changes: Vec<Change> = vec![
        logistic(|weights| weights.truncate(1)),
        logistic(|weights| weights[0].truncate(1)),
        logistic(|weights| weights[1].push(0.0)),
        logistic(|weights| weights[0][0] = f64::NAN),
        calibration(vec![0.0, 1.0], vec![0.5]),
        calibration(vec![0.0, 0.0], vec![0.1, 0.5]),
        calibration(vec![0.0, 1.0], vec![0.5, 0.1]),
        calibration(vec![0.0, 1.0], vec![0.5, 1.1]),
        calibration(vec![], vec![]),
        tree(|roots, _, _, _| roots.push(9)),
        tree(|roots, _, _, _| roots.push(1)),
        tree(|roots, _, _, _| roots.truncate(1)),
        tree(|_, feature, _, _| feature[0] = 2),
        tree(|_, feature, _, _| feature[0] = u32::MAX),
        tree(|_, _, left, _| left[0] = 0),
        tree(|_, _, left, _| left[0] = 2),
        tree(|_, _, left, _| left[0] = 3),
        tree(|_, _, left, _| left[0] = u32::MAX),
        tree(|_, _, left, _| left[1] = 3),
        tree(|_, _, _, threshold| threshold.truncate(3)),
        Box::new(|body| body.features[1].name = "tenure".into()),
        Box::new(|body| body.features.clear()),
        Box::new(|body| body.threshold = 1.5),
        Box::new(|body| body.examples.clear()),
        Box::new(|body| body.examples[0].score = 1.5),
        Box::new(|body| drop(body.examples[0].values.insert("other".into(), "1".into()))),
        Box::new(|body| body.profile.rows = 4),
        Box::new(|body| body.profile.schema_version = 3),
        Box::new(|body| {
            let (levels, order) = (vec!["a".into(), "a".into()], vec![0.1, 0.2, 0.3]);
            body.features[1].kind = FeatureKind::Category { levels, order };
        }),
    ];
    for (number, change) in changes.iter().enumerate() {
        assert_eq!(
            code(read(&forged(change))),
            ExitCode::BadInput,
            "change {number}"
        );
    }
    // The forger's tools alone do no harm.
    assert!(read(&forged(|_| ())).is_ok());
    let grown = forged(|body| {
        body.model = trees();
        // The base, the leaf of tenure 2, the leaf of the second tree.
        body.examples[0].score = sigmoid(0.1 + 0.1 + 0.05);
    });
    assert!(read(&grown).is_ok());
}

#[test]
fn the_self_test_must_give_the_expected_scores() {
    let with = |scores: Vec<f64>| {
        read(&forged(|body| {
            let example = body.examples[0].clone();
            body.examples = scores
                .into_iter()
                .map(|score| Example {
                    score,
                    ..example.clone()
                })
                .collect();
        }))
    };
    let expected = sigmoid(0.1);
    assert!(with(vec![expected + 1e-10, expected]).is_ok());
    for scores in [vec![expected + 1e-8], vec![expected, 0.3]] {
        assert!(matches!(with(scores), Err(Unsound::SelfTest(_))));
    }
}

#[test]
fn an_artifact_of_the_first_layout_still_loads_and_is_written_as_it_was() {
    let mut first = sample(0.1);
    (first.schema_version, first.head_sha256) = (1, None);
    let bytes = to_json(&first);
    assert_eq!(read(&bytes).expect("is whole"), first);
    assert_eq!(to_json(&read(&bytes).expect("is whole")), bytes);
    // With the checksum of a later one it is neither.
    first.head_sha256 = Some(head_sha256(&first));
    assert_eq!(code(read(&to_json(&first))), ExitCode::BadInput);
}

#[test]
fn what_would_not_load_is_not_sealed() {
    let mut broken = body(0.1);
    broken.threshold = f64::NAN;
    let error = seal("churn", broken, "2026-01-31T00:00:00Z", "0.1.0").expect_err("is refused");
    assert_eq!(error.code(), ExitCode::Bug);
    let error = seal("a/b", body(0.1), "2026-01-31T00:00:00Z", "0.1.0").expect_err("is refused");
    assert_eq!(error.code(), ExitCode::Usage);
}

#[test]
fn folders_missing_files_and_huge_files_have_their_codes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let missing = folder.path().join("none.json");
    assert_eq!(code(load(&missing)), ExitCode::Io);
    assert_eq!(code(load(folder.path())), ExitCode::Io);
    // Ten GB with nothing in them take no room.
    let huge = folder.path().join("huge.json");
    let file = File::create(&huge).expect("creates");
    file.set_len(10 << 30).expect("has holes");
    assert_eq!(code(load(&huge)), ExitCode::BadInput);
    let endless = Path::new("/dev/zero");
    if endless.exists() {
        assert_eq!(code(load(endless)), ExitCode::BadInput);
    }
}

#[test]
fn the_checksum_of_data_is_that_of_their_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let paths = ["a", "b"].map(|name| folder.path().join(name).display().to_string());
    std::fs::write(&paths[0], "ab").expect("writes");
    std::fs::write(&paths[1], "c").expect("writes");
    // FIPS 180-2, appendix B.1: SHA-256 of "abc"
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(data_sha256(&paths).expect("reads"), expected);
    assert_eq!(bytes_sha256(b"abc"), expected);
}

fn imported() -> Body {
    let mut body = body(0.1);
    body.model = Model::Ensemble(Ensemble {
        trees: TreeArrays {
            base: 0.25,
            roots: vec![0],
            feature: vec![1, u32::MAX, u32::MAX],
            threshold: vec![0.0, 0.5, -0.5],
            left: vec![1, 0, 0],
            right: vec![2, 0, 0],
            missing_left: vec![false; 3],
            cover: vec![4.0, 1.0, 3.0],
        },
        inputs: vec![TreeInput::Exact; 2],
        sets: vec![vec![1]],
    });
    body.imported = Some(Imported {
        format: "LightGBM text".into(),
        file: "model.txt".into(),
        sha256: "00".into(),
        parity: Parity {
            rows: 10,
            largest_difference: 1e-9,
            limit: 1e-6,
            rows_sha256: "00".into(),
            scores_sha256: "00".into(),
        },
    });
    let scorer = Scorer::new(&body).expect("can score");
    body.examples[0].score = scorer.examples(&body.examples).expect("scores")[0];
    body
}

#[test]
fn an_imported_model_is_an_artifact_with_its_proof() {
    let artifact = seal("m", imported(), "2026-01-31T00:00:00Z", "0.1.0").expect("is sound");
    assert_eq!(
        (artifact.schema_version, &*artifact.command),
        (4, "model import")
    );
    let bytes = to_json(&artifact);
    assert_eq!(read(&bytes).expect("is whole"), artifact);
    // By hand: "b" goes left, all others right, on top of .25; the first level is the mean's part.
    let scorer = Scorer::new(&artifact.body).expect("can score");
    for (text, log_odds) in [("b", 0.75), ("a", -0.25), ("new", -0.25), ("", -0.25)] {
        let cells = [
            2.0,
            scorer.cell_of_field(1, text.as_bytes()).expect("a text"),
        ];
        assert_eq!(scorer.log_odds(&cells), log_odds, "{text}");
        // A quarter of the rows went left: the mean is .25 x .5 - .75 x .5 on top of .25.
        let explained = scorer.explain(&cells);
        assert_eq!((explained.base, explained.contributions[0]), (0.0, 0.0));
        assert_eq!(explained.contributions[1], log_odds);
    }
}

#[test]
fn an_imported_model_without_a_proof_is_refused() {
    let changes: Vec<fn(&mut Body)> = vec![
        |body| body.imported = None,
        |body| parity(body).rows = 0,
        |body| parity(body).largest_difference = 2e-6,
        |body| parity(body).largest_difference = f64::NAN,
        |body| (parity(body).limit, parity(body).largest_difference) = (0.1, 0.05),
        |body| ensemble(body).sets.clear(),
        |body| ensemble(body).sets[0][0] = 3,
        |body| ensemble(body).inputs.truncate(1),
        |body| ensemble(body).trees.threshold[0] = 0.5,
        |body| ensemble(body).trees.threshold[0] = -1.0,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut body = imported();
        change(&mut body);
        let sealed = seal("m", body, "2026-01-31T00:00:00Z", "0.1.0");
        assert!(sealed.is_err(), "{number}");
    }
}

fn parity(body: &mut Body) -> &mut Parity {
    &mut body.imported.as_mut().expect("is imported").parity
}

fn ensemble(body: &mut Body) -> &mut Ensemble {
    match &mut body.model {
        Model::Ensemble(ensemble) => ensemble,
        _ => panic!("is an ensemble"),
    }
}
