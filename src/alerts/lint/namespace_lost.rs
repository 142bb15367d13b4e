//! `namespace-lost`: an AlertmanagerConfig object takes alerts of its own namespace only; an alert
//! that has none reaches no such object.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};
use crate::alerts::promql::{bare, calls, labels_of, selectors, walk};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.alerts {
        if view.rule.label("namespace").is_some() || labels_of(&view.expr).may_have("namespace") {
            continue;
        }
        // `vector(1)`, a heartbeat, is about no namespace.
        if selectors(&view.expr).is_empty() {
            continue;
        }
        let mut place = None;
        walk(bare(&view.expr), &mut |expr, _| {
            let word = match expr {
                Expr::Aggregate(aggregate) if !labels_of(expr).may_have("namespace") => {
                    aggregate.op.to_string()
                }
                Expr::Call(call) if calls(expr, &["absent"]) => call.func.name.to_owned(),
                _ => return,
            };
            place.get_or_insert_with(|| view.place_of(&word));
        });
        let place = place.unwrap_or_else(|| view.rule.position(0));
        let message = "the alert has no `namespace`, so that no AlertmanagerConfig takes it";
        let hint =
            "keep it (`sum by (namespace) (...)`), or set `labels: {namespace: churn-mlops}`";
        findings.of_rule(Severity::Fail, view.rule, place, message, hint);
    }
}
