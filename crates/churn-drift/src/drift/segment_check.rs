//! The check of both sides by segment: each is judged by the check itself, against its own baseline. What is
//! said of them together is `segment_findings.rs`'s affair.

use std::borrow::Cow;
use std::collections::BTreeMap;

use churn_base::error::Result;
use churn_base::threads::{available, in_order};

use super::check::{Check, Measured, Provenance};
use super::estimated::EstimatedReport;
use super::over_time::WindowReport;
use super::plan::{CheckOptions, Plan};
use super::report::{DriftReport, PerformanceReport, Sides, Status};
use super::segmentation::{CutBaseline, SegmentBaseline, SegmentBaselines};
use super::window_summary::{empty_window, summarise};
use crate::profile::{CountPlan, Counted, CutPieces, Grouped, Profile};

/// A window of time, or all of the data.
#[derive(Debug, Clone)]
pub(super) struct Span {
    /// The window's name; empty for all of the data.
    pub(super) name: String,
    /// Its ends, in seconds since 1970 by the zone's clock.
    pub(super) ends: (i64, i64),
    /// What it is compared with: the baseline, earlier pieces, or nothing.
    pub(super) reference: Reference,
    /// Whether the run's verdict counts it.
    pub(super) is_judged: bool,
    /// Rows of the whole.
    pub(super) rows: Sides<u64>,
}

/// What a span is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
    Baseline,
    /// The pieces between these times.
    Pieces(i64, i64),
    Nothing,
}

impl Span {
    /// Returns the span of data that are not cut by time.
    pub(super) fn of_all(rows: Sides<u64>) -> Self {
        Self {
            name: String::new(),
            ends: (0, 1),
            reference: Reference::Baseline,
            is_judged: true,
            rows,
        }
    }
}

/// A segment in a span.
pub(super) struct Cell<'a> {
    pub(super) span: usize,
    pub(super) rows: Sides<u64>,
    baseline: Option<Planned<'a>>,
    current: Option<Cow<'a, Counted>>,
    /// What was measured, where both sides have enough rows.
    measured: Option<Measured>,
    pub(super) verdict: Option<CellVerdict>,
}

/// What a check says of a segment in a span.
pub(super) struct CellVerdict {
    pub(super) summary: WindowReport,
    pub(super) performance: Option<PerformanceReport>,
    pub(super) estimated: Option<EstimatedReport>,
}

/// A segment in all spans.
pub(super) struct Segment<'a> {
    pub(super) cut: usize,
    pub(super) name: &'a str,
    pub(super) cells: Vec<Cell<'a>>,
}

/// All segments of all cuts.
pub(super) struct Segments<'a> {
    pub(super) baselines: &'a SegmentBaselines,
    pub(super) spans: Vec<Span>,
    pub(super) segments: Vec<Segment<'a>>,
    options: CheckOptions,
}

impl<'a> Segments<'a> {
    /// Puts both sides of every segment together for every span.
    pub(super) fn new(
        baselines: &'a SegmentBaselines,
        current: &'a Grouped,
        whole: &'a Profile,
        spans: Vec<Span>,
        options: &CheckOptions,
        plan: &Plan,
    ) -> Result<Self> {
        let plans = baselines.count_plans(plan.count_plan());
        let of_cut = |(cut, known): (usize, &'a CutBaseline)| {
            let pieces = current.cuts.iter().find(|pieces| pieces.cut == known.cut);
            let names = names(known, pieces).into_iter();
            names
                .map(|name| SegmentSides {
                    cut,
                    name,
                    own: known.segments.get(name),
                    counts: pieces.and_then(|pieces| pieces.segments.get(name)),
                    plan: plans.counting(cut, name),
                    whole,
                })
                .collect::<Vec<_>>()
        };
        let cuts = baselines.cuts.iter().enumerate();
        let sides: Vec<SegmentSides<'_, 'a>> = cuts.flat_map(of_cut).collect();
        let segments = in_order(available(), sides.len(), |at| sides[at].segment(&spans));
        let mut segments = segments.into_iter().collect::<Result<Vec<_>>>()?;
        // One of rows before the windows that are looked at says nothing of them.
        segments.retain(|segment| !segment.cells.is_empty());
        // Limits are those of windows of all rows: smaller parts vary more.
        let options = CheckOptions {
            limits: None,
            ..options.clone()
        };
        let mut segments = Self {
            baselines,
            spans,
            segments,
            options,
        };
        segments.measure();
        Ok(segments)
    }

