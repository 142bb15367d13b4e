//! The drift report as Markdown for a pull request or a step summary: the worst fifty features.
//! Names and reasons are escaped so that they stay text in GitHub's renderer.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{
    alarm, consequence, estimated, labels, multivariate, performance, segments, verdict, windows,
};
use crate::drift::LimitSource;
use crate::drift::multivariate::MultivariateReport;
use crate::drift::over_time::WindowReport;
use crate::drift::report::{DriftReport, FeatureReport, Status};
use crate::reports::format;
use crate::text::shorten;

/// Most rows of a table.
const MOST: usize = 50;
/// Longest text of a cell, in terminal columns.
const LONGEST: usize = 300;

/// Returns the Markdown, ended by a newline.
#[must_use]
pub fn text(report: &DriftReport) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "## {} Drift of {}: {}\n\n{}\n\n\
         Baseline {} ({}), current {} ({}). Limits of PSI: {} warns, {} fails.\n",
        sign(report.status),
        escape(&report.model),
        report.status,
        escape(&verdict::sentence(report)),
        escape(&report.baseline),
        format::counted(report.rows.baseline, "row", "rows"),
        escape(&report.current),
        format::counted(report.rows.current, "row", "rows"),
        report.thresholds.warn_psi,
        report.thresholds.fail_psi,
    );
    if let Some(limits) = &report.psi_limits {
        let which = match limits.thresholds {
            LimitSource::Both => "that, and",
            LimitSource::Windows | LimitSource::Fixed => "not that, but",
        };
        let _ = writeln!(
            text,
            "For a window {which} mean + 3 sd of the PSI of {} windows of the baseline counts, feature by feature.\n",
            limits.windows
        );
    }
    windows_table(&mut text, report);
    segments_tables(&mut text, report);
    if let Some(window) = windows::last(report) {
        let _ = writeln!(
            text,
            "### Last complete window: {}\n",
            escape(&window.window)
        );
    }
    if !report.features.is_empty() || report.score.is_some() {
        text.push_str("| Status | Feature | PSI | Missing | Why |\n|---|---|--:|--:|---|\n");
        for feature in report.features.iter().take(MOST) {
            row(&mut text, report, feature, "");
        }
        if let Some(score) = &report.score {
            row(&mut text, report, score, " (score)");
        }
        text.push('\n');
        if report.features.len() > MOST {
            let rest = &report.features[MOST..];
            let bad = rest
                .iter()
                .filter(|feature| feature.status > Status::Ok)
                .count();
            let _ = writeln!(
                text,
                "And {} more features, {bad} of them not OK.\n",
                rest.len()
            );
        }
    }
    findings(&mut text, report);
    if let Some(report) = &report.performance {
        let _ = writeln!(text, "### Performance: {}\n", report.status);
        for reason in &report.reasons {
            let _ = writeln!(text, "- {}", escape(reason));
        }
        text.push_str("\n| Figure | Baseline | Current |\n|---|--:|--:|\n");
        for figure in performance::figures(report) {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                figure.name,
                performance::estimate(figure.baseline),
                performance::estimate(figure.current)
            );
        }
        text.push('\n');
    }
    late_labels(&mut text, report);
    if let Some(report) = &report.estimated_performance {
        let _ = writeln!(text, "### Estimated performance: {}\n", report.status);
        for reason in &report.reasons {
            let _ = writeln!(text, "- {}", escape(reason));
        }
        text.push_str("\n| Figure | Baseline's labels | Current, estimated |\n|---|--:|--:|\n");
        for figure in estimated::figures(report) {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                figure.name,
                performance::estimate(figure.baseline),
                performance::estimate(figure.current)
            );
        }
        if let Some(said) = estimated::reweighted(report) {
            let _ = writeln!(text, "\n{}", escape(&said));
        }
        text.push('\n');
    }
    if let Some(consequences) = &report.consequences {
        text.push_str("### What drift does to the score\n\n");
        let summary = consequence::summary(consequences, "→");
        let _ = writeln!(text, "{}\n", escape(&summary));
        let _ = writeln!(text, "| {} |", consequence::HEADS.join(" | "));
        text.push_str("|---|---|--:|--:|--:|--:|--:|--:|--:|\n");
        for row in consequence::rows(report, MOST) {
            let cells = row.cells().map(escape);
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text.push('\n');
    }
    if let Some(together) = &report.multivariate {
        several_columns(&mut text, together);
    }
    let _ = writeln!(
        text,
        "<sub>churnctl {}, {}</sub>",
        escape(&report.churnctl_version),
        escape(&report.created_at)
    );
    text
}

