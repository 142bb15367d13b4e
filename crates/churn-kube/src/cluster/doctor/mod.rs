//! Checks the wiring between the churn system and its monitoring: on files, or on a cluster. What is
//! found is a value; how it is shown is `reports/`' affair.

mod alerting;
mod as_rendered;
mod expected;
mod finding;
mod hook;
mod inventory;
mod live;
mod monitoring;
mod objects;
mod online;
mod operator;
mod placeholders;
mod pod_security;
mod references;
pub mod selector;
mod wiring;
mod workloads;

pub use expected::Expected;
pub use finding::{Check, Finding, Health, NO_PERMISSION, worst};
pub use inventory::Inventory;
pub use live::{LiveAt, ask};
pub use online::{examine, rendered};

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
