//! What can be seen without sending anything: versions, rules, selectors, targets.

use std::collections::BTreeMap;
use std::time::Duration;

use churn_base::error::Result;

use super::alertmanager::Alertmanager;
use super::patience::{Interrupted, Patience, PollOutcome};
use super::prometheus_api::{Prometheus, Target};
use super::rules::compare;
use super::step::Step;
use crate::promql::{self, Pattern};
use crate::routing::Configuration;
use crate::rule::Rule;

/// How long a rule that was just loaded may take to be evaluated for the first time.
const FIRST_EVALUATION: Duration = Duration::from_secs(60);
/// Of more than so many metrics without series one step tells, as they have one cause.
const MOST_TOLD: usize = 3;

/// Looks at both servers, adding a step for each thing, and returns Alertmanager's configuration.
/// `say` hears what is waited for.
///
/// # Errors
/// The outer one if somebody wants to stop, the inner one with 69 if a server stays away.
pub fn look(
    rules: &[&Rule],
    prometheus: &Prometheus,
    alertmanager: &Alertmanager,
    patience: &Patience,
    steps: &mut Vec<Step>,
    say: &dyn Fn(&str),
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
        let mut is_said = false;
        let loaded = tried!(patience.wait(FIRST_EVALUATION, || {
            let loaded = prometheus.rules()?;
            let ours = |name: &str| rules.iter().any(|rule| rule.name == name);
            let fresh = loaded
                .iter()
                .filter(|one| one.health == "unknown" && ours(&one.name))
                .count();
            if fresh > 0 && !std::mem::replace(&mut is_said, true) {
                say(&format!(
                    "waiting up to {} s for the first evaluation of {fresh} of the rules",
                    FIRST_EVALUATION.as_secs()
                ));
            }
            Ok((fresh == 0).then_some(loaded))
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
    // By cause: the last part of the error, as the parts before it name the target.
    let mut down: BTreeMap<&str, Vec<&Target>> = BTreeMap::new();
    for target in targets.iter().filter(|target| target.health == "down") {
        let cause = target.last_error.rsplit(": ").next().unwrap_or_default();
        down.entry(cause).or_default().push(target);
    }
    let hint = "every alert on its metrics is blind";
    for (cause, alike) in &down {
        let message = match alike.as_slice() {
            [one] => format!("{} is down: {}", one.name, one.last_error),
            many => {
                let names: Vec<&str> = many.iter().map(|one| one.name.as_str()).collect();
                format!("{} are down ({cause}): {}", many.len(), names.join(", "))
            }
        };
        steps.push(Step::fail("target", message, hint));
    }
    let (all, bad) = (targets.len(), down.values().map(Vec::len).sum::<usize>());
    let message = format!("{} of {all} up", all - bad);
    steps.push(match (all, bad) {
        (0, _) => Step::fail(
            "targets",
            "Prometheus scrapes nothing",
            "check its ServiceMonitors",
        ),
        (_, 0) => Step::pass("targets", message),
        _ => Step::fail("targets", message, "the steps above say which, and why"),
    });
    Ok(())
}

/// A metric that has no series at all makes its alert blind; a matcher that finds none now may be
/// the usual state: no 5xx, no pod in CrashLoopBackOff.
fn selectors(rules: &[&Rule], prometheus: &Prometheus, steps: &mut Vec<Step>) -> Result<()> {
    let mut seen: Vec<String> = Vec::new();
    let (mut found, mut quiet) = (0, Vec::new());
    // Each metric without series, with the alerts that look at it.
    let mut absent: Vec<(String, Vec<&str>)> = Vec::new();
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
            // What an alert waits for the absence of may be absent.
            let is_watched = watched.iter().any(|one: &Pattern| one == &selector);
            if is_watched || (!selector.matchers().is_empty() && prometheus.count(&bare)? > 0.0) {
                quiet.push(text);
                continue;
            }
            let name = selector.metric().unwrap_or_default().to_owned();
            match absent.iter_mut().find(|(known, _)| *known == name) {
                Some((_, alerts)) if alerts.contains(&rule.name.as_str()) => {}
                Some((_, alerts)) => alerts.push(rule.name.as_str()),
                None => absent.push((name, vec![rule.name.as_str()])),
            }
        }
    }
    steps.extend(blind(&absent));
    if found == 0 && quiet.is_empty() {
        return Ok(());
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

/// A step for each metric without series, or one for all where they are many.
fn blind(absent: &[(String, Vec<&str>)]) -> Vec<Step> {
    let hint = "is its exporter scraped, and is the name current? churnctl alerts lint";
    if absent.len() > MOST_TOLD {
        let names: Vec<&str> = absent.iter().map(|(name, _)| name.as_str()).collect();
        let message = format!(
            "{} metrics have no series: {}",
            names.len(),
            names.join(", ")
        );
        let hint = "are their exporters scraped, and is this the right Prometheus?";
        return vec![Step::fail("selector", message, hint)];
    }
    let steps = absent.iter().map(|(name, alerts)| {
        let looks = match alerts.len() {
            1 => "looks at",
            _ => "look at",
        };
        let message = format!(
            "{} {looks} {name}, and there is no such series",
            alerts.join(", ")
        );
        Step::fail("selector", message, hint)
    });
    steps.collect()
}
