//! What every database is tested for, and what their servers have in common. A server is started by
//! the test that needs it, on a free port of this machine, with a temporary folder of its own.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::Churnctl;
use crate::servers::{eventually, installed};
use crate::sources::{Typed, assert_same, drift};

/// How long a server, or a statement, may take to begin.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A server with its client.
pub(crate) trait Database {
    /// What tests and messages call it.
    fn name(&self) -> &'static str;

    /// Runs statements by the server's own client, and returns the answer; none if it refuses.
    fn try_sql(&self, sql: &str) -> Option<String>;

    /// Fills a new table with the rows of a CSV file of [`Typed::customers`].
    fn load(&self, table: &str, csv: &Path);

    /// Fills a table with the rows of a CSV file of numbers.
    fn fill(&self, table: &str, csv: &Path);

    /// Returns an address with these parameters.
    fn address(&self, rest: &str) -> String;

    /// A query that takes a minute a row, and how many statements of ours run.
    fn slow(&self) -> (&'static str, &'static str);

    /// Ends it at once.
    fn kill(&mut self);

    /// Starts it again where it was, after its end.
    fn restart(&mut self);

    /// Runs statements that cannot be refused.
    #[track_caller]
    fn sql(&self, sql: &str) -> String {
        self.try_sql(sql).expect(sql)
    }

