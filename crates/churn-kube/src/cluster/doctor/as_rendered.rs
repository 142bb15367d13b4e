//! Is what is there what was rendered? Every field of a rendered object is compared, but for those that
//! a team sets by its own needs. The server adds defaults, and others add containers and variables, so what
//! is there may say more than what was rendered, except where more means less: a selector with another
//! label, a rule of the network with another port.

use std::fmt::Write;

use churn_base::text::shell_word;
use serde_json::{Value, json};

use super::expected::{Expected, Rendered};
use super::finding::{Check, Finding};
use super::inventory::Inventory;

/// What may be other than rendered: how much, how often, from which registry. Labels of objects are
/// looked at by who selects by them; `replicas`, `suspend` and `paused` by [`stopped`].
const OWN: [&str; 24] = [
    "activeDeadlineSeconds",
    "annotations",
    "behavior",
    "failedJobsHistoryLimit",
    "image",
    "imagePullPolicy",
    "interval",
    "maxReplicas",
    "maxUnavailable",
    "metrics",
    "minAvailable",
    "minReplicas",
    "nodeSelector",
    "paused",
    "replicas",
    "resources",
    "revisionHistoryLimit",
    "schedule",
    "scrapeTimeout",
    "sizeLimit",
    "successfulJobsHistoryLimit",
    "suspend",
    "timeZone",
    "ttlSecondsAfterFinished",
];

/// Maps in which another entry matches less.
const STRICT: [&str; 5] = [
    "matchLabels",
    "selector",
    "podSelector",
    "namespaceSelector",
    "scopeSelector",
];

/// Lists whose order or length has a meaning.
const WHOLE: [&str; 13] = [
    "activeTimeIntervals",
    "args",
    "command",
    "equal",
    "groupBy",
    "matchExpressions",
    "matchers",
    "muteTimeIntervals",
    "policyTypes",
    "routes",
    "sourceMatch",
    "targetMatch",
    "values",
];

/// Members that tell items of a list apart, the first that an item has.
const NAMES: [&str; 5] = ["mountPath", "alert", "record", "name", "key"];

/// Kinds that only connect others: what is not as rendered doesn't connect.
const WIRES: [&str; 5] = [
    "NetworkPolicy",
    "Role",
    "RoleBinding",
    "Service",
    "ServiceMonitor",
];

/// Returns the command that makes an object what was rendered; none if it is, or was never rendered.
pub(super) fn fix_as_rendered(
    inventory: &Inventory,
    expected: &Expected,
    kind: &str,
    name: &str,
) -> Option<String> {
    let mut of = expected.rendered.iter();
    let rendered = of.find(|one| one.kind == kind && one.name == name)?;
    match inventory.find(kind, &rendered.namespace, name) {
        None => Some(rendered.make()),
        Some(live) => (!differences(rendered, live).is_empty()).then(|| rendered.restore()),
    }
}

/// Names the objects that are not what was rendered.
pub(super) fn check(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let mut found = Vec::new();
    for rendered in &expected.rendered {
        let live = inventory.find(&rendered.kind, &rendered.namespace, &rendered.name);
        let Some(live) = live else { continue };
        found.extend(stopped(expected, rendered, live));
        let differences = differences(rendered, live);
        let Some(first) = differences.first() else {
            continue;
        };
        let mut detail = format!("it is not what was rendered: {first}");
        if differences.len() > 1 {
            let _ = write!(detail, ", and {} more", differences.len() - 1);
        }
        let make = match WIRES.contains(&&*rendered.kind) {
            true => Finding::fail,
            false => Finding::warn,
        };
        let fix = taken_out(rendered, live, differences.len());
        found.push(make(
            Check::Objects,
            rendered.subject(),
            detail,
            fix.unwrap_or_else(|| rendered.restore()),
        ));
    }
    found
}

/// Returns the command that takes out what somebody has added, if that is all that differs: `kubectl apply` leaves a
/// field that another has set.
fn taken_out(rendered: &Rendered, live: &Value, differences: usize) -> Option<String> {
    let mut added = Vec::new();
    let spec = (&rendered.tree["spec"], &live["spec"]);
    added_fields(spec.0, spec.1, "/spec", &mut added);
    if added.is_empty() || added.len() != differences {
        return None;
    }
    let remove: Vec<Value> = added
        .iter()
        .map(|path| json!({ "op": "remove", "path": path }))
        .collect();
    Some(format!(
        "kubectl patch {} {} -n {} --type=json -p '{}'",
        rendered.kind.to_lowercase(),
        shell_word(&rendered.name),
        shell_word(&rendered.namespace),
        Value::Array(remove)
    ))
}

