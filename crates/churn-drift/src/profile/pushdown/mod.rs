//! Counts a table in the database that holds it: what comes over the wire is groups and sums, and
//! what comes out is the same profile that reading the rows would make.
//!
//! A column with few distinct values is grouped by value: exact. A number column with many is
//! counted in stretches between edges: the edges that a check will need are among them and exact,
//! and no stretch holds more than about one in [`PARTS`] of the values unless they are one value.

mod statements;

use std::collections::BTreeMap;

use churn_base::error::{Error, Place, Result};
use churn_base::exit::ExitCode;
use churn_base::progress::Progress;
use churn_data::{
    Cell, ColumnTally, Dialect, Engine, LARGEST_EXACT, MissingKind, SqlColumn, SqlKind, Value,
    canonical_text, classify, named_like_an_id,
};

use self::statements::{Source, buckets, digits, equals, first_values, groups, ranges, sample};
use super::column::Column;
use super::count_plan::{CountColumn, CountOutcome, CountPlan, Counted, MAX_LABELS};
use super::counter::{ColumnCounter, MAX_NUMBERS};
use super::document::{HeaderRows, Outcome};
use super::ordinal::{from_ordinal, ordinal};
use super::spread::{Bucket, Spread};

/// Columns of one statement.
const COLUMNS: usize = 16;
/// Stretches into which the values of a column are cut, about.
const PARTS: u64 = 256;

/// A database's table, opened.
pub(super) struct Table<'a> {
    pub(super) engine: &'a mut dyn Engine,
    pub(super) columns: &'a [SqlColumn],
    /// What stands after FROM.
    pub(super) from: &'a str,
    /// What errors name.
    pub(super) place: Place,
}

/// What the first look at a column says.
#[derive(Debug, Clone, Copy, Default)]
struct Look {
    rows: u64,
    values: u64,
    distinct: u64,
}

/// Smallest, largest and mean of the finite values, and how many there are.
#[derive(Debug, Clone, Copy)]
struct Range {
    nan: u64,
    infinite: u64,
    null: u64,
    finite: Option<(f64, f64, f64)>,
}

