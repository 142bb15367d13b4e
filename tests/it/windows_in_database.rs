//! `drift --time` and `--by` of a table in a database: the database sorts rows into windows and segments, and
//! every report is that of the same rows in a file, to the byte.

use std::fmt::Write as _;

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Random};

const COLUMNS: &str = "at,local,day,contract,fee,tenure,churn,score";

/// Rows of nine days around the last Sunday of March, when clocks in Berlin skip an hour. A time is missing
/// now and then.
fn rows() -> String {
    let mut random = Random::new(29);
    let start = "2026-03-25T22:00:00Z".parse::<jiff::Timestamp>();
    let start = start.expect("a time").as_second();
    let mut text = format!("{COLUMNS}\n");
    for row in 0..3_000_i64 {
        let at = jiff::Timestamp::from_second(start + row * 262).expect("a time");
        let shown = |form: &str| at.strftime(form).to_string();
        let (at, local, day) = match row % 97 {
            0 => ["null"; 3].map(str::to_owned).into(),
            _ => (
                shown("%Y-%m-%dT%H:%M:%SZ"),
                shown("%Y-%m-%d %H:%M:%S"),
                shown("%Y-%m-%d"),
            ),
        };
        let contract = ["month", "one, year", "two"][random.below(3) as usize];
        let fee = match row % 31 {
            0 => "null".to_owned(),
            _ => format!(
                "{:.2}",
                random.normal().mul_add(20.0, 60.0 + row as f64 / 150.0)
            ),
        };
        let score = random.share();
        let churn = u8::from(random.share() < score);
        writeln!(
            text,
            "{at},{local},{day},\"{contract}\",{fee},{},{churn},{score:.3}",
            random.below(72)
        )
        .expect("a text");
    }
    text
}

pub(crate) fn files() -> Churnctl {
    let baseline: String = rows()
        .lines()
        .take(1_250)
        .fold(String::new(), |text, line| text + line + "\n");
    Churnctl::new()
        .file("base.csv", baseline)
        .file("rows.csv", rows())
}

/// Says where two reports differ.
#[track_caller]
fn same(expected: &Value, found: &Value, at: &str) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) if expected.len() == found.len() => {
            for (name, expected) in expected {
                same(expected, &found[name], &format!("{at}/{name}"));
            }
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                same(expected, found, &format!("{at}/{index}"));
            }
        }
        _ => assert_eq!(expected, found, "{at}"),
    }
}

