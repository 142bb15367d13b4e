//! `drift --labels`: labels that come weeks after their predictions, joined by key and time. The counts and
//! figures of the fixture are those of pandas and scikit-learn, see `tests/data/late_labels/make.py`.

use std::collections::BTreeMap;

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

#[cfg(feature = "postgres")]
use crate::databases::Database as _;
use crate::harness::{Churnctl, Run, fixture};
use crate::models::{gunzip, rows_of};
#[cfg(feature = "postgres")]
use crate::postgres::Cluster;
use crate::schemas::{expect_strict, expect_valid, schema};
use crate::sources::{Column, Typed};

fn expected(source: &str) -> Value {
    let bytes = std::fs::read(fixture("late_labels/expected.json")).expect("the fixture");
    let mut all: Value = serde_json::from_slice(&bytes).expect("JSON");
    all[source].take()
}

/// A folder with the fixture as plain CSV.
fn folder() -> Churnctl {
    let names = ["baseline", "predictions", "events", "outcomes"];
    names.iter().fold(Churnctl::new(), |churnctl, name| {
        let bytes = gunzip(&format!("late_labels/{name}.csv.gz"));
        churnctl.file(&format!("{name}.csv"), bytes)
    })
}

const CHECK: &str = "drift --baseline baseline.csv --score churn_risk --label churned --label-window 30d \
                     --fail-on never -q --report report.json";
const WEEKS: &str = "--time predicted_at --window 7d";

/// Runs the check with more words.
fn run(churnctl: &Churnctl, words: &str) -> Run {
    let words = format!("{CHECK} {words}");
    let words: Vec<&str> = words.split_whitespace().collect();
    churnctl.run(&words)
}

fn report(churnctl: &Churnctl, words: &str) -> Value {
    run(churnctl, words).expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    expect_valid(&schema("drift_report"), &report);
    expect_strict(&schema("drift_report"), &report);
    report
}

/// Every member of `expected` is in `own`: counts are the same, figures to nine digits.
#[track_caller]
fn same(at: &str, own: &Value, expected: &Value) {
    match expected {
        Value::Object(members) => {
            for (name, expected) in members {
                same(&format!("{at}/{name}"), &own[name], expected);
            }
        }
        Value::Number(number) if number.is_f64() => {
            let value = own["value"]
                .as_f64()
                .unwrap_or_else(|| panic!("{at}: {own}"));
            let wanted = number.as_f64().expect("a number");
            assert!(
                (value - wanted).abs() < 1e-9,
                "{at}: {value}, expected {wanted}"
            );
        }
        _ => assert_eq!(own, expected, "{at}"),
    }
}

#[track_caller]
fn is_as_expected(report: &Value, expected: &Value) {
    let own = &report["labels"];
    for part in ["watermark", "predictions", "labels", "performance"] {
        same(part, &own[part], &expected[part]);
    }
    let Some(windows) = own["windows"].as_array() else {
        return;
    };
    let wanted = expected["windows"].as_array().expect("windows");
    assert_eq!((windows.len(), wanted.len()), (12, 12));
    for (window, wanted) in windows.iter().zip(wanted) {
        let at = &window["window"];
        same(
            &format!("{at}"),
            &window["predictions"],
            &wanted["predictions"],
        );
        // With one class nothing is defined but the counts, and without a row there is nothing.
        if wanted["performance"]["rows"] != 0 {
            same(
                &format!("{at}"),
                &window["performance"],
                &wanted["performance"],
            );
        } else {
            assert_eq!(window["performance"], Value::Null);
        }
    }
}

#[test]
fn who_is_not_in_the_list_stayed_once_the_window_has_closed() {
    let churnctl = folder();
    let report = report(
        &churnctl,
        &format!(
            "--current predictions.csv --labels events.csv --join user_id=customer_id {WEEKS}"
        ),
    );
    is_as_expected(&report, &expected("events"));
    let labels = &report["labels"];
    assert_eq!(labels["label_time"], "left_at");
    assert_eq!(labels["label_column"], Value::Null);
    assert_eq!(labels["unmatched"], "negative");
    // The baseline's word for it.
    assert_eq!(labels["positive"], "yes");
}

