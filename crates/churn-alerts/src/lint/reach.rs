//! Which routes an alert takes, as far as its labels are known before it fires. What checks of
//! routing share; no check itself.

use std::collections::BTreeMap;

use super::check::{Context, View};
use crate::routing::{LabelMatcher, Labels, Route};

/// Labels that Prometheus adds to all that it sends (`external_labels`), or relabelling does: of
/// these a rule says nothing.
pub(super) const EXTERNAL: [&str; 16] = [
    "cluster",
    "dc",
    "datacenter",
    "env",
    "environment",
    "monitor",
    "prometheus",
    "prometheus_replica",
    "receive",
    "region",
    "replica",
    "source",
    "stage",
    "tenant",
    "tenant_id",
    "zone",
];

/// Whether a matcher takes an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Surely,
    Perhaps,
    Never,
}

/// What is known about the labels of an alert.
pub(super) struct Known<'a> {
    pub(super) view: &'a View<'a>,
    /// Values that are sure; none where the value is known only when it fires.
    values: BTreeMap<&'a str, Option<&'a str>>,
}

impl<'a> Known<'a> {
    pub(super) fn of(view: &'a View<'a>) -> Self {
        let mut values: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for (label, value) in &view.tree.shape.expected {
            values.insert(label, value.as_deref());
        }
        for (label, scalar) in &view.rule.labels {
            let value = scalar.value.as_str();
            values.insert(label, (!value.contains("{{")).then_some(value));
        }
        values.insert("alertname", Some(&view.rule.name));
        Self { view, values }
    }

    /// Returns the value of a label, empty if the alert has none; none where only the firing alert
    /// knows it.
    pub(super) fn value(&self, label: &str) -> Option<&str> {
        match self.values.get(label) {
            Some(value) => *value,
            None if self.view.tree.shape.labels.may_have(label) || EXTERNAL.contains(&label) => {
                None
            }
            None => Some(""),
        }
    }

    /// Tells whether a matcher takes the alert.
    pub(super) fn takes(&self, matcher: &LabelMatcher) -> Takes {
        match self
            .value(&matcher.label)
            .map(|value| accepts(matcher, value))
        {
            Some(true) => Takes::Surely,
            Some(false) => Takes::Never,
            None => Takes::Perhaps,
        }
    }

    fn takes_all(&self, matchers: &[LabelMatcher]) -> Takes {
        let mut all = Takes::Surely;
        for matcher in matchers {
            match self.takes(matcher) {
                Takes::Never => return Takes::Never,
                Takes::Perhaps => all = Takes::Perhaps,
                Takes::Surely => {}
            }
        }
        all
    }

    /// Visits the routes that the alert may take, each with the receiver if the alert may end there.
    /// Tells whether the first one surely takes it.
    pub(super) fn follow<'r>(
        &self,
        route: &'r Route,
        above: Option<&'r str>,
        visit: &mut dyn FnMut(&'r Route, Option<&'r str>),
    ) -> Takes {
        let takes = self.takes_all(&route.matchers);
        if takes == Takes::Never {
            return takes;
        }
        let receiver = route.receiver.as_deref().or(above);
        let mut ends_here = true;
        for below in &route.routes {
            if self.follow(below, receiver, visit) == Takes::Surely {
                ends_here = false;
                if !below.go_on {
                    break;
                }
            }
        }
        visit(route, receiver.filter(|_| ends_here));
        takes
    }
}

/// Returns the alerts with what is known of their labels.
pub(super) fn alerts<'a>(context: &Context<'a>) -> Vec<Known<'a>> {
    context.alerts.iter().map(|view| Known::of(view)).collect()
}

/// Tells whether a matcher takes a value of its label.
pub(super) fn accepts(matcher: &LabelMatcher, value: &str) -> bool {
    let labels = Labels::from([(matcher.label.clone(), value.to_owned())]);
    matcher.is_match(&labels)
}
