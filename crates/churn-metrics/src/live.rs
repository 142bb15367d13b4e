//! Metrics of a process that stays: counted on the way, written whenever somebody asks. Which
//! values is the caller's affair.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use prometheus::{
    CounterVec, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder,
};

use super::metric::{Kind, Metric};
use super::process;

/// Media type of the text format.
pub const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A number that only goes up. Clones are the same number.
#[derive(Debug, Clone)]
pub struct Counter(prometheus::IntCounter);

impl Counter {
    /// Adds one.
    pub fn add_one(&self) {
        self.0.inc();
    }

    /// Adds some.
    pub fn add(&self, amount: u64) {
        self.0.inc_by(amount);
    }

    /// Returns the number.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// A number that goes up and down. Clones are the same number.
#[derive(Debug, Clone)]
pub struct Gauge(prometheus::Gauge);

impl Gauge {
    /// Sets the number.
    pub fn set(&self, value: f64) {
        self.0.set(value);
    }

    /// Adds some, or takes some away.
    pub fn add(&self, amount: f64) {
        self.0.add(amount);
    }

    /// Returns the number.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.0.get()
    }
}

/// Counts by size. Clones are the same counts.
#[derive(Debug, Clone)]
pub struct Histogram(prometheus::Histogram);

impl Histogram {
    /// Counts a value.
    pub fn observe(&self, value: f64) {
        self.0.observe(value);
    }
}

#[derive(Debug)]
enum Family {
    Gauge(GaugeVec),
    Counter(IntCounterVec),
    /// A counter of parts, such as seconds.
    Amount(CounterVec),
    Histogram(HistogramVec),
}

/// The metrics of one process. A family exists from its first handle on.
#[derive(Debug, Default)]
pub struct Live {
    registry: Registry,
    families: Mutex<BTreeMap<&'static str, Family>>,
}

impl Live {
    /// Makes an empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a counter, made at 0 the first time. `labels` are the values, in the order of
    /// [`Metric::labels`].
    ///
    /// # Errors
    /// Fails if the metric is not a counter or has other labels: a bug of the caller.
    pub fn counter(&self, metric: &Metric, labels: &[&str]) -> Result<Counter> {
        self.with(
            metric,
            || counters(metric),
            |family| match family {
                Family::Counter(family) => family.get_metric_with_label_values(labels).map(Counter),
                _ => Err(other_kind(metric)),
            },
        )
    }

    /// Returns a gauge, made at 0 the first time.
    ///
    /// # Errors
    /// As [`Live::counter`].
    pub fn gauge(&self, metric: &Metric, labels: &[&str]) -> Result<Gauge> {
        self.with(
            metric,
            || gauges(metric),
            |family| match family {
                Family::Gauge(family) => family.get_metric_with_label_values(labels).map(Gauge),
                _ => Err(other_kind(metric)),
            },
        )
    }

    /// Returns a histogram, made empty the first time, with these upper limits of its buckets.
    ///
    /// # Errors
    /// As [`Live::counter`], and if the limits do not rise.
    pub fn histogram(&self, metric: &Metric, labels: &[&str], limits: &[f64]) -> Result<Histogram> {
        self.with(
            metric,
            || histograms(metric, limits),
            |family| match family {
                Family::Histogram(family) => {
                    family.get_metric_with_label_values(labels).map(Histogram)
                }
                _ => Err(other_kind(metric)),
            },
        )
    }

    /// Raises a counter of parts, such as seconds, to what it has come to.
    ///
    /// # Errors
    /// As [`Live::counter`].
    fn raise(&self, metric: &Metric, to: f64) -> Result<()> {
        self.with(
            metric,
            || amounts(metric),
            |family| match family {
                Family::Amount(family) => {
                    let counter = family.get_metric_with_label_values::<&str>(&[])?;
                    counter.inc_by((to - counter.get()).max(0.0));
                    Ok(())
                }
                _ => Err(other_kind(metric)),
            },
        )
    }

    /// Removes every value of a family.
    pub fn clear(&self, metric: &Metric) {
        let families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        match families.get(metric.name) {
            Some(Family::Gauge(family)) => family.reset(),
            Some(Family::Counter(family)) => family.reset(),
            Some(Family::Amount(family)) => family.reset(),
            Some(Family::Histogram(family)) => family.reset(),
            None => {}
        }
    }

