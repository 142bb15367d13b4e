//! The prediction API: Deployment, Service, autoscaler, disruption budget.

use churn_base::error::Result;
use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget,
    ResourceMetricSource,
};
use k8s_openapi::api::core::v1::{
    HTTPGetAction, Lifecycle, LifecycleHandler, Probe, Service, ServicePort, ServiceSpec,
    SleepAction, TopologySpreadConstraint, Volume, VolumeMount,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::meta::{self, map, named, selector};
use super::object::File;
use super::plan::Plan;
use super::pods::{self, Access};
use super::storage::{API_ACCOUNT, LOG_FOLDER, settings_sha256};

/// The port of the API.
pub(super) const PORT: i32 = 8000;
/// The name of the port by which monitors find it.
pub(super) const PORT_NAME: &str = "http";
/// The port of probes and metrics: a crowd at the other one does not keep them out.
pub(super) const ADMIN_PORT: i32 = 9000;
/// Its name.
pub(super) const ADMIN_PORT_NAME: &str = "admin";
/// Where the token is mounted.
const TOKEN_FOLDER: &str = "/etc/churnctl/api";
/// How the server is told of it: the folder, and `hook::TOKEN_KEY` in it.
pub(super) const TOKEN_ARGS: [&str; 2] = ["--token-file", "/etc/churnctl/api/token"];

pub(super) fn files(plan: &Plan) -> Result<Vec<File>> {
    let mut files = vec![
        File::object("", &deployment(plan))?,
        File::object(
            "",
            &with_admin(service(plan, plan.api_name(), meta::API, PORT)),
        )?,
    ];
    // A drained node's pods can't go elsewhere while one of them holds the volume there: a budget
    // would hold the drain up for ever.
    if !is_tied(plan) {
        files.push(File::object("", &budget(plan))?);
    }
    if plan.scales() {
        files.push(File::object("", &autoscaler(plan))?);
    }
    Ok(files)
}

/// Tells whether the API's pods have to be on the one node that has the volume.
fn is_tied(plan: &Plan) -> bool {
    plan.api_reads_volume() && plan.is_on_one_node()
}

pub(super) fn probe(path: &str, port: &str, period_seconds: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(port.to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period_seconds),
        timeout_seconds: Some(2),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The Secret with the token that requests must have, and where it is mounted.
pub(super) fn token(plan: &Plan) -> Option<(Volume, VolumeMount)> {
    let secret = plan.api_token_secret()?;
    Some((
        pods::secret("token", secret),
        pods::mount("token", TOKEN_FOLDER, true),
    ))
}

fn deployment(plan: &Plan) -> Deployment {
    let name = plan.api_name();
    let mut args = vec![
        "serve",
        "--listen",
        "0.0.0.0:8000",
        "--admin-listen",
        "0.0.0.0:9000",
        "--model",
        &plan.api_model,
    ];
    let mut volumes = Vec::new();
    let mut mounts = Vec::new();
    if let Some((volume, mount)) = token(plan) {
        args.extend(TOKEN_ARGS);
        volumes.push(volume);
        mounts.push(mount);
    }
    if !plan.prediction_log.is_empty() {
        volumes.push(pods::empty_dir("predictions", "5Gi"));
        mounts.push(pods::mount("predictions", LOG_FOLDER, false));
    }
    // It reads the model and writes nothing there, so it may not.
    let access = match plan.api_reads_volume() {
        true => Access::ReadOnly,
        false => Access::None,
    };
    let mut container = pods::churnctl(plan, "api", &args, &plan.api, access);
    container
        .volume_mounts
        .get_or_insert_default()
        .extend(mounts);
    container.ports = Some(vec![
        pods::port(PORT_NAME, PORT),
        pods::port(ADMIN_PORT_NAME, ADMIN_PORT),
    ]);
    container.startup_probe = Some(probe("/live", ADMIN_PORT_NAME, 2, 30));
    container.liveness_probe = Some(probe("/live", ADMIN_PORT_NAME, 10, 3));
    container.readiness_probe = Some(probe("/ready", ADMIN_PORT_NAME, 5, 2));
    // Requests still come in for a moment after a pod is told to end.
    container.lifecycle = Some(Lifecycle {
        pre_stop: Some(LifecycleHandler {
            sleep: Some(SleepAction { seconds: 5 }),
            ..LifecycleHandler::default()
        }),
        ..Lifecycle::default()
    });
    volumes.extend(pods::data_volumes(access));
    let mut pod = pods::pod(plan, API_ACCOUNT, container, volumes);
    pod.termination_grace_period_seconds = Some(40);
    let spread = |key: &str| TopologySpreadConstraint {
        label_selector: Some(selector(name)),
        max_skew: 1,
        topology_key: key.to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..TopologySpreadConstraint::default()
    };
    let mut template = pods::template(name, meta::API, &settings_sha256(plan), pod);
    if is_tied(plan) {
        pods::keep_at_volume(plan, &mut template);
    } else if let Some(pod) = &mut template.spec {
        pod.topology_spread_constraints = Some(vec![
            spread("kubernetes.io/hostname"),
            spread("topology.kubernetes.io/zone"),
        ]);
    }
    Deployment {
        metadata: named(plan, name, meta::API),
        spec: Some(DeploymentSpec {
            // The autoscaler's, if there is one: whoever applies this again must not reset it.
            replicas: (!plan.scales()).then(|| number(plan.replicas)),
            revision_history_limit: Some(5),
            selector: selector(name),
            strategy: Some(DeploymentStrategy {
                rolling_update: Some(RollingUpdateDeployment {
                    max_surge: Some(IntOrString::Int(1)),
                    max_unavailable: Some(IntOrString::Int(0)),
                }),
                type_: Some("RollingUpdate".to_owned()),
            }),
            template,
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

/// Adds the port that monitors scrape.
fn with_admin(mut service: Service) -> Service {
    let ports = service.spec.iter_mut().flat_map(|spec| &mut spec.ports);
    for ports in ports {
        ports.push(ServicePort {
            name: Some(ADMIN_PORT_NAME.to_owned()),
            port: ADMIN_PORT,
            protocol: Some("TCP".to_owned()),
            target_port: Some(IntOrString::String(ADMIN_PORT_NAME.to_owned())),
            ..ServicePort::default()
        });
    }
    service
}

/// A Service with one port named `http` in front of the pods of this name.
pub(super) fn service(plan: &Plan, name: &str, component: &str, port: i32) -> Service {
    Service {
        metadata: named(plan, name, component),
        spec: Some(ServiceSpec {
            ports: Some(vec![ServicePort {
                name: Some(PORT_NAME.to_owned()),
                port,
                protocol: Some("TCP".to_owned()),
                target_port: Some(IntOrString::String(PORT_NAME.to_owned())),
                ..ServicePort::default()
            }]),
            selector: Some(map([(meta::NAME_LABEL, name)])),
            type_: Some("ClusterIP".to_owned()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn budget(plan: &Plan) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: named(plan, plan.api_name(), meta::API),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(selector(plan.api_name())),
            // A pod that isn't ready must not keep a node from being drained.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    }
}

fn autoscaler(plan: &Plan) -> HorizontalPodAutoscaler {
    HorizontalPodAutoscaler {
        metadata: named(plan, plan.api_name(), meta::API),
        spec: Some(HorizontalPodAutoscalerSpec {
            behavior: Some(HorizontalPodAutoscalerBehavior {
                scale_down: Some(HPAScalingRules {
                    policies: Some(vec![HPAScalingPolicy {
                        period_seconds: 60,
                        type_: "Pods".to_owned(),
                        value: 1,
                    }]),
                    stabilization_window_seconds: Some(300),
                    ..HPAScalingRules::default()
                }),
                ..HorizontalPodAutoscalerBehavior::default()
            }),
            max_replicas: number(plan.max_replicas),
            metrics: Some(vec![MetricSpec {
                resource: Some(ResourceMetricSource {
                    name: "cpu".to_owned(),
                    target: MetricTarget {
                        average_utilization: Some(number(plan.hpa_cpu_percent)),
                        type_: "Utilization".to_owned(),
                        ..MetricTarget::default()
                    },
                }),
                type_: "Resource".to_owned(),
                ..MetricSpec::default()
            }]),
            min_replicas: Some(number(plan.replicas)),
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: "Deployment".to_owned(),
                name: plan.api_name().to_owned(),
            },
        }),
        ..HorizontalPodAutoscaler::default()
    }
}
