//! promtool's unit cases: which alert is asked when, with what input, and what is expected. What is
//! wrong with a test file is for promtool to say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::duration;
use super::node::{Node, Source};
use super::promql::Pattern;
use super::samples::Samples;

/// A test file of promtool.
#[derive(Debug, Clone)]
pub struct CaseFile {
    /// The file.
    pub source: Arc<Source>,
    /// `rule_files`, as written; empty means all rules that were read.
    pub rule_files: Vec<String>,
    /// Places in the library of the rule sets that it loads.
    pub sets: Vec<usize>,
    /// The document.
    pub root: Node,
    /// Whether it is the first of its file, which alone promtool reads.
    pub is_first: bool,
    /// The tests.
    pub tests: Vec<Test>,
}

/// One test: series, and what is asked of them.
#[derive(Debug, Clone)]
pub struct Test {
    /// Its name; none if it says none.
    pub given_name: Option<String>,
    /// Its line.
    pub line: u64,
    /// The test.
    pub node: Node,
    /// What is asked.
    pub cases: Vec<Case>,
    /// How many expressions are asked beside alerts.
    pub expressions: usize,
    /// The input series.
    pub series: Vec<InputSeries>,
}

/// A series that a test gives.
#[derive(Debug, Clone)]
pub struct InputSeries {
    /// Name and labels.
    pub pattern: Pattern,
    /// When it has samples; none if its values cannot be read.
    pub samples: Option<Samples>,
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
    /// Place among the cases of the test, those that cannot be read counted.
    pub place: usize,
    /// The labels of each alert that must fire.
    pub expected: Vec<BTreeMap<String, String>>,
}

impl Test {
    /// Returns its name, or `line N`.
    #[must_use]
    pub fn name(&self) -> String {
        let given = self.given_name.clone();
        given.unwrap_or_else(|| format!("line {}", self.line))
    }
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

    /// Reads the document, as far as it can be read.
    #[must_use]
    pub fn read(source: &Arc<Source>, document: &Node, is_first: bool) -> Self {
        let tests = document.get("tests").map_or(&[][..], Node::items);
        let interval = document.scalar_at("evaluation_interval");
        let interval = interval.as_deref().unwrap_or("1m");
        Self {
            source: Arc::clone(source),
            rule_files: document.scalars_at("rule_files"),
            sets: Vec::new(),
            root: document.clone(),
            is_first,
            tests: tests.iter().map(|test| read_test(test, interval)).collect(),
        }
    }

    /// Returns the files that its patterns find, as promtool looks for them: beside the test file.
    #[must_use]
    pub fn rule_paths(&self) -> Vec<PathBuf> {
        let folder = match self.source.name.as_str() {
            "-" => Path::new(""),
            name => Path::new(name).parent().unwrap_or(Path::new("")),
        };
        let mut found = Vec::new();
        for pattern in self.rule_files.iter().filter(|one| !one.is_empty()) {
            let path = folder.join(pattern);
            let matches = glob::glob(&path.to_string_lossy());
            found.extend(matches.into_iter().flatten().flatten());
        }
        found
    }

    /// Returns every case with its test.
    pub fn cases(&self) -> impl Iterator<Item = (&Test, &Case)> {
        let tests = self.tests.iter();
        tests.flat_map(|test| test.cases.iter().map(move |case| (test, case)))
    }
}

fn read_test(test: &Node, evaluation_interval: &str) -> Test {
    let interval = test.scalar_at("interval");
    let interval = interval.as_deref().unwrap_or(evaluation_interval);
    let mut cases = Vec::new();
    let list = test.get("alert_rule_test").map_or(&[][..], Node::items);
    for (place, case) in list.iter().enumerate() {
        let at = case
            .scalar_at("eval_time")
            .unwrap_or_else(|| "0".to_owned());
        let (Some(alert), Some(at)) = (case.scalar_at("alertname"), duration::parse(&at)) else {
            continue;
        };
        let alerts = case.get("exp_alerts").map_or(&[][..], Node::items);
        let labels = |alert: &Node| {
            let labels = alert
                .get("exp_labels")
                .map_or(&[][..], Node::entries)
                .iter();
            let pairs =
                labels.map(|(key, value)| (key.name.clone(), value.scalar().unwrap_or_default()));
            pairs.collect()
        };
        cases.push(Case {
            alert,
            at,
            line: case.spot.line,
            place,
            expected: alerts.iter().map(labels).collect(),
        });
    }
    let series = test.get("input_series").map_or(&[][..], Node::items);
    let series = series.iter().filter_map(|series| {
        let text = series.scalar_at("series").unwrap_or_default();
        let values = series.scalar_at("values").unwrap_or_default();
        Some(InputSeries {
            pattern: Pattern::of_series(&text)?,
            samples: Samples::read(&values, interval),
        })
    });
    Test {
        given_name: test.scalar_at("name"),
        line: test.spot.line,
        cases,
        expressions: test
            .get("promql_expr_test")
            .map_or(0, |tests| tests.items().len()),
        series: series.collect(),
        node: test.clone(),
    }
}
