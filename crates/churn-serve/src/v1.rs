//! KServe's V1 protocol, that of TensorFlow Serving: instances in, predictions out.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Response, StatusCode, Uri};
use axum::response::IntoResponse;
use churn_base::percent::decoded;
use churn_http::problem::Problem;
use serde::Serialize;
use serde_json::json;

use super::api::Api;
use super::batch::rows_of;
use super::faults::{At, Faults, Reason, short};
use super::input::Row;
use super::json::Json;
use super::log::Entry;
use super::media::{json, parse};
use super::model::Loaded;
use super::observe::Template;
use super::predict::{Explained, explain, predict};
use super::record::{Ids, keep};
use super::route_table::{EXPLAIN, PREDICT};
use super::trace::trace_of;
use super::unseen;

/// What is answered.
#[derive(Serialize)]
struct Answer<'m> {
    predictions: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanations: Option<Vec<Explained<'m>>>,
}

/// `GET /v1/models`.
pub(super) async fn models(State(api): State<Arc<Api>>) -> Response<Body> {
    let models: Vec<String> = api.model().iter().map(|model| model.name.clone()).collect();
    json(&json!({ "models": models }))
}

/// `GET /v1/models/NAME`.
pub(super) async fn model(
    State(api): State<Arc<Api>>,
    uri: Uri,
) -> Result<Response<Body>, Problem> {
    let name = named(&uri)?;
    if verb(&name).is_some() {
        return Err(not_allowed(&name));
    }
    match api.model() {
        Some(model) if model.name == name => {
            let ready = api.readiness().is_ok();
            Ok(json(&json!({ "name": name, "ready": ready })))
        }
        _ => Err(no_such_model(&name)),
    }
}

/// Any other method.
pub(super) async fn other(uri: Uri) -> Problem {
    named(&uri).map_or_else(|problem| problem, |name| not_allowed(&name))
}

/// Returns what stands for the model in the path, its verb included.
fn named(uri: &Uri) -> Result<String, Problem> {
    let part = uri.path().trim_start_matches("/v1/models/");
    let malformed = |error| Problem::malformed(format!("In the path, {error}."));
    decoded(part).map(Cow::into_owned).map_err(malformed)
}

/// Splits a path into the model's name and the verb's template.
fn verb(path: &str) -> Option<(&str, &'static str)> {
    match path.rsplit_once(':')? {
        (name, "predict") => Some((name, PREDICT)),
        (name, "explain") => Some((name, EXPLAIN)),
        _ => None,
    }
}

/// The router sees one path; a model and its verbs take different methods.
fn not_allowed(path: &str) -> Problem {
    let (allowed, detail) = match verb(path) {
        Some(_) => ("POST", "A verb of a model takes POST."),
        None => (
            "GET,HEAD",
            "A model takes GET, and POST as NAME:predict and NAME:explain.",
        ),
    };
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
        .header(ALLOW, HeaderValue::from_static(allowed))
}

/// `POST /v1/models/NAME:predict` and `:explain`.
pub(super) async fn score(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let path = match named(request.uri()) {
        Ok(path) => path,
        Err(problem) => return problem.into_response(),
    };
    let Some((name, template)) = verb(&path) else {
        return not_allowed(&path).into_response();
    };
    let scored = instances(&api, name, template == EXPLAIN, request).await;
    let mut response = scored.unwrap_or_else(|problem| {
        // The protocol's own form of an error, beside ours.
        let error = problem.detail.clone();
        problem.with("error", error).into_response()
    });
    response.extensions_mut().insert(Template(template));
    response
}

async fn instances(
    api: &Arc<Api>,
    name: &str,
    explained: bool,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let _place = api.enter()?;
    let model = api.ready_model()?;
    if model.name != name {
        return Err(no_such_model(name));
    }
    let trace = trace_of(&request);
    let bytes = api.protocol_body(request).await?;
    let (response, rows) = {
        let parsed = parse(&bytes)?;
        let mut faults = Faults::default();
        let rows = read(api, &model, &parsed, &mut faults);
        let instances = At {
            row: None,
            base: "/instances",
            inside: "",
        };
        unseen::check(&model, rows.iter(), instances, &mut faults);
        if !faults.is_empty() {
            return Err(api.refuse(&faults));
        }
        let mut kept = Vec::new();
        let response = respond(api, &model, &rows, explained, trace.id(), &mut kept)?;
        (response, kept)
    };
    api.keep(&model, rows).await?;
    Ok(response)
}

fn read<'a>(api: &Api, model: &Loaded, json: &'a Json<'a>, faults: &mut Faults) -> Vec<Row<'a>> {
    let here = At {
        row: None,
        base: "",
        inside: "",
    };
    let Json::Object(members) = json else {
        let detail = format!("A request is an object, not {}.", json.kind());
        faults.add(Reason::WrongType, here, "", detail);
        return Vec::new();
    };
    let mut instances = None;
    for (name, value) in members {
        match name.as_ref() {
            "instances" if instances.is_some() => {
                faults.add(
                    Reason::Duplicate,
                    here,
                    name,
                    "\"instances\" is there twice.".into(),
                );
            }
            "instances" => instances = Some(value),
            // Named by TensorFlow Serving; there is but one signature.
            "signature_name" if matches!(value, Json::Text(_) | Json::Null) => {}
            "signature_name" => {
                let detail = "\"signature_name\" is a text.".to_owned();
                faults.add(Reason::BadMember, here, name, detail);
            }
            other => faults.add_unknown(Reason::UnknownMember, here, other, ["instances"]),
        }
    }
    let Some(instances) = instances else {
        let detail = "\"instances\" is required.".to_owned();
        faults.add(Reason::MissingMember, here, "instances", detail);
        return Vec::new();
    };
    let rules = api.rules(model);
    let items = rows_of(api, instances, "/instances", faults);
    items
        .iter()
        .enumerate()
        .filter_map(|(row, item)| {
            let at = At {
                row: Some(row),
                base: "/instances",
                inside: "",
            };
            rules.row(item, at, faults)
        })
        .collect()
}

fn respond(
    api: &Api,
    model: &Arc<Loaded>,
    rows: &[Row<'_>],
    explained: bool,
    request_id: &str,
    kept: &mut Vec<Entry>,
) -> Result<Response<Body>, Problem> {
    let mut answer = Answer {
        predictions: Vec::with_capacity(rows.len()),
        explanations: explained.then(Vec::new),
    };
    let ids = Ids {
        user_id: String::new(),
        snapshot_date: "",
        request_id,
    };
    for row in rows {
        let prediction = predict(model, row).map_err(|error| api.no_probability(error))?;
        answer.predictions.push(prediction.score);
        if let Some(explanations) = &mut answer.explanations {
            let explained = explain(api.rules(model), row, usize::MAX);
            explanations.push(explained.map_err(|error| api.no_probability(error))?);
        }
        keep(api, model, row, prediction, &ids, kept);
    }
    Ok(json(&answer))
}

/// Says that there is no model of this name.
pub(super) fn no_such_model(name: &str) -> Problem {
    let detail = format!("There is no model \"{}\".", short(name));
    Problem::new(StatusCode::NOT_FOUND, "no_such_model", detail)
}
