//! Tests of `record.rs`.

use super::*;

fn scan_all(text: &str, columns: usize, multiline: bool) -> (Vec<Vec<String>>, Scanned) {
    let mut rows = Vec::new();
    let scanned = Scanner::new(b',', columns, None).scan(
        Block {
            bytes: text.as_bytes(),
            file: 0,
            chunk: 0,
            line: 0,
            last: true,
            multiline,
        },
        |row| {
            let fields = (0..row.spans.len())
                .map(|column| String::from_utf8_lossy(&row.field(column)).into_owned())
                .collect();
            rows.push(fields);
        },
    );
    (rows, scanned)
}

#[test]
fn splits_lines_of_every_kind() {
    let (rows, scanned) = scan_all(
        "a,b\r\n\"x,1\",\"say \"\"hi\"\"\"\n\n,\nlast,line",
        2,
        false,
    );
    assert_eq!(
        rows,
        [
            ["a", "b"],
            ["x,1", "say \"hi\""],
            ["", ""],
            ["last", "line"]
        ]
    );
    assert_eq!(
        (scanned.rows, scanned.lines, scanned.blank_lines),
        (4, 4, 1)
    );
    assert_eq!(scanned.outcome, Outcome::Done);
}

#[test]
fn counts_line_breaks_inside_quotes() {
    let text = "a,\"one\ntwo\nthree\"\nb,c\nd\n";
    let (rows, scanned) = scan_all(text, 2, true);
    assert_eq!(rows, [["a", "one\ntwo\nthree"], ["b", "c"]]);
    assert_eq!(
        scanned.outcome,
        Outcome::Bad {
            line: 4,
            column: None,
            error: DataError::Ragged {
                found: 1,
                expected: 2
            }
        }
    );
    assert_eq!(scan_all(text, 2, false).1.outcome, Outcome::QuotedLineBreak);
}

#[test]
fn a_quote_never_closed_names_its_line() {
    let (_, scanned) = scan_all("a,b\n1,\"unterminated\n2,x\n", 2, true);
    assert_eq!(
        scanned.outcome,
        Outcome::Bad {
            line: 1,
            column: Some(1),
            error: DataError::OpenQuote
        }
    );
}

#[test]
fn quoted_field_at_the_very_end() {
    assert_eq!(scan_all("a,\"b\"", 2, true).0, [["a", "b"]]);
    assert_eq!(scan_all("a,\"\"", 2, true).0, [["a", ""]]);
    assert_eq!(scan_all("\"\"\n", 1, true).0, [[""]]);
    assert_eq!(scan_all("a,\"b\"\r", 2, true).0, [["a", "b"]]);
    assert_eq!(scan_all("a,", 2, true).0, [["a", ""]]);
}

#[test]
fn equal_bytes_marks_exactly_the_equal_ones() {
    for byte in 0..=255_u8 {
        let word = u64::from_le_bytes([byte, b',', 0, 255, b'-', b'+', 0x80, b',' | 0x80]);
        let marks = equal_bytes(word, u64::from(b',') * LOW).to_le_bytes();
        let expected = word.to_le_bytes().map(|b| if b == b',' { 0x80 } else { 0 });
        assert_eq!(marks, expected);
    }
}
