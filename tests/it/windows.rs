//! `drift --time`: a folder of many days is judged day by day, and whoever asks is told which day it was.

use std::fmt::Write as _;

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Random, Run, Table};
use crate::schemas::{expect_strict, expect_valid, schema};

const CONTRACTS: [&str; 3] = ["Month-to-month", "One year", "Two year"];

/// Rows of customers without a time, header included: `shares` are those of the contracts.
fn rows(random: &mut Random, count: usize, shares: [f64; 3]) -> Vec<String> {
    (0..count)
        .map(|_| {
            let at = random.share();
            let contract = match at {
                at if at < shares[0] => CONTRACTS[0],
                at if at < shares[0] + shares[1] => CONTRACTS[1],
                _ => CONTRACTS[2],
            };
            let fee = random.normal().mul_add(20.0, 60.0);
            format!("{contract},{fee:.2},{}", random.below(72))
        })
        .collect()
}

pub(crate) const USUAL: [f64; 3] = [0.55, 0.25, 0.2];
/// .41 ln(.55/.14) + .08 ln(.25/.17) + .49 ln(.69/.2) = 1.199.
pub(crate) const FAR: [f64; 3] = [0.14, 0.17, 0.69];

fn baseline() -> String {
    let rows = rows(&mut Random::new(1), 6_000, USUAL);
    format!("contract,fee,tenure\n{}\n", rows.join("\n"))
}

/// A day of rows, an hour apart in turn.
fn day(date: &str, seed: u64, shares: [f64; 3]) -> String {
    let mut text = "scored_at,contract,fee,tenure\n".to_owned();
    for (at, row) in rows(&mut Random::new(seed), 1_000, shares)
        .iter()
        .enumerate()
    {
        writeln!(text, "{date}T{:02}:{:02}:00Z,{row}", at % 24, at % 60).expect("a text");
    }
    text
}

/// A folder of thirty days, one of which is another.
fn month(other: u64) -> Churnctl {
    month_of(30, |at| if at == other { FAR } else { USUAL })
}

/// A folder of so many days of January with their shares of contracts.
pub(crate) fn month_of(days: u64, shares: impl Fn(u64) -> [f64; 3]) -> Churnctl {
    let mut churnctl = Churnctl::new().file("base.csv", baseline());
    for at in 1..=days {
        let shares = shares(at);
        let date = format!("2026-01-{at:02}");
        churnctl = churnctl.file(&format!("days/{date}.csv"), day(&date, 100 + at, shares));
    }
    churnctl
}

const CHECK: [&str; 7] = [
    "drift",
    "--baseline",
    "base.csv",
    "--current",
    "days",
    "--time",
    "scored_at",
];

pub(crate) fn checked(churnctl: &Churnctl, args: &[&str]) -> Run {
    churnctl.run(&[&CHECK[..], args, &["--report", "report.json"]].concat())
}

/// The windows as name, status and whether they are judged.
fn windows(report: &Value) -> Vec<(String, String, bool)> {
    let windows = report["windows"].as_array().expect("windows");
    let text = |window: &Value, key: &str| window[key].as_str().expect(key).to_owned();
    windows
        .iter()
        .map(|window| {
            let judged = window["judged"].as_bool().expect("judged");
            (text(window, "window"), text(window, "status"), judged)
        })
        .collect()
}

