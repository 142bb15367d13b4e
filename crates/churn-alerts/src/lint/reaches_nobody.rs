//! `reaches-nobody`: an alert whose every way through the routes ends at a receiver that sends
//! nothing.

use std::collections::BTreeSet;

use super::check::{Context, Findings, Severity};
use super::reach::alerts;
use crate::routing::Configuration;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    // Objects alone don't say what the whole file does with the rest.
    let files = context
        .library
        .configurations
        .iter()
        .filter(|one| one.namespace.is_none());
    if files.count() != 1 {
        return;
    }
    let Some(whole) = Configuration::merged(context.meant()) else {
        return;
    };
    // Where nobody sends anything, the integrations are somewhere else.
    if whole.receivers.iter().all(|one| one.kinds.is_empty()) {
        return;
    }
    let sends = |name: &&str| {
        let mut receivers = whole.receivers.iter().filter(|one| one.name == **name);
        receivers.any(|one| !one.kinds.is_empty())
    };
    for alert in alerts(context) {
        let rule = alert.view.rule;
        let severity = rule.label("severity").unwrap_or_default();
        // A heartbeat, and what only inhibits others, is for nobody.
        if ["none", "info", ""].contains(&severity) {
            continue;
        }
        let mut told = BTreeSet::new();
        alert.follow(&whole.root, None, &mut |_, receiver| told.extend(receiver));
        if told.is_empty() || told.iter().any(sends) {
            continue;
        }
        let names: Vec<&str> = told.into_iter().collect();
        let message = format!(
            "severity \"{severity}\", and every route ends at {}, which sends nothing",
            names.join(", ")
        );
        let hint = "add a route to somebody, or give it the severity none";
        findings.of_rule(Severity::Fail, rule, (rule.line, 1), message, hint);
    }
}
