//! Which file of a folder is the model.

use std::path::{Path, PathBuf};

use crate::tracking::ARTIFACT_FILE;

/// Returns the artifact in a folder, which is what SageMaker unpacks a model into; anything else is
/// returned as it is.
pub(super) fn model_file(path: &Path) -> PathBuf {
    let usual = ["production_latest.json", ARTIFACT_FILE];
    let Ok(entries) = std::fs::read_dir(path) else {
        return path.to_owned();
    };
    if let Some(found) = usual
        .map(|name| path.join(name))
        .iter()
        .find(|at| at.is_file())
    {
        return found.clone();
    }
    let mut all: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => only,
        (Some(_), false) | (None, _) => path.join(usual[0]),
    }
}
