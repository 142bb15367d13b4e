//! `churnctl model`: what LightGBM, XGBoost and CatBoost trained scores here as it does there, or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use churnctl::exit::ExitCode;
use serde_json::json;

use crate::harness::{Churnctl, Run, Table, fixture, skipped};
use crate::models::{PRODUCTION, customers, number, rows_of};
use crate::schemas::{expect_refused, expect_strict, schema};
use crate::serve::running::Running;

/// Models of [`customers`] as LightGBM writes them: visits, then a plan, in two trees.
const LIGHTGBM: &str = "\
tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=2
objective=binary sigmoid:1
feature_names=visits noise plan
feature_infos=[-4:4] [-4:4] 0:1:2
tree_sizes=400 400

Tree=0
num_leaves=3
num_cat=1
split_feature=0 2
split_gain=2 1
threshold=0.25 0
decision_type=10 1
left_child=1 -1
right_child=-3 -2
leaf_value=-0.5 -1.5 1.25
leaf_weight=1 1 1
leaf_count=300 600 600
internal_value=0 0
internal_weight=3 2
internal_count=1500 900
cat_boundaries=0 1
cat_threshold=2
is_linear=0
shrinkage=1


Tree=1
num_leaves=1
num_cat=0
split_feature=
split_gain=
threshold=
decision_type=
left_child=
right_child=
leaf_value=0.125
leaf_weight=
leaf_count=
internal_value=
internal_weight=
internal_count=
is_linear=0
shrinkage=1


end of trees

