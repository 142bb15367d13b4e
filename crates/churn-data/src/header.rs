//! The first record of a table: names of the columns, and what is checked before any row is read.

use super::error::DataError;
use super::formula::without_text_mark;
use super::record::{Block, MAX_RECORD, Outcome, Scanner, check_utf8, unnamed};

const MAX_COLUMNS: usize = 10_000;

/// What the first bytes of a file say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) columns: Vec<String>,
    /// Bytes before the first data row.
    pub(super) length: usize,
    /// Lines before the first data row.
    pub(super) lines: u64,
    /// The delimiter that the file names in its first line, `sep=;`, as Excel reads and writes it.
    pub(super) delimiter: Option<u8>,
}

/// Where in the header a fault is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HeaderFault {
    pub(super) line: u64,
    pub(super) error: DataError,
}

/// Reads the header from the first bytes of a table; `None` if more bytes are needed.
pub(super) fn read_header(
    start: &[u8],
    at_end: bool,
    delimiter: Option<u8>,
) -> Result<Option<Header>, HeaderFault> {
    let fault = |line, error| Err(HeaderFault { line, error });
    if let Some((format, hint)) = foreign_format(start) {
        return fault(1, DataError::WrongFormat { format, hint });
    }
    let bom = if start.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let Some((separator_line, named)) = separator(&start[bom..], at_end) else {
        return Ok(None);
    };
    if let (Some(named), Some(delimiter)) = (named, delimiter)
        && named != delimiter
    {
        return fault(1, DataError::OtherDelimiter { named, delimiter });
    }
    let delimiter = delimiter.or(named);
    let bom = bom + separator_line;
    let text = &start[bom..];
    let used = delimiter.unwrap_or(b',');
    let Some(end) = record_end(text, used).or(at_end.then_some(text.len())) else {
        if text.len() > MAX_RECORD {
            let limit_mib = MAX_RECORD >> 20;
            return fault(
                1,
                DataError::TooLong {
                    what: "row",
                    limit_mib,
                },
            );
        }
        return Ok(None);
    };
    let mut columns: Option<Vec<Vec<u8>>> = None;
    let scanned = Scanner::new(used, 0, None).scan(
        Block {
            bytes: &text[..end],
            file: 0,
            chunk: 0,
            line: 0,
            last: true,
            multiline: true,
        },
        |row| columns = Some(row.fields().map(|field| field.into_owned()).collect()),
    );
    if let Outcome::Bad { line, error, .. } = scanned.outcome {
        return fault(line + 1 + u64::from(separator_line > 0), error);
    }
    let Some(columns) = columns else {
        return fault(1, DataError::Empty);
    };
    let line_breaks = |text: &[u8]| text.iter().filter(|&&byte| byte == b'\n').count() as u64;
    let lines = line_breaks(&start[..bom + end]);
    let columns = check_names(&text[..end], columns, delimiter).map_err(|error| HeaderFault {
        line: lines.max(1),
        error,
    })?;
    Ok(Some(Header {
        columns,
        length: bom + end,
        lines,
        delimiter: named,
    }))
}

/// Returns the length of a first line that names the delimiter, 0 if it doesn't, and the delimiter;
/// nothing if more bytes are needed to tell.
fn separator(text: &[u8], at_end: bool) -> Option<(usize, Option<u8>)> {
    const BEGIN: &[u8] = b"sep=";
    let unquoted = text.strip_prefix(b"\"").unwrap_or(text);
    let begin = &unquoted[..BEGIN.len().min(unquoted.len())];
    if !begin.eq_ignore_ascii_case(&BEGIN[..begin.len()]) {
        return Some((0, None));
    }
    let Some(end) = text.iter().position(|&byte| byte == b'\n') else {
        // The line is short, or it is another one.
        return (at_end || text.len() > 16).then_some((0, None));
    };
    let line = text[..end].trim_ascii_end();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let line = line.strip_suffix(b"\"").unwrap_or(line);
    match line.get(BEGIN.len()..) {
        Some([delimiter]) => Some((end + 1, Some(*delimiter))),
        // A tab at the end was trimmed.
        Some([]) if text[..end].contains(&b'\t') => Some((end + 1, Some(b'\t'))),
        Some(b"\\t") => Some((end + 1, Some(b'\t'))),
        _ => Some((0, None)),
    }
}

