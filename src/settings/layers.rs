//! The layers of settings and the order they count in; which value won, and where it came from. Which settings there
//! are is not known here.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::key::{Key, Kind};
use super::values::Raw;
use crate::error::{Error, Place, Result};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag(&'static str),
    /// An environment variable.
    Env(String),
    /// A line of the settings file.
    File {
        /// The file as the user named it.
        file: String,
        /// The line.
        line: u64,
    },
    /// Nobody set it.
    Default,
}

impl Origin {
    /// Makes the error for a bad value of `name` from here: 64 for flags, 78 for the rest.
    pub(super) fn refuse(&self, name: &str, why: &str) -> Error {
        match self {
            Self::Flag(flag) => Error::usage(format!("{flag}: {why}")),
            Self::Env(variable) => Error::bad_settings(format!("{variable}: {why}")),
            Self::File { file, line } => {
                Error::bad_settings(format!("\"{name}\": {why}")).at(Place {
                    file: file.clone(),
                    line: Some(*line),
                    column: None,
                })
            }
            // A default that does not parse is ours to fix; a test parses them all.
            Self::Default => Error::new(
                crate::exit::ExitCode::Bug,
                format!("default of \"{name}\": {why}"),
            ),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Env(variable) => write!(f, "env {variable}"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and the line it stands on.
pub(super) type Lined = (Raw, u64);

/// The text of a settings file, taken apart.
#[derive(Debug, Clone, Default)]
pub struct SettingsFile {
    /// The file as the user named it.
    pub name: String,
    /// Values by dotted name.
    pub(super) values: BTreeMap<String, Lined>,
    /// Values of `[drift.thresholds.FEATURE]`, by feature and key.
    pub(super) thresholds: BTreeMap<String, BTreeMap<String, Lined>>,
}

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Flags(pub(super) BTreeMap<&'static str, Raw>);

impl Flags {
    /// Takes the value of a flag, if it was given.
    pub fn one(&mut self, key: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.0.insert(key, Raw::One(value.to_string()));
        }
    }

    /// Takes the values of a list flag, if it was given.
    pub fn many(&mut self, key: &'static str, values: Option<&Vec<String>>) {
        if let Some(values) = values {
            self.0.insert(key, Raw::Many(values.clone()));
        }
    }
}

/// All layers, checked for keys that nobody knows.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    pub(super) flags: Flags,
    pub(super) env: BTreeMap<String, String>,
    pub(super) file: SettingsFile,
}

impl Layers {
    /// Returns the value that wins, and its origin.
    #[must_use]
    pub fn find(&self, key: &'static Key) -> (Option<Raw>, Origin) {
        let raw = |text: &str| match key.kind {
            Kind::List => Raw::split(text),
            Kind::Text | Kind::Number | Kind::Count => Raw::One(text.to_owned()),
        };
        if let Some(value) = self.flags.0.get(key.name) {
            return (
                Some(value.clone()),
                Origin::Flag(key.flag.unwrap_or(key.name)),
            );
        }
        let foreign = key.foreign_env_name().map(str::to_owned);
        for variable in [Some(key.env_name()), foreign].into_iter().flatten() {
            if let Some(text) = self.env.get(&variable) {
                return (Some(raw(text)), Origin::Env(variable));
            }
        }
        if let Some((value, line)) = self.file.values.get(key.name) {
            let file = self.file.name.clone();
            return (Some(value.clone()), Origin::File { file, line: *line });
        }
        (key.default.map(raw), Origin::Default)
    }

    /// Returns the typed value and its origin; no value if nobody set it and it has no default.
    pub(super) fn optional_of<T>(&self, key: &'static Key) -> Result<(Option<T>, Origin)>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let (raw, origin) = self.find(key);
        let Some(raw) = raw else {
            return Ok((None, origin));
        };
        key.takes(&raw)
            .map_err(|why| origin.refuse(key.name, &why))?;
        match raw.to_string().parse() {
            Ok(value) => Ok((Some(value), origin)),
            Err(error) => Err(origin.refuse(key.name, &error.to_string())),
        }
    }

    /// Returns the typed value of a setting that has a default, and its origin.
    pub(super) fn required_of<T>(&self, key: &'static Key) -> Result<(T, Origin)>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let (value, origin) = self.optional_of(key)?;
        match value {
            Some(value) => Ok((value, origin)),
            None => Err(Origin::Default.refuse(key.name, "there is none")),
        }
    }

    /// Returns the texts of a list setting.
    pub(super) fn list_of(&self, key: &'static Key) -> Result<Vec<String>> {
        let (raw, origin) = self.find(key);
        if let Some(raw) = &raw {
            key.takes(raw)
                .map_err(|why| origin.refuse(key.name, &why))?;
        }
        Ok(match raw {
            Some(Raw::Many(texts)) => texts,
            Some(Raw::One(text)) => vec![text],
            None => Vec::new(),
        })
    }
}
