//! The segments of a drift report in words: the verdict on all of them, a row each, and which of them made the
//! drift of the whole.

use super::windows::tone;
use crate::cells::{Cell, Column, Table, Tone};
use crate::drift::report::{DriftReport, FindingKind, Status};
use crate::drift::segments::{CutReport, FeatureDecomposition, SegmentReport};
use crate::reports::format;
use crate::text::{shorten, visible};

/// Longest name of a segment in a row or a sentence.
const LONGEST_NAME: usize = 60;
/// Longest name of a feature.
const LONGEST_FEATURE: usize = 24;
/// Longest reason in a sentence.
const LONGEST_REASON: usize = 120;
/// Rows of a cut in a table on a terminal.
const MOST_ROWS: usize = 20;
/// Features whose drift is taken apart on a terminal.
const MOST_FEATURES: usize = 5;
/// Segments that are named for a feature.
const MOST_CONTRIBUTIONS: usize = 3;

/// Returns the cuts of a report.
pub(super) fn cuts(report: &DriftReport) -> &[CutReport] {
    report
        .segments
        .as_ref()
        .map_or(&[], |segments| &segments.cuts)
}

/// Returns all segments of all cuts, the worst first.
pub(super) fn all(report: &DriftReport) -> Vec<&SegmentReport> {
    let mut all: Vec<_> = cuts(report).iter().flat_map(|cut| &cut.segments).collect();
    let psi = |segment: &SegmentReport| segment.max_psi.unwrap_or(0.0);
    all.sort_by(|a, b| b.status.cmp(&a.status).then(psi(b).total_cmp(&psi(a))));
    all
}

/// Returns the verdict on the segments: `1 of 3 segments drifted, worst: contract=Two year, fee PSI 2.12`; none if
/// there are none.
#[must_use]
pub(super) fn sentence(report: &DriftReport) -> Option<String> {
    report.segments.as_ref()?;
    let all = all(report);
    let count = |status| {
        all.iter()
            .filter(|segment| segment.status == status)
            .count()
    };
    let named = format::counted(all.len() as u64, "segment", "segments");
    let said = match (count(Status::Fail), count(Status::Warn)) {
        (0, 0) if count(Status::Ok) == 0 => format!("too few rows to tell of any of {named}"),
        (0, 0) => format!("none of {named} drifted"),
        (0, warned) => format!("{warned} of {named} worth a look"),
        (failed, 0) => format!("{failed} of {named} drifted"),
        (failed, warned) => format!("{failed} of {named} drifted, {warned} more worth a look"),
    };
    let worst = all.first().filter(|segment| segment.status >= Status::Warn);
    let worst = worst.map_or(String::new(), |worst| {
        let why = worst.reason.as_deref().unwrap_or_default();
        format!(
            ", worst: {}, {}",
            place(worst),
            shorten(why, LONGEST_REASON)
        )
    });
    let too_few = match count(Status::TooFewRows) {
        few @ 1.. if count(Status::TooFewRows) < all.len() => {
            format!(", too few rows to tell of {few}")
        }
        _ => String::new(),
    };
    Some(format!("{said}{worst}{too_few}"))
}

/// Whether a finding is said by the sentence on segments.
pub(super) const fn is_of_segments(kind: FindingKind) -> bool {
    matches!(
        kind,
        FindingKind::Segment | FindingKind::NewSegment | FindingKind::VanishedSegment
    )
}

/// Returns the name of a segment, with the window that its reason is of.
pub(super) fn place(segment: &SegmentReport) -> String {
    let name = name(segment);
    match &segment.worst_window {
        Some(window) if segment.status >= Status::Warn => format!("{name} in {window}"),
        _ => name,
    }
}

/// Returns the name of a segment as it is shown.
pub(super) fn name(segment: &SegmentReport) -> String {
    shorten(&segment.segment, LONGEST_NAME).into_owned()
}

/// Returns the largest PSI of a segment.
pub(super) fn psi(segment: &SegmentReport) -> String {
    segment
        .max_psi
        .map_or_else(|| format::NONE.to_owned(), format::psi)
}

/// Returns why the verdict on a segment is what it is.
pub(super) fn remark(segment: &SegmentReport) -> String {
    let reason = segment
        .reason
        .as_deref()
        .filter(|_| segment.status != Status::Ok);
    let reason = visible(reason.unwrap_or_default()).into_owned();
    match &segment.worst_window {
        Some(window) if segment.status >= Status::Warn => format!("{window}: {reason}"),
        _ => reason,
    }
}

