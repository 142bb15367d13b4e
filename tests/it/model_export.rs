//! `churnctl model export`: what is written scores in LightGBM and PostgreSQL as the model does here.

use std::path::Path;
use std::process::Command;

use churnctl::exit::ExitCode;
use churnctl::model::artifact::Artifact;
use churnctl::model::score::Scorer;
use churnctl::model::store;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Run, Table, skipped};
use crate::model::{MODELS, foreign_models};
use crate::models::{PRODUCTION, customers, number, rows_of, train};
use crate::schemas::{expect_refused, expect_strict, schema};

/// Customers of whom a tenth lacks a value in each column, and a few have a plan that is rare.
fn gaps(rows: usize, seed: u64) -> Table {
    let table = rows_of(customers(rows, seed).csv().as_bytes());
    let value = |name: &str, step: usize| -> Vec<String> {
        let values = table.iter().enumerate();
        values
            .map(|(at, row)| match (at + step) % 10 {
                0 => String::new(),
                1 if name == "plan" && at % 50 == 1 => format!("rare {}", at / 50 % 9),
                // Few digits: single precision has them all.
                _ if name == "noise" => format!("{:.2}", number(row, name)),
                _ => row[name].clone(),
            })
            .collect()
    };
    Table::default()
        .with("all visits", value("visits", 0))
        .with("noise", value("noise", 3))
        .with("plan", value("plan", 6))
        .with("churn", table.iter().map(|row| row["churn"].clone()))
}

/// A folder with a model of this learner in production, and other rows.
fn trained(learner: &str) -> Churnctl {
    let churnctl = Churnctl::new()
        .table("data.csv", &gaps(1_500, 1))
        .table("rows.csv", &gaps(1_000, 2));
    train(&churnctl, &["--model", learner, "-q"]).expect(ExitCode::Ok);
    churnctl
}

fn export(churnctl: &Churnctl, format: &str, parity: &str) -> Run {
    let words = ["model", "export", "--format", format, "-o", "out"];
    churnctl.run(&[&words[..], &["--parity", parity]].concat())
}

/// The scores of `rows.csv` by the model itself.
fn own_scores(churnctl: &Churnctl) -> Vec<f64> {
    let args = ["score", "rows.csv", "--model", PRODUCTION, "-o", "own.csv"];
    churnctl.run(&args).expect(ExitCode::Ok);
    let rows = rows_of(&churnctl.read("own.csv"));
    rows.iter().map(|row| number(row, "churn_risk")).collect()
}

#[track_caller]
fn assert_alike(ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    for (row, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((ours - theirs).abs() < 1e-12, "row {row}: {ours} {theirs}");
    }
}

#[test]
fn what_a_format_cannot_express_is_refused_by_name() {
    let churnctl = trained("logistic");
    export(&churnctl, "lightgbm", "rows.csv")
        .expect(ExitCode::BadInput)
        .says("a logistic regression cannot be written as a model of LightGBM")
        .says("sql:postgres");
    export(&churnctl, "onxx", "rows.csv")
        .expect(ExitCode::Usage)
        .says("lightgbm, onnx, sql:postgres");
    export(&churnctl, "sql:postgres", "-").expect(ExitCode::Usage);
    churnctl
        .run(&["model", "export", "--format", "lightgbm", "-o", "out"])
        .expect(ExitCode::Usage)
        .says("--parity");
    // Nothing to prove it with.
    let empty = churnctl.file("empty.csv", "all visits,noise,plan\n");
    export(&empty, "sql:postgres", "empty.csv").expect(ExitCode::BadInput);
    assert!(!empty.path("out").exists());
    export(&empty, "sql:postgres", "rows.csv")
        .expect(ExitCode::Ok)
        .says("no PostgreSQL has run the statement");
    let sql = String::from_utf8(empty.read("out")).expect("text");
    assert!(sql.contains("FROM customers AS data"), "{sql}");
    // The model and the rows are not written over.
    let onto = ["model", "export", "--format", "lightgbm", "-o", PRODUCTION];
    let onto = [&onto[..], &["--parity", "rows.csv"]].concat();
    empty.run(&onto).expect(ExitCode::Usage);
    empty
        .run(&[&onto[..], &[PRODUCTION]].concat())
        .expect(ExitCode::Usage);
}

