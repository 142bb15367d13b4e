//! `value-in-label`: a label that holds the value makes a new alert whenever the value changes, and
//! `for` begins again each time.

use super::check::{Context, Findings, Severity};
use super::template::{Word, words};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for rule in context.library.alerts() {
        for (name, scalar) in &rule.labels {
            let uses = words(&scalar.value).any(|word| matches!(word, Word::Value(_)));
            if !uses {
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
