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
    /// The value of the expression, where the description shows it.
    pub value: Option<f64>,
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
