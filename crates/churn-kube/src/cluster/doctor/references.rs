//! What pods name must be there, or they don't start: accounts, volumes, and ConfigMaps and Secrets with
//! their keys.

use std::collections::{BTreeMap, BTreeSet};

use churn_base::text::shell_word;
use serde_json::Value;

use super::expected::Expected;
use super::finding::{Check, Finding};
use super::inventory::{Inventory, items_at, name_of, text_at};

/// Kinds with pods, and where those are described.
const WORKLOADS: [(&str, &str); 2] = [
    ("Deployment", "/spec/template/spec"),
    ("CronJob", "/spec/jobTemplate/spec/template/spec"),
];

/// Something that pods name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    kind: &'static str,
    name: String,
    /// Keys of a ConfigMap or Secret that must be in it.
    key: Option<String>,
}

/// A key that must be in an object, if one is named, and who reads it.
type KeyReaders<'a> = (&'a Option<String>, &'a BTreeSet<String>);

/// Returns the Secrets that pods of our namespace cannot start without.
pub(super) fn secrets(inventory: &Inventory, expected: &Expected) -> BTreeSet<String> {
    let all = references(inventory, expected).into_keys();
    all.filter(|reference| reference.kind == "Secret")
        .map(|reference| reference.name)
        .collect()
}

/// Checks on a cluster that what pods name is there; files need not hold it.
pub(super) fn check(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let all = references(inventory, expected);
    let mut by_object: BTreeMap<(&str, &str), Vec<KeyReaders<'_>>> = BTreeMap::new();
    for (reference, users) in &all {
        let object = (reference.kind, reference.name.as_str());
        by_object
            .entry(object)
            .or_default()
            .push((&reference.key, users));
    }
    let by_object = by_object.into_iter();
    by_object
        .map(|((kind, name), keys)| one(inventory, expected, (kind, name), &keys))
        .collect()
}

fn one(
    inventory: &Inventory,
    expected: &Expected,
    (kind, name): (&str, &str),
    keys: &[KeyReaders<'_>],
) -> Finding {
    let (check, namespace) = (Check::References, expected.namespace.as_str());
    let subject = format!("{}/{name}", kind.to_lowercase());
    let unknown = inventory.why_unknown(&format!("{kind} {name}"));
    if let Some(why) = unknown.or_else(|| inventory.why_unknown(kind)) {
        return Finding::skip(check, subject, why);
    }
    let users: BTreeSet<&str> = keys
        .iter()
        .flat_map(|(_, users)| users.iter().map(String::as_str))
        .collect();
    let users = few(&users.into_iter().collect::<Vec<_>>());
    let wanted: Vec<&str> = keys.iter().filter_map(|(key, _)| key.as_deref()).collect();
    let Some(object) = inventory.find(kind, namespace, name) else {
        let detail =
            format!("it is missing in namespace {namespace}: pods of {users} cannot start");
        let fix = fix(expected, (kind, name), &wanted, &BTreeSet::new());
        return Finding::fail(check, subject, detail, fix);
    };
    let present = keys_of(object);
    let missing: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|key| !present.contains(*key))
        .collect();
    if missing.is_empty() {
        return Finding::pass(check, subject, format!("there, for {users}"));
    }
    let there: Vec<&str> = present.iter().map(String::as_str).collect();
    let there = match there.as_slice() {
        [] => "nothing".to_owned(),
        there => there.join(", "),
    };
    Finding::fail(
        check,
        subject,
        format!(
            "it lacks the key {}, which {users} must have; in it is {there}",
            missing.join(", ")
        ),
        fix(expected, (kind, name), &missing, &present),
    )
}

fn few(names: &[&str]) -> String {
    match names {
        [first, second, _, _, ..] => format!("{first}, {second} and {} more", names.len() - 2),
        _ => names.join(", "),
    }
}

/// Returns the keys of a ConfigMap or Secret. Values are not looked at.
fn keys_of(object: &Value) -> BTreeSet<String> {
    let maps = ["data", "binaryData", "stringData"].into_iter();
    maps.filter_map(|member| object[member].as_object())
        .flat_map(|map| map.keys().cloned())
        .collect()
}

fn fix(
    expected: &Expected,
    (kind, name): (&str, &str),
    keys: &[&str],
    present: &BTreeSet<String>,
) -> String {
    let (namespace, name) = (shell_word(&expected.namespace), shell_word(name));
    let rendered = expected.rendered.iter();
    let mut rendered = rendered.filter(|one| one.kind == kind && shell_word(&one.name) == name);
    if let Some(rendered) = rendered.next() {
        return format!("kubectl apply -f k8s/{}", rendered.path);
    }
    let from = |key: &&str| match kind {
        "Secret" if *key == "token" => "--from-literal=token=$(openssl rand -hex 32)".to_owned(),
        _ => format!("--from-file={}=FILE", shell_word(key)),
    };
    let values: Vec<String> = keys.iter().map(from).collect();
    let values = values.join(" ");
    let what = match kind {
        "Secret" => "secret generic",
        "ConfigMap" => "configmap",
        "ServiceAccount" => "serviceaccount",
        _ => return "kubectl apply -k k8s/".to_owned(),
    };
    let make = format!("kubectl create {what} {name} -n {namespace} {values}");
    match present.is_empty() {
        true => make.trim_end().to_owned(),
        false => format!("{make} --dry-run=client -o yaml | kubectl apply -f -"),
    }
}

