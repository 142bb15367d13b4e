//! `churnctl demo`, from an empty folder to the page.

use std::time::{Duration, Instant};

use churnctl::exit::ExitCode;

use crate::harness::Churnctl;

/// The words behind each `$ churnctl` of the output.
fn commands(stdout: &str) -> Vec<&str> {
    let lines = stdout.lines();
    lines
        .filter_map(|line| line.strip_prefix("$ churnctl "))
        .collect()
}

#[test]
fn the_whole_story_runs_and_each_command_does_what_it_shows() {
    let here = Churnctl::new().env("PATH", "/usr/bin:/bin");
    let begin = Instant::now();
    let run = here.run(&["demo", "--dir", "tour"]).expect(ExitCode::Ok);
    // Ten seconds are promised of a release build; this one is not optimised, on a machine that is busy.
    assert!(
        begin.elapsed() < Duration::from_secs(60),
        "{:?}",
        begin.elapsed()
    );
    let shown = commands(&run.stdout);
    let names: Vec<_> = shown
        .iter()
        .filter_map(|words| words.split(' ').next())
        .collect();
    assert_eq!(names, ["train", "drift", "drift", "score", "alerts"]);
    // Verdicts of examples/data/README.md: the stable month is OK, of the shifted one `contract` is the worst.
    for said in [
        "\nOK  none of 19 features drifted",
        "\nFAIL  10 of 19 features drifted",
        "contract PSI 1.170",
        "PROMOTED",
    ] {
        assert!(
            run.stdout.contains(said),
            "{said:?} is not in\n{}",
            run.stdout
        );
    }
    let page = String::from_utf8(here.read("tour/drift.html")).expect("UTF-8");
    assert!(page.contains("contract") && run.stdout.contains("tour/drift.html"));

    // What is shown is what was run: the same words give the same verdicts once more.
    for (words, code) in [(shown[1], ExitCode::Ok), (shown[2], ExitCode::CheckFailed)] {
        let mut command = here.command(&words.split(' ').collect::<Vec<_>>());
        let output = command
            .current_dir(here.path("tour"))
            .output()
            .expect("run");
        let again = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(output.status.code(), Some(i32::from(code.code())));
        assert!(
            run.stdout.contains(&again),
            "{again}\nis not in\n{}",
            run.stdout
        );
    }
}

#[test]
fn without_promtool_the_rule_is_listed() {
    let here = Churnctl::new().env("PATH", "/nowhere");
    let run = here.run(&["demo", "--dir", "tour"]).expect(ExitCode::Ok);
    assert_eq!(
        commands(&run.stdout).last(),
        Some(&"alerts list alerts.yml -q")
    );
    assert!(run.stdout.contains("ModelDataDrift"), "{}", run.stdout);
}

#[test]
fn settings_of_another_system_do_not_count_and_nothing_is_overwritten() {
    let here = Churnctl::new()
        .file(
            "churnctl.toml",
            "[drift]\nfail_psi = 99.0\nwarn_psi = 99.0\n",
        )
        .env("CHURNCTL_DRIFT_FAIL_ON", "never")
        .env("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
        .env("GITHUB_STEP_SUMMARY", "summary.md")
        .file("mine/notes.txt", "mine");
    here.run(&["demo", "--dir", "tour"]).expect(ExitCode::Ok);
    assert!(!here.path("tour/artifacts/mlflow").exists() && !here.path("tour/summary.md").exists());
    here.run(&["demo", "--dir", "mine"])
        .expect(ExitCode::Io)
        .says("mine is not empty")
        .says("does not exist yet");
    assert_eq!(here.read("mine/notes.txt"), b"mine");
    here.run(&["demo", "--json"]).expect(ExitCode::Usage);
}

#[test]
fn without_a_name_the_folder_is_a_temporary_one_that_stays() {
    let here = Churnctl::new().file("tmp/.keep", "");
    let here = {
        let tmp = here.path("tmp").display().to_string();
        here.env("TMPDIR", &tmp)
    };
    here.run(&["demo"]).expect(ExitCode::Ok);
    let entries = std::fs::read_dir(here.path("tmp")).expect("list").flatten();
    let made: Vec<_> = entries.filter(|entry| entry.path().is_dir()).collect();
    let pages = made
        .iter()
        .filter(|entry| entry.path().join("drift.html").is_file());
    assert_eq!(pages.count(), 1, "{made:?}");
}
