//! The model in production: how a candidate becomes it, how it is found again after a crash, and
//! what happens when it is damaged. Whether a candidate deserves it is `promote`'s affair.
//!
//! A promotion writes `models/<name>-<version>.json`, then `models/production_latest.json`, each
//! atomically, then the line in the registry. A crash between any two steps leaves a model in
//! production that can be loaded; the next run adds the line that is missing.

use signed::{signatures_beside, write_signed};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::files::{lock, read_at_most};
use churn_base::passing::is_retryable;
use churn_trust::Bundle;
use serde::Deserialize;

use super::artifact::Artifact;
use super::promote::Decision;
use super::registry::{self, Event, Record, check_model_name};
use super::store::{self, Unsound};

/// The files under `artifacts/`, and what is stamped on lines of the registry.
#[derive(Debug, Clone)]
pub struct ModelStore {
    folder: PathBuf,
    created_at: String,
    churnctl_version: String,
}

/// What is in production.
#[derive(Debug, Clone, PartialEq)]
pub enum Champion {
    /// Nothing, and nothing ever was.
    None,
    /// This.
    Sound(Box<Artifact>),
    /// It was damaged or deleted, and no copy of it is left: only `--promote always` or a
    /// rollback may put another one in its place. The sentence says what happened.
    Lost(String),
}

impl Champion {
    /// Returns the decision, with the promotion taken back if the champion is lost and is not to
    /// be replaced (`--promote always`).
    #[must_use]
    pub fn allowing(&self, mut decision: Decision, replace_lost: bool) -> Decision {
        if let Self::Lost(what) = self
            && decision.promote
            && !replace_lost
        {
            decision.promote = false;
            decision.reasons.push(format!(
                "{what}; take an older one with --rollback, or replace it with --promote always"
            ));
        }
        decision
    }
}

impl ModelStore {
    /// Names the folder (`artifacts`), the present time (RFC 3339) and the program's version.
    pub fn new(
        folder: impl Into<PathBuf>,
        created_at: impl Into<String>,
        churnctl_version: impl Into<String>,
    ) -> Self {
        Self {
            folder: folder.into(),
            created_at: created_at.into(),
            churnctl_version: churnctl_version.into(),
        }
    }

    /// Refuses a folder that is not there: one that is misspelt is not an empty registry.
    ///
    /// # Errors
    /// I/O.
    pub fn check_folder(&self) -> Result<()> {
        let failed = |error| Error::io("read", &self.folder, error);
        match std::fs::metadata(&self.folder) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(failed(std::io::ErrorKind::NotADirectory.into())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(failed(error)
                .hint("`churnctl train` and `promote` make it; --artifacts names another")),
            Err(error) => Err(failed(error)),
        }
    }

    /// Returns where the model in production is.
    #[must_use]
    pub fn production(&self) -> PathBuf {
        self.folder.join("models/production_latest.json")
    }

    /// Returns where the registry is.
    #[must_use]
    pub fn registry(&self) -> PathBuf {
        self.folder.join("registry/models.jsonl")
    }

