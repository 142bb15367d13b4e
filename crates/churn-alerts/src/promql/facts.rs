//! What is known about metrics by name: their kind and range, from a server's metadata, from the
//! rules that record them, from a list of common exporters, or from the habits of naming.

use std::collections::BTreeMap;

use churn_metrics::names::{ALL, Kind as OwnKind};

use super::interval::Interval;
use super::kind::{Evidence, Kind, Known};
use super::shape::Shape;

/// What the lint knows of metrics beside the expressions.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Types by metric family, as `/api/v1/metadata` gives them.
    pub metadata: BTreeMap<String, String>,
    /// What recording rules make, by name.
    pub records: BTreeMap<String, Shape>,
    /// Whether ranges of values that only a metric's name speaks for are left out.
    pub is_certain: bool,
}

/// What samples of histograms and summaries add to the name of their family.
const PARTS: [&str; 3] = ["_bucket", "_count", "_sum"];

/// Exporters written with the official client libraries, whose `_total` is always a counter.
const TOTALS: [&str; 20] = [
    "node_",
    "container_",
    "kubelet_",
    "apiserver_",
    "etcd_",
    "rest_client_",
    "workqueue_",
    "coredns_",
    "prometheus_",
    "alertmanager_",
    "promhttp_",
    "http_requests_",
    "http_request_",
    "grpc_server_",
    "grpc_client_",
    "istio_requests_",
    "loki_",
    "tempo_",
    "thanos_",
    "process_cpu_seconds_",
];
/// Counters by their whole name.
const COUNTERS: [&str; 4] = [
    "kube_pod_container_status_restarts_total",
    "kube_pod_init_container_status_restarts_total",
    "pushgateway_http_requests_total",
    "kn_serving_invocation_duration_seconds_count",
];
/// Gauges whose names end as counters' do; as the exporters' own `# TYPE` lines have it.
const GAUGES: [&str; 17] = [
    "ceph_pg_total",
    "cluster_autoscaler_nodes_count",
    "cluster_autoscaler_unschedulable_pods_count",
    "container_fs_inodes_total",
    "envoy_cluster_membership_total",
    "etcd_debugging_mvcc_keys_total",
    "etcd_debugging_mvcc_pending_events_total",
    "kubevirt_vmi_phase_count",
    "minio_cluster_disk_offline_total",
    "minio_cluster_disk_online_total",
    "minio_cluster_drive_offline_total",
    "minio_cluster_drive_online_total",
    "minio_cluster_nodes_offline_total",
    "minio_cluster_nodes_online_total",
    "minio_node_file_descriptor_open_total",
    "pg_locks_count",
    "pg_stat_activity_count",
];
/// What names of gauges of common exporters begin with; nothing that is a counter does.
const GAUGE_PREFIXES: [&str; 19] = [
    "node_memory_",
    "node_filesystem_",
    "node_load",
    "node_time_seconds",
    "node_boot_time_seconds",
    "kube_pod_status_",
    "kube_pod_info",
    "kube_pod_container_resource_",
    "kube_node_status_",
    "kube_deployment_",
    "kube_statefulset_",
    "kube_daemonset_",
    "kube_horizontalpodautoscaler_",
    "kube_persistentvolume",
    "kubelet_volume_stats_",
    "container_memory_working_set_bytes",
    "container_memory_usage_bytes",
    "container_memory_rss",
    "process_resident_memory_bytes",
];
/// Ends of names that gauges have: amounts of something, shares, points in time.
const GAUGE_ENDS: [&str; 9] = [
    "_ratio",
    "_percent",
    "_celsius",
    "_info",
    "_timestamp_seconds",
    "_limit",
    "_replicas",
    "_usage_bytes",
    "_free_bytes",
];
/// Metrics that are 0 or 1.
const TRUTHS: [&str; 8] = [
    "up",
    "probe_success",
    "kube_node_status_condition",
    "kube_pod_status_ready",
    "kube_pod_status_phase",
    "kube_pod_container_status_ready",
    "kube_cronjob_spec_suspend",
    "kube_node_spec_unschedulable",
];

