//! `churnctl train`: what it learns, what it promotes, and what it refuses.

use std::process::Stdio;
use std::time::{Duration, Instant};

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Random, Table, fixture};
use crate::models::{
    PRODUCTION, customers, figures, gunzip, report, rows_of, score, small_model, train, train_telco,
};

const REGISTRY: &str = "artifacts/registry/models.jsonl";

fn with_data(table: &Table) -> Churnctl {
    Churnctl::new().table("data.csv", table)
}

/// The events of the registry in order, each with the version of its model.
fn events(churnctl: &Churnctl) -> Vec<(String, String)> {
    let text = String::from_utf8(churnctl.read(REGISTRY)).expect("UTF-8");
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).expect("JSON in each line");
            let text = |name: &str| line[name].as_str().expect(name).to_owned();
            (text("event"), text("version"))
        })
        .collect()
}

fn names(churnctl: &Churnctl) -> Vec<String> {
    events(churnctl)
        .into_iter()
        .map(|(event, _)| event)
        .collect()
}

fn in_production(churnctl: &Churnctl) -> String {
    let model = churnctl.read_json(PRODUCTION);
    model["version"].as_str().expect("a version").to_owned()
}

/// The line of an artifact that holds its body.
fn body(artifact: &[u8]) -> Vec<u8> {
    let lines = artifact.split(|byte| *byte == b'\n');
    let mut bodies = lines.filter(|line| line.starts_with(b"\"body\""));
    bodies.next().expect("a body").to_owned()
}

fn warns(report: &Value, text: &str) -> bool {
    let warnings = report["warnings"].as_array().expect("warnings");
    warnings.iter().any(|warning| {
        warning
            .as_str()
            .is_some_and(|warning| warning.contains(text))
    })
}

fn features(churnctl: &Churnctl) -> Vec<String> {
    let model = churnctl.read_json(PRODUCTION);
    let features = model["body"]["features"].as_array().expect("features");
    let name = |feature: &Value| feature["name"].as_str().expect("a name").to_owned();
    features.iter().map(name).collect()
}

/// Figures of a Telco model on rows that it has never seen.
fn on_the_test_table(model: &[u8]) -> churnctl::stats::classification::Performance {
    let churnctl = Churnctl::new().file(PRODUCTION, model);
    let data = fixture("telco_test.csv.gz");
    let args = ["score", &data, "--model", PRODUCTION, "-o", "out.csv"];
    churnctl.run(&args).expect(ExitCode::Ok);
    let rows = rows_of(&gunzip("telco_test.csv.gz"));
    let labels: Vec<bool> = rows.iter().map(|row| row["churn"] == "Yes").collect();
    figures(&churnctl.read("out.csv"), &labels)
}

#[track_caller]
fn clears_the_bars(model: &[u8]) {
    let figures = on_the_test_table(model);
    let roc_auc = figures.roc_auc.expect("two classes").value;
    let precision = figures.average_precision.expect("two classes").value;
    let log_loss = figures.log_loss.expect("rows").value;
    assert!(
        roc_auc >= 0.845 && precision >= 0.66 && log_loss <= 0.415,
        "ROC AUC {roc_auc}, average precision {precision}, log loss {log_loss}"
    );
}

#[test]
fn telco_churners_are_told_from_others() {
    clears_the_bars(&train_telco("auto"));
}

#[test]
fn logistic_regression_tells_telco_churners_from_others() {
    clears_the_bars(&train_telco("logistic"));
}

#[test]
fn trees_alone_tell_telco_churners_from_others() {
    let figures = on_the_test_table(&train_telco("trees"));
    let roc_auc = figures.roc_auc.expect("two classes").value;
    assert!(roc_auc >= 0.845, "{roc_auc}");
}

