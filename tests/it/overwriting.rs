//! Outputs that would take the place of an input, or of another output, are refused before anything
//! is read or written: under every name that leads to the same file.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use churnctl::exit::ExitCode;

use crate::harness::{Churnctl, Run};

const TABLE: &str = "plan,usage\nbasic,1.5\npro,2.5\nbasic,3.5\npro,0.5\n";
const RULES: &str =
    "groups:\n- name: a\n  rules:\n  - alert: Down\n    expr: up == 0\n    for: 5m\n";

fn folder() -> Churnctl {
    let churnctl = Churnctl::new()
        .file("x.csv", TABLE)
        .file("y.csv", TABLE)
        .file("months/a.csv", TABLE)
        .file("artifacts/models/old.csv", TABLE)
        .file("artifacts/metrics/train_latest.json", "{}")
        .file("rules/a.yaml", RULES)
        .file("log/model.json", "{}")
        .file("textfile/j.prom", "up 1\n")
        .file("churnctl.toml", "")
        .file("token", "secret\n");
    symlink("x.csv", churnctl.path("soft.csv")).expect("link");
    symlink("months", churnctl.path("linked")).expect("link");
    symlink("new.json", churnctl.path("dangling.json")).expect("link");
    fs::hard_link(churnctl.path("x.csv"), churnctl.path("hard.csv")).expect("link");
    churnctl
}

/// Returns the bytes of every file below, links not followed.
fn snapshot(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("list").flatten() {
            let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                let name = path.display().to_string();
                found.insert(name, fs::read(path).expect("read"));
            }
        }
    }
    found
}

#[track_caller]
fn refused(churnctl: &Churnctl, args: &[&str]) -> Run {
    let before = snapshot(&churnctl.path(""));
    let run = churnctl.run(args).expect(ExitCode::Usage);
    assert!(run.stdout.is_empty(), "{run:#?}");
    assert_eq!(before, snapshot(&churnctl.path("")), "{args:?}");
    run.says("nothing was read or written")
}

#[test]
fn an_output_over_its_input_is_refused_under_every_name() {
    let churnctl = folder();
    let absolute = churnctl.path("x.csv").display().to_string();
    for output in [
        "x.csv",
        "./x.csv",
        "months/../x.csv",
        "linked/../x.csv",
        "soft.csv",
        "hard.csv",
        &absolute,
    ] {
        let profile = ["profile", "x.csv", "-o", output];
        refused(&churnctl, &profile).says("would overwrite the input x.csv (data)");
        refused(
            &churnctl,
            &["score", "x.csv", "--model", "m.json", "-o", output],
        );
        for input in ["hard.csv", "soft.csv", "*.csv", "."] {
            refused(&churnctl, &["profile", input, "-o", output]);
        }
    }
    refused(
        &churnctl,
        &["score", "x.csv", "--model", "m.json", "-o", "m.json"],
    );
    refused(
        &churnctl,
        &["profile", "merge", "x.csv", "y.csv", "-o", "y.csv"],
    );
    refused(&churnctl, &["profile", "x.csv", "-o", "churnctl.toml"]).says("(--config)");
}

#[test]
fn every_output_of_every_command_is_looked_at() {
    let churnctl = folder();
    let drift = ["drift", "--baseline", "x.csv", "--current", "y.csv"];
    for option in [
        "--report",
        "--html",
        "--markdown",
        "--junit",
        "--verdict-file",
        "--annotations",
        "--metrics-file",
    ] {
        for input in ["x.csv", "hard.csv", "./y.csv", "churnctl.toml"] {
            refused(&churnctl, &[&drift[..], &[option, input]].concat()).says(option);
        }
    }
    refused(&churnctl, &["train", "x.csv", "--html", "soft.csv"]);
    refused(&churnctl, &["train", "artifacts/metrics/train_latest.json"]);
    refused(&churnctl, &["train", "artifacts/models/old.csv"])
        .says("is in the folder artifacts/models");
    refused(
        &churnctl,
        &[
            "promote",
            "log/model.json",
            "x.csv",
            "--decision-file",
            "x.csv",
        ],
    );
    refused(
        &churnctl,
        &[
            "promote",
            "log/model.json",
            "x.csv",
            "--decision-file",
            "log/model.json",
        ],
    );
    refused(
        &churnctl,
        &["serve", "--model", "log/model.json", "--log-dir", "log"],
    )
    .says("is in the folder log");
    refused(
        &churnctl,
        &["serve", "--token-file", "token", "--log-dir", "."],
    );
    refused(
        &churnctl,
        &[
            "push-metrics",
            "textfile/j.prom",
            "--job",
            "j",
            "--textfile",
            "./textfile",
        ],
    );
    for command in ["lint", "test"] {
        let options = match command {
            "lint" => &["--junit", "--markdown", "--sarif"][..],
            _ => &["--junit", "--markdown"],
        };
        for option in options {
            let alerts = ["alerts", command, "rules/a.yaml", option];
            refused(&churnctl, &[&alerts[..], &["rules/./a.yaml"]].concat());
        }
        refused(
            &churnctl,
            &["alerts", command, "rules", "--junit", "rules/a.yaml"],
        );
    }
    refused(
        &churnctl,
        &[
            "alerts",
            "history",
            "rules/a.yaml",
            "--prometheus",
            "http://localhost:1",
            "--html",
            "rules/a.yaml",
        ],
    );
}

