//! The laboratory: starts the cluster, gives scenarios what they need of it, tells how each went.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;

use crate::network::{self, Network};
use crate::plane::{self, Plane};
use crate::scenarios::{self, NAMESPACE};

#[derive(Args)]
pub(crate) struct Options {
    /// Scenarios to run; all where none is named.
    scenarios: Vec<String>,
    /// Folder of the programs that `tests/tools/build.sh cluster` has built.
    #[arg(long)]
    tools: PathBuf,
    /// The binary to be tried.
    #[arg(long)]
    churnctl: PathBuf,
    /// Folder for everything that the cluster writes; made anew.
    #[arg(long)]
    lab: PathBuf,
    /// How often each kind of bad luck is repeated.
    #[arg(long, default_value_t = 20)]
    repeat: usize,
}

/// A running cluster.
pub(crate) struct Lab {
    pub(crate) folder: PathBuf,
    pub(crate) churnctl: PathBuf,
    pub(crate) tools: PathBuf,
    pub(crate) repeat: usize,
    pub(crate) plane: Plane,
}

/// What a command gave back.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// What a scenario ends with: what it saw, or what was wrong.
pub(crate) type Outcome = Result<String, String>;

pub(crate) fn tell(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A client of the cluster for its administrator.
pub(crate) async fn client(lab: &Path) -> Result<Client, String> {
    // Of the two providers that may be linked the one that kube uses; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let file = Kubeconfig::read_from(lab.join("kubeconfig")).map_err(|error| error.to_string())?;
    let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
    Client::try_from(config.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
}

/// Starts a cluster, runs the scenarios one after the other, and fails where one of them does.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    alone()?;
    let wanted = |name: &str| {
        options.scenarios.is_empty() || options.scenarios.iter().any(|one| one == name)
    };
    for name in &options.scenarios {
        if !scenarios::ALL.iter().any(|(known, ..)| known == name) {
            return Err(format!("there is no scenario {name}; `list` names them"));
        }
    }
    let mut lab = Lab::start(options)?;
    let mut failed = Vec::new();
    for (name, _, scenario) in scenarios::ALL.iter().filter(|(name, ..)| wanted(name)) {
        let began = Instant::now();
        let outcome = scenario(&mut lab);
        let seconds = began.elapsed().as_secs_f64();
        let cost = format!("{name:<12} {seconds:>6.1} s {:>5.1} GiB", resident_gib());
        match outcome {
            Ok(seen) => tell(&format!("ok     {cost}  {seen}")),
            Err(wrong) => {
                tell(&format!("FAILED {cost}  {wrong}"));
                failed.push(*name);
            }
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "failed: {}; logs are in {}",
            failed.join(", "),
            lab.folder.join("log").display()
        ))
    }
}

/// Memory of all processes of the laboratory now; what they share is counted once for each.
fn resident_gib() -> f64 {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pages = entries.filter_map(|entry| {
        let text = std::fs::read_to_string(entry.path().join("statm")).ok()?;
        text.split(' ').nth(1)?.parse::<f64>().ok()
    });
    pages.sum::<f64>() * 4_096.0 / f64::from(1 << 30)
}

/// Refuses to run where others would see the addresses and mounts of the cluster.
fn alone() -> Result<(), String> {
    let interfaces = std::fs::read_to_string("/proc/net/dev").unwrap_or_default();
    if interfaces
        .lines()
        .skip(2)
        .any(|line| !line.trim_start().starts_with("lo:"))
    {
        return Err("this network is not the laboratory's own: start tests/cluster.sh".to_owned());
    }
    Ok(())
}

