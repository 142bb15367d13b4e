//! Kubeflow Pipelines v2: the loop as a compiled pipeline. Check, and only if the check says FAIL
//! train, compare, and only if the candidate is better promote; told of in the end in any case.
//!
//! The types are those of the pipeline's specification (`pipeline_spec.proto`), as far as we use it.

use std::collections::BTreeMap;

use churn_base::error::Result;
use serde::Serialize;

use super::object::{Content, File, tree, yaml};
use super::plan::{Plan, Resources};
use super::pods::{SETTINGS_FOLDER, settings_file};
use super::pushgateway;
use super::storage::{CONFIG, VOLUME};

/// What `--only` calls it.
pub(super) const ID: &str = "kfp";
const PATH: &str = "kfp/pipeline.yaml";
/// The version of the specification that this is written in.
const SCHEMA_VERSION: &str = "2.1.0";

type Map<T> = BTreeMap<String, T>;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PipelineSpec {
    components: Map<Component>,
    deployment_spec: Deployment,
    pipeline_info: Named,
    root: Component,
    schema_version: &'static str,
    sdk_version: &'static str,
}

#[derive(Debug, Clone, Serialize)]
struct Named {
    name: String,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    #[serde(skip_serializing_if = "Option::is_none")]
    dag: Option<Dag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    executor_label: Option<String>,
    #[serde(skip_serializing_if = "Definitions::is_empty")]
    input_definitions: Definitions,
    #[serde(skip_serializing_if = "Definitions::is_empty")]
    output_definitions: Definitions,
}

#[derive(Debug, Serialize)]
struct Dag {
    tasks: Map<Task>,
}

#[derive(Debug, Default, Serialize)]
struct Definitions {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    artifacts: Map<Artifact>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parameters: Map<Parameter>,
}

