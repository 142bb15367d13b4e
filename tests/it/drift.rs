//! `churnctl drift`: what it must notice, what it must not, and what it writes.
//!
//! The columns are generated here from seeds. Each expected verdict follows from how the column
//! was made, not from what the program said once.

use std::process::{Command, Stdio};

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Random, Run, Table, skipped};

const ROWS: usize = 2_000;

/// Runs a check of two tables and returns what it printed as JSON, too.
fn check(baseline: &Table, current: &Table, args: &[&str]) -> (Run, Value) {
    let churnctl = Churnctl::new()
        .table("baseline.csv", baseline)
        .table("current.csv", current);
    let fixed = [
        "drift",
        "--baseline",
        "baseline.csv",
        "--current",
        "current.csv",
        "--format",
        "json",
        "-q",
    ];
    let run = churnctl.run(&[&fixed[..], args].concat());
    assert_eq!(run.stderr, "", "quiet");
    let report = run.json();
    assert_eq!(
        report,
        churnctl.read_json("artifacts/metrics/data_drift_latest.json"),
        "what is printed is what is written"
    );
    (run, report)
}

/// Checks `feature` beside a column of the same law, and returns its report.
///
/// The other column must be judged and OK, the feature have this status, and the run end with
/// the code of the worse of the two.
#[track_caller]
fn judged<T: ToString>(baseline: Vec<T>, current: Vec<T>, status: &str) -> (Value, Value) {
    let mut random = Random::new(99);
    let one = Table::default()
        .with("steady", random.normals(baseline.len()))
        .with("feature", baseline);
    let other = Table::default()
        .with("steady", random.normals(current.len()))
        .with("feature", current);
    let (run, report) = check(&one, &other, &[]);
    let code = if status == "FAIL" {
        ExitCode::CheckFailed
    } else {
        ExitCode::Ok
    };
    run.expect(code);
    assert_eq!(feature(&report, "steady")["status"], "OK");
    assert_eq!(report["status"], status, "{report:#}");
    let feature = feature(&report, "feature").clone();
    assert_eq!(feature["status"], status, "{feature:#}");
    (feature, report)
}

#[track_caller]
fn feature<'a>(report: &'a Value, name: &str) -> &'a Value {
    let features = report["features"].as_array().expect("features");
    features
        .iter()
        .find(|feature| feature["feature"] == name)
        .unwrap_or_else(|| panic!("no feature {name} in {report:#}"))
}

/// Returns the kinds and messages of the findings about a column.
fn findings(report: &Value, name: &str) -> Vec<(String, String, String)> {
    let findings = report["findings"].as_array().expect("findings").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    findings
        .filter(|finding| finding["feature"] == name)
        .map(|finding| {
            (
                text(&finding["status"]),
                text(&finding["kind"]),
                text(&finding["message"]),
            )
        })
        .collect()
}

