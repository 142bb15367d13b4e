//! The drift report as rows for a terminal: one row a feature, worst first, the verdict last.
//! Widths, wrapping and colour are the terminal's affair.

use super::windows::tone;
use super::{
    View, alarm, consequence, estimated, labels, multivariate, performance, segments, verdict,
    windows,
};
use crate::cells::{Cell, Column, Table, Tone};
use crate::drift::report::{DriftReport, FeatureKind, FeatureReport, Status};
use crate::reports::format;
use crate::reports::sparkline::{Glyphs, Merge, pair};
use crate::text::{shorten, visible};

/// Left-out columns that are listed one by one.
const MOST_LEFT_OUT: usize = 12;
/// Figures of performance that are listed; the other forms list all.
const MOST_FIGURES: usize = 4;

/// A report as a table with the lines above and below it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableRows {
    /// Lines above the table.
    pub title: Vec<String>,
    /// The windows of time, if there are any.
    pub windows: Option<Table>,
    /// The segments, a heading and a table each.
    pub segments: Vec<(String, Table)>,
    /// What the features are of, if not of the whole current side.
    pub heading: Option<String>,
    /// The features.
    pub table: Table,
    /// The predictions with late labels by window, if there are any.
    pub labels: Option<Table>,
    /// Lines below the table.
    pub notes: Vec<Cell>,
    /// The last line.
    pub verdict: Cell,
}

/// Returns the rows: status, feature, PSI, missing, histograms, reasons.
#[must_use]
pub fn rows(report: &DriftReport, glyphs: Glyphs, view: View) -> TableRows {
    let columns = vec![
        Column::text("Status"),
        Column::text("Feature"),
        Column::number("PSI"),
        Column::number("Missing").shown_from(68),
        Column::text("Bins").shown_from(76),
        Column::prose("Why").shown_from(56),
    ];
    let longest = view.longest_name();
    let features = view.features(report).into_iter();
    let features = features.map(|feature| row(report, feature, "", longest, glyphs));
    let score = view.score(report).into_iter();
    let score = score.map(|score| row(report, score, "(score)", longest, glyphs));
    TableRows {
        title: title(report),
        windows: windows::table(report),
        segments: segment_tables(report),
        heading: windows::last(report).map(|window| {
            let rows = format::counted(window.rows.current, "row", "rows");
            format!("The last complete window, {} ({rows})", window.window)
        }),
        table: Table {
            columns,
            rows: features.chain(score).collect(),
        },
        labels: report.labels.as_ref().and_then(labels::table),
        notes: notes(report, view, glyphs),
        verdict: Cell::new(verdict::line(report), tone(report.status)),
    }
}

/// Returns the segments of each cut, and which of them made the drift of the whole.
fn segment_tables(report: &DriftReport) -> Vec<(String, Table)> {
    let mut tables = Vec::new();
    for cut in segments::cuts(report) {
        let (table, more) = segments::table(cut);
        let heading = segments::heading(cut);
        let heading = match more {
            0 => heading,
            more => format!("{heading}, without {more} less changed ones"),
        };
        tables.push((heading, table));
        if let Some(parts) = segments::decomposition(cut) {
            tables.push((
                "Which segments made the drift of the whole".to_owned(),
                parts,
            ));
        }
    }
    tables
}

fn title(report: &DriftReport) -> Vec<String> {
    let side = |name: &str, rows| {
        format!(
            "{} ({})",
            visible(name),
            format::counted(rows, "row", "rows")
        )
    };
    let current = match report.over_time {
        // Its rows are those of one window.
        Some(_) => visible(&report.current).into_owned(),
        None => side(&report.current, report.rows.current),
    };
    let mut lines = vec![
        format!("Drift of {}", visible(&report.model)),
        format!(
            "  baseline  {}",
            side(&report.baseline, report.rows.baseline)
        ),
        format!("  current   {current}"),
    ];
    lines.extend(windows::cut(report).map(|cut| format!("  {}", visible(&cut))));
    lines
}

fn row(
    report: &DriftReport,
    feature: &FeatureReport,
    suffix: &str,
    longest: usize,
    glyphs: Glyphs,
) -> Vec<Cell> {
    let limits = verdict::limits(report, &feature.feature);
    let psi = feature.psi.map_or_else(
        || format::NONE.to_owned(),
        |psi| {
            format!("{} {}", verdict::mark(psi, limits), format::psi(psi))
                .trim_start()
                .to_owned()
        },
    );
    let share = feature.missing.share;
    let reasons: Vec<_> = said_nowhere_else(report, feature)
        .map(|reason| format::held_together(&visible(reason), glyphs.arrow()))
        .collect();
    let name = shorten(&feature.feature, longest);
    let quiet = match feature.status {
        Status::Ok | Status::TooFewRows => Tone::Dim,
        Status::Warn | Status::Fail => Tone::Plain,
    };
    vec![
        Cell::new(feature.status.as_str(), tone(feature.status)),
        Cell::plain(name).over(suffix),
        Cell::new(psi, quiet),
        Cell::of_lines(&format::change(share.baseline, share.current, "\n"), quiet),
        Cell::of_lines(&histograms(feature, glyphs), quiet),
        Cell::plain(reasons.join("; ")),
    ]
}

