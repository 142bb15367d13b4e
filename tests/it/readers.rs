//! The two readers agree with each other, and with the `csv` crate, about every record and line.
//!
//! Expected rows are those of the `csv` crate; expected line numbers come from how the text was
//! put together here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use churnctl::data::{DataSet, ReadOptions, Row, RowPlace, RowSink, Summary};
use churnctl::error::Error;
use churnctl::profile::{Profile, Roles, profile};
use churnctl::progress::Silent;
use proptest::prelude::*;

use crate::harness::{Random, gzip};

/// What `data/parallel.rs` cuts plain files into, and `data/streaming.rs` takes at once.
const CHUNK: usize = 256 << 10;
const BLOCK: usize = 1 << 20;

/// Keeps all rows.
#[derive(Default)]
struct Kept {
    columns: usize,
    rows: Vec<(RowPlace, Vec<Vec<u8>>)>,
}

impl RowSink for Kept {
    fn row(&mut self, row: &Row<'_>) {
        let fields = (0..self.columns).map(|at| row.field(at).into_owned());
        self.rows.push((row.place(), fields.collect()));
    }

    fn merge(&mut self, other: Self) {
        self.rows.extend(other.rows);
    }
}

/// The line of a row, and its fields.
type LinedRow = (u64, Vec<Vec<u8>>);

/// A table as it was read: names, rows with their lines, and the sum.
#[derive(Debug, PartialEq)]
struct Read {
    columns: Vec<String>,
    rows: Vec<LinedRow>,
    row_count: u64,
    blank_lines: u64,
}

fn open(path: &Path, threads: usize) -> Result<DataSet, Error> {
    let options = ReadOptions {
        delimiter: None,
        threads,
        shard: None,
        ..ReadOptions::default()
    };
    DataSet::open(&[path.display().to_string()], options)
}

fn read(path: &Path, threads: usize) -> Result<Read, Error> {
    let data = open(path, threads)?;
    let columns = data.columns().to_vec();
    let make = || Kept {
        columns: columns.len(),
        rows: Vec::new(),
    };
    let (kept, summary): (Kept, Summary) = data.read(&make, &Silent)?;
    let mut rows = kept.rows;
    rows.sort_by_key(|(place, _)| *place);
    let line = |place| summary.lines.place(place).line.expect("a line");
    Ok(Read {
        columns,
        rows: rows
            .into_iter()
            .map(|(place, fields)| (line(place), fields))
            .collect(),
        row_count: summary.rows,
        blank_lines: summary.blank_lines,
    })
}

/// One text as a plain file, as gzip and in a pipe.
struct Forms {
    folder: tempfile::TempDir,
}

impl Forms {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(pipe).status();
        assert!(made.expect("mkfifo").success());
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Applies `look` to the text in each form, and returns what it said with the form's name.
    fn each<T>(&self, text: &[u8], look: impl Fn(&Path, usize) -> T) -> Vec<(&'static str, T)> {
        let (plain, compressed, pipe) = (self.path("t"), self.path("t.gz"), self.path("pipe"));
        fs::write(&plain, text).expect("write");
        fs::write(&compressed, gzip(text)).expect("write");
        let piped = std::thread::scope(|scope| {
            scope.spawn(|| {
                // Whoever stops reading early leaves a closed pipe: no failure of ours.
                let _ = fs::write(&pipe, text);
            });
            look(&pipe, 1)
        });
        vec![
            ("one thread", look(&plain, 1)),
            ("three threads", look(&plain, 3)),
            ("gzip", look(&compressed, 1)),
            ("pipe", piped),
        ]
    }
}

