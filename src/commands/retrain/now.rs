//! `churnctl retrain now`: look, ask, start, and follow the Job to its end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::super::Console;
use super::{host, named, requester, target};
use crate::cells::Tone;
use crate::cluster::decide::Decision;
use crate::cluster::job::{Overrides, Provenance};
use crate::cluster::names::{Trigger, run_id};
use crate::cluster::{
    End, Followed, Happened, Heard, Outcome, Permission, Plan, Session, StartRequest, TO_FOLLOW,
    TO_START, TO_TELL, Target,
};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::read_object_at_most;
use crate::http::stop::Stop;
use crate::reports::retrain::words::{because, refusal, state};
use crate::settings::Settings;
use crate::signals::{Signal, take_over};
use crate::terminal::{Format, exact_json, exact_yaml};
use churn_base::hex::hex;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// Where `--dry-run` ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DryRun {
    /// Nowhere: a Job is started.
    #[default]
    None,
    /// Before the API server is asked for anything but the CronJob.
    Client,
    /// After the API server has checked the Job.
    Server,
}

/// What is said on the command line alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NowWords {
    /// Why.
    pub reason: Option<String>,
    /// Start only if this drift report says FAIL.
    pub if_drift: Option<PathBuf>,
    /// How old the report may be.
    pub max_age: Duration,
    /// Wait for the end.
    pub wait: bool,
    /// Follow the logs; waits, too.
    pub logs: bool,
    /// How long to wait.
    pub timeout: Option<Duration>,
    /// What is different from the template.
    pub overrides: Overrides,
    /// Go ahead beside a running Job and within the cooldown.
    pub force: bool,
    /// What the Job stands for; a key of its own if none.
    pub key: Option<String>,
    /// Where to end.
    pub dry_run: DryRun,
    /// Do not ask.
    pub yes: bool,
    /// Only say what we may.
    pub check_auth: bool,
}

/// Everything a start needs to know, settings applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NowRequest {
    /// Which cluster.
    pub target: Target,
    /// The CronJob.
    pub from: String,
    /// The Lease.
    pub lease: String,
    /// How long after a start no other follows.
    pub cooldown: Duration,
    /// The rest.
    pub words: NowWords,
}

impl NowRequest {
    /// Takes what is set.
    #[must_use]
    pub fn from_settings(settings: &Settings, words: NowWords) -> Self {
        Self {
            target: target(settings),
            from: named(settings, "k8s.retrain_cronjob"),
            lease: settings.retrain.lease.clone(),
            cooldown: settings.retrain.cooldown.get(),
            words,
        }
    }

