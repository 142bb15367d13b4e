//! Counts of a relation that was joined in the database: sums by piece of time, and scores by label of each piece and
//! segment.

use std::collections::BTreeMap;

use churn_base::error::Result;
use churn_base::progress::Progress;
use churn_data::{Cell, SqlColumn};

use super::super::count_plan::CountOutcome;
use super::super::outcome::Outcome;
use super::super::pieces::TimeGrouping;
use super::super::segment_plans::SegmentPlans;
use super::layout::Layout;
use super::statements_by_piece::sums;
use super::table::Table;
use super::time_of;

/// What was counted of a relation.
#[derive(Debug, Default)]
pub(crate) struct JoinedCounts {
    /// By piece of time the sums that were asked for; none is the piece of rows without a time.
    pub(crate) sums: BTreeMap<Option<i64>, Vec<u64>>,
    /// Scores by label of each piece of time.
    pub(crate) pieces: BTreeMap<i64, Outcome>,
    /// Those of each segment, for each way to cut.
    pub(crate) segments: Vec<BTreeMap<String, BTreeMap<i64, Outcome>>>,
}

/// Counts a relation by pieces of time, if they are named, and by segment; none if the database cannot tell them.
/// It has all rows of `table`, each once, and all of its columns; both its columns and what stands after FROM are named.
///
/// # Errors
/// As `count_by_piece`.
pub(crate) fn count_joined(
    table: &mut Table<'_>,
    (columns, from): (&[SqlColumn], &str),
    by: Option<&TimeGrouping>,
    (plans, outcome): (&SegmentPlans, Option<&CountOutcome>),
    figures: &[String],
    progress: &dyn Progress,
) -> Result<Option<JoinedCounts>> {
    let found = match by {
        None => table.one_piece(progress)?,
        Some(by) => match time_of(table, &by.column) {
            Some(kind) => table.pieces(kind, by, progress)?,
            None => return Ok(None),
        },
    };
    let mut layouts = Vec::new();
    for (number, cut) in plans.cuts().iter().enumerate() {
        match table.layout(&found, plans, (number, cut), progress)? {
            Some(layout) => layouts.push(layout),
            None => return Ok(None),
        }
    }
    let whole = Layout::of_pieces(&found, plans);
    let is_cut = !layouts.is_empty();
    if !is_cut {
        layouts.push(whole);
    }
    let mut joined = Table {
        engine: &mut *table.engine,
        columns,
        from,
        place: table.place.clone(),
    };
    let mut counts = JoinedCounts::default();
    let (mut bad, starts) = (false, &found.starts);
    let sql = sums(joined.source(None), &found.by, figures);
    joined.engine.query(&sql, &mut |cells: &[Cell<'_>]| {
        let figure = |at: usize| cells.get(at).copied().flatten()?.parse::<i64>().ok();
        let figures: Option<Vec<u64>> = (1..=figures.len())
            .map(|at| figure(at).map(i64::unsigned_abs))
            .collect();
        match (figure(0), figures) {
            (Some(piece), Some(figures)) => {
                let start = usize::try_from(piece).ok();
                let start = start.and_then(|piece| starts.get(piece).copied());
                counts.sums.insert(start, figures);
            }
            _ => bad = true,
        }
    })?;
    progress.advance(1);
    if bad {
        return Err(joined.broken("a count that is not a number"));
    }
    let Some(outcome) = outcome else {
        counts
            .segments
            .resize_with(plans.cuts().len(), BTreeMap::new);
        return Ok(Some(counts));
    };
    for layout in &mut layouts {
        let outcomes = joined.outcomes(outcome, layout, progress)?;
        let mut segments: BTreeMap<String, BTreeMap<i64, Outcome>> = BTreeMap::new();
        for (target, outcome) in layout.targets.iter().zip(outcomes) {
            let start = found.starts[target.piece];
            match layout.name(target) {
                _ if outcome.by_label.is_empty() => {}
                Some(name) => {
                    let segment = segments.entry(name.to_owned()).or_default();
                    segment.insert(start, outcome);
                }
                None => drop(counts.pieces.insert(start, outcome)),
            }
        }
        if is_cut {
            counts.segments.push(segments);
        }
    }
    Ok(Some(counts))
}
