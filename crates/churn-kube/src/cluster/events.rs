//! Events on the CronJob, for `kubectl describe` and `kubectl get events`. What they tell never
//! depends on them: one that cannot be recorded is a note.

use churn_base::redact::redacted;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};

use super::client::Cluster;
use super::error::{ClusterError, Problem};
use super::names::digest;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// A Job was started.
    Triggered,
    /// None was: one runs, or the last is too near.
    Suppressed,
    /// The request was none for us.
    Skipped,
}

impl Happened {
    const fn reason(self) -> &'static str {
        match self {
            Self::Triggered => "RetrainTriggered",
            Self::Suppressed => "RetrainSuppressed",
            Self::Skipped => "RetrainSkipped",
        }
    }
}

/// Longest note that the API server takes, in bytes.
const LONGEST_NOTE: usize = 1_024;

impl Cluster {
    /// Records an Event on the CronJob. One for each `about`: a repeated alert leaves no second one.
    ///
    /// # Errors
    /// As every call. Does *not* fail if the same was recorded before.
    pub async fn record(
        &self,
        cron_job: &CronJob,
        happened: Happened,
        about: &str,
        note: &str,
        reporter: &str,
    ) -> Result<(), ClusterError> {
        let subject = cron_job.metadata.name.clone().unwrap_or_default();
        let uid = cron_job.metadata.uid.clone().unwrap_or_default();
        let hash = digest(&[&uid, happened.reason(), about]);
        let name = format!("{subject}.{}", &hash[..16]);
        let event = Event {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                namespace: Some(self.place().namespace.clone()),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(Timestamp::now())),
            reason: Some(happened.reason().to_owned()),
            action: Some("Retrain".to_owned()),
            type_: Some("Normal".to_owned()),
            note: Some(cut(&redacted(note)).to_owned()),
            regarding: Some(ObjectReference {
                api_version: Some("batch/v1".to_owned()),
                kind: Some("CronJob".to_owned()),
                name: Some(subject),
                namespace: Some(self.place().namespace.clone()),
                uid: Some(uid),
                ..ObjectReference::default()
            }),
            reporting_controller: Some("churnctl.io/retrain".to_owned()),
            reporting_instance: Some(reporter.chars().take(128).collect()),
            ..Event::default()
        };
        match self.create(&name, &event, false).await {
            Ok(_) => Ok(()),
            Err(error) if error.problem == Problem::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn cut(note: &str) -> &str {
    let mut end = note.len().min(LONGEST_NOTE);
    while !note.is_char_boundary(end) {
        end -= 1;
    }
    &note[..end]
}
