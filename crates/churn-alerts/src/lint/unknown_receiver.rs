//! `unknown-receiver`: routes to receivers, and mutes by times, that are not there.

use super::check::{Context, Findings, Severity};
use crate::routing::{Configuration, Route};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for configuration in &context.library.configurations {
        look(configuration, &configuration.root, findings);
    }
}

fn look(configuration: &Configuration, route: &Route, findings: &mut Findings) {
    let source = &configuration.source;
    if let Some(name) = &route.receiver
        && !configuration.receivers.iter().any(|one| one.name == *name)
    {
        let message = format!("no receiver \"{name}\"");
        let hint = "Alertmanager refuses the whole configuration; add the receiver";
        findings.of_line(Severity::Fail, source, route.line, message, hint);
    }
    for name in route.mute.iter().chain(&route.active) {
        if !configuration
            .times
            .iter()
            .any(|interval| interval.name == *name)
        {
            let message = format!("no time interval \"{name}\"");
            let hint = "Alertmanager refuses the whole configuration; add the interval";
            findings.of_line(Severity::Fail, source, route.line, message, hint);
        }
    }
    for below in &route.routes {
        look(configuration, below, findings);
    }
}
