//! Bodies that are nearly right, on every route that takes one: an answer to each, and none of them a fault of ours.
//!
//! CHURNCTL_TEST_FULL=1 sends 120,000 in place of 2,400.

use churnctl::foreign::mutated;
use churnctl::stats::bootstrap::SplitMix64;

use super::running::{Connection, Running, customer};
use crate::harness::{full, say};
use crate::models::scoring;

/// A route with a body that it takes.
struct Door {
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Door {
    fn json(path: &'static str, body: &str) -> Self {
        Self::of(path, "application/json", body)
    }

    fn of(path: &'static str, media_type: &str, body: &str) -> Self {
        Self {
            path,
            headers: vec![("Content-Type", media_type.to_owned())],
            body: body.as_bytes().to_vec(),
        }
    }

    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

fn doors() -> Vec<Door> {
    let one = customer("u1", 3.0).to_string();
    let other = customer("u2", -3.0).to_string();
    let row = r#"{"visits": 3, "noise": 0.5, "plan": "free"}"#;
    let tensors = r#"{"id": "17", "inputs": [
        {"name": "visits", "shape": [2], "datatype": "FP64", "data": [3, -3]},
        {"name": "noise", "shape": [2, 1], "datatype": "INT64", "data": [[0], [0]]},
        {"name": "plan", "shape": [2], "datatype": "BYTES", "data": ["free", "pro"]}],
        "outputs": [{"name": "churn_risk"}]}"#;
    // The Binary Tensor Data Extension: JSON, then the bytes of the tensors that have a size in place of values.
    let head = r#"{"inputs": [
        {"name": "visits", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 8}},
        {"name": "noise", "shape": [1], "datatype": "FP32", "parameters": {"binary_data_size": 4}},
        {"name": "plan", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 8}}]}"#;
    let mut binary = Door::of("/v2/models/churn/infer", "application/octet-stream", head)
        .with("Inference-Header-Content-Length", head.len());
    binary.body.extend(3.0_f64.to_le_bytes());
    binary.body.extend(0.5_f32.to_le_bytes());
    binary.body.extend(*b"\x04\0\0\0free");
    let lines = format!("{one}\n{other}\n");
    let mut packed = Door::json("/predict", "").with("Content-Encoding", "gzip");
    packed.body = crate::harness::gzip(one.as_bytes());
    vec![
        Door::json("/predict", &one),
        Door::json("/predict?explain=3", &one),
        packed,
        Door::json("/predict/batch", &format!("[{one}, {other}]")),
        Door::of("/predict/batch", "application/x-ndjson", &lines),
        Door::json(
            "/v1/models/churn:predict",
            &format!(r#"{{"instances": [{row}, {row}]}}"#),
        ),
        Door::json("/v2/models/churn/infer", tensors),
        binary,
        Door::json("/invocations", &format!("[{row}]")),
        Door::of(
            "/invocations",
            "text/csv",
            "visits,noise,plan\n3,0.5,free\n-3,1,\"pro\"\n",
        ),
    ]
}

#[test]
fn bodies_that_are_nearly_right_are_answered_and_are_no_fault_of_the_server() {
    let bodies = if full() { 120_000 } else { 2_400 };
    let running = Running::start(&scoring(), &["--access-log", "none"]);
    let doors = doors();
    let seeds: Vec<&[u8]> = doors.iter().map(|door| &*door.body).collect();
    let mut connection = running.connect();
    let ask = |connection: &mut Connection, door: &Door, body: &[u8]| {
        let headers: Vec<(&str, &str)> = door
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let response = connection.send("POST", door.path, &headers, body);
        // After some refusals the server reads no further.
        let closes = response.headers.get("connection");
        if closes.is_some_and(|value| value == "close") {
            *connection = running.connect();
        }
        response
    };
    for door in &doors {
        let response = ask(&mut connection, door, &door.body);
        assert_eq!(response.status, 200, "{}: {}", door.path, response.text());
    }
    let mut random = SplitMix64::new(19);
    let (mut taken, mut refused) = (0, 0);
    for number in 0..bodies {
        let (at, other) = (number % doors.len(), number / doors.len() % doors.len());
        let body = mutated(seeds[at], seeds[other], &mut random);
        let response = ask(&mut connection, &doors[at], &body);
        let shown = String::from_utf8_lossy(&body);
        let path = doors[at].path;
        match response.status {
            200 => taken += 1,
            400..=499 => refused += 1,
            status => panic!("{path}, body {number}: {status} for {shown:?}"),
        }
    }
    say(&format!(
        "{taken} mutated bodies were taken, {refused} refused"
    ));
    assert!(taken * 50 > bodies && refused * 2 > bodies);
    let (code, said) = running.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("bug"), "{said}");
}
