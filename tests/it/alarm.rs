//! `drift --alarm` and `--alarm-budget`: which windows make a run fail, and what every form of the report
//! says of it.

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::Churnctl;
use crate::schemas::{expect_strict, expect_valid, schema};
use crate::windows::{FAR, USUAL, checked, month_of};

/// Fourteen days, the given ones far from the baseline.
fn days(far: &[u64]) -> Churnctl {
    month_of(14, |day| if far.contains(&day) { FAR } else { USUAL })
}

/// The policies of a report: name, in force, fails.
fn policies(report: &Value) -> Vec<(String, bool, bool)> {
    let policies = report["alarm"]["policies"].as_array().expect("policies");
    let policies = policies.iter().map(|policy| {
        let flag = |key: &str| policy[key].as_bool().expect(key);
        let name = policy["policy"].as_str().expect("a name").to_owned();
        (name, flag("in_force"), flag("fails"))
    });
    policies.collect()
}

#[test]
fn a_single_window_that_fails_is_a_warning_by_two_of_three_and_says_so() {
    let churnctl = days(&[14]);
    checked(&churnctl, &[]).expect(ExitCode::CheckFailed);
    let run = checked(&churnctl, &["--alarm", "2/3"]).expect(ExitCode::Ok);
    assert!(
        run.stdout.contains(
            "finding      alarm: no alarm by 2/3: 1 of the last 3 windows FAIL (2026-01-14), 2 are \
             needed for the run to FAIL"
        ),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("\nWARN  1 of 14 windows drifted; "),
        "{}",
        run.stdout
    );
    let report = churnctl.read_json("report.json");
    expect_valid(&schema("drift_report"), &report);
    expect_strict(&schema("drift_report"), &report);
    assert_eq!(report["status"], "WARN");
    assert_eq!(report["windows"][13]["status"], "FAIL");
    assert_eq!(
        policies(&report),
        [
            ("any".to_owned(), false, true),
            ("2/3".to_owned(), true, false),
            ("1/year".to_owned(), false, true),
        ]
    );
}

