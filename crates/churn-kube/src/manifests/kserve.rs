//! KServe: the same container as an InferenceService.

use churn_base::error::Result;
use k8s_openapi::api::core::v1::{Container, PodSecurityContext, Volume};
use serde::Serialize;

use super::api;
use super::meta::{self, named};
use super::object::File;
use super::operator::Custom;
use super::plan::Plan;
use super::pods;
use super::storage::API_ACCOUNT;

/// The InferenceService.
pub(super) const NAME: &str = "churn-model";

#[derive(Serialize)]
struct Spec {
    predictor: Predictor,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Predictor {
    min_replicas: u32,
    max_replicas: u32,
    service_account_name: &'static str,
    automount_service_account_token: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    security_context: Option<PodSecurityContext>,
    containers: Vec<Container>,
    volumes: Vec<Volume>,
}

pub(super) fn files(plan: &Plan) -> Result<Vec<File>> {
    // KServe puts the model here, wherever it comes from.
    let mut args = vec![
        "serve",
        "--listen",
        "0.0.0.0:8080",
        "--model",
        "/mnt/models/production_latest.json",
    ];
    let (volume, mount) = api::token(plan).unzip();
    if volume.is_some() {
        args.extend(api::TOKEN_ARGS);
    }
    let mut container = pods::container("kserve-container", plan.image(), &plan.api);
    container.args = pods::literal_args(&args);
    container.env = Some(vec![pods::variable(
        "STORAGE_URI",
        &plan.kserve_storage_uri,
    )]);
    container.ports = Some(vec![pods::port("http1", 8080)]);
    container
        .volume_mounts
        .get_or_insert_default()
        .extend(mount);
    container.readiness_probe = Some(api::probe("/ready", "http1", 5, 2));
    let pod = pods::pod(plan, API_ACCOUNT, container, volume.into_iter().collect());
    Ok(vec![File::object(
        "kserve/",
        &Custom {
            api_version: "serving.kserve.io/v1beta1",
            kind: "InferenceService",
            metadata: named(plan, NAME, meta::API),
            spec: Spec {
                predictor: Predictor {
                    min_replicas: plan.replicas,
                    max_replicas: plan.max_replicas,
                    service_account_name: API_ACCOUNT,
                    automount_service_account_token: false,
                    security_context: pod.security_context,
                    containers: pod.containers,
                    volumes: pod.volumes.unwrap_or_default(),
                },
            },
        },
    )?])
}
