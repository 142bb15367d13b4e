//! MLflow: runs, registered models, the alias of the champion, and the spool for when it is away.

mod api;
pub mod commit;
mod drift_run;
pub mod entry;
mod fetch;
mod figures;
pub mod location;
mod send;
pub mod spool;
mod train_run;

pub use api::Server;
pub use drift_run::drift_entry;
pub use fetch::{Fetched, Resolved, fetch, fetch_signatures, resolve};
pub use send::{Sent, send};
pub use train_run::{Trained, rollback_entry, train_entry};

/// The alias of the model version that is in production.
pub const CHAMPION: &str = "champion";

/// The tags that we put on runs, model versions and registered models.
pub mod tags {
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
}

/// Where the artifact is below a run's or a model version's folder.
pub const ARTIFACT_FILE: &str = "artifact.json";
/// The folder of the model among a run's artifacts.
pub const MODEL_FOLDER: &str = "model";

/// Reads bytes as each answer of MLflow.
#[cfg(feature = "fuzzing")]
pub fn read_any_answer(bytes: &[u8]) {
    api::read_any(bytes);
}

/// Reads bytes as a run that waits to be sent.
#[cfg(feature = "fuzzing")]
pub fn read_any_entry(bytes: &[u8]) {
    let entry = serde_json::from_slice::<entry::Entry>(bytes);
    if let Ok(entry::Entry {
        task: entry::Task::Run(run),
        ..
    }) = entry
    {
        run.files.iter().all(entry::File::is_whole);
    }
}
