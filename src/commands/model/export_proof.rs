//! The proof of an export: what is written scores the rows as the model does.

use super::export_request::{ExportFormat, ExportRequest};
use super::imported_data::read_frame_as;
use crate::commands::Console;
use crate::data::{DataSet, Dialect, SqlAddress};
use crate::error::{Error, Place, Result};
use crate::import::assemble::assemble;
use crate::import::export::Exportable;
use crate::import::parity::{Largest, largest};
use crate::import::{Foreign, read};
use crate::model::artifact::FeatureKind;
use crate::model::frame::{Column, Frame, WantedColumn};
use crate::model::score::Scorer;
use crate::percent;
use crate::redact;

/// How far scores may be apart.
pub(super) const LIMIT: f64 = 1e-6;
/// What the statement calls its scores, and what it does while it is proved.
const SCORE: &str = "churn_risk";
const PROVED_SCORE: &str = "churnctl_proved_score";

/// What is written, and how it is known to score alike.
pub(super) struct Proved {
    pub(super) bytes: Vec<u8>,
    /// Features whose missing values are a category of their own there.
    pub(super) filled: Vec<String>,
    pub(super) rows: usize,
    pub(super) largest: Largest,
    /// By whom it was computed.
    pub(super) by: &'static str,
}

pub(super) fn is_postgres(address: &str) -> bool {
    address.starts_with("postgres://") || address.starts_with("postgresql://")
}

/// Reads the features, and another column behind them, beside the names of all columns. A statement is long: what is
/// said of it names the table.
fn rows_of(
    scorer: &Scorer,
    address: &str,
    other: Option<&str>,
    request: &ExportRequest,
    console: &Console<'_>,
) -> Result<(Frame, Vec<String>)> {
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
    let columns = data.columns().to_vec();
    let features = scorer.features().iter().map(|feature| WantedColumn {
        name: feature.name.clone(),
        categorical: matches!(feature.kind, FeatureKind::Category { .. }),
    });
    let wanted: Vec<WantedColumn> = features.chain(other.map(WantedColumn::new)).collect();
    let frame = read_frame_as(&shown, data, &wanted, console).map_err(of_table)?;
    Ok((frame, columns))
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

/// A model file of another framework, read back as `model import` reads it.
pub(super) fn read_back(
    model: &Exportable,
    scorer: &Scorer,
    request: &ExportRequest,
    console: &mut Console<'_>,
) -> Result<Proved> {
    // What cannot be written is refused before the rows are read.
    let text = match request.format {
        ExportFormat::LightGbm => Some(model.lightgbm()?),
        ExportFormat::Onnx | ExportFormat::Postgres => None,
    };
    let bytes = match &text {
        Some(written) => written.text.clone().into_bytes(),
        None => model.onnx("")?,
    };
    let (frame, _) = rows_of(scorer, &request.parity, None, request, console)?;
    let foreign = read(&bytes, "what would be written")?;
    let as_given = match &text {
        Some(written) => written.frame(&scorer.cells_by_feature(&frame)?),
        None => given(&foreign, &frame, request)?,
    };
    let back = assemble(&foreign, &as_given)?;
    let back = Scorer::of(&back.features, &back.model, &back.calibration)?;
    let theirs = scores(&back, &as_given, request)?;
    let largest = compared(&scores(scorer, &frame, request)?, &theirs, request)?;
    let filled = text.map_or_else(Vec::new, |written| written.filled);
    if !filled.is_empty() {
        console.messages().warn(&format!(
            "{}: the model tells missing values from texts that it does not know, which LightGBM does only if they are \
             filled in as the category \"(missing)\"",
            filled.join(", ")
        ));
    }
    Ok(Proved {
        bytes,
        filled,
        rows: frame.rows,
        largest,
        by: match request.format {
            ExportFormat::LightGbm => "read back as LightGBM's text",
            ExportFormat::Onnx | ExportFormat::Postgres => "read back as a graph of ONNX",
        },
    })
}

/// The columns that the model asks for; a constant asks for none, and is given all.
fn given(foreign: &Foreign, frame: &Frame, request: &ExportRequest) -> Result<Frame> {
    let wanted = foreign.wanted(&frame.names, &[], &request.parity)?;
    let names = wanted.into_iter().map(|column| column.name);
    let pairs = names.filter_map(|name| Some((frame.column(&name)?.clone(), name)));
    let (columns, names) = pairs.unzip();
    Ok(Frame {
        rows: frame.rows,
        names,
        columns,
    })
}

/// The statement, its sums followed here.
pub(super) fn followed(
    model: &Exportable,
    scorer: &Scorer,
    request: &ExportRequest,
    console: &mut Console<'_>,
) -> Result<Proved> {
    let (frame, names) = rows_of(scorer, &request.parity, None, request, console)?;
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
        bytes: model.sql(&from(request, None), SCORE, &names).into_bytes(),
        filled: Vec::new(),
        rows: frame.rows,
        largest,
        by: "followed without a server",
    })
}

/// The statement, run where it is to run.
pub(super) fn in_database(
    model: &Exportable,
    scorer: &Scorer,
    request: &ExportRequest,
    console: &mut Console<'_>,
) -> Result<Proved> {
    let address = SqlAddress::parse(&request.parity)?;
    let statement = model.sql(
        &format!("(SELECT * FROM {}) AS data", address.source()),
        PROVED_SCORE,
        &[],
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
    let (mut frame, mut names) = rows_of(scorer, &proved, Some(PROVED_SCORE), request, console)?;
    names.retain(|name| name != PROVED_SCORE);
    frame.names.pop();
    let Some(Column::Numbers(theirs)) = frame.columns.pop() else {
        return Err(Error::bad_input("the statement gives no scores").at(address.place()));
    };
    let largest = compared(&scores(scorer, &frame, request)?, &theirs, request)?;
    Ok(Proved {
        bytes: model
            .sql(&from(request, Some(&address)), SCORE, &names)
            .into_bytes(),
        filled: Vec::new(),
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
