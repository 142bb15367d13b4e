//! One rule as it stands in its file. What is wrong with it is for `lint`.

use std::sync::Arc;

use super::align;
use super::duration;
use super::node::{Node, Source, Value};
use super::scalar::Scalar;

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
    /// Labels that the rule sets, and those that its group does.
    pub labels: Vec<(String, Scalar)>,
    /// Annotations.
    pub annotations: Vec<(String, Scalar)>,
    /// Name of its group.
    pub group: String,
    /// Interval of its group, as written.
    pub interval: Option<String>,
    /// The file.
    pub source: Arc<Source>,
    /// Where it is among the rule sets of the library.
    pub at: RuleAt,
    /// Its first line.
    pub line: u64,
    /// Its last line.
    pub last_line: u64,
    /// The object it stands in, as `PrometheusRule/name`; none in a plain rule file.
    pub object: Option<String>,
    /// Namespace of that object.
    pub namespace: Option<String>,
}

/// Where a rule is: the set, the group in it, the rule in that. All count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleAt {
    /// Place of the set in the library.
    pub set: usize,
    /// Place of the group in the set, those that are broken counted.
    pub group: usize,
    /// Place of the rule in the group, those that are broken counted.
    pub rule: usize,
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
        align::position(&self.source, &self.expr, offset)
    }

    /// Returns `file:line`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.source.name, self.line)
    }
}

/// What the rules of a document share.
pub(super) struct RuleReader<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) object: Option<String>,
    pub(super) namespace: Option<String>,
    /// Place of the set in the library.
    pub(super) set: usize,
}

impl RuleReader<'_> {
    /// Reads the rules of `groups:` that can be read. What is wrong with the others is for the schema.
    pub(super) fn groups(&self, groups: &Node, rules: &mut Vec<Rule>) {
        for (group_at, group) in groups.items().iter().enumerate() {
            let name = group.scalar_at("name").unwrap_or_default();
            let interval = group.scalar_at("interval");
            let shared = self.scalars(group, "labels");
            for (rule_at, node) in group
                .get("rules")
                .map_or(&[][..], Node::items)
                .iter()
                .enumerate()
            {
                let at = RuleAt {
                    set: self.set,
                    group: group_at,
                    rule: rule_at,
                };
                let Some(mut rule) = self.rule(node, at) else {
                    continue;
                };
                for (label, scalar) in &shared {
                    if rule.label(label).is_none() {
                        rule.labels.push((label.clone(), scalar.clone()));
                    }
                }
                rule.group.clone_from(&name);
                rule.interval.clone_from(&interval);
                rules.push(rule);
            }
        }
    }

    /// Reads one rule; none if it has no name or no expression.
    pub(super) fn rule(&self, node: &Node, at: RuleAt) -> Option<Rule> {
        let (kind, name) = match (node.scalar_at("alert"), node.scalar_at("record")) {
            (Some(name), None) => (RuleKind::Alert, name),
            (None, Some(name)) => (RuleKind::Record, name),
            _ => return None,
        };
        let expr = self.scalar(node, "expr")?;
        if name.is_empty() || expr.value.trim().is_empty() {
            return None;
        }
        Some(Rule {
            kind,
            wait: self.scalar(node, "for"),
            labels: self.scalars(node, "labels"),
            annotations: self.scalars(node, "annotations"),
            group: "-".to_owned(),
            interval: None,
            source: Arc::clone(self.source),
            at,
            line: node.spot.line,
            last_line: last_line(node).max(expr.spot.line + lines_of(&expr.value)),
            object: self.object.clone(),
            namespace: self.namespace.clone(),
            name,
            expr,
        })
    }

    fn scalar(&self, node: &Node, name: &str) -> Option<Scalar> {
        let (key, value) = node.entry(name)?;
        Self::scalar_of(key.spot.line, value)
    }

    fn scalar_of(key_line: u64, node: &Node) -> Option<Scalar> {
        Some(Scalar {
            value: node.scalar()?,
            spot: node.spot,
            style: node.style,
            key_line,
        })
    }

    fn scalars(&self, node: &Node, name: &str) -> Vec<(String, Scalar)> {
        let entries = node.get(name).map_or(&[][..], Node::entries);
        let scalars = entries.iter().filter_map(|(key, value)| {
            let scalar = Self::scalar_of(key.spot.line, value)?;
            Some((key.name.clone(), scalar))
        });
        scalars.collect()
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
        Value::Null => None,
    };
    inner.unwrap_or(0).max(node.spot.line)
}
