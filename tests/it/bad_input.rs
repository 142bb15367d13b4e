//! Bad input ends with 65 (74 where it cannot be read at all), says where and what to do, and is
//! never a verdict, a failure without a code, or a panic.

use churnctl::drift::{CheckOptions, Plan, Provenance, check};
use churnctl::exit::ExitCode;
use churnctl::profile::{Counted, Profile};
use serde_json::{Value, json};

use crate::harness::{Churnctl, Random, Table, fixture, gzip};

/// A file that is bad, what is said of it, where (after the name), and a part of the hint.
struct Bad {
    name: &'static str,
    bytes: Vec<u8>,
    says: &'static str,
    place: &'static str,
    hint: &'static str,
}

fn bad(
    name: &'static str,
    bytes: impl Into<Vec<u8>>,
    says: &'static str,
    place: &'static str,
    hint: &'static str,
) -> Bad {
    Bad {
        name,
        bytes: bytes.into(),
        says,
        place,
        hint,
    }
}

fn good() -> String {
    let rows = (0..200).map(|at| format!("{},{}\n", at % 9, ["a", "b", "c"][at % 3]));
    "age,plan\n".to_owned() + &rows.collect::<String>()
}

/// Asserts that each file as baseline, as current side and as data for a profile ends with this
/// code, names the place, and hints.
fn refused(churnctl: &Churnctl, name: &str, code: ExitCode, says: &str, place: &str, hint: &str) {
    let runs = [
        &["drift", "--baseline", name, "--current", "good.csv"][..],
        &["drift", "--baseline", "good.csv", "--current", name],
        &["profile", name, "-o", "made.json"],
        &["profile", "merge", name, name, "-o", "made.json"],
    ];
    let is_profile = name.ends_with(".json");
    for args in runs {
        if (args[0] == "profile") && is_profile != (args[1] == "merge") {
            continue;
        }
        let run = churnctl.run(args).expect(code).says(says).says(hint);
        assert!(run.stderr.contains("\nhint: "), "{run:#?}");
        if !place.is_empty() {
            run.says(&format!(" --> {place}\n"));
        }
    }
    assert!(!churnctl.path("artifacts").exists(), "{name}: a report");
    assert!(!churnctl.path("made.json").exists(), "{name}: a profile");
}

fn all_refused(files: Vec<Bad>) {
    for file in files {
        let churnctl = Churnctl::new()
            .file("good.csv", good())
            .file(file.name, &file.bytes);
        let place = format!("{}{}", file.name, file.place);
        refused(
            &churnctl,
            file.name,
            ExitCode::BadInput,
            file.says,
            &place,
            file.hint,
        );
    }
}

#[test]
fn every_malformed_file_of_the_collection_is_refused_at_its_place_or_read_rightly() {
    // The faults and their lines are those of tests/data/README.md.
    let files = [
        ("badhdr.csv", "not UTF-8 text (0xff)", ":1", "iconv"),
        (
            "badutf8.csv",
            "not UTF-8 text (0xff)",
            ":3: column \"age\"",
            "iconv",
        ),
        ("cr.csv", "carriage return alone", ":1", "tr '\\r' '\\n'"),
        (
            "dup.csv",
            "columns 1 and 2 are both named \"age\"",
            ":1",
            "rename",
        ),
        ("empty.csv", "the file is empty", ":1", "check the job"),
        (
            "header.csv",
            "no data rows, only a header",
            "",
            "check the job",
        ),
        (
            "quotednl.csv",
            "the row has 1 field, the header has 2",
            ":4",
            "unquoted delimiter",
        ),
        (
            "ragblank.csv",
            "the row has 1 field, the header has 2",
            ":5",
            "unquoted delimiter",
        ),
        (
            "ragcrlf.csv",
            "the row has 1 field, the header has 2",
            ":3",
            "unquoted delimiter",
        ),
        (
            "ragged.csv",
            "the row has 1 field, the header has 2",
            ":3",
            "unquoted delimiter",
        ),
        (
            "semi.csv",
            "the header is one column, \"age;tenure\"",
            ":1",
            "--delimiter ';'",
        ),
        (
            "unterm.csv",
            "never closed",
            ":2: column \"note\"",
            "double it",
        ),
        ("utf16.csv", "this is UTF-16 text", ":1", "iconv -f utf-16"),
    ];
    let read = ["blank.csv", "bom.csv", "crlf.csv", "nan.csv", "nul.csv"];
    let folder = std::fs::read_dir(fixture("malformed_csv")).expect("the collection");
    assert_eq!(
        folder.count(),
        files.len() + read.len(),
        "each is looked at"
    );
    let bytes = |name| std::fs::read(fixture(&format!("malformed_csv/{name}"))).expect(name);
    let files = files.map(|(name, says, place, hint)| bad(name, bytes(name), says, place, hint));
    all_refused(files.into());
    for name in read {
        let churnctl = Churnctl::new().file(name, bytes(name));
        let args = [
            "drift",
            "--baseline",
            name,
            "--current",
            name,
            "--format=json",
        ];
        let run = churnctl.run(&args).expect(ExitCode::Ok);
        let report = run.json();
        assert_eq!(report["features"][0]["feature"], "age", "{name}");
        // One of the rows of `nan.csv` has a text, `1,5`, among its numbers.
        let rows: &Value = &report["rows"]["baseline"];
        let text = String::from_utf8_lossy(&bytes(name)).into_owned();
        let lines = text.lines().filter(|line| !line.is_empty()).count();
        assert_eq!(rows, &json!(lines - 1), "{name}");
    }
}

