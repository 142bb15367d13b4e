//! The whole loop: a false drift score goes to the Pushgateway, the real rule fires, the alert
//! arrives, and everything is taken away again.

use std::collections::BTreeMap;
use std::time::Duration;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_http::catch::Catcher;
use churn_http::client::Client;
use churn_metrics::gateway::GroupingKey;
use serde_json::Value;

use super::alertmanager::Alertmanager;
use super::caught::Caught;
use super::counters::Counters;
use super::delivery::{Watch, targets};
use super::judge::{Evidence, suppressed, suppression};
use super::patience::{Interrupted, Patience, PollOutcome};
use super::prometheus_api::{Prometheus, text};
use super::pushed::{Pushed, exposition};
use super::retrain;
use super::step::Step;
use crate::promql::{self, labels_of};
use crate::routing::{Configuration, Labels, decide};
use crate::rule::Rule;

/// What scrapes and evaluations may take beyond their intervals.
const SLACK: Duration = Duration::from_secs(20);
/// Labels that may carry our mark through a rule, the best first.
const CARRIERS: [&str; 3] = ["model", "feature", "churnctl_test"];
/// The job that pushes, where the rule does not name one.
const JOB: &str = "churn-drift";

/// What is needed for the whole loop.
pub struct WholeLoop<'a> {
    /// The rule that must fire.
    pub rule: &'a Rule,
    /// Prometheus.
    pub prometheus: &'a Prometheus,
    /// Alertmanager.
    pub alertmanager: &'a Alertmanager,
    /// Its running configuration.
    pub running: &'a Configuration,
    /// The Pushgateway.
    pub gateway: &'a Client,
    /// Labels that Prometheus adds to what it sends.
    pub external_labels: &'a [(String, String)],
    /// A receiver of our own.
    pub catcher: Option<&'a Catcher>,
    /// Whether a retrain may be started.
    pub allow_retrain: bool,
    /// Unique to this run.
    pub id: &'a str,
    /// Waits, unless somebody wants to stop.
    pub patience: &'a Patience,
}

/// Goes round the loop, adding a step for each part.
///
/// # Errors
/// The outer one if somebody wants to stop. The inner one with 69 if a server stays away, with 3 if a
/// retrain would be started, with 65 if the rule cannot be made to fire by a push. Whatever was
/// pushed is deleted either way.
pub fn close_the_loop(
    with: &WholeLoop<'_>,
    steps: &mut Vec<Step>,
    say: &dyn Fn(&str),
    show: &mut dyn FnMut(&Value),
) -> Result<Result<()>, Interrupted> {
    let plan = match with.plan(steps) {
        Ok(Some(plan)) => plan,
        Ok(None) => return Ok(Ok(())),
        Err(error) => return Ok(Err(error)),
    };
    let clean_up = with.patience.cancel_clean_up();
    let mut pushed = Pushed::new(with.gateway, &plan.key, clean_up);
    let outcome = with.go(&plan, &mut pushed, steps, say, show);
    if !pushed.is_pushed() {
        return outcome;
    }
    // Also when the run was cut short.
    let (step, error) = with.take_back(&plan, &mut pushed);
    steps.push(step);
    match (outcome, error) {
        (Ok(Ok(())), Some(error)) => Ok(Err(error)),
        (outcome, _) => outcome,
    }
}

/// Why something of ours is not known to be gone.
enum Left {
    Group(String, Option<Error>),
    Alert(String, Option<Error>),
}

struct Plan {
    key: GroupingKey,
    text: String,
    /// The label by which the alert is known, and its value.
    mark: (String, String),
    interval: Duration,
    evaluation: Duration,
}