/// Asserts that all forms are read like the `csv` crate reads them, with lines where it has them
/// right, and that their profiles are one. Returns the rows.
fn agree(forms: &Forms, text: &[u8]) -> Read {
    let mut all = forms.each(text, read).into_iter();
    let (_, first) = all.next().expect("forms");
    let first = first.expect("a good table");
    for (form, other) in all {
        let other = other.expect("a good table");
        assert!(
            other == first,
            "{form} differs: {:?}",
            differ(&first, &other)
        );
    }
    let mut reader = csv::ReaderBuilder::new().from_reader(text);
    let header = reader.headers().expect("a header").clone();
    let names: Vec<&str> = header.iter().map(str::trim).collect();
    assert_eq!(first.columns, names);
    let theirs: Vec<Vec<Vec<u8>>> = reader
        .byte_records()
        .map(|record| {
            let record = record.expect("a good table");
            record.iter().map(<[u8]>::to_vec).collect()
        })
        .collect();
    assert_eq!(first.rows.len(), theirs.len());
    assert_eq!(first.row_count, theirs.len() as u64);
    for ((line, ours), theirs) in first.rows.iter().zip(&theirs) {
        assert!(ours == theirs, "line {line}: {ours:?} against {theirs:?}");
    }
    let mut profiles = forms.each(text, profiled).into_iter();
    let (_, whole) = profiles.next().expect("forms");
    for (form, other) in profiles {
        assert!(other == whole, "the profile of {form} differs");
    }
    first
}

/// The profile's JSON without the name of the data.
fn profiled(path: &Path, threads: usize) -> Vec<u8> {
    let data = open(path, threads).expect("a good table");
    let roles = Roles::default();
    let (made, _): (Profile, u64) =
        profile(data, roles, None, String::new(), &Silent).expect("a good table");
    let source = String::new();
    Profile { source, ..made }.to_json()
}

fn differ<'a>(one: &'a Read, other: &'a Read) -> Option<(&'a LinedRow, &'a LinedRow)> {
    one.rows.iter().zip(&other.rows).find(|(a, b)| a != b)
}

/// Pieces of which fields are made.
fn field() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        4 => "[a-c]{0,3}",
        4 => "-?[0-9]{1,4}(\\.[0-9]{1,3})?",
        1 => Just("NaN".to_owned()),
        1 => Just(" NA ".to_owned()),
        1 => Just("é解\u{1f600}".to_owned()),
        1 => Just("a\"b".to_owned()),
        1 => Just("\0".to_owned()),
    ];
    // Within quotes everything goes.
    let quoted = "([a-c,é;]|\"\"|\n|\r\n|\r| ){0,6}".prop_map(|text| format!("\"{text}\""));
    prop_oneof![4 => plain, 1 => quoted]
}

fn table() -> impl Strategy<Value = Vec<u8>> {
    let line_end = prop_oneof![Just("\n"), Just("\r\n")];
    (1..5_usize).prop_flat_map(move |columns| {
        let row = (
            proptest::collection::vec(field(), columns),
            line_end.clone(),
            // Blank lines after it.
            prop_oneof![6 => Just(""), 1 => Just("\n"), 1 => Just("\r\n\n")],
        );
        let rows = proptest::collection::vec(row, 1..30);
        (rows, any::<bool>(), any::<bool>(), 0..3_usize).prop_map(
            move |(rows, mark, cut, odd_header)| {
                let mut text = String::new();
                if mark {
                    text.push('\u{feff}');
                }
                let names: Vec<String> = (0..columns)
                    .map(|at| match odd_header {
                        0 => format!("c{at}"),
                        1 => format!("\"c,{at}\""),
                        _ => format!("\"c\"\"{at}\nx\""),
                    })
                    .collect();
                text.push_str(&names.join(","));
                text.push('\n');
                // Whatever comes, one row has a value: a table of nothing is refused.
                text.push_str(&vec!["1"; columns].join(","));
                text.push('\n');
                for (fields, line_end, blank) in rows {
                    text.push_str(&fields.join(","));
                    text.push_str(line_end);
                    text.push_str(blank);
                }
                if cut {
                    let end = text.trim_end_matches(['\r', '\n']).len();
                    // Not into quotes, and not so that the last row is gone.
                    text.truncate(end);
                }
                text.into_bytes()
            },
        )
    })
}

