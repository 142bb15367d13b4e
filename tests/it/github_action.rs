//! The composite action's script, as GitHub's runner would run it, on an OK, a FAIL and faults.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::harness::Churnctl;
use crate::servers::installed;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn example(name: &str) -> Vec<u8> {
    std::fs::read(root().join("examples/data").join(name)).expect("read the example")
}

fn folder() -> Churnctl {
    Churnctl::new()
        .file("baseline.csv", example("telco_baseline.csv"))
        .file("stable month.csv", example("telco_stable.csv"))
        .file("shifted.csv", example("telco_shifted.csv"))
}

/// Runs the script with these inputs, the others as in `action.yml`.
fn action(churnctl: &Churnctl, inputs: &[(&str, &str)]) -> Output {
    let binary = assert_cmd::cargo::cargo_bin!("churnctl")
        .display()
        .to_string();
    Command::new("bash")
        .arg(root().join(".github/actions/churnctl/run.sh"))
        .current_dir(churnctl.path(""))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GITHUB_STEP_SUMMARY", churnctl.path("summary.md"))
        .env("GITHUB_OUTPUT", churnctl.path("output"))
        .env("BINARY", binary)
        .env("REPORTS", "reports")
        .envs([("BASELINE", ""), ("CURRENT", ""), ("ARGUMENTS", "")])
        .envs([("FAIL_ON", "fail"), ("FOLDER", "k8s"), ("SOURCE", "")])
        .envs(inputs.iter().copied())
        .output()
        .expect("run bash")
}

fn annotations(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter(|line| line.starts_with("::"));
    lines.map(str::to_owned).collect()
}

fn text(churnctl: &Churnctl, name: &str) -> String {
    String::from_utf8(churnctl.read(name)).expect("UTF-8")
}

#[test]
fn a_drift_that_fails_shows_ten_annotations_worst_first_and_ends_with_two() {
    let churnctl = folder();
    let inputs = [
        ("CHECK", "drift"),
        ("BASELINE", "baseline.csv"),
        ("CURRENT", "shifted.csv"),
    ];
    let output = action(&churnctl, &inputs);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let shown = annotations(&output);
    assert_eq!(shown.len(), 10, "{shown:#?}");
    assert!(
        shown[0].starts_with("::error title=drift of churn%3A FAIL::contract PSI"),
        "{shown:#?}"
    );
    // Ten features fail and eight warn.
    assert!(
        shown[..9].iter().all(|line| line.starts_with("::error ")),
        "{shown:#?}"
    );
    assert!(shown[9].contains("title=and 9 more::"), "{shown:#?}");
    let report = churnctl.read_json("reports/report.json");
    assert_eq!(report["status"], "FAIL");
    assert!(text(&churnctl, "reports/junit.xml").contains("<testsuite"));
    assert!(text(&churnctl, "summary.md").contains("FAIL"));
    let outputs = text(&churnctl, "output");
    assert_eq!(outputs, "exit-code=2\nstatus=FAIL\nreports=reports\n");

    let never = [&inputs[..], &[("FAIL_ON", "never")]].concat();
    let output = action(&churnctl, &never);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(annotations(&output).len(), 10);
}

