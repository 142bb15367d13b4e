//! The DVC pipeline of `examples/dvc/`, run by `dvc` of PyPI (found by `DVC_BIN` or on the path).

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::Churnctl;
use crate::servers::installed;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a program in the folder and returns what it prints.
fn run(churnctl: &Churnctl, program: &Path, args: &[&str]) -> String {
    let binary = assert_cmd::cargo::cargo_bin!("churnctl");
    let own = binary.parent().expect("a folder").to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(own).chain(std::env::split_paths(&path));
    let output = Command::new(program)
        .args(args)
        .current_dir(churnctl.path(""))
        .env("PATH", std::env::join_paths(path).expect("a path"))
        .env("HOME", churnctl.path(""))
        .env("DVC_NO_ANALYTICS", "1")
        // Those of the tests are unknown to the program that it runs.
        .env_remove("CHURNCTL_REQUIRE")
        .env_remove("CHURNCTL_TEST_FULL")
        .output()
        .expect("run it");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{args:?}:\n{stdout}\n{stderr}");
    stdout + &stderr
}

#[test]
fn a_clean_copy_runs_once_and_shows_our_figures() {
    let named = std::env::var_os("DVC_BIN").map(PathBuf::from);
    let Some(dvc) = named.or_else(|| installed("dvc")) else {
        return;
    };
    let (Some(git), Some(_)) = (installed("git"), installed("jq")) else {
        return;
    };
    let mut churnctl = Churnctl::new();
    for name in ["dvc.yaml", "params.yaml", ".gitignore"] {
        let path = root().join("examples/dvc").join(name);
        churnctl = churnctl.file(name, std::fs::read(path).expect("read the example"));
    }
    for (name, to) in [
        ("telco_baseline.csv", "training"),
        ("telco_shifted.csv", "current"),
    ] {
        let path = root().join("examples/data").join(name);
        let name = format!("data/{to}.csv");
        churnctl = churnctl.file(&name, std::fs::read(path).expect("read the example"));
    }
    run(&churnctl, &git, &["init", "-q"]);
    run(&churnctl, &dvc, &["init", "-q"]);
    let first = run(&churnctl, &dvc, &["repro"]);
    assert_eq!(first.matches("Running stage").count(), 3, "{first}");
    let second = run(&churnctl, &dvc, &["repro"]);
    assert_eq!(second.matches("Running stage").count(), 0, "{second}");
    assert_eq!(
        second.matches("didn't change, skipping").count(),
        3,
        "{second}"
    );

    let shown = run(&churnctl, &dvc, &["metrics", "show", "--json"]);
    let line = shown
        .lines()
        .find(|line| line.starts_with('{'))
        .expect("JSON");
    let shown: Value = serde_json::from_str(line).expect("JSON");
    let data = &shown[""]["data"];
    let figures = |name: &str| &data[name]["data"];
    for name in ["artifacts/metrics/train_latest.json", "reports/drift.json"] {
        // All but the lists, which are not metrics to DVC.
        let (shown, own) = (figures(name), churnctl.read_json(name));
        let shown = shown.as_object().expect("an object");
        assert!(shown.len() > 8, "{name}: {shown:?}");
        for (key, value) in shown.iter().filter(|(_, value)| !value.is_object()) {
            assert_eq!(*value, own[key], "{name}: {key}");
        }
    }

    let roc_auc = |document: &Value| document["metrics"]["test"]["roc_auc"]["value"].clone();
    let name = "artifacts/metrics/train_latest.json";
    assert_eq!(roc_auc(figures(name)), roc_auc(&churnctl.read_json(name)));
    let psi = |document: &Value| document["psi_by_feature"]["contract"].clone();
    let name = "reports/drift.json";
    assert_eq!(psi(figures(name)), psi(&churnctl.read_json(name)));

    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    run(&churnctl, &git, &["add", "."]);
    run(
        &churnctl,
        &git,
        &[&identity[..], &["commit", "-qm", "one"]].concat(),
    );
    let changed = String::from_utf8(churnctl.read("params.yaml")).expect("UTF-8");
    let changed = changed.replace("seed: 42", "seed: 7");
    std::fs::write(churnctl.path("params.yaml"), changed).expect("write");
    let third = run(&churnctl, &dvc, &["repro"]);
    assert_eq!(third.matches("Running stage").count(), 3, "{third}");
    let diff = run(&churnctl, &dvc, &["metrics", "diff"]);
    assert!(diff.contains("metrics.test.roc_auc.value"), "{diff}");
    run(&churnctl, &dvc, &["plots", "show"]);
    let page = churnctl.read("dvc_plots/index.html");
    let page = String::from_utf8(page).expect("UTF-8");
    for name in ["contract", "log_loss_increase", "true_positive_rate"] {
        assert!(page.contains(name), "{name}");
    }
}
