//! Settings by name: what the layers say of each that there is, and what nobody knows.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::key::{Key, Kind};
use super::keys::KEYS;
use super::layers::{Flags, Layers, Origin, SettingsFile};
use super::values::Raw;
use crate::error::{Error, Result, nearest};

/// Variables that steer the program or its build and are not settings.
pub const ENV_ONLY: &[&str] = &[
    "CHURNCTL_COMMIT",
    "CHURNCTL_CONFIG",
    "CHURNCTL_METRICS_FILE",
    "CHURNCTL_PROGRESS",
    "CHURNCTL_PUSH_PASSWORD",
    "CHURNCTL_PUSH_TOKEN",
];

const PREFIX: &str = "CHURNCTL_";

/// One setting as `config show` prints it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Dotted name.
    pub key: String,
    /// What it takes.
    pub kind: Kind,
    /// The value that won; none if unset.
    pub value: Option<Raw>,
    /// Where it came from.
    pub origin: Origin,
}

impl Flags {
    /// Takes `key=value`, as `--set` has it.
    ///
    /// # Errors
    /// Fails with 64 if it is none, or nobody knows the key.
    pub fn set(&mut self, assignment: &str) -> Result<()> {
        let Some((name, value)) = assignment.split_once('=') else {
            let message = format!("\"{assignment}\" is not key=value");
            return Err(Error::usage(message));
        };
        let Some(key) = Key::named(name.trim()) else {
            let error = Error::usage(format!("unknown setting \"{name}\""));
            return Err(match nearest_key(name) {
                Some(near) => error.hint(format!("did you mean \"{near}\"?")),
                None => error.hint("`churnctl config show` lists every setting"),
            });
        };
        let raw = match key.kind {
            Kind::List => Raw::split(value),
            Kind::Text | Kind::Number | Kind::Count => Raw::One(value.to_owned()),
        };
        self.0.insert(key.name, raw);
        Ok(())
    }
}

impl Layers {
    /// Puts the layers together. Variables that do not begin with `CHURNCTL_` and empty ones are ignored,
    /// but for those of other programs that [`Key::foreign_env_name`] names.
    ///
    /// # Errors
    /// Fails with 78 on a `CHURNCTL_` variable that nobody knows.
    pub fn new(
        flags: Flags,
        env: &BTreeMap<String, String>,
        file: Option<SettingsFile>,
    ) -> Result<Self> {
        let ours = env.iter().filter(|(name, _)| name.starts_with(PREFIX));
        let mut kept = BTreeMap::new();
        for (name, value) in ours {
            if KEYS.iter().any(|key| key.env_name() == *name) {
                // An empty variable is how a container image says "not set".
                if !value.is_empty() {
                    kept.insert(name.clone(), value.clone());
                }
            } else if !ENV_ONLY.contains(&name.as_str()) && !is_service_link(name) {
                return Err(unknown_variable(name));
            }
        }
        for variable in KEYS.iter().filter_map(Key::foreign_env_name) {
            if let Some(value) = env.get(variable).filter(|value| !value.is_empty()) {
                kept.insert(variable.to_owned(), value.clone());
            }
        }
        Ok(Self {
            flags,
            env: kept,
            file: file.unwrap_or_default(),
        })
    }

    /// Returns the typed value of a setting and its origin; no value if nobody set it and it has no default.
    pub(super) fn optional<T>(&self, name: &str) -> Result<(Option<T>, Origin)>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        self.optional_of(known(name)?)
    }

    /// Returns the typed value of a setting that has a default, and its origin.
    pub(super) fn required<T>(&self, name: &str) -> Result<(T, Origin)>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        self.required_of(known(name)?)
    }

    /// Returns the texts of a list setting.
    pub(super) fn list(&self, name: &str) -> Result<Vec<String>> {
        self.list_of(known(name)?)
    }

    /// Returns the typed values of a list setting, each of which stands there once.
    pub(super) fn each<T>(&self, name: &str) -> Result<Vec<T>>
    where
        T: FromStr + PartialEq,
        T::Err: fmt::Display,
    {
        let mut values: Vec<T> = Vec::new();
        let (_, origin) = self.find(known(name)?);
        for text in self.list(name)? {
            let refuse = |why: &str| origin.refuse(name, why);
            match text.parse() {
                Ok(value) if values.contains(&value) => {
                    return Err(refuse(&format!("\"{text}\" is there twice")));
                }
                Ok(value) => values.push(value),
                Err(error) => return Err(refuse(&error.to_string())),
            }
        }
        Ok(values)
    }

    /// Returns every setting with its value and origin, thresholds of single features last.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        let settings = KEYS.iter().map(|key| {
            let (value, origin) = self.find(key);
            Shown {
                key: key.name.to_owned(),
                kind: key.kind,
                value,
                origin,
            }
        });
        let features = self.file.thresholds.iter();
        let thresholds = features.flat_map(|(feature, values)| {
            values.iter().map(move |(key, (value, line))| Shown {
                key: format!("drift.thresholds.{feature}.{key}"),
                kind: Kind::Number,
                value: Some(value.clone()),
                origin: Origin::File {
                    file: self.file.name.clone(),
                    line: *line,
                },
            })
        });
        settings.chain(thresholds).collect()
    }
}

