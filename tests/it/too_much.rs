//! Input without measure: files without an end, expressions and documents that never close. Refused
//! at once and in little memory.

use std::os::unix::fs::symlink;

use churnctl::exit::ExitCode;

use crate::harness::Churnctl;
use crate::models::customers;

fn rule(expr: &str) -> String {
    format!("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: \"{expr}\"\n")
}

#[test]
fn a_file_without_an_end_is_not_read_to_it() {
    let churnctl = Churnctl::new()
        .file("good.csv", "age,plan\n1,a\n2,b\n")
        .file("empty.toml", "");
    let zero = "/dev/zero";
    for (code, args) in [
        (
            ExitCode::BadSettings,
            &["config", "show", "--config", zero][..],
        ),
        (ExitCode::BadInput, &["alerts", "lint", zero]),
        (
            ExitCode::BadInput,
            &[
                "push-metrics",
                zero,
                "--job",
                "j",
                "--gateway",
                "http://127.0.0.1:1",
            ],
        ),
        (
            ExitCode::BadInput,
            &["retrain", "now", "--reason", "x", "--if-drift", zero],
        ),
        (
            ExitCode::BadInput,
            &["profile", "merge", zero, zero, "-o", "p.json"],
        ),
        (
            ExitCode::BadInput,
            &["drift", "--baseline", zero, "--current", "good.csv"],
        ),
        (
            ExitCode::BadInput,
            &["score", "good.csv", "--model", zero, "-o", "s.csv"],
        ),
    ] {
        churnctl.run(args).expect(code).says(zero);
    }
}

/// The registry, the model in production, git's files, the kubeconfig and a history were read to their end, and 22 GB of
/// memory were not enough.
#[test]
fn a_file_that_is_kept_or_found_and_has_no_end_is_not_read_to_it() {
    let mut churnctl = Churnctl::new()
        .table("data.csv", &customers(300, 1))
        .file("history/lock", "")
        .file("textfile/j.prom", "")
        .file("artifacts/registry/models.jsonl", "")
        .file("artifacts/models/production_latest.json", "")
        .file(".git/config", "")
        .env("KUBECONFIG", "/dev/zero");
    // What is read without a bound fails here by its memory, and takes nobody else's.
    let words = ["sh", "-c", "ulimit -v 4000000; exec \"$0\" \"$@\""];
    churnctl.trace(words.map(str::to_owned).to_vec());
    let endless = |name: &str| {
        let _ = std::fs::remove_file(churnctl.path(name));
        symlink("/dev/zero", churnctl.path(name)).expect("link");
    };
    churnctl
        .run(&["retrain", "status"])
        .expect(ExitCode::BadSettings)
        .says("larger than 64 MiB");
    endless("textfile/j.prom");
    let run = ["push-metrics", "run", "--textfile=textfile", "--job=j"];
    churnctl
        .run(&[&run[..], &["--", "false"]].concat())
        .expect(ExitCode::PassedOn(1))
        .says("cannot read textfile/j.prom");
    endless(".git/HEAD");
    endless("artifacts/models/production_latest.json");
    let train = ["train", "data.csv", "--label=churn", "--model=logistic"];
    churnctl
        .run(&[&train[..], &["--promote=always", "-q"]].concat())
        .expect(ExitCode::Ok);
    endless("artifacts/registry/models.jsonl");
    for args in [&["model", "list"][..], &["model", "rollback"], &train] {
        churnctl
            .run(args)
            .expect(ExitCode::BadInput)
            .says("artifacts/registry/models.jsonl")
            .says("larger than 64 MiB");
    }
    for file in ["history.json", "marks.jsonl"] {
        endless(&format!("history/{file}"));
        let look = ["drift", "history", "history"];
        churnctl.run(&look).expect(ExitCode::BadInput);
        std::fs::remove_file(churnctl.path(format!("history/{file}"))).expect("remove");
    }
}

#[test]
fn an_expression_without_measure_is_refused_with_its_line() {
    let brackets = rule(&format!("{}up{}", "(".repeat(100_000), ")".repeat(100_000)));
    let operands = rule(&vec!["up"; 20_000].join("+"));
    let signs = rule(&format!("{}up", "-".repeat(100_000)));
    let churnctl = Churnctl::new()
        .file("brackets.yaml", brackets)
        .file("operands.yaml", operands)
        .file("signs.yaml", signs);
    for file in ["brackets.yaml", "operands.yaml", "signs.yaml"] {
        for command in ["lint", "test", "list", "show"] {
            let mut args = vec!["alerts", command, file];
            if command == "show" {
                args.insert(2, "A");
            }
            let run = churnctl.run(&args).expect(ExitCode::BadInput);
            assert!(run.stderr.contains(&format!(" --> {file}:5")), "{run:#?}");
        }
    }
}

#[test]
fn a_document_without_measure_is_refused() {
    let deep =
        |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
    let churnctl = Churnctl::new()
        .file("deep.yaml", deep("[", "]"))
        .file("block.yaml", deep("- ", ""))
        .file("keys.yaml", deep("{a: ", "}"))
        .file("deep.json", deep("[", "]"))
        .file("deep.toml", format!("a = {}", deep("[", "]")))
        .file("deep.ndjson", format!("{{\"a\":{}}}\n", deep("[", "]")))
        .file("good.csv", "age,plan\n1,a\n2,b\n");
    for file in ["deep.yaml", "block.yaml", "keys.yaml", "deep.json"] {
        churnctl
            .run(&["alerts", "lint", file])
            .expect(ExitCode::BadInput);
    }
    churnctl
        .run(&["config", "show", "--config", "deep.toml"])
        .expect(ExitCode::BadSettings);
    for args in [
        &["drift", "--baseline", "deep.json", "--current", "good.csv"][..],
        &[
            "drift",
            "--baseline",
            "deep.ndjson",
            "--current",
            "good.csv",
        ],
        &["score", "good.csv", "--model", "deep.json", "-o", "s.csv"],
        &["retrain", "now", "--reason", "x", "--if-drift", "deep.json"],
    ] {
        churnctl.run(args).expect(ExitCode::BadInput);
    }
}
