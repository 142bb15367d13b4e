//! Findings as SARIF 2.1.0, for code scanning.

use serde_json::{Value, json};

use super::findings::hinted;
use crate::alerts::lint::{CHECKS, LintReport, Severity};

/// Returns the document.
#[must_use]
pub fn lint(report: &LintReport) -> Value {
    let rules: Vec<Value> = CHECKS
        .iter()
        .map(|check| {
            json!({
                "id": check.id,
                "shortDescription": { "text": check.title },
                "help": { "text": check.page, "markdown": check.page },
            })
        })
        .collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let rule = finding
                .rule
                .as_ref()
                .map_or(String::new(), |rule| format!("{rule}: "));
            json!({
                "ruleId": finding.check,
                "ruleIndex": CHECKS.iter().position(|check| check.id == finding.check),
                "level": match finding.status {
                    Severity::Note => "note",
                    Severity::Warn => "warning",
                    Severity::Fail => "error",
                },
                "message": { "text": format!("{rule}{}.{}", finding.message, hinted(" ", &finding.hint, "")) },
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": { "uri": uri(&finding.file) },
                        "region": { "startLine": finding.line, "startColumn": finding.column },
                    },
                }],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "churnctl alerts lint",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A path as a relative reference of a URI.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}