#[test]
fn other_encodings_are_named() {
    let utf16 = |text: &str, little: bool| -> Vec<u8> {
        let pair = |unit: u16| {
            if little {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            }
        };
        text.encode_utf16().flat_map(pair).collect()
    };
    let table = "age,plan\n1,a\n2,b\n";
    let marked = "\u{feff}age,plan\n1,a\n2,b\n";
    all_refused(vec![
        bad(
            "le.csv",
            utf16(marked, true),
            "this is UTF-16 text",
            ":1",
            "iconv -f utf-16",
        ),
        bad(
            "be.csv",
            utf16(marked, false),
            "this is UTF-16 text",
            ":1",
            "iconv -f utf-16",
        ),
        bad(
            "le-bare.csv",
            utf16(table, true),
            "UTF-16 text without a mark",
            ":1",
            "iconv",
        ),
        bad(
            "be-bare.csv",
            utf16(table, false),
            "UTF-16 text without a mark",
            ":1",
            "iconv",
        ),
        bad(
            "latin1.csv",
            *b"age,plan\r\n1,a\r\n2,caf\xe9\r\n",
            "(0xe9)",
            ":3: column \"plan\"",
            "latin1",
        ),
        bad(
            "latin1-header.csv",
            *b"age,caf\xe9\n1,a\n",
            "(0xe9)",
            ":1",
            "latin1",
        ),
        bad(
            "cut.csv",
            *b"age,plan\n1,\xe8\xa7\n",
            "(0xe8)",
            ":2: column \"plan\"",
            "iconv",
        ),
        bad(
            "surrogate.csv",
            *b"age,plan\n1,\xed\xa0\x80\n",
            "(0xed)",
            ":2: column \"plan\"",
            "iconv",
        ),
        bad(
            "overlong.csv",
            *b"age,plan\n\xc0\xaf,1\n",
            "(0xc0)",
            ":2: column \"age\"",
            "iconv",
        ),
    ]);
}

