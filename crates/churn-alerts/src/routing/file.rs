//! Alertmanager's own configuration file, read.

use std::sync::Arc;

use churn_base::error::{Error, Result};

use super::super::node::{Node, Source};
use super::configuration::{Configuration, InhibitRule, Receiver, Route};
use super::matcher::LabelMatcher;
use super::times::TimeInterval;

/// Reads a whole configuration.
///
/// # Errors
/// Fails with 65 and the line where a matcher or a time is wrong.
pub fn read_file(source: &Arc<Source>, document: &Node) -> Result<Configuration> {
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
        .map(|interval| reader.at(interval, TimeInterval::read(interval, false)))
        .collect::<Result<_>>()?;
    Ok(Configuration {
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
