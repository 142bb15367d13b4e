//! What a check finds.

use serde::Serialize;

/// How a reason begins that is a lack of permission; the verb and the resource follow.
pub const NO_PERMISSION: &str = "no permission to ";

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Health {
    /// As it should be.
    Pass,
    /// Could not be looked at.
    Skip,
    /// Works, but not well or not for ever.
    Warn,
    /// Does not work.
    Fail,
}

impl Health {
    /// Returns the word used in tables and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Skip => "SKIP",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

/// Which check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The Operator's kinds are there.
    Crds,
    /// The Operator runs.
    Operator,
    /// A Prometheus selects our ServiceMonitors.
    ServiceMonitors,
    /// A Prometheus selects our rules.
    Rules,
    /// Alerts reach our AlertmanagerConfig.
    Alertmanager,
    /// ServiceMonitors select Services, by label and port.
    Services,
    /// Services select pods that are ready.
    Pods,
    /// Prometheus may look at our namespace.
    ScrapeRights,
    /// The Operator took our objects.
    Accepted,
    /// kube-state-metrics tells of Jobs.
    KubeStateMetrics,
    /// Targets are up and rules loaded.
    Live,
    /// What was rendered is there.
    Objects,
    /// What pods name is there.
    References,
    /// The drift check runs, and its verdict is not retried.
    Drift,
    /// The volume can be mounted by all who want it.
    Storage,
    /// The webhook can be reached and may start Jobs.
    Hook,
    /// Pods are such as the namespace admits.
    PodSecurity,
    /// Images, runbooks and receivers are somebody's.
    Placeholders,
}

impl Check {
    /// Returns the word used in tables and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crds => "crds",
            Self::Operator => "operator",
            Self::ServiceMonitors => "service_monitors",
            Self::Rules => "rules",
            Self::Alertmanager => "alertmanager",
            Self::Services => "services",
            Self::Pods => "pods",
            Self::ScrapeRights => "scrape_rights",
            Self::Accepted => "accepted",
            Self::KubeStateMetrics => "kube_state_metrics",
            Self::Live => "live",
            Self::Objects => "objects",
            Self::References => "references",
            Self::Drift => "drift",
            Self::Storage => "storage",
            Self::Hook => "hook",
            Self::PodSecurity => "pod_security",
            Self::Placeholders => "placeholders",
        }
    }
}

/// What one check found about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// How it stands.
    pub status: Health,
    /// What was looked at: `servicemonitor/churn-api`.
    pub subject: String,
    /// What is so, or isn't.
    pub detail: String,
    /// A command that fixes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Finding {
    pub(super) fn pass(
        check: Check,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(check, Health::Pass, subject, detail, None)
    }

    pub(super) fn skip(
        check: Check,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(check, Health::Skip, subject, detail, None)
    }

    pub(super) fn warn(
        check: Check,
        subject: impl Into<String>,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(check, Health::Warn, subject, detail, Some(fix.into()))
    }

    pub(super) fn fail(
        check: Check,
        subject: impl Into<String>,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(check, Health::Fail, subject, detail, Some(fix.into()))
    }

    fn new(
        check: Check,
        status: Health,
        subject: impl Into<String>,
        detail: impl Into<String>,
        fix: Option<String>,
    ) -> Self {
        Self {
            check,
            status,
            subject: subject.into(),
            detail: detail.into(),
            fix,
        }
    }
}

/// Returns how it stands as a whole: FAIL and WARN before all, SKIP only where nothing passed.
#[must_use]
pub fn worst(findings: &[Finding]) -> Health {
    let of = |status| findings.iter().any(|finding| finding.status == status);
    match (of(Health::Fail), of(Health::Warn), of(Health::Pass)) {
        (true, _, _) => Health::Fail,
        (false, true, _) => Health::Warn,
        (false, false, true) => Health::Pass,
        (false, false, false) => Health::Skip,
    }
}
