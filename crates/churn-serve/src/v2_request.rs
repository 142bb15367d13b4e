//! A request of the Open Inference Protocol: tensors by feature, checked, turned into rows.

use std::borrow::Cow;

use super::api::Api;
use super::faults::{At, Faults, Reason, short};
use super::input::Row;
use super::json::Json;
use super::model::Loaded;
use super::v2_types::{NUMBERS, OUTPUTS, TEXTS, TRUTH};

pub(super) const HERE: At<'static> = At {
    row: None,
    base: "",
    inside: "",
};

/// The rows that the tensors make.
pub(super) const ROWS: At<'static> = At {
    row: None,
    base: "/inputs/rows",
    inside: "",
};

/// A request, taken apart.
#[derive(Default)]
pub(super) struct Inference<'a> {
    pub(super) id: Option<Cow<'a, str>>,
    inputs: &'a [Json<'a>],
    pub(super) outputs: Option<Vec<Cow<'a, str>>>,
}

type Members<'a> = [(Cow<'a, str>, Json<'a>)];

/// Returns a member; null is what clients write for one that they have no value for.
pub(super) fn member<'m, 'a>(members: &'m Members<'a>, name: &str) -> Option<&'m Json<'a>> {
    members
        .iter()
        .find(|(own, _)| own == name)
        .map(|(_, value)| value)
        .filter(|value| !matches!(value, Json::Null))
}

/// Names members that nobody knows, and those that are there twice.
fn check_names(members: &Members<'_>, known: &[&str], at: At<'_>, faults: &mut Faults) {
    for (position, (name, value)) in members.iter().enumerate() {
        if !known.contains(&name.as_ref()) {
            let known = known.iter().copied();
            faults.add_unknown(Reason::UnknownMember, at, name, known);
        } else if members[..position].iter().any(|(before, _)| before == name) {
            let detail = format!("\"{}\" is there twice.", short(name));
            faults.add(Reason::Duplicate, at, name, detail);
        }
        // Ours are none, so what they hold does not matter.
        if name == "parameters" && !matches!(value, Json::Object(_) | Json::Null) {
            let detail = "\"parameters\" is an object.".to_owned();
            faults.add(Reason::BadMember, at, name, detail);
        }
    }
}

impl<'a> Inference<'a> {
    pub(super) fn read(json: &'a Json<'a>, faults: &mut Faults) -> Self {
        let mut request = Self::default();
        let Json::Object(members) = json else {
            let detail = format!("A request is an object, not {}.", json.kind());
            faults.add(Reason::WrongType, HERE, "", detail);
            return request;
        };
        // The path says which model it is; KServe's client repeats it.
        let known = [
            "id",
            "parameters",
            "inputs",
            "outputs",
            "model_name",
            "model_version",
        ];
        check_names(members, &known, HERE, faults);
        match member(members, "id") {
            None => {}
            Some(Json::Text(id)) => request.id = Some(id.clone()),
            Some(_) => faults.add(Reason::BadMember, HERE, "id", "\"id\" is a text.".into()),
        }
        match member(members, "inputs") {
            Some(Json::Array(inputs)) => request.inputs = inputs,
            Some(_) => {
                let detail = "\"inputs\" is an array of tensors.".to_owned();
                faults.add(Reason::BadMember, HERE, "inputs", detail);
            }
            None => {
                let detail = "\"inputs\" is required.".to_owned();
                faults.add(Reason::MissingMember, HERE, "inputs", detail);
            }
        }
        match member(members, "outputs") {
            None => {}
            Some(Json::Array(outputs)) => request.outputs = Some(outputs_of(outputs, faults)),
            Some(_) => {
                let detail = "\"outputs\" is an array of names.".to_owned();
                faults.add(Reason::BadMember, HERE, "outputs", detail);
            }
        }
        request
    }

    /// Returns the values of each input by the features' order.
    pub(super) fn columns(&self, api: &Api, model: &Loaded, faults: &mut Faults) -> Columns<'a> {
        let mut columns = Columns {
            by_feature: vec![None; model.features().len()],
            rows: None,
        };
        for (position, input) in self.inputs.iter().enumerate() {
            let at = At {
                row: Some(position),
                base: "/inputs",
                inside: "",
            };
            let Json::Object(members) = input else {
                let detail = format!("A tensor is an object, not {}.", input.kind());
                faults.add(Reason::WrongType, at, "", detail);
                continue;
            };
            check_names(
                members,
                &["name", "shape", "datatype", "parameters", "data"],
                at,
                faults,
            );
            let Some(Json::Text(name)) = member(members, "name") else {
                let detail = "A tensor has a \"name\", the feature's.".to_owned();
                faults.add(Reason::MissingMember, at, "name", detail);
                continue;
            };
            let Some(feature) = model.position(name, position) else {
                let known = model.features().iter().map(|feature| feature.name.as_str());
                faults.add_unknown(Reason::UnknownFeature, at, name, known);
                continue;
            };
            if columns.by_feature[feature].is_some() {
                let detail = format!("\"{}\" is there twice.", short(name));
                faults.add(Reason::Duplicate, at, name, detail);
                continue;
            }
            let Some(data) = tensor(members, at, faults) else {
                continue;
            };
            match columns.rows {
                None => columns.rows = Some(data.len()),
                Some(rows) if rows != data.len() => {
                    let found = data.len();
                    let detail = format!("It has {found} values, the first tensor {rows}.");
                    faults.add(Reason::BadMember, at, "shape", detail);
                    continue;
                }
                Some(_) => {}
            }
            columns.by_feature[feature] = Some(data);
        }
        let most = api.options.batch_rows;
        if columns.rows.is_some_and(|rows| rows > most) {
            let detail = format!("A batch has at most {most} rows.");
            faults.add(Reason::TooManyRows, HERE, "inputs", detail);
            columns.rows = None;
        }
        columns
    }
}