impl Lab {
    fn start(options: &Options) -> Result<Self, String> {
        let text = |error: std::io::Error| format!("{}: {error}", options.lab.display());
        if options.lab.exists() {
            std::fs::remove_dir_all(&options.lab).map_err(text)?;
        }
        std::fs::create_dir_all(options.lab.join("claims")).map_err(text)?;
        let folder = options.lab.canonicalize().map_err(text)?;
        std::fs::create_dir_all("/run/netns").map_err(text)?;
        nix::mount::mount(
            Some("tmpfs"),
            "/run/netns",
            Some("tmpfs"),
            nix::mount::MsFlags::empty(),
            None::<&str>,
        )
        .map_err(|error| format!("/run/netns: {error}"))?;
        std::fs::write(folder.join("hosts"), "").map_err(text)?;
        plane::make_keys(&folder)?;
        let tools = options
            .tools
            .canonicalize()
            .map_err(|error| format!("{}: {error}", options.tools.display()))?;
        let churnctl = options
            .churnctl
            .canonicalize()
            .map_err(|error| format!("{}: {error}", options.churnctl.display()))?;
        // A pod's program has the name of its file, and manifests call it by its own.
        if churnctl.file_name() != Some("churnctl".as_ref()) {
            return Err(format!("{}: is not named churnctl", churnctl.display()));
        }
        let tool = |name: &str| tools.join(name).display().to_string();
        let images = vec![
            format!("/churnctl={}", churnctl.display()),
            "/shell=/bin/sh".to_owned(),
            format!(
                "prometheus-config-reloader={}",
                tool("prometheus-config-reloader")
            ),
            format!("prometheus-operator={}", tool("prometheus-operator")),
            format!("kube-state-metrics={}", tool("kube-state-metrics")),
            format!("node-exporter={}", tool("node_exporter")),
            format!("pushgateway={}", tool("pushgateway")),
            format!("alertmanager={}", tool("alertmanager")),
            format!("prometheus={}", tool("prometheus")),
        ];
        let mut plane = Plane::new(&folder, &tools, &images, 2)?;
        network::raise_loopback()?;
        let ready = plane.start_api()?;
        let network_folder = folder.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let addresses: Vec<String> = (1..=plane.nodes.len()).map(plane::node_address).collect();
        let network = runtime.block_on(async {
            network::make_bridge(&addresses).await?;
            let api = plane::API
                .parse()
                .map_err(|error| format!("{}: {error}", plane::API))?;
            Ok::<_, String>(Network::new(
                client(&network_folder).await?,
                &network_folder,
                api,
            ))
        })?;
        runtime.spawn(network.run());
        // It lives as long as the process.
        std::mem::forget(runtime);
        plane.controllers.start()?;
        plane.scheduler.start()?;
        for node in &mut plane.nodes {
            node.start()?;
        }
        tell(&format!(
            "control plane ready after {:.1} s",
            ready.as_secs_f64()
        ));
        Ok(Self {
            folder,
            churnctl,
            tools,
            repeat: options.repeat,
            plane,
        })
    }

