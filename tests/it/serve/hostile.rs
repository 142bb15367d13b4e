//! Peers that are slow, rude or many.
//!
//! CHURNCTL_TEST_FULL=1 opens 500 silent sockets in place of 60.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::running::{PATIENCE, Running, customer};
use crate::models::scoring;

#[test]
fn silent_sockets_are_closed_and_do_not_stop_a_good_client() {
    let count = if crate::harness::full() { 500 } else { 60 };
    let churnctl = scoring()
        .env("CHURNCTL_SERVE_HEADER_TIMEOUT", "2s")
        .env("CHURNCTL_SERVE_REQUEST_TIMEOUT", "2s");
    let running = Running::start(&churnctl, &[]);
    let starts = [
        "",
        "POST /predict HTT",
        "GET /live HTTP/1.1\r\nHost: a\r\nX: ",
        "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
        "POST /predict/batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    ];
    let mut silent: Vec<TcpStream> = (0..count)
        .map(|at| {
            let mut stream = TcpStream::connect(running.address).expect("connected");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            stream
                .write_all(starts[at % starts.len()].as_bytes())
                .expect("sent");
            stream
        })
        .collect();
    let mut good = running.connect();
    let body = customer("u", 1.0).to_string();
    for _ in 0..200 {
        good.send("POST", "/predict", &[], body.as_bytes())
            .expect(200);
    }
    // All of them are closed, with an answer where a request had begun.
    for (at, stream) in silent.iter_mut().enumerate() {
        let mut text = String::new();
        if let Err(error) = stream.read_to_string(&mut text) {
            let kind = error.kind();
            assert_eq!(
                kind,
                std::io::ErrorKind::ConnectionReset,
                "{at} is still open"
            );
        }
        if at % starts.len() == 3 {
            assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
        }
        if at % starts.len() == 4 {
            assert!(text.contains("did not come in time"), "{text}");
        }
    }
    good.send("POST", "/predict", &[], body.as_bytes())
        .expect(200);
}

#[test]
fn a_byte_a_moment_buys_no_time() {
    let churnctl = scoring()
        .env("CHURNCTL_SERVE_HEADER_TIMEOUT", "1s")
        .env("CHURNCTL_SERVE_REQUEST_TIMEOUT", "1s");
    let running = Running::start(&churnctl, &[]);
    let lines = "POST /predict/batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nContent-Length: 9999\r\n\r\n";
    for start in ["GET /live HTTP/1.1\r\nHost: a\r\nX: ", lines] {
        let mut stream = TcpStream::connect(running.address).expect("connected");
        stream.write_all(start.as_bytes()).expect("sent");
        let mut taken = 0;
        while taken < 1_000 && stream.write_all(b"a").is_ok() {
            taken += 1;
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(taken < 1_000, "{start:?}");
    }
}

#[test]
fn bodies_beyond_all_measure_are_refused() {
    let running = Running::start(&scoring(), &[]);
    let mut stream = running.connect();
    let headers = [
        ("Content-Length", "1000000000"),
        ("Content-Type", "application/json"),
    ];
    let mut head = "POST /predict HTTP/1.1\r\nHost: a\r\n".to_owned();
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream
        .stream
        .write_all(format!("{head}\r\n").as_bytes())
        .expect("sent");
    let response = stream.read().expect("an answer").expect(413);
    assert_eq!(response.json()["code"], "too_large");
    let deep = format!("{{\"user_id\": {}", "[".repeat(500_000));
    running.send("POST", "/predict", &deep).expect(400);
    let nul = r#"{"user_id": "a\u0000b", "features": {"visits": 1, "noise": 1, "plan": "\u0000"}}"#;
    running.send("POST", "/predict", nul).expect(200);
    let not_utf8 = b"{\"user_id\": \"\xff\"}";
    let response = running.connect().send("POST", "/predict", &[], not_utf8);
    response.expect(400);
    let many = format!("[{}]", vec!["{}"; 10_001].join(","));
    let response = running.send("POST", "/predict/batch", &many).expect(422);
    assert_eq!(response.json()["errors"][0]["reason"], "too_many_rows");
    running.post("/predict", &customer("u", 1.0)).expect(200);
}

#[test]
fn what_a_proxy_may_read_otherwise_gets_one_answer() {
    let running = Running::start(&scoring(), &[]);
    let second = "GET /live HTTP/1.1\r\nHost: a\r\n\r\n";
    for rest in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{",
        "Content-Length: +2\r\n\r\n{}",
        "Transfer-Encoding: chunked\r\n\r\nxx\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n{}",
        "Content-Length : 2\r\n\r\n{}",
        "Host: b\r\nContent-Length: 2\r\n\r\n{}",
    ] {
        let mut connection = running.connect();
        let head = "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
        let bytes = format!("{head}{rest}{second}");
        connection.stream.write_all(bytes.as_bytes()).expect("sent");
        let text = connection.read_out();
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{rest:?}: {text}");
        assert!(text.starts_with("HTTP/1.1 4"), "{rest:?}: {text}");
        // Also where the HTTP library refuses before anybody else hears of it.
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("application/problem+json"), "{head}");
        let problem: serde_json::Value = serde_json::from_str(body).expect(body);
        assert!(problem["status"].as_u64() >= Some(400), "{problem}");
    }
    for (start, status) in [
        ("\u{1}\u{2}\r\n\r\n".to_owned(), 400),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(70_000)), 414),
        (
            format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(200_000)),
            431,
        ),
    ] {
        let mut connection = running.connect();
        let _ = connection.stream.write_all(start.as_bytes());
        let response = connection.read().expect("an answer").expect(status);
        assert_eq!(response.json()["status"], status);
    }
}

