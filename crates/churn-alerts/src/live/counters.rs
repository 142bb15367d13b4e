//! What Alertmanager counts of its notifications. It counts by integration; by receiver, too, where
//! `--enable-feature=receiver-name-in-metrics` is set, which 0.27 brought.

use std::collections::BTreeMap;

use churn_metrics::text;

/// Notifications and attempts, of one integration or of one receiver's.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Tally {
    /// Notifications that were begun.
    pub(super) begun: f64,
    /// Attempts that were answered, well or badly. One that hangs is not among them yet.
    pub(super) attempts: f64,
    /// Attempts that failed. Alertmanager tries most of them again.
    pub(super) failed_attempts: f64,
    /// Notifications that were given up.
    pub(super) given_up: f64,
    /// Those among them that got no answer in time; 0.27 and newer tell them.
    pub(super) timed_out: f64,
}

impl Tally {
    /// Returns how many attempts were taken.
    pub(super) fn taken(&self) -> f64 {
        self.attempts - self.failed_attempts
    }
}

/// Counters at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Counters {
    /// By integration and receiver; the receiver is empty where it is not told.
    by: BTreeMap<(String, String), Tally>,
    /// Whether receivers are told apart.
    pub(super) by_receiver: bool,
}

impl Counters {
    /// Reads the metrics of an Alertmanager.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut counters = Self::default();
        // What is wrong in other families is not our affair.
        let (document, _) = text::parse(body);
        for sample in document.families.iter().flat_map(|one| &one.samples) {
            let Some(kind) = sample.label("integration") else {
                continue;
            };
            let pick: fn(&mut Tally) -> &mut f64 = match sample.name.as_str() {
                "alertmanager_notifications_total" => |tally| &mut tally.begun,
                "alertmanager_notification_requests_total" => |tally| &mut tally.attempts,
                "alertmanager_notification_requests_failed_total" => {
                    |tally| &mut tally.failed_attempts
                }
                // One a reason.
                "alertmanager_notifications_failed_total" => |tally| &mut tally.given_up,
                _ => continue,
            };
            let receiver = sample.label("receiver_name");
            counters.by_receiver |= receiver.is_some();
            let key = (kind.to_owned(), receiver.unwrap_or_default().to_owned());
            let tally = counters.by.entry(key).or_default();
            *pick(tally) += sample.value;
            if sample.label("reason") == Some("contextDeadlineExceeded") {
                tally.timed_out += sample.value;
            }
        }
        counters
    }

    /// Returns what came since, of an integration of this receiver, or of all receivers.
    pub(super) fn since(&self, before: &Self, kind: &str, receiver: Option<&str>) -> Tally {
        let sum = |counters: &Self| {
            let of = |(key, _): &(&(String, String), &Tally)| {
                key.0 == kind && receiver.is_none_or(|name| key.1 == name)
            };
            let all = counters.by.iter().filter(of);
            all.fold(Tally::default(), |sum, (_, one)| Tally {
                begun: sum.begun + one.begun,
                attempts: sum.attempts + one.attempts,
                failed_attempts: sum.failed_attempts + one.failed_attempts,
                given_up: sum.given_up + one.given_up,
                timed_out: sum.timed_out + one.timed_out,
            })
        };
        let (now, then) = (sum(self), sum(before));
        // A counter that fell began anew: Alertmanager was restarted, or its configuration reloaded.
        let rise = |now: f64, then: f64| if now < then { now } else { now - then };
        Tally {
            begun: rise(now.begun, then.begun),
            attempts: rise(now.attempts, then.attempts),
            failed_attempts: rise(now.failed_attempts, then.failed_attempts),
            given_up: rise(now.given_up, then.given_up),
            timed_out: rise(now.timed_out, then.timed_out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GET /metrics of Alertmanager 0.34.0 with --enable-feature=receiver-name-in-metrics, shortened,
    /// with a receiver whose name has to be escaped.
    const BY_RECEIVER: &str = r#"# HELP alertmanager_notification_requests_failed_total The total number of failed notification requests.
# TYPE alertmanager_notification_requests_failed_total counter
alertmanager_notification_requests_failed_total{integration="webhook",receiver_name="noise"} 3
alertmanager_notification_requests_failed_total{integration="webhook",receiver_name="team \"a}\""} 0
# HELP alertmanager_notification_requests_total The total number of attempted notification requests.
# TYPE alertmanager_notification_requests_total counter
alertmanager_notification_requests_total{integration="webhook",receiver_name="noise"} 5
alertmanager_notification_requests_total{integration="webhook",receiver_name="team \"a}\""} 2
# HELP alertmanager_notifications_failed_total The total number of failed notifications.
# TYPE alertmanager_notifications_failed_total counter
alertmanager_notifications_failed_total{integration="webhook",reason="other",receiver_name="noise"} 1
alertmanager_notifications_failed_total{integration="webhook",reason="contextDeadlineExceeded",receiver_name="noise"} 1
# HELP alertmanager_notifications_total The total number of attempted notifications.
# TYPE alertmanager_notifications_total counter
alertmanager_notifications_total{integration="webhook",receiver_name="noise"} 4
"#;

    #[test]
    fn receivers_are_told_apart_where_the_server_does() {
        let now = Counters::read(BY_RECEIVER.as_bytes());
        assert!(now.by_receiver);
        let none = Counters::default();
        let of = |receiver| now.since(&none, "webhook", receiver);
        assert_eq!(of(Some("team \"a}\"")).taken(), 2.0);
        let noise = of(Some("noise"));
        assert_eq!(
            (noise.taken(), noise.given_up, noise.begun),
            (2.0, 2.0, 4.0)
        );
        assert_eq!(noise.timed_out, 1.0);
        assert_eq!(of(None).attempts, 7.0);
        assert_eq!(now.since(&none, "email", None), Tally::default());
    }

    #[test]
    fn by_integration_alone_no_receiver_is_known_and_a_fall_is_a_restart() {
        // GET /metrics of Debian's Alertmanager 0.25.0, shortened.
        let of = |value: u32| {
            let line = "alertmanager_notification_requests_total{integration=\"webhook\"}";
            Counters::read(format!("{line} {value}\n").as_bytes())
        };
        assert!(!of(1).by_receiver);
        let since = |now, then| of(now).since(&of(then), "webhook", None).attempts;
        assert_eq!((since(5, 2), since(1, 9)), (3.0, 1.0));
    }
}
