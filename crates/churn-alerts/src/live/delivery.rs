//! Did a notification arrive? A receiver of our own shows it; of a foreign one only a counter of that
//! receiver does, where Alertmanager has one. What neither shows is not claimed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use churn_base::error::Result;
use churn_http::catch::Catcher;
use serde_json::Value;

use super::alertmanager::{Alertmanager, Group};
use super::caught::Caught;
use super::counters::Counters;
use super::fate::{Fate, Sight, Target};
use super::patience::{Interrupted, Patience};
use super::prometheus_api::{list, text};
use crate::routing::{Configuration, Decision, Labels, Leaf};

/// What a notification may take beyond the time that the configuration says.
const SLACK: Duration = Duration::from_secs(20);

/// Waits for notifications.
pub(super) struct Watch<'a> {
    pub(super) alertmanager: &'a Alertmanager,
    pub(super) catcher: Option<&'a Catcher>,
    pub(super) patience: &'a Patience,
    /// The label and its value by which our alerts are known.
    pub(super) mark: (&'a str, &'a str),
}

/// What became of the notifications, by receiver and integration.
pub(super) type Fates = BTreeMap<(String, String), Fate>;

impl Watch<'_> {
    /// Waits until it is known what became of each notification, or no longer can be.
    pub(super) fn wait(
        &self,
        before: &Counters,
        targets: &[Target],
        caught: &mut Caught,
        show: &mut dyn FnMut(&Value),
    ) -> Result<Result<Fates>, Interrupted> {
        let longest = targets.iter().map(|target| target.wait).max();
        let most = longest.unwrap_or_default() + SLACK;
        let (begin, mut fates) = (Instant::now(), Fates::new());
        let mut looks: Vec<Counters> = Vec::new();
        let waited = self.patience.wait(most + Duration::from_secs(60), || {
            self.collect(caught, show);
            looks.push(self.alertmanager.counters()?);
            let enough = looks.len().saturating_sub(3);
            looks.drain(..enough);
            let elapsed = begin.elapsed();
            for target in targets {
                for (kind, many) in &target.kinds {
                    let key = (target.receiver.clone(), kind.clone());
                    if fates.contains_key(&key) {
                        continue;
                    }
                    let sight = Sight {
                        before,
                        looks: &looks,
                        elapsed,
                        is_over: elapsed >= most,
                        all: targets,
                    };
                    let is_caught = *many == 1 && kind == "webhook" && target.is_caught(caught);
                    let fate = match is_caught {
                        true => Some(Fate::caught(elapsed)),
                        false => target.fate(kind, &sight),
                    };
                    fates.extend(fate.map(|fate| (key, fate)));
                }
            }
            let wanted: usize = targets.iter().map(|target| target.kinds.len()).sum();
            Ok((fates.len() == wanted).then_some(()))
        })?;
        // What arrived while the counters were read.
        self.collect(caught, show);
        Ok(waited.map(|_| fates))
    }

    /// Counts our alerts among what was caught.
    fn collect(&self, caught: &mut Caught, show: &mut dyn FnMut(&Value)) {
        let (label, value) = self.mark;
        for payload in self.catcher.map(Catcher::caught).unwrap_or_default() {
            let mut is_ours = false;
            for alert in list(&payload, "alerts") {
                let labels = alert.get("labels").cloned().unwrap_or_default();
                if text(&labels, label) == value && text(alert, "status") == "firing" {
                    let key = (text(&payload, "receiver"), text(&labels, "alertname"));
                    *caught.alerts.entry(key).or_insert(0) += 1;
                    is_ours = true;
                }
            }
            if is_ours {
                show(&payload);
            }
        }
    }
}

/// Returns what goes to each receiver because of these alerts, leaving out what is muted: one
/// notification for every group by each integration. `groups` are those of before.
pub(super) fn targets<'a>(
    configuration: &Configuration,
    groups: &[Group],
    mark: (&str, &str),
    alerts: impl Iterator<Item = (&'a Labels, &'a Decision)>,
) -> Vec<Target> {
    let mut targets: BTreeMap<String, Target> = BTreeMap::new();
    for (labels, decision) in alerts {
        for leaf in decision
            .leaves
            .iter()
            .filter(|leaf| leaf.muted_by.is_none())
        {
            let name = &leaf.receiver;
            let receiver = configuration.receivers.iter().find(|one| one.name == *name);
            let mut kinds = BTreeMap::new();
            for kind in receiver.map_or(&[][..], |one| &one.kinds) {
                *kinds.entry(kind.clone()).or_insert(0) += 1;
            }
            if kinds.is_empty() {
                continue;
            }
            let of_others = |group: &&Group| {
                let is_ours =
                    |labels: &Labels| labels.get(mark.0).is_some_and(|value| value == mark.1);
                group.receiver == *name && !group.alerts.iter().all(is_ours)
            };
            let target = targets.entry(name.clone()).or_insert_with(|| Target {
                receiver: name.clone(),
                kinds,
                groups: BTreeSet::new(),
                alerts: BTreeSet::new(),
                wait: Duration::ZERO,
                others: groups.iter().filter(of_others).count(),
            });
            let own = group_labels(leaf, labels);
            target.wait = target.wait.max(expected(groups, leaf, &own));
            target.groups.insert(own);
            let alert = labels.get("alertname").cloned();
            target.alerts.extend(alert);
        }
    }
    targets.into_values().collect()
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
fn expected(groups: &[Group], leaf: &Leaf, own: &Labels) -> Duration {
    let mut same = groups.iter();
    let text = match same.any(|group| group.receiver == leaf.receiver && group.labels == *own) {
        true => &leaf.group_interval,
        false => &leaf.group_wait,
    };
    let milliseconds = crate::duration::parse(text).unwrap_or(300_000);
    Duration::from_millis(milliseconds)
}
