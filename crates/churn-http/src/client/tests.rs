//! The client against a server of a few lines, with a clock that only moves when it is told to.
#![cfg(test)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;

/// Answers connection after connection with these texts, and keeps what was asked.
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

fn serve(answers: Vec<String>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().expect("a connection");
            log.lock().expect("no panic").push(asked(&stream));
            let _ = (&stream).write_all(answer.as_bytes());
        }
    });
    Server { url, seen }
}

fn asked(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).expect("a line") == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    head + "\n" + &String::from_utf8_lossy(&body)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

/// A clock that moves only by pauses.
#[derive(Default)]
struct Clock {
    pauses: Mutex<Vec<Duration>>,
}

impl Pace for Clock {
    fn now(&self) -> Duration {
        self.pauses.lock().expect("no panic").iter().sum()
    }
    fn unix_seconds(&self) -> i64 {
        784_111_770
    }
    fn sleep(&self, pause: Duration) {
        self.pauses.lock().expect("no panic").push(pause);
    }
    fn chance(&self) -> f64 {
        1.0
    }
}

fn client(url: &str, access: &Access) -> (Client, Arc<Clock>) {
    let clock = Arc::new(Clock::default());
    let url = url.parse().expect("a URL");
    let client = Client::new("the server", url, access, Policy::default()).expect("a client");
    (client.with_pace(Arc::clone(&clock) as Arc<dyn Pace>), clock)
}

fn pauses(clock: &Clock) -> Vec<u128> {
    let pauses = clock.pauses.lock().expect("no panic");
    pauses.iter().map(Duration::as_millis).collect()
}

#[test]
fn later_is_tried_again_and_the_answer_says_how_often() {
    let busy = || answer("503 Service Unavailable", "", "");
    let server = serve(vec![busy(), busy(), answer("200 OK", "x-a: b\r\n", "done")]);
    let (client, clock) = client(&server.url, &Access::default());
    let request = Request::new(Method::Put, "/a").bytes("text/plain", b"x 1\n".to_vec());
    let response = client.call(&request).expect("an answer");
    assert_eq!((response.status, response.attempts), (200, 3));
    assert_eq!(
        (response.header("x-a"), &*response.body),
        (Some("b"), &b"done"[..])
    );
    assert_eq!(pauses(&clock), [250, 500]);
    let seen = server.seen.lock().expect("no panic");
    assert!(
        seen.iter()
            .all(|text| text.starts_with("PUT /a HTTP/1.1") && text.ends_with("\nx 1\n"))
    );
}

#[test]
fn a_refusal_is_not_repeated_and_its_words_are_kept() {
    let server = serve(vec![answer(
        "400 Bad Request",
        "",
        "text format\n parsing error\n",
    )]);
    let (client, clock) = client(&server.url, &Access::default());
    let request = Request::new(Method::Post, "/metrics").bytes("text/plain", b"x".to_vec());
    let error = client.call(&request).expect_err("refused");
    assert_eq!(error.code(), ExitCode::BadInput);
    let message = error.to_string();
    assert!(
        message.contains("400 Bad Request: text format parsing error"),
        "{message}"
    );
    assert!(pauses(&clock).is_empty());
}

#[test]
fn who_may_not_gets_the_code_for_that() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let server = serve(vec![answer(status, "", "{\"error\":\"no\"}")]);
        let (client, _) = client(&server.url, &Access::default());
        let error = client.call(&Request::get("/x")).expect_err(status);
        assert_eq!(error.code(), ExitCode::NotAllowed);
        assert!(error.to_string().ends_with(": no"), "{error}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let to = "location: http://ann:canary@other/\r\n";
    let server = serve(vec![answer("307 Temporary Redirect", to, "")]);
    let (client, _) = client(&server.url, &Access::default());
    let error = client.call(&Request::get("/x")).expect_err("a redirect");
    assert_eq!(error.code(), ExitCode::BadSettings);
    let hint = error.hint_text().expect("a hint");
    assert!(
        hint.contains("http://***@other/") && !hint.contains("canary"),
        "{hint}"
    );
}

#[test]
fn retry_after_is_heeded_within_the_deadline_and_said_beyond_it() {
    let busy = |after: &str| answer("429 Too Many Requests", after, "");
    let date = "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let server = serve(vec![
        busy("retry-after: 3\r\n"),
        busy(date),
        busy("retry-after: 40\r\n"),
    ]);
    let (client, clock) = client(&server.url, &Access::default());
    let error = client.send(&Request::get("/x")).expect_err("too late");
    assert_eq!(error.code(), ExitCode::Unavailable);
    assert_eq!(pauses(&clock), [3_250, 7_250]);
    let hint = error.hint_text().expect("a hint");
    assert!(
        hint.contains("wait 40 s") && hint.contains("3 attempts"),
        "{hint}"
    );
}

