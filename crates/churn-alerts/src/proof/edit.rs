//! Alters a rule in the text of its file: the bytes of what is altered change, and no others.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use serde_json::json;

use super::mutate::{Change, Mutation};
use crate::align;
use crate::node::{Node, Source, Style, Value};
use crate::rule::{Rule, RuleAt};
use crate::scalar::Scalar;
use crate::yaml::read;

/// The text of a rule file, and where its groups and rules stand.
pub(super) struct Text {
    source: Arc<Source>,
    groups: Node,
}

/// Bytes and what takes their place.
type Edit = (Range<usize>, String);

impl Text {
    /// Reads the text that promtool loads; none if it is not one of rules.
    pub(super) fn new(source: &Arc<Source>) -> Option<Self> {
        let (documents, _) = read(source);
        let groups = documents.first()?.root.get("groups")?.clone();
        Some(Self {
            source: Arc::clone(source),
            groups,
        })
    }

    fn group(&self, at: RuleAt) -> Option<&Node> {
        self.groups.items().get(at.group)
    }

    fn rule(&self, at: RuleAt) -> Option<&Node> {
        self.group(at)?.get("rules")?.items().get(at.rule)
    }

    /// Returns the text with one rule altered and nothing else; none if it cannot be done by bytes.
    pub(super) fn altered(&self, rule: &Rule, mutation: &Mutation) -> Option<String> {
        let edits = self.edits(self.rule(rule.at)?, mutation)?;
        Some(apply(&self.source.text, 0..self.source.text.len(), edits))
    }

    /// Returns the text with one rule that does not wait; none if it does not wait anyway, or if its
    /// `for` stands elsewhere.
    pub(super) fn at_once(&self, rule: &Rule) -> Option<String> {
        let node = self.rule(rule.at)?;
        let wait = node.get("for")?.spot;
        let is_within = wait.byte >= node.spot.byte && wait.end() <= node.spot.end();
        let edits = vec![(wait.byte..wait.end(), "0s".to_owned())];
        is_within.then(|| apply(&self.source.text, 0..self.source.text.len(), edits))
    }

    /// The edits of an alteration.
    fn edits(&self, node: &Node, mutation: &Mutation) -> Option<Vec<Edit>> {
        let scalar = |key: &str| {
            let (key, value) = node.entry(key)?;
            Some(Scalar {
                value: value.scalar()?,
                spot: value.spot,
                style: value.style,
                key_line: key.spot.line,
            })
        };
        match &mutation.change {
            Change::Wait(to) => {
                let wait = scalar("for")?;
                Some(vec![(wait.spot.byte..wait.spot.end(), to.clone())])
            }
            Change::Expr { range, to } => {
                let expr = scalar("expr")?;
                let bytes = align::bytes(&self.source, &expr, range)?;
                let to = match expr.style {
                    Style::Double => to.replace('\\', "\\\\").replace('"', "\\\""),
                    Style::Single => to.replace('\'', "''"),
                    _ => to.clone(),
                };
                Some(vec![(bytes, to)])
            }
        }
    }

    /// Returns the text with copies of a rule beside it, and of those of its name. Each copy has a
    /// name of its own, and the rule's own copy the alteration; other alerts are left out, as nobody
    /// asks for them. None where a copy would not mean the same.
    pub(super) fn with_copies(
        &self,
        rule: &Rule,
        twins: &[&Rule],
        copies: &[(String, Option<&Mutation>)],
    ) -> Option<String> {
        let group = self.group(rule.at)?;
        let rules = group.get("rules")?;
        let mut inserted = String::new();
        for (alias, mutation) in copies {
            for twin in twins {
                let altered = match twin.at == rule.at {
                    true => *mutation,
                    false => None,
                };
                let node = self.rule(twin.at)?;
                inserted.push_str(&self.copy(rules, node, alias, altered)?);
            }
        }
        let own = self.rule(rule.at)?;
        let mut edits = vec![(own.spot.end()..own.spot.end(), inserted)];
        for (group_at, group) in self.groups.items().iter().enumerate() {
            let Some(rules) = group.get("rules") else {
                continue;
            };
            for (rule_at, node) in rules.items().iter().enumerate() {
                let at = RuleAt {
                    group: group_at,
                    rule: rule_at,
                    ..rule.at
                };
                let is_asked = twins.iter().any(|twin| twin.at == at);
                if !is_asked && node.get("alert").is_some() {
                    edits.extend(self.emptied(rules, node));
                }
            }
        }
        edits.sort_by_key(|(range, _)| range.start);
        Some(apply(&self.source.text, 0..self.source.text.len(), edits))
    }

    /// Returns the text without the alerts that nobody asks for; none where one looks at others.
    pub(super) fn asked_for(&self, names: &BTreeSet<&str>) -> Option<String> {
        let mut edits = Vec::new();
        for rules in self
            .groups
            .items()
            .iter()
            .filter_map(|group| group.get("rules"))
        {
            for node in rules.items() {
                if node
                    .scalar_at("expr")
                    .is_some_and(|expr| expr.contains("ALERTS"))
                {
                    return None;
                }
                let alert = node.scalar_at("alert");
                if alert.is_some_and(|alert| !names.contains(alert.as_str())) {
                    edits.extend(self.emptied(rules, node));
                }
            }
        }
        Some(apply(&self.source.text, 0..self.source.text.len(), edits))
    }

