#![cfg(all(feature = "spark", feature = "parquet"))]
//! A real Spark Connect server: the same numbers as from files, and nothing but SELECT. Sail
//! (`SAIL_BIN` of PyPI's `pysail`, or on the path) is started for a test; Spark itself runs
//! already where `SPARK_CONNECT=sc://HOST:PORT` says, see `tests/spark.sh`.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::databases::{counts_in_the_cells_of_a_file, many_numbers};
use crate::harness::Churnctl;
use crate::servers::{eventually, free_address, installed};
use crate::sources::{Typed, assert_same, drift};

/// A server: ours until it is dropped, or one that runs already.
pub(crate) struct Server {
    child: Option<Child>,
    base: String,
    folder: tempfile::TempDir,
}

impl Server {
    pub(crate) fn any() -> Option<Self> {
        let Ok(base) = std::env::var("SPARK_CONNECT") else {
            return Self::sail();
        };
        Some(Self {
            child: None,
            base,
            folder: tempfile::tempdir().expect("a folder"),
        })
    }

    fn sail() -> Option<Self> {
        let named = std::env::var_os("SAIL_BIN").map(PathBuf::from);
        let program = named.or_else(|| installed("sail"))?;
        let folder = tempfile::tempdir().expect("a folder");
        let address = free_address();
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let child = Command::new(program)
            .args(["spark", "server", "--ip", "127.0.0.1", "--port"])
            .arg(address.port().to_string())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("start sail");
        let server = Self {
            child: Some(child),
            base: format!("sc://{address}"),
            folder,
        };
        eventually("sail", || TcpStream::connect(address).ok());
        Some(server)
    }

    pub(crate) fn address(&self, rest: &str) -> String {
        format!("{}?{rest}", self.base)
    }

