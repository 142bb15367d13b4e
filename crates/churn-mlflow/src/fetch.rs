//! A model from a tracking server: which one is meant, and its artifact, checked.

use churn_base::error::{Error, Result};

use super::api::{ModelVersion, Run, Server, proxied};
use super::location::Location;
use super::{ARTIFACT_FILE, MODEL_FOLDER, tags};

/// A model that is meant. Two of them are equal if nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// What people call it: `version 3 of churn`, `run 2738a0cf`.
    pub name: String,
    /// The folder below the artifact proxy.
    folder: String,
    /// The file in it.
    file: String,
    /// What the file's SHA-256 must be, if that was written down.
    sha256: Option<String>,
}

/// The bytes of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where they come from, for errors.
    pub name: String,
    /// As they were uploaded.
    pub bytes: Vec<u8>,
}

/// Finds out which model is meant.
///
/// # Errors
/// Fails with 65 if there is none, or it is none of ours; with 69, 77 or 78 as the server has it.
pub fn resolve(server: &Server, location: &Location) -> Result<Resolved> {
    match location {
        Location::Alias { model, .. } | Location::Version { model, .. } => {
            of_version(server, model, &version(server, location)?)
        }
        Location::Run { run_id, path } => of_run(&run(server, run_id)?, path),
    }
}

/// The version of a registered model; of a run there is none.
fn version(server: &Server, location: &Location) -> Result<ModelVersion> {
    let (found, what, hint) = match location {
        Location::Alias { model, alias } => (
            server.version_of_alias(model, alias)?,
            format!("no version of {model} on the tracking server has the alias {alias}"),
            format!(
                "a training that promotes its model sets {}; any other alias is set in MLflow",
                super::CHAMPION
            ),
        ),
        Location::Version { model, version } => (
            server.version(model, version)?,
            format!("no version {version} of {model} on the tracking server"),
            format!(
                "models:/{model}@{} is the one in production",
                super::CHAMPION
            ),
        ),
        Location::Run { .. } => (None, format!("{location} has no version"), String::new()),
    };
    found.ok_or_else(|| Error::bad_input(what).hint(hint))
}

/// The folder of a model of any flavour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// What people call the model: `version 3 of churn`.
    pub name: String,
    path: String,
}

impl Folder {
    /// Finds the folder that is meant.
    ///
    /// # Errors
    /// As [`resolve`]. Whether anything is in it is not looked at.
    pub fn find(server: &Server, location: &Location) -> Result<Self> {
        match location {
            Location::Alias { model, .. } | Location::Version { model, .. } => {
                let version = version(server, location)?;
                let files = server.files_of_version(model, &version.version)?;
                Ok(Self {
                    name: format!("version {} of {model}", version.version),
                    path: proxied(files.as_deref().unwrap_or(&version.source))?,
                })
            }
            Location::Run { run_id, path } => {
                let run = run(server, run_id)?;
                let path = if path.is_empty() { MODEL_FOLDER } else { path };
                Ok(Self {
                    name: format!("run {run_id}"),
                    path: format!("{}/{path}", proxied(&run.info.artifact_uri)?),
                })
            }
        }
    }

    /// Downloads a file in it; none if it is not there.
    ///
    /// # Errors
    /// Fails with 69, 77 or 78 as the server has it.
    pub fn file(&self, server: &Server, path: &str) -> Result<Option<Vec<u8>>> {
        server.file(&self.path, path)
    }
}

fn run(server: &Server, run_id: &str) -> Result<Run> {
    match server.run(run_id)? {
        Some(run) if !run.is_deleted() => Ok(run),
        Some(_) => {
            let message = format!("the run {run_id} was deleted on the tracking server");
            let hint = format!("`mlflow runs restore --run-id {run_id}` brings it back");
            Err(Error::bad_input(message).hint(hint))
        }
        None => {
            let message = format!("no run {run_id} on the tracking server");
            Err(Error::bad_input(message).hint("the page of a run shows its id"))
        }
    }
}

fn of_version(server: &Server, model: &str, version: &ModelVersion) -> Result<Resolved> {
    let name = format!("version {} of {model}", version.version);
    let own = version.tag(tags::ARTIFACT_SHA256).map(str::to_owned);
    let resolved = match version.source.parse::<Location>() {
        // Registered by hand, from a run.
        Ok(Location::Run { run_id, path }) => of_run(&run(server, &run_id)?, &path)?,
        Ok(Location::Alias { .. } | Location::Version { .. }) => {
            let message = format!("{name} was not registered by churnctl: {}", version.source);
            return Err(
                Error::bad_input(message).hint("register the folder `model` of a run of ours")
            );
        }
        Err(_) => Resolved {
            name: String::new(),
            folder: proxied(&version.source)?,
            file: ARTIFACT_FILE.to_owned(),
            sha256: None,
        },
    };
    Ok(Resolved {
        name,
        sha256: own.or(resolved.sha256),
        ..resolved
    })
}

fn of_run(run: &Run, path: &str) -> Result<Resolved> {
    let root = proxied(&run.info.artifact_uri)?;
    let (folder, file) = match path {
        "" => (MODEL_FOLDER, ARTIFACT_FILE),
        path if path.ends_with(".json") => path.rsplit_once('/').unwrap_or(("", path)),
        path => (path, ARTIFACT_FILE),
    };
    let is_ours = folder == MODEL_FOLDER && file == ARTIFACT_FILE;
    let sha256 = run.tag(tags::ARTIFACT_SHA256).filter(|_| is_ours);
    Ok(Resolved {
        name: format!("run {}", run.info.run_id),
        folder: format!("{root}/{folder}"),
        file: file.to_owned(),
        sha256: sha256.map(str::to_owned),
    })
}

/// Downloads the signatures of the artifact; none if it has none. They are not looked into.
///
/// # Errors
/// As [`resolve`].
pub fn fetch_signatures(server: &Server, resolved: &Resolved) -> Result<Option<Vec<u8>>> {
    let Resolved { folder, file, .. } = resolved;
    server.file(folder, &format!("{file}.sig"))
}

/// Downloads the artifact.
///
/// # Errors
/// Fails with 65 if the file is not there or its checksum is not the one that was written down,
/// otherwise as [`resolve`]. Whether it is a sound model is not looked at.
pub fn fetch(server: &Server, resolved: &Resolved) -> Result<Fetched> {
    let Resolved {
        name,
        folder,
        file,
        sha256,
    } = resolved;
    let bytes = server.file(folder, file)?.ok_or_else(|| {
        let message = format!("{name} has no {file} on the tracking server");
        Error::bad_input(message).hint("was it trained by churnctl?")
    })?;
    let found = super::entry::sha256(&bytes);
    if sha256.as_ref().is_some_and(|wanted| *wanted != found) {
        let message = format!(
            "{name} is damaged: the SHA-256 of {file} is {found}, and {} was uploaded",
            sha256.as_deref().unwrap_or_default()
        );
        return Err(Error::bad_input(message).hint(
            "the file was changed where the tracking server keeps it; take another version",
        ));
    }
    Ok(Fetched {
        name: format!("{name} ({folder}/{file})"),
        bytes,
    })
}
