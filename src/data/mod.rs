//! Tables in: addresses, readers, values. What is counted of them is `profile/`'s affair.

mod error;
mod header;
mod identifier;
mod label;
mod lines;
mod parallel;
mod record;
mod source;
mod streaming;
mod value;

pub use error::DataError;
pub use label::{positive_label, same_label};
pub use lines::{CsvLines, Fields};
pub use record::{Field, Row, RowPlace};
pub use source::{DataSet, Lines, ReadOptions, RowSink, Summary, expand};
pub use value::{MissingKind, Value, classify, parse_field, parse_number};

pub use identifier::named_like_an_id;
