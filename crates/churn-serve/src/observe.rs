//! What every request goes through: it gets a name, is counted and timed, and logged where asked.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, Response, StatusCode};
use axum::middleware::Next;
use axum::response::IntoResponse;
use churn_http::events::{Event, Level};
use churn_http::problem::{Code, Problem};
use churn_http::server::unwinding;
use serde_json::Value;

use super::api::Api;
use super::faults::Reason;
use super::options::AccessLog;
use super::trace::{REQUEST_ID, Trace};

/// Marks a response with the template of its path, where the router knows only a part of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Template(pub(super) &'static str);

/// The client went away before its answer; no status of the standard, but one that proxies use.
const GONE: u16 = 499;

/// Counts a request when it ends, whichever way.
struct Observed<'a> {
    api: &'a Api,
    method: Method,
    path: Option<MatchedPath>,
    begun: Instant,
    trace: &'a Trace,
    done: bool,
}

/// Names, counts, times and logs a request.
pub(super) async fn observe(
    State(api): State<Arc<Api>>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let trace = Trace::of(request.headers());
    let mut observed = Observed {
        api: &api,
        method: request.method().clone(),
        path: request.extensions().get::<MatchedPath>().cloned(),
        begun: Instant::now(),
        trace: &trace,
        done: false,
    };
    api.meters.in_flight.add(1.0);
    request.extensions_mut().insert(trace.clone());
    let mut response = match unwinding(next.run(request)).await {
        Some(response) => response,
        None => {
            api.say(Level::Error, "a bug in churnctl: a request panicked");
            Problem::bug().into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, trace.request_id.clone());
    let code = response.extensions().get::<Code>().map(|code| code.0);
    let template = response.extensions().get::<Template>().map(|path| path.0);
    observed.end(response.status(), template, code);
    response
}

impl Observed<'_> {
    fn end(&mut self, status: StatusCode, template: Option<&'static str>, code: Option<&str>) {
        self.done = true;
        self.api.meters.in_flight.add(-1.0);
        let elapsed = self.begun.elapsed().as_secs_f64();
        let path = template.or(self.path.as_ref().map(MatchedPath::as_str));
        self.api
            .meters
            .answered(&self.method, path, status, elapsed);
        #[cfg(feature = "otel")]
        self.api.span(
            self.trace,
            method_name(&self.method),
            path.unwrap_or("other"),
            status,
            self.begun,
        );
        let reason = match code {
            Some("malformed") => Some(Reason::Malformed),
            Some("too_large") => Some(Reason::TooLarge),
            Some("media_type") => Some(Reason::MediaType),
            _ => None,
        };
        if let Some(reason) = reason {
            self.api.meters.fault(reason);
        }
        let wanted = match self.api.options.access_log {
            AccessLog::All => true,
            AccessLog::Errors => status.as_u16() >= 400,
            AccessLog::None => false,
        };
        if wanted {
            self.log(status, path, elapsed, code);
        }
    }

    fn log(&self, status: StatusCode, path: Option<&str>, elapsed: f64, code: Option<&str>) {
        let level = match status.as_u16() {
            // A server that is full or has no model yet is not a bug, but somebody should know.
            503 => Level::Warn,
            500.. => Level::Error,
            _ => Level::Info,
        };
        // Never the path as it was asked for: it may hold anything.
        let path = path.unwrap_or("other");
        let method = method_name(&self.method);
        let mut fields: Vec<(&'static str, Value)> = vec![
            ("method", method.into()),
            ("path", path.into()),
            ("status", status.as_u16().into()),
            ("duration_ms", ((elapsed * 1e6).round() / 1e3).into()),
            ("request_id", self.trace.id().into()),
        ];
        if let Some(trace_id) = self.trace.trace_id() {
            fields.push(("trace_id", trace_id.into()));
        }
        if let Some(code) = code {
            fields.push(("code", code.into()));
        }
        self.api.events.pass(Event {
            level,
            message: format!("{method} {path} {}", status.as_u16()),
            fields,
        });
    }
}

/// Returns the method, if it is one that HTTP knows: a client may make up any other.
fn method_name(method: &Method) -> &str {
    match method.as_str() {
        method @ ("GET" | "POST" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "PATCH") => method,
        _ => "other",
    }
}

impl Drop for Observed<'_> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        // Dropped half-way: the time was up, or the client went away.
        let late = self.begun.elapsed() >= self.api.options.request_timeout;
        let status = match late {
            true => StatusCode::REQUEST_TIMEOUT,
            false => StatusCode::from_u16(GONE).unwrap_or(StatusCode::REQUEST_TIMEOUT),
        };
        self.end(
            status,
            None,
            Some(if late { "timeout" } else { "client_gone" }),
        );
    }
}