#[test]
fn other_formats_are_named() {
    let json = "{\n  \"age\": 1,\n  \"plan\": \"a\"\n}\n";
    let (parquet, hint) = if cfg!(feature = "parquet") {
        ("the Parquet data are damaged", "copy the file again")
    } else {
        ("built without Parquet files", "--features parquet")
    };
    all_refused(vec![
        bad("a.parquet", *b"PAR1\x15\x04\x15\x10", parquet, "", hint),
        bad(
            "a.xlsx",
            *b"PK\x03\x04\x14\0\x06\0",
            "a ZIP archive or a spreadsheet",
            ":1",
            "save it as CSV",
        ),
        bad(
            "a.zst",
            *b"\x28\xb5\x2f\xfd\x04\0",
            "the zstd data are damaged or cut short",
            "",
            "zstd -t",
        ),
        bad("a.xz", *b"\xfd7zXZ\0\0", "xz-compressed", ":1", "xz -dc"),
        bad(
            "a.bz2",
            *b"BZh91AY&SY",
            "bzip2-compressed",
            ":1",
            "bzip2 -dc",
        ),
        bad(
            "a.sqlite",
            *b"SQLite format 3\0\x10",
            "an SQLite database",
            ":1",
            "convert it",
        ),
        bad(
            "rows.csv",
            "[{\"age\":1},{\"age\":2}]\n",
            "this is JSON",
            ":1",
            "a table must be CSV",
        ),
        bad(
            "page.csv",
            "\n<!DOCTYPE html>\n<p>not found</p>\n",
            "an HTML or XML page",
            ":1",
            "download",
        ),
        bad(
            "page.xml",
            "<?xml version=\"1.0\"?>\n<a/>\n",
            "an HTML or XML page",
            ":1",
            "download",
        ),
        bad(
            "tab.csv",
            "age\tplan\n1\ta\n",
            "the header is one column",
            ":1",
            "--delimiter 'tab'",
        ),
        bad(
            "bar.csv",
            "age|plan\n1|a\n",
            "the header is one column",
            ":1",
            "--delimiter '|'",
        ),
    ]);
    // A document where a table is wanted may be meant as a profile.
    let churnctl = Churnctl::new()
        .file("good.csv", good())
        .file("lines.csv", json);
    for (baseline, current) in [("lines.csv", "good.csv"), ("good.csv", "lines.csv")] {
        churnctl
            .run(&["drift", "--baseline", baseline, "--current", current])
            .expect(ExitCode::BadInput)
            .says("this is JSON, but no profile")
            .says(" --> lines.csv\n")
            .says("hint: a table must be CSV");
    }
    churnctl
        .run(&["profile", "lines.csv", "-o", "p.json"])
        .expect(ExitCode::BadInput)
        .says("this is JSON, not CSV text");
}

#[test]
fn damaged_gzip_is_refused() {
    let whole = gzip(good());
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x55;
    let mut checksum = whole.clone();
    checksum[whole.len() - 6] ^= 1;
    let words = "the gzip data are damaged or cut short";
    let hint = "gzip -t";
    all_refused(vec![
        bad("cut.csv.gz", &whole[..whole.len() - 30], words, "", hint),
        bad(
            "cut-trailer.csv.gz",
            &whole[..whole.len() - 3],
            words,
            "",
            hint,
        ),
        bad("cut-header.csv.gz", &whole[..7], words, "", hint),
        bad("magic.csv.gz", &whole[..2], words, "", hint),
        bad("checksum.csv.gz", checksum, words, "", hint),
        bad(
            "garbage.csv.gz",
            [&whole[..], b"garbage"].concat(),
            words,
            "",
            hint,
        ),
        bad(
            "empty.csv.gz",
            gzip(""),
            "the file is empty",
            ":1",
            "check the job",
        ),
        bad(
            "header.csv.gz",
            gzip("age,plan\n"),
            "no data rows",
            "",
            "check the job",
        ),
        bad(
            "ragged.csv.gz",
            gzip("age,plan\n1,a\n1\n"),
            "1 field, the header has 2",
            ":3",
            "unquoted",
        ),
    ]);
    // A flipped bit may come out as anything, but never as data.
    let churnctl = Churnctl::new()
        .file("good.csv", good())
        .file("flipped.csv.gz", flipped);
    churnctl
        .run(&[
            "drift",
            "--baseline",
            "good.csv",
            "--current",
            "flipped.csv.gz",
        ])
        .expect(ExitCode::BadInput);
    // Two members are one file (RFC 1952, 2.2).
    let two = [gzip("age,plan\n1,a\n"), gzip("2,b\n3,c\n")].concat();
    let churnctl = Churnctl::new().file("two.csv.gz", two);
    let run = churnctl
        .run(&["profile", "two.csv.gz", "-o", "-"])
        .expect(ExitCode::Ok);
    assert_eq!(run.json()["rows"], 3);
}

