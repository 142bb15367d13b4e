//! NDJSON: an object a line into rows. Objects in an object are columns with a point in the name,
//! arrays are text. A JSON document that spans lines is none of this.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::DataError;
use super::nulls::NullTexts;
use super::record::{Block, MAX_FIELD, MAX_RECORD, Outcome, Scanned};
use super::row::{Row, RowBuilder, RowPlace};

/// Objects within objects that are believed.
const MAX_DEPTH: usize = 16;
/// Bytes of lines from which the columns are taken.
pub(super) const SAMPLE: usize = 4 << 20;
/// Most columns, as of CSV.
const MAX_COLUMNS: usize = 10_000;

/// Splits blocks of lines into rows of the columns that the first lines have.
#[derive(Debug, Clone)]
pub(super) struct JsonScanner {
    columns: Arc<Columns>,
    row: RowBuilder,
    set: Vec<bool>,
    nulls: NullTexts,
}

#[derive(Debug)]
struct Columns {
    names: Vec<Vec<u8>>,
    /// By this file's names, the column of the data set.
    by_name: HashMap<Vec<u8>, usize>,
}

/// What is wrong with a line, and in which key.
type Fault = (Option<String>, DataError);

impl JsonScanner {
    /// Makes a scanner of objects with these keys, in the order of the data set's columns.
    pub(super) fn new(names: &[String]) -> Self {
        let names: Vec<Vec<u8>> = names.iter().map(|name| name.clone().into_bytes()).collect();
        Self {
            set: vec![false; names.len()],
            nulls: NullTexts::default(),
            row: RowBuilder::default(),
            columns: Arc::new(Columns {
                by_name: names.iter().cloned().zip(0..).collect(),
                names,
            }),
        }
    }

    /// Takes these texts for missing values.
    pub(super) fn without(mut self, nulls: &NullTexts) -> Self {
        self.nulls = nulls.clone();
        self
    }

    /// Hands a row for every line of `block` to `on_row`.
    pub(super) fn scan(&mut self, block: Block<'_>, mut on_row: impl FnMut(&Row<'_>)) -> Scanned {
        let mut scanned = Scanned {
            outcome: Outcome::Done,
            rows: 0,
            lines: 0,
            blank_lines: 0,
            header_rows: 0,
            first_header_row: None,
        };
        let mut from = 0;
        while from < block.bytes.len() {
            let rest = &block.bytes[from..];
            let end = memchr(b'\n', rest);
            if end.is_none() && !block.last {
                scanned.outcome = Outcome::Incomplete {
                    from,
                    open_quote: false,
                };
                return scanned;
            }
            let line = &rest[..end.unwrap_or(rest.len())];
            if is_blank(line) {
                scanned.blank_lines += u64::from(end.is_some());
            } else {
                let place = RowPlace {
                    file: block.file,
                    chunk: block.chunk,
                    line: block.line + scanned.lines as u32,
                };
                if let Err((column, error)) = self.line(line, place, &mut on_row) {
                    scanned.outcome = Outcome::Bad {
                        line: scanned.lines,
                        column,
                        error,
                    };
                    return scanned;
                }
                scanned.rows += 1;
            }
            scanned.lines += u64::from(end.is_some());
            from += end.map_or(rest.len(), |end| end + 1);
        }
        scanned
    }

    fn line(
        &mut self,
        line: &[u8],
        place: RowPlace,
        on_row: &mut impl FnMut(&Row<'_>),
    ) -> Result<(), (Option<usize>, DataError)> {
        let Self {
            columns,
            row,
            set,
            nulls,
        } = self;
        row.begin(columns.names.len());
        set.fill(false);
        let mut expected = 0;
        // Members that are objects have no column of their own by which to tell them.
        let mut objects: Vec<Vec<u8>> = Vec::new();
        let mut visit = |key: &[u8], value: Value<'_>| -> Result<(), Fault> {
            let name = || Some(String::from_utf8_lossy(key).into_owned());
            if objects.iter().any(|other| other == key) {
                return Err((name(), DataError::RepeatedKey));
            }
            if matches!(value, Value::Object) {
                if columns.by_name.get(key).is_some_and(|&column| set[column]) {
                    return Err((name(), DataError::RepeatedKey));
                }
                objects.push(key.to_vec());
                return Ok(());
            }
            // Writers keep the order of the keys.
            let column = match columns.names.get(expected) {
                Some(name) if name == key => expected,
                _ => match columns.by_name.get(key) {
                    Some(&column) => column,
                    None => {
                        let key = String::from_utf8_lossy(key).into_owned();
                        return Err((None, DataError::LateKey { key }));
                    }
                },
            };
            expected = column + 1;
            if std::mem::replace(&mut set[column], true) {
                return Err((name(), DataError::RepeatedKey));
            }
            match value {
                Value::Plain(text) => row.set(column, text),
                // Its escapes are known to be good.
                Value::Escaped(text) => row.set_with(column, |bytes| {
                    unescape(text, bytes);
                }),
                Value::Object => {}
            }
            Ok(())
        };
        let parsed = Parser { line, at: 0 }.whole(&mut visit);
        parsed.map_err(|(key, error)| {
            let column = key.and_then(|key| columns.by_name.get(key.as_bytes()).copied());
            (column, error)
        })?;
        row.blank(nulls);
        on_row(&row.row(place));
        Ok(())
    }
}

