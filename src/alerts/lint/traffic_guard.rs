//! `traffic-guard`: a ratio of rates jumps to 100 % with the first request of a quiet night.

use promql_parser::parser::{BinaryExpr, Expr};

use super::check::{Context, Findings, Severity, View};
use crate::alerts::promql::{RATES, any, calls, compares, walk};

/// A `for` of this many ranges is a guard, too: it takes errors that go on and on.
const RANGES: u64 = 6;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.alerts {
        let mut bare_ratio = false;
        walk(&view.expr, &mut |expr, above| {
            if let Expr::Binary(ratio) = expr
                && is_ratio(ratio)
                && !is_guarded(ratio, above)
            {
                bare_ratio = true;
            }
        });
        if !bare_ratio || outlasts_one_event(view) {
            continue;
        }
        let message = "a ratio of rates without a least traffic: one request can make it 100 %";
        let hint = "divide by `(sum(rate(...)) > 0.05)`, or add `and sum(rate(...)) > 0.05`";
        findings.of_rule(Severity::Warn, view.rule, view.place_of("/"), message, hint);
    }
}

fn has_rate(expr: &Expr) -> bool {
    any(expr, &mut |inner| calls(inner, &RATES))
}

fn is_ratio(binary: &BinaryExpr) -> bool {
    binary.op.to_string() == "/" && has_rate(&binary.lhs) && has_rate(&binary.rhs)
}

/// A guard is a comparison in the divisor, or beside the ratio by `and`: one that holds no ratio, or
/// a ratio that is guarded itself.
fn is_guarded(ratio: &BinaryExpr, above: &[&Expr]) -> bool {
    if guards(&ratio.rhs) {
        return true;
    }
    above.iter().any(|expr| match expr {
        Expr::Binary(set) if set.op.to_string() == "and" => guards(&set.lhs) || guards(&set.rhs),
        _ => false,
    })
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

/// Tells whether `for` is so many times the longest range that what happened once is long forgotten.
fn outlasts_one_event(view: &View<'_>) -> bool {
    let mut longest = 0;
    walk(&view.expr, &mut |expr, _| {
        if let Expr::MatrixSelector(matrix) = expr {
            longest = longest.max(matrix.range.as_millis() as u64);
        }
    });
    view.rule.wait_milliseconds() >= longest.saturating_mul(RANGES)
}