/// Checks the rows of a file and of a database, by each column of times and in several zones.
pub(crate) fn gives_the_windows_of_its_file(churnctl: &Churnctl, address: &str) {
    let check = |current: &str, args: &[&str]| -> Value {
        let args = [
            &["drift", "--baseline", "base.csv", "--current", current][..],
            &[
                "--label",
                "churn",
                "--score",
                "score",
                "--report",
                "report.json",
            ],
            args,
        ]
        .concat();
        let run = churnctl.run(&args);
        assert!(matches!(run.code, Some(0 | 2)), "{run:?}");
        let mut report = churnctl.read_json("report.json");
        let members = report.as_object_mut().expect("an object");
        for name in ["current", "created_at"] {
            members.remove(name);
        }
        // The digest has the lines of a file in it, which a table lacks.
        members["inputs"]["current"] = Value::Null;
        report
    };
    let mut seen = 0;
    for (column, args) in [
        ("at", &["--time-zone", "Europe/Berlin"][..]),
        // There clocks move by half an hour.
        (
            "at",
            &["--window", "6h", "--time-zone", "Australia/Lord_Howe"],
        ),
        (
            "at",
            &["--window", "3d", "--every", "1d", "--against", "previous"],
        ),
        ("local", &[]),
        (
            "local",
            &[
                "--window",
                "1w",
                "--every",
                "1d",
                "--time-zone",
                "Europe/Berlin",
            ],
        ),
        ("day", &["--window", "12h", "--time-zone", "Europe/Berlin"]),
    ] {
        let args = [&["--time", column][..], args].concat();
        let (expected, found) = (check("rows.csv", &args), check(address, &args));
        same(&expected, &found, &format!("{args:?}"));
        seen += expected["windows"].as_array().map_or(0, Vec::len);
    }
    assert!(seen > 60, "{seen}");
    let mut segments = 0;
    for args in [
        // A text, a number with values missing, both at once, texts that are numbers, and columns that are days.
        &[
            "--by",
            "contract",
            "--by",
            "fee < 60",
            "--by",
            "fee is missing",
            "--by",
            "churn,contract",
        ][..],
        &[
            "--by",
            "contract = two and tenure >= 12",
            "--by",
            "contract in (two, \"one, year\")",
            "--by",
            "day",
        ],
        &[
            "--by",
            "day > 2026-03-28",
            "--by",
            "churn = \"1\"",
            "--time",
            "at",
            "--time-zone",
            "Europe/Berlin",
        ],
        &["--by", "tenure,contract", "--time", "day"],
        &[
            "--by",
            "contract",
            "--time",
            "local",
            "--window",
            "3d",
            "--every",
            "1d",
            "--against",
            "previous",
        ],
    ] {
        let (expected, found) = (check("rows.csv", args), check(address, args));
        same(&expected, &found, &format!("{args:?}"));
        let cuts = expected["segments"]["cuts"].as_array().expect("cuts");
        segments += cuts
            .iter()
            .map(|cut| cut["segments"].as_array().map_or(0, Vec::len))
            .sum::<usize>();
    }
    assert!(segments > 230, "{segments}");
    let refused = |by: &[&str]| {
        let sides = ["drift", "--baseline", address, "--current", "base.csv"];
        churnctl
            .run(&[&sides, by].concat())
            .expect(ExitCode::BadInput)
    };
    refused(&["--by", "contract", "--max-segments", "2"])
        .says("--by contract makes more than 2 segments: about 3 of 3000 rows");
    refused(&["--by", "at"]).says("makes more than 1000 segments");
    // Words are no times, and are read to find that out.
    churnctl
        .run(&[
            "drift",
            "--baseline",
            "base.csv",
            "--current",
            address,
            "--time",
            "contract",
        ])
        .expect(ExitCode::BadInput)
        .says("has a time that can be read");
    let explained = churnctl
        .run(&[
            "drift",
            "--baseline",
            "base.csv",
            "--current",
            address,
            "--time",
            "at",
            "--explain-sql",
        ])
        .expect(ExitCode::Ok)
        .stdout;
    let statements: Vec<&str> = explained.trim_end().split_terminator(";\n").collect();
    assert!(
        statements.iter().all(|sql| sql.starts_with("select ")),
        "{explained}"
    );
    let by_piece = statements.iter().filter(|sql| sql.contains("group by p"));
    assert!(by_piece.count() > 3, "{explained}");
    let explained = churnctl
        .run(&[
            "drift",
            "--baseline",
            "base.csv",
            "--current",
            address,
            "--by",
            "contract,churn",
            "--by",
            "contract = two",
            "--explain-sql",
        ])
        .expect(ExitCode::Ok)
        .stdout;
    assert!(explained.contains("group by p, s0, s1, k"), "{explained}");
    assert!(
        explained.contains("= 'two') then 0 else 1 end"),
        "{explained}"
    );
}

#[test]
#[cfg(feature = "postgres")]
fn postgres_sorts_rows_into_windows() {
    use crate::databases::Database as _;

    let Some(cluster) = crate::postgres::Cluster::start() else {
        return;
    };
    let churnctl = files();
    cluster.sql(
        "create table rows (at timestamptz, local timestamp, day date, contract text, fee double precision, \
         tenure integer, churn smallint, score double precision)",
    );
    let path = churnctl.path("rows.csv");
    cluster.sql(&format!(
        "\\copy rows from '{}' with (format csv, header, null 'null')",
        path.display()
    ));
    gives_the_windows_of_its_file(&churnctl, &cluster.address("table=rows"));
    // Where the server's clock hangs has no part in it.
    cluster.sql("alter database postgres set timezone = 'Asia/Kathmandu'");
    windows_are_alike(&churnctl, &cluster.address("table=rows"));
    // Times as texts are nothing that it could sort: the rows are read.
    cluster.sql("create table texts as select cast(at at time zone 'UTC' as text) || 'Z' as at, cast(local as text) as \
                 local, cast(day as text) as day, contract, fee, tenure, churn, score from rows");
    windows_are_alike(&churnctl, &cluster.address("table=texts"));
}

/// Checks by one column of times alone.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn windows_are_alike(churnctl: &Churnctl, address: &str) {
    let windows = |current: &str| {
        churnctl.run(&[
            "drift",
            "--baseline",
            "base.csv",
            "--current",
            current,
            "--time",
            "at",
            "--time-zone",
            "Europe/Berlin",
            "--report",
            "report.json",
        ]);
        churnctl.read_json("report.json")["windows"].clone()
    };
    assert_eq!(windows("rows.csv"), windows(address));
}