#[test]
fn a_folder_of_29_days_and_one_fails_and_names_the_day() {
    let churnctl = month(30);
    let run = checked(&churnctl, &[]).expect(ExitCode::CheckFailed);
    assert!(
        run.stdout.contains("worst: 2026-01-30, contract: PSI 1."),
        "{}",
        run.stdout
    );
    let report = churnctl.read_json("report.json");
    expect_valid(&schema("drift_report"), &report);
    expect_strict(&schema("drift_report"), &report);
    assert_eq!(report["schema_version"], 2);
    let windows = windows(&report);
    assert_eq!(windows.len(), 30);
    for (window, status, judged) in &windows {
        let expected = if window == "2026-01-30" { "FAIL" } else { "OK" };
        assert_eq!((&**status, *judged), (expected, true), "{window}");
    }
    // The Python keys speak of the last complete window, see `FAR`.
    let psi = report["overall_max_psi"].as_f64().expect("a PSI");
    assert!((1.05..1.35).contains(&psi), "{psi}");
    assert_eq!(
        report["psi_by_feature"]["contract"],
        report["overall_max_psi"]
    );
    assert_eq!(
        report["rows"],
        json!({ "baseline": 6_000, "current": 1_000 })
    );
    assert_eq!(report["windows"][29]["worst_feature"], "contract");
    assert_eq!(report["windows"][29]["start"], "2026-01-30T00:00:00Z");
    assert_eq!(report["windows"][29]["end"], "2026-01-31T00:00:00Z");
    // The whole folder in one has a thirtieth of it: that is why it must be cut.
    churnctl
        .run(
            &[
                &CHECK[..5],
                &["--report", "whole.json", "--exclude", "scored_at"],
            ]
            .concat(),
        )
        .expect(ExitCode::Ok);
}

#[test]
fn a_day_in_the_middle_is_found_unless_only_the_last_are_asked_for() {
    let churnctl = month(11);
    let run = checked(&churnctl, &[]).expect(ExitCode::CheckFailed);
    assert!(
        run.stdout
            .contains("1 of 30 windows drifted; worst: 2026-01-11"),
        "{}",
        run.stdout
    );
    let report = churnctl.read_json("report.json");
    assert_eq!(report["status"], "FAIL");
    assert!(report["overall_max_psi"].as_f64().expect("a PSI") < 0.1);
    let findings = report["findings"].as_array().expect("findings");
    let named = |finding: &&Value| finding["kind"] == "window";
    let message = findings.iter().find(named).expect("a finding")["message"].as_str();
    assert!(
        message
            .expect("a text")
            .starts_with("window 2026-01-11: contract: ")
    );
    checked(&churnctl, &["--last", "12"]).expect(ExitCode::Ok);
    assert_eq!(windows(&churnctl.read_json("report.json")).len(), 12);
    checked(&churnctl, &["--last", "20"]).expect(ExitCode::CheckFailed);
}

#[test]
fn every_form_of_the_report_names_the_day() {
    let churnctl = month(11);
    let forms = [
        "page.html",
        "report.md",
        "junit.xml",
        "metrics.prom",
        "annotations.txt",
    ];
    let flags = [
        "--html",
        "--markdown",
        "--junit",
        "--metrics-file",
        "--annotations",
    ];
    let mut args: Vec<&str> = flags
        .iter()
        .zip(&forms)
        .flat_map(|(a, b)| [*a, *b])
        .collect();
    args.extend(["--format", "table"]);
    let run = checked(&churnctl, &args).expect(ExitCode::CheckFailed);
    assert!(run.stdout.contains("FAIL    2026-01-11"), "{}", run.stdout);
    for form in forms {
        let text = String::from_utf8(churnctl.read(form)).expect("UTF-8");
        match form {
            "metrics.prom" => {
                for line in [
                    "churn_drift_windows{model=\"churn\",status=\"FAIL\"} 1",
                    "churn_drift_windows{model=\"churn\",status=\"OK\"} 29",
                    // date -u -d 2026-01-31 +%s
                    "churn_drift_window_end_timestamp_seconds{model=\"churn\"} 1769817600",
                ] {
                    assert!(text.lines().any(|found| found == line), "{line}\n{text}");
                }
            }
            "junit.xml" => {
                assert_eq!(text.matches("name=\"window 2026-01-").count(), 30);
                assert_eq!(text.matches("<failure ").count(), 1);
            }
            _ => assert!(text.contains("2026-01-11"), "{form}"),
        }
    }
}

