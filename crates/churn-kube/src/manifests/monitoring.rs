//! What the Prometheus Operator reads: monitors, rules, Alertmanager's configuration.

use churn_alerts::catalogue::{groups, rules};
use churn_base::error::Result;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::meta::{self, NAME_LABEL, map, monitored};
use super::object::{File, yaml};
use super::operator::{
    Custom, Endpoint, NamespaceSelector, PodMonitorSpec, Selector, ServiceMonitorSpec,
    prometheus_rule,
};
use super::plan::{AlertmanagerForm, Part, Plan};
use super::{api, hook, kserve, pushgateway, routing};

/// The folder of all this.
pub(super) const FOLDER: &str = "monitoring/";
/// The PrometheusRule.
pub(super) const RULES: &str = "churn-mlops-alerts";
/// The Secret that kube-prometheus-stack's Alertmanager reads as a whole.
const ALERTMANAGER_SECRET: &str = "alertmanager-monitoring-kube-prometheus-alertmanager";

pub(super) fn files(plan: &Plan) -> Result<Vec<File>> {
    let mut files = Vec::new();
    if plan.has(Part::Api) {
        files.push(monitor(plan, plan.api_name(), api::ADMIN_PORT_NAME, false)?);
    }
    if plan.has(Part::Pushgateway) {
        // The labels `job` and `model` are those of the job, not of the gateway.
        files.push(monitor(plan, pushgateway::NAME, api::PORT_NAME, true)?);
    }
    if plan.has(Part::DriftExporter) {
        files.push(monitor(plan, pushgateway::EXPORTER, api::PORT_NAME, false)?);
    }
    if plan.has(Part::Hook) {
        files.push(monitor(plan, hook::NAME, api::PORT_NAME, false)?);
    }
    if plan.has(Part::Kserve) {
        files.push(queue_proxy(plan)?);
    }
    let options = plan.operator_rules();
    let spec = groups(&rules(&options)?, &options);
    files.push(File::object(
        FOLDER,
        &prometheus_rule(monitored(plan, RULES), spec),
    )?);
    files.push(match plan.alerting.form {
        AlertmanagerForm::Config => File::object(
            FOLDER,
            &Custom {
                api_version: "monitoring.coreos.com/v1alpha1",
                kind: "AlertmanagerConfig",
                metadata: monitored(plan, RULES),
                spec: routing::object(plan),
            },
        )?,
        AlertmanagerForm::Secret => File::object(FOLDER, &secret(plan)?)?,
    });
    Ok(files)
}

fn monitor(plan: &Plan, name: &str, port: &'static str, honor_labels: bool) -> Result<File> {
    File::object(
        FOLDER,
        &Custom {
            api_version: "monitoring.coreos.com/v1",
            kind: "ServiceMonitor",
            metadata: monitored(plan, name),
            spec: ServiceMonitorSpec {
                selector: Selector {
                    match_labels: map([(NAME_LABEL, name)]),
                },
                namespace_selector: NamespaceSelector {
                    match_names: vec![plan.namespace.clone()],
                },
                endpoints: vec![Endpoint {
                    port,
                    path: "/metrics",
                    interval: "30s",
                    scrape_timeout: "10s",
                    honor_labels,
                }],
                sample_limit: 20_000,
                label_limit: 40,
                label_value_length_limit: 1024,
            },
        },
    )
}

/// Knative's queue-proxy beside each predictor; it has no Service. Its metrics are off unless
/// `config-observability` says `request-metrics-protocol: prometheus`.
fn queue_proxy(plan: &Plan) -> Result<File> {
    File::object(
        FOLDER,
        &Custom {
            api_version: "monitoring.coreos.com/v1",
            kind: "PodMonitor",
            metadata: monitored(plan, kserve::NAME),
            spec: PodMonitorSpec {
                selector: Selector {
                    match_labels: map([("serving.kserve.io/inferenceservice", kserve::NAME)]),
                },
                namespace_selector: NamespaceSelector {
                    match_names: vec![plan.namespace.clone()],
                },
                pod_metrics_endpoints: vec![Endpoint {
                    port: "http-usermetric",
                    path: "/metrics",
                    interval: "30s",
                    scrape_timeout: "10s",
                    honor_labels: false,
                }],
                sample_limit: 20_000,
                label_limit: 40,
                label_value_length_limit: 1024,
            },
        },
    )
}

/// The raw form of the seeds: the whole configuration in one Secret beside Alertmanager. What must
/// not be seen stays in Secrets that Alertmanager mounts (`alertmanagerSpec.secrets`).
fn secret(plan: &Plan) -> Result<Secret> {
    let around = routing::Surroundings {
        file: &|secret, key| format!("/etc/alertmanager/secrets/{secret}/{key}"),
        hook_url: plan.has(Part::Hook).then(|| {
            let (host, port) = (hook::NAME, hook::PORT);
            format!(
                "http://{host}.{}.svc:{port}{}",
                plan.namespace,
                routing::HOOK_PATH
            )
        }),
    };
    let text = yaml(&routing::file(plan, &around))?;
    Ok(Secret {
        metadata: ObjectMeta {
            name: Some(ALERTMANAGER_SECRET.to_owned()),
            namespace: Some(plan.monitoring_namespace.clone()),
            labels: Some(meta::labels(ALERTMANAGER_SECRET, meta::MONITORING)),
            ..ObjectMeta::default()
        },
        string_data: Some([("alertmanager.yaml".to_owned(), text)].into()),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    })
}