/// Returns the reasons without the PSI that stands in its own column with its mark, where
/// another reason tells what moved and the limit is the one below the table.
fn said_nowhere_else<'a>(
    report: &'a DriftReport,
    feature: &'a FeatureReport,
) -> impl Iterator<Item = &'a String> {
    let own_limits = report.thresholds.by_feature.contains_key(&feature.feature);
    let keep_all = own_limits || feature.reasons.len() == 1;
    let in_column = |reason: &str| {
        let reason = reason.strip_prefix("WARN: ").unwrap_or(reason);
        reason.starts_with("PSI ") && reason.contains(" (threshold ")
    };
    feature
        .reasons
        .iter()
        .filter(move |reason| keep_all || !in_column(reason))
}

/// Returns both histograms, the baseline's above the current side's.
fn histograms(feature: &FeatureReport, glyphs: Glyphs) -> String {
    let shares: Vec<_> = feature
        .bins
        .iter()
        .map(|bin| (bin.share.baseline, bin.share.current))
        .collect();
    let merge = match feature.kind {
        FeatureKind::Numeric => Merge::Neighbours,
        FeatureKind::Categorical => Merge::Tail,
    };
    let (baseline, current) = pair(&shares, merge, glyphs);
    if baseline.is_empty() {
        String::new()
    } else {
        format!("{baseline}\n{current}")
    }
}