/// Notes the places of lists that narrow what was rendered without them.
fn added_fields(rendered: &Value, live: &Value, path: &str, added: &mut Vec<String>) {
    let (Value::Object(rendered), Value::Object(live)) = (rendered, live) else {
        return;
    };
    for (name, value) in live {
        let path = format!("{path}/{name}");
        match rendered.get(name) {
            Some(own) => added_fields(own, value, &path, added),
            None if WHOLE.contains(&name.as_str()) && !is_empty(value) => added.push(path),
            None => {}
        }
    }
}

/// Says what was stopped by hand. `kubectl apply` doesn't start all of it again: replicas are not
/// rendered where an autoscaler sets them.
fn stopped(expected: &Expected, rendered: &Rendered, live: &Value) -> Vec<Finding> {
    let (spec, name) = (&live["spec"], shell_word(&rendered.name));
    let (kind, namespace) = (rendered.kind.as_str(), shell_word(&rendered.namespace));
    let mut found = Vec::new();
    let mut add = |health: fn(Check, String, String, String) -> Finding, detail: &str, fix| {
        found.push(health(
            Check::Objects,
            rendered.subject(),
            detail.to_owned(),
            fix,
        ));
    };
    if kind == "Deployment" && spec["replicas"] == 0 && rendered.tree["spec"]["replicas"] != 0 {
        let of_scaler = || {
            let mut all = expected.rendered.iter();
            let scaler = all.find(|one| {
                one.kind == "HorizontalPodAutoscaler"
                    && one.tree["spec"]["scaleTargetRef"]["name"] == *rendered.name
            })?;
            scaler.tree["spec"]["minReplicas"].as_u64()
        };
        let replicas = rendered.tree["spec"]["replicas"].as_u64();
        let replicas = replicas.or_else(of_scaler).unwrap_or(1);
        let fix = format!("kubectl scale deployment {name} -n {namespace} --replicas={replicas}");
        add(Finding::fail, "it is scaled to 0", fix);
    }
    if kind == "Deployment" && spec["paused"] == true {
        let fix = format!("kubectl rollout resume deployment {name} -n {namespace}");
        add(
            Finding::warn,
            "it is paused: no change reaches its pods",
            fix,
        );
    }
    // The drift check has a finding of its own.
    if kind == "CronJob"
        && spec["suspend"] == true
        && rendered.tree["spec"]["suspend"] != true
        && rendered.name != expected.drift
    {
        let fix = format!(
            "kubectl patch cronjob {name} -n {namespace} -p '{{\"spec\":{{\"suspend\":false}}}}'"
        );
        add(Finding::warn, "it is suspended", fix);
    }
    found
}

/// Returns in what an object is not what was rendered.
fn differences(rendered: &Rendered, live: &Value) -> Vec<String> {
    // Claims cannot be changed and are looked at as volumes; dashboards are everybody's to edit.
    if rendered.kind == "PersistentVolumeClaim" || rendered.path.starts_with("dashboards/") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let fields = rendered.tree.as_object().into_iter().flatten();
    for (field, value) in fields {
        if !matches!(
            field.as_str(),
            "apiVersion" | "kind" | "metadata" | "status"
        ) {
            let strict = rendered.kind == "NetworkPolicy";
            compare(value, &live[field], field, strict, field, &mut found);
        }
    }
    found
}

