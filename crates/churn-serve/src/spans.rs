//! Spans of requests, to a collector that takes OTLP over HTTP as JSON (opentelemetry-proto 1.x,
//! `ExportTraceServiceRequest`). A request never waits for it: what finds no room is dropped.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::hex::hex;
use churn_http::client::{Access, BaseUrl, Client, Policy, Request};
use churn_http::events::{Events, Level};
use serde_json::{Value, json};

use super::trace::{Parent, Trace, random};

/// Spans that may wait.
const ROOM: usize = 4096;
/// Spans that are sent at once.
const AT_ONCE: usize = 512;
/// How long spans wait for others.
const WAIT: Duration = Duration::from_secs(2);
/// Where a collector takes traces.
const PATH: &str = "/v1/traces";
/// Paths that are asked every few seconds and tell nothing.
const QUIET: [&str; 6] = [
    "/live",
    "/ready",
    "/health",
    "/metrics",
    "/v2/health/live",
    "/v2/health/ready",
];

/// A request, from its head to its answer.
#[derive(Debug, Clone)]
pub(super) struct Span {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    parent: Option<[u8; 8]>,
    end: SystemTime,
    took: Duration,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) status: u16,
    request_id: String,
}

impl Span {
    /// Makes the span of a request that has just been answered; none for one whose caller does not
    /// sample it, and for probes.
    pub(super) fn of(
        trace: &Trace,
        method: &str,
        path: &str,
        status: u16,
        begun: Instant,
    ) -> Option<Self> {
        let sampled = trace.parent.is_none_or(|parent| parent.sampled);
        if !sampled || QUIET.contains(&path) {
            return None;
        }
        let fresh = || {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&random().to_be_bytes());
            id[8..].copy_from_slice(&random().to_be_bytes());
            id
        };
        Some(Self {
            trace_id: trace
                .parent
                .map_or_else(fresh, |parent: Parent| parent.trace_id),
            span_id: random().to_be_bytes(),
            parent: trace.parent.map(|parent| parent.span_id),
            end: SystemTime::now(),
            took: begun.elapsed(),
            method: method.to_owned(),
            path: path.to_owned(),
            status,
            request_id: trace.id().to_owned(),
        })
    }

    fn to_json(&self) -> Value {
        let end = self.end.duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = |time: Duration| time.as_nanos().to_string();
        let text =
            |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
        // A 4xx is the client's affair: OpenTelemetry's HTTP conventions leave a server's span unset.
        let status = if self.status >= 500 {
            json!({ "code": 2 })
        } else {
            json!({})
        };
        let mut span = json!({
            "traceId": hex(&self.trace_id),
            "spanId": hex(&self.span_id),
            "name": format!("{} {}", self.method, self.path),
            "kind": 2,
            "startTimeUnixNano": nanos(end.saturating_sub(self.took)),
            "endTimeUnixNano": nanos(end),
            "attributes": [
                text("http.request.method", &self.method),
                text("http.route", &self.path),
                {
                    "key": "http.response.status_code",
                    "value": { "intValue": self.status.to_string() },
                },
                text("request.id", &self.request_id),
            ],
            "status": status,
        });
        if let (Some(parent), Some(members)) = (&self.parent, span.as_object_mut()) {
            members.insert("parentSpanId".to_owned(), hex(parent).into());
        }
        span
    }
}

/// The way to the collector.
#[derive(Debug)]
pub(super) struct Spans {
    sender: Mutex<Option<SyncSender<Span>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Spans {
    /// Starts the thread that sends. `endpoint` is the collector's URL, with or without the path of
    /// traces.
    ///
    /// # Errors
    /// Bad settings (78) if it is not a URL.
    pub(super) fn start(endpoint: &str, model: &str, events: Events) -> Result<Self> {
        let base = endpoint.trim_end_matches('/').trim_end_matches(PATH);
        let url: BaseUrl = base
            .parse()
            .map_err(|why| Error::bad_settings(format!("serve.otlp_endpoint: {why}")))?;
        let policy = Policy::within(Duration::from_secs(2), Duration::from_secs(4));
        let client = Client::new("the collector", url, &Access::default(), policy)?;
        let (sender, receiver) = sync_channel(ROOM);
        let resource = resource(model);
        let run = move || run(&client, &resource, &receiver, &events);
        let thread = std::thread::Builder::new().name("spans".into()).spawn(run);
        let thread = thread.map_err(|error| {
            let message = "cannot start the thread that sends spans";
            Error::new(ExitCode::Io, message).because(error)
        })?;
        Ok(Self {
            sender: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Passes a span on, if there is room.
    pub(super) fn offer(&self, span: Span) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = sender.as_ref() {
            let _ = sender.try_send(span);
        }
    }

    /// Sends what waits and ends the thread.
    pub(super) fn finish(&self) {
        let sender = self
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(sender);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn resource(model: &str) -> Value {
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    json!({ "attributes": [
        text("service.name", "churn-api"),
        text("service.version", env!("CARGO_PKG_VERSION")),
        text("churn.model", model),
    ] })
}

fn run(client: &Client, resource: &Value, receiver: &Receiver<Span>, events: &Events) {
    let mut failing = false;
    loop {
        let mut spans = Vec::new();
        let mut until = Instant::now() + Duration::from_secs(3600);
        let ended = loop {
            match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(span) => {
                    if spans.is_empty() {
                        until = Instant::now() + WAIT;
                    }
                    spans.push(span.to_json());
                    if spans.len() >= AT_ONCE {
                        break false;
                    }
                }
                Err(RecvTimeoutError::Timeout) => break false,
                Err(RecvTimeoutError::Disconnected) => break true,
            }
        };
        if !spans.is_empty() {
            let sent = send(client, resource, spans);
            match sent {
                Err(error) if !failing => {
                    events.say(Level::Warn, format!("spans are lost: {error}"));
                    failing = true;
                }
                Err(_) => {}
                Ok(()) => failing = false,
            }
        }
        if ended {
            return;
        }
    }
}

fn send(client: &Client, resource: &Value, spans: Vec<Value>) -> Result<()> {
    let scope = json!({ "name": "churnctl", "version": env!("CARGO_PKG_VERSION") });
    let body = json!({ "resourceSpans": [{
        "resource": resource,
        "scopeSpans": [{ "scope": scope, "spans": spans }],
    }] });
    client.call(&Request::post_json(PATH, &body)?).map(drop)
}