#[track_caller]
fn because(feature: &Value, words: &str) {
    let reasons = feature["reasons"].to_string().replace("\\\"", "\"");
    assert!(reasons.contains(words), "wanted {words:?} in {reasons}");
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[test]
fn columns_of_the_same_law_are_ok() {
    let mut random = Random::new(1);
    let mut side = || {
        Table::default()
            .with("normal", random.normals(ROWS))
            .with("skewed", (0..ROWS).map(|_| 1.0 / (1.0 - random.share())))
            .with("count", (0..ROWS).map(|_| random.below(7)))
            .with("wide_count", (0..ROWS).map(|_| random.below(500)))
            .with("flag", (0..ROWS).map(|_| u8::from(random.chance(0.01))))
            .with(
                "plan",
                (0..ROWS).map(|_| ["free", "paid"][random.below(2) as usize]),
            )
            .with("constant", vec![3; ROWS])
    };
    let (run, report) = check(&side(), &side(), &[]);
    run.expect(ExitCode::Ok);
    assert_eq!(report["status"], "OK");
    assert_eq!(report["features"].as_array().expect("features").len(), 7);
    assert_eq!(report["findings"], json!([]));
    for feature in report["features"].as_array().expect("features") {
        assert_eq!(feature["status"], "OK", "{feature:#}");
        assert_eq!(feature["reasons"], json!([]));
    }
}

#[test]
fn all_current_values_above_the_baselines_maximum_fail() {
    let mut random = Random::new(2);
    let baseline = random.normals(ROWS);
    // Normal numbers by twelve uniform ones end at 6.
    let current = random.normals(ROWS).iter().map(|x| x + 20.0).collect();
    let (feature, _) = judged(baseline, current, "FAIL");
    because(&feature, "100% above the baseline's maximum");
    assert_eq!(feature["numeric"]["share_above_baseline_max"], 1.0);
    assert_eq!(feature["numeric"]["ks_statistic"], 1.0);
}

#[test]
fn all_current_values_below_the_baselines_minimum_fail() {
    let mut random = Random::new(3);
    let baseline = random.normals(ROWS);
    let current = random.normals(ROWS).iter().map(|x| x - 20.0).collect();
    let (feature, _) = judged(baseline, current, "FAIL");
    because(&feature, "100% below the baseline's minimum");
}

#[test]
fn three_in_ten_beyond_the_maximum_fail() {
    let mut random = Random::new(4);
    let baseline = random.normals(ROWS);
    let mut current = random.normals(ROWS);
    for value in current.iter_mut().take(ROWS * 3 / 10) {
        *value += 20.0;
    }
    let (feature, _) = judged(baseline, current, "FAIL");
    because(&feature, "30% above the baseline's maximum");
    // .3 of the rows join the last decile, .7 of each decile stay: nine times .03 ln(1 / .7) and
    // (.37 - .1) ln(3.7), .45 in all. The Python system drops them and says .0015.
    let psi = number(&feature["psi"]);
    assert!((0.35..0.6).contains(&psi), "{psi}");
}

#[test]
fn an_outlier_on_either_side_hides_no_moved_mean() {
    for (seed, outlier_in_baseline) in [(5, true), (6, false)] {
        let mut random = Random::new(seed);
        let mut baseline = random.normals(ROWS);
        let mut current: Vec<f64> = random.normals(ROWS).iter().map(|x| x + 1.0).collect();
        if outlier_in_baseline {
            baseline[7] = 1e9;
        } else {
            current[7] = 1e9;
        }
        let (feature, _) = judged(baseline, current, "FAIL");
        because(&feature, "PSI ");
    }
}

#[test]
fn an_outlier_alone_warns_and_its_end_is_no_drift() {
    let mut random = Random::new(7);
    let baseline = random.normals(ROWS);
    let mut current = random.normals(ROWS);
    current[3] = 1e9;
    let (feature, report) = judged(baseline.clone(), current.clone(), "WARN");
    because(
        &feature,
        "the value 1000000000 lies far beyond the baseline's range",
    );
    assert_eq!(findings(&report, "feature")[0].1, "out_of_range");
    assert!(number(&feature["psi"]) < 0.1, "{feature:#}");
    judged(current, baseline, "OK");
}

#[test]
fn a_constant_that_begins_to_vary_fails() {
    let mut random = Random::new(8);
    let (feature, _) = judged(vec![3.0; ROWS], random.normals(ROWS), "FAIL");
    because(&feature, "PSI ");
    // Also where it varies by little, to one side, or in whole numbers.
    let near = (0..ROWS).map(|_| 3.0 + random.share() * 1e-3).collect();
    judged(vec![3.0; ROWS], near, "FAIL");
    let counts = (0..ROWS).map(|_| random.below(3)).collect();
    judged(vec![0; ROWS], counts, "FAIL");
}

#[test]
fn a_varying_column_that_becomes_constant_fails_and_says_so() {
    let mut random = Random::new(9);
    let (feature, report) = judged(random.normals(ROWS), vec![0.5; ROWS], "FAIL");
    because(&feature, "every current value is 0.5");
    let found = findings(&report, "feature");
    assert!(
        found.iter().any(|finding| finding.1 == "constant"),
        "{found:?}"
    );
}

#[test]
fn fewer_zeros_fail() {
    let mut random = Random::new(10);
    let mut side = |zeros: f64| -> Vec<f64> {
        (0..ROWS)
            .map(|_| {
                if random.chance(zeros) {
                    0.0
                } else {
                    random.normal().abs()
                }
            })
            .collect()
    };
    let (baseline, current) = (side(0.99), side(0.5));
    let (feature, _) = judged(baseline, current, "FAIL");
    because(&feature, "mean ");
}

#[test]
fn a_flag_from_a_tenth_to_six_tenths_fails() {
    let mut random = Random::new(11);
    let mut side =
        |share: f64| -> Vec<u8> { (0..ROWS).map(|_| u8::from(random.chance(share))).collect() };
    let (baseline, current) = (side(0.1), side(0.6));
    let (feature, _) = judged(baseline, current, "FAIL");
    // .5 ln 6 + .5 ln(.9 / .4) = 1.3013
    let psi = number(&feature["psi"]);
    assert!((1.1..1.5).contains(&psi), "{psi}");
    assert_eq!(feature["bins"].as_array().expect("bins").len(), 2);
}

#[test]
fn a_column_without_any_value_fails_and_the_others_are_still_judged() {
    let mut random = Random::new(12);
    let baseline: Vec<String> = random.normals(ROWS).iter().map(f64::to_string).collect();
    for mark in ["", "NA", "NaN", "null"] {
        let (feature, report) = judged(baseline.clone(), vec![mark.to_owned(); ROWS], "FAIL");
        because(&feature, "every current value is missing");
        assert_eq!(findings(&report, "feature")[0].1, "all_missing", "{mark}");
        assert_eq!(feature["missing"]["share"]["current"], 1.0);
        assert!(feature.get("psi").is_none());
        assert!(report["psi_by_feature"].get("feature").is_none());
    }
    let categories = vec!["a".to_owned(); ROWS];
    let (feature, _) = judged(categories, vec![String::new(); ROWS], "FAIL");
    because(&feature, "every current value is missing");
}

#[test]
fn a_column_without_values_on_both_sides_is_no_drift() {
    judged(vec![""; ROWS], vec![""; ROWS], "OK");
}

#[test]
fn two_in_a_hundred_missing_to_eight_of_a_million_are_told() {
    let mut random = Random::new(13);
    let mut side = |missing: f64| {
        let value = |_| {
            let mark = if random.chance(missing) { "" } else { "1.5" };
            format!("{mark},{}\n", random.below(50))
        };
        (0..1_000_000)
            .map(value)
            .fold("feature,steady\n".to_owned(), |text, row| text + &row)
    };
    let churnctl = Churnctl::new()
        .file("baseline.csv", side(0.02))
        .file("current.csv", side(0.08));
    let args = [
        "drift",
        "--baseline",
        "baseline.csv",
        "--current",
        "current.csv",
        "--format=json",
    ];
    let report = churnctl.run(&args).expect(ExitCode::Ok).json();
    assert_eq!(report["rows"]["current"], 1_000_000);
    let feature = feature(&report, "feature");
    // (.08 - .02) ln(.08 / .02) + (.92 - .98) ln(.92 / .98) = .08697: below .1, but said.
    let psi = number(&feature["missing"]["psi"]);
    assert!((psi - 0.08697).abs() < 0.002, "{psi}");
    assert!(psi > number(&feature["missing"]["psi_noise_limit"]));
    let found = findings(&report, "feature");
    assert_eq!((found[0].1.as_str(), found.len()), ("missing_share", 1));
    assert!(
        found[0].2.starts_with("missing 2.0% -> 8.0% (PSI 0.08"),
        "{found:?}"
    );
    // With a threshold below, it is judged like any PSI.
    let warned = churnctl.run(&[&args[..], &["--warn-psi", "0.05"]].concat());
    let report = warned.expect(ExitCode::Ok).json();
    assert_eq!(report["status"], "WARN");
}

#[test]
fn a_tenth_of_infinities_is_a_finding() {
    let mut random = Random::new(14);
    let baseline: Vec<String> = random.normals(ROWS).iter().map(f64::to_string).collect();
    let mut current: Vec<String> = random.normals(ROWS).iter().map(f64::to_string).collect();
    for (at, value) in current
        .iter_mut()
        .enumerate()
        .filter(|(at, _)| at % 10 == 0)
    {
        *value = ["inf", "-inf", "Infinity", "1e999"][at / 10 % 4].to_owned();
    }
    let (feature, report) = judged(baseline, current, "FAIL");
    assert_eq!(feature["missing"]["current_counts"]["infinite"], ROWS / 10);
    assert_eq!(feature["kind"], "numeric");
    let found = findings(&report, "feature");
    assert_eq!(found[0].1, "infinities", "{found:?}");
    assert_eq!(
        found[0].2,
        "10% of the current values are infinite, 0% of the baseline's"
    );
    // The numbers beside them moved by nothing.
    assert!(number(&feature["psi"]) < 0.05, "{feature:#}");
}

#[test]
fn twenty_current_rows_of_the_same_law_never_fail() {
    for seed in 0..40 {
        let mut random = Random::new(1_000 + seed);
        let mut side = |rows: usize| {
            Table::default()
                .with("normal", random.normals(rows))
                .with("skewed", (0..rows).map(|_| 1.0 / (1.0 - random.share())))
                .with("count", (0..rows).map(|_| random.below(15)))
                .with("rare", (0..rows).map(|_| u8::from(random.chance(0.02))))
                .with("plan", (0..rows).map(|_| format!("p{}", random.below(12))))
        };
        let (run, report) = check(&side(ROWS), &side(20), &[]);
        run.expect(ExitCode::Ok);
        for feature in report["features"].as_array().expect("features") {
            if feature["status"] == "TOO_FEW_ROWS" {
                because(feature, "too few rows to tell");
            } else {
                // Chance reaches no PSI that would fail a column of two values.
                assert!(number(&feature["psi_noise_limit"]) < 0.25, "{feature:#}");
            }
        }
        let few = report["findings"].as_array().expect("findings");
        assert_eq!(report["status"], "TOO_FEW_ROWS");
        let message = "the current side has only 20 rows, fewer than 100: too few rows to tell";
        assert!(few.iter().any(|finding| finding["message"] == message));
    }
}

#[test]
fn twenty_current_rows_of_quite_another_law_fail() {
    let mut random = Random::new(15);
    let baseline = random.normals(ROWS);
    let current = random.normals(20);
    let one = Table::default().with("feature", baseline);
    let other = Table::default().with("feature", current.iter().map(|x| x + 20.0));
    let (run, _) = check(&one, &other, &[]);
    run.expect(ExitCode::CheckFailed);
}

#[test]
fn a_new_category_in_three_of_ten_rows_fails_and_is_named() {
    let mut random = Random::new(16);
    let mut side = |new: f64| -> Vec<&str> {
        (0..ROWS)
            .map(|_| {
                let known = ["free", "paid", "team"][random.below(3) as usize];
                if random.chance(new) {
                    "enterprise"
                } else {
                    known
                }
            })
            .collect()
    };
    let (baseline, current) = (side(0.0), side(0.3));
    let (feature, report) = judged(baseline, current, "FAIL");
    because(&feature, "new category \"enterprise\" in 3");
    let categorical = &feature["categorical"];
    assert_eq!(categorical["unseen_categories"], json!(["enterprise"]));
    assert_eq!(categorical["lost_categories"], json!([]));
    assert!((number(&categorical["unseen_share"]) - 0.3).abs() < 0.04);
    let found = findings(&report, "feature");
    assert!(
        found.iter().any(|finding| finding.1 == "unseen_categories"),
        "{found:?}"
    );
}

#[test]
fn a_category_that_is_gone_is_named() {
    let baseline: Vec<&str> = (0..ROWS).map(|at| ["a", "b", "c"][at % 3]).collect();
    let current: Vec<&str> = (0..ROWS).map(|at| ["a", "b"][at % 2]).collect();
    let (feature, _) = judged(baseline, current, "FAIL");
    because(&feature, "\"c\" 33% -> 0%");
    assert_eq!(feature["categorical"]["lost_categories"], json!(["c"]));
}

#[test]
fn a_number_column_that_turns_to_text_fails_and_says_where() {
    let mut random = Random::new(17);
    let numbers: Vec<String> = random.normals(ROWS).iter().map(f64::to_string).collect();
    let mut texts = vec!["unknown".to_owned(); ROWS];
    texts[..41].clone_from_slice(&numbers[..41]);
    let (feature, report) = judged(numbers.clone(), texts, "FAIL");
    // Line 1 is the header, so row 41, counted from 0, is line 43.
    because(&feature, "first \"unknown\" at current.csv:43");
    assert_eq!(findings(&report, "feature")[0].1, "type_change");
    // And the other way round.
    let words: Vec<String> = (0..ROWS).map(|at| ["a", "b", "c"][at % 3].into()).collect();
    let (feature, report) = judged(words, numbers, "FAIL");
    because(
        &feature,
        "text in the baseline, numbers in the current side",
    );
    assert_eq!(findings(&report, "feature")[0].1, "type_change");
}

#[test]
fn an_absent_column_fails_and_an_extra_one_does_not() {
    let mut random = Random::new(18);
    let both = |random: &mut Random| Table::default().with("steady", random.normals(ROWS));
    let baseline = both(&mut random).with("gone", random.normals(ROWS));
    let current = both(&mut random).with("new", random.normals(ROWS));
    let (run, report) = check(&baseline, &current, &[]);
    run.expect(ExitCode::CheckFailed);
    assert_eq!(
        findings(&report, "gone"),
        [(
            "FAIL".into(),
            "absent_column".into(),
            "the current side lacks the column \"gone\"".into()
        )]
    );
    let (status, kind, _) = findings(&report, "new").remove(0);
    assert_eq!((status.as_str(), kind.as_str()), ("OK", "extra_column"));
    assert_eq!(feature(&report, "steady")["status"], "OK");
    // Without the absent one, the extra one alone is not an alarm.
    check(&both(&mut random), &current, &[])
        .0
        .expect(ExitCode::Ok);
}

#[test]
fn nothing_to_compare_is_bad_input_and_never_ok() {
    let good = "age,plan\n1,a\n2,b\n3,a\n";
    for (name, text, words) in [
        ("empty.csv", "", "the file is empty"),
        (
            "header.csv",
            "age,plan\n",
            "there are no data rows, only a header",
        ),
        (
            "blank.csv",
            "age,plan\n\n\n",
            "there are no data rows, only a header",
        ),
        (
            "other.csv",
            "x,y\n1,2\n",
            "the two sides have no feature in common",
        ),
    ] {
        let churnctl = Churnctl::new().file("good.csv", good).file(name, text);
        for (baseline, current) in [("good.csv", name), (name, "good.csv")] {
            churnctl
                .run(&["drift", "--baseline", baseline, "--current", current])
                .expect(ExitCode::BadInput)
                .says(words);
        }
        assert!(!churnctl.path("artifacts").exists(), "no report of nothing");
    }
}

#[test]
fn a_feature_that_neither_side_has_is_bad_input_with_the_nearest_name() {
    let churnctl = Churnctl::new()
        .file("a.csv", "tenure,plan\n1,a\n2,b\n")
        .file("b.csv", "tenure,plan,extra\n1,a,1\n2,b,1\n");
    for option in [
        "--features",
        "--exclude",
        "--id",
        "--categorical",
        "--score",
        "--label",
    ] {
        churnctl
            .run(&[
                "drift",
                "--baseline",
                "a.csv",
                "--current",
                "b.csv",
                option,
                "tenur",
            ])
            .expect(ExitCode::BadInput)
            .says("neither side has a column \"tenur\"")
            .says(option)
            .says("did you mean \"tenure\"?");
    }
    // One that only one side has is not a typo: it is absent, and that fails.
    let run = churnctl.run(&[
        "drift",
        "--baseline",
        "a.csv",
        "--current",
        "b.csv",
        "--features",
        "tenure,extra",
        "--format=json",
    ]);
    let report = run.expect(ExitCode::CheckFailed).json();
    assert_eq!(findings(&report, "extra")[0].1, "absent_column");
}

#[test]
fn ids_dates_and_labels_never_alarm_and_are_listed_with_the_reason() {
    let mut random = Random::new(19);
    let mut side = |shift: usize, day: &str, label: bool| {
        let table = Table::default()
            .with("steady", random.normals(ROWS))
            .with("user_id", (0..ROWS).map(|at| at % 400 + shift))
            .with("order", (0..ROWS).map(|at| at + shift))
            .with("key", (0..ROWS).map(|at| format!("k-{}", at + shift)))
            .with("as_of_date", vec![day; ROWS])
            .with(
                "seen",
                (0..ROWS).map(|at| format!("{day} 10:{:02}:00", at % 60)),
            )
            .with("ignored", vec![shift; ROWS])
            .with("branch", (0..ROWS).map(|at| at % 7 + shift));
        if label {
            table.with("churn_label", (0..ROWS).map(|at| at % 5 / 4))
        } else {
            table
        }
    };
    let baseline = side(0, "2026-01-31", true);
    // The label has not arrived; everything else that is not a feature is another one.
    let current = side(5_000, "2026-03-31", false);
    let args = ["--exclude", "ignored", "--id", "branch"];
    let (run, report) = check(&baseline, &current, &args);
    run.expect(ExitCode::Ok);
    assert_eq!(report["status"], "OK");
    assert_eq!(report["findings"], json!([]));
    let mut left_out: Vec<(&str, &str, &str)> = report["left_out"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|out| {
            let text = |key: &str| out[key].as_str().expect("a text");
            (text("column"), text("role"), text("reason"))
        })
        .collect();
    left_out.sort_unstable();
    assert_eq!(
        left_out,
        [
            ("as_of_date", "date", "the usual name of a date"),
            ("branch", "id", "named as an identifier"),
            ("churn_label", "label", "the usual name of a label"),
            ("ignored", "excluded", "excluded by the user"),
            (
                "key",
                "id",
                "2000 distinct values in 2000 rows, and named like an identifier"
            ),
            ("order", "id", "2000 distinct values in 2000 rows"),
            ("seen", "date", "nearly all values are dates"),
            ("user_id", "id", "the usual name of an identifier"),
        ]
    );
    // Also when only the baseline has the column that is left out.
    let current = side(5_000, "2026-03-31", false).without("branch");
    check(&baseline, &current, &args).0.expect(ExitCode::Ok);
    // Named as features, they are features.
    let (run, report) = check(&baseline, &current, &["--features", "order,steady"]);
    run.expect(ExitCode::CheckFailed);
    assert_eq!(feature(&report, "order")["status"], "FAIL");
}

#[test]
fn a_label_that_is_all_missing_or_all_another_is_no_drift_of_features() {
    let mut random = Random::new(20);
    let mut side = |label: &str| {
        Table::default()
            .with("steady", random.normals(ROWS))
            .with("churn", vec![label; ROWS])
    };
    let baseline = side("0");
    for label in ["", "1", "yes"] {
        let (run, report) = check(&baseline, &side(label), &[]);
        run.expect(ExitCode::Ok);
        assert_eq!(report["status"], "OK", "{label}");
    }
}

#[test]
fn a_number_that_is_a_category_is_compared_as_one() {
    let baseline = Table::default().with("region", (0..ROWS).map(|at| at % 30 * 100));
    let current = Table::default().with("region", (0..ROWS).map(|at| at % 30 * 100 + 1));
    let (run, report) = check(&baseline, &current, &["--categorical", "region"]);
    run.expect(ExitCode::CheckFailed);
    let region = feature(&report, "region");
    assert_eq!(region["kind"], "categorical");
    assert_eq!(region["categorical"]["unseen_count"], 30);
    assert_eq!(region["categorical"]["lost_count"], 30);
}

/// A baseline and a current side whose one feature has a PSI of about .17: a quarter to .45.
fn between_the_thresholds() -> Churnctl {
    let flags = |ones: usize| (0..ROWS).map(move |at| u8::from(at % 100 < ones));
    Churnctl::new()
        .table("baseline.csv", &Table::default().with("flag", flags(25)))
        .table("current.csv", &Table::default().with("flag", flags(45)))
}

const BETWEEN: [&str; 5] = [
    "drift",
    "--baseline",
    "baseline.csv",
    "--current",
    "current.csv",
];

#[test]
fn fail_on_decides_which_verdict_ends_with_two() {
    // 500 and 900 of 2,000 rows: .2 ln(.45 / .25) + .2 ln(.75 / .55) = .1796; with half a row
    // more in each bin .1794.
    // PSI alone: the other rules have something to say of it, too.
    let churnctl = between_the_thresholds().file(
        "churnctl.toml",
        "[drift]\nwarn_distance = 9\nfail_distance = 9\nwarn_share_ratio = 9\nfail_share_ratio = 9\n",
    );
    let failing = ["--warn-psi", "0.05", "--fail-psi", "0.1"];
    let calm = ["--warn-psi", "1", "--fail-psi", "2"];
    for (thresholds, status, codes) in [
        (&calm[..], "OK", [0, 0, 0]),
        (&[], "WARN", [0, 2, 0]),
        (&failing, "FAIL", [2, 2, 0]),
    ] {
        for (fail_on, code) in ["fail", "warn", "never"].iter().zip(codes) {
            let args = [
                &BETWEEN[..],
                thresholds,
                &["--fail-on", fail_on, "--format=json"],
            ];
            let run = churnctl.run(&args.concat());
            assert_eq!(run.code, Some(code), "{status} {fail_on}");
            let report = run.json();
            assert_eq!(report["status"], status);
            assert!((number(&report["overall_max_psi"]) - 0.1794).abs() < 0.0001);
        }
    }
}

#[test]
fn a_feature_can_have_thresholds_of_its_own() {
    let churnctl = between_the_thresholds();
    let strict = churnctl.file(
        "churnctl.toml",
        "[drift.thresholds.flag]\nwarn_psi = 0.05\nfail_psi = 0.15\n",
    );
    let run = strict.run(&[&BETWEEN[..], &["--format=json"]].concat());
    let report = run.expect(ExitCode::CheckFailed).json();
    because(feature(&report, "flag"), "PSI 0.18 (threshold 0.15)");
    assert_eq!(report["thresholds"]["by_feature"]["flag"]["fail_psi"], 0.15);
    assert_eq!(report["thresholds"]["fail_psi"], 0.25);
    // It wins over the thresholds for all, from wherever they come.
    let lax = strict.file(
        "churnctl.toml",
        "[drift.thresholds.flag]\nwarn_psi = 3\nfail_psi = 4\n",
    );
    lax.run(&[&BETWEEN[..], &["--fail-psi=0.01", "--warn-psi=0.01"]].concat())
        .expect(ExitCode::Ok);
}

#[test]
fn a_threshold_that_is_no_number_ends_with_64() {
    for value in ["NaN", "nan", "inf", "-0.1"] {
        between_the_thresholds()
            .run(&[&BETWEEN[..], &["--fail-psi", value]].concat())
            .expect(ExitCode::Usage);
    }
}

#[test]
fn the_report_has_the_keys_of_the_python_system_at_its_top() {
    let report = between_the_thresholds()
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .run(&[&BETWEEN[..], &["--format=json"]].concat())
        .json();
    assert_eq!(report["status"], "WARN");
    assert_eq!(report["baseline"], "baseline.csv");
    assert_eq!(report["current"], "current.csv");
    assert_eq!(report["psi_by_feature"]["flag"], report["overall_max_psi"]);
    assert_eq!(report["features"][0]["psi"], report["overall_max_psi"]);
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["command"], "drift");
    // date -u -d @1700000000 +%FT%TZ
    assert_eq!(report["created_at"], "2023-11-14T22:13:20Z");
}

