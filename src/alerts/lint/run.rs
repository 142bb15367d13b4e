//! Runs the checks over a library and leaves out what comments switch off.

use serde::Serialize;

use super::check::{Context, Finding, Findings, Severity, View};
use super::comments::{Disable, disables};
use super::registry::CHECKS;
use crate::alerts::library::Library;
use crate::alerts::promql;
use crate::alerts::rule::RuleKind;

/// What the checks need to know beside the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintOptions {
    /// Time between two scrapes, in milliseconds.
    pub scrape_interval: u64,
    /// Ids of checks that are switched off.
    pub disabled: Vec<String>,
}

impl Default for LintOptions {
    fn default() -> Self {
        Self {
            scrape_interval: 30_000,
            disabled: Vec::new(),
        }
    }
}

/// A finding that a comment switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// Id of the check.
    pub check: &'static str,
    /// The file.
    pub file: String,
    /// The line of the finding.
    pub line: u64,
    /// The rule.
    pub rule: Option<String>,
    /// Why, as the comment says.
    pub reason: String,
}

/// What the lint came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LintReport {
    /// The worst finding; none if there is none.
    pub status: &'static str,
    /// Files that were read.
    pub files: usize,
    /// Rules that were looked at.
    pub rules: usize,
    /// What is wrong, by file and line.
    pub findings: Vec<Finding>,
    /// What comments switched off.
    pub suppressed: Vec<Suppressed>,
}

impl LintReport {
    /// Returns the worst finding's severity.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.status).max()
    }

    /// Returns how many findings are as bad as this.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings
            .filter(|finding| finding.status == severity)
            .count()
    }
}

/// Checks everything in the library.
#[must_use]
pub fn lint(library: &Library, options: &LintOptions) -> LintReport {
    let views = || {
        let rules = library.rules.iter();
        rules.filter_map(|rule| {
            let expr = promql::parse(&rule.expr.value).ok()?;
            Some(View::new(rule, expr))
        })
    };
    let context = Context {
        library,
        alerts: views()
            .filter(|view| view.rule.kind == RuleKind::Alert)
            .collect(),
        all: views().collect(),
        options,
    };
    let mut all = Vec::new();
    for check in CHECKS {
        if options.disabled.iter().any(|id| id == check.id) {
            continue;
        }
        let mut findings = Findings {
            check: check.id,
            found: Vec::new(),
        };
        (check.run)(&context, &mut findings);
        all.extend(findings.found);
    }
    let disables: Vec<Disable> = library
        .sources
        .iter()
        .flat_map(|source| disables(source))
        .collect();
    let (mut findings, mut suppressed) = (Vec::new(), Vec::new());
    for finding in all {
        match disables
            .iter()
            .find(|disable| disable.covers(&finding, library))
        {
            None => findings.push(finding),
            Some(disable) => suppressed.push(Suppressed {
                check: finding.check,
                file: finding.file,
                line: finding.line,
                rule: finding.rule,
                reason: disable.reason.clone(),
            }),
        }
    }
    let order: Vec<&str> = library
        .sources
        .iter()
        .map(|source| source.name.as_str())
        .collect();
    let file = |name: &str| order.iter().position(|known| *known == name);
    findings.sort_by_key(|finding| (file(&finding.file), finding.line, finding.column));
    let mut report = LintReport {
        status: "OK",
        files: library.sources.len(),
        rules: library.rules.len(),
        findings,
        suppressed,
    };
    report.status = report.worst().map_or("OK", Severity::as_str);
    report
}
