//! Texts that the user names as marks of missing values. They are taken out where rows come from,
//! so that nobody further on can forget them.

use std::sync::Arc;

use super::value::{Value, classify};

/// The named marks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NullTexts(Arc<[NullText]>);

#[derive(Debug, PartialEq)]
struct NullText {
    text: String,
    /// The number that it is, however written.
    number: Option<f64>,
}

impl NullTexts {
    /// Takes the marks as they were named.
    #[must_use]
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a String>) -> Self {
        let null = |text: &String| NullText {
            text: text.trim().to_owned(),
            number: match classify(text.as_bytes()) {
                Value::Number(number) | Value::BigInteger(number) => Some(number),
                Value::Missing(_) | Value::Infinite | Value::Text => None,
            },
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
    pub(super) fn without(
        &self,
        dialect: super::sql::Dialect,
        columns: &[super::sql::SqlColumn],
        source: &str,
    ) -> String {
        use super::sql::SqlKind;
        let listed: Vec<String> = columns
            .iter()
            .map(|column| {
                let name = dialect.name(&column.name);
                let wrapped = self.0.iter().fold(name.clone(), |inner, null| {
                    match (column.kind, null.number) {
                        (SqlKind::Number | SqlKind::Single, Some(number)) => {
                            format!("nullif({inner}, {})", plain(number))
                        }
                        (SqlKind::Text, _) => {
                            // Compared as text: a column of dates has no such value.
                            let text = dialect.to_text(&name);
                            let mark = dialect.text(&null.text);
                            format!("case when trim({text}) = {mark} then null else {inner} end")
                        }
                        _ => inner,
                    }
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