#[test]
fn the_table_of_the_python_system_needs_no_flag_and_is_purged() {
    let churnctl = Churnctl::new();
    let data = fixture("python_system/training_dataset.u50.csv.gz");
    let run = churnctl
        .run(&["train", &data, "--format", "json"])
        .expect(ExitCode::Ok)
        .says("positive rows to learn from");
    let report = run.json();
    assert!(report["split_rows"]["purged"].as_u64() > Some(0));
    let unpurged = report["unpurged_roc_auc"]["value"].as_f64();
    let honest = report["metrics"]["test"]["roc_auc"]["value"].as_f64();
    assert!(unpurged > honest, "{unpurged:?} {honest:?}");
    assert!(warns(&report, "positive rows to learn from"));
    // Of 50 users the model may be worse than a column alone, and then it is not in production.
    let file = report["artifact"].as_str().expect("a path");
    let model = churnctl.read_json(file);
    let roles = &model["body"]["roles"];
    assert_eq!(roles["label"], "churn_label");
    assert_eq!(roles["id"], serde_json::json!(["user_id"]));
    assert_eq!(roles["time"], "as_of_date");
    let learned = model["body"]["features"]
        .as_array()
        .expect("features")
        .iter();
    let learned: Vec<&str> = learned.filter_map(|one| one["name"].as_str()).collect();
    for name in ["churn_label", "user_id", "as_of_date", "signup_date"] {
        assert!(!learned.contains(&name), "{name}");
    }
    assert_eq!(
        churnctl.read_json("artifacts/metrics/train_latest.json"),
        report
    );
}

#[test]
fn the_same_command_makes_the_same_body_with_any_threads_at_any_time() {
    for learner in ["logistic", "trees"] {
        let made: Vec<Vec<u8>> = [("1", "0"), ("1", "86400"), ("2", "172800")]
            .map(|(threads, time)| {
                let churnctl = with_data(&customers(1_500, 1)).env("SOURCE_DATE_EPOCH", time);
                let promote = ["--promote", "always", "--threads", threads];
                train(&churnctl, &[&["--model", learner], &promote[..]].concat())
                    .expect(ExitCode::Ok);
                churnctl.read(PRODUCTION)
            })
            .into();
        for artifact in &made[1..] {
            assert_ne!(*artifact, made[0], "the head has the time");
            assert!(body(artifact) == body(&made[0]), "{learner}");
            for name in ["sha256", "version"] {
                let of = |bytes: &[u8]| -> Value {
                    let artifact: Value = serde_json::from_slice(bytes).expect("JSON");
                    artifact[name].clone()
                };
                assert_eq!(of(artifact), of(&made[0]), "{learner} {name}");
            }
        }
    }
}

#[test]
fn a_better_model_is_promoted_a_tie_and_a_worse_one_are_not() {
    let churnctl = with_data(&customers(1_500, 1));
    let weak = ["--exclude", "visits", "--promote", "always"];
    let weak = report(&churnctl, &[&["--model", "logistic"], &weak[..]].concat());
    assert_eq!(weak["promoted"], true, "{weak:#}");
    let strong = report(&churnctl, &["--model", "logistic"]);
    assert_eq!(strong["promoted"], true, "{strong:#}");
    assert_eq!(in_production(&churnctl), strong["model_version"]);
    let tie = report(&churnctl, &["--model", "logistic"]);
    assert_eq!(tie["promoted"], false, "{tie:#}");
    let worse = report(&churnctl, &["--model", "logistic", "--exclude", "visits"]);
    assert_eq!(worse["promoted"], false, "{worse:#}");
    assert!(!worse["reasons"].as_array().expect("reasons").is_empty());
    assert_eq!(in_production(&churnctl), strong["model_version"]);
    let expected = [
        "train",
        "promotion",
        "train",
        "promotion",
        "train",
        "refusal",
        "train",
        "refusal",
    ];
    assert_eq!(names(&churnctl), expected);

    let back = churnctl.run(&["train", "--rollback"]).expect(ExitCode::Ok);
    assert!(
        back.stdout
            .contains(weak["model_version"].as_str().expect("text"))
    );
    assert_eq!(in_production(&churnctl), weak["model_version"]);
    assert_eq!(names(&churnctl).last().expect("a line"), "rollback");
    let again = churnctl.run(&["train", "--rollback"]);
    again
        .expect(ExitCode::BadInput)
        .says("no model was in production");
    assert_eq!(in_production(&churnctl), weak["model_version"]);
}

#[test]
fn a_candidate_that_learned_nothing_is_not_promoted_even_without_a_champion() {
    let mut random = Random::new(3);
    let table = customers(1_500, 1)
        .without("churn")
        .with("churn", (0..1_500).map(|_| u8::from(random.chance(0.3))));
    let churnctl = with_data(&table);
    let first = report(&churnctl, &["--model", "logistic"]);
    assert_eq!(first["promoted"], false, "{first:#}");
    assert!(!churnctl.path(PRODUCTION).exists());
    assert_eq!(names(&churnctl), ["train", "refusal"]);
    let churnctl = churnctl.file(PRODUCTION, small_model());
    let before = in_production(&churnctl);
    let second = report(&churnctl, &["--model", "logistic"]);
    assert_eq!(second["promoted"], false, "{second:#}");
    assert_eq!(in_production(&churnctl), before);
}

