//! `churnctl retrain`: kubectl as the oracle of the Job, one Job whatever goes wrong, a wait that ends.

mod faults;
mod following;
mod hook;
mod hook_faults;
mod loop_closed;
mod oracle;
mod rules;

use std::time::Duration;

pub(crate) use hook::{Listener, notification};

use serde_json::{Value, json};

use crate::api_server::ApiServer;
use crate::harness::Churnctl;

/// A CronJob as `k8s/` has it, in small.
fn cron_job(name: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {"name": name, "namespace": "churn-mlops", "uid": format!("uid-of-{name}"), "labels": {"app": "churn"}},
        "spec": {
            "schedule": "0 3 * * 0", "concurrencyPolicy": "Forbid",
            "jobTemplate": {"spec": {"backoffLimit": 1, "template": {"spec": {"restartPolicy": "Never", "containers": [
                {"name": "train", "image": "churnctl:1", "args": ["train"], "resources": {}}
            ]}}}}
        },
        "status": {}
    })
}

const CRON_JOB: &str = "churn-retrain-weekly";

/// A server with the CronJob, and a folder with its kubeconfig.
pub(crate) fn stub() -> (ApiServer, Churnctl) {
    let server = ApiServer::start();
    server.put(cron_job(CRON_JOB));
    let churnctl = beside(&server);
    (server, churnctl)
}

fn beside(server: &ApiServer) -> Churnctl {
    let churnctl = Churnctl::new().file("kubeconfig", server.kubeconfig());
    let path = churnctl.path("kubeconfig").display().to_string();
    churnctl
        .env("KUBECONFIG", &path)
        .env("USER", "eve")
        .env("HOSTNAME", "desk")
}

/// Runs every case on a thread of its own: they wait more than they work.
fn all_at_once<T: Copy + Send>(cases: &[T], run: impl Fn(T) + Sync) {
    let run = &run;
    std::thread::scope(|scope| {
        for case in cases {
            let case = *case;
            scope.spawn(move || run(case));
        }
    });
}

/// Waits for something that another thread or process does.
#[track_caller]
fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(Duration::from_secs(30), what, look)
}

#[track_caller]
fn within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = std::time::Instant::now() + patience;
    while std::time::Instant::now() < end {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("waited in vain for {what}");
}
