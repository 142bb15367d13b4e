//! Addresses into files: paths, globs, folders; and what is wrong when one can't be read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Place, Result, nearest};

/// Ends of the names of the files that a folder stands for.
const TABLES: [&str; 4] = [".csv", ".ndjson", ".jsonl", ".parquet"];
/// What may follow them; Parquet has its compression inside.
const COMPRESSED: [&str; 2] = [".gz", ".zst"];

/// Compressed bytes that cannot be those of any file.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub(super) struct Damaged {
    /// `gzip` or `zstd`.
    pub(super) format: &'static str,
    pub(super) source: io::Error,
}

pub(super) fn read_failed(path: &Path, error: io::Error) -> Error {
    // Sources that are no files wrap errors of their own.
    let error = match error.downcast::<Error>() {
        Ok(own) => return own,
        Err(error) => error,
    };
    if let Some(Damaged { format, .. }) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return Error::bad_input(format!("the {format} data are damaged or cut short"))
            .at(Place {
                file: path.display().to_string(),
                ..Place::default()
            })
            .hint(format!("copy the file again; check it with {format} -t"))
            .because(error);
    }
    let missing = error.kind() == io::ErrorKind::NotFound;
    let failed = Error::io("read", path, error);
    match similar_file(path) {
        Some(similar) if missing => failed.hint(format!("did you mean {similar}?")),
        _ => failed,
    }
}

fn similar_file(path: &Path) -> Option<String> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .take(10_000)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let near = nearest(
        path.file_name()?.to_str()?,
        names.iter().map(String::as_str),
    )?;
    Some(path.with_file_name(near).display().to_string())
}

/// Returns the files that paths, globs and folders stand for, in a fixed order.
///
/// # Errors
/// Bad input if a glob or a folder comes to nothing.
pub fn expand(addresses: &[String]) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for address in addresses {
        let path = Path::new(address);
        if path.is_dir() {
            let mut tables: Vec<PathBuf> = fs::read_dir(path)
                .map_err(|error| read_failed(path, error))?
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| {
                    let name = path.file_name();
                    name.is_some_and(|name| is_table(&name.to_string_lossy()))
                })
                .collect();
            if tables.is_empty() {
                return Err(Error::bad_input(format!(
                    "the folder {address} has no table: no .csv, .ndjson, .jsonl or .parquet file"
                )));
            }
            tables.sort();
            paths.extend(tables);
        } else if !path.exists() && address.contains(['*', '?', '[']) {
            let matches = glob::glob(address)
                .map_err(|error| Error::usage(format!("bad pattern {address}")).because(error))?;
            let before = paths.len();
            for found in matches {
                let found = found.map_err(|error| {
                    let path = error.path().to_path_buf();
                    read_failed(&path, error.into())
                })?;
                paths.push(found);
            }
            if paths.len() == before {
                return Err(Error::bad_input(format!("no file matches {address}")));
            }
        } else {
            paths.push(path.to_path_buf());
        }
    }
    Ok(paths)
}

/// Returns whether a folder's file of this name is one of its tables.
fn is_table(name: &str) -> bool {
    let name = name.to_lowercase();
    let plain = COMPRESSED
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .filter(|plain| !plain.ends_with(".parquet"))
        .unwrap_or(&name);
    !name.starts_with('.') && TABLES.iter().any(|end| plain.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_its_tables() {
        for table in [
            "a.csv",
            "a.CSV.gz",
            "a.b.csv.zst",
            "log.ndjson",
            "l.jsonl.gz",
            "t.parquet",
        ] {
            assert!(is_table(table), "{table}");
        }
        for other in [
            ".a.csv",
            "a.txt",
            "a.json",
            "a.gz",
            "a.parquet.gz",
            "a.csv.open",
            "csv",
        ] {
            assert!(!is_table(other), "{other}");
        }
    }
}
