//! Performance that is estimated without labels, `estimated_performance` of a drift report.

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Random, Run};
use crate::schemas::{expect_strict, schema};

/// How a table is made.
#[derive(Clone, Copy)]
struct Table {
    rows: usize,
    /// Scores are squared before they are written: they promise less than they hold.
    squared: bool,
    /// Scores are drawn from here to there.
    from: f64,
    to: f64,
    /// Labels are those of the opposite of what the score says.
    reversed: bool,
    label: bool,
}

const TABLE: Table = Table {
    rows: 4_000,
    squared: false,
    from: 0.0,
    to: 1.0,
    reversed: false,
    label: true,
};

/// Rows whose label comes with the probability that stands before `squared`.
fn table(table: Table, seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut unit = || random.share();
    let mut text = String::from(if table.label {
        "x,churn,churn_risk\n"
    } else {
        "x,churn_risk\n"
    });
    for _ in 0..table.rows {
        let probability = table.from + (table.to - table.from) * unit();
        let churned = (unit() < probability) != table.reversed;
        let score = if table.squared {
            probability * probability
        } else {
            probability
        };
        let x = unit();
        if table.label {
            text += &format!("{x:.3},{},{score:.4}\n", u8::from(churned));
        } else {
            text += &format!("{x:.3},{score:.4}\n");
        }
    }
    text
}

fn check(baseline: &str, current: &str) -> (Run, Value) {
    let here = Churnctl::new()
        .file("baseline.csv", baseline)
        .file("current.csv", current);
    let run = here.run(&[
        "drift",
        "--baseline=baseline.csv",
        "--current=current.csv",
        "--label=churn",
        "--score=churn_risk",
        "--features=x",
        "--cost-fn=5",
        "--cost-fp=2",
        "--metrics-file=drift.prom",
        "--fail-on=never",
        "--format=json",
        "-q",
    ]);
    let run = run.expect(ExitCode::Ok);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    crate::schemas::expect_valid(&crate::schemas::schema("drift_report"), &report);
    let metrics = String::from_utf8(here.read("drift.prom")).expect("UTF-8");
    let has = |name: &str| metrics.contains(&format!("\n{name}{{"));
    for metric in [
        "churn_model_estimated_roc_auc",
        "churn_model_estimated_cost",
    ] {
        let is_estimated = report["estimated_performance"]["current"].is_object();
        assert_eq!(has(metric), is_estimated, "{metric}");
    }
    assert_eq!(
        has("churn_model_cost"),
        report["performance"]["current"].is_object()
    );
    (run, report)
}

/// What a row costs by the confusion matrix, five a missed churner and two a false alarm.
fn cost_by_hand(side: &Value) -> f64 {
    let rows = |name: &str| side["confusion"][name].as_f64().expect(name);
    let all = [
        "true_positives",
        "false_positives",
        "true_negatives",
        "false_negatives",
    ];
    let all: f64 = all.into_iter().map(rows).sum();
    (5.0 * rows("false_negatives") + 2.0 * rows("false_positives")) / all
}

fn value(side: &Value, figure: &str) -> f64 {
    side[figure]["value"].as_f64().expect(figure)
}

#[test]
fn estimates_are_what_labels_show_later_also_of_scores_that_promise_too_little() {
    for squared in [false, true] {
        let baseline = table(Table { squared, ..TABLE }, 1);
        let now = Table {
            squared,
            from: 0.2,
            rows: 3_000,
            ..TABLE
        };
        let (_, blind) = check(
            &baseline,
            &table(
                Table {
                    label: false,
                    ..now
                },
                2,
            ),
        );
        let (_, seen) = check(&baseline, &table(now, 2));
        let estimated = &blind["estimated_performance"];
        assert_eq!(
            estimated["calibration"],
            if squared { "isotonic" } else { "scores" }
        );
        assert!(blind["performance"].is_null());
        for (figure, tolerance) in [
            ("roc_auc", 0.03),
            ("average_precision", 0.03),
            ("log_loss", 0.04),
            ("brier", 0.02),
            ("accuracy", 0.03),
            ("recall", 0.03),
            ("precision", 0.03),
            // Three standard errors of a mean over 3,000 rows that cost 5, 2 or nothing.
            ("cost", 0.11),
        ] {
            let promised = value(&estimated["current"], figure);
            let held = value(&seen["performance"]["current"], figure);
            assert!(
                (promised - held).abs() < tolerance,
                "{squared} {figure}: {promised} {held}"
            );
        }
        for side in [
            &estimated["baseline"],
            &estimated["current"],
            &seen["performance"]["current"],
        ] {
            let cost = value(side, "cost");
            assert!((cost - cost_by_hand(side)).abs() < 1e-12, "{side}");
            assert!(side["cost"]["low"].as_f64() < Some(cost), "{side}");
        }
        // Beside the labels the estimate is the same, for they do not contradict it.
        assert_eq!(
            seen["estimated_performance"]["current"],
            estimated["current"]
        );
    }
}

#[test]
fn a_score_that_tells_less_apart_warns_before_any_label() {
    let narrow = Table {
        from: 0.4,
        to: 0.6,
        label: false,
        ..TABLE
    };
    let (run, report) = check(&table(TABLE, 1), &table(narrow, 2));
    let estimated = &report["estimated_performance"];
    assert_eq!(estimated["status"], "WARN", "{run:?}");
    let said = estimated["reasons"][0].as_str().expect("a reason");
    assert!(said.starts_with("ROC AUC is estimated at 0.5"), "{said}");
    // Uniform probabilities of a to b: AUC = 1/2 + (b - a) / (12 m (1 - m)) with m their mean.
    let expected = 0.5 + 0.2 / (12.0 * 0.25);
    let auc = value(&estimated["current"], "roc_auc");
    assert!((auc - expected).abs() < 0.02, "{auc} {expected}");
}

