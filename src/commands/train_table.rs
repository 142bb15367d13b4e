//! From files and settings to a table that a learner can learn from.

use super::Shell;
use super::train::TrainRequest;
use crate::data::{DataSet, positive_label, same_label};
use crate::error::{Error, Place, Result};
use crate::model::artifact::ModelRoles;
use crate::model::frame::{Column, Frame, MISSING_CODE, WantedColumn};
use crate::model::times::times_of;
use crate::model::training::unfit;

/// Rows with a label, and what the columns are.
pub(super) struct TrainTable {
    pub frame: Frame,
    pub labels: Vec<bool>,
    pub features: Vec<String>,
    pub roles: ModelRoles,
    pub time: Option<Vec<i64>>,
    pub group: Option<Vec<u32>>,
    pub rows_read: u64,
    pub warnings: Vec<String>,
}

/// Reads the table and finds its roles.
pub(super) fn read(request: &TrainRequest, shell: &Shell<'_>) -> Result<TrainTable> {
    let reading = &request.reading;
    let data = DataSet::open(&request.data, reading.read_options())?;
    let columns = data.columns().to_vec();
    let has = |name: &&String| columns.contains(name);
    let label = match &reading.label {
        Some(label) => label.clone(),
        None => reading
            .columns
            .label
            .iter()
            .find(has)
            .cloned()
            .ok_or_else(|| {
                Error::bad_input("there is no label to learn from")
                    .at(Place {
                        file: data.name().to_owned(),
                        ..Place::default()
                    })
                    .hint(format!(
                        "name it with --label; the columns are: {}",
                        columns.join(", ")
                    ))
            })?,
    };
    let time = match request.time.as_deref() {
        Some("none") => None,
        Some(time) => Some(time.to_owned()),
        None => reading.columns.date.iter().find(has).cloned(),
    };
    let id: Vec<String> = reading.columns.id.iter().filter(has).cloned().collect();
    let group = request.group.clone().or_else(|| id.first().cloned());
    let unwanted = |name: &String| {
        let columns = &reading.columns;
        columns.exclude.contains(name) || columns.score.contains(name)
    };
    let wanted: Vec<WantedColumn> = columns
        .iter()
        .filter(|name| !unwanted(name))
        .map(|name| WantedColumn {
            name: name.clone(),
            categorical: reading.columns.categorical.contains(name) || *name == label,
        })
        .collect();
    shell
        .progress()
        .stage(&format!("reading {}", data.name()), data.bytes());
    let name = data.name().to_owned();
    let read = Frame::read(data, &wanted, shell.progress());
    shell.progress().finish();
    let (frame, summary) = read?;
    let mut warnings = Vec::new();
    let (frame, labels, positive) = labelled(
        frame,
        &label,
        reading.positive.as_deref(),
        &name,
        &mut warnings,
    )?;
    let not_a_feature = |name: &String| {
        *name == label
            || id.contains(name)
            || reading.columns.date.contains(name)
            || time.as_ref() == Some(name)
            || request.group.as_ref() == Some(name)
    };
    let mut features = Vec::new();
    for (name, column) in frame.names.iter().zip(&frame.columns) {
        if not_a_feature(name) {
            continue;
        }
        match unfit(name, column, frame.rows) {
            Some(warning) => warnings.push(warning),
            None => {
                if is_numbered(column) {
                    warnings.push(format!(
                        "\"{name}\" is another whole number in every row: if it is an \
                         identifier, leave it out with --exclude"
                    ));
                }
                features.push(name.clone());
            }
        }
    }
    if features.is_empty() {
        return Err(Error::bad_input("no column is left to learn from")
            .at(Place {
                file: name,
                ..Place::default()
            })
            .hint("are all columns identifiers, dates or constant?"));
    }
    let times = time
        .as_ref()
        .and_then(|time| Some((frame.column(time)?, time)))
        .map(|(column, time)| times_of(column, time))
        .transpose()?;
    let groups = group
        .as_ref()
        .and_then(|group| frame.column(group))
        .map(codes);
    let repeats = groups
        .as_ref()
        .is_some_and(|(codes, distinct)| *distinct < codes.len());
    Ok(TrainTable {
        features,
        roles: ModelRoles {
            label,
            positive,
            id,
            time,
            group: group.filter(|_| repeats),
        },
        time: times,
        group: groups.filter(|_| repeats).map(|(codes, _)| codes),
        rows_read: summary.rows,
        labels,
        frame,
        warnings,
    })
}

/// Keeps the rows that have a label, and reads it.
fn labelled(
    frame: Frame,
    label: &str,
    positive: Option<&str>,
    file: &str,
    warnings: &mut Vec<String>,
) -> Result<(Frame, Vec<bool>, String)> {
    let place = || Place {
        file: file.to_owned(),
        line: None,
        column: Some(label.to_owned()),
    };
    let Some(Column::Categories { codes, levels }) = frame.column(label) else {
        let error = Error::bad_input(format!("there is no column \"{label}\"")).at(place());
        let near = crate::error::nearest(label, frame.names.iter().map(String::as_str));
        return Err(match near {
            Some(near) => error.hint(format!("did you mean \"{near}\"?")),
            None => error.hint("name the label with --label"),
        });
    };
    let positive = positive_label(label, levels.iter().map(String::as_str), positive)
        .map_err(|error| error.at(place()))?;
    if levels.iter().all(|level| same_label(level, &positive)) {
        return Err(Error::bad_input(format!(
            "every label is \"{positive}\": there is nothing to tell apart"
        ))
        .at(place()));
    }
    let is_positive: Vec<bool> = levels
        .iter()
        .map(|level| same_label(level, &positive))
        .collect();
    let with_label: Vec<u32> = (0..frame.rows as u32)
        .filter(|&row| codes[row as usize] != MISSING_CODE)
        .collect();
    let labels = with_label
        .iter()
        .map(|&row| is_positive[codes[row as usize] as usize])
        .collect();
    let without = frame.rows - with_label.len();
    if without == 0 {
        return Ok((frame, labels, positive));
    }
    warnings.push(format!(
        "{without} rows have no label yet, they are left out"
    ));
    Ok((frame.select(&with_label), labels, positive))
}

/// Whether a column has a whole number in every row, and none of them twice.
fn is_numbered(column: &Column) -> bool {
    /// Fewer rows may differ by chance.
    const FEWEST: usize = 50;
    let Column::Numbers(numbers) = column else {
        return false;
    };
    let mut seen = std::collections::HashSet::new();
    numbers.len() >= FEWEST
        && numbers
            .iter()
            .all(|number| number.fract() == 0.0 && seen.insert(number.to_bits()))
}

/// Returns a number for every row that is the same where the column's value is, and how many.
fn codes(column: &Column) -> (Vec<u32>, usize) {
    match column {
        Column::Categories { codes, levels } => (codes.clone(), levels.len()),
        Column::Numbers(numbers) => {
            let mut known = std::collections::HashMap::new();
            let codes = numbers
                .iter()
                .map(|number| {
                    let next = known.len() as u32;
                    *known.entry(number.to_bits()).or_insert(next)
                })
                .collect();
            (codes, known.len())
        }
    }
}
