//! `never-fires`: an expression that has no result, whatever the data say.

use super::check::{BY_NAME, Context, Findings, Severity};
use crate::promql::Presence;
use crate::rule::RuleKind;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.all {
        if view.tree.shape.presence != Presence::Never {
            continue;
        }
        // Where it begins: parts above it are empty because of it.
        let mut found = None;
        view.tree.walk(&mut |part, _| {
            if part.shape.presence == Presence::Never && part.shape.why.is_some() {
                found = found.or(Some(part));
            }
        });
        let place = view.place(found.unwrap_or(&view.tree));
        let why = found.and_then(|part| part.shape.why.clone());
        let why = why.unwrap_or_else(|| "its result is always empty".to_owned());
        let what = match view.rule.kind {
            RuleKind::Alert => "the alert never fires",
            RuleKind::Record => "nothing is ever recorded",
        };
        let hint = match why.ends_with("no series match") {
            true => {
                "say which labels must be equal: `on (...)`, or aggregate both sides by the same ones"
            }
            false => {
                "put the condition right; `churnctl alerts test --generate` then makes a case that shows it"
            }
        };
        let is_certain = context.certain_shape(view).presence == Presence::Never;
        let (status, by_name) = match is_certain {
            true => (Severity::Fail, ""),
            false => (Severity::Warn, BY_NAME),
        };
        let message = format!("{what}: {why}{by_name}");
        findings.of_rule(status, view.rule, place, message, hint);
    }
}
