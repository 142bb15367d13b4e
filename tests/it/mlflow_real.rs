//! A real tracking server (`mlflow` of PyPI, found by `MLFLOW_BIN` or on the path) with a SQLite
//! store, and what its own Python client sees of what we told it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, skipped};
use crate::mlflow_serve::{TRAIN, data, the_alias_moves_under_load};
use crate::servers::{free_address, http, installed};

/// How long the server may take until it answers: it makes its database first.
const PATIENCE: Duration = Duration::from_secs(180);

/// Prints what the server has, as one line of JSON.
const LOOK: &str = r"
import json, sys
import mlflow
client = mlflow.MlflowClient(sys.argv[1])
experiment = client.get_experiment_by_name('churn')
runs = client.search_runs([experiment.experiment_id], order_by=['attributes.start_time'])
versions = client.search_model_versions(filter_string='name=\'churn\'')
mlflow.set_tracking_uri(sys.argv[1])
info = mlflow.models.get_model_info('models:/churn@champion')
print(json.dumps({
    'runs': [{
        'name': run.info.run_name, 'status': run.info.status, 'metrics': run.data.metrics,
        'parameters': run.data.params, 'tags': run.data.tags,
        'datasets': [i.dataset.digest for i in run.inputs.dataset_inputs],
        'files': [file.path for file in client.list_artifacts(run.info.run_id)],
    } for run in runs],
    'versions': sorted(int(version.version) for version in versions),
    'champion': client.get_model_version_by_alias('churn', 'champion').version,
    'inputs': len(info.signature.inputs.inputs),
    'artifact': client.download_artifacts(runs[-1].info.run_id, 'model/artifact.json'),
}))
";

struct Real {
    program: PathBuf,
    folder: tempfile::TempDir,
    address: SocketAddr,
    child: Option<Child>,
}

impl Real {
    fn start() -> Option<Self> {
        let named = std::env::var_os("MLFLOW_BIN").map(PathBuf::from);
        let program = named.or_else(|| installed("mlflow"))?;
        let mut real = Self {
            program,
            folder: tempfile::tempdir().expect("a folder"),
            address: free_address(),
            child: None,
        };
        real.come_back().then_some(real)
    }

    /// Starts the server, again if need be, on the same address and store.
    fn come_back(&mut self) -> bool {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let log = std::fs::File::create(at("log")).expect("a log");
        let child = Command::new(&self.program)
            .arg("server")
            .args([
                "--backend-store-uri",
                &format!("sqlite:///{}", at("mlflow.db")),
            ])
            .args([
                "--artifacts-destination",
                &at("artifacts"),
                "--workers",
                "1",
            ])
            .args([
                "--host",
                "127.0.0.1",
                "--port",
                &self.address.port().to_string(),
            ])
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .env("DO_NOT_TRACK", "true")
            // Its workers for background jobs are many, and nothing of ours needs them.
            .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn();
        match child {
            Ok(child) => self.child = Some(child),
            Err(error) => {
                skipped(&format!("cannot run {}: {error}", self.program.display()));
                return false;
            }
        }
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if http(self.address, "GET", "/health", "").is_some_and(|(status, _)| status == 200) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(at("log")).unwrap_or_default();
        panic!("not ready after {PATIENCE:?}:\n{log}");
    }

