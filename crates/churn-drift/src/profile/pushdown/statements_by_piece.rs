//! The statements that count by pieces of time: as those of `statements`, with the piece in GROUP BY.

use churn_data::{SqlColumn, SqlKind};

use super::statements::{Source, bucket, is_finite, listed};

/// How rows are sorted into pieces.
#[derive(Debug, Clone)]
pub(super) struct ByPiece {
    /// The time as an expression.
    pub(super) time: String,
    /// Where pieces begin, in rising order, as expressions: all but the first.
    pub(super) edges: Vec<String>,
}

impl ByPiece {
    /// The number of edges at or before the time; -1 without a time.
    fn piece(&self) -> String {
        let time = &self.time;
        let found = halved(time, &self.edges, 0);
        format!("case when {time} is null then -1 else {found} end")
    }
}

/// The number of edges at or before a time, found by halving.
fn halved(time: &str, edges: &[String], below: usize) -> String {
    if edges.is_empty() {
        return below.to_string();
    }
    let middle = edges.len() / 2;
    format!(
        "case when {time} < {} then {} else {} end",
        edges[middle],
        halved(time, &edges[..middle], below),
        halved(time, &edges[middle + 1..], below + middle + 1),
    )
}

/// Rows, and the first and the last time.
pub(super) fn extent(source: Source<'_>, time: &str) -> String {
    let dialect = source.dialect;
    let figures = [
        format!("min({time})"),
        format!("max({time})"),
        "count(*)".to_owned(),
    ];
    let figures = listed(figures.map(|figure| dialect.to_text(&figure)));
    format!("select {figures} from {}", source.from())
}

/// For each piece: rows, and the first and the last time.
pub(super) fn pieces(source: Source<'_>, by: &ByPiece) -> String {
    let dialect = source.dialect;
    let figures = ["p", "count(*)", "min(t)", "max(t)"].map(|figure| dialect.to_text(figure));
    format!(
        "select {} from (select {} as p, {} as t from {}) as timed group by p",
        listed(figures),
        by.piece(),
        by.time,
        source.from(),
    )
}

/// For each piece every distinct value as a text with its number of rows, up to a limit.
pub(super) fn groups(
    source: Source<'_>,
    by: &ByPiece,
    column: &SqlColumn,
    limit: Option<u64>,
) -> String {
    let dialect = source.dialect;
    let limit = limit.map_or_else(String::new, |limit| format!(" limit {limit}"));
    let key = match column.kind {
        SqlKind::Text => source.text(column),
        _ => dialect.value(column),
    };
    let figures = ["p", "k", "count(*)"].map(|figure| dialect.to_text(figure));
    format!(
        "select {} from (select {} as p, {key} as k from {}) as keyed group by p, k{limit}",
        listed(figures),
        by.piece(),
        source.from(),
    )
}

/// For each piece: rows, values, NaN and finite values.
pub(super) fn finite(source: Source<'_>, by: &ByPiece, column: &SqlColumn) -> String {
    let dialect = source.dialect;
    let nan = dialect.is_nan("x");
    let finite = is_finite("x");
    let figures = [
        "p".to_owned(),
        "count(*)".to_owned(),
        "count(x)".to_owned(),
        format!("coalesce(sum(case when {nan} then 1 else 0 end), 0)"),
        format!("count(case when {finite} then x end)"),
    ];
    format!(
        "select {} from (select {} as p, {} as x from {}) as doubles group by p",
        listed(figures.map(|figure| dialect.to_text(&figure))),
        by.piece(),
        source.double(column),
        source.from(),
    )
}

/// For each piece and stretch what `statements::buckets` has for each stretch.
pub(super) fn buckets(
    source: Source<'_>,
    by: &ByPiece,
    column: &SqlColumn,
    edges: &[f64],
    centre: f64,
) -> String {
    let dialect = source.dialect;
    let centre = dialect.number(centre);
    let figures = [
        "p".to_owned(),
        "b".to_owned(),
        "count(*)".to_owned(),
        "min(x)".to_owned(),
        "max(x)".to_owned(),
        format!("sum(x - {centre})"),
        format!("sum((x - {centre}) * (x - {centre}))"),
    ];
    format!(
        "select {} from (select p, x, {} as b from (select {} as p, {} as x from {}) as doubles \
         where {}) as bucketed group by p, b",
        listed(figures.map(|figure| dialect.to_text(&figure))),
        bucket(dialect, edges, 0),
        by.piece(),
        source.double(column),
        source.from(),
        is_finite("x"),
    )
}

#[cfg(test)]
mod tests {
    use churn_data::Dialect;

    use super::*;

    #[test]
    fn the_piece_stands_in_group_by() {
        let source = Source {
            dialect: Dialect::Spark,
            from: "t",
            only: None,
        };
        let by = ByPiece {
            time: "`at`".into(),
            edges: vec!["E1".into(), "E2".into()],
        };
        let column = SqlColumn {
            name: "plan".into(),
            kind: SqlKind::Text,
            type_name: "string".into(),
        };
        assert_eq!(
            groups(source, &by, &column, Some(7)),
            "select cast(p as string), cast(k as string), cast(count(*) as string) from (select case when `at` \
             is null then -1 else case when `at` < E2 then case when `at` < E1 then 0 else 1 end else 2 end \
             end as p, cast(`plan` as string) as k from t) as keyed group by p, k limit 7"
        );
        for sql in [
            extent(source, &by.time),
            pieces(source, &by),
            finite(source, &by, &column),
            buckets(source, &by, &column, &[1.0], 0.5),
        ] {
            assert!(sql.starts_with("select ") && !sql.contains(';'), "{sql}");
        }
    }
}
