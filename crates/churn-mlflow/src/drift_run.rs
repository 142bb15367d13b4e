//! A drift check as an entry: what of its report a tracking server is told.

use std::collections::BTreeMap;

use churn_drift::drift::{DriftReport, Status};

use super::entry::{Entry, File, Run, SCHEMA_VERSION, Task};
use super::figures::{add, add_figures, value};
use super::tags;

/// Makes the entry of a check: `texts` are its report and its page, `tags` those that do not
/// depend on the check, `times_ms` its begin and end in milliseconds since 1970.
#[must_use]
pub fn drift_entry(
    report: &DriftReport,
    texts: (&str, &str),
    experiment: &str,
    run_tags: &BTreeMap<String, String>,
    times_ms: (i64, i64),
    key: String,
) -> Entry {
    let mut run_tags = run_tags.clone();
    let own = [
        (tags::MODEL, report.model.as_str()),
        (tags::STATUS, report.status.as_str()),
        (tags::VERSION, report.churnctl_version.as_str()),
    ];
    run_tags.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let thresholds = &report.thresholds;
    let parameters = [
        ("baseline", value(&report.baseline)),
        ("current", value(&report.current)),
        ("warn_psi", thresholds.warn_psi.to_string()),
        ("fail_psi", thresholds.fail_psi.to_string()),
        ("min_rows", thresholds.min_rows.to_string()),
    ];
    let run = Run {
        experiment: experiment.to_owned(),
        name: format!("drift {} {}", report.model, report.status),
        start_ms: times_ms.0,
        end_ms: times_ms.1,
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        metrics: metrics(report),
        tags: run_tags,
        dataset: None,
        files: vec![
            File::new("drift_report.json", texts.0),
            File::new("drift_report.html", texts.1),
        ],
        model: None,
    };
    Entry {
        schema_version: SCHEMA_VERSION,
        command: "drift".to_owned(),
        churnctl_version: report.churnctl_version.clone(),
        created_at: report.created_at.clone(),
        key,
        task: Task::Run(Box::new(run)),
    }
}

fn metrics(report: &DriftReport) -> BTreeMap<String, f64> {
    let mut metrics = BTreeMap::new();
    let with = |wanted: Status| {
        let features = report.features.iter();
        features.filter(|feature| feature.status == wanted).count() as f64
    };
    for (name, figure) in [
        ("status", report.status.number()),
        ("overall_max_psi", report.overall_max_psi),
        ("features_warn", with(Status::Warn)),
        ("features_fail", with(Status::Fail)),
        ("features_too_few_rows", with(Status::TooFewRows)),
        ("findings", report.findings.len() as f64),
        ("rows_baseline", report.rows.baseline as f64),
        ("rows_current", report.rows.current as f64),
    ] {
        add(&mut metrics, "", name, Some(figure));
    }
    for (feature, psi) in &report.psi_by_feature {
        add(&mut metrics, "psi", feature, Some(*psi));
    }
    if let Some(score) = &report.score {
        add(&mut metrics, "", "score_psi", score.psi);
    }
    let performance = report.performance.as_ref().map(serde_json::to_value);
    if let Some(Ok(performance)) = performance {
        for side in ["baseline", "current"] {
            let figures = performance.get(side).unwrap_or(&serde_json::Value::Null);
            add_figures(&mut metrics, &format!("performance_{side}"), figures);
        }
    }
    metrics
}
