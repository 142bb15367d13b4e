//! One alert rule, filled in. Where it comes from is in `file.rs` and `fill.rs`.

use std::fmt;

use serde::Deserialize;

use super::case::Case;
use super::options::Options;

/// What an alert is about, bottom up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Nodes.
    Infra,
    /// Pods, Deployments, HPA.
    Platform,
    /// KServe.
    Serving,
    /// The prediction API.
    Api,
    /// The model, its data, its jobs.
    Ml,
    /// No layer: proves that alerts arrive.
    Test,
    /// No layer: always fires, so that somebody outside notices when alerts stop coming.
    Watchdog,
}

impl Layer {
    /// Every layer, bottom up.
    pub const ALL: [Self; 7] = [
        Self::Infra,
        Self::Platform,
        Self::Serving,
        Self::Api,
        Self::Ml,
        Self::Test,
        Self::Watchdog,
    ];

    /// Returns the value of the label `layer`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Infra => "infra",
            Self::Platform => "platform",
            Self::Serving => "serving",
            Self::Api => "api",
            Self::Ml => "ml",
            Self::Test => "test",
            Self::Watchdog => "watchdog",
        }
    }

    /// Returns the name of the rule group.
    #[must_use]
    pub fn group(self) -> String {
        format!("churn-{}", self.as_str())
    }
}

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nobody needs to look.
    None,
    /// A ticket: somebody should look on the next working day.
    Warning,
    /// A page: somebody should look now, at night, too.
    Critical,
}

impl Severity {
    /// Returns the value of the label `severity`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One alert rule with all that belongs to it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The alert's name.
    pub name: &'static str,
    /// What it is about.
    pub layer: Layer,
    /// How urgent it is.
    pub severity: Severity,
    /// Whether it starts a retrain: the label `action: retrain`.
    pub retrains: bool,
    /// Whether it is on unless switched off.
    pub on_by_default: bool,
    /// What must be there for it to mean anything, of [`super::SOURCES`]; of `a|b` either.
    pub needs: Vec<String>,
    /// PromQL, names and thresholds filled in.
    pub expr: String,
    /// How long the expression must hold, in seconds.
    pub for_seconds: u64,
    /// One line without templates, so that notifications group well.
    pub summary: String,
    /// One sentence with labels and value as Prometheus' templates.
    pub description: String,
    /// Page of the runbook: what it means.
    pub meaning: String,
    /// Page of the runbook: what users and others notice of it.
    pub impact: String,
    /// Page of the runbook: why a critical alert may wake somebody.
    pub page_because: Option<String>,
    /// Page of the runbook: the first command to run in a shell.
    pub first_command: String,
    /// Page of the runbook: the first query to run. PromQL, names filled in.
    pub first_query: String,
    /// Page of the runbook: what to do, a step an item.
    pub fix: Vec<String>,
    /// Seconds between two evaluations in its cases, if the rule says so.
    pub evaluation_seconds: Option<u64>,
    /// What proves it.
    pub cases: Vec<Case>,
}

impl Rule {
    /// Returns the labels that the rule puts on its alerts, in the order of their names.
    #[must_use]
    pub fn labels(&self, options: &Options) -> Vec<(String, String)> {
        let mut labels = vec![
            ("layer".to_owned(), self.layer.as_str().to_owned()),
            // Aggregations drop it, and an AlertmanagerConfig only ever sees alerts of its namespace.
            ("namespace".to_owned(), options.namespace.clone()),
            ("severity".to_owned(), self.severity.as_str().to_owned()),
        ];
        if self.retrains {
            labels.insert(0, ("action".to_owned(), "retrain".to_owned()));
        }
        labels
    }

    /// Returns where the runbook of the alert is.
    #[must_use]
    pub fn runbook_url(&self, options: &Options) -> String {
        let base = options.runbook_base.trim_end_matches('/');
        format!("{base}/{}.md", self.name)
    }

    pub(super) fn is_on(&self, options: &Options) -> bool {
        let is_there = |need: &String| need.split('|').any(|one| options.sources.contains(one));
        let by_itself = self.on_by_default && self.needs.iter().all(is_there);
        !options.disabled.contains(self.name) && (by_itself || options.enabled.contains(self.name))
    }
}

/// Returns seconds as Prometheus writes a duration: `5m`, `26h`, `90s`, `8d`.
#[must_use]
pub fn prometheus_duration(seconds: u64) -> String {
    for (unit, size) in [("d", 86_400), ("h", 3_600), ("m", 60)] {
        if seconds > 0 && seconds.is_multiple_of(size) {
            return format!("{}{unit}", seconds / size);
        }
    }
    format!("{seconds}s")
}