/// Notes where `live` is not `rendered`; `strict` where nothing may be added below.
fn compare(
    rendered: &Value,
    live: &Value,
    key: &str,
    strict: bool,
    path: &str,
    found: &mut Vec<String>,
) {
    match (rendered, live) {
        (Value::Object(rendered), Value::Object(live)) => {
            let strict = strict || STRICT.contains(&key);
            for (name, value) in rendered {
                if !OWN.contains(&name.as_str()) {
                    let below = live.get(name).unwrap_or(&Value::Null);
                    compare(value, below, name, strict, &format!("{path}.{name}"), found);
                }
            }
            // What the server adds to a port.
            let is_added = |name: &&String| !rendered.contains_key(*name) && *name != "protocol";
            // A matcher or a command where there was none.
            let is_narrower = |name: &&String| {
                is_added(name) && WHOLE.contains(&name.as_str()) && !is_empty(&live[name.as_str()])
            };
            let mut names = live.keys();
            let more = names.find(|name| (strict && is_added(name)) || is_narrower(name));
            if let Some(more) = more {
                found.push(format!("{path} has {more}, too"));
            }
        }
        (Value::Array(rendered), Value::Array(live)) => {
            list(rendered, live, key, strict, path, found);
        }
        // Servers leave out what is empty, but for selectors, which then select all.
        (rendered, Value::Null) if is_empty(rendered) && !STRICT.contains(&key) => {}
        (rendered, live) if rendered == live => {}
        (rendered, Value::Null) => found.push(format!("{path} is not {}", short(rendered))),
        (rendered, live) => found.push(match (rendered.is_string(), live.is_string()) {
            // Whole files, as ConfigMaps hold them.
            (true, true) if short(rendered) == short(live) => format!("{path} is another"),
            _ => format!("{path} is {}, not {}", short(live), short(rendered)),
        }),
    }
}

