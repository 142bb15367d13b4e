//! `churnctl model wrap`: a model that lives elsewhere is watched, and nothing here scores for it.

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Table};
use crate::models::{PRODUCTION, customers, number, rows_of, train};
use crate::schemas::{expect_refused, expect_strict, schema};
use crate::serve::running::Running;

/// Customers with the scores of a model that this program has never seen; `shift` moves its log-odds.
fn scored(seed: u64, shift: f64) -> Table {
    let table = customers(1_500, seed);
    let rows = rows_of(table.csv().as_bytes());
    let score = |row| 1.0 / (1.0 + f64::exp(0.5 - shift - 2.0 * number(row, "visits")));
    table.with("p_churn", rows.iter().map(score))
}

/// A folder with a wrapped model, and later months of its scores.
fn wrapped() -> Churnctl {
    let churnctl = Churnctl::new()
        .table("january.csv", &scored(1, 0.0))
        .table("february.csv", &scored(2, 0.0))
        .table("march.csv", &scored(3, 1.5));
    let words = [
        "model",
        "wrap",
        "--scores",
        "january.csv",
        "-o",
        "elsewhere.json",
    ];
    let named = [
        "--score",
        "p_churn",
        "--label",
        "churn",
        "--name",
        "warehouse",
        "--class-threshold",
        "0.3",
    ];
    let run = churnctl
        .run(&[&words[..], &named].concat())
        .expect(ExitCode::Ok);
    assert!(
        run.stdout.contains("1,500 rows with scores in \"p_churn\""),
        "{run:#?}"
    );
    churnctl
}

#[test]
fn a_wrapped_model_is_told_in_json() {
    let words = [
        "model",
        "wrap",
        "--scores",
        "january.csv",
        "--score",
        "p_churn",
    ];
    let run = wrapped().run(&[&words[..], &["-o", "w.json", "--format", "json"]].concat());
    let document = run.expect(ExitCode::Ok).json();
    expect_strict(&schema("model_wrap"), &document);
    expect_refused(&schema("model_wrap"), &document, "/rows", json!(0));
    expect_refused(&schema("model_wrap"), &document, "/score", Value::Null);
}

#[test]
fn a_wrapped_model_is_a_baseline_of_rows_scores_and_outcomes() {
    let churnctl = wrapped();
    let document = churnctl.read_json("elsewhere.json");
    assert_eq!(document["name"], "warehouse");
    assert_eq!(document["threshold"], 0.3);
    for current in ["february.csv", "march.csv"] {
        let check = |baseline: &str, report: &str| {
            let args = [
                "drift", baseline, current, "--score", "p_churn", "--label", "churn",
            ];
            let more = ["--report", report, "-q"];
            let code = churnctl.run(&[&args[..], &more].concat()).code;
            (code, churnctl.read_json(report))
        };
        let (code, by_wrapped) = check("elsewhere.json", "wrapped.json");
        let (expected, by_data) = check("january.csv", "data.json");
        assert_eq!(code, expected, "{current}");
        // What is compared is what the rows themselves would give; what is a churner, the model says.
        for part in ["status", "overall_max_psi", "psi_by_feature"] {
            assert!(!by_data[part].is_null(), "{part}");
            assert_eq!(by_wrapped[part], by_data[part], "{current}: {part}");
        }
        assert_eq!(by_wrapped["model"], "warehouse");
        assert_eq!(by_data["model"], "churn");
        let classed = |report: &Value| {
            let confusion = &report["performance"]["current"]["confusion"];
            let count = |name: &str| confusion[name].as_u64().expect("a count");
            count("true_positives") + count("false_positives")
        };
        let rows = rows_of(&churnctl.read(current));
        let from = |threshold: f64| {
            let scores = rows.iter().map(|row| number(row, "p_churn"));
            scores.filter(|score| *score >= threshold).count() as u64
        };
        assert_eq!(
            (classed(&by_wrapped), classed(&by_data)),
            (from(0.3), from(0.5))
        );
        // Log-odds up by 1.5 is drift of the scores.
        let is_drift = current == "march.csv";
        assert_eq!(code == Some(2), is_drift, "{by_wrapped:#}");
    }
}

#[test]
fn what_a_setting_says_comes_before_what_the_model_says() {
    let churnctl = wrapped();
    let check = |more: &[&str]| {
        let args = [
            "drift",
            "elsewhere.json",
            "february.csv",
            "--score",
            "p_churn",
        ];
        let fixed = ["--label", "churn", "-q", "--format", "json"];
        churnctl
            .run(&[&args[..], &fixed, more].concat())
            .expect(ExitCode::Ok)
            .json()
    };
    let report = check(&["--model", "other", "--class-threshold", "0.5"]);
    assert_eq!(report["model"], "other");
    assert_eq!(report["performance"]["threshold"], 0.5);
    let report = check(&["--report", "report.json"]);
    assert_eq!(report["performance"]["threshold"], 0.3);
    // The evidence is what was compared.
    churnctl
        .run(&["drift", "verify", "report.json"])
        .expect(ExitCode::Ok);
}

