//! `missing-severity`: an alert without a severity, or with one that no route knows.

use super::check::{Context, Findings, Severity};

const KNOWN: [&str; 4] = ["critical", "warning", "info", "none"];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for rule in context.library.alerts() {
        let label = rule.labels.iter().find(|(name, _)| name == "severity");
        let (status, place, message) = match label {
            None => (
                Severity::Fail,
                (rule.line, 1),
                "no label `severity`".to_owned(),
            ),
            Some((_, scalar))
                if !KNOWN.contains(&scalar.value.as_str()) && !scalar.value.contains("{{") =>
            {
                (
                    Severity::Warn,
                    (scalar.key_line, 1),
                    format!(
                        "severity \"{}\" is none that routes usually know",
                        scalar.value
                    ),
                )
            }
            Some(_) => continue,
        };
        let hint = "critical wakes somebody, warning opens a ticket, info is for reading";
        findings.of_rule(status, rule, place, message, hint);
    }
}
