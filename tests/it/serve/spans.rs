//! Spans over OTLP, as a collector gets them. Builds without the feature `otel` say that they cannot.

use churnctl::exit::ExitCode;

#[cfg(feature = "otel")]
use super::running::{Running, customer};
use crate::models::scoring;

#[cfg(not(feature = "otel"))]
#[test]
fn a_build_without_spans_says_so() {
    let args = ["serve", "--otlp-endpoint", "http://127.0.0.1:4318"];
    let run = scoring().run(&args).expect(ExitCode::BadSettings);
    assert!(run.stderr.contains("--features otel"), "{run:#?}");
}

#[cfg(feature = "otel")]
#[test]
fn an_address_that_is_no_url_is_refused() {
    let args = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--otlp-endpoint",
        "collector",
    ];
    scoring().run(&args).expect(ExitCode::BadSettings);
}

#[cfg(feature = "otel")]
#[test]
fn a_request_is_a_span_of_its_callers_trace() {
    let collector = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = collector.local_addr().expect("an address");
    let posts = std::thread::spawn(move || collect(&collector));
    let endpoint = format!("http://{address}/v1/traces");
    let running = Running::start(&scoring(), &["--otlp-endpoint", &endpoint]);
    let mut connection = running.connect();
    let sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("traceparent", sampled), ("X-Request-Id", "order-17")];
    let body = customer("canary", 1.0).to_string();
    connection
        .send("POST", "/predict", &headers, body.as_bytes())
        .expect(200);
    let unsampled = [(
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-00",
    )];
    connection
        .send("POST", "/predict", &unsampled, body.as_bytes())
        .expect(200);
    connection.send("GET", "/ready", &[], b"").expect(200);
    connection.send("GET", "/nowhere", &[], b"").expect(404);
    assert_eq!(running.end().0, Some(0));
    let posts = posts.join().expect("no panic");
    let mut spans = Vec::new();
    for (head, body) in &posts {
        assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        let resource = &body["resourceSpans"][0];
        let service = &resource["resource"]["attributes"][0];
        assert_eq!(service["key"], "service.name");
        assert_eq!(service["value"]["stringValue"], "churn-api");
        let scope = &resource["scopeSpans"][0];
        assert_eq!(scope["scope"]["name"], "churnctl");
        spans.extend(scope["spans"].as_array().expect("spans").clone());
    }
    assert_eq!(spans.len(), 2, "{spans:#?}");
    let span = &spans[0];
    assert_eq!(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(span["parentSpanId"], "00f067aa0ba902b7");
    assert_eq!(span["spanId"].as_str().map(str::len), Some(16));
    assert_eq!(
        (&span["name"], &span["kind"]),
        (&"POST /predict".into(), &2.into())
    );
    let nanos = |name: &str| -> u128 {
        let text = span[name].as_str().expect(name);
        text.parse().expect("nanoseconds")
    };
    assert!(nanos("startTimeUnixNano") > 1_600_000_000_000_000_000);
    assert!(nanos("endTimeUnixNano") >= nanos("startTimeUnixNano"));
    let attributes = span["attributes"].as_array().expect("attributes");
    let status = attributes
        .iter()
        .find(|one| one["key"] == "http.response.status_code");
    assert_eq!(status.expect("a status")["value"]["intValue"], "200");
    // A root of its own, counted by its template and not by its path.
    assert_eq!(spans[1]["name"], "GET other");
    assert!(spans[1].get("parentSpanId").is_none());
    assert!(!format!("{posts:?}").contains("canary"));
}

/// Takes posts until nobody comes any more.
#[cfg(feature = "otel")]
fn collect(collector: &std::net::TcpListener) -> Vec<(String, serde_json::Value)> {
    use std::io::{Read, Write};
    use std::time::{Duration, Instant};
    let mut posts = Vec::new();
    collector.set_nonblocking(true).expect("set");
    let begun = Instant::now();
    // The spans come at the end of the server at the latest.
    while posts.is_empty() && begun.elapsed() < super::running::PATIENCE {
        let Ok((mut stream, _)) = collector.accept() else {
            std::thread::sleep(Duration::from_millis(10));
            continue;
        };
        stream.set_nonblocking(false).expect("set");
        let mut text = String::new();
        let mut buffer = [0; 4096];
        loop {
            let count = stream.read(&mut buffer).expect("read");
            text.push_str(std::str::from_utf8(&buffer[..count]).expect("UTF-8"));
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1).expect("a length");
            let length: usize = length
                .split("\r\n")
                .next()
                .expect("a line")
                .parse()
                .expect("a number");
            if body.len() == length {
                posts.push((head.clone(), serde_json::from_str(body).expect("JSON")));
                break;
            }
        }
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
        stream.write_all(answer.as_bytes()).expect("sent");
    }
    posts
}
