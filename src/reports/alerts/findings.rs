//! What lint found, for eyes and for logs.

use crate::alerts::lint::{Finding, LintReport, Severity};
use crate::cells::Tone;
use crate::reports::format::counted;
use crate::text::visible;

/// Returns the tone of a finding.
#[must_use]
pub const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Note => Tone::Dim,
        Severity::Warn => Tone::Warn,
        Severity::Fail => Tone::Bad,
    }
}

/// A line for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its tone.
    pub tone: Tone,
    /// Its text; empty for a gap.
    pub text: String,
}

/// Returns the findings by file and rule. What is to do about a check is said once; what a rule
/// merely lacks stands in one line.
#[must_use]
pub fn grouped(report: &LintReport) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut line = |tone: Tone, text: String| lines.push(Line { tone, text });
    let mut told: Vec<(&str, &str)> = Vec::new();
    let mut rest = report.findings.as_slice();
    let mut file = "";
    while let Some(first) = rest.first() {
        let of_group = |one: &&Finding| one.file == first.file && one.rule == first.rule;
        let length = rest.iter().take_while(of_group).count();
        let (group, later) = rest.split_at(length);
        rest = later;
        if file != first.file {
            file = &first.file;
            line(Tone::Dim, first.file.clone());
            line(Tone::Plain, String::new());
        }
        let name = first.rule.as_deref().unwrap_or("(no rule)");
        line(Tone::Plain, name.to_owned());
        let lacks = |one: &&Finding| one.check.starts_with("missing-");
        for one in group.iter().filter(|one| !lacks(one)) {
            let (status, check) = (one.status.as_str(), one.check);
            let text = format!("  {status}  line {}: {check}: {}", one.line, one.message);
            line(tone(one.status), text);
            // A hint with its own figures is worth repeating, one of many words is not.
            if !one.hint.is_empty() && !told.contains(&(check, one.hint.as_str())) {
                told.push((check, one.hint.as_str()));
                line(Tone::Dim, format!("        → {}", one.hint));
            }
        }
        let lacking: Vec<&Finding> = group.iter().filter(lacks).collect();
        if let Some(worst) = lacking.iter().max_by_key(|one| one.status) {
            let names: Vec<&str> = lacking.iter().map(|one| one.check).collect();
            let text = format!(
                "  {}  line {}: {}",
                worst.status.as_str(),
                worst.line,
                names.join(", ")
            );
            line(tone(worst.status), text);
        }
        line(Tone::Plain, String::new());
    }
    lines
}

/// Returns the findings as compilers write theirs, one line each.
#[must_use]
pub fn lines(report: &LintReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&visible(&line(finding)));
        text.push('\n');
    }
    text
}

/// Returns a hint between what stands before it and after it; nothing if there is none.
pub(super) fn hinted(before: &str, hint: &str, after: &str) -> String {
    match hint.is_empty() {
        true => String::new(),
        false => format!("{before}{hint}{after}"),
    }
}

fn line(finding: &Finding) -> String {
    let rule = finding
        .rule
        .as_ref()
        .map_or(String::new(), |rule| format!("{rule}: "));
    format!(
        "{}:{}:{}: {} {}: {rule}{}{}",
        finding.file,
        finding.line,
        finding.column,
        finding.status.as_str(),
        finding.check,
        finding.message,
        hinted(" (", &finding.hint, ")")
    )
}

/// Returns the last line and its tone.
#[must_use]
pub fn verdict(report: &LintReport) -> (Tone, String) {
    let off = match report.suppressed.len() {
        0 => String::new(),
        count => format!(
            "; {} by comments",
            counted(
                count as u64,
                "finding switched off",
                "findings switched off"
            )
        ),
    };
    let rules = counted(report.rules as u64, "rule", "rules");
    match report.worst() {
        None => (Tone::Good, format!("OK    nothing found in {rules}{off}")),
        Some(Severity::Note) => {
            let notes = counted(report.findings.len() as u64, "note", "notes");
            (
                Tone::Good,
                format!("OK    nothing to fix in {rules}, {notes}{off}"),
            )
        }
        Some(worst) => (
            tone(worst),
            format!(
                "{}  {} in {rules}: {} FAIL, {} WARN{off}",
                worst.as_str(),
                counted(report.findings.len() as u64, "finding", "findings"),
                report.count(Severity::Fail),
                report.count(Severity::Warn),
            ),
        ),
    }
}

/// Returns the command that explains the first of the worst findings.
#[must_use]
pub fn next_step(report: &LintReport) -> Option<String> {
    let worst = report.worst()?;
    let first = report
        .findings
        .iter()
        .find(|finding| finding.status == worst)?;
    Some(format!(
        "      churnctl alerts lint --explain {}",
        first.check
    ))
}
