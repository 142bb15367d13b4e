//! Rules about KServe: what Knative's queue-proxy measures in front of every InferenceService.

use super::case::{Case, rising};
use super::options::Options;
use super::rule::{Draft, Layer, Rule, Severity};

const MINUTE: u64 = 60;
/// When a window of 5 minutes is full: before, a rate is too low.
const FULL: u64 = 5 * MINUTE;
/// A namespace that is not ours.
const ELSEWHERE: &str = "elsewhere";
const COUNT: &str = "kn_serving_invocation_duration_seconds_count";

pub(super) fn rules(options: &Options) -> Vec<Rule> {
    vec![
        error_rate(options),
        latency(options, Severity::Warning),
        latency(options, Severity::Critical),
        traffic_stopped(options),
    ]
}

fn error_rate(options: &Options) -> Rule {
    let draft = Draft {
        name: "KServeHighErrorRate",
        layer: Layer::Serving,
        severity: Severity::Critical,
        for_minutes: 5,
        expr: r#"sum(rate(kn_serving_invocation_duration_seconds_count{namespace="$namespace",http_response_status_code=~"5.."}[5m]))
/ (sum(rate(kn_serving_invocation_duration_seconds_count{namespace="$namespace"}[5m])) > $requests_per_second)
> $serving_error_ratio"#,
        summary: "InferenceService has a high error rate",
        description: "{{ $value | humanizePercentage }} of the answers are 5xx.",
        meaning: "The model server, or Knative in front of it, fails. Clients' mistakes (4xx) don't count.",
        first_query: r#"sum by (http_response_status_code) (rate(kn_serving_invocation_duration_seconds_count{namespace="$namespace"}[5m]))"#,
        fix: &[
            "`kubectl -n NAMESPACE get inferenceservice`: is it ready, which revision has the traffic?",
            "503: no model is loaded or no replica is ready; look at PodNotRunning.",
            "After a new revision: send the traffic back to the one before.",
        ],
    };
    let (ours, limit) = (
        options.namespace.as_str(),
        options.thresholds.serving_error_ratio,
    );
    let least = options.thresholds.requests_per_second * 60.0;
    let traffic = |case: Case, namespace: &str, total: f64, errors: f64| {
        let series = |code: &str| {
            format!(
                "{COUNT}{{namespace=\"{namespace}\",pod=\"p\",http_response_status_code=\"{code}\"}}"
            )
        };
        case.with(series("500"), rising(errors))
            .with(series("404"), rising(total / 10.0))
            .with(series("200"), rising(total * 0.9 - errors))
    };
    let total = least * 1000.0;
    draft.rule(options, |hold| {
        let fires = Case::fires("just above the threshold, and healthy traffic elsewhere");
        let fires = traffic(fires, ours, total, total * (limit + 0.002));
        let silent = Case::silent(
            "just below the threshold; clients' mistakes don't count, nor errors elsewhere",
        );
        let silent = traffic(silent, ours, total, total * (limit - 0.002));
        let few = traffic(
            Case::silent("all fail, but of hardly any"),
            ours,
            least * 0.98,
            least * 0.98 * 0.9,
        );
        vec![
            traffic(fires, ELSEWHERE, total, 0.0)
                .silent_at(hold)
                .fires_at(MINUTE + hold, &[], limit + 0.002),
            traffic(silent, ELSEWHERE, total, total * 0.9).silent_at(hold + 600),
            few.silent_at(hold + 600),
            traffic(
                Case::fires("as little traffic as counts"),
                ours,
                least * 1.02,
                least * 0.51,
            )
            .fires_at(FULL + hold, &[], 0.5),
            Case::no_data(hold),
        ]
    })
}

const SLOW: &[&str] = &[
    "See which part takes the time: `kubectl -n NAMESPACE top pod`, and ContainerCPUNearLimit.",
    "Cold starts: raise `minReplicas` of the InferenceService.",
    "Raise `maxReplicas`, or the CPU limit.",
];

/// Buckets such that every request took between `low` and `high`.
pub(super) fn between(
    case: Case,
    series: &str,
    labels: &str,
    rate: f64,
    low: f64,
    high: f64,
) -> Case {
    let bucket = |edge: &str| format!("{series}_bucket{{{labels},le=\"{edge}\"}}");
    case.with(bucket(&low.to_string()), rising(0.0))
        .with(bucket(&high.to_string()), rising(rate))
        .with(bucket("+Inf"), rising(rate))
        .with(format!("{series}_count{{{labels}}}"), rising(rate))
}

/// What `histogram_quantile(0.95, ...)` makes of such buckets.
pub(super) fn p95(low: f64, high: f64) -> f64 {
    low + (high - low) * 0.95
}

fn latency(options: &Options, severity: Severity) -> Rule {
    let common = Draft {
        name: "KServeHighLatencyP95Warning",
        layer: Layer::Serving,
        severity,
        for_minutes: 5,
        expr: r#"histogram_quantile(0.95, sum by (le) (rate(kn_serving_invocation_duration_seconds_bucket{namespace="$namespace"}[5m]))) > $serving_latency_warning_seconds
and on () sum(rate(kn_serving_invocation_duration_seconds_count{namespace="$namespace"}[5m])) > $requests_per_second"#,
        summary: "InferenceService is slow",
        description: "The 95th percentile of the latency is {{ $value | humanizeDuration }}.",
        meaning: "One request in twenty takes longer than that.",
        first_query: r#"histogram_quantile(0.95, sum by (le, service) (rate(kn_serving_invocation_duration_seconds_bucket{namespace="$namespace"}[5m])))"#,
        fix: SLOW,
    };
    let (draft, limit) = match severity {
        Severity::Warning => (common, options.thresholds.serving_latency_warning_seconds),
        Severity::Critical => (
            Draft {
                name: "KServeHighLatencyP95Critical",
                expr: r#"histogram_quantile(0.95, sum by (le) (rate(kn_serving_invocation_duration_seconds_bucket{namespace="$namespace"}[5m]))) > $serving_latency_critical_seconds
and on () sum(rate(kn_serving_invocation_duration_seconds_count{namespace="$namespace"}[5m])) > $requests_per_second"#,
                summary: "InferenceService is very slow",
                ..common
            },
            options.thresholds.serving_latency_critical_seconds,
        ),
    };
    let least = options.thresholds.requests_per_second * 60.0;
    latency_cases(
        draft,
        options,
        "kn_serving_invocation_duration_seconds",
        ("", ""),
        limit,
        least,
    )
}

