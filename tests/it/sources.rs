//! One table in every form that is read: the reports must be one, whichever form the rows had.

use std::fmt::Write as _;

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Random, gzip};

/// A column with its type; none is a missing value.
#[derive(Debug, Clone)]
pub(crate) enum Column {
    Whole(Vec<Option<i64>>),
    Double(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
    Bool(Vec<Option<bool>>),
}

/// A typed table.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    pub(crate) columns: Vec<(&'static str, Column)>,
    pub(crate) rows: usize,
}

/// Text of a value; `quote` is put around texts.
fn text(column: &Column, row: usize, quote: impl Fn(&str) -> String) -> Option<String> {
    match column {
        Column::Whole(values) => values[row].map(|value| value.to_string()),
        Column::Double(values) => values[row].map(|value| format!("{value:?}")),
        Column::Text(values) => values[row].as_deref().map(quote),
        Column::Bool(values) => values[row].map(|value| value.to_string()),
    }
}

impl Typed {
    /// Customers: few and many distinct numbers, texts that need quotes, missing values, a score,
    /// a label. `shift` moves what drift should see.
    pub(crate) fn customers(rows: usize, seed: u64, shift: f64) -> Self {
        let mut random = Random::new(seed);
        let mut some = |chance: f64| !random.chance(chance);
        let present: Vec<[bool; 3]> = (0..rows)
            .map(|_| [some(0.02), some(0.1), some(0.05)])
            .collect();
        let mut random = Random::new(seed + 1);
        let plans = ["basic", "plus, \"family\"", "pro'; --", "Zürich"];
        let tenure: Vec<i64> = (0..rows).map(|_| random.below(72) as i64).collect();
        let spend: Vec<f64> = (0..rows)
            .map(|_| (random.normal() + shift).exp() * 100.0)
            .collect();
        let charges: Vec<f64> = (0..rows)
            .map(|_| random.below(3000) as f64 / 4.0 - 10.0)
            .collect();
        let plan: Vec<&str> = (0..rows)
            .map(|_| plans[(random.share() * random.share() * 4.0) as usize])
            .collect();
        let score: Vec<f64> = (0..rows).map(|_| random.share()).collect();
        let label: Vec<bool> = score
            .iter()
            .zip(&tenure)
            .map(|(score, &tenure)| {
                let new = if tenure < 24 { 0.5 } else { 0.0 };
                random.chance(0.5 * score + new)
            })
            .collect();
        let when = |column: usize| {
            let present = &present;
            move |row: &usize| present[*row][column]
        };
        let row = || 0..rows;
        Self {
            columns: vec![
                (
                    "user_id",
                    Column::Text(row().map(|row| Some(format!("u-{row:06}"))).collect()),
                ),
                (
                    "tenure",
                    Column::Whole(
                        row()
                            .map(|row| Some(tenure[row]).filter(|_| when(0)(&row)))
                            .collect(),
                    ),
                ),
                (
                    "spend",
                    Column::Double(row().map(|row| Some(spend[row])).collect()),
                ),
                (
                    "charges",
                    Column::Double(
                        row()
                            .map(|row| Some(charges[row]).filter(|_| when(1)(&row)))
                            .collect(),
                    ),
                ),
                (
                    "plan",
                    Column::Text(
                        row()
                            .map(|row| Some(plan[row].to_owned()).filter(|_| when(2)(&row)))
                            .collect(),
                    ),
                ),
                (
                    "paperless",
                    Column::Bool(row().map(|row| Some(row % 3 == 0)).collect()),
                ),
                (
                    "churn_risk",
                    Column::Double(score.into_iter().map(Some).collect()),
                ),
                (
                    "churn_label",
                    Column::Whole(label.into_iter().map(|label| Some(label.into())).collect()),
                ),
            ],
            rows,
        }
    }

    fn lines(&self, line: impl Fn(usize) -> String) -> String {
        (0..self.rows).map(line).collect()
    }

