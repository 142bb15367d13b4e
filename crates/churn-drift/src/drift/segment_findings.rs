//! What is said of segments as a whole: their reports, the findings that name the worst, and which appeared or
//! vanished.

use std::cmp::Reverse;

use super::context::{Context, percent};
use super::finding::{Finding, FindingKind};
use super::noise::Levels;
use super::plan::{CheckOptions, Plan};
use super::report::{DriftReport, Sides, Status};
use super::segment_check::{Cell, Segment, Segments};
use super::segment_mix::{SegmentSides, decompositions};
use super::segments::{CutReport, SegmentReport, SegmentWindow, SegmentsReport};
use crate::stats::permutation::share_p_value;

/// Drifting segments that get a finding each.
const MOST_NAMED: usize = 5;

/// What the verdict on segments depends on beside their counts.
pub(super) struct Terms<'a> {
    pub(super) options: &'a CheckOptions,
    /// By how much the levels of each check are stricter than those of a check alone.
    pub(super) share: f64,
    /// The plan of the whole.
    pub(super) plan: &'a Plan,
    /// The worst that segments make of the run's verdict: an alarm policy may hold them back.
    pub(super) worst: Status,
}

/// Puts what is said of segments below a report of the whole, whose upper part is of the span `top`.
pub(super) fn attach(
    report: &mut DriftReport,
    segments: &Segments<'_>,
    top: usize,
    terms: &Terms<'_>,
) {
    let mut cuts: Vec<CutReport> = Vec::new();
    let mut findings = Vec::new();
    for (at, cut) in segments.baselines.cuts.iter().enumerate() {
        let of_cut = || {
            segments
                .segments
                .iter()
                .filter(move |segment| segment.cut == at)
        };
        let judged: Vec<Judged<'_>> = of_cut()
            .map(|segment| Judged::new(segment, segments, terms))
            .collect();
        let mut reports: Vec<SegmentReport> = judged
            .iter()
            .map(|judged| judged.report(segments, top))
            .collect();
        sort(&mut reports);
        findings.extend(
            judged
                .iter()
                .flat_map(|judged| judged.presence_findings(segments)),
        );
        findings.extend(of_segments(&reports));
        let cells: Vec<SegmentSides<'_>> = of_cut()
            .filter_map(|segment| {
                let cell = segment.cells.iter().find(|cell| cell.span == top)?;
                let (baseline, current) = cell.columns();
                Some(SegmentSides {
                    segment: segment.name,
                    baseline,
                    current,
                })
            })
            .collect();
        cuts.push(CutReport {
            by: cut.cut.to_string(),
            segments: reports,
            decomposition: decompositions(&report.features, terms.plan, &cells),
        });
    }
    for finding in &mut findings {
        finding.status = finding.status.min(terms.worst);
    }
    let statuses = cuts
        .iter()
        .flat_map(|cut| &cut.segments)
        .map(|segment| segment.status);
    let statuses = statuses.chain(findings.iter().map(|finding| finding.status));
    let worst = statuses.max().map(|status| status.min(terms.worst));
    let worst = worst.filter(|status| *status >= Status::Warn);
    report.status = worst.map_or(report.status, |worst| report.status.max(worst));
    report.findings.append(&mut findings);
    report
        .findings
        .sort_by_key(|finding| (Reverse(finding.status), finding.kind));
    report.segments = Some(SegmentsReport {
        max_segments: segments.baselines.max_segments as u64,
        cuts,
    });
}

/// A segment with what came and went.
struct Judged<'a> {
    segment: &'a Segment<'a>,
    /// By cell: what is to be said of its coming or going.
    presence: Vec<Option<Finding>>,
}

