//! From ServiceMonitor to Service to pods: by the labels of the Service, by the names of its ports, by
//! the labels of the pods. Each link breaks silently.

use std::collections::BTreeSet;

use churn_base::error::nearest;
use churn_base::text::shell_word;
use serde_json::{Value, json};

use super::as_rendered::fix_as_rendered;
use super::expected::Expected;
use super::finding::{Check, Finding};
use super::inventory::{Inventory, items_at, name_of, namespace_of, text_at};
use super::selector::{Missing, labels_at, missing};

/// Checks that every ServiceMonitor of ours finds a Service with the port that it names.
pub(super) fn services(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let namespace = expected.namespace.as_str();
    for (kind, with) in [("ServiceMonitor", &["Service"][..]), ("Service", &[])] {
        if let Some(why) = inventory.why_unseen(kind, with) {
            return vec![Finding::skip(Check::Services, kind.to_lowercase(), why)];
        }
    }
    inventory
        .of("ServiceMonitor", namespace)
        .flat_map(|monitor| ports(inventory, expected, monitor))
        .collect()
}

fn is_in_reach(monitor: &Value, service: &Value) -> bool {
    let selector = &monitor["spec"]["namespaceSelector"];
    let namespace = namespace_of(service);
    let named = selector["matchNames"].as_array();
    if selector["any"].as_bool() == Some(true) {
        return true;
    }
    match named.filter(|names| !names.is_empty()) {
        Some(names) => names.iter().any(|name| name == namespace),
        None => namespace == namespace_of(monitor),
    }
}

fn ports(inventory: &Inventory, expected: &Expected, monitor: &Value) -> Vec<Finding> {
    let (check, name) = (Check::Services, name_of(monitor));
    let subject = format!("servicemonitor/{name}");
    // It, or the Service that it looks for, is not what was rendered.
    let fixes = ["ServiceMonitor", "Service"];
    let mut fixes = fixes
        .iter()
        .map(|kind| fix_as_rendered(inventory, expected, kind, name));
    let fixed = fixes.find_map(|fixed| fixed);
    let selector = &monitor["spec"]["selector"];
    let in_reach: Vec<&Value> = inventory
        .all("Service")
        .iter()
        .filter(|service| is_in_reach(monitor, service))
        .collect();
    let selects =
        |service: &&&Value| missing(selector, &labels_at(service, "/metadata/labels")).is_empty();
    let services: Vec<&Value> = in_reach.iter().filter(selects).copied().collect();
    if services.is_empty() {
        let monitors = inventory.all("ServiceMonitor");
        // Another's Service is no help: with another label it would be found here and lost there.
        let is_anothers = |service: &&Value| {
            let labels = labels_at(service, "/metadata/labels");
            monitors.iter().any(|other| {
                name_of(other) != name
                    && is_in_reach(other, service)
                    && missing(&other["spec"]["selector"], &labels).is_empty()
            })
        };
        let free: Vec<&Value> = in_reach
            .into_iter()
            .filter(|one| !is_anothers(one))
            .collect();
        let mut found = no_service(monitor, &free);
        found.fix = fixed.or(found.fix);
        return vec![found];
    }
    let mut found = Vec::new();
    for endpoint in items_at(monitor, "/spec/endpoints") {
        let Some(port) = endpoint["port"].as_str() else {
            continue;
        };
        let names = |service: &Value| -> Vec<String> {
            let ports = items_at(service, "/spec/ports").iter();
            ports
                .filter_map(|port| port["name"].as_str().map(str::to_owned))
                .collect()
        };
        let known: Vec<String> = services.iter().flat_map(|service| names(service)).collect();
        if known.iter().any(|name| name == port) {
            let service = services.first().map_or("", |service| name_of(service));
            let detail = format!("selects service/{service}, port {port}");
            found.push(Finding::pass(check, subject.clone(), detail));
            continue;
        }
        let service = services.first().map_or("", |service| name_of(service));
        // One whose name is like it before the first: another port may have no metrics.
        let near = nearest(port, known.iter().map(String::as_str)).map(str::to_owned);
        let wanted = near.or_else(|| known.first().cloned());
        let wanted = wanted.unwrap_or_else(|| "http".to_owned());
        found.push(Finding::fail(
            check,
            subject.clone(),
            format!(
                "names the port \"{port}\"; the ports of service/{service} are {}",
                match known.is_empty() {
                    true => "nameless".to_owned(),
                    false => known.join(", "),
                }
            ),
            fixed.clone().unwrap_or_else(|| {
                let port =
                    json!([{"op": "replace", "path": "/spec/endpoints/0/port", "value": wanted}]);
                format!(
                    "kubectl patch servicemonitor {} -n {} --type=json -p {}",
                    shell_word(name),
                    shell_word(namespace_of(monitor)),
                    shell_word(&port.to_string())
                )
            }),
        ));
    }
    found
}