pandas_categorical:[[\"basic\", \"free\", \"pro\"]]
";

/// What [`LIGHTGBM`] scores, by its text: up to .25 visits a free plan (code 1) is worth more, then .125
/// of the second tree.
fn score_of(row: &BTreeMap<String, String>) -> f64 {
    let log_odds = match (number(row, "visits") <= 0.25, &*row["plan"]) {
        (true, "free") => -0.5,
        (true, _) => -1.5,
        (false, _) => 1.25,
    };
    1.0 / (1.0 + f64::exp(-(log_odds + 0.125)))
}

fn scores(rows: &Table) -> String {
    let rows = rows_of(rows.csv().as_bytes());
    let lines = rows.iter().map(|row| format!("{}\n", score_of(row)));
    format!("score\n{}", lines.collect::<String>())
}

/// The files of an import that is good.
pub(crate) fn importing() -> Churnctl {
    let table = customers(1_500, 1);
    Churnctl::new()
        .table("data.csv", &table)
        .file("scores.csv", scores(&table))
        .file("model.txt", LIGHTGBM)
}

pub(crate) fn import(churnctl: &Churnctl, args: &[&str]) -> Run {
    let fixed = ["model", "import", "model.txt", "-o", "model.json"];
    churnctl.run(&[&fixed[..], args].concat())
}

pub(crate) const PROVED: [&str; 4] = ["--parity", "data.csv", "--expect", "scores.csv"];

#[test]
fn an_import_without_a_proof_is_refused() {
    let churnctl = importing();
    for args in [&[][..], &PROVED[..2], &PROVED[2..]] {
        import(&churnctl, args)
            .expect(ExitCode::Usage)
            .says("an import is proved")
            .says("--parity ROWS.csv --expect SCORES.csv");
    }
    let wrong = scores(&customers(1_500, 1)).replace("0.40", "0.41");
    let churnctl = churnctl.file("scores.csv", wrong);
    import(&churnctl, &PROVED)
        .expect(ExitCode::BadInput)
        .says("the model does not score as LightGBM text does: row ")
        .says("the limit is 1e-6");
    let churnctl = churnctl.file("scores.csv", "score\n0.5\n");
    import(&churnctl, &PROVED)
        .expect(ExitCode::BadInput)
        .says("there are 1 scores of 1500 rows");
    let churnctl = churnctl.file("scores.csv", "0.5\n0.5\n");
    import(&churnctl, &PROVED)
        .expect(ExitCode::BadInput)
        .says("is a score and not its heading");
    assert!(!churnctl.path("model.json").exists());
}

#[test]
fn an_artifact_without_its_proof_does_not_score() {
    let churnctl = importing();
    import(&churnctl, &PROVED).expect(ExitCode::Ok);
    let mut artifact = churnctl.read_json("model.json");
    assert_eq!(artifact["schema_version"], 5);
    assert_eq!(artifact["command"], "model import");
    let parity = &artifact["body"]["imported"]["parity"];
    assert_eq!(parity["rows"], 1_500);
    assert!(parity["largest_difference"].as_f64().expect("a number") < 1e-15);
    artifact["body"]["imported"]["parity"]["limit"] = 0.5.into();
    let churnctl = churnctl.file("other.json", artifact.to_string());
    churnctl
        .run(&[
            "score",
            "data.csv",
            "--model",
            "other.json",
            "-o",
            "out.csv",
        ])
        .expect(ExitCode::BadInput)
        .says("its checksum does not match");
}

#[test]
fn an_imported_model_is_a_model_like_any_other() {
    let churnctl = importing().table("current.csv", &customers(1_500, 2));
    let named = ["--class-threshold", "0.4", "--name", "lightgbm"];
    let json = ["--format", "json"];
    let document = import(&churnctl, &[&PROVED[..], &named, &json].concat());
    let document = document.expect(ExitCode::Ok).json();
    expect_strict(&schema("model_import"), &document);
    for (pointer, to) in [
        ("/parity/largest_difference", json!(1e-4)),
        ("/parity/rows", json!(0)),
        ("/format", json!("pickle")),
    ] {
        expect_refused(&schema("model_import"), &document, pointer, to);
    }
    let run = import(&churnctl, &[&PROVED[..], &named].concat()).expect(ExitCode::Ok);
    let said = "1500 rows score as there: the largest difference is ";
    assert!(run.stdout.contains(said), "{run:#?}");
    // Scores and reasons.
    let args = [
        "score",
        "current.csv",
        "--model",
        "model.json",
        "-o",
        "out.csv",
    ];
    churnctl
        .run(
            &[
                &args[..],
                &["--explain", "3", "--keep", "visits", "--keep", "plan"],
            ]
            .concat(),
        )
        .expect(ExitCode::Ok);
    let rows = rows_of(&churnctl.read("out.csv"));
    assert_eq!(rows.len(), 1_500);
    for row in &rows {
        let score = number(row, "churn_risk");
        assert!((score - score_of(row)).abs() < 1e-15, "{row:?}");
        assert_eq!(row["class"], if score >= 0.4 { "1" } else { "0" });
        // The mean of the trees, by their counts of rows: (300 x -.5 + 600 x -1.5 + 600 x 1.25) / 1500.
        let reasons = (1..=3).map(|at| number(row, &format!("contribution_{at}")));
        let log_odds = (score / (1.0 - score)).ln();
        let sum = -0.2 + 0.125 + reasons.sum::<f64>();
        assert!((sum - log_odds).abs() < 1e-12, "{row:?}");
    }
    // Its baseline.
    churnctl
        .run(&["drift", "model.json", "current.csv"])
        .expect(ExitCode::Ok);
    // Its answers.
    let artifact = churnctl.read("model.json");
    let churnctl = churnctl.file(PRODUCTION, artifact);
    let running = Running::start(&churnctl, &[]);
    let body = json!({"user_id": "u1", "features": {"visits": 1.5, "noise": 0, "plan": "pro"}});
    let answer = running.post("/predict", &body).expect(200).json();
    // 1 / (1 + exp(-(1.25 + .125))), Python 3.11.
    let risk = answer["churn_risk"].as_f64().expect("a score");
    assert!((risk - 0.798_186_777_739_621_2).abs() < 1e-12, "{answer}");
}

#[test]
fn an_imported_champion_and_a_candidate_of_ours_are_compared_on_the_same_rows() {
    let churnctl = importing();
    import(&churnctl, &PROVED).expect(ExitCode::Ok);
    let promote = ["promote", "model.json", "data.csv", "--label", "churn"];
    let run = churnctl
        .run(&promote)
        .expect(ExitCode::Ok)
        .says("it is not known which rows the candidate");
    assert!(run.stdout.starts_with("PROMOTED"), "{run:#?}");
    assert_eq!(churnctl.read_json(PRODUCTION)["command"], "model import");
    let report = crate::models::report(&churnctl, &["--model", "logistic"]);
    // `noise` is worth nothing, but visits beyond a quarter all are the same to the champion.
    assert_eq!(report["promoted"], true, "{report:#}");
    assert!(!report["comparisons"].as_array().expect("a list").is_empty());
    let warnings = report["warnings"].to_string();
    assert!(
        warnings.contains("it is not known which rows the champion"),
        "{warnings}"
    );
}

/// The log loss of the rows that were given, by the scores of the model's own text; not that of a seventh of them.
#[test]
fn all_labelled_rows_judge_an_imported_candidate() {
    let table = customers(1_500, 3);
    // Other customers: the champion has learned from none of them.
    let churnctl = importing().file("later.csv", table.csv().replace("\nu", "\nv"));
    import(&churnctl, &PROVED).expect(ExitCode::Ok);
    let train = [
        "train", "data.csv", "--label", "churn", "--model", "logistic", "-q",
    ];
    churnctl.run(&train).expect(ExitCode::Ok);
    let promote = ["promote", "model.json", "later.csv", "--label", "churn"];
    let promote = [&promote[..], &["--format", "json", "--dry-run"]].concat();
    let decision = churnctl.run(&promote).json();
    let comparisons = decision["comparisons"].as_array().expect("a list");
    let figure = comparisons
        .iter()
        .find(|one| one["metric"] == "log_loss")
        .and_then(|one| one["candidate"].as_f64());
    let rows = rows_of(table.csv().as_bytes());
    let losses = rows.iter().map(|row| {
        let score = score_of(row);
        -f64::ln(if row["churn"] == "Yes" {
            score
        } else {
            1.0 - score
        })
    });
    let expected = losses.sum::<f64>() / rows.len() as f64;
    let found = figure.unwrap_or_else(|| panic!("{decision:#}"));
    // The filter of rows that the champion has learned from takes a few others for them, and says of how many.
    assert!((found - expected).abs() < 1e-3, "{found} {expected}");
    let reasons = decision["reasons"].to_string();
    assert!(reasons.contains("of the 1500 test rows"), "{decision:#}");
}

#[test]
fn an_imported_candidate_is_not_judged_on_the_rows_that_it_learned_from() {
    let rows = customers(300, 2);
    let churnctl = importing()
        .table("rows.csv", &rows)
        .file("known.csv", scores(&rows));
    let proof = [
        "--schema",
        "data.csv",
        "--parity",
        "rows.csv",
        "--expect",
        "known.csv",
    ];
    import(&churnctl, &proof).expect(ExitCode::Ok);
    churnctl
        .run(&["promote", "model.json", "data.csv", "--label", "churn"])
        .expect(ExitCode::BadInput)
        .says("has learned from these data")
        .says("neither model has learned from");
    assert!(!churnctl.path(PRODUCTION).exists());
}

#[test]
fn what_an_import_is_told_and_cannot_do_is_refused() {
    let churnctl = importing();
    let with = |more: &[&str]| import(&churnctl, &[&PROVED[..], more].concat());
    with(&["--label", "nope"])
        .expect(ExitCode::BadInput)
        .says("there is no column \"nope\"");
    with(&["--label", "visits"])
        .expect(ExitCode::BadInput)
        .says("the label \"visits\" is a feature of the model");
    for flag in ["--id", "--exclude"] {
        with(&[flag, "visits"])
            .expect(ExitCode::Usage)
            .says("\"visits\" is a feature of the model");
    }
    let onto_stdout = ["model", "import", "model.txt", "-o", "-"];
    churnctl
        .run(&[&onto_stdout[..], &PROVED].concat())
        .expect(ExitCode::Usage)
        .says("not standard input and output");
    assert!(!churnctl.path("model.json").exists());
    // A missing value that no row of the proof has.
    let gaps = churnctl.file(
        "gaps.csv",
        "visits,noise,plan\n1,0,free\n,1,pro\n2,1,basic\n",
    );
    let proof = [
        "--schema",
        "gaps.csv",
        "--parity",
        "rows.csv",
        "--expect",
        "known.csv",
    ];
    // 1.25 in the first tree, .125 in the second.
    let score = format!("{}\n", 1.0 / (1.0 + f64::exp(-1.375)));
    let all = gaps
        .file(
            "rows.csv",
            "visits,noise,plan\n1,0,free\n1,0,pro\n1,0,basic\n",
        )
        .file("known.csv", format!("score\n{}", score.repeat(3)));
    import(&all, &proof)
        .expect(ExitCode::Ok)
        .says("visits may be missing in the data, and never is in the rows of the proof")
        .says("the proof has 3 rows only: how rows score that are not like them is not proved");
    // A proof that could be larger.
    let few = all
        .file("rows.csv", "visits,noise,plan\n1,0,free\n")
        .file("known.csv", format!("score\n{score}"));
    import(&few, &proof)
        .expect(ExitCode::BadInput)
        .says("a proof of 1 row says little: 100 are wanted, or as many as --schema has (3)");
    // What does not fit says in which file.
    let texts = few.file("gaps.csv", "visits,noise,plan\nx,0,free\ny,1,pro\n");
    import(&texts, &proof)
        .expect(ExitCode::BadInput)
        .says("gaps.csv")
        .says("\"visits\" is a number to the model, in the data it is \"x\"");
}

#[test]
fn a_schema_names_the_columns_of_a_model_without_names() {
    let nameless = LIGHTGBM.replace("visits noise plan", "Column_0 Column_1 Column_2");
    let churnctl = importing().file("model.txt", nameless);
    let with = |churnctl: &Churnctl| {
        let schema = ["--schema", "schema.json"];
        import(churnctl, &[&PROVED[..], &schema].concat())
    };
    let signature = r#"{"signature": {"inputs": [{"name": "visits", "type": "double"},
        {"name": "noise", "type": "double"}, {"name": "plan", "type": "string"}]}}"#;
    let churnctl = churnctl.file("schema.json", signature);
    with(&churnctl).expect(ExitCode::Ok);
    let features = churnctl.read_json("model.json")["body"]["features"].take();
    let names: Vec<&str> = features
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|feature| feature["name"].as_str())
        .collect();
    assert_eq!(names, ["visits", "noise", "plan"]);
    for (schema, says) in [
        (
            r#"{"visits": "string", "noise": "double", "plan": "string"}"#,
            "\"visits\" is a number to the model, and a text in the schema",
        ),
        (
            r#"{"visits": "double", "plan": "string"}"#,
            "the model has 3 features without names",
        ),
        (
            r#"{"visits": "double", "noises": "double", "plan": "string"}"#,
            "noises",
        ),
        (r#"{"visits": "time"}"#, "which is not known"),
    ] {
        let churnctl = Churnctl::new()
            .table("data.csv", &customers(1_500, 1))
            .file("scores.csv", churnctl.read("scores.csv"))
            .file("model.txt", churnctl.read("model.txt"))
            .file("schema.json", schema);
        with(&churnctl).expect(ExitCode::BadInput).says(says);
        assert!(!churnctl.path("model.json").exists());
    }
}

