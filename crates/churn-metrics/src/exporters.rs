//! Names of metrics that others give and that our rules and dashboards ask for. Ours are in `names.rs`.

/// An exporter, and those of its metrics that we know to exist in its current version.
#[derive(Debug, Clone, Copy)]
pub struct Exporter {
    /// What it is called.
    pub name: &'static str,
    /// Names of metrics.
    pub metrics: &'static [&'static str],
}

/// The exporters that a deployment is expected to have, and Knative for KServe.
pub const EXPORTERS: &[Exporter] = &[
    Exporter {
        name: "Prometheus",
        metrics: &["ALERTS", "up"],
    },
    // node_exporter 1.5 to 1.9, collectors that are on by default.
    Exporter {
        name: "node-exporter",
        metrics: &[
            "node_cpu_seconds_total",
            "node_filesystem_avail_bytes",
            "node_filesystem_readonly",
            "node_filesystem_size_bytes",
            "node_memory_MemAvailable_bytes",
            "node_memory_MemTotal_bytes",
            "node_network_receive_bytes_total",
            "node_network_receive_errs_total",
            "node_network_receive_packets_total",
            "node_network_transmit_bytes_total",
            "node_network_transmit_errs_total",
            "node_network_transmit_packets_total",
        ],
    },
    // kube-state-metrics 2.x, docs/metrics.
    Exporter {
        name: "kube-state-metrics",
        metrics: &[
            "kube_cronjob_created",
            "kube_cronjob_info",
            "kube_cronjob_spec_suspend",
            "kube_cronjob_status_last_successful_time",
            "kube_deployment_spec_replicas",
            "kube_deployment_status_replicas_available",
            "kube_deployment_status_replicas_updated",
            "kube_horizontalpodautoscaler_spec_max_replicas",
            "kube_horizontalpodautoscaler_spec_min_replicas",
            "kube_horizontalpodautoscaler_status_current_replicas",
            "kube_horizontalpodautoscaler_status_target_metric",
            "kube_job_failed",
            "kube_job_owner",
            "kube_job_status_start_time",
            "kube_node_status_condition",
            "kube_pod_completion_time",
            "kube_pod_container_resource_limits",
            "kube_pod_container_status_last_terminated_reason",
            "kube_pod_container_status_restarts_total",
            "kube_pod_container_status_terminated_reason",
            "kube_pod_container_status_waiting_reason",
            "kube_pod_owner",
            "kube_pod_status_phase",
            "kube_pod_status_ready",
        ],
    },
    Exporter {
        name: "cAdvisor",
        metrics: &[
            "container_cpu_cfs_throttled_periods_total",
            "container_cpu_usage_seconds_total",
            "container_memory_working_set_bytes",
        ],
    },
    Exporter {
        name: "kubelet",
        metrics: &[
            "kubelet_volume_stats_available_bytes",
            "kubelet_volume_stats_capacity_bytes",
        ],
    },
    Exporter {
        name: "Pushgateway",
        metrics: &["push_failure_time_seconds", "push_time_seconds"],
    },
    // Knative Serving from 1.19 on, with request-metrics-protocol: prometheus.
    Exporter {
        name: "Knative queue-proxy",
        metrics: &[
            "kn_serving_invocation_duration_seconds_bucket",
            "kn_serving_invocation_duration_seconds_count",
            "kn_serving_invocation_duration_seconds_sum",
        ],
    },
];

/// Tells whether somebody gives a metric of this name: we, or a known exporter. A histogram's
/// series have names of their own.
#[must_use]
pub fn exists(name: &str) -> bool {
    let ours = super::names::ALL.iter().any(|metric| {
        let end = name.strip_prefix(metric.name);
        metric.name == name
            || (metric.kind == super::names::Kind::Histogram
                && end.is_some_and(|end| ["_bucket", "_count", "_sum"].contains(&end)))
    });
    ours || EXPORTERS
        .iter()
        .any(|exporter| exporter.metrics.contains(&name))
}
