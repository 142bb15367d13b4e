//! Whether a file is signed by one of the keys that are trusted. The keys decide, never the envelope.

use std::path::{Path, PathBuf};

use churn_base::error::{Error, Place, Result};

use super::bundle::Bundle;
use super::keys::PublicKey;
use super::statement::{Kind, Statement};

/// The keys of those whose signature counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKeys(Vec<PublicKey>);

/// A file that one of the keys has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The key.
    pub key: &'a PublicKey,
    /// What was signed.
    pub statement: Statement,
}

/// Why a file is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An envelope is not one of ours; its signer, whoever that is, signed something else.
    #[error("the signature is not one of a file: {0}")]
    Malformed(String),
    /// None of the keys signed any of the envelopes.
    #[error("no key that is trusted has signed it; it says that it is signed by {0}")]
    UnknownKey(String),
    /// The signature is good and of another file, or the file was changed.
    #[error("the signature is for other bytes: SHA-256 {signed} was signed, the file has {found}")]
    OtherBytes {
        /// What was signed.
        signed: String,
        /// What the file has.
        found: String,
    },
    /// The signature is good, but says that the file is something else.
    #[error("it was signed as a {}, not as a {}", .signed.as_str(), .wanted.as_str())]
    OtherKind {
        /// What it was signed as.
        signed: Kind,
        /// What it is used as.
        wanted: Kind,
    },
}

impl TrustedKeys {
    /// Reads the keys of these files.
    ///
    /// # Errors
    /// As [`PublicKey::read_all`].
    pub fn read(paths: &[PathBuf]) -> Result<Self> {
        let read = paths.iter().map(|path| PublicKey::read_all(path));
        let keys = read.collect::<Result<Vec<_>>>()?;
        Ok(Self(keys.concat()))
    }

    /// Checks that one of the keys has signed these bytes as a file of this kind, or of any.
    ///
    /// # Errors
    /// The reason that comes nearest to being signed: other kind, other bytes, other key, malformed.
    pub fn check(
        &self,
        bundle: &Bundle,
        bytes: &[u8],
        kind: Option<Kind>,
    ) -> Result<Verified<'_>, Refusal> {
        let sha256 = super::sha256(bytes);
        let (mut wrong_kind, mut wrong_bytes, mut unknown) = (None, None, None);
        for envelope in &bundle.0 {
            let malformed = |error: String| Refusal::Malformed(error);
            let payload = envelope.payload();
            let payload = payload.map_err(|error| malformed(error.to_string()))?;
            // The signature before the payload is looked into: what nobody trusted has signed is
            // never parsed as a statement.
            let signer = envelope.signer(&payload, &self.0);
            let Some(key) = signer.map_err(|error| malformed(error.to_string()))? else {
                let ids: Vec<_> = envelope.key_ids().map(shown_id).collect();
                unknown.get_or_insert(Refusal::UnknownKey(ids.join(", ")));
                continue;
            };
            let statement = Statement::from_json(&payload).map_err(malformed)?;
            if statement.sha256() != sha256 {
                wrong_bytes.get_or_insert(Refusal::OtherBytes {
                    signed: shown_id(statement.sha256()),
                    found: shown_id(&sha256),
                });
                continue;
            }
            match kind {
                Some(wanted) if wanted != statement.kind() => {
                    let signed = statement.kind();
                    wrong_kind.get_or_insert(Refusal::OtherKind { signed, wanted });
                }
                Some(_) | None => return Ok(Verified { key, statement }),
            }
        }
        let nearest = wrong_kind.or(wrong_bytes).or(unknown);
        Err(nearest.unwrap_or(Refusal::UnknownKey("nobody".into())))
    }

    /// As [`TrustedKeys::check`], of a model and the bytes of its bundle; `file` and `bundle_file` are
    /// what errors call them.
    ///
    /// # Errors
    /// Bad input (65) as of a damaged model, also if there is no bundle.
    pub fn require_model(
        &self,
        (bytes, file): (&[u8], &str),
        (bundle, bundle_file): (Option<&[u8]>, &Path),
    ) -> Result<()> {
        let refused = |message: String| {
            let place = Place {
                file: file.to_owned(),
                ..Place::default()
            };
            Error::bad_input(message)
                .at(place)
                .hint("churnctl sign MODEL --key KEY, where the key is; docs/trust.md")
        };
        let shown = bundle_file.display();
        let Some(bundle) = bundle else {
            let message = format!("the model is not signed, and must be: there is no {shown}");
            return Err(refused(message));
        };
        let bundle = Bundle::from_json(bundle, &shown.to_string())?;
        match self.check(&bundle, bytes, Some(Kind::Model)) {
            Ok(_) => Ok(()),
            Err(refusal) => Err(refused(format!(
                "the model is not trusted: {refusal} ({shown})"
            ))),
        }
    }
}

/// An id as far as people compare it; what comes from an envelope may be anything.
fn shown_id(id: &str) -> String {
    match id {
        "" => "an unnamed key".to_owned(),
        id => churn_base::text::visible(&id.chars().take(16).collect::<String>()).into_owned(),
    }
}

#[cfg(test)]
mod tests;