fn list(
    rendered: &[Value],
    live: &[Value],
    key: &str,
    strict: bool,
    path: &str,
    found: &mut Vec<String>,
) {
    if WHOLE.contains(&key) {
        if rendered.len() != live.len() {
            let (has, not) = (live.len(), rendered.len());
            found.push(format!("{path} has {has} entries, not {not}"));
            return;
        }
        for (at, (rendered, live)) in rendered.iter().zip(live).enumerate() {
            compare(rendered, live, "", strict, &format!("{path}[{at}]"), found);
        }
        return;
    }
    for (at, item) in rendered.iter().enumerate() {
        let name = NAMES
            .iter()
            .find_map(|name| Some((*name, item[*name].as_str()?)));
        if let Some((member, name)) = name {
            let path = format!("{path}[{name}]");
            match live.iter().find(|live| live[member] == name) {
                Some(live) => compare(item, live, "", strict, &path, found),
                None => found.push(format!("{path} is missing")),
            }
            continue;
        }
        let differs = |live: &Value| {
            let mut found = Vec::new();
            compare(item, live, "", strict, path, &mut found);
            found
        };
        if !live.iter().any(|live| differs(live).is_empty()) {
            // The one at its place tells more than that there is none.
            let at_its_place = live.get(at).map(differs).filter(|_| item.is_object());
            let missing = || vec![format!("{path} lacks {}", short(item))];
            found.extend(at_its_place.unwrap_or_else(missing));
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.values().all(is_empty),
        Value::Array(list) => list.is_empty(),
        Value::Bool(is) => !is,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
    }
}

/// Returns a value such that it fits a line.
fn short(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(kind: &str, body: Value) -> Rendered {
        Rendered {
            kind: kind.to_owned(),
            name: "x".to_owned(),
            namespace: "ours".to_owned(),
            component: "api".to_owned(),
            path: "x.yaml".to_owned(),
            tree: body,
        }
    }

    #[track_caller]
    fn expect(kind: &str, was: Value, is: Value, wanted: &[&str]) {
        assert_eq!(differences(&rendered(kind, was), &is), wanted);
    }

    /// Seen on a control plane: `kubectl apply --server-side --force-conflicts` leaves the matchers.
    #[test]
    fn what_somebody_has_added_is_taken_out_and_not_applied_over() {
        let was = rendered(
            "AlertmanagerConfig",
            json!({"spec": {"route": {"receiver": "team"}}}),
        );
        let added = json!({"spec": {"route": {"receiver": "team", "matchers": [{"name": "a"}]}}});
        assert_eq!(
            taken_out(&was, &added, 1).as_deref(),
            Some(
                r#"kubectl patch alertmanagerconfig x -n ours --type=json -p '[{"op":"remove","path":"/spec/route/matchers"}]'"#
            )
        );
        let changed = json!({"spec": {"route": {"receiver": "none", "matchers": [{"name": "a"}]}}});
        assert_eq!(taken_out(&was, &changed, 2), None);
        assert_eq!(taken_out(&was, &was.tree, 1), None);
    }

    #[test]
    fn what_servers_and_teams_add_is_no_difference() {
        let was = json!({
            "metadata": {"labels": {"release": "a"}},
            "spec": {
                "replicas": 2, "schedule": "0 1 * * *", "strategy": {"rollingUpdate": {}},
                "containers": [{"name": "a", "image": "x", "env": [{"name": "A", "value": "1"}], "resources": {"limits": {"cpu": "1000m"}}}]
            }
        });
        let is = json!({
            "metadata": {"labels": {"release": "b"}}, "status": {"replicas": 3},
            "spec": {
                "replicas": 3, "schedule": "0 2 * * *", "dnsPolicy": "ClusterFirst",
                "containers": [
                    {"name": "proxy"},
                    {"name": "a", "image": "y", "env": [{"name": "B"}, {"name": "A", "value": "1"}], "terminationMessagePath": "/dev/log"}
                ]
            }
        });
        expect("Deployment", was, is, &[]);
    }

    #[test]
    fn what_breaks_is_named_with_its_place() {
        expect(
            "ServiceMonitor",
            json!({"spec": {"selector": {"matchLabels": {"app": "a"}}, "endpoints": [{"port": "http", "path": "/metrics"}]}}),
            json!({"spec": {"selector": {"matchLabels": {"app": "a", "tier": "b"}}, "endpoints": [{"port": "http", "path": "/"}]}}),
            &[
                "spec.endpoints.path is \"/\", not \"/metrics\"",
                "spec.selector.matchLabels has tier, too",
            ],
        );
        expect(
            "Role",
            json!({"rules": [{"verbs": ["get"], "resources": ["cronjobs"]}, {"verbs": ["create"], "resources": ["jobs"]}]}),
            json!({"rules": [{"verbs": ["get", "list"], "resources": ["cronjobs"]}]}),
            &["rules lacks {\"resources\":[\"jobs\"],\"verbs\":[\"create\"]}"],
        );
        expect(
            "PrometheusRule",
            json!({"spec": {"groups": [{"name": "api", "rules": [{"alert": "Down", "expr": "up == 0"}]}]}}),
            json!({"spec": {"groups": [{"name": "api", "rules": [{"alert": "Down", "expr": "up == 2"}]}]}}),
            &["spec.groups[api].rules[Down].expr is \"up == 2\", not \"up == 0\""],
        );
        expect(
            "CronJob",
            json!({"spec": {"args": ["drift", "--push-gateway", "a"]}}),
            json!({"spec": {"args": ["drift"]}}),
            &["spec.args has 1 entries, not 3"],
        );
        expect(
            "AlertmanagerConfig",
            json!({"spec": {"route": {"receiver": "team"}}}),
            json!({"spec": {"route": {"receiver": "team", "matchers": [{"name": "severity", "value": "none"}], "groupWait": "1s"}}}),
            &["spec.route has matchers, too"],
        );
        let text = "a".repeat(100);
        expect(
            "ConfigMap",
            json!({"data": {"churnctl.toml": text.clone() + "1"}}),
            json!({"data": {"churnctl.toml": text + "2", "more": ""}}),
            &["data.churnctl.toml is another"],
        );
    }

    /// The meaning of selectors, ports and peers: k8s.io/api/networking/v1, NetworkPolicyIngressRule.
    #[test]
    fn a_policy_that_says_more_lets_less_in() {
        let policy = |ingress: Value| json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": ingress}});
        let was = || policy(json!([{"from": [{"namespaceSelector": {}}]}]));
        let differs = |ingress: Value| {
            !differences(&rendered("NetworkPolicy", was()), &policy(ingress)).is_empty()
        };
        assert!(differs(
            json!([{"from": [{"namespaceSelector": {}}], "ports": [{"port": 1}]}])
        ));
        assert!(differs(json!([{"from": [{"podSelector": {}}]}])));
        assert!(differs(json!([])));
        assert!(!differs(
            json!([{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, {"from": [{"namespaceSelector": {}}]}])
        ));
        let mut wider = was();
        wider["spec"]["policyTypes"] = json!(["Ingress", "Egress"]);
        expect(
            "NetworkPolicy",
            was(),
            wider,
            &["spec.policyTypes has 2 entries, not 1"],
        );
    }
}