impl<'a> Judged<'a> {
    fn new(segment: &'a Segment<'a>, segments: &Segments<'_>, terms: &Terms<'_>) -> Self {
        let presence = |cell: &Cell<'_>| {
            let span = &segments.spans[cell.span];
            let (kind, what) = match (cell.rows.baseline, cell.rows.current) {
                (0, _) => (FindingKind::NewSegment, "is new"),
                (_, 0) => (FindingKind::VanishedSegment, "is gone"),
                _ => return None,
            };
            let (n, m) = (span.rows.baseline, span.rows.current);
            if n == 0 || m == 0 {
                return None;
            }
            let p_value = share_p_value(cell.rows.baseline, n, cell.rows.current, m);
            let units = (terms.plan.features.len() + segments.baselines.cuts.len()) as f64;
            let levels = Levels::of_column(units * terms.share, segments.count(segment.cut) as f64);
            let context = Context {
                rows: span.rows,
                levels,
            };
            let share =
                (cell.rows.baseline as f64 / n as f64).max(cell.rows.current as f64 / m as f64);
            let sizes = &terms.options.thresholds.sizes;
            let status = context.judge(share, sizes.warn_new_share, sizes.fail_new_share, p_value);
            let side = match kind {
                FindingKind::NewSegment => "the current rows, none of the baseline's",
                _ => "the baseline's rows, none of the current ones",
            };
            (status > Status::Ok).then(|| Finding {
                status,
                kind,
                feature: None,
                message: format!("it {what}: {} of {side}", percent(share)),
            })
        };
        Self {
            segment,
            presence: segment.cells.iter().map(presence).collect(),
        }
    }

    /// Returns the verdict on a cell and why; what came or went is part of it.
    fn said(&self, at: usize) -> (Status, Option<String>) {
        let cell = &self.segment.cells[at];
        if let Some(finding) = &self.presence[at] {
            return (finding.status, Some(finding.message.clone()));
        }
        let Some(verdict) = &cell.verdict else {
            return (Status::TooFewRows, too_few(cell.rows));
        };
        let reason = verdict.summary.reason();
        // `fee: PSI 2.12` is a feature and its PSI.
        let reason = reason.map(|reason| reason.replacen(": PSI ", " PSI ", 1));
        (cell.status(), reason)
    }

    fn report(&self, segments: &Segments<'_>, top: usize) -> SegmentReport {
        let cells = || self.segment.cells.iter().enumerate();
        let is_judged = |cell: &Cell<'_>| segments.spans[cell.span].is_judged;
        let judged = cells().filter(|(_, cell)| is_judged(cell));
        let psi = |cell: &Cell<'_>| {
            let verdict = cell.verdict.as_ref();
            verdict
                .and_then(|verdict| verdict.summary.max_psi)
                .unwrap_or(0.0)
        };
        // Of those alike the latest.
        let worst = judged.clone().max_by(|(a, one), (b, two)| {
            let status = self.said(*a).0.cmp(&self.said(*b).0);
            status.then(psi(one).total_cmp(&psi(two)))
        });
        let (mut status, reason) =
            worst.map_or((Status::TooFewRows, None), |(at, _)| self.said(at));
        // As within a check: OK if anything could be judged.
        if status == Status::TooFewRows
            && judged.clone().any(|(at, _)| self.said(at).0 == Status::Ok)
        {
            status = Status::Ok;
        }
        let name =
            |span: usize| Some(segments.spans[span].name.clone()).filter(|name| !name.is_empty());
        let shown = cells()
            .find(|(_, cell)| cell.span == top)
            .map(|(_, cell)| cell);
        let all = segments
            .spans
            .get(top)
            .map(|span| span.rows)
            .unwrap_or_default();
        let rows = shown.map(|cell| cell.rows).unwrap_or_default();
        let share = |rows: u64, all: u64| rows as f64 / all.max(1) as f64;
        let verdict = shown.and_then(|cell| cell.verdict.as_ref());
        let summary = verdict.map(|verdict| &verdict.summary);
        let findings = summary
            .map(|summary| summary.findings.clone())
            .unwrap_or_default();
        let presence = cells().find(|(_, cell)| cell.span == top).map(|(at, _)| at);
        let presence = presence.and_then(|at| self.presence[at].clone());
        SegmentReport {
            segment: self.segment.name.to_owned(),
            status,
            rows,
            share: Sides {
                baseline: share(rows.baseline, all.baseline),
                current: share(rows.current, all.current),
            },
            max_psi: summary.and_then(|summary| summary.max_psi),
            worst_feature: summary.and_then(|summary| summary.worst_feature.clone()),
            reason,
            worst_window: worst.and_then(|(_, cell)| name(cell.span)),
            features: summary
                .map(|summary| summary.features.clone())
                .unwrap_or_default(),
            score: summary.and_then(|summary| summary.score.clone()),
            performance: verdict.and_then(|verdict| verdict.performance.clone()),
            estimated_performance: verdict.and_then(|verdict| verdict.estimated.clone()),
            findings: presence.into_iter().chain(findings).collect(),
            windows: cells()
                .filter_map(|(at, cell)| {
                    let (status, reason) = self.said(at);
                    let summary = cell.verdict.as_ref().map(|verdict| &verdict.summary);
                    Some(SegmentWindow {
                        window: name(cell.span)?,
                        judged: is_judged(cell),
                        status,
                        rows: cell.rows,
                        max_psi: summary.and_then(|summary| summary.max_psi),
                        reason,
                    })
                })
                .collect(),
        }
    }

    /// Returns the worst of what came or went, as a finding of the run.
    fn presence_findings(&self, segments: &Segments<'_>) -> Option<Finding> {
        let cells = self.segment.cells.iter().zip(&self.presence);
        let judged = cells.filter(|(cell, _)| segments.spans[cell.span].is_judged);
        let found = judged.filter_map(|(cell, finding)| Some((cell, finding.as_ref()?)));
        let (cell, worst) = found.max_by_key(|(_, finding)| finding.status)?;
        let window = match &*segments.spans[cell.span].name {
            "" => String::new(),
            name => format!(", window {name}"),
        };
        Some(Finding {
            message: format!("segment {}{window}: {}", self.segment.name, worst.message),
            ..worst.clone()
        })
    }
}

