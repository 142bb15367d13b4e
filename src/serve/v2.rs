//! The Open Inference Protocol, V2 over HTTP: inputs as tensors, one a feature.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::api::{Api, json, parse};
use super::faults::{At, Faults, Reason, short};
use super::input::Row;
use super::json::Json;
use super::model::Loaded;
use super::predict::predict;
use super::record::{Ids, keep};
use super::routes::trace_of;
use super::v1::no_such_model;
use crate::http::problem::Problem;
use crate::model::artifact::{Artifact, FeatureKind};

/// Names of the outputs.
const OUTPUTS: [&str; 2] = ["churn_risk", "label"];
/// Datatypes of numbers.
const NUMBERS: [&str; 11] = [
    "FP64", "FP32", "FP16", "INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16",
    "UINT8",
];
const TEXTS: &str = "BYTES";
const HERE: At<'static> = At {
    row: None,
    base: "",
    inside: "",
};

/// `GET /v2`.
pub(super) async fn server() -> Response<Body> {
    let version = env!("CARGO_PKG_VERSION");
    json(&json!({ "name": "churnctl", "version": version, "extensions": [] }))
}

/// `GET /v2/health/live`.
pub(super) async fn live() -> Response<Body> {
    json(&json!({ "live": true }))
}

/// `GET /v2/health/ready`.
pub(super) async fn ready(State(api): State<Arc<Api>>) -> Response<Body> {
    let ready = api.readiness().is_ok();
    let mut response = json(&json!({ "ready": ready }));
    if !ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

/// `GET /v2/models/NAME` and `.../versions/VERSION`.
pub(super) async fn model(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let model = match named(&api, request.uri().path()) {
        Ok(model) => model,
        Err(problem) => return with_error(problem),
    };
    let input = |feature: &crate::model::artifact::Feature| {
        let datatype = match feature.kind {
            FeatureKind::Number { .. } => "FP64",
            FeatureKind::Category { .. } => TEXTS,
        };
        json!({ "name": feature.name, "datatype": datatype, "shape": [-1] })
    };
    json(&json!({
        "name": model.name,
        "versions": [model.version],
        "platform": "churnctl",
        "inputs": model.features().iter().map(input).collect::<Vec<Value>>(),
        "outputs": [
            { "name": OUTPUTS[0], "datatype": "FP64", "shape": [-1] },
            { "name": OUTPUTS[1], "datatype": TEXTS, "shape": [-1] },
        ],
    }))
}

/// `GET /v2/models/NAME/ready` and `.../versions/VERSION/ready`.
pub(super) async fn model_ready(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    match named(&api, request.uri().path()) {
        Ok(model) => {
            let ready = api.readiness().is_ok();
            json(&json!({ "name": model.name, "ready": ready }))
        }
        Err(problem) => with_error(problem),
    }
}

/// `POST /v2/models/NAME/infer` and `.../versions/VERSION/infer`.
pub(super) async fn infer(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    score(&api, request).await.unwrap_or_else(with_error)
}

/// The protocol's own form of an error, beside ours.
fn with_error(problem: Problem) -> Response<Body> {
    let error = problem.detail.clone();
    problem.with("error", error).into_response()
}

/// Returns the model that the path names, and its version if it names one.
fn named(api: &Api, path: &str) -> Result<Arc<Loaded>, Problem> {
    let mut parts = path.trim_start_matches("/v2/models/").split('/');
    let name = parts.next().unwrap_or_default();
    let version = match parts.next() {
        Some("versions") => parts.next(),
        _ => None,
    };
    let model = api.model().filter(|model| model.name == name);
    let model = model.ok_or_else(|| no_such_model(name))?;
    match version.filter(|version| *version != model.version) {
        None => Ok(model),
        Some(version) => {
            let (name, version) = (&model.name, short(version));
            let detail = format!("Model \"{name}\" has no version \"{version}\" at work.");
            Err(Problem::new(
                StatusCode::NOT_FOUND,
                "no_such_version",
                detail,
            ))
        }
    }
}

async fn score(api: &Arc<Api>, request: Request) -> Result<Response<Body>, Problem> {
    let _place = api.enter()?;
    api.ready_model()?;
    let model = named(api, request.uri().path())?;
    let trace = trace_of(&request);
    let bytes = api.json_body(request).await?;
    let (response, rows) = {
        let parsed = parse(&bytes)?;
        let mut faults = Faults::default();
        let request = Inference::read(&parsed, &mut faults);
        let columns = request.columns(api, &model, &mut faults);
        let rows = columns.rows(api, &model, &mut faults);
        if !faults.is_empty() {
            return Err(api.refuse(&faults));
        }
        let ids = Ids {
            user_id: String::new(),
            snapshot_date: "",
            request_id: trace.id(),
        };
        let (mut scores, mut labels, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let prediction = predict(&model, row).map_err(|error| api.no_probability(error))?;
            scores.push(prediction.score);
            labels.push(api.class(prediction.churned));
            keep(api, &model, row, prediction, &ids, &mut kept);
        }
        let shape = [rows.len()];
        let outputs = [
            json!({ "name": OUTPUTS[0], "datatype": "FP64", "shape": shape, "data": scores }),
            json!({ "name": OUTPUTS[1], "datatype": TEXTS, "shape": shape, "data": labels }),
        ];
        let wanted = |output: &Value| {
            let name = output["name"].as_str().unwrap_or_default();
            request
                .outputs
                .as_ref()
                .is_none_or(|names| names.iter().any(|wanted| wanted == name))
        };
        let mut answer = json!({
            "model_name": model.name,
            "model_version": model.version,
            "outputs": outputs.into_iter().filter(wanted).collect::<Vec<Value>>(),
        });
        if let (Some(id), Some(members)) = (&request.id, answer.as_object_mut()) {
            members.insert("id".to_owned(), id.as_ref().into());
        }
        (json(&answer), kept)
    };
    api.keep(&model, rows).await?;
    Ok(response)
}

/// A request, taken apart.
#[derive(Default)]
struct Inference<'a> {
    id: Option<Cow<'a, str>>,
    inputs: &'a [Json<'a>],
    outputs: Option<Vec<Cow<'a, str>>>,
}

