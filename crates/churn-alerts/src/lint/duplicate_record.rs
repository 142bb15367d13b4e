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
        // surely the same series, or a result without labels that no condition takes away.
        let words: Vec<&str> = rule.expr.value.split_whitespace().collect();
        let shape = &view.tree.shape;
        let is_single = shape.labels.is_none() && !shape.is_filtered;
        let text = if is_single {
            String::new()
        } else {
            words.join(" ")
        };
        let key = (rule.source.name.as_str(), identity(rule), text);
        let Some(known) = first.get(&key) else {
            first.insert(key, rule);
            continue;
        };
        let same = known.expr.value.split_whitespace().eq(words);
        let how = if same {
            "by the same expression"
        } else {
            "as the same series without labels"
        };
        let message = format!(
            "{} is recorded before {how}, in line {}",
            rule.name, known.line
        );
        let hint = "take one of the two out";
        findings.of_rule(Severity::Warn, rule, (rule.line, 1), message, hint);
    }
}
