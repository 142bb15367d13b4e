//! Files that are written whole or not at all, and no litter left behind.
//!
//! A file is first written beside its target under a name `.churnctl-*.tmp`, locked by its
//! writer, synced, then renamed over the target, and the folder is synced. After a crash the
//! next run in that folder deletes temporary files that nobody holds a lock on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal as _, Read as _, Seek as _, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

mod locks;
mod temporary;

use locks::is_refusal;
pub use locks::{lock, locks_are_refused};
pub use temporary::ScratchFolder;
use temporary::{Unfinished, make_temporary, note_written, sweep_once, write_failed};
pub use temporary::{remove_unfinished, written};

use crate::error::{Error, Result};
use crate::text::visible_lines;

/// Writes `bytes` to `path` atomically, making the folders on the way.
///
/// A reader sees the old file or the new one, never a half. `/dev/stdout`, pipes and other
/// things that are not regular files are written to directly.
///
/// # Errors
/// Fails with [`ExitCode::Io`](crate::exit::ExitCode::Io) if the folder or the file cannot be written; the old file is then untouched.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    Draft::new(path, bytes)?.commit()
}

/// A file that is to come where none is: its path, its bytes, its mode.
pub type NewFile<'a> = (&'a Path, &'a [u8], u32);

/// Writes files that are not there yet, each whole, all or none, and over nothing that has come meanwhile. Half of
/// them would be in the way of the next try.
///
/// # Errors
/// Fails with [`ExitCode::Io`](crate::exit::ExitCode::Io); none of them is there then.
pub fn write_new(files: &[NewFile<'_>]) -> Result<()> {
    let drafts = files.iter().map(draft_new).collect::<Result<Vec<_>>>()?;
    let mut placed = Vec::new();
    for (path, temporary, _unfinished) in drafts {
        let done = temporary.persist_noclobber(path);
        let done = done.map_err(|error| error.error).and_then(|_| {
            placed.push(path);
            sync_folder(&folder_of(path))
        });
        if let Err(error) = done {
            for path in placed {
                let _ = fs::remove_file(path);
            }
            return Err(write_failed(path, error));
        }
    }
    placed.into_iter().for_each(note_written);
    Ok(())
}

type DraftOfNew<'a> = (&'a Path, NamedTempFile<File>, Unfinished);

fn draft_new<'a>(&(path, bytes, mode): &NewFile<'a>) -> Result<DraftOfNew<'a>> {
    let folder = folder_of(path);
    let make = || {
        fs::create_dir_all(&folder)?;
        sweep_once(&folder);
        let (mut temporary, unfinished) = make_temporary(&folder, mode)?;
        temporary.as_file_mut().write_all(bytes)?;
        temporary.as_file().sync_all()?;
        Ok((path, temporary, unfinished))
    };
    make().map_err(|error| write_failed(path, error))
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// A file whose bytes are on disk beside its place, which it has not taken yet: for several files
/// that are to be written all or not at all. Dropped, it is gone.
#[derive(Debug)]
pub struct Draft<'a> {
    file: AtomicFile,
    path: &'a Path,
    bytes: &'a [u8],
}

impl<'a> Draft<'a> {
    /// Writes the bytes beside their place; to what is not a regular file, directly.
    ///
    /// # Errors
    /// Fails with [`ExitCode::Io`](crate::exit::ExitCode::Io) if the folder or the file cannot be written.
    pub fn new(path: &'a Path, bytes: &'a [u8]) -> Result<Self> {
        let mut file = AtomicFile::create(path)?;
        let written = file.write_all(bytes).and_then(|()| file.settle());
        written.map_err(|error| write_failed(path, error))?;
        Ok(Self { file, path, bytes })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// Fails with [`ExitCode::Io`](crate::exit::ExitCode::Io); the old file is then untouched.
    pub fn commit(self) -> Result<()> {
        let (path, bytes) = (self.path, self.bytes);
        match self.file.rename() {
            // Another process that sweeps between our create and our lock takes the file away;
            // writing once more is all it takes.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::new(path, bytes)?.file.commit()
            }
            outcome => outcome.map_err(|error| write_failed(path, error)),
        }
    }
}

/// Reads a whole file of at most `most` bytes, which may be one without an end, such as `/dev/zero`.
///
/// # Errors
/// Fails as reading does, and with [`io::ErrorKind::FileTooLarge`]; [`Error::io`] makes that 65.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(too_large(most)),
        false => Ok(bytes),
    }
}

