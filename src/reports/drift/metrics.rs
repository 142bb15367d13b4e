//! The drift report as Prometheus text, with the names of `metrics/names.rs`.

use super::{estimated, performance, segments};
use crate::data::{Period, Zone};
use crate::drift::alarm::AlarmReport;
use crate::drift::late_labels::LabelReport;
use crate::drift::over_time::{OverTime, WindowReport};
use crate::drift::report::{DriftReport, FindingKind, PerformanceReport, Status};
use crate::drift::segments::SegmentReport;
use crate::error::Result;
use crate::metrics::Exposition;
use crate::metrics::names;
use crate::text::visible;

/// Returns the Unix time of a report's verdict, given when its check ended; none if it has none.
#[must_use]
pub fn success(report: &DriftReport, ended_seconds: f64) -> Option<f64> {
    (report.status != Status::TooFewRows).then_some(ended_seconds)
}

/// Returns the text. `last_run_seconds` is the Unix time at which the check ended, `last_success_seconds`
/// the one at which a check last came to a verdict, unless others show it.
/// Names are label values as [`visible`] shows them: an alert about them is read by people.
///
/// # Errors
///
/// Fails only if the encoder does: a bug.
pub fn text(
    report: &DriftReport,
    last_run_seconds: f64,
    last_success_seconds: Option<f64>,
) -> Result<String> {
    let mut out = Exposition::new();
    let model = &*visible(&report.model);
    for feature in &report.features {
        let name = &*visible(&feature.feature);
        if let Some(psi) = feature.psi {
            out.set(&names::MODEL_DRIFT_SCORE, &[model, name], psi)?;
        }
        let status = feature.status.number();
        out.set(&names::DRIFT_FEATURE_STATUS, &[model, name], status)?;
        let share = feature.missing.share;
        for (side, share) in [("baseline", share.baseline), ("current", share.current)] {
            out.set(&names::DRIFT_MISSING_RATIO, &[model, name, side], share)?;
        }
    }
    if let Some(psi) = report.score.as_ref().and_then(|score| score.psi) {
        out.set(&names::DRIFT_SCORE_PSI, &[model], psi)?;
    }
    out.set(&names::DRIFT_MAX_PSI, &[model], report.overall_max_psi)?;
    out.set(&names::DRIFT_STATUS, &[model], report.status.number())?;
    for (side, rows) in [
        ("baseline", report.rows.baseline),
        ("current", report.rows.current),
    ] {
        out.set(&names::DRIFT_ROWS, &[model, side], rows as f64)?;
    }
    // Every kind, so that one that was not found is 0 and not absent.
    for kind in FindingKind::ALL {
        let found = report
            .findings
            .iter()
            .filter(|finding| finding.kind == kind)
            .count();
        out.set(
            &names::DRIFT_FINDINGS,
            &[model, kind.as_str()],
            found as f64,
        )?;
    }
    out.set(
        &names::DRIFT_LAST_RUN_TIMESTAMP_SECONDS,
        &[model],
        last_run_seconds,
    )?;
    if let Some(seconds) = last_success_seconds {
        let metric = &names::DRIFT_LAST_SUCCESS_TIMESTAMP_SECONDS;
        out.set(metric, &[model], seconds)?;
    }
    if let Some(figures) = &report.performance {
        performance(&mut out, model, figures)?;
    }
    let promised = report.estimated_performance.as_ref();
    if let Some(estimated) = promised.filter(|promised| promised.current.is_some()) {
        let status = estimated.status.number();
        out.set(&names::MODEL_ESTIMATED_STATUS, &[model], status)?;
        for figure in estimated::figures(estimated) {
            if let (Some(metric), Some(estimate)) = (figure.metric, figure.current) {
                out.set(metric, &[model], estimate.value)?;
            }
        }
    }
    if let Some(cut) = &report.over_time {
        windows(&mut out, model, cut, &report.windows)?;
    }
    if let Some(report) = &report.alarm {
        alarm(&mut out, model, report)?;
    }
    if let Some(labels) = &report.labels {
        late_labels(&mut out, model, labels)?;
    }
    if report.segments.is_some() {
        of_segments(&mut out, model, &segments::all(report))?;
    }
    out.finish()
}