    /// Returns the table as CSV.
    pub(crate) fn csv(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let rows = self.lines(|row| {
            let fields: Vec<String> = self
                .columns
                .iter()
                .map(|(_, column)| text(column, row, quote).unwrap_or_default())
                .collect();
            fields.join(",") + "\n"
        });
        names.join(",") + "\n" + &rows
    }

    /// Returns the table as NDJSON.
    pub(crate) fn ndjson(&self) -> String {
        let quote = |text: &str| Value::from(text).to_string();
        self.lines(|row| {
            let mut line = String::from("{");
            for (at, (name, column)) in self.columns.iter().enumerate() {
                let value = text(column, row, quote).unwrap_or_else(|| "null".into());
                let comma = if at > 0 { ", " } else { "" };
                write!(line, "{comma}\"{name}\": {value}").expect("to memory");
            }
            line + "}\n"
        })
    }

    /// Returns the table as Parquet, in groups of so many rows.
    #[cfg(feature = "parquet")]
    pub(crate) fn parquet(&self, group: usize) -> Vec<u8> {
        use std::sync::Arc;

        use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
        use parquet::file::properties::WriterProperties;
        use parquet::file::writer::SerializedFileWriter;
        use parquet::schema::parser::parse_message_type;

        let fields: String = self
            .columns
            .iter()
            .map(|(name, column)| {
                let (physical, logical) = match column {
                    Column::Whole(_) => ("INT64", ""),
                    Column::Double(_) => ("DOUBLE", ""),
                    Column::Text(_) => ("BYTE_ARRAY", " (UTF8)"),
                    Column::Bool(_) => ("BOOLEAN", ""),
                };
                format!("OPTIONAL {physical} {name}{logical}; ")
            })
            .collect();
        let schema = parse_message_type(&format!("message table {{ {fields} }}")).expect("schema");
        let properties = WriterProperties::builder()
            .set_compression(parquet::basic::Compression::SNAPPY)
            .build();
        let mut bytes = Vec::new();
        let mut writer =
            SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties))
                .expect("a writer");
        let mut from = 0;
        while from < self.rows {
            let rows = from..(from + group).min(self.rows);
            let mut group = writer.next_row_group().expect("a group");
            for (_, column) in &self.columns {
                let mut out = group.next_column().expect("no fault").expect("a column");
                macro_rules! write {
                    ($kind:ty, $values:expr, $map:expr) => {{
                        let part = &$values[rows.clone()];
                        let levels: Vec<i16> =
                            part.iter().map(|value| value.is_some().into()).collect();
                        let there: Vec<_> = part.iter().flatten().map($map).collect();
                        out.typed::<$kind>()
                            .write_batch(&there, Some(&levels), None)
                            .expect("write");
                    }};
                }
                match column {
                    Column::Whole(values) => write!(Int64Type, values, |value| *value),
                    Column::Double(values) => write!(DoubleType, values, |value| *value),
                    Column::Bool(values) => write!(BoolType, values, |value| *value),
                    Column::Text(values) => {
                        write!(ByteArrayType, values, |value| ByteArray::from(&**value));
                    }
                }
                out.close().expect("close");
            }
            group.close().expect("close");
            from = rows.end;
        }
        writer.close().expect("close");
        bytes
    }
}

/// Compresses.
pub(crate) fn zstd(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    zstd::encode_all(bytes.as_ref(), 1).expect("to memory")
}

