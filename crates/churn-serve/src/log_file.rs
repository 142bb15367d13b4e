//! Files of the prediction log: written under another name, handed over whole by a rename. Readers of
//! the folder see closed files only.

use std::borrow::Cow;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use churn_base::files::{lock, sync_folder};
use churn_base::hex::hex;
use churn_data::as_text_cell;
use jiff::Timestamp;

use super::options::LogFormat;
use super::trace::random;

const PREFIX: &str = "predictions-";
/// How the names of files end that take rows.
const OPEN: &str = ".open";

impl LogFormat {
    const ALL: [Self; 2] = [Self::Csv, Self::Ndjson];

    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => ".csv",
            Self::Ndjson => ".ndjson",
        }
    }

    /// Returns the format of a file of ours that has been handed over.
    fn of_closed(name: &str) -> Option<Self> {
        let name = name.strip_prefix(PREFIX)?;
        Self::ALL
            .into_iter()
            .find(|format| name.ends_with(format.ending()))
    }

    /// Returns the format of a file of ours that takes rows.
    fn of_open(name: &str) -> Option<Self> {
        Self::of_closed(name.strip_suffix(OPEN)?)
    }
}

/// A column of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogColumn<'a> {
    pub(super) name: &'a str,
    /// Its fields are numbers.
    pub(super) is_number: bool,
}

/// A file that takes rows.
pub(super) struct LogFile {
    rows: Rows,
    path: PathBuf,
    pub(super) version: String,
    pub(super) begun: Instant,
    /// Bytes that the kernel has of whole rows; none before the first row is there.
    whole: Option<u64>,
}

enum Rows {
    Csv(Box<csv::Writer<Counting>>),
    Ndjson {
        writer: BufWriter<Counting>,
        /// What stands before the value of each column, and whether the value is a number.
        columns: Vec<(String, bool)>,
    },
}

impl Rows {
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Csv(writer) => writer.flush(),
            Self::Ndjson { writer, .. } => writer.flush(),
        }
    }

    fn counting(&self) -> &Counting {
        match self {
            Self::Csv(writer) => writer.get_ref(),
            Self::Ndjson { writer, .. } => writer.get_ref(),
        }
    }
}

/// Counts the bytes that go to the file.
struct Counting {
    file: Arc<File>,
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
    pub(super) fn create(
        folder: &Path,
        version: &str,
        format: LogFormat,
        columns: &[LogColumn<'_>],
    ) -> io::Result<Self> {
        let time = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        let unique = hex(&random().to_be_bytes()[..4]);
        let ending = format.ending();
        let path = folder.join(format!("{PREFIX}{time}-{version}-{unique}{ending}{OPEN}"));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        match Self::begin(file, format, columns) {
            Ok(rows) => Ok(Self {
                rows,
                path,
                version: version.to_owned(),
                begun: Instant::now(),
                whole: None,
            }),
            Err(error) => {
                // A full disk has room for a name, and not for what belongs under it.
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }

    fn begin(file: File, format: LogFormat, columns: &[LogColumn<'_>]) -> io::Result<Rows> {
        // Tells other processes, and later ones, that somebody writes here.
        lock(&file)?;
        let file = Arc::new(file);
        let counting = Counting { file, bytes: 0 };
        Ok(match format {
            LogFormat::Csv => {
                let mut writer = csv::Writer::from_writer(counting);
                // People open these files, too, and clients choose what is in them.
                writer.write_record(columns.iter().map(|column| cell(column.name)))?;
                writer.flush()?;
                Rows::Csv(Box::new(writer))
            }
            LogFormat::Ndjson => Rows::Ndjson {
                writer: BufWriter::new(counting),
                columns: columns
                    .iter()
                    .enumerate()
                    .map(|(at, column)| {
                        let before = if at == 0 { '{' } else { ',' };
                        let name = serde_json::Value::from(column.name);
                        (format!("{before}{name}:"), column.is_number)
                    })
                    .collect(),
            },
        })
    }

    /// Adds a row. An empty field is one without a value.
    pub(super) fn add<'a>(&mut self, fields: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
        match &mut self.rows {
            Rows::Csv(writer) => Ok(writer.write_record(fields.into_iter().map(cell))?),
            Rows::Ndjson { writer, columns } => {
                for ((before, is_number), field) in columns.iter().zip(fields) {
                    writer.write_all(before.as_bytes())?;
                    if field.is_empty() {
                        writer.write_all(b"null")?;
                    } else if *is_number {
                        writer.write_all(field.as_bytes())?;
                    } else {
                        serde_json::to_writer(&mut *writer, field)?;
                    }
                }
                writer.write_all(b"}\n")
            }
        }
    }

    /// Hands the rows so far to the kernel.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.rows.flush()?;
        self.whole = Some(self.bytes());
        Ok(())
    }

    /// Waits until the disk has what the kernel has.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.rows.counting().file.sync_data()
    }

    /// Returns the size of what the kernel has.
    pub(super) fn bytes(&self) -> u64 {
        self.rows.counting().bytes
    }

    /// Closes the file and hands it over.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.flush()?;
        self.rows.counting().file.sync_all()?;
        hand_over(&self.path)
    }

