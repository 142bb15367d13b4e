//! Alertmanager's webhook payload, version 4: only what is used, whatever else newer versions send.

use std::collections::BTreeMap;

use churn_base::json_words::in_plain_words;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// A notification: a group of alerts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    /// Version of the layout, as a text.
    pub version: String,
    /// Which receiver of Alertmanager's configuration sends it.
    #[serde(default)]
    pub receiver: String,
    /// Which group it is.
    #[serde(default)]
    pub group_key: String,
    /// Alerts that Alertmanager left out.
    #[serde(default)]
    pub truncated_alerts: u64,
    /// The alerts, firing and resolved.
    pub alerts: Vec<Alert>,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// `firing` or `resolved`.
    pub status: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// When it began.
    pub starts_at: String,
    /// Alertmanager's hash of the labels.
    #[serde(default)]
    pub fingerprint: String,
    /// What it says to people.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// Why a body is not a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl Payload {
    /// Reads a payload.
    ///
    /// # Errors
    /// Fails if it is not JSON, not of version 4, or an alert lacks its status, labels or start.
    /// Does *not* fail on members that nobody knows.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| {
            Unreadable(format!("The body is not JSON: {}.", in_plain_words(&error)))
        })?;
        match value.get("version") {
            Some(Value::String(version)) if version == "4" => {}
            Some(other) => {
                let shown: String = other.to_string().chars().take(40).collect();
                return Err(Unreadable(format!(
                    "This is for Alertmanager's webhook of version \"4\", not {shown}."
                )));
            }
            None => {
                return Err(Unreadable(
                    "The body has no \"version\": is it Alertmanager's webhook, without a payload of your own?"
                        .to_owned(),
                ));
            }
        }
        let payload: Self = serde_json::from_value(value).map_err(|error| {
            let why = in_plain_words(&error);
            Unreadable(format!("The payload is not as version 4 has it: {why}."))
        })?;
        for alert in &payload.alerts {
            if alert.starts_at().is_none() {
                return Err(Unreadable(
                    "An alert has a \"startsAt\" that is not a time.".to_owned(),
                ));
            }
        }
        Ok(payload)
    }
}

impl Alert {
    /// Returns the alert's name, empty if it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.label("alertname").unwrap_or_default()
    }

    /// Returns a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }

    /// Returns when it began, if that is a time.
    #[must_use]
    pub fn starts_at(&self) -> Option<Timestamp> {
        self.starts_at.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(name: &str) -> Value {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/data")
            .join(name);
        let text = std::fs::read_to_string(path).expect("the recorded request");
        let request: Value = serde_json::from_str(&text).expect("JSON");
        request["body"].clone()
    }

    fn read(value: &Value) -> Result<Payload, Unreadable> {
        Payload::read(value.to_string().as_bytes())
    }

    #[test]
    fn real_payloads_are_read() {
        let firing = read(&recorded("alertmanager-webhook.json")).expect("a payload");
        assert_eq!(firing.receiver, "ml-alerts");
        let [alert] = &firing.alerts[..] else {
            panic!("one alert: {firing:?}");
        };
        assert_eq!(
            (alert.status.as_str(), alert.name()),
            ("firing", "ChurnDataDriftJobFailed")
        );
        assert_eq!(alert.fingerprint, "ce7ea005a18cee98");
        assert!(alert.starts_at().is_some());
        let resolved = read(&recorded("alertmanager-webhook-resolved.json")).expect("a payload");
        assert_eq!(resolved.alerts[0].status, "resolved");
    }

    #[test]
    fn what_newer_versions_add_does_no_harm() {
        let mut value = recorded("alertmanager-webhook.json");
        value["notification_reason"] = "repeat".into();
        value["alerts"][0]["routeLabels"] = serde_json::json!({"a": 1});
        assert!(read(&value).is_ok());
        // Members that we only tell of may be absent.
        for name in ["receiver", "groupKey", "truncatedAlerts", "externalURL"] {
            value.as_object_mut().expect("an object").remove(name);
        }
        assert!(read(&value).is_ok());
    }

    #[test]
    fn what_is_no_payload_is_refused_with_a_reason() {
        let with = |pointer: &str, to: Value| {
            let mut value = recorded("alertmanager-webhook.json");
            *value.pointer_mut(pointer).expect(pointer) = to;
            read(&value).expect_err(pointer).0
        };
        assert!(with("/version", "3".into()).contains("not \"3\""));
        assert!(with("/version", 4.into()).contains("not 4"));
        assert!(with("/alerts", Value::Null).contains("version 4"));
        assert!(with("/alerts/0/labels", 1.into()).contains("version 4"));
        assert!(with("/alerts/0/startsAt", "noon".into()).contains("not a time"));
        for text in ["", "[]", "null", "{}", "{\"version\":\"4\"}", "\u{0}"] {
            assert!(Payload::read(text.as_bytes()).is_err(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(Payload::read(deep.as_bytes()).is_err());
    }
}
