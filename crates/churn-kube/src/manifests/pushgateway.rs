//! The Pushgateway that the jobs push to, and the drift check as an exporter for those who want none.

use churn_base::error::Result;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy};

use super::api::{PORT_NAME, probe, service};
use super::meta::{self, named, selector};
use super::object::File;
use super::plan::{Plan, Resources};
use super::pods::{self, Access};
use super::storage::{BATCH_ACCOUNT, settings_sha256};

/// Deployment and Service of the Pushgateway.
pub(super) const NAME: &str = "churn-pushgateway";
/// Its port.
pub(super) const PORT: i32 = 9091;
/// Deployment and Service of the drift exporter.
pub(super) const EXPORTER: &str = "churn-drift-exporter";
/// The exporter's port: that of the seed's drift service.
pub(super) const EXPORTER_PORT: i32 = 8001;

/// Returns where the jobs push to.
pub(super) fn url(plan: &Plan) -> String {
    format!("http://{NAME}.{}.svc:{PORT}", plan.namespace)
}

pub(super) fn files(plan: &Plan) -> Result<Vec<File>> {
    let size = Resources {
        cpu_request: "25m".to_owned(),
        cpu_limit: "250m".to_owned(),
        memory_request: "32Mi".to_owned(),
        memory_limit: "128Mi".to_owned(),
    };
    let mut container = pods::container("pushgateway", plan.pushgateway_image.clone(), &size);
    // A restart would lose the scores until the next check.
    let args = [
        "--persistence.file=/data/metrics",
        "--persistence.interval=1m",
    ];
    container.args = pods::literal_args(&args);
    container.ports = Some(vec![pods::port(PORT_NAME, PORT)]);
    container.liveness_probe = Some(probe("/-/healthy", PORT_NAME, 10, 3));
    container.readiness_probe = Some(probe("/-/ready", PORT_NAME, 5, 2));
    let mounts = container.volume_mounts.get_or_insert_default();
    mounts.push(pods::mount("data", "/data", false));
    let volumes = vec![pods::empty_dir("data", "128Mi")];
    let pod = pods::pod(plan, BATCH_ACCOUNT, container, volumes);
    Ok(vec![
        File::object("", &alone(plan, NAME, meta::PUSHGATEWAY, pod))?,
        File::object("", &service(plan, NAME, meta::PUSHGATEWAY, PORT))?,
    ])
}

pub(super) fn exporter(plan: &Plan) -> Result<Vec<File>> {
    let listen = format!("0.0.0.0:{EXPORTER_PORT}");
    let args = ["drift", "--watch", "5m", "--listen", &listen];
    let mut container = pods::churnctl(plan, "drift", &args, &plan.jobs, Access::ReadWrite);
    container.ports = Some(vec![pods::port(PORT_NAME, EXPORTER_PORT)]);
    container.startup_probe = Some(probe("/live", PORT_NAME, 2, 30));
    container.liveness_probe = Some(probe("/live", PORT_NAME, 10, 3));
    container.readiness_probe = Some(probe("/ready", PORT_NAME, 10, 3));
    let volumes = pods::data_volumes(Access::ReadWrite);
    let pod = pods::pod(plan, BATCH_ACCOUNT, container, volumes);
    let mut deployment = alone(plan, EXPORTER, meta::EXPORTER, pod);
    if let Some(spec) = &mut deployment.spec {
        pods::keep_at_volume(plan, &mut spec.template);
    }
    Ok(vec![
        File::object("", &deployment)?,
        File::object("", &service(plan, EXPORTER, meta::EXPORTER, EXPORTER_PORT))?,
    ])
}

/// A Deployment of one pod that is never there twice.
fn alone(
    plan: &Plan,
    name: &str,
    component: &str,
    pod: k8s_openapi::api::core::v1::PodSpec,
) -> Deployment {
    Deployment {
        metadata: named(plan, name, component),
        spec: Some(DeploymentSpec {
            replicas: Some(1),
            revision_history_limit: Some(5),
            selector: selector(name),
            strategy: Some(DeploymentStrategy {
                type_: Some("Recreate".to_owned()),
                ..DeploymentStrategy::default()
            }),
            template: pods::template(name, component, &settings_sha256(plan), pod),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}
