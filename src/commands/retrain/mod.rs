//! `churnctl retrain`: one file a subcommand, and what they share.

pub mod advise;
pub mod listen;
pub mod now;
pub mod status;

use crate::cluster::Target;
use crate::settings::Settings;

use super::Console;

/// Returns a name of the deployment: it has a default.
pub(super) fn named(settings: &Settings, key: &str) -> String {
    settings.deployment.text(key).unwrap_or_default()
}

/// Takes which namespace of which cluster.
pub(super) fn target(settings: &Settings) -> Target {
    let cluster = &settings.cluster;
    Target {
        context: cluster.context.clone(),
        namespace: named(settings, "k8s.namespace"),
        deadline: cluster.deadline.get(),
    }
}

/// Returns who runs us, for the record: `user@host`.
fn requester(console: &Console<'_>) -> String {
    let user = ["USER", "LOGNAME"]
        .iter()
        .find_map(|name| console.var(name));
    format!("{}@{}", user.unwrap_or("unknown"), host(console))
}

/// Returns the name of the machine, or of the pod.
fn host(console: &Console<'_>) -> String {
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = console.var("HOSTNAME").map(str::to_owned).or_else(kernel);
    host.map_or_else(|| "unknown".to_owned(), |host| host.trim().to_owned())
}