#[test]
fn windows_that_overlap_are_put_together_of_days_counted_once() {
    let churnctl = month(11);
    // One day of seven moves a week by less than what fails.
    checked(&churnctl, &["--window", "7d", "--every", "1d"]).expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    let windows = windows(&report);
    // 30 - 7 + 1.
    assert_eq!(windows.len(), 24);
    assert_eq!(windows[0].0, "2026-01-01..2026-01-07");
    let moved = |from: usize| report["windows"][from]["rows"]["current"] == 7_000;
    assert!((0..24).all(moved));
    // Windows with the eleventh in them: those that end with the 11th to the 17th.
    for (at, (window, status, _)) in windows.iter().enumerate() {
        assert_eq!(status != "OK", (4..=10).contains(&at), "{window} {status}");
    }
    // A window is what a check of its files alone finds: the counts are the same.
    let days: Vec<String> = (8..=14)
        .map(|day| format!("days/2026-01-{day:02}.csv"))
        .collect();
    let mut alone = vec![
        "drift",
        "--baseline",
        "base.csv",
        "--report",
        "alone.json",
        "--current",
    ];
    alone.extend(days.iter().map(String::as_str));
    churnctl.run(&alone);
    let alone = churnctl.read_json("alone.json");
    let week = &report["windows"][7];
    assert_eq!(week["window"], "2026-01-08..2026-01-14");
    for feature in week["features"].as_array().expect("features") {
        let name = feature["feature"].as_str().expect("a name");
        assert_eq!(feature["psi"], alone["psi_by_feature"][name], "{name}");
    }
}

#[test]
fn weeks_begin_on_monday_months_on_the_first_and_the_last_may_not_be_over() {
    let churnctl = month(0);
    checked(&churnctl, &["--window", "1w"]).expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    // cal 1 2026: the first is a Thursday, the 26th a Monday.
    let names: Vec<String> = windows(&report)
        .into_iter()
        .map(|(name, ..)| name)
        .collect();
    assert_eq!(names[0], "2025-12-29..2026-01-04");
    assert_eq!(names[4], "2026-01-26..2026-02-01");
    checked(&churnctl, &["--window", "1mo"]).expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    assert_eq!(
        windows(&report),
        [("2026-01".to_owned(), "OK".to_owned(), true)]
    );
    let findings = report["findings"].as_array().expect("findings");
    assert!(
        findings
            .iter()
            .any(|one| one["kind"] == "one_window" && one["status"] == "OK")
    );
    // A day that has begun and is not over, as the clock has it: shown, and not judged.
    let today = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC);
    let yesterday = today.yesterday().expect("a day before").date();
    let today = today.date();
    let churnctl = Churnctl::new()
        .file("base.csv", baseline())
        .file("days/a.csv", day(&yesterday.to_string(), 1, USUAL))
        .file("days/b.csv", day(&today.to_string(), 2, FAR));
    checked(&churnctl, &[]).expect(ExitCode::Ok);
    let windows = windows(&churnctl.read_json("report.json"));
    assert_eq!(windows[0], (yesterday.to_string(), "OK".to_owned(), true));
    assert_eq!(windows[1], (today.to_string(), "FAIL".to_owned(), false));
}

#[test]
fn late_rows_land_in_their_day_and_local_midnight_counts() {
    // All in one file, the last first: the order says nothing.
    let mut table = "at,fee\n".to_owned();
    let mut random = Random::new(5);
    for at in (0..6_000).rev() {
        // Three days from 2026-03-28 00:00 in Berlin on, as UTC: 23:00 of the day before. In the
        // night to the 29th the clocks go forward: that day has 23 hours.
        let second = 1_774_652_400 + at * 71 * 3_600 / 6_000;
        writeln!(table, "{second},{:.3}", random.normal()).expect("a text");
    }
    let base = Table::default().with("fee", Random::new(6).normals(5_000));
    let churnctl = Churnctl::new()
        .table("base.csv", &base)
        .file("now.csv", table);
    let run = churnctl.run(&[
        "drift",
        "--baseline",
        "base.csv",
        "--current",
        "now.csv",
        "--time",
        "at",
        "--time-zone",
        "Europe/Berlin",
        "--report",
        "report.json",
    ]);
    run.expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    let rows: Vec<(String, u64)> = report["windows"]
        .as_array()
        .expect("windows")
        .iter()
        .map(|window| {
            let rows = window["rows"]["current"].as_u64().expect("rows");
            (window["start"].as_str().expect("a start").to_owned(), rows)
        })
        .collect();
    // 24, 23 and 24 of 71 hours.
    let expected = [
        ("2026-03-28T00:00:00+01:00", 24),
        ("2026-03-29T00:00:00+01:00", 23),
        ("2026-03-30T00:00:00+02:00", 24),
    ];
    for ((start, rows), (wanted, hours)) in rows.iter().zip(expected) {
        assert_eq!(start, wanted);
        assert!(rows.abs_diff(hours * 6_000 / 71) <= 1, "{start}: {rows}");
    }
    assert_eq!(rows.len(), 3);
}

