//! `churnctl drift mutate`: what the settings make of failures done on purpose. What each failure does to rows is tested
//! where it is made.

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Run};
use crate::models::{PRODUCTION, customers, scoring};
use crate::schemas::{expect_refused, expect_strict, schema};

/// Customers as the baseline.
fn people() -> Churnctl {
    Churnctl::new().table("training.csv", &customers(2_000, 1))
}

fn mutate(churnctl: &Churnctl, args: &[&str]) -> Run {
    let fixed = ["drift", "mutate", "--format", "json", "-q", "--rows", "300"];
    churnctl.run(&[&fixed[..], args].concat())
}

fn report(churnctl: &Churnctl, args: &[&str]) -> Value {
    mutate(churnctl, args).expect(ExitCode::Ok).json()
}

/// Trials of the largest size, and those that were seen.
fn seen(report: &Value, kind: &str) -> (u64, u64) {
    let size = last_size(report, kind);
    let number = |name: &str| size[name].as_u64().expect(name);
    (number("seen"), number("trials"))
}

fn last_size<'a>(report: &'a Value, kind: &str) -> &'a Value {
    let kinds = report["mutations"].as_array().expect("kinds");
    let found = kinds.iter().find(|one| one["kind"] == kind).expect(kind);
    let sizes = found["sizes"].as_array().expect("sizes");
    sizes
        .last()
        .unwrap_or_else(|| panic!("{kind} is impossible"))
}

#[test]
fn what_is_seen_and_what_is_missed_is_told() {
    let churnctl = people();
    let few = [
        "--baseline",
        "training.csv",
        "--trials",
        "4",
        "--within",
        "2",
    ];
    let found = report(&churnctl, &few);
    expect_strict(&schema("drift_mutate"), &found);
    for (pointer, to) in [
        ("/mutations/0/kind", json!("bit_rot")),
        ("/clean/false_alarm_rate", json!(1.5)),
        ("/mutations/0/sizes", Value::Null),
    ] {
        expect_refused(&schema("drift_mutate"), &found, pointer, to);
    }
    // A number that nobody has, in every row, cannot be missed; of the rows of others a column's distribution says
    // nothing, and without a score nobody looks at labels.
    assert_eq!(seen(&found, "sentinel"), (4, 4));
    assert_eq!(last_size(&found, "sentinel")["windows_until_seen"], 1);
    assert_eq!(seen(&found, "stale_join"), (0, 4));
    assert_eq!(
        last_size(&found, "stale_join")["missed"],
        json!(["noise", "plan", "visits"])
    );
    assert_eq!(seen(&found, "label_flip"), (0, 4));
    let time = &found["mutations"][9];
    assert_eq!(
        (&time["kind"], &time["sizes"]),
        (&json!("time_zone"), &json!([]))
    );
    assert!(time["impossible"].is_string());
    // Windows that nothing is done to are drawn from the baseline itself: 8 of them, none of which fails.
    assert_eq!(
        found["clean"],
        json!({ "windows": 8, "failed": 0, "false_alarm_rate": 0.0, "seen_by_chance": 0.0 })
    );
    // All trials are counted: 11 kinds, 3 sizes, 4 trials.
    let kinds = found["mutations"].as_array().expect("kinds");
    let sizes = kinds
        .iter()
        .flat_map(|kind| kind["sizes"].as_array().expect("sizes"));
    let sum = |name: &str| {
        sizes
            .clone()
            .filter_map(|size| size[name].as_u64())
            .sum::<u64>()
    };
    assert_eq!(sum("trials"), 11 * 3 * 4);
    assert_eq!(
        found["detected"].as_f64(),
        Some(sum("seen") as f64 / sum("trials") as f64)
    );
}

#[test]
fn a_seed_gives_the_same_report_with_any_number_of_threads() {
    let churnctl = people().env("SOURCE_DATE_EPOCH", "1767225600");
    let few = [
        "--baseline",
        "training.csv",
        "--trials",
        "2",
        "--within",
        "1",
        "--sizes",
        "0.2",
    ];
    let run = |more: &[&str]| {
        mutate(&churnctl, &[&few[..], more].concat())
            .expect(ExitCode::Ok)
            .stdout
    };
    assert_eq!(run(&["--threads", "1"]), run(&["--threads", "3"]));
    assert_ne!(run(&["--seed", "0"]), run(&["--seed", "1"]));
    // Nor does it matter how the fields of a line stand apart.
    let semicolons = customers(2_000, 1).csv().replace(',', ";");
    let again = people().file("training.csv", semicolons);
    let again = again.env("SOURCE_DATE_EPOCH", "1767225600");
    let words = [&few[..], &["--delimiter", ";"]].concat();
    assert_eq!(mutate(&again, &words).expect(ExitCode::Ok).stdout, run(&[]));
}

