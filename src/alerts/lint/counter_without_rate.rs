//! `counter-without-rate`: a counter's value says how long its process has lived.

use super::check::{Context, Findings, Severity};
use crate::alerts::promql::{Pattern, calls, selector_of, walk};

const COUNTERS: [&str; 4] = ["_total", "_bucket", "_count", "_sum"];
/// What makes something else of a counter, or asks only whether it is there.
const FINE: [&str; 14] = [
    "rate",
    "irate",
    "increase",
    "resets",
    "changes",
    "delta",
    "absent",
    "absent_over_time",
    "present_over_time",
    "count_over_time",
    "timestamp",
    "deriv",
    "last_over_time",
    "histogram_count",
];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.alerts {
        let mut found: Vec<String> = Vec::new();
        walk(&view.expr, &mut |expr, above| {
            let pattern = selector_of(expr).map(Pattern::of);
            let Some(name) = pattern.as_ref().and_then(Pattern::metric) else {
                return;
            };
            let is_counter = COUNTERS.iter().any(|suffix| name.ends_with(suffix));
            let counted = above.iter().any(|outer| {
                let op = match outer {
                    promql_parser::parser::Expr::Aggregate(aggregate) => aggregate.op.to_string(),
                    _ => String::new(),
                };
                calls(outer, &FINE) || op == "count" || op == "group"
            });
            if is_counter && !counted && !found.iter().any(|known| known == name) {
                found.push(name.to_owned());
            }
        });
        for name in found {
            let message = format!("{name} is a counter and is compared without rate()");
            let hint = format!("write rate({name}[5m]) or increase({name}[1h])");
            findings.of_rule(
                Severity::Fail,
                view.rule,
                view.place_of(&name),
                message,
                hint,
            );
        }
    }
}
