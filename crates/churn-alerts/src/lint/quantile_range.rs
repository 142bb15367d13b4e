//! `quantile-range`: a quantile lies between 0 and 1; beyond, the result is infinite.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.all {
        view.tree.walk(&mut |part, _| {
            let name = match part.expr {
                Expr::Call(call)
                    if ["histogram_quantile", "quantile_over_time"].contains(&call.func.name) =>
                {
                    call.func.name
                }
                Expr::Aggregate(aggregate) if aggregate.op.to_string() == "quantile" => "quantile",
                _ => return,
            };
            let Some(first) = part.below.first() else {
                return;
            };
            let Some(quantile) = first.shape.values.value() else {
                return;
            };
            if (0.0..=1.0).contains(&quantile) {
                return;
            }
            let end = if quantile > 1.0 { "+Inf" } else { "-Inf" };
            let message =
                format!("{name}({quantile}, ...) is always {end}: a quantile lies between 0 and 1");
            let percent = (1.0..=100.0).contains(&quantile);
            let hint = match percent {
                true => format!("write {}", quantile / 100.0),
                false => "write a number between 0 and 1, such as 0.95".to_owned(),
            };
            let place = view.place(first);
            let finding = findings.of_rule(Severity::Fail, view.rule, place, message, hint);
            if percent {
                finding.fix = view.edit(&first.range, &(quantile / 100.0).to_string());
            }
        });
    }
}
