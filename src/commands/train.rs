//! `churnctl train`: a table to a model, its metrics, and the decision on its promotion.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::drift::ReadingRequest;
use super::tracker::TrackingRequest;
use super::train_table::{self, TrainTable};
use super::{Shell, inputs};
use crate::data::{self, DataSet};
use crate::drift::roles::drop_identifiers;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::{sweep_stale, write_atomically};
use crate::model::artifact::{Artifact, Body, Example, Provenance};
use crate::model::promote::{Contender, Decision, Ground, MIN_POSITIVES, Policy, decide};
use crate::model::publish::{Champion, Shelf};
use crate::model::registry::check_model_name;
use crate::model::report::{SCHEMA_VERSION, TrainReport};
use crate::model::score::Scorer;
use crate::model::split::{SplitOptions, Splits, split};
use crate::model::store;
use crate::model::threshold::ThresholdRule;
use crate::model::times::LabelWindow;
use crate::model::training::{Choice, Table, Training, TrainingOptions, described, train};
use crate::profile::{Profile, Roles};
use crate::reports::train::html;
use crate::reports::train::table::{Part, parts};
use crate::settings::Settings;
use crate::terminal::json;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The score column of the profile in an artifact, as `score` names it.
pub const SCORE: &str = "churn_risk";
/// Rows of the test split that every load scores again.
const EXAMPLES: usize = 5;

/// Everything a training needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainRequest {
    /// Files and glob patterns; `-` for standard input.
    pub data: Vec<String>,
    /// Name of the model.
    pub name: String,
    /// How the data is read.
    pub reading: ReadingRequest,
    /// Column with the time; `none` for none, unset for the usual ones.
    pub time: Option<String>,
    /// Column whose rows stay together.
    pub group: Option<String>,
    /// How long after its time a row's label is known.
    pub label_window: LabelWindow,
    /// Learner, threshold, seed, threads.
    pub options: TrainingOptions,
    /// When to promote.
    pub policy: Policy,
    /// Folder for models, metrics and the registry.
    pub artifacts: PathBuf,
    /// HTML page, if wanted.
    pub html: Option<PathBuf>,
    /// What shaped the model, for its provenance.
    pub arguments: BTreeMap<String, String>,
    /// Put the previous model back instead of training.
    pub rollback: bool,
    /// The way to MLflow.
    pub tracking: TrackingRequest,
}

impl TrainRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// Fails with 64 on words that mean nothing, and on a bad name of the model.
    pub fn from_settings(settings: &Settings, rollback: bool) -> Result<Self> {
        let set = &settings.train;
        let reading = ReadingRequest::from_settings(settings);
        let name = settings.model.as_str().to_owned();
        check_model_name(&name)?;
        if set.data.iter().any(|path| path == "-") {
            return Err(Error::usage(
                "train reads its data twice, which standard input cannot give",
            )
            .hint("write the data to a file first"));
        }
        let bad = |what: &str, value: &str, known: &str| {
            Error::usage(format!("\"{value}\" is no {what}")).hint(format!("one of: {known}"))
        };
        let choice = match set.model.as_str() {
            "auto" => Choice::Auto,
            "logistic" => Choice::Logistic,
            "trees" => Choice::Trees,
            other => return Err(bad("learner", other, "auto, logistic, trees")),
        };
        let policy = match set.promote.as_str() {
            "if-better" => Policy::IfBetter,
            "always" => Policy::Always,
            "never" => Policy::Never,
            other => return Err(bad("promotion policy", other, "if-better, always, never")),
        };
        let python = match set.preset.as_deref() {
            None => false,
            Some("python") => true,
            Some(other) => return Err(bad("preset", other, "python")),
        };
        let rule = match (set.cost_fn, set.cost_fp, set.capacity, set.min_precision) {
            (Some(false_negative), Some(false_positive), None, None) => ThresholdRule::Cost {
                false_negative,
                false_positive,
            },
            (None, None, Some(rows), None) => ThresholdRule::Capacity { rows },
            (None, None, None, Some(share)) => ThresholdRule::MinPrecision { share },
            (None, None, None, None) => ThresholdRule::Half,
            _ => {
                return Err(Error::usage("more than one way to choose the threshold")
                    .hint("either --cost-fn and --cost-fp, or --capacity, or --min-precision"));
            }
        };
        let label_window = set.label_window.parse::<LabelWindow>().map_err(|error| {
            Error::usage(format!("bad label window: {error}")).hint("such as 30d, 4w or 12h")
        })?;
        let arguments = [
            ("model", set.model.clone()),
            (
                "preset",
                set.preset.clone().unwrap_or_else(|| "none".into()),
            ),
            ("label_window", label_window.to_string()),
            ("categorical", reading.columns.categorical.join(",")),
            ("exclude", reading.columns.exclude.join(",")),
        ];
        let arguments = arguments
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        let options = TrainingOptions {
            choice,
            python,
            rule,
            seed: set.seed,
            threads: reading.threads.get(),
        };
        Ok(Self {
            data: set.data.clone(),
            name,
            reading,
            time: set.time.clone(),
            group: set.group.clone(),
            label_window,
            options,
            policy,
            artifacts: set.artifacts.clone(),
            html: set.html.clone(),
            arguments,
            rollback,
            tracking: TrackingRequest::from_settings(settings)?,
        })
    }
}

