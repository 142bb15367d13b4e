//! Sections of PEM files. What is in a section is for `keys` and `private_key` to say.

use std::path::Path;

use churn_base::error::{Error, Place, Result};
use churn_base::files::{MOST_BY_HAND, read_at_most};
use rustls::pki_types::pem::{PemObject, SectionKind};

/// Sections of one file; more would be an attack on the one who tries every key.
const MOST_SECTIONS: usize = 64;

/// Reads the sections of a PEM file.
///
/// # Errors
/// I/O (74) if the file cannot be read, bad input (65) if it holds no PEM.
pub(super) fn read(path: &Path) -> Result<Vec<(SectionKind, Vec<u8>)>> {
    let bytes = read_at_most(path, MOST_BY_HAND).map_err(|error| Error::io("read", path, error))?;
    sections(&bytes, path)
}

pub(super) fn sections(bytes: &[u8], path: &Path) -> Result<Vec<(SectionKind, Vec<u8>)>> {
    let found: Vec<_> = <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes)
        .take(MOST_SECTIONS + 1)
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| {
            refused(path, "this is not a whole PEM file").because(error.to_string())
        })?;
    if found.len() > MOST_SECTIONS {
        let message = format!("there are more than {MOST_SECTIONS} keys in this file");
        return Err(refused(path, &message));
    }
    Ok(found)
}

/// Returns the error of a file that is not the key it should be.
pub(super) fn refused(path: &Path, message: &str) -> Error {
    Error::bad_input(message).at(Place {
        file: path.display().to_string(),
        ..Place::default()
    })
}

/// Returns a section as a PEM file has it: lines of 64 characters.
pub(super) fn to_pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}
