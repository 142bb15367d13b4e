//! Edits of a file: a text in the place of another.

use std::ops::Range;

use serde::Serialize;

use crate::align;
use crate::node::{Source, Style};
use crate::scalar::Scalar;

/// A text in the place of some bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// The first byte.
    pub start_byte: usize,
    /// The byte behind the last one.
    pub end_byte: usize,
    /// What stands there instead.
    pub text: String,
}

/// Makes the edit of a range of a scalar's value. None where the file writes that part in another
/// way, such as over several lines of a folded text.
pub(super) fn within_scalar(
    source: &Source,
    scalar: &Scalar,
    range: &Range<usize>,
    text: &str,
) -> Option<Edit> {
    let old = scalar.value.get(range.clone())?;
    let bytes = align::bytes(source, scalar, range)?;
    let (start, mut end) = (bytes.start, bytes.end);
    // Blanks at the end of what is taken out go with it.
    let blanks = old.len() - old.trim_end_matches(' ').len();
    let behind = source.text.get(end..)?;
    end += blanks.min(behind.len() - behind.trim_start_matches(' ').len());
    let written = source.text.get(start..end)?;
    let blank = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if blank(written) != blank(&written_as(scalar.style, old)) {
        return None;
    }
    Some(Edit {
        start_byte: start,
        end_byte: end,
        text: written_as(scalar.style, text),
    })
}

/// Writes a text the way that the scalar is written.
fn written_as(style: Style, text: &str) -> String {
    match style {
        Style::Double => text.replace('\\', "\\\\").replace('"', "\\\""),
        Style::Single => text.replace('\'', "''"),
        Style::Plain | Style::Block | Style::Flow => text.to_owned(),
    }
}