impl Definitions {
    fn is_empty(&self) -> bool {
        self.artifacts.is_empty() && self.parameters.is_empty()
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    artifact_type: ArtifactType,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactType {
    schema_title: &'static str,
    schema_version: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameter {
    #[serde(skip_serializing_if = "Option::is_none")]
    default_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_optional: Option<bool>,
    parameter_type: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    /// Steps look at what is outside of their inputs (the volume, the present): never from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    caching_options: Option<Caching>,
    component_ref: Named,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependent_tasks: Vec<String>,
    #[serde(skip_serializing_if = "Inputs::is_empty")]
    inputs: Inputs,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_policy: Option<Retry>,
    task_info: Named,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_policy: Option<Trigger>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Caching {
    enable_cache: bool,
}

#[derive(Debug, Default, Serialize)]
struct Inputs {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    artifacts: Map<Source>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parameters: Map<Source>,
}

impl Inputs {
    fn is_empty(&self) -> bool {
        self.artifacts.is_empty() && self.parameters.is_empty()
    }
}

/// Where an input comes from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Source {
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
struct Retry {
    backoff_duration: &'static str,
    backoff_factor: f64,
    backoff_max_duration: &'static str,
    max_retry_count: u32,
}

#[derive(Debug, Default, Serialize)]
struct Trigger {
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Deployment {
    executors: Map<Executor>,
}

#[derive(Debug, Serialize)]
struct Executor {
    container: Container,
}

#[derive(Debug, Serialize)]
struct Container {
    args: Vec<String>,
    command: Vec<String>,
    env: Vec<Variable>,
    image: String,
    resources: Amounts,
}

#[derive(Debug, Serialize)]
struct Variable {
    name: &'static str,
    value: String,
}

/// As texts, in Kubernetes' own units.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Amounts {
    resource_cpu_limit: String,
    resource_cpu_request: String,
    resource_memory_limit: String,
    resource_memory_request: String,
}

/// What only Kubernetes knows: volume and settings of each step.
#[derive(Debug, Serialize)]
struct PlatformSpec {
    platforms: Platforms,
}

#[derive(Debug, Serialize)]
struct Platforms {
    kubernetes: KubernetesPlatform,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct KubernetesPlatform {
    deployment_spec: PlatformDeployment,
}

#[derive(Debug, Serialize)]
struct PlatformDeployment {
    executors: Map<PlatformExecutor>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlatformExecutor {
    config_map_as_volume: Vec<ConfigMount>,
    pvc_mount: Vec<PvcMount>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfigMount {
    config_map_name: &'static str,
    mount_path: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PvcMount {
    constant: &'static str,
    mount_path: String,
}

/// A step: a container with its inputs and outputs.
struct Step {
    name: &'static str,
    /// Parameters that come in, all of them texts.
    parameters: &'static [&'static str],
    /// Artifacts that come in.
    artifacts: &'static [(&'static str, &'static str)],
    /// Parameters that come out.
    gives_parameters: &'static [&'static str],
    /// Artifacts that come out.
    gives_artifacts: &'static [(&'static str, &'static str)],
    args: Vec<String>,
    retries: u32,
}

const MODEL: &str = "system.Model";
const REPORT: &str = "system.Artifact";
const PAGE: &str = "system.HTML";
/// The artifact of the training that the later steps take.
const CANDIDATE: &[(&str, &str)] = &[("candidate", MODEL)];
const GROUP: &str = "exit-handler-1";
const DRIFTED: &str = "condition-2";
const BETTER: &str = "condition-3";

fn parameter(name: &str) -> String {
    format!("{{{{$.inputs.parameters['{name}']}}}}")
}

fn input(name: &str) -> String {
    format!("{{{{$.inputs.artifacts['{name}'].path}}}}")
}

fn output(name: &str) -> String {
    format!("{{{{$.outputs.artifacts['{name}'].path}}}}")
}

fn output_file(name: &str) -> String {
    format!("{{{{$.outputs.parameters['{name}'].output_file}}}}")
}

fn words(args: &[&str]) -> Vec<String> {
    args.iter().map(|arg| (*arg).to_owned()).collect()
}

fn steps() -> [Step; 5] {
    [
        Step {
            name: "drift-check",
            parameters: &["baseline", "current"],
            artifacts: &[],
            gives_parameters: &["verdict"],
            gives_artifacts: &[("report", REPORT), ("page", PAGE)],
            args: words(&[
                "drift",
                "--baseline",
                &parameter("baseline"),
                "--current",
                &parameter("current"),
                "--fail-on",
                "never",
                "--report",
                &output("report"),
                "--html",
                &output("page"),
                "--verdict-file",
                &output_file("verdict"),
            ]),
            retries: 2,
        },
        Step {
            name: "train",
            parameters: &["data"],
            artifacts: &[],
            gives_parameters: &[],
            gives_artifacts: &[("candidate", MODEL), ("page", PAGE)],
            args: words(&[
                "train",
                &parameter("data"),
                "--promote",
                "never",
                "--artifacts",
                &output("candidate"),
                "--html",
                &output("page"),
            ]),
            retries: 1,
        },
        Step {
            name: "compare",
            parameters: &["artifacts", "data"],
            artifacts: CANDIDATE,
            gives_parameters: &["decision"],
            gives_artifacts: &[],
            args: words(&[
                "promote",
                &input("candidate"),
                &parameter("data"),
                "--artifacts",
                &parameter("artifacts"),
                "--dry-run",
                "--decision-file",
                &output_file("decision"),
            ]),
            retries: 1,
        },
        Step {
            name: "promote",
            parameters: &["artifacts", "data"],
            artifacts: CANDIDATE,
            gives_parameters: &[],
            gives_artifacts: &[],
            args: words(&[
                "promote",
                &input("candidate"),
                &parameter("data"),
                "--artifacts",
                &parameter("artifacts"),
            ]),
            retries: 1,
        },
        Step {
            name: "notify",
            parameters: &["gateway", "status"],
            artifacts: &[],
            gives_parameters: &[],
            gives_artifacts: &[],
            args: words(&[
                "push-metrics",
                "run",
                "--gateway",
                &parameter("gateway"),
                "--job",
                "churn-pipeline",
                "--",
                "/churnctl",
                "kfp",
                "status",
                &parameter("status"),
            ]),
            retries: 2,
        },
    ]
}

impl Step {
    fn component_name(&self) -> String {
        format!("comp-{}", self.name)
    }

    fn executor_name(&self) -> String {
        format!("exec-{}", self.name)
    }

    fn component(&self) -> Component {
        let parameters = self.parameters.iter().map(|name| {
            let parameter = match *name {
                // Filled by the pipeline itself when all else has ended.
                "status" => Parameter {
                    default_value: None,
                    is_optional: Some(true),
                    parameter_type: "TASK_FINAL_STATUS",
                },
                _ => text(),
            };
            ((*name).to_owned(), parameter)
        });
        let given = self.gives_parameters.iter();
        Component {
            executor_label: Some(self.executor_name()),
            input_definitions: Definitions {
                artifacts: artifacts(self.artifacts),
                parameters: parameters.collect(),
            },
            output_definitions: Definitions {
                artifacts: artifacts(self.gives_artifacts),
                parameters: given.map(|name| ((*name).to_owned(), text())).collect(),
            },
            ..Component::default()
        }
    }

    fn task(&self, dependent_tasks: &[&str], inputs: Inputs) -> (String, Task) {
        let task = Task {
            caching_options: Some(Caching {
                enable_cache: false,
            }),
            component_ref: Named {
                name: self.component_name(),
            },
            dependent_tasks: words(dependent_tasks),
            inputs,
            retry_policy: Some(Retry {
                backoff_duration: "60s",
                backoff_factor: 2.0,
                backoff_max_duration: "600s",
                max_retry_count: self.retries,
            }),
            task_info: Named {
                name: self.name.to_owned(),
            },
            trigger_policy: None,
        };
        (self.name.to_owned(), task)
    }

    fn executor(&self, plan: &Plan) -> Executor {
        let Resources {
            cpu_request,
            cpu_limit,
            memory_request,
            memory_limit,
        } = plan.jobs.clone();
        Executor {
            container: Container {
                args: self.args.clone(),
                command: words(&["/churnctl"]),
                env: vec![Variable {
                    name: "CHURNCTL_CONFIG",
                    value: settings_file(),
                }],
                image: plan.image(),
                resources: Amounts {
                    resource_cpu_limit: cpu_limit,
                    resource_cpu_request: cpu_request,
                    resource_memory_limit: memory_limit,
                    resource_memory_request: memory_request,
                },
            },
        }
    }
}

fn text() -> Parameter {
    Parameter {
        default_value: None,
        is_optional: None,
        parameter_type: "STRING",
    }
}

fn artifacts(named: &[(&str, &'static str)]) -> Map<Artifact> {
    let artifact = |(name, schema_title): &(&str, &'static str)| {
        let artifact_type = ArtifactType {
            schema_title,
            schema_version: "0.0.1",
        };
        ((*name).to_owned(), Artifact { artifact_type })
    };
    named.iter().map(artifact).collect()
}

/// The same names inside of a group as outside of it.
fn passed(names: &[&str]) -> Map<Source> {
    let pass = |name: &&str| {
        let source = Source::ComponentInputParameter((*name).to_owned());
        ((*name).to_owned(), source)
    };
    names.iter().map(pass).collect()
}

fn texts(names: &[&str]) -> Map<Parameter> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), text()))
        .collect()
}

fn group(component: &str, name: &str, dependent_tasks: &[&str], inputs: Inputs) -> Task {
    Task {
        caching_options: None,
        component_ref: Named {
            name: format!("comp-{component}"),
        },
        dependent_tasks: words(dependent_tasks),
        inputs,
        retry_policy: None,
        task_info: Named {
            name: name.to_owned(),
        },
        trigger_policy: None,
    }
}

fn when(parameter: &str, value: &str) -> Option<Trigger> {
    Some(Trigger {
        condition: Some(format!(
            "inputs.parameter_values['{parameter}'] == '{value}'"
        )),
        strategy: None,
    })
}

/// Renders the pipeline.
///
/// # Errors
/// Fails with 70 if it cannot be serialised, which is a bug.
pub(super) fn file(plan: &Plan) -> Result<File> {
    let all = steps();
    let platform = PlatformSpec {
        platforms: Platforms {
            kubernetes: KubernetesPlatform {
                deployment_spec: PlatformDeployment {
                    executors: all
                        .iter()
                        .map(|step| (step.executor_name(), on_kubernetes(plan)))
                        .collect(),
                },
            },
        },
    };
    let header = "# Made by `churnctl render-manifests --only kfp`; change churnctl.toml, not this file.\n\
                  # kfp pipeline create -p churn pipeline.yaml\n";
    let text = format!(
        "{header}{}---\n{}",
        yaml(&tree(&spec(plan, &all))?)?,
        yaml(&tree(&platform)?)?
    );
    Ok(File {
        path: PATH.to_owned(),
        id: ID.to_owned(),
        content: Content::Text(text),
    })
}

fn on_kubernetes(plan: &Plan) -> PlatformExecutor {
    PlatformExecutor {
        config_map_as_volume: vec![ConfigMount {
            config_map_name: CONFIG,
            mount_path: SETTINGS_FOLDER,
        }],
        pvc_mount: vec![PvcMount {
            constant: VOLUME,
            mount_path: plan.data_path.clone(),
        }],
    }
}

fn spec(plan: &Plan, all: &[Step; 5]) -> PipelineSpec {
    let [drift, train, compare, promote, notify] = all;
    let mut components: Map<Component> = all
        .iter()
        .map(|step| (step.component_name(), step.component()))
        .collect();
    components.insert(format!("comp-{GROUP}"), guarded(drift));
    components.insert(format!("comp-{DRIFTED}"), drifted(train, compare));
    components.insert(format!("comp-{BETTER}"), better(promote));
    PipelineSpec {
        components,
        deployment_spec: Deployment {
            executors: all
                .iter()
                .map(|step| (step.executor_name(), step.executor(plan)))
                .collect(),
        },
        pipeline_info: Named {
            name: plan.model.to_lowercase().replace(['_', '.'], "-"),
        },
        root: root(plan, notify),
        schema_version: SCHEMA_VERSION,
        sdk_version: concat!("churnctl-", env!("CARGO_PKG_VERSION")),
    }
}

/// What is told of in the end, however it ends, and the telling.
fn root(plan: &Plan, notify: &Step) -> Component {
    let inputs = Inputs {
        parameters: passed(&["artifacts", "baseline", "current", "data"]),
        ..Inputs::default()
    };
    let mut told = passed(&["gateway"]);
    told.insert(
        "status".to_owned(),
        Source::TaskFinalStatus {
            producer_task: GROUP.to_owned(),
        },
    );
    let (name, mut task) = notify.task(
        &[GROUP],
        Inputs {
            parameters: told,
            ..Inputs::default()
        },
    );
    task.trigger_policy = Some(Trigger {
        condition: None,
        strategy: Some("ALL_UPSTREAM_TASKS_COMPLETED"),
    });
    let folder = &plan.data_path;
    let defaults = [
        ("artifacts", format!("{folder}/artifacts")),
        (
            "baseline",
            format!("{folder}/artifacts/models/production_latest.json"),
        ),
        (
            "current",
            format!("{folder}/data/features/user_features_daily.csv"),
        ),
        (
            "data",
            format!("{folder}/data/features/training_dataset.csv"),
        ),
        ("gateway", pushgateway::url(plan)),
    ];
    let defaults = defaults.map(|(name, value)| {
        let parameter = Parameter {
            default_value: Some(value),
            is_optional: Some(true),
            parameter_type: "STRING",
        };
        (name.to_owned(), parameter)
    });
    Component {
        dag: Some(Dag {
            tasks: BTreeMap::from([
                (GROUP.to_owned(), group(GROUP, "loop", &[], inputs)),
                (name, task),
            ]),
        }),
        input_definitions: Definitions {
            parameters: defaults.into(),
            ..Definitions::default()
        },
        ..Component::default()
    }
}

/// The check, and what follows if it says FAIL.
fn guarded(drift: &Step) -> Component {
    let names = ["artifacts", "baseline", "current", "data"];
    let check = drift.task(
        &[],
        Inputs {
            parameters: passed(&["baseline", "current"]),
            ..Inputs::default()
        },
    );
    let mut parameters = passed(&["artifacts", "data"]);
    parameters.insert(
        "verdict".to_owned(),
        Source::TaskOutputParameter {
            producer_task: drift.name.to_owned(),
            output_parameter_key: "verdict".to_owned(),
        },
    );
    let inputs = Inputs {
        parameters,
        ..Inputs::default()
    };
    let mut follows = group(DRIFTED, "drifted", &[drift.name], inputs);
    follows.trigger_policy = when("verdict", "FAIL");
    Component {
        dag: Some(Dag {
            tasks: BTreeMap::from([check, (DRIFTED.to_owned(), follows)]),
        }),
        input_definitions: Definitions {
            parameters: texts(&names),
            ..Definitions::default()
        },
        ..Component::default()
    }
}

/// The training, the comparison, and what follows if the candidate is better.
fn drifted(train: &Step, compare: &Step) -> Component {
    let learn = train.task(
        &[],
        Inputs {
            parameters: passed(&["data"]),
            ..Inputs::default()
        },
    );
    let candidate = || {
        let source = Source::TaskOutputArtifact {
            producer_task: train.name.to_owned(),
            output_artifact_key: "candidate".to_owned(),
        };
        BTreeMap::from([("candidate".to_owned(), source)])
    };
    let judge = compare.task(
        &[train.name],
        Inputs {
            artifacts: candidate(),
            parameters: passed(&["artifacts", "data"]),
        },
    );
    let mut parameters = passed(&["artifacts", "data"]);
    parameters.insert(
        "decision".to_owned(),
        Source::TaskOutputParameter {
            producer_task: compare.name.to_owned(),
            output_parameter_key: "decision".to_owned(),
        },
    );
    let inputs = Inputs {
        artifacts: candidate(),
        parameters,
    };
    let mut follows = group(BETTER, "better", &[compare.name, train.name], inputs);
    follows.trigger_policy = when("decision", "promote");
    Component {
        dag: Some(Dag {
            tasks: BTreeMap::from([learn, judge, (BETTER.to_owned(), follows)]),
        }),
        input_definitions: Definitions {
            parameters: texts(&["artifacts", "data", "verdict"]),
            ..Definitions::default()
        },
        ..Component::default()
    }
}

/// The promotion.
fn better(promote: &Step) -> Component {
    let source = Source::ComponentInputArtifact("candidate".to_owned());
    let task = promote.task(
        &[],
        Inputs {
            artifacts: BTreeMap::from([("candidate".to_owned(), source)]),
            parameters: passed(&["artifacts", "data"]),
        },
    );
    Component {
        dag: Some(Dag {
            tasks: BTreeMap::from([task]),
        }),
        input_definitions: Definitions {
            artifacts: artifacts(CANDIDATE),
            parameters: texts(&["artifacts", "data", "decision"]),
        },
        ..Component::default()
    }
}