    fn measure(&mut self) {
        let cells: Vec<&Cell<'a>> = self.cells().collect();
        let measured = in_order(available(), cells.len(), |at| {
            let check = cells[at].check(&self.options)?;
            Some(check.measure())
        });
        for (cell, measured) in self.cells_mut().zip(measured) {
            cell.measured = measured;
        }
    }

    /// Judges every segment in every span; chance has 1 over `share` of its rates in each.
    pub(super) fn judge(&mut self, provenance: &Provenance, share: f64) -> Result<()> {
        let cells: Vec<&Cell<'a>> = self.cells().collect();
        let verdicts = in_order(available(), cells.len(), |at| {
            cells[at].judge(&self.options, provenance, share)
        });
        for (cell, verdict) in self.cells_mut().zip(verdicts) {
            cell.verdict = verdict?;
        }
        Ok(())
    }

    fn cells(&self) -> impl Iterator<Item = &Cell<'a>> {
        self.segments.iter().flat_map(|segment| &segment.cells)
    }

    fn cells_mut(&mut self) -> impl Iterator<Item = &mut Cell<'a>> {
        let segments = self.segments.iter_mut();
        segments.flat_map(|segment| &mut segment.cells)
    }

    /// Returns how many checks the verdict counts.
    pub(super) fn checks(&self) -> usize {
        self.counting().count()
    }

    /// Returns the p-values of all features of the checks that the verdict counts.
    pub(super) fn p_values(&self) -> impl Iterator<Item = f64> {
        self.counting().flat_map(Measured::p_values)
    }

    fn counting(&self) -> impl Iterator<Item = &Measured> {
        let judged = self.cells().filter(|cell| self.spans[cell.span].is_judged);
        judged.filter_map(|cell| cell.measured.as_ref())
    }

    /// Returns how many segments a cut has.
    pub(super) fn count(&self, cut: usize) -> usize {
        self.segments
            .iter()
            .filter(|segment| segment.cut == cut)
            .count()
    }
}

/// What both sides have of a segment.
struct SegmentSides<'p, 'a> {
    cut: usize,
    name: &'a str,
    own: Option<&'a SegmentBaseline>,
    counts: Option<&'a BTreeMap<i64, Counted>>,
    /// How the pieces were counted.
    plan: &'p CountPlan,
    whole: &'a Profile,
}

/// A baseline and what is compared of it.
type Planned<'a> = (Cow<'a, Profile>, Cow<'a, Plan>);

