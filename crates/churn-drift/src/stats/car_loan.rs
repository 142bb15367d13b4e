//! The statistics against those of scipy and sklearn on a public data set, see
//! `tests/data/README.md`. Only compiled for tests.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value;

use super::chi_square::chi_square_test;
use super::classification::{Estimate, Performance, ScoredCell, performance};
use super::distances::BinCounts;
use super::estimated::{Calibrator, UnlabelledCell, estimate};
use super::kolmogorov::two_sample_p_value;

/// `y_pred` of the data set is 1 exactly where `y_pred_proba` is at least this.
const THRESHOLD: f64 = 0.65;

fn open(name: &str) -> File {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data")
        .join(name);
    File::open(path).expect("the fixture is there")
}

fn expected() -> Value {
    serde_json::from_reader(open("car_loan_expected.json")).expect("is JSON")
}

fn cells(name: &str) -> Vec<ScoredCell> {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(open(name)));
    let headers = reader.headers().expect("has a header").clone();
    let column = |name| {
        headers
            .iter()
            .position(|h| h == name)
            .expect("has the column")
    };
    let (score, label, class) = (column("y_pred_proba"), column("repaid"), column("y_pred"));
    let mut counts: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for record in reader.records() {
        let record = record.expect("is a row");
        let number = |at: usize| record[at].parse::<f64>().expect("is a number");
        let (score, positive) = (number(score), number(label) == 1.0);
        assert_eq!(score >= THRESHOLD, number(class) == 1.0);
        let (positives, negatives) = counts.entry(score.to_bits()).or_default();
        *(if positive { positives } else { negatives }) += 1;
    }
    let cell = |(bits, (positives, negatives))| ScoredCell {
        score: f64::from_bits(bits),
        positives,
        negatives,
    };
    counts.into_iter().map(cell).collect()
}

