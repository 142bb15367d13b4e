//! `missing-runbook-url`: an alert that does not say where the way out is written down.

use super::check::{Context, Findings, Severity};
use super::missing::annotation;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let why = "link the page that says what to do when it fires";
    annotation(context, findings, "runbook_url", why);
    for rule in context.library.alerts() {
        let Some(url) = rule.annotation("runbook_url") else {
            continue;
        };
        let written = url.value.trim();
        let absolute = written.starts_with("https://") || written.starts_with("http://");
        if !written.is_empty() && !absolute && !written.contains("{{") {
            let message =
                format!("`runbook_url: {written}` is not a URL that a message can link to");
            findings.of_rule(Severity::Warn, rule, (url.key_line, 1), message, why);
        }
    }
}