#[test]
fn strange_paths_and_methods_make_no_series() {
    let running = Running::start(&scoring(), &["--access-log", "none"]);
    let mut connection = running.connect();
    let body = customer("u", 1.0).to_string();
    let ask = |connection: &mut super::running::Connection, at: u32| {
        let methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"];
        let method = methods[at as usize % methods.len()];
        let path = match at % 5 {
            0 => format!("/v1/models/m{at}"),
            1 => format!("/v2/models/m{at}/infer"),
            2 => format!("/predict/{at}"),
            3 => "/predict".to_owned(),
            _ => format!("/{at}.php?x={at}"),
        };
        connection.send(method, &path, &[], b"{}");
    };
    (0..100).for_each(|at| ask(&mut connection, at));
    connection
        .send("POST", "/predict", &[], body.as_bytes())
        .expect(200);
    let before: Vec<String> = running.metrics().into_keys().collect();
    (100..10_000).for_each(|at| ask(&mut connection, at));
    let after: Vec<String> = running.metrics().into_keys().collect();
    assert_eq!(before, after);
}

#[test]
fn beyond_its_places_it_says_so_and_when_to_come_back() {
    let churnctl = scoring().env("CHURNCTL_SERVE_CONCURRENCY", "1");
    let running = Running::start(&churnctl, &[]);
    // A stream holds the only place.
    let mut stream = running.connect();
    let head = "POST /predict/batch HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nContent-Length: 10\r\n\r\n";
    stream.stream.write_all(head.as_bytes()).expect("sent");
    running.wait_for("the stream is at work", |metrics| {
        let name =
            "churn_api_requests_total{method=\"POST\",path=\"/predict/batch\",status=\"200\"}";
        metrics[name] == 1.0
    });
    let response = running.post("/predict", &customer("u", 1.0)).expect(503);
    assert_eq!(response.headers["retry-after"], "1");
    assert_eq!(response.json()["code"], "busy");
    running.get("/live").expect(200);
    stream
        .stream
        .write_all(b"\n\n\n\n\n\n\n\n\n\n")
        .expect("sent");
    stream.read().expect("an answer").expect(200);
    running.post("/predict", &customer("u", 1.0)).expect(200);
}
