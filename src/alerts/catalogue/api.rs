//! Rules about the prediction API: what `churnctl serve` measures itself.

use super::case::{Case, CaseKind, before, flat, rising};
use super::options::Options;
use super::rule::{Draft, Layer, Rule, Severity};
use super::serving::latency_cases;

const MINUTE: u64 = 60;
/// When a window of 5 minutes is full: before, a rate is too low.
const FULL: u64 = 5 * MINUTE;
/// A namespace that is not ours.
const ELSEWHERE: &str = "elsewhere";

pub(super) fn rules(options: &Options) -> Vec<Rule> {
    vec![
        down(options),
        error_rate(options),
        latency(options),
        budget_burn(options),
    ]
}

fn down(options: &Options) -> Rule {
    let draft = Draft {
        name: "ChurnApiDown",
        layer: Layer::Api,
        severity: Severity::Critical,
        for_minutes: 3,
        expr: r#"absent(up{namespace="$namespace",job="$api_job"} == 1)"#,
        summary: "Churn API is down",
        description: "No target of the API can be scraped: the other alerts about it cannot fire.",
        meaning: "Prometheus reaches no replica of the API. Either there is none, or the path from Prometheus to it is cut; then predictions may still work.",
        first_query: r#"up{namespace="$namespace",job="$api_job"}"#,
        fix: &[
            "`kubectl -n NAMESPACE get pods,endpointslices -l app.kubernetes.io/component=api`: are there ready pods?",
            "Targets absent altogether: `churnctl doctor` compares the ServiceMonitor's labels and port with the Service and with what Prometheus selects.",
            "Targets down: the NetworkPolicy must let the monitoring namespace in (`k8s.monitoring_namespace`).",
        ],
    };
    let (ours, job) = (&options.namespace, &options.api_job);
    let up = |namespace: &str, job: &str, pod: &str| {
        format!("up{{namespace=\"{namespace}\",job=\"{job}\",pod=\"{pod}\"}}")
    };
    draft.rule(options, |hold| {
        vec![
            Case::fires("scraped in vain, while others are up")
                .with(up(ours, job, "a"), flat(0.0))
                .with(up(ours, "other", "b"), flat(1.0))
                .with(up(ELSEWHERE, job, "c"), flat(1.0))
                .silent_at(before(hold))
                .fires_at(hold, &[], 1.0),
            Case::silent("one of two answers")
                .with(up(ours, job, "a"), flat(0.0))
                .with(up(ours, job, "b"), flat(1.0))
                .silent_at(hold + 600),
            Case {
                kind: CaseKind::NoData,
                ..Case::fires("there is no target")
                    .silent_at(before(hold))
                    .fires_at(hold, &[], 1.0)
            },
        ]
    })
}

fn requests(case: Case, namespace: &str, path: &str, status: &str, rate: f64) -> Case {
    let series = format!(
        "churn_api_requests_total{{namespace=\"{namespace}\",pod=\"p\",method=\"POST\",path=\"{path}\",status=\"{status}\"}}"
    );
    case.with(series, rising(rate))
}

