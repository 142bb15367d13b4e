//! The flags about MLflow that commands share.

use clap::{Args, ValueHint};

use super::columns::checked;
use crate::settings::{Flags, TrackingUri};

const MLFLOW: &str = "MLflow";

/// Where the tracking server is.
#[derive(Debug, Clone, Args)]
pub(super) struct TrackingArgs {
    /// MLflow tracking server, such as http://mlflow:5000; `none` for no tracking
    ///
    /// MLFLOW_TRACKING_URI counts, too. The server lets us in by MLFLOW_TRACKING_TOKEN, by
    /// MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or by the setting mlflow.token_file.
    #[arg(long, value_name = "URL", value_parser = checked::<TrackingUri>, help_heading = MLFLOW, value_hint = ValueHint::Url)]
    tracking_uri: Option<String>,
}

/// Where the tracking server is, and which experiment is meant.
#[derive(Debug, Clone, Args)]
pub(super) struct ExperimentArgs {
    #[command(flatten)]
    tracking: TrackingArgs,

    /// MLflow experiment that the run goes into; made if there is none
    #[arg(long, value_name = "NAME", help_heading = MLFLOW)]
    experiment: Option<String>,
}

impl TrackingArgs {
    pub(super) fn add_to(&self, flags: &mut Flags) {
        flags.one("mlflow.tracking_uri", self.tracking_uri.as_ref());
    }
}

impl ExperimentArgs {
    pub(super) fn add_to(&self, flags: &mut Flags) {
        self.tracking.add_to(flags);
        flags.one("mlflow.experiment", self.experiment.as_ref());
    }
}