    /// A copy of a rule as another item of its list.
    fn copy(
        &self,
        rules: &Node,
        node: &Node,
        alias: &str,
        mutation: Option<&Mutation>,
    ) -> Option<String> {
        let (begin, end) = (node.spot.byte, node.spot.end());
        let name = node.get("alert")?.spot;
        let within = |range: &Range<usize>| range.start >= begin && range.end <= end;
        let mut edits = vec![(name.byte..name.end(), json!(alias).to_string())];
        if let Some(mutation) = mutation {
            edits.extend(self.edits(node, mutation)?);
        }
        // What an alias or a merge key brings stands elsewhere.
        if !edits.iter().all(|(range, _)| within(range)) {
            return None;
        }
        edits.sort_by_key(|(range, _)| range.start);
        let text = apply(&self.source.text, begin..end, edits);
        if rules.style == Style::Flow {
            return Some(format!(", {text}"));
        }
        let line = self.source.text[..begin].rfind('\n').map_or(0, |at| at + 1);
        let before = self.source.text.get(line..begin)?;
        let dash = before.rfind('-')?;
        // Only blanks and the dash stand before an item; otherwise its lines cannot be copied.
        if !before[..dash].trim().is_empty() || !before[dash + 1..].trim().is_empty() {
            return None;
        }
        Some(format!("\n{before}{text}"))
    }

    /// Takes an item out of a list by indentation, dash and all; of a list in brackets none is taken.
    fn emptied(&self, rules: &Node, node: &Node) -> Option<Edit> {
        let (begin, end) = (node.spot.byte, node.spot.end());
        // Others may mean what stands there.
        let is_meant = self.source.text.get(begin..end)?.contains('&');
        let is_map = matches!(node.value, Value::Mapping(_));
        if rules.style == Style::Flow || !is_map || is_meant {
            return None;
        }
        let line = self.source.text[..begin].rfind('\n').map_or(0, |at| at + 1);
        let dash = self.source.text.get(line..begin)?.trim();
        (dash == "-").then(|| (line..end, String::new()))
    }
}

/// Returns a part of a text with edits, in the order of their bytes.
fn apply(text: &str, part: Range<usize>, edits: Vec<Edit>) -> String {
    let mut made = String::new();
    let mut at = part.start;
    for (range, to) in edits {
        made.push_str(text.get(at..range.start).unwrap_or_default());
        made.push_str(&to);
        at = range.end;
    }
    made.push_str(text.get(at..part.end).unwrap_or_default());
    made
}

#[cfg(test)]
mod tests {
    use super::super::mutate::mutations;
    use super::*;
    use crate::library::Library;

    const RULES: &str = "# mine\ngroups:\n  - name: g   # a comment\n    labels: {a: NO}\n    rules:\n      \
        - alert: A\n        expr: |\n          sum(x{a=\"b\"})   # why\n            > 0.3\n        for: 10m\n        \
        labels: {severity: warning, code: 0123}\n      -   alert: 'B'\n          expr: \"y{a=\\\"b\\\"} > 1\"\n      \
        - record: r\n        expr: x\n";

    fn library(text: &str) -> (Library, Text) {
        let source = Arc::new(Source {
            name: "r.yml".into(),
            text: text.into(),
        });
        let library = Library::of_sources(vec![Arc::clone(&source)]).expect("readable");
        let text = Text::new(&source).expect("rules");
        (library, text)
    }

    #[test]
    fn an_alteration_changes_its_bytes_and_no_others() {
        let (library, text) = library(RULES);
        for (at, from, to) in [
            (0, "> 0.3", "> 0.6"),
            (1, "y{a=\\\"b\\\"} > 1", "y{a!=\\\"b\\\"} > 1"),
        ] {
            let rule = &library.rules[at];
            let wanted = RULES.replace(from, to);
            let all: Vec<String> = mutations(rule)
                .iter()
                .map(|mutation| text.altered(rule, mutation).expect("by bytes"))
                .collect();
            assert!(all.contains(&wanted), "{all:#?}");
        }
        let rule = &library.rules[0];
        let waits: Vec<String> = mutations(rule)
            .iter()
            .filter_map(|mutation| text.altered(rule, mutation))
            .collect();
        assert!(waits.contains(&RULES.replace("for: 10m", "for: 20m")));
    }

    #[test]
    fn copies_stand_beside_the_rule_and_parse_as_it_does() {
        let (library, text) = library(RULES);
        for rule in &library.rules[..2] {
            let all = mutations(rule);
            let mut copies = vec![("base".to_owned(), None)];
            copies.extend(
                all.iter()
                    .enumerate()
                    .map(|(at, one)| (format!("m{at}"), Some(one))),
            );
            let made = text.with_copies(rule, &[rule], &copies).expect("copies");
            let (read, _) = self::library(&made);
            let base = read
                .rules
                .iter()
                .find(|one| one.name == "base")
                .expect("base");
            assert_eq!(base.expr.value, rule.expr.value);
            assert_eq!(base.label("code"), rule.label("code"));
            assert_eq!(base.label("a"), Some("NO"));
            let altered = read.rules.iter().filter(|one| one.name.starts_with('m'));
            assert_eq!(altered.count(), all.len(), "{made}");
            assert!(read.rules.iter().any(|one| one.name == "r"));
        }
    }

    #[test]
    fn rules_as_json_can_be_altered_too() {
        let json = "{\"groups\": [{\"name\": \"g\", \"rules\": [{\"alert\": \"A\", \"expr\": \"x > 1\", \"for\": \"2m\"}]}]}";
        let (library, text) = library(json);
        let rule = &library.rules[0];
        let all = mutations(rule);
        let copies: Vec<_> = all
            .iter()
            .enumerate()
            .map(|(at, one)| (format!("m{at}"), Some(one)))
            .collect();
        let made = text.with_copies(rule, &[rule], &copies).expect("copies");
        let (read, _) = self::library(&made);
        assert_eq!(read.rules.len(), 1 + all.len(), "{made}");
    }
}
