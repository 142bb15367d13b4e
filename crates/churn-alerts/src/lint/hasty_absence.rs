//! `hasty-absence`: `absent` without a wait fires whenever Prometheus starts or misses a scrape.

use super::check::{Context, Findings, Severity};
use crate::duration;
use crate::promql::calls;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let least = context.options.scrape_interval.saturating_mul(2);
    for view in &context.alerts {
        let wait = view.rule.wait_milliseconds();
        if !calls(view.tree.bare().expr, &["absent"]) || wait >= least {
            continue;
        }
        let message = format!(
            "absent() with `for` of {}: one missed scrape, or a start of Prometheus, is enough to fire",
            duration::text(wait)
        );
        let hint = format!("write `for: 5m`, {} at least", duration::text(least));
        let finding = findings.of_rule(
            Severity::Warn,
            view.rule,
            view.place(&view.tree),
            message,
            hint,
        );
        if let Some(scalar) = &view.rule.wait {
            let whole = 0..scalar.value.len();
            let edit = super::edit::within_scalar(&view.rule.source, scalar, &whole, "5m");
            finding.fix.extend(edit);
        }
    }
}