impl<'a> SegmentSides<'_, 'a> {
    /// Puts both sides together for every span in which either has rows.
    fn segment(&self, spans: &[Span]) -> Result<Segment<'a>> {
        let mut cells = Vec::new();
        for (at, span) in spans.iter().enumerate() {
            let (from, to) = span.ends;
            let current = self.between(from, to)?;
            let baseline = self.reference(span)?;
            let rows = Sides {
                // A segment without a plan has rows, too.
                baseline: match span.reference {
                    Reference::Baseline => self.own.map_or(0, |own| own.profile.rows),
                    _ => baseline.as_ref().map_or(0, |(profile, _)| profile.rows),
                },
                current: current.as_ref().map_or(0, |current| current.rows),
            };
            if rows.baseline + rows.current > 0 {
                cells.push(Cell {
                    span: at,
                    rows,
                    baseline,
                    current,
                    measured: None,
                    verdict: None,
                });
            }
        }
        Ok(Segment {
            cut: self.cut,
            name: self.name,
            cells,
        })
    }

    /// Puts its pieces of a time together.
    fn between(&self, from: i64, to: i64) -> Result<Option<Cow<'a, Counted>>> {
        let range = self.counts.into_iter();
        let range = range.flat_map(|counts| counts.range(from..to));
        let parts: Vec<&Counted> = range.map(|(_, piece)| piece).collect();
        match parts.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(Cow::Borrowed(*only))),
            parts => Ok(Some(Cow::Owned(self.plan.merged(parts)?))),
        }
    }

    fn reference(&self, span: &Span) -> Result<Option<Planned<'a>>> {
        let own = self
            .own
            .and_then(|own| Some((&own.profile, own.plan.as_ref()?)));
        Ok(match span.reference {
            Reference::Nothing => None,
            Reference::Baseline => {
                own.map(|(profile, plan)| (Cow::Borrowed(profile), Cow::Borrowed(plan)))
            }
            Reference::Pieces(from, to) => match (own, self.between(from, to)?) {
                (Some((_, plan)), Some(before)) => {
                    let profile = before.into_owned().into_profile(self.whole);
                    let plan = plan.against(&profile);
                    Some((Cow::Owned(profile), Cow::Owned(plan)))
                }
                _ => None,
            },
        })
    }
}

impl Cell<'_> {
    /// Returns the check of both sides, if both have enough rows.
    fn check<'c>(&'c self, options: &'c CheckOptions) -> Option<Check<'c>> {
        let (baseline, plan) = self.baseline.as_ref()?;
        let current = self.current.as_deref()?;
        let least = options.min_rows.max(1);
        let is_enough = self.rows.baseline >= least && self.rows.current >= least;
        is_enough.then_some(Check {
            baseline,
            current,
            outcome: current.outcome.as_ref(),
            plan,
            options,
        })
    }

    /// Judges what was measured. Where the labels of so few rows say nothing, the score is not judged by them.
    fn judge(
        &self,
        options: &CheckOptions,
        provenance: &Provenance,
        share: f64,
    ) -> Result<Option<CellVerdict>> {
        let (Some(check), Some(measured)) = (self.check(options), &self.measured) else {
            return Ok(None);
        };
        let by = |check: Check<'_>| check.judge(measured, provenance.clone(), share);
        let report = match by(check) {
            Err(_) if check.outcome.is_some() => by(Check {
                outcome: None,
                ..check
            }),
            report => report,
        };
        Ok(Some(CellVerdict::of(report?, self.rows)))
    }

    /// Returns the columns of both sides.
    pub(super) fn columns(&self) -> (&[crate::profile::Column], &[crate::profile::Column]) {
        let baseline = self.baseline.as_ref().map(|(profile, _)| &*profile.columns);
        let current = self.current.as_ref().map(|counted| &*counted.columns);
        (baseline.unwrap_or(&[]), current.unwrap_or(&[]))
    }

    /// Returns the verdict on the segment in this span, what came and went left aside.
    pub(super) fn status(&self) -> Status {
        self.verdict
            .as_ref()
            .map_or(Status::TooFewRows, |verdict| verdict.summary.status)
    }
}

impl CellVerdict {
    fn of(report: DriftReport, rows: Sides<u64>) -> Self {
        let mut summary = empty_window(String::new(), rows);
        summarise(&mut summary, &report);
        Self {
            summary,
            performance: report.performance,
            estimated: report.estimated_performance,
        }
    }
}

/// Returns the names of the segments on either side, sorted.
fn names<'a>(known: &'a CutBaseline, pieces: Option<&'a CutPieces>) -> Vec<&'a str> {
    let current = pieces.into_iter().flat_map(|pieces| pieces.segments.keys());
    let mut names: Vec<&str> = known
        .segments
        .keys()
        .chain(current)
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