#[test]
fn a_server_that_is_not_there_is_tried_until_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let (client, clock) = client(&url, &Access::default());
    let request = Request::new(Method::Post, "/x").once();
    let error = client.send(&request).expect_err("nobody there");
    assert_eq!(error.code(), ExitCode::Unavailable);
    // 0.25, 0.5, 1, 2, 4, then 5 s at most, as long as the sum stays below 30 s.
    assert_eq!(
        pauses(&clock),
        [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000]
    );
    assert!(
        error.to_string().contains("could not be connected to"),
        "{error}"
    );
}

#[test]
fn what_must_not_arrive_twice_is_not_sent_twice() {
    let server = serve(vec![
        answer("429 Too Many Requests", "", ""),
        answer(
            "500 Internal Server Error",
            "",
            "{\"message\":\"half done\"}",
        ),
    ]);
    let (client, clock) = client(&server.url, &Access::default());
    let error = client
        .send(&Request::new(Method::Post, "/x").once())
        .expect_err("unclear");
    assert!(error.to_string().contains("half done"), "{error}");
    assert_eq!(pauses(&clock), [250]);
    // A connection that breaks after the request is unclear, too.
    let server = serve(vec![String::new()]);
    let (client, clock) = self::client(&server.url, &Access::default());
    let request = Request::new(Method::Post, "/x").once();
    assert!(client.send(&request).is_err());
    assert!(pauses(&clock).is_empty());
}

#[test]
fn credentials_are_sent_and_never_shown() {
    let server = serve(vec![answer("401 Unauthorized", "", "")]);
    let url = server.url.replace("http://", "http://ann:canary@");
    let (client, _) = client(&url, &Access::default());
    let error = client.call(&Request::get("/x")).expect_err("401");
    // printf 'ann:canary' | base64
    let seen = server.seen.lock().expect("no panic")[0].to_lowercase();
    assert!(
        seen.contains("authorization: basic yw5uomnhbmfyeq=="),
        "{seen}"
    );
    let said = format!("{error} {error:?} {:?}", error.hint_text());
    assert!(
        !said.contains("canary") && !said.to_lowercase().contains("yw5u"),
        "{said}"
    );
}

#[test]
fn a_packed_body_says_so_and_unpacks_to_the_same() {
    let server = serve(vec![answer("200 OK", "", "")]);
    let (client, _) = client(&server.url, &Access::default());
    let text = "metric 1\n".repeat(500);
    let request = Request::new(Method::Put, "/x").bytes("text/plain", text.clone().into_bytes());
    let request = request.gzip().gzip();
    let packed = request.body().expect("a body").bytes.clone();
    client.call(&request).expect("200");
    let seen = server.seen.lock().expect("no panic")[0].to_lowercase();
    assert!(seen.contains("content-encoding: gzip"), "{seen}");
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&*packed)
        .read_to_string(&mut unpacked)
        .expect("gzip");
    assert_eq!(unpacked, text);
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let server = serve(vec![answer("200 OK", "", &"x".repeat(100))]);
    let policy = Policy {
        max_body_bytes: 99,
        ..Policy::default()
    };
    let url = server.url.parse().expect("a URL");
    let client = Client::new("the server", url, &Access::default(), policy).expect("a client");
    let error = client.send(&Request::get("/x")).expect_err("too long");
    assert!(error.to_string().contains("more than 99 bytes"), "{error}");
}

#[test]
fn messages_are_found_in_what_servers_answer() {
    let message = |body: &str| {
        Response {
            status: 400,
            headers: Vec::new(),
            body: body.into(),
            attempts: 1,
        }
        .message()
    };
    assert_eq!(
        message("{\"status\":\"error\",\"error\":\"bad query\"}"),
        "bad query"
    );
    assert_eq!(
        message("\"at least one label pair required\""),
        "at least one label pair required"
    );
    assert_eq!(
        message("{\"error_code\":\"X\",\"message\":\"no run\"}"),
        "no run"
    );
    assert_eq!(
        message("{\"code\":400,\"error\":{\"message\":\"deep\"}}"),
        "deep"
    );
    assert_eq!(
        message("<html><head><TITLE>502 Bad Gateway</TITLE></head>"),
        "502 Bad Gateway"
    );
    assert_eq!(message(" line 1\nline 2\n"), "line 1 line 2");
    assert_eq!(message(&"é".repeat(700)).chars().count(), 601);
    assert_eq!(message(""), "");
}
