//! Starts a Job, exactly once: read the ledger, list the Jobs, decide, claim, create, note. A crash
//! between any two of these leaves what the next caller needs to go on.

use std::time::Duration;

use churn_base::error::{Error, Result, nearest};
use churn_base::exit::ExitCode;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::{CronJob, Job};

use super::client::Cluster;
use super::decide::{Decision, ObservedJob, StartQuery, decide};
use super::error::Problem;
use super::job::{self, Overrides, Provenance, add_overrides, add_provenance, from_cron_job};
use super::ledger::{Claim, Entry, Ledger};
use super::names::{self, job_name};
use super::state::{JobState, created_at};

/// A claim outlives the time that its owner has by this much: clocks differ.
const MARGIN: SignedDuration = SignedDuration::from_secs(5);

/// What to start, and under which rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartRequest {
    /// The CronJob whose template it is.
    pub cron_job: String,
    /// The Lease that remembers.
    pub lease: String,
    /// Why, and what for.
    pub provenance: Provenance,
    /// What is different from the template.
    pub overrides: Overrides,
    /// How long after a start no other follows.
    pub cooldown: Duration,
    /// How many starts by alert a day may see.
    pub max_per_day: Option<u32>,
    /// Whether a running Job, cooldown and breaker are not obstacles.
    pub force: bool,
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// There is a new Job.
    Created {
        /// The Job.
        job: Box<Job>,
        /// What did not go well afterwards, if anything.
        note: Option<String>,
    },
    /// There was one before, of this name.
    Duplicate(String),
    /// None, for this reason.
    Refused(Decision),
}

/// What a request means here and now, before anything is changed.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The CronJob.
    pub cron_job: CronJob,
    /// The Job that would be created.
    pub job: Job,
}

impl Plan {
    /// Returns the name of the Job.
    #[must_use]
    pub fn name(&self) -> &str {
        self.job.metadata.name.as_deref().unwrap_or_default()
    }

    /// Returns what each container of the Job runs, a line each.
    #[must_use]
    pub fn containers(&self) -> Vec<String> {
        let pod = self.job.spec.as_ref().map(|spec| &spec.template);
        let spec = pod.and_then(|pod| pod.spec.as_ref());
        let containers = spec.map_or(&[][..], |spec| &spec.containers);
        let line = |container: &k8s_openapi::api::core::v1::Container| {
            let image = container.image.as_deref().unwrap_or("no image");
            let command = container.command.iter().flatten();
            let words: Vec<&str> = command
                .chain(container.args.iter().flatten())
                .map(String::as_str)
                .collect();
            match words.is_empty() {
                true => image.to_owned(),
                false => format!("{image}: {}", words.join(" ")),
            }
        };
        containers.iter().map(line).collect()
    }
}

impl StartRequest {
    /// Returns the name of the Job.
    #[must_use]
    pub fn job_name(&self) -> String {
        let provenance = &self.provenance;
        job_name(&self.cron_job, provenance.trigger, &provenance.key)
    }

    fn ask(&self) -> StartQuery<'_> {
        StartQuery {
            key: &self.provenance.key,
            run: &self.provenance.run,
            cooldown: self.cooldown,
            max_per_day: self.max_per_day,
            force: self.force,
        }
    }

    fn entry(&self, at: Timestamp) -> Entry {
        Entry {
            job: self.job_name(),
            key: self.provenance.key.clone(),
            trigger: self.provenance.trigger.as_str().to_owned(),
            at,
        }
    }
}

/// Reads the CronJob and makes the Job from it. Changes nothing.
///
/// # Errors
/// Fails with 78 if there is no such CronJob, with 64 if the overrides don't fit it, and as every
/// call does.
pub async fn plan(cluster: &Cluster, request: &StartRequest) -> Result<Plan> {
    let Some(cron_job) = cluster.get::<CronJob>(&request.cron_job).await? else {
        return Err(no_cron_job(cluster, &request.cron_job).await);
    };
    let name = request.job_name();
    let mut job = from_cron_job(&cron_job, &name, &cluster.place().namespace);
    add_overrides(&mut job, &request.overrides)?;
    add_provenance(&mut job, &request.provenance);
    Ok(Plan { cron_job, job })
}

async fn no_cron_job(cluster: &Cluster, name: &str) -> Error {
    let place = cluster.place();
    let error = Error::bad_settings(format!(
        "there is no CronJob {name} in namespace {} (context {})",
        place.namespace, place.context
    ));
    // A list needs a permission more; without it the hint is poorer.
    let found = cluster.list::<CronJob>(None).await;
    let names: Vec<String> = found
        .map(|list| list.items)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|job| job.metadata.name)
        .collect();
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None if names.is_empty() => {
            error.hint("is it this namespace? -n NAME; is it another CronJob? --from NAME")
        }
        None => error.hint(format!("there are {}; --from NAME", names.join(", "))),
    }
}