/// Trains, keeps, compares, decides, reports.
///
/// # Errors
/// Bad input, settings or files. A candidate that is not promoted is *no* error.
pub fn run(request: &TrainRequest, shell: &mut Shell<'_>) -> Result<ExitCode> {
    for folder in ["models", "metrics", "registry"] {
        sweep_stale(&request.artifacts.join(folder));
    }
    let tracker = request.tracking.begin();
    let shelf = Shelf::new(&request.artifacts, shell.created_at(), VERSION);
    if request.rollback {
        return roll_back(request, &shelf, shell);
    }
    let table = train_table::read(request, shell)?;
    let split_options = SplitOptions {
        label_window: request.label_window,
        seed: request.options.seed,
        ..SplitOptions::default()
    };
    let splits = split(
        &table.labels,
        table.time.as_deref(),
        table.group.as_deref(),
        &split_options,
    )?;
    let learned = Table {
        frame: &table.frame,
        labels: &table.labels,
        features: &table.features,
        splits: &splits,
        group: table.group.as_deref(),
    };
    let training = train(learned, &request.options, shell.progress())?;
    let body = body(request, &table, &splits, &training, shell)?;
    let artifact = store::seal(&request.name, body, shell.created_at(), VERSION)?;
    let path = shelf.keep(&artifact)?;
    let (champion, mut warnings) = shelf.champion()?;
    let decision = judge(&champion, &artifact, &training, &table, &splits, request)?;
    let decision = shelf.carry_out(
        &artifact,
        decision,
        &champion,
        request.policy == Policy::Always,
    )?;
    warnings.extend(artifact.body.provenance.warnings.clone());
    for warning in &warnings {
        shell.messages().warn(warning);
    }
    let report = report(
        &artifact,
        &training,
        decision,
        path.display().to_string(),
        warnings,
    );
    let metrics = request.artifacts.join("metrics/train_latest.json");
    write_atomically(&metrics, json(&report)?.as_bytes())?;
    if let Some(path) = &request.html {
        write_atomically(path, html::page(&report, &artifact)?.as_bytes())?;
        shell.messages().info(&format!("wrote {}", path.display()));
    }
    let kept = tracker.and_then(|tracker| tracker.keep_training(&report, &artifact, shell));
    print(&report, shell)?;
    if let Some(kept) = kept {
        kept.send(shell);
    }
    Ok(ExitCode::Ok)
}

fn print(report: &TrainReport, shell: &mut Shell<'_>) -> Result<()> {
    if shell.print_document(report)? {
        return Ok(());
    }
    for part in parts(report) {
        match part {
            Part::Line(line) => shell.print_line(line.tone, &line.text)?,
            Part::Table(table) => shell.print_table(&table)?,
        }
    }
    Ok(())
}

fn roll_back(request: &TrainRequest, shelf: &Shelf, shell: &mut Shell<'_>) -> Result<ExitCode> {
    let artifact = shelf.rollback()?;
    let tracker = request.tracking.begin();
    let kept = tracker.and_then(|tracker| tracker.keep_rollback(&artifact, shell));
    let body = serde_json::json!({ "model": artifact.name, "model_version": artifact.version });
    let document = shell.document("train", SCHEMA_VERSION, &body);
    if !shell.print_document(&document)? {
        shell.print(&format!(
            "{} {} is in production again\n",
            artifact.name, artifact.version
        ))?;
    }
    if let Some(kept) = kept {
        kept.send(shell);
    }
    Ok(ExitCode::Ok)
}

