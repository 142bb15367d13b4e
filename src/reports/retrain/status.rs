//! The last runs of a CronJob as a table, with what may start next. As data they are in JSON.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::words::{left, span, state};
use crate::cells::{Cell, Column, Table, Tone};
use crate::cluster::Place;
use crate::cluster::runs::{Run, Runs};
use crate::cluster::state::JobState;

/// Rows of the table; the document has all.
const ROWS: usize = 20;

/// What `retrain status` says.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Context of the kubeconfig.
    pub context: String,
    /// The namespace.
    pub namespace: String,
    /// The CronJob.
    pub cron_job: String,
    /// Its schedule.
    pub schedule: String,
    /// Whether the schedule is suspended.
    pub is_suspended: bool,
    /// Whether a Job runs now.
    pub is_running: bool,
    /// The cooldown in force.
    pub cooldown_seconds: u64,
    /// How much of it is left, 0 if none.
    pub cooldown_left_seconds: u64,
    /// A start under way, or one that a crash left behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimShown>,
    /// The runs, newest first.
    pub runs: Vec<RunShown>,
}

/// A start under way.
#[derive(Debug, Clone, Serialize)]
pub struct ClaimShown {
    /// The Job to be started.
    pub job: String,
    /// When it lapses.
    pub until: String,
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct RunShown {
    /// The Job.
    pub job: String,
    /// schedule, manual, alert or kubectl.
    pub trigger: String,
    /// waiting, suspended, running, ending, complete, failed or gone.
    pub outcome: &'static str,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// How long it took, or has taken so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_seconds: Option<u64>,
    /// Who asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// The alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Makes the document.
#[must_use]
pub fn status(
    place: &Place,
    cron_job: &str,
    runs: &Runs,
    cooldown: Duration,
    now: Timestamp,
) -> Status {
    let is_running = |run: &Run| run.state.as_ref().is_some_and(|state| !state.is_finished());
    let left = runs.last_start().map_or(Duration::ZERO, |start| {
        let since = Duration::try_from(now.duration_since(start)).unwrap_or(Duration::ZERO);
        cooldown.saturating_sub(since)
    });
    Status {
        context: place.context.clone(),
        namespace: place.namespace.clone(),
        cron_job: cron_job.to_owned(),
        schedule: runs.schedule.clone(),
        is_suspended: runs.is_suspended,
        is_running: runs.runs.iter().any(is_running),
        cooldown_seconds: cooldown.as_secs(),
        cooldown_left_seconds: left.as_secs(),
        claim: runs.claim.as_ref().map(|claim| ClaimShown {
            job: claim.entry.job.clone(),
            until: claim.until.to_string(),
        }),
        runs: runs.runs.iter().map(|run| shown(run, now)).collect(),
    }
}

fn shown(run: &Run, now: Timestamp) -> RunShown {
    let until = match &run.state {
        Some(state) if !state.is_finished() => Some(now),
        Some(_) | None => run.ended_at,
    };
    let took = run.created_at.zip(until).and_then(|(begin, end)| {
        let took = Duration::try_from(end.duration_since(begin)).ok();
        took.map(|took| took.as_secs())
    });
    RunShown {
        job: run.job.clone(),
        trigger: run.trigger.clone(),
        outcome: run.state.as_ref().map_or("gone", JobState::as_str),
        failure: match &run.state {
            Some(failed @ JobState::Failed { .. }) => {
                Some(state(failed).replacen("failed: ", "", 1))
            }
            Some(_) | None => None,
        },
        started_at: run.created_at.map(|time| time.to_string()),
        took_seconds: took,
        requested_by: run.requested_by.clone(),
        alert: run.alert.clone(),
        reason: run.reason.clone(),
    }
}

/// Returns the line above the table.
#[must_use]
pub fn title(status: &Status) -> String {
    let suspended = if status.is_suspended {
        ", suspended"
    } else {
        ""
    };
    format!(
        "{} in namespace {} (context {}), schedule {}{suspended}",
        status.cron_job, status.namespace, status.context, status.schedule
    )
}

/// Returns the line below the table: what may start next.
#[must_use]
pub fn next(status: &Status) -> (Tone, String) {
    if status.is_running {
        return (
            Tone::Warn,
            "a retrain is running; another is refused".to_owned(),
        );
    }
    if status.cooldown_left_seconds > 0 {
        let left = span(Duration::from_secs(status.cooldown_left_seconds));
        return (
            Tone::Warn,
            format!("cooling down for another {left}; a retrain is refused until then"),
        );
    }
    (Tone::Good, "a retrain may start".to_owned())
}

/// Returns the runs as rows, newest first.
#[must_use]
pub fn table(status: &Status, now: Timestamp) -> Table {
    let rows = status.runs.iter().take(ROWS).map(|run| {
        let tone = match run.outcome {
            "complete" => Tone::Good,
            "failed" => Tone::Bad,
            "gone" => Tone::Dim,
            _ => Tone::Warn,
        };
        let ago = run
            .started_at
            .as_deref()
            .and_then(|at| at.parse::<Timestamp>().ok());
        let ago = ago.map_or_else(|| "-".to_owned(), |at| format!("{} ago", left(now, at)));
        let took = run
            .took_seconds
            .map_or_else(|| "-".to_owned(), |took| span(Duration::from_secs(took)));
        let why = [&run.alert, &run.reason, &run.failure, &run.requested_by];
        let why: Vec<&str> = why.into_iter().filter_map(Option::as_deref).collect();
        vec![
            Cell::plain(run.job.clone()),
            Cell::plain(run.trigger.clone()),
            Cell::plain(ago.replace(' ', "\u{a0}")),
            Cell::plain(took.replace(' ', "\u{a0}")),
            Cell::new(run.outcome, tone),
            Cell::plain(why.join("; ")),
        ]
    });
    Table {
        rows: rows.collect(),
        columns: vec![
            Column::text("Job"),
            Column::text("Trigger"),
            Column::number("Started"),
            Column::number("Took"),
            Column::text("Outcome"),
            Column::prose("Why").shown_from(100),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn run(job: &str, start: i64, end: Option<i64>, state: Option<JobState>) -> Run {
        Run {
            job: job.to_owned(),
            trigger: "alert".to_owned(),
            requested_by: Some("alertmanager".to_owned()),
            reason: None,
            alert: Some("ModelDataDrift".to_owned()),
            created_at: Some(at(start)),
            ended_at: end.map(at),
            state,
        }
    }

    fn place() -> Place {
        Place {
            context: "c".to_owned(),
            server: "s".to_owned(),
            namespace: "n".to_owned(),
        }
    }

    #[test]
    fn what_may_start_next_follows_from_the_runs() {
        let mut runs = Runs {
            schedule: "0 3 * * 0".to_owned(),
            is_suspended: false,
            runs: vec![run("b", 1_000, Some(1_060), Some(JobState::Complete))],
            claim: None,
        };
        let of = |runs: &Runs, now| status(&place(), "x", runs, Duration::from_secs(600), at(now));
        assert_eq!(of(&runs, 1_100).cooldown_left_seconds, 500);
        assert!(next(&of(&runs, 1_100)).1.contains("8 min 20 s"));
        assert_eq!(of(&runs, 1_600).cooldown_left_seconds, 0);
        assert_eq!(next(&of(&runs, 1_600)).0, Tone::Good);
        // A clock that is behind makes no time left beyond the cooldown.
        assert_eq!(of(&runs, 500).cooldown_left_seconds, 600);
        runs.runs[0].state = Some(JobState::Ending);
        assert!(of(&runs, 9_000).is_running);
        assert_eq!(of(&runs, 1_100).runs[0].took_seconds, Some(100));
    }

    #[test]
    fn a_failed_run_says_why_and_one_that_is_gone_is_dim() {
        let failed = JobState::Failed {
            reason: "BackoffLimitExceeded".to_owned(),
            message: "Job has reached the specified backoff limit".to_owned(),
        };
        let runs = Runs {
            schedule: String::new(),
            is_suspended: true,
            runs: vec![
                run("b", 10, Some(20), Some(failed)),
                run("a", 5, None, None),
            ],
            claim: None,
        };
        let status = status(&place(), "x", &runs, Duration::ZERO, at(30));
        assert!(title(&status).ends_with(", suspended"));
        let table = table(&status, at(30));
        let why = &table.rows[0][5].text;
        assert!(
            why.starts_with("ModelDataDrift; BackoffLimitExceeded: Job has"),
            "{why}"
        );
        assert_eq!(table.rows[1][4], Cell::new("gone", Tone::Dim));
        assert_eq!(table.rows[1][3].text, "-");
    }
}
