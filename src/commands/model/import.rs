//! `churnctl model import`: a model file of another framework to an artifact, once its scores are proved
//! to be those of the framework.

use std::path::Path;

use serde::Serialize;

use super::import_mlflow::fetched;
use super::import_request::ImportRequest;
use super::imported_body::{Baseline, body};
use super::imported_data::{features_of, open, read_frame, schema_of};
use crate::cells::Tone;
use crate::commands::Console;
use crate::error::{Error, Place, Result};
use crate::exit::ExitCode;
use crate::files::{read_at_most, write_atomically};
use crate::import::assemble::assemble;
use crate::import::parity::{Largest, compare};
use crate::import::{self, Schema};
use crate::model::artifact::{Imported, Parity};
use crate::model::frame::{Column, Frame, WantedColumn};
use crate::model::score::Scorer;
use crate::model::store;
use crate::model::training::described;
use crate::reports::format::counted;
use crate::tracking::location::is_location;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Fewest rows of a proof where there are more.
const LEAST_ROWS: usize = 100;
/// The column of scores in a file with several.
const SCORE_NAMES: [&str; 6] = [
    "score",
    "churn_risk",
    "probability",
    "prediction",
    "proba",
    "y_pred",
];

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    model_version: &'a str,
    output: String,
    format: &'a str,
    description: String,
    features: usize,
    parity: &'a Parity,
}

/// Reads the model, proves it, and writes the artifact.
///
/// # Errors
/// Bad input (65) if the model cannot be read or computed, the data do not fit it, or its scores are not
/// those expected; I/O (74).
pub fn run(request: &ImportRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let word = request.file.display().to_string();
    if !is_location(&word) {
        let bytes = read_model(&request.file)?;
        return import(request, (&bytes, &word), schema_of(request)?, console);
    }
    let fetched = fetched(&word, request, console)?;
    let schema = match request.schema {
        Some(_) => schema_of(request)?,
        None => fetched.schema,
    };
    let mut request = request.clone();
    if let Some(example) = &fetched.example {
        request.parity.clone_from(&example.path);
        request.parity_name = Some(example.name.clone());
    }
    let file = (&*fetched.bytes, &*fetched.file);
    import(&request, file, schema, console).map_err(|error| match error.place().cloned() {
        Some(place) => error.at(Place {
            file: request.shown(&place.file),
            ..place
        }),
        None => error,
    })
}

/// Proves a model file and writes the artifact.
fn import(
    request: &ImportRequest,
    (bytes, file): (&[u8], &str),
    schema: Option<Schema>,
    console: &mut Console<'_>,
) -> Result<ExitCode> {
    let foreign = import::read(bytes, file)?;
    // A schema has no rows: those of the proof are the baseline.
    let data = request.schema.as_ref().filter(|_| schema.is_none());
    let data = data.unwrap_or(&request.parity);
    let baseline = Baseline::read(&foreign, (data, schema.as_ref()), request, console)?;
    let assembled =
        assemble(&foreign, &baseline.features).map_err(|error| in_file(error, file, data))?;
    let scorer = Scorer::of(
        &assembled.features,
        &assembled.model,
        &assembled.calibration,
    )
    .map_err(|error| in_file(error, file, data))?;
    let rows = features_of(
        &foreign,
        (&request.parity, schema.as_ref()),
        request,
        console,
    )?;
    check_size(&baseline.features, &rows, request, console)?;
    warn_of_unproved(&baseline.features, &rows, console);
    let every: Vec<u32> = (0..rows.rows as u32).collect();
    let ours = scorer
        .scores_of(&rows, &every, request.reading.threads.get())
        .map_err(|error| in_file(error, file, &request.parity))?;
    let theirs = expected(request, console)?;
    let expect = || Place {
        file: request.expect.clone(),
        ..Place::default()
    };
    let largest = compare(foreign.format(), &ours, &theirs).map_err(|error| error.at(expect()))?;
    let imported = Imported {
        format: foreign.format().name().to_owned(),
        file: crate::redact::address(file).into_owned(),
        sha256: store::bytes_sha256(bytes),
        parity: Parity {
            rows: ours.len() as u64,
            largest_difference: largest.difference(),
            limit: foreign.format().limit(),
            rows_sha256: store::data_sha256(std::slice::from_ref(&request.parity))?,
            scores_sha256: store::data_sha256(std::slice::from_ref(&request.expect))?,
        },
    };
    let description = described(&assembled.model);
    let body = body(request, assembled, baseline, imported, console)?;
    let artifact = store::seal(&request.name, body, console.created_at(), VERSION)?;
    write_atomically(&request.output, &store::to_json(&artifact))?;
    let Some(imported) = &artifact.body.imported else {
        return Ok(ExitCode::Ok);
    };
    let document = console.document(
        "model import",
        SCHEMA_VERSION,
        Body {
            model: &artifact.name,
            model_version: &artifact.version,
            output: request.output.display().to_string(),
            format: &imported.format,
            description: description.clone(),
            features: artifact.body.features.len(),
            parity: &imported.parity,
        },
    );
    if !console.print_document(&document)? {
        for line in said(&imported.format, &description, &largest, &imported.parity) {
            console.print_done(Tone::Plain, &line)?;
        }
        let line = format!(
            "{} {} is in {}: for score, serve, drift and promote",
            artifact.name,
            artifact.version,
            request.output.display()
        );
        console.print_done(Tone::Good, &line)?;
    }
    Ok(ExitCode::Ok)
}

