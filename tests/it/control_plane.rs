//! etcd and kube-apiserver as `tests/tools/build.sh cluster` builds them, without a controller or a node:
//! what they take and refuse is Kubernetes' own answer, and Jobs stay as they were created.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::harness::{Run, skipped_of};
use crate::servers::{eventually, free_address, installed};

pub(crate) const NAMESPACE: &str = "churn-mlops";

/// A control plane that runs; killed when it is dropped.
pub(crate) struct ControlPlane {
    children: Vec<Child>,
    folder: tempfile::TempDir,
    server: String,
    kubectl: PathBuf,
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Returns a program that is built from Go modules.
fn built(name: &str) -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/go-tools");
    let program = tools.join(name);
    if program.is_file() {
        return Some(program);
    }
    skipped_of(
        "cluster",
        &format!("{name} is not built (tests/tools/build.sh cluster)"),
    );
    None
}

impl ControlPlane {
    /// Starts both, and waits until they are ready; none where they are not built.
    pub(crate) fn start() -> Option<Self> {
        let (etcd, api_server) = (built("etcd")?, built("kube-apiserver")?);
        let (kubectl, openssl) = (installed("kubectl")?, installed("openssl")?);
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        // Whoever has this token may do everything; ServiceAccounts sign theirs with the key.
        let admin = "admin-token,admin,1,system:masters\n";
        std::fs::write(at("tokens.csv"), admin).expect("write");
        let key = ["genrsa", "-out", &at("sa.key"), "2048"].map(str::to_owned);
        let made = Command::new(openssl)
            .args(key)
            .stderr(Stdio::null())
            .status();
        assert!(made.expect("openssl").success());
        let (clients, peers, api) = (free_address(), free_address(), free_address());
        let start = |program: &Path, name: &str, args: &[String]| {
            let log = std::fs::File::create(at(name)).expect("a log");
            let mut command = Command::new(program);
            command.args(args).current_dir(folder.path());
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log);
            command.spawn().expect("start")
        };
        let store = [
            "--data-dir=etcd".to_owned(),
            "--unsafe-no-fsync".to_owned(),
            format!("--listen-client-urls=http://{clients}"),
            format!("--advertise-client-urls=http://{clients}"),
            format!("--listen-peer-urls=http://{peers}"),
            format!("--initial-advertise-peer-urls=http://{peers}"),
            format!("--initial-cluster=default=http://{peers}"),
        ];
        let server = [
            format!("--etcd-servers=http://{clients}"),
            "--bind-address=127.0.0.1".to_owned(),
            "--advertise-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", api.port()),
            "--cert-dir=certificates".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
            "--authorization-mode=RBAC".to_owned(),
            // So that the policy refuses it, and not the server before it.
            "--allow-privileged=true".to_owned(),
            "--token-auth-file=tokens.csv".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            "--service-account-key-file=sa.key".to_owned(),
            "--service-account-signing-key-file=sa.key".to_owned(),
        ];
        let children = vec![
            start(&etcd, "etcd.log", &store),
            start(&api_server, "api.log", &server),
        ];
        let plane = Self {
            children,
            server: format!("https://{api}"),
            folder,
            kubectl,
        };
        plane.kubeconfig("admin", "admin-token");
        eventually("the API server is ready", || {
            let run = plane.kubectl("admin", &["get", "--raw", "/readyz"]);
            (run.stdout == "ok").then_some(())
        });
        Some(plane)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes the file by which `name` is somebody with this token.
    pub(crate) fn kubeconfig(&self, name: &str, token: &str) {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": self.server, "insecure-skip-tls-verify": true}}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": name, "namespace": NAMESPACE}}],
        });
        std::fs::write(self.path(name), config.to_string()).expect("write");
    }

    pub(crate) fn kubectl(&self, who: &str, args: &[&str]) -> Run {
        let output = Command::new(&self.kubectl)
            .args(args)
            .env("KUBECONFIG", self.path(who))
            .env("HOME", self.folder.path())
            .output();
        Run::of(&output.expect("kubectl"))
    }
}