fn figures(of: &Performance) -> [(&'static str, Option<Estimate>); 10] {
    [
        ("roc_auc", of.roc_auc),
        ("average_precision", of.average_precision),
        ("log_loss", of.log_loss),
        ("brier", of.brier),
        ("accuracy", of.accuracy),
        ("precision", of.precision),
        ("recall", of.recall),
        ("specificity", of.specificity),
        ("f1", of.f1),
        ("mcc", of.mcc),
    ]
}

#[test]
fn performance_is_that_of_sklearn() {
    let expected = expected();
    for side in ["reference", "analysis"] {
        let computed = performance(&cells(&format!("car_loan_{side}.csv.gz")), THRESHOLD);
        let expected = &expected["performance"][side];
        assert_eq!(computed.rows, expected["n"]);
        for (name, estimate) in figures(&computed) {
            let estimate = estimate.expect("is defined");
            let sklearn = expected[name].as_f64().expect("is a number");
            let error = (estimate.value - sklearn).abs();
            assert!(
                error < 1e-9,
                "{side} {name}: {} != {sklearn}",
                estimate.value
            );
            assert!(estimate.low < estimate.value && estimate.value < estimate.high);
            assert!(
                estimate.high - estimate.low < 0.07,
                "{side} {name}: {estimate:?}"
            );
        }
        let confusion = computed.confusion;
        assert_eq!(confusion.true_positives, expected["confusion"]["tp"]);
        assert_eq!(confusion.false_positives, expected["confusion"]["fp"]);
        assert_eq!(confusion.true_negatives, expected["confusion"]["tn"]);
        assert_eq!(confusion.false_negatives, expected["confusion"]["fn"]);
    }
}

#[test]
fn categories_are_as_far_apart_as_scipy_says() {
    for (name, feature) in expected()["categorical"].as_object().expect("is an object") {
        let number = |key: &str| feature[key].as_f64().expect("is a number");
        let counts = |key: &str| -> Vec<u64> {
            let counts = feature[key].as_array().expect("is an array");
            counts.iter().filter_map(Value::as_u64).collect()
        };
        let (baseline, current) = (counts("counts_reference"), counts("counts_analysis"));
        let test = chi_square_test(&baseline, &current).expect("is valid");
        for (value, expected) in [
            (test.statistic, number("chi2_no_correction")),
            (test.p_value, number("chi2_pvalue_no_correction")),
            (test.cramers_v, number("cramers_v_no_correction")),
        ] {
            assert!(
                (value / expected - 1.0).abs() < 1e-6,
                "{name}: {value} != {expected}"
            );
        }
        let pair = BinCounts::new(&baseline, &current).expect("is valid");
        // The expected PSI, JS and KL are not smoothed, ours are: by half a row in thousands.
        for (value, expected, tolerance) in [
            (pair.psi().total, number("psi_eps1e-6"), 1e-4),
            (
                pair.jensen_shannon_distance(),
                number("js_base2_distance"),
                1e-4,
            ),
            (
                pair.kl_divergence(),
                number("kl_analysis_from_reference_nats"),
                1e-4,
            ),
            (pair.hellinger_distance(), number("hellinger"), 1e-12),
            (pair.l_infinity(), number("l_infinity"), 1e-12),
            (pair.total_variation(), number("tvd"), 1e-12),
        ] {
            assert!(
                (value - expected).abs() < tolerance,
                "{name}: {value} != {expected}"
            );
        }
    }
}

#[test]
fn kolmogorov_p_values_are_those_of_scipy() {
    for (name, feature) in expected()["numeric"].as_object().expect("is an object") {
        let number = |key: &str| feature[key].as_f64().expect("is a number");
        let d = number("ks_statistic");
        let p_value = two_sample_p_value(d, 16_667, 16_667).expect("is valid");
        let scipy = number("ks_pvalue_asymp");
        assert!(
            (p_value - scipy).abs() <= 1e-9 * scipy,
            "{name}: {p_value} != {scipy}"
        );
    }
}

/// A reference and chunks of `cbpe_chunks.json`, see `tests/data/README.md`.
#[derive(serde::Deserialize)]
struct Chunked {
    threshold: f64,
    is_calibrated: bool,
    reference: Vec<(f64, u64, u64)>,
    chunks: Vec<ChunkOfNannyml>,
}

#[derive(serde::Deserialize)]
struct ChunkOfNannyml {
    rows: Vec<(f64, u64)>,
    roc_auc: f64,
    f1: f64,
    precision: f64,
    recall: f64,
    specificity: f64,
    accuracy: f64,
}

/// NannyML 0.13.1, `CBPE(...).fit(reference).estimate(analysis)` of three data sets in ten chunks each.
#[test]
fn estimates_of_each_chunk_are_those_of_nannyml() {
    let document: Value = serde_json::from_reader(open("cbpe_chunks.json")).expect("is JSON");
    for name in ["car_loan", "housing", "employment"] {
        let set: Chunked = serde_json::from_value(document[name].clone()).expect(name);
        let cell = |&(score, positives, negatives): &(f64, u64, u64)| ScoredCell {
            score,
            positives,
            negatives,
        };
        let reference: Vec<ScoredCell> = set.reference.iter().map(cell).collect();
        let calibrator = match set.is_calibrated {
            true => Calibrator::isotonic(&reference),
            false => Calibrator::trusting(),
        };
        assert_eq!(set.chunks.len(), 10);
        for (at, chunk) in set.chunks.iter().enumerate() {
            let cell = |&(score, rows): &(f64, u64)| UnlabelledCell { score, rows };
            let cells: Vec<UnlabelledCell> = chunk.rows.iter().map(cell).collect();
            let found = estimate(&cells, &calibrator, set.threshold);
            for (figure, found, expected) in [
                ("ROC AUC", found.roc_auc, chunk.roc_auc),
                ("F1", found.f1, chunk.f1),
                ("precision", found.precision, chunk.precision),
                ("recall", found.recall, chunk.recall),
                ("specificity", found.specificity, chunk.specificity),
                ("accuracy", found.accuracy, chunk.accuracy),
            ] {
                let found = found.expect(figure);
                let difference = (found.value - expected).abs();
                assert!(
                    difference < 1e-6,
                    "{name}, chunk {at}, {figure}: {found:?} {expected}"
                );
                assert!(found.low <= found.value && found.value <= found.high);
            }
        }
    }
}
