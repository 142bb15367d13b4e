//! A model that lives elsewhere: what is compared with its rows and scores, and nothing to score with.

use churn_base::error::{Error, Place, Result};
use churn_drift::profile::Profile;
use serde::{Deserialize, Serialize};

use super::artifact::WRAP_COMMAND;
use super::registry::check_model_name;
use super::store::bytes_sha256;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// The document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrapped {
    schema_version: u32,
    command: String,
    churnctl_version: String,
    created_at: String,
    /// Name of the model.
    pub name: String,
    /// First 12 hexadecimal digits of `sha256`.
    pub version: String,
    sha256: String,
    /// Score from which a row is classed as churned.
    pub threshold: f64,
    /// Its rows and scores, as `drift` wants them.
    pub profile: Profile,
}

/// Returns the document with a checksum that matches whatever is in it: what lies behind it is to be fuzzed, too.
#[cfg(feature = "fuzzing")]
pub fn resealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut wrapped: Wrapped = serde_json::from_slice(bytes).ok()?;
    wrapped.profile.created_at.clear();
    wrapped.profile.churnctl_version.clear();
    wrapped.sha256 = wrapped.checksum();
    wrapped.version = wrapped.sha256.get(..12)?.to_owned();
    Some(wrapped.to_json())
}

impl Wrapped {
    /// Makes one.
    ///
    /// # Errors
    /// Usage if `name` is not a model name.
    pub fn new(
        name: &str,
        threshold: f64,
        mut profile: Profile,
        (created_at, churnctl_version): (&str, &str),
    ) -> Result<Self> {
        check_model_name(name)?;
        // The same rows are the same version, whenever they are wrapped.
        profile.created_at.clear();
        profile.churnctl_version.clear();
        let mut wrapped = Self {
            schema_version: SCHEMA_VERSION,
            command: WRAP_COMMAND.into(),
            churnctl_version: churnctl_version.to_owned(),
            created_at: created_at.to_owned(),
            name: name.to_owned(),
            version: String::new(),
            sha256: String::new(),
            threshold,
            profile,
        };
        wrapped.sha256 = wrapped.checksum();
        wrapped.version = wrapped.sha256[..12].to_owned();
        Ok(wrapped)
    }

    fn checksum(&self) -> String {
        let document = serde_json::json!([&self.name, self.threshold, &self.profile]);
        bytes_sha256(document.to_string().as_bytes())
    }

    /// Returns it as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Names and finite numbers alone: nothing that JSON lacks.
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// Reads it; `file` is what errors call it.
    ///
    /// # Errors
    /// Bad input (65) if it is of a newer layout, damaged or was changed.
    pub fn from_json(bytes: &[u8], file: &str) -> Result<Self> {
        let refused = |message: String| {
            Error::bad_input(message)
                .at(Place {
                    file: file.to_owned(),
                    ..Place::default()
                })
                .hint("make it again: churnctl model wrap --scores DATA -o FILE")
        };
        let mut wrapped: Self = serde_json::from_slice(bytes).map_err(|error| {
            refused("this is not a whole document of `model wrap`".into()).because(error)
        })?;
        if wrapped.schema_version != SCHEMA_VERSION {
            let found = wrapped.schema_version;
            let message = format!("this has version {found}, this churnctl reads {SCHEMA_VERSION}");
            return Err(refused(message));
        }
        let is_whole = wrapped.sha256 == wrapped.checksum()
            && wrapped.sha256.starts_with(&wrapped.version)
            && (0.0..=1.0).contains(&wrapped.threshold);
        if !is_whole {
            return Err(refused("it is damaged: its checksum does not match".into()));
        }
        let sound = wrapped.profile.check();
        sound.map_err(|error| refused(format!("it is damaged: {error}")))?;
        wrapped.profile.created_at.clone_from(&wrapped.created_at);
        wrapped
            .profile
            .churnctl_version
            .clone_from(&wrapped.churnctl_version);
        Ok(wrapped)
    }
}
