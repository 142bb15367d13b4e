//! An alert per rule, sent on purpose: with the rule's labels and annotations, marked, and never left
//! behind, however the run ends.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::alertmanager::{Alertmanager, Known, alert};
use super::delivery::{Caught, Delivery, Watch, expected, sends};
use super::patience::{Interrupted, Patience, Waited};
use super::retrain;
use super::step::Step;
use crate::alerts::promql::{self, labels_of};
use crate::alerts::routing::{Configuration, Decision, Labels, decide};
use crate::alerts::rule::Rule;
use crate::error::Result;
use crate::http::catch::Catcher;

/// The label by which our alerts are known.
pub(super) const MARK: &str = "churnctl_test";
/// How long Alertmanager may take to know an alert that it was sent.
const KNOWN_WITHIN: Duration = Duration::from_secs(10);

/// What is needed to send alerts on purpose.
pub struct Synthetic<'a> {
    /// Alertmanager.
    pub alertmanager: &'a Alertmanager,
    /// Its running configuration.
    pub running: &'a Configuration,
    /// The configuration in the files, if there is one: who should be told.
    pub wanted: Option<&'a Configuration>,
    /// Labels that Prometheus adds to what it sends.
    pub external_labels: &'a [(String, String)],
    /// A receiver of our own.
    pub catcher: Option<&'a Catcher>,
    /// Whether a retrain may be started.
    pub allow_retrain: bool,
    /// The value of the mark: unique to this run.
    pub id: &'a str,
    /// Waits, unless somebody wants to stop.
    pub patience: &'a Patience,
}

struct Planned<'a> {
    rule: &'a Rule,
    labels: Labels,
    decision: Decision,
    inhibits: bool,
}

