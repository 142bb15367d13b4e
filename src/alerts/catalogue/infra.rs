//! Rules about nodes: node-exporter and kube-state-metrics.

use super::case::{Case, before, exact, flat, rising};
use super::options::Options;
use super::rule::{Draft, Layer, Rule, Severity};

const MINUTE: u64 = 60;

pub(super) fn rules(options: &Options) -> Vec<Rule> {
    vec![
        cpu(options),
        memory(options),
        disk(options),
        network(options),
        not_ready(options),
        exporter_absent(options),
    ]
}

fn cpu(options: &Options) -> Rule {
    let draft = Draft {
        name: "HighNodeCPUUsage",
        layer: Layer::Infra,
        severity: Severity::Warning,
        for_minutes: 5,
        expr: r#"1 - avg by (instance) (
  sum without (mode) (rate(node_cpu_seconds_total{job="$node_exporter_job",mode=~"idle|iowait|steal"}[5m]))
) > $node_cpu_ratio"#,
        summary: "High CPU usage on node",
        description: "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its CPU time.",
        meaning: "The node's processors are busy nearly all the time; waiting for disks and time taken by the hypervisor don't count as busy. Pods on it get slower, the API's latency first.",
        first_query: r#"topk(10, sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{image!=""}[5m])))"#,
        fix: &[
            "Find the pod that uses the time (first query). If it has no limit, give it one.",
            "If a training run is the cause, move it to other nodes with `k8s.node_selector`, or lower its CPU limit.",
            "If all pods are in their right, add a node.",
        ],
    };
    let limit = options.thresholds.node_cpu_ratio;
    let job = &options.node_exporter_job;
    let node = |case: Case, instance: &str, job: &str, free: f64| {
        let each = |share: f64| rising(60.0 * free * share);
        let series = |cpu: u8, mode: &str| {
            format!(
                "node_cpu_seconds_total{{job=\"{job}\",instance=\"{instance}\",cpu=\"{cpu}\",mode=\"{mode}\"}}"
            )
        };
        (0..2).fold(case, |case, cpu| {
            case.with(series(cpu, "idle"), each(0.5))
                .with(series(cpu, "iowait"), each(0.25))
                .with(series(cpu, "steal"), each(0.25))
                .with(series(cpu, "user"), rising(60.0 * (1.0 - free)))
        })
    };
    draft.rule(options, |hold| {
        let begin = MINUTE; // rate() needs two samples.
        vec![
            node(
                node(
                    Case::fires("just above the threshold"),
                    "a",
                    job,
                    0.99 - limit,
                ),
                "b",
                "other",
                0.0,
            )
            .silent_at(hold)
            .fires_at(begin + hold, &[("instance", "a")], limit + 0.01),
            node(
                Case::silent("just below the threshold; waiting for disks is not use"),
                "a",
                job,
                1.01 - limit,
            )
            .silent_at(begin + hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn memory(options: &Options) -> Rule {
    let draft = Draft {
        name: "HighNodeMemoryUsage",
        layer: Layer::Infra,
        severity: Severity::Warning,
        for_minutes: 15,
        expr: r#"max by (instance) (
  1 - node_memory_MemAvailable_bytes{job="$node_exporter_job"} / node_memory_MemTotal_bytes
) > $node_memory_ratio"#,
        summary: "High memory usage on node",
        description: "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory.",
        meaning: "Little memory is left that could be had without swapping. The kernel will soon kill containers, those above their requests first.",
        first_query: r#"topk(10, sum by (namespace, pod) (container_memory_working_set_bytes{image!=""}))"#,
        fix: &[
            "Find the pod that holds the memory (first query), and compare with its request.",
            "Raise the request of what needs that much, so that it is scheduled where there is room.",
            "If all is in order, add a node.",
        ],
    };
    let limit = options.thresholds.node_memory_ratio;
    let job = &options.node_exporter_job;
    let node = |case: Case, instance: &str, job: &str, free: f64| {
        let series = |name: &str| {
            format!("node_memory_{name}_bytes{{job=\"{job}\",instance=\"{instance}\"}}")
        };
        case.with(series("MemAvailable"), flat(free * 1e6))
            .with(series("MemTotal"), flat(1e6))
    };
    draft.rule(options, |hold| {
        let mut silent = node(
            Case::silent("just below the threshold, and at it"),
            "a",
            job,
            1.01 - limit,
        );
        if 1.0 - ((1.0 - limit) * 1e6) / 1e6 == limit {
            silent = node(silent, "at", job, 1.0 - limit);
        }
        vec![
            node(
                node(
                    Case::fires("just above the threshold"),
                    "a",
                    job,
                    0.99 - limit,
                ),
                "b",
                "other",
                0.0,
            )
            .silent_at(before(hold))
            .fires_at(hold, &[("instance", "a")], limit + 0.01),
            silent.silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn disk(options: &Options) -> Rule {
    let draft = Draft {
        name: "NodeDiskAlmostFull",
        layer: Layer::Infra,
        severity: Severity::Warning,
        for_minutes: 15,
        expr: r#"max by (instance, device, mountpoint) (
  node_filesystem_avail_bytes{job="$node_exporter_job",fstype!~"tmpfs|overlay|squashfs|ramfs"} / node_filesystem_size_bytes
  and node_filesystem_readonly == 0
) < $node_disk_free_ratio"#,
        summary: "Disk of a node almost full",
        description: "{{ $labels.instance }} has {{ $value | humanizePercentage }} free on {{ $labels.mountpoint }}.",
        meaning: "A file system of the node runs out of space. The kubelet evicts pods when its own fills up, and volumes on it can no longer be written.",
        first_query: r#"sort(node_filesystem_avail_bytes{fstype!~"tmpfs|overlay|squashfs|ramfs"} / node_filesystem_size_bytes)"#,
        fix: &[
            "On the kubelet's file system: remove unused images (`crictl rmi --prune`) and old logs.",
            "On a volume of churnctl: delete old prediction logs and model versions.",
            "Make the disk larger.",
        ],
    };
    let limit = options.thresholds.node_disk_free_ratio;
    let job = &options.node_exporter_job;
    let disk = |case: Case, name: &str, job: &str, fstype: &str, free: f64, readonly: f64| {
        let labels = format!(
            "{{job=\"{job}\",instance=\"a\",device=\"{name}\",mountpoint=\"/{name}\",fstype=\"{fstype}\"}}"
        );
        case.with(
            format!("node_filesystem_avail_bytes{labels}"),
            flat(free * 1000.0),
        )
        .with(format!("node_filesystem_size_bytes{labels}"), flat(1000.0))
        .with(format!("node_filesystem_readonly{labels}"), flat(readonly))
    };
    draft.rule(options, |hold| {
        let mut fires = disk(
            Case::fires("just below the threshold"),
            "sda",
            job,
            "ext4",
            limit - 0.01,
            0.0,
        );
        fires = disk(fires, "other", "other", "ext4", 0.0, 0.0);
        let mut silent = disk(
            Case::silent("just above the threshold, and disks that are no disks"),
            "sda",
            job,
            "ext4",
            limit + 0.01,
            0.0,
        );
        for fstype in ["tmpfs", "overlay", "squashfs", "ramfs"] {
            silent = disk(silent, fstype, job, fstype, 0.0, 0.0);
        }
        silent = disk(silent, "cdrom", job, "iso9660", 0.0, 1.0);
        if exact(limit) {
            silent = disk(silent, "at", job, "ext4", limit, 0.0);
        }
        vec![
            fires.silent_at(before(hold)).fires_at(
                hold,
                &[("instance", "a"), ("device", "sda"), ("mountpoint", "/sda")],
                limit - 0.01,
            ),
            silent.silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn network(options: &Options) -> Rule {
    let draft = Draft {
        name: "NodeNetworkErrors",
        layer: Layer::Infra,
        severity: Severity::Warning,
        for_minutes: 30,
        expr: r#"max by (instance, device) (
  (rate(node_network_receive_errs_total{job="$node_exporter_job"}[5m]) + rate(node_network_transmit_errs_total[5m]))
  / (rate(node_network_receive_packets_total[5m]) + rate(node_network_transmit_packets_total[5m]) > 1)
) > $node_network_error_ratio"#,
        summary: "Network errors on node",
        description: "{{ $value | humanizePercentage }} of the packets of {{ $labels.device }} of {{ $labels.instance }} fail.",
        meaning: "A network device of the node loses packets. Requests take longer, because they are sent again.",
        first_query: "topk(10, rate(node_network_receive_errs_total[5m]) + rate(node_network_transmit_errs_total[5m]))",
        fix: &[
            "Compare with the other nodes: one node is a cable, a port or a driver, all nodes are the network.",
            "Drain the node (`kubectl drain`) until it is mended.",
        ],
    };
    let limit = options.thresholds.node_network_error_ratio;
    let job = &options.node_exporter_job;
    let device = |case: Case, name: &str, job: &str, packets: f64, ratio: f64| {
        let labels = format!("{{job=\"{job}\",instance=\"a\",device=\"{name}\"}}");
        let series = |name: &str| format!("node_network_{name}_total{labels}");
        case.with(series("receive_packets"), rising(packets))
            .with(series("transmit_packets"), rising(packets))
            .with(series("receive_errs"), rising(packets * ratio * 1.5))
            .with(series("transmit_errs"), rising(packets * ratio * 0.5))
    };
    draft.rule(options, |hold| {
        let begin = MINUTE;
        let fires = device(
            Case::fires("just above the threshold"),
            "eth0",
            job,
            4e4,
            limit * 1.02,
        );
        let silent = device(
            Case::silent("just below the threshold, and a device without traffic"),
            "eth0",
            job,
            4e4,
            limit * 0.98,
        );
        vec![
            device(fires, "eth1", "other", 4e4, 0.5)
                .silent_at(hold)
                .fires_at(
                    begin + hold,
                    &[("instance", "a"), ("device", "eth0")],
                    limit * 1.02,
                ),
            device(silent, "idle", job, 0.0, 0.0).silent_at(begin + hold + 600),
            // A packet a second, and a little less.
            device(
                Case::silent("half of hardly any packets"),
                "eth0",
                job,
                29.4,
                0.5,
            )
            .silent_at(6 * MINUTE + hold),
            device(
                Case::fires("half of just enough packets"),
                "eth0",
                job,
                30.6,
                0.5,
            )
            .fires_at(
                6 * MINUTE + hold,
                &[("instance", "a"), ("device", "eth0")],
                0.5,
            ),
            Case::no_data(hold),
        ]
    })
}

fn not_ready(options: &Options) -> Rule {
    let draft = Draft {
        name: "NodeNotReady",
        layer: Layer::Infra,
        severity: Severity::Critical,
        for_minutes: 15,
        expr: r#"min by (node) (kube_node_status_condition{condition="Ready",status="true"}) == 0"#,
        summary: "Node is not ready",
        description: "{{ $labels.node }} has not been ready for a while.",
        meaning: "The node doesn't answer, or its kubelet says that it can't run pods. Its pods are moved elsewhere if there is room; a volume that only one node can mount stays with it.",
        first_query: r#"kube_node_status_condition{status="true"} == 1"#,
        fix: &[
            "`kubectl describe node NAME`: the conditions say what is missing (disk, memory, network, kubelet).",
            "Restart the kubelet or the machine.",
            "If it is gone for good: `kubectl delete node NAME`, so that its volumes are released.",
        ],
    };
    let node = |case: Case, name: &str, condition: &str, status: &str, value: f64| {
        let series = format!(
            "kube_node_status_condition{{node=\"{name}\",condition=\"{condition}\",status=\"{status}\"}}"
        );
        case.with(series, flat(value))
    };
    draft.rule(options, |hold| {
        let mut fires = node(Case::fires("not ready"), "a", "Ready", "true", 0.0);
        fires = node(fires, "b", "Ready", "true", 1.0);
        fires = node(fires, "b", "Ready", "false", 0.0);
        fires = node(fires, "b", "MemoryPressure", "true", 0.0);
        // A minute before the time is up, if it is longer than that.
        let back = match (hold / MINUTE).checked_sub(2) {
            Some(steps) => format!("0+0x{steps} 1+0x100"),
            None => flat(1.0),
        };
        vec![
            fires
                .silent_at(before(hold))
                .fires_at(hold, &[("node", "a")], 0.0),
            Case::silent("back before the time is up")
                .with(
                    "kube_node_status_condition{node=\"a\",condition=\"Ready\",status=\"true\"}",
                    back,
                )
                .silent_at(before(hold))
                .silent_at(hold)
                .silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn exporter_absent(options: &Options) -> Rule {
    let draft = Draft {
        name: "NodeExporterAbsent",
        layer: Layer::Infra,
        severity: Severity::Warning,
        for_minutes: 15,
        expr: r#"absent(up{job="$node_exporter_job"} == 1)"#,
        summary: "node-exporter is missing",
        description: "No node-exporter can be scraped: alerts about nodes cannot fire.",
        meaning: "Prometheus has no node-exporter that answers. Nothing is known about processors, memory, disks and network of the nodes.",
        first_query: r#"up{job="$node_exporter_job"}"#,
        fix: &[
            "`kubectl get daemonset -A | grep node-exporter`: is it installed, are its pods ready?",
            "If it is called differently, set `alerts.node_exporter_job` to its label `job`.",
            "Without a node-exporter on purpose: put the rules of the layer into `alerts.disable`.",
        ],
    };
    let job = &options.node_exporter_job;
    draft.rule(options, |hold| {
        vec![
            Case::fires("scraped in vain, while others are up")
                .with(format!("up{{job=\"{job}\",instance=\"a\"}}"), flat(0.0))
                .with("up{job=\"other\",instance=\"b\"}", flat(1.0))
                .silent_at(before(hold))
                .fires_at(hold, &[], 1.0),
            Case::silent("one of two answers")
                .with(format!("up{{job=\"{job}\",instance=\"a\"}}"), flat(1.0))
                .with(format!("up{{job=\"{job}\",instance=\"b\"}}"), flat(0.0))
                .silent_at(hold + 600),
            Case {
                kind: super::CaseKind::NoData,
                ..Case::fires("nothing of that name is scraped")
                    .silent_at(before(hold))
                    .fires_at(hold, &[], 1.0)
            },
        ]
    })
}