    /// Waits until so many statements of ours run.
    #[track_caller]
    fn wait_for_statements(&self, count: &str) {
        let start = Instant::now();
        while self.sql(self.slow().1) != count {
            assert!(
                start.elapsed() < PATIENCE,
                "{count} statements were expected"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

/// Waits until a server answers.
#[track_caller]
pub(crate) fn wait_until_it_answers(server: &mut Child, mut answers: impl FnMut() -> bool) {
    let start = Instant::now();
    while !answers() {
        assert!(start.elapsed() < PATIENCE, "the server does not start");
        let ended = server.try_wait().expect("ask");
        assert!(ended.is_none(), "the server ended: {ended:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until a server that was told to go has gone.
pub(crate) fn wait_until_it_is_gone(server: &mut Child) {
    let start = Instant::now();
    while matches!(server.try_wait(), Ok(None)) {
        if start.elapsed() > Duration::from_secs(10) {
            let _ = server.kill();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Makes an authority `ca.pem`, and `cert.pem` with `key.pem` that it signs for 127.0.0.1, and
/// another authority `other.pem`; false where openssl is missing.
pub(crate) fn make_certificates(folder: &Path) -> bool {
    let Some(openssl) = installed("openssl") else {
        return false;
    };
    let run = |args: &[&str]| {
        let made = Command::new(&openssl)
            .args(args)
            .current_dir(folder)
            .output()
            .expect("run openssl");
        assert!(made.status.success(), "{made:?}");
    };
    let new = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ];
    for (key, certificate) in [("ca-key.pem", "ca.pem"), ("other-key.pem", "other.pem")] {
        let files = ["-keyout", key, "-out", certificate, "-days", "2"];
        let subject = ["-subj", "/CN=an authority"];
        run(&[&["req", "-x509"], &new[..], &files, &subject].concat());
    }
    let signed = ["-CA", "ca.pem", "-CAkey", "ca-key.pem"];
    let names = ["-addext", "subjectAltName=IP:127.0.0.1"];
    let leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
    let files = ["-keyout", "key.pem", "-out", "cert.pem", "-days", "2"];
    let subject = ["-subj", "/CN=server"];
    run(&[
        &["req", "-x509"],
        &new[..],
        &files,
        &subject,
        &signed,
        &names,
        &leaf,
    ]
    .concat());
    true
}

/// A server with these certificates is believed by who names their authority, and by nobody else.
/// The parameters must ask for a table `victims`.
#[track_caller]
pub(crate) fn trusts_nobody_else(churnctl: &Churnctl, address: &str, certificates: &Path) {
    let profile = |parameters: &str, code| {
        let address = format!("{address}{parameters}");
        churnctl
            .run(&["profile", &address, "-o", "p.json"])
            .expect(code)
    };
    let authority = |name: &str| format!("&sslrootcert={}", certificates.join(name).display());
    profile(
        &format!("&sslmode=verify-full{}", authority("ca.pem")),
        ExitCode::Ok,
    );
    profile(
        &format!("&sslmode=verify-full{}", authority("other.pem")),
        ExitCode::Unavailable,
    )
    .says("the database could not be trusted")
    .says("other.pem the authority of its certificate");
    profile("&sslmode=verify-full", ExitCode::Unavailable)
        .says("the database could not be trusted")
        .says("&sslrootcert=FILE");
    let key = format!("&sslmode=verify-full{}", authority("key.pem"));
    profile(&key, ExitCode::BadSettings).says("has no certificate");
    let missing = format!("&sslmode=verify-full{}", authority("nosuch.pem"));
    profile(&missing, ExitCode::Io).says("nosuch.pem");
    // The certificate is for the number, not for the name.
    let named = address.replace("127.0.0.1", "localhost");
    let named = format!("{named}&sslmode=verify-full{}", authority("ca.pem"));
    let named = churnctl.run(&["profile", &named, "-o", "p.json"]);
    named
        .expect(ExitCode::Unavailable)
        .says("the database could not be trusted");
}

/// A table gives the numbers of its file: as the current side, as both, as a profile, as rows to
/// train from and to score. Returns what `--explain-sql` says.
pub(crate) fn gives_the_numbers_of_its_file(database: &impl Database) -> Vec<String> {
    let churnctl = Churnctl::new()
        .file("baseline.csv", Typed::customers(24_000, 1, 0.0).csv())
        .file("current.csv", Typed::customers(23_000, 5, 0.8).csv());
    for side in ["baseline", "current"] {
        database.load(side, &churnctl.path(format!("{side}.csv")));
    }
    let current = database.address("table=current");
    let expected = drift(&churnctl, "baseline.csv", "current.csv");
    let report = drift(&churnctl, "baseline.csv", &current);
    assert_same(database.name(), &expected, &report);
    let both = drift(&churnctl, &database.address("table=baseline"), &current);
    assert_same(database.name(), &expected, &both);
    // A profile of it is a profile like any other.
    let table = database.address("table=baseline&where=tenure < 40 -- and more");
    churnctl
        .run(&["profile", &table, "-o", "p.json"])
        .expect(ExitCode::Ok);
    drift(&churnctl, "p.json", "current.csv");
    trains_and_scores(&churnctl, database);
    let many = many_numbers();
    for side in ["many_a", "many_b"] {
        let doubles = "signed double precision, sizes double precision, far double precision, zero \
                       double precision, churn_risk double precision, churn_label integer";
        database.sql(&format!("create table {side} ({doubles})"));
        database.fill(side, &many.path(format!("{side}.csv")));
    }
    let table = |side: &str| database.address(&format!("table={side}"));
    counts_in_the_cells_of_a_file(&many, database.name(), table);
    // What would be asked is said, and is nothing but SELECT.
    let current = database.address("table=current&where=tenure < 40 -- and more");
    let args = [
        "drift",
        "--baseline",
        "baseline.csv",
        "--current",
        &current,
        "--explain-sql",
    ];
    let explained = churnctl.run(&args).expect(ExitCode::Ok).stdout;
    let statements: Vec<String> = explained
        .split(";\n")
        .map(|statement| statement.trim().to_owned())
        .filter(|statement| !statement.is_empty())
        .collect();
    assert!(statements.len() > 8, "{explained}");
    for statement in &statements {
        database.sql(statement);
    }
    statements
}

/// Two files of numbers too many to be sent one by one: around zero on either side, over many sizes, far
/// from zero, and scores near 0 and 1.
pub(crate) fn many_numbers() -> Churnctl {
    /// Enough for a table not to be grouped by value whole.
    const ROWS: u64 = 101_000;
    // The fractions of the multiples of the golden ratio lie evenly.
    let even = |row: u64, start: f64| (row as f64 * 0.618_033_988_749_894_9 + start).fract();
    let rows = |shift: f64| -> String {
        let line = |row: u64| {
            let [one, two, three] = [0.1, 0.4, 0.8].map(|start| even(row, start));
            let signed = (one / (1.0 - one)).ln() + shift;
            let sizes = (two * 60.0 - 30.0).exp() * if row.is_multiple_of(3) { -1.0 } else { 1.0 };
            let far = 1e9 + three * 40.0 + shift;
            let zero = match row % 5 {
                0 => 0.0,
                1 => -three,
                _ => (one - 0.5) * 1e-9,
            };
            let score = 1.0 / (1.0 + (20.0 - 40.0 * three).exp());
            let label = u8::from(even(row, three) < score);
            format!("{signed:e},{sizes:e},{far:?},{zero:e},{score:e},{label}\n")
        };
        let names = "signed,sizes,far,zero,churn_risk,churn_label\n".to_owned();
        (1..=ROWS).fold(names, |text, row| text + &line(row))
    };
    Churnctl::new()
        .file("many_a.csv", rows(0.0))
        .file("many_b.csv", rows(0.25))
}

/// Numbers that are too many to be sent one by one are counted in the very cells in which those of their
/// file are, which is the reference.
pub(crate) fn counts_in_the_cells_of_a_file(
    churnctl: &Churnctl,
    database: &str,
    table: impl Fn(&str) -> String,
) {
    let columns = |data: &str| -> Vec<Value> {
        let args = [
            "profile",
            data,
            "-o",
            "p.json",
            "--score",
            "churn_risk",
            "--label",
            "churn_label",
        ];
        churnctl.run(&args).expect(ExitCode::Ok);
        let profile = churnctl.read_json("p.json");
        let scores = profile["outcome"]["by_label"].as_object().expect("labels");
        let columns = profile["columns"].as_array().expect("columns").iter();
        columns.chain(scores.values()).cloned().collect()
    };
    let (of_file, of_table) = (columns("many_a.csv"), columns(&table("many_a")));
    assert_eq!(of_file.len(), of_table.len());
    let mut grids = 0;
    for (ours, theirs) in of_file.iter().zip(&of_table) {
        let name = format!("{database} {}", ours["name"]);
        assert_eq!(theirs["missing"], ours["missing"], "{name}");
        assert_eq!(theirs["values"], ours["values"], "{name}");
        grids += usize::from(ours["grid"].is_object());
        for member in ["scale", "shift", "cells", "counts", "min", "max", "cuts"] {
            let (ours, theirs) = (&ours["grid"][member], &theirs["grid"][member]);
            assert!(ours == theirs, "{name} {member}");
        }
        assert_eq!(
            theirs["grid"]["at_least"], ours["grid"]["at_least"],
            "{name}"
        );
    }
    // The five columns, and the scores of either label.
    assert_eq!(grids, 7);
    let expected = drift(churnctl, "many_a.csv", "many_b.csv");
    for baseline in ["many_a.csv".to_owned(), table("many_a")] {
        let report = drift(churnctl, &baseline, &table("many_b"));
        assert_same(database, &expected, &report);
    }
}

/// What `--null` names is missing in a table as in a file, whatever type a column has: where the
/// database counts, and where it hands on rows.
pub(crate) fn takes_named_marks_for_missing(database: &impl Database) {
    let marks = ["-999", "-0.1", "k.A.", "it's", "a\\b", "716277643516076033"];
    let columns: [(&str, &str, &[&str]); 6] = [
        ("whole", "integer", &["1", "2", "-999", "3", "-99"]),
        (
            "big",
            "bigint",
            // The first is the mark; in a double they are one number.
            &["716277643516076033", "716277643516076034", "-999"],
        ),
        (
            "exact",
            "decimal(12, 2)",
            &["1.25", "-999.00", "-0.10", "7.50"],
        ),
        ("single", "float4", &["0.1", "-0.1", "1.7", "-999"]),
        (
            "fraction",
            "double precision",
            &["0.3", "-0.1", "-999", "0.7"],
        ),
        (
            "word",
            "varchar(40)",
            &[
                "plan a", "k.A.", " k.A. ", "it's", "its", "a\\b", "ab", "K.A.", "-999", "-999.0",
                "-999.5",
            ],
        ),
    ];
    let rows = 330;
    let value = |at: usize, row: usize| columns[at].2[row % columns[at].2.len()];
    let listed = |of: &dyn Fn(usize) -> String| {
        let all: Vec<String> = (0..columns.len()).map(of).collect();
        all.join(",")
    };
    let names = listed(&|at| columns[at].0.to_owned());
    let csv: String = (0..rows)
        .map(|row| listed(&|at| value(at, row).to_owned()) + "\n")
        .collect();
    let churnctl = Churnctl::new().file("data.csv", format!("{names}\n{csv}"));
    // A backslash is one in PostgreSQL and begins an escape in MySQL.
    let quoted = |text: &str| {
        let text = text.replace('\'', "''");
        let is_plain = database.name() == "postgres";
        let text = if is_plain {
            text
        } else {
            text.replace('\\', "\\\\")
        };
        format!("'{text}'")
    };
    let types = listed(&|at| format!("{} {}", columns[at].0, columns[at].1));
    database.sql(&format!("create table marked ({types})"));
    let inserted: Vec<String> = (0..rows)
        .map(|row| format!("({})", listed(&|at| quoted(value(at, row)))))
        .collect();
    database.sql(&format!("insert into marked values {}", inserted.join(",")));
    let nulls: Vec<&str> = marks.iter().flat_map(|mark| ["--null", mark]).collect();
    let profile = |data: &str| {
        let args = ["profile", data, "-o", "p.json"];
        let args = [&args[..], &nulls[..]].concat();
        churnctl.run(&args).expect(ExitCode::Ok);
        let columns = churnctl.read_json("p.json")["columns"].clone();
        // A database has one kind of missing values, a file several.
        let count = |column: &Value| -> u64 {
            let kinds = column["missing"].as_object().expect("missing values");
            kinds.values().filter_map(Value::as_u64).sum()
        };
        let columns = columns.as_array().expect("columns").clone();
        let of = |column: Value| {
            (
                column["name"].clone(),
                column["values"].clone(),
                count(&column),
            )
        };
        columns.into_iter().map(of).collect::<Vec<_>>()
    };
    let of_file = profile("data.csv");
    // By hand: six of the eleven words are marks, `-999.0` among them, which is the number -999.
    let word = of_file.iter().find(|(name, ..)| name == "word");
    assert_eq!(word.expect("the words").2, 30 * 6);
    let big = of_file.iter().find(|(name, ..)| name == "big");
    assert_eq!(
        big.expect("the codes").1,
        serde_json::json!({"716277643516076034": 110})
    );
    for rest in [
        "table=marked",
        "query=select * from marked",
        "table=marked&where=1 = 1",
    ] {
        assert_eq!(profile(&database.address(rest)), of_file, "{rest}");
    }
}

/// The rows of a table come in their order: the same model, the same scores.
fn trains_and_scores(churnctl: &Churnctl, database: &impl Database) {
    let address = database.address("table=current");
    let train = |data: &str, artifacts: &str| {
        let args = [
            "train",
            data,
            "--label",
            "churn_label",
            "--model",
            "logistic",
        ];
        let args = [&args[..], &["--artifacts", artifacts]].concat();
        churnctl.run(&args).expect(ExitCode::Ok);
        churnctl.read_json(&format!("{artifacts}/metrics/train_latest.json"))
    };
    let (of_file, of_table) = (
        train("current.csv", "artifacts"),
        train(&address, "of_table"),
    );
    for part in [
        "tried_log_loss",
        "split",
        "split_rows",
        "metrics",
        "importance",
        "drift",
    ] {
        assert_eq!(of_file[part], of_table[part], "{part}");
    }
    // The candidate is known to be of these data, read again.
    let args = [
        "promote",
        "of_table",
        &address,
        "--label",
        "churn_label",
        "--dry-run",
    ];
    churnctl.run(&args).expect(ExitCode::Ok);
    watches(churnctl, &address);
    for (data, scores) in [("current.csv", "file.csv"), (address.as_str(), "table.csv")] {
        churnctl
            .run(&["score", data, "-o", scores])
            .expect(ExitCode::Ok);
    }
    assert!(churnctl.read("file.csv") == churnctl.read("table.csv"));
}

/// A check that is repeated, both sides in the database, until SIGTERM.
fn watches(churnctl: &Churnctl, address: &str) {
    let sides = ["drift", "--baseline", address, "--current", address];
    let more = ["--watch", "1s", "--report", "watched.json"];
    let child = churnctl.spawn(&[&sides[..], &more].concat(), Stdio::null());
    eventually("a report", || {
        churnctl.path("watched.json").exists().then_some(())
    });
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(sent.expect("kill").success());
    let ended = child.wait_with_output().expect("wait");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!said.contains("error:"), "{said}");
    // At a bad moment for it, a check that runs is not waited for.
    assert!(matches!(ended.status.code(), Some(0 | 143)), "{said}");
}

/// Ctrl-C and SIGTERM end the statement, too; a server that goes is an error that says so, and
/// leaves no half of a file; one that came back is used again.
pub(crate) fn leaves_nothing_running(churnctl: &Churnctl, database: &mut impl Database) {
    let slow = database.address(&format!("query={}", database.slow().0));
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let child = churnctl.spawn(&["profile", &slow, "-o", "slow.json"], Stdio::null());
        database.wait_for_statements("1");
        let pid = child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.expect("kill").success());
        let ended = child.wait_with_output().expect("wait");
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
        database.wait_for_statements("0");
    }
    // One counts, one gets rows.
    let counts = churnctl.spawn(&["profile", &slow, "-o", "slow.json"], Stdio::null());
    let reads = churnctl.spawn(&["train", &slow], Stdio::null());
    database.wait_for_statements("2");
    database.kill();
    for child in [counts, reads] {
        let ended = child.wait_with_output().expect("wait");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(69), "{said}");
        assert!(said.contains("error: the database "), "{said}");
    }
    assert!(!churnctl.path("slow.json").exists());
    assert!(churnctl.temporary_files("").is_empty());
    let victims = database.address("table=victims");
    let profile = |code| {
        churnctl
            .run(&["profile", &victims, "-o", "p.json"])
            .expect(code)
    };
    profile(ExitCode::Unavailable).says("is it running");
    database.restart();
    profile(ExitCode::Ok);
}

/// Says why a test of a server is skipped, and is none.
#[track_caller]
pub(crate) fn skipped<T>(why: &str) -> Option<T> {
    crate::harness::skipped(why);
    None
}
