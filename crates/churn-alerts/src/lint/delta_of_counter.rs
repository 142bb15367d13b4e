//! `delta-of-counter`: `delta` and `deriv` of a counter go far below zero at each restart.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};
use crate::promql::{Evidence, Pattern, calls, selector_of};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.all {
        view.tree.walk(&mut |part, _| {
            let (Expr::Call(call), Some(range)) = (part.expr, part.below.first()) else {
                return;
            };
            let selector = selector_of(range.expr).map(Pattern::of);
            let Some(name) = selector.as_ref().and_then(Pattern::metric) else {
                return;
            };
            let known = range
                .shape
                .kind
                .is_some_and(|kind| kind.is_counter(Evidence::Catalogue));
            if !known || !calls(part.expr, &["delta", "deriv", "idelta"]) {
                return;
            }
            let function = call.func.name;
            let instead = match function {
                "delta" => "increase",
                "deriv" => "rate",
                _ => "irate",
            };
            let message = format!(
                "{function}() of the counter {name} goes far below zero when its process restarts"
            );
            let hint = format!("write {instead}({name}[...])");
            let finding =
                findings.of_rule(Severity::Warn, view.rule, view.place(part), message, hint);
            let word = part.range.start..part.range.start + function.len();
            finding.fix = view.edit(&word, instead);
        });
    }
}
