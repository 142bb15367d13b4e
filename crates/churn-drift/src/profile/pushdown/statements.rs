//! The statements with which an engine counts: text alone, every answer in texts.
//!
//! Nothing but SELECT, CASE, GROUP BY and the plain aggregates: what every engine runs.

use churn_data::{Dialect, LARGEST_EXACT, SqlColumn, SqlKind};

/// Rows that the first look takes.
pub(super) const SAMPLE_ROWS: u64 = 100_000;

/// A table as the statements see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) dialect: Dialect,
    /// What stands after FROM.
    pub(super) from: &'a str,
    /// A condition on the rows, if not all are meant.
    pub(super) only: Option<&'a str>,
}

impl Source<'_> {
    pub(super) fn from(&self) -> String {
        match self.only {
            Some(condition) => format!("{} where {condition}", self.from),
            None => self.from.to_owned(),
        }
    }

    /// The column as a text.
    pub(super) fn text(&self, column: &SqlColumn) -> String {
        self.dialect.to_text(&self.dialect.value(column))
    }

    /// The column as a double.
    pub(super) fn double(&self, column: &SqlColumn) -> String {
        self.dialect.double(column)
    }
}

pub(super) fn listed(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}

/// Rows, and for each column values and distinct values, among the first rows.
pub(super) fn sample(source: Source<'_>, columns: &[&SqlColumn]) -> String {
    let dialect = source.dialect;
    let inner = listed(
        columns
            .iter()
            .enumerate()
            .map(|(at, column)| format!("{} as c{at}", dialect.name(&column.name))),
    );
    let counts = listed((0..columns.len()).flat_map(|at| {
        [
            dialect.to_text(&format!("count(c{at})")),
            dialect.to_text(&format!("count(distinct c{at})")),
        ]
    }));
    format!(
        "select {}, {counts} from (select {inner} from {} limit {SAMPLE_ROWS}) as few",
        dialect.to_text("count(*)"),
        source.from(),
    )
}

/// Rows of which a glance at the values themselves is taken.
const GLANCE_ROWS: u64 = 1_000;

/// The first values of a column as texts.
pub(super) fn first_values(source: Source<'_>, column: &SqlColumn) -> String {
    let dialect = source.dialect;
    format!(
        "select {} from (select {} as k from {} limit {GLANCE_ROWS}) as few",
        dialect.to_text("k"),
        dialect.value(column),
        source.from(),
    )
}

/// Every distinct value as a text with its number of rows, up to a limit.
pub(super) fn groups(source: Source<'_>, column: &SqlColumn, limit: Option<u64>) -> String {
    let dialect = source.dialect;
    let limit = limit.map_or_else(String::new, |limit| format!(" limit {limit}"));
    // Numbers are grouped as such: writing each as a text would cost more than counting it.
    let key = match column.kind {
        SqlKind::Text => source.text(column),
        _ => dialect.value(column),
    };
    format!(
        "select {}, {} from (select {key} as k from {}) as keyed group by k{limit}",
        dialect.to_text("k"),
        dialect.to_text("count(*)"),
        source.from(),
    )
}

/// For each column: values, NaN, how many are finite, and of those the smallest and largest, the
/// nearest to zero on either side, mean and variance.
pub(super) fn ranges(source: Source<'_>, columns: &[&SqlColumn]) -> String {
    let dialect = source.dialect;
    let inner = listed(
        columns
            .iter()
            .enumerate()
            .map(|(at, column)| format!("{} as c{at}", source.double(column))),
    );
    let figures = listed((0..columns.len()).flat_map(|at| {
        let x = format!("c{at}");
        let nan = dialect.is_nan(&x);
        let finite = format!("case when {} then {x} end", is_finite(&x));
        [
            format!("count({x})"),
            format!("coalesce(sum(case when {nan} then 1 else 0 end), 0)"),
            format!("count({finite})"),
            format!("min({finite})"),
            format!("max({finite})"),
            format!("max(case when {x} < 0 then {finite} end)"),
            format!("min(case when {x} > 0 then {finite} end)"),
            format!("avg({finite})"),
            format!("var_pop({finite})"),
        ]
        .map(|figure| dialect.to_text(&figure))
    }));
    format!(
        "select {}, {figures} from (select {inner} from {}) as doubles",
        dialect.to_text("count(*)"),
        source.from()
    )
}