    /// Jiffies of the processor that our server has used.
    fn used(&self) -> u64 {
        let id = self.child.as_ref().expect("a server of our own").id();
        let text = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("its state");
        // After the name, which may hold anything: the 12th and 13th are user and system time.
        let fields = text.rsplit(')').next().expect("fields").split_whitespace();
        let times = fields.skip(11).take(2);
        times.map(|time| time.parse::<u64>().expect("a time")).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn parquet(path: &Path) -> String {
    format!("table=parquet.{}", path.display())
}

#[test]
fn a_table_gives_the_numbers_of_its_file() {
    let Some(server) = Server::any() else {
        return;
    };
    let baseline = Typed::customers(24_000, 1, 0.0);
    let current = Typed::customers(23_000, 5, 0.8);
    let churnctl = Churnctl::new()
        .file("baseline.csv", baseline.csv())
        .file("baseline.parquet", baseline.parquet(5_000))
        .file("current.csv", current.csv())
        .file("current.parquet", current.parquet(5_000));
    let table = |side: &str| server.address(&parquet(&churnctl.path(side)));
    let (baseline, current) = (table("baseline.parquet"), table("current.parquet"));
    let expected = drift(&churnctl, "baseline.csv", "current.csv");
    let report = drift(&churnctl, "baseline.csv", &current);
    assert_same("spark", &expected, &report);
    assert_same("spark", &expected, &drift(&churnctl, &baseline, &current));
    // Rows come in their order, texts with quotes and missing values as they are.
    let train = [
        "train",
        "current.csv",
        "--label",
        "churn_label",
        "--model",
        "logistic",
    ];
    churnctl.run(&train).expect(ExitCode::Ok);
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
        assert!(statement.contains("`parquet`."), "{statement}");
    }
}

#[test]
fn numbers_are_counted_in_the_cells_of_their_file() {
    let Some(server) = Server::any() else {
        return;
    };
    let churnctl = many_numbers();
    let table = |side: &str| {
        // Without its header, which the engine would take for a row.
        let text = String::from_utf8(churnctl.read(&format!("{side}.csv"))).expect("text");
        let path = churnctl.path(format!("{side}_rows.csv"));
        let (_, rows) = text.split_once('\n').expect("a header");
        std::fs::write(&path, rows).expect("write");
        let names = ["signed", "sizes", "far", "zero", "churn_risk"];
        let doubles = names.iter().enumerate();
        let doubles: Vec<String> = doubles
            .map(|(at, name)| format!("cast(_c{at} as double) as {name}"))
            .collect();
        server.address(&format!(
            "query=select {}, cast(_c5 as int) as churn_label from csv.`{}`",
            doubles.join(", "),
            path.display()
        ))
    };
    counts_in_the_cells_of_a_file(&churnctl, "spark", table);
}

#[test]
fn values_mean_what_their_texts_mean_in_a_file() {
    let Some(server) = Server::any() else {
        return;
    };
    let churnctl = Churnctl::new().file(
        "file.csv",
        "whole,big,many,single,price,text,day,at,truth\n\
         1,9007199254740993,1e300,0.1,1.50,12,2026-01-31,2026-01-31 03:00:00,true\n\
         -2,5000000000,-0.0,2.5,-0.25,i's \\ ${env:HOME},2026-02-01,2026-02-01 00:00:00.25,false\n\
         1,1,NaN,-1e10,0.00,NA,2026-01-31,2026-01-31 03:00:00,true\n\
         ,2,inf,,,,,,\n",
    );
    // The same rows, typed.
    let query = "query=select cast(whole as int) as whole, cast(big as bigint) as big, \
         cast(many as double) as many, cast(single as float) as single, cast(price as \
         decimal(10,2)) as price, text, cast(day as date) as day, cast(at as timestamp) as at, \
         cast(truth as boolean) as truth from values \
         ('1','9007199254740993','1e300','0.1','1.50','12','2026-01-31','2026-01-31 03:00:00','true'),\
         ('-2','5000000000','-0.0','2.5','-0.25',cast(X'692773205c20247b656e763a484f4d457d' as string),\
         '2026-02-01','2026-02-01 00:00:00.25','false'),\
         ('1','1','NaN','-1e10','0.00','NA','2026-01-31','2026-01-31 03:00:00','true'),\
         (null,'2','Infinity',null,null,null,null,null,null) \
         as t(whole,big,many,single,price,text,day,at,truth)";
    let address = server.address(query);
    let columns = |data: &str| {
        let args = [
            "profile",
            data,
            "-o",
            "p.json",
            "--categorical",
            "day,at,whole",
        ];
        churnctl.run(&args).expect(ExitCode::Ok);
        let mut columns = churnctl.read_json("p.json")["columns"].clone();
        for column in columns.as_array_mut().expect("columns") {
            // An empty field is what null is elsewhere.
            // Texts of one number differ: 1e300, 1.0E300.
            if let Some(values) = column["values"].as_object_mut() {
                let number =
                    |text: String| text.parse::<f64>().map_or(text, |x| (x + 0.0).to_string());
                let found = std::mem::take(values).into_iter();
                values.extend(found.map(|(text, count)| (number(text), count)));
            }
            let missing = &mut column["missing"];
            let empty = missing["empty"].as_u64().unwrap_or(0);
            let null = missing["null"].as_u64().unwrap_or(0);
            *missing = serde_json::json!([empty + null, missing["nan"], missing["na"]]);
        }
        columns
    };
    let expected = columns("file.csv");
    let found = columns(&address);
    let both = |columns: &Value| columns.as_array().expect("columns").clone();
    for (expected, found) in both(&expected).into_iter().zip(both(&found)) {
        assert_eq!(found, expected);
    }
    assert_eq!(both(&found).len(), both(&expected).len());
}

#[test]
fn nothing_in_a_name_or_a_query_can_write() {
    let Some(server) = Server::any() else {
        return;
    };
    let churnctl = Churnctl::new();
    let profile = |address: &str, code| {
        churnctl
            .run(&["profile", address, "-o", "p.json"])
            .expect(code)
    };
    // What an injected statement would make.
    let made = server.folder.path().join("made");
    let insert = format!(
        "insert overwrite directory '{}' using csv select 1 as a",
        made.display()
    );
    let column = format!("a`; {insert}; --").replace('`', "``");
    let weird = server.address(&format!(
        "query=select id %25 7 as `{column}`, id %25 2 as `b${{env:HOME}}`, case when id %25 2 = 0 then \
         cast(X'78275c29203b247b656e763a484f4d457d' as string) else '; {}' end as `c;` from range(200)",
        insert.replace('\'', "\"")
    ));
    profile(&weird, ExitCode::Ok);
    let columns = churnctl.read_json("p.json")["columns"].to_string();
    assert!(columns.contains("b${env:HOME}"), "{columns}");
    assert!(columns.contains("x'\\\\) ;${env:HOME}"), "{columns}");
    // The values of a label become conditions.
    let args = [
        "profile",
        &weird,
        "-o",
        "p.json",
        "--label",
        "c;",
        "--score",
        "b${env:HOME}",
    ];
    churnctl.run(&args).expect(ExitCode::Ok);
    let by_label = churnctl.read_json("p.json")["outcome"]["by_label"].clone();
    let counts: Vec<u64> = by_label
        .as_object()
        .expect("labels")
        .values()
        .map(|column| {
            column["values"]
                .as_object()
                .expect("values")
                .values()
                .filter_map(Value::as_u64)
                .sum()
        })
        .collect();
    assert_eq!(counts, [100, 100], "{by_label}");
    let begun = format!("query=select id as a from range(3)) as source; {insert} --");
    let second = format!("query=select id as a from range(3); {insert}");
    let inside = format!("query=with d as ({insert}) select 1 as a");
    let filter = format!("{}&where=1=1); {insert}; --", parquet(Path::new("/nosuch")));
    let name = format!("table=t`; {insert}; --");
    for (rest, words) in [
        (name.as_str(), "Spark says"),
        ("table=nosuch", "TABLE_OR_VIEW_NOT_FOUND"),
        ("table=no.such.table", "Spark says"),
        (begun.as_str(), "Spark says"),
        (second.as_str(), "Spark says"),
        (inside.as_str(), "Spark says"),
        (filter.as_str(), ""),
        (&format!("query={insert}"), "the query is not a SELECT"),
        ("query=drop table nosuch", "the query is not a SELECT"),
        ("query=select nosuch from range(3)", "nosuch"),
        (
            "query=select array(id) as list from range(3)",
            "which can't be counted",
        ),
        (
            "query=select id as a from range(3) where id > 5",
            "there are no rows",
        ),
        ("query=select 1 as a, 2 as a", "both named \"a\""),
    ] {
        let run = profile(&server.address(rest), ExitCode::BadInput).says(words);
        assert!(!run.stderr.contains("== SQL"), "{run:#?}");
    }
    assert!(!made.exists());
    // A token is never shown, not even by what refuses it.
    let with_token = format!("{}/;token=geheim?table=nosuch", server.base);
    for address in [
        with_token.clone(),
        with_token.replace("sc://", "spark://"),
        "sc://spark.example/;token=geheim;use_ssl=false?table=t".to_owned(),
        "sc://127.0.0.1:1/;x-key=geheim?table=t&token=geheim".to_owned(),
    ] {
        let run = churnctl.run(&["profile", &address, "-o", "p.json"]);
        assert!(run.stderr.contains("=***"), "{run:#?}");
        assert!(!run.stderr.contains("geheim"), "{run:#?}");
    }
}

/// Takes long, whatever the engine, and can be ended at any time.
const SLOW: &str = "query=select id %25 7 as a from range(100000000000)";

#[test]
fn nothing_is_left_running_and_a_server_that_goes_is_missed() {
    let Some(mut server) = Server::sail() else {
        return;
    };
    let churnctl = Churnctl::new();
    let slow = server.address(SLOW);
    let busy = |server: &Server| {
        let before = server.used();
        eventually("the statement runs", || {
            (server.used() > before + 50).then_some(())
        });
    };
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-INT", 130)] {
        let child = churnctl.spawn(&["profile", &slow, "-o", "p.json"], Stdio::null());
        busy(&server);
        let pid = child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.is_ok_and(|sent| sent.success()));
        let ended = child.wait_with_output().expect("wait");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{said}");
        assert!(!said.contains("Spark says"), "{said}");
        eventually("the statement ends", || {
            let before = server.used();
            std::thread::sleep(std::time::Duration::from_millis(500));
            (server.used() < before + 5).then_some(())
        });
    }
    // The server goes in the middle.
    let child = churnctl.spawn(&["profile", &slow, "-o", "p.json"], Stdio::null());
    busy(&server);
    let sail = server.child.as_mut().expect("a server of our own");
    sail.kill().expect("kill");
    let ended = child.wait_with_output().expect("wait");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(69), "{said}");
    assert!(said.contains("broke the connection"), "{said}");
}

