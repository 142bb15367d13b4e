//! What has become of a Job: small predicates on its status. `Complete` alone would wait for ever
//! on a Job that failed.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;

/// What has become of a Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// No pod yet.
    Waiting,
    /// `spec.suspend`: no pod will come until somebody, or a queue such as Kueue, resumes it.
    Suspended,
    /// Pods are at work, or between two tries.
    Running {
        /// Pods that are not finished.
        active: i32,
        /// Pods that failed so far.
        failed: i32,
    },
    /// The end is decided, pods are still there.
    Ending,
    /// Done.
    Complete,
    /// Failed for good.
    Failed {
        /// In one word, such as `BackoffLimitExceeded`.
        reason: String,
        /// In a sentence.
        message: String,
    },
}

impl JobState {
    /// Reads the status of a Job.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        let wanted = job.spec.as_ref().and_then(|spec| spec.suspend);
        let Some(status) = &job.status else {
            return match wanted {
                Some(true) => Self::Suspended,
                Some(false) | None => Self::Waiting,
            };
        };
        let condition = |kind: &str| {
            let mut conditions = status.conditions.iter().flatten();
            conditions.find(|condition| condition.type_ == kind && condition.status == "True")
        };
        if condition("Complete").is_some() {
            return Self::Complete;
        }
        if let Some(failed) = condition("Failed") {
            return Self::Failed {
                reason: failed.reason.clone().unwrap_or_default(),
                message: failed.message.clone().unwrap_or_default(),
            };
        }
        if condition("SuccessCriteriaMet").is_some() || condition("FailureTarget").is_some() {
            return Self::Ending;
        }
        // The spec is ahead of the condition when a Job is suspended and when it is resumed.
        if wanted.unwrap_or_else(|| condition("Suspended").is_some()) {
            return Self::Suspended;
        }
        let (active, failed) = (status.active.unwrap_or(0), status.failed.unwrap_or(0));
        if active == 0 && failed == 0 {
            return Self::Waiting;
        }
        Self::Running { active, failed }
    }

    /// Tells whether nothing more will happen.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        match self {
            Self::Complete | Self::Failed { .. } => true,
            Self::Waiting | Self::Suspended | Self::Running { .. } | Self::Ending => false,
        }
    }

    /// Returns the word used in tables and JSON.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Suspended => "suspended",
            Self::Running { .. } => "running",
            Self::Ending => "ending",
            Self::Complete => "complete",
            Self::Failed { .. } => "failed",
        }
    }
}

/// Returns when a Job was made.
#[must_use]
pub fn created_at(job: &Job) -> Option<Timestamp> {
    job.metadata.creation_timestamp.as_ref().map(|time| time.0)
}

/// Returns when a finished Job ended.
#[must_use]
pub fn ended_at(job: &Job) -> Option<Timestamp> {
    let status = job.status.as_ref()?;
    let failed = status.conditions.iter().flatten().find(|condition| {
        condition.status == "True" && matches!(condition.type_.as_str(), "Failed" | "Complete")
    });
    let failed = failed.and_then(|condition| condition.last_transition_time.as_ref());
    status
        .completion_time
        .as_ref()
        .or(failed)
        .map(|time| time.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn state(status: serde_json::Value) -> JobState {
        let job = json!({"metadata": {"name": "j"}, "status": status});
        JobState::of(&serde_json::from_value(job).expect("a Job"))
    }

    fn with(kind: &str, value: &str) -> JobState {
        state(json!({"failed": 1, "conditions": [
            {"type": kind, "status": value, "reason": "PodFailurePolicy", "message": "exit code 2"}
        ]}))
    }

    #[test]
    fn a_job_ends_complete_or_failed_and_not_before() {
        assert!(with("Complete", "True").is_finished());
        assert_eq!(
            with("Failed", "True"),
            JobState::Failed {
                reason: "PodFailurePolicy".into(),
                message: "exit code 2".into()
            }
        );
        assert!(with("Failed", "True").is_finished());
        for state in [
            with("Complete", "False"),
            with("Failed", "False"),
            with("Suspended", "False"),
        ] {
            assert_eq!(
                state,
                JobState::Running {
                    active: 0,
                    failed: 1
                }
            );
        }
    }

    #[test]
    fn what_announces_the_end_is_not_the_end() {
        for kind in ["FailureTarget", "SuccessCriteriaMet"] {
            assert_eq!(with(kind, "True"), JobState::Ending);
        }
    }

    #[test]
    fn a_suspended_job_is_neither_waiting_for_a_pod_nor_running() {
        // `suspendJob` in Kubernetes' pkg/controller/job sets the condition after the spec: the spec
        // is what will be.
        let of = |suspend: serde_json::Value, conditions: serde_json::Value| {
            let job = json!({"metadata": {"name": "j"},
                "spec": {"suspend": suspend, "template": {}},
                "status": {"active": 1, "conditions": conditions}});
            JobState::of(&serde_json::from_value(job).expect("a Job"))
        };
        let told = |value: &str| json!([{"type": "Suspended", "status": value}]);
        let running = JobState::Running {
            active: 1,
            failed: 0,
        };
        assert_eq!(of(json!(true), json!([])), JobState::Suspended);
        assert_eq!(of(json!(true), told("True")), JobState::Suspended);
        assert_eq!(of(json!(false), told("True")), running);
        assert_eq!(of(json!(false), told("False")), running);
        assert_eq!(with("Suspended", "True"), JobState::Suspended);
        assert!(!JobState::Suspended.is_finished());
        // A Job that failed for good stays so, whatever its spec says.
        let failed = json!([{"type": "Failed", "status": "True"}]);
        assert!(of(json!(true), failed).is_finished());
    }

    #[test]
    fn a_job_without_a_status_waits() {
        assert_eq!(JobState::of(&Job::default()), JobState::Waiting);
        assert_eq!(state(json!({})), JobState::Waiting);
        let running = JobState::Running {
            active: 2,
            failed: 0,
        };
        assert_eq!(state(json!({"active": 2})), running);
    }
}