#[test]
fn each_window_may_be_compared_with_those_before_it() {
    let churnctl = month(11);
    checked(&churnctl, &["--against", "previous"]).expect(ExitCode::CheckFailed);
    let previous = windows(&churnctl.read_json("report.json"));
    assert!(!previous[0].2, "nothing is before the first");
    // The eleventh is another than the tenth, and the twelfth than the eleventh.
    let failed = |windows: &[(String, String, bool)]| -> Vec<String> {
        let failed = windows
            .iter()
            .filter(|(_, status, judged)| *judged && status == "FAIL");
        failed.map(|(name, ..)| name.clone()).collect()
    };
    assert_eq!(failed(&previous), ["2026-01-11", "2026-01-12"]);
    checked(&churnctl, &["--against", "trailing:4"]).expect(ExitCode::CheckFailed);
    let trailing = windows(&churnctl.read_json("report.json"));
    assert!(trailing[..4].iter().all(|(.., judged)| !judged));
    assert_eq!(failed(&trailing), ["2026-01-11"]);
    let rows = &churnctl.read_json("report.json")["windows"][10]["rows"];
    assert_eq!(*rows, json!({ "baseline": 4_000, "current": 1_000 }));
    checked(&churnctl, &["--against", "trailing:30"])
        .expect(ExitCode::BadInput)
        .says("none of the 30 complete windows has the 30 before it");
}

#[test]
fn rows_without_a_window_are_counted_and_told() {
    let mut text = day("2026-01-05", 3, USUAL);
    text.push_str("?,One year,50,3\nyesterday,One year,50,3\n,One year,50,3\n");
    text.push_str("2126-01-05T00:00:00Z,One year,50,3\n2026-01-05 10:00,One year,50,3\n");
    let churnctl = Churnctl::new()
        .file("base.csv", baseline())
        .file("days/a.csv", text);
    checked(&churnctl, &[]).expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    let left_out = &report["over_time"]["left_out"];
    assert_eq!(
        *left_out,
        json!({ "missing": 1, "unreadable": 2, "future": 1 })
    );
    assert_eq!(report["status"], "WARN");
    assert_eq!(report["windows"][0]["rows"]["current"], 1_001);
    let message = |kind: &str| {
        let findings = report["findings"].as_array().expect("findings");
        let found = findings
            .iter()
            .find(|finding| finding["kind"] == kind)
            .expect(kind);
        found["message"].as_str().expect("a message").to_owned()
    };
    assert_eq!(
        message("unreadable_time"),
        "3 of 1005 rows are in no window: 1 without a time and 2 with a time that cannot be read in \"scored_at\", \
         first \"?\" at days/a.csv:1002"
    );
    assert!(message("future_time").contains("2126-01-05T00:00:00Z"));
    assert!(message("mixed_zones").contains("names its zone in 1001 rows and in 1 it doesn't"));
}

#[test]
fn a_window_without_rows_is_told() {
    let churnctl = Churnctl::new()
        .file("base.csv", baseline())
        .file("days/a.csv", day("2026-01-05", 3, USUAL))
        .file("days/b.csv", day("2026-01-08", 4, USUAL));
    checked(&churnctl, &[]).expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    assert_eq!(report["status"], "WARN");
    let names: Vec<String> = windows(&report)
        .into_iter()
        .map(|(name, ..)| name)
        .collect();
    assert_eq!(
        names,
        ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"]
    );
    let findings = report["findings"].as_array().expect("findings");
    let said = "2 windows have no rows, from 2026-01-06 to 2026-01-07";
    assert!(
        findings.iter().any(|finding| finding["message"] == said),
        "{findings:?}"
    );
}

