//! Retraining in sentences: why one was refused, how a Job stands. No decision is made here.

use std::time::Duration;

use jiff::Timestamp;

use crate::cluster::decide::Decision;
use crate::cluster::state::JobState;

/// Returns why no Job was started, and what can be done about it.
#[must_use]
pub fn refusal(decision: &Decision, now: Timestamp) -> (String, String) {
    match decision {
        Decision::Go | Decision::Resume => (String::new(), String::new()),
        Decision::Duplicate(job) => (
            format!("this was started before, as Job {job}"),
            "another --key stands for another retrain".to_owned(),
        ),
        Decision::Running(job) => (
            format!("the Job {job} is running, or has yet to run"),
            "wait for it (churnctl retrain status), or --force".to_owned(),
        ),
        Decision::CoolingDown { job, until } => (
            format!(
                "cooling down for another {} after the start of {job}",
                left(*until, now)
            ),
            "--cooldown 0 or --force goes ahead".to_owned(),
        ),
        Decision::TooMany { starts, until } => (
            format!(
                "{starts} retrains were started by alert within a day; the next may start in {}",
                left(*until, now)
            ),
            "--max-per-day allows more".to_owned(),
        ),
        Decision::Claimed { job, until } => (
            format!("another run is about to start {job}"),
            format!("try again in {}", left(*until, now)),
        ),
    }
}

/// Returns how long it is from now until then, at least 0.
#[must_use]
pub fn left(until: Timestamp, now: Timestamp) -> String {
    span(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// Returns a length of time in its two largest units.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use churnctl::reports::retrain::words::span;
/// assert_eq!(span(Duration::from_secs(42)), "42 s");
/// assert_eq!(span(Duration::from_secs(3_725)), "1 h 2 min");
/// ```
#[must_use]
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// Returns the state of a Job in a few words.
#[must_use]
pub fn state(state: &JobState) -> String {
    match state {
        JobState::Waiting => "waiting for a pod".to_owned(),
        JobState::Suspended => {
            "suspended: it runs when a queue admits it, or spec.suspend is set to false".to_owned()
        }
        JobState::Running { active, failed: 0 } => match active {
            1 => "running".to_owned(),
            active => format!("running in {active} pods"),
        },
        JobState::Running { active: 0, failed } => format!("trying again after {failed} failed"),
        JobState::Running { failed, .. } => format!("running after {failed} failed"),
        JobState::Ending => "ending".to_owned(),
        JobState::Complete => "complete".to_owned(),
        JobState::Failed { reason, message } => {
            format!("failed: {}", because(reason, message))
        }
    }
}

/// Joins the word and the sentence of a condition.
#[must_use]
pub fn because(reason: &str, message: &str) -> String {
    match (reason, message) {
        ("", "") => "no reason given".to_owned(),
        ("", message) => message.to_owned(),
        (reason, "") => reason.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_never_negative() {
        let now = Timestamp::from_second(100).expect("a time");
        let at = |second| Timestamp::from_second(second).expect("a time");
        assert_eq!(left(at(90), now), "0 s");
        assert_eq!(left(at(100 + 90_061), now), "1 d 1 h");
        assert_eq!(left(at(100 + 61), now), "1 min 1 s");
    }

    #[test]
    fn every_refusal_says_what_can_be_done() {
        let now = Timestamp::from_second(0).expect("a time");
        let refused = [
            Decision::Duplicate("j".into()),
            Decision::Running("j".into()),
            Decision::CoolingDown {
                job: "j".into(),
                until: now,
            },
            Decision::TooMany {
                starts: 4,
                until: now,
            },
            Decision::Claimed {
                job: "j".into(),
                until: now,
            },
        ];
        for decision in refused {
            let (why, hint) = refusal(&decision, now);
            assert!(!why.is_empty() && !hint.is_empty(), "{decision:?}");
        }
    }
}