#[test]
fn a_trained_model_is_judged_at_its_own_threshold() {
    let churnctl = Churnctl::new()
        .table("data.csv", &customers(1_500, 1))
        .table("current.csv", &customers(1_500, 2));
    let costs = ["--model", "logistic", "--cost-fn", "5", "-q"];
    train(&churnctl, &costs).expect(ExitCode::Ok);
    let own = churnctl.read_json(PRODUCTION)["body"]["threshold"].clone();
    assert_ne!(own, 0.5);
    let score = [
        "score",
        "current.csv",
        "--model",
        PRODUCTION,
        "-o",
        "scored.csv",
    ];
    let keep = [
        "--keep", "visits", "--keep", "noise", "--keep", "plan", "--keep", "churn",
    ];
    churnctl
        .run(&[&score[..], &keep].concat())
        .expect(ExitCode::Ok);
    let args = ["drift", "--baseline", PRODUCTION, "--current", "scored.csv"];
    let more = [
        "--score",
        "churn_risk",
        "--label",
        "churn",
        "-q",
        "--format",
        "json",
    ];
    let report = churnctl
        .run(&[&args[..], &more].concat())
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(report["performance"]["threshold"], own);
}

#[test]
fn a_deployment_of_a_wrapped_model_watches_and_does_not_serve() {
    let churnctl = wrapped();
    let render = |more: &[&str]| {
        let args = ["render-manifests", "--set", "drift.baseline=elsewhere.json"];
        churnctl.run(&[&args[..], more].concat())
    };
    render(&[])
        .expect(ExitCode::BadSettings)
        .says("elsewhere.json is a model that lives elsewhere")
        .says("api, jobs, hook, seed-model")
        .says("--parts drift-exporter,monitoring,dashboards");
    let run = render(&["--parts", "drift-exporter,monitoring,dashboards"]).expect(ExitCode::Ok);
    assert!(run.stdout.contains("churn-drift-exporter"), "{run:#?}");
    for kind in [
        "kind: CronJob",
        "deployment-churn-api.yaml",
        "alert: ChurnApiDown",
    ] {
        assert!(!run.stdout.contains(kind), "{kind}");
    }
}

#[test]
fn nothing_here_scores_for_a_wrapped_model() {
    let churnctl = wrapped();
    let artifact = churnctl.read("elsewhere.json");
    let churnctl = churnctl.file(PRODUCTION, artifact);
    for args in [
        &[
            "score",
            "january.csv",
            "--model",
            "elsewhere.json",
            "-o",
            "out.csv",
        ][..],
        &[
            "promote",
            "elsewhere.json",
            "january.csv",
            "--label",
            "churn",
        ],
        &["model", "show", "elsewhere.json"],
        &[
            "model",
            "export",
            "elsewhere.json",
            "--format",
            "sql:postgres",
            "--parity",
            "january.csv",
            "-o",
            "out",
        ],
    ] {
        churnctl
            .run(args)
            .expect(ExitCode::BadInput)
            .says("this model lives elsewhere")
            .says("`churnctl drift --baseline` takes it");
    }
    assert!(!churnctl.path("out.csv").exists());
    // The API waits for a model that it can score with.
    let mut running = Running::start(&churnctl, &[]);
    running.says("the model is refused: this model lives elsewhere");
    let body = json!({"user_id": "u1", "features": {"visits": 1.5, "noise": 0, "plan": "pro"}});
    running.post("/predict", &body).expect(503);
}

#[test]
fn what_is_not_whole_or_has_no_scores_is_refused() {
    let churnctl = wrapped();
    let text = String::from_utf8(churnctl.read("elsewhere.json")).expect("text");
    for (from, to, says) in [
        (
            "\"threshold\": 0.3",
            "\"threshold\": 0.5",
            "its checksum does not match",
        ),
        (
            "\"schema_version\": 1,\n  \"command\": \"model wrap\"",
            "\"schema_version\": 9,\n  \"command\": \"model wrap\"",
            "this has version 9",
        ),
        (
            "\"threshold\"",
            "\"treshold\"",
            "this is not a whole document",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let churnctl = Churnctl::new()
            .table("february.csv", &scored(2, 0.0))
            .file("elsewhere.json", text.replacen(from, to, 1));
        churnctl
            .run(&["drift", "elsewhere.json", "february.csv"])
            .expect(ExitCode::BadInput)
            .says(says);
    }
    let words = [
        "model",
        "wrap",
        "--scores",
        "january.csv",
        "-o",
        "other.json",
    ];
    churnctl
        .run(&words)
        .expect(ExitCode::BadInput)
        .says("there is no column with the scores of the model")
        .says("--score");
    // A name that no column has would watch nothing, in silence.
    for option in ["--features", "--exclude", "--id", "--categorical"] {
        let mistyped = ["--score", "p_churn", option, "visit"];
        churnctl
            .run(&[&words[..], &mistyped].concat())
            .expect(ExitCode::BadInput)
            .says(&format!(
                "there is no column \"visit\", named with {option}"
            ))
            .says("did you mean \"visits\"?");
    }
    assert!(!churnctl.path("other.json").exists());
}
