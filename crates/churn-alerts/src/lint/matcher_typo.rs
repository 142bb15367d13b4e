//! `matcher-typo`: a matcher of a route or an inhibition that misspells a label or a value which rules
//! have. Other checks of routing judge the rules by what was meant, so that the typo is told here and
//! not once a rule.

use std::collections::BTreeSet;

use churn_base::error::misspelt;

use super::check::{Context, Findings, Severity};
use super::reach::{EXTERNAL, Known, alerts};
use crate::routing::{Configuration, LabelMatcher, Route};

/// Labels that alerts usually have, whether or not the rules that were read speak of them.
const USUAL_LABELS: [&str; 14] = [
    "alertname",
    "alertstate",
    "component",
    "container",
    "endpoint",
    "instance",
    "job",
    "namespace",
    "node",
    "pod",
    "receiver",
    "service",
    "severity",
    "team",
];

/// Severities that are words of their own, whether or not a rule has them.
const USUAL_SEVERITIES: [&str; 7] = [
    "critical", "error", "info", "none", "page", "ticket", "warning",
];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let vocabulary = Vocabulary::of(context);
    for configuration in &context.library.configurations {
        let mut tell = |matcher: &LabelMatcher, line: u64| {
            let Some(meant) = vocabulary.meant(matcher) else {
                return;
            };
            let is_label = meant.label != matcher.label;
            let message = match is_label {
                true => format!("no rule has the label \"{}\" of {matcher}", matcher.label),
                false => format!("no rule has a value that is named in {matcher}"),
            };
            // Whose name is one of many may be that of a rule which was not read.
            let status = match is_label || matcher.label == "severity" {
                true => Severity::Fail,
                false => Severity::Warn,
            };
            let hint = format!("did you mean {meant}?");
            findings.of_line(status, &configuration.source, line, message, hint);
        };
        let mut routes = vec![&configuration.root];
        while let Some(route) = routes.pop() {
            routes.extend(&route.routes);
            for matcher in &route.matchers {
                tell(matcher, route.line);
            }
        }
        for rule in &configuration.inhibitions {
            for matcher in rule.sources.iter().chain(&rule.targets) {
                tell(matcher, rule.line);
            }
        }
    }
}

/// Returns the configurations as they were meant: with the typos of their routes put right.
pub(super) fn as_meant(context: &Context<'_>) -> Vec<Configuration> {
    let vocabulary = Vocabulary::of(context);
    let mut configurations = context.library.configurations.clone();
    for configuration in &mut configurations {
        vocabulary.mend(&mut configuration.root);
    }
    configurations
}

/// What the rules say: labels that they set, words of their expressions.
struct Vocabulary<'a> {
    alerts: Vec<Known<'a>>,
    labels: BTreeSet<&'a str>,
    words: BTreeSet<&'a str>,
}

impl<'a> Vocabulary<'a> {
    fn of(context: &Context<'a>) -> Self {
        let alerts = alerts(context);
        let own = alerts.iter().flat_map(|alert| &alert.view.rule.labels);
        let labels: BTreeSet<&str> = own.map(|(name, _)| name.as_str()).collect();
        let words = context.all.iter().flat_map(|view| {
            let text = view.rule.expr.value.as_str();
            let words = view.tokens.iter().map(move |token| token.text(text));
            // `label_replace` names its label in quotes.
            words.map(|word| word.trim_matches(['"', '\'', '`']))
        });
        Self {
            words: words.collect(),
            labels,
            alerts,
        }
    }

    /// Returns what the matcher was meant to be; none if it is not misspelt, or nobody can tell.
    fn meant(&self, matcher: &LabelMatcher) -> Option<LabelMatcher> {
        if self.alerts.is_empty() {
            return None;
        }
        let label = matcher.label.as_str();
        let is_known = self.labels.contains(label)
            || self.words.contains(label)
            || USUAL_LABELS.contains(&label)
            || EXTERNAL.contains(&label);
        if !is_known {
            let known = self.labels.iter().copied().chain(["alertname"]);
            return Some(matcher.with_label(misspelt(label, known)?));
        }
        // Names of namespaces resemble each other, and the operator adds such matchers itself.
        if label == "namespace" {
            return None;
        }
        let values = self.values(label)?;
        let mut meant: Option<LabelMatcher> = None;
        for value in matcher.named_values() {
            let is_usual = label == "severity" && USUAL_SEVERITIES.contains(&value);
            if value.is_empty() || is_usual || values.contains(value) {
                continue;
            }
            let Some(near) = near_value(label, value, &values) else {
                continue;
            };
            let better = meant.as_ref().unwrap_or(matcher).with_value(value, near);
            meant = better.or(meant);
        }
        meant
    }

    /// All values that a label has in alerts; none if some are known only when an alert fires.
    fn values(&self, label: &str) -> Option<BTreeSet<&str>> {
        let mut values = BTreeSet::new();
        for alert in &self.alerts {
            match alert.value(label) {
                Some(value) => values.insert(value),
                // No series has a severity of its own: only rules give it.
                None if label == "severity" && alert.view.rule.label(label).is_none() => continue,
                None => return None,
            };
        }
        Some(values)
    }

    fn mend(&self, route: &mut Route) {
        for matcher in &mut route.matchers {
            if let Some(meant) = self.meant(matcher) {
                *matcher = meant;
            }
        }
        for below in &mut route.routes {
            self.mend(below);
        }
    }
}

/// The value that was meant; of severities also by its beginning, as in `warn` and `crit`.
fn near_value<'v>(label: &str, value: &str, values: &BTreeSet<&'v str>) -> Option<&'v str> {
    let begins = |known: &&str| label == "severity" && value.len() >= 4 && known.starts_with(value);
    let near = misspelt(value, values.iter().copied());
    near.or_else(|| values.iter().copied().find(begins))
}
