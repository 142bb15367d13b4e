//! Findings and proofs as Markdown, for a step summary.

use std::fmt::Write as _;

use super::TestReport;
use crate::alerts::lint::{LintReport, Severity};
use crate::alerts::live::Outcome;
use crate::reports::drift::markdown::escape;

/// Most rows of a table.
const MOST: usize = 100;

/// Returns the findings.
#[must_use]
pub fn lint(report: &LintReport) -> String {
    let (_, verdict) = super::findings::verdict(report);
    let sign = match report.worst() {
        None | Some(Severity::Note) => "✅",
        Some(Severity::Warn) => "⚠️",
        Some(Severity::Fail) => "❌",
    };
    let sentence = verdict
        .split_once("  ")
        .map_or(verdict.as_str(), |(_, rest)| rest.trim());
    let mut text = format!(
        "## {sign} Alert rules, lint: {}\n\n{}\n\n",
        report.status,
        escape(sentence)
    );
    if !report.findings.is_empty() {
        text.push_str(
            "| | Where | Rule | Check | Finding, and what to do |\n|---|---|---|---|---|\n",
        );
        for one in report.findings.iter().take(MOST) {
            let sign = match one.status {
                Severity::Note => "ℹ️",
                Severity::Warn => "⚠️",
                Severity::Fail => "❌",
            };
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "| {sign} | {} | {} | {} | {}<br><sub>{}</sub> |",
                escape(&format!("{}:{}", one.file, one.line)),
                escape(one.rule.as_deref().unwrap_or("-")),
                one.check,
                escape(&one.message),
                escape(&one.hint),
            );
        }
        if report.findings.len() > MOST {
            let _ = writeln!(text, "\nAnd {} more.", report.findings.len() - MOST);
        }
        text.push('\n');
    }
    if !report.suppressed.is_empty() {
        text.push_str("<details><summary>Switched off by comments</summary>\n\n");
        for one in &report.suppressed {
            let _ = writeln!(
                text,
                "- {} {}: {} ({})",
                escape(&format!("{}:{}", one.file, one.line)),
                escape(one.rule.as_deref().unwrap_or("-")),
                one.check,
                escape(&one.reason)
            );
        }
        text.push_str("\n</details>\n\n");
    }
    text
}

/// Returns the proof.
#[must_use]
pub fn test(report: &TestReport) -> String {
    let (_, verdict) = report.verdict();
    let sentence = verdict
        .split_once("  ")
        .map_or(verdict.as_str(), |(_, rest)| rest.trim());
    let sign = if report.status == "OK" { "✅" } else { "❌" };
    let mut text = format!(
        "## {sign} Alert rules, test: {}\n\n{}\n\n",
        report.status,
        escape(sentence)
    );
    let problems = report.problems();
    let failing: Vec<_> = problems.iter().filter(|problem| problem.fails).collect();
    if !failing.is_empty() {
        text.push_str("| What | Where | Why |\n|---|---|---|\n");
        for one in failing.iter().take(MOST) {
            let place = match one.file.is_empty() {
                true => String::new(),
                false => format!("{}:{}", one.file, one.line),
            };
            let _ = writeln!(
                text,
                "| ❌ {} | {} | {} |",
                escape(&one.title),
                escape(&place),
                escape(&one.message)
            );
        }
        text.push('\n');
    }
    if let Some(proof) = &report.proof {
        let heading = if report.mutated {
            " Mutants |\n|---|--:|--:|--:|--:|--:|\n"
        } else {
            "\n|---|--:|--:|--:|--:|\n"
        };
        let _ = write!(
            text,
            "<details><summary>Alerts</summary>\n\n| Alert | Cases | Fires | Silent | No data |{heading}"
        );
        for rule in &proof.rules {
            let shown = |count: usize| {
                if count == 0 {
                    "⚠️ 0".to_owned()
                } else {
                    count.to_string()
                }
            };
            let mutants = match (report.mutated, rule.killed == rule.mutants) {
                (false, _) => String::new(),
                (true, true) => format!(" {}/{} |", rule.killed, rule.mutants),
                (true, false) => format!(" ⚠️ {}/{} |", rule.killed, rule.mutants),
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |{mutants}",
                escape(&rule.alert),
                rule.cases,
                shown(rule.coverage.fires),
                shown(rule.coverage.silent),
                shown(rule.coverage.no_data),
            );
        }
        text.push_str("\n</details>\n\n");
    }
    let survivors: Vec<_> = problems.iter().filter(|problem| !problem.fails).collect();
    if !survivors.is_empty() {
        let _ = writeln!(
            text,
            "<details><summary>{} mutants that no case notices</summary>\n",
            survivors.len()
        );
        for one in survivors.iter().take(MOST) {
            let _ = writeln!(
                text,
                "- {}",
                escape(&format!("{}:{} {}", one.file, one.line, one.message))
            );
        }
        text.push_str("\n</details>\n\n");
    }
    if !report.steps.is_empty() {
        text.push_str("| | Live step | Seen |\n|---|---|---|\n");
        for step in &report.steps {
            let sign = match step.outcome {
                Outcome::Pass => "✅",
                Outcome::Fail => "❌",
                Outcome::Unseen => "❔",
                Outcome::Skip => "⏭️",
            };
            let _ = writeln!(
                text,
                "| {sign} | {} | {} |",
                escape(&step.name),
                escape(&step.message)
            );
        }
        text.push('\n');
    }
    text
}
