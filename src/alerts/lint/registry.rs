//! All checks, in the order in which they are listed.

use super::check::Check;
use super::{
    counter_without_rate, dead_metric, deprecated_matcher, disable_comment, duplicate_alert,
    finished_pods, missing_description, missing_for, missing_runbook_url, missing_severity,
    missing_summary, namespace_lost, no_absence_alert, quantile_without_le, retrain_loop,
    short_range, stuck_job, syntax, template_label, traffic_guard, unknown_own_metric,
    unknown_receiver,
};

macro_rules! check {
    ($id:literal, $module:ident, $title:literal) => {
        Check {
            id: $id,
            title: $title,
            page: include_str!(concat!("../../../docs/lint/", $id, ".md")),
            run: $module::run,
        }
    };
}

/// Every check.
#[rustfmt::skip]
pub static CHECKS: &[Check] = &[
    check!("syntax", syntax, "an expression, a duration or a key that Prometheus refuses"),
    check!("dead-metric", dead_metric, "a metric that current exporters no longer have"),
    check!("unknown-own-metric", unknown_own_metric, "a metric of churnctl that churnctl does not have"),
    check!("namespace-lost", namespace_lost, "an alert without `namespace`, which no AlertmanagerConfig takes"),
    check!("template-label", template_label, "a template that names a label which the expression drops"),
    check!("retrain-loop", retrain_loop, "an alert on a failed job that the retrain Job sets off, too"),
    check!("finished-pods", finished_pods, "an alert that fires on finished pods"),
    check!("stuck-job", stuck_job, "an alert that stays as long as a failed Job object is kept"),
    check!("counter-without-rate", counter_without_rate, "a counter's value, which only ever grows"),
    check!("quantile-without-le", quantile_without_le, "a quantile of buckets whose bounds were summed away"),
    check!("short-range", short_range, "a range shorter than four scrapes"),
    check!("traffic-guard", traffic_guard, "a ratio that a single request can move"),
    check!("no-absence-alert", no_absence_alert, "metrics whose disappearance nobody would notice"),
    check!("missing-for", missing_for, "an alert that does not say how long it waits"),
    check!("missing-severity", missing_severity, "an alert without a severity that routes know"),
    check!("missing-summary", missing_summary, "an alert without `summary`"),
    check!("missing-description", missing_description, "an alert without `description`"),
    check!("missing-runbook-url", missing_runbook_url, "an alert without `runbook_url`"),
    check!("duplicate-alert", duplicate_alert, "two alerts of one name and the same labels"),
    check!("unknown-receiver", unknown_receiver, "a route to a receiver that does not exist"),
    check!("deprecated-matcher", deprecated_matcher, "`match` and `match_re`, deprecated since Alertmanager 0.22"),
    check!("disable-comment", disable_comment, "a comment that switches a check off and says no reason"),
];

/// Returns the check of this id.
#[must_use]
pub fn check_named(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_check_has_an_id_a_file_and_a_page_and_every_page_has_a_check() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let ids: BTreeSet<String> = CHECKS.iter().map(|check| check.id.to_owned()).collect();
        assert_eq!(ids.len(), CHECKS.len());
        for check in CHECKS {
            let file = format!("src/alerts/lint/{}.rs", check.id.replace('-', "_"));
            assert!(root.join(&file).exists(), "{file}");
            let title = format!("# {}\n", check.id);
            assert!(check.page.starts_with(&title), "{}", check.id);
            assert!(
                check.page.len() > 300 && check.page.contains("```"),
                "{}",
                check.id
            );
        }
        let pages = std::fs::read_dir(root.join("docs/lint")).expect("pages");
        let names = pages.map(|page| {
            page.expect("a page")
                .file_name()
                .to_string_lossy()
                .into_owned()
        });
        let pages: BTreeSet<String> = names
            .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
            .filter(|name| name != "README")
            .collect();
        assert_eq!(pages, ids);
    }
}