#[test]
fn the_production_model_can_be_named_by_its_file() {
    let churnctl = trained("logistic");
    let words = ["model", "export", PRODUCTION, "--format", "onnx"];
    let words = [&words[..], &["--parity", "rows.csv", "-o", "out"]].concat();
    churnctl.run(&words).expect(ExitCode::Ok);
}

#[test]
fn an_export_to_lightgbm_can_be_imported_again() {
    let churnctl = trained("trees");
    let run = export(&churnctl, "lightgbm", "rows.csv").expect(ExitCode::Ok);
    assert!(run.stdout.contains("1000 rows score alike"), "{run:#?}");
    let scores = own_scores(&churnctl);
    let lines: String = scores.iter().map(|score| format!("{score}\n")).collect();
    // Where missing plans are told from unknown ones, they are a category by themselves.
    let filled = run.stderr.contains("plan: the model tells missing values");
    let rows = String::from_utf8(churnctl.read("rows.csv")).expect("text");
    let rows: String = match filled {
        false => rows,
        true => rows.lines().map(fill).collect(),
    };
    let churnctl = churnctl
        .file("scores.csv", format!("score\n{lines}"))
        .file("filled.csv", rows);
    let import = ["model", "import", "out", "--parity", "filled.csv"];
    churnctl
        .run(&[&import[..], &["--expect", "scores.csv", "-o", "back.json"]].concat())
        .expect(ExitCode::Ok);
}

/// A line of the rows with its missing plan filled in.
fn fill(line: &str) -> String {
    let mut values: Vec<&str> = line.split(',').collect();
    if values[2].is_empty() {
        values[2] = "(missing)";
    }
    format!("{}\n", values.join(","))
}

