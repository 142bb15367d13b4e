//! The whole loop: a false drift score goes to the Pushgateway, the real rule fires, the alert
//! arrives, and everything is taken away again.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::alertmanager::Alertmanager;
use super::delivery::{Caught, Delivery, Watch, expected, sends};
use super::patience::{Interrupted, Patience, Waited};
use super::prometheus_api::{Prometheus, text};
use super::retrain;
use super::step::Step;
use crate::alerts::promql::{self, labels_of};
use crate::alerts::routing::{Configuration, Labels, decide};
use crate::alerts::rule::Rule;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::http::catch::Catcher;
use crate::http::client::Client;
use crate::metrics::gateway::{GroupingKey, PushMethod, delete, push};

/// A score that is above every threshold that makes sense.
const SCORE: f64 = 10.0;
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
    let mut pushed = Pushed {
        gateway: with.gateway,
        key: &plan.key,
        done: false,
    };
    let outcome = with.go(&plan, &mut pushed, steps, say, show);
    // Before anything else, also when the run was cut short.
    let gone = pushed.delete();
    match (outcome, gone) {
        (Err(Interrupted), _) => {
            with.wait_for_silence(&plan, steps);
            Err(Interrupted)
        }
        (Ok(Err(error)), _) | (Ok(Ok(())), Err(error)) => Ok(Err(error)),
        (Ok(Ok(())), Ok(())) => {
            with.wait_for_silence(&plan, steps);
            Ok(Ok(()))
        }
    }
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
            Error::bad_input(format!("{}: not PromQL: {said}", rule.name))
                .at(rule.source.place(rule.line))
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
            let ours = crate::metrics::names::ALL
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
        let decision = decide(self.running, &labels, &[], Some(Timestamp::now()));
        if let Some(why) = retrain::danger(&labels, &decision).filter(|_| !self.allow_retrain) {
            let message = format!("{} would start a retrain: {why}", rule.name);
            return Err(Error::new(ExitCode::Refused, message)
                .hint("--allow-retrain goes on all the same; nothing was pushed"));
        }
        Ok(Some(Plan {
            key,
            text: exposition(&series),
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
            Waited::Came((), after) => {
                steps.push(Step::pass(
                    "scrape",
                    format!("Prometheus has it after {:.1} s", after.as_secs_f64()),
                ));
            }
            Waited::InVain => {
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
            Ok((self.state(plan)?.as_deref() == Some("firing")).then_some(()))
        })?);
        match fired {
            Waited::Came((), after) => steps.push(Step::pass(
                format!("rule {}", self.rule.name),
                format!("fires after {:.1} s more", after.as_secs_f64()),
            )),
            Waited::InVain => {
                let state = tried!(self.state(plan)).unwrap_or_else(|| "inactive".to_owned());
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
        before: &super::alertmanager::Counters,
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
        let Waited::Came(known, _) = known else {
            let hint = "does Prometheus send to this Alertmanager?";
            steps.push(Step::fail(
                "alertmanager",
                "fired, but Alertmanager does not have it",
                hint,
            ));
            return Ok(Ok(()));
        };
        let receivers = known.receivers.join(", ");
        steps.push(Step::pass(
            "route",
            format!("goes to {receivers}, state {}", known.state),
        ));
        let decision = decide(self.running, &known.labels, &[], Some(Timestamp::now()));
        let sends = sends(self.running, [(&known.labels, &decision)].into_iter());
        if sends.is_empty() || known.state == "suppressed" {
            let why = if known.inhibited {
                "inhibited"
            } else if known.silenced {
                "silenced"
            } else {
                "sent by nobody"
            };
            let hint = "no notification can arrive";
            steps.push(Step::fail("delivery", format!("the alert is {why}"), hint));
            return Ok(Ok(()));
        }
        let mut most = Duration::ZERO;
        for leaf in &decision.leaves {
            let wait = tried!(expected(self.alertmanager, leaf, &known.labels));
            most = most.max(wait);
        }
        let watch = Watch {
            alertmanager: self.alertmanager,
            catcher: self.catcher,
            patience: self.patience,
            mark: (label, value),
        };
        let mut caught = Caught::new();
        let delivery = tried!(watch.wait(before, &sends, most, &mut caught, show)?);
        steps.push(match delivery {
            Delivery::Taken(after) => Step::pass(
                "delivery",
                format!("taken after {:.1} s more", after.as_secs_f64()),
            ),
            Delivery::Refused(kinds) => Step::fail(
                "delivery",
                format!("{} of {receivers} fails to send", kinds.join(", ")),
                "Alertmanager's log has the receiver's answer",
            ),
            Delivery::Silent(kinds, most) => Step::fail(
                "delivery",
                format!(
                    "{} sent nothing within {:.0} s",
                    kinds.join(", "),
                    most.as_secs_f64()
                ),
                "Alertmanager's log says why",
            ),
        });
        if self.catcher.is_some() {
            steps.push(match caught.iter().next() {
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
    fn state(&self, plan: &Plan) -> Result<Option<String>> {
        let (label, value) = &plan.mark;
        let loaded = self.prometheus.rules()?;
        let own = loaded.into_iter().filter(|one| one.name == self.rule.name);
        let mut alerts = own.flat_map(|one| one.alerts);
        let found = alerts.find(|(labels, _)| text(labels, label) == *value);
        Ok(found.map(|(_, state)| state))
    }

    /// Waits until neither server has our alert: the series ends with the next scrape.
    fn wait_for_silence(&self, plan: &Plan, steps: &mut Vec<Step>) {
        let (label, value) = &plan.mark;
        let most = (plan.interval + plan.evaluation) * 2 + SLACK;
        let begin = std::time::Instant::now();
        let gone = loop {
            let rule = self.state(plan).is_ok_and(|state| state.is_none());
            let alert = self
                .alertmanager
                .alerts(label, value)
                .is_ok_and(|known| known.is_empty());
            if (rule && alert) || begin.elapsed() > most {
                break rule && alert;
            }
            std::thread::sleep(Duration::from_millis(200));
        };
        steps.push(match gone {
            true => Step::pass("clean-up", "the group is deleted, the alert is resolved"),
            false => Step::fail(
                "clean-up",
                format!(
                    "the group is deleted, but the alert is there after {:.0} s",
                    most.as_secs_f64()
                ),
                format!("it ends with the next evaluation; it has {label}=\"{value}\""),
            ),
        });
    }
}

/// A group that is pushed; deleted when it goes.
struct Pushed<'a> {
    gateway: &'a Client,
    key: &'a GroupingKey,
    done: bool,
}

impl Pushed<'_> {
    fn push(&mut self, text: &str) -> Result<()> {
        // Before it is sent: an answer may be lost.
        self.done = true;
        push(self.gateway, self.key, PushMethod::Put, text, false).map(|_| ())
    }

    fn delete(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.done) {
            return Ok(());
        }
        delete(self.gateway, self.key).map(|_| ())
    }
}

impl Drop for Pushed<'_> {
    fn drop(&mut self) {
        let _ = self.delete();
    }
}

fn exposition(series: &[(String, BTreeMap<String, String>)]) -> String {
    let mut text = String::new();
    for (name, labels) in series {
        let value = match name.as_str() {
            "model_drift_score" => SCORE,
            name if name.ends_with("_timestamp_seconds") => Timestamp::now().as_second() as f64,
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
