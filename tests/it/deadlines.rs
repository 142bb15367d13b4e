//! Every client against a server that is silent, one that trickles and one that never ends: the command ends
//! within its deadlines, names what it waited for, and holds no more than a bounded part of what comes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use churnctl::exit::ExitCode;

#[cfg(feature = "postgres")]
use crate::drift_delivery::Watch;
use crate::fault_server::{Fault, FaultServer};
use crate::harness::{Churnctl, Run};
#[cfg(feature = "postgres")]
use crate::servers::eventually;

/// How long a command may take whose waits are all cut to tenths of a second. Other tests run beside it.
const MOST: Duration = Duration::from_secs(90);

/// What a server sends after what it begins with.
#[derive(Debug, Clone, Copy)]
enum Then {
    Silence,
    /// A byte now and then, again and again the same ones.
    Trickle(&'static [u8]),
    /// The same, as fast as they go.
    Flood(&'static [u8]),
}

/// A server of no protocol: it says what it is told to whoever comes, and reads what they say.
struct RawServer {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
}

impl RawServer {
    fn start(begin: Vec<u8>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let ended = Arc::<AtomicBool>::default();
        let flag = Arc::clone(&ended);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if flag.load(Ordering::SeqCst) {
                    return;
                }
                let (begin, flag) = (begin.clone(), Arc::clone(&flag));
                std::thread::spawn(move || say(stream, &begin, then, &flag));
            }
        });
        Self { address, ended }
    }

    const fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, so that its thread sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

