//! What our objects name must be there: accounts, volumes, and ConfigMaps and Secrets with their keys. Without
//! them pods don't start, and the Operator leaves out what it cannot configure as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

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
/// Kinds that the Operator reads, with keys of Secrets and ConfigMaps anywhere among their fields.
const CONFIGURATIONS: [&str; 2] = ["AlertmanagerConfig", "ServiceMonitor"];

/// Something that is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    kind: &'static str,
    name: String,
    /// Keys of a ConfigMap or Secret that must be in it.
    key: Option<String>,
}

/// A key that must be in an object, if one is named, and who reads it.
type KeyReaders<'a> = (&'a Option<String>, &'a BTreeSet<String>);

/// Returns the Secrets that objects of our namespace name.
pub(super) fn secrets(inventory: &Inventory, expected: &Expected) -> BTreeSet<String> {
    let all = references(inventory, expected).into_keys();
    all.filter(|reference| reference.kind == "Secret")
        .map(|reference| reference.name)
        .collect()
}

/// Checks on a cluster that what is named is there; files need not hold it.
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
    let consequence = consequence(&users);
    let users = few(&users.into_iter().collect::<Vec<_>>());
    let wanted: Vec<&str> = keys.iter().filter_map(|(key, _)| key.as_deref()).collect();
    let Some(object) = inventory.find(kind, namespace, name) else {
        let detail = format!("it is missing in namespace {namespace}: {consequence}");
        let mut fix = fix(expected, (kind, name), &wanted, &BTreeSet::new());
        for deployment in with_token_of(inventory, namespace, (kind, name)) {
            let (deployment, namespace) = (shell_word(deployment), shell_word(namespace));
            let _ = write!(
                fix,
                " && kubectl rollout restart deployment {deployment} -n {namespace}"
            );
        }
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

/// Returns the Deployments whose pods have a token of an account. It is the account's of that moment:
/// the API server refuses it after the account was made again, and a kubelet doesn't see that.
fn with_token_of<'a>(
    inventory: &'a Inventory,
    namespace: &'a str,
    (kind, account): (&str, &str),
) -> Vec<&'a str> {
    let has_token = |deployment: &&Value| {
        let pod = &deployment["spec"]["template"]["spec"];
        let volumes = items_at(pod, "/volumes").iter();
        let mut sources = volumes.flat_map(|volume| items_at(volume, "/projected/sources"));
        pod["serviceAccountName"] == account
            && (pod["automountServiceAccountToken"] != false
                || sources.any(|source| source["serviceAccountToken"].is_object()))
    };
    let deployments = inventory.of("Deployment", namespace).filter(has_token);
    let names = deployments.map(name_of);
    names.filter(|_| kind == "ServiceAccount").collect()
}

/// Says what doesn't work without something.
fn consequence(users: &BTreeSet<&str>) -> String {
    let is_configuration = |user: &&str| {
        let mut kinds = CONFIGURATIONS.iter();
        kinds.any(|kind| user.starts_with(&format!("{}/", kind.to_lowercase())))
    };
    let (configurations, workloads): (Vec<&str>, Vec<&str>) =
        users.iter().copied().partition(is_configuration);
    let mut parts = Vec::new();
    if !workloads.is_empty() {
        parts.push(format!("pods of {} cannot start", few(&workloads)));
    }
    if !configurations.is_empty() {
        let names = few(&configurations);
        parts.push(format!("the Operator leaves out all of {names}"));
    }
    parts.join(", and ")
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
    match (kind, present.is_empty()) {
        ("Secret", true) => {
            let value = |key: &&str| format!(" --from-literal={}={}", shell_word(key), value(key));
            let values: String = keys.iter().map(value).collect();
            format!("kubectl create secret generic {name} -n {namespace}{values}")
        }
        // As a manager of its own on the server: the other keys stay, whoever made them and how.
        ("Secret", false) => {
            let value = |key: &&str| format!(" --from-literal={}={}", shell_word(key), value(key));
            let values: String = keys.iter().map(value).collect();
            let manager = shell_word(keys.first().copied().unwrap_or_default());
            format!(
                "kubectl create secret generic {name} -n {namespace}{values} --dry-run=client -o yaml | kubectl apply --server-side --field-manager=churnctl-{manager} -f -"
            )
        }
        ("ConfigMap", _) => {
            let file = |key: &&str| format!(" --from-file={}=FILE", shell_word(key));
            let files: String = keys.iter().map(file).collect();
            format!(
                "kubectl create configmap {name} -n {namespace}{files} --dry-run=client -o yaml | kubectl apply --server-side -f -"
            )
        }
        ("ServiceAccount", _) => format!("kubectl create serviceaccount {name} -n {namespace}"),
        _ => "kubectl apply -k k8s/".to_owned(),
    }
}

/// Returns the value of a key of a Secret, as a shell has it: a token is anything that nobody guesses, others
/// come from a variable, and the shell refuses the command where it is not set.
fn value(key: &str) -> String {
    match key {
        "token" => "$(openssl rand -hex 32)".to_owned(),
        _ => {
            let name = key
                .to_uppercase()
                .replace(|one: char| !one.is_ascii_alphanumeric(), "_");
            format!("\"${{{name}:?}}\"")
        }
    }
}

/// Returns what our objects name, and which of them do.
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
    for kind in CONFIGURATIONS {
        for object in inventory.of(kind, &expected.namespace) {
            let user = format!("{}/{}", kind.to_lowercase(), name_of(object));
            for reference in of_configuration("", &object["spec"]) {
                found.entry(reference).or_default().insert(user.clone());
            }
        }
    }
    found
}

/// Returns the keys of Secrets and ConfigMaps below a field: `{name, key}`, a ConfigMap's where the field
/// says so.
fn of_configuration(field: &str, value: &Value) -> Vec<Reference> {
    match value {
        Value::Array(items) => items
            .iter()
            .flat_map(|item| of_configuration(field, item))
            .collect(),
        Value::Object(map) => match (map.get("name"), map.get("key")) {
            (Some(Value::String(name)), Some(Value::String(key)))
                if map.len() == 2 || map.contains_key("optional") =>
            {
                let kind = match field {
                    "configMap" => "ConfigMap",
                    _ => "Secret",
                };
                let named = Reference {
                    kind,
                    name: name.clone(),
                    key: Some(key.clone()),
                };
                Vec::from_iter(Some(named).filter(|_| !is_optional(value)))
            }
            _ => map
                .iter()
                .flat_map(|(field, value)| of_configuration(field, value))
                .collect(),
        },
        _ => Vec::new(),
    }
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
    fn keys_that_an_alertmanager_config_names_are_found() {
        let spec = json!({"receivers": [{
            "name": "team",
            "slackConfigs": [{"apiURL": {"name": "chat", "key": "url"}, "channel": "#a"}],
            "webhookConfigs": [{"httpConfig": {
                "authorization": {"credentials": {"name": "hook", "key": "token"}},
                "tlsConfig": {"ca": {"configMap": {"name": "ca", "key": "ca.crt"}}},
                "basicAuth": {"password": {"name": "maybe", "key": "x", "optional": true}}
            }}]
        }]});
        let mut found: Vec<String> = of_configuration("", &spec)
            .into_iter()
            .map(|one| format!("{} {} {}", one.kind, one.name, one.key.unwrap_or_default()))
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "ConfigMap ca ca.crt",
                "Secret chat url",
                "Secret hook token"
            ]
        );
    }

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
