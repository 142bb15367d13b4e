//! `no-absence-alert`: an alert on a metric that is gone is silent. Somebody must notice that.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};
use crate::alerts::promql::{Pattern, calls, metrics, selectors, walk};

/// Metrics that come from one exporter, and what its `job` label usually contains.
const FAMILIES: [(&str, &[&str]); 7] = [
    ("kube_", &["kube-state-metrics"]),
    ("node_", &["node-exporter", "node"]),
    ("container_", &["kubelet", "cadvisor"]),
    ("churn_api_", &["churn-api"]),
    ("model_predictions_total", &["churn-api"]),
    ("push_", &["pushgateway"]),
    ("kn_serving_", &["kserve", "churn"]),
];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let watched = watched(context);
    let mut seen: Vec<String> = Vec::new();
    for view in &context.alerts {
        for name in metrics(&view.expr) {
            let family = family(&name);
            if seen.contains(&family)
                || ["up", "ALERTS", "ALERTS_FOR_STATE"].contains(&name.as_str())
            {
                continue;
            }
            seen.push(family.clone());
            let jobs = FAMILIES.iter().find(|(prefix, _)| *prefix == family);
            let jobs = jobs.map_or(&[][..], |(_, jobs)| jobs);
            let is_watched = watched.iter().any(|pattern| match pattern.metric() {
                Some("up") => pattern
                    .matcher("job")
                    .is_some_and(|matcher| jobs.iter().any(|job| matcher.value.contains(job))),
                Some(metric) => self::family(metric) == family,
                None => false,
            });
            if is_watched {
                continue;
            }
            let (what, job) = match jobs.first() {
                Some(job) if family.ends_with('_') => (format!("{family}*"), Some(job)),
                Some(job) => (family.clone(), Some(job)),
                None => (family.clone(), None),
            };
            let message =
                format!("no alert notices when {what} is missing; this one is silent then");
            let hint = match job {
                Some(job) => format!("add an alert on absent(up{{job=\"{job}\"}} == 1)"),
                None => format!("add an alert on absent({name})"),
            };
            findings.of_rule(
                Severity::Warn,
                view.rule,
                view.place_of(&name),
                message,
                hint,
            );
        }
    }
}

fn family(name: &str) -> String {
    let found = FAMILIES.iter().find(|(prefix, _)| name.starts_with(prefix));
    found.map_or(name, |(prefix, _)| *prefix).to_owned()
}

/// What some alert notices the absence of: within `absent`, or by `up`.
fn watched(context: &Context<'_>) -> Vec<Pattern> {
    let mut found = Vec::new();
    for view in &context.alerts {
        walk(&view.expr, &mut |expr, _| {
            if calls(expr, &["absent", "absent_over_time"]) {
                found.extend(selectors(expr));
            }
            if let Expr::VectorSelector(selector) = expr
                && selector.name.as_deref() == Some("up")
            {
                found.push(Pattern::of(selector));
            }
        });
    }
    found
}
