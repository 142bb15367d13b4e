//! Alerts that were sent on purpose, until Alertmanager confirms that none of them fires.

use std::time::Duration;

use churn_base::error::{Error, Result};
use churn_base::text::shell_word;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::alertmanager::{Alertmanager, alert};
use super::patience::Patience;
use super::step::Step;
use crate::routing::Labels;

/// Alerts of ours that Alertmanager may have.
#[derive(Default)]
pub(super) struct Sent {
    alerts: Vec<(Labels, Labels, Timestamp)>,
    /// When the last of them ends by itself, if nobody resolves it.
    ends: Option<Timestamp>,
}

/// Why alerts are not known to be gone.
enum Left {
    /// Alertmanager has so many of them.
    Firing(usize),
    /// It does not say.
    Unknown(Error),
}

impl Sent {
    /// Sends alerts, by Alertmanager's own clock. They end by themselves some time after `most`.
    pub(super) fn send(
        &mut self,
        alertmanager: &Alertmanager,
        alerts: Vec<(Labels, Labels)>,
        most: Duration,
    ) -> Result<()> {
        let now = alertmanager.now();
        let life =
            SignedDuration::try_from(most * 2).unwrap_or_default() + SignedDuration::from_secs(120);
        let ends = now.checked_add(life).unwrap_or(now);
        let mut bodies = Vec::new();
        for (labels, annotations) in alerts {
            bodies.push(alert(&labels, &annotations, now, ends));
            // Before they are sent: an answer may be lost.
            self.alerts.push((labels, annotations, now));
        }
        self.ends = self.ends.max(Some(ends));
        alertmanager.post(&bodies)
    }

    /// Resolves everything, and looks until Alertmanager confirms that it is gone or the time is up.
    /// The error is why it could not be asked.
    pub(super) fn clean_up(
        &self,
        alertmanager: &Alertmanager,
        patience: &Patience,
        (label, value): (&str, &str),
    ) -> Option<(Step, Option<Error>)> {
        let count = self.alerts.len();
        if count == 0 {
            return None;
        }
        let mut is_posted = false;
        let settled = patience.settle(alertmanager.deadline(), || {
            if !is_posted {
                self.resolve(alertmanager).map_err(Left::Unknown)?;
                is_posted = true;
            }
            let known = alertmanager.alerts(label, value);
            let left = known.map_err(Left::Unknown)?.len();
            Ok((left > 0).then_some(Left::Firing(left)))
        });
        let (what, error) = match settled {
            Ok(()) => {
                let message = format!("{count} resolved, none fires");
                return Some((Step::pass("clean-up", message), None));
            }
            Err(Left::Firing(left)) => (format!("{left} of {count} still fire"), None),
            Err(Left::Unknown(error)) => {
                let what = format!("whether {count} alerts still fire is not known: {error}");
                (what, Some(error))
            }
        };
        let ends = self
            .ends
            .map(|ends| format!(" at {ends}"))
            .unwrap_or_default();
        let message = format!("NOT cleaned up: {what}; they have {label}=\"{value}\"");
        let hint = format!(
            "they end by themselves{ends}; by hand: {}",
            self.command(alertmanager)
        );
        Some((Step::fail("clean-up", message, hint), error))
    }

    fn resolve(&self, alertmanager: &Alertmanager) -> Result<()> {
        let now = alertmanager.now();
        let bodies: Vec<Value> = self
            .alerts
            .iter()
            // One that ended before it began would be refused.
            .map(|(labels, annotations, begins)| {
                alert(labels, annotations, *begins, now.max(*begins))
            })
            .collect();
        alertmanager.post(&bodies)
    }

    /// Returns the command that resolves everything by hand. An end long ago needs no clock.
    fn command(&self, alertmanager: &Alertmanager) -> String {
        let bodies = self
            .alerts
            .iter()
            .map(|(labels, ..)| json!({"labels": labels, "endsAt": "2000-01-01T00:00:00Z"}));
        let body = Value::Array(bodies.collect()).to_string();
        let url = format!("{}/api/v2/alerts", alertmanager.url());
        format!(
            "curl -fsS -H 'Content-Type: application/json' -d {} {}",
            shell_word(&body),
            shell_word(&url)
        )
    }
}
