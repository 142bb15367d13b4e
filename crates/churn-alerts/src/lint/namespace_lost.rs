//! `namespace-lost`: an AlertmanagerConfig object takes alerts of its own namespace only; an alert
//! that has none reaches no such object.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};
use crate::promql::{calls, selectors};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    // Only these objects ask for a namespace, and with the strategy `None` not even they.
    let mut configurations = context.library.configurations.iter();
    if !configurations.any(|one| one.asks_namespace()) {
        return;
    }
    for view in &context.alerts {
        let labels = &view.tree.shape.labels;
        if view.rule.label("namespace").is_some() || labels.may_have("namespace") {
            continue;
        }
        // `vector(1)`, a heartbeat, is about no namespace.
        if selectors(view.expr).is_empty() {
            continue;
        }
        let mut lost = None;
        view.tree.walk(&mut |part, _| {
            let drops = match part.expr {
                Expr::Aggregate(_) => !part.shape.labels.may_have("namespace"),
                expr => calls(expr, &["absent"]),
            };
            if drops {
                lost = lost.or(Some(part));
            }
        });
        let place = view.place(lost.unwrap_or(&view.tree));
        let message = "the alert has no `namespace`, so that no AlertmanagerConfig takes it";
        let hint =
            "keep it (`sum by (namespace) (...)`), or set `labels: {namespace: churn-mlops}`";
        findings.of_rule(Severity::Fail, view.rule, place, message, hint);
    }
}
