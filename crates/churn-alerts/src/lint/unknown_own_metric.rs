//! `unknown-own-metric`: churnctl knows its own metrics; an alert on another of that kind is a typo.

use churn_base::error::nearest;
use churn_metrics::names::ALL;

use super::check::{Context, Findings, Severity};
use crate::promql::metrics;
use crate::rule::RuleKind;

/// What our metrics begin with.
const PREFIXES: [&str; 2] = ["churn_", "model_"];
/// What a histogram or a summary adds to its name.
const SUFFIXES: [&str; 3] = ["_bucket", "_count", "_sum"];

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    let records = context.library.rules.iter();
    let records: Vec<&str> = records
        .filter(|rule| rule.kind == RuleKind::Record)
        .map(|rule| rule.name.as_str())
        .collect();
    for view in &context.all {
        for name in metrics(view.expr) {
            let bare = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
            let known = |wanted: &str| ALL.iter().any(|metric| metric.name == wanted);
            if !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
                || known(&name)
                || bare.is_some_and(known)
                || records.contains(&name.as_str())
            {
                continue;
            }
            let hint = match nearest(&name, ALL.iter().map(|metric| metric.name)) {
                Some(near) => format!("did you mean {near}?"),
                None => "the names are in src/metrics/names.rs".to_owned(),
            };
            let message = format!("churnctl has no metric {name}");
            findings.of_rule(
                Severity::Fail,
                view.rule,
                view.place_of(&name),
                message,
                hint,
            );
        }
    }
}
