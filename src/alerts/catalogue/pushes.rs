//! Rules about what the jobs push: the Pushgateway.

use super::case::{Case, before, moving};
use super::options::Options;
use super::rule::{Draft, Layer, Rule, Severity};

/// A namespace that is not ours.
const ELSEWHERE: &str = "elsewhere";

pub(super) fn rules(options: &Options) -> Vec<Rule> {
    vec![push_stale(options), push_rejected(options)]
}

fn pushed(case: Case, namespace: &str, job: &str, metric: &str, at: f64, per_step: f64) -> Case {
    let series = format!("{metric}{{namespace=\"{namespace}\",job=\"{job}\",model=\"m\"}}");
    case.with(series, moving(at, per_step))
}

fn push_stale(options: &Options) -> Rule {
    let draft = Draft {
        name: "ChurnPushStale",
        layer: Layer::Ml,
        severity: Severity::Warning,
        for_minutes: 10,
        expr: r#"time() - max by (namespace, job) (push_time_seconds{namespace="$namespace",job=~"churn-(drift|batch).*"}) > $daily_stale_seconds"#,
        summary: "A daily job has not pushed for a day",
        description: "{{ $labels.job }} pushed last {{ $value | humanizeDuration }} ago: what dashboards show of it is old.",
        meaning: "The Pushgateway keeps the last values for ever. These are from a run long ago.",
        first_query: r#"time() - push_time_seconds{namespace="$namespace"}"#,
        fix: &[
            "Did the job run? See ChurnJobStale.",
            "It ran and could not push: `kubectl logs` has the gateway's answer. NetworkPolicy, URL, credentials.",
            "The job is gone for good: `churnctl push-metrics prune --older-than 7d` removes its values.",
        ],
    };
    let (ours, limit) = (
        options.namespace.as_str(),
        options.thresholds.daily_stale_seconds,
    );
    let metric = "push_time_seconds";
    draft.rule(options, |hold| {
        let mut fires = Case::fires("just too long ago");
        let mut silent = Case::silent("at the limit; a weekly job; elsewhere");
        for job in ["churn-drift", "churn-batch-score"] {
            fires = pushed(fires, ours, job, metric, -limit - 1.0, 60.0);
            silent = pushed(silent, ours, job, metric, -limit, 60.0);
            silent = pushed(silent, ELSEWHERE, job, metric, -limit * 2.0, 60.0);
        }
        fires = fires.silent_at(before(hold));
        for job in ["churn-drift", "churn-batch-score"] {
            fires = fires.fires_at(hold, &[("namespace", ours), ("job", job)], limit + 1.0);
        }
        vec![
            fires,
            pushed(silent, ours, "churn-retrain", metric, -limit * 2.0, 60.0).silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn push_rejected(options: &Options) -> Rule {
    let draft = Draft {
        name: "ChurnPushRejected",
        layer: Layer::Ml,
        severity: Severity::Warning,
        for_minutes: 1,
        expr: r#"max by (namespace, job) (
  push_failure_time_seconds{namespace="$namespace",job=~"churn-.+"} > push_time_seconds
)"#,
        summary: "The Pushgateway refused a push",
        description: "The last push of {{ $labels.job }} was refused: the gateway still shows the values before.",
        meaning: "The gateway found the pushed metrics inconsistent with those it has: a name with another type, a time stamp, a value twice.",
        first_query: r#"push_failure_time_seconds{namespace="$namespace"} - push_time_seconds"#,
        fix: &[
            "`kubectl logs` of the job has the gateway's message, which names the metric.",
            "Another job pushes the same name with another type: rename one, or `churnctl push-metrics delete` the old group.",
        ],
    };
    let ours = options.namespace.as_str();
    let group = |case: Case, namespace: &str, job: &str, good: f64, bad: f64| {
        let case = pushed(case, namespace, job, "push_time_seconds", good, 0.0);
        pushed(case, namespace, job, "push_failure_time_seconds", bad, 0.0)
    };
    draft.rule(options, |hold| {
        let fires = group(
            Case::fires("refused after the last good one"),
            ours,
            "churn-drift",
            100.0,
            101.0,
        );
        let fires = group(fires, ELSEWHERE, "churn-drift", 100.0, 101.0);
        let silent = group(
            Case::silent("good after the last refused one, or at once"),
            ours,
            "churn-drift",
            100.0,
            99.0,
        );
        let silent = group(silent, ours, "churn-retrain", 100.0, 100.0);
        vec![
            group(fires, ours, "theirs", 100.0, 101.0)
                .silent_at(before(hold))
                .fires_at(hold, &[("namespace", ours), ("job", "churn-drift")], 101.0),
            silent.silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}