fn late_labels(out: &mut Exposition, model: &str, report: &LabelReport) -> Result<()> {
    let (predictions, labels) = (&report.predictions, &report.labels);
    let unreadable = labels.without_key + labels.without_time + labels.without_value;
    for (state, count) in [
        ("matched", predictions.matched),
        ("unmatched", predictions.unmatched),
        ("immature", predictions.immature),
        ("conflicting", predictions.conflicting),
        (
            "left_out",
            predictions.without_time + predictions.without_key,
        ),
        ("too_early", labels.too_early),
        ("too_late", labels.too_late),
        ("without_prediction", labels.without_prediction),
        ("unreadable", unreadable + labels.future),
    ] {
        out.set(&names::DRIFT_LABELS, &[model, state], count as f64)?;
    }
    let watermark = report.watermark.parse::<jiff::Timestamp>();
    if let Ok(watermark) = watermark {
        let metric = &names::DRIFT_LABELS_WATERMARK_TIMESTAMP_SECONDS;
        out.set(metric, &[model], watermark.as_second() as f64)?;
    }
    if let Some(figures) = &report.performance {
        let side = [model, "realised"];
        out.set(&names::MODEL_LABELLED_ROWS, &side, figures.rows as f64)?;
        let share = figures.positives as f64 / figures.rows.max(1) as f64;
        out.set(&names::MODEL_POSITIVE_RATIO, &side, share)?;
        for (metric, estimate) in performance::metrics(figures) {
            out.set(metric, &side, estimate.value)?;
        }
    }
    Ok(())
}

fn windows(
    out: &mut Exposition,
    model: &str,
    cut: &OverTime,
    windows: &[WindowReport],
) -> Result<()> {
    let judged = || windows.iter().filter(|window| window.judged);
    for status in Status::ALL {
        let count = judged().filter(|window| window.status == status).count();
        let labels = [model, status.as_str()];
        out.set(&names::DRIFT_WINDOWS, &labels, count as f64)?;
    }
    let psi = judged().filter_map(|window| window.max_psi);
    out.set(
        &names::DRIFT_WINDOW_MAX_PSI,
        &[model],
        psi.fold(0.0, f64::max),
    )?;
    let end = judged().next_back();
    let end = end.and_then(|window| window.end.parse::<jiff::Timestamp>().ok());
    if let Some(end) = end {
        let metric = &names::DRIFT_WINDOW_END_TIMESTAMP_SECONDS;
        out.set(metric, &[model], end.as_second() as f64)?;
        if let Some(due) = next_end(cut, end) {
            let metric = &names::DRIFT_WINDOW_DUE_TIMESTAMP_SECONDS;
            out.set(metric, &[model], due.as_second() as f64)?;
        }
    }
    for (reason, rows) in [
        ("missing", cut.left_out.missing),
        ("unreadable", cut.left_out.unreadable),
        ("future", cut.left_out.future),
    ] {
        let labels = [model, reason];
        out.set(&names::DRIFT_WINDOW_LEFT_OUT_ROWS, &labels, rows as f64)?;
    }
    Ok(())
}

/// Returns when the window after one that ended then will end.
fn next_end(cut: &OverTime, end: jiff::Timestamp) -> Option<jiff::Timestamp> {
    let every: Period = cut.every.parse().ok()?;
    let zone: Zone = cut.time_zone.parse().ok()?;
    let next = every.after(zone.civil(end.as_second()), 1);
    zone.rfc3339(next).parse().ok()
}

fn alarm(out: &mut Exposition, model: &str, report: &AlarmReport) -> Result<()> {
    for policy in &report.policies {
        let fails = if policy.fails { 1.0 } else { 0.0 };
        out.set(&names::DRIFT_ALARM, &[model, &policy.policy], fails)?;
    }
    if let Some(evidence) = &report.evidence
        && let Some(last) = evidence.windows.last()
    {
        let share = last.evidence / evidence.limit;
        out.set(&names::DRIFT_ALARM_EVIDENCE_RATIO, &[model], share)?;
    }
    Ok(())
}

