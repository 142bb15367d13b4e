//! `churnctl train`: a table to a model, its metrics, and the decision on its promotion.

use super::train_artifact::{body, report};
use super::train_judge::{Contender, judge};
pub use super::train_request::{SCORE, TrainRequest};
use super::{Console, train_drift, train_recalibrate, train_table};
use crate::cells::Tone;
use crate::error::Result;
use crate::exit::ExitCode;
use crate::files::Draft;
use crate::model::overlap::FeatureOverlap;
use crate::model::publish::ModelStore;
use crate::model::recalibrate::recalibrate;
use crate::model::report::{SCHEMA_VERSION, TrainReport};
use crate::model::split::{Rows, SplitOptions, split};
use crate::model::store;
use crate::model::training::{Table, train};
use crate::reports::train::html;
use crate::reports::train::table::{Part, parts};
use crate::terminal::json;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Trains, keeps, compares, decides, reports.
///
/// # Errors
/// Bad input, settings or files. A candidate that is not promoted is *no* error.
pub fn run(request: &TrainRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let tracker = request.tracking.begin();
    let model_store = ModelStore::new(&request.artifacts, console.created_at(), VERSION);
    if request.rollback {
        return roll_back(request, &model_store, console);
    }
    // Before the work: a key that cannot be read is not a reason to train for an hour.
    let signing = request.signing.as_ref();
    let signer = signing.map(|signing| signing.open(console)).transpose()?;
    let parent = train_recalibrate::parent(request, &model_store)?;
    let mut table = train_table::read(request, console)?;
    if let Some(parent) = &parent {
        table = train_recalibrate::unlearned(table, parent, request)?;
    }
    let split_options = SplitOptions {
        label_window: request.label_window,
        seed: request.options.seed,
        ..SplitOptions::default()
    };
    let rows = Rows {
        label: &table.labels,
        time: table.time.as_deref(),
        group: table.group.as_deref(),
        keys: &table.dealt_by,
    };
    let splits = split(rows, &split_options)?;
    let learned = Table {
        frame: &table.frame,
        labels: &table.labels,
        features: &table.features,
        splits: &splits,
        group: table.group.as_deref(),
    };
    let training = match &parent {
        Some(parent) => recalibrate(parent, learned, &request.options)?,
        None => train(learned, &request.options, console.progress())?,
    };
    let mut body = body(request, &table, &splits, &training, console)?;
    if let Some(parent) = &parent {
        train_recalibrate::inherit(&mut body, parent, &table, &splits);
    }
    let artifact = store::seal(&request.name, body, console.created_at(), VERSION)?;
    let overlap = FeatureOverlap::of(&table.frame, &table.features, &splits);
    let drift = train_drift::between_splits(&table, &splits, &request.thresholds, console)?;
    let (champion, mut warnings) = model_store.champion()?;
    let contender = Contender {
        scores: &training.test_scores,
        trivial: &training.trivial,
    };
    let decision = judge(&champion, &artifact, contender, &table, &splits, request)?;
    warnings.extend(artifact.body.provenance.warnings.clone());
    warnings.extend(overlap.warning());
    warnings.extend(train_drift::warning(&drift));
    warnings.extend(decision.warnings.clone());
    for warning in &warnings {
        console.messages().warn(warning);
    }
    let model_path = model_store.model(&artifact.name, &artifact.version)?;
    let path = model_path.display().to_string();
    let report = report(
        &artifact,
        &training,
        overlap,
        drift,
        decision.clone(),
        path,
        warnings,
    );
    // All that can fail to be written is on disk before anything counts: a full disk or a page
    // in a place that is none must not leave a promotion behind that no report tells of.
    let metrics = request.metrics_file();
    let document = json(&report)?;
    let page = match &request.html {
        Some(_) => html::page(&report, &artifact)?,
        None => String::new(),
    };
    let mut drafts = vec![Draft::new(&metrics, document.as_bytes())?];
    if let Some(path) = &request.html {
        drafts.push(Draft::new(path, page.as_bytes())?);
    }
    let signatures = signer
        .map(|signer| signer.signatures(&artifact, &model_path, console))
        .transpose()?;
    model_store.keep(&artifact, signatures.as_ref())?;
    model_store.apply_decision(&artifact, &decision, &champion)?;
    for draft in drafts {
        draft.commit()?;
    }
    if let Some(path) = &request.html {
        console
            .messages()
            .info(&format!("wrote {}", path.display()));
    }
    let kept = tracker.and_then(|tracker| {
        tracker.keep_training(&report, &artifact, signatures.as_ref(), console)
    });
    print(&report, console)?;
    if let Some(kept) = kept {
        kept.send(console);
    }
    Ok(ExitCode::Ok)
}

fn print(report: &TrainReport, console: &mut Console<'_>) -> Result<()> {
    if console.print_document(report)? {
        return Ok(());
    }
    for part in parts(report) {
        match part {
            Part::Line(line) => console.print_line(line.tone, &line.text)?,
            Part::Table(table) => console.print_table(&table)?,
        }
    }
    Ok(())
}

fn roll_back(
    request: &TrainRequest,
    model_store: &ModelStore,
    console: &mut Console<'_>,
) -> Result<ExitCode> {
    let artifact = model_store.rollback()?;
    let tracker = request.tracking.begin();
    let kept = tracker.and_then(|tracker| tracker.keep_rollback(&artifact, console));
    let body = serde_json::json!({ "model": artifact.name, "model_version": artifact.version });
    let document = console.document("train", SCHEMA_VERSION, &body);
    if !console.print_document(&document)? {
        let line = format!(
            "{} {} is in production again",
            artifact.name, artifact.version
        );
        console.print_line(Tone::Good, &line)?;
    }
    if let Some(kept) = kept {
        kept.send(console);
    }
    Ok(ExitCode::Ok)
}
