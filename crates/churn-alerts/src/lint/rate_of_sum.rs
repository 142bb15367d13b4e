//! `rate-of-sum`: a sum of counters falls when one process restarts, and `rate` takes that for a
//! restart of all.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity, View};
use crate::promql::{Evidence, Kind, Pattern, RATES, Tree, calls};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.all {
        view.tree.walk(&mut |part, _| {
            let (Expr::Call(call), Some(range)) = (part.expr, part.below.first()) else {
                return;
            };
            if !calls(part.expr, &RATES) {
                return;
            }
            let rate = call.func.name;
            match range.expr {
                Expr::Subquery(_) => of_subquery(view, rate, part, range, findings),
                Expr::MatrixSelector(matrix) => {
                    let pattern = Pattern::of(&matrix.vs);
                    let name = pattern.metric().unwrap_or_default();
                    let record = context.facts.record(name);
                    let summed = record.is_some_and(|shape| {
                        shape.kind.is_some_and(|kind| kind.kind == Kind::Counter)
                            && !shape.labels.may_have("instance")
                    });
                    if summed {
                        let message = format!("{rate} of {name}, which a rule records as a sum of counters: when one of them restarts, the rate jumps");
                        let hint = format!("record sum({rate}(...)), and sum that");
                        findings.of_rule(Severity::Fail, view.rule, view.place(range), message, hint);
                    }
                }
                _ => {}
            }
        });
    }
}

fn of_subquery(
    view: &View<'_>,
    rate: &str,
    part: &Tree<'_>,
    range: &Tree<'_>,
    findings: &mut Findings,
) {
    let Some(inner) = range.below.first().map(Tree::bare) else {
        return;
    };
    let Expr::Aggregate(aggregate) = inner.expr else {
        return;
    };
    let operator = aggregate.op.to_string();
    let Some(summed) = inner.below.last().filter(|_| operator == "sum") else {
        return;
    };
    let of_counter = summed
        .shape
        .kind
        .is_some_and(|kind| kind.is_counter(Evidence::Name));
    let status = match of_counter {
        true => Severity::Fail,
        false => Severity::Warn,
    };
    let message = format!("{rate} of a sum: when one of the counters restarts, the rate jumps");
    let hint = format!("first {rate}, then sum: `sum by (...) ({rate}(...[5m]))`");
    let finding = findings.of_rule(status, view.rule, view.place(part), message, hint);
    // `rate(sum by (a) (x)[5m:1m])`: the range goes to the selector.
    let brackets = view.text(&(inner.range.end..range.range.end));
    let window = brackets.find('[').and_then(|open| {
        let rest = &brackets[open + 1..];
        Some(&rest[..rest.find(':')?])
    });
    if let (Expr::VectorSelector(_), Some(window), false) = (
        summed.expr,
        window,
        brackets.contains("offset") || brackets.contains('@'),
    ) {
        let before = view.text(&(inner.range.start..summed.range.start));
        let after = view.text(&(summed.range.end..inner.range.end));
        let selector = view.text(&summed.range);
        let text = format!("{before}{rate}({selector}[{}]){after}", window.trim());
        finding.fix = view.edit(&part.range, &text);
    }
}