impl WholeLoop<'_> {
    fn plan(&self, steps: &mut Vec<Step>) -> Result<Option<Plan>> {
        let rule = self.rule;
        let expr = promql::parse(&rule.expr.value).map_err(|said| {
            let error = Error::bad_input(format!("{}: not PromQL: {said}", rule.name))
                .at(rule.source.place(rule.line));
            match promql::slip(&rule.expr.value) {
                Some(hint) => error.hint(hint),
                None => error,
            }
        })?;
        let possible = labels_of(&expr);
        let carrier = CARRIERS.into_iter().find(|label| possible.may_have(label));
        let carrier = carrier.ok_or_else(|| {
            let message = format!("{} keeps none of the labels {}", rule.name, CARRIERS.join(", "));
            Error::bad_input(message)
                .at(rule.source.place(rule.line))
                .hint("the alert of this test could not be told from a real one; keep the label `model`")
        })?;
        let value = format!("churnctl-test-{}", self.id);
        let mark = (carrier.to_owned(), value.clone());
        let (mut job, mut series) = (JOB.to_owned(), Vec::new());
        for selector in promql::selectors(&expr) {
            let Some(name) = selector.metric() else {
                continue;
            };
            let ours = churn_metrics::names::ALL
                .iter()
                .any(|metric| metric.name == name);
            let mut labels: BTreeMap<String, String> = selector
                .equalities()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            job = labels.remove("job").unwrap_or(job);
            if !ours || series.iter().any(|(known, _)| known == name) {
                continue;
            }
            labels.insert("model".to_owned(), value.clone());
            if possible.may_have("feature") || name == "model_drift_score" {
                labels.insert("feature".to_owned(), value.clone());
            }
            series.push((name.to_owned(), labels));
        }
        if series.is_empty() {
            let message = format!("{} looks at no metric that churnctl pushes", rule.name);
            return Err(Error::bad_input(message)
                .at(rule.source.place(rule.line))
                .hint("name another rule with --rule"));
        }
        let key = GroupingKey::new(&job, &[("churnctl_test".to_owned(), self.id.to_owned())])?;
        let mut labels: Labels = self.external_labels.iter().cloned().collect();
        labels.extend(
            rule.labels
                .iter()
                .map(|(name, scalar)| (name.clone(), scalar.value.clone())),
        );
        labels.insert("alertname".to_owned(), rule.name.clone());
        for name in ["model", "feature"]
            .into_iter()
            .filter(|name| possible.may_have(name))
        {
            labels.insert(name.to_owned(), value.clone());
        }
        let targets = self.prometheus.targets()?;
        let interval = targets.iter().map(|target| target.interval).max();
        let loaded = self.prometheus.rules()?;
        let Some(loaded) = loaded.iter().find(|one| one.name == rule.name) else {
            let hint = "churnctl alerts test --live says more";
            let name = format!("rule {}", rule.name);
            steps.push(Step::fail(name, "Prometheus has no such rule", hint));
            return Ok(None);
        };
        let decision = decide(self.running, &labels, &[], Some(self.alertmanager.now()));
        if let Some(why) = retrain::danger(&labels, &decision).filter(|_| !self.allow_retrain) {
            let message = format!("{} would start a retrain: {why}", rule.name);
            return Err(Error::new(ExitCode::Refused, message)
                .hint("--allow-retrain goes on all the same; nothing was pushed"));
        }
        Ok(Some(Plan {
            key,
            text: exposition(&series, self.prometheus.now()),
            mark,
            interval: interval.unwrap_or(Duration::from_secs(60)),
            evaluation: Duration::try_from_secs_f64(loaded.interval_seconds).unwrap_or_default(),
        }))
    }

    fn go(
        &self,
        plan: &Plan,
        pushed: &mut Pushed<'_>,
        steps: &mut Vec<Step>,
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
        let (label, value) = &plan.mark;
        tried!(pushed.push(&plan.text));
        steps.push(Step::pass(
            "push",
            format!("a false score for {label}=\"{value}\" is at the Pushgateway"),
        ));
        let hold = Duration::from_millis(self.rule.wait_milliseconds());
        say(&format!(
            "waiting for {}: a scrape each {:.0} s, an evaluation each {:.0} s, `for` {:.0} s",
            self.rule.name,
            plan.interval.as_secs_f64(),
            plan.evaluation.as_secs_f64(),
            hold.as_secs_f64()
        ));
        let most = plan.interval * 2 + SLACK;
        let selector = format!("{{{label}=\"{value}\",__name__!~\"ALERTS.*\"}}");
        let scraped = tried!(self.patience.wait(most, || {
            Ok((self.prometheus.count(&selector)? > 0.0).then_some(()))
        })?);
        match scraped {
            PollOutcome::Came((), after) => {
                steps.push(Step::pass(
                    "scrape",
                    format!("Prometheus has it after {:.1} s", after.as_secs_f64()),
                ));
            }
            PollOutcome::TimedOut => {
                let message = format!(
                    "Prometheus does not have it after {:.0} s",
                    most.as_secs_f64()
                );
                let hint = "does it scrape this Pushgateway, with honor_labels: true?";
                steps.push(Step::fail("scrape", message, hint));
                return Ok(Ok(()));
            }
        }
        let before = tried!(self.alertmanager.counters());
        let most = plan.evaluation * 3 + hold + SLACK;
        let fired = tried!(self.patience.wait(most, || {
            Ok((self.state(self.prometheus, plan)?.as_deref() == Some("firing")).then_some(()))
        })?);
        match fired {
            PollOutcome::Came((), after) => steps.push(Step::pass(
                format!("rule {}", self.rule.name),
                format!("fires after {:.1} s more", after.as_secs_f64()),
            )),
            PollOutcome::TimedOut => {
                let state = tried!(self.state(self.prometheus, plan))
                    .unwrap_or_else(|| "inactive".to_owned());
                let message = format!("is {state} after {:.0} s", most.as_secs_f64());
                let hint = "run its expression in Prometheus' console, and see what is empty";
                steps.push(Step::fail(
                    format!("rule {}", self.rule.name),
                    message,
                    hint,
                ));
                return Ok(Ok(()));
            }
        }
        self.arrives(plan, &before, steps, show)
    }

    fn arrives(
        &self,
        plan: &Plan,
        before: &Counters,
        steps: &mut Vec<Step>,
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
        let (label, value) = &plan.mark;
        let known = tried!(self.patience.wait(plan.evaluation * 2 + SLACK, || {
            let known = self.alertmanager.alerts(label, value)?;
            Ok(known.into_iter().find(|one| one.state != "unprocessed"))
        })?);
        let PollOutcome::Came(known, _) = known else {
            let hint = "does Prometheus send to this Alertmanager?";
            steps.push(Step::fail(
                "alertmanager",
                "fired, but Alertmanager does not have it",
                hint,
            ));
            return Ok(Ok(()));
        };
        let receivers = known.receivers.clone();
        let goes = format!("goes to {}", receivers.join(", "));
        let state = format!("{goes}, state {}", known.state);
        steps.push(Step::pass("route", state));
        if let Some(why) = tried!(suppression(self.alertmanager, &known)) {
            steps.push(suppressed("delivery".to_owned(), &goes, &why));
            return Ok(Ok(()));
        }
        let now = self.alertmanager.now();
        let decision = decide(self.running, &known.labels, &[], Some(now));
        let mark = (label.as_str(), value.as_str());
        // Our own group is there by now, and is none that was there before.
        let mut groups = tried!(self.alertmanager.groups(&receivers));
        let is_other = |labels: &Labels| labels.get(label) != Some(value);
        groups.retain(|group| group.alerts.iter().any(is_other));
        let sent = [(&known.labels, &decision)];
        let targets = targets(self.running, &groups, mark, sent.into_iter());
        let watch = Watch {
            alertmanager: self.alertmanager,
            catcher: self.catcher,
            patience: self.patience,
            mark,
        };
        let mut caught = Caught::default();
        let fates = tried!(watch.wait(before, &targets, &mut caught, show)?);
        let groups = tried!(self.alertmanager.groups(&receivers));
        let evidence = Evidence {
            running: self.running,
            fates: &fates,
            caught: &caught,
            groups: &groups,
            mark,
        };
        steps.push(evidence.judge("delivery".to_owned(), &goes, &self.rule.name, &decision));
        if self.catcher.is_some() {
            steps.push(match caught.by_receiver().first_key_value() {
                Some((receiver, count)) => {
                    Step::pass("catch", format!("{count} arrived by {receiver}"))
                }
                None => Step::fail(
                    "catch",
                    "nothing arrived at the receiver of ours",
                    "point a webhook of a receiver at the address of --catch",
                ),
            });
        }
        Ok(Ok(()))
    }

    /// Returns the state of our alert in Prometheus.
    fn state(&self, prometheus: &Prometheus, plan: &Plan) -> Result<Option<String>> {
        let (label, value) = &plan.mark;
        let loaded = prometheus.rules()?;
        let own = loaded.into_iter().filter(|one| one.name == self.rule.name);
        let mut alerts = own.flat_map(|one| one.alerts);
        let found = alerts.find(|(labels, _)| text(labels, label) == *value);
        Ok(found.map(|(_, state)| state))
    }

    /// Takes the group back, and waits until the gateway confirms that it is gone and neither server
    /// has our alert any more: the series ends with the next scrape. The error is why a server could
    /// not be asked.
    fn take_back(&self, plan: &Plan, pushed: &mut Pushed<'_>) -> (Step, Option<Error>) {
        let (label, value) = &plan.mark;
        let clean_up = self.patience.cancel_clean_up();
        let prometheus = self.prometheus.with_cancel(clean_up.clone());
        let alertmanager = self.alertmanager.with_cancel(clean_up);
        let most = (plan.interval + plan.evaluation) * 2 + SLACK;
        let most = most.max(self.gateway.deadline());
        let begin = std::time::Instant::now();
        let settled = self.patience.settle(most, || {
            let untold = |error: Error| Left::Group(error.to_string(), Some(error));
            if !pushed.take_back().map_err(untold)? {
                return Ok(Some(Left::Group("it is still listed".to_owned(), None)));
            }
            let unknown = |error: Error| {
                Left::Alert(format!("is not known to be gone ({error})"), Some(error))
            };
            if let Some(state) = self.state(&prometheus, plan).map_err(unknown)? {
                let what = format!("is {state} in Prometheus");
                return Ok(Some(Left::Alert(what, None)));
            }
            let left = alertmanager.alerts(label, value).map_err(unknown)?;
            let there = || Left::Alert("is at Alertmanager".to_owned(), None);
            Ok((!left.is_empty()).then(there))
        });
        let again = match pushed.came_back() {
            true => " again: it came back once, with a restart of the gateway",
            false => "",
        };
        match settled {
            Ok(()) => {
                let message = format!("the group is deleted{again}, the alert is resolved");
                (Step::pass("clean-up", message), None)
            }
            Err(Left::Alert(what, error)) => {
                let message = format!(
                    "the group is deleted{again}, but the alert {what} after {:.0} s",
                    begin.elapsed().as_secs_f64()
                );
                let hint = format!("it ends with the next evaluations; it has {label}=\"{value}\"");
                (Step::fail("clean-up", message, hint), error)
            }
            Err(Left::Group(what, error)) => {
                let message = format!(
                    "NOT cleaned up: the false score may still be at the Pushgateway, or come back when it is \
                     restarted, in the group {}: {what}",
                    plan.key
                );
                let hint = format!("delete it by hand: {}", pushed.command());
                (Step::fail("clean-up", message, hint), error)
            }
        }
    }
}