/// A report written over the labels that it was made with left no label; one in the history's folder took the place of
/// what all runs before had counted.
#[test]
fn labels_and_the_files_of_a_history_are_not_written_over() {
    let churnctl = folder()
        .file("labels/may.csv", "user_id,churned\nu1,1\n")
        .file("history/history.json", "{}")
        .file("history/00000001-789157fc.pieces", "counted");
    symlink("history", churnctl.path("h")).expect("link");
    let drift = ["drift", "--baseline", "x.csv", "--current", "y.csv"];
    let late = ["--time=day", "--window=1d", "--join=user_id"];
    let late = [&drift[..], &late, &["--label-window=30d", "--labels"]].concat();
    let kept = ["--time=day", "--window=1d", "--history"];
    let kept = [&drift[..], &kept].concat();
    for option in ["--report", "--html", "--verdict-file", "--metrics-file"] {
        let same = ["labels/may.csv", option, "labels/../labels/may.csv"];
        refused(&churnctl, &[&late[..], &same].concat())
            .says("the input labels/may.csv (--labels)");
        let beside = ["labels", option, "labels/report.csv"];
        refused(&churnctl, &[&late[..], &beside].concat()).says("(--labels) of the next run");
        for file in ["history.json", "00000001-789157fc.pieces", "new.json"] {
            let file = format!("h/{file}");
            refused(
                &churnctl,
                &[&kept[..], &["history", option, &file]].concat(),
            )
            .says("is in the folder history, which --history fills and clears");
        }
    }
    for file in [
        "h/history.json",
        "history/00000001-789157fc.pieces",
        "h/new.html",
    ] {
        refused(&churnctl, &["drift", "history", "history", "--html", file]).says("(DIR)");
    }
    let page = ["--html", "artifacts/models/page.html", "--label", "plan"];
    refused(&churnctl, &[&["train", "x.csv"][..], &page].concat()).says("--artifacts fills");
}

#[test]
fn two_outputs_of_one_name_are_refused() {
    let churnctl = folder();
    let drift = ["drift", "--baseline", "x.csv", "--current", "y.csv"];
    for (one, other) in [
        ("r.json", "r.json"),
        ("r.json", "./r.json"),
        ("new.json", "dangling.json"),
        ("months/r.json", "linked/r.json"),
        ("deep/er/r.json", "deep/../deep/er/r.json"),
        ("/dev/stdout", "/dev/stdout"),
        ("/dev/stdout", "-"),
        ("/dev/fd/1", "/proc/self/fd/1"),
    ] {
        refused(
            &churnctl,
            &[&drift[..], &["--report", one, "--html", other]].concat(),
        )
        .says("--report");
        refused(
            &churnctl,
            &[
                "alerts",
                "lint",
                "rules",
                "--junit",
                one,
                "--markdown",
                other,
            ],
        );
    }
    let both = ["--report", "/dev/null", "--html", "/dev/null"];
    churnctl
        .run(&[&drift[..], &both].concat())
        .expect(ExitCode::Ok);
}

#[test]
fn an_output_that_the_next_run_would_read_is_refused() {
    let churnctl = folder();
    for (input, output) in [
        ("months/*.csv", "months/all.csv"),
        ("months", "months/all.csv"),
        ("linked", "months/all.csv"),
        ("linked/*.csv", "months/all.csv"),
        ("months/", "linked/all.csv"),
    ] {
        refused(&churnctl, &["profile", input, "-o", output]).says("of the next run");
    }
    for output in ["months/all.json", "all.csv"] {
        let args = ["profile", "months/*.csv", "-o", output];
        churnctl.run(&args).expect(ExitCode::Ok);
    }
}

#[test]
fn standard_input_and_output_are_known_as_the_files_behind_them() {
    let churnctl = folder();
    let input = || fs::File::open(churnctl.path("x.csv")).expect("open");
    let run = |args: &[&str], stdout: Option<fs::File>| {
        let mut command = churnctl.command(args);
        command.stdin(input());
        if let Some(stdout) = stdout {
            command.stdout(stdout);
        }
        Run::of(&command.output().expect("run"))
    };
    for output in ["x.csv", "hard.csv"] {
        run(&["profile", "-", "-o", output], None).expect(ExitCode::Usage);
    }
    let append = fs::OpenOptions::new()
        .append(true)
        .open(churnctl.path("x.csv"))
        .expect("open");
    run(
        &["profile", "y.csv", "x.csv", "-o", "/dev/stdout"],
        Some(append),
    )
    .expect(ExitCode::Usage);
    assert_eq!(churnctl.read("x.csv"), TABLE.as_bytes());
    run(&["profile", "-", "-o", "/dev/stdout"], None).expect(ExitCode::Ok);
}