/// Returns where the first record that is not blank ends, if all of it is there. One pass:
/// a quote that is never closed must not cost more than reading it.
fn record_end(text: &[u8], delimiter: u8) -> Option<usize> {
    let start = text
        .iter()
        .position(|byte| !matches!(byte, b'\n' | b'\r'))?;
    let mut field_start = true;
    let mut quoted = false;
    let mut bytes = text.iter().enumerate().skip(start).peekable();
    while let Some((at, &byte)) = bytes.next() {
        if quoted {
            if byte == b'"' && bytes.next_if(|(_, next)| **next == b'"').is_none() {
                quoted = false;
            }
            continue;
        }
        match byte {
            b'\n' => return Some(at + 1),
            b'"' if field_start => quoted = true,
            _ => {}
        }
        field_start = byte == delimiter;
    }
    None
}

fn check_names(
    header: &[u8],
    columns: Vec<Vec<u8>>,
    delimiter: Option<u8>,
) -> Result<Vec<String>, DataError> {
    if header.contains(&0) {
        return Err(DataError::WrongFormat {
            format: "UTF-16 text without a mark, or binary",
            hint: "convert it: iconv -f utf-16le -t utf-8 FILE",
        });
    }
    if let Err((_, byte)) = check_utf8(header) {
        return Err(DataError::NotUtf8 { byte });
    }
    let without_line_end = header.trim_ascii();
    if without_line_end.contains(&b'\r') && !columns.iter().any(|name| name.contains(&b'\n')) {
        return Err(DataError::CarriageReturns);
    }
    if columns.len() > MAX_COLUMNS {
        return Err(DataError::TooManyColumns {
            found: columns.len(),
            limit: MAX_COLUMNS,
        });
    }
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for (position, name) in columns.into_iter().enumerate() {
        let name = String::from_utf8_lossy(without_text_mark(name.trim_ascii()));
        let name = name.trim().to_owned();
        // A frame's index is commonly written under an empty name.
        let name = if name.is_empty() {
            unnamed(position)
        } else {
            name
        };
        names.push(name);
    }
    if let [only] = names.as_slice()
        && delimiter.is_none()
    {
        for (byte, likely) in [(';', ";"), ('\t', "tab"), ('|', "|")] {
            if only.contains(byte) {
                return Err(DataError::WrongDelimiter {
                    header: only.clone(),
                    likely,
                });
            }
        }
    }
    let mut sorted: Vec<usize> = (0..names.len()).collect();
    sorted.sort_by(|&a, &b| names[a].cmp(&names[b]).then(a.cmp(&b)));
    if let Some(pair) = sorted
        .windows(2)
        .find(|pair| names[pair[0]] == names[pair[1]])
    {
        return Err(DataError::DuplicateColumn {
            name: names[pair[0]].clone(),
            first: pair[0] + 1,
            second: pair[1] + 1,
        });
    }
    Ok(names)
}

