//! The alert webhook: is it there, may it start Jobs, does the network let
//! Alertmanager in?

use churn_base::text::shell_word;
use serde_json::{Value, json};

use super::as_rendered::fix_as_rendered;
use super::expected::Expected;
use super::finding::{Check, Finding};
use super::inventory::{Inventory, items_at, name_of, namespace_of, text_at};
use super::monitoring::namespace_labels;
use super::selector::{labels_at, missing};
use crate::cluster::access::{Permission, TO_START};

pub(super) fn check(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let (check, name, namespace) = (Check::Hook, &expected.hook, &expected.namespace);
    let subject = format!("deployment/{name}");
    if let Some(why) = inventory.why_unseen("Deployment", &["Role", "RoleBinding", "NetworkPolicy"])
    {
        return vec![Finding::skip(check, subject, why)];
    }
    let Some(deployment) = inventory.find("Deployment", namespace, name) else {
        return vec![Finding::skip(
            check,
            subject,
            "there is no alert webhook here: retrains start by hand or by schedule",
        )];
    };
    let service = inventory.find("Service", namespace, name);
    let mut found = vec![match (service, inventory.why_unknown("Service")) {
        (Some(_), _) => Finding::pass(check, subject, "there, with its Service"),
        (None, Some(why)) => Finding::skip(check, subject, why),
        (None, None) => Finding::fail(
            check,
            subject,
            format!("it has no Service {name}: Alertmanager cannot reach it"),
            "kubectl apply -k k8s/",
        ),
    }];
    found.push(rights(inventory, expected, deployment));
    found.push(network(inventory, expected, deployment));
    found
}

/// Checks that the Roles bound to the webhook's account hold what starting a Job takes.
fn rights(inventory: &Inventory, expected: &Expected, deployment: &Value) -> Finding {
    let (check, namespace) = (Check::Hook, expected.namespace.as_str());
    let account =
        text_at(deployment, "/spec/template/spec/serviceAccountName").unwrap_or("default");
    let subject = format!("serviceaccount/{account}");
    for kind in ["Role", "RoleBinding"] {
        if let Some(why) = inventory.why_unknown(kind) {
            return Finding::skip(check, subject, why);
        }
    }
    let is_ours = |binding: &&Value| {
        items_at(binding, "/subjects").iter().any(|subject| {
            subject["kind"] == "ServiceAccount"
                && subject["name"] == account
                && subject["namespace"]
                    .as_str()
                    .is_none_or(|own| own == namespace)
        })
    };
    let bound: Vec<&str> = inventory
        .of("RoleBinding", namespace)
        .filter(is_ours)
        .filter(|binding| binding["roleRef"]["kind"] == "Role")
        .filter_map(|binding| text_at(binding, "/roleRef/name"))
        .collect();
    let rules: Vec<&Value> = inventory
        .of("Role", namespace)
        .filter(|role| bound.contains(&name_of(role)))
        .flat_map(|role| items_at(role, "/rules"))
        .collect();
    let missing: Vec<String> = TO_START
        .iter()
        .filter(|permission| !rules.iter().any(|rule| grants(rule, permission, expected)))
        .map(|permission| format!("{} {}", permission.verb, permission.resource()))
        .collect();
    if missing.is_empty() {
        return Finding::pass(check, subject, "may start Jobs");
    }
    Finding::fail(
        check,
        subject,
        format!("may not {}", missing.join(", ")),
        ["Role", "RoleBinding"]
            .iter()
            .find_map(|kind| fix_as_rendered(inventory, expected, kind, &expected.hook))
            .unwrap_or_else(|| "kubectl apply -k k8s/   # its Role has them".to_owned()),
    )
}

fn grants(rule: &Value, permission: &Permission, expected: &Expected) -> bool {
    let has = |pointer: &str, wanted: &str| {
        items_at(rule, pointer)
            .iter()
            .any(|item| *item == wanted || *item == "*")
    };
    let name = match permission.resource {
        "cronjobs" => expected.retrain.as_str(),
        "leases" => expected.lease.as_str(),
        _ => "",
    };
    let names = items_at(rule, "/resourceNames");
    has("/apiGroups", permission.group)
        && has("/resources", permission.resource)
        && has("/verbs", permission.verb)
        && (names.is_empty() || names.iter().any(|known| *known == name))
}

/// Checks that no NetworkPolicy keeps Alertmanager out.
fn network(inventory: &Inventory, expected: &Expected, deployment: &Value) -> Finding {
    let (check, namespace) = (Check::Hook, expected.namespace.as_str());
    let subject = format!("deployment/{}", expected.hook);
    if let Some(why) = inventory.why_unknown("NetworkPolicy") {
        return Finding::skip(check, subject, why);
    }
    let pod = labels_at(deployment, "/spec/template/metadata/labels");
    let policies: Vec<&Value> = inventory
        .of("NetworkPolicy", namespace)
        .filter(|policy| missing(&policy["spec"]["podSelector"], &pod).is_empty())
        .filter(|policy| {
            let types = items_at(policy, "/spec/policyTypes");
            types.is_empty() || types.iter().any(|kind| *kind == "Ingress")
        })
        .collect();
    if policies.is_empty() {
        let detail = "no NetworkPolicy guards it: any pod may knock, the token decides";
        return Finding::pass(check, subject, detail);
    }
    let from = alertmanagers_namespace(inventory, expected);
    let labels = namespace_labels(inventory, from, expected);
    let lets_in = |policy: &&Value| {
        items_at(policy, "/spec/ingress").iter().any(|rule| {
            let peers = items_at(rule, "/from");
            peers.is_empty()
                || peers.iter().any(|peer| {
                    let selector = &peer["namespaceSelector"];
                    !selector.is_null() && missing(selector, &labels).is_empty()
                })
        })
    };
    if policies.iter().any(lets_in) {
        let detail = format!("a NetworkPolicy lets namespace {from} in");
        return Finding::pass(check, subject, detail);
    }
    if let Some(why) = inventory.why_unknown(&format!("Namespace {from}")) {
        return Finding::skip(check, subject, why);
    }
    let names: Vec<&str> = policies.iter().map(|policy| name_of(policy)).collect();
    let monitoring = json!({"matchLabels": {"kubernetes.io/metadata.name": from}});
    let patch = json!({"spec": {"ingress": [{"from": [{"namespaceSelector": monitoring}]}]}});
    Finding::fail(
        check,
        subject,
        format!(
            "the NetworkPolicies {} let nobody of namespace {from} in, where Alertmanager runs",
            names.join(", ")
        ),
        fix_as_rendered(inventory, expected, "NetworkPolicy", &expected.hook).unwrap_or_else(
            || {
                format!(
                    "kubectl patch networkpolicy {} -n {namespace} --type=merge -p {}",
                    expected.hook,
                    shell_word(&patch.to_string())
                )
            },
        ),
    )
}

fn alertmanagers_namespace<'a>(inventory: &'a Inventory, expected: &'a Expected) -> &'a str {
    let first = inventory.all("Alertmanager").first();
    first.map_or(expected.monitoring_namespace.as_str(), namespace_of)
}
