//! Pods: what every one of them is forbidden, and what it is given.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, Capabilities, ConfigMapVolumeSource, Container, ContainerPort, EmptyDirVolumeSource,
    EnvVar, LocalObjectReference, PersistentVolumeClaimVolumeSource, PodAffinity, PodAffinityTerm,
    PodSecurityContext, PodSpec, PodTemplateSpec, ResourceRequirements, SeccompProfile,
    SecretVolumeSource, SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::meta::{VOLUME_LABEL, labels, map};
use super::plan::{Plan, Resources};
use super::storage::{CONFIG, CONFIG_FILE, SETTINGS_FOLDER, VOLUME};
use crate::expansion::literal;

const DATA: &str = "data";
const SETTINGS: &str = "settings";
/// Space that a program may need for a moment.
const SCRATCH: &str = "tmp";

pub(super) fn resources(resources: &Resources) -> ResourceRequirements {
    let quantities = |cpu: &str, memory: &str, scratch: &str| {
        let pair = |name: &str, text: &str| (name.to_owned(), Quantity(text.to_owned()));
        BTreeMap::from([
            pair("cpu", cpu),
            pair("memory", memory),
            pair("ephemeral-storage", scratch),
        ])
    };
    ResourceRequirements {
        requests: Some(quantities(
            &resources.cpu_request,
            &resources.memory_request,
            "64Mi",
        )),
        limits: Some(quantities(
            &resources.cpu_limit,
            &resources.memory_limit,
            "1Gi",
        )),
        ..ResourceRequirements::default()
    }
}

/// A container that may do nothing but run its program.
pub(super) fn container(name: &str, image: String, size: &Resources) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(image),
        // With a digest this asks the registry whether we may, and pulls nothing twice.
        image_pull_policy: Some("Always".to_owned()),
        resources: Some(resources(size)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                ..Capabilities::default()
            }),
            privileged: Some(false),
            read_only_root_filesystem: Some(true),
            run_as_non_root: Some(true),
            ..SecurityContext::default()
        }),
        // A crash without last words shows the end of its log.
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        volume_mounts: Some(vec![mount(SCRATCH, "/tmp", false)]),
        ..Container::default()
    }
}

/// What a pod may do with the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// It doesn't have it.
    None,
    /// It reads.
    ReadOnly,
    /// It reads and writes.
    ReadWrite,
}

/// A container of churnctl: with the volume, the settings, and the folder it works in.
pub(super) fn churnctl(
    plan: &Plan,
    name: &str,
    args: &[&str],
    size: &Resources,
    access: Access,
) -> Container {
    let mut container = container(name, plan.image(), size);
    container.args = literal_args(args);
    container.working_dir = Some(match access {
        Access::None => "/tmp".to_owned(),
        Access::ReadOnly | Access::ReadWrite => plan.data_path.clone(),
    });
    container.env = Some(vec![variable("CHURNCTL_CONFIG", &settings_file())]);
    let mounts = container.volume_mounts.get_or_insert_default();
    if access != Access::None {
        let read_only = access == Access::ReadOnly;
        mounts.push(mount(DATA, &plan.data_path, read_only));
    }
    mounts.push(mount(SETTINGS, SETTINGS_FOLDER, true));
    container
}

/// Arguments that the program gets as they stand here, whatever is in them.
pub(super) fn literal_args(args: &[&str]) -> Option<Vec<String>> {
    Some(args.iter().map(|arg| literal(arg)).collect())
}

/// A variable whose value is the text, whatever is in it.
pub(super) fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: Some(literal(value)),
        ..EnvVar::default()
    }
}

/// Returns where the settings file is.
pub(super) fn settings_file() -> String {
    format!("{SETTINGS_FOLDER}/{CONFIG_FILE}")
}

pub(super) fn mount(name: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    }
}

pub(super) fn port(name: &str, number: i32) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: number,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

pub(super) fn empty_dir(name: &str, size: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: Some(Quantity(size.to_owned())),
            ..EmptyDirVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// The volumes of a container of churnctl.
pub(super) fn data_volumes(access: Access) -> Vec<Volume> {
    let data = Volume {
        name: DATA.to_owned(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: VOLUME.to_owned(),
            ..PersistentVolumeClaimVolumeSource::default()
        }),
        ..Volume::default()
    };
    let settings = Volume {
        name: SETTINGS.to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: CONFIG.to_owned(),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    };
    let data = (access != Access::None).then_some(data);
    data.into_iter().chain([settings]).collect()
}

/// A Secret as files that only the pod's group can read.
pub(super) fn secret(name: &str, secret: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(secret.to_owned()),
            default_mode: Some(0o440),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// Keeps pods with a volume of one node together. Without this a second pod would land anywhere and
/// wait there, without an end, for a volume that the first one's node has.
pub(super) fn keep_at_volume(plan: &Plan, template: &mut PodTemplateSpec) {
    if !plan.is_on_one_node() {
        return;
    }
    let mark = || map([(VOLUME_LABEL, VOLUME)]);
    let metadata = template.metadata.get_or_insert_default();
    metadata.labels.get_or_insert_default().extend(mark());
    let term = PodAffinityTerm {
        label_selector: Some(LabelSelector {
            match_labels: Some(mark()),
            ..LabelSelector::default()
        }),
        topology_key: "kubernetes.io/hostname".to_owned(),
        ..PodAffinityTerm::default()
    };
    if let Some(pod) = &mut template.spec {
        pod.affinity = Some(Affinity {
            pod_affinity: Some(PodAffinity {
                required_during_scheduling_ignored_during_execution: Some(vec![term]),
                ..PodAffinity::default()
            }),
            ..Affinity::default()
        });
    }
}

/// A pod of one container, restricted as far as Kubernetes can.
pub(super) fn pod(
    plan: &Plan,
    account: &str,
    container: Container,
    mut volumes: Vec<Volume>,
) -> PodSpec {
    volumes.push(empty_dir(SCRATCH, "1Gi"));
    let user = i64::from(plan.user);
    let pull = plan.image_pull_secret.as_ref();
    let nodes: BTreeMap<String, String> = plan.node_selector.iter().cloned().collect();
    PodSpec {
        // Creating Jobs is running code: no pod gets a token that doesn't need one.
        automount_service_account_token: Some(false),
        containers: vec![container],
        // Variables for each Service of the namespace, which nobody reads.
        enable_service_links: Some(false),
        image_pull_secrets: pull.map(|name| vec![LocalObjectReference { name: name.clone() }]),
        node_selector: (!nodes.is_empty()).then_some(nodes),
        security_context: Some(PodSecurityContext {
            fs_group: Some(user),
            fs_group_change_policy: Some("OnRootMismatch".to_owned()),
            run_as_group: Some(user),
            run_as_non_root: Some(true),
            run_as_user: Some(user),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                ..SeccompProfile::default()
            }),
            ..PodSecurityContext::default()
        }),
        service_account_name: Some(account.to_owned()),
        volumes: Some(volumes),
        ..PodSpec::default()
    }
}

/// The template of a pod. Settings that change make new pods.
pub(super) fn template(
    name: &str,
    component: &str,
    settings: &str,
    spec: PodSpec,
) -> PodTemplateSpec {
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(labels(name, component)),
            annotations: Some(map([("churnctl/settings-sha256", settings)])),
            ..ObjectMeta::default()
        }),
        spec: Some(spec),
    }
}
