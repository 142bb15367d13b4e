//! A check of a public data set through the program, against scipy, scikit-learn and the
//! definitions of `tests/data/car_loan_definitions.md`. Every expected number is from
//! `tests/data/car_loan_expected.json`.

use serde_json::Value;

use churnctl::exit::ExitCode;

use crate::harness::{Churnctl, fixture};

/// `y_pred` of the data is 1 exactly from this score on, see `tests/data/README.md`.
const CLASS_THRESHOLD: &str = "0.65";

fn expected() -> Value {
    let bytes = std::fs::read(fixture("car_loan_expected.json")).expect("the fixture");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn report(options: &[&str]) -> Value {
    let (reference, analysis) = (
        fixture("car_loan_reference.csv.gz"),
        fixture("car_loan_analysis.csv.gz"),
    );
    let args = [
        "drift",
        "--baseline",
        &reference,
        "--current",
        &analysis,
        "--fail-on=never",
        "--format=json",
    ];
    let churnctl = Churnctl::new();
    let run = churnctl.run(&[&args[..], options].concat());
    run.expect(ExitCode::Ok);
    churnctl.read_json("artifacts/metrics/data_drift_latest.json")
}

fn feature<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut features = report["features"].as_array().expect("features").iter();
    features.find(|f| f["feature"] == name).expect(name)
}

#[track_caller]
fn close(what: &str, own: &Value, expected: &Value, tolerance: f64) {
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{what}: {value}"));
    let (own, expected) = (number(own), number(expected));
    let off = (own - expected).abs();
    assert!(
        off <= tolerance,
        "{what}: {own}, expected {expected}, off by {off:e}"
    );
}

#[track_caller]
fn relatively_close(what: &str, own: &Value, expected: &Value, tolerance: f64) {
    let scale = expected.as_f64().expect(what).abs();
    close(what, own, expected, tolerance * scale);
}

#[test]
fn distances_of_numbers_are_those_of_scipy() {
    let expected = expected();
    let report = report(&["--exclude=y_pred,y_pred_proba,repaid"]);
    let columns = expected["numeric"].as_object().expect("columns");
    assert_eq!(columns.len(), 4);
    for (name, expected) in columns {
        let feature = feature(&report, name);
        let numeric = &feature["numeric"];
        assert_eq!(numeric["method"], "exact", "{name}");
        let check = |key: &str, own: &Value, theirs: &str, tolerance: f64| {
            close(&format!("{name} {key}"), own, &expected[theirs], tolerance);
        };
        check("KS", &numeric["ks_statistic"], "ks_statistic", 1e-9);
        check("KS p", &numeric["ks_p_value"], "ks_pvalue_asymp", 1e-6);
        check(
            "Wasserstein",
            &numeric["wasserstein_in_standard_deviations"],
            "wasserstein_over_population_std_of_reference",
            1e-6,
        );
        for (side, theirs) in [("baseline", "reference"), ("current", "analysis")] {
            let own = &numeric[side];
            relatively_close(
                name,
                &own["mean"],
                &expected[&format!("mean_{theirs}")],
                1e-12,
            );
            let deviation = &expected[&format!("std1_{theirs}")];
            relatively_close(name, &own["standard_deviation"], deviation, 1e-12);
        }
        for end in ["below", "above"] {
            let ours = if end == "below" {
                "below_baseline_min"
            } else {
                "above_baseline_max"
            };
            let theirs = if end == "below" {
                "below_reference_min"
            } else {
                "above_reference_max"
            };
            let own = &numeric[&format!("share_{ours}")];
            check(end, own, &format!("share_{theirs}"), 1e-12);
        }
        let distinct = feature["bins"].as_array().expect("bins").len();
        // Deciles are for more than 20 distinct values; loan_length has 17, each a bin of its own.
        if name == "loan_length" {
            assert_eq!(distinct, 17);
            continue;
        }
        assert_eq!(distinct, 10, "{name}");
        check("PSI", &feature["psi"], "psi_open_decile_eps1e-6", 0.002);
        let (js, hellinger) = ("jensen_shannon_distance", "hellinger_distance");
        check("JS", &numeric[js], "js_open_decile_base2_distance", 0.002);
        check(
            "Hellinger",
            &numeric[hellinger],
            "hellinger_open_decile",
            0.002,
        );
        check(
            "KL",
            &numeric["kl_divergence"],
            "kl_analysis_from_reference_open_decile_nats",
            0.002,
        );
        for (side, theirs) in [
            ("baseline", "open_ref_counts"),
            ("current", "open_ana_counts"),
        ] {
            let bins = feature["bins"].as_array().expect("bins").iter();
            let counts: Vec<Value> = bins.map(|bin| bin["count"][side].clone()).collect();
            assert_eq!(Value::from(counts), expected[theirs], "{name}");
        }
    }
}