#[test]
fn lightgbm_itself_scores_an_export_as_the_model_does() {
    let Some(python) = std::env::var_os("MODELS_PYTHON") else {
        return skipped("MODELS_PYTHON does not name a Python with lightgbm");
    };
    let churnctl = trained("trees");
    let run = export(&churnctl, "lightgbm", "rows.csv").expect(ExitCode::Ok);
    let filled = match run.stderr.contains("plan: the model tells missing values") {
        true => "plan",
        false => "",
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export_scores.py");
    let paths = ["out", "rows.csv", "scores.csv"].map(|name| churnctl.path(name));
    let output = Command::new(python)
        .arg(script)
        .args(paths)
        .arg(filled)
        .output()
        .expect("run Python");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let rows = rows_of(&churnctl.read("scores.csv"));
    let theirs: Vec<f64> = rows.iter().map(|row| number(row, "score")).collect();
    assert_alike(&own_scores(&churnctl), &theirs);
}

/// Scores `rows.csv` by what was exported as ONNX, in onnxruntime; also the labels.
fn by_onnxruntime(churnctl: &Churnctl) -> Option<(Vec<f64>, Vec<f64>)> {
    let Some(python) = std::env::var_os("MODELS_PYTHON") else {
        skipped("MODELS_PYTHON does not name a Python with onnxruntime");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export_onnx_scores.py");
    let paths = ["out", "rows.csv", "scores.csv"].map(|name| churnctl.path(name));
    let output = Command::new(python).arg(script).args(paths).output();
    let output = output.expect("run Python");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let rows = rows_of(&churnctl.read("scores.csv"));
    let column = |name: &str| rows.iter().map(|row| number(row, name)).collect();
    Some((column("score"), column("label")))
}

/// Imports what was exported, and scores `rows.csv` with it.
fn imported_again(churnctl: &Churnctl, scores: &[f64]) -> Vec<f64> {
    let lines: String = scores.iter().map(|score| format!("{score}\n")).collect();
    std::fs::write(churnctl.path("own.csv"), format!("score\n{lines}")).expect("write");
    let import = ["model", "import", "out", "--parity", "rows.csv"];
    churnctl
        .run(
            &[
                &import[..],
                &["--expect", "own.csv", "-o", "back.json", "-q"],
            ]
            .concat(),
        )
        .expect(ExitCode::Ok);
    let args = [
        "score",
        "rows.csv",
        "--model",
        "back.json",
        "-o",
        "back.csv",
    ];
    churnctl.run(&args).expect(ExitCode::Ok);
    let rows = rows_of(&churnctl.read("back.csv"));
    rows.iter().map(|row| number(row, "churn_risk")).collect()
}

/// A folder with a model of this learner in production, calibrated like this, and 10,000 other rows.
fn calibrated(learner: &str, calibration: &Value) -> Churnctl {
    let churnctl = trained(learner).table("rows.csv", &gaps(10_000, 2));
    let mut artifact: Artifact =
        serde_json::from_slice(&churnctl.read(PRODUCTION)).expect("an artifact");
    let body = &mut artifact.body;
    body.calibration = serde_json::from_value(calibration.clone()).expect("a calibration");
    let scorer = Scorer::new(body).expect("a model");
    let scores = scorer.examples(&body.examples).expect("scores");
    for (example, score) in body.examples.iter_mut().zip(scores) {
        example.score = score;
    }
    let sealed = store::seal(&artifact.name, artifact.body, &artifact.created_at, "0.1.0");
    churnctl.file(PRODUCTION, store::to_json(&sealed.expect("an artifact")))
}

#[test]
fn onnxruntime_scores_an_export_as_the_model_does_and_it_can_be_imported_again() {
    let isotonic = json!({
        "method": "isotonic",
        "log_odds": [-3.0, -1.0, -0.999_999, 0.25, 2.0],
        "probability": [0.02, 0.1, 0.3, 0.5, 0.97],
    });
    let platt = json!({ "method": "platt", "slope": 0.8, "intercept": -0.1 });
    for learner in ["logistic", "trees"] {
        for calibration in [&json!({ "method": "none" }), &platt, &isotonic] {
            let churnctl = calibrated(learner, calibration);
            let run = export(&churnctl, "onnx", "rows.csv").expect(ExitCode::Ok);
            let said = "10000 rows score alike, read back as a graph of ONNX";
            assert!(run.stdout.contains(said), "{run:#?}");
            let own = own_scores(&churnctl);
            assert_alike(&own, &imported_again(&churnctl, &own));
            let Some((theirs, labels)) = by_onnxruntime(&churnctl) else {
                return;
            };
            assert_alike(&own, &theirs);
            let threshold = churnctl.read_json(PRODUCTION)["body"]["threshold"].as_f64();
            let threshold = threshold.expect("a threshold");
            for (score, label) in own.iter().zip(labels) {
                // On the threshold itself the last digit decides.
                let is_on = (score - threshold).abs() < 1e-9;
                assert!(is_on || (label == 1.0) == (*score >= threshold), "{score}");
            }
        }
    }
}

#[test]
fn models_of_the_real_packages_are_exported_to_onnxruntime() {
    let Some(models) = foreign_models() else {
        return skipped("MODELS_PYTHON does not name a Python with lightgbm, xgboost and catboost");
    };
    // UBJSON says what JSON does.
    for (name, file, _) in MODELS.iter().filter(|(_, file, _)| *file != "model.ubj") {
        let path = |name: &str| models.join(name).display().to_string();
        let [model, rows, scores] =
            [file, "rows.csv", "scores.csv"].map(|of| path(&format!("{name}/{of}")));
        let rows_text = std::fs::read(&rows).expect("rows");
        let churnctl = Churnctl::new().file("rows.csv", rows_text);
        let args = [
            "model", "import", &model, "--parity", &rows, "--expect", &scores,
        ];
        let run = churnctl.run(&[&args[..], &["-o", PRODUCTION, "-q"]].concat());
        run.expect(ExitCode::Ok);
        let run = export(&churnctl, "onnx", "rows.csv");
        if run.code == Some(65) {
            let says = "a feature whose zeros are missing cannot be written as a graph of ONNX";
            assert!(
                *name == "lightgbm-zeros" && run.stderr.contains(says),
                "{name}: {run:#?}"
            );
            continue;
        }
        run.expect(ExitCode::Ok);
        let (theirs, _) = by_onnxruntime(&churnctl).expect("onnxruntime is beside the packages");
        let own = own_scores(&churnctl);
        let largest = own
            .iter()
            .zip(&theirs)
            .map(|(own, theirs)| (own - theirs).abs());
        let largest = largest.fold(0.0, f64::max);
        assert!(largest < 1e-12, "{name}: {largest}");
    }
}

#[test]
fn an_export_says_in_json_what_it_has_proved() {
    let churnctl = trained("trees");
    let words = ["model", "export", "--format", "onnx", "-o", "out", "--json"];
    let run = churnctl.run(&[&words[..], &["--parity", "rows.csv", "-q"]].concat());
    let document = run.expect(ExitCode::Ok).json();
    expect_strict(&schema("model_export"), &document);
    assert_eq!(document["format"], "onnx");
    assert_eq!(document["rows"], 1_000);
    for (pointer, to) in [
        ("/largest_difference", json!(1e-5)),
        ("/format", json!("pickle")),
        ("/proved_by", Value::Null),
    ] {
        expect_refused(&schema("model_export"), &document, pointer, to);
    }
}

#[test]
fn an_older_score_in_the_table_is_not_there_twice() {
    let rows = gaps(200, 3).with("churn_risk", (0..200).map(|_| "0.5"));
    let churnctl = trained("trees").table("rows.csv", &rows);
    export(&churnctl, "sql:postgres", "rows.csv").expect(ExitCode::Ok);
    let sql = String::from_utf8(churnctl.read("out")).expect("text");
    let selects = "SELECT data.\"all visits\", data.\"noise\", data.\"plan\", data.\"churn\", score.\"churn_risk\"\nFROM";
    assert!(sql.contains(selects), "{sql}");
}

#[cfg(feature = "postgres")]
mod in_postgres {
    use super::{assert_alike, export, own_scores, trained};
    use crate::databases::Database as _;
    use crate::harness::Churnctl;
    use crate::postgres::Cluster;
    use churnctl::exit::ExitCode;

    const COLUMNS: &str = "\"all visits\" double precision, noise real, plan text, churn text";

    /// Loads the rows, in their order.
    fn load(cluster: &Cluster, churnctl: &Churnctl, table: &str) {
        let path = churnctl.path("rows.csv");
        cluster.sql(&format!("create table {table} ({COLUMNS}, at serial)"));
        let columns = "\"all visits\", noise, plan, churn";
        cluster.sql(&format!(
            "\\copy {table} ({columns}) from '{}' with (format csv, header)",
            path.display()
        ));
    }

    #[test]
    fn postgresql_scores_as_the_model_does() {
        let Some(cluster) = Cluster::start() else {
            return;
        };
        for learner in ["logistic", "trees"] {
            let churnctl = trained(learner);
            let table = format!("shop_{learner}");
            load(&cluster, &churnctl, &table);
            let address = cluster.address(&format!("table={table}"));
            let run = export(&churnctl, "sql:postgres", &address).expect(ExitCode::Ok);
            let said = "1000 rows score alike, computed by this PostgreSQL";
            assert!(run.stdout.contains(said), "{run:#?}");
            // The file as it is, by the server's own client.
            let sql = String::from_utf8(churnctl.read("out")).expect("text");
            let sql = format!("select s.churn_risk from (\n{sql}) as s order by s.at");
            let theirs: Vec<f64> = cluster
                .sql(&sql)
                .lines()
                .map(|line| line.parse().expect("a score"))
                .collect();
            assert_alike(&own_scores(&churnctl), &theirs);
        }
    }

    /// Trees of one split each, and the log-odds of a row as their text has them.
    fn stumps(count: usize, names: [&str; 3]) -> (String, impl Fn([f64; 3]) -> f64) {
        let split = |tree: usize| (tree % 3, (tree * 37 % 1_000) as f64 / 1_000.0);
        let head = format!(
            "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=2\n\
             objective=binary sigmoid:1\nfeature_names={}\nfeature_infos=[0:1] [0:1] [0:1]\n\n",
            names.join(" ")
        );
        let trees = (0..count).map(|tree| {
            let (feature, threshold) = split(tree);
            format!(
                "Tree={tree}\nnum_leaves=2\nnum_cat=0\nsplit_feature={feature}\nsplit_gain=1\nthreshold={threshold}\n\
                 decision_type=2\nleft_child=-1\nright_child=-2\nleaf_value=-0.001 0.002\nleaf_weight=1 1\n\
                 leaf_count=1 1\ninternal_value=0\ninternal_weight=2\ninternal_count=2\nis_linear=0\nshrinkage=1\n\n\n"
            )
        });
        let text = format!("{head}{}end of trees\n", trees.collect::<String>());
        let log_odds = move |row: [f64; 3]| {
            let leaves = (0..count).map(|tree| {
                let (feature, threshold) = split(tree);
                if row[feature] <= threshold {
                    -0.001
                } else {
                    0.002
                }
            });
            leaves.sum()
        };
        (text, log_odds)
    }

    /// A subquery of PostgreSQL holds 1,664 columns, and a plan that remembers rows makes one of each comparison; and a
    /// table may have columns that are called as the statement calls its own.
    #[test]
    fn a_model_of_many_comparisons_scores_in_postgresql_whatever_its_columns_are_called() {
        let Some(cluster) = Cluster::start() else {
            return;
        };
        let (model, log_odds) = stumps(2_000, ["f0", "t0", "z"]);
        let (mut rows, mut scores) = ("f0,t0,z\n".to_owned(), "score\n".to_owned());
        for row in 0..500 {
            let [a, b, c] = [7, 11, 13].map(|step| f64::from(row * step % 101) / 100.0);
            rows += &format!("{a},{b},{c}\n");
            scores += &format!("{}\n", 1.0 / (1.0 + f64::exp(-log_odds([a, b, c]))));
        }
        let churnctl = Churnctl::new()
            .file("model.txt", model)
            .file("rows.csv", rows)
            .file("scores.csv", scores);
        let proof = [
            "--schema",
            "rows.csv",
            "--parity",
            "rows.csv",
            "--expect",
            "scores.csv",
        ];
        let import = [
            "model",
            "import",
            "model.txt",
            "-o",
            crate::models::PRODUCTION,
        ];
        churnctl
            .run(&[&import[..], &proof].concat())
            .expect(ExitCode::Ok);
        cluster.sql("create table many (f0 float8, t0 float8, z float8)");
        let path = churnctl.path("rows.csv");
        cluster.sql(&format!(
            "\\copy many from '{}' with (format csv, header)",
            path.display()
        ));
        let address = cluster.address("table=many");
        let run = export(&churnctl, "sql:postgres", &address).expect(ExitCode::Ok);
        let said = "500 rows score alike, computed by this PostgreSQL";
        assert!(run.stdout.starts_with(said), "{run:#?}");
    }

    #[test]
    fn a_table_that_spells_otherwise_is_no_proof() {
        let Some(cluster) = Cluster::start() else {
            return;
        };
        let churnctl = trained("logistic");
        load(&cluster, &churnctl, "shop");
        // A number that has become a text is none, whatever the model would say.
        cluster.sql("alter table shop alter noise type text using 'x' || noise");
        let address = cluster.address("table=shop");
        let run = export(&churnctl, "sql:postgres", &address).expect(ExitCode::BadInput);
        assert!(run.stderr.contains("double precision"), "{run:#?}");
        assert!(!churnctl.path("out").exists());
    }
}