/// As [`read_at_most`], of a JSON object. Of what does not begin as one, only the beginning: a parser
/// refuses that as it would refuse the whole, without the memory.
///
/// # Errors
/// As [`read_at_most`].
pub fn read_object_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    if file.metadata()?.len() > most {
        return Err(too_large(most));
    }
    let mut file = file.take(most + 1);
    file.by_ref().take(4 << 10).read_to_end(&mut bytes)?;
    let begin = bytes.trim_ascii_start();
    if begin.is_empty() || begin.starts_with(b"{") {
        file.read_to_end(&mut bytes)?;
    }
    match bytes.len() as u64 > most {
        true => Err(too_large(most)),
        false => Ok(bytes),
    }
}

/// As [`read_at_most`], of a text.
///
/// # Errors
/// As [`read_at_most`], and with [`io::ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_text_at_most(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read_at_most(path, most)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// The error of a file that is larger than any of its kind.
#[must_use]
pub fn too_large(most: u64) -> io::Error {
    let said = match most >> 20 {
        0 => format!("it is larger than {} KiB", most >> 10),
        mebi => format!("it is larger than {mebi} MiB"),
    };
    io::Error::new(io::ErrorKind::FileTooLarge, said)
}

/// Most bytes of a file that people write by hand: settings, keys, tokens.
pub const MOST_BY_HAND: u64 = 4 << 20;

/// Without this a rename in the folder may be lost in a power cut. Some network file systems refuse to
/// sync a folder; what was written is complete all the same.
///
/// # Errors
/// Fails as syncing does for any other reason.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if is_refusal(&error) || error.kind() == io::ErrorKind::PermissionDenied => {
            Ok(())
        }
        outcome => outcome,
    }
}

/// Returns where a path leads through links, the last of which may lead to what is not there yet.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    // As many as the kernel follows.
    for _ in 0..40 {
        let next = match fs::read_link(&path) {
            Ok(next) => next,
            // Not a link, or nothing there.
            Err(error) if !crate::passing::is_passing(&error) => return Ok(path),
            Err(error) => return Err(error),
        };
        path = path.parent().unwrap_or(Path::new("")).join(next);
    }
    Err(io::Error::from_raw_os_error(nix::libc::ELOOP))
}

/// Gives a new file what the one had that it replaces: mode and, where that is allowed, owner.
fn inherit(file: &File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let own = file.metadata()?;
    let (uid, gid) = (old.uid(), old.gid());
    if (own.uid(), own.gid()) != (uid, gid) && fchown(file, Some(uid), Some(gid)).is_err() {
        // Only root gives files away; a group that one is in can be kept. If neither goes, the file
        // is the writer's, as with any editor.
        let _ = fchown(file, None, Some(gid));
    }
    file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))
}

/// A file that is being written and takes its place only when it is whole.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    /// A device or a pipe cannot be renamed over.
    Direct(File),
    Draft {
        // Of the two the temporary file goes first.
        temporary: NamedTempFile<File>,
        _unfinished: Unfinished,
        target: PathBuf,
        folder: PathBuf,
    },
}

impl AtomicFile {
    /// Begins a file that will stand at `path`, making the folders on the way.
    ///
    /// # Errors
    /// Fails with [`ExitCode::Io`](crate::exit::ExitCode::Io) if that is not a place for a file.
    pub fn create(path: &Path) -> Result<Self> {
        let inner = Inner::create(path).map_err(|error| write_failed(path, error))?;
        Ok(Self {
            path: path.to_path_buf(),
            inner,
        })
    }

    /// Begins a file without a name, to be read back by [`AtomicFile::read_back`]: it is gone with
    /// the process, however that ends.
    ///
    /// # Errors
    /// Fails with [`ExitCode::Io`](crate::exit::ExitCode::Io) if there is no room for temporary files.
    pub fn scratch() -> Result<Self> {
        let path = PathBuf::from("a temporary file");
        match tempfile::tempfile() {
            Ok(file) => Ok(Self {
                path,
                inner: Inner::Direct(file),
            }),
            Err(error) => Err(write_failed(&path, error)),
        }
    }

    /// Goes back to the first byte, to read what was written.
    ///
    /// # Errors
    /// Fails with [`ExitCode::Io`](crate::exit::ExitCode::Io).
    pub fn read_back(mut self) -> Result<File> {
        let path = self.path.clone();
        let failed = |error| Error::io("read", &path, error);
        self.file().rewind().map_err(failed)?;
        self.file().try_clone().map_err(failed)
    }

