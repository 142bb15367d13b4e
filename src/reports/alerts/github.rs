//! Findings as GitHub's workflow commands: each shows beside its line in the pull request.

use super::findings::hinted;
use crate::alerts::lint::{LintReport, Severity};
use crate::reports::alerts::TestReport;
use crate::reports::github::{Annotation, Level, commands};

/// Returns a command a finding, the worst first, ten at most.
#[must_use]
pub fn lint(report: &LintReport) -> String {
    let annotations = report.findings.iter().map(|finding| {
        let rule = finding
            .rule
            .as_ref()
            .map_or(String::new(), |rule| format!("{rule}: "));
        Annotation {
            level: match finding.status {
                Severity::Note => Level::Notice,
                Severity::Warn => Level::Warning,
                Severity::Fail => Level::Error,
            },
            file: finding.file.clone(),
            line: Some(finding.line),
            column: Some(finding.column),
            title: finding.check.to_string(),
            message: format!(
                "{rule}{}{}",
                finding.message,
                hinted("\n", &finding.hint, "")
            ),
        }
    });
    commands(annotations.collect())
}

/// Returns a command a failure, and one a survivor, failures first, ten at most.
#[must_use]
pub fn test(report: &TestReport) -> String {
    let annotations = report.problems().into_iter().map(|problem| Annotation {
        level: if problem.fails {
            Level::Error
        } else {
            Level::Notice
        },
        file: problem.file.clone(),
        line: Some(problem.line),
        column: None,
        title: problem.title.clone(),
        message: problem.message.clone(),
    });
    commands(annotations.collect())
}
