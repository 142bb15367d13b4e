//! The steps of the pipeline: what each runs, takes and gives.

use super::kfp_spec::{
    Amounts, Artifact, ArtifactType, Caching, Component, Container, Definitions, Executor, Inputs,
    Map, Named, Parameter, Retry, Source, Task, Variable,
};
use super::plan::{Plan, Resources};
use super::pods::settings_file;

/// A step: a container with its inputs and outputs.
pub(super) struct Step {
    pub(super) name: &'static str,
    /// Parameters that come in, all of them texts.
    pub(super) parameters: &'static [&'static str],
    /// Artifacts that come in.
    pub(super) artifacts: &'static [(&'static str, &'static str)],
    /// Parameters that come out.
    pub(super) gives_parameters: &'static [&'static str],
    /// Artifacts that come out.
    pub(super) gives_artifacts: &'static [(&'static str, &'static str)],
    pub(super) args: Vec<String>,
    pub(super) retries: u32,
}

pub(super) const MODEL: &str = "system.Model";

pub(super) const REPORT: &str = "system.Artifact";

pub(super) const PAGE: &str = "system.HTML";

/// The artifact of the training that the later steps take.
pub(super) const CANDIDATE: &[(&str, &str)] = &[("candidate", MODEL)];

pub(super) fn steps() -> [Step; 5] {
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
    pub(super) fn component_name(&self) -> String {
        format!("comp-{}", self.name)
    }

    pub(super) fn executor_name(&self) -> String {
        format!("exec-{}", self.name)
    }

    pub(super) fn component(&self) -> Component {
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

    pub(super) fn task(&self, dependent_tasks: &[&str], inputs: Inputs) -> (String, Task) {
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

    pub(super) fn executor(&self, plan: &Plan) -> Executor {
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

pub(super) fn parameter(name: &str) -> String {
    format!("{{{{$.inputs.parameters['{name}']}}}}")
}

pub(super) fn input(name: &str) -> String {
    format!("{{{{$.inputs.artifacts['{name}'].path}}}}")
}

pub(super) fn output(name: &str) -> String {
    format!("{{{{$.outputs.artifacts['{name}'].path}}}}")
}

pub(super) fn output_file(name: &str) -> String {
    format!("{{{{$.outputs.parameters['{name}'].output_file}}}}")
}

pub(super) fn words(args: &[&str]) -> Vec<String> {
    args.iter().map(|arg| (*arg).to_owned()).collect()
}

pub(super) fn text() -> Parameter {
    Parameter {
        default_value: None,
        is_optional: None,
        parameter_type: "STRING",
    }
}

pub(super) fn artifacts(named: &[(&str, &'static str)]) -> Map<Artifact> {
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
pub(super) fn passed(names: &[&str]) -> Map<Source> {
    let pass = |name: &&str| {
        let source = Source::ComponentInputParameter((*name).to_owned());
        ((*name).to_owned(), source)
    };
    names.iter().map(pass).collect()
}

pub(super) fn texts(names: &[&str]) -> Map<Parameter> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), text()))
        .collect()
}
