//! What only a cluster can tell: the Operator's kinds, the Operator itself, what it took, whom
//! Prometheus may look at, kube-state-metrics.

use churn_base::text::shell_word;
use serde_json::{Value, json};

use super::expected::Expected;
use super::finding::{Check, Finding};
use super::inventory::{Inventory, items_at, name_of, namespace_of, text_at};

const INSTALL: &str = "helm upgrade --install prometheus prometheus-community/kube-prometheus-stack -n monitoring --create-namespace";

/// What was asked for apart from objects.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    /// The Operator's resources by version; `None` for a version that isn't served.
    pub(super) resources: Vec<(&'static str, Option<Vec<String>>)>,
    /// Whether the account of a Prometheus may do something in our namespace; an error if we may not ask.
    pub(super) rights: Vec<(String, String, Result<bool, String>)>,
}

pub(super) fn crds(answers: &Answers) -> Vec<Finding> {
    const WANTED: [(&str, &[&str]); 2] = [
        (
            "v1",
            &[
                "servicemonitors",
                "prometheusrules",
                "prometheuses",
                "alertmanagers",
            ],
        ),
        ("v1alpha1", &["alertmanagerconfigs"]),
    ];
    let mut missing = Vec::new();
    for (version, wanted) in WANTED {
        let served = answers
            .resources
            .iter()
            .find(|(known, _)| *known == version);
        let served = served.and_then(|(_, resources)| resources.as_ref());
        for name in wanted {
            if !served.is_some_and(|served| served.iter().any(|known| known == name)) {
                missing.push(format!("{name}.monitoring.coreos.com/{version}"));
            }
        }
    }
    vec![match missing.is_empty() {
        true => Finding::pass(Check::Crds, "monitoring.coreos.com", "all kinds are served"),
        false => Finding::fail(
            Check::Crds,
            "monitoring.coreos.com",
            format!("not served: {}", missing.join(", ")),
            INSTALL,
        ),
    }]
}

pub(super) fn operator(inventory: &Inventory) -> Vec<Finding> {
    let check = Check::Operator;
    if let Some(why) = inventory.why_unknown("operator") {
        return vec![Finding::skip(check, "prometheus-operator", why)];
    }
    let is_operator = |deployment: &&Value| {
        let labels = &deployment["metadata"]["labels"];
        labels["app.kubernetes.io/name"] == "prometheus-operator"
            || labels["app"] == "kube-prometheus-stack-operator"
    };
    let Some(operator) = inventory.all("Deployment").iter().find(is_operator) else {
        return vec![Finding::fail(
            check,
            "prometheus-operator",
            "there is no Deployment of it: nobody acts on our objects",
            INSTALL,
        )];
    };
    let subject = format!("deployment/{}", name_of(operator));
    let available = operator["status"]["availableReplicas"]
        .as_u64()
        .unwrap_or(0);
    let mut found = vec![match available {
        0 => Finding::fail(
            check,
            subject,
            "no pod of it is available",
            started(operator),
        ),
        _ => Finding::pass(check, subject, "available"),
    }];
    for prometheus in inventory.all("Prometheus") {
        let bad = items_at(prometheus, "/status/conditions")
            .iter()
            .find(|condition| {
                matches!(condition["type"].as_str(), Some("Available" | "Reconciled"))
                    && condition["status"] != "True"
            });
        if let Some(bad) = bad {
            found.push(Finding::fail(
                check,
                format!("prometheus/{}", name_of(prometheus)),
                format!(
                    "not {}: {}",
                    bad["type"].as_str().unwrap_or_default(),
                    bad["message"].as_str().unwrap_or("no message")
                ),
                format!(
                    "kubectl describe prometheus {} -n {}",
                    shell_word(name_of(prometheus)),
                    shell_word(namespace_of(prometheus))
                ),
            ));
        }
    }
    found
}

/// Returns what starts a Deployment without pods, or tells why it has none.
fn started(deployment: &Value) -> String {
    let name = shell_word(name_of(deployment));
    let namespace = shell_word(namespace_of(deployment));
    match deployment["spec"]["replicas"] == 0 {
        true => format!("kubectl scale deployment {name} -n {namespace} --replicas=1"),
        false => format!("kubectl describe deployment {name} -n {namespace}"),
    }
}

