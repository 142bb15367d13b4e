//! Bytes into records: the one place that knows delimiters, quotes and line ends.
//!
//! Both readers hand their blocks to [`Scanner::scan`], so they cannot disagree about a record.

use super::error::DataError;
use super::nulls::NullTexts;
use super::row::{Row, RowPlace, Span, blank};

/// Longest field that is believed.
pub(crate) const MAX_FIELD: usize = 1 << 20;
/// Longest record that is believed.
pub(crate) const MAX_RECORD: usize = 16 << 20;

const MIB: usize = 1 << 20;

/// How the scan of a block ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All records of the block are through.
    Done,
    /// The last record is not complete; its first byte is at `from`.
    Incomplete { from: usize, open_quote: bool },
    /// A quoted field holds a line break, which this scan was told not to expect.
    QuotedLineBreak,
    /// The record that begins `line` lines into the block is bad.
    Bad {
        line: u64,
        column: Option<usize>,
        error: DataError,
    },
}

/// What a scan went through.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub outcome: Outcome,
    /// Records handed on.
    pub rows: u64,
    /// Line breaks in the records and blank lines gone through.
    pub lines: u64,
    /// Blank lines skipped.
    pub blank_lines: u64,
    /// Rows skipped that say the header again.
    pub header_rows: u64,
    /// Line of the first of them, from the start of the block.
    pub first_header_row: Option<u64>,
}

/// What the caller knows about a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'a> {
    pub bytes: &'a [u8],
    pub file: u32,
    pub chunk: u32,
    /// Lines of the chunk before this block.
    pub line: u32,
    /// Nothing follows: the last record may lack its line break.
    pub last: bool,
    /// Quoted fields may hold line breaks.
    pub(crate) multiline: bool,
}

/// Splits blocks of bytes into records of a fixed number of columns.
#[derive(Debug, Clone)]
pub(crate) struct Scanner {
    delimiter: u8,
    /// 0: any number (the header).
    columns: usize,
    order: Option<Vec<usize>>,
    spans: Vec<Span>,
    /// Names of the columns in this file's order: a row that has them all is a header, left
    /// behind where files were put together. None if there are too few to tell.
    header: Vec<Vec<u8>>,
    nulls: NullTexts,
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Sets the high bit of each byte of `word` that equals the byte repeated in `pattern`.
#[inline(always)]
const fn equal_bytes(word: u64, pattern: u64) -> u64 {
    let different = word ^ pattern;
    // Exact for every byte: no carry crosses, as the sum of two 7-bit values fits 8 bits.
    !(((different & !HIGH) + !HIGH) | different) & HIGH
}

impl Scanner {
    pub(crate) fn new(delimiter: u8, columns: usize, order: Option<Vec<usize>>) -> Self {
        Self {
            delimiter,
            columns,
            order,
            spans: Vec::with_capacity(columns),
            header: Vec::new(),
            nulls: NullTexts::default(),
        }
    }

    /// Takes these texts for missing values.
    pub(crate) fn without(mut self, nulls: &NullTexts) -> Self {
        self.nulls = nulls.clone();
        self
    }

    /// Skips rows that say these names.
    pub(crate) fn skipping_headers(mut self, names: &[String]) -> Self {
        // In a table of one column the name may well be a value.
        if names.len() > 1 {
            let name = |(at, name): (usize, &String)| {
                // What has no name in the file was given one.
                let is_unnamed = *name == unnamed(at);
                if is_unnamed {
                    Vec::new()
                } else {
                    name.clone().into_bytes()
                }
            };
            self.header = names.iter().enumerate().map(name).collect();
        }
        self
    }

    /// Returns whether the fields at hand are the names of the columns.
    #[inline(always)]
    fn is_header(&self, bytes: &[u8]) -> bool {
        let (Some(name), Some(span)) = (self.header.first(), self.spans.first()) else {
            return false;
        };
        let field = &bytes[span.start as usize..span.end as usize];
        // Most rows differ in the last byte of their first field already.
        (field.last() == name.last() || field.first() == Some(&0xef)) && self.has_all_names(bytes)
    }

    #[inline(never)]
    fn has_all_names(&self, bytes: &[u8]) -> bool {
        self.header.iter().zip(&self.spans).all(|(name, span)| {
            let field = &bytes[span.start as usize..span.end as usize];
            // A file that was added whole brings its mark, too.
            let field = field.strip_prefix(b"\xef\xbb\xbf").unwrap_or(field);
            let field = field.strip_prefix(b"\"").unwrap_or(field);
            let field = field.strip_suffix(b"\"").unwrap_or(field);
            field.trim_ascii() == name.as_slice()
        })
    }

    /// Returns the column in which a line stands after the bytes `start` of it.
    pub(crate) fn column_at(&self, start: &[u8]) -> usize {
        let mut quoted = false;
        let mut column = 0;
        for &byte in start {
            if byte == b'"' {
                quoted = !quoted;
            } else if byte == self.delimiter && !quoted {
                column += 1;
            }
        }
        column
    }

