//! What the webhook counts.

use churn_base::error::Result;
use churn_metrics::names::{
    RETRAIN_COOLDOWN_END_TIMESTAMP_SECONDS, RETRAIN_DECISIONS_TOTAL,
    RETRAIN_LAST_START_TIMESTAMP_SECONDS, RETRAIN_REQUESTS_TOTAL,
};
use churn_metrics::{Counter, Gauge, Live};

/// Words for what became of an alert, in the order of the documentation.
pub(super) const OUTCOMES: [&str; 8] = [
    "created",
    "duplicate",
    "running",
    "cooling_down",
    "too_many",
    "skipped",
    "busy",
    "failed",
];
const STATUSES: [&str; 6] = ["200", "400", "401", "413", "503", "other"];

/// The counters. Every series is there from the start: a rate sees its first step.
pub(super) struct Meters {
    live: Live,
    outcomes: Vec<(&'static str, Counter)>,
    statuses: Vec<(&'static str, Counter)>,
    last_start: Gauge,
    cooldown_end: Gauge,
}

impl Meters {
    pub(super) fn new() -> Result<Self> {
        let live = Live::new();
        let mut outcomes = Vec::new();
        for word in OUTCOMES {
            outcomes.push((word, live.counter(&RETRAIN_DECISIONS_TOTAL, &[word])?));
        }
        let mut statuses = Vec::new();
        for status in STATUSES {
            statuses.push((status, live.counter(&RETRAIN_REQUESTS_TOTAL, &[status])?));
        }
        Ok(Self {
            last_start: live.gauge(&RETRAIN_LAST_START_TIMESTAMP_SECONDS, &[])?,
            cooldown_end: live.gauge(&RETRAIN_COOLDOWN_END_TIMESTAMP_SECONDS, &[])?,
            live,
            outcomes,
            statuses,
        })
    }

    pub(super) fn outcome(&self, word: &str) {
        if let Some((_, counter)) = self.outcomes.iter().find(|(known, _)| *known == word) {
            counter.add_one();
        }
    }

    pub(super) fn answered(&self, status: u16) {
        let status = status.to_string();
        let known = self.statuses.iter().find(|(known, _)| *known == status);
        let other = || self.statuses.iter().find(|(known, _)| *known == "other");
        if let Some((_, counter)) = known.or_else(other) {
            counter.add_one();
        }
    }

    pub(super) fn started(&self, at_seconds: i64) {
        self.last_start.set(at_seconds as f64);
    }

    pub(super) fn cooling_until(&self, at_seconds: i64) {
        self.cooldown_end.set(at_seconds as f64);
    }

    pub(super) fn text(&self) -> Result<String> {
        self.live.text()
    }
}
