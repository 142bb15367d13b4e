//! What is kept of the check of a window of time or of a segment: verdict, figures and reasons, without bins.

use super::finding::Finding;
use super::over_time::{
    WindowDistances, WindowEstimate, WindowFeature, WindowPerformance, WindowReport,
};
use super::report::{DriftReport, FeatureReport, Sides};
use super::status::Status;

/// Makes the report of a window of which nothing is known but its rows.
pub(super) fn empty_window(window: String, rows: Sides<u64>) -> WindowReport {
    WindowReport {
        window,
        start: String::new(),
        end: String::new(),
        complete: true,
        judged: true,
        status: Status::TooFewRows,
        rows,
        max_psi: None,
        worst_feature: None,
        features: Vec::new(),
        score: None,
        performance: None,
        estimated: None,
        findings: Vec::new(),
    }
}

/// Takes over what a check says.
pub(super) fn summarise(shown: &mut WindowReport, report: &DriftReport) {
    shown.status = report.status;
    shown.rows = report.rows;
    shown.max_psi = Some(report.overall_max_psi);
    let first = report.features.first();
    shown.worst_feature = first.map(|feature| feature.feature.clone());
    shown.features = report.features.iter().map(feature_of).collect();
    shown.features.sort_by(|a, b| a.feature.cmp(&b.feature));
    shown.score = report.score.as_ref().map(feature_of);
    let performance = report.performance.as_ref();
    shown.performance = performance.map(|figures| WindowPerformance {
        status: figures.status,
        reasons: figures.reasons.clone(),
        rows: figures.current.rows,
        positives: figures.current.positives,
        roc_auc: figures.current.roc_auc,
        average_precision: figures.current.average_precision,
        log_loss: figures.current.log_loss,
        brier: figures.current.brier,
        accuracy: figures.current.accuracy,
        precision: figures.current.precision,
        recall: figures.current.recall,
        specificity: figures.current.specificity,
        f1: figures.current.f1,
        cost: figures.current.cost,
    });
    let estimated = report.estimated_performance.as_ref();
    shown.estimated = estimated.map(|promised| {
        let current = promised.current.as_ref();
        WindowEstimate {
            status: promised.status,
            reasons: promised.reasons.clone(),
            roc_auc: current.and_then(|figures| figures.roc_auc),
            average_precision: current.and_then(|figures| figures.average_precision),
            log_loss: current.and_then(|figures| figures.log_loss),
            brier: current.and_then(|figures| figures.brier),
            accuracy: current.and_then(|figures| figures.accuracy),
            precision: current.and_then(|figures| figures.precision),
            recall: current.and_then(|figures| figures.recall),
            specificity: current.and_then(|figures| figures.specificity),
            f1: current.and_then(|figures| figures.f1),
            cost: current.and_then(|figures| figures.cost),
        }
    });
    let worth = |finding: &&Finding| finding.status > Status::Ok;
    shown.findings = report.findings.iter().filter(worth).cloned().collect();
}

fn feature_of(feature: &FeatureReport) -> WindowFeature {
    WindowFeature {
        feature: feature.feature.clone(),
        status: feature.status,
        psi: feature.psi,
        missing: feature.missing.share.current,
        distances: distances_of(feature),
        reasons: feature.reasons.clone(),
    }
}

/// Returns the distances of a feature beside its PSI, as far as it has them.
fn distances_of(feature: &FeatureReport) -> Option<WindowDistances> {
    // Without a PSI one of the sides has no values, and the distances stand for nothing.
    feature.psi?;
    let numeric = feature.numeric.as_ref();
    let categorical = feature.categorical.as_ref();
    let of_numbers = numeric.map(|one| (one.jensen_shannon_distance, one.hellinger_distance));
    let of_texts = categorical.map(|one| (one.jensen_shannon_distance, one.hellinger_distance));
    let (jensen_shannon, hellinger) = of_numbers.or(of_texts)?;
    Some(WindowDistances {
        jensen_shannon,
        hellinger,
        ks: numeric.map(|numeric| numeric.ks_statistic),
        wasserstein: numeric.and_then(|numeric| numeric.wasserstein_in_standard_deviations),
        l_infinity: categorical.map(|categorical| categorical.l_infinity_distance),
    })
}