/// The largest value as the engine writes it, the finite values, and how many of them are whole
/// numbers that doubles would not tell apart, if they are whole.
pub(super) fn digits(source: Source<'_>, column: &SqlColumn) -> String {
    let dialect = source.dialect;
    let beyond = format!(
        "case when x >= {} or x <= {} then 1 else 0 end",
        dialect.number(LARGEST_EXACT),
        dialect.number(-LARGEST_EXACT)
    );
    let figures = listed(
        [
            "max(v)".to_owned(),
            "count(*)".to_owned(),
            format!("sum({beyond})"),
        ]
        .map(|figure| dialect.to_text(&figure)),
    );
    format!(
        "select {figures} from (select {} as v, {} as x from {}) as doubles where {}",
        dialect.value(column),
        source.double(column),
        source.from(),
        is_finite("x"),
    )
}

/// NaN and infinities less themselves are NaN, everywhere.
pub(super) fn is_finite(double: &str) -> String {
    format!("{double} - {double} = 0")
}

/// The number of edges at or below `x`.
pub(super) fn bucket(dialect: Dialect, x: &str, edges: &[f64]) -> String {
    let edges: Vec<String> = edges.iter().map(|edge| dialect.number(*edge)).collect();
    let leaves: Vec<String> = (0..=edges.len()).map(|below| below.to_string()).collect();
    halved(x, &edges, &leaves)
}

/// Which of the leaves is meant: the one above as many rising edges as are at or below `x`. Found by
/// halving: a dozen comparisons for thousands.
pub(super) fn halved(x: &str, edges: &[String], leaves: &[String]) -> String {
    if edges.is_empty() {
        return leaves.first().cloned().unwrap_or_default();
    }
    let middle = edges.len() / 2;
    format!(
        "case when {x} < {} then {} else {} end",
        edges[middle],
        halved(x, &edges[..middle], &leaves[..=middle]),
        halved(x, &edges[middle + 1..], &leaves[middle + 1..]),
    )
}

/// A condition that is true for the rows with this text in a column.
pub(super) fn equals(dialect: Dialect, column: &SqlColumn, text: &str) -> String {
    let value = dialect.to_text(&dialect.value(column));
    format!("{value} = {}", dialect.text(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: SqlKind) -> SqlColumn {
        SqlColumn {
            name: name.into(),
            kind,
            type_name: String::new(),
        }
    }

    const SOURCE: Source<'static> = Source {
        dialect: Dialect::Postgres,
        from: "\"t\"",
        only: None,
    };

    #[test]
    fn the_statements_are_plain_selects() {
        let plan = column("pl\"an", SqlKind::Text);
        let spend = column("spend", SqlKind::Number);
        assert_eq!(
            sample(SOURCE, &[&plan]),
            "select cast(count(*) as text), cast(count(c0) as text), cast(count(distinct c0) as \
             text) from (select \"pl\"\"an\" as c0 from \"t\" limit 100000) as few"
        );
        assert_eq!(
            groups(SOURCE, &plan, Some(5)),
            "select cast(k as text), cast(count(*) as text) from (select cast(\"pl\"\"an\" as text) as k from \
             \"t\") as keyed group by k limit 5"
        );
        let only = equals(Dialect::Postgres, &plan, "it's");
        assert_eq!(only, "cast(\"pl\"\"an\" as text) = 'it''s'");
        let narrowed = Source {
            only: Some(&only),
            ..SOURCE
        };
        assert!(groups(narrowed, &spend, None).contains("from \"t\" where cast("));
        for sql in [
            sample(SOURCE, &[&plan, &spend]),
            groups(narrowed, &plan, None),
            first_values(SOURCE, &plan),
            ranges(SOURCE, &[&spend]),
            digits(narrowed, &spend),
        ] {
            assert!(sql.starts_with("select ") && !sql.contains(';'), "{sql}");
        }
    }

    #[test]
    fn buckets_are_found_by_halving() {
        let two = bucket(Dialect::Postgres, "x", &[1.0, 2.5]);
        assert_eq!(
            two,
            "case when x < cast('2.5e0' as double precision) then case when x < cast('1e0' as \
             double precision) then 0 else 1 end else 2 end"
        );
        let many: Vec<f64> = (0..1000).map(f64::from).collect();
        let depth = bucket(Dialect::Postgres, "x", &many);
        let deepest = depth
            .split("case")
            .scan(0_i32, |open, part| {
                *open += 1 - part.matches(" end").count() as i32;
                Some(*open)
            })
            .max();
        assert!(deepest <= Some(12), "{deepest:?}");
    }
}
