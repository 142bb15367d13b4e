//! The folder of a history: who may write in it, what is in it, and how it grows and is joined. A reader needs no
//! lock: files of pieces are written whole, never changed, and of two that tell of one source the later run counts.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use churn_base::error::{Error, Place, Result};
use churn_base::exit::ExitCode;
use churn_base::files::{lock, read_at_most, write_atomically};
use serde::Serialize;

use super::head::Head;
use super::marks::{self, Mark};
use super::packing;
use super::segment::{self, Segment};
use super::source::{Recorded, Source, SourceState, part_of};
use super::sums::Sums;
use crate::profile::Profile;

const HEAD: &str = "history.json";
const MARKS: &str = "marks.jsonl";
const LOCK: &str = "lock";
/// Files of pieces from which a run joins them: each is open while a run lasts.
const MOST_SEGMENTS: usize = 64;
/// How often a reader begins anew that others take files away from.
const ATTEMPTS: usize = 8;
const MOST_HEAD: u64 = 64 << 20;

/// Held by the one who writes in a history, until it is dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock is its file")] File);

/// A history as it was when it was looked at.
#[derive(Debug)]
pub struct History {
    pub(super) folder: PathBuf,
    head: Option<Head>,
    pub(super) segments: Vec<Segment>,
    /// The latest word on each source, with the file that holds its pieces.
    pub(super) kept: BTreeMap<String, (usize, Source)>,
    /// Digests of pieces that are put together of several sources.
    pub(super) sums: Sums,
    last_number: u64,
}

/// What joining the files of a history came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Compacted {
    /// Files of pieces before.
    pub files_before: u64,
    /// Their bytes.
    pub bytes_before: u64,
    /// Bytes of the one file after.
    pub bytes: u64,
    /// Pieces that were dropped as too old.
    pub pieces_dropped: u64,
    /// Their rows.
    pub rows_dropped: u64,
    /// Pieces that are left.
    pub pieces: u64,
}

impl Lock {
    /// Waits until nobody else writes in the folder, which is made if it is not there; `wait` is called if that
    /// may take a while.
    ///
    /// # Errors
    /// 74 if the folder cannot be made or written.
    pub fn take(folder: &Path, wait: impl FnOnce()) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|error| Error::io("make", folder, error))?;
        let path = folder.join(LOCK);
        let failed = |error| Error::io("write", &path, error);
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(failed)?;
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            wait();
        }
        lock(&file).map_err(failed)?;
        Ok(Self(file))
    }
}

impl History {
    /// Looks at a folder. A folder that is empty or not there is a history that has not begun.
    ///
    /// # Errors
    /// 65 if a file of the history is damaged or of a newer version; 64 if the folder holds other files; 74 if it
    /// cannot be read.
    pub fn open(folder: &Path) -> Result<Self> {
        Self::open_as_of(folder, u64::MAX)
    }

    /// As [`History::open`], without what runs after `run` have read.
    ///
    /// # Errors
    /// As [`History::open`].
    pub fn open_as_of(folder: &Path, run: u64) -> Result<Self> {
        for _ in 1..ATTEMPTS {
            match Self::look(folder, run) {
                Err(error) if is_gone(&error) => {}
                outcome => return outcome,
            }
        }
        Self::look(folder, run)
    }

    fn look(folder: &Path, run: u64) -> Result<Self> {
        let head = read_head(folder)?;
        let mut history = Self {
            folder: folder.to_path_buf(),
            head,
            segments: Vec::new(),
            kept: BTreeMap::new(),
            sums: Sums::read(folder),
            last_number: 0,
        };
        if history.head.is_none() {
            refuse_other_files(folder)?;
            return Ok(history);
        }
        let paths = segment::list(folder)?;
        history.check_files(&paths)?;
        for path in paths {
            history.last_number = segment::number(&path).unwrap_or(0);
            let (opened, sources) = Segment::open(&path)?;
            history.segments.push(opened);
            let at = history.segments.len() - 1;
            for source in sources.into_iter().filter(|source| source.run <= run) {
                history.take(at, source);
            }
        }
        Ok(history)
    }

    /// Refuses a folder that lacks a file: its pieces would look like days without rows.
    fn check_files(&self, paths: &[PathBuf]) -> Result<()> {
        let named = self.head.iter().flat_map(|head| &head.files);
        let mut named = named.map(|name| self.folder.join(name));
        match named.find(|path| !paths.contains(path)) {
            None => Ok(()),
            Some(path) => Err(segment::lost(&path, "what one run or several have counted")),
        }
    }

    /// Keeps the names of the files, so that a lost one is told.
    fn note_files(&mut self) -> Result<()> {
        let Some(head) = self.head.clone() else {
            return Ok(());
        };
        let name = |segment: &Segment| Some(segment.path.file_name()?.to_str()?.to_owned());
        let files = self.segments.iter().filter_map(name).collect();
        self.write_head(Head { files, ..head })
    }

