//! `deprecated-matcher`: keys of routes that newer Alertmanagers will refuse.

use super::check::{Context, Findings, Severity};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for configuration in &context.library.configurations {
        for (key, line) in &configuration.deprecated {
            let new = match key.as_str() {
                "match" | "match_re" => "matchers: ['severity=\"warning\"']",
                "source_match" | "source_match_re" => "source_matchers: [...]",
                _ => "target_matchers: [...]",
            };
            let message = format!("`{key}` is deprecated, and check-config does not say so");
            findings.of_line(
                Severity::Warn,
                &configuration.source,
                *line,
                message,
                format!("write `{new}`"),
            );
        }
    }
}
