//! MLflow: runs, registered models, the alias of the champion, and the spool for when it is away.

mod api;
pub mod commit;
mod drift_run;
pub mod entry;
mod fetch;
mod figures;
pub mod location;
mod logged;
mod send;
pub mod spool;
pub mod tags;
mod train_run;

pub use api::Server;
pub use drift_run::drift_entry;
pub use fetch::{Fetched, Folder, Resolved, fetch, fetch_signatures, resolve};
pub use logged::Logged;
pub use send::{Sent, send};
pub use train_run::{Trained, rollback_entry, train_entry};

/// The alias of the model version that is in production.
pub const CHAMPION: &str = "champion";

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
