//! Files and folders for the while of a run: known to the signal handler, which removes them, and locked,
//! so that a later run can tell what a killed one left from what is in use, and delete it.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

use super::locks::lock;
use crate::error::{Error, Result};

const PREFIX: &str = ".churnctl-";
const SUFFIX: &str = ".tmp";

/// Temporary files of this process that are not yet renamed: a signal removes them. `None` once
/// that has happened: then no further one may be made.
static UNFINISHED: Mutex<Option<Vec<PathBuf>>> = Mutex::new(Some(Vec::new()));

/// Files that this process has put in their place.
static WRITTEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// How many of them are remembered: what a person reads who has pressed Ctrl-C.
const MOST_WRITTEN: usize = 20;

pub(super) fn note_written(path: &Path) {
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    if written.len() < MOST_WRITTEN && !written.iter().any(|known| known == path) {
        written.push(path.to_path_buf());
    }
}

/// Returns the files that this process has put in their place, the first twenty of them.
#[must_use]
pub fn written() -> Vec<PathBuf> {
    let written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    written.clone()
}

fn unfinished() -> MutexGuard<'static, Option<Vec<PathBuf>>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn named() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    builder
}

/// Makes a temporary file and locks it: it is then this process's alone, and known to the signal handler.
pub(super) fn make_temporary(
    folder: &Path,
    mode: u32,
) -> io::Result<(NamedTempFile<File>, Unfinished)> {
    for _ in 0..ATTEMPTS {
        let make = |path: &Path| {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(mode).open(path)
        };
        let (temporary, entered) = entered(|| {
            let temporary = named().make_in(folder, make)?;
            let path = temporary.path().to_path_buf();
            Ok((temporary, path))
        })?;
        lock(temporary.as_file())?;
        if is_at(temporary.as_file(), temporary.path())? {
            return Ok((temporary, entered));
        }
    }
    Err(swept_away())
}

/// How often something is made anew that another process sweeps away before it is locked.
const ATTEMPTS: usize = 8;

fn swept_away() -> io::Error {
    io::Error::other("other processes delete temporary files as soon as they are made")
}

/// Makes something and enters it, so that no signal comes between the two.
fn entered<T>(make: impl FnOnce() -> io::Result<(T, PathBuf)>) -> io::Result<(T, Unfinished)> {
    let mut paths = unfinished();
    let paths = paths.as_mut().ok_or(io::ErrorKind::Interrupted)?;
    let (made, path) = make()?;
    paths.push(path.clone());
    Ok((made, Unfinished(path)))
}

/// Returns whether a path still leads to this file or folder.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(found.ino() == file.metadata()?.ino()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A folder for the while: gone with all that is in it when it is dropped, and when a signal ends the run.
#[derive(Debug)]
pub struct ScratchFolder {
    // In this order they go; the lock tells others meanwhile that the folder is somebody's.
    folder: tempfile::TempDir,
    _unfinished: Unfinished,
    _lock: File,
}

impl ScratchFolder {
    /// Makes one that only this user can look into.
    ///
    /// # Errors
    /// Fails with [`ExitCode::Io`](crate::exit::ExitCode::Io) if there is no room for it.
    pub fn new() -> Result<Self> {
        let failed = |error| write_failed(Path::new("a temporary folder"), error);
        sweep_once(&std::env::temp_dir());
        Self::make().map_err(failed)
    }

    fn make() -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let (folder, _unfinished) = entered(|| {
                let folder = named().tempdir()?;
                let path = folder.path().to_path_buf();
                Ok((folder, path))
            })?;
            let made = File::open(folder.path());
            let is_swept = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
            let _lock = match made {
                Ok(made) => made,
                Err(error) if is_swept(&error) => continue,
                Err(error) => return Err(error),
            };
            lock(&_lock)?;
            if is_at(&_lock, folder.path())? {
                return Ok(Self {
                    folder,
                    _unfinished,
                    _lock,
                });
            }
        }
        Err(swept_away())
    }

    /// Returns its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Folders that this process has swept.
static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Sweeps a folder before the first file is written there: what a run leaves that was killed, the next
/// run clears, whatever it writes and wherever.
pub(super) fn sweep_once(folder: &Path) {
    let mut swept = SWEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if swept.insert(folder.to_path_buf()) {
        // The standard library panics at a folder that cannot be closed.
        let _ = crate::panics::contained(|| sweep_stale(folder));
    }
}

/// Deletes temporary files and folders in `folder` whose writer is gone, and returns how many.
///
/// Does *not* fail if the folder is missing or a file cannot be deleted: sweeping is a courtesy.
fn sweep_stale(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(PREFIX) && name.ends_with(SUFFIX)
        })
        .filter(|entry| delete_if_unlocked(&entry.path()))
        .count()
}

fn delete_if_unlocked(path: &Path) -> bool {
    // No link is followed: somebody else's file behind a link of our name is not ours.
    let Ok(found) = fs::symlink_metadata(path) else {
        return false;
    };
    if !found.is_file() && !found.is_dir() {
        return false;
    }
    // NFS gives an exclusive lock only to who may write.
    let opened = match found.is_dir() {
        true => File::open(path),
        false => OpenOptions::new().write(true).open(path),
    };
    let Ok(file) = opened else {
        return false;
    };
    file.try_lock().is_ok()
        && match found.is_dir() {
            true => fs::remove_dir_all(path).is_ok(),
            false => fs::remove_file(path).is_ok(),
        }
}

pub(super) fn write_failed(path: &Path, error: io::Error) -> Error {
    Error::io("write", path, error).hint("check the folder's permissions and free space")
}

/// Deletes the temporary files that this process has open, and lets it make no more: for the
/// signal handler, which ends the process right after.
pub fn remove_unfinished() {
    for path in unfinished().take().into_iter().flatten() {
        if fs::remove_file(&path).is_err() {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Keeps a path in [`UNFINISHED`] as long as it lives.
#[derive(Debug)]
pub(super) struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(paths) = unfinished().as_mut() {
            paths.retain(|path| *path != self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_what_nobody_holds_and_leaves_what_somebody_holds() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let stale = folder.path().join(".churnctl-stale.tmp");
        let left = folder.path().join(".churnctl-left.tmp");
        let held = folder.path().join(".churnctl-held.tmp");
        let other = folder.path().join("data.tmp");
        for path in [&stale, &held, &other] {
            fs::write(path, b"x").expect("write");
        }
        fs::create_dir(&left).expect("make");
        fs::write(left.join("inside"), b"x").expect("write");
        let holder = OpenOptions::new().write(true).open(&held).expect("open");
        holder.lock().expect("lock");
        assert_eq!(sweep_stale(folder.path()), 2);
        assert!(!stale.exists() && !left.exists() && held.exists() && other.exists());
    }

    #[test]
    fn the_first_file_in_a_folder_clears_what_a_killed_run_left_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let stale = folder.path().join(".churnctl-stale.tmp");
        fs::write(&stale, b"half").expect("write");
        crate::files::write_atomically(&folder.path().join("page.html"), b"new").expect("write");
        assert!(!stale.exists());
    }

    #[test]
    fn a_scratch_folder_in_use_is_not_swept() {
        let scratch = ScratchFolder::new().expect("a folder");
        let beside = scratch.path().parent().expect("a parent");
        sweep_stale(beside);
        assert!(scratch.path().is_dir());
        let path = scratch.path().to_path_buf();
        drop(scratch);
        assert!(!path.exists());
    }
}