impl Facts {
    /// Returns the kind of a metric, if there is any reason to think of one.
    pub fn kind(&self, name: &str) -> Option<Known> {
        let known = |kind, by| Some(Known { kind, by });
        if let Some(kind) = self.of_metadata(name) {
            return known(kind, Evidence::Server);
        }
        if let Some(kind) = of_own(name) {
            return known(kind, Evidence::Catalogue);
        }
        if GAUGES.contains(&name) || begins(name, &GAUGE_PREFIXES) {
            return known(Kind::Gauge, Evidence::Catalogue);
        }
        let total = name.ends_with("_total");
        if COUNTERS.contains(&name) || total && begins(name, &TOTALS) {
            return known(Kind::Counter, Evidence::Catalogue);
        }
        if total || PARTS.iter().any(|part| name.ends_with(part)) {
            return known(Kind::Counter, Evidence::Name);
        }
        match GAUGE_ENDS.iter().any(|end| name.ends_with(end)) || TRUTHS.contains(&name) {
            true => known(Kind::Gauge, Evidence::Name),
            false => None,
        }
    }

    fn of_metadata(&self, name: &str) -> Option<Kind> {
        let kind = |family: &str| self.metadata.get(family).map(String::as_str);
        if let Some(part) = PARTS.iter().find_map(|part| name.strip_suffix(part))
            && matches!(kind(part), Some("histogram" | "summary"))
        {
            return Some(Kind::Counter);
        }
        // OpenMetrics names the family without `_total`.
        let family = name.strip_suffix("_total").and_then(kind);
        match kind(name).or(family)? {
            "counter" => Some(Kind::Counter),
            "gauge" | "info" | "stateset" => Some(Kind::Gauge),
            _ => None,
        }
    }

    /// Returns the values that samples of a metric may have.
    pub fn interval(&self, name: &str) -> Interval {
        // How many nodes are up is called so, too.
        if TRUTHS.contains(&name) || !self.is_certain && name.ends_with("_up") {
            return Interval::SHARE;
        }
        // Always 1; whether such a series is there is what rules ask, by `== 1` as by `> 0`.
        let is_info = name.ends_with("_info") && (!self.is_certain || name.starts_with("kube_"));
        if is_info || name == "ALERTS" {
            return Interval::exactly(1.0);
        }
        let counter = self.kind(name).is_some_and(|known| {
            // Sums are negative where what is summed is.
            known.kind == Kind::Counter
                && !name.ends_with("_sum")
                && !(self.is_certain && known.by == Evidence::Name)
        });
        let is_time = !self.is_certain && name.ends_with("_timestamp_seconds");
        match counter || is_time || name.starts_with("kube_") {
            true => Interval::NOT_NEGATIVE,
            false => Interval::ANY.or_nan(),
        }
    }

    /// Returns what the recording rules of this name make.
    pub fn record(&self, name: &str) -> Option<&Shape> {
        self.records.get(name)
    }
}

fn begins(name: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

fn of_own(name: &str) -> Option<Kind> {
    let find = |name: &str| ALL.iter().find(|metric| metric.name == name);
    if let Some(metric) = find(name) {
        return match metric.kind {
            OwnKind::Gauge => Some(Kind::Gauge),
            OwnKind::Counter => Some(Kind::Counter),
            OwnKind::Histogram => None,
        };
    }
    let family = PARTS.iter().find_map(|part| name.strip_suffix(part));
    let metric = family.and_then(find)?;
    (metric.kind == OwnKind::Histogram).then_some(Kind::Counter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_knows_better_than_a_list_and_a_list_better_than_a_name() {
        let mut facts = Facts::default();
        let kind = |facts: &Facts, name: &str| facts.kind(name).map(|one| (one.kind, one.by));
        for (name, wanted) in [
            (
                "http_requests_total",
                Some((Kind::Counter, Evidence::Catalogue)),
            ),
            (
                "churn_api_requests_total",
                Some((Kind::Counter, Evidence::Catalogue)),
            ),
            (
                "churn_api_request_latency_seconds_bucket",
                Some((Kind::Counter, Evidence::Catalogue)),
            ),
            (
                "model_drift_score",
                Some((Kind::Gauge, Evidence::Catalogue)),
            ),
            ("orders_total", Some((Kind::Counter, Evidence::Name))),
            ("ceph_pg_total", Some((Kind::Gauge, Evidence::Catalogue))),
            ("queue_depth", None),
        ] {
            assert_eq!(kind(&facts, name), wanted, "{name}");
        }
        for (name, said) in [
            ("orders_total", "gauge"),
            ("queue_depth", "counter"),
            ("lag", "histogram"),
        ] {
            facts.metadata.insert(name.to_owned(), said.to_owned());
        }
        assert_eq!(
            kind(&facts, "orders_total"),
            Some((Kind::Gauge, Evidence::Server))
        );
        assert_eq!(
            kind(&facts, "queue_depth"),
            Some((Kind::Counter, Evidence::Server))
        );
        assert_eq!(
            kind(&facts, "lag_count"),
            Some((Kind::Counter, Evidence::Server))
        );
    }
}
