//! What a training leaves: the body of its artifact, and its report.

use super::train_request::{SCORE, TrainRequest};
use super::train_table::{self, TrainTable};
use super::{Console, inputs};
use crate::drift::roles::drop_identifiers;
use crate::error::Result;
use crate::model::artifact::{Artifact, Body, Example, Provenance};
use crate::model::attribution::attributions_of;
use crate::model::examples::made_up;
use crate::model::learned::LearnedRows;
use crate::model::overlap::FeatureOverlap;
use crate::model::promote::Decision;
use crate::model::report::{SCHEMA_VERSION, SplitDrift, TrainReport};
use crate::model::score::Scorer;
use crate::model::split::Splits;
use crate::model::training::{Training, described};
use crate::profile::Profile;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Makes all of the artifact that is not its head.
pub(super) fn body(
    request: &TrainRequest,
    table: &TrainTable,
    splits: &Splits,
    training: &Training,
    console: &Console<'_>,
) -> Result<Body> {
    let scorer = Scorer::of(
        &training.features,
        &training.fitted.model,
        &training.calibration,
    )?;
    let made_up = made_up(&table.frame, &training.features, &splits.train);
    let example = |values| Example { values, score: 0.0 };
    let mut examples: Vec<Example> = made_up.into_iter().map(example).collect();
    let scores = scorer.examples(&examples)?;
    for (example, score) in examples.iter_mut().zip(scores) {
        example.score = score;
    }
    let shown = request.data.iter();
    let shown = shown.map(|address| crate::redact::address(address).into_owned());
    let data_sha256 = table.data_sha256(request)?;
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
        attributions: attributions_of(
            &scorer,
            &table.frame,
            &splits.test,
            training.threshold.value,
            request.options.threads,
        )?,
        profile: baseline(request, table, splits, training, console)?,
        provenance: Provenance {
            data: shown.collect(),
            data_sha256,
            rows: table.rows_read,
            seed: request.options.seed,
            arguments: request.arguments.clone(),
            split: splits.description.clone(),
            split_rows: splits.rows(),
            learned: Some(learned(table, splits)),
            parent: None,
            unpurged_roc_auc: training.unpurged_roc_auc,
            warnings,
        },
        imported: None,
        examples,
    })
}

/// The rows that the model learned from: the winner saw those of validation, too.
fn learned(table: &TrainTable, splits: &Splits) -> LearnedRows {
    let rows = splits.train.iter().chain(&splits.validation);
    let keys: Vec<u64> = rows.map(|&row| table.keys[row as usize]).collect();
    LearnedRows::new(table.identity.clone(), keys.into_iter())
}

/// The profile of the data, with the scores of the test rows: those of rows that the model learned
/// from would be a measure that no new row can meet.
fn baseline(
    request: &TrainRequest,
    table: &TrainTable,
    splits: &Splits,
    training: &Training,
    console: &Console<'_>,
) -> Result<Profile> {
    let data = train_table::open(request, table.copy.as_ref())?;
    let mut roles = request.reading.roles_in(&data, request.reading.roles());
    roles.id = [&table.roles.id[..], &table.identifiers].concat();
    // What the model was not trained on for want of single values is not counted, either.
    let lists = data.uncountable().iter().map(|(name, _)| name);
    let lists = lists.filter(|name| !request.include.contains(name));
    roles.exclude.extend(lists.cloned());
    let mut profile = inputs::profile_of(data, roles, None, "profile of", console)?;
    drop_identifiers(
        &mut profile,
        &request.include,
        &request.reading.usual_columns(),
    );
    let labels = splits.test.iter().map(|&row| table.labels[row as usize]);
    profile.add_held_out_scores(
        SCORE,
        &training.test_scores,
        &labels.collect::<Vec<bool>>(),
        &table.roles.label,
        &table.roles.positive,
    );
    if let Some(least) = request.k_anonymous {
        profile.fold_rare(least);
    }
    Ok(profile)
}

/// Makes the document that a training leaves beside its artifact.
pub(super) fn report(
    artifact: &Artifact,
    training: &Training,
    feature_overlap: FeatureOverlap,
    drift: Vec<SplitDrift>,
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
        feature_overlap,
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
        drift,
        promoted: decision.promote,
        reasons: decision.reasons,
        comparisons: decision.comparisons,
        warnings,
    }
}
