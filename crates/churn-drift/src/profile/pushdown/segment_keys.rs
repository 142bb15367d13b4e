//! What tells the segment of a row in its database: expressions for GROUP BY. Values of columns are grouped by as
//! they are, since only here is known which texts name one value; a condition is one expression.

use churn_base::error::Result;
use churn_base::progress::Progress;
use churn_data::{Cell, Dialect, SqlColumn, SqlKind};

use super::super::cut::{Asks, Comparison, Cut, Literal, Test};
use super::statements::{Source, listed};
use super::statements_by_piece::key;
use super::table::Table;

/// Most different texts of a column that a condition asks about: each is judged here, and those of one side stand
/// in every statement.
const MOST_TEXTS: usize = 10_000;

impl Table<'_> {
    /// Returns the expressions that tell the segment; none if the database cannot tell it.
    pub(super) fn segment_keys(
        &mut self,
        cut: &Cut,
        progress: &dyn Progress,
    ) -> Result<Option<Vec<String>>> {
        match cut {
            Cut::Columns(names) => {
                let keys = names.iter();
                let keys = keys.map(|name| Ok(key(self.source(None), self.column(name)?)));
                keys.collect::<Result<_>>().map(Some)
            }
            Cut::Condition(tests) => {
                let mut conditions = Vec::new();
                for test in tests {
                    let Some(condition) = self.condition(test, progress)? else {
                        return Ok(None);
                    };
                    conditions.push(condition);
                }
                Ok(Some(vec![side(&conditions)]))
            }
        }
    }

    /// Returns a condition that is true for the rows of which the test is.
    fn condition(&mut self, test: &Test, progress: &dyn Progress) -> Result<Option<String>> {
        let dialect = self.engine.dialect();
        let column = self.column(&test.column)?.clone();
        if let Some(condition) = of_numbers(dialect, &column, &test.asks) {
            return Ok(Some(condition));
        }
        let text = self.source(None).text(&column);
        let sql = format!(
            "select k from (select {text} as k from {}) as keyed group by k limit {}",
            self.source(None).from(),
            MOST_TEXTS + 1
        );
        let mut sides = Sides::default();
        self.engine.query(&sql, &mut |cells: &[Cell<'_>]| {
            sides.sort(test, cells.first().copied().flatten());
        })?;
        progress.advance(1);
        let few = sides.yes.len() + sides.no.len() <= MOST_TEXTS;
        Ok(few.then(|| sides.condition(dialect, &text)))
    }
}

/// Returns the expressions with which a cut would be told, as far as that is known without a look at the data: which
/// of their texts a condition means.
pub(super) fn example(source: Source<'_>, columns: &[SqlColumn], cut: &Cut) -> Option<Vec<String>> {
    let dialect = source.dialect;
    let find = |name: &str| columns.iter().find(|column| column.name == name);
    match cut {
        Cut::Columns(names) => {
            let keys = names.iter().map(|name| Some(key(source, find(name)?)));
            keys.collect()
        }
        Cut::Condition(tests) => {
            let condition = |test: &Test| {
                let column = find(&test.column)?;
                let text = source.text(column);
                let literals = test.asks.literals().iter().map(|literal| {
                    let (Literal::Number(_, text) | Literal::Text(text)) = literal;
                    dialect.text(text)
                });
                let literals = listed(literals);
                let of_texts = || match &test.asks {
                    Asks::Missing => format!("({text} is null)"),
                    Asks::OneOf(_) => format!("({text} in ({literals}))"),
                    Asks::Compares(comparison, _) => {
                        format!("({text} {} {literals})", operator(*comparison))
                    }
                };
                Some(of_numbers(dialect, column, &test.asks).unwrap_or_else(of_texts))
            };
            let conditions: Option<Vec<String>> = tests.iter().map(condition).collect();
            Some(vec![side(&conditions?)])
        }
    }
}

/// 0 for the rows of which all is true, 1 for the others: what is unknown to SQL is not true.
fn side(conditions: &[String]) -> String {
    let all = conditions.join(" and ");
    format!("case when {all} then 0 else 1 end")
}

impl Asks {
    fn literals(&self) -> &[Literal] {
        match self {
            Self::Compares(_, literal) => std::slice::from_ref(literal),
            Self::OneOf(literals) => literals,
            Self::Missing => &[],
        }
    }
}

