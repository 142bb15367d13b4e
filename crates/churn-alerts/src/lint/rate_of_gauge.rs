//! `rate-of-gauge`: `rate` takes each fall for a restart, so that of a gauge it gives nonsense.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};
use crate::promql::{Evidence, Kind, Pattern, RATES, calls, selector_of};

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
            if !calls(part.expr, &RATES) {
                return;
            }
            let rate = call.func.name;
            let record = context.facts.record(name);
            let (status, why) = match (record, range.shape.kind) {
                (Some(_), Some(known)) if known.kind == Kind::Counter => return,
                (Some(_), _) => (
                    Severity::Warn,
                    format!("{name} is recorded, and not as a counter"),
                ),
                (None, Some(known)) if known.is_gauge(Evidence::Catalogue) => {
                    (Severity::Fail, format!("{name} is a gauge"))
                }
                (None, Some(known)) if known.is_gauge(Evidence::Name) => {
                    (Severity::Warn, format!("{name} is a gauge by its name"))
                }
                _ => return,
            };
            let instead = if rate == "increase" { "delta" } else { "deriv" };
            let message = format!("{rate}() takes each fall for a restart, and {why}");
            let hint = format!("write {instead}({name}[...]), or compare the gauge itself");
            let finding = findings.of_rule(status, view.rule, view.place(part), message, hint);
            if status == Severity::Fail {
                let word = part.range.start..part.range.start + rate.len();
                finding.fix = view.edit(&word, instead);
            }
        });
    }
}