pub(super) fn scrape_rights(
    answers: &Answers,
    inventory: &Inventory,
    expected: &Expected,
) -> Vec<Finding> {
    let why = inventory.why_unknown("Prometheus");
    let check = Check::ScrapeRights;
    let mut found = Vec::new();
    let mut accounts: Vec<&str> = answers
        .rights
        .iter()
        .map(|(account, _, _)| account.as_str())
        .collect();
    accounts.dedup();
    for account in accounts {
        let of: Vec<_> = answers
            .rights
            .iter()
            .filter(|(known, _, _)| known == account)
            .collect();
        if let Some((_, _, Err(why))) = of.iter().find(|(_, _, answer)| answer.is_err()) {
            found.push(Finding::skip(check, account, why));
            continue;
        }
        let missing: Vec<&str> = of
            .iter()
            .filter(|(_, _, answer)| *answer == Ok(false))
            .map(|(_, what, _)| what.as_str())
            .collect();
        found.push(match missing.is_empty() {
            true => Finding::pass(check, account, "may discover pods in our namespace"),
            false => Finding::fail(
                check,
                account,
                format!("may not {} in namespace {}", missing.join(", "), expected.namespace),
                format!(
                    "kubectl create rolebinding prometheus -n {} --clusterrole=view --serviceaccount={}",
                    expected.namespace,
                    shell_word(&account.replace("serviceaccount/", "").replace('/', ":"))
                ),
            ),
        });
    }
    if found.is_empty() {
        found.push(Finding::skip(
            check,
            "prometheus",
            why.unwrap_or("there is no Prometheus to ask for"),
        ));
    }
    found
}

pub(super) fn accepted(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let check = Check::Accepted;
    let mut found = Vec::new();
    for kind in ["ServiceMonitor", "PrometheusRule"] {
        for object in inventory.of(kind, &expected.namespace) {
            let subject = format!("{}/{}", kind.to_lowercase(), name_of(object));
            let conditions: Vec<&Value> = items_at(object, "/status/bindings")
                .iter()
                .flat_map(|binding| items_at(binding, "/conditions"))
                .filter(|condition| condition["type"] == "Accepted")
                .collect();
            let refused = conditions
                .iter()
                .find(|condition| condition["status"] == "False");
            match (conditions.is_empty(), refused) {
                (true, _) => {}
                (false, None) => found.push(Finding::pass(check, subject, "the Operator took it")),
                (false, Some(refused)) => found.push(Finding::fail(
                    check,
                    subject,
                    format!(
                        "the Operator refused it: {}",
                        refused["message"].as_str().unwrap_or("no message")
                    ),
                    format!(
                        "kubectl describe {} {} -n {}",
                        kind.to_lowercase(),
                        shell_word(name_of(object)),
                        expected.namespace
                    ),
                )),
            }
        }
    }
    if found.is_empty() {
        found.push(Finding::skip(
            check,
            "prometheus-operator",
            "the Operator reports nothing (feature gate StatusForConfigurationResources)",
        ));
    }
    found
}

pub(super) fn kube_state_metrics(inventory: &Inventory) -> Vec<Finding> {
    let check = Check::KubeStateMetrics;
    if let Some(why) = inventory.why_unknown("kube-state-metrics") {
        return vec![Finding::skip(check, "kube-state-metrics", why)];
    }
    let found = inventory.all("Deployment").iter().find(|deployment| {
        deployment["metadata"]["labels"]["app.kubernetes.io/name"] == "kube-state-metrics"
    });
    let Some(deployment) = found else {
        return vec![Finding::fail(
            check,
            "kube-state-metrics",
            "there is no Deployment of it: no alert on Jobs can fire",
            INSTALL,
        )];
    };
    let subject = format!("deployment/{}", name_of(deployment));
    let (name, namespace) = (name_of(deployment), namespace_of(deployment));
    let place = format!("{} -n {}", shell_word(name), shell_word(namespace));
    if deployment["status"]["availableReplicas"]
        .as_u64()
        .unwrap_or(0)
        == 0
    {
        return vec![Finding::fail(
            check,
            subject,
            "no pod of it is available",
            started(deployment),
        )];
    }
    let args = items_at(deployment, "/spec/template/spec/containers")
        .iter()
        .flat_map(|container| items_at(container, "/args"))
        .filter_map(Value::as_str)
        .find_map(|arg| arg.strip_prefix("--resources="));
    let left_out: Vec<&str> = ["jobs", "cronjobs"]
        .into_iter()
        .filter(|wanted| args.is_some_and(|args| !args.split(',').any(|known| known == *wanted)))
        .collect();
    vec![match left_out.is_empty() {
        true => Finding::pass(check, subject, "tells of Jobs and CronJobs"),
        false => Finding::fail(
            check,
            subject,
            format!("--resources leaves out {}", left_out.join(", ")),
            format!("kubectl edit deployment {place}"),
        ),
    }]
}

/// Returns whether an access review says yes.
pub(super) fn is_allowed(review: &Value) -> bool {
    review["status"]["allowed"] == json!(true)
}

/// Returns namespace and name of the accounts that Prometheuses run as.
pub(super) fn accounts(inventory: &Inventory) -> Vec<(String, String)> {
    let of = |prometheus: &Value| {
        let account = text_at(prometheus, "/spec/serviceAccountName").unwrap_or("default");
        (namespace_of(prometheus).to_owned(), account.to_owned())
    };
    inventory.all("Prometheus").iter().map(of).collect()
}
