//! One entry of the spool onto the server: once, however often it is begun.
//!
//! Every step first asks whether it was done, by the entry's key, or can be done again without
//! effect. So a process that ends between any two steps leaves nothing that the next one would
//! do twice.

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;

use super::api::{Experiment, ModelVersion, Run, Server, proxied};
use super::entry::{Champion, Entry, RegisteredModel, Run as EntryRun, Task};
use super::{CHAMPION, MODEL_FOLDER, tags};

/// What has become of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The run, if the entry is one.
    pub run_id: Option<String>,
    /// Its page.
    pub page: Option<String>,
    /// Version in the registry, of a run with a model or a champion.
    pub version: Option<String>,
    /// Whether the alias of the champion was moved to it.
    pub is_champion: bool,
    /// What the user should know.
    pub note: Option<String>,
}

/// Sends an entry.
///
/// # Errors
/// Fails with 69 if the server stayed away, with 77 if it does not let us in, with 65 if it
/// refuses what we say or the run was deleted there, with 78 if it keeps artifacts where it does
/// not pass them on. Whatever the error, the entry can be sent again.
pub fn send(server: &Server, entry: &Entry) -> Result<Sent> {
    match &entry.task {
        Task::Run(run) => send_run(server, entry, run),
        Task::Champion(champion) => send_champion(server, champion),
    }
}

fn send_run(server: &Server, entry: &Entry, run: &EntryRun) -> Result<Sent> {
    let experiment = experiment(server, &run.experiment)?;
    if !run.files.is_empty() {
        // Before anything is made: a run without its files would be half a run.
        proxied(&experiment.artifact_location)?;
    }
    let found = find_or_create(server, &experiment, entry, run)?;
    let run_id = found.info.run_id.clone();
    let outcome = fill(server, entry, run, &found);
    let (version, is_champion, note) = match outcome {
        Ok(done) => done,
        Err(error) if error.code() == ExitCode::BadInput => {
            // Somebody may have deleted it while we spoke.
            match server.run(&run_id) {
                Ok(Some(now)) if !now.is_deleted() => return Err(error),
                Ok(_) => return Err(deleted(&run_id).because(error)),
                Err(_) => return Err(error),
            }
        }
        Err(error) => return Err(error),
    };
    Ok(Sent {
        page: Some(server.run_page(&experiment.experiment_id, &run_id)),
        run_id: Some(run_id),
        version,
        is_champion,
        note,
    })
}

fn experiment(server: &Server, name: &str) -> Result<Experiment> {
    let experiment = server.experiment(name)?;
    if experiment.is_deleted() {
        let message = format!("the experiment \"{name}\" was deleted on the tracking server");
        let id = &experiment.experiment_id;
        return Err(Error::bad_input(message).hint(format!(
            "`mlflow experiments restore --experiment-id {id}` brings it back; --experiment names another one"
        )));
    }
    Ok(experiment)
}

fn deleted(run_id: &str) -> Error {
    Error::bad_input(format!("the run {run_id} was deleted on the tracking server")).hint(format!(
        "`mlflow runs restore --run-id {run_id}` brings it back; `churnctl mlflow sync --drop` gives it up"
    ))
}

fn find_or_create(
    server: &Server,
    experiment: &Experiment,
    entry: &Entry,
    run: &EntryRun,
) -> Result<Run> {
    let look = || server.run_with_key(&experiment.experiment_id, &entry.key);
    let found = match look()? {
        Some(found) => found,
        None => match server.create_run(&experiment.experiment_id, entry, run) {
            Ok(made) => return Ok(made),
            // The answer may have been lost, and not the run.
            Err(error) if error.code() == ExitCode::Unavailable => look()?.ok_or(error)?,
            Err(error) => return Err(error),
        },
    };
    match found.is_deleted() {
        true => Err(deleted(&found.info.run_id)),
        false => Ok(found),
    }
}

type Filled = (Option<String>, bool, Option<String>);

fn fill(server: &Server, entry: &Entry, run: &EntryRun, found: &Run) -> Result<Filled> {
    let run_id = &found.info.run_id;
    server.log(run_id, run)?;
    if let Some(dataset) = &run.dataset {
        server.log_dataset(run_id, dataset)?;
    }
    if !run.files.is_empty() {
        let folder = proxied(&found.info.artifact_uri)?;
        for file in &run.files {
            server.put_file(&folder, file)?;
        }
    }
    let registered = match &run.model {
        None => (None, false, None),
        Some(model) => {
            let version = register(server, entry, model, found)?;
            match model.promoted_at_ms {
                None => (Some(version.version), false, None),
                Some(decided_at_ms) => {
                    let (moved, note) =
                        move_alias(server, &model.name, &version.version, decided_at_ms)?;
                    (Some(version.version), moved, note)
                }
            }
        }
    };
    server.finish(run_id, run.end_ms)?;
    Ok(registered)
}

fn register(
    server: &Server,
    entry: &Entry,
    model: &RegisteredModel,
    run: &Run,
) -> Result<ModelVersion> {
    server.ensure_registered(&model.name)?;
    let look = || server.version_with_tag(&model.name, tags::KEY, &entry.key);
    if let Some(version) = look()? {
        return Ok(version);
    }
    let source = format!("{}/{MODEL_FOLDER}", run.info.artifact_uri);
    let mut version_tags = model.tags.clone();
    version_tags.insert(tags::KEY.to_owned(), entry.key.clone());
    match server.create_version(&model.name, &source, &run.info.run_id, &version_tags) {
        Err(error) if error.code() == ExitCode::Unavailable => look()?.ok_or(error),
        outcome => outcome,
    }
}

/// Moves the alias, unless a later decision has moved it already: what was kept in a spool comes
/// late, and must not bring an old model back.
fn move_alias(
    server: &Server,
    model: &str,
    version: &str,
    decided_at_ms: i64,
) -> Result<(bool, Option<String>)> {
    let last = server.model_tag(model, tags::CHAMPION_DECIDED_AT)?;
    let last = last.and_then(|text| text.parse::<i64>().ok());
    if last.is_some_and(|last| last > decided_at_ms) {
        let note = format!(
            "the alias {CHAMPION} of {model} was decided on later than version {version}, and stays"
        );
        return Ok((false, Some(note)));
    }
    server.set_model_tag(model, tags::CHAMPION_DECIDED_AT, &decided_at_ms.to_string())?;
    server.set_alias(model, CHAMPION, version)?;
    Ok((true, None))
}

fn send_champion(server: &Server, champion: &Champion) -> Result<Sent> {
    let (model, wanted) = (&champion.model, &champion.model_version);
    let Some(version) = server.version_with_tag(model, tags::MODEL_VERSION, wanted)? else {
        let message = format!("the tracking server has no version of {model} with {wanted}");
        return Err(Error::bad_input(message).hint(format!(
            "it was trained without a tracking server; move the alias {CHAMPION} by hand and give \
             this up with `churnctl mlflow sync --drop`"
        )));
    };
    let (is_champion, note) = move_alias(server, model, &version.version, champion.decided_at_ms)?;
    Ok(Sent {
        run_id: None,
        page: None,
        version: Some(version.version),
        is_champion,
        note,
    })
}
