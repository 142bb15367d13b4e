//! Inputs and settings of a check as its report keeps them, and settings back from there.

use super::drift_request::ReadingRequest;
use crate::drift::evidence::{ReportColumns, ReportInput, ReportSettings};
use crate::redact::redacted;
use crate::settings::ColumnSettings;
use crate::stats::cost::Costs;

/// Returns the input as a report names it.
pub(super) fn input_of(addresses: &[String], counts_sha256: String) -> ReportInput {
    let shown = addresses
        .iter()
        .map(|address| redacted(address).into_owned());
    ReportInput {
        addresses: shown.collect(),
        counts_sha256,
    }
}

/// Returns the settings as a report names them.
pub(super) fn settings_of(
    reading: &ReadingRequest,
    (class_threshold, costs): (f64, Option<Costs>),
) -> ReportSettings {
    // Taken apart, so that a new one is not forgotten.
    let ReadingRequest {
        features,
        columns,
        score,
        label,
        positive,
        delimiter,
        null,
        threads: _,
    } = reading.clone();
    let ColumnSettings {
        label: labels,
        id,
        date,
        score: scores,
        exclude,
        categorical,
    } = columns;
    ReportSettings {
        features,
        score,
        label,
        positive,
        class_threshold,
        costs,
        delimiter: char::from(delimiter).to_string(),
        null,
        columns: ReportColumns {
            label: labels,
            id,
            date,
            score: scores,
            exclude,
            categorical,
        },
    }
}

/// The way back.
pub(super) fn reading_of(
    settings: ReportSettings,
    check: &ReadingRequest,
) -> Option<ReadingRequest> {
    let [delimiter] = *settings.delimiter.as_bytes() else {
        return None;
    };
    let columns = settings.columns;
    Some(ReadingRequest {
        features: settings.features,
        columns: ColumnSettings {
            label: columns.label,
            id: columns.id,
            date: columns.date,
            score: columns.score,
            exclude: columns.exclude,
            categorical: columns.categorical,
        },
        score: settings.score,
        label: settings.label,
        positive: settings.positive,
        delimiter,
        null: settings.null,
        threads: check.threads,
    })
}