/// Returns the keys of the objects in `lines`, in the order in which they appear first.
///
/// # Errors
/// The number of lines before the faulty one, and what is wrong with it.
pub(super) fn keys(lines: &[u8]) -> Result<Vec<String>, (u64, DataError)> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut known: HashMap<Vec<u8>, ()> = HashMap::new();
    for (number, line) in lines.split(|&byte| byte == b'\n').enumerate() {
        if is_blank(line) {
            continue;
        }
        let mut at = 0;
        let mut visit = |key: &[u8], value: Value<'_>| -> Result<(), Fault> {
            if matches!(value, Value::Object) {
                return Ok(());
            }
            let same = names.get(at).is_some_and(|name| name == key);
            at += 1;
            if !same && known.insert(key.to_vec(), ()).is_none() {
                names.push(key.to_vec());
            }
            Ok(())
        };
        Parser { line, at: 0 }
            .whole(&mut visit)
            .map_err(|(_, error)| (number as u64, error))?;
        if names.len() > MAX_COLUMNS {
            let (found, limit) = (names.len(), MAX_COLUMNS);
            return Err((number as u64, DataError::TooManyColumns { found, limit }));
        }
    }
    names
        .into_iter()
        .map(|name| {
            String::from_utf8(name).map_err(|error| {
                let bytes = error.as_bytes();
                let at = error.utf8_error().valid_up_to();
                (0, DataError::NotUtf8 { byte: bytes[at] })
            })
        })
        .collect()
}

/// Returns the length of the byte order mark that some writers put before the first row. RFC 8259
/// lets readers ignore it.
pub(super) fn mark(start: &[u8]) -> usize {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if start.starts_with(MARK) {
        MARK.len()
    } else {
        0
    }
}

/// Returns whether a text begins like a JSON object.
pub(super) fn begins(start: &[u8]) -> bool {
    let text = start[mark(start)..].trim_ascii_start();
    matches!(text, [b'{', rest @ ..] if matches!(rest.trim_ascii_start(), [b'"' | b'}', ..]))
}

/// Returns whether the first bytes of a file are objects, one a line: a line holds a whole
/// object, and another one begins below. A document that spans lines, or is alone, is none.
#[must_use]
pub fn is_lines(start: &[u8]) -> bool {
    let mut lines = start
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty());
    begins(start)
        && lines.next().is_some_and(|line| line.ends_with(b"}"))
        && lines.next().is_some_and(|line| line.starts_with(b"{"))
}

