//! The statements that count by pieces of time and by segment: as those of `statements`, with the piece and
//! what tells the segment in GROUP BY.

use churn_data::{SqlColumn, SqlKind};

use super::octaves::Octaves;
use super::statements::{Source, bucket, halved, is_finite, listed};

/// Most groups of which one answer may be made.
pub(super) const MOST_GROUPS: u64 = 1_000_000;

/// How rows are sorted into pieces and segments.
#[derive(Debug, Clone, Default)]
pub(super) struct ByPiece {
    /// The time as an expression; without one all rows are one piece.
    pub(super) time: Option<String>,
    /// Where pieces begin, in rising order, as expressions: all but the first.
    pub(super) edges: Vec<String>,
    /// Expressions whose values tell the segment.
    pub(super) keys: Vec<String>,
}

impl ByPiece {
    /// The number of edges at or before the time; -1 without a time.
    fn piece(&self) -> String {
        let Some(time) = &self.time else {
            return "0".to_owned();
        };
        let numbers: Vec<String> = (0..=self.edges.len()).map(|at| at.to_string()).collect();
        let found = halved(time, &self.edges, &numbers);
        format!("case when {time} is null then -1 else {found} end")
    }

    /// The piece and the keys under the names that the other parts of a statement use.
    fn named(&self) -> String {
        let keys = self.keys.iter().enumerate();
        let keys = keys.map(|(at, key)| format!("{key} as s{at}"));
        listed(std::iter::once(format!("{} as p", self.piece())).chain(keys))
    }

    /// Those names.
    fn names(&self) -> String {
        let keys = (0..self.keys.len()).map(|at| format!("s{at}"));
        listed(std::iter::once("p".to_owned()).chain(keys))
    }

    /// What comes over the wire of a group: the piece, these figures, the keys.
    fn selected(&self, source: Source<'_>, figures: impl IntoIterator<Item = String>) -> String {
        let keys = (0..self.keys.len()).map(|at| format!("s{at}"));
        let all = std::iter::once("p".to_owned()).chain(figures).chain(keys);
        listed(all.map(|figure| source.dialect.to_text(&figure)))
    }
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
        by.time.as_deref().unwrap_or("null"),
        source.from(),
    )
}

/// For each piece the sums of these figures of its rows.
pub(super) fn sums(source: Source<'_>, by: &ByPiece, figures: &[String]) -> String {
    let named = figures.iter().enumerate();
    let named = named.map(|(at, figure)| format!("{figure} as f{at}"));
    let sums = (0..figures.len()).map(|at| format!("sum(f{at})"));
    format!(
        "select {} from (select {}, {} from {}) as summed group by {}",
        by.selected(source, sums),
        by.named(),
        listed(named),
        source.from(),
        by.names(),
    )
}

/// For each piece and segment: rows. Of groups beyond the limit nothing is said.
pub(super) fn rows(source: Source<'_>, by: &ByPiece, limit: u64) -> String {
    format!(
        "select {} from (select {} from {}) as sorted group by {} limit {limit}",
        by.selected(source, ["count(*)".to_owned()]),
        by.named(),
        source.from(),
        by.names(),
    )
}

/// For each piece every distinct value as a text with its number of rows, up to a limit.
pub(super) fn groups(
    source: Source<'_>,
    by: &ByPiece,
    column: &SqlColumn,
    limit: Option<u64>,
) -> String {
    let limit = limit.map_or_else(String::new, |limit| format!(" limit {limit}"));
    format!(
        "select {} from (select {}, {} as k from {}) as keyed group by {}, k{limit}",
        by.selected(source, ["k".to_owned(), "count(*)".to_owned()]),
        by.named(),
        key(source, column),
        source.from(),
        by.names(),
    )
}

/// A column as it is grouped by. Numbers are grouped as such: writing each as a text would cost more.
pub(super) fn key(source: Source<'_>, column: &SqlColumn) -> String {
    match column.kind {
        SqlKind::Text => source.text(column),
        _ => source.dialect.value(column),
    }
}

/// For each piece: rows, values, NaN and finite values, and the mean and variance of these.
pub(super) fn finite(source: Source<'_>, by: &ByPiece, column: &SqlColumn) -> String {
    let nan = source.dialect.is_nan("x");
    let finite = is_finite("x");
    let figures = [
        "count(*)".to_owned(),
        "count(x)".to_owned(),
        format!("coalesce(sum(case when {nan} then 1 else 0 end), 0)"),
        format!("count(case when {finite} then x end)"),
        format!("avg(case when {finite} then x end)"),
        format!("var_pop(case when {finite} then x end)"),
    ];
    format!(
        "select {} from (select {}, {} as x from {}) as doubles group by {}",
        by.selected(source, figures),
        by.named(),
        source.double(column),
        source.from(),
        by.names(),
    )
}

/// For each piece and cell of a grid, cut where a cut point lies in it: rows, and the smallest and the
/// largest value.
pub(super) fn cells(
    source: Source<'_>,
    by: &ByPiece,
    column: &SqlColumn,
    cuts: &[f64],
    (octaves, shift): (&Octaves, u32),
) -> String {
    let dialect = source.dialect;
    let figures = ["count(*)", "min(x)", "max(x)"].map(str::to_owned);
    let names = by.names();
    format!(
        "select {} from (select {names}, x, {} as b, {} as g from (select {}, {} as x from {}) as doubles \
         where {}) as sorted group by {names}, b, g",
        by.selected(source, figures),
        bucket(dialect, "x", cuts),
        octaves.cell(dialect, "x", shift),
        by.named(),
        source.double(column),
        source.from(),
        is_finite("x"),
    )
}

#[cfg(test)]
mod tests {
    use churn_data::Dialect;

    use super::super::super::scale::Scale;
    use super::super::octaves::Extent;
    use super::*;

    #[test]
    fn the_piece_stands_in_group_by() {
        let source = Source {
            dialect: Dialect::Spark,
            from: "t",
            only: None,
        };
        let time = "`at`".to_owned();
        let by = ByPiece {
            time: Some(time.clone()),
            edges: vec!["E1".into(), "E2".into()],
            keys: Vec::new(),
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
        let by_segment = ByPiece {
            keys: vec!["`a`".into(), "`b`".into()],
            ..ByPiece::default()
        };
        assert_eq!(
            rows(source, &by_segment, 9),
            "select cast(p as string), cast(count(*) as string), cast(s0 as string), cast(s1 as string) from \
             (select 0 as p, `a` as s0, `b` as s1 from t) as sorted group by p, s0, s1 limit 9"
        );
        let unit = Extent {
            min: 0.0,
            max: 1.0,
            around_zero: [None, Some(0.25)],
        };
        let octaves = Octaves::of(unit, Scale::Plain);
        for sql in [
            extent(source, &time),
            pieces(source, &by),
            finite(source, &by, &column),
            cells(source, &by_segment, &column, &[1.0], (&octaves, 40)),
        ] {
            assert!(sql.starts_with("select ") && !sql.contains(';'), "{sql}");
        }
    }
}
