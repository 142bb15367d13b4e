//! The room's door for commands: the same actions, each to its end on the calling thread. The only
//! place that makes a runtime for them.

use std::time::Duration;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::threads;
use churn_http::stop::Stop;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc, watch};

use super::access::Permission;
use super::client::{Cluster, Target};
use super::decide::Decision;
use super::doctor::{self, Expected, Finding};
use super::error::{ClusterError, Place};
use super::events::Happened;
use super::logs::LogLine;
use super::runs::{self, Runs};
use super::start::{self, Outcome, Plan, StartRequest, Waiting};
use super::state::JobState;
use super::wait::End;

/// A cluster, and the threads to talk to it.
pub struct Session {
    runtime: Handle,
    cluster: Cluster,
    _threads: Threads,
}

/// The threads. They are not waited for at the end: one of them may look up a name for half a minute,
/// and whoever sent a signal wants us gone.
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What is heard while a Job is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Its state has changed.
    State(JobState),
    /// One of its pods does not come to run, and why.
    Stuck(String),
    /// One of its pods has written a line.
    Log(LogLine),
    /// Logs are not to be had; the wait goes on.
    NoLogs(ClusterError),
}

/// How following a Job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// The Job has ended, or the time was up.
    Ended(End),
    /// Somebody wanted to stop looking; the Job goes on.
    Detached,
}

impl Session {
    /// Reads the configuration; calls nobody yet.
    ///
    /// # Errors
    /// Fails with 78 if there is no usable configuration.
    pub fn open(target: &Target) -> Result<Self> {
        let threads = runtime()?;
        let runtime = threads.handle().clone();
        let threads = Threads(Some(threads));
        let cluster = runtime.block_on(Cluster::connect(target))?;
        Ok(Self {
            runtime,
            cluster,
            _threads: threads,
        })
    }

    /// Returns where calls go.
    #[must_use]
    pub fn place(&self) -> &Place {
        self.cluster.place()
    }

    /// Returns the cluster, for those who are in a runtime already.
    #[must_use]
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// See [`start::plan`].
    ///
    /// # Errors
    /// As there.
    pub fn plan(&self, request: &StartRequest) -> Result<Plan> {
        let cluster = self.cluster.renewed();
        self.runtime.block_on(start::plan(&cluster, request))
    }

    /// See [`start::preview`].
    ///
    /// # Errors
    /// As there.
    pub fn preview(&self, request: &StartRequest, plan: &Plan) -> Result<Decision> {
        let cluster = self.cluster.renewed();
        let preview = start::preview(&cluster, request, plan);
        self.runtime.block_on(preview)
    }

    /// See [`start::dry_run`].
    ///
    /// # Errors
    /// As there.
    pub fn dry_run(&self, plan: &Plan) -> Result<Job> {
        let cluster = self.cluster.renewed();
        self.runtime.block_on(start::dry_run(&cluster, plan))
    }

    /// See [`start::start`].
    ///
    /// # Errors
    /// As there.
    pub fn start(
        &self,
        request: &StartRequest,
        plan: &Plan,
        waiting: Waiting<'_>,
    ) -> Result<Outcome> {
        let cluster = self.cluster.renewed();
        let start = start::start(&cluster, request, plan, Some(waiting));
        self.runtime.block_on(start)
    }

    /// Records an Event, see [`Cluster::record`]. Takes little time, even if the server has none.
    ///
    /// # Errors
    /// As there.
    pub fn record(
        &self,
        cron_job: &CronJob,
        happened: Happened,
        about: &str,
        note: &str,
        reporter: &str,
    ) -> std::result::Result<(), ClusterError> {
        let cluster = self.cluster.hasty();
        let record = cluster.record(cron_job, happened, about, note, reporter);
        self.runtime.block_on(record)
    }

