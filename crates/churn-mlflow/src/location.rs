//! Where a model is on a tracking server: `models:/churn@champion`, `models:/churn/3`, `runs:/ID`.

use std::fmt;
use std::str::FromStr;

/// A model on a tracking server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// The version of a registered model that an alias names.
    Alias {
        /// Name of the registered model.
        model: String,
        /// The alias.
        alias: String,
    },
    /// A version of a registered model.
    Version {
        /// Name of the registered model.
        model: String,
        /// Its number.
        version: String,
    },
    /// What a run kept.
    Run {
        /// The run.
        run_id: String,
        /// The folder or file among its artifacts.
        path: String,
    },
}

/// Tells whether a text is meant to be one, and no path of a file.
#[must_use]
pub fn is_location(text: &str) -> bool {
    text.starts_with("models:/") || text.starts_with("runs:/")
}

impl FromStr for Location {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = |why: &str| format!("\"{text}\" {why}");
        if let Some(rest) = text.strip_prefix("models:/") {
            let forms = "is not of the form models:/NAME@ALIAS or models:/NAME/VERSION";
            if let Some((model, alias)) = rest.split_once('@') {
                return match is_name(model) && is_name(alias) {
                    true => Ok(Self::Alias {
                        model: model.to_owned(),
                        alias: alias.to_owned(),
                    }),
                    false => Err(refused(forms)),
                };
            }
            let (model, version) = rest.split_once('/').ok_or_else(|| refused(forms))?;
            let is_number = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
            return match is_name(model) && is_number {
                true => Ok(Self::Version {
                    model: model.to_owned(),
                    version: version.to_owned(),
                }),
                false => Err(refused(forms)),
            };
        }
        let form = "is not of the form runs:/RUN or runs:/RUN/PATH";
        let rest = text.strip_prefix("runs:/").ok_or_else(|| refused(form))?;
        let (run_id, path) = rest.split_once('/').unwrap_or((rest, ""));
        let is_id = !run_id.is_empty()
            && run_id
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        let leaves = path.split('/').any(|part| matches!(part, "." | ".."));
        match is_id && !leaves {
            true => Ok(Self::Run {
                run_id: run_id.to_owned(),
                path: path.trim_matches('/').to_owned(),
            }),
            false => Err(refused(form)),
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    !text.is_empty() && text.chars().all(is_allowed)
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias { model, alias } => write!(f, "models:/{model}@{alias}"),
            Self::Version { model, version } => write!(f, "models:/{model}/{version}"),
            Self::Run { run_id, path } if path.is_empty() => write!(f, "runs:/{run_id}"),
            Self::Run { run_id, path } => write!(f, "runs:/{run_id}/{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_there_are_come_back_as_they_were() {
        for text in [
            "models:/churn@champion",
            "models:/churn/12",
            "runs:/2738a0cf67f7408d",
            "runs:/2738a0cf67f7408d/model/artifact.json",
        ] {
            let location: Location = text.parse().expect(text);
            assert_eq!(location.to_string(), text);
        }
    }

    #[test]
    fn other_forms_are_refused_with_those_that_there_are() {
        for text in [
            "models:/churn",
            "models:/churn/Production",
            "models:/churn@",
            "models:/@champion",
            "models:/a'b@champion",
            "models://host/churn/1",
            "runs:/",
            "runs:/abc/../other",
            "runs:/a b",
            "churn",
        ] {
            let why = text.parse::<Location>().expect_err(text);
            assert!(why.contains("is not of the form"), "{why}");
        }
        assert!(!is_location("artifacts/models:/x"));
    }
}