/// Reads what the decision needs: the ledger first, the Jobs after it, so that a Job that was made
/// by a claim we didn't see is among them, or our own write of the ledger fails.
async fn look(
    cluster: &Cluster,
    request: &StartRequest,
    uid: &str,
) -> Result<(super::ledger::Read, Vec<ObservedJob>)> {
    let read = cluster.read_ledger(&request.lease).await?;
    Ok((read, seen(cluster, uid).await?))
}

/// Lists the Jobs of a CronJob, whoever made them.
pub(super) async fn seen(cluster: &Cluster, uid: &str) -> Result<Vec<ObservedJob>> {
    let jobs = cluster.list::<Job>(None).await?.items;
    let ours = jobs.iter().filter(|job| job::is_of(job, uid));
    Ok(ours
        .map(|job| ObservedJob {
            name: job.metadata.name.clone().unwrap_or_default(),
            key: job::annotation(job, names::KEY).map(str::to_owned),
            created_at: created_at(job),
            is_finished: JobState::of(job).is_finished(),
        })
        .collect())
}

/// Says what [`start`] would do now. Changes nothing.
///
/// # Errors
/// As every call.
pub async fn preview(cluster: &Cluster, request: &StartRequest, plan: &Plan) -> Result<Decision> {
    let uid = plan.cron_job.metadata.uid.as_deref().unwrap_or_default();
    let (read, jobs) = look(cluster, request, uid).await?;
    Ok(decide(
        &request.ask(),
        &read.ledger,
        &jobs,
        Timestamp::now(),
    ))
}

/// Asks the API server whether it would take the Job. Changes nothing.
///
/// # Errors
/// As every call.
pub async fn dry_run(cluster: &Cluster, plan: &Plan) -> Result<Job> {
    let name = plan.job.metadata.name.clone().unwrap_or_default();
    Ok(cluster.create(&name, &plan.job, true).await?)
}

/// Hears, once, that we wait for another run.
pub type Waiting<'a> = &'a (dyn Fn(&str) + Sync);

/// Starts the Job, or says why not. Who is patient waits, and hears of it, while another run is about
/// to start one; the time of the calls doesn't run meanwhile.
///
/// # Errors
/// Fails as calls do. After an error with code 69 the Job may be there all the same: the same key
/// again finds out.
pub async fn start(
    cluster: &Cluster,
    request: &StartRequest,
    plan: &Plan,
    patient: Option<Waiting<'_>>,
) -> Result<Outcome> {
    let uid = plan.cron_job.metadata.uid.as_deref().unwrap_or_default();
    let (mut cluster, mut said) = (cluster.clone(), false);
    loop {
        let (read, jobs) = look(&cluster, request, uid).await?;
        let now = Timestamp::now();
        match decide(&request.ask(), &read.ledger, &jobs, now) {
            Decision::Go => {
                let ledger = Ledger {
                    claim: Some(Claim {
                        entry: request.entry(now),
                        run: request.provenance.run.clone(),
                        until: gives_up_at(&cluster, now),
                    }),
                    starts: with_unnoted(&read.ledger, &jobs),
                };
                if !write(&cluster, request, &read, &ledger).await? {
                    pause(&cluster, 20).await?;
                    continue;
                }
            }
            Decision::Resume => {}
            Decision::Duplicate(job) => {
                note_listed(&cluster, request, &jobs).await;
                return Ok(Outcome::Duplicate(job));
            }
            refused @ (Decision::Running(_)
            | Decision::CoolingDown { .. }
            | Decision::TooMany { .. }) => return Ok(Outcome::Refused(refused)),
            Decision::Claimed { job, until } => {
                let Some(heard) = patient else {
                    return Ok(Outcome::Refused(Decision::Claimed { job, until }));
                };
                if !std::mem::replace(&mut said, true) {
                    heard(&format!(
                        "another run is about to start {job}; waiting for it, until {until} at most"
                    ));
                }
                cluster = cluster.renewed();
                pause(&cluster, 500).await?;
                continue;
            }
        }
        return create(&cluster, request, plan).await;
    }
}

/// Takes over into the ledger what a crashed run did not note: its claim is about to be overwritten.
fn with_unnoted(ledger: &Ledger, jobs: &[ObservedJob]) -> Vec<Entry> {
    let mut next = ledger.clone();
    if let Some(claim) = &ledger.claim
        && jobs.iter().any(|job| job.name == claim.entry.job)
    {
        next.note(claim.entry.clone());
    }
    next.starts
}

fn gives_up_at(cluster: &Cluster, now: Timestamp) -> Timestamp {
    let left = SignedDuration::try_from(cluster.time_left()).unwrap_or(SignedDuration::ZERO);
    now.checked_add(left.saturating_add(MARGIN)).unwrap_or(now)
}