thread_local! {
    // One pipe for all cases.
    static FORMS: Forms = Forms::new();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_tables_are_read_alike_by_all_readers_and_the_csv_crate(text in table()) {
        FORMS.with(|forms| { agree(forms, &text); });
    }

    #[test]
    fn whatever_the_bytes_the_readers_agree_about_what_is_wrong(
        text in proptest::collection::vec(
            prop_oneof![
                6 => "[a-c0-9]{1,3}".prop_map(String::into_bytes),
                3 => Just(b",".to_vec()),
                3 => Just(b"\n".to_vec()),
                1 => Just(b"\"".to_vec()),
                1 => Just(b"\r\n".to_vec()),
                1 => Just(b"\r".to_vec()),
                1 => Just(vec![0xff]),
                1 => Just("é".as_bytes().to_vec()),
            ],
            0..40,
        )
    ) {
        let mut text = text.concat();
        text.splice(0..0, *b"a,b\n");
        let said = FORMS.with(|forms| forms.each(&text, |path, threads| {
            read(path, threads).map_err(|error| {
                let place = error.place().map(|place| (place.line, place.column.clone()));
                (error.to_string(), place)
            })
        }));
        let (_, first) = &said[0];
        for (form, other) in &said[1..] {
            prop_assert_eq!(first, other, "{}", form);
        }
    }
}

/// A table of more than `length` bytes with every kind of line, and the line of each row.
fn long(
    length: usize,
    line_end: &str,
    blanks: bool,
    quotes: bool,
    seed: u64,
) -> (String, Vec<u64>) {
    let mut random = Random::new(seed);
    let mut text = format!("id,name,value{line_end}");
    let (mut line, mut lines) = (2, Vec::new());
    while text.len() < length {
        if blanks && random.chance(0.02) {
            text.push_str(line_end);
            line += 1;
            continue;
        }
        lines.push(line);
        let number = random.below(100_000);
        let name = if quotes && random.chance(0.05) {
            line += 2;
            format!("\"a,{line_end}\"\"{number}\"\"{line_end}b\"")
        } else {
            // Wide rows, so that many chunks are not many rows.
            format!("{:>1$}", number % 97, 100 + (number % 50) as usize)
        };
        text.push_str(&format!("{number},{name},{}{line_end}", random.share()));
        line += 1;
    }
    (text, lines)
}

const KINDS: [(&str, &str, bool, bool); 6] = [
    ("LF", "\n", false, false),
    ("CRLF", "\r\n", false, false),
    ("blank lines", "\n", true, false),
    ("CRLF and blank lines", "\r\n", true, false),
    ("quoted line breaks", "\n", true, true),
    ("CRLF and quoted line breaks", "\r\n", true, true),
];

#[test]
fn files_of_many_chunks_are_read_alike_and_every_row_knows_its_line() {
    let forms = Forms::new();
    for (at, (kind, line_end, blanks, quotes)) in KINDS.into_iter().enumerate() {
        let (text, lines) = long(5 * CHUNK, line_end, blanks, quotes, at as u64);
        let read = agree(&forms, text.as_bytes());
        let read: Vec<u64> = read.rows.iter().map(|(line, _)| *line).collect();
        assert!(read == lines, "{kind}");
    }
}

#[test]
fn a_fault_far_down_has_its_exact_line_in_every_form() {
    let forms = Forms::new();
    for (at, (kind, line_end, blanks, quotes)) in KINDS.into_iter().enumerate() {
        let (text, lines) = long(4 * CHUNK, line_end, blanks, quotes, 50 + at as u64);
        let end = text.matches('\n').count() as u64 + 1;
        assert!(lines.last().expect("rows") < &end);
        let faults: [(&[u8], &str, Option<&str>); 6] = [
            (b"1,2", "the row has 2 fields, the header has 3", None),
            (b"1,2,3,4", "the row has 4 fields, the header has 3", None),
            (b"1,caf\xe9,3", "not UTF-8 text (0xe9)", Some("name")),
            (b"1,2,\xff", "not UTF-8 text (0xff)", Some("value")),
            (b"1,\"2\"x,3", "text after the closing quote", Some("name")),
            (
                b"1,2,\"3",
                "the quote opened here is never closed",
                Some("value"),
            ),
        ];
        for (fault, words, column) in faults {
            // More rows, so that the fault is not in the last chunk; a second fault is not told.
            let (tail, _) = long(CHUNK, line_end, blanks, quotes, 90);
            let tail = tail.split_once('\n').map_or("", |(_, rows)| rows);
            let rest = [line_end.as_bytes(), tail.as_bytes(), b"x\n"].concat();
            let rest = if words.contains("never") {
                &b""[..]
            } else {
                &rest
            };
            let bytes = [text.as_bytes(), fault, rest].concat();
            for (form, read) in forms.each(&bytes, read) {
                let error = read.map(|_| ()).expect_err("a fault");
                let said = error.to_string();
                let place = error.place().expect("a place");
                assert!(said.contains(words), "{kind}, {form}: {said}");
                assert_eq!(place.line, Some(end), "{kind}, {form}: {said}");
                assert_eq!(place.column.as_deref(), column, "{kind}, {form}: {said}");
            }
        }
    }
}

