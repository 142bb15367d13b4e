//! Kubeflow Pipelines v2: the loop as a compiled pipeline. Check, and only if the check says FAIL
//! train, compare, and only if the candidate is better promote; told of in the end in any case.

use std::collections::BTreeMap;

use churn_base::error::Result;

use super::kfp_spec::{
    Component, ConfigMount, Dag, Definitions, Deployment, Inputs, KubernetesPlatform, Map, Named,
    Parameter, PipelineSpec, PlatformDeployment, PlatformExecutor, PlatformSpec, Platforms,
    PvcMount, SCHEMA_VERSION, Source, Task, Trigger,
};
use super::kfp_steps::{CANDIDATE, Step, artifacts, passed, steps, texts, words};
use super::object::{Content, File, tree, yaml};
use super::plan::Plan;
use super::pushgateway;
use super::storage::SETTINGS_FOLDER;
use super::storage::{CONFIG, VOLUME};

/// What `--only` calls it.
pub(super) const ID: &str = "kfp";
const PATH: &str = "kfp/pipeline.yaml";
const GROUP: &str = "exit-handler-1";
const DRIFTED: &str = "condition-2";
const BETTER: &str = "condition-3";

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
