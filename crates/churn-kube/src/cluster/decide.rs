//! May a Job be started now? A pure function of what was read. It makes no call and looks at no clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::ledger::Ledger;

/// A day of the breaker.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartQuery<'a> {
    /// What the Job would stand for.
    pub key: &'a str,
    /// Which run of `churnctl` asks.
    pub run: &'a str,
    /// How long after a start no other follows.
    pub cooldown: Duration,
    /// How many starts by alert a day may see; none for any number.
    pub max_per_day: Option<u32>,
    /// Whether a running Job, cooldown and breaker are not obstacles.
    pub force: bool,
}

/// A Job of the CronJob, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedJob {
    /// Its name.
    pub name: String,
    /// What it stands for, if it is one of ours.
    pub key: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Whether it has ended.
    pub is_finished: bool,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Claim, then create.
    Go,
    /// The claim for this key stands: create. The name of the Job lets only one succeed.
    Resume,
    /// This was started before, as this Job.
    Duplicate(String),
    /// Another Job is running.
    Running(String),
    /// Another start is too near.
    CoolingDown {
        /// The Job that was started.
        job: String,
        /// When the next start is welcome.
        until: Timestamp,
    },
    /// The day has seen enough starts by alert.
    TooMany {
        /// How many.
        starts: u32,
        /// When the next start is welcome.
        until: Timestamp,
    },
    /// Another run is about to start one, or died trying.
    Claimed {
        /// The Job it wants to start.
        job: String,
        /// When it has given up at the latest.
        until: Timestamp,
    },
}

/// Decides, from a ledger and from Jobs that were listed after it was read.
#[must_use]
pub fn decide(
    ask: &StartQuery<'_>,
    ledger: &Ledger,
    jobs: &[ObservedJob],
    now: Timestamp,
) -> Decision {
    if let Some(start) = ledger.starts.iter().find(|start| start.key == ask.key) {
        return Decision::Duplicate(start.job.clone());
    }
    if let Some(job) = jobs.iter().find(|job| job.key.as_deref() == Some(ask.key)) {
        return Decision::Duplicate(job.name.clone());
    }
    if let Some(claim) = &ledger.claim {
        // A claim whose Job is there is a start that nobody noted: it is among the Jobs below.
        let happened = jobs.iter().any(|job| job.name == claim.entry.job);
        let stands = now < claim.until && !happened;
        if claim.run == ask.run || (stands && claim.entry.key == ask.key) {
            return Decision::Resume;
        }
        if stands {
            return Decision::Claimed {
                job: claim.entry.job.clone(),
                until: claim.until,
            };
        }
    }
    if ask.force {
        return Decision::Go;
    }
    if let Some(job) = jobs.iter().find(|job| !job.is_finished) {
        return Decision::Running(job.name.clone());
    }
    if let Some((at, job)) = last_start(ledger, jobs) {
        let until = later(at, SignedDuration::try_from(ask.cooldown).unwrap_or(DAY));
        // A start in the future is a clock that was wrong; it must not hold for ever.
        if !ask.cooldown.is_zero() && now < until && at <= later(now, DAY) {
            return Decision::CoolingDown { job, until };
        }
    }
    breaker(ask, ledger, now).unwrap_or(Decision::Go)
}

fn breaker(ask: &StartQuery<'_>, ledger: &Ledger, now: Timestamp) -> Option<Decision> {
    let max = ask.max_per_day?;
    let mut recent: Vec<Timestamp> = ledger
        .starts
        .iter()
        .filter(|start| start.trigger == "alert" && now < later(start.at, DAY))
        .map(|start| start.at)
        .collect();
    recent.sort();
    let starts = u32::try_from(recent.len()).unwrap_or(u32::MAX);
    if starts < max {
        return None;
    }
    let frees = recent.len().saturating_sub(max.max(1) as usize);
    let until = recent.get(frees).map_or(now, |at| later(*at, DAY));
    Some(Decision::TooMany { starts, until })
}

