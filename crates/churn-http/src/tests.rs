//! What the server does to peers that are slow, rude or many, and how it ends.
#![cfg(test)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::{get, post};

use super::body;
use super::events::{Event, channel};
use super::server::{Drain, Limits, Listen, Server};
use super::stop::Stop;

/// Long enough for anything that should happen: a test fails when it waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    stop: Stop,
    thread: Option<JoinHandle<(usize, Vec<Event>)>>,
}

impl Running {
    fn new(limits: Limits) -> Self {
        Self::draining(limits, Drain::default())
    }

    fn draining(limits: Limits, drain: Drain) -> Self {
        let (events, inbox) = channel(64);
        let listen = Listen {
            limits,
            ..Listen::new("127.0.0.1:0", router())
        };
        let server = Server::bind(vec![listen], 2, events).expect("bound");
        let address = server.addresses()[0];
        let stop = Stop::new();
        let stopped = stop.clone();
        let run = move || {
            let mut heard = Vec::new();
            let cut = server.run(&stopped, drain, inbox, |event| heard.push(event));
            (cut, heard)
        };
        Self {
            address,
            stop,
            thread: Some(std::thread::spawn(run)),
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// Sends bytes and reads until the server closes the connection.
    fn all_that_follows(&self, bytes: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes.as_bytes()).expect("sent");
        to_the_end(stream)
    }

    fn end(mut self) -> (usize, Vec<Event>) {
        self.stop.trigger();
        let thread = self.thread.take().expect("running");
        thread.join().expect("no panic")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.trigger();
    }
}

fn to_the_end(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A reset after the answer is a close, too.
    if let Err(error) = stream.read_to_end(&mut text) {
        assert_eq!(
            error.kind(),
            std::io::ErrorKind::ConnectionReset,
            "still open"
        );
    }
    String::from_utf8(text).expect("UTF-8")
}

/// Reads one answer with a content length.
fn answer(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a head");
        text.push(byte[0]);
    }
    let head = String::from_utf8(text).expect("UTF-8").to_lowercase();
    let length = head.split("content-length: ").nth(1).expect("a length");
    let length = length.split("\r\n").next().expect("a line");
    let mut rest = vec![0; length.parse().expect("a number")];
    stream.read_exact(&mut rest).expect("a body");
    head + &String::from_utf8(rest).expect("UTF-8")
}

fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "well" }))
        .route("/slow", get(slow))
        .route("/panic", get(panicking))
        .route("/large", get(|| async { "x".repeat(64 << 20) }))
        .route("/body", post(length))
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(700)).await;
    "late"
}

async fn panicking() -> &'static str {
    panic!("on purpose")
}

async fn length(request: Request<Body>) -> axum::response::Response {
    use axum::response::IntoResponse;
    let (head, body) = request.into_parts();
    match body::whole(&head.headers, body, 10).await {
        Ok(bytes) => bytes.len().to_string().into_response(),
        Err(problem) => problem.into_response(),
    }
}

fn quick() -> Limits {
    Limits {
        header_timeout: Duration::from_millis(150),
        request_timeout: Duration::from_millis(300),
        write_timeout: Duration::from_millis(300),
        ..Limits::default()
    }
}

#[test]
fn heads_that_never_end_are_closed() {
    let server = Running::new(quick());
    for bytes in ["", "GET", "GET / HTTP/1.1\r\nHost: a\r\nX: "] {
        let answer = server.all_that_follows(bytes);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
            "{answer}"
        );
    }
    // One byte after the other does not buy time.
    let mut stream = server.connect();
    let mut sent = 0;
    for byte in "GET / HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".bytes() {
        std::thread::sleep(Duration::from_millis(30));
        if stream.write_all(&[byte]).is_err() {
            break;
        }
        sent += 1;
    }
    assert!(sent < 55, "all of it was taken");
    to_the_end(stream);
}

#[test]
fn a_quiet_connection_may_stay_longer_than_a_head_may_take() {
    let server = Running::new(quick());
    let mut stream = server.connect();
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for _ in 0..3 {
        stream.write_all(request).expect("sent");
        assert!(answer(&mut stream).ends_with("\r\n\r\nwell"));
        std::thread::sleep(Duration::from_millis(250));
    }
    stream.write_all(b"GET / HT").expect("sent");
    to_the_end(stream);
}

#[test]
fn a_body_that_never_comes_is_a_408() {
    let server = Running::new(quick());
    let head = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab";
    let answer = server.all_that_follows(head);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("\"code\":\"timeout\""), "{answer}");
}

#[test]
fn a_body_beyond_the_limit_is_a_413_before_it_is_read() {
    let server = Running::new(quick());
    let head = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n";
    let answer = server.all_that_follows(head);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[test]
fn a_peer_that_does_not_read_is_closed() {
    let server = Running::new(quick());
    let mut stream = server.connect();
    let request = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(request).expect("sent");
    std::thread::sleep(Duration::from_millis(1500));
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    assert!(
        text.len() < 64 << 20,
        "all of it was kept for a peer that slept"
    );
}

#[test]
fn what_a_proxy_may_read_otherwise_gets_one_answer_and_the_connection_is_closed() {
    let server = Running::new(quick());
    let second = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let post = "POST /body HTTP/1.1\r\n";
    // Both framings: RFC 9112, 6.1 lets a server go by the chunks alone, if it closes after that.
    let both = "Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let answer = server.all_that_follows(&format!("{post}{both}{second}"));
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    for rest in [
        "\r\n",
        "Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        "Host: a\r\nContent-Length: 1, 2\r\n\r\na",
        "Host: a\r\nContent-Length: +1\r\n\r\na",
        "Host: a\r\nContent-Length : 1\r\n\r\na",
        "Host: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
        "Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        // RFC 9112, 6.1: not more than once, and what is not understood is refused.
        "Host: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        // RFC 9112, 3.2: more than one line, also of one value, or a value that is not a host.
        "Host: a\r\nHost: b\r\nContent-Length: 1\r\n\r\na",
        "Host: a\r\nContent-Length: 1\r\nhOST: a\r\n\r\na",
        "Host: a, b\r\nContent-Length: 1\r\n\r\na",
        "Host: u:p@a\r\nContent-Length: 1\r\n\r\na",
        "Host: a/b\r\nContent-Length: 1\r\n\r\na",
    ] {
        let answer = server.all_that_follows(&format!("{post}{rest}{second}"));
        assert!(answer.starts_with("HTTP/1.1 400"), "{rest:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 4").count(), 1, "{answer}");
        assert!(!answer.contains("HTTP/1.1 200"), "{rest:?}: {answer}");
    }
}

