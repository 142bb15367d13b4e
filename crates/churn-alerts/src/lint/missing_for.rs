//! `missing-for`: an alert that does not say how long its expression must be true.

use super::check::{Context, Findings, Severity};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for rule in context.library.alerts().filter(|rule| rule.wait.is_none()) {
        let message = "no `for`: one evaluation is enough to fire";
        let hint = "write `for: 5m`, or `for: 0s` if that is meant";
        findings.of_rule(Severity::Warn, rule, (rule.line, 1), message, hint);
    }
}