/// Drift that no column shows alone.
fn several_columns(text: &mut String, report: &MultivariateReport) {
    let _ = writeln!(text, "### Several columns together: {}\n", report.status());
    let _ = writeln!(text, "{}\n", escape(&multivariate::summary(report)));
    let features = multivariate::features(report);
    if !features.is_empty() {
        text.push_str("| Rows are told apart by | Fall of ROC AUC without it |\n|---|--:|\n");
        for row in features.iter().take(MOST) {
            let _ = writeln!(
                text,
                "| {} |",
                row.each_ref().map(|cell| escape(cell)).join(" | ")
            );
        }
        text.push('\n');
    }
    let pairs = multivariate::pairs(report);
    if !pairs.is_empty() {
        let _ = writeln!(text, "| {} |", multivariate::HEADS.join(" | "));
        text.push_str("|---|---|---|--:|--:|--:|--:|\n");
        for row in pairs.iter().take(MOST) {
            let _ = writeln!(
                text,
                "| {} |",
                row.each_ref().map(|cell| escape(cell)).join(" | ")
            );
        }
        text.push('\n');
    }
}

/// How good the scores were by labels that came later.
fn late_labels(text: &mut String, report: &DriftReport) {
    let Some(report) = &report.labels else {
        return;
    };
    text.push_str("### Late labels\n\n");
    for said in [
        labels::realised(report),
        labels::predictions(report),
        labels::labels(report),
    ] {
        let _ = writeln!(text, "- {}", escape(&said));
    }
    text.push('\n');
    let known = report.windows.iter();
    let known: Vec<_> = known.filter(|one| one.performance.is_some()).collect();
    if known.is_empty() {
        return;
    }
    let _ = writeln!(text, "| {} |", labels::HEADS.join(" | "));
    text.push_str("|---|--:|--:|--:|--:|--:|\n");
    for window in known.iter().rev().take(MOST).rev() {
        let cells = labels::row(window).map(|cell| escape(&cell).to_string());
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
    if let Some(more @ 1..) = known.len().checked_sub(MOST) {
        let _ = writeln!(text, "And {more} earlier windows.\n");
    }
}

/// The windows, those without anything to see left out where they are many.
fn windows_table(text: &mut String, report: &DriftReport) {
    let Some(cut) = windows::cut(report) else {
        return;
    };
    let _ = writeln!(text, "Cut into {}.\n", escape(&cut));
    let windows = windows::listed(&report.windows);
    let is_few = windows.len() <= MOST;
    let worth = |window: &&Cow<'_, WindowReport>| is_few || window.status >= Status::Warn;
    let shown: Vec<_> = windows.iter().filter(worth).take(MOST).collect();
    let has_estimates = windows::has_estimates(report);
    let (head, line) = match has_estimates {
        true => (format!(" {} |", windows::ESTIMATED_AUC), "--:|"),
        false => (String::new(), ""),
    };
    let _ = writeln!(
        text,
        "| Status | Window | Rows | Max PSI |{head} Worst feature | Why |\n|---|---|--:|--:|{line}---|---|"
    );
    for window in &shown {
        let sign = if window.judged {
            sign(window.status)
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "| {sign} {} | {} | {} | {} |{} {} | {} |",
            windows::status(window),
            escape(&window.window),
            format::count(window.rows.current),
            windows::psi(window),
            match has_estimates {
                true => format!(" {} |", windows::estimated_auc(window).unwrap_or_default()),
                false => String::new(),
            },
            escape(&windows::worst_feature(window)),
            escape(&windows::remark(window)),
        );
    }
    text.push('\n');
    if let Some(more @ 1..) = windows.len().checked_sub(shown.len()) {
        let _ = writeln!(text, "And {more} more windows.\n");
    }
    for line in alarm::lines(report) {
        let _ = writeln!(text, "- {}", escape(&line));
    }
    text.push('\n');
}

/// The segments of each cut, worst first, and which of them made the drift of the whole.
fn segments_tables(text: &mut String, report: &DriftReport) {
    for cut in segments::cuts(report) {
        let _ = writeln!(text, "### {}\n", escape(&segments::heading(cut)));
        text.push_str(
            "| Status | Segment | Rows | Share | Max PSI | ROC AUC | Why |\n|---|---|--:|--:|--:|---|---|\n",
        );
        for segment in cut.segments.iter().take(MOST) {
            let _ = writeln!(
                text,
                "| {} {} | {} | {} | {} | {} | {} | {} |",
                sign(segment.status),
                segment.status,
                escape(&segments::name(segment)),
                format::count(segment.rows.current),
                escape(&format::change(
                    segment.share.baseline,
                    segment.share.current,
                    "→"
                )),
                segments::psi(segment),
                escape(&segments::auc(segment)),
                escape(&segments::remark(segment)),
            );
        }
        text.push('\n');
        if let Some(more @ 1..) = cut.segments.len().checked_sub(MOST) {
            let _ = writeln!(text, "And {more} more segments.\n");
        }
        let parts = segments::worth_splitting(cut, MOST);
        if parts.is_empty() {
            continue;
        }
        text.push_str(
            "Which segments made the drift of the whole:\n\n\
             | Feature | PSI | Mix | Within | Made by |\n|---|--:|--:|--:|---|\n",
        );
        for feature in parts {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                escape(&feature.feature),
                format::psi(feature.psi),
                segments::part(feature.mix),
                segments::part(feature.within),
                escape(&segments::made_by(feature)),
            );
        }
        text.push('\n');
    }
}

