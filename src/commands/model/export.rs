//! `churnctl model export`: a model for those who leave, once what is written is proved to score as it does.

use std::path::PathBuf;

use super::find::artifact_of;
use super::imported_data::read_frame_as;
use crate::cells::Tone;
use crate::commands::Console;
use crate::commands::drift_request::ReadingRequest;
use crate::data::{DataSet, Dialect, SqlAddress};
use crate::error::{Error, Place, Result};
use crate::exit::ExitCode;
use crate::files::write_atomically;
use crate::import::assemble::assemble;
use crate::import::export::Exportable;
use crate::import::parity::{Largest, largest};
use crate::import::read;
use crate::model::artifact::{Artifact, FeatureKind};
use crate::model::frame::{Column, Frame, WantedColumn};
use crate::model::score::Scorer;
use crate::percent;
use crate::redact;
use crate::reports::format::counted;

/// How far scores may be apart.
const LIMIT: f64 = 1e-6;
/// Fewer rows prove little.
const FEW: usize = 100;
/// What the statement calls its scores, and what it does while it is proved.
const SCORE: &str = "churn_risk";
const PROVED_SCORE: &str = "churnctl_proved_score";

/// What is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// The text that LightGBM loads.
    LightGbm,
    /// A statement of PostgreSQL.
    Postgres,
}

/// Everything that an export needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportRequest {
    /// A file, a version, or none for the one in production.
    pub model: Option<String>,
    /// What is to be written.
    pub format: ExportFormat,
    /// The rows of the proof.
    pub parity: String,
    /// The table that a statement selects from.
    pub table: Option<String>,
    /// Where it goes.
    pub output: PathBuf,
    /// Folder with the model in production and the registry.
    pub artifacts: PathBuf,
    /// How the rows are read.
    pub reading: ReadingRequest,
}

/// What is written, and how it is known to score alike.
struct Proved {
    text: String,
    rows: usize,
    largest: Largest,
    /// By whom it was computed.
    by: &'static str,
}

