//! The paths of the webhook, and what each answers. Alertmanager tries again on 5xx and on nothing
//! else, so whatever may pass is a 503, and never a 429.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use churn_base::error::Result;
use churn_http::bearer::Token;
use churn_http::body::whole;
use churn_http::events::Level;
use churn_http::problem::Problem;
use churn_metrics::live::TEXT_FORMAT;
use serde_json::json;

use super::payload::{Payload, Unreadable};
use super::take::{Hook, HookStatus};
use crate::cluster::access::TO_START;

/// Where Alertmanager posts to.
pub const HOOK_PATH: &str = "/alertmanager";

/// A notification with thousands of alerts comes near.
const MAX_BODY_BYTES: usize = 1 << 20;
/// How long an answer about our permissions counts: probes come every few seconds.
const READY_FOR: Duration = Duration::from_secs(15);

/// Renders the page of the last decisions.
pub type ShowPage = fn(HookStatus<'_>) -> Result<String>;

struct Shared {
    hook: Arc<Hook>,
    token: Option<Token>,
    page: ShowPage,
    ready: Mutex<Option<(Instant, std::result::Result<(), String>)>>,
}

/// Makes the router. Without a token whoever reaches the port may post: then TLS must know its clients.
pub fn router(hook: Arc<Hook>, token: Option<Token>, page: ShowPage) -> Router {
    let shared = Arc::new(Shared {
        hook,
        token,
        page,
        ready: Mutex::new(None),
    });
    Router::new()
        .route(HOOK_PATH, post(receive))
        .route("/", get(show))
        .route("/live", get(|| async { "live\n" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(shared)
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: axum::body::Body,
) -> Response {
    let response = match take(&shared, &headers, body).await {
        Ok(response) => response,
        Err(problem) => {
            // A wrong token, or a sender that is not an Alertmanager: somebody should look.
            let message = format!("refused a notification: {}", problem.detail);
            shared.hook.events.say(Level::Warn, message);
            problem.into_response()
        }
    };
    shared.hook.meters.answered(response.status().as_u16());
    response
}

async fn take(
    shared: &Shared,
    headers: &HeaderMap,
    body: axum::body::Body,
) -> std::result::Result<Response, Problem> {
    // Before the body: who may not post need not send megabytes.
    if let Some(token) = &shared.token
        && !token.is_borne_by(headers)
    {
        return Err(Problem::unauthorized());
    }
    let bytes = whole(headers, body, MAX_BODY_BYTES).await?;
    let payload = Payload::read(&bytes).map_err(|Unreadable(why)| Problem::malformed(why))?;
    // Taken to its end even if the sender hangs up: what was begun is finished, and noted.
    let hook = Arc::clone(&shared.hook);
    let taken = tokio::spawn(async move { hook.take(&payload).await }).await;
    let taken = taken.map_err(|_| Problem::bug())?;
    let status = match taken.iter().any(|one| one.again) {
        true => StatusCode::SERVICE_UNAVAILABLE,
        false => StatusCode::OK,
    };
    Ok((status, Json(json!({ "alerts": taken }))).into_response())
}

async fn show(State(shared): State<Arc<Shared>>) -> Response {
    match (shared.page)(shared.hook.status()) {
        Ok(page) => Html(page).into_response(),
        Err(error) => {
            shared.hook.events.say(Level::Error, error.to_string());
            Problem::bug().into_response()
        }
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    match shared.hook.meters.text() {
        Ok(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            shared.hook.events.say(Level::Error, error.to_string());
            Problem::bug().into_response()
        }
    }
}

async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let kept = || shared.ready.lock().unwrap_or_else(PoisonError::into_inner);
    let known = kept().clone().filter(|(at, _)| at.elapsed() < READY_FOR);
    let state = match known {
        Some((_, state)) => state,
        None => {
            let state = can_start(&shared.hook).await;
            // What fails is looked at again at once: it may have been fixed.
            *kept() = state.is_ok().then(|| (Instant::now(), state.clone()));
            state
        }
    };
    match state {
        Ok(()) => "ready\n".into_response(),
        Err(why) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", why).into_response(),
    }
}

/// Tells whether the API server would let us start a Job.
async fn can_start(hook: &Hook) -> std::result::Result<(), String> {
    let cluster = hook.cluster.hasty();
    let mut missing = Vec::new();
    for permission in &TO_START {
        let name = match permission.resource {
            "cronjobs" => Some(hook.options.cron_job.as_str()),
            "leases" => Some(hook.options.lease.as_str()),
            _ => None,
        };
        match cluster.may(permission, name).await {
            Ok(true) => {}
            Ok(false) => missing.push(format!("{} {}", permission.verb, permission.resource())),
            Err(error) => return Err(format!("The API server gives no answer: {error}.")),
        }
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format!("Permissions are missing: {}.", missing.join(", "))),
    }
}
