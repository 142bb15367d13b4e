//! The parts of an Alertmanager configuration that decide who is told, from a whole file.

use std::sync::Arc;

use churn_base::error::{Error, Result};

use super::super::node::{Node, Source};
use super::matcher::LabelMatcher;
use super::object;
use super::times::TimeInterval;

/// A node of the tree of routes. What it does not set it has from the one above.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// Receiver.
    pub receiver: Option<String>,
    /// Labels that are grouped by.
    pub group_by: Option<Vec<String>>,
    /// `group_wait`, as written.
    pub group_wait: Option<String>,
    /// `group_interval`, as written.
    pub group_interval: Option<String>,
    /// All of these must match.
    pub matchers: Vec<LabelMatcher>,
    /// Whether later siblings are asked, too.
    pub go_on: bool,
    /// Names of intervals in which it is mute.
    pub mute: Vec<String>,
    /// Names of intervals outside of which it is mute.
    pub active: Vec<String>,
    /// The routes below.
    pub routes: Vec<Self>,
    /// The line.
    pub line: u64,
}

/// An alert that matches the target is not sent while one that matches the source fires.
#[derive(Debug, Clone)]
pub struct InhibitRule {
    /// Matchers of the alert that inhibits.
    pub sources: Vec<LabelMatcher>,
    /// Matchers of the alert that is inhibited.
    pub targets: Vec<LabelMatcher>,
    /// Labels that must be equal on both.
    pub equal: Vec<String>,
    /// The line.
    pub line: u64,
}

/// A receiver and what it sends by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// Kinds of integrations, such as `webhook`.
    pub kinds: Vec<String>,
    /// The line.
    pub line: u64,
}

/// What one document configures.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The file.
    pub source: Arc<Source>,
    /// Its line.
    pub line: u64,
    /// The namespace of an AlertmanagerConfig object; none of a whole file.
    pub namespace: Option<String>,
    /// The root of the routes.
    pub root: Route,
    /// Receivers.
    pub receivers: Vec<Receiver>,
    /// Inhibitions.
    pub inhibitions: Vec<InhibitRule>,
    /// Named times.
    pub times: Vec<TimeInterval>,
    /// Deprecated keys and their lines.
    pub deprecated: Vec<(String, u64)>,
    /// Whether every route asks for the namespace of its AlertmanagerConfig object.
    pub(super) asks_namespace: bool,
    /// What it was read from: the file's document, or the object's `spec`.
    pub document: Node,
}

impl Configuration {
    /// Reads a whole configuration.
    ///
    /// # Errors
    /// Fails with 65 and the line where a matcher or a time is wrong.
    pub fn of_file(source: &Arc<Source>, document: &Node) -> Result<Self> {
        let mut reader = Reader {
            source,
            deprecated: Vec::new(),
        };
        let root = match document.get("route") {
            Some(route) => reader.route(route)?,
            None => Route::default(),
        };
        let list = |name: &str| document.get(name).map_or(&[][..], Node::items);
        let inhibitions = list("inhibit_rules").iter();
        let inhibitions = inhibitions
            .map(|rule| reader.inhibition(rule))
            .collect::<Result<Vec<_>>>()?;
        let times = list("mute_time_intervals")
            .iter()
            .chain(list("time_intervals"))
            .map(|interval| reader.at(interval, TimeInterval::read(interval)))
            .collect::<Result<_>>()?;
        Ok(Self {
            source: Arc::clone(source),
            line: document.spot.line,
            namespace: None,
            root,
            receivers: list("receivers").iter().map(receiver).collect(),
            inhibitions,
            times,
            deprecated: reader.deprecated,
            asks_namespace: false,
            document: document.clone(),
        })
    }

    /// Tells whether it takes alerts of its own namespace only.
    pub(crate) const fn asks_namespace(&self) -> bool {
        self.asks_namespace
    }

    /// Takes back that routes ask for the object's namespace, as an Alertmanager object says by
    /// `alertmanagerConfigMatcherStrategy`.
    pub(crate) fn ask_no_namespace(&mut self) {
        if std::mem::take(&mut self.asks_namespace) {
            // The matchers that reading the object added.
            self.root.matchers.remove(0);
            for rule in &mut self.inhibitions {
                rule.sources.pop();
                rule.targets.pop();
            }
        }
    }

    /// Reads an AlertmanagerConfig object as the Prometheus Operator does: receivers are called
    /// `namespace/object/name`, and every route asks for the object's namespace.
    ///
    /// # Errors
    /// As [`Configuration::of_file`].
    pub fn of_object(source: &Arc<Source>, document: &Node) -> Result<Self> {
        object::read(source, document)
    }

