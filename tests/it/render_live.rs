//! The plain flavor under a real Prometheus: `serve` and a Pushgateway as its targets, the rules loaded,
//! and the dashboards' queries answered.

use std::process::{Child, Stdio};

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Random, Table};
use crate::models::scoring;
use crate::servers::{Server, eventually, free_address, http};

/// A process that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Customers with a feature, a score and what became of them.
fn scored(rows: usize, seed: u64, shift: f64) -> Table {
    let mut random = Random::new(seed);
    let visits: Vec<f64> = random
        .normals(rows)
        .iter()
        .map(|visit| visit + shift)
        .collect();
    let scores: Vec<f64> = visits
        .iter()
        .map(|visit| 1.0 / (1.0 + (-visit).exp()))
        .collect();
    let labels: Vec<u8> = scores
        .iter()
        .map(|score| u8::from(random.chance(*score)))
        .collect();
    Table::default()
        .with("visits", visits)
        .with("churn_risk", scores)
        .with("churn_label", labels)
}

/// The queries of a rendered dashboard, Grafana's variables filled in.
fn queries(churnctl: &Churnctl, board: &str) -> Vec<(String, String)> {
    let file = format!("k8s/dashboards/configmap-{board}-dashboard.yaml");
    let text = String::from_utf8(churnctl.read(&file)).expect("UTF-8");
    let tree: Value = serde_saphyr::from_str(&text).expect("YAML");
    let json = tree["data"][format!("{board}.json")]
        .as_str()
        .expect("the board");
    let board: Value = serde_json::from_str(json).expect("JSON");
    let mut queries = Vec::new();
    for panel in board["panels"].as_array().expect("panels") {
        let title = panel["title"].as_str().expect("a title");
        for target in panel["targets"].as_array().expect("targets") {
            let expr = target["expr"].as_str().expect("PromQL");
            let expr = expr
                .replace("$namespace", "churn-mlops")
                .replace("$model", "churn")
                .replace("$__rate_interval", "10s");
            queries.push((title.to_owned(), expr));
        }
    }
    queries
}

#[test]
fn targets_are_up_rules_are_healthy_and_dashboards_have_data() {
    let churnctl = scoring()
        .table("baseline.csv", &scored(2000, 11, 0.0))
        .table(
            "now.csv",
            &scored(1000, 12, 1.0).with(
                "day",
                (0..1000).map(|row| format!("2026-01-0{}", 1 + row % 2)),
            ),
        );
    let Some(gateway) = Server::pushgateway("", &[]) else {
        return;
    };
    // The real API with a real model.
    let api = free_address();
    let listen = api.to_string();
    let serve = [
        "serve",
        "--listen",
        &listen,
        "--model",
        crate::models::PRODUCTION,
    ];
    let mut command = churnctl.command(&serve);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let _api = Ended(command.spawn().expect("start serve"));
    eventually("serve is ready", || {
        http(api, "GET", "/ready", "").filter(|(status, _)| *status == 200)
    });
    let gateway_url = gateway.url();
    let target = |address: &str| address.trim_start_matches("http://").to_owned();
    let sets = [
        format!("plain.api_targets={api}"),
        format!("plain.pushgateway_targets={}", target(&gateway_url)),
        "plain.node_targets=".to_owned(),
        // Nobody listens there: that no Alertmanager answers is not a fault of a rule.
        "plain.alertmanager_targets=127.0.0.1:9".to_owned(),
        "plain.interval=1s".to_owned(),
    ];
    let mut render = vec![
        "render-manifests",
        "--flavor",
        "plain",
        "--output-dir",
        "plain",
        "-q",
    ];
    sets.iter().for_each(|set| render.extend(["--set", set]));
    churnctl.run(&render).expect(ExitCode::Ok);
    churnctl
        .run(&["render-manifests", "--output-dir", "k8s", "-q"])
        .expect(ExitCode::Ok);
    let text = |name: &str| String::from_utf8(churnctl.read(name)).expect("UTF-8");
    let rules = text("plain/rules.yml");
    let files = [("rules.yml", rules.as_str())];
    let Some(prometheus) = Server::prometheus(&text("plain/prometheus.yml"), &files) else {
        return;
    };
    // What the jobs of a day push.
    let drift = [
        "drift",
        "--baseline",
        "baseline.csv",
        "--current",
        "now.csv",
        "--time",
        "day",
        "--score",
        "churn_risk",
        "--label",
        "churn_label",
        "--push-gateway",
        &gateway_url,
        "-q",
    ];
    churnctl.run(&drift).expect(ExitCode::CheckFailed);
    let train = [
        "train",
        "current.csv",
        "--label",
        "churn",
        "--positive",
        "Yes",
        "--model",
        "logistic",
        "-q",
    ];
    churnctl.run(&train).expect(ExitCode::Ok);
    let push = [
        "push-metrics",
        "artifacts/metrics/train_latest.json",
        "--gateway",
        &gateway_url,
        "--job",
        "churn-retrain",
        "-q",
    ];
    churnctl.run(&push).expect(ExitCode::Ok);

    eventually("both targets are up", || {
        let targets = prometheus.json("/api/v1/targets");
        let active = targets["data"]["activeTargets"]
            .as_array()
            .expect("targets")
            .clone();
        let up = active
            .iter()
            .filter(|target| target["health"] == "up")
            .count();
        (active.len() == 2 && up == 2).then_some(())
    });
    let body = r#"{"user_id": "u1", "features": {"visits": 0.1, "noise": 0.2, "plan": "pro"}}"#;
    let wrong = r#"{"user_id": "u1", "features": {"vists": 0.1}}"#;
    let predict = || {
        let (status, answer) = http_json(api, "/predict", body);
        assert_eq!(status, 200, "{answer}");
        assert_eq!(http_json(api, "/predict", wrong).0, 422);
    };
    for board in ["churn-api", "churn-drift", "churn-quality"] {
        for (title, query) in queries(&churnctl, board) {
            eventually(&format!("{board}: {title}: {query}"), || {
                predict();
                (!prometheus.query(&query).is_empty()).then_some(())
            });
        }
    }
    let rules = eventually("every rule is evaluated", || {
        let rules = prometheus.json("/api/v1/rules");
        let groups = rules["data"]["groups"].as_array().expect("groups").clone();
        let all: Vec<Value> = groups
            .iter()
            .flat_map(|group| group["rules"].as_array().expect("rules").clone())
            .collect();
        all.iter()
            .all(|rule| rule["health"] != "unknown")
            .then_some(all)
    });
    let rendered = text("plain/rules.yml").matches("- alert: ").count();
    assert!(rendered >= 10 && rules.len() == rendered, "{rendered}");
    for rule in &rules {
        assert_eq!(rule["health"], "ok", "{rule}");
    }
    let becomes = |name: &str, state: &str| {
        eventually(&format!("{name} is {state}"), || {
            let rules = prometheus.json("/api/v1/rules?type=alert");
            let groups = rules["data"]["groups"].as_array().expect("groups").clone();
            let mut all = groups
                .iter()
                .flat_map(|group| group["rules"].as_array().expect("rules").clone());
            all.find(|rule| rule["name"] == name && rule["state"] == state)
        });
    };
    // The shift is strong: the rule waits for its `for` only. The API is up, so nobody is woken.
    becomes("ModelDataDrift", "pending");
    becomes("ChurnApiDown", "inactive");
}

fn http_json(address: std::net::SocketAddr, path: &str, body: &str) -> (u16, String) {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).expect("connect");
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("send");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), answer)
}
