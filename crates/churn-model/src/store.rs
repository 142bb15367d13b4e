//! Artifacts as files: sealed when made, distrusted when read. Which one is in production is
//! `publish`'s affair.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use churn_base::error::{Error, Place, Result};
use churn_base::exit::ExitCode;
use churn_base::files::read_object_at_most;
use churn_base::hex::hex;
use churn_data::all_bytes;
use churn_drift::profile::{Profile, ScoredRows};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::artifact::{
    Artifact, Body, IMPORT_COMMAND, IMPORTED_VERSION, SCHEMA_VERSION, TRAINED_VERSION,
    WRAP_COMMAND, makes_models,
};
use super::artifact_check::{check_body, check_head};
use super::registry::check_model_name;
use super::score::Scorer;

/// Largest artifact that is read.
pub const MAX_BYTES: u64 = 256 << 20;

/// How far a score of the self-test may be off.
pub const SELF_TEST_TOLERANCE: f64 = 1e-9;

const TRAIN_AGAIN: &str = "train it again, or take an older one with `churnctl train --rollback`";

/// What an artifact cannot be used for.
#[derive(Debug)]
pub enum Unsound {
    /// It cannot be read.
    Io(Error),
    /// It is of a newer layout than this program knows: no fault of the file.
    Newer(Error),
    /// It was cut, changed, or never was an artifact.
    Damaged(Error),
    /// It is whole, but does not score its examples as it did when it was made.
    SelfTest(Error),
}

impl From<Unsound> for Error {
    fn from(unsound: Unsound) -> Self {
        match unsound {
            Unsound::Io(error)
            | Unsound::Newer(error)
            | Unsound::Damaged(error)
            | Unsound::SelfTest(error) => error,
        }
    }
}

/// Makes an artifact of a body: its checksum, its version, its head.
///
/// The profile's time and program version are emptied, since the body must not vary from run to
/// run; [`baseline_profile`] puts them back.
///
/// # Errors
/// A bug (70) if the body would not be accepted when loaded; usage if `name` is not a model name.
pub fn seal(
    name: &str,
    mut body: Body,
    created_at: &str,
    churnctl_version: &str,
) -> Result<Artifact> {
    check_model_name(name)?;
    body.profile.created_at.clear();
    body.profile.churnctl_version.clear();
    for column in &mut body.profile.columns {
        column.forget_places();
    }
    let bug = |message: String| {
        Error::new(
            ExitCode::Bug,
            format!("the trained model is not sound: {message}"),
        )
    };
    check_body(&body).map_err(bug)?;
    let sha256 = body_sha256(&body);
    let (version, command) = match &body.imported {
        Some(_) => (IMPORTED_VERSION, IMPORT_COMMAND),
        None => (TRAINED_VERSION, "train"),
    };
    let version = match body.attributions {
        Some(_) => SCHEMA_VERSION,
        None => version,
    };
    let mut artifact = Artifact {
        schema_version: version,
        command: command.into(),
        churnctl_version: churnctl_version.to_owned(),
        created_at: created_at.to_owned(),
        name: name.to_owned(),
        version: sha256[..12].to_owned(),
        sha256,
        head_sha256: None,
        body,
    };
    artifact.head_sha256 = Some(head_sha256(&artifact));
    check_head(&artifact).map_err(bug)?;
    Ok(artifact)
}

/// Returns the profile as `drift` wants it, with the artifact's time and program version.
#[must_use]
pub fn baseline_profile(artifact: &Artifact) -> Profile {
    let mut profile = Profile {
        created_at: artifact.created_at.clone(),
        churnctl_version: artifact.churnctl_version.clone(),
        model_features: artifact
            .body
            .features
            .iter()
            .map(|feature| feature.name.clone())
            .collect(),
        ..artifact.body.profile.clone()
    };
    // Older layouts kept the scores of all rows, and did not say so.
    if let Some(outcome) = &mut profile.outcome
        && artifact.schema_version < 3
    {
        outcome.rows = Some(ScoredRows::Training);
    }
    profile
}

/// Returns the artifact as JSON: a line for each member, the body compact on one line, whose
/// bytes are those the checksum is taken over.
#[must_use]
pub fn to_json(artifact: &Artifact) -> Vec<u8> {
    let mut json = format!("{{\n{}", head_json(artifact)).into_bytes();
    if let Some(sha256) = &artifact.head_sha256 {
        json.extend(format!("\"head_sha256\": {},\n", quoted(sha256)).bytes());
    }
    json.extend(b"\"body\": ");
    json.extend(body_json(&artifact.body));
    json.extend(b"\n}\n");
    json
}