#[test]
fn a_column_that_no_window_has_is_told_once() {
    let mut current = "day,plan\n".to_owned();
    for row in 0..1_200 {
        writeln!(
            current,
            "2026-01-{:02},{}",
            row % 6 + 1,
            ["a", "b"][row / 6 % 2]
        )
        .expect("a text");
    }
    let rows = (0..1_000).map(|row| format!("{},{}", ["a", "b"][row % 2], row % 7));
    let base = format!("plan,fee\n{}\n", rows.collect::<Vec<_>>().join("\n"));
    let churnctl = Churnctl::new()
        .file("base.csv", base)
        .file("current.csv", current);
    let args = [
        "drift",
        "base.csv",
        "current.csv",
        "--time",
        "day",
        "--report",
        "report.json",
    ];
    churnctl.run(&args).expect(ExitCode::CheckFailed);
    let report = churnctl.read_json("report.json");
    let findings = report["findings"].as_array().expect("findings");
    let windows = findings
        .iter()
        .filter(|finding| finding["kind"] == "window");
    let said: Vec<&str> = windows
        .filter_map(|finding| finding["message"].as_str())
        .collect();
    assert_eq!(
        said,
        ["6 windows, such as 2026-01-06: the current side lacks the column \"fee\""]
    );
}

#[test]
fn what_cannot_be_cut_is_an_error_that_says_why() {
    let churnctl = month(0).file("odd.csv", "scored_at,fee\nsoon,1\nlater,2\n");
    let current = |file: &str, args: &[&str]| {
        churnctl.run(
            &[
                &["drift", "--baseline", "base.csv", "--current", file],
                args,
            ]
            .concat(),
        )
    };
    current("days", &["--time", "scored_att"])
        .expect(ExitCode::BadInput)
        .says("there is no column \"scored_att\"")
        .says("did you mean \"scored_at\"?");
    current("odd.csv", &["--time", "scored_at"])
        .expect(ExitCode::BadInput)
        .says("none of 2 rows has a time that can be read")
        .says("first \"soon\" in odd.csv, line 2");
    current(
        "days",
        &["--time", "scored_at", "--window", "3mo", "--every", "1d"],
    )
    .expect(ExitCode::BadInput)
    .says("no window of 3mo is complete: the data reach from 2026-01-01T00:00:00Z to 2026-01-30T");
    let far = format!("{}1026-01-01,One year,50,3\n", day("2026-01-05", 3, USUAL));
    std::fs::write(churnctl.path("far.csv"), far).expect("write");
    current("far.csv", &["--time", "scored_at"])
        .expect(ExitCode::BadInput)
        .says("there are more than 10000 windows, one every 1d");
    for (args, message) in [
        (&["--window", "7d"][..], "--window needs --time"),
        (&["--last", "3"], "--last needs --time"),
        (
            &["--time", "t", "--window", "7d", "--every", "2d"],
            "is not made of whole pieces of 2d",
        ),
        (&["--time", "t", "--window", "5h"], "does not divide a day"),
        (
            &["--time", "t", "--time-zone", "Europe/Berln"],
            "did you mean \"Europe/Berlin\"?",
        ),
        (
            &["--time", "t", "--against", "last"],
            "is not one of baseline, previous, trailing:N",
        ),
    ] {
        current("days", args).expect(ExitCode::Usage).says(message);
    }
    churnctl
        .run(&["profile", "days", "-o", "p.json"])
        .expect(ExitCode::Ok);
    current("p.json", &["--time", "scored_at"])
        .expect(ExitCode::Usage)
        .says("a profile cannot be cut into windows");
}

