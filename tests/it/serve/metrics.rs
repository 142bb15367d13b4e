//! What `/metrics` says, to promtool and to a real Prometheus.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::running::{PATIENCE, Running, customer};
use crate::harness::skipped;
use crate::models::{PRODUCTION, scoring};
use crate::servers::Server;

#[test]
fn what_is_asked_is_counted_and_the_rest_is_there_at_zero() {
    let churnctl = scoring();
    let running = Running::start(&churnctl, &[]);
    let at = |name: &str| running.metrics()[name];
    let ok = "churn_api_requests_total{method=\"POST\",path=\"/predict\",status=\"200\"}";
    let faulty = "churn_api_requests_total{method=\"POST\",path=\"/predict\",status=\"422\"}";
    for name in [
        ok,
        faulty,
        "churn_api_requests_total{method=\"POST\",path=\"/predict\",status=\"500\"}",
        "churn_api_requests_total{method=\"POST\",path=\"/v1/models/{model}:predict\",status=\"200\"}",
        "churn_api_predictions_total",
        "model_predictions_total{class=\"churn\"}",
        "model_predictions_total{class=\"stay\"}",
        "churn_api_input_errors_total{reason=\"unknown_feature\"}",
        "churn_model_reloads_total{result=\"refused\"}",
        "churn_prediction_log_rows_total{result=\"dropped\"}",
        "churn_api_log_messages_total{level=\"error\"}",
        "churn_api_request_latency_seconds_count{method=\"POST\",path=\"/predict\"}",
        "churn_prediction_score_count",
    ] {
        assert_eq!(at(name), 0.0, "{name}");
    }
    running.post("/predict", &customer("u", 3.0)).expect(200);
    running.post("/predict", &customer("u", -3.0)).expect(200);
    running
        .send("POST", "/predict", "{\"usr_id\": 1}")
        .expect(422);
    let instances = serde_json::json!({ "instances": [[3, 0, "free"], [4, 0, "free"]] });
    running
        .post("/v1/models/churn:predict", &instances)
        .expect(200);
    assert_eq!((at(ok), at(faulty)), (2.0, 1.0));
    assert_eq!(at("churn_api_predictions_total"), 4.0);
    assert_eq!(at("model_predictions_total{class=\"churn\"}"), 3.0);
    assert_eq!(at("model_predictions_total{class=\"stay\"}"), 1.0);
    assert_eq!(at("churn_prediction_score_count"), 4.0);
    assert_eq!(
        at("churn_api_input_errors_total{reason=\"unknown_member\"}"),
        1.0
    );
    assert_eq!(
        at("churn_api_input_errors_total{reason=\"missing_member\"}"),
        2.0
    );
    let latency = "churn_api_request_latency_seconds";
    let labels = "method=\"POST\",path=\"/predict\"";
    assert_eq!(at(&format!("{latency}_count{{{labels}}}")), 3.0);
    assert!(at(&format!("{latency}_bucket{{{labels},le=\"10\"}}")) >= 3.0);
    assert!(
        running
            .metrics()
            .contains_key(&format!("{latency}_bucket{{{labels},le=\"0.0001\"}}"))
    );
    // Shares of the model's own test rows.
    let model = churnctl.read_json(PRODUCTION);
    let confusion = &model["body"]["metrics"]["test"]["performance"]["confusion"];
    let count = |name: &str| confusion[name].as_f64().expect(name);
    let churned = count("true_positives") + count("false_positives");
    let all = churned + count("true_negatives") + count("false_negatives");
    let share = at("model_prediction_baseline_ratio{class=\"churn\"}");
    assert!((share - churned / all).abs() < 1e-12);
    assert!((at("model_prediction_baseline_ratio{class=\"stay\"}") + share - 1.0).abs() < 1e-12);
    assert!(at("process_resident_memory_bytes") > 1e6 && at("process_cpu_seconds_total") >= 0.0);
}

