//! What can be seen without sending anything: versions, rules, selectors, targets.

use std::time::Duration;

use churn_base::error::Result;

use super::alertmanager::Alertmanager;
use super::patience::{Interrupted, Patience, PollOutcome};
use super::prometheus_api::Prometheus;
use super::rules::compare;
use super::step::Step;
use crate::promql::{self, Pattern};
use crate::routing::Configuration;
use crate::rule::Rule;

/// How long a rule that was just loaded may take to be evaluated for the first time.
const FIRST_EVALUATION: Duration = Duration::from_secs(60);

/// Looks at both servers, adding a step for each thing, and returns Alertmanager's configuration.
///
/// # Errors
/// The outer one if somebody wants to stop, the inner one with 69 if a server stays away.
pub fn look(
    rules: &[&Rule],
    prometheus: &Prometheus,
    alertmanager: &Alertmanager,
    patience: &Patience,
    steps: &mut Vec<Step>,
) -> Result<Result<Configuration>, Interrupted> {
    let mut go = || -> Result<Result<Configuration>, Interrupted> {
        // A proof on a server that is not what it seems would say that everything is missing.
        macro_rules! tried {
            ($call:expr) => {
                match $call {
                    Ok(value) => value,
                    Err(error) => return Ok(Err(error)),
                }
            };
        }
        let version = tried!(prometheus.version());
        steps.push(prometheus.is_ready(&version));
        patience.check()?;
        let loaded = tried!(patience.wait(FIRST_EVALUATION, || {
            let loaded = prometheus.rules()?;
            let ours = |name: &str| rules.iter().any(|rule| rule.name == name);
            let fresh = loaded
                .iter()
                .any(|one| one.health == "unknown" && ours(&one.name));
            Ok((!fresh).then_some(loaded))
        })?);
        let loaded = match loaded {
            PollOutcome::Came(loaded, _) => loaded,
            PollOutcome::TimedOut => tried!(prometheus.rules()),
        };
        steps.extend(compare(rules, &loaded));
        tried!(targets(prometheus, steps));
        patience.check()?;
        tried!(selectors(rules, prometheus, steps));
        patience.check()?;
        let (version, configuration) = tried!(alertmanager.status());
        steps.push(alertmanager.is_ready(&version));
        let known = tried!(prometheus.alertmanagers());
        steps.push(match known.is_empty() {
            true => Step::fail(
                "alertmanagers",
                "Prometheus sends to no Alertmanager",
                "alerting.alertmanagers in its configuration, or spec.alerting of the Prometheus object",
            ),
            false => Step::pass("alertmanagers", format!("Prometheus sends to {}", known.join(", "))),
        });
        Ok(Ok(configuration))
    };
    go()
}

fn targets(prometheus: &Prometheus, steps: &mut Vec<Step>) -> Result<()> {
    let targets = prometheus.targets()?;
    let bad: Vec<_> = targets
        .iter()
        .filter(|target| target.health == "down")
        .collect();
    for target in &bad {
        let message = format!("{} is down: {}", target.name, target.last_error);
        steps.push(Step::fail(
            "target",
            message,
            "every alert on its metrics is blind",
        ));
    }
    match targets.len() {
        0 => steps.push(Step::fail(
            "targets",
            "Prometheus scrapes nothing",
            "check its ServiceMonitors",
        )),
        all => {
            let message = format!("{} of {all} up", all - bad.len());
            steps.push(Step::pass("targets", message));
        }
    }
    Ok(())
}

/// A metric that has no series at all makes its alert blind; a matcher that finds none now may be
/// the usual state: no 5xx, no pod in CrashLoopBackOff.
fn selectors(rules: &[&Rule], prometheus: &Prometheus, steps: &mut Vec<Step>) -> Result<()> {
    let mut seen: Vec<String> = Vec::new();
    let (mut found, mut quiet) = (0, Vec::new());
    for rule in rules {
        let Ok(expr) = promql::parse(&rule.expr.value) else {
            continue;
        };
        let mut watched = Vec::new();
        promql::walk(&expr, &mut |inner, _| {
            if promql::calls(inner, &["absent", "absent_over_time"]) {
                watched.extend(promql::selectors(inner));
            }
        });
        for selector in promql::selectors(&expr) {
            let text = selector.to_string();
            if seen.contains(&text) {
                continue;
            }
            seen.push(text.clone());
            if prometheus.count(&text)? > 0.0 {
                found += 1;
                continue;
            }
            let bare = selector.without_matchers().to_string();
            let name = selector.metric().unwrap_or_default();
            // What an alert waits for the absence of may be absent.
            let is_watched = watched.iter().any(|one: &Pattern| one == &selector);
            if is_watched || (!selector.matchers().is_empty() && prometheus.count(&bare)? > 0.0) {
                quiet.push(text);
                continue;
            }
            let message = format!("{} looks at {name}, and there is no such series", rule.name);
            let hint = "is its exporter scraped, and is the name current? churnctl alerts lint";
            steps.push(Step::fail("selector", message, hint));
        }
    }
    let mut message = format!("{found} of {} find series", seen.len());
    if !quiet.is_empty() {
        message.push_str(&format!(
            "; the metric is there, but nothing matches now: {}",
            quiet.join(", ")
        ));
    }
    steps.push(Step::pass("selectors", message));
    Ok(())
}
