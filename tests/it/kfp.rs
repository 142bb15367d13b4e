//! The pipeline for Kubeflow: its graph is the one that is drawn in the docs, and Kubeflow's own
//! library (found by `KFP_PYTHON`) can load it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, skipped};
use crate::schemas::{expect_valid, schema};

fn rendered() -> String {
    let run = Churnctl::new().run(&["render-manifests", "--only", "kfp", "-q"]);
    run.expect(ExitCode::Ok).stdout
}

/// Edges within each group, by the names that people see, and the groups' conditions.
fn graph(spec: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let mut open = vec![("root".to_owned(), &spec["root"])];
    while let Some((group, component)) = open.pop() {
        let tasks = component["dag"]["tasks"].as_object().expect("tasks");
        let name = |key: &str| {
            tasks[key]["taskInfo"]["name"]
                .as_str()
                .expect("a name")
                .to_owned()
        };
        for (key, task) in tasks {
            let own = name(key);
            let before = task["dependentTasks"].as_array();
            for before in before.into_iter().flatten() {
                let before = name(before.as_str().expect("a key"));
                lines.insert(format!("{group}: {before} --> {own}"));
            }
            if before.is_none_or(Vec::is_empty) {
                lines.insert(format!("{group}: {own}"));
            }
            if let Some(condition) = task["triggerPolicy"]["condition"].as_str() {
                let condition = condition.replace("inputs.parameter_values['", "");
                lines.insert(format!("{own} if {}", condition.replacen("']", "", 1)));
            }
            let component = task["componentRef"]["name"].as_str().expect("a component");
            let component = &spec["components"][component];
            if component.get("dag").is_some() {
                open.push((own, component));
            }
        }
    }
    lines
}

/// The same from the drawing: first tasks of a group are those that no arrow leads to.
fn drawn() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kfp.md");
    let text = std::fs::read_to_string(path).expect("the page");
    let drawing = text.split("```mermaid").nth(1).expect("a drawing");
    let drawing = drawing.split("```").next().expect("a drawing");
    let mut lines = BTreeSet::new();
    let mut group = String::new();
    let (mut named, mut reached) = (BTreeSet::new(), BTreeSet::new());
    for line in drawing.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("subgraph ") {
            let (name, condition) = rest.split_once(' ').unwrap_or((rest, ""));
            group = name.to_owned();
            if let Some(condition) = condition.strip_prefix("[\"if ") {
                let condition = condition.trim_end_matches("\"]");
                lines.insert(format!("{group} if {condition}"));
            }
        } else if line == "end" {
            for first in named.difference(&reached) {
                lines.insert(format!("{group}: {first}"));
            }
            named.clear();
            reached.clear();
        } else if let Some((from, to)) = line.split_once(" --> ") {
            lines.insert(format!("{group}: {from} --> {to}"));
            named.extend([from.to_owned(), to.to_owned()]);
            reached.insert(to.to_owned());
        } else if !line.is_empty() && !line.starts_with("flowchart") {
            named.insert(line.to_owned());
        }
    }
    lines
}

#[test]
fn the_graph_is_the_one_that_is_drawn_in_the_docs() {
    let text = rendered();
    let (spec, platform) = text.split_once("\n---\n").expect("two documents");
    let spec: Value = serde_saphyr::from_str(spec).expect("YAML");
    let platform: Value = serde_saphyr::from_str(platform).expect("YAML");
    assert_eq!(graph(&spec), drawn());
    assert_eq!(rendered(), text, "the same bytes on every run");
    let executors = spec["deploymentSpec"]["executors"]
        .as_object()
        .expect("steps");
    let on_platform = &platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"];
    for (name, executor) in executors {
        let mount = &on_platform[name]["pvcMount"][0];
        assert_eq!(mount["constant"], "churn-mlops-pvc", "{name}");
        let container = &executor["container"];
        assert!(
            container["image"]
                .as_str()
                .is_some_and(|image| image.contains("@sha256:"))
        );
        assert!(
            container["resources"]["resourceMemoryLimit"].is_string(),
            "{name}"
        );
    }
    // Whatever the cache holds: the check looks at the data as they are.
    let check = &spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]["drift-check"];
    assert_eq!(check["cachingOptions"]["enableCache"], false);
    assert_eq!(check["retryPolicy"]["maxRetryCount"], 2);
}

/// Loads the pipeline as a run of it would, checks both documents against the protocol buffers,
/// and prints the specification as JSON.
const LOAD: &str = r"
import json, sys
import kfp, yaml
from google.protobuf import json_format
from kfp import components
from kfp.pipeline_spec import pipeline_spec_pb2
text = open(sys.argv[1]).read()
component = components.load_component_from_text(text)
spec, platform = list(yaml.safe_load_all(text))
message = json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
try:
    from kfp.kubernetes import kubernetes_executor_config_pb2 as kubernetes
    executors = platform['platforms']['kubernetes']['deploymentSpec']['executors']
    for executor in executors.values():
        json_format.ParseDict(executor, kubernetes.KubernetesExecutorConfig())
