//! What became of the notifications of one integration, judged by counters alone. A counter that other
//! notifications raise, too, proves a failure where it stays too low, and never an arrival.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::caught::Caught;
use super::counters::{Counters, Tally};
use crate::routing::Labels;

/// A notification is not looked for among those of others before it was due, and a moment more.
const MOMENT: Duration = Duration::from_secs(1);

/// What became of the notifications of one integration of one receiver.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// They arrived; how that is known.
    Arrived(String),
    /// They were sent as far as anybody can tell, and whether they arrived nobody can; why not.
    Unseen(String),
    /// They did not arrive; what was seen.
    Failed(String),
}

/// What goes to one receiver because of the alerts that were sent together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    pub(super) receiver: String,
    /// Kinds of its integrations, and how many of each.
    pub(super) kinds: BTreeMap<String, usize>,
    /// The groups that our alerts are in; each is one notification by each integration.
    pub(super) groups: BTreeSet<Labels>,
    /// Names of our alerts.
    pub(super) alerts: BTreeSet<String>,
    /// When the last of them is due, by the configuration.
    pub(super) wait: Duration,
    /// Groups of this receiver with alerts that are not ours.
    pub(super) others: usize,
}

/// What can be seen at one moment.
pub(super) struct Sight<'a> {
    pub(super) before: &'a Counters,
    /// The last few looks, the newest last; at least one.
    pub(super) looks: &'a [Counters],
    /// Since our alerts were sent.
    pub(super) elapsed: Duration,
    /// Whether this is the last look.
    pub(super) is_over: bool,
    /// Everything that was sent together: it shares counters by integration.
    pub(super) all: &'a [Target],
}

impl Fate {
    /// Our own listener has them.
    pub(super) fn caught(after: Duration) -> Self {
        Self::Arrived(format!(
            "after {:.1} s, seen by --catch",
            after.as_secs_f64()
        ))
    }
}

impl Target {
    /// Tells whether our listener has all of its alerts.
    pub(super) fn is_caught(&self, caught: &Caught) -> bool {
        let mut alerts = self.alerts.iter();
        alerts.all(|alert| caught.has(&self.receiver, alert))
    }

    fn due(&self, kind: &str) -> f64 {
        let many = self.kinds.get(kind).copied().unwrap_or(0);
        (self.groups.len() * many) as f64
    }

    /// Judges the integrations of a kind; none while it cannot be told yet.
    pub(super) fn fate(&self, kind: &str, sight: &Sight<'_>) -> Option<Fate> {
        let now = sight.looks.last()?;
        let by_receiver = now.by_receiver;
        let receiver = by_receiver.then_some(self.receiver.as_str());
        let seen = now.since(sight.before, kind, receiver);
        let taken = taken(sight, kind, receiver);
        let due = match by_receiver {
            true => self.due(kind),
            false => sight.all.iter().map(|target| target.due(kind)).sum(),
        };
        let is_alone = by_receiver && self.others == 0;
        if taken >= due {
            if is_alone {
                return Some(Fate::Arrived(arrived(&seen, sight.elapsed)));
            }
            // Somebody else's may have been counted before ours was due.
            let was_due = sight.elapsed >= self.wait + MOMENT;
            return was_due.then(|| Fate::Unseen(self.why_unseen(kind, &seen, by_receiver)));
        }
        let given_up = is_alone && seen.given_up > 0.0;
        (given_up || sight.is_over).then(|| {
            let text = failed(kind, &seen, (taken, due), sight.elapsed);
            Fate::Failed(match (by_receiver, given_up) {
                (true, true) => format!("{text}; Alertmanager gave up"),
                (true, false) => text,
                (false, _) => format!("{text}, of all receivers"),
            })
        })
    }

    fn why_unseen(&self, kind: &str, seen: &Tally, by_receiver: bool) -> String {
        let mut why = match by_receiver {
            true => format!(
                "{} notifies for {} groups of other alerts, too",
                self.receiver, self.others
            ),
            false => "this Alertmanager does not count by receiver".to_owned(),
        };
        if seen.failed_attempts > 0.0 {
            let of = match by_receiver {
                true => "of its attempts",
                false => "attempts of all receivers",
            };
            why.push_str(&format!(
                ", and {} {of} by {kind} failed meanwhile, whose is not told",
                seen.failed_attempts
            ));
        }
        why
    }
}

fn arrived(seen: &Tally, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    match seen.failed_attempts {
        0.0 => format!("after {seconds:.1} s, by the receiver's counter"),
        failed => format!(
            "after {seconds:.1} s and {failed} failed {}, by the receiver's counter",
            if failed == 1.0 { "attempt" } else { "attempts" }
        ),
    }
}

/// Returns how many attempts were taken. Attempts and those that failed are not read at one moment:
/// where many fail, a look may be one too high or too low, and the middle of three is neither.
fn taken(sight: &Sight<'_>, kind: &str, receiver: Option<&str>) -> f64 {
    let looks = sight.looks.iter().rev().take(3);
    let taken = looks.map(|now| now.since(sight.before, kind, receiver).taken());
    let mut taken: Vec<f64> = taken.collect();
    taken.sort_by(f64::total_cmp);
    // Until there are three the lowest: nothing is claimed too early.
    let middle = usize::from(taken.len() == 3);
    taken.get(middle).copied().unwrap_or(0.0)
}

