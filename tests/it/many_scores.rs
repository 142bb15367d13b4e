//! Performance of more scores than are kept one by one: figures within the bounds that the report
//! states, the confusion matrix exact, the same from shards.

use std::fmt::Write as _;

use serde_json::Value;

use churnctl::exit::ExitCode;

use crate::harness::Churnctl;

/// Scores crowd at 0 and at 1, 557 of the baseline's are exactly 1: integers, products and one
/// quotient, so that numpy makes the same bits.
fn table(rows: u64, tilt: f64, part: std::ops::Range<u64>) -> String {
    let mut csv = "usage,score,churned\n".to_owned();
    for row in part {
        let share = ((row * 7919 % rows) as f64 + 0.5) / rows as f64;
        let eighth = |x: f64| {
            let two = x * x;
            let four = two * two;
            four * four
        };
        let (up, down) = (eighth(share), eighth(1.0 - share));
        let score = up / (up + down);
        let churned = (row * 104_729 % 1009) as f64 / 1009.0 < 0.05 + tilt * share;
        writeln!(csv, "{},{score},{}", row % 100, u8::from(churned)).expect("a string");
    }
    csv
}

struct Expected {
    roc_auc: f64,
    average_precision: f64,
    log_loss: f64,
    brier: f64,
    /// True negatives, false positives, false negatives, true positives.
    confusion: [u64; 4],
}

// numpy 2.4.6, scikit-learn 1.9.1, s and y as in `table`: roc_auc_score(y, s),
// average_precision_score(y, s), log_loss(y, s), brier_score_loss(y, s),
// confusion_matrix(y, s >= 0.37).ravel()
const BASELINE: Expected = Expected {
    roc_auc: 0.698_336_803_358_404,
    average_precision: 0.460_270_063_987_639_75,
    log_loss: 3.551_097_422_920_689_5,
    brier: 0.345_636_645_479_933_3,
    confusion: [24_033, 17_940, 4_969, 13_058],
};
const CURRENT: Expected = Expected {
    roc_auc: 0.655_826_149_819_979_8,
    average_precision: 0.294_218_836_094_596_5,
    log_loss: 4.335_688_775_158_738,
    brier: 0.395_129_874_120_596_8,
    confusion: [21_193, 18_783, 2_976, 7_048],
};

/// Checks the figures against their bounds, and returns the rows that may be classed otherwise.
#[track_caller]
fn assert_within_bounds(side: &Value, expected: &Expected) -> u64 {
    let bounds = &side["error_bounds"];
    for (name, right) in [
        ("roc_auc", expected.roc_auc),
        ("average_precision", expected.average_precision),
        ("log_loss", expected.log_loss),
        ("brier", expected.brier),
    ] {
        let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{name}: {side}"));
        let (value, bound) = (number(&side[name]["value"]), number(&bounds[name]));
        let off = (value - right).abs();
        assert!(
            off <= bound + 1e-12,
            "{name}: {value}, right is {right}, bound {bound}"
        );
        // Fine enough for four digits of ROC AUC, and of the others in proportion to their size.
        assert!(
            bound > 0.0 && bound < 0.003 * right.max(1.0),
            "{name}: bound {bound}"
        );
        let (low, high) = (&side[name]["low"], &side[name]["high"]);
        assert!(number(low) < right && right < number(high));
    }
    let calibration = bounds["calibration_error"].as_f64().expect("a bound");
    assert!(calibration < 0.002, "{calibration}");
    bounds["rows_at_threshold"].as_u64().expect("a count")
}

#[track_caller]
fn assert_confusion(side: &Value, expected: &Expected, off: u64) {
    let names = [
        "true_negatives",
        "false_positives",
        "false_negatives",
        "true_positives",
    ];
    for (name, right) in names.iter().zip(expected.confusion) {
        let found = side["confusion"][name].as_u64().expect("a count");
        assert!(
            found.abs_diff(right) <= off,
            "{name}: {found}, right is {right}"
        );
    }
}

const REPORT: &str = "artifacts/metrics/data_drift_latest.json";
const CHECK: [&str; 9] = [
    "drift",
    "--current",
    "current.csv",
    "--label=churned",
    "--positive=1",
    "--score=score",
    "--class-threshold=0.37",
    "--fail-on=never",
    "--baseline",
];

#[test]
fn figures_of_many_scores_are_those_of_sklearn_within_the_stated_bounds() {
    let churnctl = Churnctl::new()
        .file("base.csv", table(60_000, 0.5, 0..60_000))
        .file("current.csv", table(50_000, 0.3, 0..50_000));
    churnctl
        .run(&[&CHECK[..], &["base.csv"]].concat())
        .expect(ExitCode::Ok);
    let report = churnctl.read_json(REPORT);
    let findings = report["findings"].as_array().expect("findings");
    let said = |side: &str| {
        findings.iter().any(|finding| {
            let message = finding["message"].as_str().expect("words");
            message.starts_with(&format!("the {side}'s scores are too many to keep"))
        })
    };
    assert!(said("baseline") && said("current side"));
    let performance = &report["performance"];
    for (side, expected) in [("baseline", &BASELINE), ("current", &CURRENT)] {
        let rows = assert_within_bounds(&performance[side], expected);
        // The threshold is known before either side is counted.
        assert_eq!(rows, 0);
        assert_confusion(&performance[side], expected, 0);
    }
}

#[test]
fn scores_counted_in_shards_are_those_of_the_whole() {
    let mut churnctl = Churnctl::new().file("current.csv", table(50_000, 0.3, 0..50_000));
    let mut parts = Vec::new();
    for shard in 0..3 {
        let (data, profile) = (format!("{shard}.csv"), format!("{shard}.json"));
        let part = table(60_000, 0.5, shard * 20_000..(shard + 1) * 20_000);
        churnctl = churnctl.file(&data, part);
        let roles = ["--label=churned", "--positive=1", "--score=score"];
        let args = [&["profile", &data, "-o", &profile][..], &roles].concat();
        churnctl.run(&args).expect(ExitCode::Ok);
        parts.push(profile);
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let merge = [&["profile", "merge"][..], &parts, &["-o", "whole.json"]].concat();
    churnctl.run(&merge).expect(ExitCode::Ok);
    churnctl
        .run(&[&CHECK[..], &["whole.json"]].concat())
        .expect(ExitCode::Ok);
    let report = churnctl.read_json(REPORT);
    let baseline = &report["performance"]["baseline"];
    // A saved profile knows no threshold: the rows of one cell may be on either side of it.
    let rows = assert_within_bounds(baseline, &BASELINE);
    assert!(rows > 0 && rows < 60);
    assert_confusion(baseline, &BASELINE, rows);
}
