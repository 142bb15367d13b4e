//! `traffic-guard`: a ratio of rates jumps to 100 % with the first request of a quiet night.

use promql_parser::parser::{BinaryExpr, Expr};

use super::check::{Context, Findings, Severity};
use crate::alerts::promql::{RATES, any, calls, compares, walk};

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
        if !bare_ratio {
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

/// A guard is a comparison in the divisor, or one beside the ratio by `and` that holds no ratio itself.
fn is_guarded(ratio: &BinaryExpr, above: &[&Expr]) -> bool {
    let plain_comparison = |expr: &Expr| {
        let other = any(
            expr,
            &mut |inner| matches!(inner, Expr::Binary(binary) if is_ratio(binary)),
        );
        !other && any(expr, &mut compares)
    };
    if plain_comparison(&ratio.rhs) {
        return true;
    }
    above.iter().any(|expr| match expr {
        Expr::Binary(set) if set.op.to_string() == "and" => {
            plain_comparison(&set.lhs) || plain_comparison(&set.rhs)
        }
        _ => false,
    })
}
