//! A training as an entry: what of its report and artifact a tracking server is told.

use std::collections::BTreeMap;
use std::path::Path;

use churn_model::artifact::{Artifact, FeatureKind};
use churn_model::report::TrainReport;
use serde_json::{Value, json};

use super::entry::{Champion, Dataset, Entry, File, RegisteredModel, Run, SCHEMA_VERSION, Task};
use super::figures::{add, add_figures, value};
use super::{ARTIFACT_FILE, MODEL_FOLDER, tags};

/// Longest digest of a dataset.
const DIGEST: usize = 36;

/// A training and what surrounds it.
#[derive(Debug, Clone, Copy)]
pub struct Trained<'a> {
    /// Its report.
    pub report: &'a TrainReport,
    /// Its model.
    pub artifact: &'a Artifact,
    /// The artifact file's text.
    pub artifact_text: &'a str,
    /// The text of its signatures, if it has some.
    pub signatures_text: Option<&'a str>,
    /// The report's text.
    pub report_text: &'a str,
    /// The report's page.
    pub page: &'a str,
    /// Name of the experiment.
    pub experiment: &'a str,
    /// Tags that do not depend on the training: commit, user.
    pub tags: &'a BTreeMap<String, String>,
    /// When it began and ended, milliseconds since 1970.
    pub times_ms: (i64, i64),
    /// When the decision on its promotion was made, milliseconds since 1970.
    pub decided_at_ms: i64,
}

/// Makes the entry of a training.
#[must_use]
pub fn train_entry(trained: &Trained<'_>, key: String) -> Entry {
    let Trained {
        report, artifact, ..
    } = trained;
    let artifact_file = File::new(
        format!("{MODEL_FOLDER}/{ARTIFACT_FILE}"),
        trained.artifact_text,
    );
    let artifact_sha256 = artifact_file.sha256.clone();
    let mut files = vec![
        artifact_file,
        File::new(format!("{MODEL_FOLDER}/MLmodel"), ml_model(artifact)),
        File::new("train_report.json", trained.report_text),
        File::new("train_report.html", trained.page),
    ];
    if let Some(text) = trained.signatures_text {
        let name = format!("{MODEL_FOLDER}/{ARTIFACT_FILE}.sig");
        files.insert(1, File::new(name, text));
    }
    let mut tags = trained.tags.clone();
    tags.insert(tags::MODEL.to_owned(), report.model.clone());
    tags.insert(tags::PROMOTED.to_owned(), report.promoted.to_string());
    tags.insert(
        "mlflow.note.content".to_owned(),
        value(&format!(
            "{}. {}",
            report.description,
            report.reasons.join("; ")
        )),
    );
    let version_tags = identity(artifact, &artifact_sha256);
    tags.extend(version_tags.clone());
    let run = Run {
        experiment: trained.experiment.to_owned(),
        name: format!("train {} {}", report.model, report.model_version),
        start_ms: trained.times_ms.0,
        end_ms: trained.times_ms.1,
        parameters: parameters(report, artifact),
        metrics: metrics(report),
        tags,
        dataset: Some(dataset(artifact)),
        files,
        model: Some(RegisteredModel {
            name: report.model.clone(),
            tags: version_tags,
            promoted_at_ms: report.promoted.then_some(trained.decided_at_ms),
        }),
    };
    Entry {
        schema_version: SCHEMA_VERSION,
        command: "train".to_owned(),
        churnctl_version: report.churnctl_version.clone(),
        created_at: report.created_at.clone(),
        key,
        task: Task::Run(Box::new(run)),
    }
}

/// Makes the entry of a rollback: the model is in production again.
#[must_use]
pub fn rollback_entry(artifact: &Artifact, created_at: &str, now_ms: i64, key: String) -> Entry {
    Entry {
        schema_version: SCHEMA_VERSION,
        command: "train".to_owned(),
        churnctl_version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: created_at.to_owned(),
        key,
        task: Task::Champion(Champion {
            model: artifact.name.clone(),
            model_version: artifact.version.clone(),
            decided_at_ms: now_ms,
        }),
    }
}