#[test]
fn two_windows_of_the_last_three_fail_and_two_long_ago_do_not() {
    let two = days(&[12, 14]);
    checked(&two, &["--alarm", "2/3"]).expect(ExitCode::CheckFailed);
    assert_eq!(
        two.read_json("report.json")["alarm"]["policies"][1]["alarms"],
        serde_json::json!(["2026-01-14"])
    );
    // The windows before the one that is looked at have their part.
    checked(&two, &["--alarm", "2/3", "--last", "1"]).expect(ExitCode::CheckFailed);
    let report = two.read_json("report.json");
    assert_eq!(report["windows"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["alarm"]["windows_before"], 2);
    let run = checked(&days(&[3, 4]), &["--alarm", "2/3"]).expect(ExitCode::Ok);
    assert!(
        run.stdout
            .contains("the windows that FAIL lie before the last 3"),
        "{}",
        run.stdout
    );
}

#[test]
fn drift_that_only_warns_fails_by_the_budget_when_it_goes_on() {
    // .16 ln(.55 / .39) + .01 ln(.25 / .24) + .17 ln(.37 / .2) = .160: below .25 every day.
    let churnctl = month_of(14, |day| if day > 4 { [0.39, 0.24, 0.37] } else { USUAL });
    checked(&churnctl, &[]).expect(ExitCode::Ok);
    assert_eq!(churnctl.read_json("report.json")["status"], "WARN");
    let run = checked(&churnctl, &["--alarm-budget", "1/year"]).expect(ExitCode::CheckFailed);
    assert!(
        run.stdout
            .contains("alarm by the budget of 1/year: at the end of window 2026-01-"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("mostly of contract"), "{}", run.stdout);
    let report = churnctl.read_json("report.json");
    expect_valid(&schema("drift_report"), &report);
    // 365.2425 days are a year of the calendar in the mean.
    assert_eq!(report["alarm"]["evidence"]["limit"], 365.2425);
    assert_eq!(policies(&report)[2], ("1/year".to_owned(), true, true));
    assert_eq!(policies(&report)[0], ("any".to_owned(), false, false));
    // The same report again from the same data.
    churnctl
        .run(&["drift", "verify", "report.json"])
        .expect(ExitCode::Ok);
    // No drift, no alarm.
    checked(&days(&[]), &["--alarm-budget", "1/year"]).expect(ExitCode::Ok);
}

#[test]
fn windows_that_overlap_are_not_taken_for_independent() {
    let churnctl = days(&[]);
    let args = [
        "--window",
        "7d",
        "--every",
        "1d",
        "--alarm-budget",
        "1/year",
    ];
    checked(&churnctl, &args).expect(ExitCode::Ok);
    let report = churnctl.read_json("report.json");
    assert_eq!(report["windows"].as_array().map(Vec::len), Some(8));
    let evidence = report["alarm"]["evidence"]["windows"]
        .as_array()
        .expect("windows");
    let names: Vec<&str> = evidence
        .iter()
        .filter_map(|one| one["window"].as_str())
        .collect();
    // cal 1 2026: the 5th is a Monday.
    assert_eq!(names, ["2026-01-05..2026-01-11"]);
}

#[test]
fn every_form_of_the_report_says_what_each_policy_would_have_done() {
    let churnctl = days(&[14]);
    let forms = ["page.html", "report.md", "junit.xml", "metrics.prom"];
    let flags = ["--html", "--markdown", "--junit", "--metrics-file"];
    let pairs = flags.iter().zip(&forms);
    let mut args: Vec<&str> = pairs.flat_map(|(flag, form)| [*flag, *form]).collect();
    args.extend(["--alarm", "2/3", "--format", "table"]);
    let run = checked(&churnctl, &args).expect(ExitCode::Ok);
    let line = "alarm by 1/year: at 2026-01-14";
    assert!(run.stdout.contains(line), "{}", run.stdout);
    for form in forms {
        let text = String::from_utf8(churnctl.read(form)).expect("UTF-8");
        match form {
            "metrics.prom" => {
                for line in [
                    "churn_drift_alarm{model=\"churn\",policy=\"any\"} 1",
                    "churn_drift_alarm{model=\"churn\",policy=\"2/3\"} 0",
                    "churn_drift_alarm{model=\"churn\",policy=\"1/year\"} 1",
                    "churn_drift_status{model=\"churn\"} 1",
                ] {
                    assert!(text.lines().any(|found| found == line), "{line}\n{text}");
                }
            }
            "report.md" => assert!(
                text.contains("alarm by 1/year&#58; at 2026-01-14"),
                "{text}"
            ),
            "page.html" => assert!(
                text.contains("alarm by 1&#x2f;year: at 2026-01-14"),
                "{text}"
            ),
            _ => assert!(text.contains(line), "{form}\n{text}"),
        }
        // The run does not fail, so nothing of it does.
        assert!(!text.contains("<failure"), "{form}");
    }
}

#[test]
fn policies_that_fit_to_nothing_are_refused_where_they_stand() {
    let churnctl = days(&[]).file(
        "both.toml",
        "[drift]\ntime = \"scored_at\"\nalarm = \"2/3\"\nalarm_budget = \"1/year\"\n",
    );
    for (args, message) in [
        (&["--alarm", "3/2"][..], "\"3/2\" is not K/N"),
        (
            &["--alarm-budget", "1/fortnight"],
            "is not a rate of alarms",
        ),
        (
            &["--alarm", "2/3", "--alarm-budget", "1/year"],
            "--alarm-budget cannot be used with --alarm",
        ),
        (
            &["--window", "7d", "--alarm-budget", "1/week"],
            "--alarm-budget 1/week allows an alarm in every window of 7d",
        ),
    ] {
        checked(&churnctl, args)
            .expect(ExitCode::Usage)
            .says(message);
    }
    let plain = ["drift", "--baseline", "base.csv", "--current", "days"];
    for (args, message) in [
        (["--alarm", "2/3"], "--alarm needs --time"),
        (["--alarm-budget", "1/year"], "--alarm-budget needs --time"),
    ] {
        let run = churnctl.run(&[&plain[..], &args].concat());
        run.expect(ExitCode::Usage).says(message);
    }
    // What stands in settings is said to be at fault there.
    churnctl
        .run(&[&plain[..], &["--config", "both.toml"]].concat())
        .expect(ExitCode::BadSettings)
        .says("both.toml:3")
        .says("cannot be used with --alarm-budget");
    std::fs::write(churnctl.path("alone.toml"), "[drift]\nwindow = \"7d\"\n").expect("write");
    churnctl
        .run(&[&plain[..], &["--config", "alone.toml"]].concat())
        .expect(ExitCode::BadSettings)
        .says("\"drift.window\": needs --time");
}
