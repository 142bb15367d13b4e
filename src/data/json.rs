//! NDJSON: an object a line into rows. Objects in an object are columns with a point in the name,
//! arrays are text. A JSON document that spans lines is none of this.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::DataError;
use super::nulls::NullTexts;
use super::record::{Block, MAX_FIELD, MAX_RECORD, Outcome, Row, RowBuilder, RowPlace, Scanned};

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
            let line = rest[..end.unwrap_or(rest.len())].trim_ascii();
            if line.is_empty() {
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
        let mut visit = |key: &[u8], value: Value<'_>| -> Result<(), Fault> {
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
            let name = || Some(String::from_utf8_lossy(key).into_owned());
            if std::mem::replace(&mut set[column], true) {
                return Err((name(), DataError::RepeatedKey));
            }
            match value {
                Value::Plain(text) => row.set(column, text),
                Value::Escaped(text) => {
                    let mut good = true;
                    row.set_with(column, |bytes| good = unescape(text, bytes).is_some());
                    if !good {
                        return Err((name(), DataError::BadJson { what: "escape" }));
                    }
                }
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
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let mut at = 0;
        let mut visit = |key: &[u8], _: Value<'_>| -> Result<(), Fault> {
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

/// Returns whether a text begins like a JSON object.
pub(super) fn begins(start: &[u8]) -> bool {
    let text = start.trim_ascii_start();
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

/// A value as it stands in the line.
enum Value<'a> {
    /// Its text, quotes left out.
    Plain(&'a [u8]),
    /// The inside of a string with escapes.
    Escaped(&'a [u8]),
}

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
            let what = "end of the object: there is more text after it";
            return Err((None, DataError::BadJson { what }));
        }
        Ok(())
    }

    fn object(
        &mut self,
        prefix: &mut Vec<u8>,
        depth: usize,
        visit: &mut impl FnMut(&[u8], Value<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let bad = |what| Err((None, DataError::BadJson { what }));
        if depth > MAX_DEPTH {
            return bad("object: it is nested too deep");
        }
        if !self.take(b'{') {
            return bad("object: a line must be one");
        }
        if self.take(b'}') {
            return Ok(());
        }
        let own = prefix.len();
        loop {
            prefix.truncate(own);
            self.blanks();
            let (key, escaped) = match self.string() {
                Some(key) => key,
                None => return bad("key: a string in quotes is expected"),
            };
            let mut plain = Vec::new();
            let key = if escaped {
                if unescape(key, &mut plain).is_none() {
                    return bad("escape in a key");
                }
                plain.as_slice()
            } else {
                key
            };
            if !self.take(b':') {
                return bad("colon after a key");
            }
            self.blanks();
            match self.line.get(self.at) {
                Some(b'{') => {
                    prefix.extend_from_slice(key);
                    prefix.push(b'.');
                    self.object(prefix, depth + 1, visit)?;
                    prefix.truncate(own);
                }
                _ => {
                    let value = self.value().map_err(|error| {
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
            return bad("comma or brace after a value");
        }
    }

    fn value(&mut self) -> Result<Value<'a>, DataError> {
        let bad = |what| Err(DataError::BadJson { what });
        let start = self.at;
        match self.line.get(start) {
            Some(b'"') => {
                let Some((text, escaped)) = self.string() else {
                    return bad("string: it is never closed");
                };
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
            Some(b'[') => {
                self.array()?;
                Ok(Value::Plain(&self.line[start..self.at]))
            }
            _ => {
                while self
                    .line
                    .get(self.at)
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
                {
                    self.at += 1;
                }
                let word = &self.line[start..self.at];
                let number = matches!(word, [b'0'..=b'9', ..] | [b'-', b'0'..=b'9', ..])
                    && super::value::parse_number(word).is_some()
                    || std::str::from_utf8(word).is_ok_and(|word| {
                        word.starts_with(|first: char| first == '-' || first.is_ascii_digit())
                            && word.parse::<f64>().is_ok()
                    });
                // What Python writes for doubles that JSON has no word for.
                let known: [&[u8]; 5] = [b"null", b"true", b"false", b"NaN", b"Infinity"];
                if number || known.contains(&word) || word == b"-Infinity" {
                    Ok(Value::Plain(word))
                } else {
                    bad("value: a string, number, true, false, null, object or array is expected")
                }
            }
        }
    }

    /// Goes over an array, which stays as it is written.
    fn array(&mut self) -> Result<(), DataError> {
        let mut open = Vec::new();
        while let Some(&byte) = self.line.get(self.at) {
            match byte {
                b'"' => {
                    if self.string().is_none() {
                        break;
                    }
                    continue;
                }
                b'[' => open.push(b']'),
                b'{' => open.push(b'}'),
                b']' | b'}' if open.pop() != Some(byte) => break,
                _ => {}
            }
            self.at += 1;
            if open.is_empty() {
                return Ok(());
            }
        }
        Err(DataError::BadJson {
            what: "array: it is never closed",
        })
    }

    /// Returns the inside of the string that begins here, and whether it has escapes.
    fn string(&mut self) -> Option<(&'a [u8], bool)> {
        if self.line.get(self.at) != Some(&b'"') {
            return None;
        }
        let start = self.at + 1;
        let mut escaped = false;
        let mut at = start;
        loop {
            match self.line.get(at)? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        self.at = at + 1;
        Some((&self.line[start..at], escaped))
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

/// Writes the inside of a string without its escapes; `None` if one is wrong.
fn unescape(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    // Rare, so the whole string goes through the library that knows all escapes.
    let quoted = [b"\"", text, b"\""].concat();
    let plain: String = serde_json::from_slice(&quoted).ok()?;
    out.extend_from_slice(plain.as_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(names: &[&str], lines: &str) -> Result<Vec<Vec<String>>, (u64, DataError)> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut rows = Vec::new();
        let scanned = JsonScanner::new(&names).scan(
            Block {
                bytes: lines.as_bytes(),
                file: 0,
                chunk: 0,
                line: 0,
                last: true,
                multiline: false,
            },
            |row| {
                rows.push(
                    (0..names.len())
                        .map(|at| String::from_utf8_lossy(&row.field(at)).into_owned())
                        .collect::<Vec<_>>(),
                );
            },
        );
        match scanned.outcome {
            Outcome::Bad { line, error, .. } => Err((line, error)),
            _ => Ok(rows),
        }
    }

    #[test]
    fn values_come_as_csv_would_write_them() {
        let text = "{\"a\": 1.50, \"b\": \"x\\u00e9\\n\\\"y\", \"c\": {\"d\": true, \"e\": null}}\n\n{\"b\":\"\",\"a\":-1e3,\"c\":{\"e\":[1, \"]\"]}}";
        assert_eq!(
            keys(text.as_bytes()).expect("keys"),
            ["a", "b", "c.d", "c.e"]
        );
        assert_eq!(
            rows(&["a", "b", "c.d", "c.e"], text).expect("rows"),
            [
                ["1.50", "x\u{e9}\n\"y", "true", "null"],
                ["-1e3", "", "", "[1, \"]\"]"]
            ]
        );
    }

    #[test]
    fn faults_are_named_with_their_line() {
        for (text, words) in [
            ("{\"a\":1}\n[1]\n", "object"),
            ("{\"a\":1}\n{\"a\":1} x\n", "more text"),
            ("{\"a\":1}\n{\"a\":1,\"a\":2}\n", "twice"),
            ("{\"a\":1}\n{\"z\":1}\n", "z"),
            ("{\"a\":1}\n{\"a\":wahr}\n", "value"),
            ("{\"a\":1}\n{\"a\":\"x}\n", "never closed"),
            ("{\"a\":1}\n{\"a\" 1}\n", "colon"),
            ("{\"a\":1}\n{\"a\":1 \"b\":2}\n", "comma"),
            ("{\"a\":1}\n{\"a\":[1}\n", "array"),
            ("{\"a\":1}\n{\"a\":\"\\x\"}\n", "escape"),
        ] {
            let (line, error) = rows(&["a"], text).expect_err(text);
            assert_eq!(line, 1, "{text}");
            assert!(error.to_string().contains(words), "{text}: {error}");
        }
        let deep = "{\"a\":".repeat(100_000);
        assert!(rows(&["a"], &deep).is_err());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[\\[\\]{}\",:a0-9.\\\\ n\\n-]{0,60}") {
            let _ = rows(&["a", "n"], &text);
            let _ = keys(text.as_bytes());
        }
    }
}