fn say(mut stream: TcpStream, begin: &[u8], then: Then, ended: &AtomicBool) {
    let mut heard = stream.try_clone().expect("a second handle");
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while heard.read(&mut bytes).is_ok_and(|count| count > 0) {}
    });
    if stream.write_all(begin).is_err() {
        return;
    }
    let is_over = || ended.load(Ordering::SeqCst);
    match then {
        Then::Silence => {
            while !is_over() {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Then::Trickle(bytes) => {
            for byte in bytes.iter().cycle() {
                if is_over() || stream.write_all(&[*byte]).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Then::Flood(bytes) => {
            let many = bytes.repeat(1 + 4096 / bytes.len());
            while !is_over() && stream.write_all(&many).is_ok() {}
        }
    }
}

/// A command with a baseline, and with every wait cut short.
fn hasty() -> Churnctl {
    let mut churnctl = Churnctl::new().file("baseline.csv", "a,b\n1,x\n2,y\n3,x\n");
    for section in ["DATABASE", "OBJECT_STORE", "HTTP"] {
        for wait in ["CONNECT", "FIRST_BYTE", "IDLE"] {
            churnctl = churnctl.env(&format!("CHURNCTL_{section}_{wait}_TIMEOUT"), "400ms");
        }
        churnctl = churnctl.env(&format!("CHURNCTL_{section}_TOTAL_TIMEOUT"), "800ms");
    }
    churnctl
}

#[track_caller]
fn in_time(what: &str, run: impl FnOnce() -> Run) -> Run {
    let begin = Instant::now();
    let run = run();
    assert!(begin.elapsed() < MOST, "{what}: {:?}", begin.elapsed());
    assert!(!run.stderr.contains("bug"), "{what}: {run:#?}");
    run
}

/// Checks against what is at an address, which fails with 69 and says why.
#[track_caller]
fn fails(what: &str, address: &str, says: &str) {
    let args = [
        "drift",
        "--baseline",
        "baseline.csv",
        "--current",
        address,
        "--report",
        "none",
    ];
    let run = in_time(what, || hasty().run(&args));
    let run = run.expect(ExitCode::Unavailable);
    assert!(run.stderr.contains(says), "{what}: {run:#?}");
}

/// <https://www.postgresql.org/docs/17/protocol-message-formats.html>: AuthenticationOk, ReadyForQuery.
const POSTGRES_LOGIN: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";
/// AuthenticationOk alone.
const POSTGRES_KNOWN: &[u8] = b"R\0\0\0\x08\0\0\0\0";
/// A NoticeResponse that announces 16 MiB.
const LONG_NOTICE: &[u8] = b"N\x01\0\0\0\0\0\0\0\0\0\0";
/// A ParameterStatus.
const PARAMETER: &[u8] = b"S\0\0\0\x08a\0b\0";

#[test]
#[cfg(feature = "postgres")]
fn a_postgresql_that_keeps_us_waiting_is_left() {
    let login = "database.connect_timeout";
    let answer = "database.first_byte_timeout";
    for (begin, then, says) in [
        (&b""[..], Then::Silence, login),
        // A whole message might come first where all is slow.
        (b"", Then::Trickle(LONG_NOTICE), login),
        (POSTGRES_KNOWN, Then::Flood(PARAMETER), login),
        (POSTGRES_LOGIN, Then::Silence, answer),
        (POSTGRES_LOGIN, Then::Trickle(LONG_NOTICE), answer),
        (POSTGRES_LOGIN, Then::Flood(PARAMETER), answer),
    ] {
        let server = RawServer::start(begin.to_vec(), then);
        let address = format!(
            "postgres://u@127.0.0.1:{}/d?sslmode=disable&table=t",
            server.port()
        );
        fails(&format!("{begin:?} {then:?}"), &address, says);
    }
}

/// Every check of it fails, and when there last was a verdict stays what it was: what an alert asks for.
#[test]
#[cfg(feature = "postgres")]
fn a_watch_shows_how_long_a_silent_database_has_kept_it_from_a_verdict() {
    let server = RawServer::start(POSTGRES_LOGIN.to_vec(), Then::Silence);
    let address = format!(
        "postgres://u@127.0.0.1:{}/d?sslmode=disable&table=t",
        server.port()
    );
    let churnctl = hasty();
    let watch = Watch::of(&churnctl, &address, "1s");
    let begun = watch.value("churn_drift_last_success_timestamp_seconds{model=\"telco\"}");
    assert!(begun > Some(1_700_000_000.0), "{begun:?}");
    for _ in 0..2 {
        watch.says("database.first_byte_timeout");
    }
    eventually("two checks have failed", || {
        let errors = watch.value("churn_drift_checks_total{result=\"error\"}");
        (errors >= Some(2.0)).then_some(())
    });
    let since = watch.value("churn_drift_last_success_timestamp_seconds{model=\"telco\"}");
    assert_eq!(since, begun);
}

/// <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html>,
/// and an OK packet for whatever the client answers.
fn mysql_login() -> Vec<u8> {
    let mut greeting = b"\x0a8.0.0\0\x01\0\0\0abcdefgh\0\x00\x82\x21\x02\0\x08\0\x15".to_vec();
    greeting.extend([0; 10]);
    greeting.extend(b"ijklmnopqrst\0mysql_native_password\0");
    let mut packets = vec![u8::try_from(greeting.len()).expect("short"), 0, 0, 0];
    packets.extend(greeting);
    packets.extend(b"\x07\0\0\x02\0\0\0\x02\0\0\0");
    packets
}

#[test]
#[cfg(feature = "mysql")]
fn a_mysql_that_keeps_us_waiting_is_left() {
    let login = "database.connect_timeout";
    let answer = "database.first_byte_timeout";
    for (begin, then, says) in [
        (vec![], Then::Silence, login),
        (b"\x4a\0\0\0".to_vec(), Then::Trickle(b"\x0a"), login),
        (vec![], Then::Flood(b"\xff"), "a packet that is too long"),
        (mysql_login(), Then::Silence, answer),
        (mysql_login(), Then::Trickle(b"\xff"), answer),
    ] {
        let server = RawServer::start(begin, then);
        let address = format!(
            "mysql://u@127.0.0.1:{}/d?sslmode=disable&table=t",
            server.port()
        );
        fails(&format!("{then:?}"), &address, says);
    }
}

/// An empty SETTINGS frame, RFC 9113, 6.5.
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

#[test]
#[cfg(feature = "spark")]
fn a_spark_that_keeps_us_waiting_is_left() {
    for (then, says) in [
        (Then::Silence, "database.first_byte_timeout"),
        (Then::Trickle(SETTINGS), "database.first_byte_timeout"),
        (Then::Flood(SETTINGS), "Spark"),
    ] {
        let server = RawServer::start(Vec::new(), then);
        let address = format!("sc://127.0.0.1:{}?table=t", server.port());
        let args = [
            "drift",
            "--baseline",
            "baseline.csv",
            "--current",
            &address,
            "--report",
            "none",
        ];
        let what = format!("{then:?}");
        let run = in_time(&what, || hasty().run(&args)).expect(ExitCode::Unavailable);
        let is_said = run.stderr.contains(says) || run.stderr.contains("database.");
        assert!(is_said, "{what}: {run:#?}");
    }
}

/// The head of an answer for HEAD and for the range of an object of 1,000 bytes.
macro_rules! object_head {
    ($framing:literal) => {
        concat!(
            "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-999/1000\r\netag: \"a\"\r\n",
            "last-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nconnection: close\r\n",
            $framing,
            "\r\n\r\n"
        )
    };
}

#[test]
#[cfg(feature = "object-store")]
fn an_object_store_that_keeps_us_waiting_is_left() {
    let head = Fault::Bytes(object_head!("content-length: 1000"));
    // On a busy machine the head of the third may be late, too.
    for (faults, says) in [
        (vec![Fault::Hang], "object_store.first_byte_timeout"),
        (
            vec![Fault::Trickle("HTTP/1.1 200 OK\r\nx: ")],
            "object_store.first_byte_timeout",
        ),
        (
            vec![head, Fault::Trickle(object_head!("content-length: 1000"))],
            "object_store.",
        ),
        (
            vec![Fault::Flood(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            )],
            "longer than 67108864 bytes",
        ),
    ] {
        // The last one lists, which has no end that was asked for.
        let address = match faults[0] {
            Fault::Flood(_) => "s3://shop/folder/",
            _ => "s3://shop/t.csv",
        };
        let server = FaultServer::start(&faults);
        let churnctl = hasty()
            .env("AWS_ENDPOINT_URL", &server.url())
            .env("AWS_ACCESS_KEY_ID", "k")
            .env("AWS_SECRET_ACCESS_KEY", "s")
            .env("AWS_REGION", "r");
        let args = [
            "drift",
            "--baseline",
            "baseline.csv",
            "--current",
            address,
            "--report",
            "none",
        ];
        let what = format!("{faults:?}");
        let run = in_time(&what, || churnctl.run(&args)).expect(ExitCode::Unavailable);
        assert!(run.stderr.contains(says), "{what}: {run:#?}");
    }
}

/// The rules of `alerts history`.
const RULES: &str = "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n";

#[test]
fn services_that_keep_us_waiting_are_left() {
    let endless = Fault::Flood("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    for fault in [Fault::Hang, Fault::Drip, endless] {
        let server = FaultServer::start(std::slice::from_ref(&fault));
        let url = server.url();
        let kubeconfig = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
             clusters: [{{name: c, cluster: {{server: \"{url}\"}}}}]\nusers: [{{name: u, user: {{}}}}]\n\
             contexts: [{{name: c, context: {{cluster: c, user: u, namespace: n}}}}]\n"
        );
        let churnctl = hasty()
            .file("m.prom", "a 1\n")
            .file("rules.yml", RULES)
            .file("kubeconfig", kubeconfig)
            .env("CHURNCTL_PUSH_TIMEOUT", "800ms")
            .env("CHURNCTL_PUSH_DEADLINE", "2s")
            .env("CHURNCTL_MLFLOW_DEADLINE", "1s")
            .env("CHURNCTL_CLUSTER_DEADLINE", "2s")
            .env("CHURNCTL_MLFLOW_TRACKING_URI", &url);
        let path = churnctl.path("kubeconfig").display().to_string();
        let churnctl = churnctl.env("KUBECONFIG", &path);
        for args in [
            &["push-metrics", "m.prom", "--gateway", &url, "--job", "j"][..],
            &[
                "alerts",
                "history",
                "--prometheus",
                &url,
                "rules.yml",
                "--deadline",
                "1s",
            ],
            &["alerts", "lint", "rules.yml", "--prometheus", &url],
            &[
                "score",
                "baseline.csv",
                "--model",
                "models:/churn@champion",
                "-o",
                "-",
            ],
            &["retrain", "status"],
        ] {
            let what = format!("{fault:?} {args:?}");
            let before = server.seen().len();
            let run = in_time(&what, || churnctl.run(args));
            assert!(server.seen().len() > before, "{what} never asked: {run:#?}");
            assert_ne!(run.code, Some(0), "{what}: {run:#?}");
            assert_ne!(run.code, Some(64), "{what}: {run:#?}");
            assert_ne!(run.code, Some(70), "{what}: {run:#?}");
        }
        let proved = [
            "alerts",
            "test",
            "rules.yml",
            "--live",
            "--prometheus",
            &url,
        ];
        let proved = [&proved[..], &["--alertmanager", &url, "--deadline", "1s"]].concat();
        let what = format!("{fault:?} {proved:?}");
        let run = in_time(&what, || churnctl.run(&proved));
        assert!(!matches!(run.code, Some(0 | 64 | 70)), "{what}: {run:#?}");
    }
}
