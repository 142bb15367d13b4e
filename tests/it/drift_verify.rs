//! `churnctl drift verify`: a verdict is made again from its inputs, or it is said why not.

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Run};
use crate::models::{PRODUCTION, customers, scoring};
use crate::schemas::{expect_strict, expect_valid, schema};

/// Columns of every kind: numbers with words among them, more distinct ones than are kept exactly, texts,
/// gaps, and a line that repeats the header.
fn table(rows: usize, shift: f64) -> String {
    let mut text = String::from("id,charge,spend,plan,since,score,churned\n");
    for row in 0..rows {
        let noise = (row * 7_919 % 9_973) as f64 / 9_973.0;
        let charge = match row % 97 {
            0 => "n/k".to_owned(),
            1 => String::new(),
            _ => format!("{:.2}", 20.0 + shift + noise * 50.0),
        };
        let spend = noise.mul_add(1e6, row as f64 + shift).to_string();
        let plan = ["basic", "family", "pro"][(row + usize::from(shift > 0.0) * (row / 3)) % 3];
        let score = noise * 0.9;
        let churned = u8::from((row * 31 % 100) as f64 / 100.0 < score);
        text.push_str(&format!(
            "c{row},{charge},{spend},{plan},2026-01-01,{score},{churned}\n"
        ));
        if row == 50 {
            text.push_str("id,charge,spend,plan,since,score,churned\n");
        }
    }
    text
}

const SIDES: [&str; 8] = [
    "--baseline",
    "old.csv",
    "--current",
    "new.csv",
    "--score",
    "score",
    "--label",
    "churned",
];

/// More rows than distinct numbers are kept of.
const MANY: usize = 21_000;
const FEW: usize = 2_000;

fn checked(rows: usize, args: &[&str]) -> Churnctl {
    let churnctl = Churnctl::new()
        .file("old.csv", table(rows, 0.0))
        .file("new.csv", table(FEW, 1.5));
    let fixed = [
        "drift",
        "--report",
        "report.json",
        "-q",
        "--fail-on",
        "never",
    ];
    churnctl
        .run(&[&fixed[..], args].concat())
        .expect(ExitCode::Ok);
    churnctl
}

fn verify(churnctl: &Churnctl, args: &[&str]) -> Run {
    churnctl.run(&[&["drift", "verify", "report.json"][..], args].concat())
}

#[test]
fn a_report_is_made_again_to_the_byte_with_its_own_settings_and_on_any_number_of_threads() {
    let more = [
        "--warn-psi",
        "0.05",
        "--fail-psi",
        "0.4",
        "--min-rows",
        "50",
        "--class-threshold",
        "0.3",
        "--model",
        "mine",
        "--null",
        "n/k",
        "--exclude",
        "since",
        "--threads",
        "1",
    ];
    for args in [&SIDES[..], &[&SIDES[..], &more].concat()] {
        let churnctl = checked(MANY, args);
        let report = churnctl.read_json("report.json");
        expect_valid(&schema("drift_report"), &report);
        expect_strict(&schema("drift_report"), &report);
        let said = verify(&churnctl, &[]).expect(ExitCode::Ok).stdout;
        let status = report["status"].as_str().expect("a status");
        assert_eq!(
            said,
            format!("report.json: OK, its inputs give this report, {status}, to the byte\n")
        );
        // Settings of the one who verifies have no part in it.
        let churnctl = churnctl
            .env("CHURNCTL_DRIFT_FAIL_PSI", "9")
            .env("CHURNCTL_DATA_THREADS", "3")
            .env("CHURNCTL_MODEL", "other");
        verify(&churnctl, &[]).expect(ExitCode::Ok);
    }
}

#[test]
fn a_report_from_a_pipe_of_profiles_and_of_models_is_verified_too() {
    let churnctl = checked(FEW, &SIDES);
    let profile = [
        "profile", "old.csv", "--score", "score", "--label", "churned", "-o", "p.json", "-q",
    ];
    churnctl.run(&profile).expect(ExitCode::Ok);
    let drift = [
        "drift",
        "--baseline",
        "p.json",
        "--current",
        "new.csv",
        "--report",
        "r.json",
        "-q",
    ];
    churnctl
        .run(&[&drift[..], &["--fail-on", "never"]].concat())
        .expect(ExitCode::Ok);
    let report = churnctl.read("r.json");
    churnctl
        .run_with_stdin(&["drift", "verify", "-"], &report)
        .expect(ExitCode::Ok);
    // The same rows, packed or as another data set with the same counts, are the same inputs.
    let args = [
        "drift",
        "verify",
        "r.json",
        "--baseline",
        "copy.json",
        "--current",
        "folder/n.csv",
    ];
    std::fs::create_dir(churnctl.path("folder")).expect("a folder");
    std::fs::copy(churnctl.path("p.json"), churnctl.path("copy.json")).expect("copied");
    std::fs::rename(churnctl.path("new.csv"), churnctl.path("folder/n.csv")).expect("moved");
    churnctl.run(&args).expect(ExitCode::Ok);
    churnctl
        .run(&args[..3])
        .expect(ExitCode::Io)
        .says("--current");
    // A model as the baseline.
    let churnctl = scoring();
    let drift = [
        "drift",
        "--baseline",
        PRODUCTION,
        "--current",
        "current.csv",
        "--report",
        "report.json",
        "-q",
    ];
    churnctl
        .run(&[&drift[..], &["--fail-on", "never"]].concat())
        .expect(ExitCode::Ok);
    verify(&churnctl, &[]).expect(ExitCode::Ok);
}