/// Returns how well the score did in a segment: ROC AUC of both sides, if it could be told.
pub(super) fn auc(segment: &SegmentReport) -> String {
    let figures = segment.performance.as_ref();
    let known =
        figures.and_then(|figures| Some((figures.baseline.roc_auc?, figures.current.roc_auc?)));
    let estimated = segment.estimated_performance.as_ref();
    let promised = estimated.and_then(|figures| {
        Some((
            figures.baseline.roc_auc?,
            figures.current.as_ref()?.roc_auc?,
        ))
    });
    match (known, promised) {
        (Some((before, now)), _) => format!("{:.3} -> {:.3}", before.value, now.value),
        (None, Some((before, now))) => {
            format!("{:.3} -> {:.3} (estimated)", before.value, now.value)
        }
        (None, None) => format::NONE.to_owned(),
    }
}

/// Returns whether any segment has a score that could be judged, or whose quality is estimated.
pub(super) fn has_performance(cut: &CutReport) -> bool {
    cut.segments
        .iter()
        .any(|segment| segment.performance.is_some() || segment.estimated_performance.is_some())
}

/// Returns the segments of a cut as a table, worst first, and how many it leaves out.
#[must_use]
pub(super) fn table(cut: &CutReport) -> (Table, usize) {
    let mut columns = vec![
        Column::text("Status"),
        Column::text("Segment"),
        Column::number("Rows"),
        Column::number("Share").shown_from(60),
        Column::number("Max PSI"),
    ];
    let has_performance = has_performance(cut);
    if has_performance {
        columns.push(Column::text("ROC AUC").shown_from(90));
    }
    columns.push(Column::prose("Why").shown_from(76));
    let row = |segment: &SegmentReport| {
        let quiet = match segment.status {
            Status::Ok | Status::TooFewRows => Tone::Dim,
            Status::Warn | Status::Fail => Tone::Plain,
        };
        let share = segment.share;
        let mut cells = vec![
            Cell::new(segment.status.as_str(), tone(segment.status)),
            Cell::plain(name(segment)),
            Cell::new(format::count(segment.rows.current), quiet),
            Cell::of_lines(&format::change(share.baseline, share.current, "\n"), quiet),
            Cell::new(psi(segment), quiet),
        ];
        if has_performance {
            cells.push(Cell::new(auc(segment), quiet));
        }
        cells.push(Cell::new(remark(segment), quiet));
        cells
    };
    let rows = cut.segments.iter().take(MOST_ROWS).map(row).collect();
    let more = cut.segments.len().saturating_sub(MOST_ROWS);
    (Table { columns, rows }, more)
}

/// Returns the features whose drift is worth taking apart: those from a hundredth on, at most so many.
pub(super) fn worth_splitting(cut: &CutReport, most: usize) -> &[FeatureDecomposition] {
    const LEAST: f64 = 0.01;
    let worth = cut
        .decomposition
        .iter()
        .take_while(|feature| feature.psi >= LEAST);
    &cut.decomposition[..worth.count().min(most)]
}

/// Returns which segments made the drift of the whole, as a table; none if there was hardly any.
#[must_use]
pub(super) fn decomposition(cut: &CutReport) -> Option<Table> {
    let features = worth_splitting(cut, MOST_FEATURES);
    let columns = vec![
        Column::text("Feature"),
        Column::number("PSI"),
        Column::number("Mix"),
        Column::number("Within"),
        Column::prose("Made by").shown_from(60),
    ];
    let rows = features.iter().map(|feature| {
        vec![
            Cell::plain(shorten(&feature.feature, LONGEST_FEATURE)),
            Cell::plain(format::psi(feature.psi)),
            Cell::plain(part(feature.mix)),
            Cell::plain(part(feature.within)),
            Cell::plain(made_by(feature)),
        ]
    });
    (!features.is_empty()).then(|| Table {
        rows: rows.collect(),
        columns,
    })
}

/// Returns a part of a PSI, which may be negative.
pub(super) fn part(part: f64) -> String {
    // Rounding leaves no minus before a zero.
    let rounded = (part * 1e3).round() / 1e3 + 0.0;
    format!("{rounded:.3}")
}

