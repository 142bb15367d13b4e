//! Files that are written whole or not at all, and no litter left behind.
//!
//! A file is first written beside its target under a name `.churnctl-*.tmp`, locked by its
//! writer, synced, then renamed over the target, and the folder is synced. After a crash the
//! next run in that folder deletes temporary files that nobody holds a lock on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

const PREFIX: &str = ".churnctl-";
const SUFFIX: &str = ".tmp";

/// Temporary files of this process that are not yet renamed: a signal removes them. `None` once
/// that has happened: then no further one may be made.
static UNFINISHED: Mutex<Option<Vec<PathBuf>>> = Mutex::new(Some(Vec::new()));

fn unfinished() -> MutexGuard<'static, Option<Vec<PathBuf>>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes `bytes` to `path` atomically, making the folders on the way.
///
/// A reader sees the old file or the new one, never a half. `/dev/stdout`, pipes and other
/// things that are not regular files are written to directly.
///
/// # Errors
/// Fails with [`ExitCode::Io`](crate::exit::ExitCode::Io) if the folder or the file cannot be written; the old file is then untouched.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: io::Error| {
        Error::io("write", path, error).hint("check the folder's permissions and free space")
    };
    // A device or a pipe cannot be renamed over, and a link is written through, not replaced.
    let target = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        Ok(metadata) if !metadata.is_file() => {
            let mut file = OpenOptions::new().write(true).open(path).map_err(failed)?;
            return file.write_all(bytes).map_err(failed);
        }
        Ok(_) => fs::canonicalize(path).map_err(failed)?,
        Err(_) => path.to_path_buf(),
    };
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    // Another process that sweeps between our create and our lock takes the file away; the
    // rename then finds nothing, and writing once more is all it takes.
    match write_and_rename(&folder, &target, bytes) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write_and_rename(&folder, &target, bytes).map_err(failed)
        }
        outcome => outcome.map_err(failed),
    }
}

fn write_and_rename(folder: &Path, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mode = fs::metadata(target).map_or(0o644, |old| {
        use std::os::unix::fs::PermissionsExt;
        old.permissions().mode() & 0o7777
    });
    // Of the two the temporary file goes first.
    let (_unfinished, temporary) = {
        // Made and entered under one lock: no signal comes between the two.
        let mut paths = unfinished();
        let paths = paths.as_mut().ok_or(io::ErrorKind::Interrupted)?;
        let temporary = tempfile::Builder::new()
            .prefix(PREFIX)
            .suffix(SUFFIX)
            .make_in(folder, |path| {
                OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(mode)
                    .open(path)
            })?;
        paths.push(temporary.path().to_path_buf());
        let entered = Unfinished(temporary.path().to_path_buf());
        (entered, temporary)
    };
    temporary.as_file().lock()?;
    temporary.as_file().write_all_to(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(target).map_err(|error| error.error)?;
    // Without this the rename itself may be lost in a power cut. Some network file systems
    // refuse to sync a folder; the file is complete all the same.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

trait WriteAllTo {
    fn write_all_to(&self, bytes: &[u8]) -> io::Result<()>;
}

impl WriteAllTo for File {
    fn write_all_to(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self;
        file.write_all(bytes)
    }
}

/// Deletes temporary files in `folder` whose writer is gone, and returns how many.
///
/// Does *not* fail if the folder is missing or a file cannot be deleted: sweeping is a courtesy.
pub fn sweep_stale(folder: &Path) -> usize {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
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
    if !fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return false;
    }
    let Ok(file) = OpenOptions::new().write(true).open(path) else {
        return false;
    };
    file.try_lock().is_ok() && fs::remove_file(path).is_ok()
}

/// Deletes the temporary files that this process has open, and lets it make no more: for the
/// signal handler, which ends the process right after.
pub(crate) fn remove_unfinished() {
    for path in unfinished().take().into_iter().flatten() {
        let _ = fs::remove_file(path);
    }
}

/// Keeps a path in [`UNFINISHED`] as long as it lives.
struct Unfinished(PathBuf);

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

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    #[test]
    fn writes_into_folders_that_do_not_exist_yet() {
        let folder = folder();
        let path = folder.path().join("artifacts/metrics/report.json");
        write_atomically(&path, b"one").expect("first write");
        write_atomically(&path, b"two").expect("second write");
        assert_eq!(fs::read(&path).expect("read back"), b"two");
        let names: Vec<_> = fs::read_dir(path.parent().expect("parent"))
            .expect("list")
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert_eq!(names, ["report.json"]);
    }

    #[test]
    fn refuses_a_folder_as_target_with_the_io_code() {
        let folder = folder();
        let error = write_atomically(folder.path(), b"x").expect_err("a folder is no file");
        assert_eq!(error.code(), crate::exit::ExitCode::Io);
    }

    #[test]
    fn writes_through_a_link_and_keeps_the_mode() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        let real = folder.path().join("real.json");
        let link = folder.path().join("link.json");
        fs::write(&real, b"old").expect("write");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).expect("chmod");
        std::os::unix::fs::symlink(&real, &link).expect("link");
        write_atomically(&link, b"new").expect("write");
        assert!(fs::symlink_metadata(&link).expect("stat").is_symlink());
        assert_eq!(fs::read(&real).expect("read"), b"new");
        let mode = fs::metadata(&real).expect("stat").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn sweeps_what_nobody_holds_and_leaves_what_somebody_holds() {
        let folder = folder();
        let stale = folder.path().join(".churnctl-stale.tmp");
        let held = folder.path().join(".churnctl-held.tmp");
        let other = folder.path().join("data.tmp");
        for path in [&stale, &held, &other] {
            fs::write(path, b"x").expect("write");
        }
        let holder = OpenOptions::new().write(true).open(&held).expect("open");
        holder.lock().expect("lock");
        assert_eq!(sweep_stale(folder.path()), 1);
        assert!(!stale.exists() && held.exists() && other.exists());
    }
}