#[test]
fn identifiers_beside_the_features_are_kept_and_not_compared() {
    let churnctl = importing();
    let data = String::from_utf8(churnctl.read("data.csv")).expect("text");
    let mut lines = data.lines();
    let head = lines.next().expect("a heading");
    let with_id = |(row, line): (usize, &str)| format!("C-{:05}-X,{line},true\n", row * 7);
    let lines: String = lines.enumerate().map(with_id).collect();
    // `noise` is a truth value that is always the same: a number to the model.
    let data = format!("customerID,{head},is_on\n{lines}");
    let churnctl = churnctl.file("data.csv", data).file(
        "model.txt",
        LIGHTGBM.replace("visits noise plan", "visits is_on plan"),
    );
    import(&churnctl, &PROVED)
        .expect(ExitCode::Ok)
        .says("customerID: taken for identifiers");
    let artifact = churnctl.read_json("model.json");
    assert_eq!(
        artifact["body"]["roles"]["id"],
        json!(["user_id", "customerID"])
    );
    let columns = artifact["body"]["profile"]["columns"].as_array();
    let named = |column: &serde_json::Value| column["name"] == "customerID";
    assert!(!columns.expect("a list").iter().any(named));
    let scored = [
        "score",
        "data.csv",
        "--model",
        "model.json",
        "-o",
        "out.csv",
    ];
    churnctl.run(&scored).expect(ExitCode::Ok);
    assert_eq!(
        rows_of(&churnctl.read("out.csv"))[1]["customerID"],
        "C-00007-X"
    );
}

