//! Do our alerts reach our AlertmanagerConfig? An Alertmanager must select it, and under the usual
//! matcher strategy only alerts that carry its namespace come through.

use churn_base::text::shell_word;
use serde_json::{Value, json};

use super::expected::Expected;
use super::finding::{Check, Finding};
use super::inventory::{Inventory, items_at, name_of, namespace_of, text_at};
use super::monitoring::{Selecting, one, selects_rules};

const CONFIGS: Selecting = Selecting {
    owner: "Alertmanager",
    objects: "alertmanagerConfigSelector",
    namespaces: "alertmanagerConfigNamespaceSelector",
    resource: "alertmanagerconfig",
};

pub(super) fn check(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let (check, namespace) = (Check::Alertmanager, expected.namespace.as_str());
    if let Some(why) = inventory.why_unseen("AlertmanagerConfig", &["Alertmanager", "Prometheus"]) {
        return vec![Finding::skip(check, "alertmanagerconfig", why)];
    }
    let configs: Vec<&Value> = inventory.of("AlertmanagerConfig", namespace).collect();
    if configs.is_empty() {
        return vec![Finding::warn(
            check,
            "alertmanagerconfig",
            format!(
                "there is none in namespace {namespace}: nothing routes an alert to the retrain"
            ),
            "kubectl apply -k k8s/",
        )];
    }
    let mut found = Vec::new();
    let known = inventory.is_cluster || !inventory.all("Alertmanager").is_empty();
    for config in configs.iter().filter(|_| known) {
        found.push(one(inventory, expected, check, CONFIGS, config));
    }
    found.push(namespaced(inventory, expected));
    found.extend(senders(inventory, expected));
    found
}

/// Every Prometheus that has our rules must know an Alertmanager: without one, its alerts fire and
/// nobody hears them.
fn senders(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let rules = inventory.find("PrometheusRule", &expected.namespace, &expected.rules);
    let has_rules = |owner: &&Value| {
        rules.is_some_and(|rules| selects_rules(inventory, expected, owner, rules))
    };
    let owners = inventory.all("Prometheus").iter().filter(has_rules);
    let sends = |owner: &Value| {
        !items_at(owner, "/spec/alerting/alertmanagers").is_empty()
            || owner["spec"]["additionalAlertManagerConfigs"].is_object()
    };
    let silent = owners.filter(|owner| !sends(owner));
    silent
        .map(|owner| {
            let (home, name) = (namespace_of(owner), name_of(owner));
            let target = json!({"namespace": home, "name": "alertmanager-operated", "port": "web"});
            let patch = json!({"spec": {"alerting": {"alertmanagers": [target]}}});
            Finding::fail(
                Check::Alertmanager,
                format!("prometheus/{name}"),
                format!(
                    "{home}/{name} has our rules and knows no Alertmanager: spec.alerting is empty, so its alerts reach nobody"
                ),
                format!(
                    "kubectl patch prometheus {} -n {} --type=merge -p {}",
                    shell_word(name),
                    shell_word(home),
                    shell_word(&patch.to_string())
                ),
            )
        })
        .collect()
}

/// Every alert must have the label `namespace`: aggregations drop it, and then no
/// AlertmanagerConfig ever sees the alert.
fn namespaced(inventory: &Inventory, expected: &Expected) -> Finding {
    let namespace = expected.namespace.as_str();
    let subject = format!("prometheusrule/{}", expected.rules);
    let strategies: Vec<&str> = inventory
        .all("Alertmanager")
        .iter()
        .map(|one| {
            text_at(one, "/spec/alertmanagerConfigMatcherStrategy/type").unwrap_or("OnNamespace")
        })
        .collect();
    if !strategies.is_empty() && strategies.iter().all(|strategy| *strategy == "None") {
        return Finding::pass(
            Check::Alertmanager,
            subject,
            "the matcher strategy None lets every alert through",
        );
    }
    if let Some(why) = inventory.why_unknown("PrometheusRule") {
        return Finding::skip(Check::Alertmanager, subject, why);
    }
    let (mut alerts, mut without) = (0, Vec::new());
    for rule in inventory.of("PrometheusRule", namespace) {
        for group in items_at(rule, "/spec/groups") {
            for alert in items_at(group, "/rules") {
                let Some(name) = alert["alert"].as_str() else {
                    continue;
                };
                alerts += 1;
                if alert["labels"]["namespace"].as_str() != Some(namespace) {
                    without.push(format!("{name} ({})", name_of(rule)));
                }
            }
        }
    }
    if without.is_empty() {
        let detail = format!("{alerts} alerts carry namespace={namespace}");
        return Finding::pass(Check::Alertmanager, subject, detail);
    }
    // Its matcher strategy may be None.
    if let Some(why) = inventory.why_unknown("Alertmanager") {
        return Finding::skip(Check::Alertmanager, subject, why);
    }
    Finding::warn(
        Check::Alertmanager,
        subject,
        format!(
            "without a label namespace={namespace} of their own, which the matcher strategy OnNamespace wants: {}",
            without.join(", ")
        ),
        format!("add `labels: {{namespace: {namespace}}}` to them; churnctl render-manifests does"),
    )
}
