//! The last runs of a CronJob, whoever started them, and what may start next.

use churn_base::error::{Error, Result};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{CronJob, Job};

use super::client::Cluster;
use super::job::{self, annotation};
use super::ledger::{Claim, Ledger};
use super::names;
use super::state::{JobState, created_at, ended_at};

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Name of the Job.
    pub job: String,
    /// `schedule`, `manual`, `alert`, or `kubectl` for a Job that somebody made by hand.
    pub trigger: String,
    /// Who asked.
    pub requested_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The alert.
    pub alert: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What became of it; none for a Job that was cleaned away.
    pub state: Option<JobState>,
}

/// The runs, newest first, and what the ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// Its schedule.
    pub schedule: String,
    /// Whether the schedule is suspended.
    pub is_suspended: bool,
    /// The runs.
    pub runs: Vec<Run>,
    /// Who is about to start one.
    pub claim: Option<Claim>,
}

impl Runs {
    /// Returns when the last run began, whoever began it.
    #[must_use]
    pub fn last_start(&self) -> Option<Timestamp> {
        self.runs.iter().filter_map(|run| run.created_at).max()
    }
}

/// Lists the Jobs of a CronJob and the starts that the ledger remembers.
///
/// # Errors
/// Fails with 78 if there is no such CronJob, and as every call.
pub(super) async fn runs(cluster: &Cluster, cron_job: &str, lease: &str) -> Result<Runs> {
    let Some(found) = cluster.get::<CronJob>(cron_job).await? else {
        let place = cluster.place();
        return Err(Error::bad_settings(format!(
            "there is no CronJob {cron_job} in namespace {} (context {})",
            place.namespace, place.context
        ))
        .hint("is it this namespace? -n NAME; is it another CronJob? --from NAME"));
    };
    let ledger = cluster.read_ledger(lease).await?.ledger;
    let uid = found.metadata.uid.as_deref().unwrap_or_default();
    let jobs = cluster.list::<Job>(None).await?.items;
    let mut runs: Vec<Run> = jobs
        .iter()
        .filter(|job| job::is_of(job, uid))
        .map(run)
        .collect();
    runs.extend(cleaned_away(&ledger, &runs));
    runs.sort_by_key(|run| std::cmp::Reverse(run.created_at));
    let spec = found.spec.unwrap_or_default();
    Ok(Runs {
        schedule: spec.schedule,
        is_suspended: spec.suspend.unwrap_or(false),
        runs,
        claim: ledger.claim,
    })
}

fn run(job: &Job) -> Run {
    let says = |name| annotation(job, name).map(str::to_owned);
    let by_hand = || annotation(job, names::INSTANTIATE).map(|_| "kubectl".to_owned());
    Run {
        job: job.metadata.name.clone().unwrap_or_default(),
        trigger: says(names::TRIGGER)
            .or_else(by_hand)
            .unwrap_or_else(|| "schedule".to_owned()),
        requested_by: says(names::REQUESTED_BY),
        reason: says(names::REASON),
        alert: says(names::ALERT),
        created_at: created_at(job),
        ended_at: ended_at(job),
        state: Some(JobState::of(job)),
    }
}

/// Starts whose Jobs are gone: history limits and time-to-live take them away.
fn cleaned_away(ledger: &Ledger, known: &[Run]) -> Vec<Run> {
    let is_known = |job: &str| known.iter().any(|run| run.job == job);
    let gone = ledger.starts.iter().filter(|start| !is_known(&start.job));
    gone.map(|start| Run {
        job: start.job.clone(),
        trigger: start.trigger.clone(),
        requested_by: None,
        reason: None,
        alert: None,
        created_at: Some(start.at),
        ended_at: None,
        state: None,
    })
    .collect()
}
