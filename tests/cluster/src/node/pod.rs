//! One pod: its network, its volumes, its containers in order, its status, its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use serde_json::json;
use tokio::process::Command;
use tokio::sync::{Notify, watch};

use super::Node;
use super::container::{ContainerRun, waiting};
use super::volume::Volumes;

/// A pod that this node runs.
pub(crate) struct PodRun {
    pub(crate) node: Arc<Node>,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) specification: PodSpec,
    pub(crate) address: String,
    pub(crate) folder: PathBuf,
    pub(crate) volumes: Volumes,
    pub(crate) init: Vec<Arc<ContainerRun>>,
    pub(crate) containers: Vec<Arc<ContainerRun>>,
    /// Told whenever the status may be another one.
    pub(crate) changed: Notify,
    began: Timestamp,
    /// Seconds of grace once the pod is to end.
    stop: watch::Sender<Option<u64>>,
    phase: watch::Sender<Option<&'static str>>,
    over: AtomicBool,
}

impl PodRun {
    pub(crate) fn new(node: &Arc<Node>, pod: Pod, address: String) -> Arc<Self> {
        let specification = pod.spec.clone().unwrap_or_default();
        let of = |text: &Option<String>| text.clone().unwrap_or_default();
        let uid = of(&pod.metadata.uid);
        let namespace = of(&pod.metadata.namespace);
        let folder = node.folder.join("pods").join(&uid);
        let runs = |containers: &[Container]| {
            containers
                .iter()
                .cloned()
                .map(ContainerRun::new)
                .map(Arc::new)
                .collect::<Vec<_>>()
        };
        Arc::new(Self {
            namespace: namespace.clone(),
            name: of(&pod.metadata.name),
            init: runs(specification.init_containers.as_deref().unwrap_or_default()),
            containers: runs(&specification.containers),
            volumes: Volumes {
                client: node.client.clone(),
                pod,
                namespace,
                folder: folder.join("volumes"),
                claims: node.claims.clone(),
                address: address.clone(),
            },
            node: Arc::clone(node),
            uid,
            specification,
            address,
            folder,
            changed: Notify::new(),
            began: Timestamp::now(),
            stop: watch::Sender::new(None),
            phase: watch::Sender::new(None),
            over: AtomicBool::new(false),
        })
    }

    pub(crate) fn network_file(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(self.network())
    }

    fn network(&self) -> String {
        format!("p{}", &self.uid[..13])
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stop.borrow().is_some()
    }

