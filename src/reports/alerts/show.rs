//! One alert as people look it up: the rule, its cases, who is told, and its runbook.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::alerts::Library;
use crate::alerts::duration;
use crate::alerts::routing::{Labels, decide};
use crate::alerts::rule::Rule;

/// Every rule of one name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownAlert {
    /// The alert.
    pub name: String,
    /// Its rules in the order of the files: one name may stand for a warning and a critical alert.
    pub rules: Vec<ShownRule>,
    /// Unit cases that ask for it.
    pub cases: Vec<ShownCase>,
    /// The page of our own alerts, in Markdown; of others, what `runbook_url` says is all there is.
    pub runbook: Option<String>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownRule {
    /// File and line.
    pub place: String,
    /// The expression.
    pub expr: String,
    /// How long it must be true.
    pub for_seconds: f64,
    /// Labels that the rule sets.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Who is told, by each configuration that was read.
    pub routes: Vec<ShownRoute>,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownRoute {
    /// The file.
    pub file: String,
    /// The receivers, in the order of the routes.
    pub receivers: Vec<String>,
    /// Their lines, in the same order.
    pub lines: Vec<u64>,
}

/// A unit case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownCase {
    /// What it shows.
    pub name: String,
    /// When it asks.
    pub at: String,
    /// How many alerts it expects.
    pub alerts: usize,
    /// File and line.
    pub place: String,
}

/// Collects what the library has of an alert.
#[must_use]
pub fn of(library: &Library, name: &str, runbook: Option<String>) -> ShownAlert {
    let rules = library.alerts().filter(|rule| rule.name == name);
    let mut cases = Vec::new();
    for file in &library.case_files {
        for (test, case) in file.cases().filter(|(_, case)| case.alert == name) {
            cases.push(ShownCase {
                name: test.name(),
                at: duration::text(case.at),
                alerts: case.expected.len(),
                place: format!("{}:{}", file.source.name, case.line),
            });
        }
    }
    ShownAlert {
        name: name.to_owned(),
        rules: rules.map(|rule| shown(library, rule)).collect(),
        cases,
        runbook,
    }
}

fn shown(library: &Library, rule: &Rule) -> ShownRule {
    let texts = |pairs: &[(String, crate::alerts::scalar::Scalar)]| {
        let texts = pairs.iter();
        texts
            .map(|(name, scalar)| (name.clone(), scalar.value.clone()))
            .collect::<BTreeMap<_, _>>()
    };
    let mut labels: Labels = texts(&rule.labels);
    labels.insert("alertname".to_owned(), rule.name.clone());
    let routes = library.configurations.iter().map(|configuration| {
        let leaves = decide(configuration, &labels, &[], None).leaves;
        ShownRoute {
            file: configuration.source.name.clone(),
            receivers: leaves.iter().map(|leaf| leaf.receiver.clone()).collect(),
            lines: leaves.iter().map(|leaf| leaf.line).collect(),
        }
    });
    ShownRule {
        place: rule.place(),
        expr: rule.expr.value.trim_end().to_owned(),
        for_seconds: rule.wait_milliseconds() as f64 / 1000.0,
        routes: routes.collect(),
        labels: texts(&rule.labels),
        annotations: texts(&rule.annotations),
    }
}

/// What stands before an expression, and behind it.
const HOLDS: &str = "must hold for ";
const ROUTE: &str = "Route";

/// A line of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownLine {
    /// The text.
    pub text: String,
    /// Whether it is to be copied as it is: an expression, or a command of the runbook.
    pub is_code: bool,
}

/// Returns the alert as text, a line an item; commands and expressions are marked, as whoever breaks
/// them makes them useless.
#[must_use]
pub fn lines(alert: &ShownAlert) -> Vec<ShownLine> {
    let (mut is_in_fence, mut is_in_expression) = (false, false);
    let mark = |text: String| {
        let is_fence = text.trim_start().starts_with("```");
        is_in_fence ^= is_fence;
        is_in_expression &= text != ROUTE;
        let is_code = is_fence || is_in_fence || is_in_expression;
        is_in_expression |= text.starts_with(HOLDS);
        ShownLine { text, is_code }
    };
    texts(alert).into_iter().map(mark).collect()
}

fn texts(alert: &ShownAlert) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in &alert.rules {
        let labels = rule
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let hold = duration::text((rule.for_seconds * 1000.0) as u64);
        lines.push(format!("{}  {}", alert.name, rule.place));
        lines.push(format!("labels: {}", labels.collect::<Vec<_>>().join(", ")));
        for (name, text) in &rule.annotations {
            lines.push(format!("{name}: {text}"));
        }
        lines.push(format!("{HOLDS}{hold}:"));
        lines.extend(rule.expr.lines().map(|line| format!("  {line}")));
        lines.push(String::new());
        lines.push(ROUTE.to_owned());
        if rule.routes.is_empty() {
            lines.push("  no Alertmanager configuration was read".to_owned());
        }
        for route in &rule.routes {
            let steps = route.receivers.iter().zip(&route.lines);
            let steps = steps.map(|(receiver, line)| format!("{receiver} (line {line})"));
            let told = steps.collect::<Vec<_>>().join(", ");
            lines.push(match told.is_empty() {
                true => format!("  {}: no route takes it", route.file),
                false => format!("  {}: {told}", route.file),
            });
        }
        lines.push(String::new());
    }
    lines.push("Cases".to_owned());
    if alert.cases.is_empty() {
        lines.push("  none: `churnctl alerts test --generate FILE` begins them".to_owned());
    }
    for case in &alert.cases {
        let expects = match case.alerts {
            0 => "silent".to_owned(),
            1 => "1 alert".to_owned(),
            many => format!("{many} alerts"),
        };
        lines.push(format!(
            "  {}, at {}: {expects}  {}",
            case.name, case.at, case.place
        ));
    }
    if let Some(runbook) = &alert.runbook {
        lines.push(String::new());
        lines.extend(runbook.trim_end().lines().map(str::to_owned));
    }
    lines
}