/// What must be the same of two reports, and the means with a tolerance.
pub(crate) fn essence(report: &Value) -> (Value, Vec<f64>) {
    let mut means = Vec::new();
    let features: Vec<Value> = report["features"]
        .as_array()
        .expect("features")
        .iter()
        .map(|feature| {
            if let Some(mean) = feature["numeric"]["current"]["mean"].as_f64() {
                means.push(mean);
                means.push(
                    feature["numeric"]["current"]["standard_deviation"]
                        .as_f64()
                        .expect("a deviation"),
                );
            }
            let bins = feature["bins"].as_array().into_iter().flatten();
            let counts: Vec<&Value> = bins.map(|bin| &bin["count"]["current"]).collect();
            serde_json::json!({
                "feature": feature["feature"],
                "status": feature["status"],
                "kind": feature["kind"],
                "psi": feature["psi"],
                "ks_statistic": feature["numeric"]["ks_statistic"],
                "missing": feature["missing"]["share"]["current"],
                "counts": counts,
                "min": feature["numeric"]["current"]["min"],
                "max": feature["numeric"]["current"]["max"],
            })
        })
        .collect();
    let essence = serde_json::json!({
        "status": report["status"],
        "rows": report["rows"],
        "features": features,
    });
    (essence, means)
}

/// Asserts that two reports say the same.
#[track_caller]
pub(crate) fn assert_same(source: &str, expected: &Value, report: &Value) {
    let ((expected, means), (found, other)) = (essence(expected), essence(report));
    assert_eq!(found, expected, "{source}");
    for (mean, other) in means.iter().zip(&other) {
        let scale = mean.abs().max(1.0);
        assert!(
            (mean - other).abs() <= 1e-9 * scale,
            "{source}: {mean} {other}"
        );
    }
}

/// Compares two sides, with score and label, and returns the report.
pub(crate) fn drift(churnctl: &Churnctl, baseline: &str, current: &str) -> Value {
    let args = [
        "drift",
        "--baseline",
        baseline,
        "--current",
        current,
        "--format",
        "json",
        "--score",
        "churn_risk",
        "--label",
        "churn_label",
        "--fail-on",
        "never",
    ];
    churnctl.run(&args).expect(ExitCode::Ok).json()
}

/// Both sides of a drift in every local form.
fn forms() -> (Churnctl, Vec<&'static str>) {
    let baseline = Typed::customers(24_000, 1, 0.0);
    let current = Typed::customers(23_000, 5, 0.8);
    let mut churnctl = Churnctl::new();
    for (side, table) in [("baseline", &baseline), ("current", &current)] {
        let (csv, ndjson) = (table.csv(), table.ndjson());
        churnctl = churnctl
            .file(&format!("{side}.csv.gz"), gzip(&csv))
            .file(&format!("{side}.csv.zst"), zstd(&csv))
            .file(&format!("{side}.csv"), csv)
            .file(&format!("{side}.jsonl.zst"), zstd(&ndjson))
            .file(&format!("{side}.ndjson"), ndjson);
    }
    let mut forms = vec!["csv.gz", "csv.zst", "ndjson", "jsonl.zst"];
    if cfg!(feature = "parquet") {
        #[cfg(feature = "parquet")]
        for (side, table) in [("baseline", &baseline), ("current", &current)] {
            churnctl = churnctl.file(&format!("{side}.parquet"), table.parquet(5_000));
        }
        forms.push("parquet");
    }
    (churnctl, forms)
}

#[test]
fn the_form_of_a_file_changes_no_number() {
    let (churnctl, forms) = forms();
    let expected = drift(&churnctl, "baseline.csv", "current.csv");
    assert_eq!(expected["status"], "FAIL");
    for form in forms {
        let baseline = format!("baseline.{form}");
        let current = format!("current.{form}");
        assert_same(
            &current,
            &expected,
            &drift(&churnctl, "baseline.csv", &current),
        );
        let both = drift(&churnctl, &baseline, &current);
        assert_same(&baseline, &expected, &both);
        // The statistics on the scores and labels, too.
        assert_eq!(both["performance"], expected["performance"], "{form}");
    }
}

