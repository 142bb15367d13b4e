//! A verdict in one line, and the headline of each thing that is behind it. The verdict itself
//! is made in `drift/`; here it is only worded.

use super::{segments, windows};
use crate::drift::LimitSource;
use crate::drift::report::{
    DriftReport, FeatureReport, FeatureThresholds, Finding, FindingKind, Status,
};
use crate::reports::format;
use crate::text::shorten;

/// Longest name of a column in a line of text, in terminal columns.
pub const LONGEST_NAME: usize = 40;
/// Longest sentence that stands for a reason, in terminal columns.
const LONGEST_REASON: usize = 160;

/// Returns the thresholds that a feature was judged by.
#[must_use]
pub fn limits(report: &DriftReport, feature: &str) -> FeatureThresholds {
    let own = report.thresholds.by_feature.get(feature).copied();
    let fixed = own.unwrap_or_else(|| report.thresholds.general());
    let of_windows = report.psi_limits.as_ref();
    let limit = of_windows.and_then(|limits| Some((limits.thresholds, *limits.psi.get(feature)?)));
    // As the reasons write them.
    let shown = |psi: f64| (psi * 1_000.0).round() / 1_000.0;
    let (warn_psi, fail_psi) = match limit {
        Some((LimitSource::Both, psi)) => {
            let least = |fixed: f64| if psi > fixed { shown(psi) } else { fixed };
            (least(fixed.warn_psi), least(fixed.fail_psi))
        }
        Some((LimitSource::Windows, psi)) => (shown(psi), shown(psi)),
        Some((LimitSource::Fixed, _)) | None => (fixed.warn_psi, fixed.fail_psi),
    };
    FeatureThresholds {
        warn_psi,
        fail_psi,
        ..fixed
    }
}

/// Returns `!!` for a PSI at or above the limit to fail, `!` to warn, and nothing below.
#[must_use]
pub fn mark(psi: f64, limits: FeatureThresholds) -> &'static str {
    if psi >= limits.fail_psi {
        "!!"
    } else if psi >= limits.warn_psi {
        "!"
    } else {
        ""
    }
}

/// Returns the findings about no compared feature, in the order of the report.
pub fn findings_apart(report: &DriftReport) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|finding| {
        finding.feature.as_ref().is_none_or(|name| {
            !report
                .features
                .iter()
                .chain(&report.score)
                .any(|feature| feature.feature == *name)
        })
    })
}

/// Returns what is worst about a feature: `contract PSI 0.410 (threshold 0.25)`, `tenure all missing`.
#[must_use]
pub fn headline(report: &DriftReport, feature: &FeatureReport) -> String {
    let limits = limits(report, &feature.feature);
    let limit = match feature.status {
        Status::Fail => limits.fail_psi,
        // A FAIL that was taken back to a WARN, as of scores of rows that the model learned from.
        Status::Warn if feature.psi.is_some_and(|psi| psi >= limits.fail_psi) => limits.fail_psi,
        Status::Warn | Status::TooFewRows | Status::Ok => limits.warn_psi,
    };
    let name = shorten(&feature.feature, LONGEST_NAME);
    let share = feature.missing.share;
    let about = |kind: FindingKind| {
        report.findings.iter().any(|finding| {
            finding.kind == kind && finding.feature.as_deref() == Some(&feature.feature)
        })
    };
    if about(FindingKind::AllMissing) || (share.current >= 1.0 && share.baseline < 1.0) {
        return format!("{name} all missing");
    }
    match feature.psi {
        // What led to the verdict stands first among the reasons.
        Some(psi)
            if feature.status == Status::Ok
                || feature
                    .reasons
                    .first()
                    .is_some_and(|r| r.starts_with("PSI ")) =>
        {
            format!("{name} PSI {} (threshold {limit})", format::psi(psi))
        }
        _ if feature
            .reasons
            .first()
            .is_some_and(|r| r.starts_with("missing PSI ")) =>
        {
            format!(
                "{name} missing {}",
                format::change(share.baseline, share.current, "->")
            )
        }
        psi => match (feature.reasons.first(), psi) {
            (Some(reason), _) => format!("{name}: {}", shorten(reason, LONGEST_REASON)),
            (None, Some(psi)) => format!("{name} PSI {}", format::psi(psi)),
            (None, None) => format!("{name} {}", feature.status),
        },
    }
}