fn judge(
    champion: &Champion,
    artifact: &Artifact,
    training: &Training,
    table: &TrainTable,
    splits: &Splits,
    request: &TrainRequest,
) -> Result<Decision> {
    let names = |artifact: &Artifact| {
        artifact
            .body
            .features
            .iter()
            .map(|feature| feature.name.clone())
            .collect::<Vec<_>>()
    };
    let labels: Vec<bool> = splits
        .test
        .iter()
        .map(|&row| table.labels[row as usize])
        .collect();
    let candidate_names = names(artifact);
    let candidate = Contender {
        version: &artifact.version,
        scores: &training.test_scores,
        features: &candidate_names,
    };
    let ground = Ground {
        labels: &labels,
        trivial: &training.trivial,
        policy: request.policy,
        min_positives: MIN_POSITIVES,
        seed: request.options.seed,
    };
    let Champion::Sound(champion) = champion else {
        return Ok(decide(None, candidate, ground));
    };
    let champion_names = names(champion);
    let scorer = Scorer::new(&champion.body)?;
    match scorer.scores_of(&table.frame, &splits.test, request.options.threads) {
        Ok(scores) => {
            let version = &champion.version;
            let contender = Contender {
                version,
                scores: &scores,
                features: &champion_names,
            };
            Ok(decide(Some(contender), candidate, ground))
        }
        // The data no longer have what the champion needs: it cannot be compared.
        Err(error) if request.policy == Policy::IfBetter => Ok(Decision {
            promote: false,
            reasons: vec![format!(
                "the champion {} cannot score the test rows: {error}",
                champion.version
            )],
            comparisons: Vec::new(),
        }),
        Err(_) => Ok(decide(None, candidate, ground)),
    }
}

fn body(
    request: &TrainRequest,
    table: &TrainTable,
    splits: &Splits,
    training: &Training,
    shell: &Shell<'_>,
) -> Result<Body> {
    let scorer = Scorer::of(
        &training.features,
        &training.fitted.model,
        &training.calibration,
    )?;
    let examples: Vec<Example> = splits
        .test
        .iter()
        .take(EXAMPLES)
        .map(|&row| {
            let values = training.features.iter().filter_map(|feature| {
                let text = table.frame.column(&feature.name)?.text(row as usize)?;
                Some((feature.name.clone(), text))
            });
            let score = scorer.score(&scorer.cells_of(&table.frame, row)?);
            Ok(Example {
                values: values.collect(),
                score,
            })
        })
        .collect::<Result<_>>()?;
    let paths = data::expand(&request.data)?;
    let mut warnings = table.warnings.clone();
    warnings.extend(training.warnings.iter().cloned());
    Ok(Body {
        roles: table.roles.clone(),
        features: training.features.clone(),
        model: training.fitted.model.clone(),
        calibration: training.calibration.clone(),
        threshold: training.threshold.value,
        threshold_rule: training.threshold.rule.clone(),
        metrics: training.metrics.clone(),
        trivial: training.trivial.clone(),
        importance: training.importance.clone(),
        profile: baseline(request, table, &scorer, shell)?,
        provenance: Provenance {
            data: request.data.clone(),
            data_sha256: store::data_sha256(&paths)?,
            rows: table.rows_read,
            seed: request.options.seed,
            arguments: request.arguments.clone(),
            split: splits.description.clone(),
            split_rows: splits.rows(),
            unpurged_roc_auc: training.unpurged_roc_auc,
            warnings,
        },
        examples,
    })
}

/// The profile of the labelled rows, with the scores that the model gives them.
fn baseline(
    request: &TrainRequest,
    table: &TrainTable,
    scorer: &Scorer,
    shell: &Shell<'_>,
) -> Result<Profile> {
    let roles = Roles {
        id: table.roles.id.clone(),
        ..request.reading.roles()
    };
    let data = DataSet::open(&request.data, request.reading.read_options())?;
    let mut profile = inputs::profile_of(data, roles, "profile of", shell)?;
    drop_identifiers(&mut profile, &[], &request.reading.usual_columns());
    let rows: Vec<u32> = (0..table.frame.rows as u32).collect();
    let scores = scorer.scores_of(&table.frame, &rows, request.options.threads)?;
    profile.add_scores(
        SCORE,
        &scores,
        &table.labels,
        &table.roles.label,
        &table.roles.positive,
    );
    Ok(profile)
}

fn report(
    artifact: &Artifact,
    training: &Training,
    decision: Decision,
    path: String,
    warnings: Vec<String>,
) -> TrainReport {
    let body = &artifact.body;
    TrainReport {
        schema_version: SCHEMA_VERSION,
        command: "train".into(),
        churnctl_version: VERSION.into(),
        created_at: artifact.created_at.clone(),
        model: artifact.name.clone(),
        model_version: artifact.version.clone(),
        artifact: path,
        description: format!("{}, {}", described(&body.model), training.fitted.summary),
        tried_log_loss: training
            .tried
            .iter()
            .map(|(name, loss)| ((*name).to_owned(), *loss))
            .collect(),
        split: body.provenance.split.clone(),
        split_rows: body.provenance.split_rows.clone(),
        threshold: body.threshold,
        threshold_rule: body.threshold_rule.clone(),
        metrics: body
            .metrics
            .iter()
            .map(|(name, split)| (name.clone(), split.performance.clone()))
            .collect(),
        trivial: body.trivial.clone(),
        unpurged_roc_auc: body.provenance.unpurged_roc_auc,
        importance: body.importance.clone(),
        promoted: decision.promote,
        reasons: decision.reasons,
        comparisons: decision.comparisons,
        warnings,
    }
}
