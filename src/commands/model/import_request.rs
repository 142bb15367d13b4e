//! What `churnctl model import` is asked for.

use std::path::PathBuf;

use crate::commands::drift_request::ReadingRequest;
use crate::commands::tracker::TrackingRequest;
use crate::error::{Error, Result};
use crate::model::registry::check_model_name;
use crate::settings::Settings;
use crate::tracking::location::is_location;

/// Everything that an import needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportRequest {
    /// The model file of the other framework, or where MLflow has it.
    pub file: PathBuf,
    /// Data with the features, of the training if possible: they become the baseline.
    pub schema: Option<String>,
    /// Rows that the framework has scored; empty for the input example that MLflow has.
    pub parity: String,
    /// What rows are called that are fetched.
    pub parity_name: Option<String>,
    /// Its scores of these rows.
    pub expect: String,
    /// Where the artifact goes.
    pub output: PathBuf,
    /// Name of the model.
    pub name: String,
    /// Score from which a row is classed as churned.
    pub threshold: f64,
    /// How the data are read.
    pub reading: ReadingRequest,
    /// The way to MLflow.
    pub tracking: TrackingRequest,
}

/// The words that no setting has.
#[derive(Debug, Clone)]
pub struct ImportWords {
    /// The model file.
    pub file: PathBuf,
    /// Data with the features.
    pub schema: Option<String>,
    /// Rows with known scores.
    pub parity: Option<String>,
    /// The scores.
    pub expect: Option<String>,
    /// Where the artifact goes.
    pub output: PathBuf,
}

impl ImportRequest {
    /// Returns what data are to be called.
    pub(super) fn shown(&self, data: &str) -> String {
        let fetched = self.parity_name.as_ref().filter(|_| data == self.parity);
        fetched.map_or_else(|| crate::redact::address(data).into_owned(), Clone::clone)
    }

    /// Takes words and settings.
    ///
    /// # Errors
    /// Usage (64) without rows and scores to prove the import with, and on a bad name of the model.
    pub fn from_settings(settings: &Settings, words: ImportWords) -> Result<Self> {
        let is_logged = words.file.to_str().is_some_and(is_location);
        let parity = words.parity.or_else(|| is_logged.then(String::new));
        let (Some(parity), Some(expect)) = (parity, words.expect) else {
            return Err(Error::usage(
                "an import is proved with rows and the scores that the framework gave them",
            )
            .hint(
                "--parity ROWS.csv --expect SCORES.csv; write them where the model was trained: \
                 rows.to_csv(\"rows.csv\", index=False), and its probabilities as a column `score`",
            ));
        };
        let files = [
            words.file.to_str(),
            words.output.to_str(),
            words.schema.as_deref(),
        ];
        let files = files.into_iter().flatten();
        if files.chain([&*parity, &*expect]).any(|file| file == "-") {
            return Err(Error::usage(
                "an import reads and writes files, not standard input and output",
            )
            .hint("its rows are read more than once"));
        }
        let name = settings.model.as_str().to_owned();
        check_model_name(&name)?;
        Ok(Self {
            file: words.file,
            schema: words.schema,
            parity,
            parity_name: None,
            expect,
            output: words.output,
            name,
            threshold: settings.drift.class_threshold.get(),
            reading: ReadingRequest::from_settings(settings),
            tracking: TrackingRequest::from_settings(settings)?,
        })
    }
}
