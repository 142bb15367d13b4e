//! One container of a pod: started, probed, restarted as the pod says, stopped in order.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateRunning, ContainerStateTerminated,
    ContainerStateWaiting,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::cgroup::{Cgroup, Limits};
use super::environment::{environment, expanded};
use super::launcher::{Bind, Launch, same_program};
use super::log::Log;
use super::pod::PodRun;
use super::probe;

/// What is known of a container; the pod's status is made of it.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) state: ContainerState,
    pub(crate) last: Option<ContainerState>,
    pub(crate) restarts: i32,
    pub(crate) ready: bool,
    pub(crate) started: bool,
    pub(crate) log: Option<Log>,
    pub(crate) previous_log: Option<Log>,
    pub(crate) cgroup: Option<Arc<Cgroup>>,
    process: Option<i32>,
}

/// A container of a running pod.
pub(crate) struct ContainerRun {
    pub(crate) container: Container,
    pub(crate) known: Mutex<Known>,
}

/// How a run of a container ended.
struct End {
    code: i32,
    oom_killed: bool,
}

pub(crate) fn waiting(reason: &str, message: &str) -> ContainerState {
    let message = (!message.is_empty()).then(|| message.to_owned());
    ContainerState {
        waiting: Some(ContainerStateWaiting {
            reason: Some(reason.to_owned()),
            message,
        }),
        ..ContainerState::default()
    }
}

impl ContainerRun {
    pub(crate) fn new(container: Container) -> Self {
        let known = Known {
            state: waiting("ContainerCreating", ""),
            ..Known::default()
        };
        Self {
            container,
            known: Mutex::new(known),
        }
    }

    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        // A poisoned lock means a task has panicked: the test fails anyway.
        change(
            &mut self
                .known
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }

