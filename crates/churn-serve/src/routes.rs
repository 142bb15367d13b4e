//! The routes by listener, and the small ones themselves.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use churn_http::problem::Problem;
use churn_metrics::live::TEXT_FORMAT;
use serde_json::json;

use super::api::Api;
use super::faults::Faults;
use super::media::{answer, json, parse};
use super::meters::Reload;
use super::options::PageFacts;
use super::record::{self, Place, asked_to_explain};
use super::route_table::INVOCATIONS;
use super::trace::trace_of;
use super::{batch, openapi, sagemaker, v1, v2};

/// Everything that tells of the model or uses it.
pub(super) fn scoring(api: &Arc<Api>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/openapi.json", get(openapi_document))
        .route("/counters", get(counters))
        .route("/predict", post(predict))
        .route("/predict/batch", post(batch::predict))
        .route(INVOCATIONS, post(sagemaker::invoke))
        .route("/v1/models", get(v1::models))
        .route(
            "/v1/models/{model}",
            get(v1::model).post(v1::score).fallback(v1::other),
        )
        .route("/v2", get(v2::server))
        .route("/v2/models/{model}", get(v2::model))
        .route("/v2/models/{model}/ready", get(v2::model_ready))
        .route("/v2/models/{model}/infer", post(v2::infer))
        .route("/v2/models/{model}/versions/{version}", get(v2::model))
        .route(
            "/v2/models/{model}/versions/{version}/ready",
            get(v2::model_ready),
        )
        .route(
            "/v2/models/{model}/versions/{version}/infer",
            post(v2::infer),
        )
        .with_state(Arc::clone(api))
}

/// What tells whether we live and are ready; open to all, as kubelets bear no token.
pub(super) fn probes(api: &Arc<Api>) -> Router {
    Router::new()
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/health", get(ready))
        .route("/ping", get(sagemaker::ping))
        .route("/v2/health/live", get(v2::live))
        .route("/v2/health/ready", get(v2::ready))
        .with_state(Arc::clone(api))
}

/// What Prometheus reads.
pub(super) fn metrics(api: &Arc<Api>) -> Router {
    Router::new()
        .route("/metrics", get(text))
        .with_state(Arc::clone(api))
}

/// What changes the model.
pub(super) fn reload(api: &Arc<Api>) -> Router {
    Router::new()
        .route("/admin/reload", post(reload_now))
        .with_state(Arc::clone(api))
}

async fn predict(State(api): State<Arc<Api>>, request: Request) -> Result<Response<Body>, Problem> {
    let _place = api.enter()?;
    let model = api.ready_model()?;
    let explained = asked_to_explain(&request)?;
    let trace = trace_of(&request);
    let bytes = api.json_body(request).await?;
    let (response, rows) = {
        let parsed = parse(&bytes)?;
        let mut faults = Faults::default();
        let place = Place { row: None };
        let record = record::read(&parsed, api.rules(&model), place, explained, &mut faults);
        let Some(record) = record.filter(|_| faults.is_empty()) else {
            return Err(api.refuse(&faults));
        };
        let mut rows = Vec::new();
        let answer = record::answer(&api, &model, &record, trace.id(), &mut rows)
            .map_err(|error| api.no_probability(error))?;
        (json(&answer), rows)
    };
    api.keep(&model, rows).await?;
    Ok(response)
}

async fn live() -> Response<Body> {
    json(&json!({ "status": "live" }))
}

async fn ready(State(api): State<Arc<Api>>) -> Response<Body> {
    match api.readiness() {
        Ok(model) => json(&json!({
            "status": "ready",
            "model": model.name,
            "model_version": model.version,
            "model_path": model.path,
        })),
        Err(problem) => problem.into_response(),
    }
}

async fn text(State(api): State<Arc<Api>>) -> Response<Body> {
    match api.meters.text(api.events.lost()) {
        Ok(text) => answer(TEXT_FORMAT, text),
        Err(_) => Problem::bug().into_response(),
    }
}

async fn reload_now(State(api): State<Arc<Api>>) -> Response<Body> {
    let Some(outcome) = api.reload_and_wait().await else {
        return Problem::bug().into_response();
    };
    let model = api.model();
    let model = model.as_deref();
    match outcome.result {
        Reload::Loaded | Reload::Unchanged => json(&json!({
            "result": outcome.result.as_str(),
            "model": model.map(|model| &model.name),
            "model_version": model.map(|model| &model.version),
        })),
        Reload::Refused => {
            let detail = outcome.why.unwrap_or_default();
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "model_refused", detail)
                .with("model_version", model.map(|model| model.version.clone()))
                .into_response()
        }
    }
}

/// What the page shows, for those who have no Prometheus at hand.
async fn counters(State(api): State<Arc<Api>>) -> Response<Body> {
    let [positive, negative] = api.meters.by_class();
    json(&json!({
        "positive": positive,
        "negative": negative,
        "requests_in_flight": api.meters.in_flight.get(),
        "model_version": api.model().map(|model| model.version.clone()),
    }))
}

async fn openapi_document(State(api): State<Arc<Api>>) -> Response<Body> {
    match api.model() {
        Some(model) => answer("application/json", model.openapi.clone()),
        None => json(&openapi::document(None, &api.options)),
    }
}

async fn page(State(api): State<Arc<Api>>) -> Response<Body> {
    let body = match api.model() {
        Some(model) => Ok(Body::from(model.page.clone())),
        None => {
            let facts = PageFacts {
                path: api.options.model.display().to_string(),
                positive: api.options.classes[0].clone(),
                negative: api.options.classes[1].clone(),
            };
            (api.options.page)(None, &facts).map(Body::from)
        }
    };
    let Ok(body) = body else {
        return Problem::bug().into_response();
    };
    let mut response = answer("text/html; charset=utf-8", body);
    let headers = response.headers_mut();
    // The page itself says what it may load; this says who may frame it, which a page cannot.
    let fixed: [(HeaderName, &'static str); 4] = [
        (CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cache-control"), "no-store"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