#[test]
fn a_drift_that_is_fine_shows_nothing_and_ends_with_zero() {
    let churnctl = folder();
    let output = action(
        &churnctl,
        &[
            ("CHECK", "drift"),
            ("BASELINE", "baseline.csv"),
            ("CURRENT", "'stable month.csv'"),
            ("ARGUMENTS", "--warn-psi 0.2 --exclude 'female'"),
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(annotations(&output), Vec::<String>::new());
    assert!(text(&churnctl, "output").contains("status=OK\n"));
}

#[test]
fn faults_are_annotations_and_never_two() {
    let churnctl = folder();
    let missing = action(
        &churnctl,
        &[
            ("CHECK", "drift"),
            ("BASELINE", "gone.csv"),
            ("CURRENT", "shifted.csv"),
        ],
    );
    assert_eq!(missing.status.code(), Some(74), "{missing:?}");
    assert!(
        annotations(&missing)[0].contains("exit code 74"),
        "{missing:?}"
    );
    let unknown = action(&churnctl, &[("CHECK", "drfit")]);
    assert_eq!(unknown.status.code(), Some(64), "{unknown:?}");
    let absent = action(
        &churnctl,
        &[("CHECK", "drift"), ("BINARY", "no-such-program")],
    );
    assert_eq!(absent.status.code(), Some(64), "{absent:?}");
    // What a pull request says is not a program.
    let hostile = [
        ("CHECK", "drift"),
        ("BASELINE", "$(touch hacked) `touch hacked`"),
        ("CURRENT", "; touch hacked"),
    ];
    let output = action(&churnctl, &hostile);
    assert_ne!(output.status.code(), Some(0));
    assert!(!churnctl.path("hacked").exists(), "{output:?}");
}

/// A release in a folder: an archive with a program that runs the one under test, and the list of checksums.
fn release(churnctl: &Churnctl, spoilt: bool) -> String {
    let target = match std::env::consts::ARCH {
        "aarch64" => "aarch64-unknown-linux-musl",
        _ => "x86_64-unknown-linux-musl",
    };
    let binary = assert_cmd::cargo::cargo_bin!("churnctl")
        .display()
        .to_string();
    let script = format!(
        "set -e; mkdir -p v9.9.9/churnctl-9.9.9-{target}; cd v9.9.9
        printf '#!/bin/sh\\nexec \"{binary}\" \"$@\"\\n' >churnctl-9.9.9-{target}/churnctl
        chmod 755 churnctl-9.9.9-{target}/churnctl
        tar -czf churnctl-9.9.9-{target}.tar.gz churnctl-9.9.9-{target}
        sha256sum churnctl-9.9.9-{target}.tar.gz >SHA256SUMS
        if {spoilt}; then echo more >>churnctl-9.9.9-{target}.tar.gz; fi"
    );
    let made = Command::new("bash")
        .args(["-c", &script])
        .current_dir(churnctl.path(""))
        .status();
    assert!(made.expect("bash").success());
    format!("file://{}", churnctl.path("").display())
}

#[test]
fn a_release_is_taken_by_its_checksum() {
    let inputs = [
        ("CHECK", "drift"),
        ("BASELINE", "baseline.csv"),
        ("CURRENT", "'stable month.csv'"),
        ("BINARY", "churnctl"),
        ("VERSION", "9.9.9"),
        // Nothing to build from: the verdict can come from the release alone.
        ("SOURCE", "/nowhere"),
    ];
    let run = |spoilt: bool| {
        let churnctl = folder();
        let releases = release(&churnctl, spoilt);
        let temporary = churnctl.path("runner").display().to_string();
        let more = [
            ("RELEASES", releases.as_str()),
            ("RUNNER_TEMP", temporary.as_str()),
            ("PATH", "/usr/bin:/bin"),
        ];
        action(&churnctl, &[&inputs[..], &more].concat())
    };
    let output = run(false);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = run(true);
    assert_eq!(output.status.code(), Some(65), "{output:?}");
    assert!(
        annotations(&output)[0].contains("the checksum of churnctl-9.9.9-"),
        "{output:?}"
    );
}

#[test]
fn manifests_are_compared_with_the_settings() {
    let churnctl = folder();
    churnctl
        .run(&["render-manifests", "--output-dir", "k8s"])
        .expect(churnctl::exit::ExitCode::Ok);
    let fresh = action(&churnctl, &[("CHECK", "manifests")]);
    assert_eq!(fresh.status.code(), Some(0), "{fresh:?}");
    let stale = action(
        &churnctl,
        &[
            ("CHECK", "manifests"),
            ("ARGUMENTS", "--set k8s.namespace=other"),
        ],
    );
    assert_eq!(stale.status.code(), Some(2), "{stale:?}");
    assert!(
        annotations(&stale)[0].contains("title=the manifests in k8s are stale"),
        "{stale:?}"
    );
}

#[test]
fn actionlint_finds_nothing_wrong_with_the_workflows() {
    let named = std::env::var_os("ACTIONLINT_BIN").map(PathBuf::from);
    let Some(program) = named.or_else(|| installed("actionlint")) else {
        return;
    };
    let workflows = root().join(".github/workflows");
    let mut files: Vec<PathBuf> = std::fs::read_dir(workflows)
        .expect("list")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.push(root().join("examples/github/churn-model.yml"));
    let output = Command::new(program).args(files).output().expect("run it");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

/// What a tag means changes, what a commit means does not.
#[test]
fn every_action_of_others_is_named_by_its_commit() {
    let workflows = std::fs::read_dir(root().join(".github/workflows")).expect("list");
    let mut files: Vec<PathBuf> = workflows.flatten().map(|entry| entry.path()).collect();
    files.push(root().join(".github/actions/churnctl/action.yml"));
    files.push(root().join("examples/github/churn-model.yml"));
    let mut named = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("read");
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
        {
            let Some((_, action)) = line.split_once("uses: ") else {
                continue;
            };
            // Ours has the version of the program that it installs.
            if action.starts_with("./") || action.starts_with("OWNER/churnctl/") {
                continue;
            }
            let (_, commit) = action.split_once('@').expect(action);
            let commit: String = commit.chars().take_while(char::is_ascii_hexdigit).collect();
            assert_eq!(commit.len(), 40, "{}: {line}", file.display());
            named += 1;
        }
    }
    assert!(named > 10, "only {named}");
}
