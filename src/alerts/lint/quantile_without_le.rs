//! `quantile-without-le`: buckets are told apart by `le`; summed away, there is no quantile.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};
use crate::alerts::promql::{labels_of, metrics, walk};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.all {
        walk(&view.expr, &mut |expr, _| {
            let Expr::Call(call) = expr else { return };
            let Some(buckets) = call.args.args.get(1) else {
                return;
            };
            // A native histogram has no buckets by name and no `le`.
            let classic = metrics(buckets)
                .iter()
                .any(|name| name.ends_with("_bucket"));
            if call.func.name != "histogram_quantile"
                || !classic
                || labels_of(buckets).may_have("le")
            {
                return;
            }
            let place = view.place_of("histogram_quantile");
            let message = "histogram_quantile of buckets whose `le` was dropped is always empty";
            let hint = "aggregate by le: `sum by (namespace, le) (rate(..._bucket[5m]))`";
            findings.of_rule(Severity::Fail, view.rule, place, message, hint);
        });
    }
}