/// Returns what the pods of our workloads name, and which workloads do.
fn references(inventory: &Inventory, expected: &Expected) -> BTreeMap<Reference, BTreeSet<String>> {
    let mut found: BTreeMap<Reference, BTreeSet<String>> = BTreeMap::new();
    for (kind, pointer) in WORKLOADS {
        for object in inventory.of(kind, &expected.namespace) {
            let Some(pod) = object.pointer(pointer) else {
                continue;
            };
            let user = format!("{}/{}", kind.to_lowercase(), name_of(object));
            for reference in of_pod(pod) {
                found.entry(reference).or_default().insert(user.clone());
            }
        }
    }
    found
}

fn of_pod(pod: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut add = |kind: &'static str, name: Option<&str>, key: Option<&str>| {
        // Kubernetes itself makes this one in every namespace.
        if let Some(name) = name.filter(|name| *name != "kube-root-ca.crt") {
            found.push(Reference {
                kind,
                name: name.to_owned(),
                key: key.map(str::to_owned),
            });
        }
    };
    let account = text_at(pod, "/serviceAccountName").filter(|account| *account != "default");
    add("ServiceAccount", account, None);
    for pull in items_at(pod, "/imagePullSecrets") {
        add("Secret", pull["name"].as_str(), None);
    }
    for volume in items_at(pod, "/volumes") {
        let claim = text_at(volume, "/persistentVolumeClaim/claimName");
        add("PersistentVolumeClaim", claim, None);
        let projected = items_at(volume, "/projected/sources").iter();
        for place in std::iter::once(volume).chain(projected) {
            for (kind, member, name) in [
                ("ConfigMap", "configMap", "name"),
                ("Secret", "secret", "secretName"),
                ("Secret", "secret", "name"),
            ] {
                let source = &place[member];
                let Some(name) = source[name].as_str().filter(|_| !is_optional(source)) else {
                    continue;
                };
                add(kind, Some(name), None);
                let items = items_at(source, "/items");
                for item in items {
                    add(kind, Some(name), item["key"].as_str());
                }
                if items.is_empty() {
                    for key in keys_read(pod, text_at(place, "/name")) {
                        add(kind, Some(name), Some(&key));
                    }
                }
            }
        }
    }
    for container in containers(pod) {
        for variable in items_at(container, "/env") {
            for (kind, member) in [("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")] {
                let source = &variable["valueFrom"][member];
                if !is_optional(source) {
                    add(kind, source["name"].as_str(), source["key"].as_str());
                }
            }
        }
        for all in items_at(container, "/envFrom") {
            for (kind, member) in [("ConfigMap", "configMapRef"), ("Secret", "secretRef")] {
                if !is_optional(&all[member]) {
                    add(kind, all[member]["name"].as_str(), None);
                }
            }
        }
    }
    found
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let all = items_at(pod, "/containers").iter();
    all.chain(items_at(pod, "/initContainers"))
}

fn is_optional(source: &Value) -> bool {
    source["optional"] == Value::Bool(true)
}

/// Returns the keys that a volume must have since arguments or variables name their files.
fn keys_read(pod: &Value, volume: Option<&str>) -> Vec<String> {
    let mut keys = Vec::new();
    for container in containers(pod) {
        let mounts = items_at(container, "/volumeMounts").iter();
        let mounts = mounts.filter(|mount| volume.is_some() && mount["name"].as_str() == volume);
        for folder in mounts.filter_map(|mount| text_at(mount, "/mountPath")) {
            let texts = items_at(container, "/args").iter();
            let texts = texts.chain(items_at(container, "/command"));
            let variables = items_at(container, "/env").iter();
            let texts = texts.chain(variables.map(|variable| &variable["value"]));
            for text in texts.filter_map(Value::as_str) {
                // As `--token-file /etc/hook/token` and as `--token-file=/etc/hook/token`.
                let path = text.split_once('=').map_or(text, |(_, value)| value);
                let below = path.strip_prefix(folder.trim_end_matches('/'));
                let key = below.and_then(|below| below.strip_prefix('/'));
                keys.extend(key.filter(|key| !key.contains('/')).map(str::to_owned));
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_that_a_pod_names_is_found_and_what_is_optional_is_not() {
        let pod = json!({
            "serviceAccountName": "runner",
            "imagePullSecrets": [{"name": "registry"}],
            "volumes": [
                {"name": "a", "persistentVolumeClaim": {"claimName": "disk"}},
                {"name": "b", "configMap": {"name": "settings"}},
                {"name": "c", "secret": {"secretName": "token"}},
                {"name": "d", "projected": {"sources": [
                    {"secret": {"name": "certificate", "items": [{"key": "tls.crt", "path": "crt"}]}},
                    {"configMap": {"name": "kube-root-ca.crt"}}, {"serviceAccountToken": {"path": "token"}}
                ]}},
                {"name": "e", "secret": {"secretName": "maybe", "optional": true}}
            ],
            "containers": [{
                "args": ["listen", "--token-file", "/etc/hook/word", "--config=/etc/app/churnctl.toml"],
                "volumeMounts": [{"name": "c", "mountPath": "/etc/hook"}, {"name": "b", "mountPath": "/etc/app/"}],
                "env": [
                    {"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "id"}}},
                    {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "perhaps", "key": "x", "optional": true}}}
                ],
                "envFrom": [{"secretRef": {"name": "all"}}]
            }]
        });
        let found: Vec<String> = of_pod(&pod)
            .into_iter()
            .map(|one| format!("{} {} {}", one.kind, one.name, one.key.unwrap_or_default()))
            .collect();
        let expected = [
            "ServiceAccount runner ",
            "Secret registry ",
            "PersistentVolumeClaim disk ",
            "ConfigMap settings ",
            "ConfigMap settings churnctl.toml",
            "Secret token ",
            "Secret token word",
            "Secret certificate ",
            "Secret certificate tls.crt",
            "Secret keys id",
            "Secret all ",
        ];
        assert_eq!(found, expected);
    }
}