/// Says which Service misses which label: the one of the same name, or the one that misses least.
fn no_service(monitor: &Value, in_reach: &[&Value]) -> Finding {
    let (check, name) = (Check::Services, name_of(monitor));
    let subject = format!("servicemonitor/{name}");
    let selector = &monitor["spec"]["selector"];
    let of = |service: &Value| missing(selector, &labels_at(service, "/metadata/labels"));
    let nearest = in_reach
        .iter()
        .find(|service| name_of(service) == name)
        .or_else(|| in_reach.iter().min_by_key(|service| of(service).len()));
    let Some(service) = nearest else {
        return Finding::fail(
            check,
            subject,
            "there is no Service for it in the namespaces that it looks at",
            "kubectl apply -k k8s/",
        );
    };
    let wants = of(service);
    let described: Vec<String> = wants.iter().map(Missing::describe).collect();
    let changes: Vec<String> = wants.iter().filter_map(Missing::change).collect();
    Finding::fail(
        check,
        subject,
        format!(
            "selects no Service; of service/{} it {}",
            name_of(service),
            described.join(" and ")
        ),
        format!(
            "kubectl label service {} -n {} {} --overwrite",
            shell_word(name_of(service)),
            shell_word(namespace_of(service)),
            changes.join(" ")
        ),
    )
}

/// Checks that our Services find pods with the port that they send to: by what is ready on a
/// cluster, by the templates of Deployments in files.
pub(super) fn pods(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let ours = [expected.api.as_str(), expected.hook.as_str()];
    let rendered = expected.rendered.iter().filter(|one| one.kind == "Service");
    let rendered = rendered.map(|one| one.name.as_str());
    let names: BTreeSet<&str> = ours.into_iter().chain(rendered).collect();
    let mut found = Vec::new();
    for name in names {
        let Some(service) = inventory.find("Service", &expected.namespace, name) else {
            continue;
        };
        found.push(match inventory.is_cluster {
            true => ready(inventory, expected, service),
            false => templates(inventory, service),
        });
    }
    found
}

fn ready(inventory: &Inventory, expected: &Expected, service: &Value) -> Finding {
    let (check, name, namespace) = (Check::Pods, name_of(service), namespace_of(service));
    let subject = format!("service/{name}");
    if let Some(why) = inventory.why_unknown("EndpointSlice") {
        return Finding::skip(check, subject, why);
    }
    let slices = inventory
        .of("EndpointSlice", namespace)
        .filter(|slice| slice["metadata"]["labels"]["kubernetes.io/service-name"] == name);
    let ready = slices
        .flat_map(|slice| items_at(slice, "/endpoints"))
        .filter(|endpoint| endpoint["conditions"]["ready"] != json!(false))
        .count();
    match ready {
        0 => Finding::fail(
            check,
            subject,
            "no pod behind it is ready",
            fix_as_rendered(inventory, expected, "Service", name).unwrap_or_else(|| {
                let label = format!("app.kubernetes.io/name={name}");
                format!("kubectl get pods -n {namespace} -l {}", shell_word(&label))
            }),
        ),
        1 => Finding::pass(check, subject, "1 pod is ready"),
        ready => Finding::pass(check, subject, format!("{ready} pods are ready")),
    }
}

fn templates(inventory: &Inventory, service: &Value) -> Finding {
    let (check, name, namespace) = (Check::Pods, name_of(service), namespace_of(service));
    let subject = format!("service/{name}");
    let selector = json!({ "matchLabels": service["spec"]["selector"] });
    let nearest = inventory
        .of("Deployment", namespace)
        .min_by_key(|deployment| {
            missing(
                &selector,
                &labels_at(deployment, "/spec/template/metadata/labels"),
            )
            .len()
        });
    let Some(deployment) = nearest else {
        return Finding::skip(check, subject, "no Deployment among the files");
    };
    let wants = missing(
        &selector,
        &labels_at(deployment, "/spec/template/metadata/labels"),
    );
    if !wants.is_empty() {
        let described: Vec<String> = wants.iter().map(Missing::describe).collect();
        return Finding::fail(
            check,
            subject,
            format!(
                "selects no pods; of those of deployment/{} it {}",
                name_of(deployment),
                described.join(" and ")
            ),
            format!(
                "give the pods' template those labels, or change spec.selector of service {name}"
            ),
        );
    }
    let ports: Vec<&Value> = items_at(deployment, "/spec/template/spec/containers")
        .iter()
        .flat_map(|container| items_at(container, "/ports"))
        .collect();
    for port in items_at(service, "/spec/ports") {
        let target = match &port["targetPort"] {
            Value::Null => &port["port"],
            target => target,
        };
        let fits = |known: &&&Value| match target {
            Value::String(name) => known["name"] == **name,
            // A number reaches the pod whether it declares the port or not.
            _ => true,
        };
        if !ports.iter().any(|port| fits(&port)) {
            let names: Vec<&str> = ports
                .iter()
                .filter_map(|port| text_at(port, "/name"))
                .collect();
            return Finding::fail(
                check,
                subject,
                format!(
                    "sends to the port {target}; the pods of deployment/{} have {}",
                    name_of(deployment),
                    names.join(", ")
                ),
                format!("change targetPort of service {name}"),
            );
        }
    }
    let detail = format!("selects the pods of deployment/{}", name_of(deployment));
    Finding::pass(check, subject, detail)
}
