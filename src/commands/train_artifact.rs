//! What a training leaves: the body of its artifact, and its report.

use super::train::{SCORE, TrainRequest};
use super::train_table::{self, TrainTable};
use super::{Shell, inputs};
use crate::drift::roles::drop_identifiers;
use crate::error::Result;
use crate::model::artifact::{Artifact, Body, Example, Provenance};
use crate::model::learned::LearnedRows;
use crate::model::promote::Decision;
use crate::model::report::{SCHEMA_VERSION, SplitDrift, TrainReport};
use crate::model::score::Scorer;
use crate::model::split::Splits;
use crate::model::training::{Training, described};
use crate::profile::Profile;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Rows of the test split that every load scores again.
const EXAMPLES: usize = 5;

/// Makes all of the artifact that is not its head.
pub(super) fn body(
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
    let shown = request.data.iter();
    let shown = shown.map(|address| crate::text::redacted(address).into_owned());
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
        profile: baseline(request, table, &scorer, shell)?,
        provenance: Provenance {
            data: shown.collect(),
            data_sha256,
            rows: table.rows_read,
            seed: request.options.seed,
            arguments: request.arguments.clone(),
            split: splits.description.clone(),
            split_rows: splits.rows(),
            learned: Some(learned(table, splits)),
            unpurged_roc_auc: training.unpurged_roc_auc,
            warnings,
        },
        examples,
    })
}

/// The rows that the model learned from: the winner saw those of validation, too.
fn learned(table: &TrainTable, splits: &Splits) -> LearnedRows {
    let rows = splits.train.iter().chain(&splits.validation);
    let keys: Vec<u64> = rows.map(|&row| table.keys[row as usize]).collect();
    LearnedRows::new(table.identity.clone(), keys.into_iter())
}

/// The profile of the labelled rows, with the scores that the model gives them.
fn baseline(
    request: &TrainRequest,
    table: &TrainTable,
    scorer: &Scorer,
    shell: &Shell<'_>,
) -> Result<Profile> {
    let data = train_table::open(request, table.copy.as_ref())?;
    let mut roles = request.reading.roles_in(&data, request.reading.roles());
    roles.id = [&table.roles.id[..], &table.identifiers].concat();
    // What the model was not trained on for want of single values is not counted, either.
    let lists = data.uncountable().iter().map(|(name, _)| name);
    let lists = lists.filter(|name| !request.include.contains(name));
    roles.exclude.extend(lists.cloned());
    let mut profile = inputs::profile_of(data, roles, "profile of", shell)?;
    drop_identifiers(
        &mut profile,
        &request.include,
        &request.reading.usual_columns(),
    );
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

/// Makes the document that a training leaves beside its artifact.
pub(super) fn report(
    artifact: &Artifact,
    training: &Training,
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
