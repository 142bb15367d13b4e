//! The JSON documents are what `examples/schemas/` says, and the schemas are strict.

use std::fmt::Write as _;
use std::path::Path;

use churnctl::exit::ExitCode;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::harness::Churnctl;
use crate::mlflow_stub::{MlflowStub, Trouble};
use crate::servers::Server;

const SCHEMAS: &[&str] = &[
    "doctor",
    "retrain_advise",
    "retrain_now",
    "retrain_status",
    "drift_report",
    "train_report",
    "profile",
    "error",
    "render_manifests",
    "alerts_list",
    "alerts_show",
    "alerts_history",
    "alerts_lint",
    "alerts_test",
    "push_metrics",
    "push_groups",
    "metrics_list",
    "serve",
    "problem",
    "mlflow_run",
    "mlflow_sync",
    "promote",
    "kfp_status",
    "sign",
    "verify",
    "drift_mutate",
    "drift_verify",
    "drift_why",
    "drift_history",
    "model_list",
    "model_show",
    "model_diff",
    "model_import",
    "model_export",
    "model_wrap",
];

pub(crate) fn schema(name: &str) -> Validator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/schemas");
    let path = folder.join(format!("{name}.schema.json"));
    let text = std::fs::read_to_string(&path).expect("read the schema");
    let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
    jsonschema::draft202012::new(&schema).expect("the schema is a schema")
}

