//! `placeholder`: a value that only stands for one that somebody has to set.

use super::check::{Context, Findings, Severity};
use crate::node::{Node, Source, Value};
use crate::placeholder::is_placeholder;

const HINT: &str = "put your own there";

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    // Once a file: where one rule has it, nearly all do.
    let mut last = None;
    let with = |name: &str| {
        let count = context.library.alerts().filter(|rule| {
            let url = rule.annotation("runbook_url");
            rule.source.name == name && url.is_some_and(|url| is_placeholder(&url.value))
        });
        count.count()
    };
    for rule in context.library.alerts() {
        let Some(url) = rule.annotation("runbook_url") else {
            continue;
        };
        let file = rule.source.name.as_str();
        if !is_placeholder(&url.value) || last == Some(file) {
            continue;
        }
        last = Some(file);
        let others = match with(file) {
            0 | 1 => String::new(),
            2 => ", and so is that of one more alert in the file".to_owned(),
            count => format!(
                ", and so are those of {} more alerts in the file",
                count - 1
            ),
        };
        let message = format!(
            "`runbook_url: {}` is a placeholder{others}",
            url.value.trim()
        );
        findings.of_rule(Severity::Warn, rule, (url.key_line, 1), message, HINT);
    }
    for configuration in &context.library.configurations {
        walk(&configuration.document, &configuration.source, findings);
    }
}

fn walk(node: &Node, source: &Source, findings: &mut Findings) {
    for item in node.items() {
        walk(item, source, findings);
    }
    for (key, value) in node.entries() {
        match &value.value {
            Value::Text(text) if is_placeholder(text.trim()) => {
                let message = format!("`{}: {}` is a placeholder", key.name, text.trim());
                findings.of_line(Severity::Warn, source, key.spot.line, message, HINT);
            }
            Value::Text(_) => {}
            _ => walk(value, source, findings),
        }
    }
}
