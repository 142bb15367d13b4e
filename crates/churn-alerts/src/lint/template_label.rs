//! `template-label`: `{{ $labels.pod }}` where the expression has no `pod`: it prints nothing.

use super::check::{Context, Findings, Severity};
use super::template::actions;
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

/// Returns the labels of the alert that a template names, and where.
fn named_labels(template: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    // Within `range` and `with` the dot is what they look at: samples of a `query`, mostly.
    let mut blocks: Vec<bool> = Vec::new();
    for action in actions(template) {
        let text = &template[action.clone()];
        let is_own_dot = !blocks.contains(&true);
        for mark in ["$labels.", "$.Labels.", ".Labels."] {
            for (at, _) in text.match_indices(mark) {
                let begins = text[..at].chars().next_back();
                let is_field_of_other = begins
                    .is_some_and(|before| before.is_alphanumeric() || "_)$.".contains(before));
                if mark == ".Labels." && (!is_own_dot || is_field_of_other) {
                    continue;
                }
                let name = &text[at + mark.len()..];
                let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                let name = &name[..end.unwrap_or(name.len())];
                if !name.is_empty() && !found.iter().any(|(known, _)| known == name) {
                    found.push((name.to_owned(), action.start + at));
                }
            }
        }
        match text.trim_start_matches('-').split_whitespace().next() {
            Some("range" | "with") => blocks.push(true),
            Some("if" | "block" | "define") => blocks.push(false),
            Some("end" | "end-") => drop(blocks.pop()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_labels_of_the_alert_are_named() {
        // Prometheus' own documentation has the two of `query`: the dot there is a sample.
        for (template, wanted) in [
            ("{{ $labels.pod }} {{ .Labels.node }}", &["pod", "node"][..]),
            (
                "{{ range query \"up\" }}{{ .Labels.instance }}{{ end }}",
                &[],
            ),
            (
                "{{ with query \"up\" }}{{ (first .).Labels.instance }}{{ end }}",
                &[],
            ),
            (
                "{{ range query \"up\" }}{{ $labels.job }}{{ end }}{{ .Labels.pod }}",
                &["job", "pod"],
            ),
            ("{{ if $value }}{{ .Labels.pod }}{{ end }}", &["pod"]),
            (
                "{{- with $x }}{{ $.Labels.a }}{{ end -}} {{ .Labels.b }}",
                &["a", "b"],
            ),
            ("$labels.pod", &[]),
        ] {
            let found = named_labels(template);
            let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, wanted, "{template}");
        }
    }
}