/// A score that knows the label as well as `skill` says, 0 to 1.
fn scored(random: &mut Random, rows: usize, skill: f64) -> Table {
    let labels: Vec<bool> = (0..rows).map(|_| random.chance(0.3)).collect();
    let score = |label: &bool| {
        let guess = if *label { 0.8 } else { 0.2 };
        let noise = random.share();
        (guess * skill + noise * (1.0 - skill)).clamp(0.01, 0.99)
    };
    let scores: Vec<f64> = labels.iter().map(score).collect();
    Table::default()
        .with("steady", random.normals(rows))
        .with("risk", scores)
        .with(
            "left",
            labels
                .iter()
                .map(|left| if *left { "gone" } else { "here" }),
        )
}

#[test]
fn quality_that_falls_fails_and_quality_that_does_not_is_ok() {
    let mut random = Random::new(21);
    let baseline = scored(&mut random, ROWS, 0.5);
    let args = ["--score", "risk", "--label", "left", "--positive", "gone"];
    let (run, report) = check(&baseline, &scored(&mut random, ROWS, 0.5), &args);
    run.expect(ExitCode::Ok);
    let performance = &report["performance"];
    assert_eq!(performance["status"], "OK", "{performance:#}");
    assert_eq!(performance["positive"], "gone");
    assert_eq!(performance["current"]["rows"], ROWS);
    for metric in [
        "roc_auc",
        "average_precision",
        "log_loss",
        "brier",
        "rmse",
        "f1",
    ] {
        for side in ["baseline", "current"] {
            let estimate = &performance[side][metric];
            let [low, value, high] = ["low", "value", "high"].map(|key| number(&estimate[key]));
            assert!(
                low <= value && value <= high && low < high,
                "{metric} {estimate}"
            );
        }
    }
    assert_eq!(
        report["score"]["status"], "OK",
        "the scores are of the same law"
    );
    // The same scores, and labels that have nothing to do with them.
    let mut random = Random::new(22);
    let fallen = scored(&mut random, ROWS, 0.5)
        .csv()
        .lines()
        .enumerate()
        .map(|(at, line)| match line.rsplit_once(',') {
            Some((rest, _)) if at > 0 => {
                format!("{rest},{}\n", if at % 10 < 3 { "gone" } else { "here" })
            }
            _ => format!("{line}\n"),
        })
        .collect::<String>();
    let churnctl = Churnctl::new()
        .table("baseline.csv", &baseline)
        .file("current.csv", fallen);
    let run = churnctl.run(&[&BETWEEN[..], &args, &["--format=json"]].concat());
    let report = run.expect(ExitCode::CheckFailed).json();
    assert_eq!(report["status"], "FAIL");
    assert_eq!(report["performance"]["status"], "FAIL");
    because(&report["performance"], "ROC AUC fell ");
    assert_eq!(report["score"]["status"], "OK", "only the concept drifted");
    assert_eq!(feature(&report, "steady")["status"], "OK");
}

