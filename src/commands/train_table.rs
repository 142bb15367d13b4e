//! From files and settings to a table that a learner can learn from.

use std::path::Path;

use super::train::TrainRequest;
use super::{Console, train_label};
use crate::data::{
    DataSet, RowsCopy, Summary, named_like_a_label, named_like_an_id, named_like_an_index,
    positive_label, same_label,
};
use crate::drift::roles::check_names;
use crate::error::{Error, Place, Result};
use crate::model::artifact::ModelRoles;
use crate::model::frame::{Column, Frame, MISSING_CODE, WantedColumn};
use crate::model::identity::row_keys;
use crate::model::leakage;
use crate::model::store;
use crate::model::times::times_of;
use crate::model::unfit::{Unfit, all_another_whole, unfit};
use crate::profile::HeaderRows;

/// Rows with a label, and what the columns are.
pub(super) struct TrainTable {
    pub frame: Frame,
    pub labels: Vec<bool>,
    pub features: Vec<String>,
    pub roles: ModelRoles,
    pub time: Option<Vec<i64>>,
    pub group: Option<Vec<u32>>,
    /// Columns that are identifiers by their values.
    pub identifiers: Vec<String>,
    /// The columns that tell rows apart: identifiers and time, or without any all features.
    pub identity: Vec<String>,
    /// Who each row is, by these columns.
    pub keys: Vec<u64>,
    /// By what rows are dealt to the splits: who they are, or who their group is.
    pub dealt_by: Vec<u64>,
    pub rows_read: u64,
    /// What was read, where it is a table in a database.
    pub copy: Option<RowsCopy>,
    pub warnings: Vec<String>,
}

impl TrainTable {
    /// Returns the checksum of what was read: the data's, or their copy's.
    pub(super) fn data_sha256(&self, request: &TrainRequest) -> Result<String> {
        match &self.copy {
            Some(copy) => store::reader_sha256(copy.bytes()?, Path::new("the copy of the data")),
            None => store::data_sha256(&request.data),
        }
    }
}

impl TrainTable {
    /// Keeps these rows alone.
    pub(super) fn keep(&mut self, rows: &[u32]) {
        fn of<T: Copy>(all: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|&row| all[row as usize]).collect()
        }
        self.frame = self.frame.select(rows);
        self.labels = of(&self.labels, rows);
        self.time = self.time.as_ref().map(|time| of(time, rows));
        self.group = self.group.as_ref().map(|group| of(group, rows));
        self.keys = of(&self.keys, rows);
        self.dealt_by = of(&self.dealt_by, rows);
    }
}

/// Opens the data, or their copy.
pub(super) fn open(request: &TrainRequest, copy: Option<&RowsCopy>) -> Result<DataSet> {
    let options = request.reading.read_options();
    match copy {
        Some(copy) => copy.open(options),
        None => DataSet::open(&request.data, options),
    }
}

