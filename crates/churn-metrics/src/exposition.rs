//! Values of known metrics to the Prometheus text format. Which values is the caller's affair.

use std::collections::BTreeMap;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use prometheus::{GaugeVec, Opts, Registry, TextEncoder};

use super::names::Metric;

/// Values on their way to text. Families come out in the order of their names.
#[derive(Debug, Default)]
pub struct Exposition {
    registry: Registry,
    families: BTreeMap<&'static str, GaugeVec>,
}

impl Exposition {
    /// Makes an empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a gauge. `labels` are the values, in the order of [`Metric::labels`].
    ///
    /// # Errors
    ///
    /// Fails if the number of label values is wrong: a bug of the caller.
    /// Does *not* fail on any text in a value: the encoder escapes it.
    pub fn set(&mut self, metric: &Metric, labels: &[&str], value: f64) -> Result<()> {
        let family = match self.families.get(metric.name) {
            Some(family) => family,
            None => {
                let family = GaugeVec::new(Opts::new(metric.name, metric.help), metric.labels)
                    .map_err(|cause| bug(metric.name, cause))?;
                self.registry
                    .register(Box::new(family.clone()))
                    .map_err(|cause| bug(metric.name, cause))?;
                self.families.entry(metric.name).or_insert(family)
            }
        };
        family
            .get_metric_with_label_values(labels)
            .map_err(|cause| bug(metric.name, cause))?
            .set(value);
        Ok(())
    }

    /// Returns the text form, version 0.0.4.
    ///
    /// # Errors
    ///
    /// Fails if the encoder refuses a family: a bug.
    pub fn finish(self) -> Result<String> {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(|cause| bug("the metrics", cause))
    }
}

fn bug(name: &str, cause: prometheus::Error) -> Error {
    Error::new(ExitCode::Bug, format!("cannot encode {name}")).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{DRIFT_STATUS, MODEL_DRIFT_SCORE};

    #[test]
    fn help_type_and_value_are_written() {
        let mut exposition = Exposition::new();
        exposition
            .set(&DRIFT_STATUS, &["telco"], 2.0)
            .expect("one label");
        let text = exposition.finish().expect("encodes");
        assert_eq!(
            text,
            "# HELP churn_drift_status Verdict of the last drift check: 0 OK, 1 WARN, 2 FAIL, -1 too few rows to tell.\n\
             # TYPE churn_drift_status gauge\n\
             churn_drift_status{model=\"telco\"} 2\n"
        );
    }

    #[test]
    fn quotes_newlines_and_backslashes_in_a_label_cannot_start_a_sample() {
        let mut exposition = Exposition::new();
        let name = "a\"} 1\nevil{x=\"\\";
        exposition
            .set(&MODEL_DRIFT_SCORE, &["m", name], 0.5)
            .expect("two labels");
        let text = exposition.finish().expect("encodes");
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains(r#"feature="a\"} 1\nevil{x=\"\\""#), "{text}");
    }

    #[test]
    fn a_wrong_number_of_labels_is_a_bug_and_not_a_panic() {
        let error = Exposition::new()
            .set(&DRIFT_STATUS, &[], 0.0)
            .expect_err("a label is missing");
        assert_eq!(error.code(), ExitCode::Bug);
    }
}