/// Sends an alert for each rule, the ones for the same receivers together, and resolves them all.
/// `say` hears what takes time, `show` sees payloads that were caught.
///
/// # Errors
/// The outer one if somebody wants to stop, the inner one with 69 if Alertmanager stays away. Either
/// way the alerts are resolved, as far as Alertmanager can be reached.
pub fn send(
    with: &Synthetic<'_>,
    rules: &[&Rule],
    steps: &mut Vec<Step>,
    say: &dyn Fn(&str),
    show: &mut dyn FnMut(&Value),
) -> Result<Result<()>, Interrupted> {
    let mut batches: Vec<Vec<Planned<'_>>> = Vec::new();
    let now = Timestamp::now();
    for rule in rules {
        let labels = with.labels(rule);
        let decision = decide(with.running, &labels, &[], Some(now));
        if let Some(why) = retrain::danger(&labels, &decision).filter(|_| !with.allow_retrain) {
            let hint = "--allow-retrain sends it";
            let name = format!("alert {}", rule.name);
            steps.push(Step::skip(name, format!("not sent: {why}"), hint));
            continue;
        }
        let routed = decision.routed();
        // Those that inhibit others come later: by then the others have been sent.
        let inhibits = with.running.inhibitions.iter().any(|inhibition| {
            let mut sources = inhibition.sources.iter();
            sources.all(|matcher| matcher.is_match(&labels))
        });
        let same = |batch: &&mut Vec<Planned<'_>>| {
            batch
                .first()
                .is_some_and(|one| one.decision.routed() == routed && one.inhibits == inhibits)
        };
        let planned = Planned {
            rule,
            labels,
            decision,
            inhibits,
        };
        match batches.iter_mut().find(same) {
            Some(batch) => batch.push(planned),
            None => batches.push(vec![planned]),
        }
    }
    batches.sort_by_key(|batch| batch.first().is_some_and(|one| one.inhibits));
    let mut sent = Sent {
        alertmanager: with.alertmanager,
        alerts: Vec::new(),
        total: batches.iter().map(Vec::len).sum(),
    };
    let mut caught = Caught::new();
    for batch in &batches {
        match with.batch(batch, &mut sent, steps, &mut caught, say, show)? {
            Ok(()) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
    if with.catcher.is_some() {
        steps.push(match caught.is_empty() {
            true => Step::fail(
                "catch",
                "nothing arrived at the receiver of ours",
                "point a webhook of a receiver at the address of --catch",
            ),
            false => {
                let parts = caught
                    .iter()
                    .map(|(receiver, count)| format!("{count} by {receiver}"));
                let parts: Vec<String> = parts.collect();
                Step::pass("catch", format!("alerts arrived: {}", parts.join(", ")))
            }
        });
    }
    Ok(with.clean_up(sent, steps))
}

impl Synthetic<'_> {
    /// The labels that the alert of a rule has, as far as its expression tells, and the mark.
    fn labels(&self, rule: &Rule) -> Labels {
        let mut labels = Labels::new();
        if let Ok(expr) = promql::parse(&rule.expr.value) {
            let possible = labels_of(&expr);
            for selector in promql::selectors(&expr) {
                for (name, value) in selector
                    .equalities()
                    .filter(|(name, _)| possible.may_have(name))
                {
                    labels
                        .entry(name.to_owned())
                        .or_insert_with(|| value.to_owned());
                }
            }
        }
        for (name, value) in self.external_labels {
            labels.entry(name.clone()).or_insert_with(|| value.clone());
        }
        for (name, scalar) in &rule.labels {
            labels.insert(name.clone(), scalar.value.clone());
        }
        labels.insert("alertname".to_owned(), rule.name.clone());
        labels.insert(MARK.to_owned(), self.id.to_owned());
        labels
    }

    fn batch(
        &self,
        batch: &[Planned<'_>],
        sent: &mut Sent<'_>,
        steps: &mut Vec<Step>,
        caught: &mut Caught,
        say: &dyn Fn(&str),
        show: &mut dyn FnMut(&Value),
    ) -> Result<Result<()>, Interrupted> {
        macro_rules! tried {
            ($call:expr) => {
                match $call {
                    Ok(value) => value,
                    Err(error) => return Ok(Err(error)),
                }
            };
        }
        self.patience.check()?;
        let Some(first) = batch.first() else {
            return Ok(Ok(()));
        };
        let mut most = Duration::ZERO;
        for planned in batch {
            for leaf in &planned.decision.leaves {
                most = most.max(tried!(expected(self.alertmanager, leaf, &planned.labels)));
            }
        }
        let before = tried!(self.alertmanager.counters());
        tried!(sent.send(batch, most));
        let receivers = first.decision.routed().join(", ");
        say(&format!(
            "sent {} of {} alerts for {receivers}: by the configuration it takes up to {:.0} s",
            batch.len(),
            sent.total,
            most.as_secs_f64()
        ));
        let known = tried!(self.patience.wait(KNOWN_WITHIN, || {
            let known = self.alertmanager.alerts(MARK, self.id)?;
            let all = batch.iter().all(|planned| find(&known, planned).is_some());
            Ok(all.then_some(known))
        })?);
        let known = match known {
            Waited::Came(known, _) => known,
            Waited::InVain => tried!(self.alertmanager.alerts(MARK, self.id)),
        };
        // Of those that are inhibited or silenced nothing is sent.
        let active = batch.iter().filter(|planned| {
            find(&known, planned).is_some_and(|known| known.state != "suppressed")
        });
        let sends = sends(
            self.running,
            active.map(|planned| (&planned.labels, &planned.decision)),
        );
        let delivery = match sends.is_empty() {
            true => None,
            false => {
                let watch = Watch {
                    alertmanager: self.alertmanager,
                    catcher: self.catcher,
                    patience: self.patience,
                    mark: (MARK, self.id),
                };
                Some(tried!(watch.wait(&before, &sends, most, caught, show)?))
            }
        };
        for planned in batch {
            steps.push(self.judge(planned, find(&known, planned), delivery.as_ref()));
        }
        Ok(Ok(()))
    }

    fn judge(
        &self,
        planned: &Planned<'_>,
        known: Option<&Known>,
        delivery: Option<&Delivery>,
    ) -> Step {
        let name = format!("alert {}", planned.rule.name);
        let Some(known) = known else {
            let hint = "does its API take alerts, or does a proxy keep them?";
            return Step::fail(name, "sent, but Alertmanager does not have it", hint);
        };
        let told = known.receivers.join(", ");
        if let Some(wanted) = self.wanted {
            let decision = decide(wanted, &planned.labels, &[], None);
            let (mut want, mut have) = (decision.routed(), known.receivers.clone());
            want.sort();
            have.sort();
            if want != have {
                let line = decision
                    .leaves
                    .first()
                    .map_or(wanted.line, |leaf| leaf.line);
                let message = format!(
                    "goes to {told}, wanted {} ({}:{line})",
                    want.join(", "),
                    wanted.source.name
                );
                return Step::fail(
                    name,
                    message,
                    "the route is missing in the running configuration",
                );
            }
        }
        let default = self.running.root.line;
        let by_default = !self.running.root.routes.is_empty()
            && planned
                .decision
                .leaves
                .iter()
                .all(|leaf| leaf.line == default);
        let route = if by_default {
            " (no route takes it but the default)"
        } else {
            ""
        };
        let muted = planned.decision.is_muted();
        match (delivery, known.state == "suppressed") {
            (_, true) => {
                let why = if known.silenced {
                    "silenced"
                } else {
                    "inhibited by another alert"
                };
                Step::pass(
                    name,
                    format!("goes to {told}{route}; {why} now, so that nothing is sent"),
                )
            }
            (None, false) if muted => Step::pass(name, format!("goes to {told}{route}; muted now")),
            (None, false) => {
                let hint = "give the receiver an integration, or the alert a route";
                Step::fail(
                    name,
                    format!("goes to {told}{route}, which sends nothing to anybody"),
                    hint,
                )
            }
            (Some(Delivery::Taken(after)), false) => {
                let message = format!(
                    "goes to {told}{route}, taken after {:.1} s",
                    after.as_secs_f64()
                );
                Step::pass(name, message)
            }
            (Some(Delivery::Refused(kinds)), false) => {
                let message = format!(
                    "goes to {told}{route}, but {} fails to send",
                    kinds.join(", ")
                );
                Step::fail(
                    name,
                    message,
                    "Alertmanager's log has the receiver's answer",
                )
            }
            (Some(Delivery::Silent(kinds, _)), false) if muted => Step::pass(
                name,
                format!(
                    "goes to {told}; muted now, nothing sent by {}",
                    kinds.join(", ")
                ),
            ),
            (Some(Delivery::Silent(kinds, most)), false) => {
                let message = format!(
                    "goes to {told}{route}, but {} sent nothing within {:.0} s",
                    kinds.join(", "),
                    most.as_secs_f64()
                );
                Step::fail(name, message, "Alertmanager's log says why")
            }
        }
    }

    /// Resolves everything and looks whether it is gone.
    fn clean_up(&self, mut sent: Sent<'_>, steps: &mut Vec<Step>) -> Result<()> {
        let count = sent.alerts.len();
        if count == 0 {
            return Ok(());
        }
        sent.resolve()?;
        let begin = std::time::Instant::now();
        let left = loop {
            let left = self.alertmanager.alerts(MARK, self.id)?.len();
            if left == 0 || begin.elapsed() > KNOWN_WITHIN {
                break left;
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        steps.push(match left {
            0 => Step::pass("clean-up", format!("{count} resolved, none fires")),
            _ => Step::fail(
                "clean-up",
                format!("{left} of {count} still fire"),
                format!("they end by themselves; they have {MARK}=\"{}\"", self.id),
            ),
        });
        Ok(())
    }
}

fn find<'a>(known: &'a [Known], planned: &Planned<'_>) -> Option<&'a Known> {
    let name = planned.labels.get("alertname");
    known
        .iter()
        .find(|one| one.labels.get("alertname") == name && one.state != "unprocessed")
}

/// What was sent; resolved when it goes.
struct Sent<'a> {
    alertmanager: &'a Alertmanager,
    alerts: Vec<(Labels, Labels, Timestamp)>,
    /// How many alerts there are to send in all.
    total: usize,
}

impl Sent<'_> {
    fn send(&mut self, batch: &[Planned<'_>], most: Duration) -> Result<()> {
        let now = Timestamp::now();
        // If nobody resolves them they end by themselves.
        let life =
            SignedDuration::try_from(most * 2).unwrap_or_default() + SignedDuration::from_secs(120);
        let ends = now.checked_add(life).unwrap_or(now);
        let mut bodies = Vec::new();
        for planned in batch {
            let annotations = annotations(planned.rule);
            bodies.push(alert(&planned.labels, &annotations, now, ends));
            // Before they are sent: an answer may be lost.
            self.alerts.push((planned.labels.clone(), annotations, now));
        }
        self.alertmanager.post(&bodies)
    }

    fn resolve(&mut self) -> Result<()> {
        let now = Timestamp::now();
        let bodies: Vec<Value> = self
            .alerts
            .drain(..)
            .map(|(labels, annotations, begins)| alert(&labels, &annotations, begins, now))
            .collect();
        match bodies.is_empty() {
            true => Ok(()),
            false => self.alertmanager.post(&bodies),
        }
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        // Whoever ended the run is told of its reason; what is left ends by itself.
        let _ = self.resolve();
    }
}

/// The texts of the rule, marked as a test, with templates as they are written.
fn annotations(rule: &Rule) -> Labels {
    let texts = rule.annotations.iter();
    let mut texts: Labels = texts
        .map(|(name, scalar)| (name.clone(), scalar.value.clone()))
        .collect();
    let summary = texts.remove("summary").unwrap_or_else(|| rule.name.clone());
    texts.insert("summary".to_owned(), format!("[TEST] {summary}"));
    texts
}
