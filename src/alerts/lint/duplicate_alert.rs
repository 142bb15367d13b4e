//! `duplicate-alert`: two alerts of one name with the same labels cannot be told apart.

use super::check::{Context, Findings, Severity};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let alerts: Vec<_> = context.library.alerts().collect();
    for (at, rule) in alerts.iter().enumerate() {
        let labels = |rule: &crate::alerts::rule::Rule| {
            let pairs = rule.labels.iter();
            let mut pairs: Vec<_> = pairs
                .map(|(name, text)| (name.clone(), text.value.clone()))
                .collect();
            pairs.sort();
            pairs
        };
        let same = |other: &&&crate::alerts::rule::Rule| {
            other.name == rule.name && labels(other) == labels(rule)
        };
        let Some(first) = alerts[..at].iter().find(same) else {
            continue;
        };
        let message = format!("{} is defined before, in {}", rule.name, first.place());
        let hint = "give it another name, or labels that tell the two apart";
        findings.of_rule(Severity::Warn, rule, (rule.line, 1), message, hint);
    }
}