/// Returns everything at or above `least` that stands behind the verdict, worst first: a status
/// and a headline each.
#[must_use]
pub fn headlines(report: &DriftReport, least: Status) -> Vec<(Status, String)> {
    let features = report
        .features
        .iter()
        .map(|feature| (feature.status, headline(report, feature)));
    let findings = findings_apart(report).map(|finding| {
        (
            finding.status,
            shorten(&finding.message, LONGEST_REASON).into_owned(),
        )
    });
    let score = report
        .score
        .iter()
        .map(|score| (score.status, format!("score {}", headline(report, score))));
    let performance = report.performance.iter().map(|performance| {
        let reason = performance.reasons.first().map_or("judged", String::as_str);
        (
            performance.status,
            format!("performance: {}", shorten(reason, LONGEST_REASON)),
        )
    });
    let mut all: Vec<_> = features
        .chain(findings)
        .chain(score)
        .chain(performance)
        .filter(|(status, _)| *status >= least)
        .collect();
    all.sort_by_key(|(status, _)| std::cmp::Reverse(*status));
    all
}

/// Returns the verdict without its status: `3 of 19 features drifted; worst: contract PSI 0.410
/// (threshold 0.25)`.
#[must_use]
pub fn sentence(report: &DriftReport) -> String {
    let whole = match report.over_time {
        Some(_) => windows::sentence(report),
        None => sentence_of_one(report),
    };
    match segments::sentence(report) {
        Some(of_segments) => format!("{whole}; {of_segments}"),
        None => whole,
    }
}

fn sentence_of_one(report: &DriftReport) -> String {
    let count = |status| {
        report
            .features
            .iter()
            .filter(|feature| feature.status == status)
            .count()
    };
    // A feature that is not there any more is a feature that failed.
    let is_absent = |finding: &&Finding| finding.kind == FindingKind::AbsentColumn;
    let absent = findings_apart(report).filter(is_absent).count();
    let all = (report.features.len() + absent) as u64;
    let all = format::counted(all, "feature", "features");
    let (failed, warned) = (count(Status::Fail) + absent, count(Status::Warn));
    let unjudged: Vec<&str> = report
        .features
        .iter()
        .chain(&report.score)
        .filter(|feature| feature.status == Status::TooFewRows)
        .map(|feature| feature.feature.as_str())
        .collect();
    if report.status == Status::TooFewRows {
        return too_few(report, &all, unjudged.len());
    }
    let mut parts = vec![match (failed, warned) {
        (0, 0) if report.features.is_empty() => "no feature was compared".to_owned(),
        (0, 0) => format!("none of {all} drifted"),
        (0, warned) => format!("{warned} of {all} worth a look"),
        (failed, 0) => format!("{failed} of {all} drifted"),
        (failed, warned) => format!("{failed} of {all} drifted, {warned} more worth a look"),
    }];
    let is_apart = |finding: &&Finding| !segments::is_of_segments(finding.kind);
    let mut behind = headlines(report, Status::Warn);
    // Segments have a sentence of their own.
    let of_segments = report.findings.iter().filter(|finding| !is_apart(finding));
    let of_segments: Vec<_> = of_segments
        .map(|finding| shorten(&finding.message, LONGEST_REASON).into_owned())
        .collect();
    behind.retain(|(_, headline)| !of_segments.contains(headline));
    if let Some((_, worst)) = behind.first() {
        parts.push(format!("worst: {worst}"));
    } else if let Some(highest) = report
        .features
        .iter()
        .filter(|feature| feature.status == Status::Ok)
        .max_by(|a, b| a.psi.unwrap_or(0.0).total_cmp(&b.psi.unwrap_or(0.0)))
    {
        parts.push(format!("highest: {}", headline(report, highest)));
    }
    let apart = findings_apart(report)
        .filter(|finding| finding.status >= Status::Warn && !is_absent(finding))
        .filter(is_apart)
        .count();
    if apart > 0 && behind.len() > 1 {
        let others = if apart == 1 { "finding" } else { "findings" };
        parts.push(format!("{apart} more {others}"));
    }
    for (what, status) in [
        ("score", report.score.as_ref().map(|score| score.status)),
        (
            "performance",
            report.performance.as_ref().map(|figures| figures.status),
        ),
    ] {
        if let Some(status) = status.filter(|status| *status >= Status::Warn) {
            parts.push(format!("{what} {status}"));
        }
    }
    if !unjudged.is_empty() {
        parts.push(format!("too few rows to tell of {}", few(&unjudged)));
    }
    parts.join("; ")
}

