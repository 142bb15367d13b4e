//! `repeat-interval`: Alertmanager looks at a group every `group_interval`; what is shorter than that
//! is rounded up to it.

use super::check::{Context, Findings, Severity};
use super::edit::Edit;
use crate::duration;
use crate::node::{Node, Source};

/// Alertmanager's defaults.
const GROUP_WAIT: u64 = 30_000;
const GROUP_INTERVAL: u64 = 300_000;
const REPEAT_INTERVAL: u64 = 4 * 3_600_000;

/// The times of a route, in milliseconds.
#[derive(Clone, Copy)]
struct Times {
    wait: u64,
    group: u64,
    repeat: u64,
}

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for configuration in &context.library.configurations {
        if let Some(route) = configuration.document.get("route") {
            let default = Times {
                wait: GROUP_WAIT,
                group: GROUP_INTERVAL,
                repeat: REPEAT_INTERVAL,
            };
            look(route, default, &configuration.source, findings);
        }
    }
}

/// Returns an entry by its name in a file or in an object.
fn entry<'a>(route: &'a Node, names: [&str; 2]) -> Option<(u64, u64, &'a Node)> {
    let (key, value) = names.iter().find_map(|name| route.entry(name))?;
    Some((duration::parse(&value.scalar()?)?, key.spot.line, value))
}

fn look(route: &Node, above: Times, source: &Source, findings: &mut Findings) {
    let repeat = entry(route, ["repeat_interval", "repeatInterval"]);
    let group = entry(route, ["group_interval", "groupInterval"]);
    let wait = entry(route, ["group_wait", "groupWait"]);
    let own = Times {
        wait: wait.map_or(above.wait, |(time, ..)| time),
        group: group.map_or(above.group, |(time, ..)| time),
        repeat: repeat.map_or(above.repeat, |(time, ..)| time),
    };
    let text = duration::text;
    // Said where one of the two is set, and not again in all routes below.
    if let Some((_, line, _)) = repeat.or(group)
        && own.repeat < own.group
    {
        let message = format!(
            "repeat_interval {} is shorter than group_interval {}: it repeats every {}",
            text(own.repeat),
            text(own.group),
            text(own.group)
        );
        let hint = format!(
            "write {} or more, or a shorter group_interval",
            text(own.group)
        );
        let finding = findings.of_line(Severity::Warn, source, line, message, hint);
        finding
            .fix
            .extend(repeat.and_then(|(_, _, value)| replaced(source, value, &text(own.group))));
    }
    if let Some((_, line, _)) = wait.or(group)
        && own.wait > own.group
    {
        let message = format!(
            "group_wait {} is longer than group_interval {}: the first message comes later than any other",
            text(own.wait),
            text(own.group)
        );
        let hint = "group_wait is for what comes together, seconds to a minute";
        findings.of_line(Severity::Warn, source, line, message, hint);
    }
    for below in route.get("routes").map_or(&[][..], Node::items) {
        look(below, own, source, findings);
    }
}

fn replaced(source: &Source, value: &Node, text: &str) -> Option<Edit> {
    let (start, end) = (value.spot.byte, value.spot.byte + value.spot.length);
    let written = source.text.get(start..end)?;
    let new = written.replace(&value.scalar()?, text);
    (new != written).then_some(Edit {
        start_byte: start,
        end_byte: end,
        text: new,
    })
}