/// Names the segments with the largest parts: `contract=Two year 0.109 within`.
pub(super) fn made_by(feature: &FeatureDecomposition) -> String {
    let named = feature.segments.iter().take(MOST_CONTRIBUTIONS);
    let named: Vec<String> = named
        .filter(|one| one.total().abs() >= 5e-4)
        .map(|one| {
            let by = match one.mix.abs() > one.within.abs() {
                true => "mix",
                false => "within",
            };
            format!(
                "{} {} ({by})",
                shorten(&one.segment, LONGEST_NAME),
                part(one.total())
            )
        })
        .collect();
    named.join("; ")
}

/// Returns a heading for a cut: `Segments by contract`.
pub(super) fn heading(cut: &CutReport) -> String {
    format!("Segments by {}", shorten(&cut.by, LONGEST_NAME))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::drift::over_time::WindowFeature;
    use crate::drift::report::{Finding, Sides};
    use crate::drift::segments::{SegmentContribution, SegmentsReport};
    use crate::reports::drift::sample;

    /// A quiet report in which one segment of three drifted, and one is too small.
    pub(in crate::reports::drift) fn by_contract() -> DriftReport {
        let mut report = sample::calm();
        let segment =
            |name: &str, status, rows, psi: Option<f64>, reason: Option<&str>| SegmentReport {
                segment: name.to_owned(),
                status,
                rows: Sides {
                    baseline: rows,
                    current: rows,
                },
                share: Sides {
                    baseline: 0.25,
                    current: 0.3,
                },
                max_psi: psi,
                worst_feature: psi.map(|_| "total_charges".to_owned()),
                reason: reason.map(str::to_owned),
                worst_window: None,
                features: psi
                    .map(|psi| WindowFeature {
                        feature: "total_charges".to_owned(),
                        status,
                        psi: Some(psi),
                        missing: 0.0,
                        distances: None,
                        reasons: Vec::new(),
                    })
                    .into_iter()
                    .collect(),
                score: None,
                performance: None,
                estimated_performance: None,
                findings: Vec::new(),
                windows: Vec::new(),
            };
        let reason = "total_charges PSI 2.12 (threshold 0.25)";
        report.status = Status::Fail;
        report.findings = vec![Finding {
            status: Status::Fail,
            kind: FindingKind::Segment,
            feature: None,
            message: format!("segment contract=Two <year>: {reason}"),
        }];
        report.segments = Some(SegmentsReport {
            max_segments: 1000,
            cuts: vec![CutReport {
                by: "contract".to_owned(),
                segments: vec![
                    segment(
                        "contract=Two <year>",
                        Status::Fail,
                        500,
                        Some(2.12),
                        Some(reason),
                    ),
                    segment("contract=One year", Status::Ok, 1400, Some(0.02), None),
                    segment(
                        "contract missing",
                        Status::TooFewRows,
                        12,
                        None,
                        Some("too few rows to tell: 12 current rows"),
                    ),
                ],
                decomposition: vec![FeatureDecomposition {
                    feature: "total_charges".to_owned(),
                    psi: 0.021,
                    mix: -0.000_2,
                    within: 0.021_2,
                    segments: vec![SegmentContribution {
                        segment: "contract=Two <year>".to_owned(),
                        mix: -0.000_1,
                        within: 0.021_1,
                    }],
                }],
            }],
        });
        report
    }

    #[test]
    fn the_sentence_names_the_worst_segment() {
        assert_eq!(
            sentence(&by_contract()).as_deref(),
            Some(
                "1 of 3 segments drifted, worst: contract=Two <year>, total_charges PSI 2.12 (threshold 0.25), too \
                 few rows to tell of 1"
            )
        );
        assert_eq!(sentence(&sample::calm()), None);
    }

    #[test]
    fn each_segment_has_a_row_and_the_drift_is_taken_apart() {
        let report = by_contract();
        let (table, more) = table(&cuts(&report)[0]);
        let texts = |row: &Vec<Cell>| row.iter().map(|cell| cell.text.clone()).collect::<Vec<_>>();
        assert_eq!(more, 0);
        assert_eq!(
            texts(&table.rows[0])[..3],
            ["FAIL", "contract=Two <year>", "500"]
        );
        assert_eq!(
            texts(&table.rows[2])[4..],
            [format::NONE, "too few rows to tell: 12 current rows"]
        );
        let split = decomposition(&cuts(&report)[0]).expect("a drift");
        assert_eq!(
            texts(&split.rows[0]),
            [
                "total_charges",
                "0.021",
                "0.000",
                "0.021",
                "contract=Two <year> 0.021 (within)"
            ]
        );
    }
}