#[test]
fn values_count_the_last_one_first_and_whoever_has_none_does_not() {
    let churnctl = folder();
    let words = format!("--current predictions.csv --labels outcomes.csv --join user_id {WEEKS}");
    is_as_expected(&report(&churnctl, &words), &expected("outcomes"));
    let negative = report(&churnctl, &format!("{words} --unmatched negative"));
    is_as_expected(&negative, &expected("outcomes_negative"));
    // The weeks have verdicts of their own, by their predictions' time.
    let judged = negative["windows"][0]["performance"]["roc_auc"].clone();
    assert_eq!(
        judged,
        negative["labels"]["windows"][0]["performance"]["roc_auc"]
    );
    let kinds: Vec<&Value> = negative["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| &finding["kind"])
        .collect();
    for kind in ["conflicting_labels", "unreadable_labels"] {
        assert!(kinds.contains(&&json!(kind)), "{kinds:?}");
    }
}

#[test]
fn without_windows_all_predictions_are_judged_together() {
    let churnctl = folder();
    let report = report(
        &churnctl,
        "--current predictions.csv --labels outcomes.csv --join user_id --unmatched negative \
         --prediction-time predicted_at",
    );
    is_as_expected(&report, &expected("outcomes_negative"));
    let performance = &report["performance"];
    assert_eq!(performance["current"], report["labels"]["performance"]);
    assert_eq!(performance["status"], "FAIL", "{performance:#}");
    assert_eq!(report["schema_version"], 2);
}

#[test]
fn a_join_with_a_kilobyte_of_memory_says_the_same() {
    let churnctl = folder();
    let words = format!("--current predictions.csv --labels outcomes.csv --join user_id {WEEKS}");
    let mut reports = ["1kB", "256MB"]
        .map(|memory| report(&churnctl, &format!("{words} --join-memory {memory}")));
    for report in &mut reports {
        report["created_at"].take();
    }
    assert_eq!(reports[0], reports[1]);
}

/// Rows of CSV as a table with types, each column a text.
fn typed(csv: &[u8], names: &[&'static str]) -> Typed {
    let rows = rows_of(csv);
    let column = |name: &&'static str| {
        let values = rows.iter().map(|row: &BTreeMap<String, String>| {
            Some(row[*name].clone()).filter(|text| !text.is_empty())
        });
        (*name, Column::Text(values.collect()))
    };
    Typed {
        columns: names.iter().map(column).collect(),
        rows: rows.len(),
    }
}

#[test]
fn labels_of_every_form_are_the_same_labels() {
    let churnctl = folder();
    let outcomes = gunzip("late_labels/outcomes.csv.gz");
    let table = typed(&outcomes, &["user_id", "day", "churned"]);
    let churnctl = churnctl
        .file("packed.csv.gz", crate::harness::gzip(&outcomes))
        .file("outcomes.ndjson", table.ndjson())
        .file("a/1.csv", table.csv());
    #[cfg(feature = "parquet")]
    let churnctl = churnctl.file("outcomes.parquet", table.parquet(500));
    let sources: &[&str] = if cfg!(feature = "parquet") {
        &["packed.csv.gz", "outcomes.ndjson", "a", "outcomes.parquet"]
    } else {
        &["packed.csv.gz", "outcomes.ndjson", "a"]
    };
    let expected = expected("outcomes");
    let mut digests = Vec::new();
    for source in sources {
        let report = report(
            &churnctl,
            &format!("--current predictions.csv --labels {source} --join user_id {WEEKS}"),
        );
        is_as_expected(&report, &expected);
        digests.push(report["labels"]["source"]["counts_sha256"].clone());
    }
    assert!(
        digests.windows(2).all(|two| two[0] == two[1]),
        "{digests:?}"
    );
}

#[test]
fn either_side_may_be_standard_input() {
    let churnctl = folder();
    for (piped, words) in [
        ("outcomes.csv", "--current predictions.csv --labels -"),
        ("predictions.csv", "--current - --labels outcomes.csv"),
    ] {
        let words = format!("{CHECK} {words} --join user_id {WEEKS}");
        let words: Vec<&str> = words.split_whitespace().collect();
        let run = churnctl.run_with_stdin(&words, &churnctl.read(piped));
        run.expect(ExitCode::Ok);
        is_as_expected(&churnctl.read_json("report.json"), &expected("outcomes"));
    }
    let twice = "--current - --labels - --join user_id --prediction-time predicted_at";
    run(&churnctl, twice)
        .expect(ExitCode::Usage)
        .says("only once");
}

#[test]
fn every_form_of_the_report_says_it() {
    let churnctl = folder();
    let words = format!(
        "--current predictions.csv --labels outcomes.csv --join user_id --html r.html --markdown r.md \
         --metrics-file r.prom --junit r.xml {WEEKS}"
    );
    let table = run(&churnctl, &format!("{words} --format table")).expect(ExitCode::Ok);
    let plain = run(&churnctl, &words).expect(ExitCode::Ok);
    let text = |name: &str| String::from_utf8(churnctl.read(name)).expect("UTF-8");
    let expected = expected("outcomes");
    let matched = &expected["predictions"]["matched"];
    let sentence = format!("{matched} of 2,019 predictions have a label");
    for (form, text) in [
        ("table", table.stdout),
        ("plain", plain.stdout),
        ("html", text("r.html")),
        ("markdown", text("r.md")),
    ] {
        // A terminal breaks lines.
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(words.join(" ").contains(&sentence), "{form}: {text}");
        assert!(text.contains("2026-01-12..2026-01-18"), "{form}");
    }
    let line = format!("churn_drift_labels{{model=\"churn\",state=\"matched\"}} {matched}\n");
    assert!(text("r.prom").contains(&line), "{}", text("r.prom"));
    assert!(text("r.xml").contains("conflicting_labels"));
}

#[test]
fn a_report_with_labels_is_made_again_and_other_labels_are_told() {
    let churnctl = folder();
    let words = format!("--current predictions.csv --labels outcomes.csv --join user_id {WEEKS}");
    run(&churnctl, &words).expect(ExitCode::Ok);
    let verify =
        |more: &[&str]| churnctl.run(&[&["drift", "verify", "report.json"], more].concat());
    verify(&[]).expect(ExitCode::Ok);
    let moved = churnctl.path("moved.csv");
    std::fs::rename(churnctl.path("outcomes.csv"), moved).expect("move");
    verify(&[]).expect(ExitCode::Io).says("--labels");
    verify(&["--labels", "moved.csv"]).expect(ExitCode::Ok);
    let mut other = churnctl.read("moved.csv");
    other.extend(b"C000001,2026-02-01,yes\n");
    let churnctl = churnctl.file("other.csv", other);
    let args = ["drift", "verify", "report.json", "--labels", "other.csv"];
    churnctl
        .run(&args)
        .expect(ExitCode::BadInput)
        .says("the label data are not those");
}

/// Forty customers a day for twenty days, in rows `key,at,plan,score`.
fn scored(key: impl Fn(usize) -> String) -> String {
    let mut text = "id,at,plan,score\n".to_owned();
    for row in 0..800 {
        let day = row / 40 + 1;
        let plan = ["basic", "pro"][row % 2];
        text += &format!(
            "{},2026-03-{day:02},{plan},0.{:02}\n",
            key(row),
            row * 37 % 100
        );
    }
    text
}

fn left(key: impl Fn(usize) -> String, day: &str) -> String {
    let mut text = "id,left_on\n".to_owned();
    for row in (0..800).step_by(5) {
        text += &format!("{},{day}\n", key(row));
    }
    text
}

fn checked(predictions: String, labels: String, words: &str) -> (Churnctl, Run) {
    let mut baseline = "plan,score,churned\n".to_owned();
    for row in 0..800 {
        let plan = ["basic", "pro"][row % 2];
        baseline += &format!(
            "{plan},0.{:02},{}\n",
            row * 37 % 100,
            u8::from(row % 5 == 0)
        );
    }
    let churnctl = Churnctl::new()
        .file("baseline.csv", baseline)
        .file("scored.csv", predictions)
        .file("left.csv", labels);
    let words = format!(
        "drift baseline.csv scored.csv --score score --label churned --labels left.csv --join id \
         --prediction-time at -q --report report.json {words}"
    );
    let words: Vec<&str> = words.split_whitespace().collect();
    let run = churnctl.run(&words);
    (churnctl, run)
}

/// The findings of a kind.
fn found(churnctl: &Churnctl, kind: &str) -> Vec<(String, String)> {
    let report = churnctl.read_json("report.json");
    let findings = report["findings"].as_array().expect("findings");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    findings
        .iter()
        .filter(|finding| finding["kind"] == kind)
        .map(|finding| (text(&finding["status"]), text(&finding["message"])))
        .collect()
}

#[test]
fn keys_that_never_match_are_told_with_those_of_both_sides() {
    let ours = |row: usize| format!("{row:05}");
    let theirs = |row: usize| row.to_string();
    let (churnctl, run) = checked(
        scored(ours),
        left(theirs, "2026-04-30"),
        "--label-window 30d",
    );
    let run = run.expect(ExitCode::Ok);
    let said = "800 are not known to have stayed, since no label has the key of a prediction";
    assert!(run.stdout.contains(said), "{}", run.stdout);
    let report = churnctl.read_json("report.json");
    assert_eq!(report["status"], "WARN");
    assert_eq!(report["performance"], Value::Null);
    let [(status, message)] = &found(&churnctl, "unmatched_labels")[..] else {
        panic!("{report:#}");
    };
    assert_eq!(status, "WARN");
    for part in [
        "0 of 800 predictions",
        "none of the 160 labels",
        "predictions are of \"00000\", \"00001\", \"00002\"",
        "labels of \"0\", \"5\", \"10\"",
        "one side has leading zeros",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(
        report["labels"]["reason"],
        "no label has the key of a prediction"
    );
}

#[test]
fn numbers_are_one_key_however_they_are_written() {
    let theirs = |row: usize| format!("{row}.0");
    let ours = |row: usize| row.to_string();
    let labels = left(theirs, "2026-03-25") + "9999,2026-04-30\n";
    let (churnctl, run) = checked(scored(ours), labels, "--label-window 30d");
    run.expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    assert_eq!(report["labels"]["predictions"]["matched"], 160);
    assert_eq!(report["performance"]["current"]["positives"], 160);
}

#[test]
fn labels_from_before_their_predictions_never_count() {
    let key = |row: usize| format!("c{row}");
    let labels = left(key, "2026-02-25") + "x,2026-04-30\n";
    let (churnctl, run) = checked(scored(key), labels, "--label-window 30d");
    // Then nobody churned: the side with too few churned rows is told, drift decides.
    run.expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    assert_eq!(report["labels"]["labels"]["too_early"], 160);
    assert_eq!(report["labels"]["predictions"]["matched"], 0);
    let [(status, message)] = &found(&churnctl, "unmatched_labels")[..] else {
        panic!("{report:#}");
    };
    assert_eq!(status, "WARN");
    assert!(
        message.contains("160 are from before every prediction"),
        "{message}"
    );
    assert_eq!(report["performance"]["status"], "TOO_FEW_ROWS");
}

#[test]
fn predictions_whose_window_is_open_are_not_judged() {
    let key = |row: usize| format!("c{row}");
    let (churnctl, run) = checked(scored(key), left(key, "2026-03-25"), "--label-window 30d");
    run.expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    assert_eq!(report["status"], "OK");
    assert_eq!(report["performance"], Value::Null);
    assert_eq!(report["labels"]["predictions"]["immature"], 800);
    let reason =
        "the label window of 30d has not closed for any of 800 predictions by 2026-03-25T00:00:00Z";
    assert_eq!(report["labels"]["reason"], reason);
    let found = found(&churnctl, "performance");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.starts_with(reason), "{found:?}");
    // Who knows that the list is whole says so.
    let (churnctl, run) = checked(
        scored(key),
        left(key, "2026-03-25"),
        "--label-window 30d --labels-until 2026-04-30",
    );
    run.expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    assert_eq!(report["labels"]["watermark"], "2026-04-30T00:00:00Z");
    assert_eq!(report["labels"]["predictions"]["immature"], 0);
    assert_eq!(report["performance"]["current"]["positives"], 160);
}

/// A table with a row for everybody, 0 or 1, and no time: when it was whole is said.
#[test]
fn a_table_of_keys_and_labels_needs_no_time_but_until_when_it_is_whole() {
    let key = |row: usize| format!("c{row}");
    let mut labels = "id,churned\n".to_owned();
    for row in 0..800 {
        labels += &format!("{},{}\n", key(row), u8::from(row % 5 == 0));
    }
    let of = |words: &str| checked(scored(key), labels.clone(), words);
    let (churnctl, run) = of("--label-window 30d --labels-until 2026-04-30");
    run.expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    assert_eq!(report["labels"]["predictions"]["matched"], 800);
    assert_eq!(report["performance"]["current"]["positives"], 160);
    let (_, run) = of("--label-window 30d");
    run.expect(ExitCode::Usage).says("--labels-until");
}

#[test]
fn two_predictions_of_one_customer_have_windows_of_their_own() {
    // A customer scored each day, who left on the 22nd: within ten days only of predictions from the 12th
    // to the 20th on. With the day in the key each label belongs to one prediction.
    let one = |_: usize| "same".to_owned();
    let labels = "id,left_on\nsame,2026-03-22\nother,2026-04-30\n".to_owned();
    let (churnctl, run) = checked(scored(one), labels, "--label-window 10d");
    run.expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    let (predictions, labels) = (
        &report["labels"]["predictions"],
        &report["labels"]["labels"],
    );
    // 40 predictions a day; from the 13th on the 22nd lies before the tenth day after.
    assert_eq!(predictions["matched"], 8 * 40);
    assert_eq!(predictions["unmatched"], 12 * 40);
    assert_eq!(
        (&labels["in_window"], &labels["shared"]),
        (&json!(1), &json!(1))
    );
    let [(status, message)] = &found(&churnctl, "repeated_labels")[..] else {
        panic!("{report:#}");
    };
    let told = "1 labels lie in the windows of several predictions each, so \"id\" does not tell these apart";
    assert!(status == "OK" && message.starts_with(told), "{message}");
}

#[test]
fn labels_said_twice_are_counted_once() {
    let key = |row: usize| format!("c{row}");
    let twice = left(key, "2026-03-25") + &left(key, "2026-03-24")["id,left_on\n".len()..];
    let (churnctl, run) = checked(
        scored(key),
        twice,
        "--label-window 40d --labels-until 2026-06-01",
    );
    run.expect(ExitCode::Ok);
    // 160 who left, each in the list twice.
    let repeated = found(&churnctl, "repeated_labels");
    let told = "160 predictions have more than one label, all of one value: it counts once";
    assert_eq!(repeated, [("OK".to_owned(), told.to_owned())]);
}

#[test]
fn performance_of_a_segment_is_that_of_its_rows_alone() {
    let churnctl = folder();
    let labels = "--labels events.csv --join user_id=customer_id";
    let spilled = "--join-memory 64KB";
    let words = |current: &str, more: &str| format!("--current {current} {labels} {more}");
    // The rows of a segment in files of their own.
    let only = |name: &str, plans: &[&str]| {
        let text = String::from_utf8(churnctl.read(&format!("{name}.csv"))).expect("a text");
        let (head, rows) = text.split_once('\n').expect("a header");
        let column = head.split(',').position(|one| one == "plan").expect("plan");
        let is_one = |row: &&str| plans.contains(&row.split(',').nth(column).unwrap_or_default());
        let rows: Vec<&str> = rows.lines().filter(is_one).collect();
        format!("{head}\n{}\n", rows.join("\n"))
    };
    let figures = |report: &Value| {
        let current = &report["performance"]["current"];
        let names = [
            "rows",
            "positives",
            "roc_auc",
            "average_precision",
            "log_loss",
        ];
        names.map(|name| current[name].clone())
    };
    for more in ["", WEEKS, spilled] {
        let more = match more {
            WEEKS => WEEKS.to_owned(),
            more => format!("--prediction-time predicted_at {more}"),
        };
        let mut args: Vec<&str> = CHECK.split_whitespace().collect();
        let all = words("predictions.csv", &more);
        args.extend(all.split_whitespace());
        args.extend(["--by", "plan", "--by", "plan in (basic, pro)"]);
        churnctl.run(&args).expect(ExitCode::Ok);
        let whole = churnctl.read_json("report.json");
        expect_strict(&schema("drift_report"), &whole);
        let cuts = whole["segments"]["cuts"].as_array().expect("cuts");
        for (name, plans) in [
            ("plan=basic", &["basic"][..]),
            ("plan=plus", &["plus"]),
            ("plan=pro", &["pro"]),
            ("plan in (basic, pro)", &["basic", "pro"]),
        ] {
            let mut segments = cuts
                .iter()
                .flat_map(|cut| cut["segments"].as_array().expect("some"));
            let segment = segments.find(|one| one["segment"] == name).expect(name);
            let alone = Churnctl::new()
                .file("baseline.csv", only("baseline", plans))
                .file("predictions.csv", only("predictions", plans))
                .file("events.csv", churnctl.read("events.csv"));
            let own = report(&alone, &words("predictions.csv", &more));
            assert_eq!(figures(segment), figures(&own), "{name} {more}");
            let is_known = figures(segment)[2]["value"].is_f64();
            assert!(is_known || more == WEEKS, "{name} {more}: {segment}");
        }
    }
}

#[test]
fn all_options_that_are_missing_are_told_at_once() {
    let churnctl = folder();
    for (words, said) in [
        (
            "--current predictions.csv --labels events.csv --time predicted_at",
            "--join",
        ),
        (
            "--current predictions.csv --labels events.csv --join user_id=customer_id",
            "--prediction-time",
        ),
        (
            "--current predictions.csv --time predicted_at",
            "--label-window without --labels",
        ),
    ] {
        run(&churnctl, words).expect(ExitCode::Usage).says(said);
    }
    // All that is missing at once, and a line that has what was said already.
    let all = "drift baseline.csv predictions.csv --score churn_risk --labels events.csv --join user_id=customer_id";
    let all: Vec<&str> = all.split_whitespace().collect();
    churnctl
        .run(&all)
        .expect(ExitCode::Usage)
        .says("--labels needs --label-window and --prediction-time")
        .says("--labels events.csv --join user_id=customer_id --label-window 30d --prediction-time predicted_at")
        .says("need --labels-until DATE");
    // In a file of settings.
    churnctl
        .file(
            "late.toml",
            "[drift]\ncurrent = [\"predictions.csv\"]\nlabels = [\"events.csv\"]\n",
        )
        .run(&["--config", "late.toml", "drift", "--baseline", "base.csv"])
        .expect(ExitCode::BadSettings)
        .says("late.toml:3")
        .says("needs --join");
}

#[test]
fn what_is_missing_or_wrong_is_told_with_its_place_and_the_likeliest_name() {
    let key = |row: usize| format!("c{row}");
    let labels = || left(key, "2026-03-25");
    let predictions = || scored(key);
    let of =
        |predictions: String, labels: String, words: &str| checked(predictions, labels, words).1;
    let window = "--label-window 30d";
    // On the command line.
    of(predictions(), labels(), "")
        .expect(ExitCode::Usage)
        .says("--label-window");
    let future = format!("{window} --labels-until 2999-01-01");
    of(predictions(), labels(), &future)
        .expect(ExitCode::Usage)
        .says("in the future");
    for word in [
        "--label-window 30x",
        "--label-window 0d",
        "--label-window 30d --unmatched maybe",
    ] {
        of(predictions(), labels(), word).expect(ExitCode::Usage);
    }
    // In the data: names.
    let renamed = labels().replace("id,left_on", "idx,left_on");
    of(predictions(), renamed, window)
        .expect(ExitCode::BadInput)
        .says("no column \"id\"")
        .says("did you mean \"idx\"?");
    let renamed = predictions().replace("id,at", "ids,at");
    of(renamed, labels(), window)
        .expect(ExitCode::BadInput)
        .says("scored.csv")
        .says("did you mean \"ids\"?");
    let other = format!("{window} --label-time left_at");
    of(predictions(), labels(), &other)
        .expect(ExitCode::BadInput)
        .says("did you mean \"left_on\"?");
    let renamed = CHECK.replace("--label churned", "--label churnt");
    let words =
        format!("{renamed} --current predictions.csv --labels outcomes.csv --join user_id {WEEKS}");
    let words: Vec<&str> = words.split_whitespace().collect();
    folder()
        .run(&words)
        .expect(ExitCode::BadInput)
        .says("did you mean \"churned\"?");
    // In the data: times and values.
    let unreadable = labels().replace("2026-03-25", "last week");
    of(predictions(), unreadable, window)
        .expect(ExitCode::BadInput)
        .says("none of 160 labels has a time")
        .says("left.csv:2");
    let several = labels()
        .replace("id,left_on", "id,left_on,seen_on")
        .replace("2026-03-25", "2026-03-25,2026-03-26");
    of(predictions(), several, window)
        .expect(ExitCode::Usage)
        .says("--label-time");
    let untimed = labels().replace(",2026-03-25", "").replace(",left_on", "");
    of(predictions(), untimed, window)
        .expect(ExitCode::Usage)
        .says("--labels-until");
    let future = labels().replace("2026-03-25", "2126-03-25");
    of(predictions(), future, window)
        .expect(ExitCode::BadInput)
        .says("a time that has come");
    let three = labels()
        .replace("id,left_on", "id,left_on,churned")
        .replacen("2026-03-25", "2026-03-25,yes", 2)
        .replacen("2026-03-25\n", "2026-03-25,no\n", 2)
        .replace("2026-03-25\n", "2026-03-25,perhaps\n");
    of(predictions(), three, window)
        .expect(ExitCode::BadInput)
        .says("more than two values");
    // A profile has no rows.
    let churnctl = folder();
    let profile = ["profile", "predictions.csv", "-o", "predictions.json"];
    churnctl.run(&profile).expect(ExitCode::Ok);
    let words = "--current predictions.json --labels events.csv --join user_id --prediction-time predicted_at";
    run(&churnctl, words)
        .expect(ExitCode::Usage)
        .says("it has no rows");
}

#[test]
fn settings_name_what_flags_name() {
    let settings = "[drift]\nbaseline = [\"baseline.csv\"]\ncurrent = [\"predictions.csv\"]\nlabels = [\"outcomes.csv\"]\n\
                    join = \"user_id\"\nlabel_window = \"30d\"\nprediction_time = \"predicted_at\"\n\
                    unmatched = \"negative\"\njoin_memory = \"1MB\"\nfail_on = \"never\"\nreport = \"report.json\"\n\
                    [data]\nscore = \"churn_risk\"\nlabel = \"churned\"\n";
    let churnctl = folder().file("churnctl.toml", settings);
    churnctl.run(&["drift", "-q"]).expect(ExitCode::Ok);
    is_as_expected(
        &churnctl.read_json("report.json"),
        &expected("outcomes_negative"),
    );
    let churnctl = churnctl.file("churnctl.toml", settings.replace("30d", "a month"));
    churnctl
        .run(&["drift", "-q"])
        .expect(ExitCode::BadSettings)
        .says("drift.label_window");
}

#[test]
#[cfg(feature = "postgres")]
fn predictions_and_labels_may_be_tables_in_a_database() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let churnctl = folder();
    for (name, columns) in [
        (
            "predictions",
            "user_id text, predicted_at timestamptz, plan text, churn_risk double precision",
        ),
        ("outcomes", "user_id text, day date, churned text"),
    ] {
        let file = churnctl.path(format!("{name}.csv"));
        cluster.sql(&format!("create table {name} ({columns})"));
        cluster.sql(&format!(
            "\\copy {name} from '{}' with (format csv, header)",
            file.display()
        ));
    }
    let address = |name: &str| cluster.address(&format!("table={name}"));
    let (predictions, outcomes) = (address("predictions"), address("outcomes"));
    for (current, labels) in [
        ("predictions.csv", &*outcomes),
        (&*predictions, "outcomes.csv"),
        (&*predictions, &*outcomes),
    ] {
        let words = format!(
            "--current {current} --labels {labels} --join user_id --unmatched negative {WEEKS}"
        );
        is_as_expected(&report(&churnctl, &words), &expected("outcomes_negative"));
    }
    let words =
        format!("--current {predictions} --labels {outcomes} --join user_id {WEEKS} --explain-sql");
    run(&churnctl, &words).expect(ExitCode::Usage);
}