/// Reads the table and finds its roles.
pub(super) fn read(request: &TrainRequest, console: &Console<'_>) -> Result<TrainTable> {
    let reading = &request.reading;
    let kept = |name: &str| !reading.columns.exclude.iter().any(|column| column == name);
    let copy = RowsCopy::of_database(&request.data, kept, console.progress())?;
    let data = open(request, copy.as_ref())?;
    let columns = data.columns().to_vec();
    let excluded = reading.roles_in(&data, reading.roles()).exclude;
    check_columns(request, &columns, &excluded)?;
    let has = |name: &&String| columns.contains(name);
    let label = label_of(request, &data, copy.as_ref(), console)?;
    let time = match request.time.as_deref() {
        Some("none") => None,
        Some(time) => Some(time.to_owned()),
        None => reading.columns.date.iter().find(has).cloned(),
    };
    let id: Vec<String> = reading.columns.id.iter().filter(has).cloned().collect();
    let mut warnings = Vec::new();
    let wanted = wanted(request, &data, &excluded, &label, &mut warnings);
    console
        .progress()
        .stage(&format!("reading {}", data.name()), data.bytes());
    let name = data.name().to_owned();
    let read = Frame::read(data, &wanted, console.progress());
    console.progress().finish();
    let (frame, summary, read) = read?;
    for (read, column) in read.iter().zip(&frame.names) {
        warnings.extend(read.warnings(column, frame.rows));
    }
    warnings.extend(header_rows(&summary));
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
            || reading.columns.date.contains(name) && !request.include.contains(name)
            || time.as_ref() == Some(name)
            || request.group.as_ref() == Some(name)
    };
    let Chosen {
        features,
        identifiers,
        likely,
    } = chosen(request, &frame, &labels, not_a_feature, &mut warnings);
    if features.is_empty() {
        return Err(nothing_to_learn_from(name));
    }
    // Where no identifier is known by its name, those found are kept beside the scores.
    let named = |name: &&String| named_like_an_id(name) && !likely.contains(name);
    let found: Vec<String> = identifiers.iter().filter(named).cloned().collect();
    let named_id = id;
    let id = if named_id.is_empty() {
        found.clone()
    } else {
        named_id.clone()
    };
    let times = time
        .as_ref()
        .and_then(|time| Some((frame.column(time)?, time)))
        .map(|(column, time)| times_of(column, time))
        .transpose()?;
    let named_group = grouped(&frame, request.group.as_ref(), &named_id);
    let group = match named_group.is_none() && request.group.is_none() {
        true => [&found, &likely]
            .into_iter()
            .find_map(|columns| found_group(&frame, columns, time.is_some(), &mut warnings)),
        false => named_group,
    };
    if group.is_none() {
        warnings.extend(leakage::warning(&frame, &features, &labels));
    }
    let (group, groups) = group.unzip();
    let Identity {
        columns: identity,
        keys,
        dealt_by,
    } = identify(&frame, (&id, time.as_ref()), &features, group.as_ref());
    Ok(TrainTable {
        features,
        roles: ModelRoles {
            label,
            positive,
            id,
            time,
            group,
        },
        time: times,
        group: groups,
        identifiers,
        identity,
        keys,
        dealt_by,
        rows_read: summary.rows,
        copy,
        labels,
        frame,
        warnings,
    })
}

/// Finds the label, and says so where only its name tells.
fn label_of(
    request: &TrainRequest,
    data: &DataSet,
    copy: Option<&RowsCopy>,
    console: &Console<'_>,
) -> Result<String> {
    let reading = &request.reading;
    let again = || open(request, copy);
    let label = train_label::find(
        request,
        data.columns(),
        data.name(),
        again,
        console.progress(),
    )?;
    if !reading.columns.label.contains(&label) && reading.label.is_none() {
        let said = format!("learning from \"{label}\", which has the name of a label (--label)");
        console.messages().info(&said);
    }
    Ok(label)
}

/// Returns the columns to read.
fn wanted(
    request: &TrainRequest,
    data: &DataSet,
    excluded: &[String],
    label: &str,
    warnings: &mut Vec<String>,
) -> Vec<WantedColumn> {
    let reading = &request.reading;
    let columns = &reading.columns;
    let lists = not_learned(request, data, excluded, warnings);
    let unwanted = |name: &String| {
        let is_score = columns.score.contains(name) || reading.score.as_ref() == Some(name);
        excluded.contains(name) || is_score || lists.contains(name)
    };
    data.columns()
        .iter()
        .filter(|name| !unwanted(name))
        .map(|name| WantedColumn {
            name: name.clone(),
            categorical: columns.categorical.contains(name) || *name == label,
        })
        .collect()
}

/// What the columns are for.
#[derive(Default)]
struct Chosen {
    features: Vec<String>,
    identifiers: Vec<String>,
    /// Those of them whose name does not say whose they are.
    likely: Vec<String>,
}

