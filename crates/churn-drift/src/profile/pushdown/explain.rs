//! The statements that would be asked, without asking them.

use churn_data::{Dialect, SqlColumn, SqlKind, SqlTime};

use super::super::count_plan::{CountColumn, CountPlan};
use super::super::counter::MAX_NUMBERS;
use super::super::pieces::TimeGrouping;
use super::by_piece::by_piece as sorted_by;
use super::edges::tidy;
use super::statements::{Source, buckets, groups, ranges, sample};
use super::statements_by_piece::{self as by_piece, ByPiece, extent, pieces};
use super::table::COLUMNS;

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
    plan: &CountPlan,
    by: Option<&TimeGrouping>,
) -> Vec<Explained> {
    let source = Source {
        dialect,
        from,
        only: None,
    };
    let planned: Vec<(&SqlColumn, &CountColumn)> = plan
        .columns
        .iter()
        .filter_map(|planned| {
            let found = columns.iter().find(|column| column.name == planned.name)?;
            Some((found, planned))
        })
        .collect();
    let mut all = Vec::new();
    let by_piece = by.and_then(|by| example(dialect, columns, by));
    let mut add = |what: String, sql: String| all.push(Explained { what, sql });
    let columns_of = |part: &[(&SqlColumn, &CountColumn)]| match part {
        [(only, _)] => only.name.clone(),
        [(first, _), .., (last, _)] => format!("{} to {}", first.name, last.name),
        [] => String::new(),
    };
    if let Some((by, column)) = &by_piece {
        let what = format!("{column}: the first and the last time, between which pieces begin");
        add(what, extent(source, &by.time));
        let what = format!("{column}: the rows of each piece, here of some");
        add(what, pieces(source, by));
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
        let limit = is_number(column, planned).then_some(MAX_NUMBERS as u64 + 1);
        let which = if limit.is_some() { ", if few" } else { "" };
        let (in_each, sql) = match &by_piece {
            None => ("", groups(source, column, limit)),
            Some((by, _)) => (
                " in each piece",
                by_piece::groups(source, by, column, limit),
            ),
        };
        let what = format!(
            "{}: its values and their counts{in_each}{which}",
            column.name
        );
        add(what, sql);
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
        let mut edges: Vec<f64> = planned.cuts.iter().chain(&planned.fine).copied().collect();
        tidy(&mut edges);
        let name = &column.name;
        let what = match edges.len() {
            0 => format!("{name}: twice, with edges that its range gives, if many values"),
            edges => format!("{name}: {} stretches, if many values", edges + 1),
        };
        let sql = match &by_piece {
            None => buckets(source, column, &edges, 0.0),
            Some((by, _)) => by_piece::buckets(source, by, column, &edges, 0.0),
        };
        add(what, sql);
    }
    all
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