/// The lines of the members that `head_sha256` is taken over.
fn head_json(artifact: &Artifact) -> String {
    format!(
        "\"schema_version\": {},\n\"command\": {},\n\"churnctl_version\": {},\n\
         \"created_at\": {},\n\"name\": {},\n\"version\": {},\n\"sha256\": {},\n",
        artifact.schema_version,
        quoted(&artifact.command),
        quoted(&artifact.churnctl_version),
        quoted(&artifact.created_at),
        quoted(&artifact.name),
        quoted(&artifact.version),
        quoted(&artifact.sha256),
    )
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns the SHA-256 of the head's lines in hexadecimal digits.
#[must_use]
pub fn head_sha256(artifact: &Artifact) -> String {
    bytes_sha256(head_json(artifact).as_bytes())
}

/// Reads an artifact from a file and checks it, see [`from_json`].
///
/// # Errors
/// As [`from_json`], and I/O (74) if the file cannot be read. A file of more than 256 MiB is
/// refused.
pub fn load(path: &Path) -> Result<Artifact, Unsound> {
    from_json(&read(path)?, &path.display().to_string())
}

/// Reads the bytes of an artifact from a file, for those who look at them before [`from_json`] does.
///
/// # Errors
/// As [`load`], of what can be said without looking into them.
pub fn read(path: &Path) -> Result<Vec<u8>, Unsound> {
    let name = path.display().to_string();
    read_object_at_most(path, MAX_BYTES).map_err(|error| {
        if error.kind() != io::ErrorKind::FileTooLarge {
            return Unsound::Io(Error::io("read", path, error));
        }
        let message = format!(
            "this is larger than the {} MiB of any model",
            MAX_BYTES >> 20
        );
        Unsound::Damaged(
            Error::bad_input(message)
                .at(place(&name, None))
                .hint(TRAIN_AGAIN),
        )
    })
}

/// Reads an artifact; `file` is what errors call it.
///
/// Checked are, in this order: the version of the layout, the form, the checksums over head and
/// body, the shapes and numbers, and the self-test: the example rows must get the scores that
/// they had in training. White space does not matter. What is returned can be scored with:
/// [`Scorer::new`] does not fail on it.
///
/// # Errors
/// Bad input (65) if anything is not as it must be.
pub fn from_json(bytes: &[u8], file: &str) -> Result<Artifact, Unsound> {
    let damaged = |message: String| {
        let message = format!("the model is damaged: {message}");
        Unsound::Damaged(
            Error::bad_input(message)
                .at(place(file, None))
                .hint(TRAIN_AGAIN),
        )
    };
    check_version(bytes, file)?;
    let artifact: Artifact =
        serde_json::from_slice(bytes).map_err(|error| no_model(error, file))?;
    if artifact.sha256 != body_sha256(&artifact.body) {
        return Err(damaged("its checksum does not match".into()));
    }
    // Version 1 had no checksum over its head, and no later one goes without.
    let head = (artifact.schema_version > 1).then(|| head_sha256(&artifact));
    if artifact.head_sha256 != head {
        return Err(damaged("the checksum of its head does not match".into()));
    }
    check_head(&artifact).map_err(damaged)?;
    check_body(&artifact.body).map_err(damaged)?;
    self_test(&artifact).map_err(|error| Unsound::SelfTest(error.at(place(file, None))))?;
    Ok(artifact)
}

/// Returns the artifact with checksums that match whatever is in it: what lies behind them is to be
/// fuzzed, too.
#[cfg(feature = "fuzzing")]
pub fn resealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut artifact: Artifact = serde_json::from_slice(bytes).ok()?;
    artifact.sha256 = body_sha256(&artifact.body);
    artifact.head_sha256 = (artifact.schema_version > 1).then(|| head_sha256(&artifact));
    serde_json::to_vec(&artifact).ok()
}

