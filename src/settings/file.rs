//! `churnctl.toml`: every value with the line it stands on. What the values mean is decided elsewhere.

use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key::{Key, Kind};
use super::keys::KEYS;
use super::layers::SettingsFile;
use super::lookup::nearest_key;
use super::values::Raw;
use crate::error::{Error, Place, Result, nearest};

/// The settings file that is read when none is named.
pub const DEFAULT_FILE: &str = "churnctl.toml";

/// Tables of thresholds for single features live under this name.
pub(super) const THRESHOLDS: &str = "drift.thresholds";
pub(super) const THRESHOLD_KEYS: [&str; 8] = [
    "warn_psi",
    "fail_psi",
    "warn_distance",
    "fail_distance",
    "warn_share_ratio",
    "fail_share_ratio",
    "warn_new_share",
    "fail_new_share",
];

/// Which settings file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChoice {
    /// The file.
    pub path: PathBuf,
    /// Whether somebody named it: then it must exist.
    pub named: bool,
}

impl FileChoice {
    /// Chooses `--config`, then `CHURNCTL_CONFIG`, then `churnctl.toml` in the current folder.
    #[must_use]
    pub fn new(flag: Option<PathBuf>, env: Option<&str>) -> Self {
        let env = env.filter(|path| !path.is_empty()).map(PathBuf::from);
        match flag.or(env) {
            Some(path) => Self { path, named: true },
            None => Self {
                path: PathBuf::from(DEFAULT_FILE),
                named: false,
            },
        }
    }
}

impl SettingsFile {
    /// Takes the text of the file `name` apart.
    ///
    /// # Errors
    /// Fails with 78, file and line on bad TOML, an unknown key, and a value of the wrong kind.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let mut reader = Reader {
            text,
            file: Self {
                name: name.to_owned(),
                ..Self::default()
            },
        };
        let table = DeTable::parse(text).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            let failed = Error::bad_settings(format!("not valid TOML: {message}"));
            let line = error.span().map(|span| reader.line(&span));
            failed.at(Place {
                file: name.to_owned(),
                line,
                column: None,
            })
        })?;
        reader.table("", table.get_ref())?;
        Ok(reader.file)
    }
}

struct Reader<'a> {
    text: &'a str,
    file: SettingsFile,
}

impl Reader<'_> {
    fn line(&self, span: &Range<usize>) -> u64 {
        let before = self.text.as_bytes().iter().take(span.start);
        1 + before.filter(|byte| **byte == b'\n').count() as u64
    }

    fn wrong(&self, span: &Range<usize>, message: String) -> Error {
        Error::bad_settings(message).at(Place {
            file: self.file.name.clone(),
            line: Some(self.line(span)),
            column: None,
        })
    }

    fn table(&mut self, section: &str, table: &DeTable<'_>) -> Result<()> {
        for (key, value) in table {
            let name = match section {
                "" => key.get_ref().to_string(),
                _ => format!("{section}.{}", key.get_ref()),
            };
            if let Some(known) = Key::named(&name) {
                let raw = self.value(&name, known.kind, value)?;
                let line = self.line(&value.span());
                self.file.values.insert(name, (raw, line));
            } else if name == THRESHOLDS {
                for (feature, value) in self.section(&name, value)? {
                    self.thresholds(feature.get_ref(), value)?;
                }
            } else if is_section(&name) {
                self.table(&name, self.section(&name, value)?)?;
            } else {
                return Err(self.unknown(&key.span(), &name));
            }
        }
        Ok(())
    }

    fn thresholds(&mut self, feature: &str, value: &Spanned<DeValue<'_>>) -> Result<()> {
        let section = format!("{THRESHOLDS}.{feature}");
        for (key, value) in self.section(&section, value)? {
            let key_name = key.get_ref().to_string();
            if !THRESHOLD_KEYS.contains(&key_name.as_str()) {
                let error = self.wrong(
                    &key.span(),
                    format!("unknown setting \"{section}.{key_name}\""),
                );
                return Err(error.hint(match nearest(&key_name, THRESHOLD_KEYS) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("a feature takes {}", THRESHOLD_KEYS.join(", ")),
                }));
            }
            let raw = self.value(&format!("{section}.{key_name}"), Kind::Number, value)?;
            let line = self.line(&value.span());
            let feature = self.file.thresholds.entry(feature.to_owned()).or_default();
            feature.insert(key_name, (raw, line));
        }
        Ok(())
    }

    fn section<'t, 'i>(
        &self,
        name: &str,
        value: &'t Spanned<DeValue<'i>>,
    ) -> Result<&'t DeTable<'i>> {
        value.get_ref().as_table().ok_or_else(|| {
            let found = value.get_ref().type_str();
            self.wrong(
                &value.span(),
                format!("\"{name}\" is a table, not a value of type {found}"),
            )
        })
    }

    fn value(&self, name: &str, kind: Kind, value: &Spanned<DeValue<'_>>) -> Result<Raw> {
        let raw = match (kind, value.get_ref()) {
            (Kind::Text, DeValue::String(text)) => Some(Raw::One(text.to_string())),
            (Kind::List, DeValue::String(text)) => Some(Raw::Many(vec![text.to_string()])),
            (Kind::List, DeValue::Array(items)) => items
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .map(Raw::Many),
            (Kind::Number, DeValue::Float(number)) => Some(Raw::One(number.as_str().to_owned())),
            (Kind::Number | Kind::Count, DeValue::Integer(number)) if number.radix() == 10 => {
                Some(Raw::One(number.as_str().to_owned()))
            }
            _ => None,
        };
        raw.ok_or_else(|| {
            let (wanted, found) = (kind.describe(), value.get_ref().type_str());
            self.wrong(
                &value.span(),
                format!("\"{name}\" must be {wanted}, not of type {found}"),
            )
        })
    }

    fn unknown(&self, span: &Range<usize>, name: &str) -> Error {
        let error = self.wrong(span, format!("unknown setting \"{name}\""));
        let last = name.rsplit('.').next().unwrap_or(name);
        let misplaced = KEYS
            .iter()
            .find(|key| key.name.rsplit('.').next() == Some(last));
        match misplaced.map(|key| key.name).or_else(|| nearest_key(name)) {
            Some(near) => error.hint(format!("did you mean \"{near}\"?")),
            None => error.hint("`churnctl config show` lists every setting"),
        }
    }
}