fn row(text: &mut String, report: &DriftReport, feature: &FeatureReport, suffix: &str) {
    let limits = verdict::limits(report, &feature.feature);
    let psi = feature.psi.map_or_else(
        || format::NONE.to_owned(),
        |psi| match verdict::mark(psi, limits) {
            "" => format::psi(psi),
            mark => format!("{mark} {}", format::psi(psi)),
        },
    );
    let share = feature.missing.share;
    let _ = writeln!(
        text,
        "| {} {} | {}{suffix} | {psi} | {} | {} |",
        sign(feature.status),
        feature.status,
        escape(&feature.feature),
        escape(&format::change(share.baseline, share.current, "→")),
        escape(&feature.reasons.join("; ")),
    );
}

fn findings(text: &mut String, report: &DriftReport) {
    let apart: Vec<_> = verdict::findings_apart(report).collect();
    if apart.is_empty() {
        return;
    }
    text.push_str("### Findings\n\n");
    for finding in apart.iter().take(MOST) {
        let _ = writeln!(
            text,
            "- {} {}: {}",
            sign(finding.status),
            finding.status,
            escape(&finding.message)
        );
    }
    if apart.len() > MOST {
        let _ = writeln!(text, "- and {} more", apart.len() - MOST);
    }
    text.push('\n');
}

const fn sign(status: Status) -> &'static str {
    match status {
        Status::Ok => "✅",
        Status::TooFewRows => "❔",
        Status::Warn => "⚠️",
        Status::Fail => "❌",
    }
}

/// Returns text that GitHub shows as it is: no markup, no link, no mention, no cell border.
pub(in crate::reports) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in shorten(text, LONGEST).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // As entities, because automatic links and mentions ignore backslashes.
            '@' => escaped.push_str("&#64;"),
            ':' => escaped.push_str("&#58;"),
            '|' => escaped.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '!' | '$' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(character);
            }
            plain => escaped.push(plain),
        }
    }
    escaped.replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::sample;

    #[test]
    fn nothing_in_a_name_is_markup() {
        let text = text(&sample::failing());
        assert!(!text.contains("<script>") && !text.contains("http://"));
        assert!(text.contains("&lt;script&gt;alert('x')&lt;/script&gt;&#124;\\`a\\`"));
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    }

    #[test]
    fn every_row_of_the_table_has_five_cells() {
        let text = text(&sample::failing());
        let rows: Vec<_> = text
            .lines()
            .skip_while(|line| !line.starts_with("| Status"))
            .take_while(|line| line.starts_with('|'))
            .collect();
        assert_eq!(rows.len(), 2 + 7 + 1);
        for row in rows {
            assert_eq!(row.matches('|').count(), 6, "{row}");
        }
    }

    #[test]
    fn mentions_links_and_emphasis_stay_text() {
        assert_eq!(
            escape("@you *a* _b_ www.x.y https://x #1"),
            "&#64;you \\*a\\* \\_b\\_ www&#46;x.y https&#58;//x \\#1"
        );
    }

    #[test]
    fn more_than_fifty_features_are_counted() {
        let text = text(&sample::wide(60, 3));
        assert_eq!(text.matches("| ❌ FAIL |").count(), 50);
        assert!(text.contains("And 10 more features, 10 of them not OK."));
    }

    #[test]
    fn a_huge_report_stays_far_below_the_limit_of_a_step_summary() {
        let mut report = sample::wide(1000, 3);
        for feature in &mut report.features {
            feature.feature = "|".repeat(10_000);
            feature.reasons = vec!["|".repeat(10_000)];
        }
        assert!(text(&report).len() < 900_000);
    }

    #[test]
    fn findings_and_performance_have_their_sections() {
        let text = text(&sample::failing());
        assert!(text.contains("### Findings\n\n- ❌ FAIL: the current side lacks"));
        assert!(text.contains("### Performance: FAIL"));
        assert!(text.contains("| ROC AUC | 0.851 [0.839, 0.862] | 0.792 [0.780, 0.803] |"));
    }
}