async fn create(cluster: &Cluster, request: &StartRequest, plan: &Plan) -> Result<Outcome> {
    let name = request.job_name();
    for is_last in [false, true] {
        let error = match cluster.create(&name, &plan.job, false).await {
            Ok(job) => return Ok(created(cluster, request, job).await),
            Err(error) => error,
        };
        match error.problem {
            Problem::AlreadyExists => {}
            // Nobody knows whether it is there: the claim stays until it lapses.
            Problem::StayedAway { .. } => {
                let error = Error::from(error);
                return Err(error.hint(format!(
                    "the Job may have been started all the same; look: churnctl retrain status -n {}",
                    cluster.place().namespace
                )));
            }
            Problem::Unauthorized(_)
            | Problem::Forbidden(_)
            | Problem::NotFound(_)
            | Problem::Conflict
            | Problem::Refused(..)
            | Problem::NoConnection(_) => {
                release(cluster, request).await;
                return Err(error.into());
            }
        }
        // Taken: by an earlier try of ours whose answer was lost, by another run, or by a stranger.
        if let Some(job) = cluster.get::<Job>(&name).await? {
            let says = |annotation| job::annotation(&job, annotation);
            if says(names::KEY) != Some(&request.provenance.key) {
                release(cluster, request).await;
                return Err(Error::new(
                    ExitCode::Failed,
                    format!("there is a Job {name} already, and it is not ours"),
                )
                .hint(format!(
                    "look: kubectl get job {name} -n {} -o yaml",
                    cluster.place().namespace
                )));
            }
            if says(names::RUN) == Some(&request.provenance.run) {
                return Ok(created(cluster, request, job).await);
            }
            note(cluster, request, created_at(&job)).await.ok();
            return Ok(Outcome::Duplicate(name));
        }
        if is_last {
            break;
        }
    }
    Err(Error::new(
        ExitCode::Failed,
        format!("the Job {name} is being deleted by somebody"),
    )
    .hint("try again when it is gone"))
}

async fn created(cluster: &Cluster, request: &StartRequest, job: Job) -> Outcome {
    // The Job is there; a note that cannot be written is made by the next caller, who finds it.
    let noted = note(cluster, request, created_at(&job)).await;
    Outcome::Created {
        job: Box::new(job),
        note: noted.err().map(|error| {
            format!(
                "the Job was started, but the Lease {} could not be updated: {error}",
                request.lease
            )
        }),
    }
}

/// Notes a start, whatever became of the ledger meanwhile.
async fn note(cluster: &Cluster, request: &StartRequest, at: Option<Timestamp>) -> Result<()> {
    let entry = request.entry(at.unwrap_or_else(Timestamp::now));
    change(cluster, request, |ledger| ledger.note(entry.clone())).await
}

/// Notes the Job that a duplicate met, where the run that made it could not.
async fn note_listed(cluster: &Cluster, request: &StartRequest, jobs: &[ObservedJob]) {
    let key = Some(request.provenance.key.as_str());
    let found = jobs.iter().find(|job| job.key.as_deref() == key);
    if let Some(job) = found {
        note(cluster, request, job.created_at).await.ok();
    }
}

/// Gives up our claim, as far as that can be done.
async fn release(cluster: &Cluster, request: &StartRequest) {
    let run = &request.provenance.run;
    let released = change(cluster, request, |ledger| {
        if ledger.claim.as_ref().is_some_and(|claim| claim.run == *run) {
            ledger.claim = None;
        }
    });
    released.await.ok();
}

async fn change(
    cluster: &Cluster,
    request: &StartRequest,
    edit: impl Fn(&mut Ledger),
) -> Result<()> {
    loop {
        let read = cluster.read_ledger(&request.lease).await?;
        let mut ledger = read.ledger.clone();
        edit(&mut ledger);
        if ledger == read.ledger || write(cluster, request, &read, &ledger).await? {
            return Ok(());
        }
        pause(cluster, 20).await?;
    }
}

async fn write(
    cluster: &Cluster,
    request: &StartRequest,
    read: &super::ledger::Read,
    ledger: &Ledger,
) -> Result<bool> {
    let seconds = i32::try_from(request.cooldown.as_secs()).unwrap_or(i32::MAX);
    let now = Timestamp::now();
    cluster
        .write_ledger(&request.lease, read, ledger, now, seconds)
        .await
}

/// Waits a little before looking again, so that two who collide don't do so in step.
async fn pause(cluster: &Cluster, milliseconds: u64) -> Result<()> {
    if cluster.time_left().is_zero() {
        return Err(Error::new(
            ExitCode::Unavailable,
            "others change the Lease as fast as we read it",
        )
        .hint("try again"));
    }
    let jitter = super::retry::chance() % milliseconds.max(1);
    tokio::time::sleep(Duration::from_millis(milliseconds / 2 + jitter)).await;
    Ok(())
}
