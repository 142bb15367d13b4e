//! What the API counts. Every label set is there at 0 from the start, and none comes later: a rate
//! needs the zero, and nobody can make series by asking for strange paths.

use std::collections::HashMap;

use axum::http::{Method, StatusCode};
use churn_base::error::Result;
use churn_http::events::Level;
use churn_metrics::names::{
    API_INPUT_ERRORS, API_LOG_MESSAGES, API_LOG_MESSAGES_LOST, API_PREDICTIONS,
    API_REQUEST_LATENCY_SECONDS, API_REQUESTS, API_REQUESTS_IN_FLIGHT, API_UNSEEN_CATEGORIES,
    BUILD_INFO, MODEL_INFO, MODEL_LOADED_TIMESTAMP_SECONDS, MODEL_PREDICTION_BASELINE_RATIO,
    MODEL_PREDICTIONS, MODEL_RELOADS, PREDICTION_LOG_FILES, PREDICTION_LOG_ROWS,
    PREDICTION_LOG_UPLOAD_WAITING_FILES, PREDICTION_LOG_UPLOADS, PREDICTION_SCORE,
};
use churn_metrics::{Counter, Gauge, Histogram, Live};

use super::faults::{Faults, Reason};
use super::model::Loaded;
use super::options::Options;
use super::predict::Prediction;
use super::route_table::ROUTES;

/// Label `path` of what is not a route.
const OTHER: &str = "other";
/// Methods that what is not a route is counted by; further ones are `other`.
const METHODS: [&str; 3] = ["GET", "POST", OTHER];

/// What a reload came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reload {
    Loaded,
    Unchanged,
    Refused,
}

impl Reload {
    const ALL: [Self; 3] = [Self::Loaded, Self::Unchanged, Self::Refused];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// What became of a row on its way to the prediction log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Written,
    NotSampled,
    Dropped,
    Failed,
}

impl Kept {
    const ALL: [Self; 4] = [Self::Written, Self::NotSampled, Self::Dropped, Self::Failed];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::NotSampled => "not_sampled",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
        }
    }
}

/// Every number of the API.
#[derive(Debug)]
pub(super) struct Meters {
    live: Live,
    routes: HashMap<(&'static str, &'static str), RouteMeters>,
    pub(super) in_flight: Gauge,
    predictions: Counter,
    classes: [Counter; 2],
    scores: Histogram,
    input_errors: Vec<Counter>,
    log_messages: Vec<Counter>,
    log_messages_lost: Counter,
    reloads: Vec<Counter>,
    loaded_at: Gauge,
    baseline: [Gauge; 2],
    rows: Vec<Counter>,
    pub(super) files: Counter,
    uploads: Vec<Counter>,
    pub(super) upload_waiting: Gauge,
}

#[derive(Debug)]
struct RouteMeters {
    latency: Histogram,
    by_status: Vec<(StatusCode, Counter)>,
}

impl Meters {
    /// Makes every number.
    pub(super) fn new(options: &Options) -> Result<Self> {
        let live = Live::new();
        let mut routes = HashMap::new();
        for route in ROUTES {
            let statuses = route.statuses.iter().copied();
            let made = route_meters(&live, route.method, route.path, statuses, options)?;
            routes.insert((route.method, route.path), made);
            let refused = [StatusCode::METHOD_NOT_ALLOWED].into_iter();
            let made = route_meters(&live, OTHER, route.path, refused, options)?;
            routes.insert((OTHER, route.path), made);
        }
        for method in METHODS {
            let statuses = [StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST].into_iter();
            let made = route_meters(&live, method, OTHER, statuses, options)?;
            routes.insert((method, OTHER), made);
        }
        let build = [env!("CARGO_PKG_VERSION"), options.commit.as_str()];
        live.gauge(&BUILD_INFO, &build)?.set(1.0);
        let class = |at: usize| live.counter(&MODEL_PREDICTIONS, &[options.classes[at].as_str()]);
        let ratio = |at: usize| {
            let labels = [options.classes[at].as_str()];
            live.gauge(&MODEL_PREDICTION_BASELINE_RATIO, &labels)
        };
        let limits: Vec<f64> = (1..20).map(|step| f64::from(step) / 20.0).collect();
        let meters = Self {
            in_flight: live.gauge(&API_REQUESTS_IN_FLIGHT, &[])?,
            predictions: live.counter(&API_PREDICTIONS, &[])?,
            classes: [class(0)?, class(1)?],
            scores: live.histogram(&PREDICTION_SCORE, &[], &limits)?,
            input_errors: Reason::ALL
                .iter()
                .map(|reason| live.counter(&API_INPUT_ERRORS, &[reason.as_str()]))
                .collect::<Result<_>>()?,
            log_messages: Level::ALL
                .iter()
                .map(|level| live.counter(&API_LOG_MESSAGES, &[level.as_str()]))
                .collect::<Result<_>>()?,
            log_messages_lost: live.counter(&API_LOG_MESSAGES_LOST, &[])?,
            reloads: Reload::ALL
                .iter()
                .map(|result| live.counter(&MODEL_RELOADS, &[result.as_str()]))
                .collect::<Result<_>>()?,
            loaded_at: live.gauge(&MODEL_LOADED_TIMESTAMP_SECONDS, &[])?,
            baseline: [ratio(0)?, ratio(1)?],
            rows: Kept::ALL
                .iter()
                .map(|kept| live.counter(&PREDICTION_LOG_ROWS, &[kept.as_str()]))
                .collect::<Result<_>>()?,
            files: live.counter(&PREDICTION_LOG_FILES, &[])?,
            uploads: Uploaded::ALL
                .iter()
                .map(|result| live.counter(&PREDICTION_LOG_UPLOADS, &[result.as_str()]))
                .collect::<Result<_>>()?,
            upload_waiting: live.gauge(&PREDICTION_LOG_UPLOAD_WAITING_FILES, &[])?,
            routes,
            live,
        };
        Ok(meters)
    }

