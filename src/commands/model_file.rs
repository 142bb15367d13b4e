//! Which file of a folder is the model.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::passing::is_passing;
use crate::tracking::ARTIFACT_FILE;

/// Returns the artifact in a folder, which is what SageMaker unpacks a model into; anything else is
/// returned as it is.
///
/// # Errors
/// 74 if the folder cannot be looked into now: taken for a file it would not be found by a later look.
pub(super) fn model_file(path: &Path) -> Result<PathBuf> {
    let usual = ["production_latest.json", ARTIFACT_FILE];
    let failed = |error| Error::io("read", path, error);
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => {}
        Err(error) if is_passing(&error) => return Err(failed(error)),
        Ok(_) | Err(_) => return Ok(path.to_owned()),
    }
    let entries = std::fs::read_dir(path);
    let entries = entries.and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    let entries = entries.map_err(failed)?;
    if let Some(found) = usual
        .map(|name| path.join(name))
        .iter()
        .find(|at| at.is_file())
    {
        return Ok(found.clone());
    }
    let mut all: Vec<PathBuf> = entries
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    Ok(match (all.pop(), all.is_empty()) {
        (Some(only), true) => only,
        (Some(_), false) | (None, _) => path.join(usual[0]),
    })
}
