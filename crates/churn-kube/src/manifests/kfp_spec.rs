//! The types of a compiled pipeline of Kubeflow, as far as we use its specification
//! (`pipeline_spec.proto`).

use std::collections::BTreeMap;

use serde::Serialize;

/// The version of the specification that this is written in.
pub(super) const SCHEMA_VERSION: &str = "2.1.0";

pub(super) type Map<T> = BTreeMap<String, T>;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PipelineSpec {
    pub(super) components: Map<Component>,
    pub(super) deployment_spec: Deployment,
    pub(super) pipeline_info: Named,
    pub(super) root: Component,
    pub(super) schema_version: &'static str,
    pub(super) sdk_version: &'static str,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dag: Option<Dag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) executor_label: Option<String>,
    #[serde(skip_serializing_if = "Definitions::is_empty")]
    pub(super) input_definitions: Definitions,
    #[serde(skip_serializing_if = "Definitions::is_empty")]
    pub(super) output_definitions: Definitions,
}

#[derive(Debug, Serialize)]
pub(super) struct Dag {
    pub(super) tasks: Map<Task>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Definitions {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) artifacts: Map<Artifact>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) parameters: Map<Parameter>,
}

impl Definitions {
    pub(super) fn is_empty(&self) -> bool {
        self.artifacts.is_empty() && self.parameters.is_empty()
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Artifact {
    pub(super) artifact_type: ArtifactType,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactType {
    pub(super) schema_title: &'static str,
    pub(super) schema_version: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_optional: Option<bool>,
    pub(super) parameter_type: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Task {
    /// Steps look at what is outside of their inputs (the volume, the present): never from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) caching_options: Option<Caching>,
    pub(super) component_ref: Named,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) dependent_tasks: Vec<String>,
    #[serde(skip_serializing_if = "Inputs::is_empty")]
    pub(super) inputs: Inputs,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_policy: Option<Retry>,
    pub(super) task_info: Named,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trigger_policy: Option<Trigger>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Caching {
    pub(super) enable_cache: bool,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Inputs {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) artifacts: Map<Source>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) parameters: Map<Source>,
}

impl Inputs {
    pub(super) fn is_empty(&self) -> bool {
        self.artifacts.is_empty() && self.parameters.is_empty()
    }
}

/// Where an input comes from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Source {
    ComponentInputParameter(String),
    ComponentInputArtifact(String),
    TaskOutputParameter {
        producer_task: String,
        output_parameter_key: String,
    },
    TaskOutputArtifact {
        producer_task: String,
        output_artifact_key: String,
    },
    TaskFinalStatus {
        producer_task: String,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Retry {
    pub(super) backoff_duration: &'static str,
    pub(super) backoff_factor: f64,
    pub(super) backoff_max_duration: &'static str,
    pub(super) max_retry_count: u32,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Trigger {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) condition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) strategy: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Deployment {
    pub(super) executors: Map<Executor>,
}

#[derive(Debug, Serialize)]
pub(super) struct Executor {
    pub(super) container: Container,
}

#[derive(Debug, Serialize)]
pub(super) struct Container {
    pub(super) args: Vec<String>,
    pub(super) command: Vec<String>,
    pub(super) env: Vec<Variable>,
    pub(super) image: String,
    pub(super) resources: Amounts,
}

#[derive(Debug, Serialize)]
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// As texts, in Kubernetes' own units.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Amounts {
    pub(super) resource_cpu_limit: String,
    pub(super) resource_cpu_request: String,
    pub(super) resource_memory_limit: String,
    pub(super) resource_memory_request: String,
}

/// What only Kubernetes knows: volume and settings of each step.
#[derive(Debug, Serialize)]
pub(super) struct PlatformSpec {
    pub(super) platforms: Platforms,
}

#[derive(Debug, Serialize)]
pub(super) struct Platforms {
    pub(super) kubernetes: KubernetesPlatform,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KubernetesPlatform {
    pub(super) deployment_spec: PlatformDeployment,
}

#[derive(Debug, Serialize)]
pub(super) struct PlatformDeployment {
    pub(super) executors: Map<PlatformExecutor>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlatformExecutor {
    pub(super) config_map_as_volume: Vec<ConfigMount>,
    pub(super) pvc_mount: Vec<PvcMount>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConfigMount {
    pub(super) config_map_name: &'static str,
    pub(super) mount_path: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PvcMount {
    pub(super) constant: &'static str,
    pub(super) mount_path: String,
}