/// Segments with metrics of their own, the worst: each is a time series that is kept.
const MOST_SEGMENTS: usize = 20;

fn of_segments(out: &mut Exposition, model: &str, segments: &[&SegmentReport]) -> Result<()> {
    for status in Status::ALL {
        let count = segments
            .iter()
            .filter(|segment| segment.status == status)
            .count();
        let labels = [model, status.as_str()];
        out.set(&names::DRIFT_SEGMENTS, &labels, count as f64)?;
    }
    for segment in segments.iter().take(MOST_SEGMENTS) {
        let name = &*visible(&segment.segment);
        let status = segment.status.number();
        out.set(&names::DRIFT_SEGMENT_STATUS, &[model, name], status)?;
        if let Some(psi) = segment.max_psi {
            out.set(&names::DRIFT_SEGMENT_MAX_PSI, &[model, name], psi)?;
        }
        let rows = segment.rows;
        for (side, rows) in [("baseline", rows.baseline), ("current", rows.current)] {
            out.set(
                &names::DRIFT_SEGMENT_ROWS,
                &[model, name, side],
                rows as f64,
            )?;
        }
    }
    Ok(())
}

fn performance(out: &mut Exposition, model: &str, report: &PerformanceReport) -> Result<()> {
    for (side, figures) in [("baseline", &report.baseline), ("current", &report.current)] {
        let rows = figures.rows as f64;
        out.set(&names::MODEL_LABELLED_ROWS, &[model, side], rows)?;
        if figures.rows > 0 {
            let share = figures.positives as f64 / rows;
            out.set(&names::MODEL_POSITIVE_RATIO, &[model, side], share)?;
        }
    }
    for figure in performance::figures(report) {
        let Some(metric) = figure.metric else {
            continue;
        };
        for (side, estimate) in [("baseline", figure.baseline), ("current", figure.current)] {
            if let Some(estimate) = estimate {
                out.set(metric, &[model, side], estimate.value)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::names::{OF_DRIFT, OF_LABELS, OF_SEGMENTS, OF_WINDOWS};
    use crate::reports::drift::sample;
    use crate::reports::drift::segments::tests::by_contract;

    #[test]
    fn the_figures_are_exact() {
        let text =
            text(&sample::failing(), 1_795_136_403.0, Some(1_795_136_403.0)).expect("encodes");
        for line in [
            "model_drift_score{feature=\"contract\",model=\"telco\"} 0.4103",
            "churn_drift_max_psi{model=\"telco\"} 0.4103",
            "churn_drift_score_psi{model=\"telco\"} 0.18",
            "churn_drift_status{model=\"telco\"} 2",
            "churn_drift_feature_status{feature=\"monthly_charges\",model=\"telco\"} 1",
            "churn_drift_rows{model=\"telco\",side=\"current\"} 2000",
            "churn_drift_missing_ratio{feature=\"tenure\",model=\"telco\",side=\"current\"} 1",
            "churn_drift_findings{kind=\"all_missing\",model=\"telco\"} 1",
            "churn_drift_findings{kind=\"infinities\",model=\"telco\"} 0",
            "churn_drift_last_run_timestamp_seconds{model=\"telco\"} 1795136403",
            "churn_drift_last_success_timestamp_seconds{model=\"telco\"} 1795136403",
            "churn_model_roc_auc{model=\"telco\",side=\"current\"} 0.792",
            "churn_model_positive_ratio{model=\"telco\",side=\"baseline\"} 0.265",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
    }

    #[test]
    fn too_few_rows_to_tell_lies_below_zero() {
        let text =
            text(&sample::too_few(), 0.0, success(&sample::too_few(), 0.0)).expect("encodes");
        assert!(
            text.contains("churn_drift_status{model=\"telco\"} -1\n")
                && !text.contains("last_success"),
            "{text}"
        );
    }

    #[test]
    fn a_feature_without_psi_has_no_score_but_a_status() {
        let text = text(&sample::failing(), 0.0, Some(0.0)).expect("encodes");
        assert!(!text.contains("model_drift_score{feature=\"tenure\""));
        assert!(text.contains("churn_drift_feature_status{feature=\"tenure\",model=\"telco\"} 2"));
    }

    #[test]
    fn every_name_of_the_list_is_written_and_no_other() {
        let text = text(&sample::failing(), 0.0, Some(0.0)).expect("encodes");
        let mut written: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
            .collect();
        let mut known: Vec<_> = OF_DRIFT.iter().map(|metric| metric.name).collect();
        written.sort_unstable();
        known.sort_unstable();
        assert_eq!(written, known);
    }

    #[test]
    fn windows_are_counted_by_verdict() {
        let text = text(&sample::over_time(), 0.0, None).expect("encodes");
        for line in [
            "churn_drift_windows{model=\"telco\",status=\"FAIL\"} 1",
            "churn_drift_windows{model=\"telco\",status=\"WARN\"} 0",
            "churn_drift_window_max_psi{model=\"telco\"} 1.17",
            // date -d 2026-01-04T00:00:00+01:00 +%s
            "churn_drift_window_end_timestamp_seconds{model=\"telco\"} 1767481200",
            // date -d 2026-01-05T00:00:00+01:00 +%s
            "churn_drift_window_due_timestamp_seconds{model=\"telco\"} 1767567600",
            "churn_drift_alarm{model=\"telco\",policy=\"any\"} 1",
            "churn_drift_alarm{model=\"telco\",policy=\"2/3\"} 0",
            "churn_drift_window_left_out_rows{model=\"telco\",reason=\"missing\"} 2",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
        for metric in OF_WINDOWS {
            assert!(
                text.contains(&format!("# TYPE {} ", metric.name)),
                "{}",
                metric.name
            );
        }
    }

    #[test]
    fn late_labels_are_counted_by_what_became_of_them() {
        let text = text(&sample::with_labels(), 0.0, None).expect("encodes");
        for line in [
            "churn_drift_labels{model=\"telco\",state=\"matched\"} 90",
            "churn_drift_labels{model=\"telco\",state=\"immature\"} 1000",
            "churn_drift_labels{model=\"telco\",state=\"too_early\"} 20",
            // date -u -d 2026-03-01 +%s
            "churn_drift_labels_watermark_timestamp_seconds{model=\"telco\"} 1772323200",
            "churn_model_roc_auc{model=\"telco\",side=\"realised\"} 0.792",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
        for metric in OF_LABELS {
            let typed = format!("# TYPE {} ", metric.name);
            assert!(text.contains(&typed), "{}", metric.name);
        }
    }

    #[test]
    fn the_worst_segments_have_metrics_of_their_own() {
        let mut report = by_contract();
        let quiet = segments::cuts(&report)[0].segments[1].clone();
        if let Some(segments) = &mut report.segments {
            let more = (0..30).map(|at| SegmentReport {
                segment: format!("contract={at}"),
                ..quiet.clone()
            });
            segments.cuts[0].segments.extend(more);
        }
        let text = text(&report, 0.0, None).expect("encodes");
        for line in [
            "churn_drift_segments{model=\"telco\",status=\"OK\"} 31",
            "churn_drift_segment_status{model=\"telco\",segment=\"contract=Two <year>\"} 2",
            "churn_drift_segment_max_psi{model=\"telco\",segment=\"contract=Two <year>\"} 2.12",
            "churn_drift_segment_rows{model=\"telco\",segment=\"contract=Two <year>\",side=\"current\"} 500",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
        for metric in OF_SEGMENTS {
            assert!(text.contains(&format!("# TYPE {} ", metric.name)));
        }
        assert_eq!(
            text.matches("\nchurn_drift_segment_status{").count(),
            MOST_SEGMENTS
        );
    }

    #[test]
    fn control_characters_reach_no_label() {
        let text = text(&sample::failing(), 0.0, Some(0.0)).expect("encodes");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
        assert!(text.lines().all(|line| line.starts_with(['#', 'c', 'm'])));
    }
}