#[track_caller]
pub(crate) fn expect_valid(schema: &Validator, document: &Value) {
    let errors: Vec<String> = schema
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// Pointers to every object of a document, the root too.
fn objects(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(pointer.to_owned());
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                objects(member, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                objects(item, &format!("{pointer}/{at}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The document is as the schema says, and a key that nobody knows is refused wherever it stands.
#[track_caller]
pub(crate) fn expect_strict(schema: &Validator, document: &Value) {
    expect_valid(schema, document);
    let mut found = Vec::new();
    objects(document, "", &mut found);
    for pointer in found {
        let mut mutated = document.clone();
        mutated.pointer_mut(&pointer).expect("an object")["surplus"] = json!({ "a": [] });
        assert!(!schema.is_valid(&mutated), "{pointer} takes anything");
    }
}

/// A value changed to one that it never is, or taken away (`null`), is refused.
#[track_caller]
pub(crate) fn expect_refused(schema: &Validator, document: &Value, pointer: &str, to: Value) {
    let mut mutated = document.clone();
    if to.is_null() {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let parent = mutated.pointer_mut(parent).and_then(Value::as_object_mut);
        let gone = parent.expect(pointer).remove(name);
        assert!(gone.is_some(), "{pointer} is not there");
    } else {
        *mutated.pointer_mut(pointer).expect(pointer) = to.clone();
    }
    assert!(!schema.is_valid(&mutated), "{pointer} may be {to}");
}

fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    std::fs::read_to_string(folder.join(name)).expect("read the example")
}

/// Every tenth row churned; the score knows it well on one side and badly on the other.
fn table(rows: usize, is_current: bool) -> String {
    let mut text = String::from(
        "customer_id,since,charge,minutes,plan,turned,gone,level,fixed,calls,churn_risk,churned",
    );
    text.push_str(if is_current { ",extra\n" } else { ",absent\n" });
    for i in 0..rows {
        let churned = i % 10 == 0;
        let noise = (i * 7_919 % 1_000) as f64 / 1_000.0;
        let score = match churned && !is_current {
            true => 0.5 + 0.5 * noise,
            false => 0.6 * noise,
        };
        let (since, plan, turned, gone, level, fixed, calls) = if is_current {
            let plan = ["basic", "new \"plus\"", "newer"][i % 3];
            let calls = if i % 4 == 0 { "NA" } else { "1" };
            let level = if i % 5 == 0 { "inf" } else { "2" };
            ("2026-02-01", plan, "much", "", level, "7", calls)
        } else {
            let plan = ["basic", "family", "lost"][i % 3];
            let level = ["1", "2", "3"][i % 3];
            let calls = if i % 50 == 0 { "" } else { "1" };
            (
                "2026-01-01",
                plan,
                "12",
                "1",
                level,
                ["7", "8"][i % 2],
                calls,
            )
        };
        let plan = plan.replace('"', "\"\"");
        let charge = 20.0 + noise * 50.0 + if is_current { 40.0 } else { 0.0 };
        let minutes = (i as f64).sqrt() * 3.7;
        let label = if churned { "yes" } else { "no" };
        let _ = writeln!(
            text,
            "id-{i},{since},{charge},{minutes},\"{plan}\",{turned},{gone},{level},{fixed},{calls},\
             {score},{label},1"
        );
    }
    text
}

/// Both sides, with every kind of finding between them, and thresholds for one feature.
fn everything() -> Churnctl {
    Churnctl::new()
        .file("baseline.csv", table(24_000, false))
        .file("current.csv", table(900, true))
        .file(
            "churnctl.toml",
            "[drift]\nmin_rows = 1000\n[drift.thresholds.charge]\nwarn_psi = 0.2\nfail_psi = 0.4\n",
        )
}

const BOTH: [&str; 4] = ["--baseline", "baseline.csv", "--current", "current.csv"];

#[test]
fn an_ok_report_is_what_its_schema_says() {
    let churnctl = Churnctl::new()
        .file("baseline.csv", example("telco_baseline.csv"))
        .file("current.csv", example("telco_stable.csv"));
    let mut args = vec!["drift", "--format", "json", "-q", "--label", "churn"];
    args.extend(BOTH);
    let printed = churnctl.run(&args).expect(ExitCode::Ok).json();
    let schema = schema("drift_report");
    expect_valid(&schema, &printed);
    assert_eq!(printed["status"], "OK");
    // The label is named, but no score: said, and no alarm.
    assert_eq!(printed["findings"][0]["kind"], "performance");
    let file = std::fs::read(churnctl.path("artifacts/metrics/data_drift_latest.json"));
    let stored: Value = serde_json::from_slice(&file.expect("the report")).expect("JSON");
    assert_eq!(stored, printed, "the file and the print are one document");
}

#[test]
fn a_report_with_everything_in_it_is_what_its_schema_says() {
    let mut args = vec!["drift", "--format", "json", "-q"];
    args.extend(BOTH);
    args.extend(["--score", "churn_risk", "--label", "churned"]);
    let report = everything().run(&args).expect(ExitCode::CheckFailed).json();
    let schema = schema("drift_report");
    expect_valid(&schema, &report);

    let findings = report["findings"].as_array().expect("findings");
    for kind in [
        "absent_column",
        "type_change",
        "all_missing",
        "infinities",
        "constant",
        "unseen_categories",
        "few_rows",
        "missing_share",
        "extra_column",
    ] {
        assert!(
            findings.iter().any(|finding| finding["kind"] == kind),
            "no {kind} in {findings:#?}"
        );
    }
    let features = report["features"].as_array().expect("features");
    for (part, is) in [("/numeric/method", "grid"), ("/kind", "categorical")] {
        let has = |feature: &Value| feature.pointer(part).is_some_and(|value| value == is);
        assert!(features.iter().any(has), "no feature with {part} {is}");
    }
    assert_eq!(report["performance"]["status"], "FAIL");

    expect_strict(&schema, &report);
    for (pointer, to) in [
        ("/status", json!("MAYBE")),
        ("/status", Value::Null),
        ("/schema_version", json!(2)),
        ("/command", json!("profile")),
        ("/created_at", json!("yesterday")),
        ("/overall_max_psi", json!(-0.1)),
        ("/rows/current", json!(0.5)),
        ("/features/0/missing/share/current", json!(1.5)),
        ("/features/0/status", json!("ok")),
        ("/findings/0/kind", json!("other")),
        ("/left_out/0/role", json!("feature")),
        ("/score/missing", Value::Null),
        ("/performance/baseline/roc_auc", json!(0.9)),
        ("/thresholds/by_feature/charge/fail_psi", Value::Null),
    ] {
        expect_refused(&schema, &report, pointer, to);
    }
}

#[test]
fn a_train_report_is_what_its_schema_says() {
    let churnctl = Churnctl::new().file("data.csv", example("telco_baseline.csv"));
    let train = |more: &[&str]| {
        let mut args = vec!["train", "data.csv", "--label", "churn", "--positive", "Yes"];
        args.extend(["--model", "logistic", "--format", "json", "-q"]);
        args.extend(more);
        churnctl.run(&args).expect(ExitCode::Ok).json()
    };
    let schema = schema("train_report");
    let first = train(&["--html", "train.html"]);
    expect_valid(&schema, &first);
    assert_eq!(first["promoted"], true);
    let page = std::fs::read_to_string(churnctl.path("train.html")).expect("the page");
    assert!(page.contains(">PROMOTED</span>") && page.len() < 1_000_000);

    // The same again: a tie keeps the champion, and both are compared.
    let report = train(&[]);
    expect_valid(&schema, &report);
    assert_eq!(report["promoted"], false);
    let file = std::fs::read(churnctl.path("artifacts/metrics/train_latest.json"));
    let stored: Value = serde_json::from_slice(&file.expect("the report")).expect("JSON");
    assert_eq!(stored, report, "the file and the print are one document");

    expect_strict(&schema, &report);
    for (pointer, to) in [
        ("/schema_version", json!(2)),
        ("/command", json!("drift")),
        ("/created_at", json!("yesterday")),
        ("/model_version", json!("latest")),
        ("/tried_log_loss/logistic", json!(-0.1)),
        ("/split_rows/test", json!(0.5)),
        ("/threshold", Value::Null),
        ("/metrics/test", Value::Null),
        ("/metrics/test/roc_auc", json!(0.9)),
        ("/metrics/test/confusion/true_positives", Value::Null),
        ("/trivial/0/roc_auc", json!(1.5)),
        ("/importance/0/feature", Value::Null),
        ("/drift", Value::Null),
        ("/drift/0/feature", Value::Null),
        ("/drift/0/test/status", json!("BAD")),
        ("/drift/0/test/missing_psi", json!(-0.1)),
        ("/promoted", json!("no")),
        ("/comparisons/0/metric", json!("other")),
        ("/comparisons/0/difference/low", Value::Null),
    ] {
        expect_refused(&schema, &report, pointer, to);
    }
}

#[test]
fn profiles_are_what_their_schema_says() {
    // More than 100,000 distinct texts are counted by hash.
    let mut texts = String::from("text,whole\n");
    for i in 0..100_500 {
        let _ = writeln!(texts, "t{i},{i}");
    }
    let churnctl = everything().file("texts.csv", texts);
    let schema = schema("profile");
    let profile = |args: &[&str]| {
        let mut all = vec!["profile", "-o", "profile.json", "-q"];
        all.extend(args);
        churnctl.run(&all).expect(ExitCode::Ok);
        let text = std::fs::read(churnctl.path("profile.json")).expect("the profile");
        let profile: Value = serde_json::from_slice(&text).expect("JSON");
        expect_valid(&schema, &profile);
        profile
    };
    let roles = [
        "--score",
        "churn_risk",
        "--label",
        "churned",
        "--positive",
        "yes",
    ];
    let columns = [
        "--id",
        "customer_id",
        "--exclude",
        "gone",
        "--categorical",
        "level",
    ];
    let whole = profile(&[&["baseline.csv"][..], &roles, &columns].concat());
    let column = |profile: &Value, name: &str| {
        let columns = profile["columns"].as_array().expect("columns").clone();
        columns.into_iter().find(|column| column["name"] == name)
    };
    let has = |profile: &Value, name: &str, part: &str| {
        column(profile, name).expect(name).get(part).is_some()
    };
    assert!(has(&whole, "minutes", "grid") && has(&whole, "plan", "values"));
    assert!(column(&whole, "gone").is_none(), "excluded");
    assert!(whole["outcome"]["by_label"]["yes"].is_object());
    // Unique in every row, so they would be taken for identifiers.
    let texts = profile(&["texts.csv", "--features", "text,whole"]);
    assert!(has(&texts, "text", "hashed") && has(&texts, "whole", "grid"));

    expect_strict(&schema, &whole);
    expect_strict(&schema, &texts);
    for (pointer, to) in [
        ("/rows", json!(0)),
        ("/columns", json!([])),
        ("/source", Value::Null),
        ("/columns/0/name", Value::Null),
        ("/roles/id", json!("customer_id")),
    ] {
        expect_refused(&schema, &whole, pointer, to);
    }
    for (pointer, to) in [
        ("/columns/0/hashed/counts", json!([1, 2])),
        ("/columns/1/grid/shift", json!(64)),
        ("/columns/1/grid/octaves/0/sum", json!("0x1")),
    ] {
        expect_refused(&schema, &texts, pointer, to);
    }
}

#[test]
fn what_rendering_says_is_what_its_schema_says() {
    let churnctl = Churnctl::new();
    let words = [
        "render-manifests",
        "--output-dir",
        "k8s",
        "--format",
        "json",
        "-q",
    ];
    let written = churnctl.run(&words).expect(ExitCode::Ok).json();
    let schema = schema("render_manifests");
    expect_valid(&schema, &written);
    expect_strict(&schema, &written);
    for (pointer, to) in [
        ("/schema_version", json!(2)),
        ("/command", json!("drift")),
        ("/status", json!("WARN")),
        ("/files/0/state", json!("lost")),
        ("/files/0/path", Value::Null),
        ("/folder", Value::Null),
    ] {
        expect_refused(&schema, &written, pointer, to);
    }
    let mut check = words.to_vec();
    check.extend(["--check", "--set", "k8s.replicas=3"]);
    let stale = churnctl.run(&check).expect(ExitCode::CheckFailed).json();
    expect_valid(&schema, &stale);
    assert_eq!(stale["status"], "FAIL");
}

#[test]
fn pushes_and_the_list_of_metrics_are_what_their_schemas_say() {
    let churnctl = Churnctl::new().file("m.prom", "a 1\n");
    let list = churnctl.run(&["metrics", "list", "--format", "json"]);
    let (list, schema_of_list) = (list.expect(ExitCode::Ok).json(), schema("metrics_list"));
    expect_valid(&schema_of_list, &list);
    expect_strict(&schema_of_list, &list);
    expect_refused(&schema_of_list, &list, "/metrics/0/type", json!("untyped"));
    expect_refused(&schema_of_list, &list, "/metrics/0/help", Value::Null);

    let Some(server) = Server::pushgateway("", &[]) else {
        return;
    };
    let url = server.url();
    let run = |args: &[&str]| {
        let more = ["--format", "json", "--gateway", &url];
        let run = churnctl.run(&[args, &more].concat());
        run.expect(ExitCode::Ok).json()
    };
    let schema_of_push = schema("push_metrics");
    for more in [&["--dry-run"][..], &[]] {
        let push = ["push-metrics", "m.prom", "--job", "j", "--group", "x=y"];
        let push = run(&[&push, more].concat());
        expect_valid(&schema_of_push, &push);
        expect_strict(&schema_of_push, &push);
        expect_refused(&schema_of_push, &push, "/method", json!("patch"));
        expect_refused(&schema_of_push, &push, "/group/job", Value::Null);
        expect_refused(&schema_of_push, &push, "/samples", json!(0));
    }
    let schema_of_groups = schema("push_groups");
    for args in [
        &["push-metrics", "list"][..],
        &["push-metrics", "prune", "--older-than", "1w", "--dry-run"],
        &[
            "push-metrics",
            "delete",
            "--job",
            "j",
            "--group",
            "x=y",
            "--yes",
        ],
    ] {
        let groups = run(args);
        expect_valid(&schema_of_groups, &groups);
        expect_refused(&schema_of_groups, &groups, "/gateway", json!("here"));
        let is_list = args[1] == "list";
        let dry_run = if is_list { json!(true) } else { Value::Null };
        if is_list {
            let mut wrong = groups.clone();
            wrong["dry_run"] = dry_run;
            assert!(!schema_of_groups.is_valid(&wrong), "a list is never dry");
        } else {
            expect_refused(&schema_of_groups, &groups, "/dry_run", dry_run);
        }
        if args[1] != "prune" {
            expect_strict(&schema_of_groups, &groups);
            let pointer = "/groups/0/last_push_successful";
            expect_refused(&schema_of_groups, &groups, pointer, json!("yes"));
            expect_refused(
                &schema_of_groups,
                &groups,
                "/groups/0/group/job",
                Value::Null,
            );
        }
    }
}

#[test]
fn errors_are_what_their_schema_says() {
    let churnctl = Churnctl::new()
        .file("bad.csv", "a,b\n1,2\n3\n")
        .file("wrong.toml", "[drift]\nwarn_psi = \"much\"\n");
    let schema = schema("error");
    let bad_row = ["profile", "bad.csv", "-o", "p.json"];
    let runs: [(&[&str], ExitCode); 4] = [
        (&bad_row, ExitCode::BadInput),
        (&["drift", "--bogus"], ExitCode::Usage),
        (&["drift", "--baseline", "gone.csv"], ExitCode::Io),
        (
            &["config", "show", "--config", "wrong.toml"],
            ExitCode::BadSettings,
        ),
    ];
    for (args, code) in runs {
        let run = churnctl.run(&[args, &["--format", "json", "-q"]].concat());
        let run = run.expect(code);
        let error: Value = serde_json::from_str(&run.stderr).expect("JSON on stderr");
        expect_valid(&schema, &error);
        expect_strict(&schema, &error);
        expect_refused(&schema, &error, "/error/code", json!(2));
        expect_refused(&schema, &error, "/error/kind", json!("interrupted"));
        expect_refused(&schema, &error, "/error/message", Value::Null);
    }
}

#[test]
fn what_alerts_say_is_what_their_schemas_say() {
    let run = |args: &[&str]| {
        let mut all = vec!["alerts"];
        all.extend(args);
        all.extend(["--format", "json"]);
        let seed = crate::harness::fixture("seed_rules.yaml");
        all.insert(2, &seed);
        Churnctl::new().run(&all)
    };
    let list = run(&["list"]).expect(ExitCode::Ok).json();
    expect_valid(&schema("alerts_list"), &list);
    expect_strict(&schema("alerts_list"), &list);
    expect_refused(
        &schema("alerts_list"),
        &list,
        "/rules/0/for_seconds",
        json!("5m"),
    );
    let lint = run(&["lint"]).expect(ExitCode::CheckFailed).json();
    expect_valid(&schema("alerts_lint"), &lint);
    expect_strict(&schema("alerts_lint"), &lint);
    expect_refused(
        &schema("alerts_lint"),
        &lint,
        "/findings/0/status",
        json!("OK"),
    );
    expect_refused(
        &schema("alerts_lint"),
        &lint,
        "/findings/0/hint",
        Value::Null,
    );
    // The other kinds of members stand in no single run: rules without cases leave lists empty.
    let test = json!({
        "schema_version": 1, "command": "alerts test", "churnctl_version": "0.1.0",
        "created_at": "2026-01-01T00:00:00Z", "status": "FAIL", "files": 1,
        "thresholds": { "coverage_percent": 0.0, "mutation_percent": 0.0 },
        "mutated": true, "coverage_percent": 0.0, "mutation_percent": null, "proof": null,
        "routing": [], "steps": [], "refused": [],
    });
    expect_valid(&schema("alerts_test"), &test);
    if crate::servers::installed("promtool").is_some() {
        let test = run(&["test"]).expect(ExitCode::CheckFailed).json();
        expect_valid(&schema("alerts_test"), &test);
        expect_strict(&schema("alerts_test"), &test);
        expect_refused(
            &schema("alerts_test"),
            &test,
            "/proof/rules/0/survivors/0/kind",
            json!("x"),
        );
    }
}

#[test]
fn the_schema_of_errors_knows_every_code_that_an_error_can_have() {
    let schema = schema("error");
    for code in ExitCode::ALL {
        // Who answers a question with Ctrl-C, or stops waiting, is told so.
        let is_error = !matches!(code, ExitCode::Ok | ExitCode::CheckFailed);
        let error = churnctl::error::Error::new(code, "said").to_json();
        assert_eq!(schema.is_valid(&error), is_error, "{code:?}");
    }
}

#[test]
fn every_schema_says_which_draft_it_is_and_describes_itself() {
    for name in SCHEMAS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/schemas");
        let text = std::fs::read_to_string(folder.join(format!("{name}.schema.json")));
        let schema: Value = serde_json::from_str(&text.expect("read")).expect("JSON");
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert!(schema["title"].is_string() && schema["description"].is_string());
    }
}

#[test]
fn the_words_of_serve_and_its_problems_are_valid_and_strict() {
    use crate::serve::running::{Running, customer};
    let serve = schema("serve");
    let document = json!({
        "schema_version": 1,
        "command": "serve",
        "churnctl_version": "0.1.0",
        "created_at": "2026-01-01T00:00:00Z",
        "url": "http://127.0.0.1:8000",
        "admin_url": "http://127.0.0.1:9000",
        "model_path": "model.json",
        "model_version": "0123456789ab",
    });
    expect_valid(&serve, &document);
    expect_strict(&serve, &document);
    expect_refused(&serve, &document, "/url", json!("127.0.0.1:8000"));

    let problem = schema("problem");
    let running = Running::start(&crate::models::scoring(), &[]);
    let mut wrong = customer("u", 1.0);
    wrong["features"]["vists"] = json!(1);
    let faults = running.post("/predict", &wrong).expect(422).json();
    for (method, path, body) in [
        ("POST", "/predict", "{"),
        ("POST", "/v1/models/churn:predict", "{}"),
        ("POST", "/v2/models/x/infer", "{}"),
        ("GET", "/nothing", ""),
        ("PUT", "/predict", ""),
    ] {
        let answer = running.send(method, path, body);
        expect_valid(&problem, &answer.json());
    }
    expect_valid(&problem, &faults);
    expect_strict(&problem, &faults);
    expect_refused(&problem, &faults, "/errors/0/reason", json!("bad luck"));
    expect_refused(&problem, &faults, "/status", json!(200));
}

#[test]
fn what_waits_for_mlflow_and_what_became_of_it_are_what_their_schemas_say() {
    let away = "http://127.0.0.1:1";
    let churnctl = Churnctl::new()
        .file("data.csv", example("telco_baseline.csv"))
        .env("CHURNCTL_MLFLOW_DEADLINE", "500ms");
    let train = [
        "train",
        "data.csv",
        "--label",
        "churn",
        "--model",
        "logistic",
        "--tracking-uri",
        away,
        "-q",
    ];
    churnctl.run(&train).expect(ExitCode::Ok);
    let entries = std::fs::read_dir(churnctl.path("artifacts/mlflow")).expect("list");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let name = names
        .map(|name| name.to_string_lossy().into_owned())
        .find(|name| name.ends_with(".json"))
        .expect("what waits");
    let waiting = churnctl.read_json(&format!("artifacts/mlflow/{name}"));
    let schema_of_run = schema("mlflow_run");
    expect_valid(&schema_of_run, &waiting);
    expect_strict(&schema_of_run, &waiting);
    for (pointer, to) in [
        ("/schema_version", json!(2)),
        ("/key", json!("../x")),
        ("/task/run/metrics/test~1rows", json!("600")),
        ("/task/run/files/0/sha256", json!("abc")),
        ("/task/run/model/name", Value::Null),
    ] {
        expect_refused(&schema_of_run, &waiting, pointer, to);
    }

    let schema_of_sync = schema("mlflow_sync");
    let sync = ["mlflow", "sync", "--format", "json", "--tracking-uri", away];
    let run = churnctl.run(&sync).expect(ExitCode::Unavailable);
    let left = run.json();
    expect_valid(&schema_of_sync, &left);
    assert_eq!(left["runs"][0]["outcome"], "waits");
    let stub = MlflowStub::start(Trouble::None);
    let url = stub.url();
    let sync = ["mlflow", "sync", "--format", "json", "--tracking-uri", &url];
    let sent = churnctl.run(&sync).expect(ExitCode::Ok).json();
    expect_valid(&schema_of_sync, &sent);
    expect_strict(&schema_of_sync, &sent);
    for (pointer, to) in [
        ("/command", json!("mlflow")),
        ("/runs/0/outcome", json!("lost")),
        ("/runs/0/version", json!("latest")),
        ("/spool", Value::Null),
    ] {
        expect_refused(&schema_of_sync, &sent, pointer, to);
    }
}
