//! The drift report for a Job's log: one line a thing, aligned, greppable, the verdict last.
//! No colour, no box, no glyphs: what a log viewer of any kind can show.

use std::fmt::Write as _;

use super::{
    View, alarm, consequence, estimated, labels, multivariate, performance, segments, verdict,
    windows,
};
use crate::drift::late_labels::LabelReport;
use crate::drift::report::{DriftReport, FeatureReport};
use crate::reports::format;
use crate::text::{pad, shorten, visible, width};

/// Returns the lines, each ended by a newline: `STATUS  what  name  figures  reasons`.
#[must_use]
pub fn text(report: &DriftReport, view: View) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "drift of {}: baseline {} ({}), current {} ({})",
        visible(&report.model),
        visible(&report.baseline),
        format::counted(report.rows.baseline, "row", "rows"),
        visible(&report.current),
        format::counted(report.rows.current, "row", "rows"),
    );
    windows_lines(&mut text, report);
    segments_lines(&mut text, report);
    let (features, score) = (view.features(report), view.score(report));
    let names = (features.iter().copied().chain(score))
        .map(|feature| width(&name(feature)))
        .max()
        .unwrap_or(0);
    for feature in features {
        feature_line(&mut text, report, "feature", feature, names);
    }
    if let Some(score) = score {
        feature_line(&mut text, report, "score", score, names);
    }
    if let Some(note) = view.note(report) {
        line(&mut text, "", "note", &note);
    }
    for finding in verdict::findings_apart(report) {
        line(
            &mut text,
            finding.status.as_str(),
            "finding",
            &format!("{}: {}", finding.kind.as_str(), visible(&finding.message)),
        );
    }
    if let Some(report) = &report.performance {
        let status = report.status.as_str();
        for reason in &report.reasons {
            line(&mut text, status, "performance", &visible(reason));
        }
        for figure in performance::figures(report) {
            line(
                &mut text,
                "",
                "performance",
                &performance::line(&figure, "->").replace('–', "-"),
            );
        }
    }
    if let Some(report) = &report.labels {
        labels_lines(&mut text, report);
    }
    if let Some(report) = &report.estimated_performance {
        for reason in &report.reasons {
            line(
                &mut text,
                report.status.as_str(),
                "estimated",
                &visible(reason),
            );
        }
        for figure in estimated::lines(report, "->") {
            line(&mut text, "", "estimated", &figure.replace('–', "-"));
        }
        if let Some(said) = estimated::reweighted(report) {
            line(&mut text, "", "estimated", &said.replace('–', "-"));
        }
    }
    if let Some(consequences) = &report.consequences {
        let summary = consequence::summary(consequences, "->");
        line(&mut text, "", "consequence", &summary);
        for column in consequence::lines(report, "->") {
            line(&mut text, "", "consequence", &column.replace('–', "-"));
        }
    }
    if let Some(together) = &report.multivariate {
        let summary = multivariate::summary(together);
        let status = together.status().as_str();
        line(&mut text, status, "together", &summary);
        for one in multivariate::lines(together, "->") {
            line(&mut text, "", "together", &visible(&one));
        }
    }
    for left_out in &report.left_out {
        line(
            &mut text,
            "",
            "left-out",
            &format!(
                "{} ({}): {}",
                shorten(&left_out.column, verdict::LONGEST_NAME),
                left_out.role.as_str(),
                visible(&left_out.reason)
            ),
        );
    }
    let _ = writeln!(text, "{}", verdict::line(report));
    text
}

fn windows_lines(text: &mut String, report: &DriftReport) {
    let windows = windows::listed(&report.windows);
    let names = windows.iter().map(|window| width(&window.window));
    let names = names.max().unwrap_or(0);
    for window in &windows {
        let rest = format!(
            "{}  rows={} psi={}{} worst={}  {}",
            pad(&window.window, names),
            window.rows.current,
            windows::psi(window),
            windows::estimated_auc(window)
                .map_or(String::new(), |auc| format!(" estimated_auc={auc}")),
            windows::worst_feature(window),
            windows::remark(window)
        );
        let rest = rest.replace('–', "-");
        line(
            text,
            &windows::status(window).replace('–', "-"),
            "window",
            &rest,
        );
    }
    for alarm in alarm::lines(report) {
        line(text, "", "alarm", &alarm);
    }
    if let Some(window) = windows::last(report) {
        let said = format!(
            "features below are of the last complete one, {}",
            window.window
        );
        line(text, "", "window", &said);
    }
}

