//! `stuck-job`: kube_job_status_failed belongs to the Job object, not to the last run.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};
use crate::promql::{any, metrics};

const LATER: [&str; 2] = [
    "kube_cronjob_status_last_successful_time",
    "kube_job_status_start_time",
];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.alerts {
        let names = metrics(view.expr);
        let failed = names
            .iter()
            .find(|name| ["kube_job_status_failed", "kube_job_failed"].contains(&name.as_str()));
        let Some(failed) = failed else { continue };
        let absent = view.rule.expr.value.contains("absent(");
        if absent || names.iter().any(|name| LATER.contains(&name.as_str())) {
            continue;
        }
        // `completions - succeeded - failed` is about what is still to do.
        let subtracted = any(view.expr, &mut |inner| match inner {
            Expr::Binary(binary) => {
                binary.op.to_string() == "-" && metrics(&binary.rhs).contains(failed)
            }
            _ => false,
        });
        if subtracted {
            continue;
        }
        let message = format!(
            "{failed} stays as long as the failed Job object is kept, whatever later runs do"
        );
        let hint = "compare with kube_cronjob_status_last_successful_time, as ChurnJobFailed does";
        findings.of_rule(
            Severity::Warn,
            view.rule,
            view.place_of(failed),
            message,
            hint,
        );
    }
}
