//! Late labels in words: how many found their predictions, and how good the scores were, by window.

use super::performance::{estimate, named};
use crate::cells::{Cell, Column, Table};
use crate::drift::late_labels::{LabelReport, LabelWindow};
use crate::labels::{LabelCounts, PredictionCounts, Unmatched};
use crate::reports::format;
use crate::text::{shorten, visible};

/// Longest name of a column in a sentence.
const LONGEST_COLUMN: usize = 40;
/// Figures of all predictions that are listed.
const MOST_FIGURES: usize = 3;

/// Says what became of the predictions: `87 of 2,019 predictions have a label within 30d, 1,658 have none and
/// stayed; 261 not mature; labels are complete up to 2026-04-16T20:39:51Z`.
pub(super) fn predictions(report: &LabelReport) -> String {
    let PredictionCounts {
        rows,
        matched,
        unmatched,
        immature,
        conflicting,
        without_time,
        without_key,
        ..
    } = report.predictions;
    let meaning = match report.unmatched {
        _ if !report.labels.keys_agree() => {
            "are not known to have stayed, since no label has the key of a prediction"
        }
        Unmatched::Negative => "have none and stayed",
        Unmatched::Drop => "have none and do not count",
    };
    let mut text = format!(
        "{} of {} have a label within {}, {} {meaning}",
        format::count(matched),
        format::counted(rows, "prediction", "predictions"),
        report.label_window,
        format::count(unmatched),
    );
    let parts = [
        (immature, "not mature"),
        (conflicting, "in conflict"),
        (without_time + without_key, "without time or key"),
    ];
    text += &listed(&parts);
    text += &format!("; labels are complete up to {}", report.watermark);
    text
}

/// Says what became of the labels.
pub(super) fn labels(report: &LabelReport) -> String {
    let LabelCounts {
        rows,
        in_window,
        too_early,
        too_late,
        without_prediction,
        without_key,
        without_time,
        without_value,
        future,
        shared: _,
        settled,
    } = report.labels;
    let mut text = format!(
        "of {} in {}, joined by {}, {} in a window",
        format::counted(rows, "label", "labels"),
        shorten(&report.source.addresses.join(" "), 80),
        keys(report),
        format::count(in_window)
    );
    let parts = [
        (too_early, "before their prediction"),
        (too_late, "after their window"),
        (without_prediction, "without a prediction"),
        (settled, "from before what earlier runs have settled"),
        (
            without_key + without_time + without_value + future,
            "that cannot be joined",
        ),
    ];
    text += &listed(&parts);
    text
}

/// Says how good the scores of all predictions were, or why that is not known.
pub(super) fn realised(report: &LabelReport) -> String {
    let Some(performance) = &report.performance else {
        let reason = report.reason.as_deref().unwrap_or("no label counts");
        return format!("realised performance is not known: {}", visible(reason));
    };
    let figures = named(performance).filter_map(|(name, figure)| Some((name, figure?)));
    let figures = figures
        .take(MOST_FIGURES)
        .map(|(name, figure)| format!("{name} {}", estimate(Some(figure))));
    let figures: Vec<String> = figures.collect();
    let figures = match figures.is_empty() {
        true => "no figure is defined".to_owned(),
        false => figures.join(", "),
    };
    format!(
        "realised on {}, {} of them churned: {figures}",
        format::counted(performance.rows, "prediction", "predictions"),
        format::count(performance.positives)
    )
}

fn keys(report: &LabelReport) -> String {
    let keys = report.join.iter();
    let keys: Vec<String> = keys
        .map(|key| shorten(&key.labels, LONGEST_COLUMN).into_owned())
        .collect();
    keys.join(", ")
}

fn listed(parts: &[(u64, &str)]) -> String {
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, what)| format!("{} {what}", format::count(*count)))
        .collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!("; {}", parts.join(", ")),
    }
}

/// A window in words: name, mature predictions of all, churned ones, and three figures.
pub(super) fn row(window: &LabelWindow) -> [String; 6] {
    let PredictionCounts {
        rows,
        matched,
        unmatched,
        conflicting,
        ..
    } = window.predictions;
    let mature = matched + unmatched + conflicting;
    let performance = window.performance.as_ref();
    let churned = performance.map_or_else(
        || format::NONE.to_owned(),
        |performance| format::count(performance.positives),
    );
    let figure = |at: usize| {
        let figures = performance.into_iter().flat_map(named);
        estimate(figures.map(|(_, figure)| figure).nth(at).flatten())
    };
    [
        visible(&window.window).into_owned(),
        format!("{} of {}", format::count(mature), format::count(rows)),
        churned,
        figure(0),
        figure(1),
        figure(2),
    ]
}

/// The heads of the columns of [`row`].
pub(super) const HEADS: [&str; 6] = [
    "Window",
    "Mature",
    "Churned",
    "ROC AUC",
    "Average precision",
    "Log loss",
];

/// Returns the windows whose labels are known as a table; none if there are none.
pub(super) fn table(report: &LabelReport) -> Option<Table> {
    if report.windows.is_empty() {
        return None;
    }
    let [window, mature, churned, auc, precision, loss] = HEADS;
    let columns = vec![
        Column::text(window),
        Column::number(mature),
        Column::number(churned),
        Column::text(auc),
        Column::text(precision).shown_from(90),
        Column::text(loss).shown_from(110),
    ];
    let rows = report.windows.iter().map(|window| {
        let cells = row(window).into_iter();
        cells.map(Cell::plain).collect()
    });
    Some(Table {
        rows: rows.collect(),
        columns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::sample;

    #[test]
    fn the_counts_are_said_and_what_is_none_is_not() {
        let report = sample::with_labels().labels.expect("labels");
        assert_eq!(
            predictions(&report),
            "90 of 3,000 predictions have a label within 30d, 1,900 have none and stayed; 1,000 not mature, \
             10 in conflict; labels are complete up to 2026-03-01T00:00:00Z"
        );
        assert_eq!(
            labels(&report),
            "of 140 labels in events.csv, joined by customer_id, 100 in a window; 20 before their prediction, \
             15 without a prediction, 5 that cannot be joined"
        );
        assert_eq!(
            realised(&report),
            "realised on 1,990 predictions, 90 of them churned: ROC AUC 0.792 [0.780, 0.804], Average \
             precision 0.610 [0.590, 0.630], Log loss 0.415 [0.405, 0.425]"
        );
    }

    #[test]
    fn a_window_without_mature_predictions_has_no_figures() {
        let report = sample::with_labels().labels.expect("labels");
        let none = format::NONE;
        assert_eq!(
            row(&report.windows[1]),
            ["2026-01-02", "0 of 1,000", none, none, none, none]
        );
        assert_eq!(
            row(&report.windows[0])[..3],
            ["2026-01-01", "1,000 of 1,000", "45"]
        );
    }

    #[test]
    fn why_there_are_no_figures_is_said() {
        let mut report = sample::with_labels().labels.expect("labels");
        report.performance = None;
        report.reason = Some("no label has the key of a prediction".into());
        assert_eq!(
            realised(&report),
            "realised performance is not known: no label has the key of a prediction"
        );
    }
}
