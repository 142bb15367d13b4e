//! Which Prometheus selects our ServiceMonitors and rules, and why the others don't. A selector that
//! is absent selects nothing; an empty one selects everything: the most common fault of all.

use churn_base::text::shell_word;
use serde_json::Value;

use super::expected::Expected;
use super::finding::{Check, Finding};
use super::inventory::{Inventory, name_of, namespace_of};
use super::selector::{Missing, labels_at, missing};

/// Who selects, and by which fields.
#[derive(Clone, Copy)]
pub(super) struct Selecting {
    /// Kind of who selects: Prometheus, Alertmanager.
    pub(super) owner: &'static str,
    /// Field with the selector of objects.
    pub(super) objects: &'static str,
    /// Field with the selector of namespaces.
    pub(super) namespaces: &'static str,
    /// What is selected, as `kubectl` calls it.
    pub(super) resource: &'static str,
}

const MONITORS: Selecting = Selecting {
    owner: "Prometheus",
    objects: "serviceMonitorSelector",
    namespaces: "serviceMonitorNamespaceSelector",
    resource: "servicemonitor",
};
const RULES: Selecting = Selecting {
    owner: "Prometheus",
    objects: "ruleSelector",
    namespaces: "ruleNamespaceSelector",
    resource: "prometheusrule",
};

/// Checks that a Prometheus selects each of our ServiceMonitors.
pub(super) fn service_monitors(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let check = Check::ServiceMonitors;
    let main = ("ServiceMonitor", expected.api.as_str());
    selected(inventory, expected, check, MONITORS, main)
}

/// Checks that a Prometheus selects our rules.
pub(super) fn rules(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let main = ("PrometheusRule", expected.rules.as_str());
    selected(inventory, expected, Check::Rules, RULES, main)
}

/// Returns whether a Prometheus selects these rules.
pub(super) fn selects_rules(
    inventory: &Inventory,
    expected: &Expected,
    owner: &Value,
    rules: &Value,
) -> bool {
    unselected(inventory, expected, RULES, owner, rules).is_none()
}

fn selected(
    inventory: &Inventory,
    expected: &Expected,
    check: Check,
    selecting: Selecting,
    (kind, main): (&str, &str),
) -> Vec<Finding> {
    let namespace = expected.namespace.as_str();
    if let Some(why) = inventory.why_unseen(kind, &[selecting.owner]) {
        return vec![Finding::skip(check, selecting.resource, why)];
    }
    let mut found = Vec::new();
    if inventory.find(kind, namespace, main).is_none() {
        found.push(Finding::fail(
            check,
            format!("{}/{main}", selecting.resource),
            format!("there is none in namespace {namespace}"),
            "kubectl apply -k k8s/",
        ));
    }
    for object in inventory.of(kind, namespace) {
        found.push(one(inventory, expected, check, selecting, object));
    }
    found
}

