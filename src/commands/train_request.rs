//! What `churnctl train` is asked to do: the settings that shape a training, checked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::SigningRequest;
use super::drift_request::{DriftRequest, ReadingRequest, costs};
use super::tracker::TrackingRequest;
use crate::drift::report::Thresholds;
use crate::error::{Error, Result};
use crate::model::encode::MIN_LEVEL_ROWS;
use crate::model::promote::Policy;
use crate::model::registry::check_model_name;
use crate::model::threshold::ThresholdRule;
use crate::model::times::LabelWindow;
use crate::model::training::{Choice, TrainingOptions};
use crate::settings::Settings;

/// Everything a training needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainRequest {
    /// Files and glob patterns; `-` for standard input.
    pub data: Vec<String>,
    /// Name of the model.
    pub name: String,
    /// How the data is read.
    pub reading: ReadingRequest,
    /// Column with the time; `none` for none, unset for the usual ones.
    pub time: Option<String>,
    /// Column whose rows stay together.
    pub group: Option<String>,
    /// How long after its time a row's label is known.
    pub label_window: LabelWindow,
    /// Learner, threshold, seed, threads.
    pub options: TrainingOptions,
    /// Columns to learn from although they look like identifiers.
    pub include: Vec<String>,
    /// PSI from which a feature warns and fails, between the splits.
    pub thresholds: Thresholds,
    /// Rows that a text must have to be named, if limited.
    pub k_anonymous: Option<u64>,
    /// When to promote.
    pub policy: Policy,
    /// Folder for models, metrics and the registry.
    pub artifacts: PathBuf,
    /// HTML page, if wanted.
    pub html: Option<PathBuf>,
    /// What shaped the model, for its provenance.
    pub arguments: BTreeMap<String, String>,
    /// Put the previous model back instead of training.
    pub rollback: bool,
    /// Fit the calibration of the model in production again instead of training.
    pub recalibrate: bool,
    /// Who signs the model, if anybody.
    pub signing: Option<SigningRequest>,
    /// The way to MLflow.
    pub tracking: TrackingRequest,
}

impl TrainRequest {
    /// Returns where the figures go.
    pub(super) fn metrics_file(&self) -> PathBuf {
        self.artifacts.join("metrics/train_latest.json")
    }

    /// Takes what is set.
    ///
    /// # Errors
    /// Fails with 64 on words that mean nothing, and on a bad name of the model.
    pub fn from_settings(settings: &Settings, rollback: bool) -> Result<Self> {
        let set = &settings.train;
        let reading = ReadingRequest::from_settings(settings);
        let name = settings.model.as_str().to_owned();
        check_model_name(&name)?;
        if set.data.iter().any(|path| path == "-") {
            return Err(Error::usage(
                "train reads its data twice, which standard input cannot give",
            )
            .hint("write the data to a file first"));
        }
        let choice = match set.model.as_str() {
            "logistic" => Choice::Logistic,
            "trees" => Choice::Trees,
            _ => Choice::Auto,
        };
        let policy = match set.promote.as_str() {
            "always" => Policy::Always,
            "never" => Policy::Never,
            _ => Policy::IfBetter,
        };
        let python = set.preset.is_some();
        let rule = match (costs(set)?, set.capacity, set.min_precision) {
            (Some(costs), None, None) => ThresholdRule::Cost {
                false_negative: costs.false_negative,
                false_positive: costs.false_positive,
            },
            (None, Some(rows), None) => ThresholdRule::Capacity { rows },
            (None, None, Some(share)) => ThresholdRule::MinPrecision { share },
            (None, None, None) => ThresholdRule::Half,
            _ => {
                return Err(Error::usage("more than one way to choose the threshold")
                    .hint("either --cost-fn and --cost-fp, or --capacity, or --min-precision"));
            }
        };
        rule.check()?;
        let label_window = set.label_window.parse::<LabelWindow>().map_err(|error| {
            Error::usage(format!("bad label window: {error}")).hint("such as 30d, 4w or 12h")
        })?;
        let k_anonymous = settings.data.k_anonymous.map(|rows| rows.get() as u64);
        let arguments = [
            (
                "k_anonymous",
                k_anonymous.map_or_else(|| "none".into(), |rows| rows.to_string()),
            ),
            ("model", set.model.clone()),
            (
                "preset",
                set.preset.clone().unwrap_or_else(|| "none".into()),
            ),
            ("label_window", label_window.to_string()),
            ("categorical", reading.columns.categorical.join(",")),
            ("exclude", reading.columns.exclude.join(",")),
            ("include", set.include.join(",")),
        ];
        let arguments = arguments
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        let options = TrainingOptions {
            choice,
            python,
            rule,
            seed: set.seed,
            level_rows: k_anonymous.unwrap_or(0).max(MIN_LEVEL_ROWS),
            threads: reading.threads.get(),
        };
        Ok(Self {
            data: set.data.clone(),
            name,
            reading,
            time: set.time.clone(),
            group: set.group.clone(),
            label_window,
            options,
            include: set.include.clone(),
            thresholds: DriftRequest::thresholds(settings),
            k_anonymous,
            policy,
            artifacts: set.artifacts.clone(),
            html: set.page(),
            arguments,
            rollback,
            recalibrate: false,
            signing: SigningRequest::from_settings(settings)?,
            tracking: TrackingRequest::from_settings(settings)?,
        })
    }
}

/// The score column of the profile in an artifact, as `score` names it.
pub const SCORE: &str = "churn_risk";