/// Says what was seen where too little was taken.
fn failed(kind: &str, seen: &Tally, (taken, due): (f64, f64), elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let open = (due - taken).max(1.0);
    if seen.timed_out > 0.0 {
        return format!("{kind} does not answer: {open} of {due} notifications timed out");
    }
    if seen.failed_attempts > 0.0 {
        return format!(
            "{kind} fails to send: {} of {} attempts failed, {taken} of {due} notifications arrived in {seconds:.0} s",
            seen.failed_attempts, seen.attempts,
        );
    }
    if seen.begun >= due && due > 0.0 {
        return format!(
            "{kind} does not answer: {open} of {due} notifications hang since {seconds:.0} s"
        );
    }
    format!("{kind} sent nothing within {seconds:.0} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: Duration = Duration::from_secs(30);

    fn target(others: usize) -> Target {
        Target {
            receiver: "team".to_owned(),
            kinds: BTreeMap::from([("webhook".to_owned(), 1)]),
            groups: BTreeSet::from([Labels::new()]),
            alerts: BTreeSet::from(["A".to_owned()]),
            wait: Duration::from_secs(1),
            others,
        }
    }

    /// Counters as Alertmanager names them: begun, attempts, failed attempts, given up.
    fn counters(receiver: Option<&str>, values: [u32; 4]) -> Counters {
        let name = receiver.map_or_else(String::new, |name| format!(",receiver_name=\"{name}\""));
        let names = [
            "alertmanager_notifications_total",
            "alertmanager_notification_requests_total",
            "alertmanager_notification_requests_failed_total",
            "alertmanager_notifications_failed_total",
        ];
        let lines = names
            .iter()
            .zip(values)
            .map(|(metric, value)| format!("{metric}{{integration=\"webhook\"{name}}} {value}\n"));
        Counters::read(lines.collect::<String>().as_bytes())
    }

    fn fate(target: &Target, now: &Counters, elapsed: Duration, is_over: bool) -> Option<Fate> {
        let sight = Sight {
            before: &Counters::default(),
            looks: std::slice::from_ref(now),
            elapsed,
            is_over,
            all: std::slice::from_ref(target),
        };
        target.fate("webhook", &sight)
    }

    fn text(fate: Option<Fate>) -> (&'static str, String) {
        match fate {
            Some(Fate::Arrived(text)) => ("arrived", text),
            Some(Fate::Unseen(text)) => ("unseen", text),
            Some(Fate::Failed(text)) => ("failed", text),
            None => ("", String::new()),
        }
    }

    #[test]
    fn only_a_counter_of_the_receiver_alone_proves_an_arrival() {
        let by_receiver = counters(Some("team"), [1, 3, 2, 0]);
        let (kind, why) = text(fate(&target(0), &by_receiver, LATE, false));
        assert_eq!(kind, "arrived");
        assert!(why.contains("2 failed attempts"), "{why}");
        // The same counter where other groups of the receiver may have raised it.
        let (kind, why) = text(fate(&target(2), &by_receiver, LATE, false));
        assert_eq!(kind, "unseen");
        assert!(why.contains("team notifies for 2 groups"), "{why}");
        // By integration alone.
        let (kind, why) = text(fate(&target(0), &counters(None, [5, 5, 1, 0]), LATE, false));
        assert_eq!(kind, "unseen");
        assert!(
            why.contains("does not count by receiver") && why.contains("1 attempts of all"),
            "{why}"
        );
    }

    #[test]
    fn an_attempt_whose_failure_is_not_counted_yet_has_not_arrived() {
        let failing = |attempts, failed| counters(Some("team"), [1, attempts, failed, 0]);
        let of = |looks: &[Counters]| {
            let target = target(0);
            let sight = Sight {
                before: &Counters::default(),
                looks,
                elapsed: LATE,
                is_over: false,
                all: std::slice::from_ref(&target),
            };
            target.fate("webhook", &sight)
        };
        assert_eq!(of(&[failing(5, 5), failing(9, 8), failing(12, 12)]), None);
        assert_eq!(of(&[failing(5, 5), failing(9, 8)]), None);
        assert!(of(&[failing(5, 5), failing(9, 8), failing(9, 8)]).is_some());
        assert!(of(&[failing(9, 8), failing(12, 12), failing(13, 12)]).is_some());
    }

    #[test]
    fn others_notifications_are_not_taken_for_ours_before_ours_is_due() {
        let now = counters(None, [9, 9, 0, 0]);
        assert_eq!(
            fate(&target(0), &now, Duration::from_millis(500), false),
            None
        );
        assert!(fate(&target(0), &now, Duration::from_secs(2), false).is_some());
    }

    #[test]
    fn too_little_that_was_taken_is_a_failure_whoever_sent_it() {
        for receiver in [Some("team"), None] {
            let of = |values, over| text(fate(&target(0), &counters(receiver, values), LATE, over));
            assert_eq!(of([0, 0, 0, 0], false).0, "");
            assert!(of([0, 0, 0, 0], true).1.starts_with("webhook sent nothing"));
            assert!(
                of([1, 0, 0, 0], true)
                    .1
                    .starts_with("webhook does not answer")
            );
            let (kind, why) = of([1, 4, 4, 0], true);
            assert_eq!(kind, "failed");
            assert!(why.contains("4 of 4 attempts failed, 0 of 1"), "{why}");
            // Still tried again.
            assert_eq!(of([1, 4, 4, 0], false).0, "");
        }
        let gave_up = counters(Some("team"), [1, 1, 1, 1]);
        assert!(
            text(fate(&target(0), &gave_up, LATE, false))
                .1
                .ends_with("gave up")
        );
    }
}
