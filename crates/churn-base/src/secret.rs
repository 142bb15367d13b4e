//! Passwords, tokens and keys: texts that can be sent and cannot be printed. Which server one is for
//! is the affair of whoever has it.

use std::fmt;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Serialize, Serializer};
use subtle::ConstantTimeEq as _;

use crate::error::{Error, Result};
use crate::files::{MOST_BY_HAND, read_text_at_most};
use crate::percent::part;
use crate::redact::MASK;

/// Shortest secret that is looked for in a text.
const SHORTEST: usize = 4;

/// A text that is never printed, and wiped out when it is no longer needed.
///
/// # Examples
///
/// ```
/// use churn_base::secret::Secret;
/// let password = Secret::new("canary".to_owned());
/// assert_eq!(format!("{password} {password:?}"), "*** ***");
/// assert_eq!(serde_json::json!({"password": password}).to_string(), r#"{"password":"***"}"#);
/// assert_eq!(password.expose(), "canary");
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// Reads the first line of a file.
    ///
    /// # Errors
    /// Fails with 74 if the file cannot be read, with 78 if there is nothing in it. The error
    /// never holds what the file holds.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text_at_most(path, MOST_BY_HAND)
            .map_err(|error| Error::io("read", path, error))?;
        let line = text.lines().next().unwrap_or_default().trim();
        if line.is_empty() {
            let message = format!("no secret in the first line of {}", path.display());
            return Err(Error::bad_settings(message));
        }
        Ok(Self::new(line.to_owned()))
    }

    /// Returns what somebody said who knows the secret, without it.
    #[must_use]
    pub fn hidden_in(&self, said: &str) -> String {
        // What is shorter is a part of other words.
        if self.expose().len() < SHORTEST {
            return said.to_owned();
        }
        let said = said.replace(self.expose(), MASK);
        said.replace(&part(self.expose()), MASK)
    }

    /// Returns the text, to be sent and not to be printed.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// In a time that doesn't tell how much of it was right.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.expose().as_bytes(), other.expose().as_bytes());
        ours.ct_eq(theirs).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_first_line_of_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, " t0k3n \nmore\n").expect("written");
        assert_eq!(Secret::read(&path).expect("a secret").expose(), "t0k3n");
        std::fs::write(&path, "\n").expect("written");
        assert_eq!(Secret::read(&path).expect_err("empty").code().code(), 78);
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(Secret::read(&path).expect_err("absent").code().code(), 74);
    }

    #[test]
    fn what_a_server_repeats_is_hidden() {
        let secret = Secret::new("p@ss".to_owned());
        let said = "wrong: p@ss, or p%40ss";
        assert_eq!(secret.hidden_in(said), "wrong: ***, or ***");
        assert_eq!(Secret::new("a".to_owned()).hidden_in("bad"), "bad");
    }

    #[test]
    fn two_secrets_are_equal_if_their_texts_are() {
        let secret = |text: &str| Secret::new(text.to_owned());
        assert_eq!(secret("a"), secret("a"));
        assert_ne!(secret("a"), secret("b"));
        assert_ne!(secret("a"), secret("aa"));
    }
}
