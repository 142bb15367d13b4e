//! Argo: an Application that deploys the folder, and a retrain that Argo Events starts.

use churn_base::error::Result;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::{Value, json};

use super::hook::TOKEN_KEY;
use super::meta::{self, labels, named};
use super::object::File;
use super::operator::{Custom, SecretKey};
use super::plan::Plan;
use super::routing::HOOK_PATH;
use super::storage::HOOK_ACCOUNT;
use super::{jobs, pods};

const API_VERSION: &str = "argoproj.io/v1alpha1";
/// EventSource and Sensor. The source's Service is called after it.
const NAME: &str = "churn-retrain";
/// The port of the source.
pub(super) const PORT: i32 = 12000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApplicationSpec {
    project: &'static str,
    source: Source,
    destination: Destination,
    sync_policy: SyncPolicy,
    ignore_differences: Vec<Ignored>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    #[serde(rename = "repoURL")]
    repo_url: String,
    path: &'static str,
    target_revision: &'static str,
}

#[derive(Serialize)]
struct Destination {
    server: &'static str,
    namespace: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SyncPolicy {
    automated: Automated,
    sync_options: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Automated {
    prune: bool,
    self_heal: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ignored {
    group: &'static str,
    kind: &'static str,
    json_pointers: Vec<&'static str>,
}

pub(super) fn application(plan: &Plan) -> Result<Vec<File>> {
    Ok(vec![File::object(
        "argocd/",
        &Custom {
            api_version: API_VERSION,
            kind: "Application",
            metadata: ObjectMeta {
                name: Some(plan.namespace.clone()),
                namespace: Some("argocd".to_owned()),
                labels: Some(labels(&plan.namespace, "argocd")),
                ..ObjectMeta::default()
            },
            spec: ApplicationSpec {
                project: "default",
                source: Source {
                    repo_url: plan.argocd_repository.clone(),
                    path: "k8s",
                    target_revision: "HEAD",
                },
                destination: Destination {
                    server: "https://kubernetes.default.svc",
                    namespace: plan.namespace.clone(),
                },
                sync_policy: SyncPolicy {
                    automated: Automated {
                        prune: true,
                        self_heal: true,
                    },
                    // A cluster that has no Operator yet gets the rest.
                    sync_options: vec!["ServerSideApply=true", "SkipDryRunOnMissingResource=true"],
                },
                // The autoscaler's.
                ignore_differences: vec![Ignored {
                    group: "apps",
                    kind: "Deployment",
                    json_pointers: vec!["/spec/replicas"],
                }],
            },
        },
    )?])
}

#[derive(Serialize)]
struct EventSourceSpec {
    template: Value,
    service: Value,
    webhook: Webhooks,
}

#[derive(Serialize)]
struct Webhooks {
    alertmanager: WebhookSource,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WebhookSource {
    port: String,
    endpoint: &'static str,
    method: &'static str,
    auth_secret: SecretKey,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SensorSpec {
    template: Value,
    dependencies: Vec<Value>,
    triggers: Vec<Value>,
}

/// A pod of Argo's, which has an image of its own, as restricted as ours.
fn template(plan: &Plan, account: &str) -> Value {
    let container = pods::container("main", String::new(), &plan.api);
    let pod = pods::pod(plan, account, container, Vec::new());
    let inner = pod.containers.first();
    json!({
        "metadata": {"labels": labels(NAME, meta::HOOK)},
        "serviceAccountName": account,
        "securityContext": pod.security_context,
        "container": {
            "resources": inner.and_then(|one| one.resources.clone()),
            "securityContext": inner.and_then(|one| one.security_context.clone()),
        },
    })
}

pub(super) fn events(plan: &Plan) -> Result<Vec<File>> {
    let mut metadata = named(plan, "", meta::BATCH);
    // The alert's fingerprint is put behind it: the same alert a second time is refused.
    metadata.name = Some("churn-retrain-a-".to_owned());
    metadata
        .labels
        .get_or_insert_default()
        .extend(meta::map([(meta::TRIGGER_LABEL, "alert")]));
    let job = Job {
        metadata,
        spec: Some(jobs::retrain(plan)),
        ..Job::default()
    };
    let job = super::object::tree(&job)?;
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": job["metadata"], "spec": job["spec"]});
    let source = Custom {
        api_version: API_VERSION,
        kind: "EventSource",
        metadata: named(plan, NAME, meta::HOOK),
        spec: EventSourceSpec {
            template: template(plan, HOOK_ACCOUNT),
            service: json!({"ports": [{"port": PORT, "targetPort": PORT}]}),
            webhook: Webhooks {
                alertmanager: WebhookSource {
                    port: PORT.to_string(),
                    endpoint: HOOK_PATH,
                    method: "POST",
                    auth_secret: SecretKey {
                        name: plan.hook_secret.clone(),
                        key: TOKEN_KEY.to_owned(),
                    },
                },
            },
        },
    };
    let firing = json!({"data": [{"path": "body.status", "type": "string", "value": ["firing"]}]});
    let sensor = Custom {
        api_version: API_VERSION,
        kind: "Sensor",
        metadata: named(plan, NAME, meta::HOOK),
        spec: SensorSpec {
            template: template(plan, HOOK_ACCOUNT),
            dependencies: vec![json!({
                "name": "alert", "eventSourceName": NAME, "eventName": "alertmanager", "filters": firing,
            })],
            triggers: vec![json!({
                "template": {
                    "name": "retrain",
                    "k8s": {
                        "operation": "create",
                        "source": {"resource": job},
                        "parameters": [{
                            "src": {"dependencyName": "alert", "dataKey": "body.alerts.0.fingerprint"},
                            "dest": "metadata.name",
                            "operation": "append",
                        }],
                    },
                },
                "rateLimit": {"unit": "Hour", "requestsPerUnit": 1},
            })],
        },
    };
    Ok(vec![
        File::object("argo-events/", &source)?,
        File::object("argo-events/", &sensor)?,
    ])
}