/// A server that speaks HTTP/2 and answers every call with these trailers alone.
fn refusing(trailers: &[(&'static str, &'static str)]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("a mode");
    let trailers = trailers.to_vec();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut connection) = h2::server::handshake(stream).await else {
                    continue;
                };
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let mut response = http::Response::builder();
                    for (name, value) in &trailers {
                        response = response.header(*name, *value);
                    }
                    let response = response.body(()).expect("a response");
                    let _ = respond.send_response(response, true);
                }
            }
        });
    });
    address
}

#[test]
fn who_may_not_is_told_so_and_who_is_no_spark_is_found_out() {
    const KIND: (&str, &str) = ("content-type", "application/grpc");
    let churnctl = Churnctl::new();
    let profile = |address: SocketAddr, code| {
        let address = format!("sc://{address}/;token=geheim?table=t");
        let run = churnctl
            .run(&["profile", &address, "-o", "p.json"])
            .expect(code);
        assert!(!run.stderr.contains("geheim"), "{run:#?}");
        run
    };
    let said = ("grpc-message", "who%20are%20you?");
    profile(
        refusing(&[KIND, ("grpc-status", "16"), said]),
        ExitCode::NotAllowed,
    )
    .says("who are you?")
    .says("token_file");
    profile(
        refusing(&[KIND, ("grpc-status", "7"), said]),
        ExitCode::NotAllowed,
    )
    .says("ask for the right");
    profile(
        refusing(&[KIND, ("grpc-status", "12"), said]),
        ExitCode::Unavailable,
    );
    // No answer at all to a call that went well, and something that is not gRPC.
    profile(
        refusing(&[KIND, ("grpc-status", "0")]),
        ExitCode::Unavailable,
    )
    .says("not a Spark Connect server");
    profile(
        refusing(&[("content-type", "text/html")]),
        ExitCode::Unavailable,
    )
    .says("not a Spark Connect server");
    profile(
        "127.0.0.1:1".parse().expect("an address"),
        ExitCode::Unavailable,
    )
    .says("is its Connect server running");
    // A listener that hangs up.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || listener.incoming().for_each(drop));
    profile(address, ExitCode::Unavailable).says("broke the connection");
}