type Members<'a> = [(Cow<'a, str>, Json<'a>)];

fn member<'a>(members: &'a Members<'a>, name: &str) -> Option<&'a Json<'a>> {
    members
        .iter()
        .find(|(own, _)| own == name)
        .map(|(_, value)| value)
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
        if name == "parameters" && !matches!(value, Json::Object(_)) {
            let detail = "\"parameters\" is an object.".to_owned();
            faults.add(Reason::BadMember, at, name, detail);
        }
    }
}

impl<'a> Inference<'a> {
    fn read(json: &'a Json<'a>, faults: &mut Faults) -> Self {
        let mut request = Self::default();
        let Json::Object(members) = json else {
            let detail = format!("A request is an object, not {}.", json.kind());
            faults.add(Reason::WrongType, HERE, "", detail);
            return request;
        };
        check_names(
            members,
            &["id", "parameters", "inputs", "outputs"],
            HERE,
            faults,
        );
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
    fn columns(&self, api: &Api, model: &Loaded, faults: &mut Faults) -> Columns<'a> {
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
    if datatype != TEXTS && !NUMBERS.contains(&datatype) {
        let detail = format!("A tensor has a \"datatype\": FP64, INT64, {TEXTS} and the like.");
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
        Json::Number(number) => {
            datatype.starts_with("FP")
                || (datatype != TEXTS && number.fract() == 0.0)
                    && (*number >= 0.0 || !datatype.starts_with('U'))
        }
        _ => false,
    };
    if let Some(position) = flat.iter().position(|value| !fits(value)) {
        let kind = flat[position].kind();
        let detail = format!("Value {position} is {kind}, which is no {datatype}.");
        faults.add(Reason::WrongType, at, "data", detail);
        return None;
    }
    Some(flat)
}

/// Values by feature.
struct Columns<'a> {
    by_feature: Vec<Option<Vec<&'a Json<'a>>>>,
    /// As many as each has; none if there is no tensor.
    rows: Option<usize>,
}

