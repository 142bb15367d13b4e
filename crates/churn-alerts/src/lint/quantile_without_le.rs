//! `quantile-without-le`: buckets are told apart by `le`; summed away, there is no quantile.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};
use crate::promql::metrics;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.all {
        view.tree.walk(&mut |part, _| {
            let Expr::Call(call) = part.expr else { return };
            let Some(buckets) = part.below.get(1) else {
                return;
            };
            // A native histogram has no buckets by name and no `le`.
            let classic = metrics(buckets.expr)
                .iter()
                .any(|name| name.ends_with("_bucket"));
            if call.func.name != "histogram_quantile"
                || !classic
                || buckets.shape.labels.may_have("le")
            {
                return;
            }
            let message = "histogram_quantile of buckets whose `le` was dropped is always empty";
            let hint = "aggregate by le: `sum by (namespace, le) (rate(..._bucket[5m]))`";
            let place = view.place(part);
            let finding = findings.of_rule(Severity::Fail, view.rule, place, message, hint);
            // `by (a)` in the outermost aggregation becomes `by (le, a)`.
            if let Expr::Aggregate(_) = buckets.bare().expr {
                let text = view.text(&buckets.range);
                let by = text.find("by (").map(|at| (at + 4, "le, "));
                let by = by.or_else(|| text.find("by(").map(|at| (at + 3, "le, ")));
                if let Some((at, words)) = by {
                    let from = buckets.range.start + at;
                    let first = view.text(&(from..from + 1)).to_owned();
                    let words = if first == ")" { "le" } else { words };
                    finding.fix = view.edit(&(from..from + 1), &format!("{words}{first}"));
                }
            }
        });
    }
}