#[test]
fn standard_input_ndjson_and_threads_give_the_same_report() {
    let churnctl = month(11);
    let whole: String = (1..=30)
        .map(|at| {
            let shares = if at == 11 { FAR } else { USUAL };
            let text = day(&format!("2026-01-{at:02}"), 100 + at, shares);
            text.split_once('\n').expect("a header").1.to_owned()
        })
        .collect();
    let csv = format!("scored_at,contract,fee,tenure\n{whole}");
    let json_lines: String = whole
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            format!(
                "{{\"scored_at\":\"{}\",\"contract\":\"{}\",\"fee\":{},\"tenure\":{}}}\n",
                fields[0], fields[1], fields[2], fields[3]
            )
        })
        .collect();
    let same = |input: &str, threads: &str| {
        let check = [
            "drift",
            "--baseline",
            "base.csv",
            "--time",
            "scored_at",
            "--report",
        ];
        let args = [
            &check[..],
            &["report.json", "--threads", threads, "--current", "-"],
        ]
        .concat();
        let run = churnctl.run_with_stdin(&args, input.as_bytes());
        run.expect(ExitCode::CheckFailed);
        comparable(churnctl.read_json("report.json"))
    };
    let expected = same(&csv, "1");
    assert_eq!(same(&json_lines, "4"), expected);
    for threads in ["1", "8"] {
        checked(&churnctl, &["--threads", threads]).expect(ExitCode::CheckFailed);
        assert_eq!(
            comparable(churnctl.read_json("report.json")),
            expected,
            "{threads}"
        );
    }
}

/// A report without what is of the run: names of files, when it was made, and on which lines texts stand.
fn comparable(mut report: Value) -> Value {
    let members = report.as_object_mut().expect("an object");
    for name in ["current", "created_at", "inputs"] {
        members.remove(name);
    }
    report
}