    /// Cuts what is written back to its first `length` bytes.
    ///
    /// # Errors
    /// If the file is a pipe or cannot be written.
    pub fn cut(&mut self, length: u64) -> io::Result<()> {
        let file = self.file();
        file.set_len(length)?;
        file.seek(io::SeekFrom::Start(length)).map(|_| ())
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// Fails with [`ExitCode::Io`](crate::exit::ExitCode::Io); the old file is then untouched.
    pub fn commit(mut self) -> Result<()> {
        let path = self.path.clone();
        let done = self.settle().and_then(|()| self.rename());
        done.map_err(|error| write_failed(&path, error))
    }

    /// Sees to it that the bytes are on the disk, as far as there is one.
    fn settle(&mut self) -> io::Result<()> {
        match &self.inner {
            Inner::Direct(_) => Ok(()),
            Inner::Draft { temporary, .. } => temporary.as_file().sync_all(),
        }
    }

    fn rename(self) -> io::Result<()> {
        let Inner::Draft {
            temporary,
            target,
            folder,
            ..
        } = self.inner
        else {
            return Ok(());
        };
        temporary.persist(&target).map_err(|error| error.error)?;
        note_written(&self.path);
        sync_folder(&folder)
    }

    fn file(&mut self) -> &mut File {
        match &mut self.inner {
            Inner::Direct(file) => file,
            Inner::Draft { temporary, .. } => temporary.as_file_mut(),
        }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Inner::Direct(file) = &mut self.inner
            && file.is_terminal()
        {
            // `/dev/stdout`: what came from data must not steer it.
            let shown = visible_lines(&String::from_utf8_lossy(bytes));
            return file.write_all(shown.as_bytes()).map(|()| bytes.len());
        }
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

impl Inner {
    fn create(path: &Path) -> io::Result<Self> {
        // A link is written through, not replaced.
        let target = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) if !metadata.is_file() => {
                return OpenOptions::new().write(true).open(path).map(Self::Direct);
            }
            Ok(_) => fs::canonicalize(path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => behind_links(path)?,
            Err(error) => return Err(error),
        };
        let folder = folder_of(&target);
        fs::create_dir_all(&folder)?;
        let old = match fs::metadata(&target) {
            Ok(old) => Some(old),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        sweep_once(&folder);
        // Nobody reads what is not finished whom the old file kept out.
        let mode = old.as_ref().map_or(0o644, |_| 0o600);
        let (temporary, _unfinished) = make_temporary(&folder, mode)?;
        if let Some(old) = &old {
            inherit(temporary.as_file(), old)?;
        }
        Ok(Self::Draft {
            temporary,
            _unfinished,
            target,
            folder,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    #[test]
    fn a_link_that_leads_nowhere_yet_is_written_through() {
        let folder = folder();
        let (link, second) = (folder.path().join("link"), folder.path().join("second"));
        fs::create_dir(folder.path().join("real")).expect("make");
        std::os::unix::fs::symlink("second", &link).expect("link");
        std::os::unix::fs::symlink("real/file", &second).expect("link");
        write_atomically(&link, b"new").expect("write");
        let real = folder.path().join("real/file");
        assert_eq!(fs::read(&real).expect("read"), b"new");
        assert!(fs::symlink_metadata(&link).expect("look").is_symlink());
        assert!(fs::symlink_metadata(&second).expect("look").is_symlink());
        std::os::unix::fs::symlink("circle", folder.path().join("circle")).expect("link");
        write_atomically(&folder.path().join("circle"), b"new").expect_err("a circle");
    }

    /// Whatever the umask, and whoever writes.
    #[test]
    fn the_owner_and_the_mode_of_a_replaced_file_stay() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
        let folder = folder();
        let path = folder.path().join("file");
        fs::write(&path, "old").expect("write");
        for mode in [0o666, 0o640, 0o600, 0o2664] {
            // Only root can give a file away.
            let given = chown(&path, Some(1234), Some(2345)).is_ok();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            let old = fs::metadata(&path).expect("look");
            write_atomically(&path, b"new").expect("write");
            let new = fs::metadata(&path).expect("look");
            assert_eq!(new.mode() & 0o7777, mode, "{mode:o}");
            assert_eq!((new.uid(), new.gid()), (old.uid(), old.gid()), "{given}");
        }
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
    fn a_draft_that_is_dropped_leaves_the_old_file_and_no_litter() {
        let folder = folder();
        let path = folder.path().join("page.html");
        write_atomically(&path, b"old").expect("write");
        drop(Draft::new(&path, b"new").expect("draft"));
        assert_eq!(fs::read(&path).expect("read"), b"old");
        assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 1);
        let draft = Draft::new(&path, b"new").expect("draft");
        assert_eq!(fs::read(&path).expect("read"), b"old");
        draft.commit().expect("commit");
        assert_eq!(fs::read(&path).expect("read"), b"new");
    }

    #[test]
    fn refuses_a_folder_as_target_with_the_io_code() {
        let folder = folder();
        let error = write_atomically(folder.path(), b"x").expect_err("a folder is not a file");
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
}