/// Returns whether a file is named like one with an object a line.
#[must_use]
pub fn has_lines_name(path: &std::path::Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    let plain = name.strip_suffix(".gz").or(name.strip_suffix(".zst"));
    let plain = plain.unwrap_or(&name);
    plain.ends_with(".ndjson") || plain.ends_with(".jsonl")
}

fn memchr(byte: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&other| other == byte)
}

/// Tells whether a line has nothing but what JSON calls white space.
fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

/// A value as it stands in the line.
enum Value<'a> {
    /// Its text, quotes left out.
    Plain(&'a [u8]),
    /// The inside of a string with escapes.
    Escaped(&'a [u8]),
    /// An object begins, whose members follow.
    Object,
}

/// Goes through the text of RFC 8259, and takes the three words beside it that Python writes.
struct Parser<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    /// Goes through an object that is the whole line.
    fn whole(
        mut self,
        visit: &mut impl FnMut(&[u8], Value<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.line.len() > MAX_RECORD {
            let (what, limit_mib) = ("row", MAX_RECORD >> 20);
            return Err((None, DataError::TooLong { what, limit_mib }));
        }
        self.object(&mut Vec::new(), 0, visit)?;
        self.blanks();
        if self.at < self.line.len() {
            return Err((None, self.bad("there is more text after the object")));
        }
        Ok(())
    }

    /// Says what is wrong where the parser stands.
    fn bad(&self, what: &'static str) -> DataError {
        let before = &self.line[..self.at.min(self.line.len())];
        DataError::BadJson {
            what,
            at: String::from_utf8_lossy(before).chars().count() + 1,
        }
    }

    fn object(
        &mut self,
        prefix: &mut Vec<u8>,
        depth: usize,
        visit: &mut impl FnMut(&[u8], Value<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return Err((None, self.bad("an object is nested too deep")));
        }
        if !self.take(b'{') {
            return Err((None, self.bad("a line must be one object")));
        }
        if self.take(b'}') {
            return Ok(());
        }
        let own = prefix.len();
        loop {
            prefix.truncate(own);
            let (key, escaped) = self.key().map_err(|error| (None, error))?;
            let mut plain = Vec::new();
            let key = if escaped {
                unescape(key, &mut plain);
                plain.as_slice()
            } else {
                key
            };
            match self.line.get(self.at) {
                Some(b'{') => {
                    prefix.extend_from_slice(key);
                    visit(prefix, Value::Object)?;
                    prefix.push(b'.');
                    self.object(prefix, depth + 1, visit)?;
                    prefix.truncate(own);
                }
                _ => {
                    let value = self.value(depth).map_err(|error| {
                        let name = [prefix.as_slice(), key].concat();
                        (Some(String::from_utf8_lossy(&name).into_owned()), error)
                    })?;
                    if prefix.is_empty() {
                        visit(key, value)?;
                    } else {
                        prefix.extend_from_slice(key);
                        visit(prefix, value)?;
                    }
                }
            }
            if self.take(b',') {
                continue;
            }
            if self.take(b'}') {
                return Ok(());
            }
            return Err((None, self.bad("a comma or a brace must follow a value")));
        }
    }

    /// Goes over a key and its colon.
    fn key(&mut self) -> Result<(&'a [u8], bool), DataError> {
        self.blanks();
        if self.line.get(self.at) != Some(&b'"') {
            return Err(self.bad("a key in quotes is expected"));
        }
        let key = self.string()?;
        if !self.take(b':') {
            return Err(self.bad("a colon must follow a key"));
        }
        self.blanks();
        Ok(key)
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, DataError> {
        let start = self.at;
        match self.line.get(start) {
            Some(b'"') => {
                let (text, escaped) = self.string()?;
                if text.len() > MAX_FIELD {
                    return Err(DataError::TooLong {
                        what: "field",
                        limit_mib: MAX_FIELD >> 20,
                    });
                }
                Ok(if escaped {
                    Value::Escaped(text)
                } else {
                    Value::Plain(text)
                })
            }
            Some(b'[' | b'{') => {
                self.nested(depth + 1)?;
                Ok(Value::Plain(&self.line[start..self.at]))
            }
            _ => {
                let rest = &self.line[start..];
                let is_inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
                let end = rest.iter().position(|byte| !is_inside(byte));
                let word = &rest[..end.unwrap_or(rest.len())];
                // What Python writes for doubles that JSON has no word for.
                const WORDS: [&[u8]; 6] = [
                    b"null",
                    b"true",
                    b"false",
                    b"NaN",
                    b"Infinity",
                    b"-Infinity",
                ];
                if !is_number(word) && !WORDS.contains(&word) {
                    let is_numeric = word
                        .first()
                        .is_some_and(|byte| byte.is_ascii_digit() || b"+-.".contains(byte));
                    return Err(self.bad(match is_numeric {
                        true => "this is not a number as JSON writes it",
                        false => "a string, number, true, false, null, object or array is expected",
                    }));
                }
                self.at += word.len();
                Ok(Value::Plain(word))
            }
        }
    }

    /// Goes over an array, or an object in one, which stays as it is written.
    fn nested(&mut self, depth: usize) -> Result<(), DataError> {
        if depth > MAX_DEPTH {
            return Err(self.bad("an array is nested too deep"));
        }
        let is_object = self.take(b'{');
        let end = if is_object { b'}' } else { b']' };
        if !is_object {
            self.take(b'[');
        }
        if self.take(end) {
            return Ok(());
        }
        loop {
            self.blanks();
            if is_object {
                self.key()?;
            }
            self.value(depth)?;
            if self.take(b',') {
                continue;
            }
            if self.take(end) {
                return Ok(());
            }
            return Err(self.bad(match is_object {
                true => "a comma or a brace must follow a value",
                false => "a comma or a bracket must follow a value of an array",
            }));
        }
    }

    /// Returns the inside of the string that begins here, and whether it has escapes: good ones.
    fn string(&mut self) -> Result<(&'a [u8], bool), DataError> {
        let start = self.at + 1;
        let mut escaped = false;
        let mut at = start;
        loop {
            match self.line.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(0..=0x1f) => {
                    self.at = at;
                    return Err(
                        self.bad("a string holds a raw control character; a tab is written \\t")
                    );
                }
                Some(_) => at += 1,
                None => return Err(self.bad("a string is never closed")),
            }
        }
        let text = &self.line[start..at];
        if escaped && !unescape(text, &mut Vec::new()) {
            return Err(self
                .bad("a string has a wrong escape, or half of a surrogate pair (\\ud800 alone)"));
        }
        self.at = at + 1;
        Ok((text, escaped))
    }

    fn blanks(&mut self) {
        while matches!(self.line.get(self.at), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let found = self.line.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }
}

/// Tells whether a word is a number of RFC 8259, section 6: no plus before it, no zeros before its
/// digits, digits on both sides of a point.
fn is_number(word: &[u8]) -> bool {
    fn digits(text: &[u8]) -> usize {
        let end = text.iter().position(|byte| !byte.is_ascii_digit());
        end.unwrap_or(text.len())
    }
    let mut rest = word.strip_prefix(b"-").unwrap_or(word);
    match digits(rest) {
        0 => return false,
        count if count > 1 && rest[0] == b'0' => return false,
        count => rest = &rest[count..],
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        match digits(fraction) {
            0 => return false,
            count => rest = &fraction[count..],
        }
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', exponent @ ..] => exponent,
            exponent => exponent,
        };
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

/// Writes the inside of a string without its escapes; tells whether all of them are right.
fn unescape(text: &[u8], out: &mut Vec<u8>) -> bool {
    // Rare, so the whole string goes through the library that knows all escapes.
    let quoted = [b"\"", text, b"\""].concat();
    match serde_json::from_slice::<String>(&quoted) {
        Ok(plain) => {
            out.extend_from_slice(plain.as_bytes());
            true
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests;
