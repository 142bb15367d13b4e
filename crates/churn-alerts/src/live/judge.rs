//! One step for one alert: where it goes, and for each receiver what was seen of its notification.

use churn_base::error::Result;

use super::alertmanager::{Alertmanager, Group, Known};
use super::caught::Caught;
use super::delivery::Fates;
use super::fate::Fate;
use super::step::{Outcome, Step};
use crate::routing::{Configuration, Decision, Leaf};

/// What was seen of an alert that was sent on purpose.
pub(super) struct Evidence<'a> {
    pub(super) running: &'a Configuration,
    pub(super) fates: &'a Fates,
    pub(super) caught: &'a Caught,
    /// The groups that it is in, as Alertmanager had them at the end.
    pub(super) groups: &'a [Group],
    /// The label and its value by which our alerts are known.
    pub(super) mark: (&'a str, &'a str),
}

const NOT_OBSERVABLE: &str = "Alertmanager counts by receiver with --enable-feature=receiver-name-in-metrics \
                              (0.27 and newer); --catch shows what arrives at a webhook of yours";

/// Returns why nothing is sent of an alert, to anybody; none if something is.
pub(super) fn suppression(alertmanager: &Alertmanager, known: &Known) -> Result<Option<String>> {
    if let Some(id) = known.silenced_by.first() {
        let silence = alertmanager.silence(id)?;
        return Ok(Some(match known.silenced_by.len() - 1 {
            0 => format!("silenced by {silence}"),
            more => format!("silenced by {silence} and {more} more"),
        }));
    }
    if known.inhibited_by.is_empty() {
        return Ok(None);
    }
    // They may have been resolved meanwhile, and all alerts may be more than an answer may hold.
    let names = alertmanager.names(&known.inhibited_by).unwrap_or_default();
    Ok(Some(match names.is_empty() {
        true => "inhibited by another alert".to_owned(),
        false => format!("inhibited by {}", names.join(", ")),
    }))
}

/// Judges an alert of which nothing is sent.
pub(super) fn suppressed(name: String, goes: &str, why: &str) -> Step {
    let message = format!("{goes}; {why}; nothing is sent");
    let hint = "its delivery was not tried; run this again when nothing holds it back";
    Step::skip(name, message, hint)
}

impl Evidence<'_> {
    /// Judges an alert that is to be sent by these routes.
    pub(super) fn judge(&self, name: String, goes: &str, alert: &str, decision: &Decision) -> Step {
        let seen: Vec<(Outcome, String)> = decision
            .leaves
            .iter()
            .flat_map(|leaf| self.receiver(leaf, alert))
            .collect();
        let has = |outcome| seen.iter().any(|(one, _)| *one == outcome);
        let texts: Vec<&str> = seen.iter().map(|(_, text)| text.as_str()).collect();
        let message = format!("{goes}; {}", texts.join("; "));
        if has(Outcome::Fail) {
            return Step::fail(name, message, "Alertmanager's log says why");
        }
        if has(Outcome::Unseen) {
            return Step::unseen(name, message, NOT_OBSERVABLE);
        }
        match has(Outcome::Pass) {
            true => Step::pass(name, message),
            false => Step::skip(name, message, "run this again outside of the mute times"),
        }
    }

    fn receiver(&self, leaf: &Leaf, alert: &str) -> Vec<(Outcome, String)> {
        let name = &leaf.receiver;
        let mut receivers = self.running.receivers.iter();
        let kinds = receivers.find(|one| one.name == *name);
        let mut kinds = kinds.map_or_else(Vec::new, |one| one.kinds.clone());
        if kinds.is_empty() {
            let text = format!("the receiver {name} has no integration, so nobody is told");
            return vec![(Outcome::Fail, text)];
        }
        let is_one_webhook = kinds.iter().filter(|kind| *kind == "webhook").count() == 1;
        kinds.sort();
        kinds.dedup();
        let caught = Fate::Arrived("seen by --catch".to_owned());
        let several = kinds.len() > 1;
        let judged = kinds.iter().map(|kind| {
            let key = (name.clone(), kind.clone());
            let fate = match self.fates.get(&key) {
                Some(Fate::Failed(_) | Fate::Unseen(_)) | None
                    if kind == "webhook" && is_one_webhook && self.caught.has(name, alert) =>
                {
                    Some(&caught)
                }
                fate => fate,
            };
            let by = if several {
                format!(" by {kind}")
            } else {
                String::new()
            };
            match (fate, self.muted(leaf, alert)) {
                (Some(Fate::Arrived(how)), _) => {
                    (Outcome::Pass, format!("arrived at {name}{by} {how}"))
                }
                (_, Some(interval)) => {
                    (Outcome::Skip, format!("{name} is muted by {interval} now"))
                }
                (Some(Fate::Unseen(why)), None) => (
                    Outcome::Unseen,
                    format!("{name}{by}: sent, delivery not observable: {why}"),
                ),
                (Some(Fate::Failed(text)), None) => (Outcome::Fail, format!("{name}: {text}")),
                (None, None) => (
                    Outcome::Skip,
                    format!("{name}{by}: held back when it was sent, not any more"),
                ),
            }
        });
        judged.collect()
    }

    /// Returns the time interval that mutes a route: as Alertmanager says, else by the configuration.
    fn muted(&self, leaf: &Leaf, alert: &str) -> Option<String> {
        let (label, value) = self.mark;
        let told = self.groups.iter().find(|group| {
            group.receiver == leaf.receiver
                && !group.muted_by.is_empty()
                && group.alerts.iter().any(|labels| {
                    let has = |name: &str, value: &str| {
                        labels.get(name).is_some_and(|known| known == value)
                    };
                    has(label, value) && has("alertname", alert)
                })
        });
        told.map(|group| group.muted_by.join(", "))
            .or_else(|| leaf.muted_by.clone())
    }
}