    /// Takes what a file tells of a source, unless a later run is known to have read it.
    fn take(&mut self, segment: usize, source: Source) {
        let kept_from = self.head.as_ref().and_then(|head| head.kept_from);
        let source = source.without_before(kept_from.unwrap_or(i64::MIN)).0;
        match self.kept.get(&source.key) {
            Some((_, known)) if known.run > source.run => {}
            _ => drop(self.kept.insert(source.key.clone(), (segment, source))),
        }
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns what all pieces have in common; none if the history has not begun.
    #[must_use]
    pub const fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Returns the sources by their place.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.kept.values().map(|(_, source)| source)
    }

    /// Returns what is kept of a source.
    #[must_use]
    pub fn source(&self, key: &str) -> Option<&Source> {
        self.kept.get(key).map(|(_, source)| source)
    }

    /// Returns what is kept of a piece of a source that is kept piece by piece.
    #[must_use]
    pub fn part(&self, key: &str, start: i64) -> Option<&Source> {
        self.source(&part_of(key, start))
    }

    /// Returns how a source that is there now stands to what is kept.
    #[must_use]
    pub fn state(&self, key: &str, version: Option<&str>) -> SourceState {
        self.source(key)
            .map_or(SourceState::New, |source| source.state(version))
    }

    /// Returns the number of the last run that has read something.
    #[must_use]
    pub fn last_run(&self) -> u64 {
        let settled = |source: &Source| {
            source
                .predictions
                .iter()
                .filter_map(|one| one.settled)
                .max()
        };
        let runs = self
            .sources()
            .map(|source| source.run.max(settled(source).unwrap_or(0)));
        runs.max().unwrap_or(0)
    }

    /// Returns the bytes of all files of pieces, and how many there are.
    #[must_use]
    pub fn size(&self) -> (u64, u64) {
        let sizes = self
            .segments
            .iter()
            .map(|segment| fs::metadata(&segment.path).map_or(0, |metadata| metadata.len()));
        (sizes.sum(), self.segments.len() as u64)
    }

    /// Adds what a run has read, in the place of what was kept of the same sources; forgets sources that have
    /// another place now.
    ///
    /// # Errors
    /// 74 if it cannot be written: the history is then as it was.
    pub fn append(&mut self, lock: &Lock, recorded: Vec<Recorded>) -> Result<()> {
        if recorded.is_empty() {
            return Ok(());
        }
        let run = self.last_run() + 1;
        let sources = recorded.into_iter().map(|one| {
            let source = Source { run, ..one.source };
            (source, one.packed)
        });
        self.add(lock, sources.collect())
    }

    /// Adds a file of sources; of each the last word counts.
    pub(super) fn add(&mut self, lock: &Lock, sources: Vec<(Source, Vec<Vec<u8>>)>) -> Result<()> {
        let path = segment::write(&self.folder, self.last_number + 1, sources)?;
        self.last_number += 1;
        let (opened, sources) = Segment::open(&path)?;
        self.segments.push(opened);
        let at = self.segments.len() - 1;
        for source in sources {
            self.take(at, source);
        }
        self.note_files()?;
        if self.segments.len() >= MOST_SEGMENTS {
            self.compact(lock, None)?;
        }
        Ok(())
    }

    /// Writes what all pieces have in common, and the baseline's profile if it is another one.
    ///
    /// # Errors
    /// 74 if it cannot be written.
    pub fn set_head(&mut self, _: &Lock, head: Head, baseline: Option<&Profile>) -> Result<()> {
        if let (Some(profile), Some(known)) = (baseline, head.baselines.last()) {
            let path = baseline_file(&self.folder, &known.counts_sha256);
            let packed = packing::pack(&profile.to_json());
            let packed = packed.map_err(|error| Error::io("write", &path, error))?;
            write_atomically(&path, &packed)?;
        }
        self.write_head(head)
    }

    pub(super) fn write_head(&mut self, head: Head) -> Result<()> {
        // Texts, integers and finite doubles: this cannot fail.
        let mut text = serde_json::to_string_pretty(&head).unwrap_or_default();
        text.push('\n');
        write_atomically(&self.folder.join(HEAD), text.as_bytes())?;
        self.head = Some(head);
        Ok(())
    }

    /// Reads the profile of the last baseline.
    ///
    /// # Errors
    /// 65 if there is none, or it is damaged.
    pub fn baseline(&self) -> Result<Profile> {
        let known = self.head.as_ref().and_then(|head| head.baselines.last());
        let known = known.ok_or_else(|| segment::damaged(&self.folder, "it names no baseline"))?;
        let path = baseline_file(&self.folder, &known.counts_sha256);
        let packed = read_at_most(&path, MOST_HEAD);
        let packed = packed.map_err(|error| match error.kind() {
            ErrorKind::NotFound => segment::lost(&path, "the profile of its baseline"),
            _ => Error::io("read", &path, error),
        })?;
        let bytes = packing::unpack(&packed).map_err(|_| segment::damaged(&path, "its bytes"))?;
        let profile = Profile::from_json(&bytes, &path.display().to_string())?;
        Ok(Profile {
            model_features: known.model_features.clone(),
            ..profile
        })
    }