fn too_few(rows: Sides<u64>) -> Option<String> {
    let Sides { baseline, current } = rows;
    let (side, rows) = if current <= baseline {
        ("current", current)
    } else {
        ("baseline", baseline)
    };
    Some(format!(
        "too few rows to tell: {rows} {side} {}",
        if rows == 1 { "row" } else { "rows" }
    ))
}

/// Puts the worst first.
fn sort(segments: &mut [SegmentReport]) {
    segments.sort_by(|a, b| {
        let psi = |segment: &SegmentReport| segment.max_psi.unwrap_or(0.0);
        let size =
            |segment: &SegmentReport| Reverse(segment.rows.baseline.max(segment.rows.current));
        let order = b.status.cmp(&a.status).then(psi(b).total_cmp(&psi(a)));
        order
            .then(size(a).cmp(&size(b)))
            .then_with(|| a.segment.cmp(&b.segment))
    });
}

/// Names the segments that drifted; those that came or went are named by findings of their own.
fn of_segments(segments: &[SegmentReport]) -> Vec<Finding> {
    let drifted: Vec<&SegmentReport> = segments
        .iter()
        .filter(|segment| segment.status >= Status::Warn)
        .filter(|segment| {
            segment
                .reason
                .as_deref()
                .is_none_or(|reason| !reason.starts_with("it is "))
        })
        .collect();
    let finding = |status, message| Finding {
        status,
        kind: FindingKind::Segment,
        feature: None,
        message,
    };
    let mut findings: Vec<Finding> = drifted
        .iter()
        .take(MOST_NAMED)
        .map(|segment| {
            let window = segment.worst_window.as_ref();
            let window = window.map_or(String::new(), |window| format!(", window {window}"));
            let reason = segment.reason.as_deref().unwrap_or_default();
            finding(
                segment.status,
                format!("segment {}{window}: {reason}", segment.segment),
            )
        })
        .collect();
    if let Some(next) = drifted.get(MOST_NAMED) {
        let more = drifted.len() - MOST_NAMED;
        let segments = if more == 1 { "segment" } else { "segments" };
        findings.push(finding(
            next.status,
            format!("{more} more {segments} drifted, such as {}", next.segment),
        ));
    }
    findings
}