fn notes(report: &DriftReport, view: View, glyphs: Glyphs) -> Vec<Cell> {
    let mut notes = vec![Cell::new(
        format!(
            "PSI: !! from {} (fails), ! from {} (warns); missing and bins: baseline above current",
            report.thresholds.fail_psi, report.thresholds.warn_psi
        ),
        Tone::Dim,
    )];
    for line in alarm::lines(report) {
        notes.push(Cell::new(line, Tone::Dim));
    }
    notes.extend(view.note(report).map(|note| Cell::new(note, Tone::Dim)));
    for finding in verdict::findings_apart(report) {
        notes.push(Cell::new(
            format!("{:<4}  {}", finding.status, visible(&finding.message)),
            tone(finding.status),
        ));
    }
    if let Some(performance) = &report.performance {
        let said: Vec<_> = performance.reasons.iter().map(|r| visible(r)).collect();
        notes.push(Cell::new(
            format!(
                "{:<4}  performance: {}",
                performance.status,
                said.join("; ")
            )
            .trim_end_matches([' ', ':'])
            .to_owned(),
            tone(performance.status),
        ));
        for figure in performance::figures(performance).iter().take(MOST_FIGURES) {
            notes.push(Cell::plain(format!(
                "      {}",
                performance::line(figure, glyphs.arrow())
            )));
        }
    }
    if let Some(report) = &report.labels {
        let lines = [
            labels::realised(report),
            labels::predictions(report),
            labels::labels(report),
        ];
        notes.extend(lines.map(|line| Cell::plain(format!("labels  {line}"))));
    }
    // Where labels have arrived they say more than any estimate.
    if let (Some(report), None) = (&report.estimated_performance, &report.performance) {
        let said: Vec<_> = report.reasons.iter().map(|r| visible(r)).collect();
        let line = format!(
            "{:<4}  estimated performance: {}",
            report.status,
            said.join("; ")
        );
        let line = line.trim_end_matches([' ', ':']).to_owned();
        notes.push(Cell::new(line, tone(report.status)));
        for line in estimated::lines(report, glyphs.arrow())
            .into_iter()
            .take(MOST_FIGURES)
        {
            notes.push(Cell::plain(format!("      {line}")));
        }
        notes
            .extend(estimated::reweighted(report).map(|line| Cell::plain(format!("      {line}"))));
    }
    if let Some(consequences) = &report.consequences {
        let summary = consequence::summary(consequences, glyphs.arrow());
        notes.push(Cell::plain(format!("score  {summary}")));
        for line in consequence::lines(report, glyphs.arrow()) {
            notes.push(Cell::plain(format!("      {line}")));
        }
    }
    if let Some(together) = &report.multivariate {
        let summary = multivariate::summary(together);
        let line = format!("{:<4}  {summary}", together.status());
        notes.push(Cell::new(line, tone(together.status())));
        for line in multivariate::lines(together, glyphs.arrow()) {
            notes.push(Cell::plain(format!("      {}", visible(&line))));
        }
    }
    for left_out in report.left_out.iter().take(MOST_LEFT_OUT) {
        notes.push(Cell::new(
            format!(
                "left out  {} ({}): {}",
                shorten(&left_out.column, verdict::LONGEST_NAME),
                left_out.role.as_str(),
                visible(&left_out.reason)
            ),
            Tone::Dim,
        ));
    }
    if let Some(more @ 1..) = report.left_out.len().checked_sub(MOST_LEFT_OUT) {
        notes.push(Cell::new(format!("left out  {more} more"), Tone::Dim));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::report::FeatureThresholds;
    use crate::reports::drift::sample;

    fn texts(row: &[Cell]) -> Vec<String> {
        let whole = |cell: &Cell| match cell.below.as_str() {
            "" => cell.text.clone(),
            below => format!("{}\n{below}", cell.text),
        };
        row.iter().map(whole).collect()
    }

    #[test]
    fn the_worst_feature_stands_first_with_mark_and_reasons() {
        let table = rows(&sample::failing(), Glyphs::Blocks, View::default()).table;
        assert_eq!(
            texts(&table.rows[0]),
            [
                "FAIL",
                "contract",
                "!! 0.410",
                "0.0%",
                "▆▃▃ \n█▂ ▂",
                "PSI 0.410 is at or above the limit 0.25; \
                 the new category \"Weekly <new>\" holds 14.0% of the rows"
            ]
        );
        assert_eq!(table.rows[0][0].tone, Tone::Bad);
        assert_eq!(texts(&table.rows[1])[2..4], ["–", "0.0%\n100.0%"]);
        assert_eq!(texts(&table.rows[3])[2], "! 0.141");
        assert_eq!(texts(&table.rows[4])[2], "0.021");
    }

    #[test]
    fn the_psi_is_not_said_twice_but_a_limit_of_its_own_is() {
        let mut report = sample::calm();
        report.features[0].reasons = vec![
            "PSI 0.41 (threshold 0.25)".into(),
            "mean 1 -> 2; \"a b\" 1% -> 3%".into(),
        ];
        let why = |report: &DriftReport| {
            let table = rows(report, Glyphs::Blocks, View::default()).table;
            table.rows[0][5].text.replace('\u{a0}', "_")
        };
        assert_eq!(why(&report), "mean 1_→_2; \"a b\" 1%_→_3%");
        let own = FeatureThresholds {
            warn_psi: 0.1,
            fail_psi: 0.25,
            sizes: crate::drift::report::SizeThresholds::default(),
        };
        let feature = report.features[0].feature.clone();
        report.thresholds.by_feature.insert(feature, own);
        assert!(why(&report).starts_with("PSI 0.41_(threshold_0.25); "));
        report.thresholds.by_feature.clear();
        report.features[0].reasons.truncate(1);
        assert_eq!(why(&report), "PSI 0.41_(threshold_0.25)");
    }

    #[test]
    fn every_row_is_as_long_as_the_header() {
        let table = rows(&sample::failing(), Glyphs::Ascii, View::default()).table;
        assert!(
            table
                .rows
                .iter()
                .all(|row| row.len() == table.columns.len())
        );
        assert_eq!(table.rows.len(), 8, "seven features and the score");
        assert_eq!(texts(&table.rows[7])[1], "churn_score\n(score)");
    }

    #[test]
    fn no_control_character_but_the_newline_between_histograms() {
        let table = rows(&sample::failing(), Glyphs::Blocks, View::default());
        let cells = table.table.rows.iter().flatten().chain(&table.notes);
        for cell in cells.chain([&table.verdict]) {
            let text = cell.text.replace('\n', "");
            assert_eq!(visible(&text), text.as_str());
        }
    }

    #[test]
    fn notes_hold_what_belongs_to_no_feature() {
        let table = rows(&sample::failing(), Glyphs::Ascii, View::default());
        let notes = texts(&table.notes).join("\n");
        for part in [
            "FAIL  the current side lacks the column device_protection",
            "WARN  the current side has 80 rows",
            "FAIL  performance: ROC AUC fell",
            "ROC AUC 0.851 [0.839, 0.862] -> 0.792 [0.780, 0.803]",
            "left out  customer_id (id): a value of its own in every row",
        ] {
            assert!(notes.contains(part), "{part} is not in\n{notes}");
        }
    }

    #[test]
    fn many_left_out_columns_are_counted() {
        let mut report = sample::failing();
        let one = report.left_out[0].clone();
        report.left_out = vec![one; 40];
        let table = rows(&report, Glyphs::Blocks, View::default());
        assert_eq!(table.notes.last().expect("notes").text, "left out  28 more");
    }
}
