//! A node that runs the pods of the cluster as processes of this machine: real exit codes, real signals, real
//! limits, no images. What an image holds is one program, named on the command line.

pub(crate) mod cgroup;
pub(crate) mod container;
pub(crate) mod environment;
pub(crate) mod kubelet;
pub(crate) mod launcher;
pub(crate) mod log;
pub(crate) mod pod;
pub(crate) mod probe;
pub(crate) mod volume;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node as NodeObject, Pod};
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};
use serde_json::json;

use pod::PodRun;

/// What a node is started with.
pub(crate) struct Node {
    pub(crate) name: String,
    /// Address of its kubelet, on the bridge of the pods.
    pub(crate) address: String,
    pub(crate) client: Client,
    pub(crate) folder: PathBuf,
    pub(crate) claims: PathBuf,
    /// The `/etc/hosts` of all pods.
    pub(crate) hosts: PathBuf,
    /// Part of an image's name, and the program that stands for it; the first that fits.
    pub(crate) images: Vec<(String, PathBuf)>,
    /// The number by which its pods have addresses: 10.244.NUMBER.x.
    pub(crate) number: u8,
    pub(crate) pods: Mutex<BTreeMap<String, Arc<PodRun>>>,
}

pub(crate) fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{} {text}", Timestamp::now());
}

/// A quantity of Kubernetes as a number: `250m`, `1Gi`, `2`.
pub(crate) fn quantity(text: &str) -> Option<f64> {
    let split = text
        .find(|letter: char| letter.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let factor = match &text[split..] {
        "" => 1.0,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    text[..split]
        .parse::<f64>()
        .ok()
        .map(|number| number * factor)
}

impl Node {
    pub(crate) fn running(&self) -> Vec<Arc<PodRun>> {
        self.pods
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    /// Runs until the process is ended.
    pub(crate) async fn run(self: Arc<Self>) -> Result<(), String> {
        self.register().await;
        tokio::spawn(Arc::clone(&self).beat());
        let pods = Api::<Pod>::all(self.client.clone());
        let mine = watcher::Config::default().fields(&format!("spec.nodeName={}", self.name));
        let mut events = watcher(pods, mine).default_backoff().boxed();
        let mut last = 1_u16;
        let mut listed = Vec::new();
        while let Some(event) = events.next().await {
            match event {
                Ok(watcher::Event::Apply(pod)) => self.apply(pod, &mut last),
                Ok(watcher::Event::InitApply(pod)) => {
                    listed.extend(pod.metadata.uid.clone());
                    self.apply(pod, &mut last);
                }
                Ok(watcher::Event::Delete(pod)) => {
                    self.end(pod.metadata.uid.as_deref().unwrap_or_default())
                }
                Ok(watcher::Event::Init) => listed.clear(),
                Ok(watcher::Event::InitDone) => {
                    let gone = self
                        .running()
                        .into_iter()
                        .filter(|run| !listed.contains(&run.uid));
                    gone.for_each(|run| run.end_within(0));
                }
                Err(error) => say(&format!("watching pods: {error}")),
            }
        }
        Ok(())
    }

    fn apply(self: &Arc<Self>, pod: Pod, last: &mut u16) {
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        let mut pods = self.pods.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = pod.metadata.deletion_timestamp.is_some();
        let grace = pod
            .metadata
            .deletion_grace_period_seconds
            .and_then(|seconds| u64::try_from(seconds).ok());
        if !pods.contains_key(&uid) {
            let phase = pod
                .status
                .as_ref()
                .and_then(|status| status.phase.as_deref());
            if matches!(phase, Some("Succeeded" | "Failed")) && !ends {
                return;
            }
            pods.retain(|_, run| !run.is_over());
            *last = if *last >= 65_000 { 2 } else { *last + 1 };
            let address = format!(
                "10.244.{}.{}",
                u16::from(self.number) * 8 + *last / 250,
                *last % 250 + 2
            );
            let run = PodRun::new(self, pod, address);
            say(&format!(
                "pod {}/{} at {}",
                run.namespace, run.name, run.address
            ));
            tokio::spawn(Arc::clone(&run).run());
            pods.insert(uid.clone(), run);
        }
        if let Some(run) = pods.get(&uid).filter(|_| ends) {
            run.end_within(grace.unwrap_or(30));
        }
    }

    fn end(&self, uid: &str) {
        let pods = self.pods.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = pods.get(uid) {
            run.end_within(0);
        }
    }

    async fn register(&self) {
        let nodes = Api::<NodeObject>::all(self.client.clone());
        let node = json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": self.name, "labels": {
                "kubernetes.io/hostname": self.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}},
        });
        let Ok(node) = serde_json::from_value::<NodeObject>(node) else {
            return;
        };
        while let Err(error) = nodes.create(&PostParams::default(), &node).await {
            if matches!(&error, kube::Error::Api(status) if status.code == 409) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Says every five seconds that the node lives.
    async fn beat(self: Arc<Self>) {
        let nodes = Api::<NodeObject>::all(self.client.clone());
        let leases = Api::<Lease>::namespaced(self.client.clone(), "kube-node-lease");
        loop {
            let told = nodes
                .patch_status(
                    &self.name,
                    &PatchParams::default(),
                    &Patch::Strategic(self.status()),
                )
                .await;
            if let Err(error) = told {
                say(&format!("status of the node: {error}"));
                self.register().await;
            }
            let lease = json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": self.name},
                "spec": {"holderIdentity": self.name, "leaseDurationSeconds": 20, "renewTime": format!("{:.6}", Timestamp::now())},
            });
            let params = PatchParams::apply("churn-cluster").force();
            if let Err(error) = leases
                .patch(&self.name, &params, &Patch::Apply(lease))
                .await
            {
                say(&format!("lease of the node: {error}"));
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }

    fn status(&self) -> serde_json::Value {
        let now = Timestamp::now().to_string();
        let condition = |kind: &str, status: &str| json!({"type": kind, "status": status, "reason": "Kubelet", "lastHeartbeatTime": now});
        let resources =
            json!({"cpu": "16", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"});
        json!({"status": {
            "capacity": resources, "allocatable": resources,
            "conditions": [
                condition("Ready", "True"), condition("MemoryPressure", "False"),
                condition("DiskPressure", "False"), condition("PIDPressure", "False"),
            ],
            "addresses": [{"type": "InternalIP", "address": self.address}, {"type": "Hostname", "address": self.name}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet::PORT}},
            "nodeInfo": {
                "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "", "osImage": "processes",
                "containerRuntimeVersion": "processes://1", "kubeletVersion": "v1.36.3", "kubeProxyVersion": "",
                "operatingSystem": "linux", "architecture": "amd64"},
        }})
    }
}
