//! `unreachable-route`: a route that no alert ever takes, because one before it takes them all,
//! because its matchers contradict each other, or because no rule has such labels.

use std::collections::BTreeSet;

use super::check::{Context, Findings, Severity};
use super::reach::{Takes, accepts, alerts};
use crate::routing::{Configuration, LabelMatcher, Route};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for configuration in context.meant() {
        let mut dead = BTreeSet::new();
        look(configuration, &configuration.root, &[], &mut dead, findings);
        by_rules(context, configuration, &dead, findings);
    }
}

/// What no labels whatever can satisfy.
fn look(
    configuration: &Configuration,
    route: &Route,
    above: &[&LabelMatcher],
    dead: &mut BTreeSet<u64>,
    findings: &mut Findings,
) {
    let path: Vec<&LabelMatcher> = above.iter().copied().chain(&route.matchers).collect();
    let source = &configuration.source;
    if let Some((one, other)) = contradiction(&path) {
        dead.insert(route.line);
        let message =
            format!("no alert takes this route: nothing satisfies both {one} and {other}");
        let hint = "alerts that both values shall take need a regular expression: =~\"a|b\"";
        findings.of_line(Severity::Fail, source, route.line, message, hint);
        return;
    }
    for (at, below) in route.routes.iter().enumerate() {
        let before = &route.routes[..at];
        let taker = before.iter().find(|other| {
            !other.go_on
                && other
                    .matchers
                    .iter()
                    .all(|wanted| is_implied(wanted, &path, &below.matchers))
        });
        if let Some(taker) = taker {
            dead.insert(below.line);
            let message = format!(
                "no alert takes this route: the one in line {} takes them before, and does not `continue`",
                taker.line
            );
            let hint = "put it before that one, or let that one `continue: true`";
            findings.of_line(Severity::Fail, source, below.line, message, hint);
            continue;
        }
        look(configuration, below, &path, dead, findings);
    }
}

/// Two matchers of one label that no value satisfies.
fn contradiction<'a>(path: &[&'a LabelMatcher]) -> Option<(&'a LabelMatcher, &'a LabelMatcher)> {
    path.iter().find_map(|one| {
        let value = one.equals()?;
        let same = path.iter().filter(|other| other.label == one.label);
        let refuses = same.copied().find(|other| !accepts(other, value))?;
        Some((*one, refuses))
    })
}

/// Tells whether whatever satisfies the path and its own matchers satisfies this one.
fn is_implied(wanted: &LabelMatcher, path: &[&LabelMatcher], own: &[LabelMatcher]) -> bool {
    let same = path
        .iter()
        .copied()
        .chain(own)
        .filter(|one| one.label == wanted.label);
    let mut same = same.peekable();
    let written = wanted.to_string();
    same.any(|one| match one.equals() {
        Some(value) => accepts(wanted, value),
        None => one.to_string() == written,
    })
}

/// What no rule that was read has the labels for.
fn by_rules(
    context: &Context<'_>,
    configuration: &Configuration,
    dead: &BTreeSet<u64>,
    findings: &mut Findings,
) {
    let alerts = alerts(context);
    if alerts.is_empty() {
        return;
    }
    let mut reached: BTreeSet<u64> = BTreeSet::new();
    for alert in &alerts {
        alert.follow(&configuration.root, None, &mut |route, _| {
            reached.insert(route.line);
        });
    }
    let mut routes = vec![&configuration.root];
    while let Some(route) = routes.pop() {
        if reached.contains(&route.line) {
            routes.extend(&route.routes);
            continue;
        }
        if dead.contains(&route.line) {
            continue;
        }
        let nobody = |matcher: &&LabelMatcher| {
            alerts
                .iter()
                .all(|alert| alert.takes(matcher) == Takes::Never)
        };
        let message = match route.matchers.iter().find(nobody) {
            Some(matcher) => format!("no alert here takes this route: none has {matcher}"),
            None => "no alert here takes this route: none has all of its labels, or one before it takes them".to_owned(),
        };
        let hint = "lint it together with all rules that it is for; else put the matcher right, or take the route out";
        findings.of_line(
            Severity::Warn,
            &configuration.source,
            route.line,
            message,
            hint,
        );
    }
}
