//! Waits for the end of a Job: complete, failed, deleted, or no time left.

use std::time::Duration;

use churn_base::error::Result;
use k8s_openapi::api::batch::v1::Job;
use kube::core::WatchEvent;
use kube::core::params::WatchParams;

use super::client::{Cluster, path};
use super::error::Problem;
use super::lines::Lines;
use super::state::JobState;

/// How a Job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Well.
    Complete,
    /// Not well.
    Failed {
        /// In one word.
        reason: String,
        /// In a sentence.
        message: String,
    },
    /// Somebody deleted it, or made another of the same name.
    Deleted,
    /// It had not ended when the time was up; it goes on.
    TimedOut,
}

impl End {
    /// Returns the word used in JSON.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Failed { .. } => "failed",
            Self::Deleted => "deleted",
            Self::TimedOut => "timed_out",
        }
    }
}

/// A watch that says nothing for so long is taken for dead. The API server ends it after 5 minutes.
const WATCH_SECONDS: u32 = 290;
/// Between two looks where a watch isn't to be had.
const POLL: Duration = Duration::from_secs(2);

impl Cluster {
    /// Waits until the Job of this name and uid has ended. Hears every state once.
    ///
    /// # Errors
    /// Fails if the API server stays away for longer than the deadline of an action, or forbids to
    /// look. Does *not* fail when a watch breaks or is forbidden: it looks again.
    pub async fn wait_for(
        &self,
        name: &str,
        uid: &str,
        timeout: Option<Duration>,
        heard: impl FnMut(&JobState),
    ) -> Result<End> {
        let waiting = self.wait(name, uid, heard);
        match timeout {
            None => waiting.await,
            Some(timeout) => tokio::time::timeout(timeout, waiting)
                .await
                .unwrap_or(Ok(End::TimedOut)),
        }
    }

    async fn wait(&self, name: &str, uid: &str, mut heard: impl FnMut(&JobState)) -> Result<End> {
        let mut last = None;
        let mut judge = |job: &Job| -> Option<End> {
            if job.metadata.uid.as_deref() != Some(uid) {
                return Some(End::Deleted);
            }
            let state = JobState::of(job);
            if last.as_ref() != Some(&state) {
                heard(&state);
            }
            let end = match &state {
                JobState::Complete => Some(End::Complete),
                JobState::Failed { reason, message } => Some(End::Failed {
                    reason: reason.clone(),
                    message: message.clone(),
                }),
                JobState::Waiting
                | JobState::Suspended
                | JobState::Running { .. }
                | JobState::Ending => None,
            };
            last = Some(state);
            end
        };
        loop {
            let Some(job) = self.renewed().get::<Job>(name).await? else {
                return Ok(End::Deleted);
            };
            if let Some(end) = judge(&job) {
                return Ok(end);
            }
            let version = job.metadata.resource_version.clone().unwrap_or_default();
            let Some(mut lines) = self.watch_job(name, &version).await? else {
                tokio::time::sleep(POLL).await;
                continue;
            };
            let idle = Duration::from_secs(u64::from(WATCH_SECONDS) + 10);
            while let Some(line) = lines.next(idle).await {
                match serde_json::from_str::<WatchEvent<Job>>(&line) {
                    Ok(WatchEvent::Added(job) | WatchEvent::Modified(job)) => {
                        if let Some(end) = judge(&job) {
                            return Ok(end);
                        }
                    }
                    Ok(WatchEvent::Deleted(_)) => return Ok(End::Deleted),
                    Ok(WatchEvent::Bookmark(_)) => {}
                    // Too old a version, or half a line: look anew.
                    Ok(WatchEvent::Error(_)) | Err(_) => break,
                }
            }
            // A watch that ends at once must not make us hammer the server.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Opens a watch; none if it isn't to be had now.
    async fn watch_job(&self, name: &str, version: &str) -> Result<Option<Lines>> {
        let params = WatchParams::default()
            .fields(&format!("metadata.name={name}"))
            .timeout(WATCH_SECONDS);
        let request = path::<Job>(&self.place().namespace).watch(&params, version);
        match self
            .stream(self.call::<Job>("watch", Some(name)), request)
            .await
        {
            Ok(body) => Ok(Some(Lines::of_objects(body))),
            Err(error) => match error.problem {
                Problem::NoConnection(_) | Problem::Unauthorized(_) => Err(error.into()),
                Problem::Forbidden(_)
                | Problem::StayedAway { .. }
                | Problem::NotFound(_)
                | Problem::AlreadyExists
                | Problem::Conflict
                | Problem::Refused(..) => Ok(None),
            },
        }
    }
}