#[test]
fn what_cannot_be_exact_is_refused_with_the_reason() {
    for (file, says) in [
        (
            LIGHTGBM.replace("is_linear=0", "is_linear=1"),
            "linear models in its leaves",
        ),
        (
            LIGHTGBM.replace("binary sigmoid:1", "regression"),
            "the objective regression",
        ),
        (LIGHTGBM.replace("num_class=1", "num_class=3"), "3 classes"),
        (LIGHTGBM.replace("version=v4", "version=v2"), "format v2"),
        (
            LIGHTGBM.replace("left_child=1 -1", "left_child=1 0"),
            "reached twice",
        ),
        (
            LIGHTGBM.replace("left_child=1 -1", "left_child=1 -9"),
            "node -9, which is not there",
        ),
        (
            LIGHTGBM.replace("threshold=0.25 0", "threshold=0.25 7"),
            "a set that is not there",
        ),
        (
            LIGHTGBM.replace("threshold=0.25 0", "threshold=0.25"),
            "threshold has 1 values, not 2",
        ),
        (
            LIGHTGBM.replace("num_leaves=3", "num_leaves=99999999999"),
            "has 2 values",
        ),
        (LIGHTGBM.replace("noise", "nose"), "no column \"nose\""),
        (LIGHTGBM[..400].to_owned(), "ends before its trees do"),
        ("\u{80}\u{4}".into(), "not a model file"),
        (
            "{\"learner\": {}}".into(),
            "not a whole model of XGBoost JSON",
        ),
        ("{\"body\": {}}".into(), "an artifact already"),
    ] {
        let churnctl = importing().file("model.txt", file);
        import(&churnctl, &PROVED)
            .expect(ExitCode::BadInput)
            .says(says);
    }
    let churnctl = importing().file("model.txt", b"\x80\x04\x95");
    import(&churnctl, &PROVED)
        .expect(ExitCode::BadInput)
        .says("a pickle: reading it would run whatever is in it");
}