#[test]
fn the_user_may_overrule_the_comparison() {
    let churnctl = with_data(&customers(1_500, 1));
    let never = report(&churnctl, &["--model", "logistic", "--promote", "never"]);
    assert_eq!(never["promoted"], false);
    assert!(!churnctl.path(PRODUCTION).exists());
    let file = never["artifact"].as_str().expect("a path");
    assert!(churnctl.path(file).exists());
    report(&churnctl, &["--model", "logistic"]);
    let weak = ["--model", "logistic", "--exclude", "visits"];
    let always = report(&churnctl, &[&weak[..], &["--promote", "always"]].concat());
    assert_eq!(always["promoted"], true);
    assert_eq!(in_production(&churnctl), always["model_version"]);
}

#[test]
fn a_damaged_champion_is_put_aside_and_reported() {
    let churnctl = with_data(&customers(1_500, 1)).file(PRODUCTION, &small_model()[..5_000]);
    let refused = report(&churnctl, &["--model", "logistic"]);
    assert_eq!(refused["promoted"], false, "{refused:#}");
    assert!(warns(&refused, "damaged"), "{refused:#}");
    assert!(!churnctl.path(PRODUCTION).exists());
    let models = std::fs::read_dir(churnctl.path("artifacts/models")).expect("models");
    let aside = models
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.to_string_lossy().contains("corrupt-"))
        .expect("put aside");
    assert_eq!(
        std::fs::read(aside).expect("reads"),
        &small_model()[..5_000]
    );

    let newer = String::from_utf8(small_model().to_owned()).expect("UTF-8");
    let newer = newer.replacen("\"schema_version\": 5", "\"schema_version\": 99", 1);
    let churnctl = with_data(&customers(1_500, 1)).file(PRODUCTION, &newer);
    let run = train(&churnctl, &["--model", "logistic", "--promote", "always"]);
    run.expect(ExitCode::BadInput).says("99");
    assert_eq!(churnctl.read(PRODUCTION), newer.as_bytes());
}