    /// Gives up a file that something went wrong with: hands over the rows that were kept before, and
    /// deletes one without any. Tells whether that was done.
    pub(super) fn give_up(self) -> io::Result<bool> {
        let Self {
            rows, path, whole, ..
        } = self;
        let file = Arc::clone(&rows.counting().file);
        // What is still in the buffers comes to the file by that, and was never counted as kept.
        drop(rows);
        let Some(whole) = whole else {
            return fs::remove_file(path).map(|()| false);
        };
        file.set_len(whole)?;
        hand_over(&path).map(|()| true)
    }
}

fn cell(field: &str) -> Cow<'_, [u8]> {
    as_text_cell(field.as_bytes())
}

fn hand_over(path: &Path) -> io::Result<()> {
    let name = path.to_string_lossy();
    let closed = PathBuf::from(name.strip_suffix(OPEN).unwrap_or(&name));
    fs::rename(path, &closed)?;
    // Whole it is in any case, and after a power cut the next start hands it over.
    let _ = sync_folder(closed.parent().unwrap_or(Path::new(".")));
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
    for (path, format) in ours(folder, LogFormat::of_open)? {
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        if file.try_lock().is_err() {
            continue;
        }
        let (whole, rows) = whole_rows(&mut file, format)?;
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

/// Returns the bytes up to the end of the last whole row, and how many rows there are. A row ends
/// with a line feed, in a CSV file with one outside of quotes.
fn whole_rows(file: &mut File, format: LogFormat) -> io::Result<(u64, u64)> {
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
                b'"' => quoted = !quoted && format == LogFormat::Csv,
                b'\n' if !quoted => {
                    whole = at;
                    lines += 1;
                }
                _ => {}
            }
        }
    }
    let header = u64::from(format == LogFormat::Csv);
    Ok((whole, lines.saturating_sub(header)))
}

/// Returns the names of the files that were handed over.
pub(super) fn closed_files(folder: &Path) -> io::Result<Vec<String>> {
    let files = ours(folder, LogFormat::of_closed)?.into_iter();
    let names = files.filter_map(|(path, _)| Some(path.file_name()?.to_str()?.to_owned()));
    Ok(names.collect())
}

