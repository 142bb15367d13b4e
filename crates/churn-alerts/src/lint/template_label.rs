//! `template-label`: `{{ $labels.pod }}` where the expression has no `pod`: it prints nothing.

use super::check::{Context, Findings, Severity};
use crate::align;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.alerts {
        let labels = &view.tree.shape.labels;
        let texts = view.rule.annotations.iter().chain(&view.rule.labels);
        for (key, scalar) in texts {
            for (name, offset) in named_labels(&scalar.value) {
                if labels.may_have(&name) {
                    continue;
                }
                let own = view.rule.label(&name).is_some();
                let hint = match own {
                    true => "a template sees the labels of the series only, not those that the rule sets".to_owned(),
                    false => format!("keep it, as in `sum by ({name}) (...)`, or take it out of the text"),
                };
                let message =
                    format!("`{key}` names $labels.{name}, which the expression does not have");
                let place = align::position(&view.rule.source, scalar, offset);
                findings.of_rule(Severity::Fail, view.rule, place, message, hint);
            }
        }
    }
}

/// Returns the labels that a template names, and where.
fn named_labels(template: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for mark in ["$labels.", ".Labels."] {
        for (at, _) in template.match_indices(mark) {
            let name = &template[at + mark.len()..];
            let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let name = &name[..end.unwrap_or(name.len())];
            // Only between the braces of a template.
            let open = template[..at]
                .rfind("{{")
                .is_some_and(|open| !template[open..at].contains("}}"));
            if open && !name.is_empty() && !found.iter().any(|(known, _)| known == name) {
                found.push((name.to_owned(), at));
            }
        }
    }
    found
}
