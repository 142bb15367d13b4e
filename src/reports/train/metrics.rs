//! The report of a training as Prometheus text, with the names of `metrics/names.rs`.

use super::figures::splits;
use crate::error::Result;
use crate::metrics::Exposition;
use crate::metrics::names::{self, Metric};
use crate::model::report::TrainReport;
use crate::stats::classification::{Estimate, Performance};
use crate::text::visible;

type Get = fn(&Performance) -> Option<Estimate>;

const FIGURES: [(&Metric, Get); 9] = [
    (&names::TRAIN_ROC_AUC, |split| split.roc_auc),
    (&names::TRAIN_AVERAGE_PRECISION, |split| {
        split.average_precision
    }),
    (&names::TRAIN_LOG_LOSS, |split| split.log_loss),
    (&names::TRAIN_BRIER_SCORE, |split| split.brier),
    (&names::TRAIN_ACCURACY, |split| split.accuracy),
    (&names::TRAIN_PRECISION, |split| split.precision),
    (&names::TRAIN_RECALL, |split| split.recall),
    (&names::TRAIN_F1, |split| split.f1),
    (&names::TRAIN_CALIBRATION_ERROR, |split| {
        split.calibration_error
    }),
];

/// Returns the text. `last_run_seconds` is the Unix time at which the training ended.
///
/// # Errors
/// Fails only if the encoder does: a bug.
pub fn text(report: &TrainReport, last_run_seconds: f64) -> Result<String> {
    let mut out = Exposition::new();
    let model = &*visible(&report.model);
    for (split, performance) in splits(report) {
        out.set(&names::TRAIN_ROWS, &[model, split], performance.rows as f64)?;
        for (metric, get) in FIGURES {
            if let Some(estimate) = get(performance) {
                out.set(metric, &[model, split], estimate.value)?;
            }
        }
    }
    out.set(&names::TRAIN_THRESHOLD, &[model], report.threshold)?;
    let promoted = if report.promoted { 1.0 } else { 0.0 };
    out.set(&names::TRAIN_PROMOTED, &[model], promoted)?;
    out.set(
        &names::TRAIN_LAST_RUN_TIMESTAMP_SECONDS,
        &[model],
        last_run_seconds,
    )?;
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::train::sample;

    #[test]
    fn every_name_of_the_list_is_written_and_no_other() {
        let text = text(&sample::promoted().0, 1_795_136_403.0).expect("encodes");
        let mut written: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
            .collect();
        let names = names::ALL.iter().map(|metric| metric.name);
        let mut known: Vec<_> = names
            .filter(|name| name.starts_with("churn_train_"))
            .collect();
        written.sort_unstable();
        known.sort_unstable();
        assert_eq!(written, known);
        assert!(
            text.contains("churn_train_last_run_timestamp_seconds{model=\"churn\"} 1795136403\n")
        );
    }
}