    fn start_request(&self, report: Option<String>, console: &Console<'_>) -> StartRequest {
        let run = run_id();
        let key = self.words.key.clone();
        StartRequest {
            cron_job: self.from.clone(),
            lease: self.lease.clone(),
            provenance: Provenance {
                trigger: Trigger::Manual,
                requested_by: requester(console),
                reason: self.words.reason.clone(),
                // Without a key every run is one of its own; its repeated requests are not.
                key: key.unwrap_or_else(|| format!("run {run}")),
                run,
                alert: None,
                drift_report: report,
            },
            overrides: self.words.overrides.clone(),
            cooldown: self.cooldown,
            max_per_day: None,
            force: self.words.force,
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    outcome: &'static str,
    context: &'a str,
    namespace: &'a str,
    cron_job: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<EndShown<'a>>,
}

#[derive(Serialize)]
struct EndShown<'a> {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

/// Starts a retrain.
///
/// # Errors
/// Fails with 3 if one runs, the cooldown holds, the report is stale or the answer is no; with 64
/// without `--yes` where nobody can be asked; waiting, with 1 if the Job failed, 66 if it was deleted,
/// 124 if the time was up; and as calls do. Without drift `--if-drift` does nothing, which is *no* error.
pub fn run(request: &NowRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let words = &request.words;
    let mut report = None;
    if let Some(path) = &words.if_drift {
        match drifted(path, words.max_age, console)? {
            Some(sha256) => report = Some(sha256),
            None => return not_needed(request, path, console),
        }
    }
    let session = Session::open(&request.target)?;
    if words.check_auth {
        return check_auth(&session, words, console);
    }
    let start = request.start_request(report, console);
    let plan = session.plan(&start)?;
    match words.dry_run {
        DryRun::Client => return print_object(&plan.job, console),
        DryRun::Server => {
            refuse(&session.preview(&start, &plan)?)?;
            return print_object(&session.dry_run(&plan)?, console);
        }
        DryRun::None => {}
    }
    let name = start.job_name();
    let decision = session.preview(&start, &plan)?;
    let outcome = match decision {
        Decision::Duplicate(job) => Outcome::Duplicate(job),
        Decision::Go | Decision::Resume | Decision::Claimed { .. } => {
            show(&session, &plan, words, console);
            let place = session.place();
            console.agree(
                words.yes,
                &format!(
                    "Start {} in namespace {} of context {}?",
                    request.from, place.namespace, place.context
                ),
            )?;
            let messages = console.messages();
            session.start(&start, &plan, &|text| messages.info(text))?
        }
        Decision::Running(_) | Decision::CoolingDown { .. } | Decision::TooMany { .. } => {
            Outcome::Refused(decision)
        }
    };
    let (job, word) = match &outcome {
        Outcome::Created { note, .. } => {
            if let Some(note) = note {
                console.messages().warn(note);
            }
            record(&session, &start, &plan, &name, console);
            (name.clone(), "created")
        }
        Outcome::Duplicate(job) => (job.clone(), "duplicate"),
        Outcome::Refused(decision) => {
            refuse(decision)?;
            (name.clone(), "refused")
        }
    };
    said(&outcome, &job, &session, request, console);
    let end = match words.wait || words.logs {
        true => Some(follow(&session, &job, words, console)?),
        false => None,
    };
    print(request, &session, word, Some(&job), end.as_ref(), console)?;
    match end {
        Some(seen) => verdict(&job, &session.place().namespace, &seen),
        None => Ok(ExitCode::Ok),
    }
}

fn refuse(decision: &Decision) -> Result<()> {
    let (why, hint) = refusal(decision, Timestamp::now());
    match decision {
        Decision::Go | Decision::Resume => Ok(()),
        Decision::Duplicate(_)
        | Decision::Running(_)
        | Decision::CoolingDown { .. }
        | Decision::TooMany { .. }
        | Decision::Claimed { .. } => {
            Err(Error::new(ExitCode::Refused, format!("refused: {why}")).hint(hint))
        }
    }
}

/// No report is larger.
const MOST_REPORT: u64 = 64 << 20;

/// Returns the sha256 of a fresh report that says FAIL; none if it says OK or WARN, or that it
/// cannot tell.
fn drifted(path: &Path, max_age: Duration, console: &Console<'_>) -> Result<Option<String>> {
    let bytes =
        read_object_at_most(path, MOST_REPORT).map_err(|error| Error::io("read", path, error))?;
    let refused = |what: &str| {
        Error::bad_input(format!("{} {what}", path.display()))
            .hint("--if-drift takes the JSON report of `churnctl drift`")
    };
    let report: serde_json::Value = serde_json::from_slice(&bytes)
        .map_err(|error| refused("is not a JSON document").because(error))?;
    match report["status"].as_str() {
        Some("FAIL") => {}
        Some("OK" | "WARN" | "TOO_FEW_ROWS") => return Ok(None),
        Some(_) | None => return Err(refused("has no status of OK, WARN or FAIL")),
    }
    // Reports of the Python system have no time; the file has.
    let said = report["created_at"].as_str();
    let at: Timestamp = match said {
        Some(text) => text
            .parse()
            .map_err(|error| refused("has a created_at that is not a time").because(error))?,
        None => std::fs::metadata(path)
            .and_then(|file| file.modified())
            .ok()
            .and_then(|time| Timestamp::try_from(time).ok())
            .ok_or_else(|| refused("has no time"))?,
    };
    let now: Timestamp = console
        .created_at()
        .parse()
        .unwrap_or_else(|_| Timestamp::now());
    let age = now.duration_since(at);
    let too_old = Duration::try_from(age).is_ok_and(|age| age > max_age);
    let from_the_future = age < jiff::SignedDuration::from_mins(-5);
    if too_old || from_the_future {
        let message = format!("refused: {} is of {at}, which is not fresh", path.display());
        return Err(Error::new(ExitCode::Refused, message)
            .hint("run `churnctl drift` anew, or allow more with --max-age 48h"));
    }
    Ok(Some(hex(&Sha256::digest(&bytes))))
}

fn not_needed(request: &NowRequest, path: &Path, console: &mut Console<'_>) -> Result<ExitCode> {
    let body = Body {
        outcome: "not_needed",
        context: request.target.context.as_deref().unwrap_or_default(),
        namespace: &request.target.namespace,
        cron_job: &request.from,
        job: None,
        end: None,
    };
    let document = console.document("retrain now", SCHEMA_VERSION, body);
    if !console.print_document(&document)? {
        let line = format!("{} reports no failed check: no retrain", path.display());
        console.print_line(Tone::Good, &line)?;
    }
    Ok(ExitCode::Ok)
}

fn check_auth(session: &Session, words: &NowWords, console: &mut Console<'_>) -> Result<ExitCode> {
    let mut wanted: Vec<Permission> = TO_START.to_vec();
    wanted.extend(TO_TELL);
    wanted.extend(TO_FOLLOW);
    let needed = |permission: &Permission| {
        TO_START.contains(permission)
            || ((words.wait || words.logs) && TO_FOLLOW.contains(permission))
    };
    let place = session.place().clone();
    let mut missing = Vec::new();
    for (permission, granted) in session.may(&wanted)? {
        let (tone, word) = match (granted, needed(&permission)) {
            (true, _) => (Tone::Good, "yes"),
            (false, true) => (Tone::Bad, "no"),
            (false, false) => (Tone::Warn, "no, not needed"),
        };
        let what = format!("{} {}", permission.verb, permission.resource());
        console.print_line(tone, &format!("{word:<15}{what:<38}{}", permission.purpose))?;
        if !granted && needed(&permission) {
            missing.push(what);
        }
    }
    if missing.is_empty() {
        return Ok(ExitCode::Ok);
    }
    Err(Error::new(
        ExitCode::NotAllowed,
        format!(
            "in namespace {} (context {}) permissions are missing: {}",
            place.namespace,
            place.context,
            missing.join(", ")
        ),
    )
    .hint("k8s/ has a Role with all of them"))
}

/// Prints an object of Kubernetes as it is, without our envelope and with all that the cluster has in
/// it: for `kubectl apply -f -`.
fn print_object<T: Serialize>(object: &T, console: &mut Console<'_>) -> Result<ExitCode> {
    let text = match console.look().format {
        Format::Json => exact_json(object)?,
        Format::Yaml | Format::Table | Format::Plain => exact_yaml(object)?,
    };
    console.print_bytes(text.as_bytes())?;
    Ok(ExitCode::Ok)
}

fn show(session: &Session, plan: &Plan, words: &NowWords, console: &Console<'_>) {
    let place = session.place();
    let messages = console.messages();
    messages.info(&format!("cluster    {} ({})", place.context, place.server));
    messages.info(&format!("namespace  {}", place.namespace));
    messages.info(&format!("Job        {}", plan.name()));
    for line in plan.containers() {
        messages.info(&format!("runs       {line}"));
    }
    for (name, value) in &words.overrides.env {
        messages.info(&format!("with       {name}={value}"));
    }
}

fn record(session: &Session, start: &StartRequest, plan: &Plan, job: &str, console: &Console<'_>) {
    let provenance = &start.provenance;
    let reason = provenance.reason.as_deref().unwrap_or("no reason given");
    let note = format!(
        "Started Job {job}, asked for by {}: {reason}",
        provenance.requested_by
    );
    let recorded = session.record(
        &plan.cron_job,
        Happened::Triggered,
        &provenance.key,
        &note,
        &host(console),
    );
    if let Err(error) = recorded {
        let message = format!("no Event was recorded: {}", Error::from(error));
        console.messages().warn(&message);
    }
}

/// Says on stderr what happened and how to look again; the result follows on stdout.
fn said(
    outcome: &Outcome,
    job: &str,
    session: &Session,
    request: &NowRequest,
    console: &Console<'_>,
) {
    let messages = console.messages();
    if matches!(outcome, Outcome::Duplicate(_)) {
        messages.info(&format!("the same key started {job} before"));
    }
    if !request.words.wait && !request.words.logs {
        messages.info(&look_again(job, &session.place().namespace));
    }
}

fn look_again(job: &str, namespace: &str) -> String {
    format!(
        "look: churnctl retrain status -n {namespace}, or kubectl logs -f job/{job} -n {namespace}"
    )
}

/// How a Job ended, and what was heard of it last: where the time was up, that is why.
struct SeenEnd {
    end: End,
    last: Option<String>,
}

/// Follows the Job to its end, or until the time is up.
fn follow(
    session: &Session,
    job: &str,
    words: &NowWords,
    console: &Console<'_>,
) -> Result<SeenEnd> {
    let namespace = session.place().namespace.clone();
    let lost =
        |error: Error| error.hint(format!("the Job goes on; {}", look_again(job, &namespace)));
    let found = session.job(job).map_err(|error| lost(error.into()))?;
    let Some(uid) = found.and_then(|job| job.metadata.uid) else {
        return Ok(SeenEnd {
            end: End::Deleted,
            last: None,
        });
    };
    let (stop, terminated) = (Stop::new(), Arc::new(AtomicBool::new(false)));
    let taken = {
        let (stop, terminated) = (stop.clone(), Arc::clone(&terminated));
        take_over(move |signal| match signal {
            Signal::Hangup => false,
            Signal::Interrupt | Signal::Terminate => {
                terminated.store(signal == Signal::Terminate, Ordering::Relaxed);
                stop.trigger_by_signal()
            }
        })
    };
    let messages = console.messages();
    let progress = console.progress();
    progress.stage(&format!("wait for {job}"), None);
    let mut last = None;
    let followed = session.follow(
        (job, &uid),
        words.timeout,
        words.logs,
        &stop,
        |heard| match heard {
            Heard::State(seen) => {
                let text = state(&seen);
                progress.note(&text);
                messages.info(&format!("{job}: {text}"));
                last = Some(text);
            }
            Heard::Stuck(text) => {
                progress.note(&text);
                messages.warn(&format!("{job}: {text}"));
                last = Some(text);
            }
            Heard::Log(line) => messages.info(&format!("{} | {}", line.from, line.text)),
            Heard::NoLogs(error) => {
                messages.warn(&format!("no logs: {}", Error::from(error)));
            }
        },
    );
    progress.finish();
    drop(taken);
    match followed.map_err(lost)? {
        Followed::Ended(end) => Ok(SeenEnd { end, last }),
        Followed::Detached => {
            let code = match terminated.load(Ordering::Relaxed) {
                true => ExitCode::Terminated,
                false => ExitCode::Interrupted,
            };
            Err(
                Error::new(code, format!("no longer waiting; the Job {job} goes on"))
                    .hint(look_again(job, &namespace)),
            )
        }
    }
}

fn print(
    request: &NowRequest,
    session: &Session,
    outcome: &'static str,
    job: Option<&str>,
    end: Option<&SeenEnd>,
    console: &mut Console<'_>,
) -> Result<()> {
    let place = session.place();
    let body = Body {
        outcome,
        context: &place.context,
        namespace: &place.namespace,
        cron_job: &request.from,
        job,
        end: end.map(|SeenEnd { end, last }| {
            let (reason, message) = match end {
                End::Failed { reason, message } => (Some(&**reason), Some(&**message)),
                End::TimedOut => (None, last.as_deref()),
                End::Complete | End::Deleted => (None, None),
            };
            EndShown {
                state: end.as_str(),
                reason,
                message,
            }
        }),
    };
    let document = console.document("retrain now", SCHEMA_VERSION, body);
    if console.print_document(&document)? {
        return Ok(());
    }
    let job = job.unwrap_or_default();
    let (tone, line) = match end.map(|seen| &seen.end) {
        None => (Tone::Good, format!("job/{job} {outcome}")),
        Some(End::Complete) => (Tone::Good, format!("job/{job} complete")),
        Some(End::Failed { .. }) => (Tone::Bad, format!("job/{job} failed")),
        Some(End::Deleted) => (Tone::Bad, format!("job/{job} deleted")),
        Some(End::TimedOut) => (Tone::Warn, format!("job/{job} has not ended")),
    };
    console.print_line(tone, &line)
}

fn verdict(job: &str, namespace: &str, seen: &SeenEnd) -> Result<ExitCode> {
    let error = match &seen.end {
        End::Complete => return Ok(ExitCode::Ok),
        End::Failed { reason, message } => Error::new(
            ExitCode::Failed,
            format!("the Job {job} failed: {}", because(reason, message)),
        )
        .hint(format!(
            "kubectl logs job/{job} -n {namespace} --all-containers"
        )),
        End::Deleted => Error::new(ExitCode::Gone, format!("somebody deleted the Job {job}"))
            .hint(format!("kubectl get events -n {namespace}")),
        End::TimedOut => Error::new(
            ExitCode::TimedOut,
            match &seen.last {
                Some(last) => format!("the Job {job} has not ended in time ({last}); it goes on"),
                None => format!("the Job {job} has not ended in time; it goes on"),
            },
        )
        .hint(look_again(job, namespace)),
    };
    Err(error)
}