#[test]
fn predictions_that_moved_fail_though_no_feature_did() {
    let mut random = Random::new(23);
    let baseline = scored(&mut random, ROWS, 0.0);
    let current = scored(&mut random, ROWS, 1.0);
    let (run, report) = check(
        &baseline,
        &current,
        &["--score", "risk", "--exclude", "left"],
    );
    run.expect(ExitCode::CheckFailed);
    assert_eq!(report["score"]["status"], "FAIL");
    assert_eq!(report["score"]["feature"], "risk");
    assert_eq!(feature(&report, "steady")["status"], "OK");
    assert!(report["psi_by_feature"].get("risk").is_none());
}

#[test]
fn quality_waits_for_labels_and_says_so() {
    let mut random = Random::new(24);
    let baseline = scored(&mut random, ROWS, 0.5);
    let text = scored(&mut random, ROWS, 0.5).csv();
    let without = |text: &str| -> String {
        text.lines()
            .filter_map(|line| line.rsplit_once(','))
            .map(|(rest, _)| format!("{rest}\n"))
            .collect()
    };
    let unknown = text.replace(",gone\n", ",\n").replace(",here\n", ",\n");
    for current in [without(&text), unknown] {
        let churnctl = Churnctl::new()
            .table("baseline.csv", &baseline)
            .file("current.csv", current);
        let args = [
            "--score",
            "risk",
            "--label",
            "left",
            "--positive=gone",
            "--format=json",
        ];
        let report = churnctl
            .run(&[&BETWEEN[..], &args].concat())
            .expect(ExitCode::Ok)
            .json();
        assert_eq!(report["status"], "OK");
        assert!(report.get("performance").is_none());
        let (status, kind, message) = findings(&report, "left").remove(0);
        assert_eq!((status.as_str(), kind.as_str()), ("OK", "performance"));
        assert!(message.contains("have not arrived yet"), "{message}");
    }
}

