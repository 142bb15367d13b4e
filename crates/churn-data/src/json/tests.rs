//! Tests of `json.rs`.

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
        ("{\"a\":1}\n{\"a\":wahr}\n", "a string, number"),
        ("{\"a\":1}\n{\"a\":\"x}\n", "never closed"),
        ("{\"a\":1}\n{\"a\" 1}\n", "colon"),
        ("{\"a\":1}\n{\"a\":1 \"b\":2}\n", "comma"),
        ("{\"a\":1}\n{\"a\":[1}\n", "array"),
        ("{\"a\":1}\n{\"a\":\"\\x\"}\n", "escape"),
        ("{\"a\":1}\n{\"a\":{},\"a\":{}}\n", "twice"),
        ("{\"a\":1}\n{\"a\":1,\"a\":{}}\n", "twice"),
        ("{\"a\":1}\n{\"a\":{},\"a\":1}\n", "twice"),
    ] {
        let (line, error) = rows(&["a"], text).expect_err(text);
        assert_eq!(line, 1, "{text}");
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
    for deep in ["{\"a\":", "{\"a\":[", "{\"a\":[{\"b\":"] {
        assert!(rows(&["a"], &deep.repeat(100_000)).is_err());
    }
}

#[test]
fn what_rfc_8259_does_not_allow_is_refused_with_its_place() {
    // The productions of RFC 8259, sections 2, 6, 7; python3 -c 'json.loads(...)' refuses each,
    // too, but for the surrogate, which no UTF-8 has (RFC 8259, 8.2).
    for (value, at) in [
        ("01", 6),
        ("-01", 6),
        ("+1", 6),
        ("1.", 6),
        (".5", 6),
        ("1.e3", 6),
        ("1e", 6),
        ("0x10", 6),
        ("-inf", 6),
        ("-", 6),
        ("nan", 6),
        ("Null", 6),
        ("\"x\ty\"", 8),
        ("\"x\u{0}\"", 8),
        ("\"x\u{1f}\"", 8),
        ("\"\\ud800\"", 6),
        ("\"\\udc00\\ud800\"", 6),
        ("\"\\u12g4\"", 6),
        ("[1,]", 9),
        ("[,1]", 7),
        ("[01]", 7),
        ("[1 2]", 9),
        ("[\"\t\"]", 8),
        ("[\"\\ud800\"]", 7),
        ("[{\"b\":1,}]", 14),
        ("[{b:1}]", 8),
        ("[1}", 8),
        ("1,", 8),
        ("1,}", 8),
        ("", 6),
    ] {
        let text = format!("{{\"a\":{value}}}\n");
        let (line, error) = rows(&["a"], &text).expect_err(value);
        assert_eq!(line, 0, "{value}");
        let found = matches!(error, DataError::BadJson { at: found, .. } if found == at);
        assert!(found, "{value} at {at}: {error:?}");
    }
}

#[test]
fn what_rfc_8259_allows_is_taken() {
    for (value, plain) in [
        ("0", "0"),
        ("-0", "-0"),
        ("10.50E+02", "10.50E+02"),
        ("1e-999", "1e-999"),
        (" \t1 ", "1"),
        ("\"\\ud83d\\ude00\"", "\u{1f600}"),
        ("\"\u{7f}\"", "\u{7f}"),
        ("[ 1 , {\"b\" : [ ] } ]", "[ 1 , {\"b\" : [ ] } ]"),
        // What Python's json module writes.
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
    ] {
        let text = format!("  {{ \"a\" :{value}}}\r\n");
        assert_eq!(
            rows(&["a"], &text),
            Ok(vec![vec![plain.to_owned()]]),
            "{value}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "[\\[\\]{}\",:a0-9.\\\\ n\\n-]{0,60}") {
        let _ = rows(&["a", "n"], &text);
        let _ = keys(text.as_bytes());
    }
}
