//! A training for a terminal or a log: what was learned, how good it is, what became of it.
//! Widths, wrapping and colour are the terminal's affair.

use super::figures::{difference, estimate, figures, in_words, splits, verdict};
use crate::cells::{Cell, Column, Table, Tone};
use crate::model::report::{SplitDrift, SplitPsi, TrainReport};
use crate::model::threshold::rule_in_words;
use crate::reports::format;
use crate::text::{shorten, visible};

/// Features listed by importance.
const MOST_FEATURES: usize = 8;
/// Longest name of a feature, so that a line fits into 80 columns.
const LONGEST_NAME: usize = 40;

/// Figures of rows that were learned from stand beside the others to show how far they are off.
const LEARNED_FROM: &str =
    "the model learned from train and validation; only test says how it does on new rows";

/// A part of the print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A line; long ones may be wrapped.
    Line(Cell),
    /// A table.
    Table(Table),
}

/// Returns the parts from above to below, the decision last.
#[must_use]
pub fn parts(report: &TrainReport) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut say = |text: String| parts.push(Part::Line(Cell::plain(text)));
    say(format!(
        "model      {} {}",
        visible(&report.model),
        report.model_version
    ));
    say(format!("           {}", visible(&report.description)));
    say(format!("artifact   {}", visible(&report.artifact)));
    if report.tried_log_loss.len() > 1 {
        let tried = report.tried_log_loss.iter();
        let tried: Vec<_> = tried
            .map(|(name, loss)| format!("{name} {loss:.4}"))
            .collect();
        say(format!(
            "tried      {} (log loss on validation)",
            tried.join(", ")
        ));
    }
    say(format!("split      {}", visible(&report.split)));
    say(format!("           {}", rows_by_split(report)));
    say(format!("           {}", overlap(report)));
    say(format!(
        "threshold  {:.4}: {}",
        report.threshold,
        visible(rule_in_words(&report.threshold_rule))
    ));
    say(String::new());
    parts.push(Part::Table(figures_table(report)));
    parts.push(line(LEARNED_FROM.to_owned()));
    parts.extend(without_a_model(report).map(line));
    if let Some(claimed) = report.unpurged_roc_auc {
        parts.push(line(String::new()));
        parts.push(line(format!(
            "without the purge, test would have claimed a ROC AUC of {}",
            estimate(Some(claimed))
        )));
    }
    if !report.importance.is_empty() {
        parts.push(line(String::new()));
        parts.push(Part::Table(importance_table(report)));
    }
    if let Some(drift) = drift(report) {
        parts.push(line(String::new()));
        parts.push(line(drift));
    }
    parts.push(line(String::new()));
    parts.extend(decision(report));
    parts
}

/// One line on the splits: how many features are not as they were in train, the worst by name.
fn drift(report: &TrainReport) -> Option<String> {
    let is_off = |drift: &&SplitDrift| {
        let mut splits = drift.validation.iter().chain(&drift.test);
        splits.any(|split| matches!(split.status.as_str(), "WARN" | "FAIL"))
    };
    let off: Vec<&SplitDrift> = report.drift.iter().filter(is_off).collect();
    let all = format::count(report.drift.len() as u64);
    let worst = off.first()?;
    let of = |name: &str, split: &Option<SplitPsi>| {
        let split = split.as_ref()?;
        let psi = split.psi.unwrap_or(0.0).max(split.missing_psi);
        Some(format!("{name} {} {}", format::psi(psi), split.status))
    };
    let splits = [of("validation", &worst.validation), of("test", &worst.test)];
    Some(format!(
        "drift from train: {} of {all} features, most {} (PSI: {})",
        off.len(),
        shorten(&worst.feature, LONGEST_NAME),
        splits.into_iter().flatten().collect::<Vec<_>>().join(", ")
    ))
}

