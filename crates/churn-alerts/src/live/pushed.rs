//! A false score at the Pushgateway, until the gateway confirms that it does not have it any more.

use std::collections::BTreeMap;

use churn_base::error::Result;
use churn_base::text::shell_word;
use churn_http::client::{Cancel, Client};
use churn_metrics::gateway::{GroupingKey, PushMethod, delete, holdings, push};
use jiff::Timestamp;

/// A score that is above every threshold that makes sense.
const SCORE: f64 = 10.0;

/// A group that may be at the gateway.
pub(super) struct Pushed<'a> {
    gateway: &'a Client,
    /// The same, for taking back: a signal ends its calls a little later.
    clean: Client,
    key: &'a GroupingKey,
    /// Whether there is anything to take back.
    is_pushed: bool,
    /// Whether the gateway did not have it once, after it was pushed.
    was_gone: bool,
    came_back: bool,
}

impl<'a> Pushed<'a> {
    pub(super) fn new(gateway: &'a Client, key: &'a GroupingKey, clean_up: Cancel) -> Self {
        Self {
            gateway,
            clean: gateway.clone().with_cancel(clean_up),
            key,
            is_pushed: false,
            was_gone: false,
            came_back: false,
        }
    }

    pub(super) fn push(&mut self, text: &str) -> Result<()> {
        // Before it is sent: an answer may be lost.
        self.is_pushed = true;
        push(self.gateway, self.key, PushMethod::Put, text, false).map(|_| ())
    }

    /// Deletes the group unless the gateway says that it does not have it. To be called again and
    /// again: a gateway takes note of a deletion after it has answered, and one with a persistence
    /// file brings back what it had saved when it is restarted.
    ///
    /// Returns whether it is gone.
    pub(super) fn take_back(&mut self) -> Result<bool> {
        let is_there = |client: &Client| -> Result<bool> {
            let holdings = holdings(client)?;
            Ok(holdings
                .groups
                .iter()
                .any(|group| group.key.is_same(self.key)))
        };
        if self.was_gone {
            if !is_there(&self.clean)? {
                return Ok(true);
            }
            self.came_back = true;
        }
        delete(&self.clean, self.key)?;
        self.was_gone = !is_there(&self.clean)?;
        Ok(self.was_gone)
    }

    /// Tells whether there may be anything to take back.
    pub(super) const fn is_pushed(&self) -> bool {
        self.is_pushed
    }

    /// Tells whether the group came back after it was gone.
    pub(super) const fn came_back(&self) -> bool {
        self.came_back
    }

    /// Returns the command that deletes the group by hand.
    pub(super) fn command(&self) -> String {
        let place = self.gateway.url().join(&self.key.path());
        format!("curl -fsS -X DELETE {}", shell_word(&place))
    }
}

/// Writes the series of a false score, dated by the clock of who will judge their age.
pub(super) fn exposition(series: &[(String, BTreeMap<String, String>)], now: Timestamp) -> String {
    let mut text = String::new();
    for (name, labels) in series {
        let value = match name.as_str() {
            "model_drift_score" => SCORE,
            name if name.ends_with("_timestamp_seconds") => now.as_second() as f64,
            _ => 1.0,
        };
        let labels = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""));
        let labels: Vec<String> = labels.collect();
        text.push_str(&format!(
            "# TYPE {name} gauge\n{name}{{{}}} {value}\n",
            labels.join(",")
        ));
    }
    text
}
