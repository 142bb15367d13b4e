//! All checks, in the order in which they are listed.

use super::check::Check;
use super::{
    always_fires, beyond_retention, counter_without_rate, dead_condition, dead_metric,
    delta_of_counter, deprecated_matcher, disable_comment, duplicate_alert, duplicate_record,
    finished_pods, for_beyond_range, hasty_absence, inline_secret, insecure_receiver,
    loose_inhibition, matcher_typo, missing_description, missing_for, missing_runbook_url,
    missing_severity, missing_summary, namespace_lost, nan_aggregation, never_fires, never_loaded,
    newer_server, no_absence_alert, percent_scale, placeholder, quantile_range,
    quantile_without_le, rate_of_gauge, rate_of_sum, reaches_nobody, redundant_regex,
    repeat_interval, retrain_loop, short_range, stuck_job, syntax, template_files, template_label,
    traffic_guard, unknown_own_metric, unknown_receiver, unreachable_route, unused_receiver,
    useless_continue, value_in_label,
};

macro_rules! check {
    ($id:literal, $module:ident, $title:literal) => {
        Check {
            id: $id,
            title: $title,
            page: include_str!(concat!("../../docs/lint/", $id, ".md")),
            run: $module::run,
        }
    };
}

/// Every check.
#[rustfmt::skip]
pub static CHECKS: &[Check] = &[
    check!("syntax", syntax, "what Prometheus or Alertmanager refuses to load"),
    check!("never-loaded", never_loaded, "a second YAML document, which no server looks at"),
    check!("newer-server", newer_server, "what older servers, or those without a feature flag, refuse"),
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
    check!("always-fires", always_fires, "an alert that fires whatever the data say"),
    check!("never-fires", never_fires, "an expression whose result is always empty"),
    check!("dead-condition", dead_condition, "a part of an expression that decides nothing"),
    check!("value-in-label", value_in_label, "a label that holds the value, so that every value is a new alert"),
    check!("rate-of-sum", rate_of_sum, "`rate` of a sum of counters"),
    check!("rate-of-gauge", rate_of_gauge, "`rate` of a gauge"),
    check!("delta-of-counter", delta_of_counter, "`delta` or `deriv` of a counter"),
    check!("quantile-range", quantile_range, "a quantile that does not lie between 0 and 1"),
    check!("nan-aggregation", nan_aggregation, "a sum or mean that one idle series makes NaN"),
    check!("for-beyond-range", for_beyond_range, "a `for` as long as the memory of the expression"),
    check!("beyond-retention", beyond_retention, "an offset or a range longer than samples are kept"),
    check!("hasty-absence", hasty_absence, "`absent` that one missed scrape sets off"),
    check!("percent-scale", percent_scale, "a share printed as a percentage, or a percentage as a share"),
    check!("redundant-regex", redundant_regex, "a regular expression that could be `=`, or has needless anchors"),
    check!("duplicate-record", duplicate_record, "two rules that record the same series"),
    check!("missing-for", missing_for, "an alert that does not say how long it waits"),
    check!("missing-severity", missing_severity, "an alert without a severity that routes know"),
    check!("missing-summary", missing_summary, "an alert without `summary`"),
    check!("missing-description", missing_description, "an alert without `description`"),
    check!("missing-runbook-url", missing_runbook_url, "an alert without `runbook_url`"),
    check!("placeholder", placeholder, "a value that only stands for one that somebody has to set"),
    check!("duplicate-alert", duplicate_alert, "two alerts of one name and the same labels"),
    check!("unknown-receiver", unknown_receiver, "a route to a receiver that does not exist"),
    check!("matcher-typo", matcher_typo, "a matcher that misspells a label or a value of the rules"),
    check!("unreachable-route", unreachable_route, "a route that no alert takes"),
    check!("reaches-nobody", reaches_nobody, "an alert that ends at a receiver which sends nothing"),
    check!("unused-receiver", unused_receiver, "a receiver or a time interval that no route names"),
    check!("loose-inhibition", loose_inhibition, "an inhibition without `equal`, or without matchers"),
    check!("repeat-interval", repeat_interval, "times of a route that contradict each other"),
    check!("useless-continue", useless_continue, "`continue` on the last route"),
    check!("template-files", template_files, "template files that are not there, or cannot be parsed"),
    check!("inline-secret", inline_secret, "a password, key or token in the configuration's text"),
    check!("insecure-receiver", insecure_receiver, "alerts that travel in clear text, or to whoever answers"),
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
            let file = format!("src/lint/{}.rs", check.id.replace('-', "_"));
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