#[test]
#[cfg(feature = "mysql")]
fn mariadb_sorts_rows_into_windows() {
    use crate::databases::Database as _;

    let Some(database) = crate::mysql::MariaDb::start() else {
        return;
    };
    let churnctl = files();
    database.sql(
        "create table `rows` (at timestamp null, local datetime, day date, contract varchar(20), fee double, \
         tenure int, churn boolean, score double)",
    );
    let path = churnctl.path("rows.csv");
    database.sql(&format!(
        "set time_zone = '+00:00';; load data local infile '{}' into table `rows` character set utf8mb4 fields \
         terminated by ',' optionally enclosed by '\"' escaped by '' ignore 1 lines (@at, @local, @day, contract, \
         @fee, tenure, churn, score) set at = nullif(replace(replace(@at, 'T', ' '), 'Z', ''), 'null'), local = \
         nullif(@local, 'null'), day = nullif(@day, 'null'), fee = nullif(@fee, 'null')",
        path.display()
    ));
    gives_the_windows_of_its_file(&churnctl, &database.address("table=rows"));
    database.sql("set global time_zone = '+05:45'");
    windows_are_alike(&churnctl, &database.address("table=rows"));
}

#[test]
#[cfg(all(feature = "spark", feature = "parquet"))]
fn spark_sorts_rows_into_windows() {
    use crate::sources::{Column, Typed};

    let Some(server) = crate::spark::Server::any() else {
        return;
    };
    let churnctl = files();
    let text = rows();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records: Vec<csv::StringRecord> = reader
        .records()
        .map(|record| record.expect("a row"))
        .collect();
    let texts = |at: usize| {
        let values = records
            .iter()
            .map(|record| Some(record[at].to_owned()).filter(|text| text != "null"));
        Column::Text(values.collect())
    };
    let names = [
        "at", "local", "day", "contract", "fee", "tenure", "churn", "score",
    ];
    let columns = names
        .into_iter()
        .enumerate()
        .map(|(at, name)| (name, texts(at)));
    let typed = Typed {
        rows: records.len(),
        columns: columns.collect(),
    };
    std::fs::write(churnctl.path("rows.parquet"), typed.parquet(1_000)).expect("write");
    let query = format!(
        "query=select cast(at as timestamp) as at, cast(local as timestamp_ntz) as local, cast(day as date) as day, \
         contract, cast(fee as double) as fee, cast(tenure as int) as tenure, cast(churn as int) as churn, cast(score \
         as double) as score from parquet.`{}`",
        churnctl.path("rows.parquet").display()
    );
    gives_the_windows_of_its_file(&churnctl, &server.address(&query));
}

#[test]
#[cfg(feature = "postgres")]
fn numbers_that_are_too_many_to_send_are_counted_in_the_cells_of_each_window() {
    use crate::databases::Database as _;

    let Some(cluster) = crate::postgres::Cluster::start() else {
        return;
    };
    // 108,000 rows with 66,103 different amounts in five days, the last of which are larger, and rows without one.
    cluster.sql(
        "create table sales as select timestamp '2026-01-01' + g * interval '3.9 seconds' as at, case when g % 50 = 0 \
         then null when g % 77 = 0 then 'NaN' else (g * 7919 % 66103) / 7.0 + case when g > 66000 then 3000 else 0 end end \
         :: double precision as amount, g % 3 as kind from generate_series(1, 108000) g",
    );
    let churnctl = Churnctl::new();
    let path = churnctl.path("sales.csv");
    cluster.sql(&format!(
        "\\copy sales to '{}' with (format csv, header, null 'null')",
        path.display()
    ));
    let base: String = std::fs::read_to_string(&path)
        .expect("a file")
        .lines()
        .take(30_000)
        .fold(String::new(), |text, line| text + line + "\n");
    std::fs::write(churnctl.path("base.csv"), base).expect("write");
    let windows = |current: &str| {
        let args = [
            "drift",
            "--baseline",
            "base.csv",
            "--current",
            current,
            "--time",
            "at",
            "--report",
            "report.json",
        ];
        churnctl.run(&args).expect(ExitCode::CheckFailed);
        let report = churnctl.read_json("report.json");
        report["windows"].as_array().expect("windows").clone()
    };
    let (expected, found) = (
        windows("sales.csv"),
        windows(&cluster.address("table=sales")),
    );
    assert_eq!(expected.len(), 5);
    assert_eq!(expected.len(), found.len());
    for (expected, found) in expected.iter().zip(&found) {
        for member in ["window", "status", "rows", "judged"] {
            assert_eq!(expected[member], found[member], "{member}");
        }
        for member in ["psi", "ks_statistic"] {
            let figure = |window: &Value| match member {
                "psi" => window["features"][0]["psi"].clone(),
                _ => window["features"][0]["numeric"][member].clone(),
            };
            assert_eq!(figure(expected), figure(found), "{member}");
        }
        assert_eq!(
            expected["features"][0]["missing"],
            found["features"][0]["missing"]
        );
        assert_eq!(expected["features"][1]["psi"], found["features"][1]["psi"]);
    }
}
