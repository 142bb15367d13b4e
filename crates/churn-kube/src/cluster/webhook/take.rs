//! Takes a notification: judges its alerts, starts what is to be started, remembers what was decided.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use churn_base::error::{Error, Result};
use churn_http::events::{Event, Events, Level};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::judge::{HookRules, Verdict, judge};
use super::meters::Meters;
use super::payload::{Alert, Payload};
use crate::cluster::client::Cluster;
use crate::cluster::decide::Decision;
use crate::cluster::error::Place;
use crate::cluster::events::Happened;
use crate::cluster::job::{AlertRef, Overrides, Provenance};
use crate::cluster::names::{Trigger, run_id};
use crate::cluster::start::{self, Outcome, Plan, StartRequest};

/// Decisions that the page shows.
const REMEMBERED: usize = 50;

/// What the webhook may start, and under which rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookOptions {
    /// The CronJob.
    pub cron_job: String,
    /// The Lease that remembers.
    pub lease: String,
    /// How long after a start no other follows.
    pub cooldown: Duration,
    /// How many starts a day may see.
    pub max_per_day: u32,
    /// Which alerts count.
    pub rules: HookRules,
    /// Who reports Events.
    pub reporter: String,
}

/// The webhook.
pub struct Hook {
    pub(super) cluster: Cluster,
    pub(super) options: HookOptions,
    pub(super) meters: Meters,
    pub(super) events: Events,
    decided: Mutex<VecDeque<Taken>>,
    /// One start at a time: a herd of the same alert would only collide at the Lease.
    gate: Semaphore,
}

/// What a webhook may start, where, and what it decided.
pub struct HookStatus<'a> {
    /// What it may start.
    pub options: &'a HookOptions,
    /// Cluster and namespace.
    pub place: &'a Place,
    /// The last decisions, the newest first.
    pub decided: Vec<Taken>,
}

/// What became of one alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// When, RFC 3339.
    pub at: String,
    /// Name of the alert.
    pub alert: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// When it began.
    pub starts_at: String,
    /// created, duplicate, running, cooling_down, too_many, skipped, busy or failed.
    pub outcome: &'static str,
    /// The Job, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The rest, in a sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Whether Alertmanager should send it again.
    #[serde(skip)]
    pub again: bool,
}

impl Hook {
    /// Makes the webhook. Calls nobody.
    ///
    /// # Errors
    /// Fails with 70 if the metrics cannot be made.
    pub fn new(cluster: Cluster, options: HookOptions, events: Events) -> Result<Self> {
        Ok(Self {
            cluster,
            options,
            meters: Meters::new()?,
            events,
            decided: Mutex::default(),
            gate: Semaphore::new(1),
        })
    }

    /// Takes a notification and returns what became of each of its alerts.
    pub async fn take(self: &Arc<Self>, payload: &Payload) -> Vec<Taken> {
        // One deadline for all of them: Alertmanager waits for the answer.
        let cluster = self.cluster.renewed();
        let mut taken = Vec::new();
        for alert in &payload.alerts {
            let now = Timestamp::now();
            let one = match judge(alert, &self.options.rules, now) {
                Verdict::Skip(why) => self.taken(alert, "skipped", None, why.to_owned()),
                Verdict::Retrain(key) => self.start(&cluster, alert, key).await,
            };
            self.tell(payload, &one);
            taken.push(one);
        }
        taken
    }

    async fn start(self: &Arc<Self>, cluster: &Cluster, alert: &Alert, key: String) -> Taken {
        let waited = tokio::time::timeout(cluster.time_left(), self.gate.acquire()).await;
        let Ok(Ok(_permit)) = waited else {
            let busy = "other alerts are being taken".to_owned();
            return self.taken(alert, "busy", None, busy);
        };
        let request = self.request(alert, key);
        let plan = match start::plan(cluster, &request).await {
            Ok(plan) => plan,
            Err(error) => return self.failed(alert, &error),
        };
        match start::start(cluster, &request, &plan, None).await {
            Ok(outcome) => self.outcome(alert, &request, plan, outcome),
            Err(error) => self.failed(alert, &error),
        }
    }

    fn request(&self, alert: &Alert, key: String) -> StartRequest {
        let options = &self.options;
        let summary = alert.annotations.get("summary");
        StartRequest {
            cron_job: options.cron_job.clone(),
            lease: options.lease.clone(),
            provenance: Provenance {
                trigger: Trigger::Alert,
                requested_by: "alertmanager".to_owned(),
                reason: summary.map(|text| text.chars().take(300).collect()),
                key,
                run: run_id(),
                alert: Some(AlertRef {
                    name: alert.name().to_owned(),
                    fingerprint: alert.fingerprint.clone(),
                    starts_at: alert.starts_at.clone(),
                }),
                drift_report: None,
            },
            overrides: Overrides::default(),
            cooldown: options.cooldown,
            max_per_day: Some(options.max_per_day),
            force: false,
        }
    }

