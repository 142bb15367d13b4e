//! Names and labels that all objects share.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::plan::Plan;

/// The label that says which program a pod runs, and that Services select by.
pub(super) const NAME_LABEL: &str = "app.kubernetes.io/name";
/// The label that says what part of the system something is.
pub(crate) const COMPONENT_LABEL: &str = "app.kubernetes.io/component";
/// Namespaces with this label may ask the API.
pub(super) const CLIENT_LABEL: &str = "churn-mlops/client";
/// Pods that use the volume have this label where the volume is on one node only.
pub(super) const VOLUME_LABEL: &str = "churn-mlops/volume";
/// Jobs that `retrain` starts have this label: what started them.
pub(super) const TRIGGER_LABEL: &str = "churnctl.io/trigger";

/// A part of the system as NetworkPolicies see it.
pub(super) const API: &str = "api";
/// Jobs that run to an end.
pub(super) const BATCH: &str = "batch";
/// The webhook.
pub(super) const HOOK: &str = "hook";
/// The Pushgateway.
pub(super) const PUSHGATEWAY: &str = "pushgateway";
/// The drift exporter.
pub(super) const EXPORTER: &str = "drift-exporter";
/// What only Prometheus, Alertmanager and Grafana read.
pub(super) const MONITORING: &str = "monitoring";

pub(super) fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// The labels of an object and of its pods.
pub(super) fn labels(name: &str, component: &str) -> BTreeMap<String, String> {
    map([
        (NAME_LABEL, name),
        (COMPONENT_LABEL, component),
        ("app.kubernetes.io/part-of", "churn-mlops"),
        ("app.kubernetes.io/managed-by", "churnctl"),
    ])
}

/// Selects the pods of one program.
pub(super) fn selector(name: &str) -> LabelSelector {
    LabelSelector {
        match_labels: Some(map([(NAME_LABEL, name)])),
        ..LabelSelector::default()
    }
}

/// Selects the pods of one part.
pub(super) fn component(name: &str) -> LabelSelector {
    LabelSelector {
        match_labels: Some(map([(COMPONENT_LABEL, name)])),
        ..LabelSelector::default()
    }
}

/// Names an object of the namespace.
pub(super) fn named(plan: &Plan, name: &str, component: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(plan.namespace.clone()),
        labels: Some(labels(name, component)),
        ..ObjectMeta::default()
    }
}

/// Names an object that Prometheus has to select.
pub(super) fn monitored(plan: &Plan, name: &str) -> ObjectMeta {
    let mut metadata = named(plan, name, MONITORING);
    if let Some(labels) = &mut metadata.labels {
        labels.insert("release".to_owned(), plan.release.clone());
    }
    metadata
}