    /// Runs a program with the cluster's kubeconfig.
    pub(crate) fn command(&self, program: &Path, args: &[&str]) -> Result<Ran, String> {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(&self.folder)
            .env("KUBECONFIG", self.folder.join("kubeconfig"))
            .env("HOME", &self.folder);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.tools.display()));
        let output = command
            .output()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        Ok(Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// `kubectl`, which must succeed; what it printed.
    pub(crate) fn kubectl(&self, args: &[&str]) -> Result<String, String> {
        let ran = self.command(&self.tools.join("kubectl"), args)?;
        if ran.code == 0 {
            Ok(ran.out)
        } else {
            Err(format!("kubectl {}: {}", args.join(" "), ran.err.trim()))
        }
    }

    /// `kubectl` in the namespace that is tried; the words have no spaces within.
    pub(crate) fn ours(&self, words: &str) -> Result<String, String> {
        let words: Vec<&str> = words.split_whitespace().collect();
        self.kubectl(&[&["-n", NAMESPACE], words.as_slice()].concat())
    }

    /// Objects of that namespace.
    pub(crate) fn get(&self, words: &str) -> Result<Value, String> {
        let out = self.ours(&format!("get -o json {words}"))?;
        serde_json::from_str(&out).map_err(|error| error.to_string())
    }

    /// Those of a list.
    pub(crate) fn list(&self, words: &str) -> Result<Vec<Value>, String> {
        Ok(match self.get(words)?["items"].take() {
            Value::Array(items) => items,
            _ => Vec::new(),
        })
    }

    /// Kills so many of the containers whose program was called with these arguments.
    pub(crate) fn kill_programs(&self, arguments: &str, count: usize) -> Result<(), String> {
        let name = self.churnctl.file_name().unwrap_or_default();
        let wanted = format!("/{} {arguments}", name.to_string_lossy());
        let mut killed = 0;
        for entry in std::fs::read_dir("/proc").map_err(|error| error.to_string())? {
            let Some(id) = entry
                .ok()
                .and_then(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
            else {
                continue;
            };
            let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            if line.starts_with(&wanted) {
                // One that has ended meanwhile is no error.
                let _ = nix::sys::signal::kill(
                    nix::unistd::Pid::from_raw(id),
                    nix::sys::signal::Signal::SIGKILL,
                );
                killed += 1;
            }
            if killed == count {
                return Ok(());
            }
        }
        Err(format!("{killed} programs run as {wanted}, not {count}"))
    }

    /// The binary that is tried.
    pub(crate) fn churnctl(&self, args: &[&str]) -> Result<Ran, String> {
        self.command(&self.churnctl, args)
    }

    /// Applies a manifest given as text.
    pub(crate) fn apply(&self, name: &str, manifest: &str) -> Result<(), String> {
        let file = self.folder.join(name);
        std::fs::write(&file, manifest).map_err(|error| error.to_string())?;
        self.kubectl(&[
            "apply",
            "--server-side",
            "--force-conflicts",
            "-f",
            &file.display().to_string(),
        ])
        .map(drop)
    }

    /// Waits until something is so; `what` is told where it never is.
    pub(crate) fn until<T>(
        &self,
        what: &str,
        seconds: u64,
        mut look: impl FnMut(&Self) -> Result<Option<T>, String>,
    ) -> Result<T, String> {
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut last = String::new();
        loop {
            match look(self) {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(error) => last = format!(" (last: {error})"),
            }
            if Instant::now() > end {
                return Err(format!("after {seconds} s not yet: {what}{last}"));
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// GET of a Service of the cluster, from outside of its pods.
    pub(crate) fn ask(
        &self,
        namespace: &str,
        service: &str,
        port: u16,
        path: &str,
    ) -> Result<String, String> {
        let address = self.kubectl(&[
            "-n",
            namespace,
            "get",
            "service",
            service,
            "-o",
            "jsonpath={.spec.clusterIP}",
        ])?;
        let address = if address == "None" {
            let of = format!("kubernetes.io/service-name={service}");
            self.kubectl(&[
                "-n",
                namespace,
                "get",
                "endpointslices",
                "-l",
                &of,
                "-o",
                "jsonpath={.items[0].endpoints[0].addresses[0]}",
            ])?
        } else {
            address
        };
        let url = format!("http://{address}:{port}{path}");
        let mut answer = ureq::get(&url)
            .call()
            .map_err(|error| format!("{url}: {error}"))?;
        answer
            .body_mut()
            .read_to_string()
            .map_err(|error| format!("{url}: {error}"))
    }

    /// The values of a query in the cluster's Prometheus, with their labels.
    pub(crate) fn query(&self, expression: &str) -> Result<Vec<(Value, f64)>, String> {
        let encoded: String = expression
            .bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect();
        let text = self.ask(
            "monitoring",
            "prometheus-operated",
            9090,
            &format!("/api/v1/query?query={encoded}"),
        )?;
        let answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let results = answer["data"]["result"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        Ok(results
            .into_iter()
            .map(|one| {
                let value = one["value"][1]
                    .as_str()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(f64::NAN);
                (one["metric"].clone(), value)
            })
            .collect())
    }

    /// Names of the alerts that fire.
    pub(crate) fn firing(&self) -> Result<Vec<String>, String> {
        let found = self.query("ALERTS{alertstate=\"firing\"}")?;
        Ok(found
            .iter()
            .filter_map(|(labels, _)| labels["alertname"].as_str().map(str::to_owned))
            .collect())
    }
}