#[test]
fn monstrous_tables_are_refused() {
    let names = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("c{at}")).collect();
        names.join(",")
    };
    let ones = |count: usize| vec!["1"; count].join(",");
    let field = "x".repeat(2 << 20);
    let lines = "x\n".repeat(10 << 20);
    all_refused(vec![
        bad(
            "field.csv",
            format!("age,plan\n1,a\n1,{field}\n"),
            "the field is longer than 1 MiB",
            ":3: column \"plan\"",
            "never closed",
        ),
        bad(
            "quoted.csv",
            format!("age,plan\n1,\"{field}\"\n"),
            "the field is longer than 1 MiB",
            ":2: column \"plan\"",
            "never closed",
        ),
        bad(
            "open.csv",
            format!("age,plan\n1,a\n1,\"{lines}"),
            "never closed",
            ":3: column \"plan\"",
            "double it",
        ),
        bad(
            "wide.csv",
            format!("{}\n{}\n", names(20_000), ones(20_000)),
            "20000 columns, more than 10000",
            ":1",
            "delimiter",
        ),
        bad(
            "line.csv",
            "x".repeat(17 << 20),
            "the field is longer than 1 MiB",
            ":1",
            "never closed",
        ),
    ]);
    // Ten thousand are read.
    let churnctl =
        Churnctl::new().file("wide.csv", format!("{}\n{}\n", names(10_000), ones(10_000)));
    churnctl
        .run(&["profile", "wide.csv", "-o", "p.json"])
        .expect(ExitCode::Ok);
}

#[test]
fn faults_of_quotes_names_and_rows_are_refused_at_their_lines() {
    let fields = "unquoted delimiter";
    all_refused(vec![
        bad(
            "dup.csv",
            "age,plan,age\n1,a,2\n",
            "columns 1 and 3 are both named \"age\"",
            ":1",
            "rename",
        ),
        bad(
            "dup-blank.csv",
            "age, age\n1,2\n",
            "columns 1 and 2 are both named \"age\"",
            ":1",
            "rename",
        ),
        bad(
            "open.csv",
            "age,plan\n1,\"a\n2,b\n3,c\n",
            "the quote opened here is never closed",
            ":2: column \"plan\"",
            "double it",
        ),
        bad(
            "open-last.csv",
            "age,plan\r\n\r\n1,a\r\n2,\"",
            "never closed",
            ":4: column \"plan\"",
            "double it",
        ),
        bad(
            "open-header.csv",
            "\"age,plan\n1,a\n",
            "never closed",
            ":1",
            "double it",
        ),
        bad(
            "after.csv",
            "age,plan\n1,a\n2,\"b\"c\n",
            "text after the closing quote",
            ":3: column \"plan\"",
            "twice",
        ),
        bad(
            "after-lines.csv",
            "age,plan\n1,\"a\nb\"\n2,\"b\n\"c\n",
            "text after the closing quote",
            ":5: column \"plan\"",
            "twice",
        ),
        bad(
            "after-header.csv",
            "\"age\"x,plan\n1,a\n",
            "text after the closing quote",
            ":1",
            "twice",
        ),
        bad(
            "plus.csv",
            "age,plan\r\n1,a\r\n\r\n2,b,c\r\n",
            "3 fields, the header has 2",
            ":4",
            fields,
        ),
        bad(
            "minus.csv",
            "age,plan\r\n1,a\r\n2\r\n",
            "1 field, the header has 2",
            ":3",
            fields,
        ),
        bad(
            "trailing.csv",
            "age,plan,\n1,a\n",
            "2 fields, the header has 3",
            ":2",
            fields,
        ),
        bad(
            "last.csv",
            "age,plan\n1,a\n2",
            "1 field, the header has 2",
            ":3",
            fields,
        ),
        bad(
            "cr.csv",
            "age,plan\r1,a\r2,b\r",
            "carriage return alone",
            ":1",
            "tr ",
        ),
        bad(
            "no-rows.csv",
            "age,plan",
            "no data rows, only a header",
            "",
            "check the job",
        ),
        bad(
            "no-rows-nl.csv",
            "age,plan\r\n",
            "no data rows, only a header",
            "",
            "check the job",
        ),
        bad(
            "mark.csv",
            "\u{feff}",
            "the file is empty",
            ":1",
            "check the job",
        ),
        bad(
            "blank.csv",
            "\n\r\n\n",
            "the file is empty",
            ":1",
            "check the job",
        ),
        bad(
            "nul.csv",
            "\0\x01age,plan\n1,a\n",
            "or binary",
            ":1",
            "iconv",
        ),
    ]);
}