#[test]
fn tests_of_categories_are_those_of_scipy() {
    let expected = expected();
    // `20%` is a number unless somebody says that it is a category, as the definitions do.
    let report = report(&[
        "--exclude=y_pred,y_pred_proba,repaid",
        "--categorical=size_of_downpayment",
    ]);
    let columns = expected["categorical"].as_object().expect("columns");
    assert_eq!(columns.len(), 3);
    for (name, expected) in columns {
        let feature = feature(&report, name);
        let categorical = &feature["categorical"];
        let check = |own: &str, theirs: &str| {
            let what = format!("{name} {own}");
            relatively_close(&what, &categorical[own], &expected[theirs], 1e-6);
        };
        check("chi_square", "chi2_no_correction");
        check("chi_square_p_value", "chi2_pvalue_no_correction");
        check("cramers_v", "cramers_v_no_correction");
        check("l_infinity_distance", "l_infinity");
        check("total_variation_distance", "tvd");
        assert_eq!(categorical["degrees_of_freedom"], expected["chi2_dof"]);
        // These are over shares with half a row more in each bin.
        close(name, &feature["psi"], &expected["psi_eps1e-6"], 0.002);
        let js = &categorical["jensen_shannon_distance"];
        close(name, js, &expected["js_base2_distance"], 0.002);
        let hellinger = &categorical["hellinger_distance"];
        close(name, hellinger, &expected["hellinger"], 0.002);
    }
}

#[test]
fn performance_figures_are_those_of_sklearn() {
    let expected = expected();
    let report = report(&[
        "--score=y_pred_proba",
        "--label=repaid",
        "--exclude=y_pred",
        "--class-threshold",
        CLASS_THRESHOLD,
    ]);
    let performance = &report["performance"];
    // One side writes 1.0, the other 1: one label.
    assert_eq!(performance["positive"], "1");
    for (side, theirs) in [("baseline", "reference"), ("current", "analysis")] {
        let (own, theirs) = (&performance[side], &expected["performance"][theirs]);
        assert_eq!(own["rows"], theirs["n"]);
        for metric in [
            "roc_auc",
            "average_precision",
            "log_loss",
            "brier",
            "accuracy",
            "precision",
            "recall",
            "f1",
            "specificity",
            "mcc",
        ] {
            let what = format!("{side} {metric}");
            close(&what, &own[metric]["value"], &theirs[metric], 1e-6);
            let [low, high] = ["low", "high"].map(|end| own[metric][end].as_f64().expect(end));
            let value = own[metric]["value"].as_f64().expect(metric);
            assert!(low <= value && value <= high, "{what}");
        }
        for (ours, theirs_key) in [
            ("true_positives", "tp"),
            ("false_positives", "fp"),
            ("false_negatives", "fn"),
            ("true_negatives", "tn"),
        ] {
            assert_eq!(
                own["confusion"][ours], theirs["confusion"][theirs_key],
                "{ours}"
            );
        }
    }
    // The score is not a feature, but compared.
    assert!(report["psi_by_feature"].get("y_pred_proba").is_none());
    assert_eq!(report["score"]["feature"], "y_pred_proba");
}

#[test]
fn what_is_no_feature_is_recognised() {
    let report = report(&["--score=y_pred_proba", "--label=repaid"]);
    let mut left_out: Vec<(&str, &str)> = report["left_out"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|out| {
            let text = |key: &str| out[key].as_str().expect(key);
            (text("column"), text("role"))
        })
        .collect();
    left_out.sort_unstable();
    assert_eq!(
        left_out,
        [
            ("repaid", "label"),
            ("timestamp", "date"),
            ("y_pred_proba", "score")
        ]
    );
}

/// Months of the analysis as windows, against NannyML's chunks. What is defined alike is the same: KS, Wasserstein
/// (NannyML's is in the column's own unit), and of categories L-infinity and Hellinger. Jensen-Shannon of
/// categories has half a row more in each bin here, so that it is near (one window has 69 rows). Those of numbers are over other
/// bins (deciles here, equal widths there) and are not compared.
#[test]
fn months_have_the_distances_of_nannyml() {
    // nannyml 0.13.1, UnivariateDriftCalculator(chunk_period="M"), see tests/data/car_loan_chunks.py.
    let bytes = std::fs::read(fixture("car_loan_chunks.json")).expect("the fixture");
    let expected: Value = serde_json::from_slice(&bytes).expect("JSON");
    let report = report(&[
        "--time=timestamp",
        "--window=1mo",
        "--exclude=y_pred,y_pred_proba,repaid",
        "--categorical=size_of_downpayment",
    ]);
    let windows = report["windows"].as_array().expect("windows");
    let chunks = expected["chunks"].as_object().expect("chunks");
    assert_eq!(windows.len(), chunks.len());
    for window in windows {
        let name = window["window"].as_str().expect("a name");
        let chunk = &chunks[name];
        for (column, theirs) in chunk.as_object().expect("columns") {
            let mut features = window["features"].as_array().expect("features").iter();
            let feature = features.find(|feature| feature["feature"] == *column);
            let own = &feature.expect(column)["distances"];
            let what = |of: &str| format!("{name} {column} {of}");
            let deviation = &expected["standard_deviations_of_reference"][column];
            if let Some(deviation) = deviation.as_f64() {
                close(&what("KS"), &own["ks"], &theirs["kolmogorov_smirnov"], 1e-6);
                let wasserstein = theirs["wasserstein"].as_f64().expect(column) / deviation;
                let theirs = Value::from(wasserstein);
                close(&what("Wasserstein"), &own["wasserstein"], &theirs, 1e-6);
            } else {
                for measure in ["l_infinity", "hellinger"] {
                    close(&what(measure), &own[measure], &theirs[measure], 1e-6);
                }
                let (own, theirs) = (&own["jensen_shannon"], &theirs["jensen_shannon"]);
                close(&what("Jensen-Shannon"), own, theirs, 0.004);
            }
        }
    }
}
