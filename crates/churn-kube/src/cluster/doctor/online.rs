//! Collects from a cluster what the checks look at. Whatever may not be listed is a SKIP of the checks
//! that want it, never the end of the others.

use churn_base::error::{Error, Result};
use serde_json::{Value, json};

use super::expected::{Expected, Rendered};
use super::finding::{Finding, NO_PERMISSION};
use super::inventory::{Inventory, namespace_of};
use super::operator::{self, Answers};
use super::{
    alerting, as_rendered, hook, monitoring, objects, placeholders, pod_security, references,
    wiring, workloads,
};
use crate::cluster::client::Cluster;
use crate::cluster::error::{Call, Problem};
use crate::manifests::{COMPONENT_LABEL, Content, File};

/// Kind, group and version, plural; of our namespace.
const OURS: [(&str, &str, &str); 15] = [
    (
        "ServiceMonitor",
        "monitoring.coreos.com/v1",
        "servicemonitors",
    ),
    (
        "PrometheusRule",
        "monitoring.coreos.com/v1",
        "prometheusrules",
    ),
    (
        "AlertmanagerConfig",
        "monitoring.coreos.com/v1alpha1",
        "alertmanagerconfigs",
    ),
    ("Service", "v1", "services"),
    ("ConfigMap", "v1", "configmaps"),
    ("ServiceAccount", "v1", "serviceaccounts"),
    (
        "HorizontalPodAutoscaler",
        "autoscaling/v2",
        "horizontalpodautoscalers",
    ),
    ("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"),
    ("PersistentVolumeClaim", "v1", "persistentvolumeclaims"),
    ("Deployment", "apps/v1", "deployments"),
    ("CronJob", "batch/v1", "cronjobs"),
    ("EndpointSlice", "discovery.k8s.io/v1", "endpointslices"),
    ("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies"),
    ("Role", "rbac.authorization.k8s.io/v1", "roles"),
    (
        "RoleBinding",
        "rbac.authorization.k8s.io/v1",
        "rolebindings",
    ),
];

/// The same, of all namespaces or of the cluster.
const ANYWHERE: [(&str, &str, &str); 4] = [
    ("Prometheus", "monitoring.coreos.com/v1", "prometheuses"),
    ("Alertmanager", "monitoring.coreos.com/v1", "alertmanagers"),
    (
        "ValidatingAdmissionPolicy",
        "admissionregistration.k8s.io/v1",
        "validatingadmissionpolicies",
    ),
    (
        "ValidatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/v1",
        "validatingadmissionpolicybindings",
    ),
];
/// Deployments of others, by label; what to call them.
const OTHERS: [(&str, &str); 3] = [
    ("operator", "app.kubernetes.io/name=prometheus-operator"),
    ("operator", "app=kube-prometheus-stack-operator"),
    (
        "kube-state-metrics",
        "app.kubernetes.io/name=kube-state-metrics",
    ),
];
/// What Prometheus must be able to do to discover pods.
const DISCOVERY: [(&str, &str, &str); 3] = [
    ("list", "", "services"),
    ("list", "discovery.k8s.io", "endpointslices"),
    ("list", "", "pods"),
];

/// Returns the objects among rendered files whose kinds are listed. A Job is left out: it is gone some
/// time after its end.
#[must_use]
pub fn rendered(files: &[File]) -> Vec<Rendered> {
    let is_listed = |kind: &&str| OURS.iter().chain(&ANYWHERE).any(|one| one.0 == *kind);
    let object = |file: &File| {
        let Content::Tree(tree) = &file.content else {
            return None;
        };
        let kind = tree["kind"].as_str().filter(is_listed)?;
        let component = &tree["metadata"]["labels"][COMPONENT_LABEL];
        Some(Rendered {
            kind: kind.to_owned(),
            name: tree["metadata"]["name"].as_str()?.to_owned(),
            namespace: namespace_of(tree).to_owned(),
            component: component.as_str()?.to_owned(),
            path: file.path.clone(),
            tree: tree.clone(),
        })
    };
    files.iter().filter_map(object).collect()
}

/// Runs all checks that the API server can answer.
///
/// # Errors
/// Fails with 69 if the API server gives no good answer at all, with 77 if it doesn't know us. Does
/// *not* fail where a permission is missing.
pub async fn examine(cluster: &Cluster, expected: &Expected) -> Result<Vec<Finding>> {
    let (inventory, answers) = collect(cluster, expected).await?;
    let mut found = operator::crds(&answers);
    found.extend(operator::operator(&inventory));
    found.extend(monitoring::service_monitors(&inventory, expected));
    found.extend(monitoring::rules(&inventory, expected));
    found.extend(alerting::check(&inventory, expected));
    found.extend(wiring::services(&inventory, expected));
    found.extend(wiring::pods(&inventory, expected));
    found.extend(operator::scrape_rights(&answers, &inventory, expected));
    found.extend(operator::accepted(&inventory, expected));
    found.extend(operator::kube_state_metrics(&inventory));
    found.extend(workloads::drift(&inventory, expected));
    found.extend(workloads::storage(&inventory, expected));
    found.extend(hook::check(&inventory, expected));
    found.extend(pod_security::check(&inventory, expected));
    found.extend(placeholders::check(&inventory, expected));
    found.extend(objects::check(&inventory, expected));
    found.extend(references::check(&inventory, expected));
    // What the same command fixes has been told by its consequence.
    let mut other = as_rendered::check(&inventory, expected);
    other.retain(|one| !found.iter().any(|known| known.fix == one.fix));
    found.extend(other);
    Ok(found)
}