#[test]
fn labels_and_scores_that_cannot_be_understood_are_bad_input() {
    let mut random = Random::new(25);
    let table = scored(&mut random, 200, 0.5);
    let churnctl = Churnctl::new()
        .table("baseline.csv", &table)
        .table("current.csv", &table);
    for (args, words) in [
        (
            ["--score=risk", "--label=left", "--class-threshold=0.5"],
            "which value of \"left\" means churned",
        ),
        (
            ["--score=risk", "--label=left", "--positive=goner"],
            "no row has the label \"goner\"",
        ),
        (
            ["--score=steady", "--label=left", "--positive=gone"],
            "the score is not a probability",
        ),
        (
            ["--score=risk", "--label=steady", "--positive=gone"],
            "more than 20 different labels",
        ),
    ] {
        churnctl
            .run(&[&BETWEEN[..], &args].concat())
            .expect(ExitCode::BadInput)
            .says(words)
            .says("hint: ");
    }
}

#[test]
fn json_on_stdout_can_be_piped_and_quiet_is_quiet() {
    let churnctl = between_the_thresholds();
    let run = churnctl.run(&[&BETWEEN[..], &["--format", "json", "-q"]].concat());
    assert_eq!(run.stderr, "");
    assert_eq!(run.json()["status"], "WARN");
    // Blank lines are a warning, which -q does not say and others do.
    let churnctl = churnctl.file("current.csv", "flag\n1\n\n0\n0\n");
    let run = churnctl
        .run(&BETWEEN)
        .says("current.csv: 1 blank line skipped");
    assert!(!run.stdout.contains("blank"), "{run:?}");
    let run = churnctl.run(&[&BETWEEN[..], &["-q"]].concat());
    assert_eq!(run.stderr, "");
    let yaml = churnctl.run(&[&BETWEEN[..], &["--format=yaml", "-q"]].concat());
    assert!(yaml.stdout.contains("\nstatus: "), "{yaml:?}");
}

