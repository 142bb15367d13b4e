//! What can be wrong with a table, each with its place and what to do about it.

use churn_base::error::{Error, Place};

/// What a column holds that has no single value a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncountable {
    /// Lists, maps, or objects in a list.
    Lists,
    /// Bytes that are not text.
    Binary,
    /// Values that only somebody with the key can read.
    Encrypted,
    /// A type of a database's own.
    Other,
}

impl std::fmt::Display for Uncountable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Lists => "lists or maps",
            Self::Binary => "binary data",
            Self::Encrypted => "encrypted values",
            Self::Other => "values such as lists, documents or binary data",
        })
    }
}

/// A fault of the data, not of the disk: all of these end with exit code 65.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// The file has no bytes, or only a byte order mark and blank lines.
    #[error("the file is empty")]
    Empty,
    /// There is a header and nothing below it.
    #[error("there are no data rows, only a header")]
    NoRows,
    /// The bytes begin like a format that is not read here.
    #[error("this is {format}, not CSV text")]
    WrongFormat {
        /// What it looks like, with its article.
        format: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// Lines end with a lone carriage return.
    #[error("the lines end with a carriage return alone")]
    CarriageReturns,
    /// The header is one column that contains another delimiter.
    #[error("the header is one column, \"{header}\"")]
    WrongDelimiter {
        /// The header as it stands.
        header: String,
        /// The likelier delimiter, as one types it.
        likely: &'static str,
    },
    /// The first line names another delimiter than the user does.
    #[error("the first line says sep={}, but --delimiter says \"{}\"", char::from(*named), char::from(*delimiter))]
    OtherDelimiter {
        /// What the file says.
        named: u8,
        /// What the user says.
        delimiter: u8,
    },
    /// Two columns have one name.
    #[error("columns {first} and {second} are both named \"{name}\"")]
    DuplicateColumn {
        /// The name.
        name: String,
        /// Position of the first, from 1.
        first: usize,
        /// Position of the second, from 1.
        second: usize,
    },
    /// More columns than anybody's table has.
    #[error("the header has {found} columns, more than {limit}")]
    TooManyColumns {
        /// Columns found.
        found: usize,
        /// Columns allowed.
        limit: usize,
    },
    /// A row has more or fewer fields than the header.
    #[error("the row has {found} field{}, the header has {expected}", if *found == 1 { "" } else { "s" })]
    Ragged {
        /// Fields in the row.
        found: usize,
        /// Fields in the header.
        expected: usize,
    },
    /// A quote is never closed.
    #[error("the quote opened here is never closed")]
    OpenQuote,
    /// There is text between a closing quote and the next delimiter.
    #[error("there is text after the closing quote")]
    TextAfterQuote,
    /// A field or a row is longer than is sane.
    #[error("the {what} is longer than {limit_mib} MiB")]
    TooLong {
        /// `field` or `row`.
        what: &'static str,
        /// The limit.
        limit_mib: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("there are bytes that are not UTF-8 text (0x{byte:02x})")]
    NotUtf8 {
        /// The first such byte.
        byte: u8,
    },
    /// A line of NDJSON is not an object, or not a whole one.
    #[error("malformed JSON at character {at}: {what}")]
    BadJson {
        /// What is wrong.
        what: &'static str,
        /// Where in the line, in characters from 1.
        at: usize,
    },
    /// An object has a key twice.
    #[error("the object has the key twice")]
    RepeatedKey,
    /// A key that none of the first objects has.
    #[error("the key \"{key}\" is in none of the first rows, from which the columns are taken")]
    LateKey {
        /// The key.
        key: String,
    },
    /// A column has no single value a row, or none that can be read.
    #[error("the column holds {holds}, which cannot be counted")]
    Uncountable {
        /// What it holds.
        holds: Uncountable,
    },
    /// A Parquet file that is encrypted as a whole.
    #[error("the file is encrypted (Parquet modular encryption), and keys are not taken here")]
    Encrypted,
    /// A line break inside quotes: nobody can tell where a line begins.
    #[error("the file has line breaks inside quotes, so it cannot be cut into shards")]
    CannotCut,
    /// The program was built without what it takes.
    #[error("this churnctl was built without {what}")]
    NoFeature {
        /// What it lacks.
        what: &'static str,
        /// The cargo feature.
        feature: &'static str,
    },
    /// The files of one data set have different columns.
    #[error("the columns differ from those of {first_file}: {difference}")]
    ColumnsDiffer {
        /// The file that the others are compared with.
        first_file: String,
        /// The first difference, in words.
        difference: String,
    },
}

impl DataError {
    /// Returns what the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Empty => "check the job that writes the file".into(),
            Self::NoRows => {
                "an empty table cannot be compared; check the job that writes it".into()
            }
            Self::WrongFormat { hint, .. } => (*hint).into(),
            Self::CarriageReturns => "convert it: tr '\\r' '\\n' < FILE".into(),
            Self::WrongDelimiter { likely, .. } => {
                format!("it looks like another delimiter: pass --delimiter '{likely}'")
            }
            Self::OtherDelimiter { named, .. } => {
                format!("leave --delimiter out, or pass '{}'", char::from(*named))
            }
            Self::DuplicateColumn { .. } => "rename one of them".into(),
            Self::TooManyColumns { .. } => "is the delimiter right?".into(),
            Self::Ragged { .. } => {
                "look for an unquoted delimiter, or a line break inside a field without quotes"
                    .into()
            }
            Self::OpenQuote => "close it, or double it (\"\") if it is part of the text".into(),
            Self::TextAfterQuote => "a quote inside a quoted field is written twice (\"\")".into(),
            Self::TooLong { .. } => "is there a quote that is never closed?".into(),
            Self::NotUtf8 { .. } => "convert it: iconv -f latin1 -t utf-8 FILE".into(),
            Self::BadJson { .. } => "every line must be one JSON object (NDJSON)".into(),
            Self::RepeatedKey => "check the job that writes it".into(),
            Self::LateKey { .. } => {
                "let every row have every key, null where there is no value".into()
            }
            Self::Uncountable { .. } => {
                "leave it out with --exclude, or name the columns to look at with --features".into()
            }
            Self::Encrypted => "decrypt it first: write it without encryption properties".into(),
            Self::CannotCut => "profile it as a whole, or as several files".into(),
            Self::NoFeature { feature, .. } => {
                format!(
                    "build it with `cargo build --release --features {feature}`, or take the release image"
                )
            }
            Self::ColumnsDiffer { .. } => {
                "files of one data set need the same columns (their order may differ)".into()
            }
        })
    }

    /// Makes the error that leaves the room.
    #[must_use]
    pub fn at(self, place: Place) -> Error {
        let mut error = Error::bad_input(self.to_string()).at(place);
        if let Some(hint) = self.hint() {
            error = error.hint(hint);
        }
        error
    }
}