async fn collect(cluster: &Cluster, expected: &Expected) -> Result<(Inventory, Answers)> {
    let mut reader = Reader {
        cluster,
        inventory: Inventory::default(),
    };
    reader.inventory.is_cluster = true;
    let mut answers = Answers::default();
    for version in ["v1", "v1alpha1"] {
        let path = format!("/apis/monitoring.coreos.com/{version}");
        let listed = reader
            .get("get", &path, "monitoring.coreos.com", None)
            .await?;
        let names = listed.ok().map(|listed| {
            let resources = listed["resources"].as_array().into_iter().flatten();
            resources
                .filter_map(|resource| resource["name"].as_str().map(str::to_owned))
                .collect()
        });
        answers.resources.push((version, names));
    }
    let namespace = expected.namespace.as_str();
    for (kind, group, plural) in OURS {
        let path = format!("{}/namespaces/{namespace}/{plural}", base(group));
        reader
            .list(kind, &path, plural, Some(namespace), kind)
            .await?;
    }
    for (kind, group, plural) in ANYWHERE {
        let path = format!("{}/{plural}", base(group));
        reader.list(kind, &path, plural, None, kind).await?;
    }
    for (what, label) in OTHERS {
        let label = label.replace('/', "%2F").replace('=', "%3D");
        let path = format!("{}/deployments?labelSelector={label}", base("apps/v1"));
        reader
            .list("Deployment", &path, "deployments", None, what)
            .await?;
    }
    for name in [namespace, expected.monitoring_namespace.as_str()] {
        let path = format!("/api/v1/namespaces/{name}");
        reader.one("Namespace", name, &path, "namespaces").await?;
    }
    for secret in references::secrets(&reader.inventory, expected) {
        let path = format!("/api/v1/namespaces/{namespace}/secrets/{secret}");
        reader.one("Secret", &secret, &path, "secrets").await?;
    }
    for (home, account) in operator::accounts(&reader.inventory) {
        for (verb, group, resource) in DISCOVERY {
            let user = format!("system:serviceaccount:{home}:{account}");
            let answer = reader
                .may(&user, &home, verb, group, resource, namespace)
                .await?;
            let what = format!("{verb} {resource}");
            answers
                .rights
                .push((format!("serviceaccount/{home}/{account}"), what, answer));
        }
    }
    Ok((reader.inventory, answers))
}

fn base(group_version: &str) -> String {
    match group_version {
        "v1" => "/api/v1".to_owned(),
        other => format!("/apis/{other}"),
    }
}

struct Reader<'a> {
    cluster: &'a Cluster,
    inventory: Inventory,
}

impl Reader<'_> {
    /// Gets a path; what may not or cannot be had is a reason, what makes all else pointless an error.
    async fn get(
        &self,
        verb: &'static str,
        path: &str,
        resource: &str,
        namespace: Option<&str>,
    ) -> Result<Result<Value, String>> {
        let call = Call {
            verb,
            resource: resource.to_owned(),
            name: None,
            namespace: namespace.map(str::to_owned),
        };
        match self.cluster.renewed().fetch(call, path).await {
            Ok(value) => Ok(Ok(value)),
            Err(error) => match &error.problem {
                Problem::Forbidden(_) => Ok(Err(format!("{NO_PERMISSION}{verb} {resource}"))),
                Problem::NotFound(_) => Ok(Err(String::new())),
                Problem::Refused(status, _) => {
                    Ok(Err(format!("{verb} {resource}: status {status}")))
                }
                Problem::Unauthorized(_)
                | Problem::AlreadyExists
                | Problem::Conflict
                | Problem::StayedAway { .. }
                | Problem::NoConnection(_) => Err(Error::from(error)),
            },
        }
    }

    /// Lists a kind; `what` is the name under which its absence is noted.
    async fn list(
        &mut self,
        kind: &str,
        path: &str,
        resource: &str,
        namespace: Option<&str>,
        what: &str,
    ) -> Result<()> {
        match self.get("list", path, resource, namespace).await? {
            Ok(mut list) => {
                for item in list["items"].as_array_mut().into_iter().flatten() {
                    item["kind"] = kind.into();
                    self.inventory.add(item.take());
                }
            }
            // A kind that the server doesn't know has no objects.
            Err(why) if why.is_empty() => {}
            Err(why) => self.inventory.unknown(what, why),
        }
        Ok(())
    }

    async fn one(&mut self, kind: &str, name: &str, path: &str, resource: &str) -> Result<()> {
        match self.get("get", path, resource, None).await? {
            Ok(mut object) => {
                object["kind"] = kind.into();
                self.inventory.add(object);
            }
            Err(why) if why.is_empty() => {}
            Err(why) => self.inventory.unknown(&format!("{kind} {name}"), why),
        }
        Ok(())
    }

    async fn may(
        &self,
        user: &str,
        home: &str,
        verb: &str,
        group: &str,
        resource: &str,
        namespace: &str,
    ) -> Result<Result<bool, String>> {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {
                "user": user,
                "groups": ["system:serviceaccounts", format!("system:serviceaccounts:{home}"), "system:authenticated"],
                "resourceAttributes": {"namespace": namespace, "verb": verb, "group": group, "resource": resource}
            }
        });
        match self.cluster.renewed().ask_about(&review).await {
            Ok(answer) => Ok(Ok(operator::is_allowed(&answer))),
            Err(error) => match &error.problem {
                Problem::Forbidden(_) => {
                    Ok(Err(format!("{NO_PERMISSION}create subjectaccessreviews")))
                }
                _ => Err(Error::from(error)),
            },
        }
    }
}