/// Names of the outputs asked for.
fn outputs_of<'a>(outputs: &'a [Json<'a>], faults: &mut Faults) -> Vec<Cow<'a, str>> {
    let mut names = Vec::new();
    for (position, output) in outputs.iter().enumerate() {
        let at = At {
            row: Some(position),
            base: "/outputs",
            inside: "",
        };
        let name = match output {
            Json::Object(members) => {
                check_names(members, &["name", "parameters"], at, faults);
                member(members, "name")
            }
            _ => None,
        };
        match name {
            Some(Json::Text(name)) if OUTPUTS.contains(&name.as_ref()) => names.push(name.clone()),
            _ => {
                let detail = format!("An output is {} or {}.", OUTPUTS[0], OUTPUTS[1]);
                faults.add(Reason::BadMember, at, "name", detail);
            }
        }
    }
    names
}

/// Returns the values of a tensor of one dimension, or of two of which the second is 1.
fn tensor<'a>(
    members: &'a Members<'a>,
    at: At<'_>,
    faults: &mut Faults,
) -> Option<Vec<&'a Json<'a>>> {
    let datatype = match member(members, "datatype") {
        Some(Json::Text(datatype)) => datatype.as_ref(),
        _ => "",
    };
    if ![TEXTS, TRUTH].contains(&datatype) && !NUMBERS.contains(&datatype) {
        let detail = format!(
            "A tensor has a \"datatype\": {}, {TRUTH} or {TEXTS}.",
            NUMBERS.join(", ")
        );
        faults.add(Reason::BadMember, at, "datatype", detail);
        return None;
    }
    let rows = match member(members, "shape") {
        Some(Json::Array(shape)) => match shape.as_slice() {
            [Json::Number(rows)] => Some(*rows),
            [Json::Number(rows), Json::Number(1.0)] => Some(*rows),
            _ => None,
        },
        _ => None,
    };
    let Some(rows) = rows.filter(|rows| *rows >= 1.0 && rows.fract() == 0.0) else {
        let detail =
            "A tensor has a \"shape\" of [rows] or [rows, 1], of one row or more.".to_owned();
        faults.add(Reason::BadMember, at, "shape", detail);
        return None;
    };
    let Some(Json::Array(data)) = member(members, "data") else {
        let detail = "A tensor has its values as an array in \"data\".".to_owned();
        faults.add(Reason::MissingMember, at, "data", detail);
        return None;
    };
    // Nested as the shape says, or flat: the protocol allows both.
    let flat: Vec<&Json<'_>> = data
        .iter()
        .map(|value| match value {
            Json::Array(one) if one.len() == 1 => &one[0],
            other => other,
        })
        .collect();
    if flat.len() as f64 != rows {
        let detail = format!("The shape says {rows} values, there are {}.", flat.len());
        faults.add(Reason::BadMember, at, "data", detail);
        return None;
    }
    let fits = |value: &&Json<'_>| match value {
        Json::Null => true,
        Json::Text(_) => datatype == TEXTS,
        Json::Bool(_) => datatype == TRUTH,
        Json::Number(number) => {
            datatype.starts_with("FP")
                || (datatype.contains("INT") && number.fract() == 0.0)
                    && (*number >= 0.0 || !datatype.starts_with('U'))
        }
        _ => false,
    };
    if let Some(position) = flat.iter().position(|value| !fits(value)) {
        let kind = flat[position].kind();
        let detail = format!("Value {position} is {kind}, which is not a {datatype}.");
        faults.add(Reason::WrongType, at, "data", detail);
        return None;
    }
    Some(flat)
}

/// Values by feature.
pub(super) struct Columns<'a> {
    by_feature: Vec<Option<Vec<&'a Json<'a>>>>,
    /// As many as each has; none if there is no tensor.
    rows: Option<usize>,
}

impl<'a> Columns<'a> {
    /// Turns columns into rows. A feature without a tensor is missing in all of them.
    pub(super) fn rows(&self, api: &Api, model: &Loaded, faults: &mut Faults) -> Vec<Row<'a>> {
        // Where tensors are at fault, their rows would only repeat it.
        if !faults.is_empty() {
            return Vec::new();
        }
        let Some(rows) = self.rows else {
            let detail = "There is no tensor among the inputs.".to_owned();
            faults.add(Reason::BadMember, HERE, "inputs", detail);
            return Vec::new();
        };
        let rules = api.rules(model);
        let row = |row: usize| {
            let at = At {
                row: Some(row),
                ..ROWS
            };
            let values = self.by_feature.iter();
            let values = values
                .map(|data| data.as_ref().map(|data| data[row]))
                .collect();
            rules.values(values, at, faults)
        };
        (0..rows).filter_map(row).collect()
    }
}