    /// Asks for permissions, see [`Cluster::may`].
    ///
    /// # Errors
    /// As there.
    pub fn may(
        &self,
        permissions: &[Permission],
    ) -> std::result::Result<Vec<(Permission, bool)>, ClusterError> {
        let cluster = self.cluster.renewed();
        self.runtime.block_on(async {
            let mut answers = Vec::new();
            for permission in permissions {
                answers.push((*permission, cluster.may(permission, None).await?));
            }
            Ok(answers)
        })
    }

    /// Finds a Job by name.
    ///
    /// # Errors
    /// As every call.
    pub fn job(&self, name: &str) -> std::result::Result<Option<Job>, ClusterError> {
        let cluster = self.cluster.renewed();
        self.runtime.block_on(cluster.get(name))
    }

    /// Lists the runs of a CronJob and what the ledger says.
    ///
    /// # Errors
    /// As there.
    pub fn runs(&self, cron_job: &str, lease: &str) -> Result<Runs> {
        let cluster = self.cluster.renewed();
        self.runtime.block_on(runs::runs(&cluster, cron_job, lease))
    }

    /// Checks the wiring, see [`doctor::examine`].
    ///
    /// # Errors
    /// As there.
    pub fn examine(&self, expected: &Expected) -> Result<Vec<Finding>> {
        let examine = doctor::examine(&self.cluster, expected);
        self.runtime.block_on(examine)
    }

    /// Follows a Job to its end, with its logs if they are wanted, until `stop` is turned.
    ///
    /// # Errors
    /// As [`Cluster::wait_for`].
    pub fn follow(
        &self,
        (name, uid): (&str, &str),
        timeout: Option<Duration>,
        with_logs: bool,
        stop: &Stop,
        mut hear: impl FnMut(Heard),
    ) -> Result<Followed> {
        self.runtime.block_on(async {
            let (told, mut news) = mpsc::channel::<Heard>(256);
            let (ended, has_ended) = watch::channel(false);
            let waiting = {
                let (cluster, told) = (self.cluster.clone(), told.clone());
                let (name, uid) = (name.to_owned(), uid.to_owned());
                tokio::spawn(async move {
                    let hear = |state: &JobState| {
                        // A full queue is one that nobody takes from: the next state says more.
                        let _ = told.try_send(Heard::State(state.clone()));
                    };
                    let end = cluster.wait_for(&name, &uid, timeout, hear).await;
                    ended.send_replace(true);
                    end
                })
            };
            {
                let (cluster, name) = (self.cluster.clone(), name.to_owned());
                let (ended, told) = (has_ended.clone(), told.clone());
                tokio::spawn(async move {
                    let tell = |text| {
                        let _ = told.try_send(Heard::Stuck(text));
                    };
                    cluster.tell_stuck_pods(&name, ended, tell).await;
                });
            }
            if with_logs {
                let (cluster, name) = (self.cluster.clone(), name.to_owned());
                tokio::spawn(follow_logs(cluster, name, has_ended, told.clone()));
            }
            drop(told);
            loop {
                tokio::select! {
                    biased;
                    () = stop.wait() => return Ok(Followed::Detached),
                    heard = news.recv() => match heard {
                        Some(heard) => hear(heard),
                        None => break,
                    },
                }
            }
            let end = waiting.await.map_err(|error| {
                Error::new(ExitCode::Bug, "the wait for the Job broke off").because(error)
            })?;
            end.map(Followed::Ended)
        })
    }
}

async fn follow_logs(
    cluster: Cluster,
    name: String,
    ended: watch::Receiver<bool>,
    told: mpsc::Sender<Heard>,
) {
    let (lines, mut read) = mpsc::channel::<LogLine>(256);
    let passed = told.clone();
    let passing = tokio::spawn(async move {
        while let Some(line) = read.recv().await {
            if passed.send(Heard::Log(line)).await.is_err() {
                return;
            }
        }
    });
    if let Err(error) = cluster.follow_logs(&name, ended, lines).await {
        let _ = told.send(Heard::NoLogs(error)).await;
    }
    let _ = passing.await;
}

fn runtime() -> Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(2)
        .thread_name("cluster")
        .enable_all();
    threads::runtime(&mut builder, "what speaks to the cluster")
}
