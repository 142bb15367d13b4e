//! The network of the cluster: one bridge for all pods, a proxy for the addresses of Services, and names in the
//! `/etc/hosts` that all pods share.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Seek, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::node::{quantity, say};

pub(crate) const BRIDGE: &str = "10.244.0.1";
pub(crate) const BRIDGE_NAME: &str = "pods";
/// Address of the API server as pods know it.
pub(crate) const API_SERVICE: &str = "10.96.0.1";

/// Where the connections to a Service may go now.
type Targets = Arc<Mutex<Vec<SocketAddr>>>;

/// Carries Services, names and claims; started once for all nodes.
pub(crate) struct Network {
    client: Client,
    hosts: PathBuf,
    claims: PathBuf,
    api_server: SocketAddr,
    proxies: BTreeMap<(String, u16), Targets>,
    written: String,
}

async fn ip(args: &[&str]) -> Result<(), String> {
    let output = Command::new("ip")
        .args(args)
        .output()
        .await
        .map_err(|error| format!("ip: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "ip {}: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}

/// Makes loopback answer, which it does not in a network that is new.
pub(crate) fn raise_loopback() -> Result<(), String> {
    let raised = std::process::Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    match raised {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("ip link set lo up: {status}")),
        Err(error) => Err(format!("ip: {error}")),
    }
}

/// Makes the bridge with the addresses of the nodes on it.
pub(crate) async fn make_bridge(nodes: &[String]) -> Result<(), String> {
    ip(&["link", "add", BRIDGE_NAME, "type", "bridge"]).await?;
    for address in nodes.iter().map(String::as_str).chain([BRIDGE]) {
        ip(&["addr", "add", &format!("{address}/16"), "dev", BRIDGE_NAME]).await?;
    }
    ip(&["link", "set", BRIDGE_NAME, "up"]).await
}

impl Network {
    pub(crate) fn new(client: Client, folder: &Path, api_server: SocketAddr) -> Self {
        Self {
            client,
            hosts: folder.join("hosts"),
            claims: folder.join("claims"),
            api_server,
            proxies: BTreeMap::new(),
            written: String::new(),
        }
    }

    /// Follows the cluster until the process ends.
    pub(crate) async fn run(mut self) {
        loop {
            if let Err(error) = self.follow().await {
                say(&format!("network: {error}"));
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    async fn follow(&mut self) -> Result<(), String> {
        let text = |error: kube::Error| error.to_string();
        let all = ListParams::default();
        let services = Api::<Service>::all(self.client.clone())
            .list(&all)
            .await
            .map_err(text)?;
        let slices = Api::<EndpointSlice>::all(self.client.clone())
            .list(&all)
            .await
            .map_err(text)?;
        let mut names = BTreeSet::from(["127.0.0.1 localhost".to_owned()]);
        for service in services {
            let of = |text: &Option<String>| text.clone().unwrap_or_default();
            let (namespace, name) = (of(&service.metadata.namespace), of(&service.metadata.name));
            let whole = format!(
                "{name} {name}.{namespace} {name}.{namespace}.svc {name}.{namespace}.svc.cluster.local"
            );
            let mine: Vec<_> = slices
                .items
                .iter()
                .filter(|slice| {
                    let labels = slice.metadata.labels.as_ref();
                    slice.metadata.namespace.as_ref() == Some(&namespace)
                        && labels.and_then(|labels| labels.get("kubernetes.io/service-name"))
                            == Some(&name)
                })
                .collect();
            let specification = service.spec.unwrap_or_default();
            let address = specification.cluster_ip.unwrap_or_default();
            if address.is_empty() || address == "None" {
                names.extend(
                    mine.iter()
                        .flat_map(|slice| headless(slice, &namespace, &name)),
                );
                continue;
            }
            names.insert(format!("{address} {whole}"));
            for port in specification.ports.unwrap_or_default() {
                let targets = if address == API_SERVICE {
                    vec![self.api_server]
                } else {
                    mine.iter()
                        .flat_map(|slice| ready(slice, port.name.as_deref()))
                        .collect()
                };
                let number = u16::try_from(port.port).unwrap_or(0);
                self.proxy(&address, number, targets).await?;
            }
        }
        self.write_hosts(&names)
            .map_err(|error| error.to_string())?;
        self.bind_claims().await
    }

    /// Points a Service's address at its pods, with a listener the first time.
    async fn proxy(
        &mut self,
        address: &str,
        port: u16,
        targets: Vec<SocketAddr>,
    ) -> Result<(), String> {
        let key = (address.to_owned(), port);
        if let Some(known) = self.proxies.get(&key) {
            *known.lock().unwrap_or_else(PoisonError::into_inner) = targets;
            return Ok(());
        }
        // A Service has one address and maybe several ports.
        let _ = ip(&["addr", "add", &format!("{address}/32"), "dev", "lo"]).await;
        let listener = TcpListener::bind((address, port))
            .await
            .map_err(|error| format!("{address}:{port}: {error}"))?;
        let targets: Targets = Arc::new(Mutex::new(targets));
        self.proxies.insert(key, Arc::clone(&targets));
        tokio::spawn(async move {
            let mut turn = 0_usize;
            while let Ok((client, _)) = listener.accept().await {
                turn += 1;
                let all = targets
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                tokio::spawn(carry(client, all, turn));
            }
        });
        Ok(())
    }

    fn write_hosts(&mut self, names: &BTreeSet<String>) -> std::io::Result<()> {
        let text: String = names.iter().map(|line| format!("{line}\n")).collect();
        if text != self.written {
            // The same file, since it is mounted into pods; one write, so that nobody reads half of it.
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&self.hosts)?;
            file.rewind()?;
            file.write_all(text.as_bytes())?;
            file.set_len(text.len() as u64)?;
            self.written = text;
        }
        Ok(())
    }

    /// Gives every claim a folder that holds as much as it asks for, and no more.
    async fn bind_claims(&self) -> Result<(), String> {
        let text = |error: kube::Error| error.to_string();
        let claims = Api::<PersistentVolumeClaim>::all(self.client.clone())
            .list(&ListParams::default())
            .await
            .map_err(text)?;
        for claim in claims {
            if claim.status.and_then(|status| status.phase).as_deref() != Some("Pending") {
                continue;
            }
            let of = |text: Option<String>| text.unwrap_or_default();
            let (namespace, name) = (of(claim.metadata.namespace), of(claim.metadata.name));
            let uid = of(claim.metadata.uid);
            let specification = claim.spec.unwrap_or_default();
            let size = specification
                .resources
                .and_then(|resources| resources.requests);
            let Some(size) = size.and_then(|requests| requests.get("storage").cloned()) else {
                continue;
            };
            let folder = self.claims.join(format!("{namespace}-{name}"));
            std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
            let bytes = quantity(&size.0).unwrap_or(1e9);
            let options = format!("size={bytes:.0},mode=777");
            let flags = nix::mount::MsFlags::empty();
            nix::mount::mount(
                Some("tmpfs"),
                &folder,
                Some("tmpfs"),
                flags,
                Some(options.as_str()),
            )
            .map_err(|error| format!("{}: {error}", folder.display()))?;
            let volume = json!({
                "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": format!("volume-{uid}")},
                "spec": {
                    "capacity": {"storage": size}, "accessModes": specification.access_modes,
                    "storageClassName": specification.storage_class_name.unwrap_or_default(),
                    "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": folder},
                    "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": namespace, "name": name, "uid": uid},
                },
            });
            let Ok(volume) = serde_json::from_value::<PersistentVolume>(volume) else {
                continue;
            };
            let made = Api::<PersistentVolume>::all(self.client.clone())
                .create(&PostParams::default(), &volume)
                .await;
            match made {
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                other => {
                    other.map_err(text)?;
                }
            }
        }
        Ok(())
    }
}

