//! Addresses into tables: paths, globs, folders, objects; and what is wrong when a file can't be read.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use churn_base::error::{Error, Place, Result, nearest};
use churn_base::passing::is_passing;
use churn_base::same_file::resolved;

use super::file_names::{GLOB, is_being_written, is_table, twins};
#[cfg(feature = "object-store")]
use super::objects::Object;
use super::sql::is_database;

/// Compressed bytes that cannot be those of any file.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub(super) struct Damaged {
    /// `gzip` or `zstd`.
    pub(super) format: &'static str,
    pub(super) source: io::Error,
}

pub(super) fn read_failed(path: &Path, error: io::Error) -> Error {
    // Sources that are not files wrap errors of their own.
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

/// Which table this is, and which state of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its place, the same from wherever it is named.
    pub place: String,
    /// Size and time of a file, size and tag of an object: another one when the bytes are others.
    pub version: String,
}

/// Where one table is.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file, a pipe; `-` is standard input.
    Path(PathBuf),
    /// An object of an object store, as it was when it was looked up.
    #[cfg(feature = "object-store")]
    Object(Object),
}

impl Location {
    /// Returns its size in bytes, where that is known.
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Self::Path(path) => Some(fs::metadata(path).ok()?.len()),
            #[cfg(feature = "object-store")]
            Self::Object(object) => Some(object.size),
        }
    }

    /// Returns a text that is another one when the bytes there are others.
    ///
    /// # Errors
    /// 74 if a file cannot be looked at.
    pub fn stamp(&self) -> Result<String> {
        match self {
            Self::Path(path) => {
                let metadata = fs::metadata(path).map_err(|error| read_failed(path, error))?;
                Ok(format!(
                    "{} {} {}.{} {}",
                    path.display(),
                    metadata.len(),
                    metadata.mtime(),
                    metadata.mtime_nsec(),
                    metadata.ino()
                ))
            }
            #[cfg(feature = "object-store")]
            Self::Object(object) => Ok(object.stamp()),
        }
    }

    /// Returns what it is called in messages and reports.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            #[cfg(feature = "object-store")]
            Self::Object(object) => object.shown.clone(),
        }
    }

    /// Returns what tells it from others whatever folder a run begins in, and what tells its bytes from those
    /// that were there before. None of what can be read only once.
    ///
    /// # Errors
    /// 74 if a file cannot be looked at.
    pub fn identity(&self) -> Result<Option<Identity>> {
        match self {
            Self::Path(path) => {
                let metadata = match path == Path::new("-") {
                    true => return Ok(None),
                    false => fs::metadata(path).map_err(|error| read_failed(path, error))?,
                };
                if !metadata.is_file() {
                    return Ok(None);
                }
                // Not its inode: a folder that was copied with its times holds the same files.
                let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
                Ok(Some(Identity {
                    place: resolved(path).display().to_string(),
                    version: format!("{} bytes of {seconds}.{nanoseconds:09}", metadata.len()),
                }))
            }
            #[cfg(feature = "object-store")]
            Self::Object(object) => Ok(Some(Identity {
                place: object.shown.clone(),
                version: match &object.e_tag {
                    Some(tag) => format!("{} bytes, {tag}", object.size),
                    None => format!("{} bytes", object.size),
                },
            })),
        }
    }

    /// Says that it could not be read.
    pub(super) fn read_failed(&self, error: io::Error) -> Error {
        match self {
            Self::Path(path) => read_failed(path, error),
            #[cfg(feature = "object-store")]
            Self::Object(object) => read_failed(Path::new(&object.shown), error),
        }
    }

    /// Opens it to read all bytes as they are.
    pub(super) fn bytes(&self) -> Result<Box<dyn Read + Send>> {
        match self {
            Self::Path(path) => {
                let file = File::open(path).map_err(|error| read_failed(path, error))?;
                Ok(Box::new(file))
            }
            #[cfg(feature = "object-store")]
            Self::Object(object) => Ok(Box::new(object.read_from(0))),
        }
    }
}

