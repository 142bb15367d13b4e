//! What is to be told to a tracking server, whole: kept in the spool until it has been.

use std::collections::BTreeMap;

use churn_base::hex::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Version of the layout.
pub const SCHEMA_VERSION: u32 = 1;

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Version of this layout, see [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Who made it: `train` or `drift`.
    pub command: String,
    /// Version of the program that made it.
    pub churnctl_version: String,
    /// When, RFC 3339 in UTC.
    pub created_at: String,
    /// What it is found again by, on the server too. Sorts by time.
    pub key: String,
    /// What to tell.
    pub task: Task,
}

/// What to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Task {
    /// A run, perhaps with a model.
    Run(Box<Run>),
    /// A model that was in production before is so again.
    Champion(Champion),
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Name of the experiment; made if there is none.
    pub experiment: String,
    /// Name of the run.
    pub name: String,
    /// When it began, milliseconds since 1970.
    pub start_ms: i64,
    /// When it ended, milliseconds since 1970.
    pub end_ms: i64,
    /// What went in.
    pub parameters: BTreeMap<String, String>,
    /// What came out. Finite.
    pub metrics: BTreeMap<String, f64>,
    /// What else is known.
    pub tags: BTreeMap<String, String>,
    /// The data it learned from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Dataset>,
    /// Files to keep with it.
    pub files: Vec<File>,
    /// The model to register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<RegisteredModel>,
}

/// Data, as MLflow describes them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Name of the file.
    pub name: String,
    /// First digits of the SHA-256.
    pub digest: String,
    /// Where it is, as JSON.
    pub source: String,
    /// Its columns, as JSON.
    pub schema: String,
    /// Its size, as JSON.
    pub profile: String,
}

/// A file of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Path among the run's artifacts.
    pub path: String,
    /// SHA-256 of the text.
    pub sha256: String,
    /// What is in it.
    pub text: String,
}

/// A model in the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredModel {
    /// Name of the registered model.
    pub name: String,
    /// Tags of the version.
    pub tags: BTreeMap<String, String>,
    /// When it was promoted, milliseconds since 1970; none if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_at_ms: Option<i64>,
}

/// The model that is in production from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Champion {
    /// Name of the registered model.
    pub model: String,
    /// Version of the artifact.
    pub model_version: String,
    /// Since when, milliseconds since 1970.
    pub decided_at_ms: i64,
}

impl File {
    /// Takes a text.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            path: path.into(),
            sha256: sha256(text.as_bytes()),
            text,
        }
    }

    /// Tells whether the text is the one that was put in.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        sha256(self.text.as_bytes()) == self.sha256
    }
}

/// Returns the SHA-256 in hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Makes a key out of a time and a number drawn by chance: `20261125T024441.123Z-1a2b3c4d5e6f7a8b`.
#[must_use]
pub fn key(now_ms: i64, drawn: u64) -> String {
    let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    format!("{}-{drawn:016x}", time.strftime("%Y%m%dT%H%M%S.%3fZ"))
}

/// Tells whether a text can be a key: it is a file's name and part of a filter.
#[must_use]
pub fn is_key(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    (1..=80).contains(&text.len()) && !text.starts_with('.') && text.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_time_and_are_names_of_files() {
        // date -u -d @1700000000 +%Y%m%dT%H%M%S
        let first = key(1_700_000_000_009, u64::MAX);
        assert_eq!(first, "20231114T221320.009Z-ffffffffffffffff");
        assert!(first < key(1_700_000_000_010, 0) && is_key(&first));
        for text in ["", "../x", "a/b", ".x", "a'b", "a`b", &"x".repeat(81)] {
            assert!(!is_key(text), "{text}");
        }
    }

    #[test]
    fn a_changed_text_is_not_whole() {
        // printf abc | sha256sum
        let mut file = File::new("a", "abc");
        assert_eq!(
            file.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert!(file.is_whole());
        file.text.push('d');
        assert!(!file.is_whole());
    }
}
