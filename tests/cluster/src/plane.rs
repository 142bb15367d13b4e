//! The control plane: etcd, API server, controller manager, scheduler, nodes; each can be killed and started again.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::network::API_SERVICE;

/// A process of the laboratory.
pub(crate) struct Part {
    program: PathBuf,
    args: Vec<String>,
    log: PathBuf,
    folder: PathBuf,
    child: Option<Child>,
}

impl Part {
    fn new(folder: &Path, name: &str, program: PathBuf, args: Vec<String>) -> Self {
        let log = folder.join("log").join(format!("{name}.log"));
        Self {
            program,
            args,
            log,
            folder: folder.to_owned(),
            child: None,
        }
    }

    /// Starts it; its log goes on.
    pub(crate) fn start(&mut self) -> Result<(), String> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(|error| error.to_string())?;
        let other = log.try_clone().map_err(|error| error.to_string())?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(other);
        let child = command
            .spawn()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        self.child = Some(child);
        Ok(())
    }

    /// Kills it where it stands.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.kill();
    }
}

/// All of them.
pub(crate) struct Plane {
    pub(crate) etcd: Part,
    pub(crate) api_server: Part,
    pub(crate) controllers: Part,
    pub(crate) scheduler: Part,
    pub(crate) nodes: Vec<Part>,
}

/// Address of the API server.
pub(crate) const API: &str = "127.0.0.1:6443";

/// Where the node of this number answers.
pub(crate) fn node_address(number: usize) -> String {
    format!("10.244.0.{}", 10 + number)
}

impl Plane {
    /// What is to run, from which programs; `images` are `NAME=PROGRAM` for the nodes.
    pub(crate) fn new(
        folder: &Path,
        tools: &Path,
        images: &[String],
        nodes: usize,
    ) -> Result<Self, String> {
        let part = |name: &str, args: &[&str]| {
            Part::new(
                folder,
                name,
                tools.join(name),
                args.iter().map(|arg| (*arg).to_owned()).collect(),
            )
        };
        let this = std::env::current_exe().map_err(|error| error.to_string())?;
        let nodes = (1..=nodes).map(|number| {
            let name = format!("node{number}");
            let mut args = vec![
                "node".to_owned(),
                "--lab".to_owned(),
                folder.display().to_string(),
                number.to_string(),
            ];
            args.extend_from_slice(images);
            Part::new(folder, &name, this.clone(), args)
        });
        Ok(Self {
            etcd: part(
                "etcd",
                &[
                    "--data-dir=etcd",
                    "--unsafe-no-fsync",
                    "--listen-client-urls=http://127.0.0.1:2379",
                    "--advertise-client-urls=http://127.0.0.1:2379",
                    "--listen-peer-urls=http://127.0.0.1:2380",
                ],
            ),
            api_server: part(
                "kube-apiserver",
                &[
                    "--etcd-servers=http://127.0.0.1:2379",
                    "--bind-address=127.0.0.1",
                    "--advertise-address=127.0.0.1",
                    "--secure-port=6443",
                    "--endpoint-reconciler-type=none",
                    "--service-cluster-ip-range=10.96.0.0/16",
                    "--allow-privileged=true",
                    "--authorization-mode=RBAC",
                    "--tls-cert-file=keys/apiserver.crt",
                    "--tls-private-key-file=keys/apiserver.key",
                    "--client-ca-file=keys/ca.crt",
                    "--service-account-issuer=https://kubernetes.default.svc",
                    "--service-account-key-file=keys/accounts.pub",
                    "--service-account-signing-key-file=keys/accounts.key",
                    "--kubelet-client-certificate=keys/admin.crt",
                    "--kubelet-client-key=keys/admin.key",
                    "--kubelet-preferred-address-types=InternalIP",
                    // Pods of a node that is lost are given up after seconds, not minutes.
                    "--default-not-ready-toleration-seconds=5",
                    "--default-unreachable-toleration-seconds=5",
                ],
            ),
            controllers: part(
                "kube-controller-manager",
                &[
                    "--kubeconfig=kubeconfig",
                    "--bind-address=127.0.0.1",
                    "--secure-port=10257",
                    "--root-ca-file=keys/ca.crt",
                    "--service-account-private-key-file=keys/accounts.key",
                    "--leader-elect=false",
                    "--allocate-node-cidrs=false",
                    "--cluster-cidr=10.244.0.0/16",
                    "--node-monitor-grace-period=20s",
                    "--node-monitor-period=2s",
                    "--horizontal-pod-autoscaler-sync-period=5s",
                ],
            ),
            scheduler: part(
                "kube-scheduler",
                &[
                    "--kubeconfig=kubeconfig",
                    "--bind-address=127.0.0.1",
                    "--secure-port=10259",
                    "--leader-elect=false",
                ],
            ),
            nodes: nodes.collect(),
        })
    }

