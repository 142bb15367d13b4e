//! What lint found, for eyes and for logs.

use crate::alerts::lint::{Finding, LintReport, Severity};
use crate::cells::{Cell, Column, Table, Tone};
use crate::reports::format::counted;
use crate::text::visible;

/// The findings of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The file.
    pub file: String,
    /// Its findings.
    pub table: Table,
}

/// Returns the tone of a finding.
#[must_use]
pub const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Warn => Tone::Warn,
        Severity::Fail => Tone::Bad,
    }
}

/// Returns a table a file. A rule is named once, at its first finding.
#[must_use]
pub fn sections(report: &LintReport) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut last: Option<&str> = None;
    for finding in &report.findings {
        if sections
            .last()
            .is_none_or(|section| section.file != finding.file)
        {
            last = None;
            sections.push(Section {
                file: finding.file.clone(),
                table: Table {
                    columns: vec![
                        Column::number("Line"),
                        Column::text("Rule"),
                        Column::text(""),
                        Column::text("Check"),
                        Column::prose("Finding, and what to do"),
                    ],
                    rows: Vec::new(),
                },
            });
        }
        let rule = finding.rule.as_deref();
        let named = if rule.is_some() && rule == last {
            ""
        } else {
            rule.unwrap_or("-")
        };
        last = rule;
        if let Some(section) = sections.last_mut() {
            section.table.rows.push(vec![
                Cell::plain(finding.line.to_string()),
                Cell::plain(named),
                Cell::new(finding.status.as_str(), tone(finding.status)),
                Cell::plain(finding.check),
                Cell::plain(&finding.message).over(&finding.hint),
            ]);
        }
    }
    sections
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

fn line(finding: &Finding) -> String {
    let rule = finding
        .rule
        .as_ref()
        .map_or(String::new(), |rule| format!("{rule}: "));
    format!(
        "{}:{}:{}: {} {}: {rule}{} ({})",
        finding.file,
        finding.line,
        finding.column,
        finding.status.as_str(),
        finding.check,
        finding.message,
        finding.hint
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
