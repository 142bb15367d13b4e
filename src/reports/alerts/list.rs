//! The list of rules as a table, and as a document.

use serde::Serialize;

use crate::alerts::Library;
use crate::alerts::promql;
use crate::alerts::proof::Coverage;
use crate::alerts::rule::RuleKind;
use crate::cells::{Cell, Column, Table, Tone};
use crate::reports::format::counted;

/// Every rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleList {
    /// Files that were read.
    pub files: usize,
    /// The rules in the order of the files.
    pub rules: Vec<Listed>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// `alert` or `record`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: String,
    /// Its severity, if it is an alert and has one.
    pub severity: Option<String>,
    /// How long its expression must be true.
    pub for_seconds: f64,
    /// Metrics of its expression.
    pub metrics: Vec<String>,
    /// Labels that it sets.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Unit cases that ask for it.
    pub cases: usize,
    /// What these show.
    pub coverage: Coverage,
    /// The object that it stands in.
    pub object: Option<String>,
    /// The file.
    pub file: String,
    /// The line.
    pub line: u64,
}

/// Makes the list.
#[must_use]
pub fn of(library: &Library) -> RuleList {
    let cases = |name: &str| {
        let tests = library.case_files.iter().flat_map(|file| &file.tests);
        let cases = tests.flat_map(|test| &test.cases);
        cases.filter(|case| case.alert == name).count()
    };
    let rules = library.rules.iter().map(|rule| Listed {
        kind: match rule.kind {
            RuleKind::Alert => "alert",
            RuleKind::Record => "record",
        },
        name: rule.name.clone(),
        group: rule.group.clone(),
        severity: rule.label("severity").map(str::to_owned),
        for_seconds: rule.wait_milliseconds() as f64 / 1000.0,
        metrics: promql::parse(&rule.expr.value)
            .map(|expr| promql::metrics(&expr))
            .unwrap_or_default(),
        labels: rule
            .labels
            .iter()
            .map(|(name, scalar)| (name.clone(), scalar.value.clone()))
            .collect(),
        cases: cases(&rule.name),
        coverage: Coverage::of(rule, library),
        object: rule.object.clone(),
        file: rule.source.name.clone(),
        line: rule.line,
    });
    RuleList {
        files: library.sources.len(),
        rules: rules.collect(),
    }
}

/// Returns the table.
#[must_use]
pub fn table(list: &RuleList) -> Table {
    let rows = list.rules.iter().map(|rule| {
        let severity = rule.severity.clone();
        let tone = match severity.as_deref() {
            Some("critical") => Tone::Bad,
            Some("warning") => Tone::Warn,
            _ => Tone::Plain,
        };
        let severity = severity.unwrap_or_else(|| match rule.kind {
            "record" => "record".to_owned(),
            _ => "-".to_owned(),
        });
        let cases = match (rule.kind, rule.cases) {
            ("record", _) => Cell::plain("-"),
            (_, 0) => Cell::new("none", Tone::Warn),
            (_, cases) => Cell::plain(cases.to_string()),
        };
        vec![
            Cell::plain(&rule.name),
            Cell::new(severity, tone),
            Cell::plain(crate::alerts::duration::text(
                (rule.for_seconds * 1000.0) as u64,
            )),
            cases,
            Cell::new(rule.metrics.join(", "), Tone::Dim),
            Cell::new(format!("{}:{}", rule.file, rule.line), Tone::Dim),
        ]
    });
    Table {
        columns: vec![
            Column::text("Alert"),
            Column::text("Severity"),
            Column::number("For"),
            Column::number("Cases"),
            Column::prose("Metrics").shown_from(110),
            Column::text("From").shown_from(140),
        ],
        rows: rows.collect(),
    }
}

/// Returns the last line.
#[must_use]
pub fn sum(list: &RuleList) -> String {
    let alerts: Vec<&Listed> = list
        .rules
        .iter()
        .filter(|rule| rule.kind == "alert")
        .collect();
    let cases: usize = alerts.iter().map(|rule| rule.cases).sum();
    let bare = alerts.iter().filter(|rule| rule.cases == 0).count();
    let mut text = format!(
        "{} in {}, {}",
        counted(alerts.len() as u64, "alert", "alerts"),
        counted(list.files as u64, "file", "files"),
        counted(cases as u64, "unit case", "unit cases"),
    );
    if bare > 0 {
        text.push_str(&format!(
            "; {bare} without a case: `churnctl alerts test --generate FILE` begins them"
        ));
    }
    text
}