/// Chooses the columns to learn from.
fn chosen(
    request: &TrainRequest,
    frame: &Frame,
    labels: &[bool],
    not_a_feature: impl Fn(&String) -> bool,
    warnings: &mut Vec<String>,
) -> Chosen {
    let mut chosen = Chosen::default();
    for (name, column) in frame.names.iter().zip(&frame.columns) {
        if not_a_feature(name) {
            continue;
        }
        match unfit(name, column, labels) {
            Some(Unfit::Identifier(_) | Unfit::GroupKey { .. } | Unfit::Date(_))
                if request.include.contains(name) => {}
            Some(Unfit::Date(warning)) => {
                warnings.push(warning);
                continue;
            }
            Some(Unfit::Identifier(warning)) => {
                warnings.push(warning);
                chosen.identifiers.push(name.clone());
                continue;
            }
            Some(Unfit::GroupKey { said, is_named }) => {
                warnings.push(said);
                chosen.identifiers.push(name.clone());
                if !is_named {
                    chosen.likely.push(name.clone());
                }
                continue;
            }
            Some(Unfit::Useless(warning)) => {
                warnings.push(warning);
                continue;
            }
            None if is_other_label(name, column) && !request.include.contains(name) => {
                warnings.push(format!(
                    "\"{name}\" has the name of a label, it is left out (--include {name} takes it \
                     in)"
                ));
                continue;
            }
            None if looks_numbered(column) && !request.include.contains(name) => {
                warnings.push(format!(
                    "\"{name}\" is another whole number in every row: if it is an identifier, \
                     leave it out with --exclude, else say so with --include"
                ));
            }
            None => {}
        }
        chosen.features.push(name.clone());
    }
    chosen
}

fn nothing_to_learn_from(name: String) -> Error {
    Error::bad_input("no column is left to learn from")
        .at(Place {
            file: name,
            ..Place::default()
        })
        .hint("are all columns identifiers, dates or constant?")
}

/// What tells rows apart, and what deals them into train, validation and test.
struct Identity {
    columns: Vec<String>,
    keys: Vec<u64>,
    dealt_by: Vec<u64>,
}

fn identify(
    frame: &Frame,
    (id, time): (&[String], Option<&String>),
    features: &[String],
    group: Option<&String>,
) -> Identity {
    let mut columns: Vec<String> = id.iter().chain(time).cloned().collect();
    if id.is_empty() {
        columns = features.to_vec();
    }
    let keys_by = |columns: &[String]| row_keys(frame, columns).unwrap_or_default();
    let keys = keys_by(&columns);
    let dealt_by = group.map_or_else(
        || keys.clone(),
        |group| keys_by(std::slice::from_ref(group)),
    );
    Identity {
        columns,
        keys,
        dealt_by,
    }
}

/// Says that the header is among the rows.
fn header_rows(summary: &Summary) -> Option<String> {
    let headers = HeaderRows {
        count: summary.header_rows,
        first: summary.first_header_row.clone(),
    };
    let said = headers.in_words()?;
    Some(format!("the data has {said}"))
}

/// Returns the columns without a single value a row that nobody named: they are left out, and the
/// report says so.
fn not_learned(
    request: &TrainRequest,
    data: &DataSet,
    excluded: &[String],
    warnings: &mut Vec<String>,
) -> Vec<String> {
    let mut left_out = Vec::new();
    for (name, holds) in data.uncountable() {
        if !excluded.contains(name) && !request.include.contains(name) {
            warnings.push(format!("\"{name}\" is left out: it holds {holds}"));
            left_out.push(name.clone());
        }
    }
    left_out
}