fn labels_lines(text: &mut String, report: &LabelReport) {
    for window in &report.windows {
        let [window, mature, churned, auc, precision, loss] = labels::row(window);
        let rest = format!(
            "{window}  mature={} churned={churned} roc_auc={auc} average_precision={precision} \
             log_loss={loss}",
            mature.replace(" of ", "/")
        );
        line(text, "", "labels", &rest.replace('–', "-"));
    }
    for said in [
        labels::realised(report),
        labels::predictions(report),
        labels::labels(report),
    ] {
        line(text, "", "labels", &said.replace('–', "-"));
    }
}

fn segments_lines(text: &mut String, report: &DriftReport) {
    for cut in segments::cuts(report) {
        let names = cut
            .segments
            .iter()
            .map(|segment| width(&segments::name(segment)));
        let names = names.max().unwrap_or(0);
        for segment in &cut.segments {
            let rest = format!(
                "{}  rows={} share={} psi={}  {}",
                pad(&segments::name(segment), names),
                segment.rows.current,
                format::change(segment.share.baseline, segment.share.current, "->")
                    .replace(' ', ""),
                segments::psi(segment).replace('–', "-"),
                segments::remark(segment)
            );
            line(text, segment.status.as_str(), "segment", &rest);
        }
        for feature in segments::worth_splitting(cut, usize::MAX) {
            let rest = format!(
                "{}  psi={} mix={} within={}  {}",
                shorten(&feature.feature, verdict::LONGEST_NAME),
                format::psi(feature.psi),
                segments::part(feature.mix),
                segments::part(feature.within),
                visible(&segments::made_by(feature))
            );
            line(text, "", "made-by", &rest);
        }
    }
}

fn line(text: &mut String, status: &str, what: &str, rest: &str) {
    let whole = format!("{status:<4}  {what:<11}  {rest}");
    text.push_str(whole.trim_end());
    text.push('\n');
}

fn feature_line(
    text: &mut String,
    report: &DriftReport,
    what: &str,
    feature: &FeatureReport,
    names: usize,
) {
    let limits = verdict::limits(report, &feature.feature);
    let psi = feature.psi.map_or_else(
        || "-".to_owned(),
        |psi| format!("{}{}", format::psi(psi), verdict::mark(psi, limits)),
    );
    let share = feature.missing.share;
    let reasons: Vec<_> = feature
        .reasons
        .iter()
        .map(|reason| visible(reason))
        .collect();
    let rest = format!(
        "{}  psi={psi:<8}  missing={:<15}  {}",
        pad(&name(feature), names),
        format::change(share.baseline, share.current, "->").replace(' ', ""),
        reasons.join("; ")
    );
    line(text, feature.status.as_str(), what, &rest);
}

fn name(feature: &FeatureReport) -> String {
    shorten(&feature.feature, verdict::LONGEST_NAME).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::sample;

    #[test]
    fn a_quiet_report_is_three_lines() {
        assert_eq!(
            text(&sample::calm(), View::default()),
            "drift of telco: baseline examples/data/telco_baseline.csv (7,043 rows), current \
             examples/data/telco_shifted.csv (2,000 rows)\n\
             OK    feature      total_charges  psi=0.021     missing=0.0%\n\
             OK  none of 1 feature drifted; highest: total_charges PSI 0.021 (threshold 0.1)\n"
        );
    }

    #[test]
    fn every_thing_is_one_line_and_the_verdict_is_last() {
        let report = sample::failing();
        let text = text(&report, View::default());
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[1].starts_with("FAIL  feature      contract "));
        assert!(lines[1].contains("psi=0.410!!"));
        assert!(lines[2].contains("psi=-") && lines[2].contains("missing=0.0%->100.0%"));
        assert_eq!(lines.last().copied(), Some(verdict::line(&report).as_str()));
        assert!(text.contains("\nWARN  score        churn_score "));
        assert!(text.contains("\nFAIL  finding      absent_column: "));
        assert!(text.contains("\n      left-out     customer_id (id): "));
        assert!(text.contains("\n      performance  Log loss 0.415 "));
    }

    #[test]
    fn figures_of_features_stand_below_each_other() {
        let text = text(&sample::failing(), View::default());
        let columns: std::collections::BTreeSet<_> = text
            .lines()
            .filter_map(|line| Some(width(line.split_once("psi=")?.0)))
            .collect();
        assert_eq!(columns.len(), 1, "{text}");
    }

    #[test]
    fn nothing_from_the_data_can_steer_a_terminal() {
        let text = text(&sample::failing(), View::default());
        assert_eq!(
            visible(&text.replace('\n', "")),
            text.replace('\n', "").as_str()
        );
    }
}
