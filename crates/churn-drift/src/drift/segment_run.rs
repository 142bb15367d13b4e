//! The check of both sides by segment, without windows of time.

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;

use super::chance::share_of_chance;
use super::check::{Check, Provenance};
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
    let check = Check {
        baseline,
        current: &whole,
        outcome: whole.outcome.as_ref(),
        plan,
        options,
    };
    let measured = check.measure();
    let Some(segments) = segments else {
        return check.judge(&measured, provenance.clone(), 1.0);
    };
    let spans = vec![Span::of_all(Sides {
        baseline: baseline.rows,
        current: whole.rows,
    })];
    let mut segments = Segments::new(segments, current, baseline, spans, options, plan)?;
    let p_values = measured.p_values().chain(segments.p_values());
    let share = share_of_chance(1 + segments.checks(), p_values);
    let mut report = check.judge(&measured, provenance.clone(), share)?;
    segments.judge(provenance, share)?;
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