    /// Counts an answer. `path` is the template of its route; none for what is not a route.
    pub(super) fn answered(
        &self,
        method: &Method,
        path: Option<&str>,
        status: StatusCode,
        seconds: f64,
    ) {
        let path = path.unwrap_or(OTHER);
        let found = self.routes.get(&(method.as_str(), path));
        let Some(meters) = found.or_else(|| self.routes.get(&(OTHER, path))) else {
            return;
        };
        meters.latency.observe(seconds);
        let known = meters.by_status.iter().find(|(known, _)| *known == status);
        match known {
            Some((_, counter)) => counter.add_one(),
            // Not one of those that the route has of itself: 408, 431 and the like.
            None => {
                let method = found.map_or(OTHER, |_| method.as_str());
                let labels = [method, path, status.as_str()];
                if let Ok(counter) = self.live.counter(&API_REQUESTS, &labels) {
                    counter.add_one();
                }
            }
        }
    }

    /// Counts what became of a file that was to be uploaded.
    pub(super) fn uploaded(&self, result: Uploaded) {
        let at = Uploaded::ALL.iter().position(|known| *known == result);
        if let Some(counter) = at.and_then(|at| self.uploads.get(at)) {
            counter.add_one();
        }
    }

    /// Counts a prediction.
    pub(super) fn predicted(&self, prediction: Prediction) {
        self.predictions.add_one();
        self.classes[usize::from(!prediction.churned)].add_one();
        self.scores.observe(prediction.score);
    }

    /// Counts a category of this feature that training never had.
    pub(super) fn unseen(&self, feature: &str) {
        if let Ok(counter) = self.live.counter(&API_UNSEEN_CATEGORIES, &[feature]) {
            counter.add_one();
        }
    }

    /// Counts the faults of an input.
    pub(super) fn faulty(&self, faults: &Faults) {
        for reason in faults.reasons() {
            self.fault(*reason);
        }
    }

    /// Counts one fault.
    pub(super) fn fault(&self, reason: Reason) {
        let at = Reason::ALL.iter().position(|known| *known == reason);
        if let Some(counter) = at.and_then(|at| self.input_errors.get(at)) {
            counter.add_one();
        }
    }

    /// Counts a message.
    pub(super) fn said(&self, level: Level) {
        let at = Level::ALL.iter().position(|known| *known == level);
        if let Some(counter) = at.and_then(|at| self.log_messages.get(at)) {
            counter.add_one();
        }
    }

    /// Counts a reload, and says which model is at work since when.
    pub(super) fn reloaded(&self, result: Reload, model: Option<&Loaded>, now: f64) {
        let at = Reload::ALL.iter().position(|known| *known == result);
        if let Some(counter) = at.and_then(|at| self.reloads.get(at)) {
            counter.add_one();
        }
        if let (Reload::Loaded, Some(model)) = (result, model) {
            self.live.clear(&MODEL_INFO);
            let labels = [&*model.name, &*model.version, &*model.sha256];
            if let Ok(info) = self.live.gauge(&MODEL_INFO, &labels) {
                info.set(1.0);
            }
            self.loaded_at.set(now);
            // The series are there from the first moment on that the features are known.
            for vocabulary in model.vocabularies.iter().flatten() {
                let _ = self
                    .live
                    .counter(&API_UNSEEN_CATEGORIES, &[vocabulary.name()]);
            }
            let churned = model.baseline_ratio.unwrap_or(0.0);
            self.baseline[0].set(churned);
            self.baseline[1].set(if model.baseline_ratio.is_some() {
                1.0 - churned
            } else {
                0.0
            });
        }
    }

    /// Counts rows on their way to the prediction log.
    pub(super) fn kept(&self, kept: Kept, rows: u64) {
        let at = Kept::ALL.iter().position(|known| *known == kept);
        if let Some(counter) = at.and_then(|at| self.rows.get(at)) {
            counter.add(rows);
        }
    }

    /// Returns predictions by class, for the page.
    pub(super) fn by_class(&self) -> [u64; 2] {
        [self.classes[0].get(), self.classes[1].get()]
    }

    /// Returns the text that Prometheus reads. `lost` is how many messages were lost so far.
    pub(super) fn text(&self, lost: u64) -> Result<String> {
        let before = self.log_messages_lost.get();
        self.log_messages_lost.add(lost.saturating_sub(before));
        self.live.text()
    }
}

fn route_meters(
    live: &Live,
    method: &str,
    path: &str,
    statuses: impl Iterator<Item = StatusCode>,
    options: &Options,
) -> Result<RouteMeters> {
    let by_status = statuses.map(|status| {
        let counter = live.counter(&API_REQUESTS, &[method, path, status.as_str()])?;
        Ok((status, counter))
    });
    let limits = &options.latency_buckets;
    Ok(RouteMeters {
        by_status: by_status.collect::<Result<_>>()?,
        latency: live.histogram(&API_REQUEST_LATENCY_SECONDS, &[method, path], limits)?,
    })
}

/// What became of an attempt to upload a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uploaded {
    /// The store has it now.
    Stored,
    /// The store had it already.
    WasThere,
    /// The store has something else in its place.
    Conflict,
    /// It is tried again.
    Failed,
}

impl Uploaded {
    pub(super) const ALL: [Self; 4] = [Self::Stored, Self::WasThere, Self::Conflict, Self::Failed];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::WasThere => "was_there",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
        }
    }
}
