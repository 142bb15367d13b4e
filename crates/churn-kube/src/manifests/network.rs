//! Who may talk to whom: nobody, but for what is listed here.

use churn_base::error::Result;
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::meta::{self, CLIENT_LABEL, component, map, named};
use super::object::File;
use super::plan::{Part, Plan};
use super::{api, argo, hook, pushgateway};

pub(super) fn files(plan: &Plan) -> Result<Vec<File>> {
    let mut policies = vec![nothing(plan), names(plan)];
    let monitoring = || namespace("kubernetes.io/metadata.name", &plan.monitoring_namespace);
    let inside = || NetworkPolicyPeer {
        pod_selector: Some(LabelSelector::default()),
        ..NetworkPolicyPeer::default()
    };
    if plan.has(Part::Api) {
        let clients = namespace(CLIENT_LABEL, "true");
        let from = vec![inside(), clients];
        let to = out_to(&plan.api_egress_ports);
        let (name, part) = (plan.api_name(), meta::API);
        let mut policy = allow(plan, name, part, from, api::PORT, to);
        // Kubelets need no leave; Prometheus has the port of metrics, and that one only.
        if let Some(rules) = policy.spec.as_mut().and_then(|spec| spec.ingress.as_mut()) {
            rules.push(NetworkPolicyIngressRule {
                from: Some(vec![monitoring()]),
                ports: Some(vec![tcp(api::ADMIN_PORT)]),
            });
        }
        policies.push(policy);
    }
    if [Part::Jobs, Part::SeedModel, Part::ProfileShards]
        .iter()
        .any(|part| plan.has(*part))
    {
        let mut to = out_to(&plan.job_egress_ports);
        if plan.has(Part::Pushgateway) {
            to.push(NetworkPolicyEgressRule {
                ports: Some(vec![tcp(pushgateway::PORT)]),
                to: Some(vec![NetworkPolicyPeer {
                    pod_selector: Some(component(meta::PUSHGATEWAY)),
                    ..NetworkPolicyPeer::default()
                }]),
            });
        }
        policies.push(out(plan, "churn-batch", meta::BATCH, to));
    }
    if plan.has(Part::Pushgateway) {
        let batch = NetworkPolicyPeer {
            pod_selector: Some(component(meta::BATCH)),
            ..NetworkPolicyPeer::default()
        };
        let from = vec![monitoring(), batch];
        let (name, part) = (pushgateway::NAME, meta::PUSHGATEWAY);
        policies.push(allow(plan, name, part, from, pushgateway::PORT, vec![]));
    }
    if plan.has(Part::Hook) {
        // The API server's address is not known here, only its usual ports.
        let to = vec![anywhere(&[443, 6443])];
        let from = vec![monitoring()];
        policies.push(allow(plan, hook::NAME, meta::HOOK, from, hook::PORT, to));
    }
    if plan.has(Part::ArgoEvents) {
        // Its own bus beside the API server.
        let to = vec![anywhere(&[443, 6443, 4222])];
        let from = vec![monitoring()];
        policies.push(allow(
            plan,
            "churn-argo-events",
            meta::HOOK,
            from,
            argo::PORT,
            to,
        ));
    }
    if plan.has(Part::DriftExporter) {
        let (name, part) = (pushgateway::EXPORTER, meta::EXPORTER);
        let to = out_to(&plan.exporter_egress_ports);
        let from = vec![monitoring()];
        let port = pushgateway::EXPORTER_PORT;
        policies.push(allow(plan, name, part, from, port, to));
    }
    policies
        .iter()
        .map(|policy| File::object("", policy))
        .collect()
}

fn namespace(label: &str, value: &str) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector {
            match_labels: Some(map([(label, value)])),
            ..LabelSelector::default()
        }),
        ..NetworkPolicyPeer::default()
    }
}

fn tcp(port: i32) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(port)),
        protocol: Some("TCP".to_owned()),
        ..NetworkPolicyPort::default()
    }
}

