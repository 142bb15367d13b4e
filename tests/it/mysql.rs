#![cfg(feature = "mysql")]
//! A real MariaDB with a temporary data directory: the same numbers as from files, and no way to
//! write. MySQL itself is in no Debian.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use churnctl::exit::ExitCode;

use crate::databases::{
    Database, gives_the_numbers_of_its_file, is_root, leaves_nothing_running, make_certificates,
    skipped, takes_named_marks_for_missing, trusts_nobody_else, wait_until_it_answers,
    wait_until_it_is_gone,
};
use crate::harness::Churnctl;
use crate::servers::{free_address, installed};

/// A server that runs until it is dropped.
pub(crate) struct MariaDb {
    server: Child,
    port: u16,
    folder: tempfile::TempDir,
    options: Vec<String>,
}

impl MariaDb {
    /// Starts one with further options; files that they name are `certificates` of its folder.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(tempfile::tempdir().expect("a folder"), &[])
    }

    fn start_with(folder: tempfile::TempDir, options: &[String]) -> Option<Self> {
        let install = installed("mariadb-install-db")?;
        let (Some(_), Some(_)) = (program(), installed("mariadb")) else {
            return skipped("mariadb-server is not installed");
        };
        let mut command = Command::new(install);
        command
            .args(["--no-defaults", "--auth-root-authentication-method=normal"])
            .args(["--skip-test-db", "--skip-name-resolve"])
            .arg(format!(
                "--datadir={}",
                folder.path().join("data").display()
            ));
        if is_root() {
            command.arg("--user=root");
        }
        let made = command.output().expect("run mariadb-install-db");
        if !made.status.success() {
            let why = String::from_utf8_lossy(&made.stderr);
            return skipped(&format!("mariadb-install-db does not work here: {why}"));
        }
        let port = free_address().port();
        let options = options.to_vec();
        let server = spawn(folder.path(), port, &options)?;
        let mut database = Self {
            server,
            port,
            folder,
            options,
        };
        database.wait();
        database.sql("create database shop character set utf8mb4 collate utf8mb4_general_ci");
        Some(database)
    }

    fn wait(&mut self) {
        let mut client = client(self.port);
        client.args(["-e", "select 1"]);
        wait_until_it_answers(&mut self.server, || {
            let asked = client.output();
            asked.is_ok_and(|asked| asked.status.success())
        });
    }
}

fn program() -> Option<PathBuf> {
    let debian = PathBuf::from("/usr/sbin/mariadbd");
    if debian.exists() {
        return Some(debian);
    }
    installed("mariadbd")
}

fn spawn(folder: &Path, port: u16, options: &[String]) -> Option<Child> {
    let log = std::fs::File::create(folder.join("log")).expect("a log");
    let mut command = Command::new(program()?);
    command
        .arg("--no-defaults")
        .arg(format!("--datadir={}", folder.join("data").display()))
        .arg(format!("--socket={}", folder.join("socket").display()))
        .arg(format!("--pid-file={}", folder.join("pid").display()))
        // A server that starts deletes what it finds there of others.
        .arg(format!("--tmpdir={}", folder.display()))
        .args(["--bind-address=127.0.0.1", &format!("--port={port}")])
        .args([
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M",
        ])
        .args(["--skip-name-resolve", "--local-infile=1"])
        // As unlike what is expected as an administrator can make it.
        .args([
            "--sql-mode=ANSI,NO_BACKSLASH_ESCAPES",
            "--default-time-zone=+03:00",
        ])
        .args(options);
    if is_root() {
        command.arg("--user=root");
    }
    let spawned = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    Some(spawned.expect("start the server"))
}

fn client(port: u16) -> Command {
    let mut command = Command::new("mariadb");
    command
        .args(["--no-defaults", "--local-infile=1", "-h127.0.0.1", "-uroot"])
        .args([
            "-N",
            "-B",
            "--delimiter=;;",
            "--default-character-set=utf8mb4",
        ])
        .arg(format!("-P{port}"));
    command
}

