//! A training in lines of text: what was learned, how good it is, and what became of it.

use std::fmt::Write as _;

use crate::model::report::TrainReport;
use crate::stats::classification::Estimate;
use crate::text::visible;

/// Features listed by importance.
const MOST_FEATURES: usize = 8;

/// Returns the lines, the decision last.
#[must_use]
pub fn plain(report: &TrainReport) -> String {
    // Writing to a String cannot fail.
    let mut text = String::new();
    let _ = writeln!(
        text,
        "model     {} {}: {}",
        report.model, report.model_version, report.description
    );
    let _ = writeln!(text, "artifact  {}", visible(&report.artifact));
    for (name, loss) in &report.tried_log_loss {
        let _ = writeln!(
            text,
            "tried     {name:<10} log loss {loss:.4} on validation"
        );
    }
    let rows: Vec<String> = report
        .split_rows
        .iter()
        .map(|(name, rows)| format!("{name} {rows}"))
        .collect();
    let _ = writeln!(
        text,
        "split     {}: {}",
        visible(&report.split),
        rows.join(", ")
    );
    let _ = writeln!(
        text,
        "threshold {:.4}: {}\n",
        report.threshold, report.threshold_rule
    );
    let _ = writeln!(
        text,
        "{:<12} {:>8} {:>22} {:>22} {:>22} {:>22}",
        "split", "rows", "ROC AUC", "average precision", "log loss", "F1"
    );
    for name in ["train", "validation", "test"] {
        let Some(figures) = report.metrics.get(name) else {
            continue;
        };
        let _ = writeln!(
            text,
            "{name:<12} {:>8} {:>22} {:>22} {:>22} {:>22}",
            figures.rows,
            shown(figures.roc_auc),
            shown(figures.average_precision),
            shown(figures.log_loss),
            shown(figures.f1),
        );
    }
    for trivial in &report.trivial {
        let _ = writeln!(
            text,
            "{:<12} {:>8} {:>22.4} {:>22.4} {:>22.4}",
            shortened(&trivial.name),
            "",
            trivial.roc_auc,
            trivial.average_precision,
            trivial.log_loss
        );
    }
    if let Some(claimed) = report.unpurged_roc_auc {
        let _ = writeln!(
            text,
            "\nwithout the purge the ROC AUC on test would have been claimed to be {}",
            shown(Some(claimed))
        );
    }
    let _ = writeln!(text, "\nimportance (rise of the log loss when shuffled)");
    for importance in report.importance.iter().take(MOST_FEATURES) {
        let _ = writeln!(
            text,
            "  {:<28} {:.4}",
            visible(&importance.feature),
            importance.log_loss_increase
        );
    }
    let _ = writeln!(
        text,
        "\n{}",
        if report.promoted {
            "PROMOTED"
        } else {
            "NOT PROMOTED"
        }
    );
    for reason in &report.reasons {
        let _ = writeln!(text, "  {}", visible(reason));
    }
    text
}

fn shown(estimate: Option<Estimate>) -> String {
    estimate.map_or_else(
        || "-".to_owned(),
        |estimate| {
            format!(
                "{:.4} [{:.3}, {:.3}]",
                estimate.value, estimate.low, estimate.high
            )
        },
    )
}

fn shortened(name: &str) -> String {
    crate::text::shorten(name, 20).into_owned()
}
