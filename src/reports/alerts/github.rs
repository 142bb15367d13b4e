//! Findings as GitHub's workflow commands: each shows beside its line in the pull request.

use crate::alerts::lint::{LintReport, Severity};
use crate::reports::alerts::TestReport;

/// Returns a command a finding.
#[must_use]
pub fn lint(report: &LintReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let level = match finding.status {
            Severity::Warn => "warning",
            Severity::Fail => "error",
        };
        let rule = finding
            .rule
            .as_ref()
            .map_or(String::new(), |rule| format!("{rule}: "));
        text.push_str(&command(
            level,
            &finding.file,
            finding.line,
            Some(finding.column),
            finding.check,
            &format!("{rule}{}\n{}", finding.message, finding.hint),
        ));
    }
    text
}

/// Returns a command a failure, and one a survivor.
#[must_use]
pub fn test(report: &TestReport) -> String {
    let mut text = String::new();
    for problem in report.problems() {
        let level = if problem.fails { "error" } else { "notice" };
        let (file, line) = (&problem.file, problem.line);
        text.push_str(&command(
            level,
            file,
            line,
            None,
            &problem.title,
            &problem.message,
        ));
    }
    text
}

fn command(
    level: &str,
    file: &str,
    line: u64,
    column: Option<u64>,
    title: &str,
    message: &str,
) -> String {
    let column = column.map_or(String::new(), |column| format!(",col={column}"));
    let place = match file.is_empty() {
        true => String::new(),
        false => format!("file={},line={line}{column},", property(file)),
    };
    format!(
        "::{level} {place}title={}::{}\n",
        property(title),
        data(message)
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_message_ends_the_command() {
        // https://docs.github.com/actions/reference/workflow-commands: %, CR and LF are escaped in
        // data, `:` and `,` in properties, too.
        assert_eq!(
            command(
                "error",
                "a,b:c.yaml",
                3,
                Some(5),
                "x",
                "50 %\nnext::error::"
            ),
            "::error file=a%2Cb%3Ac.yaml,line=3,col=5,title=x::50 %25%0Anext::error::\n"
        );
    }
}
