//! `short-range`: `rate` needs two samples; with fewer than four scrapes in the range, one that is
//! missed leaves a hole.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};
use crate::duration;
use crate::promql::calls;

/// What looks at the difference of samples; one sample is enough for the others.
const DIFFERENCES: [&str; 9] = [
    "rate",
    "irate",
    "increase",
    "delta",
    "idelta",
    "deriv",
    "predict_linear",
    "changes",
    "resets",
];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let interval = context.options.scrape_interval;
    let least = interval.saturating_mul(4);
    for view in &context.all {
        view.tree.walk(&mut |part, above| {
            let Expr::MatrixSelector(matrix) = part.expr else {
                return;
            };
            let range = matrix.range.as_millis() as u64;
            let differs = above.last().is_some_and(|outer| calls(outer.expr, &DIFFERENCES));
            if !differs || range >= least {
                return;
            }
            let known = context.options.is_interval_known;
            let (scrape, text) = (duration::text(interval), duration::text(range));
            // Half of the time, or always, there is a single sample in the range.
            let (status, message) = match (known, range < interval.saturating_mul(2)) {
                (true, true) => (
                    Severity::Fail,
                    format!("a range of {text} holds fewer than two scrapes of {scrape}: the result is always empty"),
                ),
                (true, false) => (
                    Severity::Warn,
                    format!("a range of {text} is shorter than four scrapes of {scrape}"),
                ),
                (false, _) => (
                    Severity::Warn,
                    format!("a range of {text} is shorter than four scrapes, if one comes every {scrape}"),
                ),
            };
            let hint = format!(
                "take {} or more, or say --scrape-interval",
                duration::text(least)
            );
            let place = view.place_of(&text);
            let finding = findings.of_rule(status, view.rule, place, message, hint);
            let brackets = view.text(&part.range);
            let open = brackets.find('[').map(|open| part.range.start + open + 1);
            let close = brackets.find(']').map(|close| part.range.start + close);
            // How often it is scraped is for somebody to say, not to be guessed into a file.
            if known && let (Some(open), Some(close)) = (open, close) {
                finding.fix = view.edit(&(open..close), &duration::text(least));
            }
        });
    }
}