/// Returns the known key nearest to a dotted name.
pub(crate) fn nearest_key(name: &str) -> Option<&'static str> {
    nearest(name, KEYS.iter().map(|key| key.name))
}

fn known(name: &str) -> Result<&'static Key> {
    Key::named(name).ok_or_else(|| Origin::Default.refuse(name, "not in the registry"))
}

/// Kubernetes puts such variables into every container for each Service of the namespace.
fn is_service_link(name: &str) -> bool {
    name.contains("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.contains("_PORT_")
}

fn unknown_variable(name: &str) -> Error {
    let names: Vec<String> = KEYS.iter().map(Key::env_name).collect();
    let all = names
        .iter()
        .map(String::as_str)
        .chain(ENV_ONLY.iter().copied());
    let error = Error::bad_settings(format!("unknown environment variable {name}"));
    match nearest(name, all) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("`churnctl config show` lists every setting"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn origin_of(layers: &Layers, name: &str) -> String {
        let key = Key::named(name).expect("a known key");
        let (value, origin) = layers.find(key);
        format!("{} from {origin}", value.expect("a value"))
    }

    #[test]
    fn flags_beat_the_environment_which_beats_the_file_which_beats_defaults() {
        let file = "[drift]\nwarn_psi = 0.2\nfail_psi = 0.3\nmin_rows = 7\n";
        let file = SettingsFile::parse("churnctl.toml", file).expect("valid");
        let env = env(&[
            ("CHURNCTL_DRIFT_WARN_PSI", "0.15"),
            ("CHURNCTL_DRIFT_FAIL_PSI", "0.5"),
        ]);
        let mut flags = Flags::default();
        flags.one("drift.warn_psi", Some(0.12));
        let layers = Layers::new(flags, &env, Some(file)).expect("known keys");
        assert_eq!(
            origin_of(&layers, "drift.warn_psi"),
            "0.12 from flag --warn-psi"
        );
        assert_eq!(
            origin_of(&layers, "drift.fail_psi"),
            "0.5 from env CHURNCTL_DRIFT_FAIL_PSI"
        );
        assert_eq!(
            origin_of(&layers, "drift.min_rows"),
            "7 from churnctl.toml:4"
        );
        assert_eq!(origin_of(&layers, "model"), "churn from default");
    }

    #[test]
    fn an_unknown_variable_is_refused_with_the_nearest_known_one() {
        let env = env(&[("CHURNCTL_DRIFT_WARN_PSY", "0.2")]);
        let error = Layers::new(Flags::default(), &env, None).expect_err("unknown");
        assert_eq!(error.code().code(), 78);
        assert_eq!(
            error.hint_text(),
            Some("did you mean CHURNCTL_DRIFT_WARN_PSI?")
        );
    }

    #[test]
    fn variables_of_kubernetes_services_and_empty_ones_do_no_harm() {
        let env = env(&[
            ("CHURNCTL_SERVICE_HOST", "10.0.0.1"),
            ("CHURNCTL_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("CHURNCTL_DRIFT_WARN_PSI", ""),
            ("CHURNCTL_PROGRESS", "off"),
            ("PATH", "/bin"),
        ]);
        let layers = Layers::new(Flags::default(), &env, None).expect("nothing unknown");
        assert_eq!(origin_of(&layers, "drift.warn_psi"), "0.1 from default");
    }
}
