//! Prometheus' API, as far as a proof needs it.

use std::collections::BTreeMap;
use std::time::Duration;

use churn_base::error::{Error, Result};
use churn_base::percent;
use churn_http::client::{Cancel, Client, Request};
use jiff::Timestamp;
use serde_json::Value;

use super::clock::ServerClock;
use super::step::Step;
use crate::duration;
use crate::node::{Node, Source};
use crate::yaml::documents;

/// Prometheus.
pub struct Prometheus {
    client: Client,
    clock: ServerClock,
}

/// A rule as it is loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    pub name: String,
    pub group: String,
    /// The file, as the server names it.
    pub file: String,
    pub expr: String,
    pub(crate) wait_seconds: f64,
    pub(crate) keep_firing_seconds: f64,
    /// Most alerts of a rule of its group; 0 for any number.
    pub limit: f64,
    pub labels: Value,
    pub(super) annotations: Value,
    pub(super) health: String,
    pub(super) last_error: String,
    /// Seconds between evaluations of its group.
    pub interval_seconds: f64,
    /// Alerts that are pending or firing: labels and state.
    pub(super) alerts: Vec<(Value, String)>,
}

impl Prometheus {
    /// Takes the client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            clock: ServerClock::default(),
        }
    }

    /// Returns the same, whose calls end when `cancel` says so.
    pub(super) fn with_cancel(&self, cancel: Cancel) -> Self {
        Self {
            client: self.client.clone().with_cancel(cancel),
            clock: self.clock.clone(),
        }
    }

    /// Returns its own time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns a step that says that it is there, and whether its clock differs from ours.
    #[must_use]
    pub fn is_ready(&self, version: &str) -> Step {
        let (url, difference) = (self.url(), self.clock.difference());
        // What stands in front of it may leave the version out.
        let version = match version {
            "" => String::new(),
            version => format!(", version {version}"),
        };
        Step::pass("prometheus", format!("{url} is ready{version}{difference}"))
    }

    /// Returns the URL, without credentials.
    #[must_use]
    pub fn url(&self) -> String {
        self.client.url().to_string()
    }

    /// Returns the client, for answers that are too large to be read as any JSON.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    fn get(&self, path: &str) -> Result<Value> {
        let response = self.client.call(&Request::get(path))?;
        self.clock.hear(&response);
        let json: Value = response.json()?;
        Ok(json.get("data").cloned().unwrap_or(Value::Null))
    }

    /// Waits until it is ready, and returns its version.
    ///
    /// # Errors
    /// Fails with 69 if it stays away.
    pub fn version(&self) -> Result<String> {
        self.client.call(&Request::get("/-/ready"))?;
        Ok(text(&self.get("/api/v1/status/buildinfo")?, "version"))
    }

    /// Returns the alerting rules.
    pub fn rules(&self) -> Result<Vec<Loaded>> {
        let data = self.get("/api/v1/rules?type=alert")?;
        let mut loaded = Vec::new();
        for group in list(&data, "groups") {
            for rule in list(group, "rules") {
                loaded.push(Loaded {
                    name: text(rule, "name"),
                    group: text(group, "name"),
                    file: text(group, "file"),
                    expr: text(rule, "query"),
                    wait_seconds: number(rule, "duration"),
                    keep_firing_seconds: number(rule, "keepFiringFor"),
                    limit: number(group, "limit"),
                    labels: rule.get("labels").cloned().unwrap_or_default(),
                    annotations: rule.get("annotations").cloned().unwrap_or_default(),
                    health: text(rule, "health"),
                    last_error: text(rule, "lastError"),
                    interval_seconds: number(group, "interval"),
                    alerts: list(rule, "alerts")
                        .iter()
                        .map(|alert| {
                            let labels = alert.get("labels").cloned().unwrap_or_default();
                            (labels, text(alert, "state"))
                        })
                        .collect(),
                });
            }
        }
        Ok(loaded)
    }

    /// Returns how many series an expression selects now.
    pub(super) fn count(&self, selector: &str) -> Result<f64> {
        let query = percent::part(&format!("count({selector})"));
        let data = self.get(&format!("/api/v1/query?query={query}"))?;
        let value = data.pointer("/result/0/value/1").and_then(Value::as_str);
        Ok(value.and_then(|value| value.parse().ok()).unwrap_or(0.0))
    }

    /// Returns the targets that are scraped: name of the pool and URL, health, last error, interval.
    pub(super) fn targets(&self) -> Result<Vec<Target>> {
        let data = self.get("/api/v1/targets?state=active")?;
        let targets = list(&data, "activeTargets").iter().map(|target| Target {
            name: format!(
                "{} {}",
                text(target, "scrapePool"),
                text(target, "scrapeUrl")
            ),
            health: text(target, "health"),
            last_error: text(target, "lastError"),
            interval: duration::parse(&text(target, "scrapeInterval"))
                .map_or(Duration::from_secs(60), Duration::from_millis),
        });
        Ok(targets.collect())
    }

    /// Returns the URLs of the Alertmanagers that it sends to.
    pub(super) fn alertmanagers(&self) -> Result<Vec<String>> {
        let data = self.get("/api/v1/alertmanagers")?;
        let active = list(&data, "activeAlertmanagers").iter();
        Ok(active.map(|one| text(one, "url")).collect())
    }

    /// Returns the labels that it adds to every alert it sends.
    ///
    /// # Errors
    /// Fails with 69 if it stays away.
    pub fn external_labels(&self) -> Result<Vec<(String, String)>> {
        let configuration = self.configuration()?;
        let labels = configuration
            .as_ref()
            .and_then(|document| document.at(&["global", "external_labels"]));
        let entries = labels.map_or(&[][..], Node::entries).iter();
        let pairs =
            entries.map(|(key, value)| (key.name.clone(), value.scalar().unwrap_or_default()));
        Ok(pairs.collect())
    }

    /// Returns the configuration that it runs with.
    fn configuration(&self) -> Result<Option<Node>> {
        let data = self.get("/api/v1/status/config")?;
        let source = std::sync::Arc::new(Source {
            name: "Prometheus' configuration".to_owned(),
            text: text(&data, "yaml"),
        });
        Ok(documents(&source)?.into_iter().next())
    }

    /// Returns the time between two scrapes where no job says another, in milliseconds.
    ///
    /// # Errors
    /// Fails with 69 if it stays away.
    pub fn scrape_interval(&self) -> Result<Option<u64>> {
        self.global_time("scrape_interval")
    }

    /// Returns the time between two evaluations where no group says another, in milliseconds.
    ///
    /// # Errors
    /// Fails with 69 if it stays away.
    pub fn evaluation_interval(&self) -> Result<Option<u64>> {
        self.global_time("evaluation_interval")
    }

    /// Returns its time, in milliseconds since 1970.
    ///
    /// # Errors
    /// Fails with 69 if it stays away, with 65 if it does not answer as Prometheus does.
    pub fn server_time(&self) -> Result<i64> {
        let data = self.get("/api/v1/query?query=time()")?;
        let seconds = data.pointer("/result/0").and_then(Value::as_f64);
        let odd = || {
            let error = Error::bad_input(format!("{} does not tell its time", self.url()));
            error.hint("is it a Prometheus, and is the path before /api/v1 part of the URL?")
        };
        Ok((seconds.ok_or_else(odd)? * 1000.0) as i64)
    }

    fn global_time(&self, key: &str) -> Result<Option<u64>> {
        let configuration = self.configuration()?;
        let interval = configuration
            .as_ref()
            .and_then(|document| document.at(&["global", key]));
        let interval = interval.and_then(Node::scalar);
        Ok(interval.and_then(|text| duration::parse(&text)))
    }

    /// Returns how long it keeps samples, in milliseconds; none where only their size limits it.
    ///
    /// # Errors
    /// Fails with 69 if it stays away.
    pub fn retention(&self) -> Result<Option<u64>> {
        let data = self.get("/api/v1/status/runtimeinfo")?;
        // As in `15d`, `15d or 10GiB`, `10GiB`.
        let said = text(&data, "storageRetention");
        Ok(said.split_whitespace().next().and_then(duration::parse))
    }

    /// Returns the types of metrics that targets declare; one that several targets declare in
    /// different ways is left out.
    ///
    /// # Errors
    /// Fails with 69 if it stays away.
    pub fn metric_types(&self) -> Result<BTreeMap<String, String>> {
        let data = self.get("/api/v1/metadata")?;
        let mut types = BTreeMap::new();
        for (name, declared) in data.as_object().into_iter().flatten() {
            let mut kinds: Vec<String> = declared
                .as_array()
                .into_iter()
                .flatten()
                .map(|one| text(one, "type"))
                .collect();
            kinds.sort();
            kinds.dedup();
            if let [kind] = kinds.as_slice() {
                types.insert(name.clone(), kind.clone());
            }
        }
        Ok(types)
    }
}

/// What Prometheus scrapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) health: String,
    pub(super) last_error: String,
    pub(super) interval: Duration,
}

pub(super) fn text(value: &Value, key: &str) -> String {
    let found = value.get(key).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

fn number(value: &Value, key: &str) -> f64 {
    value.get(key).and_then(Value::as_f64).unwrap_or(0.0)
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    let found = value.get(key).and_then(Value::as_array);
    found.map_or(&[], Vec::as_slice)
}
