//! Whoever signs: a key from a file, or a command that has one. `sign` and everything that writes
//! models ask here.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Console;
use super::key_command::KeyCommand;
use crate::error::{Error, Place, Result};
use crate::exit::ExitCode;
use crate::files::read_at_most;
use crate::model::artifact::{Artifact, makes_models};
use crate::model::store;
use crate::profile::Profile;
use crate::settings::Settings;
use crate::trust::{About, Bundle, Kind, PrivateKey, PublicKey, Statement};

/// Who is to sign, settings applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRequest(Holder);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Holder {
    File(PathBuf),
    Command {
        command: KeyCommand,
        public_key: PathBuf,
    },
}

/// Somebody who can sign.
pub(super) struct Signer<'a> {
    hand: Hand<'a>,
}

enum Hand<'a> {
    Key(Box<PrivateKey>),
    Command(&'a KeyCommand, PublicKey),
}

impl SigningRequest {
    /// Takes what is set; none if nothing is to be signed.
    ///
    /// # Errors
    /// Fails with 78 if file and command are both set, or a command without its public key.
    pub fn from_settings(settings: &Settings) -> Result<Option<Self>> {
        let set = &settings.sign;
        let holder = match (&set.key, &set.key_command, &set.public_key) {
            (None, None, None) => return Ok(None),
            (Some(key), None, None) => Holder::File(key.clone()),
            (None, Some(line), Some(public_key)) => Holder::Command {
                command: KeyCommand::new(line, set.deadline.get())?,
                public_key: public_key.clone(),
            },
            (None, Some(_), None) => {
                return Err(
                    Error::bad_settings("sign.key_command without sign.public_key").hint(
                        "the public key tells whether what the command returns is a signature",
                    ),
                );
            }
            (Some(_), Some(_), _) => {
                return Err(Error::bad_settings(
                    "sign.key and sign.key_command are both set",
                ));
            }
            (_, None, Some(_)) => {
                return Err(Error::bad_settings(
                    "sign.public_key goes with sign.key_command",
                ));
            }
        };
        Ok(Some(Self(holder)))
    }

    /// Returns the files that it reads.
    pub(super) fn files(&self) -> (&'static str, &Path) {
        match &self.0 {
            Holder::File(path) => ("sign.key", path),
            Holder::Command { public_key, .. } => ("sign.public_key", public_key),
        }
    }

    /// Reads the key, and warns if others can, too.
    ///
    /// # Errors
    /// I/O (74) or bad input (65), as the key's file has it.
    pub(super) fn open(&self, console: &Console<'_>) -> Result<Signer<'_>> {
        let hand = match &self.0 {
            Holder::File(path) => {
                warn_of_readers(path, console);
                Hand::Key(Box::new(PrivateKey::read(path)?))
            }
            Holder::Command {
                command,
                public_key,
            } => {
                let mut keys = PublicKey::read_all(public_key)?;
                match (keys.pop(), keys.is_empty()) {
                    (Some(key), true) => Hand::Command(command, key),
                    _ => {
                        let message = "there is more than one key in this file";
                        return Err(Error::bad_input(message).at(Place {
                            file: public_key.display().to_string(),
                            ..Place::default()
                        }));
                    }
                }
            }
        };
        Ok(Signer { hand })
    }
}

/// A pod's secrets are readable by its group, which is the pod's own; beyond that nobody should.
fn warn_of_readers(path: &Path, console: &Console<'_>) {
    const OTHERS: u32 = 0o037;
    if let Ok(file) = std::fs::metadata(path)
        && file.is_file()
        && file.permissions().mode() & OTHERS != 0
    {
        let (path, mode) = (path.display(), file.permissions().mode() & 0o777);
        let message = format!(
            "{path} is a private key that others can read or change (mode {mode:03o}): chmod 600 {path}"
        );
        console.messages().warn(&message);
    }
}

impl Signer<'_> {
    /// Returns the key that its signatures are verified with.
    pub(super) const fn public(&self) -> &PublicKey {
        match &self.hand {
            Hand::Key(key) => key.public(),
            Hand::Command(_, public) => public,
        }
    }

    /// Adds a signature to a bundle.
    ///
    /// # Errors
    /// As the command has it, see [`KeyCommand::sign`].
    pub(super) fn sign(&self, statement: &Statement, bundle: &mut Bundle) -> Result<()> {
        let message = statement.message();
        let signature = match &self.hand {
            Hand::Key(key) => key.sign(&message)?,
            Hand::Command(command, public) => command.sign(&message, public)?,
        };
        bundle.sign(statement, self.public().id(), &signature);
        Ok(())
    }

    /// Returns the signature of a model that is about to be written.
    ///
    /// # Errors
    /// As [`Signer::sign`].
    pub(super) fn signatures(
        &self,
        artifact: &Artifact,
        path: &Path,
        console: &Console<'_>,
    ) -> Result<Bundle> {
        let about = About {
            kind: Kind::Model,
            schema_version: artifact.schema_version,
            created_at: console.created_at(),
        };
        let statement = Statement::new(&file_name(path), &store::to_json(artifact), about);
        let mut bundle = Bundle::default();
        self.sign(&statement, &mut bundle)?;
        Ok(bundle)
    }
}

/// Returns the last part of a path, which is what a statement calls the file: where it lies is
/// nobody's affair who gets it.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Reads the bundle of a path; none if there is none.
///
/// # Errors
/// I/O (74) if it cannot be read, bad input (65) if it is not whole.
pub(super) fn read_bundle(path: &Path) -> Result<Option<Bundle>> {
    match read_at_most(path, Bundle::MOST_BYTES) {
        Ok(bytes) => Bundle::from_json(&bytes, &path.display().to_string()).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path, error)),
    }
}

/// Tells a model, a profile and a report apart, and the version of its layout; none if it is nothing
/// of ours.
pub(super) fn kind_of(bytes: &[u8]) -> Option<(Kind, u32)> {
    #[derive(Deserialize)]
    struct Head {
        command: String,
        schema_version: u32,
        body: Option<serde::de::IgnoredAny>,
    }
    let head: Head = serde_json::from_slice(bytes).ok()?;
    let kind = match (&*head.command, head.body) {
        (command, Some(_)) if makes_models(command) => Kind::Model,
        ("profile", _) => Kind::Profile,
        (_, _) => Kind::Report,
    };
    Some((kind, head.schema_version))
}

/// As [`kind_of`], and whole: what is damaged is not signed, since nobody could use it.
///
/// # Errors
/// Bad input (65) if it is damaged or nothing of ours.
pub(super) fn sound_kind(bytes: &[u8], file: &str) -> Result<(Kind, u32)> {
    let Some((kind, version)) = kind_of(bytes) else {
        let message = "this is not a model, a profile or a report in JSON";
        return Err(Error::new(ExitCode::BadInput, message).at(Place {
            file: file.to_owned(),
            ..Place::default()
        }));
    };
    match kind {
        Kind::Model => store::from_json(bytes, file).map(drop)?,
        Kind::Profile => Profile::from_json(bytes, file).map(drop)?,
        Kind::Report => {}
    }
    Ok((kind, version))
}
