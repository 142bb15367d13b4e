//! `percent-scale`: a share that is printed as a percentage without being one, and the other way
//! round: 85 by `humanizePercentage` is 8500%.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity, View};
use super::edit::within_scalar;
use super::template::actions;
use crate::align;
use crate::promql::Tree;

/// Which numbers the alert's value is written in.
#[derive(PartialEq, Eq)]
enum Scale {
    Share,
    Percent,
}

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.alerts {
        if let Some(scale) = scale(value(&view.tree)) {
            look(view, &scale, findings);
        }
    }
}

/// The part whose value the alert has: of `a > 5 and b`, that is `a`.
fn value<'t, 'a>(tree: &'t Tree<'a>) -> &'t Tree<'a> {
    let tree = tree.bare();
    match (tree.expr, tree.below.as_slice()) {
        (Expr::Binary(binary), [left, right]) => {
            let set = ["and", "unless"].contains(&binary.op.to_string().as_str());
            let compares = binary.op.is_comparison_operator() && !binary.return_bool();
            match (set || compares, left.shape.is_scalar) {
                (true, false) => value(left),
                (true, true) => value(right),
                (false, _) => tree,
            }
        }
        _ => tree,
    }
}

fn scale(tree: &Tree<'_>) -> Option<Scale> {
    if let (Expr::Binary(binary), [left, right]) = (tree.expr, tree.below.as_slice()) {
        let hundred = |side: &Tree<'_>| side.shape.values.value() == Some(100.0);
        match binary.op.to_string().as_str() {
            "*" if hundred(left) || hundred(right) => return Some(Scale::Percent),
            "-" if hundred(left) => return Some(Scale::Percent),
            _ => {}
        }
    }
    let values = tree.shape.values;
    (values.low == 0.0 && values.high == 1.0).then_some(Scale::Share)
}

fn look(view: &View<'_>, scale: &Scale, findings: &mut Findings) {
    for (name, scalar) in &view.rule.annotations {
        let text = &scalar.value;
        for range in actions(text) {
            let action = &text[range.clone()];
            let only_value = action
                .trim_start_matches('-')
                .trim_start()
                .starts_with("$value");
            let humanized = action.find("humanizePercentage");
            let followed = text[range.end..]
                .trim_start_matches("}}")
                .trim_start()
                .starts_with('%');
            let (message, hint, edit) = match (scale, humanized) {
                (Scale::Percent, Some(at)) if only_value => (
                    "the value is a percentage, and humanizePercentage multiplies it by 100 again",
                    "write `printf \"%.1f%%\"`, or take `* 100` out of the expression",
                    Some((
                        range.start + at..range.start + at + "humanizePercentage".len(),
                        "printf \"%.1f%%\"",
                    )),
                ),
                (Scale::Share, None) if only_value && followed && !action.contains("100") => (
                    "the value is a share between 0 and 1, and is followed by %",
                    "write `{{ $value | humanizePercentage }}`",
                    None,
                ),
                _ => continue,
            };
            let place = align::position(&view.rule.source, scalar, range.start);
            let message = format!("`{name}`: {message}");
            let finding = findings.of_rule(Severity::Warn, view.rule, place, message, hint);
            if let Some((range, new)) = edit {
                finding
                    .fix
                    .extend(within_scalar(&view.rule.source, scalar, &range, new));
            }
        }
    }
}
