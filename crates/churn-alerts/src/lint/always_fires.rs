//! `always-fires`: an expression whose result is there whatever the data say. An alert fires for
//! every series of a result, also for one whose value is 0.

use promql_parser::parser::Expr;

use super::check::{BY_NAME, Context, Findings, Severity, View};
use crate::promql::{Presence, RATES, Tree, calls};

/// Labels that only say where a series comes from.
const TARGET: [&str; 7] = [
    "__name__",
    "cluster",
    "container",
    "instance",
    "job",
    "namespace",
    "pod",
];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.alerts {
        let shape = &view.tree.shape;
        // A heartbeat looks at nothing and is meant to fire for ever.
        if !has_selector(&view.tree) {
            continue;
        }
        if shape.presence == Presence::Always {
            let culprit = culprit(&view.tree);
            let message = match culprit {
                Some(part) => format!(
                    "the alert fires always: `{}` is there whatever the data say",
                    view.text(&part.range)
                ),
                None => "the alert fires always: its result is never empty".to_owned(),
            };
            let hint = "compare at the very end: `(... or vector(0)) > 5`; a part that is always there must not stand alone behind `or`";
            let place = view.place(culprit.unwrap_or(&view.tree));
            findings.of_rule(Severity::Fail, view.rule, place, message, hint);
        } else if shape.presence != Presence::Never && !shape.is_filtered {
            unconditional(context, view, findings);
        }
    }
}

fn has_selector(tree: &Tree<'_>) -> bool {
    let mut found = false;
    tree.walk(&mut |part, _| {
        found |= matches!(part.expr, Expr::VectorSelector(_) | Expr::MatrixSelector(_));
    });
    found
}

/// The smallest part that is always there.
fn culprit<'t, 'a>(tree: &'t Tree<'a>) -> Option<&'t Tree<'a>> {
    let mut found = None;
    tree.walk(&mut |part, _| {
        if part.shape.presence == Presence::Always && !part.shape.is_scalar {
            found = Some(part);
        }
    });
    found
}

/// No condition decides whether the alert fires: it does as long as the metric is there.
fn unconditional(context: &Context<'_>, view: &View<'_>, findings: &mut Findings) {
    let (mut with_bool, mut constant, mut computed) = (None, None, false);
    let mut chosen = false;
    view.tree.walk(&mut |part, _| match part.expr {
        // What is selected by more than its target is the condition: `{operstate="down"}`.
        Expr::VectorSelector(selector) => {
            let labels = selector
                .matchers
                .matchers
                .iter()
                .map(|one| one.name.as_str());
            chosen |= labels.into_iter().any(|label| !TARGET.contains(&label));
        }
        Expr::Binary(binary) if binary.op.is_comparison_operator() => {
            if binary.return_bool() {
                with_bool = with_bool.or(Some(part));
            } else if part.shape.why.is_some() {
                constant = constant.or(Some(part));
            }
        }
        Expr::Binary(binary) => computed |= !binary.op.is_set_operator(),
        expr => computed |= calls(expr, &RATES) || calls(expr, &["histogram_quantile"]),
    });
    let (status, place, message, hint) = if let Some(part) = with_bool {
        let message = "`bool` makes 0 or 1 of the comparison, and the alert fires on both";
        let hint = "take `bool` out";
        (Severity::Fail, view.place(part), message.to_owned(), hint)
    } else if let Some(part) = constant {
        let why = part.shape.why.clone().unwrap_or_default();
        let hint = "compare with a value that the left side can fall below";
        match context.certain_shape(view).is_filtered {
            true => (
                Severity::Warn,
                view.place(part),
                format!("{why}{BY_NAME}"),
                hint,
            ),
            false => (Severity::Fail, view.place(part), why, hint),
        }
    } else if chosen && !computed {
        return;
    } else {
        let message = "no condition: the alert fires as long as the metric is there, also at 0";
        let hint = "compare it: `> 0`, or, where the metric is there only in trouble, say so in a comment that switches this off";
        let status = match computed {
            true => Severity::Fail,
            false => Severity::Warn,
        };
        (status, view.place(&view.tree), message.to_owned(), hint)
    };
    let finding = findings.of_rule(status, view.rule, place, message, hint);
    if let Some(part) = with_bool
        && let [left, right] = part.below.as_slice()
    {
        let between = left.range.end..right.range.start;
        let at = view.text(&between).find("bool");
        if let Some(at) = at.map(|at| between.start + at) {
            // With the blank behind it.
            let end = (at + 5).min(right.range.start);
            finding.fix = view.edit(&(at..end), "");
        }
    }
}