#[test]
fn settings_that_see_less_than_is_asked_for_are_exit_code_2() {
    let churnctl = people();
    let few = [
        "--baseline",
        "training.csv",
        "--trials",
        "1",
        "--within",
        "1",
        "--sizes",
        "1",
    ];
    let least = |share: &str| mutate(&churnctl, &[&few[..], &["--min-detected", share]].concat());
    let found = least("0.2").expect(ExitCode::Ok).json();
    assert_eq!(
        (&found["status"], &found["min_detected"]),
        (&json!("OK"), &json!(0.2))
    );
    // Stale joins and turned labels are missed.
    assert_eq!(
        least("1").expect(ExitCode::CheckFailed).json()["status"],
        "FAIL"
    );
    // The table says the same.
    let words = [
        "drift",
        "mutate",
        "-q",
        "--rows",
        "300",
        "--min-detected",
        "1",
    ];
    let table = churnctl
        .run(&[&words[..], &few].concat())
        .expect(ExitCode::CheckFailed);
    assert!(
        table.stdout.contains("stale join") && table.stdout.contains("\nFAIL: "),
        "{}",
        table.stdout
    );
    // Thresholds that nothing reaches see less.
    let blind = [
        "--fail-psi",
        "9",
        "--warn-psi",
        "9",
        "--fail-distance",
        "9",
        "--warn-distance",
        "9",
    ];
    let blind = report(&churnctl, &[&few[..], &blind].concat());
    assert!(
        blind["detected"].as_f64() < found["detected"].as_f64(),
        "{blind}"
    );
}

#[test]
fn a_policy_of_consequence_is_the_policy_here() {
    let churnctl = scoring().table("rows.csv", &customers(2_000, 3));
    let few = [
        "rows.csv",
        "--baseline",
        PRODUCTION,
        "--trials",
        "3",
        "--within",
        "1",
        "--sizes",
        "1",
    ];
    let missed = |policy: &str| {
        let found = report(&churnctl, &[&few[..], &["--policy", policy]].concat());
        assert_eq!(found["policy"], policy);
        last_size(&found, "slow_creep")["missed"].clone()
    };
    assert_eq!(missed("statistics"), json!([]));
    // A standard deviation of a column that the model hardly uses does not move the score.
    assert_eq!(missed("consequence"), json!(["noise"]));
    // The model scores the rows, and labels turned over are seen in its performance.
    let found = report(&churnctl, &few);
    assert_eq!(seen(&found, "label_flip"), (3, 3));
}

#[test]
fn an_alarm_policy_over_windows_decides_when_a_failure_is_seen() {
    let churnctl = people();
    let few = [
        "--baseline",
        "training.csv",
        "--trials",
        "1",
        "--within",
        "4",
        "--sizes",
        "1",
    ];
    let after = |more: &[&str]| {
        let found = report(&churnctl, &[&few[..], &["--time", "day"], more].concat());
        last_size(&found, "sentinel")["windows_until_seen"].clone()
    };
    assert_eq!(after(&[]), 1);
    assert_eq!(after(&["--alarm", "3/4"]), 3);
    // After the first window the one before it is as bad.
    assert_eq!(after(&["--against", "previous"]), 1);
    let months = [
        "--window",
        "1mo",
        "--time-zone",
        "Europe/Berlin",
        "--alarm",
        "2/2",
    ];
    assert_eq!(after(&months), 2);
}

#[test]
fn what_cannot_be_spoiled_is_refused() {
    let churnctl = people().file(PRODUCTION, crate::models::small_model());
    let refused = |args: &[&str], said: &str| {
        let words = ["drift", "mutate"];
        churnctl
            .run(&[&words[..], args].concat())
            .expect(ExitCode::Usage)
            .says(said);
    };
    refused(&["--baseline", PRODUCTION], "has no rows");
    refused(&[PRODUCTION, "--baseline", "training.csv"], "has no rows");
    refused(
        &["--baseline", "training.csv", "--sizes", "0,1"],
        "does nothing",
    );
    refused(&["--baseline", "training.csv", "--sizes", "1.5"], "--sizes");
    refused(&["--baseline", "-"], "only once");
    // Settings that no window is judged by are not taken.
    for flag in ["--last=3", "--every=1d", "--class-threshold=0.3"] {
        refused(&["--baseline", "training.csv", flag], "unexpected argument");
    }
    // A check that judges nothing would miss everything, which says nothing of its settings.
    let few = |args: &[&str], said: &str| {
        let words = ["drift", "mutate", "--baseline"];
        churnctl
            .run(&[&words[..], args].concat())
            .expect(ExitCode::BadInput)
            .says(said);
    };
    few(
        &["training.csv", "--rows", "99"],
        "a window has 99 rows, fewer than the 100",
    );
    few(
        &["training.csv", "--min-rows", "2001", "--rows", "2001"],
        "the baseline has 2,000 rows",
    );
    let other = churnctl.file("other.csv", "colour\nred\nblue\n");
    let words = ["drift", "mutate", "other.csv", "--baseline", "training.csv"];
    other
        .run(&words)
        .expect(ExitCode::BadInput)
        .says("no feature in common");
}