/// Returns `train 3,451, validation 740`, in the order in which rows go.
pub(super) fn rows_by_split(report: &TrainReport) -> String {
    let order = ["train", "validation", "test", "purged"];
    let known = order
        .iter()
        .filter_map(|name| Some((*name, *report.split_rows.get(*name)?)));
    let others = report.split_rows.iter();
    let others = others.filter(|(name, _)| !order.contains(&name.as_str()));
    known
        .chain(others.map(|(name, rows)| (name.as_str(), *rows)))
        .filter(|(name, rows)| *rows > 0 || *name != "purged")
        .map(|(name, rows)| format!("{name} {}", format::count(rows)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Returns `12 of 740 test rows (1.6%) have the features of a row in training`.
pub(super) fn overlap(report: &TrainReport) -> String {
    let overlap = report.feature_overlap;
    format!(
        "{} of {} test rows ({}) have the features of a row in training",
        format::count(overlap.seen_rows),
        format::count(overlap.test_rows),
        format::percent(overlap.share)
    )
}

fn line(text: String) -> Part {
    Part::Line(Cell::plain(text))
}

/// Figures as rows, splits as columns; the train split without intervals, for 80 columns.
fn figures_table(report: &TrainReport) -> Table {
    let splits = splits(report);
    let mut columns = vec![Column::text("Figure")];
    columns.extend(splits.iter().map(|(name, _)| Column::number(*name)));
    let mut rows = vec![
        counts("Rows", splits.iter().map(|(_, split)| split.rows)),
        counts("Churned", splits.iter().map(|(_, split)| split.positives)),
    ];
    for figure in figures(report) {
        let mut row = vec![Cell::plain(figure.name)];
        for (found, (name, _)) in figure.by_split.iter().zip(&splits) {
            row.push(match found {
                Some(found) if *name == "train" => {
                    Cell::new(format!("{:.3}", found.value), Tone::Dim)
                }
                found => Cell::plain(estimate(*found).replace(", ", ",\u{a0}")),
            });
        }
        rows.push(row);
    }
    Table { columns, rows }
}

fn counts(name: &str, counts: impl Iterator<Item = u64>) -> Vec<Cell> {
    let cells = counts.map(|rows| Cell::new(format::count(rows), Tone::Dim));
    [Cell::plain(name)].into_iter().chain(cells).collect()
}

fn without_a_model(report: &TrainReport) -> impl Iterator<Item = String> {
    let heading = (!report.trivial.is_empty())
        .then(|| [String::new(), "without a model, on test".to_owned()])
        .into_iter()
        .flatten();
    heading.chain(report.trivial.iter().map(|trivial| {
        format!(
            "  {}: ROC AUC {:.3}, average precision {:.3}, log loss {:.3}",
            shorten(&trivial.name, LONGEST_NAME),
            trivial.roc_auc,
            trivial.average_precision,
            trivial.log_loss
        )
    }))
}

fn importance_table(report: &TrainReport) -> Table {
    let columns = vec![
        Column::text("Shuffled feature"),
        Column::number("log loss rises"),
        Column::number("ROC AUC falls"),
    ];
    let rows = report.importance.iter().take(MOST_FEATURES);
    let rows = rows.map(|importance| {
        vec![
            Cell::plain(shorten(&importance.feature, LONGEST_NAME)),
            Cell::plain(format!("{:.4}", importance.log_loss_increase + 0.0)),
            Cell::plain(format!("{:.4}", importance.roc_auc_decrease + 0.0)),
        ]
    });
    Table {
        columns,
        rows: rows.collect(),
    }
}

/// Reasons first, the verdict in the last line, where eyes are.
fn decision(report: &TrainReport) -> Vec<Part> {
    let mut parts = Vec::new();
    for compared in &report.comparisons {
        parts.push(line(format!(
            "{}: champion {:.4}, candidate {:.4}, difference {}",
            in_words(&compared.metric),
            compared.champion,
            compared.candidate,
            difference(compared.difference)
        )));
    }
    let tone = if report.promoted {
        Tone::Good
    } else {
        Tone::Warn
    };
    let reasons: Vec<_> = report
        .reasons
        .iter()
        .map(|reason| visible(reason))
        .collect();
    let text = format!("{}: {}", verdict(report), reasons.join("; "));
    parts.push(Part::Line(Cell::new(text, tone)));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::train::sample;
    use crate::terminal::plain;
    use crate::text::width;

    fn text(report: &TrainReport) -> String {
        let parts = parts(report).into_iter();
        let lines = parts.map(|part| match part {
            Part::Line(cell) => format!("{}\n", cell.text),
            Part::Table(table) => plain(&table),
        });
        lines.collect()
    }

    #[test]
    fn every_table_fits_into_80_columns_and_the_decision_comes_last() {
        let (report, _) = sample::promoted();
        for part in parts(&report) {
            if let Part::Table(table) = part {
                for line in plain(&table).lines() {
                    assert!(width(line) <= 80, "{line}");
                }
            }
        }
        let text = text(&report);
        let last = text.lines().last().expect("a line");
        assert!(last.starts_with("PROMOTED: log loss is better"), "{last}");
        for said in [
            "0.846 [0.821,",
            "prior: ROC AUC 0.500",
            "validation 1,056, test 1,057, purged 12",
            "21 of 1,057 test rows (2.0%) have the features of a row in training",
            "champion 0.4200, candidate 0.4100, difference -0.0100 [-0.0150, -0.0050]",
            "would have claimed a ROC AUC of 0.900",
            "drift from train: 2 of 13 features, most tenure (PSI: validation 0.131 WARN, test 0.312 FAIL)",
        ] {
            assert!(text.contains(said), "{said} is not in\n{text}");
        }
    }

    #[test]
    fn a_refusal_says_so() {
        let (mut report, _) = sample::promoted();
        report.promoted = false;
        assert!(text(&report).contains("\nNOT PROMOTED: "));
    }
}