/// Recognises what is not text separated by something.
fn foreign_format(start: &[u8]) -> Option<(&'static str, &'static str)> {
    const CSV: &str = "convert it to CSV";
    let known: [(&[u8], &str, &str); 8] = [
        (
            b"PAR1",
            "a Parquet file",
            "Parquet is read from files, not from a pipe or compressed",
        ),
        (
            b"PARE",
            "an encrypted Parquet file",
            "write it without encryption; Parquet is read from files, not from a pipe or compressed",
        ),
        (
            b"PK\x03\x04",
            "a ZIP archive or a spreadsheet",
            "save it as CSV",
        ),
        (
            b"BZh",
            "bzip2-compressed",
            "decompress it: bzip2 -dc FILE | churnctl ... -",
        ),
        (
            b"\xfd7zXZ\x00",
            "xz-compressed",
            "decompress it: xz -dc FILE | churnctl ... -",
        ),
        (
            b"\xff\xfe",
            "UTF-16 text",
            "convert it: iconv -f utf-16 -t utf-8 FILE",
        ),
        (
            b"\xfe\xff",
            "UTF-16 text",
            "convert it: iconv -f utf-16 -t utf-8 FILE",
        ),
        (b"SQLite format 3", "an SQLite database", CSV),
    ];
    if let Some((_, format, hint)) = known.iter().find(|(magic, ..)| start.starts_with(magic)) {
        return Some((format, hint));
    }
    const JSON: (&str, &str) = (
        "JSON",
        "a table must be CSV or NDJSON (an object a line); a profile is a file of its own, not in a pipe or compressed",
    );
    match start.trim_ascii_start() {
        [b'{', rest @ ..] if matches!(rest.trim_ascii_start(), [b'"', ..]) => Some(JSON),
        [b'[', rest @ ..] if matches!(rest.trim_ascii_start(), [b'{' | b'[', ..]) => Some(JSON),
        text if ["<!doctype", "<html", "<?xml"].iter().any(|begin| {
            text.get(..begin.len())
                .is_some_and(|own| own.eq_ignore_ascii_case(begin.as_bytes()))
        }) =>
        {
            Some((
                "an HTML or XML page",
                "look into it: a download may have brought an error message",
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, DataError> {
        match read_header(text.as_bytes(), true, None) {
            Ok(header) => Ok(header.expect("at the end, so complete").columns),
            Err(fault) => Err(fault.error),
        }
    }

    #[test]
    fn reads_names_past_a_mark_blank_lines_and_quotes() {
        assert_eq!(
            names("\u{feff}age,tenure\n1,2\n"),
            Ok(vec!["age".into(), "tenure".into()])
        );
        assert_eq!(
            names("\n\r\nage,\"ten\nure\"\n"),
            Ok(vec!["age".into(), "ten\nure".into()])
        );
        assert_eq!(names(",a\n0,1\n"), Ok(vec!["unnamed_1".into(), "a".into()]));
    }

    #[test]
    fn excels_first_line_names_the_delimiter() {
        for text in [
            "sep=;\nage;fee\n1;2\n",
            "SEP=;\r\nage;fee\r\n1;2\r\n",
            "\"sep=;\"\nage;fee\n1;2\n",
            "\u{feff}sep=;\nage;fee\n1;2\n",
        ] {
            for delimiter in [None, Some(b';')] {
                let header = read_header(text.as_bytes(), true, delimiter);
                let header = header.expect("good").expect("at the end, so complete");
                assert_eq!(header.columns, ["age", "fee"], "{text:?}");
                assert_eq!((header.lines, header.delimiter), (2, Some(b';')));
            }
        }
        assert_eq!(
            names("sep=\t\na\tb\n1\t2\n"),
            Ok(vec!["a".into(), "b".into()])
        );
        assert_eq!(
            names("sep=x,b\n1,2\n"),
            Ok(vec!["sep=x".into(), "b".into()])
        );
        assert_eq!(names("sep,b\n1,2\n"), Ok(vec!["sep".into(), "b".into()]));
        assert_eq!(read_header(b"se", false, None), Ok(None));
        assert!(matches!(
            read_header(b"sep=;\na|b\n1|2\n", true, Some(b'|')),
            Err(HeaderFault {
                line: 1,
                error: DataError::OtherDelimiter {
                    named: b';',
                    delimiter: b'|'
                }
            })
        ));
    }

    #[test]
    fn an_open_quote_costs_one_pass() {
        let text = format!("a,\"b\n{}", "x\n".repeat(4_000_000));
        assert_eq!(names(&text), Err(DataError::OpenQuote));
        let text = format!("{}a,b\n1,2\n", "\r\n".repeat(2_000_000));
        assert_eq!(names(&text), Ok(vec!["a".into(), "b".into()]));
    }

    #[test]
    fn asks_for_more_bytes_rather_than_guess() {
        assert_eq!(read_header(b"age,ten", false, None), Ok(None));
        assert_eq!(read_header(b"age,\"ten\n", false, None), Ok(None));
    }

    #[test]
    fn names_what_is_wrong() {
        assert_eq!(names(""), Err(DataError::Empty));
        assert_eq!(names("\n\n"), Err(DataError::Empty));
        assert_eq!(names("\u{feff}"), Err(DataError::Empty));
        assert_eq!(names("age,tenure\r1,2\r"), Err(DataError::CarriageReturns));
        assert_eq!(
            names("age;tenure\n1;2\n"),
            Err(DataError::WrongDelimiter {
                header: "age;tenure".into(),
                likely: ";"
            })
        );
        assert_eq!(
            names("age,x,age\n"),
            Err(DataError::DuplicateColumn {
                name: "age".into(),
                first: 1,
                second: 3
            })
        );
        assert!(matches!(
            read_header(b"\xff\xfea\0g\0", true, None),
            Err(HeaderFault {
                error: DataError::WrongFormat { .. },
                ..
            })
        ));
        assert!(matches!(
            read_header(b"age,te\xffnure\n", true, None),
            Err(HeaderFault {
                error: DataError::NotUtf8 { byte: 0xff },
                ..
            })
        ));
    }
}
