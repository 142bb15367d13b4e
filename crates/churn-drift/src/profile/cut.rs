//! By what rows are sorted into segments: the values of columns, or a condition, in the words of a user.
//! Which segment a row belongs to is decided in `segmenter.rs`.

use std::fmt;

use churn_data::{Value, classify};

/// A way to sort rows into segments.
#[derive(Debug, Clone, PartialEq)]
pub enum Cut {
    /// A segment for each combination of the values of these columns.
    Columns(Vec<String>),
    /// Two segments: the rows of which all of these are true, and all others.
    Condition(Vec<Test>),
}

/// What must be true of the value of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The column.
    pub column: String,
    /// What is asked of its value.
    pub asks: Asks,
}

/// What is asked of a value. A missing value is only ever [`Asks::Missing`].
#[derive(Debug, Clone, PartialEq)]
pub enum Asks {
    /// It stands so to another value.
    Compares(Comparison, Literal),
    /// It is one of these.
    OneOf(Vec<Literal>),
    /// There is none.
    Missing,
}

/// How two values may stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `=`
    Equal,
    /// `!=`
    Different,
}

impl Comparison {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Equal => "=",
            Self::Different => "!=",
        }
    }
}

/// A value that a condition names.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A number, with the text that names it.
    Number(f64, String),
    /// A text. Texts are compared by their bytes, which is the order of days such as 2026-01-31.
    Text(String),
}

impl Literal {
    /// Takes a text for what it is in a table: a number, unless it was in quotation marks.
    pub(super) fn of(text: &str, is_quoted: bool) -> Self {
        match classify(text.as_bytes()) {
            Value::Number(number) | Value::BigInteger(number) if !is_quoted => {
                Self::Number(number, text.to_owned())
            }
            _ => Self::Text(text.to_owned()),
        }
    }
}

/// Why a text does not say how to cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what}, at character {at} of `{text}`; either columns, `contract,region`, or a condition: `tenure < 12`, `region in (north, south) and fee is missing`"
)]
pub struct BadCut {
    /// What is wrong.
    pub(super) what: String,
    /// Where, counted from 1.
    pub(super) at: usize,
    /// The whole text.
    pub(super) text: String,
}

impl Cut {
    /// Returns what is asked of columns by comparing them with a number.
    pub fn compares_with_numbers(&self) -> impl Iterator<Item = &Test> {
        let tests: &[Test] = match self {
            Self::Columns(_) => &[],
            Self::Condition(tests) => tests,
        };
        let is_such = |test: &&Test| matches!(test.asks, Asks::Compares(_, Literal::Number(..)));
        tests.iter().filter(is_such)
    }

    /// Returns the columns that must be read.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let (names, tests): (&[String], &[Test]) = match self {
            Self::Columns(names) => (names, &[]),
            Self::Condition(tests) => (&[], tests),
        };
        let names = names.iter().map(String::as_str);
        names.chain(tests.iter().map(|test| &*test.column))
    }
}

/// Says a cut as it can be read again.
impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Columns(names) => {
                let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
                f.write_str(&names.join(","))
            }
            Self::Condition(tests) => {
                let tests: Vec<String> = tests.iter().map(ToString::to_string).collect();
                f.write_str(&tests.join(" and "))
            }
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = quoted(&self.column);
        match &self.asks {
            Asks::Compares(comparison, literal) => {
                write!(f, "{column} {} {literal}", comparison.as_str())
            }
            Asks::OneOf(literals) => {
                let literals: Vec<String> = literals.iter().map(ToString::to_string).collect();
                write!(f, "{column} in ({})", literals.join(", "))
            }
            Asks::Missing => write!(f, "{column} is missing"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(_, text) => f.write_str(text),
            // Without the marks it would be read as a number.
            Self::Text(text) if Self::of(text, false) != *self => f.write_str(&marked(text)),
            Self::Text(text) => f.write_str(&quoted(text)),
        }
    }
}

/// Returns a text as it stands in a name or a condition: in quotation marks where it would be taken for
/// something else.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = !text.is_empty()
        && text.trim() == text
        && !text.contains(|one: char| "\"'`(),<>=!".contains(one) || one.is_control())
        && !text.split_whitespace().any(|word| {
            ["and", "in", "is"]
                .iter()
                .any(|keyword| word.eq_ignore_ascii_case(keyword))
        });
    match is_plain {
        true => text.to_owned(),
        false => marked(text),
    }
}

/// Puts a text in quotation marks; those in it are doubled.
fn marked(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
