//! Did a notification arrive? A receiver of our own shows it; of a foreign one Alertmanager's counters
//! tell whether it took what was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::alertmanager::{Alertmanager, Counters};
use super::patience::{Interrupted, Patience, Waited};
use super::prometheus_api::{list, text};
use crate::alerts::routing::{Configuration, Decision, Labels, Leaf};
use crate::error::Result;
use crate::http::catch::Catcher;

/// What a notification may take beyond the time that the configuration says.
const SLACK: Duration = Duration::from_secs(20);

/// What became of the notifications.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Delivery {
    /// All were taken, after so long.
    Taken(Duration),
    /// These integrations failed.
    Refused(Vec<String>),
    /// Nothing was sent by these in time.
    Silent(Vec<String>, Duration),
}

/// Payloads that were caught: by receiver, and how many alerts of ours each held.
pub(super) type Caught = BTreeMap<String, usize>;

/// Waits for notifications.
pub(super) struct Watch<'a> {
    pub(super) alertmanager: &'a Alertmanager,
    pub(super) catcher: Option<&'a Catcher>,
    pub(super) patience: &'a Patience,
    /// The label and its value by which our alerts are known.
    pub(super) mark: (&'a str, &'a str),
}

impl Watch<'_> {
    /// Waits until each of these integrations has sent something, or one has failed. `sends` are
    /// kinds of integrations and how many of each are to send.
    pub(super) fn wait(
        &self,
        before: &Counters,
        sends: &BTreeMap<String, usize>,
        most: Duration,
        caught: &mut Caught,
        show: &mut dyn FnMut(&Value),
    ) -> Result<Result<Delivery>, Interrupted> {
        let most = most + SLACK;
        let mut silent: Vec<String> = sends.keys().cloned().collect();
        let waited = self.patience.wait(most, || {
            self.collect(caught, show);
            let now = self.alertmanager.counters()?;
            let rise = |now, before, kind: &str| Counters::rise(now, before, kind);
            let refused: Vec<String> = sends
                .keys()
                .filter(|kind| {
                    rise(&now.failed, &before.failed, kind) > 0.0
                        || rise(&now.failed_requests, &before.failed_requests, kind) > 0.0
                })
                .cloned()
                .collect();
            if !refused.is_empty() {
                return Ok(Some(Err(refused)));
            }
            silent = sends
                .iter()
                .filter(|(kind, count)| {
                    rise(&now.requests, &before.requests, kind) < **count as f64
                })
                .map(|(kind, _)| kind.clone())
                .collect();
            Ok(silent.is_empty().then_some(Ok(())))
        })?;
        self.collect(caught, show);
        Ok(waited.map(|waited| match waited {
            Waited::Came(Ok(()), after) => Delivery::Taken(after),
            Waited::Came(Err(kinds), _) => Delivery::Refused(kinds),
            Waited::InVain => Delivery::Silent(silent, most),
        }))
    }

    /// Counts our alerts among what was caught.
    fn collect(&self, caught: &mut Caught, show: &mut dyn FnMut(&Value)) {
        let (label, value) = self.mark;
        for payload in self.catcher.map(Catcher::caught).unwrap_or_default() {
            let ours = list(&payload, "alerts").iter().filter(|alert| {
                let labels = alert.get("labels");
                labels.is_some_and(|labels| text(labels, label) == value)
                    && text(alert, "status") == "firing"
            });
            let count = ours.count();
            if count > 0 {
                *caught.entry(text(&payload, "receiver")).or_insert(0) += count;
                show(&payload);
            }
        }
    }
}

/// Returns the kinds of integrations that these alerts are sent by, and how many notifications each
/// is to make: one for every receiver and group.
pub(super) fn sends<'a>(
    configuration: &Configuration,
    alerts: impl Iterator<Item = (&'a Labels, &'a Decision)>,
) -> BTreeMap<String, usize> {
    let mut groups: BTreeSet<(String, Labels)> = BTreeSet::new();
    for (labels, decision) in alerts {
        let leaves = decision
            .leaves
            .iter()
            .filter(|leaf| leaf.muted_by.is_none());
        groups.extend(leaves.map(|leaf| (leaf.receiver.clone(), group_labels(leaf, labels))));
    }
    let mut sends = BTreeMap::new();
    for (name, _) in &groups {
        let receiver = configuration.receivers.iter().find(|one| one.name == *name);
        for kind in receiver.map_or(&[][..], |one| &one.kinds) {
            *sends.entry(kind.clone()).or_insert(0) += 1;
        }
    }
    sends
}

fn group_labels(leaf: &Leaf, labels: &Labels) -> Labels {
    let all = leaf.group_by.iter().any(|by| by == "...");
    let own = labels
        .iter()
        .filter(|(name, _)| all || leaf.group_by.contains(name));
    own.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Returns how long a notification by this route may take: for a group that is new `group_wait`,
/// for one that is there until its next `group_interval`.
pub(super) fn expected(
    alertmanager: &Alertmanager,
    leaf: &Leaf,
    labels: &Labels,
) -> Result<Duration> {
    let group = group_labels(leaf, labels);
    let is_there = alertmanager.has_group(&leaf.receiver, &group)?;
    let text = if is_there {
        &leaf.group_interval
    } else {
        &leaf.group_wait
    };
    let milliseconds = crate::alerts::duration::parse(text).unwrap_or(300_000);
    Ok(Duration::from_millis(milliseconds))
}