    /// Starts the store and the API server, and returns when it is ready.
    pub(crate) fn start_api(&mut self) -> Result<Duration, String> {
        let began = Instant::now();
        self.etcd.start()?;
        self.api_server.start()?;
        self.wait_until_ready()?;
        Ok(began.elapsed())
    }

    /// Waits for the API server.
    pub(crate) fn wait_until_ready(&self) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs(180);
        loop {
            let folder = &self.api_server.folder;
            let asked = Command::new(self.api_server.program.with_file_name("kubectl"))
                .args(["get", "--raw", "/readyz"])
                .env("KUBECONFIG", folder.join("kubeconfig"))
                .output();
            if asked.is_ok_and(|output| output.stdout == b"ok") {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!(
                    "the API server is not ready, see {}",
                    self.api_server.log.display()
                ));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// Makes the keys of the cluster and the kubeconfig of its administrator.
pub(crate) fn make_keys(folder: &Path) -> Result<(), String> {
    let keys = folder.join("keys");
    std::fs::create_dir_all(&keys).map_err(|error| error.to_string())?;
    std::fs::create_dir_all(folder.join("log")).map_err(|error| error.to_string())?;
    let openssl = |args: &[&str]| {
        let output = Command::new("openssl")
            .args(args)
            .current_dir(&keys)
            .output()
            .map_err(|error| format!("openssl: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!(
            "openssl {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&output.stderr)
        ))
    };
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.crt",
        "-days",
        "30",
        "-subj",
        "/CN=laboratory",
    ])?;
    let nodes: Vec<String> = (1..=9)
        .map(|number| format!("IP:{}", node_address(number)))
        .collect();
    let server = format!("IP:127.0.0.1,IP:{API_SERVICE},DNS:localhost,DNS:kubernetes.default.svc");
    for (name, subject, names) in [
        ("apiserver", "/CN=kube-apiserver", server.as_str()),
        ("admin", "/O=system:masters/CN=admin", "DNS:admin"),
        ("kubelet", "/CN=kubelet", nodes.join(",").as_str()),
    ] {
        let (key, request, certificate) = (
            format!("{name}.key"),
            format!("{name}.csr"),
            format!("{name}.crt"),
        );
        openssl(&[
            "req", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-out", &request, "-subj",
            subject,
        ])?;
        let extensions =
            format!("extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName={names}\n");
        std::fs::write(keys.join("extensions"), extensions).map_err(|error| error.to_string())?;
        openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-out",
            &certificate,
            "-extfile",
            "extensions",
        ])?;
    }
    openssl(&["genrsa", "-out", "accounts.key", "2048"])?;
    openssl(&[
        "rsa",
        "-in",
        "accounts.key",
        "-pubout",
        "-out",
        "accounts.pub",
    ])?;
    let file = |name: &str| keys.join(name);
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "laboratory",
        "clusters": [{"name": "laboratory", "cluster": {"server": format!("https://{API}"), "certificate-authority": file("ca.crt")}}],
        "users": [{"name": "admin", "user": {"client-certificate": file("admin.crt"), "client-key": file("admin.key")}}],
        "contexts": [{"name": "laboratory", "context": {"cluster": "laboratory", "user": "admin", "namespace": "default"}}],
    });
    std::fs::write(folder.join("kubeconfig"), config.to_string()).map_err(|error| error.to_string())
}