fn error_rate(options: &Options) -> Rule {
    let draft = Draft {
        name: "ChurnApiHighErrorRate",
        layer: Layer::Api,
        severity: Severity::Critical,
        for_minutes: 5,
        expr: r#"(
  sum(rate(churn_api_requests_total{namespace="$namespace",path!~"/(live|ready|health|metrics)",status=~"5.."}[5m]))
  or vector(0)
)
/ (sum(rate(churn_api_requests_total{namespace="$namespace",path!~"/(live|ready|health|metrics)"}[5m])) > $requests_per_second)
> $api_error_ratio"#,
        summary: "Churn API has a high error rate",
        description: "{{ $value | humanizePercentage }} of the requests fail with 5xx.",
        meaning: "The API fails, not its clients: a wrong request is a 4xx and doesn't count, nor do probes and scrapes.",
        first_query: r#"sum by (path, status) (rate(churn_api_requests_total{namespace="$namespace",status=~"5.."}[5m]))"#,
        fix: &[
            "503: no model is loaded, or too many requests at once. `kubectl logs` says which.",
            "500: a bug. The log has the request id and what went wrong; go back to the image before.",
            "After a promotion: `churnctl train --rollback` puts the model before back into production.",
        ],
    };
    let (ours, limit) = (
        options.namespace.as_str(),
        options.thresholds.api_error_ratio,
    );
    let least = options.thresholds.requests_per_second * 60.0;
    let total = least * 1000.0;
    let predict = |case: Case, namespace: &str, total: f64, ratio: f64| {
        let case = requests(case, namespace, "/predict", "500", total * ratio);
        let case = requests(case, namespace, "/predict", "422", total * 0.1);
        requests(case, namespace, "/predict", "200", total * (0.9 - ratio))
    };
    let probes = |case: Case, status: &str, rate: f64| {
        ["/live", "/ready", "/health", "/metrics"]
            .iter()
            .fold(case, |case, path| requests(case, ours, path, status, rate))
    };
    draft.rule(options, |hold| {
        let mut fires = Case::fires("just above the threshold, however many probes there are");
        fires = predict(fires, ours, total, limit + 0.002);
        fires = predict(fires, ELSEWHERE, total, 0.0);
        let mut silent =
            Case::silent("just below the threshold; wrong requests and failing probes don't count");
        silent = predict(silent, ours, total, limit - 0.002);
        silent = predict(silent, ELSEWHERE, total, 0.9);
        let mut few = Case::silent("all fail, but of hardly any");
        few = predict(few, ours, least * 0.98, 0.9);
        few = predict(few, ELSEWHERE, total, 0.9);
        vec![
            probes(fires, "200", total)
                .silent_at(hold)
                .fires_at(MINUTE + hold, &[], limit + 0.002),
            probes(silent, "503", total).silent_at(hold + 600),
            probes(few, "200", total).silent_at(hold + 600),
            predict(
                Case::fires("as little traffic as counts"),
                ours,
                least * 1.02,
                0.5,
            )
            .fires_at(FULL + hold, &[], 0.5),
            Case::no_data(hold),
        ]
    })
}

fn latency(options: &Options) -> Rule {
    let draft = Draft {
        name: "ChurnApiHighLatencyP95",
        layer: Layer::Api,
        severity: Severity::Warning,
        for_minutes: 5,
        expr: r#"histogram_quantile(0.95, sum by (le) (rate(churn_api_request_latency_seconds_bucket{namespace="$namespace",path="/predict"}[5m]))) > $api_latency_seconds
and on () sum(rate(churn_api_request_latency_seconds_count{namespace="$namespace",path="/predict"}[5m])) > $requests_per_second"#,
        summary: "Churn API is slow",
        description: "The 95th percentile of the latency of /predict is {{ $value | humanizeDuration }}.",
        meaning: "One prediction in twenty takes longer than that. Fast probes don't hide it: only /predict counts.",
        first_query: r#"histogram_quantile(0.95, sum by (le, pod) (rate(churn_api_request_latency_seconds_bucket{namespace="$namespace",path="/predict"}[5m])))"#,
        fix: &[
            "One pod slow: its node is busy (HighNodeCPUUsage), or it is throttled (ContainerCPUNearLimit).",
            "All pods slow: is the traffic unusual? HPAMaxedOut says that no replica can be added.",
            "Since a promotion: compare the sizes of the models; `churnctl train --rollback`.",
        ],
    };
    latency_cases(
        draft,
        options,
        "churn_api_request_latency_seconds",
        (",path=\"/predict\"", ",path=\"/live\""),
        options.thresholds.api_latency_seconds,
        options.thresholds.requests_per_second * 60.0,
    )
}

