//! A training for the tests of its forms.
#![cfg(test)]

use serde_json::{Value, json};

use crate::model::artifact::Artifact;
use crate::model::report::TrainReport;

/// A text that must not become markup, nor move the cursor.
pub(super) const EVIL: &str = "<script>alert(1)</script>\"' onload=x \u{1b}[31m\u{202e}";

fn estimate(value: f64) -> Value {
    json!({"value": value, "low": value - 0.025, "high": value + 0.025})
}

fn performance(rows: u64, roc_auc: f64) -> Value {
    let mut all = json!({
        "rows": rows, "positives": rows / 4,
        "confusion": {"true_positives": 140, "false_positives": 70,
                      "true_negatives": 707, "false_negatives": 1_140},
    });
    for (name, value) in [
        ("roc_auc", roc_auc),
        ("average_precision", 0.66),
        ("log_loss", 0.41),
        ("brier", 0.135),
        ("rmse", 0.367),
        ("accuracy", 0.8),
        ("precision", 0.67),
        ("recall", 0.5),
        ("specificity", 0.91),
        ("f1", 0.57),
        ("mcc", 0.47),
        ("calibration_error", 0.025),
    ] {
        all[name] = estimate(value);
    }
    all
}

/// A promoted model with everything that a report can have.
pub(super) fn promoted() -> (TrainReport, Artifact) {
    let splits = [
        ("train", 4930, 0.862),
        ("validation", 1056, 0.851),
        ("test", 1057, 0.846),
    ];
    let (mut figures, mut curves) = (json!({}), json!({}));
    for (name, rows, roc_auc) in splits {
        let points = || (0..200).map(|at| f64::from(at) / 199.0);
        figures[name] = performance(rows, roc_auc);
        curves[name] = json!({
            "performance": figures[name],
            "lift": [3.1, 2.2, 1.6, 1.1, 0.8, 0.5, 0.3, 0.2, 0.1, 0.1],
            "calibration": [
                {"mean_score": 0.04, "positive_share": 0.05, "rows": 654},
                {"mean_score": 0.55, "positive_share": 0.5, "rows": 403},
            ],
            "roc": points().map(|x| (x, x.sqrt())).collect::<Vec<_>>(),
            "precision_recall": points().map(|x| (x, 1.0 - 0.7 * x)).collect::<Vec<_>>(),
        });
    }
    let trivial = json!([
        {"name": "prior", "roc_auc": 0.5, "average_precision": 0.265, "log_loss": 0.578},
        {"name": "contract", "roc_auc": 0.742, "average_precision": 0.423, "log_loss": 0.481},
    ]);
    let importance: Vec<Value> = (0..40)
        .map(|at| {
            let feature = if at == 39 {
                EVIL.to_owned()
            } else {
                format!("feature_{at:02}")
            };
            let rise = 0.05 / f64::from(at + 1) - 0.002;
            json!({"feature": feature, "log_loss_increase": rise, "roc_auc_decrease": rise / 2.0})
        })
        .collect();
    let psi = |status: &str, psi: f64, missing: f64| json!({"status": status, "psi": psi, "psi_noise_limit": 0.041, "missing_psi": missing});
    let mut drift = vec![
        json!({"feature": "tenure", "validation": psi("WARN", 0.131, 0.0),
               "test": psi("FAIL", 0.312, 0.0)}),
        json!({"feature": "calls", "validation": psi("OK", 0.01, 0.0),
               "test": psi("WARN", 0.02, 0.12)}),
    ];
    drift.extend((0..11).map(|at| {
        json!({"feature": format!("feature_{at:02}"), "validation": psi("OK", 0.01, 0.0),
               "test": psi("OK", 0.012, 0.0)})
    }));
    let rows = json!({"train": 4930, "validation": 1056, "test": 1057, "purged": 12});
    let split = "by time (as_of_date), purged by 30d";
    let report = json!({
        "schema_version": 1, "command": "train", "churnctl_version": "0.1.0",
        "created_at": "2026-11-20T01:00:03Z", "model": "churn", "model_version": "0123456789ab",
        "artifact": "artifacts/models/churn_0123456789ab.json",
        "description": "212 trees, best of 262 rounds",
        "tried_log_loss": {"logistic": 0.415, "trees": 0.41},
        "split": split, "split_rows": rows,
        "feature_overlap": {"test_rows": 1057, "seen_rows": 21, "share": 0.019_867,
                            "rows": 7043, "distinct_rows": 6_950},
        "threshold": 0.5, "threshold_rule": "one half",
        "metrics": figures, "trivial": trivial, "unpurged_roc_auc": estimate(0.9),
        "importance": importance, "drift": drift, "promoted": true, "reasons": ["log loss is better"],
        "comparisons": [{"metric": "log_loss", "champion": 0.42, "candidate": 0.41,
                         "difference": {"value": -0.01, "low": -0.015, "high": -0.005}}],
        "warnings": ["customer_id looks like an identifier"],
    });
    let profile = json!({
        "schema_version": 1, "command": "profile", "churnctl_version": "0.1.0",
        "created_at": "2026-11-20T01:00:03Z", "source": "t.csv", "rows": 3,
        "columns": [{"name": "tenure", "values": {"1": 1, "2.5": 2}}],
    });
    let artifact = json!({
        "schema_version": 1, "command": "train", "churnctl_version": "0.1.0",
        "created_at": "2026-11-20T01:00:03Z", "name": "churn", "version": "0123456789ab",
        "sha256": "0123456789abcdef",
        "body": {
            "roles": {"label": "churned", "positive": "Yes", "id": ["customer_id"]},
            "features": [], "threshold": 0.5, "threshold_rule": "one half",
            "model": {"learner": "logistic", "intercept": 0.0, "weights": [], "l2": 1.0},
            "calibration": {"method": "platt", "slope": 1.1, "intercept": -0.02},
            "metrics": curves, "trivial": trivial, "importance": [], "profile": profile,
            "provenance": {
                "data": ["telco.csv"], "data_sha256": "c0ffee", "rows": 7055, "seed": 42,
                "arguments": {"label_window": "30d", "preset": "none"},
                "split": split, "split_rows": rows,
            },
            "examples": [],
        },
    });
    (
        serde_json::from_value(report).expect("is a report"),
        serde_json::from_value(artifact).expect("is an artifact"),
    )
}
