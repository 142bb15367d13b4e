//! The file beside a file: one envelope a line. Several stand for several signers, and for a moment
//! for two models, while one takes the other's place.

use std::path::{Path, PathBuf};

use churn_base::error::{Error, Place, Result};

use super::envelope::Envelope;
use super::statement::Statement;

/// Envelopes of one bundle; nobody has so many signers.
const MOST_ENVELOPES: usize = 64;

/// The envelopes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bundle(pub(super) Vec<Envelope>);

/// Returns where the signature of a file is: its name with `.sig` behind it.
#[must_use]
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

impl Bundle {
    /// Largest bundle that is read, in bytes.
    pub const MOST_BYTES: u64 = 1 << 20;

    /// Reads a bundle: envelopes one after another, as in-toto's bundles (JSON Lines) have them. One
    /// that is written over several lines, as other programs do, is read, too. `file` is what errors
    /// call it.
    ///
    /// # Errors
    /// Bad input (65) with the line, if one of them is cut or is not an envelope, or there is none. One
    /// bad envelope spoils the others: nobody writes such a file but by accident or on purpose.
    pub fn from_json(bytes: &[u8], file: &str) -> Result<Self> {
        let refused = |message: &str, line: Option<u64>| {
            Error::bad_input(message).at(Place {
                file: file.to_owned(),
                line,
                column: None,
            })
        };
        let mut found = Vec::new();
        for envelope in serde_json::Deserializer::from_slice(bytes).into_iter::<Envelope>() {
            let envelope = envelope.map_err(|error| {
                let line = u64::try_from(error.line()).ok().filter(|line| *line > 0);
                refused("this is not a whole signature (DSSE envelope)", line).because(error)
            })?;
            found.push(envelope);
            if found.len() > MOST_ENVELOPES {
                let message = format!("there are more than {MOST_ENVELOPES} signatures");
                return Err(refused(&message, None));
            }
        }
        if found.is_empty() {
            return Err(refused("there is no signature in this file", None));
        }
        Ok(Self(found))
    }

    /// Returns it as it is written: a line for each envelope.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for envelope in &self.0 {
            // Texts alone: this cannot fail.
            text.extend(serde_json::to_vec(envelope).unwrap_or_default());
            text.push(b'\n');
        }
        text
    }

    /// Adds the signature of a statement. Of what was there, the envelopes of other signers stay that
    /// are about the same bytes.
    pub fn sign(&mut self, statement: &Statement, key_id: &str, signature: &[u8]) {
        let own = |envelope: &Envelope| envelope.key_ids().any(|id| id == key_id);
        self.0.retain(|envelope| {
            let about = envelope.payload().ok();
            let about = about.and_then(|payload| Statement::from_json(&payload).ok());
            about.is_some_and(|about| about.sha256() == statement.sha256()) && !own(envelope)
        });
        let payload = statement.to_json();
        self.0.push(Envelope::new(&payload, key_id, signature));
    }

    /// Returns the envelopes that say they are about these bytes, whoever signed them; none if there is
    /// none.
    #[must_use]
    pub fn about(&self, bytes: &[u8]) -> Option<Self> {
        let sha256 = super::sha256(bytes);
        let about = |envelope: &&Envelope| {
            let payload = envelope.payload().ok();
            let statement = payload.and_then(|payload| Statement::from_json(&payload).ok());
            statement.is_some_and(|statement| statement.sha256() == sha256)
        };
        let found: Vec<_> = self.0.iter().filter(about).cloned().collect();
        (!found.is_empty()).then_some(Self(found))
    }

    /// Returns both bundles as one: for the moment in which one file takes another's place, either of
    /// the two is signed.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        let others = others.0.iter().filter(|other| !self.0.contains(other));
        Self(self.0.iter().chain(others).cloned().collect())
    }
}

impl Statement {
    /// Returns what a key must sign: the statement with its type and their lengths.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        super::envelope::pae(super::envelope::PAYLOAD_TYPE, &self.to_json())
    }
}