/// The cases of a rule about a p95. `labels` are further ones: those that count and those that don't.
pub(super) fn latency_cases(
    draft: Draft,
    options: &Options,
    metric: &str,
    (counts, others): (&str, &str),
    limit: f64,
    least: f64,
) -> Rule {
    let ours = format!("namespace=\"{}\"{counts}", options.namespace);
    let mut decoys = vec![format!("namespace=\"{ELSEWHERE}\"{counts}")];
    if others != counts {
        decoys.push(format!("namespace=\"{}\"{others}", options.namespace));
    }
    draft.rule(options, |hold| {
        let (low, high) = (limit * 0.98, limit * 1.04);
        let mut fires = between(
            Case::fires("just above the threshold, and much fast traffic that isn't meant"),
            metric,
            &ours,
            least * 1000.0,
            low,
            high,
        );
        let (below, under) = (limit * 0.92, limit * 0.98);
        let mut silent = between(
            Case::silent("just below the threshold, and much slow traffic that isn't meant"),
            metric,
            &ours,
            least * 1000.0,
            below,
            under,
        );
        let mut few = between(
            Case::silent("slow, but of hardly any"),
            metric,
            &ours,
            least * 0.98,
            low,
            high,
        );
        for decoy in &decoys {
            fires = between(fires, metric, decoy, least * 1e6, limit * 0.1, limit * 0.2);
            silent = between(silent, metric, decoy, least * 1e6, limit * 2.0, limit * 4.0);
            few = between(few, metric, decoy, least * 1e6, low, high);
        }
        vec![
            fires
                .silent_at(hold)
                .fires_at(MINUTE + hold, &[], p95(low, high)),
            silent.silent_at(hold + 600),
            few.silent_at(hold + 600),
            between(
                Case::fires("as little traffic as counts"),
                metric,
                &ours,
                least * 1.02,
                low,
                high,
            )
            .fires_at(FULL + hold, &[], p95(low, high)),
            Case::no_data(hold),
        ]
    })
}

fn traffic_stopped(options: &Options) -> Rule {
    let draft = Draft {
        name: "KServeTrafficStopped",
        layer: Layer::Serving,
        severity: Severity::Warning,
        for_minutes: 5,
        expr: r#"(
  sum(rate(kn_serving_invocation_duration_seconds_count{namespace="$namespace"}[5m])) == 0
  or on () absent(kn_serving_invocation_duration_seconds_count{namespace="$namespace"})
)
and on () sum(rate(kn_serving_invocation_duration_seconds_count{namespace="$namespace"}[5m] offset 30m)) > $requests_per_second"#,
        summary: "InferenceService gets no traffic",
        description: "There was traffic half an hour ago, and there is none now.",
        meaning: "Either nobody asks, which is fine at night, or nobody gets through: then users see errors that the service doesn't count.",
        first_query: r#"sum(rate(kn_serving_invocation_duration_seconds_count{namespace="$namespace"}[5m]))"#,
        fix: &[
            "Send a request through the ingress, as a client does.",
            "`kubectl -n NAMESPACE get inferenceservice`: is it ready? Is its URL the one that clients use?",
            "Look at the ingress gateway's own errors.",
        ],
    };
    let (ours, least) = (
        options.namespace.as_str(),
        options.thresholds.requests_per_second * 60.0,
    );
    let series = |namespace: &str| format!("{COUNT}{{namespace=\"{namespace}\",pod=\"p\"}}");
    let until = |rate: f64, minutes: u64| format!("0+{rate}x{minutes}");
    // Traffic until minute 40. From 45 on no rate is left of it, and half an hour ago there was some.
    // promtool adds step by step: so must we, or the counter moves once more.
    let stops = |rate: f64| {
        let end = (0..40).fold(0.0, |sum, _| sum + rate);
        format!("{} {end}+0x100", until(rate, 40))
    };
    draft.rule(options, |hold| {
        let hold_end = 45 * MINUTE + hold;
        vec![
            Case::fires("counted no more")
                .with(series(ours), stops(least * 1.02))
                .with(series(ELSEWHERE), rising(100.0 * least))
                .silent_at(hold_end - MINUTE)
                .fires_at(hold_end, &[], 0.0),
            Case::fires("scaled to zero")
                .with(series(ours), until(least * 1.02, 40))
                .with(series(ELSEWHERE), rising(100.0 * least))
                .fires_at(hold_end + 5 * MINUTE, &[], 1.0),
            Case::silent("hardly any before, whatever is elsewhere")
                .with(series(ours), stops(least * 0.98))
                .with(series(ELSEWHERE), stops(100.0 * least))
                .silent_at(hold_end + 5 * MINUTE),
            Case::silent("never any, or for more than half an hour")
                .with(series(ours), "0+0x400")
                .silent_at(hold_end + 5 * MINUTE),
            Case::no_data(hold),
        ]
    })
}
