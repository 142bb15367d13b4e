//! `useless-continue`: `continue` lets later siblings be asked, too; the last one has none.

use super::check::{Context, Findings, Severity};
use super::edit::Edit;
use crate::node::{Node, Source};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for configuration in &context.library.configurations {
        if let Some(route) = configuration.document.get("route") {
            look(route, &configuration.source, findings);
        }
    }
}

fn look(route: &Node, source: &Source, findings: &mut Findings) {
    let below = route.get("routes").map_or(&[][..], Node::items);
    if let Some(last) = below.last()
        && let Some((key, value)) = last.entry("continue")
        && value.scalar().as_deref() == Some("true")
    {
        let message = "`continue: true` on the last route among its siblings does nothing";
        let hint = "take it out, or put the route before those that shall be asked, too";
        let finding = findings.of_line(Severity::Warn, source, key.spot.line, message, hint);
        finding.fix.extend(without_line(source, key.spot.byte));
    }
    below.iter().for_each(|route| look(route, source, findings));
}

/// Cuts the line out, if the key stands alone on it.
fn without_line(source: &Source, byte: usize) -> Option<Edit> {
    let before = source.text.get(..byte)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = source.text[byte..]
        .find('\n')
        .map_or(source.text.len(), |at| byte + at + 1);
    let alone = source.text[start..byte].trim().is_empty()
        && source.text[start..end].trim_end().ends_with("true");
    alone.then_some(Edit {
        start_byte: start,
        end_byte: end,
        text: String::new(),
    })
}
