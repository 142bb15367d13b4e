//! `duplicate-alert`: two alerts of one name with the same labels cannot be told apart.

use std::collections::HashMap;

use super::check::{Context, Findings, Severity, View};
use crate::rule::Rule;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let mut first: HashMap<_, Vec<&View<'_>>> = HashMap::new();
    for view in &context.alerts {
        let rule = view.rule;
        let known = first.entry(identity(rule)).or_default();
        // Series of two metrics may differ by labels that only one of the expressions has.
        let same = known
            .iter()
            .find(|other| other.tree.shape.labels == view.tree.shape.labels);
        if let Some(other) = same {
            let message = format!("{} is defined before, in {}", rule.name, other.rule.place());
            let hint = "give it another name, or labels that tell the two apart";
            findings.of_rule(Severity::Warn, rule, (rule.line, 1), message, hint);
            continue;
        }
        known.push(view);
    }
}

/// Returns what makes a rule's alerts or series the same as another's: name and labels.
pub(super) fn identity(rule: &Rule) -> (&str, Vec<(&str, &str)>) {
    let labels = rule.labels.iter();
    let mut labels: Vec<_> = labels
        .map(|(name, text)| (name.as_str(), text.value.as_str()))
        .collect();
    labels.sort_unstable();
    (&rule.name, labels)
}
