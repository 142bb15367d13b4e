//! `for-beyond-range`: what happened once is seen for the length of the range; a `for` that is as
//! long waits until it is out of sight.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity, View};
use crate::duration;
use crate::promql::{Tree, calls, metrics};

/// What names of events contain that don't go on and on.
const RARE: [&str; 9] = [
    "restart",
    "reboot",
    "boot_time",
    "oom",
    "panic",
    "crash",
    "leader_change",
    "failover",
    "start_time",
];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.alerts {
        view.tree.walk(&mut |part, _| look(view, part, findings));
    }
}

fn look(view: &View<'_>, part: &Tree<'_>, findings: &mut Findings) {
    let (Expr::Binary(binary), [left, right]) = (part.expr, part.below.as_slice()) else {
        return;
    };
    let operator = binary.op.to_string();
    let Some(threshold) = right.shape.values.value() else {
        return;
    };
    if ![">", ">="].contains(&operator.as_str()) {
        return;
    }
    let Some((function, range)) = events(left) else {
        return;
    };
    // Errors may go on and on, which a long `for` asks for; a restart is over when it is seen.
    // Pods wait longer and longer between restarts, other services need not.
    let rare = |name: &String| {
        let once = threshold < 1.0 || name.starts_with("kube_");
        once && RARE.iter().any(|word| name.contains(word))
    };
    if !metrics(left.expr).iter().any(rare) {
        return;
    }
    let wait = view.rule.wait_milliseconds();
    if threshold < 0.0 || range == 0 || wait < range {
        return;
    }
    let (range, wait) = (duration::text(range), duration::text(wait));
    let message = format!(
        "{function}(...[{range}]) sees an event for {range}, and `for` waits {wait}: it must happen again and again to fire"
    );
    let hint = format!(
        "take a range longer than `for`, or `for: 0s`; {range} is the memory of the expression"
    );
    let place = view
        .rule
        .wait
        .as_ref()
        .map_or(view.place(part), |wait| (wait.key_line, 1));
    findings.of_rule(Severity::Warn, view.rule, place, message, hint);
}

/// The function that counts events, and its range.
fn events<'t>(tree: &'t Tree<'_>) -> Option<(&'t str, u64)> {
    let tree = tree.bare();
    match tree.expr {
        Expr::Aggregate(aggregate)
            if ["sum", "max"].contains(&aggregate.op.to_string().as_str()) =>
        {
            events(tree.below.last()?)
        }
        Expr::Call(call) if calls(tree.expr, &["increase", "changes", "resets"]) => {
            match tree.below.first()?.expr {
                Expr::MatrixSelector(matrix) => {
                    Some((call.func.name, matrix.range.as_millis() as u64))
                }
                _ => None,
            }
        }
        _ => None,
    }
}
