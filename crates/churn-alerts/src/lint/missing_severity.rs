//! `missing-severity`: an alert without a severity, or with one that no route knows.

use churn_base::error::nearest;

use super::check::{Context, Findings, Severity};
use super::reach::accepts;
use crate::routing::{LabelMatcher, Route};

const USUAL: [&str; 4] = ["critical", "warning", "info", "none"];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let matchers = matchers(context);
    for rule in context.library.alerts() {
        let label = rule.labels.iter().find(|(name, _)| name == "severity");
        let Some((_, scalar)) = label else {
            // Who routes by severity loses such an alert; elsewhere it is only unclear.
            let status = match matchers.is_empty() {
                true => Severity::Warn,
                false => Severity::Fail,
            };
            let hint = "critical wakes somebody, warning opens a ticket, info is for reading";
            findings.of_rule(status, rule, (rule.line, 1), "no label `severity`", hint);
            continue;
        };
        let value = scalar.value.as_str();
        if value.contains("{{") {
            continue;
        }
        let place = (scalar.key_line, 1);
        // What no route names goes to the root; that is usual for the mildest of them.
        let is_named = matchers.iter().any(|matcher| accepts(matcher, value));
        if is_named || USUAL.contains(&value) {
            continue;
        }
        let named = matchers.iter().filter_map(|matcher| matcher.equals());
        if let Some(near) = nearest(value, USUAL.into_iter().chain(named)) {
            let message = format!("severity \"{value}\" is nearly \"{near}\"");
            let hint = format!("did you mean {near}?");
            findings.of_rule(Severity::Warn, rule, place, message, hint);
        } else if !matchers.is_empty() {
            let message = format!("no route names the severity \"{value}\"");
            let hint = "write one that the routes name, or add a route";
            findings.of_rule(Severity::Warn, rule, place, message, hint);
        }
    }
}

/// What routes ask of the severity.
fn matchers<'c>(context: &'c Context<'_>) -> Vec<&'c LabelMatcher> {
    let configurations = context.meant().iter();
    let mut routes: Vec<&Route> = configurations.map(|one| &one.root).collect();
    let mut found = Vec::new();
    while let Some(route) = routes.pop() {
        routes.extend(&route.routes);
        let own = route.matchers.iter();
        found.extend(own.filter(|matcher| matcher.label == "severity"));
    }
    found
}
