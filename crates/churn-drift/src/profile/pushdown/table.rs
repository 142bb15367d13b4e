//! A table in its database, asked: looks at columns, their groups and ranges.

use std::collections::BTreeMap;

use churn_base::error::{Error, Place, Result};
use churn_base::progress::Progress;
use churn_data::{
    Cell, ColumnTally, Engine, LARGEST_EXACT, MissingKind, SqlColumn, SqlKind, Value,
    canonical_text, classify,
};

use super::super::column::Column;
use super::super::count_plan::CountColumn;
use super::super::counter::{ColumnCounter, MAX_NUMBERS};
use super::moments::Moments;
use super::octaves::Extent;
use super::statements::{SAMPLE_ROWS, Source, digits, first_values, groups, ranges, sample};

/// Columns of one statement.
pub(super) const COLUMNS: usize = 16;

/// A database's table, opened.
pub(crate) struct Table<'a> {
    pub(crate) engine: &'a mut dyn Engine,
    pub(crate) columns: &'a [SqlColumn],
    /// What stands after FROM.
    pub(crate) from: &'a str,
    /// What errors name.
    pub(crate) place: Place,
}

/// What the first look at a column says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Look {
    pub(super) rows: u64,
    pub(super) values: u64,
    pub(super) distinct: u64,
}

impl Look {
    /// Returns whether there are more distinct values than are kept one by one, in a table so large that
    /// they are not asked for.
    pub(super) const fn are_many(&self) -> bool {
        self.distinct > MAX_NUMBERS as u64 && self.rows >= SAMPLE_ROWS
    }
}

/// Which values of a column are no finite numbers, and where the finite ones lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) nan: u64,
    pub(super) infinite: u64,
    pub(super) null: u64,
    pub(super) finite: Option<(Extent, Moments)>,
}

impl Table<'_> {
    pub(super) fn column(&self, name: &str) -> Result<&SqlColumn> {
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

    pub(super) fn source<'b>(&'b self, only: Option<&'b str>) -> Source<'b> {
        Source {
            dialect: self.engine.dialect(),
            from: self.from,
            only,
        }
    }

    pub(super) fn broken(&self, what: &str) -> Error {
        Error::bad_input(format!(
            "the database gave an answer that cannot be read: {what}"
        ))
        .at(self.place.clone())
    }

    pub(super) fn no_rows(&self) -> Error {
        Error::bad_input("there are no rows")
            .at(self.place.clone())
            .hint("an empty table cannot be compared; check the job that fills it")
    }

    /// Runs a statement that answers with one row of numbers.
    pub(super) fn figures(
        &mut self,
        sql: &str,
        progress: &dyn Progress,
    ) -> Result<Vec<Option<f64>>> {
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

    pub(super) fn look(&mut self, names: &[&str], progress: &dyn Progress) -> Result<Vec<Look>> {
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
    pub(super) fn grouped(
        &mut self,
        column: &CountColumn,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Option<ColumnCounter>> {
        let found = self.column(&column.name)?;
        let numbers = found.kind != SqlKind::Text && !column.categorical;
        // A table that the first look saw whole has fewer.
        let limit = numbers.then_some(SAMPLE_ROWS + 1);
        self.grouped_up_to(column, limit, only, progress)
    }

    /// Counts a column by value; none if there are more values than the limit.
    pub(super) fn grouped_up_to(
        &mut self,
        column: &CountColumn,
        limit: Option<u64>,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Option<ColumnCounter>> {
        let found = self.column(&column.name)?;
        let sql = groups(self.source(only), found, limit);
        let mut counter = column.counter();
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
            return Err(self.broken("a count that is not a number"));
        }
        let all = limit.is_none_or(|limit| found < limit);
        Ok(all.then_some(counter))
    }

    /// Returns the values of a label column by their canonical texts, as the engine writes them:
    /// that is how it finds their rows.
    pub(super) fn labels(
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

    pub(super) fn ranges(
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
                let first = 1 + 9 * at;
                let (values, nan, finite) = (count(first), count(first + 1), count(first + 2));
                let figure = |at: usize| figure(first + at);
                Range {
                    nan,
                    infinite: values.saturating_sub(nan + finite),
                    null: rows.saturating_sub(values),
                    finite: match [3, 4, 7, 8].map(figure) {
                        [Some(min), Some(max), Some(mean), Some(variance)] => Some((
                            Extent {
                                min,
                                max,
                                around_zero: [5, 6].map(figure),
                            },
                            Moments::of(finite, mean, variance),
                        )),
                        _ => None,
                    },
                }
            }));
        }
        Ok(all)
    }

    /// Returns whether half of the numbers are whole and beyond 2^53: codes, which are counted by
    /// all of their digits.
    pub(super) fn holds_codes(
        &mut self,
        name: &str,
        range: &Range,
        only: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<bool> {
        let far = |(extent, _): &(Extent, Moments)| {
            extent.min.abs().max(extent.max.abs()) > LARGEST_EXACT
        };
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

    /// Counts columns, those of one kind together.
    pub(super) fn count(
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
            by_value.push(kind == SqlKind::Text || column.categorical || !look.are_many());
        }
        if only.is_none() {
            let name = format!("counting in {}", self.place.file);
            let ranges = by_value.iter().filter(|by_value| !**by_value).count();
            let statements = columns.len() + ranges.div_ceil(COLUMNS);
            progress.steps(&name, statements as u64);
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
                Some(self.many(column, range, only, progress)?)
            };
        }
        Ok(columns
            .iter()
            .zip(counters)
            .map(|(column, counter)| {
                let counter = counter.unwrap_or_else(|| column.counter());
                Column::from_counter(&column.name, counter)
            })
            .collect())
    }
}

impl Table<'_> {
    /// Returns whether the first values of a column are numbers with fractions, be they texts: those
    /// may well be unique, and tell nobody's identity.
    pub(super) fn are_measurements(&mut self, name: &str, progress: &dyn Progress) -> Result<bool> {
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