/// Passes bytes both ways between a client and one of the pods; tries the others where one does not answer.
async fn carry(mut client: TcpStream, targets: Vec<SocketAddr>, turn: usize) {
    for step in 0..targets.len() {
        let target = targets[(turn + step) % targets.len()];
        let connected =
            tokio::time::timeout(Duration::from_secs(2), TcpStream::connect(target)).await;
        if let Ok(Ok(mut pod)) = connected {
            let _ = client.set_nodelay(true);
            let _ = pod.set_nodelay(true);
            let _ = tokio::io::copy_bidirectional(&mut client, &mut pod).await;
            return;
        }
    }
}

fn ready(slice: &EndpointSlice, port_name: Option<&str>) -> Vec<SocketAddr> {
    let ports = slice.ports.iter().flatten();
    let ports: Vec<u16> = ports
        .filter(|port| port.name.as_deref().unwrap_or_default() == port_name.unwrap_or_default())
        .filter_map(|port| u16::try_from(port.port?).ok())
        .collect();
    let endpoints = slice.endpoints.iter().filter(|endpoint| {
        endpoint
            .conditions
            .as_ref()
            .and_then(|conditions| conditions.ready)
            .unwrap_or(true)
    });
    let addresses = endpoints.flat_map(|endpoint| endpoint.addresses.iter());
    addresses
        .filter_map(|address| address.parse().ok())
        .flat_map(|address| {
            ports
                .iter()
                .map(move |port| SocketAddr::new(address, *port))
        })
        .collect()
}

fn headless(slice: &EndpointSlice, namespace: &str, name: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for endpoint in &slice.endpoints {
        let pod = endpoint
            .target_ref
            .as_ref()
            .and_then(|target| target.name.clone())
            .unwrap_or_default();
        let host = endpoint.hostname.clone().unwrap_or(pod);
        for address in &endpoint.addresses {
            lines.push(format!(
                "{address} {host}.{name}.{namespace}.svc {host}.{name}.{namespace}.svc.cluster.local {name} {name}.{namespace} {name}.{namespace}.svc {name}.{namespace}.svc.cluster.local"
            ));
        }
    }
    lines
}
