//! Packed bodies (Content-Encoding), on every route that takes a body.

use serde_json::{Value, json};

use super::running::{Response, Running};
use crate::harness::gzip;
use crate::models::scoring;

fn send(running: &Running, path: &str, coding: &str, kind: &str, body: &[u8]) -> Response {
    let headers = [("content-encoding", coding), ("content-type", kind)];
    running.connect().send("POST", path, &headers, body)
}

fn bodies() -> [(&'static str, Value); 5] {
    let features = json!({"visits": 1.5, "noise": 0, "plan": "free"});
    let tensor = |name: &str, kind: &str, value: Value| json!({"name": name, "shape": [1], "datatype": kind, "data": [value]});
    [
        ("/predict", json!({"user_id": "u", "features": features})),
        (
            "/predict/batch",
            json!([{"user_id": "u", "features": features}]),
        ),
        ("/v1/models/churn:predict", json!({"instances": [features]})),
        (
            "/v2/models/churn/infer",
            json!({"inputs": [
                tensor("visits", "FP64", json!(1.5)),
                tensor("noise", "INT64", json!(0)),
                tensor("plan", "BYTES", json!("free")),
            ]}),
        ),
        ("/invocations", json!({"instances": [features]})),
    ]
}

#[test]
fn a_packed_body_scores_as_the_plain_one() {
    let churnctl = scoring();
    let running = Running::start(&churnctl, &[]);
    for (path, body) in bodies() {
        let text = body.to_string();
        let plain = running.post(path, &body);
        assert_eq!(plain.status, 200, "{path}: {}", plain.text());
        let packed = send(&running, path, "gzip", "application/json", &gzip(&text));
        assert_eq!(packed.status, 200, "{path}: {}", packed.text());
        assert_eq!(figures(&packed), figures(&plain), "{path}");
        let half = &gzip(&text)[..20];
        let cut = send(&running, path, "gzip", "application/json", half);
        assert_eq!(cut.status, 400, "{path}: {}", cut.text());
        let other = send(&running, path, "br", "application/json", text.as_bytes());
        assert_eq!(other.status, 415, "{path}: {}", other.text());
        assert_eq!(other.headers["accept-encoding"], "gzip, deflate");
    }
}

/// The answer without what is another one each time.
fn figures(response: &Response) -> Value {
    let mut json: Value = serde_json::from_str(&response.text()).expect("JSON");
    let rows = match &mut json {
        Value::Array(rows) => rows.iter_mut().collect(),
        one => vec![one],
    };
    for row in rows {
        if let Value::Object(members) = row {
            members.retain(|name, _| !["request_id", "predicted_at"].contains(&name.as_str()));
        }
    }
    json
}

#[test]
fn the_protocols_know_nothing_but_json_so_nobody_needs_to_say_so() {
    let churnctl = scoring();
    let running = Running::start(&churnctl, &[]);
    for (path, body) in bodies() {
        let text = body.to_string();
        let mut connection = running.connect();
        let length = text.len();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n");
        let sent = [head.as_bytes(), text.as_bytes()].concat();
        std::io::Write::write_all(&mut connection.stream, &sent).expect("sent");
        let answer = connection.read().expect("an answer");
        let wanted = if path.starts_with("/v") { 200 } else { 415 };
        assert_eq!(answer.status, wanted, "{path}: {}", answer.text());
        let form = "application/x-www-form-urlencoded";
        let headers = [("content-type", form)];
        let other = running
            .connect()
            .send("POST", path, &headers, text.as_bytes());
        assert_eq!(other.status, 415, "{path}: {}", other.text());
    }
}

#[test]
fn a_bomb_is_refused_and_a_packed_stream_of_lines_is_not_guessed_at() {
    let churnctl = scoring();
    let running = Running::start(&churnctl, &[]);
    let bomb = gzip(vec![b' '; 64 << 20]);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    for (path, _) in bodies() {
        let refused = send(&running, path, "gzip", "application/json", &bomb);
        assert_eq!(refused.status, 413, "{path}: {}", refused.text());
    }
    let lines = gzip("{\"user_id\": \"u\"}\n");
    let stream = send(
        &running,
        "/predict/batch",
        "gzip",
        "application/x-ndjson",
        &lines,
    );
    assert_eq!(stream.status, 415, "{}", stream.text());
    assert_eq!(running.get("/ready").status, 200, "alive after it");
}
