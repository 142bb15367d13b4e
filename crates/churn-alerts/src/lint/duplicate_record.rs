//! `duplicate-record`: two rules of one file that record the same series overwrite each other.

use std::collections::HashMap;

use super::check::{Context, Findings, Severity};
use super::duplicate_alert::identity;
use crate::rule::RuleKind;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let mut first = HashMap::new();
    for view in &context.all {
        let rule = view.rule;
        if rule.kind != RuleKind::Record {
            continue;
        }
        // Selectors that exclude each other are a usual way to fill one name: only the same text is
        // surely the same series.
        let words: Vec<&str> = rule.expr.value.split_whitespace().collect();
        let key = (rule.source.name.as_str(), identity(rule), words.join(" "));
        let Some(known) = first.get(&key) else {
            first.insert(key, rule);
            continue;
        };
        let message = format!(
            "{} is recorded before by the same expression, in line {}",
            rule.name, known.line
        );
        let hint = "take one of the two out";
        findings.of_rule(Severity::Warn, rule, (rule.line, 1), message, hint);
    }
}
