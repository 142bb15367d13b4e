//! `churnctl model export`: a model for those who leave, once what is written is proved to score as it does.

use serde::Serialize;

use super::export_proof::{LIMIT, followed, in_database, is_postgres, read_back};
use super::export_request::{ExportFormat, ExportRequest};
use super::find::artifact_of;
use crate::cells::Tone;
use crate::commands::Console;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::write_atomically;
use crate::import::export::Exportable;
use crate::model::artifact::Artifact;
use crate::model::score::Scorer;
use crate::reports::format::counted;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;
/// Fewer rows prove little.
const FEW: usize = 100;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    model_version: &'a str,
    output: String,
    format: ExportFormat,
    rows: u64,
    largest_difference: f64,
    limit: f64,
    proved_by: &'static str,
    /// Features whose missing values are a category of their own there.
    filled: &'a [String],
}

/// Writes the model, if the proof holds.
///
/// # Errors
/// Bad input (65) if the model is damaged or cannot be expressed, or scores differ; what reading the rows
/// brings; I/O (74).
pub fn run(request: &ExportRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    check(request)?;
    let artifact = artifact_of(request.model.as_deref(), &request.artifacts)?;
    let model = Exportable::new(&artifact.body)?;
    let scorer = Scorer::new(&artifact.body)?;
    let proved = match request.format {
        ExportFormat::LightGbm | ExportFormat::Onnx => {
            read_back(&model, &scorer, request, console)?
        }
        ExportFormat::Postgres if is_postgres(&request.parity) => {
            in_database(&model, &scorer, request, console)?
        }
        ExportFormat::Postgres => followed(&model, &scorer, request, console)?,
    };
    let (rows, row) = (proved.rows as u64, proved.largest.row + 1);
    let difference = proved.largest.difference();
    if rows < FEW as u64 {
        let rows = counted(rows, "row", "rows");
        console.messages().warn(&format!(
            "the proof has {rows} only: how rows score that are not like them is not proved"
        ));
    }
    let proof = format!(
        "{rows} rows score alike, {}: the largest difference is {difference:.1e} (row {row}), the limit {LIMIT:.0e}",
        proved.by
    );
    let bytes = match request.format {
        ExportFormat::LightGbm => proved.bytes,
        ExportFormat::Onnx => model.onnx(&heading(&artifact, &proof, ""))?,
        ExportFormat::Postgres => {
            let mut text = heading(&artifact, &proof, "-- ").into_bytes();
            text.extend(proved.bytes);
            text
        }
    };
    write_atomically(&request.output, &bytes)?;
    let output = request.output.display().to_string();
    let body = Body {
        model: &artifact.name,
        model_version: &artifact.version,
        output: output.clone(),
        format: request.format,
        rows,
        largest_difference: difference,
        limit: LIMIT,
        proved_by: proved.by,
        filled: &proved.filled,
    };
    let document = console.document("model export", SCHEMA_VERSION, body);
    if !console.print_document(&document)? {
        console.print_done(Tone::Plain, &proof)?;
        let line = format!("{} {} is in {output}", artifact.name, artifact.version);
        console.print_done(Tone::Good, &line)?;
    }
    Ok(ExitCode::Ok)
}

fn check(request: &ExportRequest) -> Result<()> {
    if request.output.to_str() == Some("-") || request.parity == "-" {
        let message = "an export reads and writes files, not standard input and output";
        return Err(Error::usage(message));
    }
    if request
        .table
        .as_deref()
        .is_some_and(|table| table.split('.').any(str::is_empty))
    {
        return Err(
            Error::usage("--table names no table").hint("such as customers or shop.customers")
        );
    }
    Ok(())
}

/// What is said of the model in the file itself, each line behind `mark`.
fn heading(artifact: &Artifact, proof: &str, mark: &str) -> String {
    // Names of models have no line breaks.
    format!(
        "{mark}The model {} {}, written by churnctl {}.\n{mark}Its proof: {proof}.\n",
        artifact.name,
        artifact.version,
        env!("CARGO_PKG_VERSION")
    )
}
