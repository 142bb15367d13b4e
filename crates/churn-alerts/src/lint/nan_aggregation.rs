//! `nan-aggregation`: one idle series, 0 / 0, makes the sum or the mean of all NaN, and no
//! comparison with NaN holds.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};
use super::traffic_guard::is_mean;
use crate::promql::{RATES, Tree, any, calls};

const POISONED: [&str; 5] = ["sum", "avg", "stddev", "stdvar", "quantile"];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.all {
        view.tree.walk(&mut |part, _| {
            let Expr::Aggregate(aggregate) = part.expr else { return };
            let operator = aggregate.op.to_string();
            let inner = part.below.last();
            let Some(ratio) = inner.filter(|_| POISONED.contains(&operator.as_str())).and_then(ratio)
            else {
                return;
            };
            // One mean an instance is summed only with itself.
            if part.shape.labels.may_have("instance") && is_mean(ratio.expr) {
                return;
            }
            let message = format!("{operator} over ratios: a series without traffic is 0 / 0, NaN, and makes NaN of the whole");
            let hint = "divide the sums, `sum(a) / sum(b)`, or leave idle series out: `a / (b > 0)`";
            findings.of_rule(Severity::Warn, view.rule, view.place(ratio), message, hint);
        });
    }
}

/// The ratio of rates whose NaN reaches the aggregation.
fn ratio<'t, 'a>(tree: &'t Tree<'a>) -> Option<&'t Tree<'a>> {
    let tree = tree.bare();
    match (tree.expr, tree.below.as_slice()) {
        (Expr::Binary(binary), [left, right]) => match binary.op.to_string().as_str() {
            "/" if !right.shape.is_scalar
                && !right.shape.is_filtered
                && right.shape.values.contains(0.0)
                && any(right.expr, &mut |inner| calls(inner, &RATES)) =>
            {
                Some(tree)
            }
            "+" | "-" | "*" | "/" | "or" => ratio(left).or_else(|| ratio(right)),
            _ => None,
        },
        (Expr::Call(_), [only, ..])
            if calls(
                tree.expr,
                &[
                    "abs",
                    "clamp_min",
                    "clamp_max",
                    "clamp",
                    "label_replace",
                    "ceil",
                    "round",
                ],
            ) =>
        {
            ratio(only)
        }
        _ => None,
    }
}