#[test]
fn classes_and_buckets_are_as_they_are_set() {
    let churnctl = scoring()
        .env("CHURNCTL_SERVE_CLASSES", "rejected,approved")
        .env("CHURNCTL_SERVE_LATENCY_BUCKETS", "0.25,60");
    let running = Running::start(&churnctl, &[]);
    let answer = running
        .post("/predict", &customer("u", 3.0))
        .expect(200)
        .json();
    assert_eq!(answer["label"], "rejected");
    let metrics = running.metrics();
    assert_eq!(metrics["model_predictions_total{class=\"rejected\"}"], 1.0);
    let labels = "method=\"POST\",path=\"/predict\",le=\"60\"";
    let name = format!("churn_api_request_latency_seconds_bucket{{{labels}}}");
    assert_eq!(metrics[&name], 1.0);
}

#[test]
fn promtool_finds_nothing_wrong() {
    let running = Running::start(&scoring(), &[]);
    running.post("/predict", &customer("u", 3.0)).expect(200);
    let child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return skipped(&format!("cannot run promtool: {error}")),
    };
    let text = running.get("/metrics").body;
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(&text).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("ended");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}

#[test]
fn a_prometheus_scrapes_it_and_answers_the_queries_of_its_users() {
    let running = Running::start(&scoring(), &[]);
    let config = format!(
        "global: {{scrape_interval: 300ms, scrape_timeout: 300ms}}\n\
         scrape_configs:\n- job_name: churn-api\n  static_configs: [{{targets: ['{}']}}]\n",
        running.address
    );
    let Some(prometheus) = Server::prometheus(&config, &[]) else {
        return;
    };
    // A rate needs two scrapes with something between them.
    let begun = Instant::now();
    let value = |query: &str| -> Option<f64> {
        let samples = prometheus.query(query);
        samples.first()?["value"][1].as_str()?.parse().ok()
    };
    while value("sum(rate(model_predictions_total[5m]))").is_none_or(|rate| rate == 0.0) {
        assert!(begun.elapsed() < PATIENCE, "no rate");
        running.post("/predict", &customer("u", 3.0)).expect(200);
        running.post("/predict", &customer("u", -3.0)).expect(200);
        std::thread::sleep(Duration::from_millis(100));
    }
    for (query, holds) in [
        ("up{job=\"churn-api\"}", (1.0, 1.0)),
        (
            "max(rate(churn_api_requests_total{path=\"/predict\",status=\"200\"}[5m]))",
            (1e-6, 1e4),
        ),
        (
            "sum(rate(churn_api_requests_total{status=~\"5..\"}[5m]))",
            (0.0, 0.0),
        ),
        (
            "histogram_quantile(0.95, sum by (le) (rate(churn_api_request_latency_seconds_bucket{path=\"/predict\"}[5m])))",
            (1e-9, 10.0),
        ),
        (
            "sum(rate(model_predictions_total{class=\"churn\"}[5m])) / sum(rate(model_predictions_total[5m]))",
            (0.2, 0.8),
        ),
        ("sum(model_prediction_baseline_ratio)", (1.0, 1.0)),
        ("count(churn_model_info)", (1.0, 1.0)),
        ("rate(process_cpu_seconds_total[5m])", (0.0, 10.0)),
    ] {
        let found = value(query).expect(query);
        assert!((holds.0..=holds.1).contains(&found), "{query}: {found}");
    }
}

#[test]
fn a_whole_number_of_64_bits_is_a_user_id() {
    // 2^53 - 1 is the largest that a double holds with all before it; Parquet's INT64 and UINT64 go on.
    let running = Running::start(&scoring(), &[]);
    for id in [
        1_000_000_000_000_001,
        9_007_199_254_740_991,
        716_277_643_516_076_033,
        u64::MAX,
    ] {
        let mut body = customer("u", 3.0);
        body["user_id"] = id.into();
        let answer = running.post("/predict", &body).expect(200).text();
        assert!(answer.contains(&format!("\"user_id\":{id}")), "{answer}");
    }
}
