//! Why a model file is refused, as errors with their place.

use churn_base::error::{Error, Place};

/// Bad input in a file, or in one of its lines.
pub(crate) fn refused(file: &str, line: Option<usize>, message: impl Into<String>) -> Error {
    Error::bad_input(message).at(Place {
        file: file.to_owned(),
        line: line.map(|line| line as u64),
        column: None,
    })
}

/// Something that the file may well have, and this program does not compute.
pub(crate) fn unsupported(file: &str, what: impl std::fmt::Display) -> Error {
    refused(file, None, format!("{what} cannot be imported")).hint(
        "its scores would not be those of its framework; `churnctl train` makes a model of the same \
         data",
    )
}