/// Returns whether an address names an object store.
#[must_use]
pub fn is_object(address: &str) -> bool {
    ["s3://", "gs://", "az://", "abfs://", "abfss://"]
        .iter()
        .any(|scheme| address.starts_with(scheme))
}

/// Returns the tables that paths, globs, folders and addresses of objects stand for, in a fixed order.
///
/// # Errors
/// Bad input if a glob or a folder comes to nothing; what an object store says.
pub fn expand(addresses: &[String]) -> Result<Vec<Location>> {
    let mut locations = Vec::new();
    for address in addresses {
        if is_object(address) {
            locations.extend(expand_objects(address)?);
        } else {
            locations.extend(expand_paths(address)?.into_iter().map(Location::Path));
        }
    }
    let names: Vec<String> = locations.iter().map(Location::name).collect();
    refuse_twins(&names)?;
    Ok(locations)
}

/// Refuses a table that is there plain and compressed, as while logs are rotated.
fn refuse_twins(names: &[String]) -> Result<()> {
    let Some((plain, compressed)) = twins(names) else {
        return Ok(());
    };
    let place = Place {
        file: plain.to_owned(),
        ..Place::default()
    };
    let message = format!("{compressed} is there, too: the rows of one table would count twice");
    Err(Error::bad_input(message)
        .at(place)
        .hint("delete one of them, or name the files that are meant"))
}

#[cfg(feature = "object-store")]
fn expand_objects(address: &str) -> Result<Vec<Location>> {
    let objects = super::objects::expand(address)?;
    Ok(objects.into_iter().map(Location::Object).collect())
}

#[cfg(not(feature = "object-store"))]
fn expand_objects(address: &str) -> Result<Vec<Location>> {
    let (what, feature) = ("object stores", "object-store");
    Err(super::DataError::NoFeature { what, feature }.at(Place {
        file: address.to_owned(),
        ..Place::default()
    }))
}

/// Returns the files that paths, globs and folders stand for, in a fixed order.
///
/// # Errors
/// Bad input if a glob or a folder comes to nothing; 64 for an address that is not a path.
pub fn expand_files(addresses: &[String]) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for address in addresses {
        if is_object(address) {
            return Err(Error::usage(format!("{address} is not a file")).hint("copy it here first"));
        }
        paths.extend(expand_paths(address)?);
    }
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    refuse_twins(&names)?;
    Ok(paths)
}

fn expand_paths(address: &str) -> Result<Vec<PathBuf>> {
    let path = Path::new(address);
    let found = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(error) if is_passing(&error) => return Err(read_failed(path, error)),
        // A pattern is not a path; of what is one, whoever opens it says what is wrong.
        Err(_) => None,
    };
    if found.as_ref().is_some_and(fs::Metadata::is_dir) {
        let entries =
            fs::read_dir(path).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        let named = |path: &PathBuf, is_meant: fn(&str) -> bool| {
            let name = path.file_name();
            name.is_some_and(|name| is_meant(&name.to_string_lossy()))
        };
        let (mut tables, others): (Vec<PathBuf>, Vec<PathBuf>) = entries
            .map_err(|error| read_failed(path, error))?
            .into_iter()
            .map(|entry| entry.path())
            .partition(|path| named(path, is_table));
        if tables.is_empty() {
            let error = Error::bad_input(format!(
                "the folder {address} has no table: no .csv, .ndjson, .jsonl or .parquet file"
            ));
            let open = others.iter().filter(|path| named(path, is_being_written));
            return Err(match open.count() {
                0 => error,
                open => error.hint(format!(
                    "{open} of its files {} still being written (.open): serve closes one when serve.log_rotate_after \
                     (1h) is over, and when it ends",
                    if open == 1 { "is" } else { "are" }
                )),
            });
        }
        tables.sort();
        return Ok(tables);
    }
    if found.is_some() || !address.contains(GLOB) {
        return Ok(vec![path.to_path_buf()]);
    }
    let matches = glob::glob(address)
        .map_err(|error| Error::usage(format!("bad pattern {address}")).because(error))?;
    let found: Vec<PathBuf> = matches
        .map(|found| {
            found.map_err(|error| {
                let path = error.path().to_path_buf();
                read_failed(&path, error.into())
            })
        })
        .collect::<Result<_>>()?;
    if found.is_empty() {
        return Err(Error::bad_input(format!("no file matches {address}")));
    }
    Ok(found)
}

