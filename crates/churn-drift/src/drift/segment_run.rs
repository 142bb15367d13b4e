//! The check of both sides by segment, without windows of time.

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;

use super::chance::share_of_chance;
use super::check::{Provenance, check_among};
use super::plan::{CheckOptions, Plan};
use super::report::{DriftReport, SCHEMA_VERSION_OVER_TIME, Sides, Status};
use super::segment_check::{Segments, Span};
use super::segment_findings::{Terms, attach};
use super::segmentation::SegmentBaselines;
use crate::profile::{Grouped, Profile};

/// Judges the whole, and each segment by itself; the report's status is the worst of them.
///
/// # Errors
/// As [`check`](super::check()).
pub fn check_segments(
    baseline: &Profile,
    current: &Grouped,
    plan: &Plan,
    segments: Option<&SegmentBaselines>,
    options: &CheckOptions,
    provenance: &Provenance,
) -> Result<DriftReport> {
    let whole = current.whole();
    let whole = whole.ok_or_else(|| Error::new(ExitCode::Bug, "rows were cut by time"))?;
    let judge = |share| {
        let provenance = provenance.clone();
        check_among(baseline, &whole, plan, options, provenance, share)
    };
    let spans = vec![Span::of_all(Sides {
        baseline: baseline.rows,
        current: whole.rows,
    })];
    let Some(segments) = segments else {
        return judge(1.0);
    };
    let mut segments = Segments::new(segments, current, baseline, spans, options, plan)?;
    // Judged as if all checks but one were quiet: where they are, once is enough.
    let checks = 1 + segments.checks();
    let mut share = checks as f64;
    let mut report = judge(share)?;
    segments.judge(options, provenance, share)?;
    let features = report.features.iter().chain(&report.score);
    let p_values = features.filter_map(|feature| feature.bins_p_value);
    let found = share_of_chance(checks, p_values.chain(segments.p_values()));
    if found < share {
        share = found;
        report = judge(share)?;
        segments.judge(options, provenance, share)?;
    }
    let terms = Terms {
        options,
        share,
        plan,
        worst: Status::Fail,
    };
    attach(&mut report, &segments, 0, &terms);
    report.schema_version = SCHEMA_VERSION_OVER_TIME;
    Ok(report)
}
