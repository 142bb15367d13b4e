//! What is signed: an in-toto statement that names a file by its SHA-256 and says what it is.

use churn_base::json_words::in_plain_words;
use serde::{Deserialize, Serialize};

/// The statement's own type, <https://github.com/in-toto/attestation>, version 1.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The type of our predicate. The name is ours alone and leads nowhere, as that of our schemas.
const PREDICATE_TYPE: &str = "https://churnctl.invalid/signed-file/v1";

/// What kind of file is signed. A signature over a report must not pass for one over a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A model artifact.
    Model,
    /// The profile of a data set.
    Profile,
    /// A report of a command.
    Report,
}

impl Kind {
    /// Returns `model`, `profile` or `report`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Profile => "profile",
            Self::Report => "report",
        }
    }
}

/// A statement about one file.
// Structs all the way down: a member that is known and occurs twice is then an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: [Subject; 1],
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Digest {
    sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Predicate {
    kind: Kind,
    /// Version of the document's layout.
    schema_version: u32,
    churnctl_version: String,
    created_at: String,
}

/// What a statement says beside the file's name and digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About<'a> {
    /// What the file is.
    pub kind: Kind,
    /// Version of its layout.
    pub schema_version: u32,
    /// Now, RFC 3339.
    pub created_at: &'a str,
}

impl Statement {
    /// Makes the statement that a file of this name has these bytes.
    #[must_use]
    pub fn new(name: &str, bytes: &[u8], about: About<'_>) -> Self {
        Self {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject: [Subject {
                name: name.to_owned(),
                digest: Digest {
                    sha256: super::sha256(bytes),
                },
            }],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: Predicate {
                kind: about.kind,
                schema_version: about.schema_version,
                churnctl_version: env!("CARGO_PKG_VERSION").to_owned(),
                created_at: about.created_at.to_owned(),
            },
        }
    }

    /// Returns the bytes that are signed.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Texts and a number: this cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a statement; says what is wrong with one that is not ours.
    pub(super) fn from_json(bytes: &[u8]) -> Result<Self, String> {
        let statement: Self = serde_json::from_slice(bytes).map_err(|error| {
            let why = in_plain_words(&error);
            format!("its payload is not a statement about one file: {why}")
        })?;
        for (found, wanted) in [
            (&statement.statement_type, STATEMENT_TYPE),
            (&statement.predicate_type, PREDICATE_TYPE),
        ] {
            if found != wanted {
                let found = churn_base::text::shorten(found, 80);
                return Err(format!(
                    "its statement is of the type \"{found}\", not {wanted}"
                ));
            }
        }
        Ok(statement)
    }

    /// Returns what the file is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.predicate.kind
    }

    /// Returns the SHA-256 that the file must have.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.subject[0].digest.sha256
    }

    /// Returns what the file was called when it was signed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.subject[0].name
    }

    /// Returns when it was signed, by the signer's clock.
    #[must_use]
    pub fn created_at(&self) -> &str {
        &self.predicate.created_at
    }
}