/// Checks that the columns that the user names are there: a mistyped name must not pass in
/// silence.
fn check_columns(request: &TrainRequest, columns: &[String], excluded: &[String]) -> Result<()> {
    let named = &request.reading.columns;
    check_names("--exclude", excluded, columns, &[])?;
    check_names("--categorical", &named.categorical, columns, &[])?;
    check_names("--include", &request.include, columns, &[])?;
    check_names("--id", &request.reading.roles().id, columns, &[])?;
    let time = request.time.iter().filter(|time| *time != "none");
    check_names("--time", time, columns, &[])?;
    check_names("--group", &request.group, columns, &[])
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

/// Whether a column may be the label in other words: `Churn Value` beside `Churn Label`.
fn is_other_label(name: &str, column: &Column) -> bool {
    let few = match column {
        Column::Categories { levels, .. } => levels.len() <= 2,
        Column::Numbers(numbers) => {
            let mut numbers = numbers.iter().filter(|number| !number.is_nan());
            let first = numbers.next();
            let other = numbers.find(|number| Some(*number) != first);
            numbers.all(|number| Some(number) == first || Some(number) == other)
        }
    };
    few && named_like_a_label(name)
}

/// Whether a column has another whole number in every row, though nothing else says that it is an
/// identifier.
fn looks_numbered(column: &Column) -> bool {
    matches!(column, Column::Numbers(numbers) if all_another_whole(numbers))
}

/// Returns the column whose rows belong together, with a number for every row that is the same
/// where the column's value is: the one that the user names, else the first identifier with a
/// value that is there more than once. A request's number may stand before that of the customer;
/// only columns that are named like identifiers are looked at behind the first.
fn grouped(frame: &Frame, named: Option<&String>, id: &[String]) -> Option<(String, Vec<u32>)> {
    let others = id.iter().skip(1).filter(|name| named_like_an_id(name));
    let candidates: Vec<&String> = match named {
        Some(name) => vec![name],
        None => id.first().into_iter().chain(others).collect(),
    };
    candidates.into_iter().find_map(|name| {
        let codes = codes(frame.column(name)?);
        let (distinct, present) = counted(&codes);
        (distinct < present).then(|| (name.clone(), codes))
    })
}

/// Fewest groups that are worth dealing by a found column: fewer leave test with a handful.
const FEWEST_GROUPS: usize = 50;

/// Returns the column whose rows belong together where nobody named one: of the identifiers that
/// were found and repeat, the one with the fewest values, since the rows of a household are those of
/// its members, too; and says so.
fn found_group(
    frame: &Frame,
    found: &[String],
    is_by_time: bool,
    warnings: &mut Vec<String>,
) -> Option<(String, Vec<u32>)> {
    let of_customers = found.iter().filter(|name| !named_like_an_index(name));
    let repeating = of_customers.filter_map(|name| {
        let codes = codes(frame.column(name)?);
        let (distinct, present) = counted(&codes);
        (distinct < present).then_some((name, codes, distinct))
    });
    let (name, codes, distinct) =
        repeating.min_by_key(|(_, _, distinct)| (*distinct < FEWEST_GROUPS, *distinct))?;
    if !is_by_time {
        warnings.push(format!(
            "rows with the same \"{name}\" stay in one split: {distinct} groups (--group names \
             another column)"
        ));
    }
    Some((name.clone(), codes))
}

/// How many values are distinct, and how many there are.
fn counted(codes: &[u32]) -> (usize, usize) {
    let present = codes.iter().filter(|code| **code != MISSING_CODE);
    let distinct: std::collections::HashSet<&u32> = present.clone().collect();
    (distinct.len(), present.count())
}

/// Returns a number for every row that is the same where the column's value is.
fn codes(column: &Column) -> Vec<u32> {
    match column {
        Column::Categories { codes, .. } => codes.clone(),
        Column::Numbers(numbers) => {
            let mut known = std::collections::HashMap::new();
            let code = |number: &f64| {
                if number.is_nan() {
                    return MISSING_CODE;
                }
                let next = known.len() as u32;
                *known.entry(number.to_bits()).or_insert(next)
            };
            numbers.iter().map(code).collect()
        }
    }
}
