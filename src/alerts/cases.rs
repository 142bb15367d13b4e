//! promtool's unit cases: which alert is asked when, with what input, and what is expected.

use std::sync::Arc;

use super::duration;
use super::node::{Node, Source};
use super::promql::Pattern;
use crate::error::{Error, Result};

/// A test file of promtool.
#[derive(Debug, Clone)]
pub struct CaseFile {
    /// The file.
    pub source: Arc<Source>,
    /// `evaluation_interval`, as written.
    pub evaluation_interval: Option<String>,
    /// `group_eval_order`.
    pub group_order: Vec<String>,
    /// The tests.
    pub tests: Vec<Test>,
}

/// One test: series, and what is asked of them.
#[derive(Debug, Clone)]
pub struct Test {
    /// Its name, or `line N`.
    pub name: String,
    /// Its line.
    pub line: u64,
    /// The test without places, for promtool.
    pub json: serde_json::Value,
    /// What is asked.
    pub cases: Vec<Case>,
    /// How many expressions are asked beside alerts.
    pub expressions: usize,
    /// The input series.
    pub series: Vec<Pattern>,
}

/// What is asked of one alert at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The alert.
    pub alert: String,
    /// When, in milliseconds.
    pub at: u64,
    /// The line.
    pub line: u64,
    /// How many alerts must fire.
    pub expected: usize,
}

impl CaseFile {
    /// Tells whether a document is a test file: by its content, not its name.
    #[must_use]
    pub fn recognises(document: &Node) -> bool {
        document.get("tests").is_some()
            && (document.get("rule_files").is_some()
                || document.get("evaluation_interval").is_some()
                || document.get("tests").is_some_and(|tests| {
                    let mut items = tests.items().iter();
                    items.any(|test| test.get("input_series").is_some())
                }))
    }

    /// Reads the document.
    ///
    /// # Errors
    /// Fails with 65 if a case has no alert or no time.
    pub fn read(source: &Arc<Source>, document: &Node) -> Result<Self> {
        let tests = document.get("tests").map_or(&[][..], Node::items);
        Ok(Self {
            source: Arc::clone(source),
            evaluation_interval: document.scalar_at("evaluation_interval"),
            group_order: document.scalars_at("group_eval_order"),
            tests: tests
                .iter()
                .map(|test| read_test(source, test))
                .collect::<Result<_>>()?,
        })
    }
}

fn read_test(source: &Source, test: &Node) -> Result<Test> {
    let wrong = |node: &Node, message: &str| {
        Error::bad_input(message.to_owned()).at(source.place(node.spot.line))
    };
    let mut cases = Vec::new();
    for case in test.get("alert_rule_test").map_or(&[][..], Node::items) {
        let alert = case.scalar_at("alertname");
        let at = case.scalar_at("eval_time");
        let at = at.and_then(|at| duration::parse(&at));
        cases.push(Case {
            alert: alert.ok_or_else(|| wrong(case, "a case without `alertname`"))?,
            at: at.ok_or_else(|| wrong(case, "a case whose `eval_time` is no duration"))?,
            line: case.spot.line,
            expected: case
                .get("exp_alerts")
                .map_or(0, |alerts| alerts.items().len()),
        });
    }
    let series = test.get("input_series").map_or(&[][..], Node::items);
    let series = series.iter().map(|series| {
        let text = series.scalar_at("series").unwrap_or_default();
        Pattern::of_series(&text).ok_or_else(|| wrong(series, &format!("\"{text}\" is no series")))
    });
    let line = test.spot.line;
    Ok(Test {
        name: test
            .scalar_at("name")
            .unwrap_or_else(|| format!("line {line}")),
        line,
        json: test.to_json(),
        cases,
        expressions: test
            .get("promql_expr_test")
            .map_or(0, |tests| tests.items().len()),
        series: series.collect::<Result<_>>()?,
    })
}