    /// Returns where a version of a model is.
    ///
    /// # Errors
    /// Usage if the name could lead out of the folder, bad input if the version could.
    pub fn model(&self, name: &str, version: &str) -> Result<PathBuf> {
        check_model_name(name)?;
        if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let shown = churn_base::text::visible(version);
            return Err(Error::bad_input(format!(
                "\"{shown}\" is not a version of a model"
            )));
        }
        Ok(self.folder.join(format!("models/{name}-{version}.json")))
    }

    /// Writes a new model beside the others, with its signatures if it has some, and its line; it is
    /// not in production by that. Returns its path.
    ///
    /// # Errors
    /// I/O if one of the files cannot be written.
    pub fn keep(&self, artifact: &Artifact, signatures: Option<&Bundle>) -> Result<PathBuf> {
        let path = self.model(&artifact.name, &artifact.version)?;
        write_signed(&path, &store::to_json(artifact), signatures)?;
        self.note(Event::Train, artifact, None, Vec::new())?;
        Ok(path)
    }

    /// Returns the model in production, and warnings of what had to be set right.
    ///
    /// A damaged one is moved to `production_latest.json.corrupt-<8 digits of its SHA-256>`
    /// and, like a deleted one, restored from its version if that is whole.
    ///
    /// # Errors
    /// I/O; bad input if it is of a newer layout or fails its self-test (it then stays where
    /// it is: nothing says that it is broken for those who use it), or the registry is damaged.
    pub fn champion(&self) -> Result<(Champion, Vec<String>)> {
        let _lock = self.lock()?;
        self.champion_locked()
    }

    fn champion_locked(&self) -> Result<(Champion, Vec<String>)> {
        let mut warnings = Vec::new();
        let path = self.production();
        let records = registry::read(&self.registry())?;
        let last = registry::last_promoted(&records);
        let what = if !is_there(&path)? {
            let Some(last) = last else {
                return Ok((Champion::None, warnings));
            };
            format!("the model in production, {}, is gone", last.version)
        } else {
            match store::load(&path) {
                Ok(artifact) => {
                    if last.is_none_or(|last| last.sha256 != artifact.sha256) {
                        let reason = "found in production without a line in the registry";
                        warnings.push(format!("model {}: {reason}", artifact.version));
                        let reasons = vec![reason.to_owned()];
                        self.note(Event::Reconciliation, &artifact, last, reasons)?;
                    }
                    return Ok((Champion::Sound(Box::new(artifact)), warnings));
                }
                Err(Unsound::Damaged(error)) => self.quarantine(&path, &error, last)?,
                Err(other) => return Err(other.into()),
            }
        };
        warnings.push(what.clone());
        let Some(last) = last else {
            return Ok((Champion::Lost(what), warnings));
        };
        let copy = self.model(&last.name, &last.version)?;
        match store::load(&copy) {
            Ok(artifact) if artifact.sha256 == last.sha256 => {
                self.put_into_production(&artifact)?;
                let reason = format!("restored from {}", copy.display());
                warnings.push(format!("model {} was {reason}", last.version));
                let reasons = vec![what, reason];
                self.note(Event::Reconciliation, &artifact, Some(last), reasons)?;
                Ok((Champion::Sound(Box::new(artifact)), warnings))
            }
            Ok(_) => Ok((Champion::Lost(what), warnings)),
            Err(unsound) => {
                let error = Error::from(unsound);
                if is_retryable(&error) {
                    return Err(error);
                }
                warnings.push(format!("{} cannot take its place: {error}", copy.display()));
                Ok((Champion::Lost(what), warnings))
            }
        }
    }

    /// Moves a damaged model out of the way; returns what happened.
    fn quarantine(&self, path: &Path, error: &Error, last: Option<&Record>) -> Result<String> {
        let sha256 = store::file_sha256(path)?;
        let aside = path.with_file_name(format!("production_latest.json.corrupt-{}", &sha256[..8]));
        std::fs::rename(path, &aside).map_err(|cause| Error::io("move", path, cause))?;
        let what = format!(
            "the model in production was damaged and is now {}: {error}",
            aside.display()
        );
        // Its own words are not to be trusted: the line names what should have been there.
        let mut record = self.record(Event::Quarantine);
        if let Some(last) = last {
            record.name.clone_from(&last.name);
            record.version.clone_from(&last.version);
        }
        record.sha256 = sha256;
        record.reasons = vec![what.clone()];
        registry::append(&self.registry(), &record)?;
        Ok(what)
    }

    /// Carries out a decision on a model that was kept: puts it into production or not, and
    /// writes the line either way. `champion` is what the candidate was compared with.
    ///
    /// # Errors
    /// Refused (3) if another run has changed the model in production since; I/O.
    pub fn apply_decision(
        &self,
        artifact: &Artifact,
        decision: &Decision,
        champion: &Champion,
    ) -> Result<()> {
        let _lock = self.lock()?;
        let previous = match champion {
            Champion::Sound(champion) => Some(champion.sha256.as_str()),
            Champion::None | Champion::Lost(_) => None,
        };
        if self.sha256_in_production()?.as_deref() != previous {
            return Err(Error::new(
                ExitCode::Refused,
                "another run changed the model in production meanwhile",
            )
            .hint("train again to compare with that one"));
        }
        let records = registry::read(&self.registry())?;
        let last = registry::last_promoted(&records);
        let event = if decision.promote {
            self.put_into_production(artifact)?;
            Event::Promotion
        } else {
            Event::Refusal
        };
        let record = Record {
            change: decision.change,
            reasons: decision.reasons.clone(),
            comparisons: decision.comparisons.clone(),
            ..self.record_of(event, artifact, last)
        };
        registry::append(&self.registry(), &record)
    }

    /// Puts the model into production that was there before the present one, and returns it.
    ///
    /// # Errors
    /// Bad input if there is none, or its file is not whole (nothing is then changed, but a
    /// damaged model in production is moved aside); I/O.
    pub fn rollback(&self) -> Result<Artifact> {
        // Before the lock, which would make the folder.
        if let Err(error) = self.check_folder() {
            return Err(self.nothing_before().because(error));
        }
        let _lock = self.lock()?;
        match store::load(&self.production()) {
            Err(Unsound::Damaged(error)) => {
                let records = registry::read(&self.registry())?;
                let last = registry::last_promoted(&records);
                self.quarantine(&self.production(), &error, last)?;
            }
            // Adds the line that a crash left out, so that it is known what to go back from.
            Ok(_) => drop(self.champion_locked()?),
            Err(Unsound::Io(error)) if is_retryable(&error) => return Err(error),
            Err(Unsound::Io(_) | Unsound::Newer(_) | Unsound::SelfTest(_)) => {}
        }
        let records = registry::read(&self.registry())?;
        let Some(target) = registry::rollback_target(&records) else {
            return Err(self.nothing_before());
        };
        let path = self.model(&target.name, &target.version)?;
        let artifact = store::load(&path)?;
        if artifact.sha256 != target.sha256 {
            return Err(Error::bad_input(format!(
                "{} is not the model that was in production",
                path.display()
            )));
        }
        self.put_into_production(&artifact)?;
        let last = registry::last_promoted(&records);
        let reasons = vec!["rollback was asked for".to_owned()];
        self.note(Event::Rollback, &artifact, last, reasons)?;
        Ok(artifact)
    }

    fn nothing_before(&self) -> Error {
        Error::bad_input("no model was in production before the present one").at(
            churn_base::error::Place {
                file: self.registry().display().to_string(),
                ..Default::default()
            },
        )
    }

    /// Copies a model that was kept, with the signatures that it has there.
    fn put_into_production(&self, artifact: &Artifact) -> Result<()> {
        let kept = self.model(&artifact.name, &artifact.version)?;
        let bytes = store::to_json(artifact);
        let signatures = signatures_beside(&kept).and_then(|all| all.about(&bytes));
        write_signed(&self.production(), &bytes, signatures.as_ref())
    }

    /// What the file in production says of itself; `None` if there is none.
    fn sha256_in_production(&self) -> Result<Option<String>> {
        #[derive(Deserialize)]
        struct Head {
            sha256: String,
        }
        let path = self.production();
        if !is_there(&path)? {
            return Ok(None);
        }
        let bytes = read_at_most(&path, store::MAX_BYTES)
            .map_err(|error| Error::io("read", &path, error))?;
        // What is damaged by now is not what was compared with, whatever it was.
        let head = serde_json::from_slice::<Head>(&bytes);
        Ok(Some(
            head.map_or_else(|_| "damaged".to_owned(), |head| head.sha256),
        ))
    }

    fn note(
        &self,
        event: Event,
        artifact: &Artifact,
        last: Option<&Record>,
        reasons: Vec<String>,
    ) -> Result<()> {
        let record = Record {
            reasons,
            ..self.record_of(event, artifact, last)
        };
        registry::append(&self.registry(), &record)
    }

    fn record_of(&self, event: Event, artifact: &Artifact, last: Option<&Record>) -> Record {
        Record {
            name: artifact.name.clone(),
            version: artifact.version.clone(),
            sha256: artifact.sha256.clone(),
            previous: last.map(|last| last.version.clone()),
            ..self.record(event)
        }
    }

    fn record(&self, event: Event) -> Record {
        Record {
            schema_version: registry::SCHEMA_VERSION,
            command: "train".into(),
            churnctl_version: self.churnctl_version.clone(),
            created_at: self.created_at.clone(),
            event,
            name: String::new(),
            version: String::new(),
            sha256: String::new(),
            previous: None,
            change: None,
            reasons: Vec::new(),
            comparisons: Vec::new(),
        }
    }

    /// Holds off other runs from the model in production as long as the file lives.
    fn lock(&self) -> Result<File> {
        let path = self.folder.join("registry/models.lock");
        let failed = |error| Error::io("lock", &path, error);
        std::fs::create_dir_all(self.folder.join("registry")).map_err(failed)?;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(failed)?;
        lock(&file).map_err(failed)?;
        Ok(file)
    }
}

/// A link that leads nowhere is there, too: it must not pass as "no model".
///
/// # Errors
/// I/O if that cannot be known now: a model that is there must not pass as gone either.
fn is_there(path: &Path) -> Result<bool> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("read", path, error)),
    }
}

mod signed;

#[cfg(test)]
mod tests;
