//! The flags about columns and reading that `drift` and `profile` share.

use std::num::NonZeroUsize;

use clap::Args;

use crate::settings::{Delimiter, Flags};

const COLUMNS: &str = "Columns";
const READING: &str = "Reading";

/// Which columns are what, and how files are read.
#[derive(Debug, Clone, Args)]
pub(super) struct ColumnArgs {
    /// Only these columns; label and score stay what they are
    ///
    /// Without it every column is a feature but the label, the score, ids, dates and what is
    /// excluded. A feature that the data doesn't have is an error.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = COLUMNS)]
    features: Option<Vec<String>>,

    /// Columns that are not features
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = COLUMNS)]
    exclude: Option<Vec<String>>,

    /// Columns that hold categories, even if they look like numbers
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = COLUMNS)]
    categorical: Option<Vec<String>>,

    /// Columns that identify a row or a customer
    ///
    /// In place of the usual name. Columns with (nearly) a value of its own in every row are found
    /// to be ids without being named.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = COLUMNS)]
    id: Option<Vec<String>>,

    /// Column with the model's score, 0 to 1
    #[arg(long, value_name = "NAME", help_heading = COLUMNS)]
    score: Option<String>,

    /// Column with the label, churned or not
    ///
    /// A label that the current side doesn't have yet is not a finding.
    #[arg(long, alias = "target", value_name = "NAME", help_heading = COLUMNS)]
    label: Option<String>,

    /// Value of the label that means churned
    ///
    /// Needed where it isn't plain from the values, as it is with 1 and 0, true and false, or
    /// yes and no.
    #[arg(long, value_name = "VALUE", help_heading = COLUMNS)]
    positive: Option<String>,

    #[command(flatten)]
    reading: ReadingArgs,
}

/// How files are read.
#[derive(Debug, Clone, Args)]
pub(super) struct ReadingArgs {
    /// Character between the fields of a CSV line, `tab` for a tab
    #[arg(long, value_name = "CHAR", value_parser = checked::<Delimiter>, help_heading = READING)]
    delimiter: Option<String>,

    /// Text that stands for a missing value, beside the usual ones; may be repeated
    ///
    /// Empty fields, NA, N/A, #N/A, NaN, NaT, null, NULL, None, \N, (null) and the like are missing
    /// in every column; ?, -, . and * are where a column has no other signs for values; nil, none
    /// and n.a. are in columns of numbers. A number is one however it is written: -999 is -999.0.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, help_heading = READING)]
    null: Option<Vec<String>>,

    /// Threads for reading; as many as there are cores if not set
    #[arg(long, value_name = "N", help_heading = READING)]
    threads: Option<NonZeroUsize>,
}

impl ReadingArgs {
    pub(super) fn add_to(&self, flags: &mut Flags) {
        flags.one("data.delimiter", self.delimiter.as_ref());
        flags.many("data.null", self.null.as_ref());
        flags.one("data.threads", self.threads);
    }
}

impl ColumnArgs {
    pub(super) fn add_to(&self, flags: &mut Flags) {
        flags.many("drift.features", self.features.as_ref());
        flags.many("columns.exclude", self.exclude.as_ref());
        flags.many("columns.categorical", self.categorical.as_ref());
        flags.many("columns.id", self.id.as_ref());
        flags.one("data.score", self.score.as_ref());
        flags.one("data.label", self.label.as_ref());
        flags.one("data.positive", self.positive.as_ref());
        self.reading.add_to(flags);
    }
}

/// Checks a value at the door and keeps the words: the settings take them from there.
pub(super) fn checked<T: std::str::FromStr>(text: &str) -> Result<String, T::Err> {
    text.parse::<T>().map(|_| text.to_owned())
}
