//! The Open Inference Protocol, V2 over HTTP: inputs as tensors, one a feature.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use churn_base::percent::decoded;
use churn_http::problem::Problem;
use churn_model::artifact::FeatureKind;
use serde_json::{Value, json};

use super::api::Api;
use super::faults::{Faults, short};
use super::media::{json, parse};
use super::model::Loaded;
use super::predict::predict;
use super::record::{Ids, keep};
use super::trace::trace_of;
use super::unseen;
use super::v1::no_such_model;
use super::v2_binary::{EXTENSION, attach, split};
use super::v2_request::{Inference, ROWS};
use super::v2_types::{OUTPUTS, TEXTS};

/// `GET /v2`.
pub(super) async fn server() -> Response<Body> {
    let version = env!("CARGO_PKG_VERSION");
    json(&json!({ "name": "churnctl", "version": version, "extensions": [EXTENSION] }))
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
    let input = |feature: &churn_model::artifact::Feature| {
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
    let plain = |part| {
        let malformed = |error| Problem::malformed(format!("In the path, {error}."));
        decoded(part).map_err(malformed)
    };
    let name = &*plain(parts.next().unwrap_or_default())?;
    let version = match (parts.next(), parts.next()) {
        (Some("versions"), Some(version)) => Some(plain(version)?),
        _ => None,
    };
    let model = api.model().filter(|model| model.name == name);
    let model = model.ok_or_else(|| no_such_model(name))?;
    match version.filter(|version| **version != *model.version) {
        None => Ok(model),
        Some(version) => {
            let (name, version) = (&model.name, short(&version));
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
    let headers = request.headers().clone();
    let bytes = api.protocol_body(request).await?;
    let (response, rows) = {
        let (text, binary) = split(&headers, &bytes)?;
        let mut parsed = parse(text)?;
        let mut faults = Faults::default();
        attach(&mut parsed, binary, &mut faults);
        if !faults.is_empty() {
            return Err(api.refuse(&faults));
        }
        let request = Inference::read(&parsed, &mut faults);
        let columns = request.columns(api, &model, &mut faults);
        let rows = columns.rows(api, &model, &mut faults);
        unseen::check(&model, rows.iter(), ROWS, &mut faults);
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
