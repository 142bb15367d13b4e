//! An alert per rule, sent on purpose: with the rule's labels and annotations, marked, and never left
//! behind, however the run ends.

use std::time::Duration;

use churn_base::error::Result;
use churn_http::catch::Catcher;
use serde_json::Value;

use super::alertmanager::{Alertmanager, Known};
use super::caught::Caught;
use super::delivery::{Watch, targets};
use super::judge::{Evidence, suppressed, suppression};
use super::patience::{Interrupted, Patience, PollOutcome};
use super::retrain;
use super::sent::Sent;
use super::step::Step;
use crate::promql::{self, labels_of};
use crate::routing::{Configuration, Decision, Labels, decide};
use crate::rule::Rule;

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
/// way the alerts are resolved, and a step says whether Alertmanager confirmed it.
pub fn send(
    with: &Synthetic<'_>,
    rules: &[&Rule],
    steps: &mut Vec<Step>,
    say: &dyn Fn(&str),
    show: &mut dyn FnMut(&Value),
) -> Result<Result<()>, Interrupted> {
    let (batches, mut sent) = (with.batches(rules, steps), Sent::default());
    let outcome = with.send_all(&batches, &mut sent, steps, say, show);
    let cleaner = with
        .alertmanager
        .with_cancel(with.patience.cancel_clean_up());
    let cleaned = sent.clean_up(&cleaner, with.patience, (MARK, with.id));
    let Some((step, error)) = cleaned else {
        return outcome;
    };
    steps.push(step);
    match (outcome, error) {
        (Ok(Ok(())), Some(error)) => Ok(Err(error)),
        (outcome, _) => outcome,
    }
}

