//! `no-absence-alert`: an alert on a metric that is gone is silent. Somebody must notice that.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity, View};
use crate::promql::{Pattern, calls, metrics, selectors, walk};

/// Where metrics come from.
struct Origin {
    /// What people call it.
    name: &'static str,
    /// What its metrics begin with.
    prefixes: &'static [&'static str],
    /// What the `job` label of its targets usually contains.
    jobs: &'static [&'static str],
}

#[rustfmt::skip]
static ORIGINS: &[Origin] = &[
    Origin { name: "kube_*", prefixes: &["kube_"], jobs: &["kube-state-metrics"] },
    Origin { name: "node_*", prefixes: &["node_"], jobs: &["node-exporter", "node"] },
    Origin { name: "container_*", prefixes: &["container_"], jobs: &["kubelet", "cadvisor"] },
    Origin { name: "kn_serving_*", prefixes: &["kn_serving_"], jobs: &["kserve", "churn"] },
    Origin { name: "the API's metrics", prefixes: &["churn_api_", "model_prediction"], jobs: &["churn-api", "scores"] },
    // All of these come by the Pushgateway: if one is gone, so is it, or the job that pushes them.
    Origin { name: "the jobs' metrics", prefixes: &["model_drift_", "churn_drift_", "churn_model_", "churn_train_", "churn_job_", "push_"], jobs: &["pushgateway"] },
];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let watched = watched(context);
    let mut seen: Vec<String> = Vec::new();
    for view in &context.alerts {
        for name in metrics(view.expr) {
            let origin = origin(&name);
            // Names with one first word usually come from one exporter.
            let family = match name.split_once(['_', ':']) {
                _ if name.contains(':') => continue,
                Some((word, _)) => format!("{word}_*"),
                None => name.clone(),
            };
            let what = origin.map_or(family.as_str(), |origin| origin.name);
            let own_jobs = jobs(view, &name);
            if seen.iter().any(|known| known == what)
                || ["up", "ALERTS", "ALERTS_FOR_STATE"].contains(&name.as_str())
            {
                continue;
            }
            seen.push(what.to_owned());
            let jobs = origin.map_or(&[][..], |origin| origin.jobs);
            let is_watched = watched.iter().any(|pattern| match pattern.metric() {
                Some("up") => pattern.matcher("job").is_none_or(|matcher| {
                    jobs.iter().any(|job| matcher.value.contains(job))
                        || own_jobs.contains(&matcher.value)
                        || matcher.value.contains(family.trim_end_matches("_*"))
                }),
                Some(metric) => {
                    metric == name
                        || origin.is_none() && metric.starts_with(family.trim_end_matches('*'))
                        || self::origin(metric).is_some_and(|one| one.name == what)
                }
                None => false,
            });
            if is_watched {
                continue;
            }
            let message =
                format!("no alert notices when {what} are missing; this one is silent then");
            let hint = match jobs.first() {
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

/// The jobs that an alert names for a metric.
fn jobs(view: &View<'_>, name: &str) -> Vec<String> {
    let own = selectors(view.expr);
    let own = own.iter().filter(|pattern| pattern.metric() == Some(name));
    own.filter_map(|pattern| pattern.matcher("job").map(|matcher| matcher.value.clone()))
        .collect()
}

fn origin(name: &str) -> Option<&'static Origin> {
    let begins = |origin: &&Origin| {
        origin
            .prefixes
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    ORIGINS.iter().find(begins)
}

/// What some alert notices the absence of: within `absent`, or by `up`.
fn watched(context: &Context<'_>) -> Vec<Pattern> {
    let mut found = Vec::new();
    for view in &context.alerts {
        walk(view.expr, &mut |expr, _| {
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