/// Says why nothing was judged: the sides are too small, or every feature is too fine for them.
fn too_few(report: &DriftReport, all: &str, unjudged: usize) -> String {
    let small = findings_apart(report).find(|finding| finding.kind == FindingKind::FewRows);
    let highest = report
        .features
        .first()
        .map(|feature| headline(report, feature));
    let why = match small {
        Some(finding) => finding.message.clone(),
        None => format!("too few rows to tell of any of {all}"),
    };
    match highest {
        Some(first) if unjudged > 0 => format!("{why}; first: {first}"),
        _ => why,
    }
}

/// Names three of them, and counts the rest.
fn few(names: &[&str]) -> String {
    const MOST: usize = 3;
    let named: Vec<_> = names
        .iter()
        .take(MOST)
        .map(|name| shorten(name, LONGEST_NAME))
        .collect();
    let named = named.join(", ");
    match names.len().saturating_sub(MOST) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Returns the verdict line: status, two spaces, [`sentence`].
#[must_use]
pub fn line(report: &DriftReport) -> String {
    format!("{}  {}", report.status, sentence(report))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::sample;

    #[test]
    fn the_line_counts_and_names_the_worst() {
        assert_eq!(
            line(&sample::failing()),
            "FAIL  4 of 8 features drifted, 1 more worth a look; \
             worst: contract PSI 0.410 (threshold 0.25); 1 more finding; \
             score WARN; performance FAIL"
        );
    }

    #[test]
    fn a_fail_that_was_taken_back_names_the_limit_that_was_reached() {
        let mut report = sample::failing();
        let at = |report: &DriftReport| headline(report, &report.features[0]);
        assert!(at(&report).contains("(threshold 0.25)"), "{}", at(&report));
        report.features[0].status = Status::Warn;
        assert!(at(&report).contains("(threshold 0.25)"), "{}", at(&report));
    }

    #[test]
    fn an_ok_line_names_the_highest_and_its_limit() {
        assert_eq!(
            line(&sample::calm()),
            "OK  none of 1 feature drifted; highest: total_charges PSI 0.021 (threshold 0.1)"
        );
    }

    #[test]
    fn a_report_of_which_nothing_could_be_judged_says_why() {
        assert_eq!(
            line(&sample::too_few()),
            "TOO_FEW_ROWS  too few rows to tell of any of 1 feature; first: total_charges: too few \
             rows to tell: chance alone reaches PSI 0.61"
        );
    }

    #[test]
    fn features_with_too_few_rows_among_others_are_named() {
        let mut report = sample::calm();
        let mut unjudged = sample::too_few().features;
        unjudged[0].feature = "tenure".to_owned();
        report.features.extend(unjudged);
        assert_eq!(
            line(&report),
            "OK  none of 2 features drifted; highest: total_charges PSI 0.021 (threshold 0.1); too few \
             rows to tell of tenure"
        );
    }

    #[test]
    fn a_feature_without_values_is_all_missing() {
        let report = sample::failing();
        assert_eq!(headline(&report, &report.features[1]), "tenure all missing");
    }

    #[test]
    fn thresholds_of_a_feature_win() {
        let report = sample::failing();
        assert_eq!(limits(&report, "monthly_charges").fail_psi, 0.2);
        assert_eq!(limits(&report, "contract").fail_psi, 0.25);
        assert_eq!(mark(0.25, limits(&report, "contract")), "!!");
        assert_eq!(mark(0.1, limits(&report, "contract")), "!");
        assert_eq!(mark(0.099, limits(&report, "contract")), "");
    }

    #[test]
    fn a_finding_about_a_compared_feature_is_not_apart() {
        let report = sample::failing();
        let apart: Vec<_> = findings_apart(&report)
            .map(|finding| finding.kind)
            .collect();
        assert_eq!(
            apart,
            [
                FindingKind::AbsentColumn,
                FindingKind::FewRows,
                FindingKind::ExtraColumn
            ]
        );
    }

    #[test]
    fn a_report_with_no_feature_still_has_a_line() {
        let mut report = sample::failing();
        report.features.clear();
        report.score = None;
        report.performance = None;
        assert!(line(&report).starts_with("FAIL  1 of 1 feature drifted; worst: "));
    }
}