#[test]
fn the_same_data_give_the_same_bytes_whatever_the_threads() {
    let mut random = Random::new(26);
    // Enough bytes for several chunks, enough distinct values for a grid.
    let mut side = |shift: f64| {
        let mut table = scored(&mut random, 21_000, 0.5);
        table = table.with("wide", (0..21_000).map(|_| random.normal() * 1e3 + shift));
        table.with(
            "name",
            (0..21_000).map(|_| format!("n{}", random.below(3_000))),
        )
    };
    let (baseline, current) = (side(0.0), side(30.0));
    let mut seen: Option<(Vec<u8>, Vec<u8>, String)> = None;
    for threads in ["1", "2", "3", "4", "4"] {
        let churnctl = Churnctl::new()
            .table("baseline.csv", &baseline)
            .table("current.csv", &current)
            .env("SOURCE_DATE_EPOCH", "1700000000");
        let args = [
            "--score=risk",
            "--label=left",
            "--positive=gone",
            "--html=d.html",
            "--threads",
            threads,
        ];
        let run = churnctl.run(&[&BETWEEN[..], &args].concat());
        let got = (
            churnctl.read("artifacts/metrics/data_drift_latest.json"),
            churnctl.read("d.html"),
            run.stdout,
        );
        match &seen {
            None => seen = Some(got),
            Some(first) => assert!(*first == got, "{threads} threads"),
        }
    }
}