    /// The code with which it ended for good, if it has.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        self.with(|known| known.state.terminated.as_ref().map(|end| end.exit_code))
    }

    /// Runs it until it is not to be started again; returns the last exit code.
    pub(crate) async fn supervise(&self, pod: &Arc<PodRun>, policy: &str) -> i32 {
        let mut backoff = Duration::from_secs(1);
        loop {
            let began = Timestamp::now();
            let code = match self.run_once(pod, began).await {
                Ok(end) => {
                    let state = self.terminated(&end, began);
                    self.with(|known| {
                        known.ready = false;
                        known.started = false;
                        known.process = None;
                        known.state = state;
                    });
                    Some(end.code)
                }
                Err((reason, message)) => {
                    self.with(|known| known.state = waiting(&reason, &message));
                    None
                }
            };
            pod.changed.notify_one();
            let over = match (code, policy) {
                (Some(0), "OnFailure") | (Some(_), "Never") => true,
                _ => pod.stopping(),
            };
            if over {
                if let Some(log) = self.with(|known| known.log.clone()) {
                    log.end();
                }
                return code.unwrap_or(1);
            }
            if let Some(code) = code {
                // A kubelet waits ten seconds and more; here a tenth of that.
                let message = format!("back-off restarting failed container (exit code {code})");
                tokio::time::sleep(Duration::from_millis(300)).await;
                self.with(|known| {
                    known.last = Some(std::mem::replace(
                        &mut known.state,
                        waiting("CrashLoopBackOff", &message),
                    ));
                    known.restarts += 1;
                });
                pod.changed.notify_one();
            }
            pod.stop_or_after(backoff).await;
            backoff = (backoff * 2).min(Duration::from_secs(30));
            if pod.stopping() {
                return code.unwrap_or(1);
            }
        }
    }

    async fn run_once(&self, pod: &Arc<PodRun>, began: Timestamp) -> Result<End, (String, String)> {
        let name = &self.container.name;
        let image = self.container.image.clone().unwrap_or_default();
        let program = pod
            .node
            .images
            .iter()
            .find(|(part, _)| image.contains(part.as_str()));
        let Some((_, program)) = program else {
            return Err((
                "ImagePullBackOff".to_owned(),
                format!("Back-off pulling image \"{image}\""),
            ));
        };
        let failed = |message: String| ("CreateContainerConfigError".to_owned(), message);
        let environment = environment(&pod.volumes, &self.container)
            .await
            .map_err(failed)?;
        let restarts = self.with(|known| known.restarts);
        let folder = pod.folder.join(name);
        let cgroup =
            Cgroup::create(&format!("{}-{name}-{restarts}", pod.uid), self.limits()).map(Arc::new);
        let expand = |texts: &Option<Vec<String>>| -> Vec<String> {
            texts
                .iter()
                .flatten()
                .map(|text| expanded(text, &environment))
                .collect()
        };
        let mut words = expand(&self.container.command);
        let mut inside = format!(
            "/{}",
            program.file_name().unwrap_or_default().to_string_lossy()
        );
        // Prometheus and Alertmanager have a volume of their name.
        let mut mounts = self.container.volume_mounts.iter().flatten();
        if mounts.any(|mount| mount.mount_path == inside) {
            inside = format!("/program{inside}");
        }
        if words
            .first()
            .is_none_or(|first| same_program(first, program))
        {
            words.splice(..usize::from(!words.is_empty()), [inside.clone()]);
        }
        words.extend(expand(&self.container.args));
        let launch = self.launch(
            pod,
            inside,
            program.clone(),
            words,
            environment.into_iter().collect(),
            cgroup.as_deref(),
        );
        let broken = |error: std::io::Error| ("CreateContainerError".to_owned(), error.to_string());
        std::fs::create_dir_all(&folder).map_err(broken)?;
        let specification = folder.join("launch.json");
        std::fs::write(
            &specification,
            serde_json::to_vec(&launch).unwrap_or_default(),
        )
        .map_err(broken)?;
        let mut child = tokio::process::Command::new(std::env::current_exe().map_err(broken)?)
            .arg("launch")
            .arg(&specification)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(broken)?;
        let log = Log::new(folder.join(format!("{restarts}.log")));
        let pumps = [
            child
                .stdout
                .take()
                .map(|stream| tokio::spawn(log.clone().keep(stream))),
            child
                .stderr
                .take()
                .map(|stream| tokio::spawn(log.clone().keep(stream))),
        ];
        let process = child.id().and_then(|id| i32::try_from(id).ok());
        self.with(|known| {
            known.previous_log = known.log.take();
            known.log = Some(log.clone());
            known.cgroup = cgroup.clone();
            known.process = process;
            known.started = self.container.startup_probe.is_none();
            known.ready = known.started && self.container.readiness_probe.is_none();
            known.state = ContainerState {
                running: Some(ContainerStateRunning {
                    started_at: Some(Time(began)),
                }),
                ..ContainerState::default()
            };
        });
        pod.changed.notify_one();
        let status = tokio::select! {
            status = child.wait() => status,
            () = self.probes(pod) => {
                self.signal(Signal::SIGTERM);
                let grace = Duration::from_secs(pod.grace());
                match tokio::time::timeout(grace, child.wait()).await {
                    Ok(status) => status,
                    Err(_) => { self.kill_all(); child.wait().await }
                }
            }
        };
        self.kill_all();
        for pump in pumps.into_iter().flatten() {
            let _ = tokio::time::timeout(Duration::from_secs(2), pump).await;
        }
        log.end();
        let status = status.map_err(broken)?;
        let oom_killed =
            status.signal() == Some(9) && cgroup.is_some_and(|group| group.usage().oom_kills > 0);
        Ok(End {
            code: status
                .code()
                .unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
            oom_killed,
        })
    }

    fn limits(&self) -> Limits {
        let limits = self
            .container
            .resources
            .as_ref()
            .and_then(|resources| resources.limits.as_ref());
        let of = |key: &str| {
            limits
                .and_then(|limits| limits.get(key))
                .and_then(|quantity| super::quantity(&quantity.0))
        };
        Limits {
            cpu: of("cpu"),
            memory: of("memory").map(|bytes| bytes as u64),
        }
    }

    fn launch(
        &self,
        pod: &PodRun,
        inside: String,
        program: std::path::PathBuf,
        mut words: Vec<String>,
        environment: Vec<(String, String)>,
        cgroup: Option<&Cgroup>,
    ) -> Launch {
        let mut binds = vec![
            Bind {
                source: program,
                target: inside,
                read_only: true,
            },
            Bind {
                source: pod.node.hosts.clone(),
                target: "/etc/hosts".to_owned(),
                read_only: true,
            },
        ];
        let volumes = pod.specification.volumes.iter().flatten();
        let volumes: Vec<_> = volumes.collect();
        for wanted in self.container.volume_mounts.iter().flatten() {
            let Some(volume) = volumes.iter().find(|volume| volume.name == wanted.name) else {
                continue;
            };
            let mut source = pod.volumes.path(volume);
            if let Some(below) = &wanted.sub_path {
                source = source.join(below);
            }
            binds.push(Bind {
                source,
                target: wanted.mount_path.clone(),
                read_only: wanted.read_only == Some(true),
            });
        }
        let whole = pod
            .specification
            .security_context
            .clone()
            .unwrap_or_default();
        let own = self.container.security_context.clone().unwrap_or_default();
        let id = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
        let program = words.remove(0);
        Launch {
            network: pod.network_file(),
            root: pod.folder.join(format!("{}-root", self.container.name)),
            binds,
            read_only_root: own.read_only_root_filesystem == Some(true),
            hostname: pod.name.chars().take(63).collect(),
            cgroups: cgroup.map(Cgroup::entrances).unwrap_or_default(),
            user: id(own.run_as_user.or(whole.run_as_user)),
            group: id(own.run_as_group.or(whole.run_as_group)),
            more_groups: id(whole.fs_group).into_iter().collect(),
            folder: self
                .container
                .working_dir
                .clone()
                .unwrap_or_else(|| "/".to_owned()),
            program,
            args: words,
            environment,
        }
    }

    /// Looks after a running container; returns when it is to be killed.
    async fn probes(&self, pod: &Arc<PodRun>) {
        let container = &self.container;
        let failures =
            |probe: &k8s_openapi::api::core::v1::Probe| probe.failure_threshold.unwrap_or(3);
        let period = |probe: &k8s_openapi::api::core::v1::Probe| {
            Duration::from_secs(u64::try_from(probe.period_seconds.unwrap_or(10)).unwrap_or(10))
        };
        if let Some(startup) = &container.startup_probe {
            let mut failed = 0;
            while !probe::succeeds(startup, container, &pod.address).await {
                failed += 1;
                if failed >= failures(startup) {
                    return;
                }
                tokio::time::sleep(period(startup)).await;
            }
            self.with(|known| {
                known.started = true;
                known.ready = container.readiness_probe.is_none();
            });
            pod.changed.notify_one();
        }
        let readiness = async {
            let Some(ready) = &container.readiness_probe else {
                return std::future::pending().await;
            };
            let mut failed = 0;
            loop {
                let fine = probe::succeeds(ready, container, &pod.address).await;
                failed = if fine { 0 } else { failed + 1 };
                let now = fine || (failed < failures(ready) && self.with(|known| known.ready));
                if self.with(|known| std::mem::replace(&mut known.ready, now)) != now {
                    pod.changed.notify_one();
                }
                // Before it is ready a kubelet asks more often, too.
                tokio::time::sleep(if now {
                    period(ready)
                } else {
                    Duration::from_secs(1)
                })
                .await;
            }
        };
        let liveness = async {
            let Some(alive) = &container.liveness_probe else {
                return std::future::pending().await;
            };
            let mut failed = 0;
            while failed < failures(alive) {
                tokio::time::sleep(period(alive)).await;
                failed = if probe::succeeds(alive, container, &pod.address).await {
                    0
                } else {
                    failed + 1
                };
            }
        };
        tokio::select! {
            () = liveness => {}
            () = readiness => {}
        }
    }

    /// Stops it: what is to happen before, SIGTERM, and SIGKILL when its time is over.
    pub(crate) async fn stop(&self, pod: &Arc<PodRun>, grace: Duration) {
        let until = tokio::time::Instant::now() + grace;
        if let Some(handler) = self
            .container
            .lifecycle
            .as_ref()
            .and_then(|all| all.pre_stop.as_ref())
        {
            let _ = tokio::time::timeout_at(
                until,
                probe::before_stop(handler, &self.container, &pod.address),
            )
            .await;
        }
        self.signal(Signal::SIGTERM);
        while self.with(|known| known.process.is_some()) {
            if tokio::time::Instant::now() >= until {
                self.kill_all();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(process) = self.with(|known| known.process) {
            let _ = kill(Pid::from_raw(process), signal);
        }
    }

    /// Kills its program and whatever that has started.
    pub(crate) fn kill_all(&self) {
        let (process, group) = self.with(|known| (known.process, known.cgroup.clone()));
        if let Some(process) = process {
            let _ = kill(Pid::from_raw(-process), Signal::SIGKILL);
        }
        for process in group.iter().flat_map(|group| group.processes()) {
            let _ = kill(Pid::from_raw(process), Signal::SIGKILL);
        }
    }

    fn terminated(&self, end: &End, began: Timestamp) -> ContainerState {
        let reason = match end {
            End {
                oom_killed: true, ..
            } => "OOMKilled",
            End { code: 0, .. } => "Completed",
            End { .. } => "Error",
        };
        let text = self.with(|known| known.log.as_ref().map(Log::last_lines));
        let fallback =
            self.container.termination_message_policy.as_deref() == Some("FallbackToLogsOnError");
        ContainerState {
            terminated: Some(ContainerStateTerminated {
                exit_code: end.code,
                reason: Some(reason.to_owned()),
                message: text.filter(|_| fallback && end.code != 0),
                started_at: Some(Time(began)),
                finished_at: Some(Time(Timestamp::now())),
                ..ContainerStateTerminated::default()
            }),
            ..ContainerState::default()
        }
    }
}