fn is_section(name: &str) -> bool {
    KEYS.iter().any(|key| {
        key.name
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> (Option<u64>, String, String) {
        let error = SettingsFile::parse("churnctl.toml", text).expect_err("must not parse");
        assert_eq!(error.code(), crate::exit::ExitCode::BadSettings);
        let line = error.place().and_then(|place| place.line);
        let hint = error.hint_text().unwrap_or_default().to_owned();
        (line, error.to_string(), hint)
    }

    #[test]
    fn values_keep_the_line_they_stand_on() {
        let text = "model = \"churn\"\n\n[drift]\nwarn_psi = 0.2\nfeatures = [\"a\", \"b\"]\n";
        let file = SettingsFile::parse("churnctl.toml", text).expect("valid");
        assert_eq!(file.values["model"], (Raw::One("churn".into()), 1));
        assert_eq!(file.values["drift.warn_psi"], (Raw::One("0.2".into()), 4));
        assert_eq!(file.values["drift.features"].1, 5);
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_known_key() {
        let (line, message, hint) = error_of("[drift]\nwarn_psy = 0.2\n");
        assert_eq!(line, Some(2));
        assert_eq!(message, "unknown setting \"drift.warn_psy\"");
        assert_eq!(hint, "did you mean \"drift.warn_psi\"?");
    }

    #[test]
    fn a_key_in_the_wrong_section_is_pointed_to_its_place() {
        let (_, _, hint) = error_of("warn_psi = 0.2\n");
        assert_eq!(hint, "did you mean \"drift.warn_psi\"?");
    }

    #[test]
    fn an_unknown_section_is_an_error_even_when_empty() {
        let (line, message, _) = error_of("# nothing\n[drfit]\n");
        assert_eq!(
            (line, message.as_str()),
            (Some(2), "unknown setting \"drfit\"")
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_names_its_line() {
        let (line, message, _) = error_of("[drift]\nwarn_psi = \"much\"\n");
        assert_eq!(line, Some(2));
        assert_eq!(
            message,
            "\"drift.warn_psi\" must be a number, not of type string"
        );
        assert_eq!(error_of("drift = 3\n").0, Some(1));
        assert_eq!(error_of("model = [\"a\"]\n").0, Some(1));
    }

    #[test]
    fn bad_toml_names_its_line() {
        assert_eq!(error_of("[drift]\nwarn_psi = = 1\n").0, Some(2));
        assert_eq!(error_of("model = \"a\"\nmodel = \"b\"\n").0, Some(2));
    }

    #[test]
    fn features_have_thresholds_of_their_own() {
        let text = "[drift.thresholds.\"a.b\"]\nwarn_psi = 1\n";
        let file = SettingsFile::parse("churnctl.toml", text).expect("valid");
        assert_eq!(
            file.thresholds["a.b"]["warn_psi"],
            (Raw::One("1".into()), 2)
        );
        let (line, _, hint) = error_of("[drift.thresholds.contract]\nfail_psy = 1\n");
        assert_eq!(
            (line, hint.as_str()),
            (Some(2), "did you mean \"fail_psi\"?")
        );
    }
}