    /// Hands every complete record of `block` to `on_row`.
    pub(crate) fn scan(&mut self, block: Block<'_>, mut on_row: impl FnMut(&Row<'_>)) -> Scanned {
        let bytes = block.bytes;
        let mut scan = Scan {
            start: 0,
            field: 0,
            lines: 0,
            record_line: 0,
            rows: 0,
            blank_lines: 0,
            header_rows: 0,
            first_header_row: None,
        };
        self.spans.clear();
        let patterns = [self.delimiter, b'\n', b'"'].map(|byte| u64::from(byte) * LOW);
        let mut position = 0;
        'block: while let Some(word) = bytes.get(position..position + 8) {
            let word = word.try_into().map_or(0, u64::from_le_bytes);
            let mut found = equal_bytes(word, patterns[0])
                | equal_bytes(word, patterns[1])
                | equal_bytes(word, patterns[2]);
            while found != 0 {
                let at = position + (found.trailing_zeros() / 8) as usize;
                found &= found - 1;
                if bytes[at] == self.delimiter {
                    self.end_field(&mut scan, at);
                    continue;
                }
                match self.special(block, &mut scan, at, &mut on_row) {
                    Step::On => {}
                    Step::Jump(to) => {
                        position = to;
                        continue 'block;
                    }
                    Step::Stop(outcome) => return scan.end(outcome),
                }
            }
            position += 8;
        }
        // The last bytes, fewer than a word.
        while position < bytes.len() {
            let byte = bytes[position];
            if byte == self.delimiter {
                self.end_field(&mut scan, position);
            } else if byte == b'\n' || byte == b'"' {
                match self.special(block, &mut scan, position, &mut on_row) {
                    Step::On => {}
                    Step::Jump(to) => {
                        position = to;
                        continue;
                    }
                    Step::Stop(outcome) => return scan.end(outcome),
                }
            }
            position += 1;
        }
        if scan.start == bytes.len() {
            return scan.end(Outcome::Done);
        }
        if !block.last {
            return scan.end(Outcome::Incomplete {
                from: scan.start,
                open_quote: false,
            });
        }
        // The last line has no line break.
        if scan.field <= bytes.len() {
            self.push(scan.field, bytes.len(), bytes);
        }
        match self.record(block, &mut scan, &mut on_row) {
            Some(outcome) => scan.end(outcome),
            None => scan.end(Outcome::Done),
        }
    }

    /// Adds the field that a delimiter ends.
    #[inline(always)]
    fn end_field(&mut self, scan: &mut Scan, at: usize) {
        self.spans.push(Span {
            start: scan.field as u32,
            end: at as u32,
            doubled: false,
        });
        scan.field = at + 1;
    }

    /// Goes on at a line break or a quote.
    #[inline(always)]
    fn special(
        &mut self,
        block: Block<'_>,
        scan: &mut Scan,
        at: usize,
        on_row: &mut impl FnMut(&Row<'_>),
    ) -> Step {
        if block.bytes[at] == b'\n' {
            self.push(scan.field, at, block.bytes);
            scan.lines += 1;
            match self.record(block, scan, on_row) {
                Some(outcome) => Step::Stop(outcome),
                None => {
                    scan.next_record(at + 1);
                    self.spans.clear();
                    Step::On
                }
            }
        } else if at == scan.field {
            self.quoted(block, scan, at, on_row)
        } else {
            // A quote in the middle of an unquoted field is text.
            Step::On
        }
    }

    /// Adds the last field of a line, without a carriage return before the line break.
    #[inline(always)]
    fn push(&mut self, start: usize, end: usize, bytes: &[u8]) {
        let end = if end > start && bytes[end - 1] == b'\r' {
            end - 1
        } else {
            end
        };
        self.spans.push(Span {
            start: start as u32,
            end: end as u32,
            doubled: false,
        });
    }

    /// Hands the fields found so far on as one record.
    #[inline(always)]
    fn record(
        &mut self,
        block: Block<'_>,
        scan: &mut Scan,
        on_row: &mut impl FnMut(&Row<'_>),
    ) -> Option<Outcome> {
        if self.spans.len() == 1 && self.spans[0].start == self.spans[0].end {
            let quoted = self.spans[0].start as usize != scan.start;
            if !quoted {
                scan.blank_lines += 1;
                return None;
            }
        }
        if self.columns != 0 && self.spans.len() != self.columns {
            return Some(Outcome::Bad {
                line: scan.record_line,
                column: None,
                error: DataError::Ragged {
                    found: self.spans.len(),
                    expected: self.columns,
                },
            });
        }
        // A record shorter than the limit has no field above it.
        let length = self.spans.last().map_or(0, |span| span.end as usize) - scan.start;
        if length > MAX_FIELD
            && let Some(column) = self
                .spans
                .iter()
                .position(|span| (span.end - span.start) as usize > MAX_FIELD)
        {
            return Some(Outcome::Bad {
                line: scan.record_line,
                column: Some(column),
                error: DataError::TooLong {
                    what: "field",
                    limit_mib: MAX_FIELD / MIB,
                },
            });
        }
        if self.is_header(block.bytes) {
            scan.header_rows += 1;
            scan.first_header_row = scan.first_header_row.or(Some(scan.record_line));
            return None;
        }
        if !self.nulls.is_empty() {
            blank(&self.nulls, block.bytes, &mut self.spans);
        }
        scan.rows += 1;
        on_row(&Row {
            bytes: block.bytes,
            spans: &self.spans,
            order: self.order.as_deref(),
            place: RowPlace {
                file: block.file,
                chunk: block.chunk,
                line: block.line + scan.record_line as u32,
            },
        });
        None
    }

    /// Goes through a quoted field whose opening quote is at `open`.
    #[cold]
    fn quoted(
        &mut self,
        block: Block<'_>,
        scan: &mut Scan,
        open: usize,
        on_row: &mut impl FnMut(&Row<'_>),
    ) -> Step {
        let bytes = block.bytes;
        let column = Some(self.spans.len());
        let mut doubled = false;
        let mut line_breaks = 0;
        let mut at = open + 1;
        loop {
            match bytes.get(at) {
                None => {
                    return Step::Stop(if !block.multiline {
                        Outcome::QuotedLineBreak
                    } else if block.last {
                        Outcome::Bad {
                            line: scan.lines,
                            column,
                            error: DataError::OpenQuote,
                        }
                    } else {
                        Outcome::Incomplete {
                            from: scan.start,
                            open_quote: true,
                        }
                    });
                }
                Some(b'\n') if !block.multiline => return Step::Stop(Outcome::QuotedLineBreak),
                Some(b'\n') => line_breaks += 1,
                Some(b'"') if bytes.get(at + 1) == Some(&b'"') => {
                    doubled = true;
                    at += 1;
                }
                Some(b'"') => break,
                Some(_) => {}
            }
            at += 1;
        }
        // A quote as the last byte of a block may be the first half of a doubled one.
        if at + 1 == bytes.len() && !block.last {
            return Step::Stop(Outcome::Incomplete {
                from: scan.start,
                open_quote: true,
            });
        }
        self.spans.push(Span {
            start: (open + 1) as u32,
            end: at as u32,
            doubled,
        });
        let after = match bytes.get(at + 1..) {
            None | Some([]) => None,
            Some([b'\r', b'\n', ..]) => Some((b'\n', at + 3)),
            Some([b'\r']) if block.last => None,
            Some([b'\r']) => {
                return Step::Stop(Outcome::Incomplete {
                    from: scan.start,
                    open_quote: false,
                });
            }
            Some([byte, ..]) => Some((*byte, at + 2)),
        };
        scan.lines += line_breaks;
        match after {
            Some((byte, next)) if byte == self.delimiter => {
                scan.field = next;
                Step::Jump(next)
            }
            Some((b'\n', next)) => {
                scan.lines += 1;
                match self.record(block, scan, on_row) {
                    Some(outcome) => Step::Stop(outcome),
                    None => {
                        scan.next_record(next);
                        self.spans.clear();
                        Step::Jump(next)
                    }
                }
            }
            None => {
                // The end of the data: `scan` pushes no further field beyond the end.
                scan.field = bytes.len() + 1;
                Step::Jump(bytes.len())
            }
            Some(_) => Step::Stop(Outcome::Bad {
                line: scan.lines,
                column,
                error: DataError::TextAfterQuote,
            }),
        }
    }
}

struct Scan {
    /// First byte of the record.
    start: usize,
    /// First byte of the field.
    field: usize,
    lines: u64,
    /// Lines before the record.
    record_line: u64,
    rows: u64,
    blank_lines: u64,
    header_rows: u64,
    first_header_row: Option<u64>,
}

impl Scan {
    #[inline(always)]
    fn next_record(&mut self, start: usize) {
        self.start = start;
        self.field = start;
        self.record_line = self.lines;
    }

    fn end(&self, outcome: Outcome) -> Scanned {
        // Line breaks of an incomplete record are counted when it is complete.
        let lines = match outcome {
            Outcome::Incomplete { .. } => self.record_line,
            _ => self.lines,
        };
        Scanned {
            outcome,
            rows: self.rows,
            lines,
            blank_lines: self.blank_lines,
            header_rows: self.header_rows,
            first_header_row: self.first_header_row,
        }
    }
}

enum Step {
    On,
    Jump(usize),
    Stop(Outcome),
}

/// Returns the name of a column that has none in the file.
pub(super) fn unnamed(position: usize) -> String {
    format!("unnamed_{}", position + 1)
}

/// Checks that `bytes` are UTF-8; else returns how many are, and the first bad byte.
pub(crate) fn check_utf8(bytes: &[u8]) -> Result<(), (usize, u8)> {
    std::str::from_utf8(bytes).map(|_| ()).map_err(|error| {
        let at = error.valid_up_to();
        (at, bytes[at])
    })
}

#[cfg(test)]
mod tests;