#[test]
fn a_folder_of_forms_is_one_data_set() {
    let table = Typed::customers(3_000, 7, 0.0);
    let mut churnctl = Churnctl::new()
        .file("months/01.csv", table.csv())
        .file("months/02.ndjson.gz", gzip(table.ndjson()))
        .file("months/.03.csv", "half a file")
        .file("months/readme.txt", "no table");
    let mut rows = 6_000;
    if cfg!(feature = "parquet") {
        #[cfg(feature = "parquet")]
        {
            churnctl = churnctl.file("months/04.parquet", table.parquet(1_000));
        }
        rows += 3_000;
    }
    churnctl = churnctl.file("one.csv", table.csv());
    let report = drift(&churnctl, "one.csv", "months");
    assert_eq!(report["rows"]["current"], rows, "{}", report["rows"]);
    assert_eq!(report["status"], "OK");
}

#[test]
fn eight_shards_make_the_whole_to_the_byte() {
    let table = Typed::customers(30_000, 7, 0.0);
    let mut churnctl = Churnctl::new()
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .file("t.ndjson", table.ndjson())
        .file("t.csv", table.csv());
    let mut forms = vec!["csv", "ndjson"];
    if cfg!(feature = "parquet") {
        #[cfg(feature = "parquet")]
        {
            churnctl = churnctl.file("t.parquet", table.parquet(20_000));
        }
        forms.push("parquet");
    }
    for form in forms {
        let data = format!("t.{form}");
        let options = ["--score", "churn_risk", "--label", "churn_label"];
        let profile = |args: &[&str]| {
            churnctl
                .run(&[&["profile"], args, &options].concat())
                .expect(ExitCode::Ok);
        };
        profile(&[&data, "-o", "whole.json"]);
        for shard in 0..8 {
            let (shard, part) = (format!("{shard}/8"), format!("{form}-{shard}.json"));
            profile(&[&data, "--shard", &shard, "-o", &part]);
        }
        let parts = format!("{form}-*.json");
        let merge = ["profile", "merge", &parts, "-o", "merged.json"];
        churnctl.run(&merge).expect(ExitCode::Ok);
        assert!(
            churnctl.read("merged.json") == churnctl.read("whole.json"),
            "{form} differs"
        );
    }
}

#[test]
fn what_cannot_be_cut_into_shards_is_said() {
    let rows = "1,\"a\nb\"\n".repeat(50_000);
    let churnctl = Churnctl::new()
        .file("quoted.csv", format!("a,b\n{rows}"))
        .file("bad.csv", format!("a,b\n{}1\n", "1,2\n".repeat(900)))
        .file("t.csv.gz", gzip("a\n1\n2\n"));
    for (file, shard, words) in [
        ("quoted.csv", "1/4", "cannot be cut into shards"),
        ("bad.csv", "3/4", "bad.csv:902"),
    ] {
        churnctl
            .run(&["profile", file, "--shard", shard, "-o", "p.json"])
            .expect(ExitCode::BadInput)
            .says(words);
    }
    churnctl
        .run(&["profile", "t.csv.gz", "--shard", "4/4", "-o", "p.json"])
        .expect(ExitCode::Usage)
        .says("a shard is written I/N");
}

#[test]
fn a_shard_may_be_empty_and_none_may_be_missing_or_there_twice() {
    let churnctl = Churnctl::new()
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .file("t.csv.gz", gzip("a,b\n1,x\n2,y\n"));
    let run = |args: &[&str]| churnctl.run(args);
    run(&["profile", "t.csv.gz", "-o", "whole.json"]).expect(ExitCode::Ok);
    for part in 0..3 {
        let (shard, file) = (format!("{part}/3"), format!("part-{part}.json"));
        run(&["profile", "t.csv.gz", "--shard", &shard, "-o", &file]).expect(ExitCode::Ok);
    }
    let merge = |parts: &[&str], output: &str| {
        run(&[&["profile", "merge"], parts, &["-o", output]].concat())
    };
    merge(&["part-0.json", "part-2.json"], "some.json")
        .expect(ExitCode::Ok)
        .says("not the whole yet: without the shards 1/3");
    run(&[
        "drift",
        "--baseline",
        "some.json",
        "--current",
        "whole.json",
    ])
    .expect(ExitCode::BadInput)
    .says("without the shards 1/3")
    .says("churnctl profile merge");
    for (others, words) in [
        (["some.json", "part-2.json"], "both have the shard 2/3"),
        (
            ["some.json", "whole.json"],
            "one is a shard, the other is not",
        ),
    ] {
        merge(&others, "bad.json")
            .expect(ExitCode::BadInput)
            .says(words);
    }
    std::fs::write(churnctl.path("empty.json"), "").expect("write");
    merge(&["empty.json"], "bad.json")
        .expect(ExitCode::BadInput)
        .says("the file is empty");
    // The whole, by steps; a pattern would do it at once.
    merge(&["part-1.json", "some.json"], "merged.json").expect(ExitCode::Ok);
    assert_eq!(churnctl.read("merged.json"), churnctl.read("whole.json"));
}

