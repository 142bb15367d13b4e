//! What people and programs note on the time line of a history: a promotion, a deployment, a new price list.

use std::path::Path;

use churn_base::error::{Error, Place, Result};
use churn_base::files::{read_text_at_most, write_atomically};
use serde::{Deserialize, Serialize};

/// Largest file of marks.
const MOST_BYTES: u64 = 16 << 20;

/// Something that happened at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// When, RFC 3339.
    pub at: String,
    /// What it is.
    pub kind: MarkKind,
    /// In words.
    pub text: String,
}

/// What a mark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// Somebody's note.
    Note,
    /// A model went into production.
    Promotion,
    /// The history was judged by another baseline from here on.
    Baseline,
}

impl MarkKind {
    /// Returns the name used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Promotion => "promotion",
            Self::Baseline => "baseline",
        }
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<Mark>> {
    let text = match read_text_at_most(path, MOST_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", path, error)),
    };
    let mut marks = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let mark = serde_json::from_str(text).map_err(|error| {
            let place = Place {
                file: path.display().to_string(),
                line: Some(line),
                column: None,
            };
            let refused = Error::bad_input("this is not a mark of a history").at(place);
            refused.because(error)
        })?;
        marks.push(mark);
    }
    Ok(marks)
}

/// Adds a mark; the file is written anew, whole or not at all.
pub(super) fn add(path: &Path, mark: Mark) -> Result<()> {
    let mut marks = read(path)?;
    marks.push(mark);
    let mut text = String::new();
    for mark in &marks {
        // Texts alone: this cannot fail.
        text.push_str(&serde_json::to_string(mark).unwrap_or_default());
        text.push('\n');
    }
    write_atomically(path, text.as_bytes())
}
