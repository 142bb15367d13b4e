//! `counter-without-rate`: a counter's value says how long its process has lived.

use std::collections::BTreeSet;

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity, View};
use crate::promql::{Evidence, Kind, Pattern, RATES, Tree, calls, metrics, selector_of};

/// What makes something else of a counter, or asks only whether it is there.
const FINE: [&str; 15] = [
    "rate",
    "irate",
    "increase",
    "resets",
    "changes",
    "delta",
    "idelta",
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
    let families = families(context);
    let rated = rated(context);
    for view in &context.alerts {
        let mut found: Vec<(String, Severity)> = Vec::new();
        view.tree.walk(&mut |part, above| {
            let pattern = selector_of(part.expr).map(Pattern::of);
            let Some(name) = pattern.as_ref().and_then(Pattern::metric) else {
                return;
            };
            let known = part.shape.kind.filter(|known| known.kind == Kind::Counter);
            let Some(known) = known.filter(|_| context.facts.record(name).is_none()) else {
                return;
            };
            if is_fine(name, part, above) || found.iter().any(|(one, _)| one == name) {
                return;
            }
            if known.by == Evidence::Name && !is_of_events(name) && !rated.contains(name) {
                return;
            }
            // `_count` and `_sum` end the names of gauges, too, unless their buckets are there.
            let family = ["_count", "_sum"]
                .iter()
                .find_map(|end| name.strip_suffix(end));
            if known.by == Evidence::Name && family.is_some_and(|family| !families.contains(family))
            {
                return;
            }
            let certain = known.by >= Evidence::Catalogue && is_compared_with_number(above);
            let status = if certain {
                Severity::Fail
            } else {
                Severity::Warn
            };
            found.push((name.to_owned(), status));
        });
        for (name, status) in found {
            report(view, &name, status, findings);
        }
    }
}

fn report(view: &View<'_>, name: &str, status: Severity, findings: &mut Findings) {
    let message = match status {
        Severity::Fail => format!("{name} is a counter and is compared without rate()"),
        Severity::Warn | Severity::Note => {
            format!("{name} seems to be a counter, and is used without rate()")
        }
    };
    let hint = format!("write rate({name}[5m]) or increase({name}[1h])");
    findings.of_rule(status, view.rule, view.place_of(name), message, hint);
}

/// Words before `_total` that count what happened. Of others, as `nodes_total`, it may be how many
/// there are.
const EVENTS: [&str; 22] = [
    "calls",
    "collisions",
    "conflicts",
    "deadlocks",
    "denied",
    "dropped",
    "errors",
    "evictions",
    "exceptions",
    "failed",
    "failures",
    "hits",
    "misses",
    "panics",
    "rejected",
    "requests",
    "responses",
    "restarts",
    "retries",
    "samples",
    "timeouts",
    "transactions",
];

fn is_of_events(name: &str) -> bool {
    let Some(name) = name.strip_suffix("_total") else {
        return true;
    };
    // Requests that wait are a length of a queue.
    let waiting = [
        "pending",
        "active",
        "waiting",
        "current",
        "queued",
        "unapplied",
    ];
    name.rsplit('_')
        .next()
        .is_some_and(|word| EVENTS.contains(&word))
        && !waiting.iter().any(|word| name.contains(word))
}

/// Metrics that some rule takes the rate of, as of a counter.
fn rated(context: &Context<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for view in &context.all {
        view.tree.walk(&mut |part, _| {
            if calls(part.expr, &RATES) {
                found.extend(metrics(part.expr));
            }
        });
    }
    found
}

/// Families whose buckets some rule uses.
fn families(context: &Context<'_>) -> BTreeSet<String> {
    let names = context.all.iter().flat_map(|view| metrics(view.expr));
    names
        .filter_map(|name| name.strip_suffix("_bucket").map(str::to_owned))
        .collect()
}

/// Tells whether the counter's value itself does not decide about the alert.
fn is_fine(name: &str, part: &Tree<'_>, above: &[&Tree<'_>]) -> bool {
    let mut inner = part;
    let mut asks_for_any = false;
    for outer in above.iter().rev() {
        match outer.expr {
            Expr::Aggregate(aggregate)
                if ["count", "group", "count_values"]
                    .contains(&aggregate.op.to_string().as_str()) =>
            {
                return true;
            }
            Expr::Binary(binary) => {
                let operator = binary.op.to_string();
                let on_the_right = outer
                    .below
                    .last()
                    .is_some_and(|right| right.range == inner.range);
                let other = outer.below.iter().find(|side| side.range != inner.range);
                let again =
                    other.is_some_and(|other| metrics(other.expr).iter().any(|one| one == name));
                match operator.as_str() {
                    // A guard, and what joins labels by `* on () group_left`.
                    "and" | "unless" if on_the_right => return true,
                    // `x_count > 0 and ...` asks whether there is anything at all.
                    "and" if asks_for_any => return true,
                    ">" if other.is_some_and(|other| other.shape.values.value() == Some(0.0)) => {
                        asks_for_any = true;
                    }
                    // `x - x offset 10m` is what `increase` does; `x > x offset 10m`, too.
                    "-" | ">" | ">=" | "<" | "<=" | "!=" | "==" if again => return true,
                    _ => {}
                }
            }
            expr if calls(expr, &FINE) => return true,
            _ => {}
        }
        inner = outer;
    }
    false
}

/// Tells whether the value is compared with a number other than 0: `> 0` asks whether anything ever
/// happened, which somebody may mean.
fn is_compared_with_number(above: &[&Tree<'_>]) -> bool {
    let compared = above.iter().rev().find_map(|outer| match outer.expr {
        Expr::Binary(binary) => Some((binary.op.is_comparison_operator(), *outer)),
        _ => None,
    });
    let Some((true, outer)) = compared else {
        return false;
    };
    let numbers = outer.below.iter().filter(|side| side.shape.is_scalar);
    let mut values = numbers.map(|side| side.shape.values.value());
    values.any(|value| value.is_some_and(|value| value != 0.0))
}