    /// Returns the text form, version 0.0.4, with what there is to say of the process.
    ///
    /// # Errors
    /// Fails if the encoder refuses a family: a bug.
    pub fn text(&self) -> Result<String> {
        for (metric, value) in process::measured() {
            match metric.kind {
                Kind::Counter => self.raise(metric, value)?,
                _ => self.gauge(metric, &[])?.set(value),
            }
        }
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(|cause| bug("the metrics", cause))
    }

    fn with<T>(
        &self,
        metric: &Metric,
        make: impl FnOnce() -> Made,
        take: impl FnOnce(&Family) -> prometheus::Result<T>,
    ) -> Result<T> {
        let failed = |cause| bug(metric.name, cause);
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let family = match families.get(metric.name) {
            Some(family) => family,
            None => {
                let (family, collector) = make().map_err(failed)?;
                self.registry.register(collector).map_err(failed)?;
                families.entry(metric.name).or_insert(family)
            }
        };
        take(family).map_err(failed)
    }
}

type Made = prometheus::Result<(Family, Box<dyn prometheus::core::Collector>)>;

fn counters(metric: &Metric) -> Made {
    let family = IntCounterVec::new(Opts::new(metric.name, metric.help), metric.labels)?;
    Ok((Family::Counter(family.clone()), Box::new(family)))
}

fn amounts(metric: &Metric) -> Made {
    let family = CounterVec::new(Opts::new(metric.name, metric.help), metric.labels)?;
    Ok((Family::Amount(family.clone()), Box::new(family)))
}

fn gauges(metric: &Metric) -> Made {
    let family = GaugeVec::new(Opts::new(metric.name, metric.help), metric.labels)?;
    Ok((Family::Gauge(family.clone()), Box::new(family)))
}

fn histograms(metric: &Metric, limits: &[f64]) -> Made {
    let options = HistogramOpts::new(metric.name, metric.help).buckets(limits.to_vec());
    let family = HistogramVec::new(options, metric.labels)?;
    Ok((Family::Histogram(family.clone()), Box::new(family)))
}

fn other_kind(metric: &Metric) -> prometheus::Error {
    prometheus::Error::Msg(format!("{} is of another kind", metric.name))
}

fn bug(name: &str, cause: prometheus::Error) -> Error {
    Error::new(ExitCode::Bug, format!("cannot count {name}")).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{API_PREDICTIONS, API_REQUEST_LATENCY_SECONDS, API_REQUESTS, MODEL_INFO};

    #[test]
    fn handles_of_the_same_labels_are_the_same_number() {
        let live = Live::new();
        let labels = ["POST", "/predict", "200"];
        live.counter(&API_REQUESTS, &labels).expect("made").add(2);
        live.counter(&API_REQUESTS, &labels)
            .expect("found")
            .add_one();
        let text = live.text().expect("encodes");
        let line = "churn_api_requests_total{method=\"POST\",path=\"/predict\",status=\"200\"} 3\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn a_new_number_is_there_at_zero() {
        let live = Live::new();
        live.counter(&API_PREDICTIONS, &[]).expect("made");
        let labels = ["POST", "/predict"];
        live.histogram(&API_REQUEST_LATENCY_SECONDS, &labels, &[0.1, 1.0])
            .expect("made")
            .observe(0.5);
        let text = live.text().expect("encodes");
        assert!(text.contains("\nchurn_api_predictions_total 0\n"), "{text}");
        assert!(
            text.contains("le=\"0.1\"} 0\n") && text.contains("le=\"1\"} 1\n"),
            "{text}"
        );
    }

    #[test]
    fn a_cleared_family_has_no_values_left() {
        let live = Live::new();
        live.gauge(&MODEL_INFO, &["churn", "1", "f"])
            .expect("made")
            .set(1.0);
        live.clear(&MODEL_INFO);
        assert!(!live.text().expect("encodes").contains("churn_model_info{"));
    }

    #[test]
    fn a_wrong_kind_is_a_bug_and_not_a_panic() {
        let live = Live::new();
        live.counter(&API_PREDICTIONS, &[]).expect("made");
        let error = live.gauge(&API_PREDICTIONS, &[]).expect_err("a counter");
        assert_eq!(error.code(), ExitCode::Bug);
        assert!(live.counter(&API_REQUESTS, &["GET"]).is_err());
    }
}
