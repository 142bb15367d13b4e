//! Settings: flags, then `CHURNCTL_*`, then `churnctl.toml`, then defaults, each value with its origin.
//!
//! Nothing here reads the environment or a file: both come in as arguments.

mod deadlines;
mod file;
mod key;
mod keys;
mod kubernetes;
mod kubernetes_keys;
mod labels;
mod layers;
mod lookup;
mod resolved;
mod schema;
mod section;
mod sections;
mod serve;
mod values;

pub use file::{DEFAULT_FILE, FileChoice};
pub use key::{Key, Kind};
pub use keys::{KEYS, key_of_flag};
pub use kubernetes::{DeploymentSettings, duration_seconds};
pub use labels::{Bytes, LabelSettings, Until};
pub use layers::{Flags, Layers, Origin, SettingsFile};
pub(crate) use lookup::nearest_key;
pub use lookup::{ENV_ONLY, Shown};
pub use resolved::{Chosen, DriftSettings, FeatureThresholds, Limits, Settings, WindowSettings};
pub use schema::schema;
pub use sections::{
    AlertsSettings, ClusterSettings, ColumnSettings, DataSettings, MlflowSettings, PushSettings,
    RetrainSettings, ScoreSettings, SignSettings, TrainSettings,
};
pub use serve::{PredictionLogSettings, ServeSettings};
pub use values::{
    Delimiter, FailOn, ModelName, Percent, Probability, Raw, SizeThreshold, Span, Target,
    TrackingUri, Wait,
};
