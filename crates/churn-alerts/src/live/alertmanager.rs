//! Alertmanager's API, as far as a proof needs it.

use std::sync::Arc;
use std::time::Duration;

use churn_base::error::{Error, Result};
use churn_base::percent;
use churn_http::client::{Cancel, Client, Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::ServerClock;
use super::counters::Counters;
use super::prometheus_api::{list, text};
use super::step::Step;
use crate::node::Source;
use crate::promql::quoted;
use crate::routing::{Configuration, Labels, read_file};
use crate::yaml::documents;

/// Alertmanager.
pub struct Alertmanager {
    client: Client,
    clock: ServerClock,
}

/// An alert as Alertmanager has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) labels: Labels,
    pub(super) fingerprint: String,
    pub(super) receivers: Vec<String>,
    /// `active`, `suppressed` or `unprocessed`.
    pub(super) state: String,
    /// Fingerprints of the alerts that inhibit it.
    pub(super) inhibited_by: Vec<String>,
    /// Ids of the silences.
    pub(super) silenced_by: Vec<String>,
}

impl Known {
    /// Tells whether nothing is sent of it, to anybody.
    pub(super) fn is_suppressed(&self) -> bool {
        !self.inhibited_by.is_empty() || !self.silenced_by.is_empty()
    }
}

/// Alerts that one receiver is told of together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) receiver: String,
    pub(super) labels: Labels,
    /// Labels of its alerts.
    pub(super) alerts: Vec<Labels>,
    /// Time intervals that mute it; 0.28 and newer tell them.
    pub(super) muted_by: Vec<String>,
}

impl Alertmanager {
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

    /// Returns the URL, without credentials.
    #[must_use]
    pub fn url(&self) -> String {
        self.client.url().to_string()
    }

    /// Returns how long it may stay away.
    pub(super) const fn deadline(&self) -> Duration {
        self.client.deadline()
    }

    /// Returns its own time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn call(&self, request: &Request) -> Result<Response> {
        let response = self.client.call(request)?;
        self.clock.hear(&response);
        Ok(response)
    }

    fn get(&self, path: impl Into<String>) -> Result<Value> {
        self.call(&Request::get(path))?.json()
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
        Step::pass(
            "alertmanager",
            format!("{url} is ready{version}{difference}"),
        )
    }

    /// Waits until it is ready; returns its version and its running configuration.
    ///
    /// # Errors
    /// Fails with 69 if it stays away, with 65 if its configuration cannot be read.
    pub fn status(&self) -> Result<(String, Configuration)> {
        self.call(&Request::get("/-/ready"))?;
        let json = self.get("/api/v2/status")?;
        let version = json.pointer("/versionInfo/version").and_then(Value::as_str);
        let yaml = json.pointer("/config/original").and_then(Value::as_str);
        let source = Arc::new(Source {
            name: "Alertmanager's configuration".to_owned(),
            text: yaml.unwrap_or_default().to_owned(),
        });
        let document = documents(&source)?.into_iter().next();
        let document = document.ok_or_else(|| {
            Error::bad_input("Alertmanager shows no configuration")
                .hint("is it an Alertmanager, version 0.16 or newer?")
        })?;
        let configuration = read_file(&source, &document)?;
        Ok((version.unwrap_or_default().to_owned(), configuration))
    }

    /// Sends alerts.
    pub(super) fn post(&self, alerts: &[Value]) -> Result<()> {
        let request = Request::post_json("/api/v2/alerts", &alerts)?;
        self.call(&request).map(|_| ())
    }

    /// Returns the alerts that fire and have this label.
    pub(super) fn alerts(&self, label: &str, value: &str) -> Result<Vec<Known>> {
        let filter = percent::part(&format!("{label}={}", quoted(value)));
        self.known(&format!("?filter={filter}"))
    }

    /// Returns the names of the alerts with these fingerprints.
    pub(super) fn names(&self, fingerprints: &[String]) -> Result<Vec<String>> {
        // There is no filter by fingerprint.
        let all = self.known("")?;
        let wanted = all
            .iter()
            .filter(|one| fingerprints.contains(&one.fingerprint));
        let names = wanted.filter_map(|one| one.labels.get("alertname").cloned());
        Ok(names.collect())
    }

    fn known(&self, query: &str) -> Result<Vec<Known>> {
        let json = self.get(format!("/api/v2/alerts{query}"))?;
        let alerts = json.as_array().map_or(&[][..], Vec::as_slice).iter();
        Ok(alerts
            .map(|alert| {
                let status = alert.get("status").cloned().unwrap_or_default();
                Known {
                    labels: labels(alert),
                    fingerprint: text(alert, "fingerprint"),
                    receivers: list(alert, "receivers")
                        .iter()
                        .map(|receiver| text(receiver, "name"))
                        .collect(),
                    state: text(&status, "state"),
                    inhibited_by: texts(&status, "inhibitedBy"),
                    silenced_by: texts(&status, "silencedBy"),
                }
            })
            .collect())
    }

    /// Returns a silence in words: who, why, until when.
    pub(super) fn silence(&self, id: &str) -> Result<String> {
        let json = self.get(format!("/api/v2/silence/{}", percent::part(id)))?;
        let (by, comment) = (text(&json, "createdBy"), text(&json, "comment"));
        let until = text(&json, "endsAt");
        Ok(format!("silence {id} of {by} until {until}: \"{comment}\""))
    }

    /// Returns the groups of these receivers.
    pub(super) fn groups(&self, receivers: &[String]) -> Result<Vec<Group>> {
        // A regular expression, anchored by the server.
        let names: Vec<String> = receivers.iter().map(|name| regex::escape(name)).collect();
        let filter = percent::part(&names.join("|"));
        let json = self.get(format!("/api/v2/alerts/groups?receiver={filter}"))?;
        let groups = json.as_array().map_or(&[][..], Vec::as_slice).iter();
        Ok(groups
            .map(|group| {
                let alerts = list(group, "alerts");
                let status = alerts.first().and_then(|alert| alert.get("status"));
                Group {
                    receiver: group
                        .get("receiver")
                        .map(|receiver| text(receiver, "name"))
                        .unwrap_or_default(),
                    labels: labels(group),
                    alerts: alerts.iter().map(labels).collect(),
                    muted_by: status.map_or_else(Vec::new, |status| texts(status, "mutedBy")),
                }
            })
            .collect())
    }

    /// Returns what its metrics say of notifications.
    pub(super) fn counters(&self) -> Result<Counters> {
        let response = self.call(&Request::get("/metrics"))?;
        Ok(Counters::read(&response.body))
    }
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    let texts = list(value, name).iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

fn labels(value: &Value) -> Labels {
    let labels = value.get("labels").and_then(Value::as_object);
    let pairs = labels.into_iter().flatten();
    pairs
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// Returns the body of an alert.
pub(super) fn alert(
    labels: &Labels,
    annotations: &Labels,
    begins: Timestamp,
    ends: Timestamp,
) -> Value {
    json!({
        "labels": labels,
        "annotations": annotations,
        "startsAt": begins.to_string(),
        "endsAt": ends.to_string(),
    })
}
