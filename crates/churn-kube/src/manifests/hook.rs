//! The webhook that starts a retrain: Deployment, Service, and the few rights that it needs.

use churn_base::error::Result;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{
    ConfigMapProjection, DownwardAPIProjection, DownwardAPIVolumeFile, KeyToPath,
    ObjectFieldSelector, ProjectedVolumeSource, ServiceAccountTokenProjection, Volume,
    VolumeProjection,
};
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};

use super::api::{PORT_NAME, probe, service};
use super::meta::{self, named, selector};
use super::object::File;
use super::plan::{Part, Plan};
use super::pods::{self, Access};
use super::storage::{HOOK_ACCOUNT, settings_sha256};

/// Deployment and Service.
pub(super) const NAME: &str = "churn-retrain-hook";
/// Its port.
pub(super) const PORT: i32 = 8080;
/// The key of the hook's Secret that holds the token.
pub(super) const TOKEN_KEY: &str = "token";
/// The Lease that remembers what was started.
const LEASE: &str = "churnctl-retrain";
const TOKEN_FOLDER: &str = "/etc/churnctl/hook";
/// Where clients in a pod look for their token.
const API_TOKEN_FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

pub(super) fn files(plan: &Plan) -> Result<Vec<File>> {
    let mut files = Vec::new();
    if plan.has(Part::Hook) {
        files.push(File::object("", &deployment(plan))?);
        files.push(File::object("", &service(plan, NAME, meta::HOOK, PORT))?);
    }
    files.push(File::object("", &role(plan))?);
    files.push(File::object("", &binding(plan))?);
    Ok(files)
}

fn deployment(plan: &Plan) -> Deployment {
    let token_file = format!("{TOKEN_FOLDER}/{TOKEN_KEY}");
    let listen = format!("0.0.0.0:{PORT}");
    let from = plan.rules.retrain_cronjob.as_str();
    let args = [
        "retrain",
        "listen",
        "--listen",
        &listen,
        "--token-file",
        &token_file,
        "--from",
        from,
        "--namespace",
        &plan.namespace,
    ];
    let mut container = pods::churnctl(plan, "hook", &args, &plan.api, Access::None);
    container.ports = Some(vec![pods::port(PORT_NAME, PORT)]);
    container.startup_probe = Some(probe("/live", PORT_NAME, 2, 30));
    container.liveness_probe = Some(probe("/live", PORT_NAME, 10, 3));
    container.readiness_probe = Some(probe("/ready", PORT_NAME, 10, 3));
    let mounts = container.volume_mounts.get_or_insert_default();
    mounts.push(pods::mount("hook-token", TOKEN_FOLDER, true));
    mounts.push(pods::mount("api-token", API_TOKEN_FOLDER, true));
    let mut volumes = vec![pods::secret("hook-token", &plan.hook_secret), api_token()];
    volumes.extend(pods::data_volumes(Access::None));
    let mut pod = pods::pod(plan, HOOK_ACCOUNT, container, volumes);
    pod.termination_grace_period_seconds = Some(40);
    Deployment {
        metadata: named(plan, NAME, meta::HOOK),
        spec: Some(DeploymentSpec {
            replicas: Some(1),
            revision_history_limit: Some(5),
            selector: selector(NAME),
            template: pods::template(NAME, meta::HOOK, &settings_sha256(plan), pod),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

/// What Kubernetes would mount by itself, only that the token ends after an hour.
fn api_token() -> Volume {
    let sources = vec![
        VolumeProjection {
            service_account_token: Some(ServiceAccountTokenProjection {
                expiration_seconds: Some(3607),
                path: "token".to_owned(),
                ..ServiceAccountTokenProjection::default()
            }),
            ..VolumeProjection::default()
        },
        VolumeProjection {
            config_map: Some(ConfigMapProjection {
                items: Some(vec![KeyToPath {
                    key: "ca.crt".to_owned(),
                    path: "ca.crt".to_owned(),
                    ..KeyToPath::default()
                }]),
                name: "kube-root-ca.crt".to_owned(),
                ..ConfigMapProjection::default()
            }),
            ..VolumeProjection::default()
        },
        VolumeProjection {
            downward_api: Some(DownwardAPIProjection {
                items: Some(vec![DownwardAPIVolumeFile {
                    field_ref: Some(ObjectFieldSelector {
                        field_path: "metadata.namespace".to_owned(),
                        ..ObjectFieldSelector::default()
                    }),
                    path: "namespace".to_owned(),
                    ..DownwardAPIVolumeFile::default()
                }]),
            }),
            ..VolumeProjection::default()
        },
    ];
    Volume {
        name: "api-token".to_owned(),
        projected: Some(ProjectedVolumeSource {
            default_mode: Some(0o440),
            sources: Some(sources),
        }),
        ..Volume::default()
    }
}

/// The Lease that the hook's settings name.
fn lease(plan: &Plan) -> &str {
    let mut settings = plan.retrain.iter();
    let chosen = settings.find(|(key, _)| *key == ["lease"]);
    chosen.and_then(|(_, name)| name.as_str()).unwrap_or(LEASE)
}

fn rule(group: &str, resource: &str, verbs: &[&str], name: Option<&str>) -> PolicyRule {
    let owned = |text: &str| vec![text.to_owned()];
    PolicyRule {
        api_groups: Some(owned(group)),
        resources: Some(owned(resource)),
        verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        resource_names: name.map(owned),
        ..PolicyRule::default()
    }
}

/// What starting a Job takes, and no verb more: a test compares this with what the hook asks of an API
/// server. Argo's sensor only creates the Job.
fn role(plan: &Plan) -> Role {
    let cronjob = Some(plan.rules.retrain_cronjob.as_str());
    let (batch, leases) = ("batch", "coordination.k8s.io");
    let rules = match plan.has(Part::Hook) {
        true => vec![
            rule(batch, "cronjobs", &["get"], cronjob),
            // Creation cannot be limited to a name; the admission policy limits it to the template.
            rule(batch, "jobs", &["create", "get", "list"], None),
            rule(leases, "leases", &["create"], None),
            rule(leases, "leases", &["get", "update"], Some(lease(plan))),
            rule("events.k8s.io", "events", &["create"], None),
        ],
        false => vec![rule(batch, "jobs", &["create"], None)],
    };
    Role {
        metadata: named(plan, NAME, meta::HOOK),
        rules: Some(rules),
    }
}

fn binding(plan: &Plan) -> RoleBinding {
    RoleBinding {
        metadata: named(plan, NAME, meta::HOOK),
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io".to_owned(),
            kind: "Role".to_owned(),
            name: NAME.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: HOOK_ACCOUNT.to_owned(),
            namespace: Some(plan.namespace.clone()),
            ..Subject::default()
        }]),
    }
}
