//! `short-range`: `rate` needs two samples; with fewer than four scrapes in the range, one that is
//! missed leaves a hole.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};
use crate::alerts::duration;
use crate::alerts::promql::walk;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let least = context.options.scrape_interval.saturating_mul(4);
    for view in &context.all {
        walk(&view.expr, &mut |expr, _| {
            let Expr::MatrixSelector(matrix) = expr else {
                return;
            };
            let range = matrix.range.as_millis() as u64;
            if range >= least {
                return;
            }
            let place = view.place_of(&duration::text(range));
            let scrape = duration::text(context.options.scrape_interval);
            let message = format!(
                "a range of {} is shorter than four scrapes of {scrape}",
                duration::text(range)
            );
            let hint = format!(
                "take {} or more, or say --scrape-interval",
                duration::text(least)
            );
            findings.of_rule(Severity::Fail, view.rule, place, message, hint);
        });
    }
}