impl<'a> Columns<'a> {
    /// Turns columns into rows. A feature without a tensor is missing in all of them.
    fn rows(&self, api: &Api, model: &Loaded, faults: &mut Faults) -> Vec<Row<'a>> {
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
                base: "/inputs/rows",
                inside: "",
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

/// The form of a model's description.
pub(super) fn metadata_schema() -> Value {
    let tensors = json!({ "type": "array", "items": {
        "type": "object",
        "required": ["name", "datatype", "shape"],
        "properties": {
            "name": { "type": "string" },
            "datatype": { "type": "string" },
            "shape": { "type": "array", "items": { "type": "integer" } },
        },
    } });
    json!({
        "type": "object",
        "required": ["name", "versions", "platform", "inputs", "outputs"],
        "properties": {
            "name": { "type": "string" },
            "versions": { "type": "array", "items": { "type": "string" } },
            "platform": { "type": "string" },
            "inputs": tensors,
            "outputs": tensors,
        },
    })
}

/// The form of a request. What a tensor must hold beyond that depends on the feature it names.
pub(super) fn request_schema(artifact: &Artifact) -> Value {
    let names: Vec<&String> = artifact
        .body
        .features
        .iter()
        .map(|feature| &feature.name)
        .collect();
    let datatypes: Vec<&str> = NUMBERS.iter().copied().chain([TEXTS]).collect();
    json!({
        "type": "object",
        "required": ["inputs"],
        "additionalProperties": false,
        "properties": {
            "id": { "type": "string" },
            "parameters": { "type": "object" },
            "inputs": { "type": "array", "minItems": 1, "items": {
                "type": "object",
                "required": ["name", "shape", "datatype", "data"],
                "additionalProperties": false,
                "properties": {
                    "name": { "type": "string", "enum": names },
                    "shape": {
                        "type": "array",
                        "items": { "type": "integer", "minimum": 1 },
                        "minItems": 1,
                        "maxItems": 2,
                    },
                    "datatype": { "type": "string", "enum": datatypes },
                    "parameters": { "type": "object" },
                    "data": { "type": "array" },
                },
            } },
            "outputs": { "type": "array", "items": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": { "type": "string", "enum": OUTPUTS },
                    "parameters": { "type": "object" },
                },
            } },
        },
    })
}

/// The form of an answer.
pub(super) fn response_schema() -> Value {
    json!({
        "type": "object",
        "required": ["model_name", "model_version", "outputs"],
        "properties": {
            "model_name": { "type": "string" },
            "model_version": { "type": "string" },
            "id": { "type": "string" },
            "outputs": { "type": "array", "items": {
                "type": "object",
                "required": ["name", "datatype", "shape", "data"],
                "properties": {
                    "name": { "type": "string" },
                    "datatype": { "type": "string" },
                    "shape": { "type": "array", "items": { "type": "integer" } },
                    "data": { "type": "array" },
                },
            } },
        },
    })
}

/// A request that scores: the first example of the model.
pub(super) fn example(artifact: &Artifact) -> Value {
    let values = artifact
        .body
        .examples
        .first()
        .map(|example| &example.values);
    let tensor = |feature: &crate::model::artifact::Feature| {
        let text = values?.get(&feature.name)?;
        let (datatype, value) = match feature.kind {
            FeatureKind::Number { .. } => ("FP64", json!(text.trim().parse::<f64>().ok()?)),
            FeatureKind::Category { .. } => (TEXTS, json!(text)),
        };
        Some(json!({ "name": feature.name, "shape": [1], "datatype": datatype, "data": [value] }))
    };
    let inputs: Vec<Value> = artifact.body.features.iter().filter_map(tensor).collect();
    json!({ "inputs": inputs })
}
