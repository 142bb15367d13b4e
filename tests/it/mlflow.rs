//! MLflow: what a tracking server is told, once, and what is read from it; with a stub that can
//! fail anywhere, and with a real server where one is installed.

use std::path::Path;
use std::process::Stdio;

use churnctl::exit::ExitCode;

use crate::harness::Churnctl;
use crate::mlflow_stub::{MlflowStub, Trouble};
use crate::servers::eventually;

const TRAIN: [&str; 8] = [
    "train",
    "data.csv",
    "--label",
    "churn",
    "--positive",
    "Yes",
    "--model",
    "logistic",
];

fn example(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    std::fs::read(folder.join(name)).expect("read the example")
}

/// A folder with data, whose server is at this URL. A request may take half a second.
fn at(url: &str) -> Churnctl {
    Churnctl::new()
        .file("data.csv", example("telco_baseline.csv"))
        .env("MLFLOW_TRACKING_URI", url)
        .env("CHURNCTL_MLFLOW_DEADLINE", "500ms")
        .env("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567")
}

fn waiting(churnctl: &Churnctl) -> Vec<String> {
    let folder = churnctl.path("artifacts/mlflow");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut keys: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .collect();
    keys.sort();
    keys
}

/// A training that the server has not heard of, as the file it waits in.
fn untold() -> (String, Vec<u8>) {
    let churnctl = at("http://127.0.0.1:1");
    let run = churnctl.run(&TRAIN).expect(ExitCode::Ok);
    run.says("MLflow has not heard of this run")
        .says("churnctl mlflow sync");
    let keys = waiting(&churnctl);
    assert_eq!(keys.len(), 1, "{keys:?}");
    let name = format!("artifacts/mlflow/{}.json", keys[0]);
    (name.clone(), churnctl.read(&name))
}

#[track_caller]
fn is_told_once(stub: &MlflowStub) {
    let state = stub.state();
    assert_eq!(state.runs.len(), 1, "one run");
    let run = &state.runs[0];
    assert_eq!(run.status, "FINISHED");
    assert_eq!(run.datasets.len(), 1);
    for split in ["train", "validation", "test"] {
        for figure in ["roc_auc", "log_loss", "rows"] {
            let key = format!("{split}/{figure}");
            assert!(
                run.metrics.contains_key(&key),
                "{key} of {:?}",
                run.metrics.keys()
            );
        }
    }
    assert_eq!(state.files.len(), 4, "{:?}", state.files.keys());
    let model = &state.models["churn"];
    assert_eq!(model.versions.len(), 1);
    assert_eq!(model.aliases["champion"], "1");
}

#[test]
fn a_training_is_told_with_its_figures_files_and_version() {
    let stub = MlflowStub::start(Trouble::None);
    let churnctl = at(&stub.url());
    let run = churnctl
        .run(&[&TRAIN[..], &["--format", "json"]].concat())
        .expect(ExitCode::Ok);
    let report = run.json();
    run.says("tracked as ").says("has the alias champion");
    is_told_once(&stub);
    assert!(waiting(&churnctl).is_empty());
    {
        let state = stub.state();
        let run = &state.runs[0];
        assert_eq!(
            run.metrics["test/roc_auc"],
            report["metrics"]["test"]["roc_auc"]["value"]
        );
        assert_eq!(
            run.metrics["test/roc_auc_low"],
            report["metrics"]["test"]["roc_auc"]["low"]
        );
        assert_eq!(
            run.metrics["test/confusion_true_positives"],
            report["metrics"]["test"]["confusion"]["true_positives"]
                .as_f64()
                .expect("a number")
        );
        assert_eq!(run.parameters["seed"], "42");
        assert_eq!(run.tags["churnctl.model_version"], report["model_version"]);
        assert_eq!(
            run.tags["mlflow.source.git.commit"],
            "0123456789abcdef0123456789abcdef01234567"
        );
        let artifact = churnctl.read(report["artifact"].as_str().expect("a path"));
        assert_eq!(
            state.files["0/run0/artifacts/model/artifact.json"],
            artifact
        );
        let sha256 = churnctl::tracking::entry::sha256(&artifact);
        assert_eq!(run.tags["churnctl.artifact_sha256"], sha256);
        let version = &state.models["churn"].versions[0];
        assert_eq!(version.source, "mlflow-artifacts:/0/run0/artifacts/model");
        assert_eq!(version.run_id, "run0");
        let page = &state.files["0/run0/artifacts/train_report.html"];
        assert!(page.starts_with(b"<!"), "a page");
    }

    // The same again: a second run and version; the champion stays, and so does the alias.
    churnctl
        .run(&TRAIN)
        .expect(ExitCode::Ok)
        .says("version 2 in MLflow's registry");
    let state = stub.state();
    assert_eq!(
        (state.runs.len(), state.models["churn"].versions.len()),
        (2, 2)
    );
    assert_eq!(state.models["churn"].aliases["champion"], "1");
}

