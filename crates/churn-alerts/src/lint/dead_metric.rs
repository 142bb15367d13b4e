//! `dead-metric`: names that current exporters no longer have. An alert on one never fires.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity};
use crate::promql::selector_of;

struct Dead {
    name: &'static str,
    /// Whether names that only begin so are dead, too.
    prefix: bool,
    since: &'static str,
    new: &'static str,
}

const fn dead(name: &'static str, prefix: bool, since: &'static str, new: &'static str) -> Dead {
    Dead {
        name,
        prefix,
        since,
        new,
    }
}

const KSM: &str = "kube-state-metrics 2.0";
const KNATIVE: &str = "Knative Serving 1.19";

/// Sources: the changelogs of kube-state-metrics 2.0 and node_exporter 0.16, knative/serving 16290.
#[rustfmt::skip]
static DEAD: &[Dead] = &[
    dead("kube_hpa_", true, KSM, "kube_horizontalpodautoscaler_*"),
    dead("kube_pod_container_resource_limits_cpu_cores", false, KSM, "kube_pod_container_resource_limits{resource=\"cpu\"}"),
    dead("kube_pod_container_resource_limits_memory_bytes", false, KSM, "kube_pod_container_resource_limits{resource=\"memory\"}"),
    dead("kube_pod_container_resource_requests_cpu_cores", false, KSM, "kube_pod_container_resource_requests{resource=\"cpu\"}"),
    dead("kube_pod_container_resource_requests_memory_bytes", false, KSM, "kube_pod_container_resource_requests{resource=\"memory\"}"),
    dead("kube_node_status_capacity_", true, KSM, "kube_node_status_capacity{resource=...}"),
    dead("kube_node_status_allocatable_", true, KSM, "kube_node_status_allocatable{resource=...}"),
    dead("revision_request_count", false, KNATIVE, "kn_serving_invocation_duration_seconds_count"),
    dead("revision_request_latencies", true, KNATIVE, "kn_serving_invocation_duration_seconds_* (seconds, not milliseconds)"),
    dead("revision_app_request_", true, KNATIVE, "kn_serving_invocation_duration_seconds_*"),
    dead("node_cpu", false, "node_exporter 0.16", "node_cpu_seconds_total"),
    dead("node_memory_MemAvailable", false, "node_exporter 0.16", "node_memory_MemAvailable_bytes"),
    dead("node_memory_MemTotal", false, "node_exporter 0.16", "node_memory_MemTotal_bytes"),
    dead("node_memory_MemFree", false, "node_exporter 0.16", "node_memory_MemFree_bytes"),
    dead("node_filesystem_avail", false, "node_exporter 0.16", "node_filesystem_avail_bytes"),
    dead("node_filesystem_size", false, "node_exporter 0.16", "node_filesystem_size_bytes"),
    dead("node_filesystem_free", false, "node_exporter 0.16", "node_filesystem_free_bytes"),
];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.all {
        let mut seen: Vec<&str> = Vec::new();
        view.tree.walk(&mut |part, above| {
            let Some(selector) = selector_of(part.expr) else {
                return;
            };
            let Some(name) = selector.name.as_deref() else {
                return;
            };
            let found = DEAD.iter().find(|dead| match dead.prefix {
                true => name.starts_with(dead.name),
                false => name == dead.name,
            });
            let Some(dead) = found.filter(|_| !seen.contains(&name)) else {
                return;
            };
            // `old or new` is how a rule serves both generations.
            let either = above.iter().any(|outer| match outer.expr {
                Expr::Binary(binary) => binary.op.to_string() == "or",
                _ => false,
            });
            if either {
                return;
            }
            seen.push(name);
            let message = format!("{name} is gone since {}", dead.since);
            let hint = format!("use {}", dead.new);
            findings.of_rule(Severity::Fail, view.rule, view.place(part), message, hint);
        });
    }
}
