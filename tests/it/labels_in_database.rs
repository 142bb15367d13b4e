//! `drift --labels --joined-by database`: the database that holds both sides joins them, and every count and figure is that
//! of the same rows in files.

use std::fmt::Write as _;

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Random, Run};

/// Seconds of 2026-01-05 00:00 in UTC, a Monday.
const START: i64 = 1_767_571_200;
const DAY: i64 = 86_400;
const BY_DATABASE: &str = "--joined-by database";

fn shown(seconds: i64) -> String {
    let at = jiff::Timestamp::from_second(START + seconds).expect("a time");
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Predictions of six weeks for 300 customers, several for each, some twice in one second; now and then without a time,
/// or without a customer.
fn predictions() -> String {
    let mut random = Random::new(71);
    let mut text = "person,number,at,contract,fee,score\n".to_owned();
    for row in 0..2_400_i64 {
        let user = random.below(300);
        let (person, number) = match row % 89 {
            0 => ("null".to_owned(), "null".to_owned()),
            _ => (format!("C-{user:04}"), user.to_string()),
        };
        let at = match row % 97 {
            0 => "null".to_owned(),
            _ => shown(row / 2 * 3_024),
        };
        let contract = ["month", "one, year", "two"][random.below(3) as usize];
        let fee = random.normal().mul_add(20.0, 60.0);
        writeln!(
            text,
            "{person},{number},{at},\"{contract}\",{fee:.2},{:.3}",
            random.share()
        )
        .expect("a text");
    }
    text
}

/// What became of them: several labels for some, of one moment and with other values, too; before every prediction, of
/// nobody known, of a year to come, without time, customer or value.
fn labels() -> String {
    let mut random = Random::new(72);
    let mut text = "person,number,left_at,churned\n".to_owned();
    for row in 0..900_i64 {
        let user = random.below(340);
        let (person, number) = match row % 71 {
            0 => ("null".to_owned(), "null".to_owned()),
            _ => (format!("C-{user:04}"), user.to_string()),
        };
        let at = match row % 53 {
            0 => "null".to_owned(),
            1 => "2999-01-01 00:00:00".to_owned(),
            2 => shown(-9 * DAY),
            // Three in each of some moments.
            _ => shown(row / 3 * 12_096),
        };
        let churned = match row % 43 {
            0 => "null",
            _ if random.share() < 0.4 => "yes",
            _ => "no",
        };
        writeln!(text, "{person},{number},{at},{churned}").expect("a text");
    }
    text
}

fn baseline() -> String {
    let mut random = Random::new(73);
    let mut text = "contract,fee,score,churned\n".to_owned();
    for _ in 0..800 {
        let score = random.share();
        let churned = if random.share() < score { "yes" } else { "no" };
        let contract = ["month", "one, year", "two"][random.below(3) as usize];
        let fee = random.normal().mul_add(20.0, 60.0);
        writeln!(text, "\"{contract}\",{fee:.2},{score:.3},{churned}").expect("a text");
    }
    text
}

fn files() -> Churnctl {
    let labels = labels();
    let leavers = labels.lines().map(|line| {
        let (rest, churned) = line.rsplit_once(',').expect("a column");
        (churned != "no").then(|| format!("{rest}\n"))
    });
    let first = |line: &str| line.split(',').next().unwrap_or_default().to_owned() + "\n";
    Churnctl::new()
        .file("strangers.csv", labels.replace("C-", "X-"))
        .file(
            "timeless.csv",
            labels.lines().map(first).collect::<String>(),
        )
        .file("baseline.csv", baseline())
        .file("predictions.csv", predictions())
        .file("leavers.csv", leavers.flatten().collect::<String>())
        .file("labels.csv", labels)
}

/// Runs a check.
fn run(churnctl: &Churnctl, current: &str, labels: &str, words: &str) -> Run {
    let args = ["drift", "--baseline", "baseline.csv", "--label", "churned"];
    let sides = ["--score", "score", "--current", current, "--labels", labels];
    let more = ["--fail-on", "never", "-q", "--report", "report.json"];
    let words: Vec<&str> = words.split_whitespace().collect();
    churnctl.run(&[&args, &sides[..], &more, &words].concat())
}

/// Returns the report of a check without the names of its inputs.
fn checked(churnctl: &Churnctl, current: &str, labels: &str, words: &str) -> Value {
    run(churnctl, current, labels, words).expect(ExitCode::Ok);
    let mut report = churnctl.read_json("report.json");
    let members = report.as_object_mut().expect("an object");
    for name in ["current", "created_at"] {
        members.remove(name);
    }
    members["inputs"]["current"] = Value::Null;
    members["labels"]["source"] = Value::Null;
    report
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

/// Joins the tables `predictions`, `labels` and `leavers`: `address` returns one's.
fn joins_as_rows_are_joined(churnctl: &Churnctl, address: impl Fn(&str) -> String) {
    let mut matched = 0;
    for (labels, words) in [
        (
            "leavers",
            "--join person --label-window 14d --prediction-time at",
        ),
        (
            "labels",
            "--join person --label-window 14d --prediction-time at",
        ),
        (
            "labels",
            "--join number --label-window 12h --time at --window 7d --unmatched negative",
        ),
        (
            "labels",
            "--join person,number --label-window 10d --time at --window 7d --every 1d --by contract --by fee<60",
        ),
        (
            "leavers",
            "--join person --label-window 2w --time at --window 7d --by contract --labels-until 2026-02-10",
        ),
        // Their times are a matter of their own: they come, whenever that was.
        (
            "timeless",
            "--join person --label-window 7d --time at --window 7d --labels-until 2026-03-01",
        ),
    ] {
        let expected = checked(churnctl, "predictions.csv", &format!("{labels}.csv"), words);
        let (current, source) = (address("predictions"), address(labels));
        let by_database = format!("{words} {BY_DATABASE}");
        let found = checked(churnctl, &current, &source, &by_database);
        same(&expected, &found, &format!("{labels} {words}"));
        matched += found["labels"]["predictions"]["matched"]
            .as_u64()
            .expect("a count");
    }
    assert!(matched > 3_000, "{matched}");
    // Months are of several lengths, and instants are days elsewhere in Berlin: those are compared here.
    for words in [
        "--join person --label-window 1mo --prediction-time at",
        "--join person --label-window 14d --prediction-time at --time-zone Europe/Berlin",
    ] {
        let sides = (address("predictions"), address("labels"));
        let by_database = format!("{words} {BY_DATABASE}");
        run(churnctl, &sides.0, &sides.1, &by_database)
            .expect(ExitCode::Usage)
            .says("--joined-by here, the default, copies the rows");
        if !words.contains("Berlin") {
            let expected = checked(churnctl, "predictions.csv", "labels.csv", words);
            let found = checked(churnctl, &sides.0, &sides.1, words);
            same(&expected, &found, words);
        }
    }
    // Keys of two worlds are shown.
    let words = "--join person --label-window 14d --prediction-time at --joined-by database";
    checked(
        churnctl,
        &address("predictions"),
        &address("strangers"),
        words,
    );
    let findings = churnctl.read_json("report.json")["findings"].to_string();
    assert!(
        findings.contains("C-0") && findings.contains("X-0"),
        "{findings}"
    );
}

#[test]
#[cfg(feature = "postgres")]
fn postgres_joins_late_labels() {
    use crate::databases::Database as _;

    let Some(cluster) = crate::postgres::Cluster::start() else {
        return;
    };
    let churnctl = files();
    cluster.sql(
        "create table predictions (person text, number integer, at timestamptz, contract text, fee double precision, \
         score double precision); create table labels (person varchar(10), number bigint, left_at timestamp, churned \
         text); create table leavers (person text, number integer, left_at timestamp); create table timeless (person \
         text); create table strangers as select * from labels; set timezone = 'UTC';",
    );
    for table in ["predictions", "labels", "leavers", "timeless", "strangers"] {
        cluster.sql(&format!(
            "\\copy {table} from '{}' with (format csv, header, null 'null')",
            churnctl.path(format!("{table}.csv")).display()
        ));
    }
    joins_as_rows_are_joined(&churnctl, |table| {
        cluster.address(&format!("table={table}"))
    });
    let (predictions, words) = (
        cluster.address("table=predictions"),
        "--join person --label-window 14d --prediction-time at",
    );
    let by_database = format!("{words} {BY_DATABASE}");
    // Its `C-0001 ` is our `C-0001`.
    cluster.sql("create table loose as select * from labels; update loose set person = person || ' ' where number < 100");
    let loose = cluster.address("table=loose");
    run(&churnctl, &predictions, &loose, &by_database)
        .expect(ExitCode::Usage)
        .says("the texts of a key may be read otherwise than they are written");
    let expected = checked(&churnctl, "predictions.csv", "labels.csv", words);
    let found = checked(&churnctl, &predictions, &loose, words);
    same(&expected, &found, "keys with blanks");
    // Years that nobody reads, and columns that are sorted differently.
    cluster.sql(
        "create table odd as select * from labels; insert into odd values ('C-0001', 1, '0044-03-15 BC', 'yes'), \
         ('C-0002', 2, '12026-01-01', 'no'); alter table odd alter person type text collate \"POSIX\"",
    );
    let odd = labels() + "C-0001,1,0044-03-15 00:00:00 BC,yes\nC-0002,2,12026-01-01 00:00:00,no\n";
    std::fs::write(churnctl.path("odd.csv"), odd).expect("write");
    let expected = checked(&churnctl, "predictions.csv", "odd.csv", words);
    let found = checked(
        &churnctl,
        &predictions,
        &cluster.address("table=odd"),
        &by_database,
    );
    for part in ["predictions", "labels", "performance"] {
        same(&expected["labels"][part], &found["labels"][part], part);
    }
    // A name of ours in the table, and statements that nobody could print.
    cluster.sql("create view ours as select *, 1 as churnctl_k0 from predictions");
    run(
        &churnctl,
        &cluster.address("table=ours"),
        &loose,
        &by_database,
    )
    .expect(ExitCode::Usage)
    .says("has a name of ours");
    let kept = format!("{by_database} --time at --window 7d --history kept");
    run(&churnctl, &predictions, &loose, &kept)
        .expect(ExitCode::Usage)
        .says("a history keeps predictions");
    run(
        &churnctl,
        &predictions,
        &loose,
        &format!("{words} --explain-sql"),
    )
    .expect(ExitCode::Usage)
    .says("--explain-sql prints no statement that joins --labels");
}

#[test]
#[cfg(feature = "mysql")]
fn mariadb_joins_late_labels() {
    use crate::databases::Database as _;

    let Some(database) = crate::mysql::MariaDb::start() else {
        return;
    };
    let churnctl = files();
    for table in [
        "predictions (person varchar(20), number int, at timestamp null, contract varchar(20), fee double, score double)",
        "labels (person varchar(20), number bigint, left_at datetime, churned varchar(9))",
        "leavers (person varchar(20), number bigint, left_at datetime)",
        "timeless (person varchar(20))",
        "strangers (person varchar(20), number bigint, left_at datetime, churned varchar(9))",
    ] {
        database.sql(&format!("create table {table}"));
    }
    for (table, columns) in [
        ("predictions", "person number at contract fee score"),
        ("labels", "person number left_at churned"),
        ("leavers", "person number left_at"),
        ("timeless", "person"),
        ("strangers", "person number left_at churned"),
    ] {
        let columns: Vec<&str> = columns.split(' ').collect();
        let read: Vec<String> = columns.iter().map(|name| format!("@{name}")).collect();
        let set: Vec<String> = columns
            .iter()
            .map(|name| format!("{name} = nullif(@{name}, 'null')"))
            .collect();
        database.sql(&format!(
            "set time_zone = '+00:00';; load data local infile '{}' into table {table} character set utf8mb4 fields \
             terminated by ',' optionally enclosed by '\"' escaped by '' ignore 1 lines ({}) set {}",
            churnctl.path(format!("{table}.csv")).display(),
            read.join(", "),
            set.join(", ")
        ));
    }
    joins_as_rows_are_joined(&churnctl, |table| {
        database.address(&format!("table={table}"))
    });
    // To its server `c-0001` and `C-0001` are equal, to us they are two.
    database.sql("update labels set person = lower(person) where number < 100");
    let small: String = labels()
        .lines()
        .map(|line| {
            match line
                .split(',')
                .nth(1)
                .and_then(|number| number.parse::<u32>().ok())
            {
                Some(..100) => line.replace("C-", "c-") + "\n",
                _ => line.to_owned() + "\n",
            }
        })
        .collect();
    std::fs::write(churnctl.path("labels.csv"), small).expect("write");
    let words = "--join person --label-window 14d --prediction-time at";
    let expected = checked(&churnctl, "predictions.csv", "labels.csv", words);
    let address = |table: &str| database.address(&format!("table={table}"));
    let by_database = format!("{words} {BY_DATABASE}");
    let found = checked(
        &churnctl,
        &address("predictions"),
        &address("labels"),
        &by_database,
    );
    same(&expected, &found, "keys in small letters");
    // To its regular expressions a line break at the end is none; leading zeros make another key to us.
    for (change, said) in [
        (
            "update labels set person = concat(person, '\\n') where number = 1",
            "may be read otherwise",
        ),
        (
            "alter table labels drop person, change number person int(8) zerofill",
            "are compared by their texts",
        ),
    ] {
        database.sql(change);
        run(
            &churnctl,
            &address("predictions"),
            &address("labels"),
            &by_database,
        )
        .expect(ExitCode::Usage)
        .says(said);
    }
    // Half a second before 1970 lies in the second before it.
    database.sql("create table old (person varchar(9), at datetime(3), score double, fee double, contract varchar(9))");
    database.sql("create table gone (person varchar(9), left_at datetime(3), churned varchar(3))");
    database.sql("insert into old values ('C-1', '1969-12-31 23:59:59.500', 0.5, 1, 'two'), ('C-1', '1969-12-31 12:00:00', 0.4, 1, 'two')");
    database.sql("insert into gone values ('C-1', '1969-12-31 23:59:59', 'yes'), ('C-1', '1970-02-01', 'no')");
    let found = checked(
        &churnctl,
        &address("old"),
        &address("gone"),
        &format!("{by_database} --unmatched negative"),
    );
    assert_eq!(
        found["labels"]["predictions"]["matched"], 2,
        "{}",
        found["labels"]
    );
}

#[test]
#[cfg(all(feature = "spark", feature = "parquet"))]
fn spark_joins_late_labels() {
    use crate::sources::{Column, Typed};

    let Some(server) = crate::spark::Server::any() else {
        return;
    };
    let churnctl = files();
    for table in ["predictions", "labels", "leavers", "timeless", "strangers"] {
        let mut reader =
            csv::Reader::from_path(churnctl.path(format!("{table}.csv"))).expect("a file");
        let names: Vec<String> = reader
            .headers()
            .expect("a header")
            .iter()
            .map(str::to_owned)
            .collect();
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
        let columns = names
            .iter()
            .enumerate()
            .map(|(at, name)| (&*name.clone().leak(), texts(at)));
        let typed = Typed {
            rows: records.len(),
            columns: columns.collect(),
        };
        let path = churnctl.path(format!("{table}.parquet"));
        std::fs::write(path, typed.parquet(1_000)).expect("write");
    }
    joins_as_rows_are_joined(&churnctl, |table| {
        let columns = match table {
            "predictions" => {
                "person, cast(number as int) as number, cast(at as timestamp) as at, contract, cast(fee as double) as \
                 fee, cast(score as double) as score"
            }
            "labels" | "strangers" => {
                "person, cast(number as bigint) as number, cast(left_at as timestamp_ntz) as left_at, churned"
            }
            "leavers" => {
                "person, cast(number as bigint) as number, cast(left_at as timestamp) as left_at"
            }
            _ => "person",
        };
        let path = churnctl.path(format!("{table}.parquet"));
        server.address(&format!(
            "query=select {columns} from parquet.`{}`",
            path.display()
        ))
    });
}
