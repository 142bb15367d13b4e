//! Unit cases of a rule: series that go in, alerts that come out, and when.

/// What a case shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseKind {
    /// The alert fires when it should.
    Fires,
    /// It stays silent although there is data.
    Silent,
    /// There is no data at all.
    NoData,
}

impl CaseKind {
    /// Returns the word that the names of such cases begin with.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fires => "fires",
            Self::Silent => "silent",
            Self::NoData => "no data",
        }
    }
}

/// An alert that a case expects.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// Labels beside those of the rule.
    pub labels: Vec<(String, String)>,
    /// The value of the expression, for the description.
    pub value: f64,
}

/// What a case expects at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Seconds after the begin.
    pub at_seconds: u64,
    /// The alerts that fire; none for silence.
    pub alerts: Vec<Expected>,
}

/// One case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What it shows.
    pub kind: CaseKind,
    /// In a few words.
    pub name: String,
    /// Seconds between the values of a series.
    pub interval_seconds: u64,
    /// Series and their values, in promtool's notation.
    pub series: Vec<(String, String)>,
    /// What is expected when.
    pub checks: Vec<Check>,
}

impl Case {
    fn new(kind: CaseKind, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            interval_seconds: 60,
            series: Vec::new(),
            checks: Vec::new(),
        }
    }

    pub(super) fn fires(name: &str) -> Self {
        Self::new(CaseKind::Fires, name)
    }

    pub(super) fn silent(name: &str) -> Self {
        Self::new(CaseKind::Silent, name)
    }

    /// There is nothing, and nothing is said, for longer than `for`.
    pub(super) fn no_data(for_seconds: u64) -> Self {
        Self::new(CaseKind::NoData, "the metrics are not there").silent_at(for_seconds + 1200)
    }

    /// Puts a series in.
    pub(super) fn with(mut self, series: impl Into<String>, values: impl Into<String>) -> Self {
        self.series.push((series.into(), values.into()));
        self
    }

    /// Changes the time between values; at most 4 minutes, or they are stale in between.
    pub(super) fn every(mut self, seconds: u64) -> Self {
        self.interval_seconds = seconds;
        self
    }

    pub(super) fn silent_at(mut self, at_seconds: u64) -> Self {
        self.checks.push(Check {
            at_seconds,
            alerts: Vec::new(),
        });
        self
    }

    /// Expects one alert with these labels beside those of the rule.
    pub(super) fn fires_at(mut self, at_seconds: u64, labels: &[(&str, &str)], value: f64) -> Self {
        let labels = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let expected = Expected {
            labels: labels.collect(),
            value,
        };
        match self.checks.iter_mut().find(|c| c.at_seconds == at_seconds) {
            Some(check) => check.alerts.push(expected),
            None => self.checks.push(Check {
                at_seconds,
                alerts: vec![expected],
            }),
        }
        self
    }
}

/// Shortly before a condition has held for so many seconds: a minute, or half of it.
pub(super) fn before(hold: u64) -> u64 {
    hold - (hold / 2).min(60)
}

/// The same for a condition that has to hold for hours: half an hour before.
pub(super) fn long_before(hold: u64) -> u64 {
    hold - (hold / 2).min(1800)
}

/// A value that stays, for many steps.
pub(super) fn flat(value: f64) -> String {
    format!("{value}+0x400")
}

/// A counter from 0 on.
pub(super) fn rising(per_step: f64) -> String {
    format!("0+{per_step}x400")
}

/// A gauge that moves by so much a step.
pub(super) fn moving(from: f64, per_step: f64) -> String {
    match per_step < 0.0 {
        true => format!("{from}-{}x400", -per_step),
        false => format!("{from}+{per_step}x400"),
    }
}

/// Tells whether a ratio over 1,000 comes out as exactly this number: then a case can stand at the threshold.
pub(super) fn exact(ratio: f64) -> bool {
    (ratio * 1000.0) / 1000.0 == ratio && (ratio * 1000.0).fract() == 0.0
}