#[test]
fn where_labels_contradict_the_scores_nothing_is_estimated() {
    let reversed = Table {
        reversed: true,
        ..TABLE
    };
    let (_, report) = check(&table(TABLE, 1), &table(reversed, 2));
    let estimated = &report["estimated_performance"];
    assert!(estimated["current"].is_null());
    let said = estimated["reasons"][0].as_str().expect("a reason");
    assert!(
        said.contains("do not mean what they meant") && said.contains("not estimated"),
        "{said}"
    );
}

/// Scores that are the squares of the probabilities promise too little: their order is as good as ever.
#[test]
fn scores_that_no_longer_mean_what_they_meant_fail_although_they_rank_as_well() {
    let (_, report) = check(&table(TABLE, 1), &table(TABLE, 2));
    let performance = &report["performance"];
    assert_eq!(performance["status"], "OK", "{performance}");
    let figure = |report: &Value, name: &str, side: &str| {
        let figure = &report["performance"]["calibration"][name][side];
        ["value", "low", "high"].map(|part| figure[part].as_f64().expect(part))
    };
    // Labels are drawn with the probability that the score claims: 0 and 1, within what 4,000 rows can tell.
    for (name, ideal) in [("in_the_large", 0.0), ("slope", 1.0)] {
        let [value, low, high] = figure(&report, name, "baseline");
        assert!(
            (value - ideal).abs() < 0.15 && low < value && value < high,
            "{value}"
        );
    }
    let squared = Table {
        squared: true,
        ..TABLE
    };
    let (_, report) = check(&table(TABLE, 1), &table(squared, 2));
    let performance = &report["performance"];
    assert_eq!(performance["status"], "FAIL");
    let said = performance["reasons"].to_string();
    assert!(said.contains("calibration in the large"), "{said}");
    assert!(!said.contains("ROC AUC"), "{said}");
    let [value, low, _] = figure(&report, "in_the_large", "current");
    assert!(low > 0.5, "{value}");
}

/// What labels would say is estimated for each window and each segment by itself.
#[test]
fn windows_and_segments_have_estimates_of_their_own() {
    let narrow = Table {
        from: 0.4,
        to: 0.6,
        ..TABLE
    };
    // A day and a plan for which the score tells apart, then one for which it hardly does.
    let day = |table_text: &str, day: &str, plan: &str| -> String {
        let rows = table_text.lines().skip(1);
        rows.map(|row| format!("{row},{day},{plan}\n")).collect()
    };
    let both = |label: bool| {
        let [wide, narrow] = [TABLE, narrow].map(|one| Table { label, ..one });
        let (wide, narrow) = (table(wide, 3), table(narrow, 4));
        let head = wide.lines().next().expect("a header");
        let rows = day(&wide, "2026-01-01", "plus") + &day(&narrow, "2026-01-02", "basic");
        format!("{head},day,plan\n{rows}")
    };
    let churnctl = Churnctl::new()
        .file("baseline.csv", both(true))
        .file("current.csv", both(false));
    let fixed = [
        "drift",
        "--baseline",
        "baseline.csv",
        "--current",
        "current.csv",
    ];
    let roles = [
        "--label",
        "churn",
        "--score",
        "churn_risk",
        "--time",
        "day",
        "--by",
        "plan",
        "--cost-fn",
        "1",
    ];
    let quiet = [
        "--format",
        "json",
        "--report",
        "none",
        "-q",
        "--fail-on",
        "never",
    ];
    let report = churnctl.run(&[&fixed[..], &roles, &quiet].concat());
    let report = report.expect(ExitCode::Ok).json();
    expect_strict(&schema("drift_report"), &report);
    // Uniform probabilities of a to b: AUC = 1/2 + (b - a) / (12 m (1 - m)) with m their mean.
    let (wide, narrow) = (0.5 + 1.0 / 3.0, 0.5 + 0.2 / 3.0);
    let near = |value: f64, expected: f64| {
        assert!((value - expected).abs() < 0.02, "{value} {expected}");
    };
    for (at, expected) in [(0, wide), (1, narrow)] {
        near(
            value(&report["windows"][at]["estimated"], "roc_auc"),
            expected,
        );
    }
    // Costs of 1 are one less the accuracy: classed at one half, a quarter is wrong of probabilities of 0 to 1, and .45 of .4 to .6.
    for (at, expected) in [(0, 0.25), (1, 0.45)] {
        near(value(&report["windows"][at]["estimated"], "cost"), expected);
    }
    // Against rows of all days the second promises less.
    assert_eq!(report["windows"][1]["estimated"]["status"], "WARN");
    let segments = report["segments"]["cuts"][0]["segments"]
        .as_array()
        .expect("segments");
    let basic = segments
        .iter()
        .find(|one| one["segment"] == "plan=basic")
        .expect("basic");
    let estimated = &basic["estimated_performance"];
    near(value(&estimated["current"], "roc_auc"), narrow);
    near(value(&estimated["current"], "cost"), 0.45);
    // Against its own baseline it promises as much as ever.
    assert_eq!(estimated["status"], "OK");
}