except ImportError:
    pass
print(json.dumps({
    'name': component.name,
    'inputs': sorted(component.component_spec.inputs),
    'spec': json_format.MessageToDict(component.pipeline_spec),
    'same': component.pipeline_spec == message,
}))
";

#[test]
fn kubeflow_itself_loads_the_pipeline() {
    let Some(python) = std::env::var_os("KFP_PYTHON") else {
        return skipped("KFP_PYTHON does not name a Python with kfp");
    };
    let churnctl = Churnctl::new().file("pipeline.yaml", rendered());
    let output = Command::new(python)
        .args(["-c", LOAD])
        .arg(churnctl.path("pipeline.yaml"))
        .output()
        .expect("run Python");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with('{'));
    let line = line.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let loaded: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(loaded["name"], "churn");
    let inputs = ["artifacts", "baseline", "current", "data", "gateway"];
    assert_eq!(loaded["inputs"], serde_json::json!(inputs));
    assert_eq!(loaded["same"], true);
    assert_eq!(graph(&loaded["spec"]), drawn());
}

#[test]
fn the_steps_do_what_they_are_drawn_for() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let data = |name: &str| std::fs::read(data.join(name)).expect("read the example");
    let churnctl = Churnctl::new()
        .file("training.csv", data("telco_baseline.csv"))
        .file("now.csv", data("telco_shifted.csv"));
    let run = |args: &[&str]| churnctl.run(&[args, &["-q"]].concat());
    let label = ["--label", "churn", "--positive", "Yes"];
    let train = [
        "train",
        "training.csv",
        "--model",
        "logistic",
        "--artifacts",
        "out",
    ];
    run(&[&train[..], &label, &["--promote", "never"]].concat()).expect(ExitCode::Ok);
    let promote = [
        "promote",
        "out",
        "training.csv",
        "--decision-file",
        "decision",
    ];
    let promote = [&promote[..], &label].concat();
    let dry = run(&[&promote[..], &["--dry-run", "--format", "json"]].concat());
    let dry = dry.expect(ExitCode::Ok).json();
    assert_eq!(
        (&dry["promote"], &dry["promoted"]),
        (&true.into(), &false.into()),
        "{dry:#}"
    );
    assert_eq!(churnctl.read("decision"), b"promote");
    assert!(
        !churnctl
            .path("artifacts/models/production_latest.json")
            .exists()
    );
    let schema_of_promote = schema("promote");
    expect_valid(&schema_of_promote, &dry);
    let wet = run(&[&promote[..], &["--format", "json"]].concat())
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(wet["promoted"], true);
    let production = churnctl.read_json("artifacts/models/production_latest.json");
    assert_eq!(production["version"], wet["model_version"]);

    // The same again is a tie, which keeps the champion.
    let again = run(&promote).expect(ExitCode::Ok);
    assert!(again.stdout.starts_with("NOT PROMOTED"), "{again:?}");
    let again = run(&[&promote[..], &["--format", "json"]].concat())
        .expect(ExitCode::Ok)
        .json();
    expect_valid(&schema_of_promote, &again);
    assert_eq!(churnctl.read("decision"), b"keep");

    let drift = [
        "drift",
        "--baseline",
        "artifacts/models/production_latest.json",
    ];
    let drift = [&drift[..], &["--current", "now.csv", "--fail-on", "never"]].concat();
    run(&[&drift[..], &["--verdict-file", "verdict"]].concat()).expect(ExitCode::Ok);
    assert_eq!(churnctl.read("verdict"), b"FAIL");

    // Other data, another seed, or no candidate: refused, and nothing is changed.
    let other = ["promote", "out", "now.csv"];
    run(&[&other[..], &label].concat())
        .expect(ExitCode::BadInput)
        .says("other data");
    let seed = run(&[&promote[..], &["--seed", "7"]].concat());
    seed.expect(ExitCode::BadInput).says("another split");
    let gone = ["promote", "gone.json", "training.csv"];
    run(&[&gone[..], &label].concat()).expect(ExitCode::Io);

    let ended = [
        "kfp",
        "status",
        "{\"state\": \"SUCCEEDED\"}",
        "--format",
        "json",
    ];
    expect_valid(
        &schema("kfp_status"),
        &run(&ended).expect(ExitCode::Ok).json(),
    );
    let failed = "{\"state\": \"FAILED\", \"pipelineTaskName\": \"loop\", \"error\": {\"message\": \"train ended\"}}";
    let failed = run(&["kfp", "status", failed]).expect(ExitCode::Failed);
    failed.says("the pipeline ended with FAILED in loop: train ended");
    run(&["kfp", "status", "SUCCEEDED"]).expect(ExitCode::Usage);
}
