//! `value-in-label`: a label that holds the value makes a new alert whenever the value changes, and
//! `for` begins again each time.

use super::check::{Context, Findings, Severity};
use super::template::{Word, actions, words};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for rule in context.library.alerts() {
        for (name, scalar) in &rule.labels {
            if !prints_value(&scalar.value) {
                continue;
            }
            let message = format!(
                "label `{name}` holds $value: each new value is a new alert, whose `for` begins again"
            );
            let hint =
                "put the value into an annotation; for steps of severity write one rule each";
            findings.of_rule(Severity::Fail, rule, (scalar.key_line, 1), message, hint);
        }
    }
}

/// Tells whether the value, or that of a query, comes into the text. A condition on it does not: that has few texts.
fn prints_value(template: &str) -> bool {
    let conditions: Vec<_> = actions(template)
        .filter(|action| {
            let words = template[action.clone()].trim_start_matches('-');
            let mut words = words.split_whitespace();
            matches!(
                (words.next(), words.next()),
                (Some("if"), _) | (Some("else"), Some("if"))
            )
        })
        .collect();
    let is_printed = |at: usize| !conditions.iter().any(|action| action.contains(&at));
    let mut actions = actions(template);
    words(template).any(|Word::Value(at)| is_printed(at))
        || actions.any(|action| {
            let text = &template[action.clone()];
            is_printed(action.start)
                && text
                    .split('|')
                    .skip(1)
                    .any(|word| word.trim().trim_end_matches('-').trim() == "value")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_on_the_value_has_few_texts() {
        for (template, wanted) in [
            ("{{ $value }}", true),
            ("{{ .Value | humanize }}", true),
            ("{{ query \"y\" | first | value }}", true),
            (
                "{{ if gt $value 90.0 }}critical{{ else }}warning{{ end }}",
                false,
            ),
            (
                "{{- if gt $value 90.0 -}}a{{ else if gt $value 5.0 }}b{{ end }}",
                false,
            ),
            ("{{ if gt $value 90.0 }}{{ $value }}{{ end }}", true),
            ("{{ $labels.value }}", false),
        ] {
            assert_eq!(prints_value(template), wanted, "{template}");
        }
    }
}