#[test]
fn the_side_that_changed_is_named_and_nothing_is_said_about_the_report() {
    let churnctl = checked(FEW, &SIDES);
    let (old, new) = (churnctl.read("old.csv"), churnctl.read("new.csv"));
    let changed = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let edited = text.replacen("family", "basic", 1);
        assert_ne!(edited, text);
        edited
    };
    let churnctl = churnctl.file("new.csv", changed(&new));
    let run = verify(&churnctl, &[]).expect(ExitCode::BadInput);
    run.says("the current data are not those of the report");
    let churnctl = churnctl
        .file("new.csv", &new)
        .file("old.csv", changed(&old));
    let run = verify(&churnctl, &[]).expect(ExitCode::BadInput);
    run.says("the baseline data are not those of the report");
    // The same counts, and the first text that is not a number on another line: the report names it.
    let text = String::from_utf8(new).expect("UTF-8");
    let (header, rows) = text.split_once('\n').expect("a header");
    let rows: Vec<&str> = rows.lines().rev().collect();
    let reversed = format!("{header}\n{}\n", rows.join("\n"));
    let churnctl = churnctl.file("old.csv", &old).file("new.csv", reversed);
    verify(&churnctl, &[]).expect(ExitCode::BadInput);
}

#[test]
fn whatever_was_edited_in_a_report_is_found_and_listed() {
    let churnctl = checked(FEW, &SIDES);
    let text = String::from_utf8(churnctl.read("report.json")).expect("UTF-8");
    let whole: Value = serde_json::from_str(&text).expect("JSON");
    let edit = |pointer: &str, value: Value| {
        let mut edited = whole.clone();
        *edited.pointer_mut(pointer).expect(pointer) = value;
        serde_json::to_string_pretty(&edited).expect("JSON") + "\n"
    };
    let psi = whole["features"][0]["psi"].as_f64().expect("a PSI");
    for (pointer, value) in [
        ("/status", json!("TOO_FEW_ROWS")),
        ("/features/0/psi", json!(psi + 1e-12)),
        ("/features/0/bins/0/count/current", json!(1)),
        ("/rows/current", json!(FEW - 1)),
        ("/overall_max_psi", json!(0.0)),
    ] {
        std::fs::write(churnctl.path("report.json"), edit(pointer, value)).expect("write");
        let run = verify(&churnctl, &["--format", "json"]);
        let found = run.expect(ExitCode::CheckFailed).json();
        expect_valid(&schema("drift_verify"), &found);
        expect_strict(
            &schema("drift_verify"),
            &json!({
                "schema_version": found["schema_version"], "command": found["command"],
                "churnctl_version": found["churnctl_version"], "created_at": found["created_at"],
                "status": found["status"], "report": found["report"], "verdict": found["verdict"],
                "made_by": found["made_by"], "inputs": found["inputs"], "differences": [],
            }),
        );
        let all = found["differences"].as_array().expect("differences");
        assert!(!all.is_empty(), "{pointer}");
        assert_eq!(all[0]["at"], pointer);
    }
    // Only the form: a member twice, other white space.
    for edited in [
        text.replacen("\"rows\":", "\"surplus\": 1, \"rows\":", 1),
        text.replacen('\n', "", 1),
    ] {
        std::fs::write(churnctl.path("report.json"), edited).expect("write");
        verify(&churnctl, &[]).expect(ExitCode::CheckFailed);
    }
    let twice = text.replacen("\"status\":", "\"status\": \"OK\", \"status\":", 1);
    for refused in [
        twice,
        text[..text.len() / 2].to_owned(),
        "{}".to_owned(),
        "id,a\n".to_owned(),
    ] {
        std::fs::write(churnctl.path("report.json"), refused).expect("write");
        verify(&churnctl, &[]).expect(ExitCode::BadInput);
    }
    // Another digest in the report is not that of these data.
    let other = edit("/inputs/current/counts_sha256", json!("0".repeat(64)));
    std::fs::write(churnctl.path("report.json"), other).expect("write");
    verify(&churnctl, &[])
        .expect(ExitCode::BadInput)
        .says("the current data");
}

#[test]
fn what_a_report_cannot_hold_must_be_named() {
    let churnctl = Churnctl::new()
        .table("old.csv", &customers(400, 1))
        .table("new.csv", &customers(300, 2));
    let new = churnctl.read("new.csv");
    let drift = [
        "drift",
        "--baseline",
        "old.csv",
        "--current",
        "-",
        "--report",
        "report.json",
        "-q",
    ];
    churnctl.run_with_stdin(&drift, &new).expect(ExitCode::Ok);
    verify(&churnctl, &[])
        .expect(ExitCode::Usage)
        .says("name it with --current");
    verify(&churnctl, &["--current", "new.csv"]).expect(ExitCode::Ok);
    let twice = ["drift", "verify", "-", "--current", "-"];
    churnctl.run(&twice).expect(ExitCode::Usage);
    // A password is not in the report, so nobody can read that side again without being told how.
    let mut report = churnctl.read_json("report.json");
    report["inputs"]["current"]["addresses"] = json!(["postgres://me:***@db/shop?table=t"]);
    std::fs::write(churnctl.path("report.json"), report.to_string()).expect("write");
    verify(&churnctl, &[])
        .expect(ExitCode::Usage)
        .says("no passwords");
    // Of an older version.
    for member in ["inputs", "settings"] {
        report.as_object_mut().expect("an object").remove(member);
    }
    std::fs::write(churnctl.path("report.json"), report.to_string()).expect("write");
    verify(&churnctl, &[])
        .expect(ExitCode::BadInput)
        .says("does not name its inputs");
}