/// Deletes closed files that are older than this and `may` go. Returns how many.
pub(super) fn delete_old(
    folder: &Path,
    retention: Duration,
    may: impl Fn(&str) -> bool,
) -> io::Result<usize> {
    let Some(oldest) = SystemTime::now().checked_sub(retention) else {
        return Ok(0);
    };
    let mut deleted = 0;
    for (path, _) in ours(folder, LogFormat::of_closed)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if fs::metadata(&path)?.modified()? < oldest && may(&name) {
            fs::remove_file(&path)?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// Returns the files whose names `are` of ours, and their formats.
fn ours(
    folder: &Path,
    are: fn(&str) -> Option<LogFormat>,
) -> io::Result<Vec<(PathBuf, LogFormat)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(format) = are(&entry.file_name().to_string_lossy()) {
            files.push((entry.path(), format));
        }
    }
    Ok(files)
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

    fn create(folder: &Path, format: LogFormat, version: &str) -> LogFile {
        let column = |name, is_number| LogColumn { name, is_number };
        let columns = [column("a", true), column("b", false)];
        LogFile::create(folder, version, format, &columns).expect("made")
    }

    #[test]
    fn a_line_of_json_has_numbers_texts_and_nulls() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = create(folder.path(), LogFormat::Ndjson, "abc");
        file.add(["1.5", "x\"\n"]).expect("added");
        file.add(["", "2"]).expect("added");
        file.close().expect("closed");
        let name = &names(folder.path())[0];
        assert!(name.ends_with(".ndjson"), "{name}");
        let text = fs::read_to_string(folder.path().join(name)).expect("read");
        let wanted = "{\"a\":1.5,\"b\":\"x\\\"\\n\"}\n{\"a\":null,\"b\":\"2\"}\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn a_file_is_handed_over_whole_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = create(folder.path(), LogFormat::Csv, "abc");
        file.add(["1", "x,\"y\"\nz"]).expect("added");
        file.flush().expect("flushed");
        let name = &names(folder.path())[0];
        assert!(name.contains("-abc-") && name.ends_with(OPEN), "{name}");
        file.close().expect("closed");
        let name = &names(folder.path())[0];
        assert!(name.starts_with(PREFIX) && name.ends_with(".csv"), "{name}");
        let path = folder.path().join(name);
        let text = fs::read_to_string(&path).expect("read");
        assert_eq!(text, "a,b\n1,\"x,\"\"y\"\"\nz\"\n");
        let mode = fs::metadata(&path).expect("stat").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_given_up_keeps_the_rows_that_the_kernel_has() {
        let folder = tempfile::tempdir().expect("a folder");
        for format in LogFormat::ALL {
            let mut file = create(folder.path(), format, "abc");
            file.add(["1", "kept"]).expect("added");
            file.flush().expect("flushed");
            file.add(["2", "in the buffer"]).expect("added");
            assert!(file.give_up().expect("handed over"));
            let mut file = create(folder.path(), format, "abc");
            file.add(["3", "never flushed"]).expect("added");
            assert!(!file.give_up().expect("deleted"));
        }
        let names = names(folder.path());
        assert_eq!(names.len(), 2, "{names:?}");
        for name in names {
            assert!(!name.ends_with(OPEN), "{name}");
            let text = fs::read_to_string(folder.path().join(name)).expect("read");
            assert!(text.contains("kept") && !text.contains("buffer"), "{text}");
        }
    }

    #[test]
    fn what_a_killed_process_left_is_handed_over_without_its_cut_row() {
        let folder = tempfile::tempdir().expect("a folder");
        let left = folder.path().join("predictions-1-a-1.csv.open");
        fs::write(&left, "a,b\n1,\"x\ny\"\n2,\"cut\n").expect("write");
        fs::write(folder.path().join("predictions-2-a-1.csv.open"), "a,b\n").expect("write");
        let lines = folder.path().join("predictions-3-a-1.ndjson.open");
        fs::write(&lines, "{\"a\":\"\\\"\"}\n{\"a\":1").expect("write");
        let held = create(folder.path(), LogFormat::Csv, "held");
        assert_eq!(recover(folder.path()).expect("recovered"), 2);
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).expect("handed over");
        assert_eq!(text("predictions-1-a-1.csv"), "a,b\n1,\"x\ny\"\n");
        assert_eq!(text("predictions-3-a-1.ndjson"), "{\"a\":\"\\\"\"}\n");
        assert_eq!(names(folder.path()).len(), 3);
        assert!(held.path.exists());
    }

    #[test]
    fn old_files_are_deleted_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["predictions-1.csv", "predictions-2.ndjson", "other.csv"] {
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
        let deleted = |may: bool| delete_old(folder.path(), 2 * day, |_| may).expect("deleted");
        assert_eq!((deleted(false), deleted(true)), (0, 1));
        assert_eq!(names(folder.path()), ["other.csv", "predictions-2.ndjson"]);
    }
}
