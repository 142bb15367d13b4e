//! The page about an alert: what it means, how urgent it is, what to run first, what to do.

use churn_base::error::Result;
use churn_base::text::shell_word;

use super::options::Options;
use super::rule::{Layer, Rule, Severity, prometheus_duration};
use super::rules::all;

/// Returns the pages of all alerts, file name and Markdown, and `README.md` that lists them.
///
/// # Errors
/// Fails if a rule's file cannot be filled in, which a test excludes.
pub fn runbooks(options: &Options) -> Result<Vec<(String, String)>> {
    let rules = all(options)?;
    let mut pages = vec![("README.md".to_owned(), index(&rules))];
    for rule in &rules {
        pages.push((format!("{}.md", rule.name), page(rule, options)));
    }
    Ok(pages)
}

fn index(rules: &[Rule]) -> String {
    let mut text = String::from(
        "# Runbooks\n\nA page for each alert, made from the rules (`UPDATE=1 cargo test --test it`). Thresholds are the defaults.\n\n\
         Commands for `promtool` and `amtool` ask servers on this machine; this brings those of the cluster here:\n\n\
         ```sh\nkubectl -n monitoring port-forward svc/prometheus-operated 9090 &\nkubectl -n monitoring port-forward svc/alertmanager-operated 9093 &\n```\n\n\
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

/// Returns the commands of a page, in the order in which they are run.
pub(super) fn commands(rule: &Rule, options: &Options) -> [String; 4] {
    let (name, namespace) = (rule.name, &options.namespace);
    let query = |expr: &str| {
        let quoted = shell_word(expr);
        format!("promtool query instant http://localhost:9090 {quoted}")
    };
    [
        rule.first_command.clone(),
        query(&rule.first_query),
        query(&format!(
            "ALERTS{{alertname=\"{name}\",namespace=\"{namespace}\"}}"
        )),
        format!(
            "amtool silence add --alertmanager.url=http://localhost:9093 --duration=2h --comment=\"fixing it\" alertname={name} namespace={namespace}"
        ),
    ]
}

fn page(rule: &Rule, options: &Options) -> String {
    let [first, query, verify, silence] = commands(rule, options);
    let mut text = format!(
        "# {}\n\n{}.\n\n## Meaning\n\n{}\n\n## Urgency\n\n{}\n\n## Impact\n\n{}\n\n",
        rule.name,
        rule.summary.trim_end_matches('.'),
        rule.meaning,
        urgency(rule),
        rule.impact
    );
    text.push_str(&format!(
        "## First\n\n```sh\n{first}\n{query}\n```\n\n## Fix\n\n"
    ));
    for (at, step) in rule.fix.iter().enumerate() {
        text.push_str(&format!("{}. {step}\n", at + 1));
    }
    text.push_str(&format!(
        "\n## Verify\n\n{}\n\n```sh\n{verify}\n```\n\n## Escalate\n\n{}\n\n",
        match rule.layer {
            Layer::Test | Layer::Watchdog => "It fires as long as it is there:",
            _ => "Within a few minutes this returns nothing:",
        },
        escalate(rule)
    ));
    text.push_str(&format!(
        "## Silence\n\nWhile you fix it, not longer:\n\n```sh\n{silence}\n```\n\n## Rule\n\n```promql\n{}\n```\n",
        rule.expr
    ));
    text
}

fn urgency(rule: &Rule) -> String {
    let hold = prometheus_duration(rule.for_seconds);
    let mut text = match rule.severity {
        Severity::Critical => format!(
            "A page (severity critical, after {hold}): act now, at night, too. {}",
            rule.page_because.as_deref().unwrap_or_default()
        ),
        Severity::Warning => {
            format!("A ticket (severity warning, after {hold}): look on the next working day.")
        }
        Severity::None => "None: it is a heartbeat.".to_owned(),
    };
    if rule.retrains {
        text.push_str(" It starts a retrain by itself.");
    }
    if !rule.on_by_default {
        text.push_str(" Off unless named in `alerts.enable`.");
    }
    text
}

fn escalate(rule: &Rule) -> &'static str {
    match rule.layer {
        Layer::Infra => {
            "To those who run the cluster, after 30 minutes: nodes are not ours to fix."
        }
        Layer::Platform | Layer::Serving => {
            "To those who run the cluster if pods cannot be scheduled or volumes not mounted; else to the team of the API."
        }
        Layer::Api => {
            "To the team of the API after 15 minutes without a cause; to those who run the cluster if the pods are well and cannot be reached."
        }
        Layer::Ml => "To those who own the model and its data; the cause is rarely in the cluster.",
        Layer::Test | Layer::Watchdog => "To those who run Prometheus and Alertmanager.",
    }
}
