//! What a server says about itself: versions, groups, resources. kubectl asks for it.

use serde_json::{Value, json};

use super::wire::Reply;

/// Group and version, resource, kind, whether it has a namespace.
pub(super) const RESOURCES: &[(&str, &str, &str, bool)] = &[
    ("v1", "pods", "Pod", true),
    ("v1", "services", "Service", true),
    ("v1", "secrets", "Secret", true),
    ("v1", "configmaps", "ConfigMap", true),
    ("v1", "serviceaccounts", "ServiceAccount", true),
    (
        "v1",
        "persistentvolumeclaims",
        "PersistentVolumeClaim",
        true,
    ),
    ("v1", "namespaces", "Namespace", false),
    ("v1", "nodes", "Node", false),
    ("apps/v1", "deployments", "Deployment", true),
    (
        "autoscaling/v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        true,
    ),
    (
        "policy/v1",
        "poddisruptionbudgets",
        "PodDisruptionBudget",
        true,
    ),
    ("batch/v1", "jobs", "Job", true),
    ("batch/v1", "cronjobs", "CronJob", true),
    ("coordination.k8s.io/v1", "leases", "Lease", true),
    ("events.k8s.io/v1", "events", "Event", true),
    (
        "discovery.k8s.io/v1",
        "endpointslices",
        "EndpointSlice",
        true,
    ),
    (
        "networking.k8s.io/v1",
        "networkpolicies",
        "NetworkPolicy",
        true,
    ),
    ("rbac.authorization.k8s.io/v1", "roles", "Role", true),
    (
        "rbac.authorization.k8s.io/v1",
        "rolebindings",
        "RoleBinding",
        true,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        false,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        false,
    ),
    (
        "apiextensions.k8s.io/v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        false,
    ),
    (
        "authorization.k8s.io/v1",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        false,
    ),
    (
        "authorization.k8s.io/v1",
        "subjectaccessreviews",
        "SubjectAccessReview",
        false,
    ),
    (
        "monitoring.coreos.com/v1",
        "servicemonitors",
        "ServiceMonitor",
        true,
    ),
    (
        "monitoring.coreos.com/v1",
        "podmonitors",
        "PodMonitor",
        true,
    ),
    (
        "monitoring.coreos.com/v1",
        "prometheusrules",
        "PrometheusRule",
        true,
    ),
    (
        "monitoring.coreos.com/v1",
        "prometheuses",
        "Prometheus",
        true,
    ),
    (
        "monitoring.coreos.com/v1",
        "alertmanagers",
        "Alertmanager",
        true,
    ),
    (
        "monitoring.coreos.com/v1alpha1",
        "alertmanagerconfigs",
        "AlertmanagerConfig",
        true,
    ),
];

pub(super) fn answer(path: &str) -> Option<Reply> {
    let value = match path {
        "/version" => json!({"major": "1", "minor": "33", "gitVersion": "v1.33.0"}),
        "/api" => json!({"kind": "APIVersions", "versions": ["v1"]}),
        "/apis" => groups(),
        _ => {
            let group = path
                .strip_prefix("/apis/")
                .or_else(|| path.strip_prefix("/api/"))?;
            resources(group)?
        }
    };
    Some(Reply::json(200, &value))
}

fn groups() -> Value {
    let mut groups: Vec<&str> = RESOURCES
        .iter()
        .map(|resource| resource.0)
        .filter(|group| group.contains('/'))
        .collect();
    groups.dedup();
    let groups: Vec<Value> = groups
        .iter()
        .map(|group_version| {
            let (group, version) = group_version.split_once('/').expect("a group");
            let version = json!({"groupVersion": group_version, "version": version});
            json!({"name": group, "versions": [version], "preferredVersion": version})
        })
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn resources(group_version: &str) -> Option<Value> {
    let of = RESOURCES
        .iter()
        .filter(|resource| resource.0 == group_version);
    let resources: Vec<Value> = of
        .map(|(_, name, kind, namespaced)| {
            json!({"name": name, "singularName": kind.to_lowercase(), "kind": kind, "namespaced": namespaced,
                   "verbs": ["create", "delete", "get", "list", "update", "watch"]})
        })
        .collect();
    (!resources.is_empty()).then(|| {
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources})
    })
}
