//! Rules about what containers use of what they may: cAdvisor and kube-state-metrics.

use super::case::{Case, CaseKind, before, exact, flat, rising};
use super::options::Options;
use super::rule::{Draft, Layer, Rule, Severity};

const MINUTE: u64 = 60;
/// A namespace that is not ours.
const ELSEWHERE: &str = "elsewhere";

pub(super) fn rules(options: &Options) -> Vec<Rule> {
    vec![
        cpu_limit(options),
        memory_limit(options),
        oom_killed(options),
        kubelet_absent(options),
    ]
}

const LIMIT: &[&str] = &[
    "See on the platform dashboard whether it climbs slowly (a leak) or follows the traffic.",
    "Raise the limit in the settings (`k8s.api_cpu_limit`, `k8s.api_memory_limit`, or those of the jobs) and render again.",
    "Traffic: raise `k8s.max_replicas`.",
];

fn limit_series(namespace: &str, container: &str, resource: &str) -> String {
    format!(
        "kube_pod_container_resource_limits{{namespace=\"{namespace}\",pod=\"p\",container=\"{container}\",resource=\"{resource}\"}}"
    )
}

fn cpu_limit(options: &Options) -> Rule {
    let draft = Draft {
        name: "ContainerCPUNearLimit",
        layer: Layer::Platform,
        severity: Severity::Warning,
        for_minutes: 10,
        expr: r#"sum by (namespace, pod, container) (rate(container_cpu_usage_seconds_total{namespace="$namespace",image!=""}[5m]))
/ on (namespace, pod, container)
max by (namespace, pod, container) (kube_pod_container_resource_limits{resource="cpu"})
> $container_limit_ratio"#,
        summary: "Container near its CPU limit",
        description: "{{ $labels.container }} of {{ $labels.pod }} uses {{ $value | humanizePercentage }} of its CPU limit.",
        meaning: "The container is about to be throttled: it will wait, and its latency will rise.",
        first_query: r#"sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{namespace="$namespace"}[5m]))"#,
        fix: LIMIT,
    };
    let (ours, limit) = (&options.namespace, options.thresholds.container_limit_ratio);
    let usage = |namespace: &str, container: &str, image: &str| {
        format!(
            "container_cpu_usage_seconds_total{{namespace=\"{namespace}\",pod=\"p\",container=\"{container}\",image=\"{image}\"}}"
        )
    };
    draft.rule(options, |hold| {
        let labels = [
            ("namespace", ours.as_str()),
            ("pod", "p"),
            ("container", "c"),
        ];
        vec![
            Case::fires("just above the threshold")
                .with(usage(ours, "c", "i"), rising(120.0 * (limit + 0.01)))
                .with(limit_series(ours, "c", "cpu"), flat(2.0))
                .with(limit_series(ours, "c", "memory"), flat(1e9))
                .with(usage(ELSEWHERE, "c", "i"), rising(120.0))
                .with(limit_series(ELSEWHERE, "c", "cpu"), flat(2.0))
                // Before the window is full the rate is too low.
                .silent_at(4 * MINUTE + hold)
                .fires_at(5 * MINUTE + hold, &labels, limit + 0.01),
            Case::silent("just below the threshold; the pod's own cgroup is no container")
                .with(usage(ours, "c", "i"), rising(120.0 * (limit - 0.01)))
                .with(usage(ours, "c", ""), rising(120.0 * (limit - 0.01)))
                .with(limit_series(ours, "c", "cpu"), flat(2.0))
                .silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn memory_limit(options: &Options) -> Rule {
    let draft = Draft {
        name: "ContainerMemoryNearLimit",
        layer: Layer::Platform,
        severity: Severity::Warning,
        for_minutes: 5,
        expr: r#"max by (namespace, pod, container) (container_memory_working_set_bytes{namespace="$namespace",image!=""})
/ on (namespace, pod, container)
min by (namespace, pod, container) (kube_pod_container_resource_limits{resource="memory"})
> $container_limit_ratio"#,
        summary: "Container near its memory limit",
        description: "{{ $labels.container }} of {{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory limit.",
        meaning: "The container will be killed when it needs a little more memory. The working set counts, not the page cache.",
        first_query: r#"sum by (pod, container) (container_memory_working_set_bytes{namespace="$namespace",image!=""})"#,
        fix: LIMIT,
    };
    let (ours, limit) = (&options.namespace, options.thresholds.container_limit_ratio);
    let usage = |namespace: &str, container: &str, image: &str| {
        format!(
            "container_memory_working_set_bytes{{namespace=\"{namespace}\",pod=\"p\",container=\"{container}\",image=\"{image}\"}}"
        )
    };
    draft.rule(options, |hold| {
        let labels = [
            ("namespace", ours.as_str()),
            ("pod", "p"),
            ("container", "c"),
        ];
        let mut silent = Case::silent(
            "just below the threshold, and at it; the pod's own cgroup is no container",
        )
        .with(usage(ours, "c", "i"), flat(1000.0 * (limit - 0.01)))
        .with(usage(ours, "c", ""), flat(1000.0))
        .with(limit_series(ours, "c", "memory"), flat(1000.0))
        .with(limit_series(ours, "c", "cpu"), flat(0.5));
        if exact(limit) {
            silent = silent
                .with(usage(ours, "at", "i"), flat(1000.0 * limit))
                .with(limit_series(ours, "at", "memory"), flat(1000.0));
        }
        vec![
            Case::fires("just above the threshold")
                .with(usage(ours, "c", "i"), flat(1000.0 * (limit + 0.01)))
                .with(limit_series(ours, "c", "memory"), flat(1000.0))
                .with(usage(ELSEWHERE, "c", "i"), flat(1000.0))
                .with(limit_series(ELSEWHERE, "c", "memory"), flat(1000.0))
                .silent_at(before(hold))
                .fires_at(hold, &labels, limit + 0.01),
            silent.silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn oom_killed(options: &Options) -> Rule {
    let draft = Draft {
        name: "ContainerOOMKilled",
        layer: Layer::Platform,
        severity: Severity::Warning,
        for_minutes: 1,
        expr: r#"max by (namespace, pod, container) (
  round(increase(kube_pod_container_status_restarts_total{namespace="$namespace"}[15m])) > 0
  and on (namespace, pod, container) kube_pod_container_status_last_terminated_reason{reason="OOMKilled"} == 1
)"#,
        summary: "Container was killed for its memory",
        description: "{{ $labels.container }} of {{ $labels.pod }} was OOM killed within the last 15 minutes.",
        meaning: "The container wanted more memory than its limit allows, and the kernel ended it. What it did at that moment is lost.",
        first_query: r#"max by (pod, container) (kube_pod_container_resource_limits{namespace="$namespace",resource="memory"})"#,
        fix: LIMIT,
    };
    let ours = &options.namespace;
    let labels = |namespace: &str, pod: &str| {
        format!("namespace=\"{namespace}\",pod=\"{pod}\",container=\"c\"")
    };
    let container = |case: Case, namespace: &str, pod: &str, reason: &str, restarts: &str| {
        let labels = labels(namespace, pod);
        case.with(
            format!("kube_pod_container_status_restarts_total{{{labels}}}"),
            restarts,
        )
        .with(
            format!(
                "kube_pod_container_status_last_terminated_reason{{{labels},reason=\"{reason}\"}}"
            ),
            flat(1.0),
        )
    };
    draft.rule(options, |hold| {
        let once = "0+0x19 1+0x300";
        let fires = container(
            Case::fires("one restart for its memory"),
            ours,
            "a",
            "OOMKilled",
            once,
        );
        let silent = container(
            Case::silent("another reason, or long ago"),
            ours,
            "a",
            "Error",
            once,
        );
        vec![
            container(fires, ELSEWHERE, "b", "OOMKilled", once)
                .silent_at(20 * MINUTE + before(hold))
                .fires_at(
                    20 * MINUTE + hold,
                    &[("namespace", ours), ("pod", "a"), ("container", "c")],
                    1.0,
                ),
            container(silent, ours, "old", "OOMKilled", "5+0x300")
                .silent_at(20 * MINUTE + hold)
                .silent_at(30 * MINUTE),
            Case::no_data(hold),
        ]
    })
}

fn kubelet_absent(options: &Options) -> Rule {
    let draft = Draft {
        name: "KubeletAbsent",
        layer: Layer::Platform,
        severity: Severity::Warning,
        for_minutes: 15,
        expr: r#"absent(up{job="kubelet"} == 1)"#,
        summary: "cAdvisor is missing",
        description: "No kubelet can be scraped: alerts about the use of CPU and memory cannot fire.",
        meaning: "Prometheus reaches no kubelet, and cAdvisor is a part of it. Nothing is known about what containers use.",
        first_query: r#"up{job="kubelet"}"#,
        fix: &[
            "kube-prometheus-stack scrapes it by itself (`kubelet.enabled`); elsewhere it needs a job of that name.",
            "Refused: Prometheus' ServiceAccount needs `nodes/metrics`.",
        ],
    };
    let up = |job: &str, instance: &str| format!("up{{job=\"{job}\",instance=\"{instance}\"}}");
    draft.rule(options, |hold| {
        vec![
            Case::fires("scraped in vain, while others are up")
                .with(up("kubelet", "a"), flat(0.0))
                .with(up("other", "b"), flat(1.0))
                .silent_at(before(hold))
                .fires_at(hold, &[], 1.0),
            Case::silent("one of two answers")
                .with(up("kubelet", "a"), flat(1.0))
                .with(up("kubelet", "b"), flat(0.0))
                .silent_at(hold + 600),
            Case {
                kind: CaseKind::NoData,
                ..Case::fires("nothing of that name is scraped")
                    .silent_at(before(hold))
                    .fires_at(hold, &[], 1.0)
            },
        ]
    })
}
