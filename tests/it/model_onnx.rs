//! `churnctl model import` of ONNX: what skl2onnx and onnxmltools export scores here as onnxruntime scores it.

use std::path::{Path, PathBuf};
use std::process::Command;

use churnctl::exit::ExitCode;

use crate::harness::{Churnctl, fixture, skipped};
use crate::model::explains_alike;

fn corpus(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/onnx");
    std::fs::read(folder.join(name)).expect(name)
}

/// Imports a model with rows of the columns of the corpus.
fn import(model: &[u8], rows: &str, scores: &str) -> crate::harness::Run {
    let churnctl = Churnctl::new()
        .file("model.onnx", model)
        .file("rows.csv", rows)
        .file("scores.csv", scores);
    churnctl.run(&[
        "model",
        "import",
        "model.onnx",
        "--parity",
        "rows.csv",
        "--expect",
        "scores.csv",
        "-o",
        "m.json",
    ])
}

const ROWS: &str = "a,b,c\n0.5,1,w\n,2,x\n-1.25,4,\n2,0,y\n";

/// The bytes with one text in place of another of the same length, wherever it stands.
fn replaced(model: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = model.to_vec();
    let mut found = 0;
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "{from}");
    bytes
}

#[test]
fn a_pipeline_scores_missing_values_and_unknown_texts_as_onnxruntime_does() {
    // onnxruntime 1.32.0: InferenceSession(name).run(None, columns)[1] of the same rows; the text of a
    // missing `c` is "nan" there.
    for (name, scores) in [
        (
            "logistic.onnx",
            [0.402_475_95, 0.950_461_4, 0.038_163_632, 0.998_453_2],
        ),
        (
            "boosting.onnx",
            [0.610_412_66, 0.610_412_66, 0.445_032_83, 0.519_826_77],
        ),
    ] {
        let lines: String = scores.iter().map(|score| format!("{score}\n")).collect();
        import(&corpus(name), ROWS, &format!("score\n{lines}"))
            .expect(ExitCode::Ok)
            .says("the proof has 4 rows only");
    }
}

#[test]
fn what_onnx_computes_otherwise_is_refused_by_name() {
    let (logistic, boosting) = (corpus("logistic.onnx"), corpus("boosting.onnx"));
    for (model, says) in [
        (
            replaced(&logistic, "Scaler", "Scalar"),
            "the operator Scalar in this place",
        ),
        (
            replaced(&logistic, "LinearClassifier", "SupportClassifie"),
            "the operator SupportClassifie",
        ),
        (
            replaced(&logistic, "LOGISTIC", "PROBITED"),
            "a linear model with outputs after PROBITED",
        ),
        (
            replaced(&boosting, "LOGISTIC", "PROBITED"),
            "outputs after PROBITED",
        ),
        (
            replaced(&boosting, "BRANCH_LEQ", "BRANCH_ODD"),
            "a split of the kind BRANCH_ODD",
        ),
        (
            replaced(&boosting, "nodes_truenodeids", "nodes_truenodeidx"),
            "its trees differ in length",
        ),
        (
            logistic[..logistic.len() - 9].to_vec(),
            "this is not a whole ONNX model",
        ),
        (
            replaced(&boosting, "ai.onnx.ml", "ai.onnx.xy"),
            "the operator TreeEnsembleClassifier in this place",
        ),
    ] {
        import(&model, ROWS, "score\n0.5\n0.5\n0.5\n0.5\n")
            .expect(ExitCode::BadInput)
            .says(says)
            .says("model.onnx");
    }
}

#[test]
fn double_precision_is_refused_with_the_way_to_export_it() {
    let mut model = corpus("logistic.onnx");
    // The input `a`: its name, then its type, whose first field is the kind of number (1, single; 11, double).
    let name = b"\x0a\x01a\x12";
    let inputs = model
        .windows(4)
        .rposition(|bytes| bytes == name)
        .expect("an input");
    let kind = model[inputs..]
        .windows(2)
        .position(|bytes| bytes == b"\x08\x01");
    model[inputs + kind.expect("a type") + 1] = 11;
    import(&model, ROWS, "score\n0.5\n0.5\n0.5\n0.5\n")
        .expect(ExitCode::BadInput)
        .says("an input in double precision cannot be imported")
        .says("export it in single precision: to_onnx(model, rows[:1].astype(np.float32))");
}

/// Models of the real packages, made once; none if the packages are not all there.
fn exported() -> Option<PathBuf> {
    let python = std::env::var_os("MODELS_PYTHON")?;
    let has = |packages: &str| {
        let output = Command::new(&python).args(["-c", packages]).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !has("import lightgbm, onnxmltools, onnxruntime, skl2onnx, xgboost") {
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("onnx_models");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let output = Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_models.py"))
        .args([&folder, &PathBuf::from(fixture(""))])
        .output()
        .expect("run Python");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    Some(folder)
}

/// The models of the script.
const MODELS: [&str; 12] = [
    "logistic-telco",
    "logistic-most-frequent",
    "logistic-drop-first",
    "forest-telco",
    "forest-rare",
    "extra-trees",
    "boosting-zeros",
    "hist-made_up",
    "lightgbm-pipeline",
    "lightgbm",
    "lightgbm-telco",
    "xgboost",
];

#[test]
fn pipelines_of_the_real_packages_score_and_explain_as_there() {
    let Some(models) = exported() else {
        return skipped(
            "MODELS_PYTHON does not name a Python with skl2onnx, onnxmltools and onnxruntime",
        );
    };
    for name in MODELS {
        let folder = models.join(name);
        let path = |name: &str| folder.join(name).display().to_string();
        let churnctl = Churnctl::new();
        let (model, rows, scores) = (path("model.onnx"), path("rows.csv"), path("scores.csv"));
        let mut args = vec![
            "model",
            "import",
            &model,
            "--parity",
            &rows,
            "--expect",
            &scores,
            "-o",
            "model.json",
            "--format",
            "json",
            "-q",
        ];
        // The rows that it has learned from: they count in its nodes.
        let learned = models.join(format!("{name}.csv")).display().to_string();
        if Path::new(&learned).exists() {
            args.extend(["--schema", &learned]);
        }
        let report = churnctl.run(&args).expect(ExitCode::Ok).json();
        let parity = &report["parity"];
        assert_eq!(parity["rows"], 10_000, "{name}");
        let largest = parity["largest_difference"].as_f64().expect("a number");
        assert!(largest <= 1e-5, "{name}: {report}");
        if folder.join("shap.csv").exists() {
            explains_alike(&churnctl, name, &folder, 1e-6);
        }
    }
}
