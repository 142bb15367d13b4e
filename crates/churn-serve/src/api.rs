//! The API as a whole: what its routes share.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use churn_base::error::Result;
use churn_http::body;
use churn_http::events::{Event, Events, Level};
use churn_http::problem::Problem;
use churn_http::stop::Stop;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::faults::Faults;
use super::input::Rules;
use super::log::{Entry, NotKept, PredictionLog};
use super::media::{is_json, media_type, wrong_media_type};
use super::meters::Meters;
use super::model::{Loaded, Slot};
use super::options::Options;
use super::predict::NoProbability;
use super::reload::{Outcome, Reloader};

/// What the routes share.
#[derive(Debug)]
pub struct Api {
    pub(super) options: Options,
    pub(super) slot: Arc<Slot>,
    pub(super) meters: Arc<Meters>,
    pub(super) log: Option<PredictionLog>,
    pub(super) events: Events,
    pub(super) draining: Stop,
    permits: Arc<Semaphore>,
    #[cfg(feature = "otel")]
    spans: Option<super::spans::Spans>,
    reloader: Reloader,
}

impl Api {
    /// Loads the model and starts what works beside the requests. A model that is not there or not
    /// sound is *no* error: the API lives, is not ready, and goes on looking.
    ///
    /// # Errors
    /// I/O (74) if the prediction log cannot be written, or no thread is to be had.
    pub fn start(options: Options, events: Events, draining: Stop) -> Result<Arc<Self>> {
        let meters = Arc::new(Meters::new(&options)?);
        let slot = Arc::<Slot>::default();
        let log = options.log.clone();
        let log = log
            .map(|log| PredictionLog::start(log, Arc::clone(&meters), events.clone()))
            .transpose()?;
        let reloader = Reloader::start(&options, &slot, &meters, &events)?;
        Ok(Arc::new(Self {
            permits: Arc::new(Semaphore::new(
                options.concurrency.clamp(1, Semaphore::MAX_PERMITS),
            )),
            #[cfg(feature = "otel")]
            spans: options
                .otlp_endpoint
                .as_ref()
                .map(|url| super::spans::Spans::start(url, &options.name, events.clone()))
                .transpose()?,
            options,
            slot,
            meters,
            log,
            events,
            draining,
            reloader,
        }))
    }

    /// Returns the model at work.
    #[must_use]
    pub fn model(&self) -> Option<Arc<Loaded>> {
        self.slot.get()
    }

    /// Looks at the model's file now, without waiting for what comes of it.
    pub fn reload(&self) {
        self.reloader.ask();
    }

    /// Looks at the model's file now, and waits.
    pub(super) async fn reload_and_wait(&self) -> Option<Outcome> {
        self.reloader.ask_and_wait().await
    }

    /// Writes what waits for the prediction log and ends it; its uploads take at most this long.
    /// Returns what could not be done, in words.
    pub fn finish(&self, most: Duration) -> Option<String> {
        let left = self.log.as_ref().and_then(|log| log.finish(most));
        #[cfg(feature = "otel")]
        if let Some(spans) = &self.spans {
            spans.finish();
        }
        left
    }

    /// Passes the span of an answered request on.
    #[cfg(feature = "otel")]
    pub(super) fn span(
        &self,
        trace: &super::trace::Trace,
        method: &str,
        path: &str,
        status: StatusCode,
        begun: std::time::Instant,
    ) {
        if let Some(spans) = &self.spans
            && let Some(span) = super::spans::Span::of(trace, method, path, status.as_u16(), begun)
        {
            spans.offer(span);
        }
    }

    /// Counts an event before it is shown.
    pub fn heard(&self, event: &Event) {
        self.meters.said(event.level);
    }

    pub(super) fn rules<'m>(&self, model: &'m Loaded) -> Rules<'m> {
        Rules {
            model,
            unknown_category: self.options.unknown_category,
        }
    }

    /// Returns the word for the class.
    pub(super) fn class(&self, churned: bool) -> &str {
        &self.options.classes[usize::from(!churned)]
    }

    /// Returns the model, or says that there is none.
    pub(super) fn ready_model(&self) -> Result<Arc<Loaded>, Problem> {
        self.slot.get().ok_or_else(|| {
            let detail = "There is no model yet. /ready says when there is.";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_model", detail).retry_after(5)
        })
    }

    /// Returns the model if requests may come: there is one, and we are not on our way out.
    pub(super) fn readiness(&self) -> Result<Arc<Loaded>, Problem> {
        if self.draining.is_triggered() {
            let detail = "The server is about to stop.";
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "stopping",
                detail,
            ));
        }
        self.ready_model()
    }

    /// Takes a place among those who are answered at once.
    pub(super) fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let busy = |_| Problem::busy("All places are taken; try again in a moment.");
        Arc::clone(&self.permits).try_acquire_owned().map_err(busy)
    }

    /// Reads a body of JSON.
    pub(super) async fn json_body(&self, request: Request) -> Result<Bytes, Problem> {
        if !is_json(request.headers()) {
            return Err(wrong_media_type("application/json"));
        }
        self.body(request).await
    }

    /// Reads a body of a protocol that knows nothing but JSON: its clients may not say so. What says
    /// that it is something else is not taken.
    pub(super) async fn protocol_body(&self, request: Request) -> Result<Bytes, Problem> {
        let headers = request.headers();
        // Bytes: what the clients of a protocol call JSON with tensors behind it.
        let is_open = media_type(headers) == "application/octet-stream";
        if headers.contains_key(CONTENT_TYPE) && !is_open && !is_json(headers) {
            return Err(wrong_media_type("application/json"));
        }
        self.body(request).await
    }

    /// Reads a body, whatever it is.
    pub(super) async fn body(&self, request: Request) -> Result<Bytes, Problem> {
        let (head, body) = request.into_parts();
        body::whole(&head.headers, body, self.options.body_bytes).await
    }

    /// Answers faults, and counts them.
    pub(super) fn refuse(&self, faults: &Faults) -> Problem {
        self.meters.faulty(faults);
        faults.to_problem()
    }

    /// Answers a score that is none: finite weights and finite values can still leave the numbers.
    pub(super) fn no_probability(&self, _: NoProbability) -> Problem {
        self.meters.fault(super::faults::Reason::OutOfRange);
        let detail = "A value is so large that no score can be computed from it.";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "out_of_range", detail)
    }

    /// Passes rows to the prediction log, if there is one.
    pub(super) async fn keep(&self, model: &Arc<Loaded>, rows: Vec<Entry>) -> Result<(), Problem> {
        let Some(log) = &self.log else { return Ok(()) };
        log.keep(model, rows).await.map_err(|NotKept| {
            let detail = "The prediction cannot be kept in the log, so it is not given.";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_kept", detail).retry_after(1)
        })
    }

    /// Says something on the log.
    pub(super) fn say(&self, level: Level, message: impl Into<String>) {
        self.events.say(level, message);
    }
}
