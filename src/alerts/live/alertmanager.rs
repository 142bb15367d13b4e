//! Alertmanager's API, as far as a proof needs it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::prometheus_api::{list, text};
use crate::alerts::node::{Source, documents};
use crate::alerts::routing::{Configuration, Labels};
use crate::error::{Error, Result};
use crate::http::client::{Client, Request};
use crate::percent;

/// Alertmanager.
pub struct Alertmanager {
    client: Client,
}

/// An alert as Alertmanager has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) labels: Labels,
    pub(super) receivers: Vec<String>,
    /// `active`, `suppressed` or `unprocessed`.
    pub(super) state: String,
    pub(super) inhibited: bool,
    pub(super) silenced: bool,
}

/// How often notifications were tried and failed, by integration.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Counters {
    /// Requests that were answered, well or badly.
    pub(super) requests: BTreeMap<String, f64>,
    /// Those that came to a bad one.
    pub(super) failed: BTreeMap<String, f64>,
    /// Requests that failed and may be tried again.
    pub(super) failed_requests: BTreeMap<String, f64>,
}

impl Counters {
    /// Returns how much a counter rose since.
    pub(super) fn rise(
        now: &BTreeMap<String, f64>,
        then: &BTreeMap<String, f64>,
        kind: &str,
    ) -> f64 {
        let value = |all: &BTreeMap<String, f64>| all.get(kind).copied().unwrap_or(0.0);
        value(now) - value(then)
    }
}

impl Alertmanager {
    /// Takes the client.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    /// Returns the URL, without credentials.
    #[must_use]
    pub fn url(&self) -> String {
        self.client.url().to_string()
    }

    /// Waits until it is ready; returns its version and its running configuration.
    ///
    /// # Errors
    /// Fails with 69 if it stays away, with 65 if its configuration cannot be read.
    pub fn status(&self) -> Result<(String, Configuration)> {
        self.client.call(&Request::get("/-/ready"))?;
        let json: Value = self.client.call(&Request::get("/api/v2/status"))?.json()?;
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
        let configuration = Configuration::of_file(&source, &document)?;
        Ok((version.unwrap_or_default().to_owned(), configuration))
    }

    /// Sends alerts.
    pub(super) fn post(&self, alerts: &[Value]) -> Result<()> {
        let request = Request::post_json("/api/v2/alerts", &alerts)?;
        self.client.call(&request).map(|_| ())
    }

    /// Returns the alerts that fire and have this label.
    pub(super) fn alerts(&self, label: &str, value: &str) -> Result<Vec<Known>> {
        let filter = percent::part(&format!("{label}=\"{value}\""));
        let request = Request::get(format!("/api/v2/alerts?filter={filter}"));
        let json: Value = self.client.call(&request)?.json()?;
        let alerts = json.as_array().map_or(&[][..], Vec::as_slice).iter();
        Ok(alerts
            .map(|alert| {
                let status = alert.get("status").cloned().unwrap_or_default();
                Known {
                    labels: labels(alert),
                    receivers: list(alert, "receivers")
                        .iter()
                        .map(|receiver| text(receiver, "name"))
                        .collect(),
                    state: text(&status, "state"),
                    inhibited: !list(&status, "inhibitedBy").is_empty(),
                    silenced: !list(&status, "silencedBy").is_empty(),
                }
            })
            .collect())
    }

    /// Tells whether a receiver has a group of these labels already.
    pub(super) fn has_group(&self, receiver: &str, group_labels: &Labels) -> Result<bool> {
        let filter = percent::part(receiver);
        let request = Request::get(format!("/api/v2/alerts/groups?receiver={filter}"));
        let json: Value = self.client.call(&request)?.json()?;
        let groups = json.as_array().map_or(&[][..], Vec::as_slice);
        Ok(groups.iter().any(|group| labels(group) == *group_labels))
    }

    /// Returns what its metrics say of notifications.
    pub(super) fn counters(&self) -> Result<Counters> {
        let response = self.client.call(&Request::get("/metrics"))?;
        let body = String::from_utf8_lossy(&response.body).into_owned();
        let family = |name: &str| {
            let mut sums = BTreeMap::new();
            for line in body.lines() {
                let Some(rest) = line
                    .strip_prefix(name)
                    .and_then(|rest| rest.strip_prefix('{'))
                else {
                    continue;
                };
                let Some((labels, value)) = rest.rsplit_once('}') else {
                    continue;
                };
                let kind = labels
                    .split("integration=\"")
                    .nth(1)
                    .and_then(|rest| rest.split('"').next());
                let value = value.trim().parse::<f64>();
                if let (Some(kind), Ok(value)) = (kind, value) {
                    *sums.entry(kind.to_owned()).or_insert(0.0) += value;
                }
            }
            sums
        };
        Ok(Counters {
            // Not alertmanager_notifications_total, which counts what was begun.
            requests: family("alertmanager_notification_requests_total"),
            failed: family("alertmanager_notifications_failed_total"),
            failed_requests: family("alertmanager_notification_requests_failed_total"),
        })
    }
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
