//! Rules about workloads: pods, Deployments, HPA. kube-state-metrics. What they use is in `limits.rs`.

use super::case::{Case, CaseKind, before, flat, rising};
use super::options::Options;
use super::rule::{Draft, Layer, Rule, Severity};

const MINUTE: u64 = 60;
/// A namespace that is not ours.
const ELSEWHERE: &str = "elsewhere";

pub(super) fn rules(options: &Options) -> Vec<Rule> {
    vec![
        not_running(options),
        crash_looping(options),
        restarts(options),
        mismatch(options),
        unavailable(options),
        maxed_out(options),
        state_metrics_absent(options),
        container_metrics_absent(options),
    ]
}

const POD: &[&str] = &[
    "`kubectl -n NAMESPACE describe pod POD`: the events at the end say what it waits for.",
    "Pending: no room (see HighNodeMemoryUsage), an unbound volume, or an image that cannot be pulled.",
    "Not ready: `kubectl logs POD`; the API is not ready without a model, so look whether one was promoted.",
];

fn not_running(options: &Options) -> Rule {
    let draft = Draft {
        name: "PodNotRunning",
        layer: Layer::Platform,
        severity: Severity::Warning,
        for_minutes: 5,
        expr: r#"max by (namespace, pod) (
  (
    kube_pod_status_phase{namespace="$namespace",phase=~"Pending|Unknown"} == 1
    or kube_pod_status_phase{namespace="$namespace",phase="Running"} == 1
      and on (namespace, pod) kube_pod_status_ready{condition="true"} == 0
  )
  and on (namespace, pod) kube_pod_owner{owner_kind!="Job"}
)"#,
        summary: "Pod not running",
        description: "{{ $labels.pod }} has not been running and ready for a while.",
        meaning: "A pod that should serve for ever is pending, unknown, or running and not ready. Pods of Jobs don't count: they come and go.",
        first_query: r#"kube_pod_status_phase{namespace="$namespace"} == 1"#,
        fix: POD,
    };
    let ours = &options.namespace;
    let pod = |case: Case, namespace: &str, name: &str, owner: &str, phase: &str, ready: bool| {
        let mut case = case.with(
            format!(
                "kube_pod_owner{{namespace=\"{namespace}\",pod=\"{name}\",owner_kind=\"{owner}\"}}"
            ),
            flat(1.0),
        );
        for each in ["Pending", "Running", "Succeeded", "Failed", "Unknown"] {
            let value = if each == phase { 1.0 } else { 0.0 };
            let series = format!(
                "kube_pod_status_phase{{namespace=\"{namespace}\",pod=\"{name}\",phase=\"{each}\"}}"
            );
            case = case.with(series, flat(value));
        }
        for (condition, is) in [("true", ready), ("false", !ready), ("unknown", false)] {
            let value = if is { 1.0 } else { 0.0 };
            let series = format!(
                "kube_pod_status_ready{{namespace=\"{namespace}\",pod=\"{name}\",condition=\"{condition}\"}}"
            );
            case = case.with(series, flat(value));
        }
        case
    };
    draft.rule(options, |hold| {
        let mut fires = Case::fires("pending, unknown, and running without being ready");
        let mut silent = Case::silent("ready, finished, of a Job, or in another namespace");
        for (name, phase) in [("p", "Pending"), ("u", "Unknown"), ("r", "Running")] {
            fires = pod(fires, ours, name, "ReplicaSet", phase, false);
            silent = pod(silent, ELSEWHERE, name, "ReplicaSet", phase, false);
            silent = pod(silent, ours, &format!("job-{name}"), "Job", phase, false);
        }
        silent = pod(silent, ours, "fine", "ReplicaSet", "Running", true);
        silent = pod(silent, ours, "done", "ReplicaSet", "Succeeded", false);
        fires = fires.silent_at(before(hold));
        for name in ["p", "u", "r"] {
            fires = fires.fires_at(hold, &[("namespace", ours), ("pod", name)], 1.0);
        }
        vec![fires, silent.silent_at(hold + 600), Case::no_data(hold)]
    })
}

