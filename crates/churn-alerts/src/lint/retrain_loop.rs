//! `retrain-loop`: an alert that starts a retrain, and that the failed retrain Job sets off again.

use promql_parser::label::MatchOp;

use super::check::{Context, Findings, Severity};
use crate::promql::selectors;

/// Labels that hold the name of a Job or of its CronJob.
const LABELS: [&str; 6] = [
    "job_name",
    "cronjob",
    "owner_name",
    "pod",
    "job",
    "exported_job",
];
/// CronJobs that retrain, beside those in the files: ours, and that of the Python system.
const RETRAIN: [&str; 3] = [
    "churn-retrain-weekly",
    "churn-drift-auto-retrain",
    "retrain-now",
];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let own = context.library.cron_jobs.iter().map(String::as_str);
    let names: Vec<&str> = RETRAIN
        .into_iter()
        .chain(own.filter(|name| name.contains("retrain")))
        .collect();
    for view in &context.alerts {
        let retrains = view.rule.label("action") == Some("retrain");
        for pattern in selectors(view.expr) {
            let of_failure = pattern.metric().is_some_and(|name| name.contains("failed"));
            for matcher in pattern.matchers() {
                let regex =
                    matches!(matcher.op, MatchOp::Re(_)) && LABELS.contains(&matcher.name.as_str());
                // Any number of drift or retrain alerts may name drift jobs; a failure is what loops.
                let about_drift = of_failure && matcher.value.contains("drift");
                if !regex || !(retrains || about_drift) {
                    continue;
                }
                let takes = names.iter().find(|name| {
                    matcher.is_match(name) || matcher.is_match(&format!("{name}-29400000"))
                });
                let Some(name) = takes else { continue };
                let message = format!(
                    "{}=~\"{}\" also matches the retrain Job {name}: a failed retrain sets the alert off again",
                    matcher.name, matcher.value
                );
                let hint = "name the drift CronJob exactly, by kube_job_owner{owner_name=\"churn-drift-daily\"}";
                findings.of_rule(
                    Severity::Fail,
                    view.rule,
                    view.place_of_text(&matcher.value),
                    message,
                    hint,
                );
            }
        }
    }
}
