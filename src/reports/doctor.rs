//! What `doctor` found, as rows: worst first within nothing, in the order of the checks, with the fixes
//! below. The document for machines is made from the same.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde::Serialize;

use crate::cells::{Cell, Column, Table, Tone};
use crate::cluster::doctor::{Finding, Health, NO_PERMISSION, worst};

/// What `doctor` says.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The worst of all findings.
    pub status: Health,
    /// The namespace.
    pub namespace: String,
    /// Context of the kubeconfig; none for files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The files; empty for a cluster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// What was found, in the order of the checks.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Puts the findings in order.
    #[must_use]
    pub fn new(
        namespace: String,
        context: Option<String>,
        files: Vec<String>,
        mut findings: Vec<Finding>,
    ) -> Self {
        findings.sort_by_key(|finding| finding.check);
        Self {
            status: worst(&findings),
            namespace,
            context,
            files,
            findings,
        }
    }
}

const fn tone(status: Health) -> Tone {
    match status {
        Health::Pass => Tone::Good,
        Health::Skip => Tone::Dim,
        Health::Warn => Tone::Warn,
        Health::Fail => Tone::Bad,
    }
}

/// Returns the line above the table.
#[must_use]
pub fn title(report: &Report) -> String {
    match &report.context {
        Some(context) => format!("namespace {} of context {context}", report.namespace),
        None => format!(
            "namespace {} as {} has it; what only a cluster knows is not checked",
            report.namespace,
            report.files.join(", ")
        ),
    }
}

/// Returns the findings as rows.
#[must_use]
pub fn table(report: &Report) -> Table {
    let rows = report.findings.iter().map(|finding| {
        vec![
            Cell::new(finding.status.as_str(), tone(finding.status)),
            Cell::plain(finding.check.as_str()),
            Cell::plain(finding.subject.clone()),
            Cell::plain(finding.detail.clone()),
        ]
    });
    Table {
        rows: rows.collect(),
        columns: vec![
            Column::text("Status"),
            Column::text("Check"),
            Column::prose("What"),
            Column::prose("Finding"),
        ],
    }
}

/// Returns what fixes what is wrong, one command a line, each once, with what it fixes.
#[must_use]
pub fn fixes(report: &Report) -> Vec<(Tone, String)> {
    let mut lines: Vec<(Tone, String)> = Vec::new();
    for finding in &report.findings {
        let Some(fix) = &finding.fix else { continue };
        if !lines.iter().any(|(_, known)| known == fix) {
            lines.push((tone(finding.status), fix.clone()));
        }
    }
    lines
}

/// Returns the last line: the counts, and what could not be looked at.
#[must_use]
pub fn verdict(report: &Report) -> (Tone, String) {
    let count = |status| {
        let of = report
            .findings
            .iter()
            .filter(|finding| finding.status == status);
        of.count()
    };
    let counts: Vec<String> = [Health::Fail, Health::Warn, Health::Skip, Health::Pass]
        .into_iter()
        .filter(|status| count(*status) > 0)
        .map(|status| format!("{} {}", count(status), status.as_str()))
        .collect();
    let mut line = format!("{}: {}", report.status.as_str(), counts.join(", "));
    let unseen = unseen(report);
    if !unseen.is_empty() {
        let _ = write!(
            line,
            "; not looked at, for lack of permission to {}",
            unseen.join(", ")
        );
    }
    (tone(report.status), line)
}

/// Returns what was not permitted, each once.
fn unseen(report: &Report) -> Vec<&str> {
    let skipped = report.findings.iter();
    let skipped = skipped.filter(|finding| finding.status == Health::Skip);
    let reasons = skipped.flat_map(|finding| finding.detail.split("; "));
    let denied: BTreeSet<&str> = reasons
        .filter_map(|reason| reason.strip_prefix(NO_PERMISSION))
        .collect();
    denied.into_iter().collect()
}