fn check_version(bytes: &[u8], file: &str) -> Result<(), Unsound> {
    #[derive(Deserialize)]
    struct Version {
        schema_version: Option<u32>,
        command: Option<String>,
    }
    let version: Version = serde_json::from_slice(bytes).map_err(|error| no_model(error, file))?;
    let refuse = |message: String| Error::bad_input(message).at(place(file, None));
    if version.command.as_deref() == Some(WRAP_COMMAND) {
        let message = "this model lives elsewhere: here is what drift checks need of it, and nothing to score with";
        return Err(Unsound::Damaged(refuse(message.into()).hint(
            "`churnctl drift --baseline` takes it; score rows where the model lives, and name their column with --score",
        )));
    }
    if let Some(command) = version.command.filter(|command| !makes_models(command)) {
        let message = format!("this is a document of `{command}`, not a model");
        return Err(Unsound::Damaged(
            refuse(message).hint("make a model with `churnctl train DATA --label COLUMN`"),
        ));
    }
    match version.schema_version {
        Some(1..=SCHEMA_VERSION) => Ok(()),
        Some(found) if found > SCHEMA_VERSION => {
            let message = format!(
                "the model has version {found}, this churnctl reads up to {SCHEMA_VERSION}"
            );
            Err(Unsound::Newer(
                refuse(message).hint("update churnctl, or train the model again"),
            ))
        }
        _ => Err(Unsound::Damaged(
            refuse("the model has no version of its layout".into()).hint(TRAIN_AGAIN),
        )),
    }
}

fn no_model(error: serde_json::Error, file: &str) -> Unsound {
    let line = u64::try_from(error.line()).ok().filter(|line| *line > 0);
    let refused = Error::bad_input("this is not a whole model").at(place(file, line));
    Unsound::Damaged(refused.hint(TRAIN_AGAIN).because(error))
}

fn self_test(artifact: &Artifact) -> Result<()> {
    let scores = Scorer::new(&artifact.body)?.examples(&artifact.body.examples)?;
    let examples = &artifact.body.examples;
    let close = |(score, expected): (&f64, f64)| (score - expected).abs() <= SELF_TEST_TOLERANCE;
    let expected = examples.iter().map(|example| example.score);
    if scores.len() == examples.len() && scores.iter().zip(expected.clone()).all(close) {
        return Ok(());
    }
    let off = scores
        .iter()
        .zip(expected)
        .find(|(score, expected)| !close((score, *expected)));
    let message = off.map_or_else(
        || {
            format!(
                "the model scored {} of its {} examples",
                scores.len(),
                examples.len()
            )
        },
        |(score, expected)| {
            format!("the model fails its self-test: an example scores {score}, not {expected}")
        },
    );
    Err(Error::bad_input(message).hint("train it again with this version of churnctl"))
}

fn place(file: &str, line: Option<u64>) -> Place {
    Place {
        file: file.to_owned(),
        line,
        column: None,
    }
}

fn body_json(body: &Body) -> Vec<u8> {
    // Strings, numbers, maps with text keys: this cannot fail.
    serde_json::to_vec(body).unwrap_or_default()
}

/// Returns the SHA-256 of the body's compact JSON in hexadecimal digits.
#[must_use]
pub fn body_sha256(body: &Body) -> String {
    hex(&Sha256::digest(body_json(body)))
}

/// Returns the SHA-256 of the bytes of a data set's files and objects one after another.
///
/// # Errors
/// As [`all_bytes`]; 74 if they cannot be read.
pub fn data_sha256(addresses: &[String]) -> Result<String> {
    reader_sha256(all_bytes(addresses)?, Path::new("the data"))
}

/// Returns the SHA-256 of a file that should be a model: of what is larger than any model, of as much as one may have.
///
/// # Errors
/// I/O (74) if it cannot be read.
pub fn file_sha256(path: &Path) -> Result<String> {
    let file = File::open(path).map_err(|error| Error::io("read", path, error))?;
    reader_sha256(file.take(MAX_BYTES + 1), path)
}

/// Returns the SHA-256 of all that a reader gives; errors call it `name`.
///
/// # Errors
/// I/O (74) if it cannot be read, or what the reader's errors wrap.
pub fn reader_sha256(mut bytes: impl Read, name: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hash.finalize())),
            Ok(read) => hash.update(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(match error.downcast::<Error>() {
                    Ok(own) => own,
                    Err(error) => Error::io("read", name, error),
                });
            }
        }
    }
}

/// Returns the SHA-256 of bytes in hexadecimal digits.
#[must_use]
pub fn bytes_sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
pub(super) mod tests;
