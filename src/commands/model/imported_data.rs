//! Data beside a model that is imported: the columns of its features.

use std::path::Path;

use super::import_request::ImportRequest;
use crate::commands::Console;
use crate::data::{DataSet, is_lines};
use crate::error::{Error, Result};
use crate::files::{MOST_BY_HAND, read_at_most};
use crate::import::{Foreign, Schema};
use crate::model::frame::{Frame, WantedColumn};

/// Reads the columns of the model's features.
pub(super) fn features_of(
    foreign: &Foreign,
    (data, schema): (&str, Option<&Schema>),
    request: &ImportRequest,
    console: &Console<'_>,
) -> Result<Frame> {
    let opened = open(data, request)?;
    let others = others(request, &opened);
    let wanted = match schema {
        Some(schema) => schema.wanted(foreign, &others)?,
        None => foreign.wanted(opened.columns(), &others, opened.name())?,
    };
    read_frame_as(&request.shown(data), opened, &wanted, console)
}

/// Reads a schema that is no data; `None` if there is none, or it is data.
pub(super) fn schema_of(request: &ImportRequest) -> Result<Option<Schema>> {
    let Some(address) = request
        .schema
        .as_ref()
        .filter(|address| address.ends_with(".json"))
    else {
        return Ok(None);
    };
    let path = Path::new(address);
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = read_at_most(path, MOST_BY_HAND).map_err(|error| Error::io("read", path, error))?;
    match is_lines(&bytes) {
        true => Ok(None),
        false => Schema::read(&bytes, address).map(Some),
    }
}

/// Opens data as the settings say.
pub(super) fn open(data: &str, request: &ImportRequest) -> Result<DataSet> {
    let addresses = [data.to_owned()];
    DataSet::open(&addresses, request.reading.read_options())
}

/// Reads these columns.
pub(super) fn read_frame(
    data: DataSet,
    wanted: &[WantedColumn],
    console: &Console<'_>,
) -> Result<Frame> {
    let name = data.name().to_owned();
    read_frame_as(&name, data, wanted, console)
}

/// Reads these columns of data that are to be called so.
pub(super) fn read_frame_as(
    shown: &str,
    data: DataSet,
    wanted: &[WantedColumn],
    console: &Console<'_>,
) -> Result<Frame> {
    let name = data.name().to_owned();
    console
        .progress()
        .stage(&format!("reading {shown}"), data.bytes());
    let read = Frame::read(data, wanted, console.progress());
    console.progress().finish();
    let (frame, _, read) = read?;
    for (read, column) in read.iter().zip(&frame.names) {
        for warning in read.warnings(column, frame.rows) {
            console.messages().warn(&warning.replace(&name, shown));
        }
    }
    Ok(frame)
}

/// Columns that are not features, whatever they are called: what a model without names takes are the
/// others.
fn others(request: &ImportRequest, data: &DataSet) -> Vec<String> {
    let reading = &request.reading;
    let columns = &reading.columns;
    let usual = [&columns.label, &columns.id, &columns.date, &columns.score];
    let named = [&reading.label, &reading.score];
    let excluded = reading.roles_in(data, reading.roles()).exclude;
    let usual = usual.into_iter().flatten();
    let all = usual.chain(named.into_iter().flatten()).cloned();
    all.chain(excluded).collect()
}