#[test]
fn the_registry_is_listed_and_two_models_are_compared() {
    let churnctl = importing();
    let list = |churnctl: &Churnctl| {
        let run = churnctl.run(&["model", "list", "--format", "json"]);
        let models = run.expect(ExitCode::Ok).json()["models"].take();
        let word = |model: &serde_json::Value, name: &str| model[name].as_str().map(str::to_owned);
        let models = models.as_array().expect("a list").iter();
        models
            .map(|model| {
                (
                    word(model, "version").expect("a version"),
                    word(model, "state").expect("a state"),
                )
            })
            .collect::<Vec<(String, String)>>()
    };
    // A folder that is not there is misspelt; going back in it makes none.
    for (command, code) in [("list", ExitCode::Io), ("rollback", ExitCode::BadInput)] {
        churnctl
            .run(&["model", command, "--artifacts", "artifcats"])
            .expect(code)
            .says("cannot read artifcats");
        assert!(!churnctl.path("artifcats").exists(), "{command}");
    }
    let churnctl = churnctl.file("artifacts/.keep", "");
    assert_eq!(list(&churnctl), []);
    let run = churnctl.run(&["model", "list"]).expect(ExitCode::Ok);
    assert!(run.stdout.starts_with("no models in "), "{run:#?}");
    import(&churnctl, &PROVED).expect(ExitCode::Ok);
    let promote = [
        "promote",
        "model.json",
        "data.csv",
        "--label",
        "churn",
        "-q",
    ];
    churnctl.run(&promote).expect(ExitCode::Ok);
    let report = crate::models::report(&churnctl, &["--model", "logistic"]);
    assert_eq!(report["promoted"], true);
    let models = list(&churnctl);
    let states: Vec<&str> = models.iter().map(|(_, state)| state.as_str()).collect();
    assert_eq!(states, ["in_production", "replaced"]);
    let (ours, theirs) = (&models[0].0, &models[1].0);
    assert_eq!(report["model_version"], **ours);
    // The one in production, and the other by the beginning of its version.
    let shown = churnctl.run(&["model", "show"]).expect(ExitCode::Ok).stdout;
    assert!(
        shown.contains(ours) && shown.contains("ROC AUC, test"),
        "{shown}"
    );
    let shown = churnctl
        .run(&["model", "show", &theirs[..6]])
        .expect(ExitCode::Ok)
        .stdout;
    assert!(shown.contains("1500 rows, largest difference"), "{shown}");
    let diff = ["model", "diff", theirs, "--format", "json"];
    let diff = churnctl.run(&diff).expect(ExitCode::Ok).json();
    let facts = diff["facts"].as_array().expect("a list");
    let of = |what: &str| facts.iter().find(|fact| fact["what"] == what);
    assert_eq!(of("learner").expect("differs")["one"], "2 imported trees");
    assert!(of("name").is_none() && of("features").is_none(), "{diff:#}");
    assert!(of("ROC AUC, test").expect("only ours has it")["one"].is_null());
    let same = ["model", "diff", "model.json", theirs];
    let run = churnctl.run(&same).expect(ExitCode::Ok);
    assert_eq!(run.stdout, "the two models are the same\n");
    churnctl
        .run(&["model", "show", "ffffffffffff"])
        .expect(ExitCode::BadInput)
        .says("nor the version of a model");
    let document = |args: &[&str]| {
        let run = churnctl.run(&[&["model"], args, &["--format", "json"]].concat());
        run.expect(ExitCode::Ok).json()
    };
    for (name, document) in [
        ("model_list", document(&["list"])),
        ("model_show", document(&["show"])),
        ("model_diff", diff),
    ] {
        expect_strict(&schema(name), &document);
        expect_refused(&schema(name), &document, "/command", json!("drift"));
    }
    let listed = document(&["list"]);
    for (pointer, to) in [
        ("/models/0/state", json!("lost")),
        ("/models/0/version", json!("latest")),
        ("/models/0/since", json!("yesterday")),
    ] {
        expect_refused(&schema("model_list"), &listed, pointer, to);
    }
    // Back, by the registry's own way.
    churnctl.run(&["model", "rollback"]).expect(ExitCode::Ok);
    assert_eq!(list(&churnctl)[1].1, "in_production");
    assert_eq!(churnctl.read_json(PRODUCTION)["command"], "model import");
}

