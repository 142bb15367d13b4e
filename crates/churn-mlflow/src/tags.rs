//! The tags that we put on runs, model versions and registered models.

/// What an entry of the spool is found again by, so that nothing is sent twice.
pub const KEY: &str = "churnctl.key";
/// Version of the model artifact.
pub const MODEL_VERSION: &str = "churnctl.model_version";
/// SHA-256 of the artifact file.
pub const ARTIFACT_SHA256: &str = "churnctl.artifact_sha256";
/// When the champion that the alias names was decided on, milliseconds since 1970.
pub const CHAMPION_DECIDED_AT: &str = "churnctl.champion_decided_at_ms";
/// `true` if the training promoted the model.
pub const PROMOTED: &str = "churnctl.promoted";
/// SHA-256 of the training data.
pub const DATA_SHA256: &str = "churnctl.data_sha256";
/// Version of the program.
pub const VERSION: &str = "churnctl.version";
/// Name of the model.
pub const MODEL: &str = "churnctl.model";
/// Verdict of a drift check.
pub const STATUS: &str = "churnctl.status";
