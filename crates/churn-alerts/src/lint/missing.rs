//! What the checks of absent annotations share; no check itself.

use super::check::{Context, Findings, Severity};

/// Reports alerts whose annotation is absent or empty.
pub(super) fn annotation(context: &Context<'_>, findings: &mut Findings, name: &str, why: &str) {
    for rule in context.library.alerts() {
        let present = rule.annotation(name);
        if present.is_some_and(|text| !text.value.trim().is_empty()) {
            continue;
        }
        let message = format!("no annotation `{name}`");
        findings.of_rule(Severity::Warn, rule, (rule.line, 1), message, why);
    }
}
