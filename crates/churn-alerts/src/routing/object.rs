//! AlertmanagerConfig objects, read into what the Prometheus Operator makes of them.

use std::sync::Arc;

use churn_base::error::{Error, Result};

use super::super::node::{Node, Source};
use super::configuration::{Configuration, InhibitRule, Receiver, Route};
use super::matcher::LabelMatcher;
use super::times::TimeInterval;

struct Reader<'a> {
    source: &'a Arc<Source>,
    prefix: String,
    namespace: String,
}

/// Reads an AlertmanagerConfig object as the Prometheus Operator does: receivers are called
/// `namespace/object/name`, and every route asks for the object's namespace.
///
/// # Errors
/// As [`read_file`](super::read_file).
pub fn read_object(source: &Arc<Source>, document: &Node) -> Result<Configuration> {
    let metadata = |key: &str| {
        let value = document.at(&["metadata", key]).and_then(Node::scalar);
        value.unwrap_or_else(|| "default".to_owned())
    };
    let namespace = metadata("namespace");
    let reader = Reader {
        source,
        prefix: format!("{namespace}/{}/", metadata("name")),
        namespace: namespace.clone(),
    };
    let list = |name: &str| document.at(&["spec", name]).map_or(&[][..], Node::items);
    let mut root = match document.at(&["spec", "route"]) {
        Some(route) => reader.route(route)?,
        None => Route::default(),
    };
    // Other objects' routes are asked, too.
    root.go_on = true;
    root.matchers.insert(0, reader.own_namespace(document)?);
    let inhibitions = list("inhibitRules").iter();
    let times = list("muteTimeIntervals")
        .iter()
        .chain(list("timeIntervals"));
    Ok(Configuration {
        source: Arc::clone(source),
        line: document.spot.line,
        root,
        receivers: list("receivers")
            .iter()
            .map(|node| reader.receiver(node))
            .collect(),
        inhibitions: inhibitions
            .map(|rule| reader.inhibition(rule))
            .collect::<Result<_>>()?,
        times: times
            .map(|node| {
                let mut interval = reader.at(node, TimeInterval::read(node, true))?;
                interval.name = reader.prefixed(&interval.name);
                Ok(interval)
            })
            .collect::<Result<_>>()?,
        deprecated: Vec::new(),
        namespace: Some(namespace),
        asks_namespace: true,
        document: document.get("spec").unwrap_or(document).clone(),
    })
}

impl Reader<'_> {
    fn prefixed(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn at<T>(&self, node: &Node, result: Result<T, String>) -> Result<T> {
        let place = || self.source.place(node.spot.line);
        result.map_err(|said| Error::bad_input(said).at(place()))
    }

    fn own_namespace(&self, node: &Node) -> Result<LabelMatcher> {
        self.at(node, LabelMatcher::new("namespace", "=", &self.namespace))
    }

    fn route(&self, node: &Node) -> Result<Route> {
        let names = |key: &str| -> Vec<String> {
            let names = node.scalars_at(key);
            names.iter().map(|name| self.prefixed(name)).collect()
        };
        let routes = node.get("routes").map_or(&[][..], Node::items).iter();
        Ok(Route {
            receiver: node.scalar_at("receiver").map(|name| self.prefixed(&name)),
            group_by: node.get("groupBy").map(|_| node.scalars_at("groupBy")),
            group_wait: node.scalar_at("groupWait"),
            group_interval: node.scalar_at("groupInterval"),
            matchers: self.matchers(node, "matchers")?,
            go_on: node.get("continue").and_then(Node::truth) == Some(true),
            mute: names("muteTimeIntervals"),
            active: names("activeTimeIntervals"),
            routes: routes
                .map(|route| self.route(route))
                .collect::<Result<_>>()?,
            line: node.spot.line,
        })
    }

    fn matchers(&self, node: &Node, name: &str) -> Result<Vec<LabelMatcher>> {
        let matchers = node.get(name).map_or(&[][..], Node::items).iter();
        let matchers = matchers.map(|matcher| {
            let text = |key: &str| matcher.scalar_at(key).unwrap_or_default();
            let old = if text("regex") == "true" { "=~" } else { "=" };
            let sign = matcher.scalar_at("matchType");
            let sign = sign.as_deref().unwrap_or(old);
            self.at(
                matcher,
                LabelMatcher::new(&text("name"), sign, &text("value")),
            )
        });
        matchers.collect()
    }

    fn inhibition(&self, node: &Node) -> Result<InhibitRule> {
        let mut sources = self.matchers(node, "sourceMatch")?;
        let mut targets = self.matchers(node, "targetMatch")?;
        sources.push(self.own_namespace(node)?);
        targets.push(self.own_namespace(node)?);
        Ok(InhibitRule {
            sources,
            targets,
            equal: node.scalars_at("equal"),
            line: node.spot.line,
        })
    }

    fn receiver(&self, node: &Node) -> Receiver {
        let entries = node.entries().iter();
        let kinds = entries.filter(|(_, value)| !value.items().is_empty());
        let kinds = kinds.filter_map(|(key, _)| key.name.strip_suffix("Configs"));
        Receiver {
            name: self.prefixed(&node.scalar_at("name").unwrap_or_default()),
            kinds: kinds.map(str::to_lowercase).collect(),
            line: node.spot.line,
        }
    }
}
