//! Who is told of an alert, as Alertmanager decides it: routes, inhibition, mute times.

use jiff::Timestamp;

use super::Labels;
use super::configuration::{Configuration, InhibitRule, Route};

/// Group wait and interval where no route says it: Alertmanager's defaults.
const GROUP_WAIT: &str = "30s";
const GROUP_INTERVAL: &str = "5m";

/// A route that takes the alert, with what it has from the ones above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Receiver.
    pub receiver: String,
    /// Labels that are grouped by.
    pub group_by: Vec<String>,
    /// `group_wait`.
    pub group_wait: String,
    /// `group_interval`.
    pub group_interval: String,
    /// The interval that keeps it mute at the time asked for.
    pub muted_by: Option<String>,
    /// The line of the route.
    pub line: u64,
}

/// What becomes of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The routes that take it.
    pub leaves: Vec<Leaf>,
    /// The line of the rule that inhibits it.
    pub inhibited_by: Option<u64>,
}

impl Decision {
    /// Returns the receivers that the routes lead to.
    #[must_use]
    pub fn routed(&self) -> Vec<String> {
        unique(self.leaves.iter())
    }

    /// Returns the receivers that are told.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        match self.inhibited_by {
            Some(_) => Vec::new(),
            None => unique(self.leaves.iter().filter(|leaf| leaf.muted_by.is_none())),
        }
    }

    /// Tells whether mute times keep it from every receiver.
    #[must_use]
    pub fn is_muted(&self) -> bool {
        !self.leaves.is_empty() && self.leaves.iter().all(|leaf| leaf.muted_by.is_some())
    }
}

fn unique<'a>(leaves: impl Iterator<Item = &'a Leaf>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for leaf in leaves {
        if !names.contains(&leaf.receiver) {
            names.push(leaf.receiver.clone());
        }
    }
    names
}

/// Decides, while these other alerts fire, at this time if one is given.
#[must_use]
pub fn decide(
    configuration: &Configuration,
    labels: &Labels,
    firing: &[Labels],
    at: Option<Timestamp>,
) -> Decision {
    let mut leaves = Vec::new();
    let top = Leaf {
        receiver: String::new(),
        group_by: Vec::new(),
        group_wait: GROUP_WAIT.to_owned(),
        group_interval: GROUP_INTERVAL.to_owned(),
        muted_by: None,
        line: configuration.root.line,
    };
    descend(
        configuration,
        &configuration.root,
        labels,
        at,
        &top,
        &mut leaves,
    );
    let inhibits = |rule: &&InhibitRule| {
        let all = |matchers: &[super::LabelMatcher], labels: &Labels| {
            matchers.iter().all(|matcher| matcher.is_match(labels))
        };
        let value = |labels: &Labels, name: &String| labels.get(name).cloned().unwrap_or_default();
        all(&rule.targets, labels)
            && firing.iter().any(|other| {
                // An alert that matches both sides cannot be inhibited by one that does, too.
                let two_sided = all(&rule.sources, labels) && all(&rule.targets, other);
                all(&rule.sources, other)
                    && !two_sided
                    && rule
                        .equal
                        .iter()
                        .all(|name| value(labels, name) == value(other, name))
            })
    };
    let inhibited_by = configuration.inhibitions.iter().find(inhibits);
    Decision {
        leaves,
        inhibited_by: inhibited_by.map(|rule| rule.line),
    }
}

fn descend(
    configuration: &Configuration,
    route: &Route,
    labels: &Labels,
    at: Option<Timestamp>,
    above: &Leaf,
    leaves: &mut Vec<Leaf>,
) -> bool {
    if !route
        .matchers
        .iter()
        .all(|matcher| matcher.is_match(labels))
    {
        return false;
    }
    let or = |own: &Option<String>, above: &str| own.clone().unwrap_or_else(|| above.to_owned());
    let own = Leaf {
        receiver: or(&route.receiver, &above.receiver),
        group_by: route
            .group_by
            .clone()
            .unwrap_or_else(|| above.group_by.clone()),
        group_wait: or(&route.group_wait, &above.group_wait),
        group_interval: or(&route.group_interval, &above.group_interval),
        // Times are not handed down.
        muted_by: at.and_then(|at| muted_by(configuration, route, at)),
        line: route.line,
    };
    let mut taken = false;
    for below in &route.routes {
        if descend(configuration, below, labels, at, &own, leaves) {
            taken = true;
            if !below.go_on {
                break;
            }
        }
    }
    if !taken {
        leaves.push(own);
    }
    true
}

fn muted_by(configuration: &Configuration, route: &Route, at: Timestamp) -> Option<String> {
    let contains = |name: &String| {
        let times = configuration.times.iter();
        let mut named = times.filter(|interval| interval.name == *name);
        named.any(|interval| interval.contains(at))
    };
    if let Some(name) = route.mute.iter().find(|name| contains(name)) {
        return Some(name.clone());
    }
    let inactive = !route.active.is_empty() && !route.active.iter().any(contains);
    inactive.then(|| format!("outside of {}", route.active.join(", ")))
}
