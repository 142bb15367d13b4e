//! Files of the prediction log: written under another name, handed over whole by a rename. Readers of
//! the folder see closed files only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use super::trace::{hex, random};

const PREFIX: &str = "predictions-";
const CLOSED: &str = ".csv";
const OPEN: &str = ".csv.open";

/// A file that takes rows.
pub(super) struct LogFile {
    writer: csv::Writer<Counting>,
    path: PathBuf,
    pub(super) version: String,
    pub(super) begun: Instant,
}

/// Counts the bytes that go to the file.
struct Counting {
    file: File,
    bytes: u64,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl LogFile {
    /// Begins a file for rows of a model of this version. Only its owner may read it.
    pub(super) fn create(folder: &Path, version: &str, header: &[&str]) -> io::Result<Self> {
        let time = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        let unique = hex(&random().to_be_bytes()[..4]);
        let path = folder.join(format!("{PREFIX}{time}-{version}-{unique}{OPEN}"));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        // Tells other processes, and later ones, that somebody writes here.
        file.lock()?;
        let mut writer = csv::Writer::from_writer(Counting { file, bytes: 0 });
        writer.write_record(header)?;
        writer.flush()?;
        Ok(Self {
            writer,
            path,
            version: version.to_owned(),
            begun: Instant::now(),
        })
    }

    /// Adds a row.
    pub(super) fn add<'a>(&mut self, fields: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
        Ok(self.writer.write_record(fields)?)
    }

    /// Hands the rows so far to the kernel.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// Waits until the disk has what the kernel has.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.writer.get_ref().file.sync_data()
    }

    /// Returns the size of what the kernel has.
    pub(super) fn bytes(&self) -> u64 {
        self.writer.get_ref().bytes
    }

    /// Closes the file and hands it over.
    pub(super) fn close(mut self) -> io::Result<()> {
        self.writer.flush()?;
        self.writer.get_ref().file.sync_all()?;
        hand_over(&self.path)
    }
}

fn hand_over(path: &Path) -> io::Result<()> {
    let name = path.to_string_lossy();
    let closed = PathBuf::from(name.trim_end_matches(OPEN).to_owned() + CLOSED);
    fs::rename(path, &closed)?;
    if let Some(folder) = closed.parent().and_then(|folder| File::open(folder).ok()) {
        // Some network file systems refuse to sync a folder.
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Makes the folder, for its owner alone if it is new.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Hands over the files that a process left open when it was killed, without a row that was cut.
/// Returns how many. Files that somebody writes to are left alone.
pub(super) fn recover(folder: &Path) -> io::Result<usize> {
    let mut recovered = 0;
    for path in ours(folder, OPEN)? {
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        if file.try_lock().is_err() {
            continue;
        }
        let (whole, rows) = whole_rows(&mut file)?;
        if rows == 0 {
            fs::remove_file(&path)?;
            continue;
        }
        file.set_len(whole)?;
        file.sync_all()?;
        hand_over(&path)?;
        recovered += 1;
    }
    Ok(recovered)
}

/// Returns the bytes up to the end of the last whole row, and how many rows there are below the
/// header. A row ends with a line feed outside of quotes.
fn whole_rows(file: &mut File) -> io::Result<(u64, u64)> {
    file.seek(SeekFrom::Start(0))?;
    let (mut quoted, mut at, mut whole, mut lines) = (false, 0_u64, 0, 0_u64);
    let mut buffer = [0; 1 << 16];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        for byte in &buffer[..count] {
            at += 1;
            match byte {
                b'"' => quoted = !quoted,
                b'\n' if !quoted => {
                    whole = at;
                    lines += 1;
                }
                _ => {}
            }
        }
    }
    Ok((whole, lines.saturating_sub(1)))
}

/// Deletes closed files that are older than this. Returns how many.
pub(super) fn delete_old(folder: &Path, retention: Duration) -> io::Result<usize> {
    let Some(oldest) = SystemTime::now().checked_sub(retention) else {
        return Ok(0);
    };
    let mut deleted = 0;
    for path in ours(folder, CLOSED)? {
        if fs::metadata(&path)?.modified()? < oldest {
            fs::remove_file(&path)?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

fn ours(folder: &Path, suffix: &str) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy());
        if name.is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(suffix)) {
            paths.push(path);
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).expect("list").flatten();
        let mut names: Vec<String> = names
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_handed_over_whole_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = LogFile::create(folder.path(), "abc", &["a", "b"]).expect("made");
        file.add(["1", "x,\"y\"\nz"]).expect("added");
        file.flush().expect("flushed");
        assert!(
            names(folder.path())[0].ends_with("-abc-".to_owned().as_str())
                || names(folder.path())[0].ends_with(OPEN)
        );
        file.close().expect("closed");
        let name = &names(folder.path())[0];
        assert!(name.starts_with(PREFIX) && name.ends_with(CLOSED), "{name}");
        let path = folder.path().join(name);
        let text = fs::read_to_string(&path).expect("read");
        assert_eq!(text, "a,b\n1,\"x,\"\"y\"\"\nz\"\n");
        let mode = fs::metadata(&path).expect("stat").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_a_killed_process_left_is_handed_over_without_its_cut_row() {
        let folder = tempfile::tempdir().expect("a folder");
        let left = folder.path().join("predictions-1-a-1.csv.open");
        fs::write(&left, "a,b\n1,\"x\ny\"\n2,\"cut\n").expect("write");
        fs::write(folder.path().join("predictions-2-a-1.csv.open"), "a,b\n").expect("write");
        let held = LogFile::create(folder.path(), "held", &["a"]).expect("made");
        assert_eq!(recover(folder.path()).expect("recovered"), 1);
        let text = fs::read_to_string(folder.path().join("predictions-1-a-1.csv"));
        assert_eq!(text.expect("handed over"), "a,b\n1,\"x\ny\"\n");
        assert_eq!(names(folder.path()).len(), 2);
        assert!(held.path.exists());
    }

    #[test]
    fn old_files_are_deleted_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["predictions-1.csv", "predictions-2.csv", "other.csv"] {
            fs::write(folder.path().join(name), "a\n").expect("write");
        }
        let old = File::options()
            .write(true)
            .open(folder.path().join("predictions-1.csv"));
        let day = Duration::from_secs(86_400);
        let then = SystemTime::now() - 3 * day;
        old.expect("open").set_modified(then).expect("set");
        fs::File::options()
            .write(true)
            .open(folder.path().join("other.csv"))
            .and_then(|file| file.set_modified(then))
            .expect("set");
        assert_eq!(delete_old(folder.path(), 2 * day).expect("deleted"), 1);
        assert_eq!(names(folder.path()), ["other.csv", "predictions-2.csv"]);
    }
}
