//! Where entries wait until a tracking server has them: a folder with a file for each.
//!
//! An entry is written before anything is sent and removed when all was. Names sort by time, so
//! that what was decided first is told first.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use churn_base::error::{Error, Place, Result};
use churn_base::exit::ExitCode;
use churn_base::files::{MOST_BY_HAND, read_text_at_most, write_atomically};
use churn_base::json_words::in_plain_words;

use super::entry::{Entry, SCHEMA_VERSION, Task, is_key};

const LOCK: &str = ".lock";
/// How often a lock that another process holds is tried.
const LOOK: Duration = Duration::from_millis(50);

/// The folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spool {
    folder: PathBuf,
}

/// Keeps other processes from sending while it lives.
#[derive(Debug)]
pub struct Turn {
    _lock: File,
}

impl Spool {
    /// Names the folder. It is made when the first entry is.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }

    /// Keeps an entry.
    ///
    /// # Errors
    /// Fails with 74 if it cannot be written.
    pub fn keep(&self, entry: &Entry) -> Result<()> {
        let text = serde_json::to_string_pretty(entry).map_err(|error| {
            Error::new(ExitCode::Bug, "cannot write the run as JSON").because(error)
        })?;
        write_atomically(&self.path(&entry.key), text.as_bytes())
    }

    /// Returns the keys of what waits, oldest first.
    ///
    /// # Errors
    /// Fails with 74 if the folder cannot be read. Does *not* fail if there is none.
    pub fn waiting(&self) -> Result<Vec<String>> {
        let entries = fs::read_dir(&self.folder);
        let entries = match entries.and_then(|entries| entries.collect::<io::Result<Vec<_>>>()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("read", &self.folder, error)),
        };
        let mut keys: Vec<String> = entries
            .into_iter()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let key = name.strip_suffix(".json")?;
                is_key(key).then(|| key.to_owned())
            })
            .collect();
        keys.sort();
        Ok(keys)
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// Fails with 74 if it cannot be read, with 65 if it is damaged or of a newer version.
    pub fn read(&self, key: &str) -> Result<Entry> {
        let path = self.path(key);
        let text = read_text_at_most(&path, MOST_BY_HAND)
            .map_err(|error| Error::io("read", &path, error))?;
        let refused = |message: String, line: Option<u64>| {
            let place = Place {
                file: path.display().to_string(),
                line,
                column: None,
            };
            Error::bad_input(message)
                .at(place)
                .hint(format!("`churnctl mlflow sync --drop {key}` gives it up"))
        };
        let version = serde_json::from_str::<Version>(&text).map(|head| head.schema_version);
        if let Ok(version) = version
            && version > SCHEMA_VERSION
        {
            let message =
                format!("the run is of layout {version}, and this churnctl knows {SCHEMA_VERSION}");
            return Err(refused(message, None));
        }
        let entry: Entry = serde_json::from_str(&text).map_err(|error| {
            let line = (error.line() > 0).then_some(error.line() as u64);
            refused(
                format!("the run is damaged: {}", in_plain_words(&error)),
                line,
            )
        })?;
        if entry.key != key {
            return Err(refused(format!("the run is that of {}", entry.key), None));
        }
        if let Task::Run(run) = &entry.task
            && let Some(file) = run.files.iter().find(|file| !file.is_whole())
        {
            let message = format!("the checksum of {} does not match", file.path);
            return Err(refused(message, None));
        }
        Ok(entry)
    }

    /// Removes an entry; false if there is none.
    ///
    /// # Errors
    /// Fails with 74 if it cannot be removed, with 64 if this is not a key.
    pub fn remove(&self, key: &str) -> Result<bool> {
        if !is_key(key) {
            let shown = churn_base::text::visible(key);
            return Err(Error::usage(format!("\"{shown}\" is not a key of a run")));
        }
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("remove", &path, error)),
        }
    }

    /// Waits until no other process sends, at most `patience`.
    ///
    /// # Errors
    /// Fails with 3 if another process still does, with 74 if the folder cannot be used.
    pub fn turn(&self, patience: Duration) -> Result<Turn> {
        let path = self.folder.join(LOCK);
        let failed = |error| Error::io("open", &path, error);
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(failed)?;
        let begin = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Turn { _lock: file }),
                Err(fs::TryLockError::WouldBlock) if begin.elapsed() < patience => {
                    std::thread::sleep(LOOK);
                }
                Err(fs::TryLockError::WouldBlock) => {
                    let message = format!(
                        "another process is sending the runs in {}",
                        self.folder.display()
                    );
                    return Err(
                        Error::new(ExitCode::Refused, message).hint("try again when it has ended")
                    );
                }
                // Where there are no locks the keys alone keep runs from being sent twice.
                Err(fs::TryLockError::Error(_)) => return Ok(Turn { _lock: file }),
            }
        }
    }
}

#[derive(serde::Deserialize)]
struct Version {
    schema_version: u32,
}

#[cfg(test)]
mod tests {
    use super::super::entry::{self, Champion};
    use super::*;

    fn entry(now_ms: i64) -> Entry {
        Entry {
            schema_version: SCHEMA_VERSION,
            command: "train".into(),
            churnctl_version: "0.1.0".into(),
            created_at: "2026-11-25T02:44:41Z".into(),
            key: entry::key(now_ms, 7),
            task: Task::Champion(Champion {
                model: "churn".into(),
                model_version: "abc".into(),
                decided_at_ms: now_ms,
            }),
        }
    }

    #[test]
    fn what_was_kept_comes_back_in_the_order_of_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let spool = Spool::new(folder.path().join("spool"));
        assert_eq!(spool.waiting().expect("none"), Vec::<String>::new());
        let (late, early) = (entry(1_700_000_000_000), entry(1_600_000_000_000));
        spool.keep(&late).expect("kept");
        spool.keep(&early).expect("kept");
        fs::write(spool.folder().join("notes.txt"), "mine").expect("write");
        assert_eq!(spool.waiting().expect("two"), [&*early.key, &*late.key]);
        assert_eq!(spool.read(&late.key).expect("whole"), late);
        assert!(spool.remove(&early.key).expect("removed"));
        assert!(!spool.remove(&early.key).expect("gone"));
        assert_eq!(spool.remove("../x").expect_err("no key").code().code(), 64);
    }

    #[test]
    fn a_damaged_entry_is_named_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let spool = Spool::new(folder.path());
        let entry = entry(0);
        spool.keep(&entry).expect("kept");
        let path = spool.path(&entry.key);
        let text = fs::read_to_string(&path).expect("read");
        fs::write(&path, &text[..text.len() / 2]).expect("cut");
        let error = spool.read(&entry.key).expect_err("cut");
        assert_eq!(error.code(), ExitCode::BadInput);
        assert!(
            error.place().is_some_and(|place| place.line.is_some()),
            "{error}"
        );
        let newer = text.replace("\"schema_version\": 1", "\"schema_version\": 2");
        fs::write(&path, newer).expect("write");
        let error = spool.read(&entry.key).expect_err("newer");
        assert!(error.to_string().contains("layout 2"), "{error}");
    }

    #[test]
    fn only_one_process_sends_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let spool = Spool::new(folder.path());
        let turn = spool.turn(Duration::ZERO).expect("free");
        let error = spool.turn(Duration::ZERO).expect_err("taken");
        assert_eq!(error.code(), ExitCode::Refused);
        drop(turn);
        assert!(spool.turn(Duration::ZERO).is_ok());
    }
}