impl Table<'_> {
    fn column(&self, name: &str) -> Result<&SqlColumn> {
        let column = self.columns.iter().find(|column| column.name == name);
        let column = column.ok_or_else(|| {
            Error::bad_input(format!("there is no column \"{name}\"")).at(self.place.clone())
        })?;
        if column.kind == SqlKind::Uncountable {
            let type_name = &column.type_name;
            return Err(Error::bad_input(format!(
                "the column has the type {type_name}, which can't be counted"
            ))
            .at(Place {
                column: Some(name.to_owned()),
                ..self.place.clone()
            })
            .hint("leave it out with --exclude"));
        }
        Ok(column)
    }

    fn source<'b>(&'b self, only: Option<&'b str>) -> Source<'b> {
        Source {
            dialect: self.engine.dialect(),
            from: self.from,
            only,
        }
    }

    fn broken(&self, what: &str) -> Error {
        Error::bad_input(format!("the database gave an answer that is none: {what}"))
            .at(self.place.clone())
    }

    /// Runs a statement that answers with one row of numbers.
    fn figures(&mut self, sql: &str, progress: &dyn Progress) -> Result<Vec<Option<f64>>> {
        let mut figures = Vec::new();
        self.engine.query(sql, &mut |cells| {
            figures = cells
                .iter()
                .map(|cell| cell.and_then(|text| text.trim().parse().ok()))
                .collect();
        })?;
        progress.advance(1);
        Ok(figures)
    }

    fn look(&mut self, names: &[&str], progress: &dyn Progress) -> Result<Vec<Look>> {
        let mut looks = Vec::new();
        for part in names.chunks(COLUMNS) {
            let columns = part
                .iter()
                .map(|name| self.column(name))
                .collect::<Result<Vec<_>>>()?;
            let sql = sample(self.source(None), &columns);
            let figures = self.figures(&sql, progress)?;
            let figure = |at: usize| figures.get(at).copied().flatten().unwrap_or(0.0) as u64;
            looks.extend((0..part.len()).map(|at| Look {
                rows: figure(0),
                values: figure(1 + 2 * at),
                distinct: figure(2 + 2 * at),
            }));
        }
        Ok(looks)
    }

    /// Counts a column by value; none if it has more numbers than are kept one by one.
    fn grouped(
        &mut self,
        column: &CountColumn,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Option<ColumnCounter>> {
        let found = self.column(&column.name)?;
        let numbers = found.kind != SqlKind::Text && !column.categorical;
        let limit = numbers.then_some(MAX_NUMBERS as u64 + 1);
        self.grouped_up_to(column, limit, only, progress)
    }

    /// Counts a column by value; none if there are more values than the limit.
    fn grouped_up_to(
        &mut self,
        column: &CountColumn,
        limit: Option<u64>,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Option<ColumnCounter>> {
        let found = self.column(&column.name)?;
        let sql = groups(self.source(only), found, limit);
        let mut counter = ColumnCounter::new(column.categorical, column.cuts.clone());
        let (mut found, mut bad) = (0, false);
        self.engine.query(&sql, &mut |cells: &[Cell<'_>]| {
            let count = cells.get(1).copied().flatten();
            let Some(count) = count.and_then(|text| text.parse().ok()) else {
                bad = true;
                return;
            };
            found += 1;
            match cells.first().copied().flatten() {
                None => counter.missing[MissingKind::Null.index()] += count,
                Some("") => counter.missing[MissingKind::Empty.index()] += count,
                Some(text) => counter.add_times(text.as_bytes(), count),
            }
        })?;
        progress.advance(1);
        if bad {
            return Err(self.broken("a count that is no number"));
        }
        let all = limit.is_none_or(|limit| found < limit);
        Ok(all.then_some(counter))
    }

    /// Returns the values of a label column by their canonical texts, as the engine writes them:
    /// that is how it finds their rows.
    fn labels(
        &mut self,
        name: &str,
        progress: &dyn Progress,
    ) -> Result<BTreeMap<String, Vec<String>>> {
        let sql = groups(self.source(None), self.column(name)?, None);
        let mut labels: BTreeMap<String, Vec<String>> = BTreeMap::new();
        self.engine.query(&sql, &mut |cells: &[Cell<'_>]| {
            let text = cells.first().copied().flatten().unwrap_or_default();
            if !matches!(classify(text.as_bytes()), Value::Missing(_)) {
                let spellings = labels.entry(canonical_text(text).into_owned());
                spellings.or_default().push(text.to_owned());
            }
        })?;
        progress.advance(1);
        Ok(labels)
    }

    fn ranges(
        &mut self,
        names: &[&str],
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Vec<Range>> {
        let mut all = Vec::new();
        for part in names.chunks(COLUMNS) {
            let columns = part
                .iter()
                .map(|name| self.column(name))
                .collect::<Result<Vec<_>>>()?;
            let sql = ranges(self.source(only), &columns);
            let figures = self.figures(&sql, progress)?;
            let figure = |at: usize| figures.get(at).copied().flatten();
            let count = |at: usize| figure(at).unwrap_or(0.0) as u64;
            let rows = count(0);
            all.extend((0..part.len()).map(|at| {
                let first = 1 + 6 * at;
                let (values, nan, finite) = (count(first), count(first + 1), count(first + 2));
                Range {
                    nan,
                    infinite: values.saturating_sub(nan + finite),
                    null: rows.saturating_sub(values),
                    finite: match (figure(first + 3), figure(first + 4), figure(first + 5)) {
                        (Some(min), Some(max), Some(mean)) => Some((min, max, mean)),
                        _ => None,
                    },
                }
            }));
        }
        Ok(all)
    }

    /// Counts a number column in stretches.
    fn stretched(
        &mut self,
        column: &CountColumn,
        range: Range,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<ColumnCounter> {
        let mut counter = ColumnCounter::new(column.categorical, Vec::new());
        counter.missing[MissingKind::Null.index()] += range.null;
        counter.missing[MissingKind::Nan.index()] += range.nan;
        if range.infinite > 0 {
            counter.add_times(b"inf", range.infinite);
        }
        let Some((min, max, mean)) = range.finite else {
            return Ok(counter);
        };
        let mut edges: Vec<f64> = column.cuts.iter().chain(&column.fine).copied().collect();
        if column.fine.is_empty() {
            // Nobody knows how the values lie: a first pass tells.
            edges.extend(even_edges(min, max));
            tidy(&mut edges);
            let first = self.buckets(column, &edges, mean, only, progress)?;
            edges.clone_from(&column.cuts);
            edges.extend(equal_edges(&first));
        }
        tidy(&mut edges);
        let counted = self.buckets(column, &edges, mean, only, progress)?;
        counter.set_spread(&Spread {
            edges,
            buckets: counted,
            centre: mean,
        });
        Ok(counter)
    }

    /// Returns whether half of the numbers are whole and beyond 2^53: codes, which are counted by
    /// all of their digits.
    fn holds_codes(
        &mut self,
        name: &str,
        range: &Range,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<bool> {
        let far = |&(min, max, _): &(f64, f64, f64)| min.abs().max(max.abs()) > LARGEST_EXACT;
        if !range.finite.as_ref().is_some_and(far) {
            return Ok(false);
        }
        let sql = digits(self.source(only), self.column(name)?);
        let (mut whole, mut shares) = (false, [0.0, 0.0]);
        self.engine.query(&sql, &mut |cells: &[Cell<'_>]| {
            let text = |at: usize| cells.get(at).copied().flatten().unwrap_or_default();
            whole = matches!(classify(text(0).as_bytes()), Value::BigInteger(_));
            shares = [1, 2].map(|at| text(at).trim().parse().unwrap_or(0.0));
        })?;
        progress.advance(1);
        Ok(whole && 2.0 * shares[1] >= shares[0])
    }

    fn buckets(
        &mut self,
        column: &CountColumn,
        edges: &[f64],
        centre: f64,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Vec<Bucket>> {
        let found = self.column(&column.name)?;
        let sql = buckets(self.source(only), found, edges, centre);
        let mut counted = vec![Bucket::default(); edges.len() + 1];
        let mut bad = false;
        self.engine.query(&sql, &mut |cells: &[Cell<'_>]| {
            let figure = |at: usize| -> Option<f64> { (*cells.get(at)?)?.parse().ok() };
            let read = || {
                Some(Bucket {
                    count: (*cells.get(1)?)?.parse().ok()?,
                    min: figure(2)?,
                    max: figure(3)?,
                    sum: figure(4)?,
                    squares: figure(5)?,
                })
            };
            let at = figure(0).map_or(usize::MAX, |at| at as usize);
            match (counted.get_mut(at), read()) {
                (Some(bucket), Some(read)) => *bucket = read,
                _ => bad = true,
            }
        })?;
        progress.advance(1);
        if bad {
            return Err(self.broken("sums that are no numbers"));
        }
        Ok(counted)
    }

    /// Counts columns, those of one kind together.
    fn count(
        &mut self,
        columns: &[CountColumn],
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Vec<Column>> {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let looks = self.look(&names, progress)?;
        let mut by_value = Vec::new();
        for (column, look) in columns.iter().zip(&looks) {
            let kind = self.column(&column.name)?.kind;
            let many = look.distinct > MAX_NUMBERS as u64;
            by_value.push(kind == SqlKind::Text || column.categorical || !many);
        }
        if only.is_none() {
            let passes = columns.iter().zip(&by_value).map(|(column, by_value)| {
                let is_first = column.fine.is_empty();
                1 + u64::from(!by_value && is_first)
            });
            let name = format!("counting in {}", self.place.file);
            let ranges = by_value.iter().filter(|by_value| !**by_value).count();
            let statements = passes.sum::<u64>() + ranges.div_ceil(COLUMNS) as u64;
            progress.steps(&name, statements);
        }
        let mut counters: Vec<Option<ColumnCounter>> = Vec::new();
        for (column, by_value) in columns.iter().zip(by_value) {
            progress.note(&column.name);
            counters.push(if by_value {
                self.grouped(column, only, progress)?
            } else {
                None
            });
        }
        let rest: Vec<usize> = (0..columns.len())
            .filter(|&at| counters[at].is_none())
            .collect();
        let rest_names: Vec<&str> = rest.iter().map(|&at| names[at]).collect();
        let ranges = self.ranges(&rest_names, only, progress)?;
        for (&at, range) in rest.iter().zip(ranges) {
            progress.note(names[at]);
            let column = &columns[at];
            counters[at] = if self.holds_codes(&column.name, &range, only, progress)? {
                self.grouped_up_to(column, None, only, progress)?
            } else {
                Some(self.stretched(column, range, only, progress)?)
            };
        }
        Ok(columns
            .iter()
            .zip(counters)
            .map(|(column, counter)| {
                let empty = || ColumnCounter::new(column.categorical, Vec::new());
                Column::from_counter(&column.name, counter.unwrap_or_else(empty))
            })
            .collect())
    }
}

/// Counts what is planned.
///
/// # Errors
/// What the database says; bad input if a column can't be counted or there are no rows.
pub(super) fn count(
    mut table: Table<'_>,
    plan: &CountPlan,
    progress: &dyn Progress,
) -> Result<Counted> {
    let (may_be_unique, mut wanted): (Vec<_>, Vec<_>) = plan
        .columns
        .iter()
        .cloned()
        .partition(|column| column.unless_unique);
    let names: Vec<String> = may_be_unique
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let unique = identifiers(&mut table, &names, progress)?;
    let repeats = |column: &CountColumn| !unique.contains(&column.name);
    wanted.extend(may_be_unique.into_iter().filter(repeats));
    let columns = table.count(&wanted, None, progress)?;
    let rows = columns.first().and_then(Column::rows).unwrap_or(0);
    // Where statements are not of one state, that may show.
    let others = columns.iter().filter_map(Column::rows);
    if let Some(other) = others.into_iter().find(|other| *other != rows) {
        return Err(Error::new(
            ExitCode::Failed,
            format!("the table changed while it was counted: it had {rows} rows, then {other}"),
        )
        .at(table.place)
        .hint("try again when nothing writes to it, or name one state of it in a query"));
    }
    if rows == 0 {
        return Err(Error::bad_input("there are no rows")
            .at(table.place)
            .hint("an empty table cannot be compared; check the job that fills it"));
    }
    let outcome = match &plan.outcome {
        Some(planned) => Some(outcome(&mut table, planned, progress)?),
        None => None,
    };
    Ok(Counted {
        columns,
        outcome,
        rows,
        blank_lines: 0,
        header_rows: HeaderRows::default(),
    })
}

fn outcome(
    table: &mut Table<'_>,
    planned: &CountOutcome,
    progress: &dyn Progress,
) -> Result<Outcome> {
    let (label, score) = (planned.label.as_str(), planned.score.as_str());
    let labels = table.labels(label, progress)?;
    if labels.values().map(Vec::len).sum::<usize>() > MAX_LABELS {
        return Err(
            Error::bad_input(format!("more than {MAX_LABELS} different labels"))
                .at(Place {
                    column: Some(label.to_owned()),
                    ..table.place.clone()
                })
                .hint("a label has two values; is it the right column?"),
        );
    }
    let mut by_label = BTreeMap::new();
    for (value, spellings) in labels {
        let column = table.column(label)?;
        let dialect = table.engine.dialect();
        let only: Vec<String> = spellings
            .iter()
            .map(|spelling| equals(dialect, column, spelling))
            .collect();
        let scores = CountColumn {
            name: score.to_owned(),
            categorical: false,
            cuts: planned.threshold.into_iter().collect(),
            fine: Vec::new(),
            unless_unique: false,
        };
        let only = format!("({})", only.join(" or "));
        let counted = table.count(&[scores], Some(&only), progress)?;
        by_label.extend(counted.into_iter().map(|column| (value.clone(), column)));
    }
    Ok(Outcome {
        label: label.to_owned(),
        score: score.to_owned(),
        by_label,
        rows: None,
    })
}

/// Returns the columns of texts, or named like an identifier, that have another value in every row,
/// as far as a first look tells: counting them would bring the whole column over the wire.
///
/// # Errors
/// What the database says.
pub(super) fn identifiers(
    table: &mut Table<'_>,
    names: &[String],
    progress: &dyn Progress,
) -> Result<Vec<String>> {
    let likely: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| {
            let kind = table.column(name).map(|column| column.kind);
            kind.is_ok_and(|kind| kind == SqlKind::Text || named_like_an_id(name))
        })
        .collect();
    let looks = table.look(&likely, progress)?;
    let unique = |look: &Look| {
        // Fewer are counted as they are.
        look.rows >= 50_000 && look.distinct as f64 >= 0.95 * look.values as f64
    };
    let mut found = Vec::new();
    for (name, look) in likely.into_iter().zip(looks) {
        if unique(&look) && !table.are_measurements(name, progress)? {
            found.push(name.to_owned());
        }
    }
    Ok(found)
}

impl Table<'_> {
    /// Returns whether the first values of a column are numbers with fractions, be they texts: those
    /// may well be unique, and tell nobody's identity.
    fn are_measurements(&mut self, name: &str, progress: &dyn Progress) -> Result<bool> {
        let sql = first_values(self.source(None), self.column(name)?);
        let mut tally = ColumnTally::default().named(name);
        self.engine.query(&sql, &mut |cells: &[Cell<'_>]| {
            let Some(text) = cells.first().copied().flatten() else {
                return;
            };
            tally.add(text.as_bytes(), 1);
        })?;
        progress.advance(1);
        Ok(tally.are_fractions())
    }
}

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
pub(super) fn explain(
    dialect: Dialect,
    from: &str,
    columns: &[SqlColumn],
    plan: &CountPlan,
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
    let mut add = |what: String, sql: String| all.push(Explained { what, sql });
    let columns_of = |part: &[(&SqlColumn, &CountColumn)]| match part {
        [(only, _)] => only.name.clone(),
        [(first, _), .., (last, _)] => format!("{} to {}", first.name, last.name),
        [] => String::new(),
    };
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
        let what = format!("{}: its values and their counts{which}", column.name);
        add(what, groups(source, column, limit));
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
        add(what, buckets(source, column, &edges, 0.0));
    }
    all
}

fn tidy(edges: &mut Vec<f64>) {
    edges.retain(|edge| edge.is_finite());
    edges.sort_by(f64::total_cmp);
    edges.dedup();
}

/// Edges that follow the order of the doubles from `min` to `max`: fine near zero, coarse far off.
fn even_edges(min: f64, max: f64) -> impl Iterator<Item = f64> {
    let (from, to) = (ordinal(min), ordinal(max));
    let step = ((to - from) / PARTS).max(1);
    // Half of them by value, for values that lie evenly.
    let by_value = (1..PARTS).map(move |part| min + (max - min) * (part as f64 / PARTS as f64));
    let by_order = (1..PARTS)
        .map(move |part| from.saturating_add(part * step))
        .take_while(move |edge| *edge <= to)
        .map(from_ordinal);
    by_order.chain(by_value)
}

/// Edges with which every stretch has about the same number of values: stretches of the first pass
/// are cut evenly, and a value that holds more than its part gets a stretch of its own.
fn equal_edges(first: &[Bucket]) -> Vec<f64> {
    let total: u64 = first.iter().map(|bucket| bucket.count).sum();
    let part = (total / PARTS).max(1);
    let mut edges = Vec::new();
    let mut since_edge = 0;
    for bucket in first.iter().filter(|bucket| bucket.count > 0) {
        if bucket.count > part {
            let pieces = bucket.count / part + 1;
            edges.extend([bucket.min, bucket.max, bucket.max.next_up()]);
            let width = bucket.max - bucket.min;
            let inner = (1..pieces).map(|at| bucket.min + width * (at as f64 / pieces as f64));
            edges.extend(inner.filter(|_| width > 0.0));
            // By value alone, a stretch over several powers of two has most of its values in one piece.
            let (from, to) = (ordinal(bucket.min), ordinal(bucket.max));
            let step = ((to - from) / pieces).max(1);
            let by_order = (1..pieces).map(|at| from.saturating_add(at * step));
            edges.extend(by_order.take_while(|edge| *edge < to).map(from_ordinal));
            since_edge = 0;
        } else {
            since_edge += bucket.count;
            if since_edge > part {
                edges.push(bucket.min);
                since_edge = bucket.count;
            }
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use churn_base::progress::Silent;

    use super::*;

    /// A table of texts that grows by a row from one grouping to the next.
    struct Growing(u64);

    impl Engine for Growing {
        fn dialect(&self) -> Dialect {
            Dialect::Spark
        }

        fn query(&mut self, sql: &str, each: &mut dyn FnMut(&[Cell<'_>])) -> Result<()> {
            if sql.contains("group by") {
                self.0 += 1;
                each(&[Some("basic"), Some(&self.0.to_string())]);
            } else {
                each(&[Some("9"), Some("9"), Some("1"), Some("9"), Some("1")]);
            }
            Ok(())
        }
    }

    #[test]
    fn a_table_that_grows_while_it_is_counted_is_not_taken_for_one() {
        let names = ["plan", "region"];
        let columns = names.map(|name| SqlColumn {
            name: name.into(),
            kind: SqlKind::Text,
            type_name: "string".into(),
        });
        let plan = CountPlan {
            columns: names
                .map(|name| CountColumn {
                    name: name.into(),
                    categorical: true,
                    cuts: Vec::new(),
                    fine: Vec::new(),
                    unless_unique: false,
                })
                .into(),
            outcome: None,
        };
        let counted = |columns: &[SqlColumn], plan: &CountPlan| {
            let table = Table {
                engine: &mut Growing(9),
                columns,
                from: "t",
                place: Place::default(),
            };
            count(table, plan, &Silent)
        };
        let error = counted(&columns, &plan).expect_err("two states");
        assert_eq!(error.code(), ExitCode::Failed);
        assert!(error.to_string().contains("10 rows, then 11"), "{error}");
        let one = CountPlan {
            columns: plan.columns[..1].to_vec(),
            ..plan
        };
        assert_eq!(
            counted(&columns, &one).map(|counted| counted.rows).ok(),
            Some(10)
        );
    }

    #[test]
    fn no_stretch_of_the_second_pass_is_large_unless_it_is_one_value() {
        // A third of the values are 0, the others lie like a log-normal law.
        let mut values: Vec<f64> = (1..30_000)
            .map(|at| (f64::from(at) / 30_000.0 * 12.0 - 6.0).exp())
            .chain(std::iter::repeat_n(0.0, 15_000))
            .collect();
        values.sort_by(f64::total_cmp);
        let count = |edges: &[f64]| {
            let mut buckets = vec![Bucket::default(); edges.len() + 1];
            for &value in &values {
                let bucket = &mut buckets[edges.partition_point(|edge| *edge <= value)];
                if bucket.count == 0 {
                    bucket.min = value;
                }
                bucket.max = value;
                bucket.count += 1;
            }
            buckets
        };
        let mut edges: Vec<f64> = even_edges(values[0], values[values.len() - 1]).collect();
        tidy(&mut edges);
        let mut edges = equal_edges(&count(&edges));
        tidy(&mut edges);
        assert!(edges.len() < 3 * PARTS as usize, "{}", edges.len());
        let largest = count(&edges)
            .into_iter()
            .filter(|bucket| bucket.min < bucket.max)
            .map(|bucket| bucket.count)
            .max();
        assert!(largest <= Some(45_000 / 64), "{largest:?}");
    }
}
