//! Checks the wiring between the churn system and its monitoring: on files, or on a cluster. What is
//! found is a value; how it is shown is `reports/`' affair.

mod alerting;
mod finding;
mod hook;
mod inventory;
mod live;
mod monitoring;
mod online;
mod operator;
mod placeholders;
mod pod_security;
pub mod selector;
mod wiring;
mod workloads;

pub use finding::{Check, Finding, Health, worst};
pub use inventory::Inventory;
pub use live::{LiveAt, ask};
pub use online::examine;

/// The names that the checks look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Namespace of the churn system.
    pub namespace: String,
    /// Namespace that Prometheus runs in, where it can't be told from the objects.
    pub monitoring_namespace: String,
    /// Deployment, Service and ServiceMonitor of the API.
    pub api: String,
    /// PrometheusRule.
    pub rules: String,
    /// CronJob of the drift check.
    pub drift: String,
    /// CronJob of the retrain.
    pub retrain: String,
    /// Deployment and Service of the alert webhook.
    pub hook: String,
    /// Lease of the retrain.
    pub lease: String,
}

/// Runs the checks that objects alone can answer.
#[must_use]
pub fn examine_files(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(monitoring::service_monitors(inventory, expected));
    found.extend(monitoring::rules(inventory, expected));
    found.extend(alerting::check(inventory, expected));
    found.extend(wiring::services(inventory, expected));
    found.extend(wiring::pods(inventory, expected));
    found.extend(workloads::drift(inventory, expected));
    found.extend(workloads::storage(inventory, expected));
    found.extend(hook::check(inventory, expected));
    found.extend(pod_security::check(inventory, expected));
    found.extend(placeholders::check(inventory, expected));
    found
}
