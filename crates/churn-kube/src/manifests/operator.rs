//! The objects of the Prometheus Operator, as far as we write them. Nothing here decides what is in them.

use std::collections::BTreeMap;

use churn_alerts::catalogue::RuleFile;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

/// Any object that Kubernetes doesn't know by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Custom<S> {
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    pub(super) metadata: ObjectMeta,
    pub(super) spec: S,
}

/// `monitoring.coreos.com/v1` PrometheusRule.
pub(super) fn prometheus_rule(metadata: ObjectMeta, spec: RuleFile) -> Custom<RuleFile> {
    Custom {
        api_version: "monitoring.coreos.com/v1",
        kind: "PrometheusRule",
        metadata,
        spec,
    }
}

/// What a ServiceMonitor says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceMonitorSpec {
    pub(super) selector: Selector,
    pub(super) namespace_selector: NamespaceSelector,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) sample_limit: u32,
    pub(super) label_limit: u32,
    pub(super) label_value_length_limit: u32,
}

/// What a PodMonitor says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodMonitorSpec {
    pub(super) selector: Selector,
    pub(super) namespace_selector: NamespaceSelector,
    pub(super) pod_metrics_endpoints: Vec<Endpoint>,
    pub(super) sample_limit: u32,
    pub(super) label_limit: u32,
    pub(super) label_value_length_limit: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Selector {
    pub(super) match_labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NamespaceSelector {
    pub(super) match_names: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Endpoint {
    pub(super) port: &'static str,
    pub(super) path: &'static str,
    pub(super) interval: &'static str,
    pub(super) scrape_timeout: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) honor_labels: bool,
}

/// What an AlertmanagerConfig says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AlertmanagerConfigSpec {
    pub(super) route: Route,
    pub(super) receivers: Vec<Receiver>,
    pub(super) inhibit_rules: Vec<InhibitRule>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Route {
    pub(super) receiver: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) group_by: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group_wait: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group_interval: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) repeat_interval: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) matchers: Vec<Matcher>,
    #[serde(rename = "continue", skip_serializing_if = "std::ops::Not::not")]
    pub(super) go_on: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) routes: Vec<Route>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Matcher {
    pub(super) name: String,
    pub(super) match_type: &'static str,
    pub(super) value: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InhibitRule {
    pub(super) source_match: Vec<Matcher>,
    pub(super) target_match: Vec<Matcher>,
    pub(super) equal: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Receiver {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) slack_configs: Vec<Slack>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) email_configs: Vec<Email>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) pagerduty_configs: Vec<Pagerduty>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) webhook_configs: Vec<Webhook>,
}

/// A key of a Secret of the namespace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct SecretKey {
    pub(super) name: String,
    pub(super) key: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Slack {
    #[serde(rename = "apiURL")]
    pub(super) api_url: SecretKey,
    pub(super) channel: String,
    pub(super) send_resolved: bool,
    pub(super) title: String,
    pub(super) text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Email {
    pub(super) to: String,
    pub(super) from: String,
    pub(super) smarthost: String,
    pub(super) auth_username: String,
    pub(super) auth_password: SecretKey,
    #[serde(rename = "requireTLS")]
    pub(super) require_tls: bool,
    pub(super) send_resolved: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pagerduty {
    pub(super) routing_key: SecretKey,
    pub(super) severity: String,
    pub(super) description: String,
    pub(super) send_resolved: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Webhook {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url_secret: Option<SecretKey>,
    pub(super) send_resolved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) http_config: Option<HttpConfig>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HttpConfig {
    pub(super) authorization: Authorization,
    pub(super) follow_redirects: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Authorization {
    #[serde(rename = "type")]
    pub(super) scheme: &'static str,
    pub(super) credentials: SecretKey,
}
