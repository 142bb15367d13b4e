//! Asks the running servers: are our targets up, our rules loaded and healthy, does Alertmanager know
//! our receiver, does kube-state-metrics tell of our Jobs?

use std::time::Duration;

use churn_base::error::{Error, Result};
use churn_base::percent;
use churn_http::client::{Access, Client, Policy, Request};
use serde_json::Value;

use super::expected::Expected;
use super::finding::{Check, Finding};
use super::inventory::{items_at, text_at};

/// Where the servers are, if they can be reached from here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LiveAt {
    /// Prometheus.
    pub prometheus: Option<String>,
    /// Alertmanager.
    pub alertmanager: Option<String>,
}

/// Asks the servers that can be reached.
///
/// # Errors
/// Fails with 64 if an address is none. Does *not* fail if nobody answers.
pub fn ask(at: &LiveAt, expected: &Expected) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    match &at.prometheus {
        Some(url) => {
            let client = client("Prometheus", url)?;
            found.extend(prometheus(&client, expected));
        }
        None => found.push(Finding::skip(
            Check::Live,
            "prometheus",
            "not asked; kubectl port-forward svc/prometheus-operated -n monitoring 9090, then --prometheus-url http://127.0.0.1:9090",
        )),
    }
    if let Some(url) = &at.alertmanager {
        let client = client("Alertmanager", url)?;
        found.push(alertmanager(&client, expected));
    }
    Ok(found)
}

fn client(server: &'static str, url: &str) -> Result<Client> {
    let policy = Policy::within(Duration::from_secs(5), Duration::from_secs(10));
    let url = url.parse().map_err(Error::usage)?;
    Client::new(server, url, &Access::default(), policy)
}

fn get(client: &Client, path: &str) -> Result<Value, String> {
    let answer = client.call(&Request::get(path));
    let answer = answer.map_err(|error| error.to_string())?;
    answer.json().map_err(|error| error.to_string())
}

fn prometheus(client: &Client, expected: &Expected) -> Vec<Finding> {
    vec![
        targets(client, expected),
        rules(client, expected),
        jobs(client, expected),
    ]
}

fn targets(client: &Client, expected: &Expected) -> Finding {
    let (check, subject) = (Check::Live, format!("targets of {}", expected.api));
    let answer = match get(client, "/api/v1/targets?state=active") {
        Ok(answer) => answer,
        Err(why) => return unreachable(subject, why),
    };
    let ours: Vec<&Value> = items_at(&answer, "/data/activeTargets")
        .iter()
        .filter(|target| {
            target["labels"]["namespace"] == expected.namespace.as_str()
                && target["labels"]["service"] == expected.api.as_str()
        })
        .collect();
    if ours.is_empty() {
        return Finding::fail(
            check,
            subject,
            "Prometheus scrapes none",
            format!(
                "kubectl get servicemonitor {} -n {} -o yaml   # then see service_monitors and services above",
                expected.api, expected.namespace
            ),
        );
    }
    let down = ours.iter().find(|target| target["health"] != "up");
    match down {
        None => Finding::pass(check, subject, format!("{} up", ours.len())),
        Some(down) => Finding::fail(
            check,
            subject,
            format!(
                "{} is {}: {}",
                text_at(down, "/scrapeUrl").unwrap_or("one"),
                text_at(down, "/health").unwrap_or("not up"),
                text_at(down, "/lastError").unwrap_or_default()
            ),
            format!("kubectl get pods,networkpolicies -n {}", expected.namespace),
        ),
    }
}

fn rules(client: &Client, expected: &Expected) -> Finding {
    let (check, subject) = (Check::Live, format!("rules of {}", expected.rules));
    let answer = match get(client, "/api/v1/rules?type=alert") {
        Ok(answer) => answer,
        Err(why) => return unreachable(subject, why),
    };
    // The Operator names files after namespace and object.
    let file = format!("{}-{}", expected.namespace, expected.rules);
    let ours: Vec<&Value> = items_at(&answer, "/data/groups")
        .iter()
        .filter(|group| text_at(group, "/file").is_some_and(|path| path.contains(&file)))
        .flat_map(|group| items_at(group, "/rules"))
        .collect();
    if ours.is_empty() {
        return Finding::fail(
            check,
            subject,
            "Prometheus has loaded none",
            format!(
                "kubectl get prometheusrule {} -n {} -o yaml   # then see rules above",
                expected.rules, expected.namespace
            ),
        );
    }
    match ours.iter().find(|rule| rule["health"] == "err") {
        None => Finding::pass(check, subject, format!("{} loaded", ours.len())),
        Some(bad) => Finding::fail(
            check,
            subject,
            format!(
                "{}: {}",
                text_at(bad, "/name").unwrap_or("one"),
                text_at(bad, "/lastError").unwrap_or("fails")
            ),
            "churnctl alerts lint k8s/monitoring",
        ),
    }
}

fn jobs(client: &Client, expected: &Expected) -> Finding {
    let (check, subject) = (Check::KubeStateMetrics, "kube_job_owner".to_owned());
    let query = |label: &str| {
        let namespace = &expected.namespace;
        let promql = format!("count(kube_job_owner{{{label}=\"{namespace}\"}})");
        let path = format!("/api/v1/query?query={}", percent::part(&promql));
        let answer = get(client, &path)?;
        Ok::<bool, String>(!items_at(&answer, "/data/result").is_empty())
    };
    match (query("namespace"), query("exported_namespace")) {
        (Ok(true), _) => Finding::pass(check, subject, "kube-state-metrics tells of our Jobs"),
        (Ok(false), Ok(true)) => Finding::fail(
            check,
            subject,
            "the label is exported_namespace: kube-state-metrics is scraped without honorLabels, and no rule on Jobs matches",
            "set honorLabels: true in the ServiceMonitor of kube-state-metrics",
        ),
        (Ok(false), Ok(false)) => Finding::warn(
            check,
            subject,
            "no series of our Jobs yet",
            format!("kubectl get jobs -n {}", expected.namespace),
        ),
        (Err(why), _) | (_, Err(why)) => unreachable(subject, why),
    }
}

fn alertmanager(client: &Client, expected: &Expected) -> Finding {
    let (check, subject) = (Check::Live, "alertmanager".to_owned());
    match get(client, "/api/v2/receivers") {
        Err(why) => unreachable(subject, why),
        Ok(receivers) => {
            // The Operator puts the namespace before the name.
            let prefix = format!("{}/", expected.namespace);
            let ours: Vec<&str> = items_at(&receivers, "")
                .iter()
                .filter_map(|receiver| text_at(receiver, "/name"))
                .filter(|name| name.starts_with(&prefix))
                .collect();
            match ours.is_empty() {
                false => Finding::pass(check, subject, format!("receivers {}", ours.join(", "))),
                true => Finding::fail(
                    check,
                    subject,
                    format!("it has no receiver of namespace {}", expected.namespace),
                    "kubectl get alertmanagerconfig -A   # then see alertmanager above",
                ),
            }
        }
    }
}

fn unreachable(subject: String, why: String) -> Finding {
    Finding::skip(Check::Live, subject, why)
}
