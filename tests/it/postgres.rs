#![cfg(feature = "postgres")]
//! A real PostgreSQL in a temporary cluster: the same numbers as from files, and no way to write.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use churnctl::exit::ExitCode;

use crate::databases::{
    Database, gives_the_numbers_of_its_file, is_root, leaves_nothing_running, make_certificates,
    skipped, takes_named_marks_for_missing, trusts_nobody_else, wait_until_it_answers,
    wait_until_it_is_gone,
};
use crate::harness::Churnctl;
use crate::servers::free_address;

/// A server that runs until it is dropped.
pub(crate) struct Cluster {
    server: Child,
    port: u16,
    folder: tempfile::TempDir,
    options: Vec<String>,
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

/// Gives a file or a folder to who runs the server.
fn give(path: &Path) -> bool {
    if !is_root() {
        return true;
    }
    let owned = Command::new("chown")
        .args(["-R", "postgres"])
        .arg(path)
        .status();
    owned.is_ok_and(|status| status.success())
}

fn spawn(folder: &Path, port: u16, options: &[String]) -> Option<Child> {
    let server = unprivileged(&programs()?.join("postgres"))
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "unix_socket_directories=", "-c", "fsync=off"])
        .args(options)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Some(server.expect("start the server"))
}

impl Cluster {
    /// Starts one; none where it can't be done.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(tempfile::tempdir().expect("a folder"), &[])
    }

    fn start_with(folder: tempfile::TempDir, options: &[String]) -> Option<Self> {
        let Some(bin) = programs() else {
            return skipped("postgresql is not installed");
        };
        if !give(folder.path()) {
            return skipped("there is no user postgres");
        }
        let made = unprivileged(&bin.join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
            ])
            .args(["--locale=C", "-D"])
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .output()
            .expect("run initdb");
        if !made.status.success() {
            let why = String::from_utf8_lossy(&made.stderr);
            return skipped(&format!("initdb does not work here: {why}"));
        }
        let port = free_address().port();
        let server = spawn(folder.path(), port, options)?;
        let mut cluster = Self {
            server,
            port,
            folder,
            options: options.to_vec(),
        };
        cluster.wait();
        Some(cluster)
    }

    fn wait(&mut self) {
        let mut psql = self.psql();
        psql.args(["-c", "select 1"]);
        wait_until_it_answers(&mut self.server, || {
            psql.output().is_ok_and(|asked| asked.status.success())
        });
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
}

impl Database for Cluster {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn try_sql(&self, sql: &str) -> Option<String> {
        let output = self.psql().args(["-c", sql]).output().expect("run psql");
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    }

    fn load(&self, table: &str, csv: &Path) {
        self.sql(&format!(
            "create table {table} (user_id text, tenure integer, spend double precision, charges \
             double precision, plan text, paperless boolean, churn_risk double precision, \
             churn_label smallint)"
        ));
        self.fill(table, csv);
    }

    fn fill(&self, table: &str, csv: &Path) {
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

    fn slow(&self) -> (&'static str, &'static str) {
        (
            "select case when pg_sleep(60) is null then 1 else 2 end as a",
            "select count(*) from pg_stat_activity where application_name = 'churnctl' and state \
             = 'active'",
        )
    }

    fn kill(&mut self) {
        // It takes its processes with it.
        let pid = self.server.id().to_string();
        let _ = Command::new("kill").args(["-QUIT", &pid]).status();
    }

    fn restart(&mut self) {
        wait_until_it_is_gone(&mut self.server);
        self.server = spawn(self.folder.path(), self.port, &self.options).expect("the server");
        self.wait();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
        wait_until_it_is_gone(&mut self.server);
    }
}

#[test]
fn a_table_gives_the_numbers_of_its_file() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let statements = gives_the_numbers_of_its_file(&cluster);
    assert!(statements.iter().all(|sql| sql.starts_with("select ")));
    takes_named_marks_for_missing(&cluster);
}

#[test]
fn nothing_in_a_name_or_a_query_can_write() {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    let weird = "t\"; drop table victims; --";
    let quoted = weird.replace('"', "\"\"");
    cluster.sql("create table victims as select g % 7 as a from generate_series(1, 200) g");
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
        ("query=delete from victims", "the query is not a SELECT"),
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
            "which can't be counted",
        ),
        (
            "query=select a from victims where a > 100",
            "there are no rows",
        ),
        ("query=select a, a from victims", "both named \"a\""),
    ] {
        profile(&cluster.address(rest), ExitCode::BadInput).says(words);
    }
    assert_eq!(cluster.sql("select count(*) from victims"), "200");
    // A role that may not read, a database that is not there, a server that is not there.
    cluster.sql("create role reader login");
    let address = cluster.address("table=victims");
    let as_reader = address.replace("postgres@", "reader:geheim@");
    let run = profile(&as_reader, ExitCode::NotAllowed).says("permission denied");
    assert!(!run.stderr.contains("geheim"), "{run:#?}");
    assert!(run.stderr.contains("://***@"), "{run:#?}");
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
    assert!(all.contains("://***@") && !all.contains("geheim"), "{all}");
    let with_file = Churnctl::new().file(
        "churnctl.toml",
        format!("[drift]\ncurrent = [\"{as_reader}\"]\n"),
    );
    let shown = with_file.run(&["config", "show"]).expect(ExitCode::Ok);
    assert!(shown.stdout.contains("://***@"), "{shown:#?}");
    assert!(!shown.stdout.contains("geheim"), "{shown:#?}");
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
    leaves_nothing_running(&churnctl, &mut cluster);
}

#[test]
fn only_a_server_with_a_known_certificate_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    if !make_certificates(folder.path()) {
        return;
    }
    let own = tempfile::tempdir().expect("a folder");
    for name in ["cert.pem", "key.pem"] {
        let file = own.path().join(name);
        std::fs::copy(folder.path().join(name), &file).expect("copy");
        // The server reads no key that others can read.
        let mut rights = std::fs::metadata(&file).expect("look").permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut rights, 0o600);
        std::fs::set_permissions(&file, rights).expect("set");
    }
    let file = |name: &str| own.path().join(name).display().to_string();
    let options = [
        "-cssl=on".to_owned(),
        format!("-cssl_cert_file={}", file("cert.pem")),
        format!("-cssl_key_file={}", file("key.pem")),
    ];
    let Some(cluster) = Cluster::start_with(own, &options) else {
        return;
    };
    cluster.sql("create table victims as select g % 7 as a from generate_series(1, 200) g");
    let churnctl = Churnctl::new();
    trusts_nobody_else(&churnctl, &cluster.address("table=victims"), folder.path());
}