    /// Joins all files of pieces into one, without what no window needs any more: sources that were read again
    /// since, and pieces that begin before `keep_from`.
    ///
    /// The new file is there, whole, before an old one goes, and a reader counts a source once however many
    /// files tell of it: a run that is killed in between leaves a history with the same pieces.
    ///
    /// # Errors
    /// 65 if a file is damaged; 74 if the folder cannot be written.
    pub fn compact(&mut self, _: &Lock, keep_from: Option<i64>) -> Result<Compacted> {
        let before = self.size();
        let mut dropped = (0, 0);
        if let (Some(from), Some(head)) = (keep_from, self.head.clone())
            && head.kept_from.is_none_or(|known| known < from)
        {
            // First: whoever reads meanwhile leaves out what will be gone.
            let kept_from = Some(from);
            self.write_head(Head { kept_from, ..head })?;
        }
        let from = self.head.as_ref().and_then(|head| head.kept_from);
        let mut sources = Vec::new();
        for (segment, source) in self.kept.values() {
            let (source, gone) = source.clone().without_before(from.unwrap_or(i64::MIN));
            dropped = (dropped.0 + gone.0, dropped.1 + gone.1);
            let packed = self.segments[*segment].packed_of(&source)?;
            sources.push((source, packed));
        }
        let path = segment::write(&self.folder, self.last_number + 1, sources)?;
        self.last_number += 1;
        let (opened, sources) = Segment::open(&path)?;
        let old = std::mem::replace(&mut self.segments, vec![opened]);
        self.kept.clear();
        for source in sources {
            self.take(0, source);
        }
        // Before the old ones go: whoever reads meanwhile must not miss them.
        self.note_files()?;
        for segment in old.iter().filter(|segment| segment.path != path) {
            match fs::remove_file(&segment.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Error::io("delete", &segment.path, error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        self.sweep_baselines();
        Ok(Compacted {
            files_before: before.1,
            bytes_before: before.0,
            bytes: self.size().0,
            pieces_dropped: dropped.0,
            rows_dropped: dropped.1,
            pieces: self
                .sources()
                .map(|source| source.pieces.len() as u64)
                .sum(),
        })
    }

    /// Deletes the profiles of baselines before the last: a courtesy.
    fn sweep_baselines(&self) {
        let last = self.head.as_ref().and_then(|head| head.baselines.last());
        let Some(last) = last.map(|last| baseline_file(&self.folder, &last.counts_sha256)) else {
            return;
        };
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with("baseline-") && entry.path() != last {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Returns the marks in the order in which they were made.
    ///
    /// # Errors
    /// 65 if the file of marks is damaged, 74 if it cannot be read.
    pub fn marks(&self) -> Result<Vec<Mark>> {
        marks::read(&self.folder.join(MARKS))
    }

    /// Adds a mark.
    ///
    /// # Errors
    /// As [`History::marks`]; 74 if it cannot be written.
    pub fn annotate(&self, _: &Lock, mark: Mark) -> Result<()> {
        marks::add(&self.folder.join(MARKS), mark)
    }
}

fn read_head(folder: &Path) -> Result<Option<Head>> {
    let path = folder.join(HEAD);
    let bytes = match read_at_most(&path, MOST_HEAD) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", &path, error)),
    };
    #[derive(serde::Deserialize)]
    struct Version {
        schema_version: u32,
    }
    let wrong = |error: serde_json::Error| segment::damaged(&path, "its head").because(error);
    let version: Version = serde_json::from_slice(&bytes).map_err(wrong)?;
    segment::check_version(version.schema_version, &path)?;
    serde_json::from_slice(&bytes).map(Some).map_err(wrong)
}

/// A folder of data that is named by mistake must not be written into.
fn refuse_other_files(folder: &Path) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("read", folder, error)),
    };
    let is_ours = |name: &str| {
        [LOCK, MARKS].contains(&name) || name.starts_with('.') || name.starts_with("baseline-")
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut names = names.map(|name| name.to_string_lossy().into_owned());
    match names.find(|name| !is_ours(name)) {
        None => Ok(()),
        Some(name) => {
            let place = Place {
                file: folder.display().to_string(),
                ..Place::default()
            };
            let message =
                format!("this folder is not a history: it has other files, such as {name}");
            let error = Error::usage(message).at(place);
            Err(error.hint("name a folder of its own; it is made if it is not there"))
        }
    }
}

fn baseline_file(folder: &Path, sha256: &str) -> PathBuf {
    let start: String = sha256.chars().take(12).collect();
    folder.join(format!("baseline-{start}.json.zst"))
}

/// Whether a file went away between the look at the head or the list of the folder and its opening: others join files.
fn is_gone(error: &Error) -> bool {
    if error.code() == ExitCode::Gone {
        return true;
    }
    let source = std::error::Error::source(error);
    let io = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    io.is_some_and(|error| error.kind() == ErrorKind::NotFound)
}
