//! Does an alert ask for a retrain, and which retrain does it stand for? Pure: no call, no clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::payload::Alert;
use crate::cluster::names::digest;

/// An alert may begin this much in the future: clocks differ.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// Labels that say where a series came from, not what the alert is about. A new pod of a
/// scraped target changes them, and must not make the same drift look like another one.
const OF_THE_SCRAPE: [&str; 10] = [
    "container",
    "endpoint",
    "instance",
    "job",
    "pod",
    "prometheus",
    "prometheus_replica",
    "receive",
    "replica",
    "service",
];

/// Which alerts count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRules {
    /// Names of alerts.
    pub alerts: Vec<String>,
    /// Our namespace: an alert of another one is none of ours.
    pub namespace: String,
    /// Alerts that began longer ago than this are replays, or nobody cares.
    pub max_age: Duration,
}

/// What an alert is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It asks for the retrain that this key stands for.
    Retrain(String),
    /// It doesn't, for this reason.
    Skip(&'static str),
}

/// Judges an alert.
#[must_use]
pub fn judge(alert: &Alert, rules: &HookRules, now: Timestamp) -> Verdict {
    if alert.status != "firing" {
        return Verdict::Skip("it is resolved");
    }
    // `churnctl alerts test --live` sends such alerts to prove that they arrive.
    if alert.label("churnctl_test").is_some() {
        return Verdict::Skip("it is a test");
    }
    if alert.label("action") != Some("retrain") {
        return Verdict::Skip("it has no label action=retrain");
    }
    if !rules.alerts.iter().any(|name| name == alert.name()) {
        return Verdict::Skip("its name is not on the list of --alerts");
    }
    let namespace = alert.label("namespace");
    if namespace.is_some_and(|namespace| namespace != rules.namespace) {
        return Verdict::Skip("it is of another namespace");
    }
    let Some(began) = alert.starts_at() else {
        return Verdict::Skip("its start is not a time");
    };
    let age = now.duration_since(began);
    if Duration::try_from(age).is_ok_and(|age| age > rules.max_age) {
        return Verdict::Skip("it began too long ago");
    }
    if age < -AHEAD {
        return Verdict::Skip("it begins in the future");
    }
    Verdict::Retrain(key(alert, began))
}

/// Returns the key of the retrain: the alert's name, the labels that say what it is about, its start.
fn key(alert: &Alert, began: Timestamp) -> String {
    let began = began.to_string();
    let mut parts = vec!["alert", alert.name(), &began];
    let about = alert.labels.iter();
    for (name, value) in about.filter(|(name, _)| !OF_THE_SCRAPE.contains(&name.as_str())) {
        parts.extend([name.as_str(), value.as_str()]);
    }
    digest(&parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules() -> HookRules {
        HookRules {
            alerts: vec!["ModelDataDrift".into()],
            namespace: "churn-mlops".into(),
            max_age: Duration::from_secs(7 * 86_400),
        }
    }

    fn alert() -> Alert {
        let labels = [
            ("alertname", "ModelDataDrift"),
            ("action", "retrain"),
            ("namespace", "churn-mlops"),
            ("model", "churn"),
            ("instance", "10.0.0.1:9091"),
        ];
        Alert {
            status: "firing".into(),
            labels: labels.map(|(k, v)| (k.into(), v.into())).into(),
            starts_at: "2026-01-01T00:00:00.123Z".into(),
            fingerprint: "f".into(),
            annotations: Default::default(),
        }
    }

    fn now() -> Timestamp {
        "2026-01-01T01:00:00Z".parse().expect("a time")
    }

    fn with(name: &str, value: &str) -> Verdict {
        let mut alert = alert();
        alert.labels.insert(name.into(), value.into());
        judge(&alert, &rules(), now())
    }

    #[test]
    fn only_firing_alerts_of_ours_with_the_action_and_on_the_list_count() {
        assert!(matches!(
            judge(&alert(), &rules(), now()),
            Verdict::Retrain(_)
        ));
        for (name, value) in [
            ("action", "page"),
            ("alertname", "ModelDataDrift2"),
            ("namespace", "other"),
            ("churnctl_test", "t1"),
        ] {
            assert!(matches!(with(name, value), Verdict::Skip(_)), "{name}");
        }
        let mut resolved = alert();
        resolved.status = "resolved".into();
        assert_eq!(
            judge(&resolved, &rules(), now()),
            Verdict::Skip("it is resolved")
        );
        let mut no_namespace = alert();
        no_namespace.labels.remove("namespace");
        assert!(matches!(
            judge(&no_namespace, &rules(), now()),
            Verdict::Retrain(_)
        ));
    }

    #[test]
    fn an_alert_of_long_ago_or_of_the_future_is_no_reason() {
        let at = |text: &str| {
            let mut alert = alert();
            alert.starts_at = text.into();
            judge(&alert, &rules(), now())
        };
        assert_eq!(
            at("2025-12-25T00:59:59Z"),
            Verdict::Skip("it began too long ago")
        );
        assert_eq!(
            at("2026-01-01T01:10:01Z"),
            Verdict::Skip("it begins in the future")
        );
        assert!(matches!(at("2026-01-01T01:09:00Z"), Verdict::Retrain(_)));
    }

    #[test]
    fn where_the_series_was_scraped_does_not_make_it_another_drift() {
        let same = judge(&alert(), &rules(), now());
        assert_eq!(with("instance", "10.0.0.2:9091"), same);
        assert_eq!(with("pod", "kube-state-metrics-1"), same);
        assert_ne!(with("model", "churn-2"), same);
        let mut later = alert();
        later.starts_at = "2026-01-01T00:00:01Z".into();
        assert_ne!(judge(&later, &rules(), now()), same);
        // The same moment, written otherwise.
        later.starts_at = "2026-01-01T01:00:00.123000+01:00".into();
        assert_eq!(judge(&later, &rules(), now()), same);
    }

    proptest! {
        /// Whatever stands in the labels: what goes into a Job's name and key is hexadecimal.
        #[test]
        fn a_key_holds_nothing_of_what_was_sent(model in ".*", extra in ".*") {
            let mut alert = alert();
            alert.labels.insert("model".into(), model);
            alert.labels.insert(extra.clone(), extra);
            if let Verdict::Retrain(key) = judge(&alert, &rules(), now()) {
                prop_assert!(key.len() == 64 && key.chars().all(|c| c.is_ascii_hexdigit()));
            }
        }
    }
}
