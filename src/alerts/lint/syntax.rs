//! `syntax`: expressions, durations and keys that Prometheus would refuse.

use super::check::{Context, Findings, Severity};
use crate::alerts::duration;
use crate::alerts::promql;
use crate::alerts::rule::RuleKind;
use crate::error::nearest;

const KEYS: [&str; 7] = [
    "alert",
    "record",
    "expr",
    "for",
    "keep_firing_for",
    "labels",
    "annotations",
];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for rule in &context.library.rules {
        if let Err(said) = promql::parse(&rule.expr.value) {
            let hint = "promtool check rules shows the place in the expression";
            let message = format!("not PromQL: {said}");
            findings.of_rule(Severity::Fail, rule, rule.position(0), message, hint);
        }
        if let Some(wait) = &rule.wait
            && duration::parse(&wait.value).is_none()
        {
            let message = format!("`for: {}` is no duration", wait.value);
            findings.of_rule(
                Severity::Fail,
                rule,
                (wait.key_line, 1),
                message,
                "write 5m, 90s or 1h30m",
            );
        }
        if rule.kind == RuleKind::Record && (rule.wait.is_some() || !rule.annotations.is_empty()) {
            let message = "a recording rule has no `for` and no annotations";
            findings.of_rule(
                Severity::Fail,
                rule,
                (rule.line, 1),
                message,
                "take them out",
            );
        }
        for (key, line) in &rule.unknown {
            let hint = match nearest(key, KEYS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("a rule has {}", KEYS.join(", ")),
            };
            findings.of_rule(
                Severity::Fail,
                rule,
                (*line, 1),
                format!("a rule has no `{key}`"),
                hint,
            );
        }
    }
}
