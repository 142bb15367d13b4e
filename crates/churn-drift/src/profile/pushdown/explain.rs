//! The statements that would be asked, without asking them.

use churn_data::{Dialect, SqlColumn, SqlKind, SqlTime};

use super::super::count_plan::CountColumn;
use super::super::cut::Cut;
use super::super::pieces::TimeGrouping;
use super::super::scale::Scale;
use super::super::segment_plans::SegmentPlans;
use super::layout::by_piece as sorted_by;
use super::octaves::{Extent, Octaves};
use super::segment_keys;
use super::statements::{SAMPLE_ROWS, Source, groups, ranges, sample};
use super::statements_by_piece::{self as by_piece, ByPiece, MOST_GROUPS, extent, pieces, rows};
use super::table::COLUMNS;

/// Where numbers lie that nobody has looked at.
const EXAMPLE: Extent = Extent {
    min: 1.0,
    max: 8.0,
    around_zero: [None, Some(1.0)],
};

/// Cells of a grid, about.
const EXAMPLE_CELLS: u64 = 100_000;

/// A statement that would be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// What it is for.
    pub what: String,
    /// The statement.
    pub sql: String,
}

/// The order of statements that count a plan's columns, without an engine to ask: those with few
/// distinct values need only the first two of theirs.
pub(in super::super) fn explain(
    dialect: Dialect,
    from: &str,
    columns: &[SqlColumn],
    plans: &SegmentPlans,
    by: Option<&TimeGrouping>,
) -> Vec<Explained> {
    let source = Source {
        dialect,
        from,
        only: None,
    };
    let planned: Vec<(&SqlColumn, &CountColumn)> = plans
        .all()
        .columns
        .iter()
        .filter_map(|planned| {
            let found = columns.iter().find(|column| column.name == planned.name)?;
            Some((found, planned))
        })
        .collect();
    let mut all = Vec::new();
    let timed = by.and_then(|by| example(dialect, columns, by));
    let mut add = |what: String, sql: String| all.push(Explained { what, sql });
    let columns_of = |part: &[(&SqlColumn, &CountColumn)]| match part {
        [(only, _)] => only.name.clone(),
        [(first, _), .., (last, _)] => format!("{} to {}", first.name, last.name),
        [] => String::new(),
    };
    if let Some((by, column)) = &timed {
        let what = format!("{column}: the first and the last time, between which pieces begin");
        add(what, extent(source, by.time.as_deref().unwrap_or("null")));
        let what = format!("{column}: the rows of each piece, here of some");
        add(what, pieces(source, by));
    }
    let sorted = sortings(source, columns, plans, timed.map(|(by, _)| by));
    for (whose, by) in sorted.iter().filter(|(_, by)| !by.keys.is_empty()) {
        let what = format!("the rows{whose}");
        add(what, rows(source, by, MOST_GROUPS + 1));
    }
    for part in planned.chunks(COLUMNS) {
        let what = format!("{}: how many distinct values, about", columns_of(part));
        let part: Vec<&SqlColumn> = part.iter().map(|(column, _)| *column).collect();
        add(what, sample(source, &part));
    }
    let is_number = |column: &SqlColumn, planned: &CountColumn| {
        column.kind != SqlKind::Text && !planned.categorical
    };
    for &(column, planned) in &planned {
        let limit = is_number(column, planned).then_some(SAMPLE_ROWS + 1);
        let which = if limit.is_some() { ", if few" } else { "" };
        let name = &column.name;
        if sorted.is_empty() {
            let what = format!("{name}: its values and their counts{which}");
            add(what, groups(source, column, limit));
        }
        for (whose, by) in &sorted {
            let what = format!("{name}: its values and their counts{whose}{which}");
            add(what, by_piece::groups(source, by, column, limit));
        }
    }
    let numbers: Vec<(&SqlColumn, &CountColumn)> = planned
        .into_iter()
        .filter(|(column, planned)| is_number(column, planned))
        .collect();
    for part in numbers.chunks(COLUMNS) {
        let what = format!("{}: their ranges, if many values", columns_of(part));
        let part: Vec<&SqlColumn> = part.iter().map(|(column, _)| *column).collect();
        add(what, ranges(source, &part));
    }
    for (column, planned) in numbers {
        let name = &column.name;
        let what =
            format!("{name}: the cells of its grid, here of numbers from 1 to 8, if many values");
        let octaves = Octaves::of(EXAMPLE, Scale::Plain);
        let cells = |by: &ByPiece| {
            let shift = octaves.shift(EXAMPLE_CELLS);
            by_piece::cells(source, by, column, &planned.cuts, (&octaves, shift))
        };
        if sorted.is_empty() {
            add(what.clone(), cells(&ByPiece::default()));
        }
        for (whose, by) in &sorted {
            add(format!("{what}{whose}"), cells(by));
        }
    }
    all
}

/// The ways to sort rows, each with the words that say whose counts are counted: none if rows are not sorted.
fn sortings(
    source: Source<'_>,
    columns: &[SqlColumn],
    plans: &SegmentPlans,
    timed: Option<ByPiece>,
) -> Vec<(String, ByPiece)> {
    if plans.cuts().is_empty() {
        let whose = || " in each piece".to_owned();
        return timed.into_iter().map(|by| (whose(), by)).collect();
    }
    let in_pieces = if timed.is_some() { " and piece" } else { "" };
    let sorting = |cut: &Cut| {
        let keys = segment_keys::example(source, columns, cut)?;
        let by = ByPiece {
            keys,
            ..timed.clone().unwrap_or_default()
        };
        Some((format!(" in each segment by {cut}{in_pieces}"), by))
    };
    plans.cuts().iter().filter_map(sorting).collect()
}

/// Pieces as they are when the last rows are of now: the three last. Also the time's column.
fn example(
    dialect: Dialect,
    columns: &[SqlColumn],
    by: &TimeGrouping,
) -> Option<(ByPiece, String)> {
    let column = columns.iter().find(|column| column.name == by.column)?;
    let kind = SqlTime::of(dialect, column)?;
    let last = by.every.floor(by.zone.civil(by.now));
    let starts = [-2, -1, 0].map(|back| by.every.after(last, back));
    let pieces = sorted_by(dialect, column, kind, by, &starts);
    Some((pieces, column.name.clone()))
}
