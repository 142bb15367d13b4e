//! A model and its signature as one: at every moment the model that is there is signed, if both the
//! old one and the new one are.

use std::io::ErrorKind;
use std::path::Path;

use churn_base::error::{Error, Result};
use churn_base::files::{read_at_most, write_atomically};
use churn_trust::{Bundle, beside};

/// Returns the signatures beside a model, none if there are none or they are damaged: whoever requires
/// them says so.
pub(super) fn signatures_beside(path: &Path) -> Option<Bundle> {
    let path = beside(path);
    let bytes = read_at_most(&path, Bundle::MOST_BYTES).ok()?;
    Bundle::from_json(&bytes, &path.display().to_string()).ok()
}

/// Writes a model with its signatures.
///
/// Two files cannot be replaced in one step, so for a moment the signatures of both models are there:
/// whoever looks, and whatever crash comes, finds a model with its signature.
///
/// # Errors
/// I/O (74).
pub(super) fn write_signed(path: &Path, model: &[u8], signatures: Option<&Bundle>) -> Result<()> {
    let there = signatures_beside(path);
    let own = there.as_ref().and_then(|there| there.about(model));
    let new = match (signatures, own) {
        (Some(new), Some(own)) => Some(new.with(&own)),
        (Some(new), None) => Some(new.clone()),
        (None, own) => own,
    };
    let signature = beside(path);
    let Some(new) = new else {
        write_atomically(path, model)?;
        return match std::fs::remove_file(&signature) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::io("remove", &signature, error))
            }
            Ok(()) | Err(_) => Ok(()),
        };
    };
    let both = there.map_or_else(|| new.clone(), |there| new.with(&there));
    write_atomically(&signature, &both.to_json())?;
    write_atomically(path, model)?;
    match both == new {
        true => Ok(()),
        false => write_atomically(&signature, &new.to_json()),
    }
}
