//! The parts of an Alertmanager configuration that decide who is told.

use std::sync::Arc;

use super::super::node::{Node, Source};
use super::matcher::LabelMatcher;
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
