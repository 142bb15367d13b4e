//! Are our pods such as the namespace's Pod Security level admits? A pod that isn't is refused when the
//! Job makes it, long after `kubectl apply` said yes.

use serde_json::{Value, json};

use super::expected::Expected;
use super::finding::{Check, Finding};
use super::inventory::{Inventory, items_at, name_of};
use super::workloads::pod_specs;

const LEVEL: &str = "pod-security.kubernetes.io/enforce";
/// Volumes that the restricted level allows.
const VOLUMES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

pub(super) fn check(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let (check, namespace) = (Check::PodSecurity, expected.namespace.as_str());
    let subject = format!("namespace/{namespace}");
    if let Some(why) = inventory.why_unknown(&format!("Namespace {namespace}")) {
        return vec![Finding::skip(check, subject, why)];
    }
    let Some(object) = inventory.find("Namespace", "", namespace) else {
        return vec![Finding::skip(
            check,
            subject,
            "the namespace itself is not among the objects",
        )];
    };
    let level = object["metadata"]["labels"][LEVEL].as_str();
    let Some(level) = level.filter(|level| *level != "privileged") else {
        return vec![Finding::warn(
            check,
            subject,
            "it admits every pod, privileged ones too",
            format!("kubectl label namespace {namespace} {LEVEL}=restricted --overwrite"),
        )];
    };
    let specs = pod_specs(inventory, namespace);
    let mut found = Vec::new();
    for (kind, object, spec) in &specs {
        let broken = broken(spec, level == "restricted");
        if let Some(first) = broken.first() {
            found.push(Finding::fail(
                check,
                format!("{}/{}", kind.to_lowercase(), name_of(object)),
                format!(
                    "its pods are refused at the level {level}: {}",
                    broken.join(", ")
                ),
                format!("set {first} in the pods' template; churnctl render-manifests does"),
            ));
        }
    }
    if found.is_empty() {
        let detail = format!("level {level}, kept by {} workloads", specs.len());
        found.push(Finding::pass(check, subject, detail));
    }
    found
}

/// Returns what a pod spec breaks, as what is to be set.
fn broken(spec: &Value, restricted: bool) -> Vec<String> {
    let mut broken = Vec::new();
    for name in ["hostNetwork", "hostPID", "hostIPC"] {
        if spec[name] == json!(true) {
            broken.push(format!("{name}: false"));
        }
    }
    for volume in items_at(spec, "/volumes") {
        let kind = volume
            .as_object()
            .into_iter()
            .flatten()
            .map(|(kind, _)| kind.as_str());
        for kind in kind.filter(|kind| *kind != "name") {
            let forbidden = kind == "hostPath" || (restricted && !VOLUMES.contains(&kind));
            if forbidden {
                broken.push(format!("no volume of kind {kind}"));
            }
        }
    }
    let pod = &spec["securityContext"];
    let all = items_at(spec, "/initContainers")
        .iter()
        .chain(items_at(spec, "/containers"));
    for container in all {
        let own = &container["securityContext"];
        let mut wants = |is_kept: bool, what: &str| {
            let what = format!(
                "{what} (container {})",
                container["name"].as_str().unwrap_or("?")
            );
            if !is_kept && !broken.contains(&what) {
                broken.push(what);
            }
        };
        wants(own["privileged"] != json!(true), "privileged: false");
        if !restricted {
            continue;
        }
        let either = |name: &str| match &own[name] {
            Value::Null => pod[name].clone(),
            value => value.clone(),
        };
        wants(either("runAsNonRoot") == json!(true), "runAsNonRoot: true");
        wants(either("runAsUser") != json!(0), "runAsUser other than 0");
        let profile = either("seccompProfile")["type"].clone();
        let profile = profile.as_str().unwrap_or_default();
        wants(
            matches!(profile, "RuntimeDefault" | "Localhost"),
            "seccompProfile.type: RuntimeDefault",
        );
        wants(
            own["allowPrivilegeEscalation"] == json!(false),
            "allowPrivilegeEscalation: false",
        );
        let drops = items_at(own, "/capabilities/drop")
            .iter()
            .any(|name| *name == "ALL");
        wants(drops, "capabilities.drop: [ALL]");
        let adds = items_at(own, "/capabilities/add");
        let adds_few = adds.iter().all(|name| *name == "NET_BIND_SERVICE");
        wants(adds_few, "no capabilities.add");
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hardened() -> Value {
        json!({
            "securityContext": {"runAsNonRoot": true, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "c"}}],
            "containers": [{"name": "a", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]
        })
    }

    #[test]
    fn a_hardened_pod_is_admitted_and_each_slackness_is_named() {
        assert!(broken(&hardened(), true).is_empty());
        let without = |pointer: &str, to: Value| {
            let mut spec = hardened();
            *spec.pointer_mut(pointer).expect(pointer) = to;
            broken(&spec, true)
        };
        for (pointer, to, what) in [
            (
                "/securityContext/runAsNonRoot",
                json!(false),
                "runAsNonRoot",
            ),
            ("/securityContext/runAsUser", json!(0), "runAsUser"),
            (
                "/securityContext/seccompProfile/type",
                json!("Unconfined"),
                "seccompProfile",
            ),
            (
                "/volumes/0",
                json!({"name": "h", "hostPath": {"path": "/"}}),
                "hostPath",
            ),
            (
                "/containers/0/securityContext/allowPrivilegeEscalation",
                json!(true),
                "allowPrivilegeEscalation",
            ),
            (
                "/containers/0/securityContext/capabilities/drop",
                json!([]),
                "capabilities.drop",
            ),
        ] {
            let broken = without(pointer, to);
            assert!(
                broken.len() == 1 && broken[0].contains(what),
                "{pointer}: {broken:?}"
            );
        }
    }

    #[test]
    fn the_baseline_level_minds_only_what_reaches_the_node() {
        let root = json!({"containers": [{"name": "a"}]});
        assert!(broken(&root, false).is_empty());
        assert!(!broken(&root, true).is_empty());
        let privileged = json!({"hostNetwork": true, "containers": [{"name": "a", "securityContext": {"privileged": true}}]});
        assert_eq!(broken(&privileged, false).len(), 2);
    }
}