    /// Seconds that a program has to end after SIGTERM.
    pub(crate) fn grace(&self) -> u64 {
        let seconds = self.specification.termination_grace_period_seconds;
        self.stop
            .borrow()
            .or(seconds.and_then(|seconds| u64::try_from(seconds).ok()))
            .unwrap_or(30)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Asks the pod to end; a shorter time replaces a longer one.
    pub(crate) fn end_within(&self, grace: u64) {
        self.stop.send_if_modified(|stop| {
            let sooner = stop.is_none_or(|seconds| grace < seconds);
            if sooner {
                *stop = Some(grace);
            }
            sooner
        });
    }

    /// Waits so long, or until the pod is to end.
    pub(crate) async fn stop_or_after(&self, time: Duration) {
        let mut stop = self.stop.subscribe();
        let _ = tokio::time::timeout(time, stop.wait_for(Option::is_some)).await;
    }

    /// Runs it to its end, deletion included.
    pub(crate) async fn run(self: Arc<Self>) {
        let reporter = tokio::spawn(Arc::clone(&self).report());
        let mut stop = self.stop.subscribe();
        let ended = tokio::select! {
            phase = self.live() => Some(phase),
            _ = stop.wait_for(Option::is_some) => None,
        };
        if ended.is_none() {
            let grace = Duration::from_secs(self.grace());
            let all = self.containers.iter().chain(&self.init);
            let stops: Vec<_> = all
                .cloned()
                .map(|container| {
                    let pod = Arc::clone(&self);
                    tokio::spawn(async move { container.stop(&pod, grace).await })
                })
                .collect();
            for stop in stops {
                let _ = stop.await;
            }
        }
        let fine = self
            .containers
            .iter()
            .all(|container| container.exit_code() == Some(0));
        let phase = ended.unwrap_or(if fine { "Succeeded" } else { "Failed" });
        let _ = self.phase.send_replace(Some(phase));
        self.changed.notify_one();
        let _ = reporter.await;
        self.unplug().await;
        super::say(&format!("pod {}/{} {phase}", self.namespace, self.name));
        // A pod that ended by itself stays until somebody deletes it.
        let _ = stop.wait_for(Option::is_some).await;
        self.forget().await;
        self.over.store(true, Ordering::SeqCst);
    }

    /// From volumes to the last exit; the phase that it leads to.
    async fn live(self: &Arc<Self>) -> &'static str {
        while let Err(missing) = self.volumes.fill().await {
            self.every(|container| {
                container.with(|known| known.state = waiting("ContainerCreating", &missing));
            });
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        while let Err(error) = self.plug().await {
            super::say(&format!("network of {}: {error}", self.name));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let refresh = Arc::clone(self);
        tokio::spawn(async move {
            while !refresh.stopping() && refresh.phase.borrow().is_none() {
                refresh.stop_or_after(Duration::from_secs(3)).await;
                let _ = refresh.volumes.fill().await;
            }
        });
        let policy = self
            .specification
            .restart_policy
            .clone()
            .unwrap_or_else(|| "Always".to_owned());
        for init in &self.init {
            let pod = Arc::clone(self);
            if init.container.restart_policy.as_deref() == Some("Always") {
                let sidecar = Arc::clone(init);
                tokio::spawn(async move { sidecar.supervise(&pod, "Always").await });
                while !init.with(|known| known.started) {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                continue;
            }
            let policy = if policy == "Never" {
                "Never"
            } else {
                "OnFailure"
            };
            if init.supervise(&pod, policy).await != 0 {
                return "Failed";
            }
        }
        let mut codes = Vec::new();
        for container in &self.containers {
            let (pod, container, policy) =
                (Arc::clone(self), Arc::clone(container), policy.clone());
            codes.push(tokio::spawn(async move {
                container.supervise(&pod, &policy).await
            }));
        }
        let mut fine = true;
        for code in codes {
            fine &= code.await.is_ok_and(|code| code == 0);
        }
        if self.stopping() {
            // The one who stops it tells the phase.
            std::future::pending::<()>().await;
        }
        if fine { "Succeeded" } else { "Failed" }
    }

    fn every(&self, change: impl Fn(&ContainerRun)) {
        self.containers
            .iter()
            .chain(&self.init)
            .for_each(|container| change(container));
        self.changed.notify_one();
    }

    async fn plug(&self) -> Result<(), String> {
        let (network, peer) = (self.network(), format!("v{}", &self.uid[..8]));
        let address = format!("{}/16", self.address);
        let steps: [Vec<&str>; 7] = [
            vec!["netns", "add", &network],
            vec![
                "link", "add", &peer, "type", "veth", "peer", "name", "eth0", "netns", &network,
            ],
            vec![
                "link",
                "set",
                &peer,
                "master",
                crate::network::BRIDGE_NAME,
                "up",
            ],
            vec!["-n", &network, "addr", "add", &address, "dev", "eth0"],
            vec!["-n", &network, "link", "set", "eth0", "up"],
            vec!["-n", &network, "link", "set", "lo", "up"],
            vec![
                "-n",
                &network,
                "route",
                "add",
                "default",
                "via",
                crate::network::BRIDGE,
            ],
        ];
        for step in steps {
            let output = Command::new("ip")
                .args(&step)
                .output()
                .await
                .map_err(|error| error.to_string())?;
            if !output.status.success() {
                self.unplug().await;
                return Err(format!(
                    "ip {}: {}",
                    step.join(" "),
                    String::from_utf8_lossy(&output.stderr)
                ));
            }
        }
        Ok(())
    }

    async fn unplug(&self) {
        let _ = Command::new("ip")
            .args(["netns", "del", &self.network()])
            .output()
            .await;
    }

    /// Tells the API server the status whenever it changed, until the phase was told.
    async fn report(self: Arc<Self>) {
        let pods = Api::<Pod>::namespaced(self.node.client.clone(), &self.namespace);
        loop {
            let phase = *self.phase.borrow();
            let status = json!({"status": self.status(phase)});
            let told = pods
                .patch_status(
                    &self.name,
                    &PatchParams::default(),
                    &Patch::Strategic(status),
                )
                .await;
            match told {
                Err(kube::Error::Api(error)) if error.code == 404 => return,
                Err(error) => {
                    super::say(&format!("status of {}: {error}", self.name));
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    continue;
                }
                Ok(_) if phase.is_some() => return,
                Ok(_) => self.changed.notified().await,
            }
        }
    }

    fn status(&self, phase: Option<&str>) -> serde_json::Value {
        let of = |containers: &[Arc<ContainerRun>]| {
            containers
                .iter()
                .map(|run| status_of(run))
                .collect::<Vec<_>>()
        };
        let containers = of(&self.containers);
        let ready = phase.is_none() && containers.iter().all(|status| status.ready);
        let begun = |status: &ContainerStatus| {
            status
                .state
                .as_ref()
                .is_some_and(|state| state.running.is_some() || state.terminated.is_some())
        };
        let initialized = self
            .init
            .iter()
            .all(|init| init.exit_code() == Some(0) || init.with(|known| known.started));
        let now = Time(Timestamp::now());
        let condition = |kind: &str, value: bool| json!({"type": kind, "status": if value { "True" } else { "False" }, "lastTransitionTime": now});
        let phase = phase.unwrap_or(if containers.iter().any(begun) {
            "Running"
        } else {
            "Pending"
        });
        json!({
            "phase": phase,
            "conditions": [
                condition("Initialized", initialized), condition("Ready", ready), condition("ContainersReady", ready),
            ],
            "containerStatuses": containers,
            "initContainerStatuses": of(&self.init),
            "podIP": self.address,
            "podIPs": [{"ip": self.address}],
            "hostIP": self.node.address,
            "startTime": Time(self.began),
        })
    }

    /// Removes the object, as a kubelet does when nothing runs any more.
    async fn forget(&self) {
        let pods = Api::<Pod>::namespaced(self.node.client.clone(), &self.namespace);
        let mut params = DeleteParams::default().grace_period(0);
        params.preconditions = Some(Preconditions {
            uid: Some(self.uid.clone()),
            resource_version: None,
        });
        loop {
            match pods.delete(&self.name, &params).await {
                Ok(_) | Err(kube::Error::Api(_)) => break,
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn status_of(run: &ContainerRun) -> ContainerStatus {
    run.with(|known| ContainerStatus {
        name: run.container.name.clone(),
        image: run.container.image.clone().unwrap_or_default(),
        ready: known.ready
            || (known
                .state
                .terminated
                .as_ref()
                .is_some_and(|end| end.exit_code == 0)),
        started: Some(known.started),
        restart_count: known.restarts,
        state: Some(known.state.clone()),
        last_state: known.last.clone(),
        ..ContainerStatus::default()
    })
}