/// Writes the model, if the proof holds.
///
/// # Errors
/// Bad input (65) if the model is damaged or cannot be expressed, or scores differ; what reading the rows
/// brings; I/O (74).
pub fn run(request: &ExportRequest, console: &mut Console<'_>) -> Result<ExitCode> {
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
    let artifact = artifact_of(request.model.as_deref(), &request.artifacts)?;
    let model = Exportable::new(&artifact.body)?;
    let scorer = Scorer::new(&artifact.body)?;
    let proved = match request.format {
        ExportFormat::LightGbm => lightgbm(&model, &scorer, request, console)?,
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
    let text = match request.format {
        ExportFormat::LightGbm => proved.text,
        ExportFormat::Postgres => headed(&artifact, &proof, &proved.text),
    };
    write_atomically(&request.output, text.as_bytes())?;
    console.print_line(Tone::Plain, &proof)?;
    let line = format!(
        "{} {} is in {}",
        artifact.name,
        artifact.version,
        request.output.display()
    );
    console.print_line(Tone::Good, &line)?;
    Ok(ExitCode::Ok)
}

fn is_postgres(address: &str) -> bool {
    address.starts_with("postgres://") || address.starts_with("postgresql://")
}

fn headed(artifact: &Artifact, proof: &str, statement: &str) -> String {
    // Names of models have no line breaks.
    format!(
        "-- The model {} {}, written by churnctl {}.\n-- Its proof: {proof}.\n{statement}",
        artifact.name,
        artifact.version,
        env!("CARGO_PKG_VERSION")
    )
}

/// Reads the features, and another column behind them. A statement is long: what is said of it names the table.
fn rows_of(
    scorer: &Scorer,
    address: &str,
    other: Option<&str>,
    request: &ExportRequest,
    console: &Console<'_>,
) -> Result<Frame> {
    let shown = redact::address(&request.parity).into_owned();
    let of_table = |error: Error| {
        let place = error.place().cloned().unwrap_or_default();
        error.at(Place {
            file: shown.clone(),
            ..place
        })
    };
    let data =
        DataSet::open(&[address.to_owned()], request.reading.read_options()).map_err(of_table)?;
    let features = scorer.features().iter().map(|feature| WantedColumn {
        name: feature.name.clone(),
        categorical: matches!(feature.kind, FeatureKind::Category { .. }),
    });
    let wanted: Vec<WantedColumn> = features.chain(other.map(WantedColumn::new)).collect();
    read_frame_as(&shown, data, &wanted, console).map_err(of_table)
}

/// Compares the scores of the artifact with others of the same rows.
fn compared(ours: &[f64], theirs: &[f64], request: &ExportRequest) -> Result<Largest> {
    let place = || Place {
        file: redact::address(&request.parity).into_owned(),
        ..Place::default()
    };
    let Some(largest) = largest(ours, theirs) else {
        return Err(Error::bad_input("there are no rows to prove it with").at(place()));
    };
    if largest.difference() <= LIMIT {
        return Ok(largest);
    }
    let message = format!(
        "what would be written does not score as the model does: row {} gets {}, not {}; the limit is {LIMIT:.0e}",
        largest.row + 1,
        largest.theirs,
        largest.ours,
    );
    Err(Error::bad_input(message)
        .at(place())
        .hint("nothing was written; do the rows have values that are written otherwise than in the training data?"))
}

fn scores(scorer: &Scorer, frame: &Frame, request: &ExportRequest) -> Result<Vec<f64>> {
    let rows: Vec<u32> = (0..frame.rows as u32).collect();
    scorer.scores_of(frame, &rows, request.reading.threads.get())
}

/// The text of LightGBM, read back as `model import` reads it.
fn lightgbm(
    model: &Exportable,
    scorer: &Scorer,
    request: &ExportRequest,
    console: &mut Console<'_>,
) -> Result<Proved> {
    let written = model.lightgbm()?;
    let frame = rows_of(scorer, &request.parity, None, request, console)?;
    let as_given = written.frame(&scorer.cells_by_feature(&frame)?);
    let foreign = read(written.text.as_bytes(), "what would be written")?;
    let back = assemble(&foreign, &as_given)?;
    let back = Scorer::of(&back.features, &back.model, &back.calibration)?;
    let theirs = scores(&back, &as_given, request)?;
    let largest = compared(&scores(scorer, &frame, request)?, &theirs, request)?;
    if !written.filled.is_empty() {
        console.messages().warn(&format!(
            "{}: the model tells missing values from texts that it does not know, which LightGBM does only if they are \
             filled in as the category \"(missing)\"",
            written.filled.join(", ")
        ));
    }
    Ok(Proved {
        text: written.text,
        rows: frame.rows,
        largest,
        by: "read back as LightGBM's text",
    })
}

/// The statement, its sums followed here.
fn followed(
    model: &Exportable,
    scorer: &Scorer,
    request: &ExportRequest,
    console: &mut Console<'_>,
) -> Result<Proved> {
    let frame = rows_of(scorer, &request.parity, None, request, console)?;
    let columns = scorer.cells_by_feature(&frame)?;
    let row = |row| {
        let cells: Vec<f64> = columns.iter().map(|column| column[row]).collect();
        model.score(&cells)
    };
    let theirs: Vec<f64> = (0..frame.rows).map(row).collect();
    let largest = compared(&scores(scorer, &frame, request)?, &theirs, request)?;
    console.messages().warn(
        "no PostgreSQL has run the statement: its tests and sums were followed here. --parity postgres://... runs it there",
    );
    Ok(Proved {
        text: model.sql(&from(request, None), SCORE),
        rows: frame.rows,
        largest,
        by: "followed without a server",
    })
}

/// The statement, run where it is to run.
fn in_database(
    model: &Exportable,
    scorer: &Scorer,
    request: &ExportRequest,
    console: &mut Console<'_>,
) -> Result<Proved> {
    let address = SqlAddress::parse(&request.parity)?;
    let statement = model.sql(
        &format!("(SELECT * FROM {}) AS data", address.source()),
        PROVED_SCORE,
    );
    let (server, parameters) = request
        .parity
        .split_once('?')
        .unwrap_or((&request.parity, ""));
    let is_source = |parameter: &&str| {
        ["table=", "query=", "where="]
            .iter()
            .any(|name| parameter.starts_with(name))
    };
    let others: String = parameters
        .split('&')
        .filter(|parameter| !is_source(parameter))
        .map(|parameter| format!("{parameter}&"))
        .collect();
    let proved = format!("{server}?{others}query={}", percent::part(&statement));
    let mut frame = rows_of(scorer, &proved, Some(PROVED_SCORE), request, console)?;
    frame.names.pop();
    let Some(Column::Numbers(theirs)) = frame.columns.pop() else {
        return Err(Error::bad_input("the statement gives no scores").at(address.place()));
    };
    let largest = compared(&scores(scorer, &frame, request)?, &theirs, request)?;
    Ok(Proved {
        text: model.sql(&from(request, Some(&address)), SCORE),
        rows: frame.rows,
        largest,
        by: "computed by this PostgreSQL",
    })
}

/// The table that the statement selects from.
fn from(request: &ExportRequest, address: Option<&SqlAddress>) -> String {
    let quoted = |table: &str| {
        let parts = table
            .splitn(2, '.')
            .map(|part| Dialect::Postgres.name(part));
        parts.collect::<Vec<_>>().join(".")
    };
    // A query has no name; a condition is for the proof alone.
    let parameters = request.parity.split_once('?').filter(|_| address.is_some());
    let parameters = parameters
        .map_or("", |(_, parameters)| parameters)
        .split('&');
    let proved = parameters
        .filter_map(|one| one.strip_prefix("table="))
        .next();
    let proved = proved.and_then(|name| percent::decoded(name).ok());
    let table = match (request.table.as_deref(), proved.as_deref()) {
        (Some(table), _) | (None, Some(table)) => quoted(table),
        (None, None) => "customers".to_owned(),
    };
    format!("{table} AS data")
}