#[test]
fn files_of_one_data_set_must_have_the_same_columns() {
    let churnctl = Churnctl::new()
        .file("good.csv", good())
        .file("d/1.csv", "age,plan\n1,a\n")
        .file("d/2.csv", "age,plam\n1,a\n");
    refused(
        &churnctl,
        "d",
        ExitCode::BadInput,
        "the columns differ from those of d/1.csv: \"plam\" is new",
        "d/2.csv:1",
        "files of one data set need the same columns",
    );
}

#[test]
fn what_cannot_be_found_or_opened_is_told_with_a_near_name() {
    let churnctl = Churnctl::new()
        .file("good.csv", good())
        .file("bare/readme.txt", "x")
        .file("open/predictions-1.csv.open", good());
    for args in [
        ["drift", "--baseline", "goood.csv", "--current", "good.csv"],
        ["drift", "--baseline", "good.csv", "--current", "goood.csv"],
    ] {
        churnctl
            .run(&args)
            .expect(ExitCode::Io)
            .says("cannot read goood.csv")
            .says("caused by: No such file")
            .says("hint: did you mean good.csv?");
    }
    for (name, words) in [
        ("bare", "the folder bare has no table"),
        ("open", "1 of its files is still being written"),
        ("months/*.csv", "no file matches months/*.csv"),
    ] {
        for args in [
            ["drift", "--baseline", name, "--current", "good.csv"],
            ["drift", "--baseline", "good.csv", "--current", name],
        ] {
            churnctl.run(&args).expect(ExitCode::BadInput).says(words);
        }
    }
    churnctl
        .run(&["profile", "merge", "no.json", "-o", "x.json"])
        .expect(ExitCode::Io);
    assert!(!churnctl.path("artifacts").exists());
}

#[test]
fn a_file_that_may_not_be_read_is_74() {
    use std::os::unix::fs::PermissionsExt;
    let churnctl = Churnctl::new()
        .file("good.csv", good())
        .file("secret.csv", good());
    let secret = churnctl.path("secret.csv");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).expect("chmod");
    // The superuser may read anything; the kernel's own memory map nobody may read at 0.
    let name = if std::fs::read(&secret).is_err() {
        "secret.csv"
    } else {
        "/proc/self/mem"
    };
    if name.starts_with('/') && !std::path::Path::new(name).exists() {
        return;
    }
    for args in [
        ["drift", "--baseline", name, "--current", "good.csv"],
        ["drift", "--baseline", "good.csv", "--current", name],
    ] {
        churnctl
            .run(&args)
            .expect(ExitCode::Io)
            .says(&format!("cannot read {name}"));
    }
}

/// A profile of two columns as a document, to be damaged.
fn profile() -> Value {
    let churnctl = Churnctl::new().file("good.csv", good());
    let run = churnctl.run(&["profile", "good.csv", "-o", "-"]);
    run.expect(ExitCode::Ok).json()
}