#[test]
fn every_report_that_is_asked_for_is_written() {
    let churnctl = between_the_thresholds();
    let log = churnctl.path("termination-log");
    let churnctl = churnctl
        .file("termination-log", "")
        .file(
            "churnctl.toml",
            format!("drift.termination_log = {:?}\n", log.display().to_string()),
        )
        .file("summary.md", "before\n");
    let summary = churnctl.path("summary.md").display().to_string();
    let churnctl = churnctl.env("GITHUB_STEP_SUMMARY", &summary);
    let args = [
        "--report=out/r.json",
        "--html=out/d.html",
        "--markdown=out/d.md",
        "--junit=out/d.xml",
        "--metrics-file=out/d.prom",
        "--fail-psi=0.15",
        "--model=telco",
    ];
    churnctl
        .run(&[&BETWEEN[..], &args].concat())
        .expect(ExitCode::CheckFailed);
    let text = |name: &str| String::from_utf8(churnctl.read(name)).expect("UTF-8");
    assert_eq!(churnctl.read_json("out/r.json")["status"], "FAIL");
    let html = text("out/d.html");
    assert!(html.starts_with("<!doctype html>") || html.starts_with("<!DOCTYPE html>"));
    assert!(html.contains("flag") && !html.contains("<script"));
    let markdown = text("out/d.md");
    assert!(
        markdown.contains("FAIL") && markdown.contains("| flag |"),
        "{markdown}"
    );
    assert_eq!(
        text("summary.md"),
        format!("before\n{markdown}"),
        "appended"
    );
    let junit = text("out/d.xml");
    assert!(junit.contains("tests=\"1\" failures=\"1\""), "{junit}");
    let metrics = text("out/d.prom");
    let psi = &churnctl.read_json("out/r.json")["psi_by_feature"]["flag"];
    let line = format!("model_drift_score{{feature=\"flag\",model=\"telco\"}} {psi}\n");
    assert!(metrics.contains(&line), "wanted {line} in {metrics}");
    let log = text("termination-log");
    assert!(
        log.starts_with("FAIL: flag PSI 0.179 (threshold 0.15)\n"),
        "{log}"
    );
    assert!(
        !churnctl.path("artifacts").exists(),
        "nothing where nothing was asked for"
    );
    assert!(churnctl.temporary_files("out").is_empty());
    promtool_accepts(&metrics);
}

fn promtool_accepts(metrics: &str) {
    let spawned = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = spawned else {
        skipped("promtool is not installed");
        return;
    };
    let mut stdin = promtool.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut stdin, metrics.as_bytes()).expect("promtool reads");
    drop(stdin);
    let output = promtool.wait_with_output().expect("promtool");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "",
        "not even a remark"
    );
}

