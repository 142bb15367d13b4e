//! `dead-condition`: a part of an expression that decides nothing: a condition that always or never
//! holds, a guard that takes nothing away.

use super::check::{Context, Findings, Severity, View};
use crate::promql::{Presence, Tree};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.all {
        // Said by `never-fires` and `always-fires` of the whole.
        let whole = &view.tree.shape;
        if whole.presence == Presence::Never || !whole.is_filtered {
            continue;
        }
        view.tree.walk(&mut |part, above| {
            if above.iter().any(|outer| outer.shape.why.is_some()) {
                return;
            }
            look(view, part, findings);
        });
    }
}

fn look(view: &View<'_>, part: &Tree<'_>, findings: &mut Findings) {
    let Some(why) = &part.shape.why else { return };
    let message = format!("`{}` decides nothing: {why}", short(view.text(&part.range)));
    let hint = "take it out, or put it right";
    findings.of_rule(Severity::Warn, view.rule, view.place(part), message, hint);
}

/// A long part by its beginning and its end.
fn short(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    let count = text.chars().count();
    if count <= 60 {
        return text;
    }
    let begin: String = text.chars().take(28).collect();
    let end: String = text.chars().skip(count - 28).collect();
    format!("{begin} ... {end}")
}