#[test]
#[cfg(feature = "parquet")]
fn csv_and_parquet_give_the_same_report() {
    use crate::sources::{Column, Typed};

    let mut random = Random::new(9);
    let rows = 9_000;
    let start = "2026-01-01T00:00:00Z"
        .parse::<jiff::Timestamp>()
        .expect("a time");
    let when = |row: usize| {
        let hours = i64::try_from(row % 72).expect("small");
        let time = start + jiff::SignedDuration::from_hours(hours);
        // A missing time now and then, a day a little wider than another.
        (!row.is_multiple_of(97)).then(|| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
    };
    let typed = Typed {
        columns: vec![
            ("at", Column::Text((0..rows).map(when).collect())),
            (
                "fee",
                Column::Double((0..rows).map(|_| Some(random.normal().exp())).collect()),
            ),
            (
                "tenure",
                Column::Whole(
                    (0..rows)
                        .map(|at| (at % 31 != 0).then_some(at as i64 * 7_919 % 73))
                        .collect(),
                ),
            ),
            (
                "plan",
                Column::Text(
                    (0..rows)
                        .map(|at| Some(CONTRACTS[at % 3].to_owned()))
                        .collect(),
                ),
            ),
        ],
        rows,
    };
    let reports = [typed.csv().into_bytes(), typed.parquet(2_000)].map(|bytes| {
        let churnctl = Churnctl::new()
            .file("base.csv", typed.csv())
            .file("now", bytes);
        churnctl
            .run(&[
                "drift",
                "--baseline",
                "base.csv",
                "--current",
                "now",
                "--time",
                "at",
                "--report",
                "report.json",
            ])
            .expect(ExitCode::Ok);
        let mut report = churnctl.read_json("report.json");
        // CSV knows an empty field, Parquet a null.
        for feature in report["features"].as_array_mut().expect("features") {
            feature["missing"]["current_counts"].take();
        }
        serde_json::to_string(&comparable(report)).expect("JSON")
    });
    assert!(reports[0].contains("\"window\":\"2026-01-03\""));
    assert_eq!(reports[0], reports[1]);
}

#[test]
#[cfg(feature = "parquet")]
fn parquet_says_of_its_times_whether_they_are_in_utc() {
    use std::sync::Arc;

    use parquet::data_type::{DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    // 2026-08-31 22:30 by UTC is half past midnight on September 1 in Berlin.
    let at = 1_788_215_400_000_i64;
    let file = |is_utc: bool| {
        let schema = format!(
            "message table {{ REQUIRED INT64 at (TIMESTAMP(MILLIS,{is_utc})); REQUIRED DOUBLE fee; }}"
        );
        let schema = parse_message_type(&schema).expect("schema");
        let mut bytes = Vec::new();
        let properties = Arc::new(WriterProperties::builder().build());
        let mut writer =
            SerializedFileWriter::new(&mut bytes, Arc::new(schema), properties).expect("a writer");
        let mut group = writer.next_row_group().expect("a group");
        let mut column = group.next_column().expect("no fault").expect("at");
        let times = column.typed::<Int64Type>();
        times.write_batch(&[at; 200], None, None).expect("write");
        column.close().expect("close");
        let fees: Vec<f64> = (0..200).map(|row| f64::from(row % 7)).collect();
        let mut column = group.next_column().expect("no fault").expect("fee");
        let values = column.typed::<DoubleType>();
        values.write_batch(&fees, None, None).expect("write");
        column.close().expect("close");
        group.close().expect("close");
        writer.close().expect("close");
        bytes
    };
    for (is_utc, day) in [(true, "2026-09-01"), (false, "2026-08-31")] {
        let churnctl = Churnctl::new().file("now.parquet", file(is_utc));
        let args = "drift now.parquet now.parquet --time at --time-zone Europe/Berlin --report report.json";
        let args: Vec<&str> = args.split(' ').collect();
        churnctl.run(&args).expect(ExitCode::Ok);
        let report = churnctl.read_json("report.json");
        assert_eq!(report["windows"][0]["window"], day, "{report:#}");
    }
}

#[test]
fn a_report_of_windows_is_made_again_to_the_byte() {
    let churnctl = month(11);
    checked(
        &churnctl,
        &["--window", "7d", "--every", "1d", "--last", "9"],
    );
    churnctl
        .run(&["drift", "verify", "report.json"])
        .expect(ExitCode::Ok);
}

#[test]
fn settings_and_environment_cut_windows_too() {
    let churnctl = month(11).file(
        "churnctl.toml",
        "[drift]\nbaseline = [\"base.csv\"]\ncurrent = [\"days\"]\ntime = \"scored_at\"\nwindow = \"1w\"\n\
         report = \"report.json\"\n",
    );
    churnctl.run(&["drift"]);
    assert_eq!(
        churnctl.read_json("report.json")["over_time"]["window"],
        "7d"
    );
    let churnctl = churnctl
        .env("CHURNCTL_DRIFT_WINDOW", "1d")
        .env("CHURNCTL_DRIFT_LAST", "2");
    churnctl.run(&["drift"]).expect(ExitCode::Ok);
    assert_eq!(windows(&churnctl.read_json("report.json")).len(), 2);
}

#[test]
fn chance_alone_makes_no_window_fail() {
    // A year of windows of the same law as the baseline: one FAIL in a thousand runs is promised.
    let mut text = "at,a,b,c\n".to_owned();
    let mut random = Random::new(77);
    for at in 0..36_500_u64 {
        let day = 1_735_689_600 + at * 864;
        let (a, b) = (random.normal(), random.below(4));
        writeln!(text, "{day},{a:.4},k{b},{:.3}", random.share()).expect("a text");
    }
    let mut base = "a,b,c\n".to_owned();
    for _ in 0..5_000 {
        let (a, b) = (random.normal(), random.below(4));
        writeln!(base, "{a:.4},k{b},{:.3}", random.share()).expect("a text");
    }
    let churnctl = Churnctl::new()
        .file("base.csv", base)
        .file("days/a.csv", text);
    let run = churnctl.run(&[
        "drift",
        "--baseline",
        "base.csv",
        "--current",
        "days",
        "--time",
        "at",
        "--report",
        "report.json",
    ]);
    run.expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    let windows = windows(&report);
    assert_eq!(windows.len(), 365);
    assert!(windows.iter().all(|(_, status, _)| status != "FAIL"));
    // A day has a hundred rows, of which PSI 0.1 is chance as often as not.
    let warned = windows.iter().filter(|(_, status, _)| status == "WARN");
    assert_eq!(warned.count(), 0);
    assert_eq!(report["thresholds"]["warn_psi"], 0.1);
}