#[test]
#[cfg(feature = "parquet")]
fn a_model_learns_and_scores_the_same_from_parquet() {
    let table = Typed::customers(2_000, 3, 0.0);
    let churnctl = Churnctl::new()
        .file("t.csv", table.csv())
        .file("t.parquet", table.parquet(700))
        .file("t.ndjson", table.ndjson());
    let mut scores = Vec::new();
    for form in ["csv", "parquet", "ndjson"] {
        let (data, out) = (format!("t.{form}"), format!("scores.{form}"));
        let args = [
            "train",
            &data,
            "--label",
            "churn_label",
            "--artifacts",
            form,
            "--model",
            "logistic",
        ];
        churnctl.run(&args).expect(ExitCode::Ok);
        let model = "csv/models/production_latest.json";
        let args = ["score", &data, "--model", model, "-o", &out];
        churnctl.run(&args).expect(ExitCode::Ok);
        let metrics = churnctl.read_json(&format!("{form}/metrics/train_latest.json"));
        scores.push((churnctl.read(&out), metrics["metrics"].clone()));
    }
    assert!(scores[0] == scores[1], "csv and parquet differ");
    assert!(scores[0] == scores[2], "csv and ndjson differ");
}

#[test]
fn faults_of_ndjson_have_their_line() {
    let rows: String = (0..40_000)
        .map(|row| format!("{{\"a\": {row}, \"b\": \"x\"}}\n"))
        .collect();
    for (line, words) in [
        (
            "{\"a\": 1, \"b\": }",
            "malformed JSON at character 15: a string, number",
        ),
        ("{\"a\": 1, \"a\": 2}", "the object has the key twice"),
        (
            "[1, 2]",
            "malformed JSON at character 1: a line must be one object",
        ),
        (
            "{\"a\": 1, \"b\": \"\u{7}\\q\"}",
            "malformed JSON at character 16: a string holds a raw control character",
        ),
    ] {
        let churnctl = Churnctl::new().file("rows.ndjson", format!("{rows}\n{line}\n"));
        churnctl
            .run(&["profile", "rows.ndjson", "-o", "p.json"])
            .expect(ExitCode::BadInput)
            .says(words)
            .says("rows.ndjson:40002");
    }
    let long: String = (0..200_000)
        .map(|row| format!("{{\"a\": {row}, \"b\": \"{row}\"}}\n"))
        .collect();
    let churnctl = Churnctl::new()
        .file("late.ndjson", format!("{long}{{\"a\": 1, \"c\": 2}}\n"))
        .file("one.json", "{\"a\": 1}\n")
        .file(
            "p.ndjson",
            "{\"schema_version\": 1, \"command\": \"profile\", \"churnctl_version\": \"1\"}\n",
        );
    churnctl
        .run(&["profile", "late.ndjson", "-o", "p.json"])
        .expect(ExitCode::BadInput)
        .says("the key \"c\" is in none of the first rows")
        .says("late.ndjson:200001");
    for (file, words) in [
        ("one.json", "this is JSON"),
        ("p.ndjson", "a JSON document of churnctl"),
    ] {
        churnctl
            .run(&["profile", file, "-o", "p.json"])
            .expect(ExitCode::BadInput)
            .says(words);
    }
}

