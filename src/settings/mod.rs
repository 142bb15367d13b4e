//! Settings: flags, then `CHURNCTL_*`, then `churnctl.toml`, then defaults, each value with its origin.
//!
//! Nothing here reads the environment or a file: both come in as arguments.

mod alerts;
mod deadlines;
mod file;
mod keys;
mod kubernetes;
mod layers;
mod resolved;
mod serve;
mod sign;
mod values;

pub use alerts::{AlertsSettings, Percent};
pub(crate) use file::nearest_key;
pub use file::{DEFAULT_FILE, FileChoice, SettingsFile};
pub use keys::{KEYS, Key, Kind, key_of_flag};
pub use kubernetes::{DeploymentSettings, duration_seconds};
pub use layers::{ENV_ONLY, Flags, Layers, Origin, Shown};
pub use resolved::{
    ClusterSettings, ColumnSettings, DataSettings, DriftSettings, FeatureThresholds, Limits,
    MlflowSettings, PushSettings, RetrainSettings, ScoreSettings, Settings, TrainSettings,
    WindowSettings,
};
pub use serve::{PredictionLogSettings, ServeSettings};
pub use sign::SignSettings;
pub use values::{
    Delimiter, FailOn, ModelName, Probability, PsiThreshold, Raw, Span, Target, TrackingUri, Wait,
};
