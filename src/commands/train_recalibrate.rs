//! The part of `churnctl train --recalibrate` that knows files: whose calibration is fitted again, on which rows, and
//! what the result has of its parent.

use super::train_request::TrainRequest;
use super::train_table::TrainTable;
use crate::data::same_label;
use crate::error::{Error, Result};
use crate::model::artifact::{Artifact, Body};
use crate::model::identity::row_keys;
use crate::model::publish::{Champion, ModelStore};
use crate::model::split::Splits;

/// Returns the model in production, if it is its calibration that is asked for.
pub(super) fn parent(request: &TrainRequest, store: &ModelStore) -> Result<Option<Box<Artifact>>> {
    if !request.recalibrate {
        return Ok(None);
    }
    match store.champion()?.0 {
        Champion::Sound(parent) => Ok(Some(parent)),
        Champion::None => Err(Error::usage(
            "there is no model in production whose calibration could be fitted",
        )
        .hint("`churnctl train` without --recalibrate makes one; --artifacts names where it is")),
        Champion::Lost(what) => {
            Err(Error::bad_input(what).hint("take an older one with --rollback"))
        }
    }
}

/// What helps where a model has learned from all rows that it is to be judged on.
pub(super) const NAME_LATER_ROWS: &str = "name labelled rows that came later";

/// Leaves out the rows that the model has learned from: its scores of those say nothing of others.
///
/// # Errors
/// Bad input if none is left, or the label means something else.
pub(super) fn unlearned(
    mut table: TrainTable,
    parent: &Artifact,
    request: &TrainRequest,
) -> Result<TrainTable> {
    let (version, body) = (&parent.version, &parent.body);
    let (before, now) = (&body.roles.positive, &table.roles.positive);
    if !same_label(before, now) {
        let message =
            format!("\"{now}\" means churned here, and \"{before}\" for the model {version}");
        return Err(Error::bad_input(message)
            .hint(format!("--positive {before}, if it is among the labels")));
    }
    let all_learned = || {
        let rows = super::inputs::shown(&request.data);
        let message = format!("the model {version} has learned from all rows of {rows}");
        Error::bad_input(message).hint(NAME_LATER_ROWS)
    };
    let provenance = &body.provenance;
    if let Some(imported) = &body.imported {
        if imported.learned_from(&provenance.data_sha256, &table.data_sha256(request)?) {
            return Err(all_learned());
        }
        table.warnings.push(format!(
            "it is not known which rows the model {version} ({}) learned from: name only labelled rows that came later",
            imported.format
        ));
    }
    let rows: Vec<u32> = (0..table.frame.rows as u32).collect();
    let learned = provenance.learned.as_ref();
    let Some(learned) = learned.and_then(|learned| learned.among(&table.frame, &rows)) else {
        return Ok(table);
    };
    let kept: Vec<u32> = rows
        .into_iter()
        .filter(|row| !learned[*row as usize])
        .collect();
    let left_out = table.frame.rows - kept.len();
    if kept.is_empty() {
        return Err(all_learned());
    }
    if left_out > 0 {
        table.keep(&kept);
        table.warnings.push(format!(
            "{left_out} rows are left out: the model {version} has learned from them"
        ));
    }
    Ok(table)
}

/// Gives a model what it has of the one whose calibration it replaces.
pub(super) fn inherit(body: &mut Body, parent: &Artifact, table: &TrainTable, splits: &Splits) {
    body.imported.clone_from(&parent.body.imported);
    let provenance = &mut body.provenance;
    provenance.parent = Some(parent.version.clone());
    // Of a model that was imported it stays unknown.
    provenance.learned = parent.body.provenance.learned.as_ref().map(|learned| {
        let keys = row_keys(&table.frame, &learned.by).unwrap_or_default();
        let fitted = splits.train.iter().chain(&splits.validation);
        let fitted = fitted.filter_map(|row| keys.get(*row as usize).copied());
        learned.with(&fitted.collect::<Vec<u64>>())
    });
}
