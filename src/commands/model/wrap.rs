//! `churnctl model wrap`: rows and scores of a model that lives elsewhere, for drift checks alone.

use super::super::profile::{ProfileRequest, made};
use crate::cells::Tone;
use crate::commands::Console;
use crate::data::{DataSet, positive_label};
use crate::error::{Error, Place, Result};
use crate::exit::ExitCode;
use crate::files::write_atomically;
use crate::model::wrapped::Wrapped;
use crate::profile::Profile;
use crate::reports::format::counted;
use serde::Serialize;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// Everything that wrapping needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct WrapRequest {
    /// The rows with their scores, how they are read, and where the document goes.
    pub profile: ProfileRequest,
    /// Name of the model.
    pub name: String,
    /// Score from which a row is classed as churned.
    pub threshold: f64,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    model_version: &'a str,
    output: String,
    rows: u64,
    score: &'a str,
    label: Option<&'a str>,
}

/// Counts the rows and writes the document.
///
/// # Errors
/// Bad input (65) if the data cannot be read or have no scores; usage for a bad name; I/O (74).
pub fn run(request: &WrapRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let of_rows = &request.profile;
    if of_rows.output.to_str() == Some("-") {
        return Err(Error::usage(
            "a wrapped model is a file, not standard output",
        ));
    }
    let data = DataSet::open(&of_rows.data, of_rows.reading.read_options())?;
    let place = Place {
        file: data.name().to_owned(),
        ..Place::default()
    };
    let roles = of_rows.reading.roles_in(&data, of_rows.reading.roles());
    let profile = made(of_rows, data, roles, console)?;
    let score = profile.roles.score.clone();
    let Some(score) = score.filter(|score| profile.column(score).is_some()) else {
        return Err(
            Error::bad_input("there is no column with the scores of the model")
                .at(place)
                .hint("name it with --score, or data.score in the settings"),
        );
    };
    check_scores(&profile, &score, place)?;
    let by = (console.created_at(), env!("CARGO_PKG_VERSION"));
    let wrapped = Wrapped::new(&request.name, request.threshold, profile, by)?;
    write_atomically(&of_rows.output, &wrapped.to_json())?;
    let output = of_rows.output.display().to_string();
    let outcome = wrapped.profile.outcome.as_ref();
    let body = Body {
        model: &wrapped.name,
        model_version: &wrapped.version,
        output: output.clone(),
        rows: wrapped.profile.rows,
        score: &score,
        label: outcome.map(|outcome| &*outcome.label),
    };
    let document = console.document("model wrap", SCHEMA_VERSION, body);
    if !console.print_document(&document)? {
        let rows = counted(wrapped.profile.rows, "row", "rows");
        let line = format!(
            "{} {} is in {output}: {rows} with scores in \"{score}\", for drift checks alone",
            wrapped.name, wrapped.version
        );
        console.print_line(Tone::Good, &line)?;
    }
    Ok(ExitCode::Ok)
}

/// Refuses what no drift check could take for scores, and a label that has not two values: better now than
/// each night.
fn check_scores(profile: &Profile, score: &str, place: Place) -> Result<()> {
    let at = |column: &str| Place {
        column: Some(column.to_owned()),
        ..place.clone()
    };
    let numbers = profile
        .column(score)
        .and_then(|column| column.view(false).numbers);
    let Some(numbers) = numbers else {
        return Err(Error::bad_input("the scores are not numbers")
            .at(at(score))
            .hint("--score names the column with the probability of churn"));
    };
    if numbers.min() < 0.0 || numbers.max() > 1.0 {
        return Err(Error::bad_input(format!(
            "the scores reach from {} to {}: a score is a probability, 0 to 1",
            numbers.min(),
            numbers.max()
        ))
        .at(at(score))
        .hint(
            "--score names the column with the probability of churn; divide percentages by 100",
        ));
    }
    if let Some(outcome) = &profile.outcome {
        let labels = outcome.by_label.keys().map(String::as_str);
        let positive = profile.roles.positive.as_deref();
        positive_label(&outcome.label, labels, positive)
            .map_err(|error| error.at(at(&outcome.label)))?;
    }
    Ok(())
}