/// What is asked of a column of numbers; none if texts are to be compared.
fn of_numbers(dialect: Dialect, column: &SqlColumn, asks: &Asks) -> Option<String> {
    if column.kind == SqlKind::Text {
        return None;
    }
    let numbers = asks.literals().iter().map(|literal| match literal {
        Literal::Number(number, _) => Some(dialect.number(*number)),
        Literal::Text(_) => None,
    });
    let numbers: Vec<String> = numbers.collect::<Option<_>>()?;
    let double = dialect.double(column);
    let nan = dialect.is_nan(&double);
    let asked = match asks {
        Asks::Missing => return Some(format!("({double} is null or {nan})")),
        Asks::OneOf(_) => format!("in ({})", listed(numbers)),
        Asks::Compares(comparison, _) => format!("{} {}", operator(*comparison), listed(numbers)),
    };
    // To some engines NaN is larger than any number.
    Some(format!("({double} {asked} and not ({nan}))"))
}

const fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Below => "<",
        Comparison::AtMost => "<=",
        Comparison::Above => ">",
        Comparison::AtLeast => ">=",
        Comparison::Equal => "=",
        Comparison::Different => "<>",
    }
}

/// The different texts of a column, by what a test says of them.
#[derive(Default)]
struct Sides {
    yes: Vec<String>,
    no: Vec<String>,
    null: bool,
}

impl Sides {
    fn sort(&mut self, test: &Test, text: Option<&str>) {
        let holds = test.holds(text.unwrap_or_default().as_bytes());
        match text {
            None => self.null = holds,
            Some(text) if holds => self.yes.push(text.to_owned()),
            Some(text) => self.no.push(text.to_owned()),
        }
    }

    /// The condition, by the side with fewer texts.
    fn condition(&self, dialect: Dialect, text: &str) -> String {
        let list = |texts: &[String]| listed(texts.iter().map(|text| dialect.text(text)));
        let texts = match (&*self.yes, &*self.no) {
            ([], _) => "1 = 0".to_owned(),
            (yes, no) if no.is_empty() || yes.len() <= no.len() => {
                format!("{text} in ({})", list(yes))
            }
            (_, no) => format!("{text} not in ({})", list(no)),
        };
        match self.null {
            true => format!("({texts} or {text} is null)"),
            false => format!("({texts})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_say_in_sql_what_they_say_of_a_file() {
        let columns =
            [("fee", SqlKind::Number), ("plan", SqlKind::Text)].map(|(name, kind)| SqlColumn {
                name: name.into(),
                kind,
                type_name: String::new(),
            });
        let said = |cut: &str| {
            let cut: Cut = cut.parse().expect("a cut");
            let source = Source {
                dialect: Dialect::MySql,
                from: "t",
                only: None,
            };
            example(source, &columns, &cut).expect("keys").join("; ")
        };
        let fee = "(`fee` + 0e0)";
        let plan = "cast(cast(`plan` as char) as binary)";
        assert_eq!(
            said("fee < 12 and fee != 3"),
            format!(
                "case when ({fee} < 1.2e1 and not ({fee} <> {fee})) and ({fee} <> 3e0 and not ({fee} <> {fee})) \
                 then 0 else 1 end"
            )
        );
        assert_eq!(
            said("fee in (1, 2) and plan = it's"),
            format!(
                "case when ({fee} in (1e0, 2e0) and not ({fee} <> {fee})) and ({plan} = 'it''s') then 0 else 1 end"
            )
        );
        assert_eq!(
            said("plan is missing"),
            format!("case when ({plan} is null) then 0 else 1 end")
        );
        assert_eq!(said("plan,fee"), format!("{plan}; `fee`"));
        let judged = |cut: &str, texts: &[Option<&str>]| {
            let cut: Cut = cut.parse().expect("a cut");
            let Cut::Condition(tests) = cut else {
                panic!("no condition");
            };
            let mut sides = Sides::default();
            texts.iter().for_each(|text| sides.sort(&tests[0], *text));
            sides.condition(Dialect::Postgres, "t")
        };
        let texts = [None, Some("1"), Some("1.0"), Some("n/a"), Some("zwei")];
        assert_eq!(judged("plan = 1", &texts), "(t in ('1', '1.0'))");
        assert_eq!(judged("plan != 1", &texts), "(t in ('zwei'))");
        assert_eq!(
            judged("plan is missing", &texts),
            "(t in ('n/a') or t is null)"
        );
        assert_eq!(judged("plan in (1, zwei)", &texts), "(t not in ('n/a'))");
        assert_eq!(judged("plan > zzz", &texts), "(1 = 0)");
        // Texts of a column of numbers are compared as texts.
        assert!(said("fee = \"3\"").contains("cast(cast(`fee` as char) as binary)"));
    }
}