#[test]
fn a_model_in_production_survives_every_kill() {
    let kills = std::env::var("CHURNCTL_KILLS").map_or(15, |kills| kills.parse().expect("a count"));
    let churnctl = with_data(&customers(400, 1)).table("current.csv", &customers(20, 2));
    let fixed = ["--model", "logistic", "--promote", "always"];
    train(&churnctl, &fixed).expect(ExitCode::Ok);
    let mut random = Random::new(7);
    let size = || {
        std::fs::metadata(churnctl.path(REGISTRY))
            .expect("a registry")
            .len()
    };
    for kill in 0..kills {
        let seed = (kill + 100).to_string();
        let args = ["train", "data.csv", "--label", "churn", "--seed", &seed];
        let before = size();
        let mut child = churnctl.spawn(&[&args[..], &fixed].concat(), Stdio::null());
        // The line of the training comes right before the promotion.
        let start = Instant::now();
        while size() == before && start.elapsed() < Duration::from_secs(20) {
            if child.try_wait().expect("a child").is_some() {
                break;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_micros(random.below(30_000)));
        let _ = child.kill();
        child.wait().expect("ended");
        score(&churnctl, &[]).expect(ExitCode::Ok);
    }
    // The next run finds the model in production and sets the registry right.
    train(&churnctl, &fixed).expect(ExitCode::Ok);
    let (_, last) = events(&churnctl).pop().expect("a line");
    assert_eq!(last, in_production(&churnctl));
    for folder in [
        "artifacts/models",
        "artifacts/registry",
        "artifacts/metrics",
    ] {
        assert_eq!(churnctl.temporary_files(folder), [""; 0], "{folder}");
    }
}

#[test]
fn the_shifted_month_drifts_from_the_model_and_the_stable_one_does_not() {
    let examples = |name: &str| {
        let root = env!("CARGO_MANIFEST_DIR");
        format!("{root}/examples/data/telco_{name}.csv")
    };
    let churnctl = Churnctl::new();
    let baseline = examples("baseline");
    churnctl
        .run(&["train", &baseline, "--model", "logistic"])
        .expect(ExitCode::Ok);
    for (month, code) in [("shifted", ExitCode::CheckFailed), ("stable", ExitCode::Ok)] {
        let month = examples(month);
        let args = ["drift", "--baseline", PRODUCTION, "--current", &month];
        churnctl.run(&args).expect(code);
        // Its scores tell the same story.
        let args = ["score", &month, "--model", PRODUCTION, "-o", "out.csv"];
        churnctl.run(&args).expect(ExitCode::Ok);
        let args = ["drift", "--baseline", PRODUCTION, "--current", "out.csv"];
        let only = ["--score", "churn_risk", "--format", "json"];
        let report = churnctl.run(&[&args[..], &only].concat()).json();
        assert!(report.to_string().contains("churn_risk"), "{report:#}");
    }
}

#[test]
fn a_label_that_is_not_there_is_refused_with_a_name_near_it() {
    let churnctl = with_data(&customers(200, 1));
    let args = ["train", "data.csv", "--label", "chrun"];
    let run = churnctl.run(&args).expect(ExitCode::BadInput);
    run.says("data.csv").says("\"chrun\"").says("\"churn\"");
    let churnctl = with_data(&customers(200, 1).without("churn"));
    let run = churnctl.run(&["train", "data.csv"]);
    run.expect(ExitCode::BadInput)
        .says("--label")
        .says("visits");
    assert!(!churnctl.path("artifacts").exists());
}

#[test]
fn labels_that_are_not_two_are_refused() {
    let labels = |values: &[&'static str]| {
        let values: Vec<&str> = values.iter().copied().cycle().take(300).collect();
        with_data(&customers(300, 1).without("churn").with("churn", values))
    };
    for (values, says) in [
        (&["Yes"][..], "churn"),
        (&["No"], "churn"),
        (&["0"], "churn"),
        (&["Yes", "No", "Maybe"], "\"Maybe\""),
        (&["0", "1", "2"], "\"2\""),
        (&[""], "churn"),
    ] {
        let churnctl = labels(values);
        let run = train(&churnctl, &[]).expect(ExitCode::BadInput);
        run.says(says).says("data.csv");
        assert!(!churnctl.path("artifacts").exists(), "{values:?}");
    }
    let churnctl = labels(&["left", "stayed"]);
    train(&churnctl, &["--positive", "gone"])
        .expect(ExitCode::BadInput)
        .says("gone");
}

#[test]
fn columns_that_cannot_help_are_left_out_with_a_warning() {
    let table = customers(1_500, 1)
        .with("empty", vec![""; 1_500])
        .with("constant", vec![7; 1_500])
        .with("same", vec!["x"; 1_500])
        .with("phone", (0..1_500).map(|row| format!("p{row}")));
    let churnctl = with_data(&table);
    let report = report(&churnctl, &["--model", "logistic"]);
    for warning in [
        "\"empty\" has no value",
        "\"constant\" is always 7",
        "\"same\" is always \"x\"",
        "\"phone\" has 1500 distinct values",
    ] {
        assert!(warns(&report, warning), "{warning}: {report:#}");
    }
    assert_eq!(features(&churnctl), ["visits", "noise", "plan"]);
}

#[test]
fn a_column_that_gives_the_label_away_is_named() {
    let table = customers(1_500, 1);
    let labels: Vec<String> = rows_of(table.csv().as_bytes())
        .iter()
        .map(|row| {
            if row["churn"] == "Yes" {
                "closed"
            } else {
                "open"
            }
            .to_owned()
        })
        .collect();
    let churnctl = with_data(&table.with("account", labels));
    let report = report(&churnctl, &["--model", "logistic"]);
    assert!(warns(&report, "\"account\" alone"), "{report:#}");
    assert!(!warns(&report, "\"visits\" alone"), "{report:#}");
}

#[test]
fn numbers_that_tell_who_a_row_is_are_left_out_unless_the_user_wants_them() {
    let scattered = |row: i32| row * 7_919 % 1_500 * 1_000 + row % 7;
    let table = customers(1_500, 1)
        .without("user_id")
        .with("ticket", (0..1_500).map(|row| 900_000 + row * 7))
        .with("customer_no", (0..1_500).map(scattered))
        .with("revenue_cents", (0..1_500).map(|row| scattered(row) + 3));
    let churnctl = with_data(&table).table("current.csv", &table);
    let first = report(&churnctl, &["--model", "logistic", "--promote", "always"]);
    for name in ["ticket", "customer_no"] {
        assert!(
            warns(&first, &format!("--include {name} takes it in")),
            "{first:#}"
        );
    }
    assert!(
        warns(&first, "\"revenue_cents\" is another whole number"),
        "{first:#}"
    );
    let learned = ["visits", "noise", "plan", "revenue_cents"];
    assert_eq!(features(&churnctl), learned);
    // What is named like an identifier is kept beside the scores; the other one is not.
    score(&churnctl, &[]).expect(ExitCode::Ok);
    let scores = rows_of(&churnctl.read("out.csv"));
    assert!(scores[0].contains_key("customer_no") && !scores[0].contains_key("ticket"));
    // Nor is it drift when numbers that were given one after another go on.
    let later = table
        .without("ticket")
        .with("ticket", (0..1_500).map(|row| 1_900_000 + row * 7));
    let churnctl = churnctl.table("later.csv", &later);
    let args = ["drift", "--baseline", PRODUCTION, "--current", "later.csv"];
    churnctl.run(&args).expect(ExitCode::Ok);

    let include = ["--include", "ticket,revenue_cents", "--promote", "always"];
    let second = report(
        &churnctl,
        &[&["--model", "logistic"], &include[..]].concat(),
    );
    assert!(!warns(&second, "\"ticket\"") && !warns(&second, "\"revenue_cents\""));
    assert_eq!(
        features(&churnctl),
        ["visits", "noise", "plan", "ticket", "revenue_cents"]
    );
}

#[test]
fn mistyped_columns_are_refused_with_a_name_near_them() {
    let churnctl = with_data(&customers(200, 1));
    for flag in [
        "--exclude",
        "--include",
        "--time",
        "--group",
        "--id",
        "--categorical",
    ] {
        let run = train(&churnctl, &[flag, "vists"]).expect(ExitCode::BadInput);
        run.says("\"vists\"").says(flag).says("\"visits\"");
    }
    assert!(!churnctl.path("artifacts").exists());
}

#[test]
fn a_champion_gains_nothing_from_test_rows_that_it_has_learned_from() {
    let churnctl = with_data(&customers(4_500, 1));
    let weak = ["--model", "logistic", "--exclude", "visits", "--seed", "1"];
    let weak = [&weak[..], &["--promote", "always"]].concat();
    report(&churnctl, &weak);
    // Another seed tests on other rows, most of which the champion knows.
    let run = train(&churnctl, &["--model", "logistic", "--format", "json"]);
    let run = run
        .expect(ExitCode::Ok)
        .says("test rows: the two are compared on the other");
    let strong = run.json();
    assert_eq!(strong["promoted"], true, "{strong:#}");
    assert!(warns(&strong, "learned from"), "{strong:#}");
    let reasons = strong["reasons"].to_string();
    let rows = strong["split_rows"]["test"].to_string();
    assert!(
        reasons.contains(&format!("of the {rows} test rows")),
        "{reasons}"
    );
    // The same again, and the same rows with more behind them: all are where they were.
    for rows in [4_500, 5_100] {
        let churnctl = churnctl_with(&churnctl, rows);
        let report = report(&churnctl, &["--model", "logistic"]);
        assert_eq!(report["comparisons"].as_array().map(Vec::len), Some(2));
        let reasons = report["reasons"].to_string();
        let learned = reasons.split(" of the ").next().expect("a part");
        let learned = learned
            .rsplit(' ')
            .next()
            .and_then(|count| count.parse::<u64>().ok());
        // A Bloom filter takes 6 of 10,000 for known that are not.
        assert!(learned.unwrap_or(0) <= 3, "{reasons}");
    }
    // With too few others there is no fair comparison, and that is said.
    let churnctl = with_data(&customers(400, 1));
    report(&churnctl, &weak);
    let small = report(&churnctl, &["--model", "logistic", "--seed", "3"]);
    assert!(warns(&small, "which favours the champion"), "{small:#}");
}

/// The model in production of one folder, and the first so many customers as data.
fn churnctl_with(churnctl: &Churnctl, rows: usize) -> Churnctl {
    let mut text = customers(4_500, 1).csv();
    let more = customers(5_100, 2).csv();
    text.extend(
        more.lines()
            .skip(4_501)
            .take(rows - 4_500)
            .flat_map(|line| [line, "\n"]),
    );
    Churnctl::new()
        .file(PRODUCTION, churnctl.read(PRODUCTION))
        .file("data.csv", text)
}

#[test]
fn features_of_the_champion_that_are_gone_are_named_as_lost() {
    let churnctl = with_data(&customers(1_500, 1));
    report(&churnctl, &["--model", "logistic"]);
    let fewer = ["--model", "logistic", "--exclude", "noise"];
    let refused = report(&churnctl, &fewer);
    assert_eq!(refused["promoted"], false);
    let version = in_production(&churnctl);
    let lost = format!("features of the champion {version} are lost: noise");
    // The column cannot be compared with a model that cannot score: that is said but once.
    let reasons = refused["reasons"].as_array().expect("reasons");
    let known = reasons
        .iter()
        .filter(|reason| !reason.to_string().contains("single column"));
    assert_eq!(known.collect::<Vec<_>>(), [lost.as_str()]);
    let always = report(&churnctl, &[&fewer[..], &["--promote", "always"]].concat());
    assert_eq!(always["promoted"], true);
    assert!(always["reasons"].to_string().contains(&lost));
}

#[test]
fn a_report_that_cannot_be_written_leaves_no_promotion_behind() {
    let churnctl = with_data(&customers(1_500, 1)).file("folder/file", "x");
    for page in ["folder", "folder/file/page.html", "/dev/full"] {
        let run = train(&churnctl, &["--model", "logistic", "--html", page]);
        run.expect(ExitCode::Io);
        assert!(!churnctl.path(PRODUCTION).exists(), "{page}");
        assert!(!churnctl.path(REGISTRY).exists(), "{page}");
        assert!(
            !churnctl
                .path("artifacts/metrics/train_latest.json")
                .exists(),
            "{page}"
        );
        assert_eq!(
            churnctl.temporary_files("artifacts/metrics"),
            [""; 0],
            "{page}"
        );
    }
    report(&churnctl, &["--model", "logistic", "--html", "page.html"]);
    let page = String::from_utf8(churnctl.read("page.html")).expect("UTF-8");
    assert!(page.contains("Drift between the splits") && page.contains(">PROMOTED<"));
}

#[test]
fn drift_between_the_splits_is_told_worst_first() {
    // By time, with a column that goes up with the days and another that goes missing.
    let days = |row: usize| format!("2026-{:02}-{:02}", 1 + row / 280, 1 + row / 10 % 28);
    let table = customers(2_800, 1)
        .with("as_of_date", (0..2_800).map(days))
        .with("age", (0..2_800).map(|row| row / 10 + row % 3))
        .with(
            "late",
            (0..2_800).map(|row| if row > 2_300 { "" } else { ["a", "b"][row % 2] }),
        );
    let churnctl = with_data(&table);
    let report = report(&churnctl, &["--model", "logistic", "--label-window", "10d"]);
    let drift = report["drift"].as_array().expect("drift");
    assert_eq!(drift.len(), 5);
    let names: Vec<&str> = drift
        .iter()
        .filter_map(|one| one["feature"].as_str())
        .collect();
    assert_eq!(names[..2], ["late", "age"], "{report:#}");
    for one in &drift[..2] {
        assert_eq!(one["test"]["status"], "FAIL", "{one:#}");
    }
    assert!(drift[0]["test"]["missing_psi"].as_f64() > Some(1.0));
    for one in &drift[2..] {
        assert_eq!(one["test"]["status"], "OK", "{one:#}");
        assert_eq!(one["validation"]["status"], "OK", "{one:#}");
    }
    assert!(warns(
        &report,
        "features drift from train to test: late, age"
    ));
    // By chance, none does.
    let report = self::report(&churnctl, &["--model", "logistic", "--time", "none"]);
    let drift = report["drift"].as_array().expect("drift");
    assert!(
        drift.iter().all(|one| one["test"]["status"] == "OK"),
        "{report:#}"
    );
}

#[test]
fn tables_too_small_to_split_are_refused() {
    for rows in [0, 1, 3] {
        let churnctl = with_data(&customers(rows, 1));
        train(&churnctl, &[]).expect(ExitCode::BadInput);
        assert!(!churnctl.path("artifacts").exists(), "{rows}");
    }
}

#[test]
fn rolling_back_without_a_history_is_refused() {
    let run = Churnctl::new().run(&["train", "--rollback"]);
    run.expect(ExitCode::BadInput)
        .says("no model was in production");
}