/// Tells whether a file would be among those that an address stands for: it matches the pattern,
/// or is a table of the folder. `path` has no links in it; there need not be such a file yet.
#[must_use]
pub fn would_take(address: &str, path: &Path) -> bool {
    if is_object(address) || is_database(address) {
        return false;
    }
    let place = Path::new(address);
    if place.is_dir() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return path.parent() == Some(&resolved(place)) && is_table(&name);
    }
    if place.exists() || !address.contains(GLOB) {
        return false;
    }
    // Links before the first pattern are followed; behind it there is no one place to look at.
    let mut plain = PathBuf::new();
    let mut parts = place.components().peekable();
    while let Some(part) = parts.next_if(|part| {
        let text = part.as_os_str().to_string_lossy();
        !text.contains(GLOB)
    }) {
        plain.push(part);
    }
    let mut pattern = glob::Pattern::escape(&resolved(&plain).to_string_lossy());
    for part in parts {
        pattern.push('/');
        pattern.push_str(&part.as_os_str().to_string_lossy());
    }
    let options = glob::MatchOptions {
        require_literal_separator: true,
        ..glob::MatchOptions::new()
    };
    glob::Pattern::new(&pattern).is_ok_and(|pattern| pattern.matches_path_with(path, options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_yet_is_known_to_match() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = resolved(folder.path());
        fs::create_dir_all(root.join("months")).expect("make");
        std::os::unix::fs::symlink(root.join("months"), root.join("link")).expect("link");
        let takes = |address: &str, name: &str| {
            would_take(&format!("{}/{address}", root.display()), &root.join(name))
        };
        for (address, name) in [
            ("months", "months/all.csv"),
            ("months/", "months/all.csv.gz"),
            ("link", "months/all.csv"),
            ("months/*.csv", "months/all.csv"),
            ("link/*.csv", "months/all.csv"),
            ("months/../months/a?l.csv", "months/all.csv"),
            ("mo*/[ab]*.csv", "months/all.csv"),
            ("**/*.csv", "months/all.csv"),
        ] {
            assert!(takes(address, name), "{address} {name}");
        }
        for (address, name) in [
            ("months", "months/all.json"),
            ("months", "months/deeper/all.csv"),
            ("months", "all.csv"),
            ("months/*.csv", "months/all.csv.json"),
            ("*.csv", "months/all.csv"),
            ("months/all.csv", "months/all.csv"),
        ] {
            assert!(!takes(address, name), "{address} {name}");
        }
        assert!(!would_take("s3://bucket/*.csv", &root.join("a.csv")));
        assert!(!would_take("postgres://h/d?table=*", &root.join("a.csv")));
    }

    #[test]
    fn a_table_that_is_there_plain_and_compressed_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        for name in ["a.csv", "b.csv.gz", "c.csv", "c.csv.zst"] {
            fs::write(path(name), "x\n1\n").expect("write");
        }
        let whole = folder.path().display().to_string();
        for address in [whole.clone(), format!("{whole}/*.csv*")] {
            let error = expand(&[address]).map(|_| ()).expect_err("twins");
            let said = error.to_string();
            assert!(said.contains("c.csv.zst is there, too"), "{said}");
        }
        fs::remove_file(path("c.csv")).expect("remove");
        assert_eq!(expand(&[whole]).expect("three tables").len(), 3);
    }

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