/// A way out to these ports; none if there are none.
fn out_to(ports: &[u16]) -> Vec<NetworkPolicyEgressRule> {
    let ports: Vec<i32> = ports.iter().map(|&port| port.into()).collect();
    match ports.is_empty() {
        // A rule without ports would be a way out to all of them.
        true => Vec::new(),
        false => vec![anywhere(&ports)],
    }
}

fn anywhere(ports: &[i32]) -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule {
        ports: Some(ports.iter().map(|port| tcp(*port)).collect()),
        to: None,
    }
}

fn policy(plan: &Plan, name: &str, part: &str, spec: NetworkPolicySpec) -> NetworkPolicy {
    NetworkPolicy {
        metadata: named(plan, name, part),
        spec: Some(spec),
    }
}

fn types(words: &[&str]) -> Option<Vec<String>> {
    Some(words.iter().map(|word| (*word).to_owned()).collect())
}

fn nothing(plan: &Plan) -> NetworkPolicy {
    let spec = NetworkPolicySpec {
        pod_selector: Some(LabelSelector::default()),
        policy_types: types(&["Ingress", "Egress"]),
        ..NetworkPolicySpec::default()
    };
    policy(plan, "churn-deny-all", "network", spec)
}

/// Where node-local-dns listens on each node, by the manifest that Kubernetes ships. It runs in the
/// node's network, so no selector of pods finds it.
const NODE_LOCAL_DNS: &str = "169.254.20.10/32";

/// Names are asked of the cluster's own DNS only: a query to any other server on port 53 is a way to
/// carry data out.
fn names(plan: &Plan) -> NetworkPolicy {
    let udp = NetworkPolicyPort {
        port: Some(IntOrString::Int(53)),
        protocol: Some("UDP".to_owned()),
        ..NetworkPolicyPort::default()
    };
    // CoreDNS has this label wherever kubeadm, EKS, GKE, AKS and k3s set it up.
    let cluster = NetworkPolicyPeer {
        pod_selector: Some(LabelSelector {
            match_labels: Some(map([("k8s-app", "kube-dns")])),
            ..LabelSelector::default()
        }),
        ..namespace("kubernetes.io/metadata.name", "kube-system")
    };
    let node = NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: NODE_LOCAL_DNS.to_owned(),
            except: None,
        }),
        ..NetworkPolicyPeer::default()
    };
    let spec = NetworkPolicySpec {
        egress: Some(vec![NetworkPolicyEgressRule {
            ports: Some(vec![udp, tcp(53)]),
            to: Some(vec![cluster, node]),
        }]),
        pod_selector: Some(LabelSelector::default()),
        policy_types: types(&["Egress"]),
        ..NetworkPolicySpec::default()
    };
    policy(plan, "churn-dns", "network", spec)
}

fn out(plan: &Plan, name: &str, part: &str, to: Vec<NetworkPolicyEgressRule>) -> NetworkPolicy {
    let spec = NetworkPolicySpec {
        // An empty list is none to the API server, and a difference for ever to those who compare.
        egress: (!to.is_empty()).then_some(to),
        pod_selector: Some(component(part)),
        policy_types: types(&["Egress"]),
        ..NetworkPolicySpec::default()
    };
    policy(plan, name, part, spec)
}

fn allow(
    plan: &Plan,
    name: &str,
    part: &str,
    from: Vec<NetworkPolicyPeer>,
    port: i32,
    to: Vec<NetworkPolicyEgressRule>,
) -> NetworkPolicy {
    let spec = NetworkPolicySpec {
        ingress: Some(vec![NetworkPolicyIngressRule {
            from: Some(from),
            ports: Some(vec![tcp(port)]),
        }]),
        policy_types: match to.is_empty() {
            true => types(&["Ingress"]),
            false => types(&["Ingress", "Egress"]),
        },
        egress: (!to.is_empty()).then_some(to),
        pod_selector: Some(component(part)),
    };
    policy(plan, name, part, spec)
}
