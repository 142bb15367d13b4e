//! What is known of one setting: name, type, default, flag, help, and the words that it takes.

use super::values::Raw;

/// What kind of value a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One text.
    Text,
    /// Texts: an array in the file, separated by commas elsewhere.
    List,
    /// A number.
    Number,
    /// A whole number.
    Count,
}

impl Kind {
    /// Returns what the kind is called in messages, with its article.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::List => "a list of texts",
            Self::Number => "a number",
            Self::Count => "a whole number",
        }
    }
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted name, as in the settings file.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The default, written as on the command line; none for settings that are unset by default.
    pub default: Option<&'static str>,
    /// The flag that sets it, if there is one.
    pub flag: Option<&'static str>,
    /// One line of help.
    pub help: &'static str,
    /// The words that it may be; empty for any.
    pub choices: &'static [&'static str],
}

impl Key {
    /// Returns the environment variable: `drift.warn_psi` is `CHURNCTL_DRIFT_WARN_PSI`.
    #[must_use]
    pub fn env_name(&self) -> String {
        format!("CHURNCTL_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// Returns the variable of another program that counts where ours is not set.
    #[must_use]
    pub fn foreign_env_name(&self) -> Option<&'static str> {
        let found = FOREIGN.iter().find(|(name, _)| *name == self.name);
        found.map(|(_, variable)| *variable)
    }

    /// Refuses a value that is none of the words to choose from, if there are such.
    ///
    /// # Errors
    /// The reason, with the words.
    pub(super) fn takes(&self, raw: &Raw) -> Result<(), String> {
        let texts = match raw {
            Raw::One(text) => std::slice::from_ref(text),
            Raw::Many(texts) => texts,
        };
        let other = texts
            .iter()
            .find(|text| !self.choices.contains(&text.as_str()));
        match other.filter(|_| !self.choices.is_empty()) {
            Some(other) => Err(format!(
                "\"{other}\" is not one of {}",
                self.choices.join(", ")
            )),
            None => Ok(()),
        }
    }
}

/// Variables that MLflow's own client reads: who has set them for it has set them for us.
const FOREIGN: [(&str, &str); 3] = [
    ("mlflow.tracking_uri", "MLFLOW_TRACKING_URI"),
    ("mlflow.experiment", "MLFLOW_EXPERIMENT_NAME"),
    ("mlflow.ca_file", "MLFLOW_TRACKING_SERVER_CERT_PATH"),
];

pub(super) const fn key(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    flag: Option<&'static str>,
    help: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        flag,
        help,
        choices: &[],
    }
}

impl Key {
    /// Returns the setting that takes these words and no others.
    pub(super) const fn one_of(self, choices: &'static [&'static str]) -> Self {
        Self { choices, ..self }
    }
}