#[test]
fn promtool_has_nothing_to_say_about_metrics_of_any_kind() {
    let mut random = Random::new(27);
    let baseline = scored(&mut random, 500, 0.5).with("we\\ird\t\u{e9}", vec![1; 500]);
    let current = scored(&mut random, 500, 0.2).with("other", vec![1; 500]);
    let churnctl = Churnctl::new()
        .table("baseline.csv", &baseline)
        .table("current.csv", &current);
    let args = [
        "--score=risk",
        "--label=left",
        "--positive=gone",
        "--metrics-file=d.prom",
        "--model=a.b-c_d",
    ];
    churnctl
        .run(&[&BETWEEN[..], &args].concat())
        .expect(ExitCode::CheckFailed);
    promtool_accepts(&String::from_utf8(churnctl.read("d.prom")).expect("UTF-8"));
}

#[test]
fn the_termination_log_is_never_longer_than_kubernetes_keeps() {
    let wide = |shift: u64| {
        (0..300).fold(Table::default(), |table, at| {
            let values = (0..200).map(move |row| (row + at) % 7 + shift);
            table.with(&format!("a_rather_long_name_of_a_feature_{at}"), values)
        })
    };
    let churnctl = Churnctl::new()
        .table("baseline.csv", &wide(0))
        .table("current.csv", &wide(50))
        .file("log", "x".repeat(10_000))
        .file("churnctl.toml", "drift.termination_log = \"log\"\n");
    churnctl.run(&BETWEEN).expect(ExitCode::CheckFailed);
    let log = String::from_utf8(churnctl.read("log")).expect("UTF-8");
    // terminationMessagePath: Kubernetes cuts at 4096 bytes.
    assert!((2_000..=4_096).contains(&log.len()), "{}", log.len());
    assert!(log.starts_with("FAIL: a_rather_long_name"), "{log}");
    // What is not there is not made.
    let churnctl =
        between_the_thresholds().file("churnctl.toml", "drift.termination_log = \"log\"\n");
    churnctl.run(&BETWEEN).expect(ExitCode::Ok);
    assert!(!churnctl.path("log").exists());
}

#[test]
fn what_belongs_to_others_does_not_change_the_verdict() {
    let churnctl = between_the_thresholds().env("GITHUB_STEP_SUMMARY", "no/such/folder/summary.md");
    churnctl
        .run(&BETWEEN)
        .expect(ExitCode::Ok)
        .says("GITHUB_STEP_SUMMARY");
}

#[test]
fn report_none_writes_none() {
    let churnctl = between_the_thresholds();
    churnctl
        .run(&[&BETWEEN[..], &["--report=none"]].concat())
        .expect(ExitCode::Ok);
    assert!(!churnctl.path("artifacts").exists() && !churnctl.path("none").exists());
}

#[test]
fn a_reader_that_takes_one_line_is_served_quietly() {
    // More output than a pipe holds, so that the writer meets the closed end.
    let wide = |shift: u64| {
        (0..700).fold(Table::default(), |table, at| {
            let values = (0..120).map(move |row| (row + at) % 7 + shift);
            table.with(&format!("feature_with_a_name_{at}"), values)
        })
    };
    let churnctl = Churnctl::new()
        .table("baseline.csv", &wide(0))
        .table("current.csv", &wide(50));
    for format in ["plain", "table", "json", "yaml"] {
        let mut child = churnctl.spawn(
            &[&BETWEEN[..], &["-q", "--format", format]].concat(),
            Stdio::null(),
        );
        let stdout = child.stdout.take().expect("a pipe");
        let mut line = String::new();
        let mut reader = std::io::BufReader::with_capacity(16, stdout);
        std::io::BufRead::read_line(&mut reader, &mut line).expect("a line");
        assert!(!line.is_empty());
        drop(reader);
        let output = child.wait_with_output().expect("run");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
        assert_eq!(
            output.status.code(),
            Some(2),
            "{format}: the verdict stands"
        );
        assert_eq!(
            churnctl.read_json("artifacts/metrics/data_drift_latest.json")["status"],
            "FAIL"
        );
    }
}

#[test]
fn several_files_a_glob_and_a_pipe_are_one_data_set() {
    let rows = |from: usize, to: usize| -> String {
        let rows = (from..to).map(|at| format!("{},{}\n", at % 17, ["a", "b"][at % 2]));
        "n,c\n"
            .chars()
            .chain(rows.collect::<String>().chars())
            .collect()
    };
    let churnctl = Churnctl::new()
        .file("whole.csv", rows(0, 900))
        .file("parts/1.csv", rows(0, 300))
        // Another order of the columns, compressed.
        .file(
            "parts/2.csv.gz",
            crate::harness::gzip(
                rows(300, 600)
                    .lines()
                    .map(|line| {
                        line.split_once(',')
                            .map_or(String::new(), |(n, c)| format!("{c},{n}\n"))
                    })
                    .collect::<String>(),
            ),
        )
        .file("parts/3.csv", rows(600, 900));
    let psi_of = |run: Run| {
        let report = run.expect(ExitCode::Ok).json();
        assert_eq!(report["rows"], json!({"baseline": 900, "current": 900}));
        assert_eq!(report["psi_by_feature"], json!({"n": 0.0, "c": 0.0}));
    };
    let fixed = [
        "drift",
        "--baseline",
        "whole.csv",
        "--format=json",
        "--current",
    ];
    psi_of(
        churnctl.run(
            &[
                &fixed[..],
                &["parts/1.csv", "parts/2.csv.gz", "parts/3.csv"],
            ]
            .concat(),
        ),
    );
    psi_of(churnctl.run(&[&fixed[..], &["parts/*.csv*"]].concat()));
    psi_of(churnctl.run(&[&fixed[..], &["parts"]].concat()));
    psi_of(churnctl.run_with_stdin(&[&fixed[..], &["-"]].concat(), rows(0, 900).as_bytes()));
}
