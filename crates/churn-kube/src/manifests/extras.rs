//! For those who have them: values of kube-prometheus-stack, and secrets out of AWS Secrets Manager.

use churn_base::error::Result;
use serde::Serialize;
use serde_json::json;

use super::hook::TOKEN_KEY;
use super::meta::{self, named};
use super::object::File;
use super::operator::Custom;
use super::plan::{AlertmanagerForm, Part, Plan};
use super::storage::BATCH_ACCOUNT;

/// The store that secrets come from.
const STORE: &str = "aws-secrets-manager";

/// Values for the chart: its selectors match our labels, and Grafana finds our dashboards.
pub(super) fn helm(plan: &Plan) -> Result<Vec<File>> {
    let ours = json!({"matchLabels": {"release": plan.release}});
    let mut alertmanager = json!({
        "alertmanagerConfigSelector": ours,
        "alertmanagerConfigNamespaceSelector": {},
        "alertmanagerConfigMatcherStrategy": {"type": "OnNamespace"},
    });
    if plan.alerting.form == AlertmanagerForm::Secret {
        // What the configuration in the raw Secret names by file.
        alertmanager["secrets"] = json!([plan.alerting.secret, plan.hook_secret]);
    }
    let values = json!({
        "prometheus": {"prometheusSpec": {
            "serviceMonitorSelector": ours,
            "serviceMonitorNamespaceSelector": {},
            "podMonitorSelector": ours,
            "podMonitorNamespaceSelector": {},
            "ruleSelector": ours,
            "ruleNamespaceSelector": {},
        }},
        "alertmanager": {"alertmanagerSpec": alertmanager},
        "grafana": {"sidecar": {"dashboards": {
            "enabled": true,
            "label": "grafana_dashboard",
            "labelValue": "1",
            "searchNamespace": "ALL",
            "folderAnnotation": "grafana_folder",
            "provider": {"foldersFromFilesStructure": true},
        }}},
    });
    Ok(vec![File::tree(
        "helm/kube-prometheus-stack-values.yaml",
        &values,
    )?])
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalSecretSpec {
    refresh_interval: &'static str,
    secret_store_ref: StoreRef,
    target: Target,
    data: Vec<Entry>,
}

#[derive(Serialize)]
struct StoreRef {
    kind: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct Target {
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    secret_key: String,
    remote_ref: RemoteRef,
}

#[derive(Serialize)]
struct RemoteRef {
    key: String,
    property: String,
}

/// The Secrets that everything refers to, made by External Secrets.
pub(super) fn secrets(plan: &Plan) -> Result<Vec<File>> {
    let store = Custom {
        api_version: "external-secrets.io/v1",
        kind: "SecretStore",
        metadata: named(plan, STORE, "secrets"),
        spec: json!({"provider": {"aws": {
            "service": "SecretsManager",
            "region": plan.aws_region,
            "auth": {"jwt": {"serviceAccountRef": {"name": BATCH_ACCOUNT}}},
        }}}),
    };
    let mut files = vec![File::object("external-secrets/", &store)?];
    let hook = plan.has(Part::Hook) || plan.has(Part::ArgoEvents);
    let hook = hook.then_some(plan.hook_secret.as_str());
    let receivers = plan.alerting.receivers.iter().copied();
    // A key of the Secret, and the property of the one secret in the store: two tokens aren't the same.
    let wanted = [
        (hook, vec![(TOKEN_KEY, TOKEN_KEY)]),
        (plan.api_token_secret(), vec![(TOKEN_KEY, "api-token")]),
        (
            Some(plan.alerting.secret.as_str()),
            receivers
                .map(|receiver| (receiver.secret_key(), receiver.secret_key()))
                .collect(),
        ),
    ];
    for (name, keys) in wanted {
        let Some(name) = name.filter(|_| !keys.is_empty()) else {
            continue;
        };
        let object = Custom {
            api_version: "external-secrets.io/v1",
            kind: "ExternalSecret",
            metadata: named(plan, name, meta::MONITORING),
            spec: ExternalSecretSpec {
                refresh_interval: "1h",
                secret_store_ref: StoreRef {
                    kind: "SecretStore",
                    name: STORE,
                },
                target: Target {
                    name: name.to_owned(),
                },
                data: keys
                    .iter()
                    .map(|(key, property)| Entry {
                        secret_key: (*key).to_owned(),
                        remote_ref: RemoteRef {
                            key: plan.aws_secret.clone(),
                            property: (*property).to_owned(),
                        },
                    })
                    .collect(),
            },
        };
        files.push(File::object("external-secrets/", &object)?);
    }
    Ok(files)
}
