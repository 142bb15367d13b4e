//! A row: fields borrowed from the block they stand in, or put together one after another.

use std::borrow::Cow;

use super::field::{Field, LOW_BYTES};
use super::nulls::NullTexts;

/// Where a row stands: turned into a line number by `Lines::line_of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowPlace {
    /// Index of the file in the data set.
    pub file: u32,
    /// Index of the chunk in the file.
    pub chunk: u32,
    /// Lines before the row's first line in the chunk.
    pub line: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The field was quoted and has doubled quotes inside.
    pub(super) doubled: bool,
}

/// One record, borrowed from the block it stands in.
#[derive(Debug)]
pub struct Row<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) spans: &'a [Span],
    /// Column of the data set to column of this file, when their orders differ.
    pub(super) order: Option<&'a [usize]>,
    pub(super) place: RowPlace,
}

impl Row<'_> {
    /// Returns the text of a column; `column` must be below the number of columns.
    #[inline]
    #[must_use]
    pub fn field(&self, column: usize) -> Cow<'_, [u8]> {
        self.text(self.order.map_or(column, |order| order[column]))
    }

    /// Returns a column as a [`Field`], for those who look at every one.
    #[inline(always)]
    #[must_use]
    pub fn wide_field(&self, column: usize) -> Option<Field<'_>> {
        let span = self.spans[self.order.map_or(column, |order| order[column])];
        let (start, end) = (span.start as usize, span.end as usize);
        let length = end - start;
        let word = self.bytes.get(start..start + 16)?;
        if span.doubled || length > 16 {
            return None;
        }
        let word = word.try_into().map_or(0, u128::from_le_bytes);
        Some(Field {
            text: &self.bytes[start..end],
            word: word & LOW_BYTES[length],
        })
    }

    #[inline]
    fn text(&self, position: usize) -> Cow<'_, [u8]> {
        let span = self.spans[position];
        let text = &self.bytes[span.start as usize..span.end as usize];
        if span.doubled {
            return Cow::Owned(undouble(text));
        }
        Cow::Borrowed(text)
    }

    /// Returns all fields in the order of the file.
    pub(super) fn fields(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        (0..self.spans.len()).map(|column| self.text(column))
    }

    /// Returns where the row stands.
    #[must_use]
    pub const fn place(&self) -> RowPlace {
        self.place
    }
}

/// Puts rows together for sources that are not CSV: the fields one after another.
#[derive(Debug, Clone, Default)]
pub(super) struct RowBuilder {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

impl RowBuilder {
    /// Begins a row of so many empty fields.
    pub(super) fn begin(&mut self, columns: usize) {
        self.bytes.clear();
        self.spans.clear();
        let empty = Span {
            start: 0,
            end: 0,
            doubled: false,
        };
        self.spans.resize(columns, empty);
    }

    /// Lets `write` add the text of a field.
    #[inline]
    pub(super) fn set_with(&mut self, column: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.spans[column] = Span {
            start: start as u32,
            end: self.bytes.len() as u32,
            doubled: false,
        };
    }

    /// Sets the text of a field.
    #[inline]
    pub(super) fn set(&mut self, column: usize, text: &[u8]) {
        self.set_with(column, |bytes| bytes.extend_from_slice(text));
    }

    /// Empties the fields that are marks of missing values.
    pub(super) fn blank(&mut self, nulls: &NullTexts) {
        if !nulls.is_empty() {
            blank(nulls, &self.bytes, &mut self.spans);
        }
    }

    /// Returns the row.
    pub(super) fn row(&mut self, place: RowPlace) -> Row<'_> {
        // Wide fields are read sixteen bytes at once.
        self.bytes.extend_from_slice(&[0; 16]);
        Row {
            bytes: &self.bytes,
            spans: &self.spans,
            order: None,
            place,
        }
    }
}

#[inline(never)]
pub(super) fn blank(nulls: &NullTexts, bytes: &[u8], spans: &mut [Span]) {
    for span in spans {
        if nulls.has(&bytes[span.start as usize..span.end as usize]) {
            span.end = span.start;
        }
    }
}

fn undouble(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(byte);
        if byte == b'"' {
            bytes.next();
        }
    }
    plain
}