    /// Ends the server and the workers that it started.
    fn go_away(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        // Its workers notice that it asked them to end; killed, it would leave them behind.
        let _ = Command::new("kill").arg(child.id().to_string()).status();
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(20) {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = child.kill();
        let _ = child.wait();
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn look(&self) -> Value {
        let folder: &Path = self.program.parent().expect("a folder");
        let output = Command::new(folder.join("python3"))
            .args(["-c", LOOK, &self.url()])
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .output()
            .expect("run Python");
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find(|line| line.starts_with('{'));
        let line = line.unwrap_or_else(|| {
            panic!("{}", String::from_utf8_lossy(&output.stderr));
        });
        serde_json::from_str(line).expect("JSON")
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        self.go_away();
    }
}

#[test]
fn a_real_server_shows_what_we_told_it() {
    let Some(mut real) = Real::start() else {
        return;
    };
    let churnctl = Churnctl::new()
        .file("data.csv", data())
        .env("MLFLOW_TRACKING_URI", &real.url());
    let report = churnctl.run(&[&TRAIN[..], &["--format", "json"]].concat());
    let report = report.expect(ExitCode::Ok).json();
    churnctl.run(&TRAIN).expect(ExitCode::Ok);
    let seen = real.look();
    let runs = seen["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2, "{runs:#?}");
    for run in runs {
        assert_eq!(run["status"], "FINISHED");
        let metrics = run["metrics"].as_object().expect("metrics");
        for (split, figures) in report["metrics"].as_object().expect("splits") {
            for (name, figure) in figures.as_object().expect("figures") {
                let key = format!("{split}/{name}");
                match figure {
                    Value::Number(number) => {
                        assert_eq!(metrics[&key].as_f64(), number.as_f64(), "{key}");
                    }
                    estimate if estimate["value"].is_number() => {
                        assert_eq!(metrics[&key], estimate["value"], "{key}");
                        assert_eq!(metrics[&format!("{key}_low")], estimate["low"], "{key}");
                    }
                    _ => {}
                }
            }
        }
        let files = run["files"].to_string();
        for file in ["model", "train_report.json", "train_report.html"] {
            assert!(files.contains(file), "{files}");
        }
        assert_eq!(run["datasets"].as_array().map(Vec::len), Some(1));
    }
    // The second training was a tie.
    assert_eq!(seen["versions"], serde_json::json!([1, 2]));
    assert_eq!(seen["champion"], "1");
    assert!(seen["inputs"].as_u64().is_some_and(|inputs| inputs > 10));
    let artifact = std::fs::read(seen["artifact"].as_str().expect("a path")).expect("read");
    assert_eq!(
        artifact,
        churnctl.read(report["artifact"].as_str().expect("a path"))
    );

    the_alias_moves_under_load(&churnctl, || {
        let second = ["--promote", "always", "--seed", "7"];
        churnctl
            .run(&[&TRAIN[..], &second].concat())
            .expect(ExitCode::Ok);
    });
    assert_eq!(real.look()["champion"], "3");

    // It ends while a training is at work.
    let mut child = churnctl.spawn(&TRAIN[..TRAIN.len() - 1], Stdio::null());
    real.go_away();
    let status = child.wait().expect("wait");
    assert_eq!(status.code(), Some(0));
    assert!(real.come_back());
    let json = churnctl
        .run(&["mlflow", "sync", "--format", "json"])
        .expect(ExitCode::Ok)
        .json();
    // On a fast machine the training may have been told before the server was gone.
    let sent = json["runs"].as_array().map_or(0, Vec::len);
    assert!(sent <= 1, "{json:#}");
    let again = churnctl
        .run(&["mlflow", "sync", "--format", "json"])
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(again["runs"], serde_json::json!([]));
    let seen = real.look();
    assert_eq!(
        seen["runs"].as_array().map(Vec::len),
        Some(4),
        "one run and no more"
    );
    assert_eq!(seen["versions"], serde_json::json!([1, 2, 3, 4]));
    assert_eq!(seen["champion"], "3");
}

/// A Python with the packages of models, which also finds MLflow's.
fn logs_models(real: &Real, folder: &Path) -> bool {
    let Some(python) = std::env::var_os("MODELS_PYTHON") else {
        skipped("MODELS_PYTHON does not name a Python with lightgbm, xgboost and skl2onnx");
        return false;
    };
    let beside = real.program.parent().expect("a folder").join("python3");
    let packages = Command::new(beside)
        .args([
            "-c",
            "import mlflow, pathlib; print(pathlib.Path(mlflow.__file__).parents[1])",
        ])
        .output()
        .expect("run Python");
    let packages = String::from_utf8_lossy(&packages.stdout).trim().to_owned();
    let output = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mlflow_models.py"))
        .arg(real.url())
        .arg(folder)
        .env("PYTHONPATH", packages)
        .env("MLFLOW_DISABLE_TELEMETRY", "true")
        .output()
        .expect("run Python");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    true
}

#[test]
fn models_that_mlflow_has_logged_are_imported() {
    let Some(real) = Real::start() else {
        return;
    };
    let churnctl = Churnctl::new().env("MLFLOW_TRACKING_URI", &real.url());
    if !logs_models(&real, &churnctl.path("")) {
        return;
    }
    let import = |model: &str, rows: &[&str]| {
        let args = [
            "model",
            "import",
            model,
            "-o",
            "model.json",
            "--format",
            "json",
            "-q",
        ];
        churnctl.run(&[&args[..], rows].concat())
    };
    for (model, name, format, limit) in [
        ("models:/lgb/1", "lgb", "LightGBM text", 1e-6),
        ("models:/lgb@champion", "lgb", "LightGBM text", 1e-6),
        ("models:/xgb/1", "xgb", "XGBoost UBJSON", 1e-5),
        ("models:/onx/1", "onx", "ONNX", 1e-5),
    ] {
        let (rows, scores) = (format!("{name}.csv"), format!("{name}_scores.csv"));
        let run = import(model, &["--parity", &rows, "--expect", &scores]);
        let report = run.expect(ExitCode::Ok).json();
        assert_eq!(
            (&report["format"], &report["parity"]["rows"]),
            (&format.into(), &1_000.into())
        );
        let largest = report["parity"]["largest_difference"]
            .as_f64()
            .expect("a number");
        assert!(largest <= limit, "{model}: {largest}");
        let file = churnctl.read_json("model.json")["body"]["imported"]["file"].clone();
        let file = file.as_str().expect("a name").to_owned();
        assert!(file.starts_with(&format!("{model} (model.")), "{file}");
    }
    // The rows of its input example, where there are no others.
    let report = import("models:/lgb/1", &["--expect", "lgb_example.csv"]);
    assert_eq!(report.expect(ExitCode::Ok).json()["parity"]["rows"], 5);
    let data = churnctl.read_json("model.json")["body"]["provenance"]["data"].clone();
    assert_eq!(
        data,
        serde_json::json!(["models:/lgb/1 (input_example.json)"])
    );
    import("models:/lgb/1", &["--expect", "xgb_example.csv"])
        .expect(ExitCode::BadInput)
        .says("the model does not score as LightGBM text does");
    import("models:/xgb/1", &["--expect", "xgb_example.csv"])
        .expect(ExitCode::BadInput)
        .says("version 1 of xgb was logged without an input example")
        .says("--parity ROWS.csv");
    for (model, says) in [
        (
            "models:/skl/1",
            "reading them would run whatever is in them",
        ),
        (
            "models:/lgb/7",
            "no version 7 of lgb on the tracking server",
        ),
        ("models:/lgb@gone", "has the alias gone"),
    ] {
        let run = import(
            model,
            &["--parity", "lgb.csv", "--expect", "lgb_scores.csv"],
        );
        run.expect(ExitCode::BadInput).says(says);
    }
    let run = import(
        "models:/skl/1",
        &["--parity", "lgb.csv", "--expect", "lgb_scores.csv"],
    );
    run.says("log an ONNX copy of it: mlflow.onnx.log_model");
    import(
        "models:/lgb",
        &["--parity", "lgb.csv", "--expect", "lgb_scores.csv"],
    )
    .expect(ExitCode::Usage)
    .says("is not of the form models:/NAME@ALIAS");
}