/// Checks that somebody selects this object.
pub(super) fn one(
    inventory: &Inventory,
    expected: &Expected,
    check: Check,
    selecting: Selecting,
    object: &Value,
) -> Finding {
    let subject = format!("{}/{}", selecting.resource, name_of(object));
    if let Some(why) = inventory.why_unknown(selecting.owner) {
        return Finding::skip(check, subject, why);
    }
    let owners = inventory.all(selecting.owner);
    if owners.is_empty() {
        let owner = selecting.owner;
        return match inventory.is_cluster {
            true => Finding::fail(
                check,
                subject,
                format!("there is no {owner} in the cluster"),
                "helm upgrade --install prometheus prometheus-community/kube-prometheus-stack -n monitoring --create-namespace",
            ),
            false => Finding::skip(
                check,
                subject,
                format!(
                    "no {owner} object among the files; add one: kubectl get {} -A -o yaml",
                    owner.to_lowercase()
                ),
            ),
        };
    }
    let mut why = Vec::new();
    let mut fix = None;
    for owner in owners {
        let who = format!("{}/{}", namespace_of(owner), name_of(owner));
        match unselected(inventory, expected, selecting, owner, object) {
            None => return Finding::pass(check, subject, format!("selected by {who}")),
            Some((reason, fixes)) => {
                why.push(format!("{who}: {reason}"));
                fix = fix.or(Some(fixes));
            }
        }
    }
    // Labels of a namespace that cannot be read may be those that are wanted.
    let asks_for_namespace = |owner: &&Value| {
        let spec = &owner["spec"];
        let of_object = labels_at(object, "/metadata/labels");
        !spec[selecting.objects].is_null()
            && missing(&spec[selecting.objects], &of_object).is_empty()
            && !spec[selecting.namespaces].is_null()
    };
    let unknown = inventory.why_unknown(&format!("Namespace {}", namespace_of(object)));
    if let Some(unknown) = unknown
        && owners.iter().any(|owner| asks_for_namespace(&owner))
    {
        return Finding::skip(check, subject, unknown);
    }
    let detail = format!("selected by none: {}", why.join("; "));
    Finding::fail(check, subject, detail, fix.unwrap_or_default())
}

/// Returns why an owner doesn't select an object, and what fixes it; none if it does.
fn unselected(
    inventory: &Inventory,
    expected: &Expected,
    selecting: Selecting,
    owner: &Value,
    object: &Value,
) -> Option<(String, String)> {
    let spec = &owner["spec"];
    let patch = |field: &str| {
        format!(
            "kubectl patch {} {} -n {} --type=merge -p '{{\"spec\":{{\"{field}\":{{}}}}}}'",
            selecting.owner.to_lowercase(),
            shell_word(name_of(owner)),
            shell_word(namespace_of(owner)),
        )
    };
    let selector = &spec[selecting.objects];
    if selector.is_null() {
        let reason = format!(
            "its {} is not set, which selects nothing",
            selecting.objects
        );
        return Some((reason, patch(selecting.objects)));
    }
    let wants = missing(selector, &labels_at(object, "/metadata/labels"));
    if !wants.is_empty() {
        let fix = format!(
            "kubectl label {} {} -n {} {} --overwrite",
            selecting.resource,
            shell_word(name_of(object)),
            shell_word(namespace_of(object)),
            changes(&wants)
        );
        return Some((described(selecting.objects, &wants), fix));
    }
    let selector = &spec[selecting.namespaces];
    let namespace = namespace_of(object);
    if selector.is_null() {
        if namespace == namespace_of(owner) {
            return None;
        }
        let reason = format!(
            "its {} is not set, which means its own namespace only",
            selecting.namespaces
        );
        return Some((reason, patch(selecting.namespaces)));
    }
    let wants = missing(selector, &namespace_labels(inventory, namespace, expected));
    if wants.is_empty() {
        return None;
    }
    let fix = format!(
        "kubectl label namespace {} {} --overwrite",
        shell_word(namespace),
        changes(&wants)
    );
    Some((described(selecting.namespaces, &wants), fix))
}

fn described(field: &str, wants: &[Missing]) -> String {
    let wants: Vec<String> = wants.iter().map(Missing::describe).collect();
    format!("its {field} {}", wants.join(" and "))
}

fn changes(wants: &[Missing]) -> String {
    let changes: Vec<String> = wants.iter().filter_map(Missing::change).collect();
    changes.join(" ")
}

/// Returns the labels of a namespace, with the one that Kubernetes puts on each.
pub(super) fn namespace_labels(
    inventory: &Inventory,
    namespace: &str,
    _expected: &Expected,
) -> super::selector::Labels {
    let object = inventory.find("Namespace", "", namespace);
    let mut labels = object.map_or_else(Default::default, |object| {
        labels_at(object, "/metadata/labels")
    });
    labels.insert(
        "kubernetes.io/metadata.name".to_owned(),
        namespace.to_owned(),
    );
    labels
}
