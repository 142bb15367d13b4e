//! Texts that the user names as marks of missing values. They are taken out where rows come from,
//! so that nobody further on can forget them.

use std::sync::Arc;

use super::sql::{Dialect, SqlColumn, SqlKind};
use super::value::{Value, classify};

/// The named marks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NullTexts(Arc<[NullText]>);

#[derive(Debug, PartialEq)]
struct NullText {
    text: String,
    /// The number that it is, however written.
    number: Option<f64>,
    /// It is a whole number of which a double would lose digits.
    is_big: bool,
}

impl NullTexts {
    /// Takes the marks as they were named.
    #[must_use]
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a String>) -> Self {
        let null = |text: &String| {
            let value = classify(text.as_bytes());
            NullText {
                text: text.trim().to_owned(),
                number: match value {
                    Value::Number(number) => Some(number),
                    Value::BigInteger(_) | Value::Missing(_) | Value::Infinite | Value::Text => {
                        None
                    }
                },
                is_big: matches!(value, Value::BigInteger(_)),
            }
        };
        Self(texts.into_iter().map(null).collect())
    }

    /// Returns whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether a field is a mark. Blanks around it don't count, and a number is one however
    /// it is written: `-999` is `-999.0`.
    #[must_use]
    pub fn has(&self, field: &[u8]) -> bool {
        let field = field.trim_ascii();
        self.0.iter().any(|null| {
            null.text.as_bytes() == field
                || null.number.is_some()
                    && matches!(classify(field), Value::Number(number) if null.number == Some(number))
        })
    }

    /// Returns a table of a database without them: what stands after FROM.
    pub(super) fn without(&self, dialect: Dialect, columns: &[SqlColumn], source: &str) -> String {
        let listed: Vec<String> = columns
            .iter()
            .map(|column| {
                let name = dialect.name(&column.name);
                let wrapped = self.0.iter().fold(name.clone(), |inner, null| {
                    let is_mark = match (column.kind, null.number) {
                        (SqlKind::Number, Some(number)) => {
                            return format!("nullif({inner}, {})", plain(number));
                        }
                        (SqlKind::Number, None) if null.is_big => {
                            return format!("nullif({inner}, {})", null.text);
                        }
                        // 0.1 is 0.1 there, too, though not the same double.
                        (SqlKind::Single, Some(number)) => {
                            format!("{} = {}", dialect.double(column), dialect.number(number))
                        }
                        (SqlKind::Text, number) => {
                            // Compared as text: a column of dates has no such value.
                            let text = dialect.to_text(&dialect.value(column));
                            let is_text = format!("trim({text}) = {}", dialect.text(&null.text));
                            number.map_or(is_text.clone(), |number| {
                                format!("{is_text} or {}", is_number(dialect, &name, number))
                            })
                        }
                        (SqlKind::Number | SqlKind::Single, None) | (SqlKind::Uncountable, _) => {
                            return inner;
                        }
                    };
                    format!("case when {is_mark} then null else {inner} end")
                });
                format!("{wrapped} as {name}")
            })
            .collect();
        format!(
            "(select {} from {source}) as without_nulls",
            listed.join(", ")
        )
    }
}

/// Returns a condition that is true for texts that are this number, however written: `-999.0`.
fn is_number(dialect: Dialect, name: &str, number: f64) -> String {
    // What no engine's double overflows at: a cast that fails would end the statement.
    let form = "^ *[-+]?([0-9]{1,40}[.]?[0-9]{0,40}|[.][0-9]{1,40})([eE][-+]?[0-9]{1,2})? *$";
    let form = dialect.text(form);
    let (text, matches) = match dialect {
        Dialect::Postgres => (dialect.to_text(name), "~"),
        // Patterns want characters, not bytes.
        Dialect::MySql => (format!("cast({name} as char)"), "regexp"),
        Dialect::Spark => (dialect.to_text(name), "rlike"),
    };
    let (double, number) = (dialect.to_double(&text), dialect.number(number));
    // Nested, since of two conditions any may be tried first.
    format!("case when {text} {matches} {form} then {double} = {number} else false end")
}

/// Without an exponent: with one it would be a double, and a decimal column one, too.
fn plain(number: f64) -> String {
    format!("{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_by_text_and_by_number() {
        let nulls = NullTexts::new(&["-999".to_owned(), "keine Angabe".to_owned()]);
        for field in ["-999", " -999 ", "-999.0", "keine Angabe"] {
            assert!(nulls.has(field.as_bytes()), "{field}");
        }
        for field in ["", "-99", "999", "keine"] {
            assert!(!nulls.has(field.as_bytes()), "{field}");
        }
    }
}