    fn outcome(
        self: &Arc<Self>,
        alert: &Alert,
        request: &StartRequest,
        plan: Plan,
        outcome: Outcome,
    ) -> Taken {
        let name = request.job_name();
        let (taken, happened) = match outcome {
            Outcome::Created { note, .. } => {
                let now = Timestamp::now();
                self.meters.started(now.as_second());
                let cooldown = SignedDuration::try_from(self.options.cooldown);
                let end = now.checked_add(cooldown.unwrap_or(SignedDuration::ZERO));
                self.meters.cooling_until(end.unwrap_or(now).as_second());
                let taken = self.taken(alert, "created", Some(name), note.unwrap_or_default());
                (taken, Some(Happened::Triggered))
            }
            Outcome::Duplicate(job) => (
                self.taken(alert, "duplicate", Some(job), String::new()),
                None,
            ),
            Outcome::Refused(decision) => {
                let (word, detail) = refused(&decision);
                if let Decision::CoolingDown { until, .. } = decision {
                    self.meters.cooling_until(until.as_second());
                }
                let happened = (word != "busy").then_some(Happened::Suppressed);
                (self.taken(alert, word, None, detail), happened)
            }
        };
        if let Some(happened) = happened {
            self.record(happened, request, plan, &taken);
        }
        taken
    }

    /// Leaves an Event on the CronJob, after the answer: it must not wait for that.
    fn record(
        self: &Arc<Self>,
        happened: Happened,
        request: &StartRequest,
        plan: Plan,
        taken: &Taken,
    ) {
        let hook = Arc::clone(self);
        let about = format!("{} {}", request.provenance.key, taken.outcome);
        let note = match (&taken.job, happened) {
            (Some(job), _) => format!("Started Job {job} for the alert {}", taken.alert),
            (None, _) => format!(
                "Started nothing for the alert {}: {}",
                taken.alert, taken.detail
            ),
        };
        tokio::spawn(async move {
            let (cluster, reporter) = (hook.cluster.hasty(), &hook.options.reporter);
            let recorded = cluster.record(&plan.cron_job, happened, &about, &note, reporter);
            if let Err(error) = recorded.await {
                let message = format!("no Event was recorded: {error}");
                hook.events.say(Level::Warn, message);
            }
        });
    }

    fn failed(&self, alert: &Alert, error: &Error) -> Taken {
        let mut detail = error.to_string();
        for cause in error.causes() {
            detail.push_str(": ");
            detail.push_str(&cause);
        }
        self.taken(alert, "failed", None, detail)
    }

    fn taken(
        &self,
        alert: &Alert,
        outcome: &'static str,
        job: Option<String>,
        detail: String,
    ) -> Taken {
        let cut = |text: &str| text.chars().take(200).collect::<String>();
        Taken {
            at: Timestamp::now()
                .round(jiff::Unit::Millisecond)
                .unwrap_or_else(|_| Timestamp::now())
                .to_string(),
            alert: cut(alert.name()),
            fingerprint: cut(&alert.fingerprint),
            starts_at: cut(&alert.starts_at),
            outcome,
            job,
            detail,
            again: matches!(outcome, "busy" | "failed"),
        }
    }

    /// Counts a decision, logs it, and keeps it for the page.
    fn tell(&self, payload: &Payload, taken: &Taken) {
        self.meters.outcome(taken.outcome);
        let level = match taken.outcome {
            "failed" => Level::Error,
            "busy" | "too_many" => Level::Warn,
            _ => Level::Info,
        };
        let text = |text: &str| Value::from(text);
        let mut fields = vec![
            ("alert", text(&taken.alert)),
            ("fingerprint", text(&taken.fingerprint)),
            ("starts_at", text(&taken.starts_at)),
            ("outcome", text(taken.outcome)),
            ("receiver", text(&payload.receiver)),
            ("group_key", text(&payload.group_key)),
        ];
        let mut message = format!("alert {}: {}", taken.alert, taken.outcome);
        if let Some(job) = &taken.job {
            fields.push(("job", text(job)));
            message.push_str(&format!(", Job {job}"));
        }
        if !taken.detail.is_empty() {
            fields.push(("detail", text(&taken.detail)));
            message.push_str(&format!(": {}", taken.detail));
        }
        self.events.pass(Event {
            level,
            message,
            fields,
        });
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        decided.push_front(taken.clone());
        decided.truncate(REMEMBERED);
    }

    /// Returns what it may start, where, and the last decisions.
    pub(super) fn status(&self) -> HookStatus<'_> {
        let decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        HookStatus {
            options: &self.options,
            place: self.cluster.place(),
            decided: decided.iter().cloned().collect(),
        }
    }
}

/// Returns word and sentence of a refusal.
fn refused(decision: &Decision) -> (&'static str, String) {
    match decision {
        Decision::Running(job) => (
            "running",
            format!("the Job {job} is running, or has yet to run"),
        ),
        Decision::CoolingDown { job, until } => (
            "cooling_down",
            format!("{job} was started a short while ago; welcome from {until} on"),
        ),
        Decision::TooMany { starts, until } => (
            "too_many",
            format!("{starts} were started within a day; welcome from {until} on"),
        ),
        Decision::Claimed { job, until } => (
            "busy",
            format!("another run is about to start {job}, until {until} at most"),
        ),
        Decision::Duplicate(job) => ("duplicate", job.clone()),
        Decision::Go | Decision::Resume => ("busy", String::new()),
    }
}
