//! Which model is meant: a file, a version in the registry, or the one in production.

use std::path::{Path, PathBuf};

use crate::commands::model_file;
use crate::error::{Error, Result};
use crate::model::artifact::Artifact;
use crate::model::publish::ModelStore;
use crate::model::{registry, store};

/// Returns the path of a model.
///
/// # Errors
/// Bad input if there is no such file and no version that begins so, or several.
pub(super) fn path_of(word: Option<&str>, artifacts: &Path) -> Result<PathBuf> {
    let model_store = ModelStore::new(artifacts, "", "");
    let Some(word) = word else {
        return Ok(model_store.production());
    };
    let path = Path::new(word);
    if path.exists() {
        return model_file(path);
    }
    let records = registry::read(&model_store.registry())?;
    let mut known: Vec<(&str, &str)> = records
        .iter()
        .filter(|record| record.version.starts_with(word))
        .map(|record| (record.name.as_str(), record.version.as_str()))
        .collect();
    known.sort_unstable();
    known.dedup();
    match known.as_slice() {
        [(name, version)] => model_store.model(name, version),
        [] => Err(Error::bad_input(format!(
            "\"{word}\" is not a file, nor the version of a model in {}",
            model_store.registry().display()
        ))
        .hint("`churnctl model list` lists the versions")),
        several => Err(Error::bad_input(format!(
            "{} versions begin with \"{word}\"",
            several.len()
        ))
        .hint("give more of its digits")),
    }
}

/// Reads a model.
///
/// # Errors
/// As [`path_of`] and `store::load`.
pub(super) fn artifact_of(word: Option<&str>, artifacts: &Path) -> Result<Artifact> {
    Ok(store::load(&path_of(word, artifacts)?)?)
}