impl Synthetic<'_> {
    /// Plans an alert for each rule that may be sent; those for the same receivers go together.
    fn batches<'a>(&self, rules: &[&'a Rule], steps: &mut Vec<Step>) -> Vec<Vec<Planned<'a>>> {
        let mut batches: Vec<Vec<Planned<'a>>> = Vec::new();
        let now = self.alertmanager.now();
        for &rule in rules {
            let labels = self.labels(rule);
            let decision = decide(self.running, &labels, &[], Some(now));
            if let Some(why) = retrain::danger(&labels, &decision).filter(|_| !self.allow_retrain) {
                let hint = "--allow-retrain sends it";
                let name = format!("alert {}", rule.name);
                steps.push(Step::skip(name, format!("not sent: {why}"), hint));
                continue;
            }
            let routed = decision.routed();
            // Those that inhibit others come later: by then the others have been sent.
            let inhibits = self.running.inhibitions.iter().any(|inhibition| {
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
        batches
    }

    fn send_all(
        &self,
        batches: &[Vec<Planned<'_>>],
        sent: &mut Sent,
        steps: &mut Vec<Step>,
        say: &dyn Fn(&str),
        show: &mut dyn FnMut(&Value),
    ) -> Result<Result<()>, Interrupted> {
        let (mut caught, total) = (
            Caught::default(),
            batches.iter().map(Vec::len).sum::<usize>(),
        );
        for batch in batches {
            let say = |receivers: &str, most: Duration| {
                say(&format!(
                    "sent {} of {total} alerts for {receivers}: by the configuration it takes up to {:.0} s",
                    batch.len(),
                    most.as_secs_f64()
                ));
            };
            if let Err(error) = self.batch(batch, sent, steps, &mut caught, &say, show)? {
                return Ok(Err(error));
            }
        }
        if self.catcher.is_some() && total > 0 {
            let parts = caught.by_receiver().into_iter();
            let parts: Vec<String> = parts
                .map(|(receiver, count)| format!("{count} by {receiver}"))
                .collect();
            steps.push(match parts.is_empty() {
                true => Step::fail(
                    "catch",
                    "nothing arrived at the receiver of ours",
                    "point a webhook of a receiver at the address of --catch",
                ),
                false => Step::pass("catch", format!("alerts arrived: {}", parts.join(", "))),
            });
        }
        Ok(Ok(()))
    }

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
        sent: &mut Sent,
        steps: &mut Vec<Step>,
        caught: &mut Caught,
        say: &dyn Fn(&str, Duration),
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
        let (receivers, mark) = (first.decision.routed(), (MARK, self.id));
        let groups = tried!(self.alertmanager.groups(&receivers));
        let of = |planned: &[&Planned<'_>]| {
            let alerts = planned.iter().map(|one| (&one.labels, &one.decision));
            targets(self.running, &groups, mark, alerts)
        };
        let all: Vec<&Planned<'_>> = batch.iter().collect();
        let most = of(&all).iter().map(|target| target.wait).max();
        let most = most.unwrap_or_default();
        let before = tried!(self.alertmanager.counters());
        let bodies = batch
            .iter()
            .map(|planned| (planned.labels.clone(), annotations(planned.rule)));
        tried!(sent.send(self.alertmanager, bodies.collect(), most));
        say(&receivers.join(", "), most);
        let known = tried!(self.patience.wait(KNOWN_WITHIN, || {
            let known = self.alertmanager.alerts(MARK, self.id)?;
            let all = batch.iter().all(|planned| find(&known, planned).is_some());
            Ok(all.then_some(known))
        })?);
        let known = match known {
            PollOutcome::Came(known, _) => known,
            PollOutcome::TimedOut => tried!(self.alertmanager.alerts(MARK, self.id)),
        };
        // Of those that are inhibited or silenced nothing is sent.
        let is_active = |planned: &&Planned<'_>| {
            find(&known, planned).is_some_and(|known| !known.is_suppressed())
        };
        let targets = of(&all.into_iter().filter(is_active).collect::<Vec<_>>());
        let watch = Watch {
            alertmanager: self.alertmanager,
            catcher: self.catcher,
            patience: self.patience,
            mark,
        };
        let fates = tried!(watch.wait(&before, &targets, caught, show)?);
        let groups = tried!(self.alertmanager.groups(&receivers));
        // A silence may have come while we waited.
        let known = tried!(self.alertmanager.alerts(MARK, self.id));
        let evidence = Evidence {
            running: self.running,
            fates: &fates,
            caught,
            groups: &groups,
            mark,
        };
        for planned in batch {
            steps.push(tried!(self.judge(
                planned,
                find(&known, planned),
                &evidence
            )));
        }
        Ok(Ok(()))
    }

    fn judge(
        &self,
        planned: &Planned<'_>,
        known: Option<&Known>,
        evidence: &Evidence<'_>,
    ) -> Result<Step> {
        let name = format!("alert {}", planned.rule.name);
        let Some(known) = known else {
            let hint = "does its API take alerts, or does a proxy keep them?";
            let message = "sent, but Alertmanager does not have it";
            return Ok(Step::fail(name, message, hint));
        };
        if let Some(step) = self.misrouted(planned, known) {
            return Ok(step);
        }
        let default = self.running.root.line;
        let leaves = &planned.decision.leaves;
        let by_default =
            !self.running.root.routes.is_empty() && leaves.iter().all(|leaf| leaf.line == default);
        let route = if by_default {
            " (no route takes it but the default)"
        } else {
            ""
        };
        let goes = format!("goes to {}{route}", known.receivers.join(", "));
        if let Some(why) = suppression(self.alertmanager, known)? {
            return Ok(suppressed(name, &goes, &why));
        }
        Ok(evidence.judge(name, &goes, &planned.rule.name, &planned.decision))
    }

    /// Compares the receivers with those of the configuration in the files.
    fn misrouted(&self, planned: &Planned<'_>, known: &Known) -> Option<Step> {
        let wanted = self.wanted?;
        let decision = decide(wanted, &planned.labels, &[], None);
        let (mut want, mut have) = (decision.routed(), known.receivers.clone());
        want.sort();
        have.sort();
        if want == have {
            return None;
        }
        let leaf = decision.leaves.first();
        let line = leaf.map_or(wanted.line, |leaf| leaf.line);
        let message = format!(
            "goes to {}, wanted {} ({}:{line})",
            known.receivers.join(", "),
            want.join(", "),
            wanted.source.name
        );
        let hint = "the route is missing in the running configuration";
        Some(Step::fail(
            format!("alert {}", planned.rule.name),
            message,
            hint,
        ))
    }
}

fn find<'a>(known: &'a [Known], planned: &Planned<'_>) -> Option<&'a Known> {
    let name = planned.labels.get("alertname");
    known
        .iter()
        .find(|one| one.labels.get("alertname") == name && one.state != "unprocessed")
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
