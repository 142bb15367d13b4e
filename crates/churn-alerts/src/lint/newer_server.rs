//! `newer-server`: what the newest server takes, and older ones, or one without a feature flag, refuse.

use super::check::{Context, Findings, Severity};
use super::syntax::add;
use crate::promql;
use crate::refusal::RefusalKind;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for refusal in &context.library.refusals {
        if refusal.kind == RefusalKind::NeedsNewer {
            add(refusal, Severity::Note, findings);
        }
    }
    for rule in &context.library.rules {
        for need in promql::needs(&rule.expr.value) {
            let message = format!("{} needs {}", need.what, need.by);
            let hint = "a server without it refuses the whole file";
            findings.of_rule(Severity::Note, rule, rule.position(0), message, hint);
        }
    }
}
