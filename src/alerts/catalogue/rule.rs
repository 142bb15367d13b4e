//! One alert rule, typed. Its expressions and cases are in the file of its layer.

use std::fmt;

use super::case::Case;
use super::options::Options;
use super::{api, infra, jobs, limits, ml, platform, pushes, serving};

/// What an alert is about, bottom up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
}

impl Layer {
    /// Every layer, bottom up.
    pub const ALL: [Self; 6] = [
        Self::Infra,
        Self::Platform,
        Self::Serving,
        Self::Api,
        Self::Ml,
        Self::Test,
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
        }
    }

    /// Returns the name of the rule group.
    #[must_use]
    pub fn group(self) -> String {
        format!("churn-{}", self.as_str())
    }
}

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Somebody should look today.
    Warning,
    /// Somebody should look now.
    Critical,
}

impl Severity {
    /// Returns the value of the label `severity`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
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
    /// PromQL, names and thresholds filled in.
    pub expr: String,
    /// How long the expression must hold, in seconds.
    pub for_seconds: u64,
    /// One line without templates, so that notifications group well.
    pub summary: String,
    /// One sentence with labels and value as Prometheus' templates.
    pub description: &'static str,
    /// Page of the runbook: what it means.
    pub meaning: &'static str,
    /// Page of the runbook: the first query, or command, to run. PromQL, names filled in.
    pub first_query: String,
    /// Page of the runbook: what to do, a step an item.
    pub fix: &'static [&'static str],
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

    fn is_on(&self, options: &Options) -> bool {
        !options.disabled.contains(self.name)
            && (self.on_by_default || options.enabled.contains(self.name))
    }
}

/// Returns every rule, whether it is on or not, by layer.
pub(super) fn all(options: &Options) -> Vec<Rule> {
    let layers = [
        infra::rules(options),
        platform::rules(options),
        limits::rules(options),
        serving::rules(options),
        api::rules(options),
        ml::rules(options),
        jobs::rules(options),
        pushes::rules(options),
    ];
    layers.into_iter().flatten().collect()
}

/// Returns the rules that are on, by layer.
#[must_use]
pub fn rules(options: &Options) -> Vec<Rule> {
    let mut rules = all(options);
    rules.retain(|rule| rule.is_on(options));
    rules
}

/// Returns the name of every rule, whether it is on or not.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let rules = all(&Options::default());
    rules.iter().map(|rule| rule.name).collect()
}

/// What a rule's file says about it, before names, thresholds and cases are filled in.
pub(super) struct Draft {
    pub(super) name: &'static str,
    pub(super) layer: Layer,
    pub(super) severity: Severity,
    pub(super) for_minutes: u64,
    pub(super) expr: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) meaning: &'static str,
    pub(super) first_query: &'static str,
    pub(super) fix: &'static [&'static str],
}

impl Draft {
    /// Fills in the options; `cases` gets the `for` of the rule in seconds.
    pub(super) fn rule(self, options: &Options, cases: impl FnOnce(u64) -> Vec<Case>) -> Rule {
        let own = options.for_seconds.get(self.name).copied();
        let for_seconds = own.unwrap_or(self.for_minutes * 60);
        Rule {
            name: self.name,
            layer: self.layer,
            severity: self.severity,
            retrains: false,
            on_by_default: true,
            expr: options.fill(self.expr),
            for_seconds,
            summary: options.fill(self.summary),
            description: self.description,
            meaning: self.meaning,
            first_query: options.fill(self.first_query),
            fix: self.fix,
            cases: cases(for_seconds),
        }
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