#[test]
fn one_host_is_enough_and_what_is_said_twice_in_the_same_words_counts_once() {
    let server = Running::new(quick());
    // RFC 9112, 3.2 and 6.3: HTTP/1.0 needs no host, a host may be empty, equal lengths may be taken for one.
    for head in [
        "POST /body HTTP/1.0\r\nContent-Length: 3\r\n",
        "POST /body HTTP/1.1\r\nHost:\r\nContent-Length: 3\r\nConnection: close\r\n",
        "POST /body HTTP/1.1\r\nHost: [::1]:8000\r\nContent-Length: 3\r\nConnection: close\r\n",
        "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\nConnection: close\r\n",
    ] {
        let answer = server.all_that_follows(&format!("{head}\r\nabc"));
        assert!(answer.contains(" 200 OK"), "{head}: {answer}");
        assert!(answer.ends_with("\r\n\r\n3"), "{head}: {answer}");
    }
    // But two hosts are too many for HTTP/1.0, too.
    let answer = server.all_that_follows("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n");
    assert!(answer.contains(" 400 Bad Request"), "{answer}");
    assert!(answer.contains("two Host headers"), "{answer}");
}

#[test]
fn a_panic_is_a_500_and_is_said() {
    let server = Running::new(Limits::default());
    let mut stream = server.connect();
    stream
        .write_all(b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    let text = answer(&mut stream);
    assert!(text.starts_with("http/1.1 500"), "{text}");
    // And the connection goes on.
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    assert!(answer(&mut stream).ends_with("well"));
    drop(stream);
    let (_, heard) = server.end();
    assert!(
        heard.iter().any(|event| event.message.contains("panicked")),
        "{heard:?}"
    );
}

#[test]
fn for_one_connection_more_the_longest_idle_is_closed_and_no_request_under_way() {
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let server = Running::new(limits);
    let mut slow = server.connect();
    slow.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    std::thread::sleep(Duration::from_millis(50));
    let silent = server.connect();
    let begun = std::time::Instant::now();
    let mut stream = server.connect();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    assert!(answer(&mut stream).ends_with("well"));
    // Far below the five seconds that a head may take.
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(to_the_end(silent), "");
    assert!(answer(&mut slow).ends_with("late"));
}

#[test]
fn a_connection_whose_answer_is_not_yet_taken_is_not_idle() {
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let server = Running::new(limits);
    let mut slow = server.connect();
    slow.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    // The sockets hold a few megabytes of the 64: the rest waits in the server, which has done its work.
    std::thread::sleep(Duration::from_millis(300));
    let silent = server.connect();
    let mut stream = server.connect();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    assert!(answer(&mut stream).ends_with("well"));
    assert_eq!(to_the_end(silent), "");
    assert!(answer(&mut slow).ends_with(&"x".repeat(64 << 10)));
}

#[test]
fn what_was_begun_is_finished_and_silent_peers_do_not_hold_the_end_up() {
    let limits = Limits {
        header_timeout: Duration::from_secs(1),
        ..Limits::default()
    };
    let server = Running::new(limits);
    let mut silent = server.connect();
    silent.write_all(b"GET / HT").expect("sent");
    let mut quiet = server.connect();
    quiet
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    answer(&mut quiet);
    let mut stream = server.connect();
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    std::thread::sleep(Duration::from_millis(100));
    server.stop.trigger();
    let text = to_the_end(stream);
    assert!(
        text.ends_with("late") && text.contains("connection: close"),
        "{text}"
    );
    assert_eq!(to_the_end(quiet), "");
    // The silent one is cut by its own header timeout, before the drain's cap.
    let (cut, _) = server.end();
    assert_eq!(cut, 0);
}

#[test]
fn the_end_comes_within_the_cap() {
    let drain = Drain {
        delay: Duration::ZERO,
        most: Duration::from_millis(500),
    };
    let server = Running::draining(Limits::default(), drain);
    let mut silent = server.connect();
    silent.write_all(b"GET / HT").expect("sent");
    let mut stream = server.connect();
    // Taken, once this is answered.
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    answer(&mut stream);
    drop(stream);
    let (cut, _) = server.end();
    assert_eq!(cut, 1);
}

#[test]
fn while_it_drains_new_connections_are_answered_and_asked_to_close() {
    let drain = Drain {
        delay: Duration::from_millis(500),
        most: PATIENCE,
    };
    let server = Running::draining(Limits::default(), drain);
    server.stop.trigger();
    let text = server.all_that_follows("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(
        text.contains("connection: close") && text.ends_with("well"),
        "{text}"
    );
    let address = server.address;
    assert_eq!(server.end().0, 0);
    assert!(TcpStream::connect(address).is_err());
}
