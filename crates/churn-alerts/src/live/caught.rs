//! Alerts that a receiver of ours caught.

use std::collections::BTreeMap;

/// Alerts of ours that were caught: receiver, name of the alert, how often.
#[derive(Debug, Default)]
pub(super) struct Caught {
    pub(super) alerts: BTreeMap<(String, String), usize>,
}

impl Caught {
    /// Tells whether this receiver told us of this alert.
    pub(super) fn has(&self, receiver: &str, alert: &str) -> bool {
        let key = (receiver.to_owned(), alert.to_owned());
        self.alerts.contains_key(&key)
    }

    /// Returns how many alerts came, by receiver.
    pub(super) fn by_receiver(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for ((receiver, _), count) in &self.alerts {
            *counts.entry(receiver.as_str()).or_insert(0) += count;
        }
        counts
    }
}