/// Adds the file to an error that has none: that of the data if it is about one of their columns.
fn in_file(error: Error, model: &str, data: &str) -> Error {
    let place = error.place().cloned().unwrap_or_default();
    if !place.file.is_empty() {
        return error;
    }
    let file = match place.column {
        Some(_) => data,
        None => model,
    };
    error.at(Place {
        file: file.to_owned(),
        ..place
    })
}

/// Refuses a proof of few rows where there are more, and says how thin it is where there are not.
fn check_size(
    baseline: &Frame,
    rows: &Frame,
    request: &ImportRequest,
    console: &mut Console<'_>,
) -> Result<()> {
    if rows.rows >= LEAST_ROWS {
        return Ok(());
    }
    if rows.rows < baseline.rows {
        let message = format!(
            "a proof of {} says little: {LEAST_ROWS} are wanted, or as many as --schema has ({})",
            counted(rows.rows as u64, "row", "rows"),
            baseline.rows
        );
        let hint = "score some thousand rows where the model was trained, with missing values and \
                    all categories among them";
        return Err(Error::bad_input(message).hint(hint).at(Place {
            file: request.parity.clone(),
            ..Place::default()
        }));
    }
    console.messages().warn(&format!(
        "the proof has {} only: how rows score that are not like them is not proved",
        counted(rows.rows as u64, "row", "rows")
    ));
    Ok(())
}

/// Says which features have missing values in the baseline and none among the rows of the proof.
fn warn_of_unproved(baseline: &Frame, rows: &Frame, console: &mut Console<'_>) {
    let has_missing = |frame: &Frame, name: &str| {
        let column = frame.column(name);
        column.is_some_and(|column| (0..frame.rows).any(|row| column.is_missing(row)))
    };
    let names = baseline.names.iter();
    let unproved: Vec<&str> = names
        .map(String::as_str)
        .filter(|name| has_missing(baseline, name) && !has_missing(rows, name))
        .collect();
    if !unproved.is_empty() {
        console.messages().warn(&format!(
            "{} may be missing in the data, and never is in the rows of the proof: that missing values score as in \
             the framework is not proved (were they filled in there?)",
            unproved.join(", ")
        ));
    }
}

fn said(format: &str, description: &str, largest: &Largest, parity: &Parity) -> [String; 2] {
    [
        format!("{format}: {description}"),
        format!(
            "{} rows score as there: the largest difference is {:.1e} (row {}), the limit {:.0e}",
            parity.rows,
            largest.difference(),
            largest.row + 1,
            parity.limit
        ),
    ]
}

fn read_model(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, import::MAX_BYTES).map_err(|error| {
        if error.kind() != std::io::ErrorKind::FileTooLarge {
            return Error::io("read", path, error);
        }
        let most = import::MAX_BYTES >> 20;
        Error::bad_input(format!("a model file has {most} MiB at most")).at(Place {
            file: path.display().to_string(),
            ..Place::default()
        })
    })
}

/// Reads the framework's scores: the one column, or the one with the name of a score.
fn expected(request: &ImportRequest, console: &Console<'_>) -> Result<Vec<f64>> {
    let data = open(&request.expect, request)?;
    let columns = data.columns();
    let place = || Place {
        file: request.expect.clone(),
        ..Place::default()
    };
    let is_score = |name: &&String| {
        let named = request.reading.score.as_ref();
        named.map_or_else(
            || SCORE_NAMES.contains(&name.as_str()),
            |score| score == *name,
        )
    };
    let column = match columns {
        [only] => only,
        several => several.iter().find(is_score).ok_or_else(|| {
            let names = columns.join(", ");
            Error::bad_input(format!("which column has the scores: {names}?"))
                .at(place())
                .hint("call it `score`, or name it with --score")
        })?,
    };
    if column.parse::<f64>().is_ok() {
        let message = format!("the first line, \"{column}\", is a score and not its heading");
        return Err(Error::bad_input(message)
            .at(place())
            .hint("write the scores with a first line `score`"));
    }
    let wanted = [WantedColumn::new(column.clone())];
    let mut frame = read_frame(data, &wanted, console)?;
    match frame.columns.pop() {
        Some(Column::Numbers(scores)) => Ok(scores),
        _ => Err(Error::bad_input("the scores are not numbers").at(place())),
    }
}
