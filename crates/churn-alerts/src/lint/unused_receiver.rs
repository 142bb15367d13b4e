//! `unused-receiver`: receivers that no route leads to, and times that no route mutes by: what is
//! left of something, or a route that somebody forgot.

use std::collections::BTreeSet;

use super::check::{Context, Findings, Severity};
use super::edit::Edit;
use crate::node::{Node, Source};
use crate::routing::{Configuration, Route};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for configuration in &context.library.configurations {
        look(configuration, findings);
    }
}

fn look(configuration: &Configuration, findings: &mut Findings) {
    let (mut told, mut times) = (BTreeSet::new(), BTreeSet::new());
    let mut routes: Vec<&Route> = vec![&configuration.root];
    while let Some(route) = routes.pop() {
        routes.extend(&route.routes);
        told.extend(route.receiver.as_deref());
        times.extend(route.mute.iter().chain(&route.active).map(String::as_str));
    }
    let source = &configuration.source;
    let items = |name: &str| {
        configuration
            .document
            .get(name)
            .map_or(&[][..], Node::items)
    };
    for (at, receiver) in configuration.receivers.iter().enumerate() {
        if told.contains(receiver.name.as_str()) {
            continue;
        }
        let message = format!("no route leads to the receiver \"{}\"", receiver.name);
        let hint = "add a route, or take it out";
        let finding = findings.of_line(Severity::Warn, source, receiver.line, message, hint);
        let items = items("receivers");
        // The list itself must not be left empty.
        if items.len() > 1 {
            finding.fix.extend(without_item(source, items, at));
        }
    }
    for name in configuration.times.iter().map(|interval| &interval.name) {
        if times.contains(name.as_str()) {
            continue;
        }
        let lists = [
            "time_intervals",
            "mute_time_intervals",
            "timeIntervals",
            "muteTimeIntervals",
        ];
        let nodes = lists.iter().flat_map(|list| items(list));
        let mut named = nodes.filter(|node| {
            let own = node.scalar_at("name").unwrap_or_default();
            own == *name || name.ends_with(&format!("/{own}"))
        });
        let line = named
            .next()
            .map_or(configuration.line, |node| node.spot.line);
        let message = format!("no route is muted or active by \"{name}\"");
        let hint =
            "name it in mute_time_intervals or active_time_intervals of a route, or take it out";
        findings.of_line(Severity::Warn, source, line, message, hint);
    }
}

/// Cuts an item out of a list in block style: from its dash to the next one's.
fn without_item(source: &Source, items: &[Node], at: usize) -> Option<Edit> {
    let dash = |node: &Node| {
        let before = source.text.get(..node.spot.byte)?;
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let dash = before[line..].trim_end();
        (dash.trim_start() == "-").then_some(line)
    };
    let start = dash(items.get(at)?)?;
    let end = match items.get(at + 1) {
        Some(next) => dash(next)?,
        None => {
            // To the end of what is indented deeper than the dash.
            let text = source.text.get(start..)?;
            let indent = text.find('-')?;
            let mut length = 0;
            for (number, line) in text.split_inclusive('\n').enumerate() {
                let depth = line.len() - line.trim_start_matches(' ').len();
                if number > 0 && !line.trim().is_empty() && depth <= indent {
                    break;
                }
                length += line.len();
            }
            start + length
        }
    };
    Some(Edit {
        start_byte: start,
        end_byte: end,
        text: String::new(),
    })
}