#[test]
fn damaged_foreign_and_newer_profiles_are_refused() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut profile = profile();
        change(&mut profile);
        profile.to_string()
    };
    let whole = profile().to_string();
    let again = "make it again with `churnctl profile";
    let half = "this is not a whole profile";
    all_refused(vec![
        bad(
            "foreign.json",
            "{\"command\":\"drift\",\"schema_version\":1}",
            "a document of `drift`, not a profile",
            "",
            "churnctl profile",
        ),
        bad(
            "other.json",
            "{\"hello\":\"world\"}",
            "this is JSON, but no profile",
            "",
            "churnctl profile",
        ),
        bad("brace.json", "{", half, ":1", again),
        bad(
            "half.json",
            &whole.as_bytes()[..whole.len() / 2],
            half,
            ":1",
            again,
        ),
        bad("tail.json", format!("{whole}x"), half, ":1", again),
        bad(
            "deep.json",
            format!(
                "{{\"command\":\"profile\",\"columns\":{}",
                "[".repeat(100_000)
            ),
            half,
            ":1",
            again,
        ),
        bad(
            "newer.json",
            with(&|p| p["schema_version"] = json!(99)),
            "the profile has version 99, this churnctl reads up to 3",
            "",
            "update churnctl",
        ),
        bad(
            "unknown.json",
            with(&|p| p["surprise"] = json!(1)),
            half,
            ":1",
            again,
        ),
        bad(
            "rows.json",
            with(&|p| p["rows"] = json!(201)),
            "200 values counted, but the profile has 201 rows",
            "",
            again,
        ),
        bad(
            "none.json",
            with(&|p| p["rows"] = json!(0)),
            "it has no rows or no columns",
            "",
            again,
        ),
        bad(
            "columns.json",
            with(&|p| p["columns"] = json!([])),
            "it has no rows or no columns",
            "",
            again,
        ),
        bad(
            "minus.json",
            with(&|p| p["rows"] = json!(-200)),
            half,
            ":1",
            again,
        ),
        bad(
            "count.json",
            with(&|p| p["columns"][0]["values"]["1"] = json!(1)),
            "but the profile has 200 rows",
            "",
            again,
        ),
        bad(
            "overflow.json",
            with(&|p| p["columns"][0]["values"] = json!({"1": u64::MAX, "2": u64::MAX})),
            "but the profile has 200 rows",
            "",
            again,
        ),
        bad(
            "kind.json",
            with(&|p| p["columns"][0]["missing"] = json!({"odd": 0})),
            "column \"age\": damaged counts",
            "",
            again,
        ),
        bad(
            "twice.json",
            with(&|p| p["columns"][1] = p["columns"][0].clone()),
            "column \"age\" is there twice",
            "",
            again,
        ),
        bad(
            "grid.json",
            with(&|p| p["columns"][0]["grid"] = json!({})),
            half,
            ":1",
            again,
        ),
        bad(
            "hashed.json",
            with(&|p| {
                p["columns"][1]["hashed"] =
                    json!({"counts": [1], "distinct": "", "all_dates": false});
            }),
            "column \"plan\": damaged",
            "",
            again,
        ),
        bad(
            "text.json",
            with(&|p| p["columns"][0]["values"] = json!("many")),
            half,
            ":1",
            again,
        ),
    ]);
}

#[test]
fn a_profile_with_any_byte_changed_is_refused_or_read_and_never_a_panic() {
    let mut random = Random::new(3);
    let table = Table::default()
        .with("grid", (0..20_500).map(|_| random.normal()))
        .with("plan", (0..20_500).map(|at| ["a", "b", ""][at % 3]));
    let churnctl = Churnctl::new().table("t.csv", &table);
    churnctl
        .run(&["profile", "t.csv", "-o", "p.json"])
        .expect(ExitCode::Ok);
    let whole = churnctl.read("p.json");
    let current = Profile::from_json(&whole, "p.json").expect("a good profile");
    assert!(
        String::from_utf8_lossy(&whole).contains("\"shift\""),
        "the grid is in use"
    );
    let (mut refused, mut read) = (0, 0);
    for _ in 0..150 {
        let mut bytes = whole.clone();
        // Between the quotes and braces of the document, where the numbers are.
        let at = random.below(bytes.len() as u64) as usize;
        bytes[at] = *b"0123456789-\"]},:eE.x"
            .get(random.below(20) as usize)
            .expect("one of 20");
        let Ok(baseline) = Profile::from_json(&bytes, "p.json") else {
            refused += 1;
            continue;
        };
        read += 1;
        let options = CheckOptions::default();
        let names: Vec<String> = current
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        let Ok(plan) = Plan::new(&baseline, &names, &options) else {
            continue;
        };
        let counted = Counted {
            columns: current.columns.clone(),
            outcome: None,
            rows: current.rows,
            blank_lines: 0,
            header_rows: current.header_rows.clone(),
        };
        let provenance = Provenance {
            baseline: "p.json".into(),
            current: "t.csv".into(),
            created_at: String::new(),
        };
        let _ = check(&baseline, &counted, &plan, &options, provenance);
        let _ = Profile::merge(vec![baseline, current.clone()]);
    }
    assert!(refused > 50 && read > 0, "{refused} refused, {read} read");
}
