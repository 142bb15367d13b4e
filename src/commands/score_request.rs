//! What `churnctl score` is asked for.

use std::path::PathBuf;

use super::drift_request::ReadingRequest;
use super::tracker::TrackingRequest;
use crate::error::Result;
use crate::settings::{Probability, Settings};

/// What may be written beside the scores, or left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScoreExtras {
    /// Contributions to add to each row.
    pub explain: usize,
    /// Rows to keep, those with the highest scores.
    pub top_k: Option<usize>,
    /// Columns of the data to pass through.
    pub keep: Vec<String>,
}

/// Everything that scoring needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRequest {
    /// Files and glob patterns; `-` for standard input.
    pub data: Vec<String>,
    /// Model artifact.
    pub model: PathBuf,
    /// Where the scores go; `-` for standard output.
    pub output: PathBuf,
    /// What is written beside the scores.
    pub extras: ScoreExtras,
    /// Score from which a row is classed as churned, if not the model's.
    pub threshold: Option<f64>,
    /// How the data is read.
    pub reading: ReadingRequest,
    /// The way to MLflow, for models that are there.
    pub tracking: TrackingRequest,
}

impl ScoreRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// As [`TrackingRequest::from_settings`].
    pub fn from_settings(
        settings: &Settings,
        output: PathBuf,
        extras: ScoreExtras,
    ) -> Result<Self> {
        Ok(Self {
            data: settings.score.data.clone(),
            model: settings.score.model.clone(),
            output,
            extras,
            threshold: settings.score.threshold.map(Probability::get),
            reading: ReadingRequest::from_settings(settings),
            tracking: TrackingRequest::from_settings(settings)?,
        })
    }
}
