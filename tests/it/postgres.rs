#![cfg(feature = "postgres")]
//! A real PostgreSQL in a temporary cluster: the same numbers as from files, and no way to write.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, say};
use crate::sources::{Typed, assert_same};

const PATIENCE: Duration = Duration::from_secs(120);

/// A server that runs until it is dropped.
struct Cluster {
    server: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

/// The folder with the server's programs, the newest first.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

/// A command as a user who may run the server: it refuses root.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    command
}

impl Cluster {
    fn start() -> Option<Self> {
        let Some(bin) = programs() else {
            say("skipped: postgresql is not installed");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        if is_root() {
            let owned = Command::new("chown")
                .arg("postgres")
                .arg(folder.path())
                .status();
            if !owned.is_ok_and(|status| status.success()) {
                say("skipped: there is no user postgres");
                return None;
            }
        }
        let data = folder.path().join("data");
        let made = unprivileged(&bin.join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
            ])
            .args(["--locale=C", "-D"])
            .arg(&data)
            .current_dir(folder.path())
            .output()
            .expect("run initdb");
        if !made.status.success() {
            let why = String::from_utf8_lossy(&made.stderr);
            say(&format!("skipped: initdb does not work here: {why}"));
            return None;
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let server = unprivileged(&bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories=", "-c", "fsync=off"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start the server");
        let cluster = Self {
            server,
            port,
            _folder: folder,
        };
        let start = Instant::now();
        while cluster.try_sql("select 1").is_none() {
            assert!(start.elapsed() < PATIENCE, "the server does not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(cluster)
    }

    fn psql(&self) -> Command {
        let mut command = Command::new("psql");
        command
            .args([
                "-h",
                "127.0.0.1",
                "-U",
                "postgres",
                "-p",
                &self.port.to_string(),
            ])
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
        command
    }

    fn try_sql(&self, sql: &str) -> Option<String> {
        let output = self.psql().args(["-c", sql]).output().expect("run psql");
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    }

    #[track_caller]
    fn sql(&self, sql: &str) -> String {
        self.try_sql(sql).expect(sql)
    }

    fn load(&self, table: &str, csv: &Path) {
        self.sql(&format!(
            "create table {table} (user_id text, tenure integer, spend double precision, charges \
             double precision, plan text, paperless boolean, churn_risk double precision, \
             churn_label smallint)"
        ));
        self.sql(&format!(
            "\\copy {table} from '{}' with (format csv, header)",
            csv.display()
        ));
    }

    fn address(&self, rest: &str) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/postgres?{rest}",
            self.port
        )
    }

    fn signal(&self, signal: &str) {
        let pid = self.server.id().to_string();
        let _ = Command::new("kill").args([signal, &pid]).status();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // At once, its own processes with it.
        self.signal("-QUIT");
        let start = Instant::now();
        while matches!(self.server.try_wait(), Ok(None)) {
            if start.elapsed() > Duration::from_secs(10) {
                let _ = self.server.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn drift(churnctl: &Churnctl, baseline: &str, current: &str) -> Value {
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

#[test]
fn a_table_gives_the_numbers_of_its_file() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let churnctl = Churnctl::new()
        .file("baseline.csv", Typed::customers(24_000, 1, 0.0).csv())
        .file("current.csv", Typed::customers(23_000, 5, 0.8).csv());
    for side in ["baseline", "current"] {
        cluster.load(side, &churnctl.path(format!("{side}.csv")));
    }
    let current = cluster.address("table=current");
    let expected = drift(&churnctl, "baseline.csv", "current.csv");
    let report = drift(&churnctl, "baseline.csv", &current);
    assert_same("postgres", &expected, &report);
    // Between the edges the database knows counts alone: the distances say how far off they are.
    let features = |report: &Value| report["features"].as_array().expect("features").clone();
    for (ours, theirs) in features(&expected).iter().zip(features(&report)) {
        let figure = |feature: &Value, name: &str| feature["numeric"][name].as_f64();
        if let (Some(exact), Some(close)) = (
            figure(ours, "ks_statistic"),
            figure(&theirs, "ks_statistic"),
        ) {
            let bound = figure(&theirs, "ks_statistic_error_bound").expect("a bound") + 1e-12;
            let slack = bound + figure(ours, "ks_statistic_error_bound").expect("a bound");
            assert!((exact - close).abs() <= slack, "{ours} {theirs}");
            assert!(slack < 0.03, "{slack}");
        }
    }
    // Edges that the database finds itself are no worse.
    let both = drift(&churnctl, &cluster.address("table=baseline"), &current);
    assert_eq!(both["status"], expected["status"]);
    for (ours, theirs) in features(&expected).iter().zip(features(&both)) {
        assert_eq!(ours["status"], theirs["status"], "{}", ours["feature"]);
        let (ours, theirs) = (ours["psi"].as_f64(), theirs["psi"].as_f64());
        let gap = ours.expect("a PSI") - theirs.expect("a PSI");
        assert!(gap.abs() < 0.02, "{ours:?} {theirs:?}");
    }
    // A profile of it is a profile like any other, and rows come in their order.
    let table = cluster.address("table=public.baseline&where=tenure < 40");
    churnctl
        .run(&["profile", &table, "-o", "p.json"])
        .expect(ExitCode::Ok);
    drift(&churnctl, "p.json", "current.csv");
    churnctl
        .run(&[
            "train",
            "current.csv",
            "--label",
            "churn_label",
            "--model",
            "logistic",
        ])
        .expect(ExitCode::Ok);
    for (data, scores) in [("current.csv", "file.csv"), (current.as_str(), "table.csv")] {
        churnctl
            .run(&["score", data, "-o", scores])
            .expect(ExitCode::Ok);
    }
    assert!(churnctl.read("file.csv") == churnctl.read("table.csv"));
    // What would be asked is said, and is nothing but SELECT.
    let args = [
        "drift",
        "--baseline",
        "baseline.csv",
        "--current",
        &current,
        "--explain-sql",
    ];
    let explained = churnctl.run(&args).expect(ExitCode::Ok);
    assert!(explained.stdout.lines().count() > 8, "{}", explained.stdout);
    for statement in explained.stdout.lines() {
        assert!(statement.starts_with("select "), "{statement}");
        cluster.sql(statement);
    }
}

#[test]
fn nothing_in_a_name_or_a_query_can_write() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let weird = "t\"; drop table victims; --";
    let quoted = weird.replace('"', "\"\"");
    cluster.sql("create table victims as select g as a from generate_series(1, 50) g");
    cluster.sql(&format!(
        "create table \"{quoted}\" as select g % 7 as \"a\"\"; drop table victims; --\", \
         case when g % 2 = 0 then 'x''); drop table victims; --' else E'\\\\' end as \"b;\", \
         g % 2 as churn_label from generate_series(1, 200) g"
    ));
    let churnctl = Churnctl::new();
    let profile = |address: &str, code| {
        churnctl
            .run(&["profile", address, "-o", "p.json"])
            .expect(code)
    };
    profile(&cluster.address(&format!("table={weird}")), ExitCode::Ok);
    let columns = churnctl.read_json("p.json")["columns"].clone();
    assert!(
        columns.to_string().contains("x'); drop table victims; --"),
        "{columns}"
    );
    // The values of a label become conditions.
    let args = [
        "profile",
        &cluster.address(&format!("table={weird}")),
        "-o",
        "p.json",
        "--label",
        "b;",
        "--score",
        "churn_label",
    ];
    churnctl.run(&args).expect(ExitCode::Ok);
    assert_eq!(
        churnctl.read_json("p.json")["outcome"]["by_label"]
            .as_object()
            .map(serde_json::Map::len),
        Some(2)
    );
    for (rest, words) in [
        ("table=victims\"; drop table victims; --", "does not exist"),
        ("table=nosuch", "does not exist (42P01)"),
        ("table=victims&where=nosuch = 1", "does not exist (42703)"),
        (
            "table=victims&where=1=1); drop table victims; --",
            "the database says",
        ),
        ("query=delete from victims", "the query is no SELECT"),
        (
            "query=select 1 as a; drop table victims",
            "the database says",
        ),
        (
            "query=with d as (delete from victims returning a) select a from d",
            "the database says",
        ),
        (
            "query=select a from victims for update",
            "the database says",
        ),
        (
            "query=select array[a] as list from victims",
            "the type int4[], which can't be counted",
        ),
        (
            "query=select a from victims where a > 100",
            "there are no rows",
        ),
        ("query=select a, a from victims", "both named \"a\""),
    ] {
        profile(&cluster.address(rest), ExitCode::BadInput).says(words);
    }
    assert_eq!(cluster.sql("select count(*) from victims"), "50");
    // A role that may not read, a database that is not there, a server that is not there.
    cluster.sql("create role reader login");
    let address = cluster.address("table=victims");
    let as_reader = address.replace("postgres@", "reader:geheim@");
    let run = profile(&as_reader, ExitCode::NotAllowed).says("permission denied");
    assert!(!run.stderr.contains("geheim"), "{run:#?}");
    assert!(run.stderr.contains("reader:***@"), "{run:#?}");
    cluster.sql("grant select on victims to reader");
    let run = churnctl.run(&[
        "drift",
        "--baseline",
        &as_reader,
        "--current",
        &as_reader,
        "--format",
        "json",
    ]);
    let run = run.expect(ExitCode::Ok);
    let report = churnctl.read("artifacts/metrics/data_drift_latest.json");
    let all = run.stdout + &run.stderr + &String::from_utf8_lossy(&report);
    assert!(
        all.contains("reader:***@") && !all.contains("geheim"),
        "{all}"
    );
    let shown = churnctl.run(&["config", "show"]);
    assert!(!shown.stdout.contains("geheim"));
    profile(
        &address.replace("/postgres?", "/nosuch?"),
        ExitCode::BadInput,
    )
    .says("does not exist");
    profile(
        "postgres://postgres@127.0.0.1:1/x?table=t",
        ExitCode::Unavailable,
    )
    .says("the database stayed away");
    // Ctrl-C ends the statement, too.
    let slow =
        cluster.address("query=select case when pg_sleep(60) is null then 1 else 2 end as a");
    let running = "select count(*) from pg_stat_activity where application_name = 'churnctl' and \
                   state = 'active'";
    let wait_for = |count: &str| {
        let start = Instant::now();
        while cluster.sql(running) != count {
            assert!(
                start.elapsed() < PATIENCE,
                "{count} statements were expected"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let child = churnctl.spawn(&["profile", &slow, "-o", "p.json"], Stdio::null());
    wait_for("1");
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .expect("kill")
            .success()
    );
    let ended = child.wait_with_output().expect("wait");
    assert_eq!(ended.status.code(), Some(130));
    wait_for("0");
    // A server that goes down in the middle.
    let child = churnctl.spawn(&["profile", &slow, "-o", "p.json"], Stdio::null());
    wait_for("1");
    cluster.signal("-QUIT");
    let ended = child.wait_with_output().expect("wait");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(69), "{said}");
}