#[test]
fn a_check_is_told_with_its_scores_and_its_verdict_stays() {
    let stub = MlflowStub::start(Trouble::None);
    let churnctl = at(&stub.url()).file("now.csv", example("telco_shifted.csv"));
    let args = [
        "drift",
        "--baseline",
        "data.csv",
        "--current",
        "now.csv",
        "--format",
        "json",
    ];
    let report = churnctl.run(&args).expect(ExitCode::CheckFailed).json();
    {
        let state = stub.state();
        let run = &state.runs[0];
        assert_eq!(run.status, "FINISHED");
        assert_eq!(
            run.metrics["psi/contract"],
            report["psi_by_feature"]["contract"]
        );
        assert_eq!(run.metrics["overall_max_psi"], report["overall_max_psi"]);
        assert_eq!(run.tags["churnctl.status"], "FAIL");
        assert_eq!(state.experiments, ["churn"]);
        assert_eq!(state.files.len(), 2, "{:?}", state.files.keys());
    }
    // Away: the verdict is what it was.
    stub.trouble(Trouble::AwayFrom(0));
    let run = churnctl.run(&args).expect(ExitCode::CheckFailed);
    run.says("MLflow has not heard of this run");
    assert_eq!(waiting(&churnctl).len(), 1);
}

#[test]
fn wherever_the_server_goes_away_the_run_is_told_once() {
    let (name, text) = untold();
    let whole = MlflowStub::start(Trouble::None);
    at(&whole.url())
        .file(&name, &text)
        .run(&["mlflow", "sync"])
        .expect(ExitCode::Ok);
    is_told_once(&whole);
    let requests = whole.state().requests;
    assert!((10..30).contains(&requests), "{requests}");

    let mut troubles = Vec::new();
    for at in 0..requests {
        troubles.extend([Trouble::AwayFrom(at), Trouble::LosesAnswerOf(at)]);
    }
    std::thread::scope(|scope| {
        for share in troubles.chunks(troubles.len().div_ceil(4)) {
            let (name, text) = (&name, &text);
            scope.spawn(move || {
                for &trouble in share {
                    let stub = MlflowStub::start(trouble);
                    let churnctl = at(&stub.url()).file(name, text);
                    let run = churnctl.run(&["mlflow", "sync"]);
                    // Losing the last answer, or one that is asked for again, may end well.
                    let is_left = !waiting(&churnctl).is_empty();
                    let code = if is_left {
                        ExitCode::Unavailable
                    } else {
                        ExitCode::Ok
                    };
                    run.expect(code);
                    stub.trouble(Trouble::None);
                    churnctl.run(&["mlflow", "sync"]).expect(ExitCode::Ok);
                    is_told_once(&stub);
                    assert!(waiting(&churnctl).is_empty(), "{trouble:?}");
                    let before = stub.state().requests;
                    let third = churnctl.run(&["mlflow", "sync"]).expect(ExitCode::Ok);
                    assert!(third.stdout.contains("nothing waits"), "{third:?}");
                    assert_eq!(
                        stub.state().requests,
                        before,
                        "nothing is asked for nothing"
                    );
                }
            });
        }
    });
}

#[test]
fn wherever_the_process_is_killed_the_run_is_told_once() {
    let (name, text) = untold();
    for last in [1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13] {
        let stub = MlflowStub::start(Trouble::HangsAfter(last));
        let churnctl = at(&stub.url())
            .env("CHURNCTL_MLFLOW_DEADLINE", "60s")
            .file(&name, &text);
        let mut child = churnctl.spawn(&["mlflow", "sync"], Stdio::null());
        eventually("the request", || {
            (stub.state().requests > last).then_some(())
        });
        child.kill().expect("kill");
        child.wait().expect("wait");
        stub.trouble(Trouble::None);
        churnctl.run(&["mlflow", "sync"]).expect(ExitCode::Ok);
        is_told_once(&stub);
        assert!(waiting(&churnctl).is_empty());
    }
}