fn crash_looping(options: &Options) -> Rule {
    let draft = Draft {
        name: "PodCrashLooping",
        layer: Layer::Platform,
        severity: Severity::Critical,
        for_minutes: 10,
        expr: r#"max by (namespace, pod, container) (
  max_over_time(kube_pod_container_status_waiting_reason{namespace="$namespace",reason="CrashLoopBackOff"}[5m])
) >= 1"#,
        summary: "Container is crash looping",
        description: "{{ $labels.container }} of {{ $labels.pod }} ends again and again.",
        meaning: "Kubernetes waits longer and longer before it starts the container again. Between two tries it looks as if it ran: that is why the rule looks back 5 minutes.",
        first_query: r#"kube_pod_container_status_last_terminated_reason{namespace="$namespace"} == 1"#,
        fix: &[
            "`kubectl -n NAMESPACE logs POD --previous`: the last lines of the try before.",
            "Exit code 78 is a setting, 65 a model or data, 77 a permission: the message names it.",
            "OOMKilled: raise the memory limit.",
        ],
    };
    let ours = &options.namespace;
    let series = |namespace: &str, pod: &str, reason: &str| {
        format!(
            "kube_pod_container_status_waiting_reason{{namespace=\"{namespace}\",pod=\"{pod}\",container=\"c\",reason=\"{reason}\"}}"
        )
    };
    draft.rule(options, |hold| {
        vec![
            Case::fires("waiting now and then, running in between")
                .with(
                    series(ours, "a", "CrashLoopBackOff"),
                    "1 _ _ 1 _ _ 1 _ _ 1 _ _ 1 _ _ 1 _ _ 1 _ _ 1+0x400",
                )
                .with(series(ELSEWHERE, "b", "CrashLoopBackOff"), flat(1.0))
                .with(series(ours, "c", "ContainerCreating"), flat(1.0))
                .silent_at(before(hold))
                .fires_at(
                    hold,
                    &[("namespace", ours), ("pod", "a"), ("container", "c")],
                    1.0,
                ),
            Case::silent("starting, and once waiting")
                .with(series(ours, "a", "ContainerCreating"), flat(1.0))
                .with(series(ours, "b", "CrashLoopBackOff"), "1 0+0x400")
                // The window is 5 minutes long.
                .silent_at(hold.max(6 * MINUTE))
                .silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn restarts(options: &Options) -> Rule {
    let draft = Draft {
        name: "FrequentPodRestarts",
        layer: Layer::Platform,
        severity: Severity::Warning,
        for_minutes: 1,
        expr: r#"max by (namespace, pod, container) (
  round(increase(kube_pod_container_status_restarts_total{namespace="$namespace"}[1h]))
) > $pod_restarts"#,
        summary: "Pod restarting frequently",
        description: "{{ $labels.container }} of {{ $labels.pod }} restarted {{ $value | humanize }} times within an hour.",
        meaning: "The container ends too often to be chance, and yet not so fast that Kubernetes calls it a crash loop: a memory leak, a liveness probe that is too strict.",
        first_query: r#"kube_pod_container_status_last_terminated_reason{namespace="$namespace"} == 1"#,
        fix: &[
            "`kubectl -n NAMESPACE describe pod POD`: reason and exit code of the last end.",
            "OOMKilled: raise the memory limit. Liveness probe failed: look at the latency.",
        ],
    };
    let (ours, limit) = (&options.namespace, options.thresholds.pod_restarts.floor());
    let series = |namespace: &str, pod: &str| {
        format!(
            "kube_pod_container_status_restarts_total{{namespace=\"{namespace}\",pod=\"{pod}\",container=\"c\"}}"
        )
    };
    draft.rule(options, |hold| {
        let labels = [
            ("namespace", ours.as_str()),
            ("pod", "a"),
            ("container", "c"),
        ];
        let jump = |by: f64| format!("0+0x60 {by}+0x300");
        vec![
            Case::fires("one restart more than allowed")
                .with(series(ours, "a"), jump(limit + 1.0))
                .with(series(ELSEWHERE, "b"), jump(limit + 10.0))
                .silent_at(61 * MINUTE + before(hold))
                .fires_at(61 * MINUTE + hold, &labels, limit + 1.0),
            Case::silent("as many as allowed, and more over a longer time")
                .with(series(ours, "a"), jump(limit))
                .with(
                    series(ours, "b"),
                    "0+0x29 1+0x29 2+0x29 3+0x29 4+0x29 5+0x29 6+0x29 7+0x29",
                )
                .silent_at(61 * MINUTE + hold)
                .silent_at(90 * MINUTE + hold),
            Case::no_data(hold),
        ]
    })
}

fn deployment(
    case: Case,
    namespace: &str,
    name: &str,
    wanted: f64,
    available: f64,
    updated: &str,
) -> Case {
    let labels = format!("{{namespace=\"{namespace}\",deployment=\"{name}\"}}");
    case.with(
        format!("kube_deployment_spec_replicas{labels}"),
        flat(wanted),
    )
    .with(
        format!("kube_deployment_status_replicas_available{labels}"),
        flat(available),
    )
    .with(
        format!("kube_deployment_status_replicas_updated{labels}"),
        updated,
    )
}

fn mismatch(options: &Options) -> Rule {
    let draft = Draft {
        name: "DeploymentReplicasMismatch",
        layer: Layer::Platform,
        severity: Severity::Warning,
        for_minutes: 5,
        expr: r#"max by (namespace, deployment) (
  kube_deployment_spec_replicas{namespace="$namespace"} > kube_deployment_status_replicas_available
  and changes(kube_deployment_status_replicas_updated[5m]) == 0
)"#,
        summary: "Deployment replicas mismatch",
        description: "{{ $labels.deployment }} has fewer available replicas than the {{ $value | humanize }} that are wanted.",
        meaning: "Some replicas are not available, and no rollout is under way that would explain it.",
        first_query: r#"kube_deployment_status_replicas_available{namespace="$namespace"} - kube_deployment_spec_replicas"#,
        fix: &[
            "`kubectl -n NAMESPACE get pods -l app.kubernetes.io/name=NAME`: which one is not ready?",
            "`kubectl -n NAMESPACE describe deployment NAME`: a quota, or a rollout that is stuck?",
        ],
    };
    let ours = &options.namespace;
    draft.rule(options, |hold| {
        let fires = deployment(
            Case::fires("one of two is missing"),
            ours,
            "a",
            2.0,
            1.0,
            "2+0x400",
        );
        let silent = deployment(
            Case::silent("all there, or being rolled out"),
            ours,
            "a",
            2.0,
            2.0,
            "2+0x400",
        );
        let silent = deployment(silent, ours, "rolling", 200.0, 150.0, "0+1x400");
        vec![
            deployment(fires, ELSEWHERE, "b", 2.0, 0.0, "2+0x400")
                .silent_at(before(hold))
                .fires_at(hold, &[("namespace", ours), ("deployment", "a")], 2.0),
            silent.silent_at(hold + MINUTE).silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn unavailable(options: &Options) -> Rule {
    let draft = Draft {
        name: "DeploymentUnavailable",
        layer: Layer::Platform,
        severity: Severity::Critical,
        for_minutes: 2,
        expr: r#"max by (namespace, deployment) (
  kube_deployment_status_replicas_available{namespace="$namespace"} == 0
  and kube_deployment_spec_replicas > 0
)"#,
        summary: "Deployment has no available replica",
        description: "{{ $labels.deployment }} is down.",
        meaning: "Not one replica is available, though some are wanted.",
        first_query: r#"kube_deployment_status_replicas_available{namespace="$namespace"}"#,
        fix: POD,
    };
    let ours = &options.namespace;
    draft.rule(options, |hold| {
        let fires = deployment(Case::fires("none of one"), ours, "a", 1.0, 0.0, "1+0x400");
        let silent = deployment(
            Case::silent("one of two, or scaled to zero"),
            ours,
            "a",
            2.0,
            1.0,
            "2+0x400",
        );
        vec![
            deployment(fires, ELSEWHERE, "b", 1.0, 0.0, "1+0x400")
                .silent_at(before(hold))
                .fires_at(hold, &[("namespace", ours), ("deployment", "a")], 0.0),
            deployment(silent, ours, "off", 0.0, 0.0, "0+0x400").silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn maxed_out(options: &Options) -> Rule {
    let draft = Draft {
        name: "HPAMaxedOut",
        layer: Layer::Platform,
        severity: Severity::Warning,
        for_minutes: 10,
        expr: r#"max by (namespace, horizontalpodautoscaler) (
  kube_horizontalpodautoscaler_status_current_replicas{namespace="$namespace"} == kube_horizontalpodautoscaler_spec_max_replicas
  and kube_horizontalpodautoscaler_spec_max_replicas > kube_horizontalpodautoscaler_spec_min_replicas
)"#,
        summary: "HPA reached maximum replicas",
        description: "{{ $labels.horizontalpodautoscaler }} sits at its maximum of {{ $value | humanize }} replicas.",
        meaning: "The autoscaler would add replicas and may not. More traffic now means more latency.",
        first_query: r#"kube_horizontalpodautoscaler_status_target_metric{namespace="$namespace"}"#,
        fix: &[
            "Is the traffic real? `sum by (path, status) (rate(churn_api_requests_total[5m]))`.",
            "Raise `k8s.max_replicas`, if the nodes have room.",
        ],
    };
    let ours = &options.namespace;
    let hpa = |case: Case, namespace: &str, name: &str, current: f64, min: f64, max: f64| {
        let labels = format!("{{namespace=\"{namespace}\",horizontalpodautoscaler=\"{name}\"}}");
        let series = |what: &str| format!("kube_horizontalpodautoscaler_{what}_replicas{labels}");
        case.with(series("status_current"), flat(current))
            .with(series("spec_min"), flat(min))
            .with(series("spec_max"), flat(max))
    };
    draft.rule(options, |hold| {
        let fires = hpa(Case::fires("at its maximum"), ours, "a", 6.0, 2.0, 6.0);
        let silent = hpa(
            Case::silent("below, or with minimum and maximum equal"),
            ours,
            "a",
            5.0,
            2.0,
            6.0,
        );
        vec![
            hpa(fires, ELSEWHERE, "b", 6.0, 2.0, 6.0)
                .silent_at(before(hold))
                .fires_at(
                    hold,
                    &[("namespace", ours), ("horizontalpodautoscaler", "a")],
                    6.0,
                ),
            hpa(silent, ours, "fixed", 3.0, 3.0, 3.0).silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn container_metrics_absent(options: &Options) -> Rule {
    let draft = Draft {
        name: "ContainerMetricsAbsent",
        layer: Layer::Platform,
        severity: Severity::Warning,
        for_minutes: 15,
        expr: r#"absent(container_cpu_usage_seconds_total{namespace="$namespace"})"#,
        summary: "Metrics of containers are missing",
        description: "The kubelet gives nothing about our containers: alerts about their processor and memory cannot fire.",
        meaning: "Prometheus knows nothing about what the containers use. Either none runs, or the kubelets (cAdvisor) are not scraped.",
        first_query: r#"up{job="kubelet"}"#,
        fix: &[
            "`kubectl -n NAMESPACE get pods`: does anything run at all?",
            "The kubelets are scraped by a ServiceMonitor of kube-prometheus-stack; without that, scrape `/metrics/cadvisor` of every node.",
            "Without cAdvisor on purpose: put this rule and the ones about containers into `alerts.disable`.",
        ],
    };
    let ours = &options.namespace;
    let cpu = |namespace: &str| {
        format!(
            "container_cpu_usage_seconds_total{{namespace=\"{namespace}\",pod=\"p\",container=\"c\"}}"
        )
    };
    draft.rule(options, |hold| {
        vec![
            Case::fires("none of ours, while there are others")
                .with(cpu(ELSEWHERE), rising(1.0))
                .silent_at(hold - MINUTE)
                .fires_at(hold, &[], 1.0),
            Case::silent("one of ours is enough")
                .with(cpu(ours), rising(1.0))
                .silent_at(hold + 600),
            Case {
                kind: CaseKind::NoData,
                ..Case::fires("nothing of that name is scraped")
                    .silent_at(hold - MINUTE)
                    .fires_at(hold, &[], 1.0)
            },
        ]
    })
}

fn state_metrics_absent(options: &Options) -> Rule {
    let draft = Draft {
        name: "KubeStateMetricsAbsent",
        layer: Layer::Platform,
        severity: Severity::Warning,
        for_minutes: 15,
        expr: r#"absent(kube_cronjob_info{namespace="$namespace"})
and on () absent(up{job="$kube_state_metrics_job"} == 1)"#,
        summary: "kube-state-metrics is missing",
        description: "kube-state-metrics gives nothing: alerts about pods, Deployments and Jobs cannot fire.",
        meaning: "Prometheus knows nothing about Kubernetes' objects. A failed drift check would go unnoticed.",
        first_query: r#"up{job="$kube_state_metrics_job"}"#,
        fix: &[
            "`kubectl get deployment -A | grep kube-state-metrics`: is it installed, is its pod ready?",
            "It is part of kube-prometheus-stack; without that, `helm install` it by itself.",
            "If it is called differently, set `alerts.kube_state_metrics_job` to its label `job`.",
        ],
    };
    let (ours, job) = (&options.namespace, &options.kube_state_metrics_job);
    let cronjob =
        |namespace: &str| format!("kube_cronjob_info{{namespace=\"{namespace}\",cronjob=\"c\"}}");
    let up = |job: &str| format!("up{{job=\"{job}\",instance=\"a\"}}");
    draft.rule(options, |hold| {
        vec![
            Case::fires("scraped in vain, while others are up")
                .with(up(job), flat(0.0))
                .with(up("other"), flat(1.0))
                .with(cronjob(ELSEWHERE), flat(1.0))
                .silent_at(before(hold))
                .fires_at(hold, &[], 1.0),
            Case::silent("up, and nothing to tell of yet")
                .with(up(job), flat(1.0))
                .silent_at(hold + 600),
            Case::silent("under another name")
                .with(cronjob(ours), flat(1.0))
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