#[test]
fn what_xgboost_and_catboost_compute_otherwise_is_refused_with_the_reason() {
    let corpus = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/imported");
        std::fs::read_to_string(path.join(name)).expect(name)
    };
    let (xgboost, catboost) = (corpus("xgboost.json"), corpus("catboost.json"));
    for (file, from, to, says) in [
        (
            &xgboost,
            "binary:logistic",
            "multi:softprob",
            "the objective multi:softprob",
        ),
        (
            &xgboost,
            "\"num_class\":\"0\"",
            "\"num_class\":\"3\"",
            "3 classes",
        ),
        (
            &xgboost,
            "\"name\":\"gbtree\"",
            "\"name\":\"gblinear\"",
            "the booster gblinear",
        ),
        (
            &xgboost,
            "[5.395E-1]",
            "[1.5]",
            "base_score is not a probability",
        ),
        (
            &xgboost,
            "\"left_children\":[1,",
            "\"left_children\":[0,",
            "reached twice",
        ),
        (
            &xgboost,
            "\"split_indices\":[0,",
            "\"split_indices\":[7,",
            "a feature that is not there",
        ),
        (
            &xgboost,
            "\"num_feature\":\"3\"",
            "\"num_feature\":\"99999999\"",
            "3 names of 99999999",
        ),
        (
            &catboost,
            "OneHotFeature",
            "OnlineCtr",
            "statistics of labels by category",
        ),
        (&catboost, "Logloss", "RMSE", "the loss function RMSE"),
        (
            &catboost,
            "\"oblivious_trees\"",
            "\"trees\"",
            "trees are not symmetric",
        ),
        (
            &catboost,
            "\"leaf_values\":[",
            "\"leaf_values\":[0,",
            "two to the power of its splits",
        ),
        (
            &catboost,
            "AsFalse",
            "Forbidden",
            "missing values treated Forbidden",
        ),
    ] {
        assert!(file.contains(from), "{from}");
        let churnctl = importing().file("model.txt", file.replace(from, to));
        import(&churnctl, &PROVED)
            .expect(ExitCode::BadInput)
            .says(says);
    }
}

