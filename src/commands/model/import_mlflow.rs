//! A model that MLflow has logged: fetched, and its input example kept as rows of a proof.

use super::import_request::ImportRequest;
use crate::commands::Console;
use crate::error::{Error, Result};
use crate::files::{ScratchFolder, write_atomically};
use crate::import::Schema;
use crate::tracking::Logged;
use crate::tracking::location::Location;

/// What there is of the model.
pub(super) struct Fetched {
    /// The native file.
    pub(super) bytes: Vec<u8>,
    /// What errors and the artifact call it.
    pub(super) file: String,
    /// The columns of its signature, if it has any.
    pub(super) schema: Option<Schema>,
    /// The rows of its input example, if they are asked for.
    pub(super) example: Option<Example>,
}

/// Rows in a file of their own, for as long as this is kept.
pub(super) struct Example {
    _folder: ScratchFolder,
    pub(super) path: String,
    pub(super) name: String,
}

/// Fetches the native file of the model that is meant, and the input example if there are no other rows.
///
/// # Errors
/// Usage (64) on a word that names no model; bad input (65) if there is none, it has no native file, or no table for
/// an example; as the tracking server has it otherwise.
pub(super) fn fetched(
    word: &str,
    request: &ImportRequest,
    console: &Console<'_>,
) -> Result<Fetched> {
    let location: Location = word.parse().map_err(Error::usage)?;
    let server = request.tracking.server(console)?;
    let logged = Logged::find(&server, &location)?;
    let example = match request.parity.is_empty() {
        false => None,
        true => {
            let (rows, name) = logged.example()?;
            let folder = ScratchFolder::new()?;
            let path = folder.path().join("input_example.csv");
            write_atomically(&path, rows.as_bytes())?;
            Some(Example {
                path: path.display().to_string(),
                name,
                _folder: folder,
            })
        }
    };
    let (bytes, file) = logged.native()?;
    let schema = logged.inputs.as_ref().and_then(|inputs| {
        let signature = serde_json::json!({ "inputs": inputs });
        // A signature of tensors has no columns, and says nothing that the file does not.
        Schema::read(signature.to_string().as_bytes(), &file).ok()
    });
    Ok(Fetched {
        bytes,
        file,
        schema,
        example,
    })
}