#[test]
fn what_comes_late_does_not_bring_an_old_champion_back() {
    let stub = MlflowStub::start(Trouble::AwayFrom(0));
    let churnctl = at(&stub.url());
    churnctl.run(&TRAIN).expect(ExitCode::Ok);
    let first = waiting(&churnctl);
    stub.trouble(Trouble::None);
    // The second one is told at once, and is the champion.
    let args = [&TRAIN[..], &["--promote", "always", "--seed", "7"]].concat();
    let run = churnctl.run(&args).expect(ExitCode::Ok);
    run.says("version 1 in MLflow's registry has the alias")
        .says("1 more of the kind wait");
    assert_eq!(waiting(&churnctl), first);
    let json = churnctl
        .run(&["mlflow", "sync", "--format", "json"])
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(json["runs"][0]["version"], "2");
    assert_eq!(json["runs"][0]["is_champion"], false);
    assert!(
        json["runs"][0]["note"]
            .as_str()
            .is_some_and(|note| note.contains("later"))
    );
    assert_eq!(stub.state().models["churn"].aliases["champion"], "1");

    // A rollback is a later decision than both.
    churnctl
        .run(&["train", "--rollback"])
        .expect(ExitCode::Ok)
        .says("version 2");
    assert_eq!(stub.state().models["churn"].aliases["champion"], "2");
}

#[test]
fn who_is_not_let_in_keeps_the_run_and_hears_why() {
    let stub = MlflowStub::start(Trouble::Wants("authorization: Bearer t0k3n"));
    let churnctl = at(&stub.url());
    let run = churnctl.run(&TRAIN).expect(ExitCode::Ok);
    run.says("401 Unauthorized").says("MLflow has not heard");
    churnctl
        .run(&["mlflow", "sync"])
        .expect(ExitCode::NotAllowed)
        .says("401 Unauthorized");
    let wrong = churnctl.env("MLFLOW_TRACKING_TOKEN", "canary");
    let run = wrong
        .run(&["mlflow", "sync", "-v"])
        .expect(ExitCode::NotAllowed);
    assert!(!run.stderr.contains("canary"), "{run:?}");
    let right = wrong.env("MLFLOW_TRACKING_TOKEN", "t0k3n");
    right.run(&["mlflow", "sync"]).expect(ExitCode::Ok);
    is_told_once(&stub);
    let half = right.env("MLFLOW_TRACKING_USERNAME", "ann");
    let run = half.run(&["mlflow", "sync"]).expect(ExitCode::BadSettings);
    run.says("MLFLOW_TRACKING_PASSWORD");
}

#[test]
fn a_run_that_was_deleted_meanwhile_is_not_made_again() {
    let (name, text) = untold();
    let stub = MlflowStub::start(Trouble::DeletesRun);
    let churnctl = at(&stub.url()).file(&name, &text);
    let run = churnctl.run(&["mlflow", "sync"]).expect(ExitCode::BadInput);
    run.says("run0 was deleted on the tracking server")
        .says("--drop");
    stub.trouble(Trouble::None);
    churnctl
        .run(&["mlflow", "sync"])
        .expect(ExitCode::BadInput)
        .says("run0 was deleted");
    assert_eq!(stub.state().runs.len(), 1);
    // Restored, it is filled; or else it is given up.
    stub.state().runs[0].is_deleted = false;
    churnctl.run(&["mlflow", "sync"]).expect(ExitCode::Ok);
    is_told_once(&stub);
    let other = at(&stub.url()).file(&name, &text);
    let key = &waiting(&other)[0];
    other
        .run(&["mlflow", "sync", "--drop", "nothing"])
        .expect(ExitCode::Usage)
        .says("no run");
    let run = other
        .run(&["mlflow", "sync", "--drop", key])
        .expect(ExitCode::Ok);
    assert!(run.stdout.contains("dropped"), "{run:?}");
    assert!(waiting(&other).is_empty());
}

#[test]
fn a_server_that_does_not_pass_artifacts_on_gets_no_half_run() {
    let (name, text) = untold();
    let stub = MlflowStub::start(Trouble::DoesNotProxy);
    let churnctl = at(&stub.url()).file(&name, &text);
    let run = churnctl
        .run(&["mlflow", "sync"])
        .expect(ExitCode::BadSettings);
    run.says("s3://bucket").says("--serve-artifacts");
    assert!(stub.state().runs.is_empty());
}

