//! `traffic-guard`: a ratio of rates jumps to 100 % with the first request of a quiet night.

use promql_parser::parser::{BinaryExpr, Expr};

use super::check::{Context, Findings, Severity, View};
use crate::promql::{RATES, any, calls, compares, metrics, walk};

/// A `for` of this many ranges is a guard, too: it takes errors that go on and on.
const RANGES: u64 = 6;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.alerts {
        let mut bare_ratio = None;
        view.tree.walk(&mut |part, above| {
            if let Expr::Binary(ratio) = part.expr
                && is_ratio(ratio)
                && !is_mean(part.expr)
                && !above.iter().any(|outer| is_guard_of(outer.expr, ratio))
                && !guards(&ratio.rhs)
                && !any(&ratio.rhs, &mut |inner| calls(inner, &["clamp_min"]))
            {
                bare_ratio = bare_ratio.or(Some(part));
            }
        });
        let Some(ratio) = bare_ratio.filter(|_| !outlasts_one_event(view)) else {
            continue;
        };
        let message = "a ratio of rates without a least traffic: one request can make it 100 %";
        let hint = "divide by `(sum(rate(...)) > 0.05)`, or add `and sum(rate(...)) > 0.05`";
        let slash = view.tokens.iter().find(|token| {
            ratio
                .below
                .first()
                .is_some_and(|left| token.range.start >= left.range.end)
                && token.text(&view.rule.expr.value) == "/"
        });
        let place = view
            .rule
            .position(slash.map_or(ratio.range.start, |token| token.range.start));
        findings.of_rule(Severity::Warn, view.rule, place, message, hint);
    }
}

fn has_rate(expr: &Expr) -> bool {
    any(expr, &mut |inner| calls(inner, &RATES))
}

fn is_ratio(binary: &BinaryExpr) -> bool {
    binary.op.to_string() == "/" && has_rate(&binary.lhs) && has_rate(&binary.rhs)
}

/// What was measured by how often it was: a mean, which no traffic makes 100 %.
pub(super) fn is_mean(ratio: &Expr) -> bool {
    let Expr::Binary(ratio) = ratio else {
        return false;
    };
    let measured = |side: &Expr| {
        metrics(side).iter().any(|name| {
            let words = ["seconds", "_ms_", "_time", "duration", "latency", "bytes"];
            let counted = ["_count", "_bucket"].iter().any(|end| name.ends_with(end));
            !counted && words.iter().any(|word| name.contains(word)) || name.ends_with("_sum")
        })
    };
    measured(&ratio.lhs) && !measured(&ratio.rhs)
}

/// A guard stands beside the ratio by `and`: a comparison that holds no ratio, or a ratio that is
/// guarded itself. Two windows of one ratio, as of an error budget, guard each other: what one
/// request does to the short one is nothing in the long one.
fn is_guard_of(outer: &Expr, ratio: &BinaryExpr) -> bool {
    let Expr::Binary(set) = outer else {
        return false;
    };
    let windows = longest(&ratio.lhs);
    let other_window = |side: &Expr| {
        longest(side) != windows
            && metrics(side) == {
                let mut names = metrics(&ratio.lhs);
                for name in metrics(&ratio.rhs) {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                names
            }
    };
    set.op.to_string() == "and"
        && [&set.lhs, &set.rhs]
            .iter()
            .any(|side| guards(side) || other_window(side))
}

fn guards(expr: &Expr) -> bool {
    let mut ratios = Vec::new();
    walk(expr, &mut |inner, _| {
        if let Expr::Binary(binary) = inner
            && is_ratio(binary)
        {
            ratios.push(binary);
        }
    });
    let compared = any(expr, &mut compares);
    compared && ratios.iter().all(|ratio| any(&ratio.rhs, &mut compares))
}

/// The longest range below an expression.
fn longest(expr: &Expr) -> u64 {
    let mut longest = 0;
    walk(expr, &mut |inner, _| {
        if let Expr::MatrixSelector(matrix) = inner {
            longest = longest.max(matrix.range.as_millis() as u64);
        }
    });
    longest
}

/// Tells whether `for` is so many times the longest range that what happened once is long forgotten.
fn outlasts_one_event(view: &View<'_>) -> bool {
    view.rule.wait_milliseconds() >= longest(view.expr).saturating_mul(RANGES)
}