fn budget_burn(options: &Options) -> Rule {
    let draft = Draft {
        name: "ChurnApiErrorBudgetBurn",
        layer: Layer::Api,
        severity: Severity::Critical,
        for_minutes: 2,
        expr: r#"sum(rate(churn_api_requests_total{namespace="$namespace",path="/predict",status=~"5.."}[1h]))
/ (sum(rate(churn_api_requests_total{namespace="$namespace",path="/predict"}[1h])) > $requests_per_second)
> $burn_ratio
and on ()
sum(rate(churn_api_requests_total{namespace="$namespace",path="/predict",status=~"5.."}[5m]))
/ (sum(rate(churn_api_requests_total{namespace="$namespace",path="/predict"}[5m])) > $requests_per_second)
> $burn_ratio"#,
        summary: "Churn API burns its error budget",
        description: "{{ $value | humanizePercentage }} of the predictions of the last hour failed: an hour of that costs 2 % of the month's budget.",
        meaning: "Too few errors for ChurnApiHighErrorRate, and too many to keep the objective of the month. It lasts for an hour and still goes on.",
        first_query: r#"sum by (status) (increase(churn_api_requests_total{namespace="$namespace",path="/predict",status=~"5.."}[1h]))"#,
        fix: &[
            "See ChurnApiHighErrorRate: the causes are the same, only rarer.",
            "One pod of several: `sum by (pod) (rate(churn_api_requests_total{status=~\"5..\"}[5m]))`, and delete it.",
        ],
    };
    let (ours, limit) = (options.namespace.as_str(), options.burn_ratio());
    let least = options.thresholds.requests_per_second * 60.0;
    let total = least * 1000.0;
    let predict = |case: Case, namespace: &str, path: &str, total: f64, ratio: f64| {
        let case = requests(case, namespace, path, "500", total * ratio);
        requests(case, namespace, path, "200", total * (1.0 - ratio))
    };
    let all = |text: &str, ours_ratio: f64, other_ratio: f64| {
        let case = Case::fires(text);
        let case = predict(case, ours, "/predict", total, ours_ratio);
        let case = predict(case, ours, "/predict/batch", total, other_ratio);
        predict(case, ELSEWHERE, "/predict", total, other_ratio)
    };
    let failing = |text: &str, status: &str, values: String| {
        let series = format!(
            "churn_api_requests_total{{namespace=\"{ours}\",pod=\"p\",method=\"POST\",path=\"/predict\",status=\"{status}\"}}"
        );
        let case = requests(Case::silent(text), ours, "/predict", "200", total);
        case.with(series, values)
    };
    draft.rule(options, |hold| {
        vec![
            all("just above the burn rate", limit * 1.02, 0.0)
                .silent_at(hold)
                .fires_at(MINUTE + hold, &[], limit * 1.02),
            Case {
                kind: CaseKind::Silent,
                ..all("just below the burn rate", limit * 0.98, 0.9).silent_at(70 * MINUTE)
            },
            failing(
                "a burst that ended ten minutes ago",
                "500",
                format!("0+{0}x30 {1}+0x100", total * 0.2, total * 0.2 * 30.0),
            )
            .silent_at(42 * MINUTE)
            .silent_at(60 * MINUTE),
            failing(
                "a burst too short to count within the hour",
                "500",
                format!("0+0x115 0+{0}x3 {1}+0x100", total * 0.2, total * 0.2 * 3.0),
            )
            .silent_at(118 * MINUTE)
            .silent_at(120 * MINUTE)
            .silent_at(122 * MINUTE),
            predict(
                Case::silent("all fail, but of hardly any"),
                ours,
                "/predict",
                least * 0.98,
                0.9,
            )
            .silent_at(70 * MINUTE),
            predict(
                Case::fires("as little traffic as counts"),
                ours,
                "/predict",
                least * 1.02,
                0.5,
            )
            .fires_at(12 * FULL + hold, &[], 0.5),
            Case::no_data(hold),
        ]
    })
}