/// Returns when the last run of the CronJob began, whoever began it, and its Job.
#[must_use]
pub fn last_start(ledger: &Ledger, jobs: &[ObservedJob]) -> Option<(Timestamp, String)> {
    let noted = ledger.starts.iter().map(|start| (start.at, &start.job));
    let listed = jobs
        .iter()
        .filter_map(|job| Some((job.created_at?, &job.name)));
    noted
        .chain(listed)
        .max_by_key(|(at, _)| *at)
        .map(|(at, job)| (at, job.clone()))
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ledger::{Claim, Entry};
    use super::*;

    const HOUR: i64 = 3_600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn entry(key: &str, second: i64) -> Entry {
        Entry {
            job: format!("job-{key}"),
            key: key.to_owned(),
            trigger: "alert".to_owned(),
            at: at(second),
        }
    }

    fn seen(key: &str, second: i64, is_finished: bool) -> ObservedJob {
        ObservedJob {
            name: format!("job-{key}"),
            key: Some(key.to_owned()),
            created_at: Some(at(second)),
            is_finished,
        }
    }

    fn claim(key: &str, run: &str, until: i64) -> Option<Claim> {
        Some(Claim {
            entry: entry(key, 0),
            run: run.to_owned(),
            until: at(until),
        })
    }

    const ASK: StartQuery<'static> = StartQuery {
        key: "a",
        run: "r1",
        cooldown: Duration::from_secs(6 * 3_600),
        max_per_day: Some(3),
        force: false,
    };

    fn forced() -> StartQuery<'static> {
        StartQuery { force: true, ..ASK }
    }

    #[test]
    fn a_key_is_started_once_whether_the_ledger_or_the_job_remembers() {
        let mut ledger = Ledger::default();
        let now = at(1_000 * HOUR);
        assert_eq!(decide(&ASK, &ledger, &[], now), Decision::Go);
        ledger.note(entry("a", 0));
        let duplicate = Decision::Duplicate("job-a".into());
        assert_eq!(decide(&ASK, &ledger, &[], now), duplicate);
        assert_eq!(decide(&forced(), &ledger, &[], now), duplicate);
        let jobs = [seen("a", 0, false)];
        assert_eq!(decide(&ASK, &Ledger::default(), &jobs, now), duplicate);
    }

    #[test]
    fn a_running_job_and_the_cooldown_refuse_and_force_does_not_care() {
        let ledger = Ledger::default();
        let running = [seen("b", 0, false)];
        let now = at(10 * HOUR);
        assert_eq!(
            decide(&ASK, &ledger, &running, now),
            Decision::Running("job-b".into())
        );
        assert_eq!(decide(&forced(), &ledger, &running, now), Decision::Go);
        let done = [seen("b", 5 * HOUR, true)];
        let cooling = Decision::CoolingDown {
            job: "job-b".into(),
            until: at(11 * HOUR),
        };
        assert_eq!(decide(&ASK, &ledger, &done, now), cooling);
        assert_eq!(decide(&ASK, &ledger, &done, at(11 * HOUR)), Decision::Go);
        assert_eq!(decide(&forced(), &ledger, &done, now), Decision::Go);
    }

    #[test]
    fn a_claim_holds_until_it_lapses_or_its_job_is_there() {
        let now = at(100);
        let mut ledger = Ledger {
            starts: Vec::new(),
            claim: claim("b", "r2", 160),
        };
        let claimed = Decision::Claimed {
            job: "job-b".into(),
            until: at(160),
        };
        assert_eq!(decide(&ASK, &ledger, &[], now), claimed);
        assert_eq!(decide(&forced(), &ledger, &[], now), claimed);
        assert_eq!(decide(&ASK, &ledger, &[], at(160)), Decision::Go);
        let jobs = [seen("b", 99, false)];
        assert_eq!(
            decide(&ASK, &ledger, &jobs, now),
            Decision::Running("job-b".into())
        );
        // The same alert at another replica goes on where the first one is.
        ledger.claim = claim("a", "r2", 160);
        assert_eq!(decide(&ASK, &ledger, &[], now), Decision::Resume);
        // One that lapsed is judged anew: a scheduled run may have begun since.
        let jobs = [seen("b", 150, false)];
        assert_eq!(
            decide(&ASK, &ledger, &jobs, at(170)),
            Decision::Running("job-b".into())
        );
    }

    #[test]
    fn our_own_claim_is_known_again_after_a_lost_answer() {
        let ledger = Ledger {
            starts: Vec::new(),
            claim: claim("a", "r1", 160),
        };
        assert_eq!(decide(&ASK, &ledger, &[], at(100)), Decision::Resume);
    }

    #[test]
    fn a_day_sees_only_so_many_starts_by_alert() {
        let mut ledger = Ledger::default();
        for (key, hour) in [("b", 0), ("c", 7), ("d", 14)] {
            ledger.note(entry(key, hour * HOUR));
        }
        let many = Decision::TooMany {
            starts: 3,
            until: at(24 * HOUR),
        };
        assert_eq!(decide(&ASK, &ledger, &[], at(21 * HOUR)), many);
        assert_eq!(decide(&ASK, &ledger, &[], at(24 * HOUR)), Decision::Go);
        let unlimited = StartQuery {
            max_per_day: None,
            ..ASK
        };
        assert_eq!(
            decide(&unlimited, &ledger, &[], at(21 * HOUR)),
            Decision::Go
        );
        for start in &mut ledger.starts {
            start.trigger = "manual".to_owned();
        }
        assert_eq!(decide(&ASK, &ledger, &[], at(21 * HOUR)), Decision::Go);
    }

    proptest! {
        /// Whatever was read: a known key is never started again, and without force nothing is
        /// started beside a running Job, within the cooldown, or while another claim stands.
        #[test]
        fn no_start_breaks_a_rule(
            starts in prop::collection::vec((0_u8..6, 0_i64..100), 0..6),
            jobs in prop::collection::vec((0_u8..6, 0_i64..100, any::<bool>()), 0..6),
            claimed in prop::option::of((0_u8..6, 0_i64..120)),
            now in 0_i64..150,
            force in any::<bool>(),
        ) {
            let key = |number: u8| char::from(b'a' + number).to_string();
            let mut ledger = Ledger::default();
            for (number, hour) in starts {
                ledger.note(entry(&key(number), hour * HOUR));
            }
            ledger.claim = claimed.and_then(|(number, until)| claim(&key(number), "r2", until * HOUR));
            let jobs: Vec<ObservedJob> = jobs
                .iter()
                .map(|(number, hour, finished)| seen(&key(*number), hour * HOUR, *finished))
                .collect();
            let now = at(now * HOUR);
            let decision = decide(&StartQuery { force, max_per_day: None, ..ASK }, &ledger, &jobs, now);
            if matches!(decision, Decision::Go | Decision::Resume) {
                prop_assert!(!ledger.starts.iter().any(|start| start.key == "a"));
                prop_assert!(!jobs.iter().any(|job| job.key.as_deref() == Some("a")));
            }
            if decision == Decision::Go {
                let other = ledger.claim.as_ref().filter(|claim| claim.until > now);
                let other = other.filter(|claim| !jobs.iter().any(|job| job.name == claim.entry.job));
                prop_assert!(other.is_none());
                if !force {
                    prop_assert!(jobs.iter().all(|job| job.is_finished));
                    if let Some((last, _)) = last_start(&ledger, &jobs) {
                        prop_assert!(last.as_second() + 6 * HOUR <= now.as_second() || last.as_second() > now.as_second() + 24 * HOUR);
                    }
                }
            }
        }
    }
}