#[test]
fn a_damaged_run_does_not_keep_the_others_waiting() {
    let (name, text) = untold();
    let stub = MlflowStub::start(Trouble::None);
    let damaged =
        String::from_utf8(text.clone())
            .expect("UTF-8")
            .replacen("churn_risk", "churn_rosk", 1);
    let early = "artifacts/mlflow/20200101T000000.000Z-0000000000000000.json";
    let churnctl = at(&stub.url())
        .file(early, damaged)
        .file(
            "artifacts/mlflow/20200101T000000.000Z-0000000000000001.json",
            "{",
        )
        .file(&name, &text);
    let dry = churnctl
        .run(&["mlflow", "sync", "--dry-run"])
        .expect(ExitCode::Ok);
    assert_eq!(dry.stdout.matches("waits").count(), 3, "{dry:?}");
    let run = churnctl
        .run(&["mlflow", "sync", "--format", "json"])
        .expect(ExitCode::BadInput);
    let json = run.json();
    assert_eq!(json["runs"][2]["outcome"], "sent");
    assert_eq!(waiting(&churnctl).len(), 2);
    is_told_once(&stub);
}

#[test]
fn settings_that_name_no_server_are_refused_before_anything_is_done() {
    let churnctl = Churnctl::new().file("data.csv", example("telco_baseline.csv"));
    churnctl
        .run(&["mlflow", "sync"])
        .expect(ExitCode::BadSettings)
        .says("--tracking-uri");
    let args = [&TRAIN[..], &["--tracking-uri", "sqlite:///mlflow.db"]].concat();
    churnctl
        .run(&args)
        .expect(ExitCode::Usage)
        .says("not a URL of a tracking server");
    let churnctl = churnctl.env("MLFLOW_TRACKING_URI", "./mlruns");
    churnctl
        .run(&TRAIN)
        .expect(ExitCode::BadSettings)
        .says("MLFLOW_TRACKING_URI");
    assert!(!churnctl.path("artifacts").exists());
    let off = [&TRAIN[..], &["--tracking-uri", "none"]].concat();
    churnctl.run(&off).expect(ExitCode::Ok);
    assert!(!churnctl.path("artifacts/mlflow").exists());
    let shown = churnctl
        .env("MLFLOW_TRACKING_URI", "http://ann:canary@mlflow:5000")
        .run(&["config", "show"])
        .expect(ExitCode::Ok);
    assert!(!shown.stdout.contains("canary"), "{}", shown.stdout);
}

#[test]
fn scores_come_from_the_model_that_the_alias_names() {
    let stub = MlflowStub::start(Trouble::None);
    let churnctl = at(&stub.url()).file("new.csv", example("telco_stable.csv"));
    churnctl.run(&TRAIN).expect(ExitCode::Ok);
    let score =
        |model: &str| churnctl.run(&["score", "new.csv", "--model", model, "-o", "-", "-q"]);
    let own = score("artifacts/models/production_latest.json").expect(ExitCode::Ok);
    for model in [
        "models:/churn@champion",
        "models:/churn/1",
        "runs:/run0",
        "runs:/run0/model/artifact.json",
    ] {
        let run = score(model).expect(ExitCode::Ok);
        assert_eq!(run.stdout, own.stdout, "{model}");
    }
    for (model, says) in [
        (
            "models:/churn@staging",
            "no version of churn on the tracking server has the alias staging",
        ),
        ("models:/churn/9", "no version 9 of churn"),
        ("models:/other@champion", "no version of other"),
        ("runs:/run9", "no run run9"),
        ("runs:/run0/elsewhere", "has no artifact.json"),
        ("runs:/run0/train_report.json", "train_report.json"),
    ] {
        score(model).expect(ExitCode::BadInput).says(says);
    }
    score("models:/churn")
        .expect(ExitCode::Usage)
        .says("models:/NAME@ALIAS");
    stub.trouble(Trouble::SpoilsFiles);
    let spoilt = score("models:/churn@champion").expect(ExitCode::BadInput);
    spoilt.says("version 1 of churn is damaged").says("SHA-256");
    stub.trouble(Trouble::AwayFrom(0));
    score("models:/churn@champion").expect(ExitCode::Unavailable);
}
