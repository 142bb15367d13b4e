//! One rule as it stands in its file. What is wrong with it is for `lint`.

use std::sync::Arc;

use super::align;
use super::duration;
use super::node::{Node, Source, Spot, Value};
use crate::error::{Error, Result};

/// A scalar with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// The value.
    pub value: String,
    /// Where it stands.
    pub spot: Spot,
    /// The line of its key.
    pub key_line: u64,
}

/// Whether a rule alerts or records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// `alert:`.
    Alert,
    /// `record:`.
    Record,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Whether it alerts or records.
    pub kind: RuleKind,
    /// Name of the alert or of the recorded metric.
    pub name: String,
    /// The expression.
    pub expr: Scalar,
    /// How long the expression must be true.
    pub wait: Option<Scalar>,
    /// Labels that the rule sets.
    pub labels: Vec<(String, Scalar)>,
    /// Annotations.
    pub annotations: Vec<(String, Scalar)>,
    /// Keys that no rule has, with their lines.
    pub unknown: Vec<(String, u64)>,
    /// Name of its group.
    pub group: String,
    /// Interval of its group, as written.
    pub interval: Option<String>,
    /// The file.
    pub source: Arc<Source>,
    /// Its first line.
    pub line: u64,
    /// Its last line.
    pub last_line: u64,
    /// The object it stands in, as `PrometheusRule/name`; none in a plain rule file.
    pub object: Option<String>,
    /// Namespace of that object.
    pub namespace: Option<String>,
    /// The rule without places, for promtool.
    pub json: serde_json::Value,
}

impl Rule {
    /// Returns a label that the rule sets.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map(|(_, scalar)| scalar.value.as_str())
    }

    /// Returns an annotation.
    #[must_use]
    pub fn annotation(&self, name: &str) -> Option<&Scalar> {
        let found = self.annotations.iter().find(|(label, _)| label == name);
        found.map(|(_, scalar)| scalar)
    }

    /// Returns the severity, or `-`.
    #[must_use]
    pub fn severity(&self) -> &str {
        self.label("severity").unwrap_or("-")
    }

    /// Returns how long the expression must be true, in milliseconds; 0 if it does not say.
    #[must_use]
    pub fn wait_milliseconds(&self) -> u64 {
        let wait = self.wait.as_ref();
        wait.and_then(|wait| duration::parse(&wait.value))
            .unwrap_or(0)
    }

    /// Returns line and column in the file of a byte of the expression.
    #[must_use]
    pub fn position(&self, offset: usize) -> (u64, u64) {
        align::position(&self.source, self.expr.spot, &self.expr.value, offset)
    }

    /// Returns `file:line`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.source.name, self.line)
    }
}

/// What the rules of a group share.
pub(super) struct GroupOf<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) object: Option<String>,
    pub(super) namespace: Option<String>,
}

impl GroupOf<'_> {
    /// Reads the rules of `groups:`.
    ///
    /// # Errors
    /// Fails with 65 where the shape is none of Prometheus' rules.
    pub(super) fn rules(&self, groups: &Node, rules: &mut Vec<Rule>) -> Result<()> {
        let Value::Sequence(items) = &groups.value else {
            return Err(self.wrong(groups.spot.line, "`groups` is a list"));
        };
        for group in items {
            let name = group
                .scalar_at("name")
                .ok_or_else(|| self.wrong(group.spot.line, "a group without a name"))?;
            let interval = group.scalar_at("interval");
            let Some(list) = group.get("rules") else {
                continue;
            };
            for node in list.items() {
                rules.push(self.rule(node, &name, interval.clone())?);
            }
        }
        Ok(())
    }

    /// Reads one rule.
    ///
    /// # Errors
    /// Fails with 65 if it has no name or no expression.
    pub(super) fn rule(&self, node: &Node, group: &str, interval: Option<String>) -> Result<Rule> {
        let line = node.spot.line;
        let (kind, name) = match (node.scalar_at("alert"), node.scalar_at("record")) {
            (Some(name), None) => (RuleKind::Alert, name),
            (None, Some(name)) => (RuleKind::Record, name),
            (Some(_), Some(_)) => {
                return Err(self.wrong(line, "a rule with both `alert` and `record`"));
            }
            (None, None) => {
                return Err(self.wrong(line, "a rule without `alert` or `record`"));
            }
        };
        let expr = self
            .scalar(node, "expr")
            .filter(|expr| !expr.value.trim().is_empty())
            .ok_or_else(|| self.wrong(line, &format!("rule {name} has no `expr`")))?;
        let known = [
            "alert",
            "record",
            "expr",
            "for",
            "keep_firing_for",
            "labels",
            "annotations",
        ];
        let unknown = node.entries().iter();
        let unknown = unknown
            .filter(|(key, _)| !known.contains(&key.name.as_str()))
            .map(|(key, _)| (key.name.clone(), key.spot.line));
        Ok(Rule {
            kind,
            unknown: unknown.collect(),
            wait: self.scalar(node, "for"),
            labels: self.scalars(node, "labels"),
            annotations: self.scalars(node, "annotations"),
            group: group.to_owned(),
            interval,
            source: Arc::clone(self.source),
            line,
            last_line: last_line(node).max(expr.spot.line + lines_of(&expr.value)),
            object: self.object.clone(),
            namespace: self.namespace.clone(),
            json: node.to_json(),
            name,
            expr,
        })
    }

    fn scalar(&self, node: &Node, name: &str) -> Option<Scalar> {
        let (key, value) = node.entry(name)?;
        self.scalar_of(key.spot.line, value)
    }

    /// A number is taken as it is written: `0.10` must not become `0.1` in a message.
    fn scalar_of(&self, key_line: u64, node: &Node) -> Option<Scalar> {
        let spot = node.spot;
        let written = self.source.text.get(spot.byte..spot.byte + spot.length);
        let value = match (&node.value, written) {
            (Value::Number(_), Some(written)) if !written.is_empty() => written.to_owned(),
            _ => node.scalar()?,
        };
        Some(Scalar {
            value,
            spot,
            key_line,
        })
    }

    fn scalars(&self, node: &Node, name: &str) -> Vec<(String, Scalar)> {
        let entries = node.get(name).map_or(&[][..], Node::entries);
        let scalars = entries.iter().filter_map(|(key, value)| {
            let scalar = self.scalar_of(key.spot.line, value)?;
            Some((key.name.clone(), scalar))
        });
        scalars.collect()
    }

    fn wrong(&self, line: u64, message: &str) -> Error {
        Error::bad_input(message)
            .at(self.source.place(line))
            .hint("promtool check rules FILE shows what Prometheus says of a plain rule file")
    }
}

fn lines_of(text: &str) -> u64 {
    text.trim_end().matches('\n').count() as u64
}

fn last_line(node: &Node) -> u64 {
    let inner = match &node.value {
        Value::Sequence(items) => items.iter().map(last_line).max(),
        Value::Mapping(entries) => entries.iter().map(|(_, node)| last_line(node)).max(),
        Value::Text(text) => Some(node.spot.line + lines_of(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    };
    inner.unwrap_or(0).max(node.spot.line)
}
