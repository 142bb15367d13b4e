//! The drift report as one self-contained HTML page: no script, no network, small whatever the
//! rows. The frame, its escaping and the plots are `page/`'s.

use serde::Serialize;

use super::html_feature::{self, Row, Section};
use super::{
    consequence, definitions, estimated, html_segments, html_windows, labels, multivariate,
    performance, verdict,
};
use crate::drift::late_labels::LabelReport;
use crate::drift::multivariate::MultivariateReport;
use crate::drift::report::{DriftReport, PerformanceReport, Status};
use crate::drift::{Calibration, EstimatedReport};
use crate::error::Result;
use crate::page::Page;
use crate::page::frame::render;
use crate::reports::format;
use crate::stats::classification::Estimate;
use crate::text::shorten;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// Features that get a section of their own, worst first; the rest is in the table only.
const MOST_SECTIONS: usize = 100;
/// Findings and left-out columns that are listed.
const MOST_LISTED: usize = 200;

#[derive(Serialize)]
struct View {
    title: String,
    status: &'static str,
    sentence: String,
    model: String,
    created_at: String,
    version: String,
    baseline: String,
    current: String,
    baseline_rows: String,
    current_rows: String,
    failed: String,
    warned: String,
    /// How many features had too few rows; none if none had.
    unjudged: Option<String>,
    compared: String,
    max_psi: String,
    windows: Option<html_windows::View>,
    segments: Vec<html_segments::View>,
    features: Vec<Row>,
    sections: Vec<Section>,
    without_section: usize,
    has_score: bool,
    performance: Option<PerformanceView>,
    labels: Option<LabelsView>,
    estimated: Option<EstimatedView>,
    consequences: Option<ConsequencesView>,
    multivariate: Option<MultivariateView>,
    findings: Vec<FindingView>,
    findings_more: usize,
    left_out: Vec<(String, &'static str, String)>,
    left_out_more: usize,
    thresholds: Vec<(String, f64, f64)>,
    sizes: [(&'static str, f64, f64); 3],
    min_rows: String,
    definitions: &'static [definitions::Definition],
}

#[derive(Serialize)]
struct FindingView {
    status: &'static str,
    kind: String,
    feature: String,
    message: String,
}

#[derive(Serialize)]
struct LabelsView {
    said: [String; 3],
    heads: [&'static str; 6],
    rows: Vec<[String; 6]>,
    more: usize,
}

#[derive(Serialize)]
struct PerformanceView {
    status: &'static str,
    reasons: Vec<String>,
    label: String,
    positive: String,
    threshold: f64,
    rows: (String, String),
    positives: (String, String),
    figures: Vec<(&'static str, String, String)>,
    confusion: [(&'static str, String, String); 4],
}

/// Returns the whole page.
///
/// # Errors
///
/// Fails only if the template does: a bug. Does *not* fail on any text in the report.
pub fn page(report: &DriftReport) -> Result<String> {
    let view = view(report);
    let body = render(TEMPLATE, &view)?;
    Page {
        title: &view.title,
        style: STYLE,
        body: &body,
    }
    .render()
}

fn view(report: &DriftReport) -> View {
    let count = |status| {
        let found = report.features.iter().filter(|f| f.status == status);
        format::count(found.count() as u64)
    };
    let id = |at| format!("f{at}");
    let mut features: Vec<_> = (0..)
        .zip(&report.features)
        .map(|(at, feature)| html_feature::row(report, feature, &id(at), at < MOST_SECTIONS))
        .collect();
    let mut sections = Vec::new();
    if let Some(score) = &report.score {
        features.push(html_feature::row(report, score, "score", true).noted("score"));
        let heading = Some("Score");
        sections.push(html_feature::section(
            report,
            score,
            "score".to_owned(),
            heading,
        ));
    }
    for (at, feature) in (0..MOST_SECTIONS).zip(&report.features) {
        let heading = (at == 0).then_some("Feature by feature");
        sections.push(html_feature::section(report, feature, id(at), heading));
    }
    // Those of a feature stand with the feature.
    let findings: Vec<_> = verdict::findings_apart(report).collect();
    let left_out = report.left_out.iter().take(MOST_LISTED);
    View {
        title: format!("{}: drift of {}", report.status, report.model),
        status: report.status.as_str(),
        sentence: verdict::sentence(report),
        model: report.model.clone(),
        created_at: report.created_at.clone(),
        version: report.churnctl_version.clone(),
        baseline: report.baseline.clone(),
        current: report.current.clone(),
        baseline_rows: format::counted(report.rows.baseline, "row", "rows"),
        current_rows: format::counted(report.rows.current, "row", "rows"),
        failed: count(Status::Fail),
        warned: count(Status::Warn),
        unjudged: Some(count(Status::TooFewRows)).filter(|count| count != "0"),
        compared: format::count(report.features.len() as u64),
        max_psi: format::psi(report.overall_max_psi),
        windows: html_windows::view(report),
        segments: html_segments::views(report),
        features,
        sections,
        has_score: report.score.is_some(),
        without_section: report.features.len().saturating_sub(MOST_SECTIONS),
        performance: report.performance.as_ref().map(performance_view),
        labels: report.labels.as_ref().map(labels_view),
        estimated: report.estimated_performance.as_ref().map(estimated_view),
        consequences: consequences_view(report),
        multivariate: report.multivariate.as_ref().map(multivariate_view),
        findings_more: findings.len().saturating_sub(MOST_LISTED),
        findings: findings
            .into_iter()
            .take(MOST_LISTED)
            .map(|finding| FindingView {
                status: finding.status.as_str(),
                kind: finding.kind.as_str().replace('_', " "),
                feature: shorten(finding.feature.as_deref().unwrap_or_default(), 80).into_owned(),
                message: format::held_together(&shorten(&finding.message, 400), "→"),
            })
            .collect(),
        left_out: left_out
            .map(|column| {
                (
                    shorten(&column.column, 80).into_owned(),
                    column.role.as_str(),
                    shorten(&column.reason, 400).into_owned(),
                )
            })
            .collect(),
        left_out_more: report.left_out.len().saturating_sub(MOST_LISTED),
        thresholds: thresholds(report),
        sizes: sizes(report),
        min_rows: format::count(report.thresholds.min_rows),
        definitions: definitions::ALL,
    }
}

fn thresholds(report: &DriftReport) -> Vec<(String, f64, f64)> {
    let all = &report.thresholds;
    let own = all
        .by_feature
        .iter()
        .take(MOST_LISTED)
        .map(|(name, own)| (shorten(name, 80).into_owned(), own.warn_psi, own.fail_psi));
    let usual = if all.by_feature.is_empty() {
        "every feature"
    } else {
        "every other feature"
    };
    let fixed = own.chain([(usual.to_owned(), all.warn_psi, all.fail_psi)]);
    // Those of the baseline's own windows say by name what counts.
    let of_windows = report
        .psi_limits
        .iter()
        .flat_map(|limits| limits.psi.keys());
    let of_windows = of_windows.take(MOST_LISTED).map(|name| {
        let limits = verdict::limits(report, name);
        let name = format!("{}, with the baseline's windows", shorten(name, 80));
        (name, limits.warn_psi, limits.fail_psi)
    });
    fixed.chain(of_windows).collect()
}

/// The sizes that are the same for all features, or nearly all.
fn sizes(report: &DriftReport) -> [(&'static str, f64, f64); 3] {
    let sizes = &report.thresholds.sizes;
    [
        (
            "Distance, in standard deviations",
            sizes.warn_distance,
            sizes.fail_distance,
        ),
        (
            "Ratio of the shares of a value",
            sizes.warn_share_ratio,
            sizes.fail_share_ratio,
        ),
        (
            "Share beyond the range, in a gap, or of such a value",
            sizes.warn_new_share,
            sizes.fail_new_share,
        ),
    ]
}

/// Returns the windows of late labels, the last ones where they are many.
fn labels_view(report: &LabelReport) -> LabelsView {
    let windows = report.windows.iter().rev().take(MOST_LISTED);
    LabelsView {
        said: [
            labels::realised(report),
            labels::predictions(report),
            labels::labels(report),
        ],
        heads: labels::HEADS,
        rows: windows.map(labels::row).collect(),
        more: report.windows.len().saturating_sub(MOST_LISTED),
    }
}

#[derive(Serialize)]
struct EstimatedView {
    status: &'static str,
    reasons: Vec<String>,
    meaning: &'static str,
    threshold: f64,
    figures: Vec<(&'static str, String, String)>,
    reweighted: Option<String>,
}

#[derive(Serialize)]
struct ConsequencesView {
    summary: String,
    heads: [&'static str; consequence::HEADS.len()],
    rows: Vec<Vec<String>>,
    more: usize,
}

fn consequences_view(report: &DriftReport) -> Option<ConsequencesView> {
    let rows = consequence::rows(report, MOST_LISTED);
    let cells = rows
        .iter()
        .map(|row| row.cells().map(str::to_owned).to_vec());
    Some(ConsequencesView {
        summary: consequence::summary(report.consequences.as_ref()?, "→"),
        heads: consequence::HEADS,
        rows: cells.collect(),
        more: report.features.len().saturating_sub(MOST_LISTED),
    })
}

#[derive(Serialize)]
struct MultivariateView {
    status: &'static str,
    summary: String,
    features: Vec<[String; 2]>,
    heads: [&'static str; multivariate::HEADS.len()],
    pairs: Vec<[String; multivariate::HEADS.len()]>,
}

fn multivariate_view(report: &MultivariateReport) -> MultivariateView {
    MultivariateView {
        status: report.status().as_str(),
        summary: multivariate::summary(report),
        features: multivariate::features(report),
        heads: multivariate::HEADS,
        pairs: multivariate::pairs(report),
    }
}

fn estimated_view(report: &EstimatedReport) -> EstimatedView {
    let figures = estimated::figures(report);
    let figures = figures.iter().map(|figure| {
        let (before, now) = (interval(figure.baseline), interval(figure.current));
        (figure.name, before, now)
    });
    EstimatedView {
        status: report.status.as_str(),
        reasons: report.reasons.clone(),
        meaning: match report.calibration {
            Calibration::Scores => {
                "the probability that it claims to be, which the baseline's labels do not contradict"
            }
            Calibration::Isotonic => {
                "the share of churned rows that the baseline has at about this score"
            }
        },
        threshold: report.threshold,
        figures: figures.collect(),
        reweighted: estimated::reweighted(report),
    }
}

fn performance_view(report: &PerformanceReport) -> PerformanceView {
    let both = |baseline, current| (format::count(baseline), format::count(current));
    let (baseline, current) = (&report.baseline.confusion, &report.current.confusion);
    let cell = |name, baseline, current| (name, format::count(baseline), format::count(current));
    PerformanceView {
        status: report.status.as_str(),
        reasons: report
            .reasons
            .iter()
            .map(|reason| format::held_together(reason, "→"))
            .collect(),
        label: report.label.clone(),
        positive: report.positive.clone(),
        threshold: report.threshold,
        rows: both(report.baseline.rows, report.current.rows),
        positives: both(report.baseline.positives, report.current.positives),
        figures: performance::figures(report)
            .iter()
            .map(|figure| {
                (
                    figure.name,
                    interval(figure.baseline),
                    interval(figure.current),
                )
            })
            .collect(),
        confusion: [
            cell(
                "True positives",
                baseline.true_positives,
                current.true_positives,
            ),
            cell(
                "False negatives",
                baseline.false_negatives,
                current.false_negatives,
            ),
            cell(
                "False positives",
                baseline.false_positives,
                current.false_positives,
            ),
            cell(
                "True negatives",
                baseline.true_negatives,
                current.true_negatives,
            ),
        ],
    }
}

/// Returns the estimate so that a narrow screen breaks the line before the interval, not in it.
fn interval(estimate: Option<Estimate>) -> String {
    performance::estimate(estimate).replace(", ", ",\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::sample;

    #[test]
    fn a_page_of_100_features_with_30_bins_is_less_than_a_megabyte() {
        let page = page(&sample::wide(100, 30)).expect("renders");
        assert!(page.len() <= 1_000_000, "{} bytes", page.len());
    }

    #[test]
    fn features_beyond_the_hundredth_stand_in_the_table_only() {
        let page = page(&sample::wide(120, 3)).expect("renders");
        assert_eq!(page.matches("<section class=\"feature is-").count(), 100);
        assert!(page.contains("a_feature_with_a_long_name_0119"));
        assert!(page.contains("20 more features"));
    }

    #[test]
    fn a_finding_names_its_column_and_stands_with_its_feature_where_it_has_one() {
        let mut report = sample::failing();
        let mut absent = report.findings[0].clone();
        absent.feature = Some("a column that is gone".to_owned());
        absent.message = "what was found of it".to_owned();
        let mut of_feature = absent.clone();
        of_feature.feature = Some(report.features[0].feature.clone());
        of_feature.message = "what its own section says".to_owned();
        report.findings = vec![absent, of_feature];
        let page = page(&report).expect("renders");
        let list = page.split("<h2 id=\"findings\">").nth(1).expect("a list");
        let list = list.split("</table>").next().expect("its table");
        assert!(list.contains("<td class=\"data\">a column that is gone</td>"));
        assert!(list.contains("what was found of it") && !list.contains("its own section"));
    }

    #[test]
    fn no_markup_comes_from_the_data_and_nothing_runs() {
        let mut report = sample::failing();
        let evil = sample::EVIL.to_owned();
        report.model.clone_from(&evil);
        report.baseline.clone_from(&evil);
        report.current.clone_from(&evil);
        report.created_at.clone_from(&evil);
        report.left_out[0].reason.clone_from(&evil);
        report.findings[0].message.clone_from(&evil);
        if let Some(performance) = &mut report.performance {
            performance.label.clone_from(&evil);
            performance.positive.clone_from(&evil);
            performance.reasons = vec![evil];
        }
        let page = page(&report).expect("renders").to_lowercase();
        assert!(!page.contains("<script") && !page.contains(" onload"));
        assert!(!page.contains("href=\"http") && !page.contains(" src="));
        assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'));
        assert!(page.contains("&lt;script&gt;"));
    }

    #[test]
    fn every_link_in_the_page_has_its_target_once() {
        let page = page(&sample::failing()).expect("renders");
        let mut targets: Vec<&str> = page
            .split(" id=\"")
            .skip(1)
            .filter_map(|part| part.split('"').next())
            .collect();
        for link in page.split("href=\"#").skip(1) {
            let target = link.split('"').next().expect("a quote");
            assert!(targets.contains(&target), "#{target} leads nowhere");
        }
        let all = targets.len();
        targets.sort_unstable();
        targets.dedup();
        assert_eq!(targets.len(), all, "an id is there twice");
    }

    #[test]
    fn every_part_of_the_report_is_on_the_page() {
        let page = page(&sample::failing()).expect("renders");
        for part in [
            "4 of 8 features drifted",
            "7,043 rows",
            "the current side lacks the column device_protection",
            "customer_id",
            "a value of its own in every row",
            "ROC AUC fell from 0.851 to 0.792",
            "0.792 [0.780,\u{a0}0.803]",
            "False negatives",
            "Σ (qᵢ − pᵢ) · ln(qᵢ &#x2f; pᵢ)",
            "every other feature",
            "churn_score",
            "2026-11-20T01:00:03Z",
        ] {
            assert!(page.contains(part), "{part} is not on the page");
        }
    }

    #[test]
    fn too_few_rows_have_a_badge_and_are_counted() {
        let page = page(&sample::too_few()).expect("renders");
        assert!(page.contains("<span class=\"badge TOO_FEW_ROWS\">"));
        assert!(page.contains("1 more with too few rows"));
    }

    #[test]
    fn a_report_with_nothing_to_say_still_renders() {
        let mut report = sample::calm();
        report.features.clear();
        let page = page(&report).expect("renders");
        assert!(!page.contains("id=\"score\"") && !page.contains("id=\"performance\""));
    }
}
