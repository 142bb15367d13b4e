//! Nodes, pods, Deployments, limits and jobs.

use super::super::plan::Plan;
use super::board::{Board, Panel, Shape};

pub(super) fn board(plan: &Plan) -> Board {
    let limits = &plan.rules.thresholds;
    let node = &plan.rules.node_exporter_job;
    Board {
        uid: "churn-platform",
        title: "Churn: infrastructure and platform",
        description: "Are the nodes, pods, Deployments and jobs well that the churn system runs on?",
        by_model: false,
        panels: vec![
            Panel::new(Shape::Lines, "CPU of nodes", "Share of processor time in use; waiting for disks is not use.", "percentunit")
                .ask(&format!("1 - avg by (instance) (sum without (mode) (rate(node_cpu_seconds_total{{job=\"{node}\",mode=~\"idle|iowait|steal\"}}[$__rate_interval])))"), "{{instance}}")
                .limit(limits.node_cpu_ratio, "orange")
                .alerts(&["HighNodeCPUUsage"]),
            Panel::new(Shape::Lines, "Memory of nodes", "Share of memory that could not be had without swapping.", "percentunit")
                .ask(&format!("1 - node_memory_MemAvailable_bytes{{job=\"{node}\"}} / node_memory_MemTotal_bytes"), "{{instance}}")
                .limit(limits.node_memory_ratio, "orange")
                .alerts(&["HighNodeMemoryUsage"]),
            Panel::new(Shape::Lines, "Free space of disks", "Share of each file system that is free; pods are evicted when little is left.", "percentunit")
                .ask(&format!("node_filesystem_avail_bytes{{job=\"{node}\",fstype!~\"tmpfs|overlay|squashfs|ramfs\"}} / node_filesystem_size_bytes"), "{{instance}} {{mountpoint}}")
                .alerts(&["NodeDiskAlmostFull"]),
            Panel::new(Shape::Lines, "Network of nodes", "Bytes a second that come in and go out.", "Bps")
                .ask(&format!("sum by (instance) (rate(node_network_receive_bytes_total{{job=\"{node}\"}}[$__rate_interval]))"), "{{instance}} in")
                .ask(&format!("sum by (instance) (rate(node_network_transmit_bytes_total{{job=\"{node}\"}}[$__rate_interval]))"), "{{instance}} out")
                .alerts(&["NodeNetworkErrors"]),
            Panel::new(Shape::Lines, "Replicas wanted and available", "A gap that stays is a rollout that is stuck or a pod that cannot start.", "short")
                .ask("kube_deployment_spec_replicas{namespace=\"$namespace\"}", "{{deployment}} wanted")
                .ask("kube_deployment_status_replicas_available{namespace=\"$namespace\"}", "{{deployment}} available")
                .alerts(&["DeploymentReplicasMismatch", "DeploymentUnavailable"]),
            Panel::new(Shape::Lines, "Autoscaler", "Replicas now, and the most there may be.", "short")
                .ask("kube_horizontalpodautoscaler_status_current_replicas{namespace=\"$namespace\"}", "{{horizontalpodautoscaler}} now")
                .ask("kube_horizontalpodautoscaler_spec_max_replicas{namespace=\"$namespace\"}", "{{horizontalpodautoscaler}} most")
                .alerts(&["HPAMaxedOut"]),
            Panel::new(Shape::Lines, "Pods by phase", "Pending pods wait for room, a volume or an image.", "short")
                .ask("sum by (phase) (kube_pod_status_phase{namespace=\"$namespace\"})", "{{phase}}")
                .alerts(&["PodNotRunning"]),
            Panel::new(Shape::Lines, "Restarts within an hour", "More than a few are a crash loop, a leak, or a probe that is too strict.", "short")
                .ask("round(sum by (pod, container) (increase(kube_pod_container_status_restarts_total{namespace=\"$namespace\"}[1h])))", "{{pod}} {{container}}")
                .limit(limits.pod_restarts, "orange")
                .alerts(&["FrequentPodRestarts", "PodCrashLooping", "ContainerOOMKilled"]),
            Panel::new(Shape::Lines, "CPU by limit", "Share of each container's CPU limit in use; at 100 % it is throttled.", "percentunit")
                .ask("sum by (pod, container) (rate(container_cpu_usage_seconds_total{namespace=\"$namespace\",image!=\"\"}[$__rate_interval])) / on (pod, container) max by (pod, container) (kube_pod_container_resource_limits{namespace=\"$namespace\",resource=\"cpu\"})", "{{pod}} {{container}}")
                .limit(limits.container_limit_ratio, "orange")
                .alerts(&["ContainerCPUNearLimit"]),
            Panel::new(Shape::Lines, "Memory by limit", "Share of each container's memory limit in use; at 100 % it is killed.", "percentunit")
                .ask("max by (pod, container) (container_memory_working_set_bytes{namespace=\"$namespace\",image!=\"\"}) / on (pod, container) min by (pod, container) (kube_pod_container_resource_limits{namespace=\"$namespace\",resource=\"memory\"})", "{{pod}} {{container}}")
                .limit(limits.container_limit_ratio, "orange")
                .alerts(&["ContainerMemoryNearLimit"]),
            Panel::new(Shape::Bars, "Time since the last success of jobs", "Longer than a day for a daily job is too long.", "s")
                .ask("time() - max by (cronjob) (kube_cronjob_status_last_successful_time{namespace=\"$namespace\"})", "{{cronjob}}")
                .limit(limits.daily_stale_seconds, "orange")
                .limit(limits.weekly_stale_seconds, "red")
                .alerts(&["ChurnJobStale", "ChurnRetrainStale", "ChurnJobFailed"]),
        ],
    }
}