#[test]
fn a_quoted_line_break_may_stand_anywhere_around_a_cut() {
    let forms = Forms::new();
    let header = "a,b\n";
    // Every byte of this stands once before, at and after the cut.
    let row = "1,\"x\"\"\r\ny,\n\"\"\"\r\n\r\n";
    for cut in [CHUNK, BLOCK] {
        for shift in 0..=row.len() + 1 {
            let mut text = header.to_owned();
            let begin = header.len() + cut - shift;
            let filler = format!("12345,{}\n", "abcd".repeat(256));
            while text.len() + filler.len() + 2 < begin {
                text.push_str(&filler);
            }
            let filler = begin - text.len() - 3;
            text.push_str(&format!("7,{}\n", "z".repeat(filler)));
            assert_eq!(text.len(), begin);
            text.push_str(row);
            text.push_str("8,after\n");
            let read = all_forms_read(&forms, text.as_bytes());
            let last = &read.rows[read.rows.len() - 2..];
            assert_eq!(
                last[0].1,
                [b"1".to_vec(), b"x\"\r\ny,\n\"".to_vec()],
                "{cut} - {shift}"
            );
            assert_eq!(last[1].1, [b"8".to_vec(), b"after".to_vec()]);
            // Two line breaks in the quotes, one after, and a blank line.
            assert_eq!(last[1].0, last[0].0 + 4);
        }
    }
}

/// Reads all forms, asserts that they agree, and returns what they say.
fn all_forms_read(forms: &Forms, text: &[u8]) -> Read {
    let mut all = forms.each(text, read).into_iter();
    let (_, first) = all.next().expect("forms");
    let first = first.expect("a good table");
    for (form, other) in all {
        assert!(other.expect("a good table") == first, "{form}");
    }
    first
}

#[test]
fn a_row_may_be_longer_than_a_chunk() {
    let forms = Forms::new();
    for quote in ["", "\""] {
        let mut text = "a,b,c\n".to_owned();
        for at in 0..5_000 {
            text.push_str(&format!("{at},x,y\n"));
        }
        let long = "w".repeat(CHUNK - 10);
        for at in 0..3 {
            text.push_str(&format!("{quote}{long}{quote},{long},{long}\n{at},s,t\n"));
        }
        let read = agree(&forms, text.as_bytes());
        assert_eq!(read.rows.len(), 5_006);
        assert_eq!(read.rows[5_005].0, 5_007);
    }
}

#[test]
fn a_cut_at_a_line_end_loses_and_doubles_nothing() {
    let forms = Forms::new();
    // Rows of 16 bytes: with this header every cut falls right between two of them.
    for line_end in ["\n", "\r\n"] {
        let width = 16 - line_end.len() - 2;
        let rows = 4 * CHUNK / 16;
        let mut text = format!("a,b{line_end}");
        for at in 0..rows {
            text.push_str(&format!("{at:0width$},{}{line_end}", at % 10));
        }
        let read = agree(&forms, text.as_bytes());
        assert_eq!(read.rows.len(), rows);
        assert_eq!(read.rows[rows - 1].0, rows as u64 + 1);
    }
}

#[test]
fn the_first_of_two_faults_is_told_whatever_the_threads() {
    let forms = Forms::new();
    let (mut text, _) = long(2 * CHUNK, "\n", false, false, 1);
    let first = text.matches('\n').count() as u64 + 1;
    text.push_str("one\n");
    let (more, _) = long(3 * CHUNK, "\n", false, false, 2);
    text.push_str(&more);
    let bytes = [text.as_bytes(), b"1,2,\xff\n"].concat();
    for _ in 0..3 {
        for (form, read) in forms.each(&bytes, read) {
            let error = read.map(|_| ()).expect_err("a fault");
            assert_eq!(
                error.place().and_then(|place| place.line),
                Some(first),
                "{form}"
            );
        }
    }
}
