//! The loop for real: a drift score is pushed, Prometheus' rule fires, Alertmanager delivers, one Job.

use std::time::{Duration, Instant};

use super::hook::{Listener, finish_all};
use super::{stub, within};
use crate::servers::{Server, http};

const RULES: &str = r#"
groups:
  - name: drift
    rules:
      - alert: ModelDataDrift
        expr: max by (model) (model_drift_score) > 0.25
        labels: {action: retrain, namespace: churn-mlops, severity: warning}
        annotations: {summary: "The customers have changed"}
"#;

fn push(gateway: &Server, score: f64) {
    let body = format!(
        "# TYPE model_drift_score gauge\nmodel_drift_score{{model=\"churn\",feature=\"age\"}} {score}\n"
    );
    let answer = http(gateway.address(), "PUT", "/metrics/job/churn-drift", &body);
    assert_eq!(answer.map(|(status, _)| status), Some(200));
}

#[test]
fn a_drift_starts_one_job_its_repetitions_none_and_the_next_drift_a_second() {
    let (server, churnctl) = stub();
    let listener = Listener::start(&churnctl, &["--cooldown", "2s"]);
    let Some(gateway) = Server::pushgateway("", &[]) else {
        return;
    };
    // Repeated at every group interval, as after `repeat_interval`.
    let Some(alertmanager) = Server::alertmanager(&format!(
        "route: {{receiver: retrain-hook, group_by: [namespace, alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1s}}\n\
         receivers:\n  - name: retrain-hook\n    webhook_configs:\n      - url: http://{}/alertmanager\n        send_resolved: false\n        \
         http_config: {{authorization: {{type: Bearer, credentials: s3cret}}}}\n",
        listener.address
    )) else {
        return;
    };
    let Some(prometheus) = Server::prometheus(
        &format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [rules.yml]\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: [\"{}\"]}}]}}]}}\n\
             scrape_configs: [{{job_name: pushgateway, honor_labels: true, static_configs: [{{targets: [\"{}\"]}}]}}]\n",
            alertmanager.address(),
            gateway.address()
        ),
        &[("rules.yml", RULES)],
    ) else {
        return;
    };
    let duplicates = || {
        let metrics = listener.get("/metrics").1;
        let line = metrics
            .lines()
            .find(|line| line.starts_with("churn_retrain_decisions_total{outcome=\"duplicate\"}"));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .expect("a count")
    };
    let patience = Duration::from_secs(60);
    push(&gateway, 0.1);
    within(patience, "the first scrape", || {
        (!prometheus.query("model_drift_score").is_empty()).then_some(())
    });
    assert!(server.jobs().is_empty());

    push(&gateway, 0.41);
    within(patience, "the first Job", || server.jobs().pop());
    // Three more deliveries of the same alert, a group interval each.
    within(patience, "three repetitions", || {
        (duplicates() >= 3).then_some(())
    });
    assert_eq!(server.jobs().len(), 1);
    finish_all(&server);
    // The cooldown is over, the alert still fires and is delivered: it has had its Job.
    let over = Instant::now() + Duration::from_secs(3);
    let before = duplicates();
    within(patience, "repetitions after the cooldown", || {
        (Instant::now() > over && duplicates() > before + 1).then_some(())
    });
    assert_eq!(server.jobs().len(), 1);

    push(&gateway, 0.1);
    within(patience, "the alert's end", || {
        let alerts = alertmanager.json("/api/v2/alerts?active=true");
        alerts.as_array().expect("a list").is_empty().then_some(())
    });
    push(&gateway, 0.5);
    within(patience, "the second Job", || {
        (server.jobs().len() == 2).then_some(())
    });
    let alerts: Vec<_> = server
        .all("jobs")
        .iter()
        .map(|job| job["metadata"]["annotations"]["churnctl.io/alert-starts-at"].clone())
        .collect();
    assert_ne!(alerts[0], alerts[1]);
}