/// Models of the real packages with their scores and contributions, made once.
pub(crate) fn foreign_models() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let python = std::env::var_os("MODELS_PYTHON")?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign_models");
        let _ = std::fs::remove_dir_all(&folder);
        let output = Command::new(&python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign_models.py"))
            .args([&folder, &PathBuf::from(fixture(""))])
            .output()
            .expect("run Python");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        Some(folder)
    });
    made.as_deref()
}

/// The models of the script, and those of XGBoost in both forms.
pub(crate) const MODELS: [(&str, &str, f64); 22] = [
    ("lightgbm-telco", "model.txt", 1e-6),
    ("lightgbm-made_up", "model.txt", 1e-6),
    ("lightgbm-codes", "model.txt", 1e-6),
    ("lightgbm-zeros", "model.txt", 1e-6),
    ("lightgbm-not-missing", "model.txt", 1e-6),
    ("lightgbm-forest", "model.txt", 1e-6),
    ("xgboost-telco", "model.json", 1e-5),
    ("xgboost-telco", "model.ubj", 1e-5),
    ("xgboost-made_up", "model.json", 1e-5),
    ("xgboost-made_up", "model.ubj", 1e-5),
    ("xgboost-dart", "model.json", 1e-5),
    ("xgboost-dart", "model.ubj", 1e-5),
    ("xgboost-forest", "model.json", 1e-5),
    ("xgboost-forest", "model.ubj", 1e-5),
    ("catboost-telco", "model.json", 1e-6),
    ("catboost-made_up", "model.json", 1e-6),
    ("catboost-zeros", "model.json", 1e-6),
    ("catboost-nan", "model.json", 1e-6),
    ("catboost-empty", "model.json", 1e-6),
    ("lightgbm-without-names", "model.txt", 1e-6),
    ("xgboost-without-names", "model.json", 1e-5),
    ("catboost-without-names", "model.json", 1e-6),
];

#[test]
fn models_of_the_real_packages_score_and_explain_as_there() {
    let Some(models) = foreign_models() else {
        return skipped("MODELS_PYTHON does not name a Python with lightgbm, xgboost and catboost");
    };
    for (name, file, limit) in MODELS {
        let folder = models.join(name);
        let path = |name: &str| folder.join(name).display().to_string();
        let churnctl = Churnctl::new();
        let (model, rows, scores) = (path(file), path("rows.csv"), path("scores.csv"));
        let args = [
            "model", "import", &model, "--parity", &rows, "--expect", &scores,
        ];
        let output = ["-o", "model.json", "--format", "json", "-q"];
        let run = churnctl.run(&[&args[..], &output].concat());
        let report = run.expect(ExitCode::Ok).json();
        let parity = &report["parity"];
        assert_eq!(parity["rows"], 10_000, "{name}");
        assert!(
            parity["largest_difference"].as_f64().expect("a number") <= limit,
            "{name}: {report}"
        );
        explains_alike(&churnctl, name, &folder, limit);
    }
}

/// Contributions of the first rows beside the package's.
pub(crate) fn explains_alike(churnctl: &Churnctl, name: &str, folder: &Path, limit: f64) {
    let theirs = std::fs::read(folder.join("shap.csv")).expect("contributions");
    let theirs = rows_of(&theirs);
    let rows = std::fs::read_to_string(folder.join("rows.csv")).expect("rows");
    // No value has a line break.
    let first: Vec<&str> = rows.lines().take(1 + theirs.len()).collect();
    std::fs::write(churnctl.path("first.csv"), first.join("\n") + "\n").expect("write");
    let count = theirs[0].len().to_string();
    let args = [
        "score",
        "first.csv",
        "--model",
        "model.json",
        "-o",
        "out.csv",
    ];
    churnctl
        .run(&[&args[..], &["--explain", &count]].concat())
        .expect(ExitCode::Ok);
    let ours = rows_of(&churnctl.read("out.csv"));
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        for at in 1..=theirs.len() {
            let feature = &ours[&format!("reason_{at}")];
            if feature.is_empty() {
                continue;
            }
            let difference = number(ours, &format!("contribution_{at}")) - number(theirs, feature);
            assert!(difference.abs() <= limit, "{name}: {feature} {difference}");
        }
    }
}
