//! The page about an alert: what it means, the first query, what to do.

use super::options::Options;
use super::rule::{Rule, all, prometheus_duration};
use crate::error::Result;

/// Returns the pages of all alerts, file name and Markdown, and `README.md` that lists them.
///
/// # Errors
/// Fails if a rule's file cannot be filled in, which a test excludes.
pub fn runbooks(options: &Options) -> Result<Vec<(String, String)>> {
    let rules = all(options)?;
    let mut pages = vec![("README.md".to_owned(), index(&rules))];
    for rule in &rules {
        pages.push((format!("{}.md", rule.name), page(rule)));
    }
    Ok(pages)
}

fn index(rules: &[Rule]) -> String {
    let mut text = String::from(
        "# Runbooks\n\nA page for each alert, made from the rules (`UPDATE=1 cargo test --test it`). Thresholds are the defaults.\n\n\
         | alert | layer | severity | says |\n|---|---|---|---|\n",
    );
    for rule in rules {
        text.push_str(&format!(
            "| [{0}]({0}.md) | {1} | {2} | {3} |\n",
            rule.name,
            rule.layer.as_str(),
            rule.severity,
            rule.summary
        ));
    }
    text
}

fn page(rule: &Rule) -> String {
    let mut text = format!(
        "# {}\n\n{}.\n\n",
        rule.name,
        rule.summary.trim_end_matches('.')
    );
    text.push_str(&format!(
        "Severity {}, after {}. {}\n\n",
        rule.severity,
        prometheus_duration(rule.for_seconds),
        match (rule.retrains, rule.on_by_default) {
            (true, _) => "Starts a retrain.",
            (false, false) => "Off unless named in `alerts.enable`.",
            (false, true) => "Starts nothing by itself.",
        }
    ));
    text.push_str(&format!("## Meaning\n\n{}\n\n", rule.meaning));
    text.push_str(&format!(
        "## First query\n\n```promql\n{}\n```\n\n## Fix\n\n",
        rule.first_query
    ));
    for (at, step) in rule.fix.iter().enumerate() {
        text.push_str(&format!("{}. {step}\n", at + 1));
    }
    text.push_str(&format!("\n## Rule\n\n```promql\n{}\n```\n", rule.expr));
    text
}
