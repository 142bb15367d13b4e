//! Drift that no column shows alone: rows told apart, and columns that hang together otherwise.

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Random, Run, Table};
use crate::schemas::{expect_strict, schema};

/// Two columns whose rank correlation has this sign, with the same distributions whatever it is, and a plan.
fn hanging_together(seed: u64, sign: f64) -> Table {
    let mut random = Random::new(seed);
    let minutes = random.normals(1_200);
    let visits: Vec<f64> = minutes
        .iter()
        .map(|minutes| sign * 0.9 * minutes + 0.436 * random.normal())
        .collect();
    Table::default()
        .with("minutes", minutes)
        .with("visits", visits)
        .with("plan", (0..1_200).map(|row| ["basic", "plus"][row % 2]))
}

fn drift(churnctl: &Churnctl, args: &[&str]) -> Run {
    let fixed = ["drift", "--baseline", "before.csv", "--current", "now.csv"];
    let quiet = ["--format", "json", "--report", "none", "-q"];
    churnctl.run(&[&fixed[..], &quiet, args].concat())
}

fn kinds(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().expect("findings");
    findings
        .iter()
        .filter_map(|finding| finding["kind"].as_str())
        .collect()
}

fn turned() -> Churnctl {
    Churnctl::new()
        .table("before.csv", &hanging_together(1, 1.0))
        .table("now.csv", &hanging_together(2, -1.0))
}

#[test]
fn columns_that_hang_together_the_other_way_round_fail() {
    let churnctl = turned();
    // No column shows it, so that nothing was found before.
    let alone = drift(&churnctl, &[]).expect(ExitCode::Ok).json();
    assert_eq!(
        (&alone["status"], &alone["multivariate"]),
        (&"OK".into(), &Value::Null)
    );
    let report = drift(&churnctl, &["--multivariate", "all"])
        .expect(ExitCode::CheckFailed)
        .json();
    expect_strict(&schema("drift_report"), &report);
    assert_eq!(kinds(&report), ["domain_classifier", "correlation_change"]);
    let together = &report["multivariate"];
    let pair = &together["correlations"]["largest"][0];
    assert_eq!(pair["features"], serde_json::json!(["minutes", "visits"]));
    let rho = |side: &str| pair["correlation"][side].as_f64().expect(side);
    assert!(rho("baseline") > 0.85 && rho("current") < -0.85, "{pair}");
    let classifier = &together["classifier"];
    assert!(classifier["roc_auc"].as_f64() > Some(0.8), "{classifier}");
    let named: Vec<&Value> = (0..2)
        .map(|at| &classifier["features"][at]["feature"])
        .collect();
    assert!(!named.contains(&&"plan".into()), "{classifier}");
    // Correlations alone are enough.
    let alone = drift(&churnctl, &["--multivariate", "correlation"]);
    let alone = alone.expect(ExitCode::CheckFailed).json();
    assert_eq!(kinds(&alone), ["correlation_change"]);
    assert!(alone["multivariate"]["classifier"].is_null());
}

#[test]
fn rows_alike_are_not_told_apart() {
    let churnctl = Churnctl::new()
        .table("before.csv", &hanging_together(1, 1.0))
        .table("now.csv", &hanging_together(3, 1.0));
    let report = drift(&churnctl, &["--multivariate", "all"])
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(report["status"], "OK");
    let classifier = &report["multivariate"]["classifier"];
    assert_eq!(
        (&classifier["status"], &classifier["permutations"]),
        (&"OK".into(), &50.into())
    );
    // The settings are the limits.
    let settings =
        "[drift]\nmultivariate = \"all\"\nwarn_correlation = 0.0\nfail_correlation = 2.5\n";
    let churnctl = churnctl.file("churnctl.toml", settings);
    let report = drift(&churnctl, &[]).expect(ExitCode::Ok).json();
    assert_eq!(report["multivariate"]["limits"]["fail_correlation"], 2.5);
}

#[test]
fn a_report_of_several_columns_is_made_again_and_read_in_every_form() {
    let churnctl = turned();
    let outputs = [
        "--markdown",
        "out.md",
        "--html",
        "out.html",
        "--report",
        "out.json",
    ];
    let fixed = [
        "drift",
        "--baseline",
        "before.csv",
        "--current",
        "now.csv",
        "--multivariate",
        "all",
    ];
    let run = churnctl
        .run(&[&fixed[..], &outputs].concat())
        .expect(ExitCode::CheckFailed);
    let said = "\"minutes\" and \"visits\" hang together otherwise";
    assert!(run.stdout.contains(said), "{}", run.stdout);
    for (file, said) in [
        ("out.md", "### Several columns together: FAIL"),
        (
            "out.html",
            "Columns by which rows of both sides are told apart",
        ),
    ] {
        let text = String::from_utf8(churnctl.read(file)).expect("a text");
        assert!(text.contains(said), "{file}");
    }
    churnctl
        .run(&["drift", "verify", "out.json"])
        .expect(ExitCode::Ok);
}

#[test]
fn rows_that_both_sides_have_are_told() {
    let (before, now) = (
        hanging_together(1, 1.0).csv(),
        hanging_together(3, 1.0).csv(),
    );
    // The current side is 300 rows of the baseline, and 900 others.
    let rows = before.lines().take(301).chain(now.lines().skip(301));
    let mixed: String = rows.map(|row| format!("{row}\n")).collect();
    for (current, shared) in [
        (mixed, Some(300)),
        (before.clone(), Some(1_200)),
        (now, None),
    ] {
        let churnctl = Churnctl::new()
            .file("before.csv", &*before)
            .file("now.csv", current);
        let report = drift(&churnctl, &["--multivariate", "all"])
            .expect(ExitCode::Ok)
            .json();
        expect_strict(&schema("drift_report"), &report);
        let said = report["findings"].to_string();
        assert_eq!(
            kinds(&report).contains(&"shared_rows"),
            shared.is_some(),
            "{said}"
        );
        if let Some(shared) = shared {
            let said_so = format!("{shared} of the 1200 current rows");
            assert!(said.contains(&said_so), "{said}");
        }
    }
}

#[test]
fn what_has_no_rows_is_refused() {
    let churnctl = turned();
    churnctl
        .run(&["profile", "before.csv", "-o", "before.json"])
        .expect(ExitCode::Ok);
    for (args, said) in [
        (
            &["--baseline", "before.json"][..],
            "the baseline is a profile or a model, which has none",
        ),
        (
            &["--current", "before.json"],
            "the current is a profile or a model, which has none",
        ),
        (
            &["--by", "plan"],
            "cannot be used with segments (--by): columns are looked at together of all rows alone",
        ),
        (&["--current", "-"], "reads both sides twice"),
    ] {
        let fixed = ["drift", "--multivariate", "all", "--report", "none"];
        let sides = ["--baseline", "before.csv", "--current", "now.csv"];
        let others = sides.chunks(2).filter(|side| side[0] != args[0]);
        let others: Vec<&str> = others.flatten().copied().collect();
        let run = churnctl.run(&[&fixed[..], &others, args].concat());
        run.expect(ExitCode::Usage).says(said);
    }
}