/// What a run and a model version are known by.
fn identity(artifact: &Artifact, artifact_sha256: &str) -> BTreeMap<String, String> {
    [
        (tags::MODEL_VERSION, artifact.version.clone()),
        (tags::ARTIFACT_SHA256, artifact_sha256.to_owned()),
        (tags::VERSION, artifact.churnctl_version.clone()),
        (
            tags::DATA_SHA256,
            artifact.body.provenance.data_sha256.clone(),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn parameters(report: &TrainReport, artifact: &Artifact) -> BTreeMap<String, String> {
    let provenance = &artifact.body.provenance;
    let mut parameters: BTreeMap<String, String> = [
        ("data", provenance.data.join(" ")),
        ("rows", provenance.rows.to_string()),
        ("seed", provenance.seed.to_string()),
        ("learner", report.description.clone()),
        ("features", artifact.body.features.len().to_string()),
        ("split", report.split.clone()),
        ("threshold", report.threshold.to_string()),
        ("threshold_rule", report.threshold_rule.clone()),
        ("label", artifact.body.roles.label.clone()),
        ("positive", artifact.body.roles.positive.clone()),
    ]
    .map(|(name, text)| (name.to_owned(), value(&text)))
    .into();
    for (name, text) in &provenance.arguments {
        parameters.insert(format!("argument.{name}"), value(text));
    }
    for (name, rows) in &report.split_rows {
        parameters.insert(format!("rows.{name}"), rows.to_string());
    }
    parameters
}

fn metrics(report: &TrainReport) -> BTreeMap<String, f64> {
    let mut metrics = BTreeMap::new();
    for (split, performance) in &report.metrics {
        let document = serde_json::to_value(performance).unwrap_or_default();
        add_figures(&mut metrics, split, &document);
    }
    for trivial in &report.trivial {
        let figures = [
            ("roc_auc", trivial.roc_auc),
            ("average_precision", trivial.average_precision),
            ("log_loss", trivial.log_loss),
        ];
        for (figure, value) in figures {
            let name = format!("{} {figure}", trivial.name);
            add(&mut metrics, "trivial", &name, Some(value));
        }
    }
    if let Some(unpurged) = &report.unpurged_roc_auc {
        add(&mut metrics, "unpurged", "roc_auc", Some(unpurged.value));
    }
    for (learner, log_loss) in &report.tried_log_loss {
        add(
            &mut metrics,
            "tried",
            &format!("{learner} log_loss"),
            Some(*log_loss),
        );
    }
    metrics
}

/// The columns in MLflow's words.
fn columns(artifact: &Artifact) -> Vec<Value> {
    let column = |feature: &churn_model::artifact::Feature| {
        let kind = match feature.kind {
            FeatureKind::Number { .. } => "double",
            FeatureKind::Category { .. } => "string",
        };
        json!({ "name": feature.name, "type": kind, "required": !feature.nullable })
    };
    artifact.body.features.iter().map(column).collect()
}

fn dataset(artifact: &Artifact) -> Dataset {
    let provenance = &artifact.body.provenance;
    let first = provenance.data.first().map_or("data", String::as_str);
    let name = Path::new(first)
        .file_name()
        .map(|name| name.to_string_lossy());
    let name = name.map_or_else(|| first.to_owned(), |name| name.into_owned());
    let mut columns = columns(artifact);
    let label = &artifact.body.roles.label;
    columns.push(json!({ "name": label, "type": "string", "required": false }));
    Dataset {
        name: match provenance.data.len() {
            0 | 1 => name,
            many => format!("{name} and {} more", many - 1),
        },
        digest: provenance.data_sha256.chars().take(DIGEST).collect(),
        source: json!({ "uri": first }).to_string(),
        schema: json!({ "mlflow_colspec": columns }).to_string(),
        profile: json!({ "num_rows": provenance.rows, "num_elements": provenance.rows * columns.len() as u64 }).to_string(),
    }
}

/// The description that makes the folder a model to MLflow. JSON is YAML, too.
fn ml_model(artifact: &Artifact) -> String {
    let time = artifact.created_at.replace('T', " ").replace('Z', "");
    let output = [json!({ "name": "churn_risk", "type": "double", "required": true })];
    let description = json!({
        "artifact_path": MODEL_FOLDER,
        "flavors": {
            "churnctl": {
                "artifact": ARTIFACT_FILE,
                "schema_version": artifact.schema_version,
                "churnctl_version": artifact.churnctl_version,
            },
        },
        // The server wants 32 digits.
        "model_uuid": artifact.sha256.chars().take(32).collect::<String>(),
        "signature": {
            "inputs": Value::from(columns(artifact)).to_string(),
            "outputs": Value::from(output.to_vec()).to_string(),
        },
        "utc_time_created": time,
    });
    format!("{description:#}\n")
}