#[test]
fn damaged_zstd_and_parquet_are_refused() {
    let table = Typed::customers(500, 3, 0.0);
    let whole = zstd(table.csv());
    let mut churnctl = Churnctl::new().file("cut.csv.zst", &whole[..whole.len() / 2]);
    let mut bent = whole.clone();
    bent[whole.len() / 2] ^= 0x55;
    churnctl = churnctl.file("bent.csv.zst", bent);
    let zstd_words = "the zstd data are damaged or cut short";
    let mut cases = vec![("cut.csv.zst", zstd_words)];
    if cfg!(feature = "parquet") {
        #[cfg(feature = "parquet")]
        {
            let parquet = table.parquet(100);
            churnctl = churnctl
                .file("cut.parquet", &parquet[..parquet.len() - 20])
                .file("start.parquet", &parquet[..7]);
        }
        let words = "the Parquet data are damaged or cut short";
        cases.extend([("cut.parquet", words), ("start.parquet", words)]);
    } else {
        churnctl = churnctl.file("t.parquet", "PAR1 and so on");
        cases.push(("t.parquet", "was built without Parquet files"));
    }
    for (file, words) in cases {
        churnctl
            .run(&["profile", file, "-o", "p.json"])
            .expect(ExitCode::BadInput)
            .says(words)
            .says(file);
    }
    // A flipped bit is found by the checksum, if there is one, or gives text that is none.
    let run = churnctl.run(&["profile", "bent.csv.zst", "-o", "p.json"]);
    assert!(matches!(run.code, Some(0 | 65)), "{run:#?}");
}

#[test]
#[cfg(feature = "parquet")]
fn no_flipped_byte_of_parquet_is_a_panic() {
    let whole = Typed::customers(300, 3, 0.0).parquet(100);
    for at in (0..whole.len()).step_by(whole.len() / 60) {
        let mut bent = whole.clone();
        bent[at] ^= 0xff;
        let churnctl = Churnctl::new().file("bent.parquet", bent);
        let run = churnctl.run(&["profile", "bent.parquet", "-o", "p.json"]);
        assert!(matches!(run.code, Some(0 | 65)), "byte {at}: {run:#?}");
    }
}

#[test]
#[cfg(feature = "parquet")]
fn columns_of_lists_are_named_and_may_be_excluded() {
    use std::sync::Arc;

    use parquet::data_type::Int32Type;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    let schema = "message t { REQUIRED INT32 a; REPEATED INT32 tags; REQUIRED INT32 day (DATE); }";
    let schema = parse_message_type(schema).expect("schema");
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::default()).expect("a writer");
    let mut group = writer.next_row_group().expect("a group");
    for values in [[1, 2, 2], [1, 2, 3], [20_000, 20_001, 20_002]] {
        let mut column = group.next_column().expect("no fault").expect("a column");
        let levels = [1, 1, 1];
        column
            .typed::<Int32Type>()
            .write_batch(&values, Some(&levels), Some(&[0, 0, 0]))
            .expect("write");
        column.close().expect("close");
    }
    group.close().expect("close");
    writer.close().expect("close");
    let churnctl = Churnctl::new().file("lists.parquet", bytes);
    churnctl
        .run(&["profile", "lists.parquet", "-o", "p.json"])
        .expect(ExitCode::BadInput)
        .says("column \"tags\"")
        .says("leave it out with --exclude");
    churnctl
        .run(&[
            "profile",
            "lists.parquet",
            "--exclude",
            "tags",
            "-o",
            "p.json",
        ])
        .expect(ExitCode::Ok);
    let profile = String::from_utf8(churnctl.read("p.json")).expect("text");
    assert!(profile.contains("2024-10-04"), "{profile}");
}