impl Database for MariaDb {
    fn name(&self) -> &'static str {
        "mariadb"
    }

    fn try_sql(&self, sql: &str) -> Option<String> {
        // Functions have semicolons in them.
        let strict = format!("set sql_mode = 'ONLY_FULL_GROUP_BY';; use shop;; {sql};;");
        let sql = if sql.starts_with("create database") {
            sql
        } else {
            &strict
        };
        let output = client(self.port)
            .args(["-e", sql])
            .output()
            .expect("run mariadb");
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    }

    fn load(&self, table: &str, csv: &Path) {
        self.sql(&format!(
            "create table {table} (user_id varchar(20), tenure int, spend double, charges double, \
             plan varchar(40), paperless enum('false', 'true'), churn_risk double, churn_label \
             boolean)"
        ));
        self.sql(&format!(
            "load data local infile '{}' into table {table} character set utf8mb4 fields \
             terminated by ',' optionally enclosed by '\"' escaped by '' ignore 1 lines (user_id, \
             @tenure, spend, @charges, @plan, paperless, churn_risk, churn_label) set tenure = \
             nullif(@tenure, ''), charges = nullif(@charges, ''), plan = nullif(@plan, '')",
            csv.display()
        ));
    }

    fn fill(&self, table: &str, csv: &Path) {
        self.sql(&format!(
            "load data local infile '{}' into table {table} fields terminated by ',' ignore 1 lines",
            csv.display()
        ));
    }

    fn address(&self, rest: &str) -> String {
        format!("mariadb://root@127.0.0.1:{}/shop?{rest}", self.port)
    }

    fn slow(&self) -> (&'static str, &'static str) {
        (
            "select sleep(60) + seq as a from seq_1_to_3",
            "select count(*) from information_schema.processlist where info like '%sleep(60)%' \
             and info not like '%processlist%'",
        )
    }

    fn kill(&mut self) {
        let _ = self.server.kill();
    }

    fn restart(&mut self) {
        wait_until_it_is_gone(&mut self.server);
        self.server = spawn(self.folder.path(), self.port, &self.options).expect("the server");
        self.wait();
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn a_table_gives_the_numbers_of_its_file() {
    let Some(database) = MariaDb::start() else {
        return;
    };
    let statements = gives_the_numbers_of_its_file(&database);
    assert!(statements.iter().all(|sql| sql.starts_with("select ")));
    takes_named_marks_for_missing(&database);
    // A profile knows the texts of a column that the server would take for one another.
    database.sql(
        "create table texts (t varchar(9) collate utf8mb4_general_ci, latin varchar(9) character \
         set latin1, e enum('a', 'B', 'b c'), churn_label int)",
    );
    database.sql(
        "insert into texts values ('a', 'é', 'a', 1), ('A', 'e', 'B', 1), ('a ', 'É', 'b c', 0), \
         ('ä', 'e', 'a', 0), ('', '', null, 0), (null, null, null, 0)",
    );
    let churnctl = Churnctl::new();
    let address = database.address("table=texts");
    let args = [
        "profile",
        &address,
        "-o",
        "p.json",
        "--label",
        "t",
        "--score",
        "churn_label",
    ];
    churnctl.run(&args).expect(ExitCode::Ok);
    let profile = churnctl.read_json("p.json");
    let values = |name: &str| {
        let columns = profile["columns"].as_array().expect("columns");
        let column = columns.iter().find(|column| column["name"] == name);
        column.expect(name)["values"].clone()
    };
    assert_eq!(
        values("t"),
        // Blanks around a text are not part of it.
        serde_json::json!({"a": 2, "A": 1, "ä": 1})
    );
    assert_eq!(values("latin"), serde_json::json!({"é": 1, "e": 2, "É": 1}));
    assert_eq!(values("e"), serde_json::json!({"a": 2, "B": 1, "b c": 1}));
    // So do conditions on a label.
    let labels = profile["outcome"]["by_label"].as_object().expect("labels");
    for (label, column) in labels {
        let rows: u64 = column["values"]
            .as_object()
            .expect("values")
            .values()
            .filter_map(serde_json::Value::as_u64)
            .sum();
        assert_eq!(rows, if label == "a" { 2 } else { 1 }, "{label}: {column}");
    }
    assert_eq!(labels.len(), 3, "{labels:?}");
}

#[test]
fn every_type_means_what_its_text_means() {
    let Some(database) = MariaDb::start() else {
        return;
    };
    database.sql(
        "create table kinds (f float, money float(10, 2), d double, n decimal(12, 3), b bit(1), \
         byte bit(8), truth boolean, y year, s set('x', 'y'), at datetime(3), day date, span time, \
         stamp timestamp null, doc json, big bigint unsigned, id uuid, bytes blob, place point)",
    );
    database.sql(
        "insert into kinds values (0.1, 12345.67, 0.1, 1.5, b'1', b'10000001', true, 2024, 'x,y', \
         '2026-01-31 03:00:00.5', '2026-01-31', '-12:00:00', '2026-01-31 03:00:00', \
         '{\"a\": 1}', 18446744073709551615, '123e4567-e89b-12d3-a456-426655440000', 'b', null), \
         (3.14159274, 16777216, 5e-324, -0.125, b'0', b'0', 5, 1999, '', '0000-00-00', null, null, \
         null, null, 9007199254740993, null, null, null), (16777216, 0, 1e300, null, null, null, \
         null, null, null, null, null, null, null, null, 0, null, null, null), (1.2345678e-20, \
         null, -1e-300, null, null, null, null, null, null, null, null, null, null, null, null, \
         null, null, null), (0, null, null, null, null, null, null, null, null, null, null, null, \
         null, null, null, null, null, null)",
    );
    let churnctl = Churnctl::new();
    let address = database.address("table=kinds");
    let profile = |more: &[&str], code| {
        let args = [&["profile", &address, "-o", "p.json"], more].concat();
        churnctl.run(&args).expect(code)
    };
    profile(&[], ExitCode::BadInput)
        .says("column \"bytes\"")
        .says("the type binary or blob, which can't be counted");
    profile(&["--exclude", "bytes"], ExitCode::BadInput).says("the type geometry");
    profile(&["--exclude", "bytes,place"], ExitCode::Ok);
    let document = churnctl.read_json("p.json");
    for (name, values) in [
        (
            "f",
            &["0", "0.1", "1.2345678e-20", "16777216", "3.1415927"][..],
        ),
        ("money", &["0", "12345.67", "16777216"]),
        ("d", &["-1e-300", "0.1", "1e300", "5e-324"]),
        ("n", &["-0.125", "1.500"]),
        ("b", &["0", "1"]),
        ("byte", &["0", "129"]),
        ("truth", &["1", "5"]),
        ("y", &["1999", "2024"]),
        ("s", &["x,y"]),
        ("at", &["0000-00-00 00:00:00.000", "2026-01-31 03:00:00.5"]),
        ("day", &["2026-01-31"]),
        ("span", &["-12:00:00"]),
        // The server was in another zone when it was written.
        ("stamp", &["2026-01-31"]),
        ("doc", &["{\"a\": 1}"]),
        ("big", &["0", "18446744073709551615", "9007199254740993"]),
        ("id", &["123e4567-e89b-12d3-a456-426655440000"]),
    ] {
        let columns = document["columns"].as_array().expect("columns");
        let column = columns.iter().find(|column| column["name"] == name);
        let found = column.expect(name)["values"].as_object().expect("values");
        assert_eq!(found.keys().collect::<Vec<_>>(), values, "{name}");
    }
}

#[test]
fn nothing_in_a_name_or_a_query_can_write() {
    let Some(mut database) = MariaDb::start() else {
        return;
    };
    // The server has no names that end with a space.
    let weird = "t`; drop table victims; -- x";
    let quoted = weird.replace('`', "``");
    let outfile = database.folder.path().join("data/outfile");
    database.sql("create table victims as select seq % 7 as a from seq_1_to_200");
    database.sql("create table marks (a int) engine = myisam");
    database.sql("create sequence numbers");
    database.sql(
        "create function mark() returns int begin insert into marks values (1); return 1; end",
    );
    database.sql("create function clean() returns int begin delete from victims; return 1; end");
    database.sql(&format!(
        "create table `{quoted}` as select seq % 7 as `a``; drop table victims; -- x`, case when \
         seq % 2 = 0 then 'x''); drop table victims; -- ' else '\\\\' end as `b;`, seq % 2 as \
         churn_label from seq_1_to_200"
    ));
    let churnctl = Churnctl::new();
    let profile = |address: &str, code| {
        churnctl
            .run(&["profile", address, "-o", "p.json"])
            .expect(code)
    };
    let address = database.address(&format!("table={weird}"));
    // The values of a label become conditions.
    let args = [
        "profile",
        &address,
        "-o",
        "p.json",
        "--label",
        "b;",
        "--score",
        "churn_label",
    ];
    churnctl.run(&args).expect(ExitCode::Ok);
    let document = churnctl.read_json("p.json");
    let columns = document["columns"].to_string();
    assert!(columns.contains("x'); drop table victims; --"), "{columns}");
    let labels = document["outcome"]["by_label"].as_object();
    assert_eq!(labels.map(serde_json::Map::len), Some(2));
    let says = "the database says";
    let read_only = "READ ONLY transaction (1792)";
    let into_file = format!(
        "query=select a into outfile '{}' from victims",
        outfile.display()
    );
    for (rest, words) in [
        (
            "table=victims`; drop table victims; -- x",
            "doesn't exist (1146)",
        ),
        ("table=nosuch", "doesn't exist (1146)"),
        ("table=nosuch.victims", "doesn't exist (1146)"),
        ("table=victims&where=nosuch = 1", "Unknown column"),
        ("table=victims&where=1=1); drop table victims; -- ", says),
        ("query=delete from victims", "the query is not a SELECT"),
        (
            "query=/*! delete from victims */",
            "the query is not a SELECT",
        ),
        ("query=call evil()", "the query is not a SELECT"),
        ("query=select 1 as a; drop table victims", says),
        (
            "query=select 1 as a) as source; drop table victims; -- ",
            says,
        ),
        (
            "query=with d as (delete from victims returning a) select a from d",
            says,
        ),
        (into_file.as_str(), says),
        ("query=select a into @x from victims", says),
        ("query=select a from victims for update", read_only),
        ("query=select mark() as a", read_only),
        ("query=select clean() as a", read_only),
        ("query=select nextval(numbers) as a", read_only),
        ("query=select setval(numbers, 99) as a", read_only),
        (
            "query=select a from victims where a > 100",
            "there are no rows",
        ),
        ("query=select a, a from victims", "Duplicate column name"),
        (
            "query=select load_file('/etc/hostname') as a",
            "which can't be counted",
        ),
    ] {
        profile(&database.address(rest), ExitCode::BadInput).says(words);
    }
    assert_eq!(database.sql("select count(*) from victims"), "200");
    assert_eq!(database.sql("select count(*) from marks"), "0");
    assert_eq!(database.sql("select nextval(numbers)"), "1");
    assert!(!outfile.exists());
    is_let_in_with_the_right_password(&churnctl, &database);
    leaves_nothing_running(&churnctl, &mut database);
}

fn is_let_in_with_the_right_password(churnctl: &Churnctl, database: &MariaDb) {
    database.sql("create user reader identified by 'geh:eim'");
    let address = database.address("table=victims");
    let profile = |address: &str, code| {
        let args = ["profile", address, "-o", "p.json"];
        let run = churnctl.run(&args).expect(code);
        assert!(
            !run.stderr.contains("eim") && !run.stdout.contains("eim"),
            "{run:#?}"
        );
        run
    };
    let with_password = address.replace("root@", "reader:geh%3Aeim@");
    profile(&with_password, ExitCode::NotAllowed)
        .says("(1044)")
        .says("://***@");
    database.sql("grant select on victims to reader");
    profile(&with_password, ExitCode::Ok);
    let wrong = address.replace("root@", "reader:falsch@");
    let run = profile(&wrong, ExitCode::NotAllowed).says("(1045)");
    assert!(!run.stderr.contains("falsch"), "{run:#?}");
    std::fs::write(churnctl.path("password"), "geh:eim\n").expect("write");
    let with_file = address.replace("root@", "reader@") + "&password_file=password";
    profile(&with_file, ExitCode::Ok);
    let other = with_file.replace("table=victims", "table=marks");
    profile(&other, ExitCode::NotAllowed)
        .says("(1142)")
        .says("ask for the right to SELECT");
    let nowhere = address.replace("/shop?", "/nosuch?");
    profile(&nowhere, ExitCode::BadInput).says("Unknown database");
    let no_database = address.replace("/shop?", "?");
    profile(&no_database, ExitCode::BadInput).says("No database selected");
    profile("mysql://root@127.0.0.1:1/x?table=t", ExitCode::Unavailable)
        .says("the database stayed away");
    // A login that is not spoken, and TLS where there is none.
    database.sql("install soname 'auth_ed25519'");
    database.sql("create user signer identified via ed25519 using password('x')");
    let signer = address.replace("root@", "signer:x@");
    profile(&signer, ExitCode::NotAllowed).says("client_ed25519, which is not spoken here");
    let tls = format!("{address}&sslmode=require");
    profile(&tls, ExitCode::Unavailable).says("the server speaks no TLS");
}

#[test]
fn only_a_server_with_a_known_certificate_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    if !make_certificates(folder.path()) {
        return;
    }
    let option =
        |name: &str, file: &str| format!("--{name}={}", folder.path().join(file).display());
    let options = [option("ssl-cert", "cert.pem"), option("ssl-key", "key.pem")];
    let Some(database) = MariaDb::start_with(tempfile::tempdir().expect("a folder"), &options)
    else {
        return;
    };
    database.sql("create table victims as select seq % 7 as a from seq_1_to_200");
    database.sql("create user secure identified by 'geheim' require ssl");
    database.sql("grant select on victims to secure");
    let address = database
        .address("table=victims")
        .replace("root@", "secure:geheim@");
    let churnctl = Churnctl::new();
    trusts_nobody_else(&churnctl, &address, folder.path());
    // Without TLS the server says no, and says so.
    let run = churnctl.run(&["profile", &address, "-o", "p.json"]);
    run.expect(ExitCode::NotAllowed).says("(1045)");
}