    /// Returns one configuration out of many, as the operator merges objects into the whole file.
    /// Without a whole file the root sends to nobody.
    #[must_use]
    pub fn merged(all: &[Self]) -> Option<Self> {
        let base = all.iter().find(|one| one.namespace.is_none());
        let mut objects = all.iter().filter(|one| one.namespace.is_some()).peekable();
        if objects.peek().is_none() {
            return base.cloned();
        }
        let mut whole = match base {
            Some(base) => base.clone(),
            None => {
                let first = all.first()?;
                Self {
                    root: Route {
                        receiver: Some("null".to_owned()),
                        ..Route::default()
                    },
                    receivers: vec![Receiver {
                        name: "null".to_owned(),
                        kinds: Vec::new(),
                        line: first.line,
                    }],
                    inhibitions: Vec::new(),
                    times: Vec::new(),
                    deprecated: Vec::new(),
                    ..first.clone()
                }
            }
        };
        whole.namespace = None;
        // The operator puts the routes of objects before those of the file.
        for (at, object) in objects.enumerate() {
            whole.root.routes.insert(at, object.root.clone());
            whole.receivers.extend(object.receivers.iter().cloned());
            whole.inhibitions.extend(object.inhibitions.iter().cloned());
            whole.times.extend(object.times.iter().cloned());
            whole.deprecated.extend(object.deprecated.iter().cloned());
        }
        Some(whole)
    }
}

fn receiver(node: &Node) -> Receiver {
    let entries = node.entries().iter();
    let kinds = entries.filter(|(_, value)| !value.items().is_empty());
    let kinds = kinds.filter_map(|(key, _)| key.name.strip_suffix("_configs"));
    Receiver {
        name: node.scalar_at("name").unwrap_or_default(),
        kinds: kinds.map(str::to_owned).collect(),
        line: node.spot.line,
    }
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    deprecated: Vec<(String, u64)>,
}

impl Reader<'_> {
    fn at<T>(&self, node: &Node, result: Result<T, String>) -> Result<T> {
        let place = || self.source.place(node.spot.line);
        result.map_err(|said| Error::bad_input(said).at(place()))
    }

    fn route(&mut self, node: &Node) -> Result<Route> {
        let mut matchers = self.matchers(node, "matchers")?;
        for (name, sign) in [("match", "="), ("match_re", "=~")] {
            matchers.extend(self.old_matchers(node, name, sign)?);
        }
        let routes = node.get("routes").map_or(&[][..], Node::items).iter();
        Ok(Route {
            receiver: node.scalar_at("receiver"),
            group_by: node.get("group_by").map(|_| node.scalars_at("group_by")),
            group_wait: node.scalar_at("group_wait"),
            group_interval: node.scalar_at("group_interval"),
            matchers,
            go_on: node.get("continue").and_then(Node::truth) == Some(true),
            mute: node.scalars_at("mute_time_intervals"),
            active: node.scalars_at("active_time_intervals"),
            routes: routes
                .map(|route| self.route(route))
                .collect::<Result<_>>()?,
            line: node.spot.line,
        })
    }

    fn inhibition(&mut self, node: &Node) -> Result<InhibitRule> {
        let mut side = |name: &str| -> Result<Vec<LabelMatcher>> {
            let mut matchers = self.matchers(node, &format!("{name}_matchers"))?;
            matchers.extend(self.old_matchers(node, &format!("{name}_match"), "=")?);
            matchers.extend(self.old_matchers(node, &format!("{name}_match_re"), "=~")?);
            Ok(matchers)
        };
        Ok(InhibitRule {
            sources: side("source")?,
            targets: side("target")?,
            equal: node.scalars_at("equal"),
            line: node.spot.line,
        })
    }

    fn matchers(&self, node: &Node, name: &str) -> Result<Vec<LabelMatcher>> {
        let Some(list) = node.get(name) else {
            return Ok(Vec::new());
        };
        let mut matchers = Vec::new();
        for text in node.scalars_at(name) {
            matchers.extend(self.at(list, LabelMatcher::parse_list(&text))?);
        }
        Ok(matchers)
    }

    fn old_matchers(&mut self, node: &Node, name: &str, sign: &str) -> Result<Vec<LabelMatcher>> {
        let Some((key, map)) = node.entry(name) else {
            return Ok(Vec::new());
        };
        self.deprecated.push((name.to_owned(), key.spot.line));
        let entries = map.entries().iter();
        let matchers = entries.map(|(key, value)| {
            let value = value.scalar().unwrap_or_default();
            self.at(map, LabelMatcher::new(&key.name, sign, &value))
        });
        matchers.collect()
    }
}
