//! Which routes there are, what each may answer, and the small ones themselves.

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

use super::api::{Api, answer, json, parse};
use super::faults::Faults;
use super::meters::Reload;
use super::options::PageFacts;
use super::record::{self, Place};
use super::trace::Trace;
use super::{batch, openapi, sagemaker, v1, v2};

/// A route: what it is counted by.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// What it may answer.
    pub(super) statuses: &'static [StatusCode],
}

const fn route(method: &'static str, path: &'static str, statuses: &'static [StatusCode]) -> Route {
    Route {
        method,
        path,
        statuses,
    }
}

const OK: &[StatusCode] = &[StatusCode::OK];
const READY: &[StatusCode] = &[StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE];
const SEEN: &[StatusCode] = &[StatusCode::OK, StatusCode::UNAUTHORIZED];
const NAMED: &[StatusCode] = &[
    StatusCode::OK,
    StatusCode::UNAUTHORIZED,
    StatusCode::NOT_FOUND,
];
const SCORED: &[StatusCode] = &[
    StatusCode::OK,
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];
const SCORED_BY_NAME: &[StatusCode] = &[
    StatusCode::OK,
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::NOT_FOUND,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];
const RELOADED: &[StatusCode] = &[
    StatusCode::OK,
    StatusCode::UNAUTHORIZED,
    StatusCode::UNPROCESSABLE_ENTITY,
];

/// Every route.
pub(super) static ROUTES: &[Route] = &[
    route("GET", "/", SEEN),
    route("GET", "/openapi.json", SEEN),
    route("GET", "/counters", SEEN),
    route("POST", "/predict", SCORED),
    route("POST", "/predict/batch", SCORED),
    route("GET", "/live", OK),
    route("GET", "/ready", READY),
    route("GET", "/health", READY),
    route("GET", "/ping", READY),
    route("POST", sagemaker::INVOCATIONS, SCORED),
    route("GET", "/metrics", OK),
    route("POST", "/admin/reload", RELOADED),
    route("GET", "/v1/models", SEEN),
    route("GET", "/v1/models/{model}", NAMED),
    route("POST", v1::PREDICT, SCORED_BY_NAME),
    route("POST", v1::EXPLAIN, SCORED_BY_NAME),
    route("GET", "/v2", SEEN),
    route("GET", "/v2/health/live", OK),
    route("GET", "/v2/health/ready", READY),
    route("GET", "/v2/models/{model}", NAMED),
    route("GET", "/v2/models/{model}/ready", NAMED),
    route("POST", "/v2/models/{model}/infer", SCORED_BY_NAME),
    route("GET", "/v2/models/{model}/versions/{version}", NAMED),
    route("GET", "/v2/models/{model}/versions/{version}/ready", NAMED),
    route(
        "POST",
        "/v2/models/{model}/versions/{version}/infer",
        SCORED_BY_NAME,
    ),
];

/// Everything that tells of the model or uses it.
pub(super) fn scoring(api: &Arc<Api>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/openapi.json", get(openapi_document))
        .route("/counters", get(counters))
        .route("/predict", post(predict))
        .route("/predict/batch", post(batch::predict))
        .route(sagemaker::INVOCATIONS, post(sagemaker::invoke))
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

/// Most contributions that can be asked for by number.
pub(super) const MOST_EXPLAINED: usize = 1000;

/// Reads `?explain=true` or `?explain=K`.
pub(super) fn asked_to_explain(request: &Request) -> Result<usize, Problem> {
    let query = request.uri().query().unwrap_or_default();
    let asked = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("explain="));
    match asked {
        None | Some("false") => Ok(0),
        Some("true") => Ok(usize::MAX),
        Some(most) => match most.parse() {
            Ok(most) if most <= MOST_EXPLAINED => Ok(most),
            _ => {
                let detail = format!(
                    "The parameter explain is true, or how many contributions to list, up to {MOST_EXPLAINED}."
                );
                Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid_input",
                    detail,
                ))
            }
        },
    }
}

/// Returns the name that the request was given.
pub(super) fn trace_of(request: &Request) -> Trace {
    let given = request.extensions().get::<Trace>().cloned();
    given.unwrap_or_else(|| Trace::of(request.headers()))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_route_is_there_once() {
        let names: BTreeSet<_> = ROUTES
            .iter()
            .map(|route| (route.method, route.path))
            .collect();
        assert_eq!(names.len(), ROUTES.len());
    }
}
