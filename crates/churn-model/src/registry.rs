//! The registry: an append-only file with a JSON line for each train and each decision. Files
//! of models are `publish`'s affair.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use churn_base::error::{Error, Place, Result};
use churn_base::files::{lock, read_at_most, sync_folder, too_large};
use serde::{Deserialize, Serialize};

use super::paired::Comparison;

/// Most bytes of a registry: over a hundred thousand trainings.
const MOST_BYTES: u64 = 64 << 20;

/// Version of a line's layout.
pub const SCHEMA_VERSION: u32 = 1;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A model was trained and written.
    Train,
    /// A model became the one in production.
    Promotion,
    /// A candidate did not become it.
    Refusal,
    /// An earlier model became it again.
    Rollback,
    /// A model was in production without a line saying so, after a crash.
    Reconciliation,
    /// The model in production was damaged and put aside.
    Quarantine,
}

impl Event {
    /// Whether the model of this line is in production from here on.
    #[must_use]
    pub const fn promotes(self) -> bool {
        match self {
            Self::Promotion | Self::Rollback | Self::Reconciliation => true,
            Self::Train | Self::Refusal | Self::Quarantine => false,
        }
    }
}

/// What a line changes, if not the whole model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The model stays, its threshold is another.
    Threshold,
}

/// A line of the registry. Members that a newer program adds are passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this layout, see [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Always `train`.
    pub command: String,
    /// Version of the program that wrote it.
    pub churnctl_version: String,
    /// When, RFC 3339 in UTC.
    pub created_at: String,
    /// What happened.
    pub event: Event,
    /// Name of the model.
    pub name: String,
    /// Version of the model.
    pub version: String,
    /// Checksum of the model's body.
    pub sha256: String,
    /// Version of the model that was in production before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// What the candidate differs in from the model in production, if not in the whole model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// Why, in sentences.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// Champion and candidate on the same rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<Comparison>,
}

/// Whether a text may be a model's name: 1 to 64 of `a-z0-9._-`, not beginning with a dot.
#[must_use]
pub fn is_model_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('.')
}

/// Refuses what is not a model name.
///
/// # Errors
/// Usage (64).
pub fn check_model_name(name: &str) -> Result<()> {
    if is_model_name(name) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "\"{}\" is not a model name",
        churn_base::text::visible(name)
    ))
    .hint("use 1 to 64 of a-z, 0-9, dot, underscore and hyphen, not beginning with a dot"))
}

/// Reads all lines, the oldest first; none if there is no file.
///
/// Does *not* fail on a torn last line, which a crash leaves behind: it is passed over, and
/// repaired when the next line is written.
///
/// # Errors
/// I/O if it cannot be read; bad input if any other line is not a record.
pub fn read(path: &Path) -> Result<Vec<Record>> {
    let bytes = match read_at_most(path, MOST_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", path, error)),
    };
    let mut records = Vec::new();
    let mut rest = bytes.as_slice();
    let mut number = 0;
    while !rest.is_empty() {
        number += 1;
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (line, after) = match end {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        match serde_json::from_slice(line) {
            Ok(record) => records.push(record),
            Err(_) if end.is_none() || line.is_empty() => {}
            Err(error) => {
                let place = Place {
                    file: path.display().to_string(),
                    line: Some(number),
                    column: None,
                };
                return Err(Error::bad_input("this line is not a record of the registry")
                    .at(place)
                    .hint(
                        "delete the line after a look at it; a newer churnctl may have written it",
                    )
                    .because(error));
            }
        }
        rest = after;
    }
    Ok(records)
}

/// Appends a line, with a lock held on the file, and syncs it.
///
/// A torn last line is completed if it is a whole record, else cut off.
///
/// # Errors
/// I/O if the file or its folder cannot be written.
pub fn append(path: &Path, record: &Record) -> Result<()> {
    let failed = |error| Error::io("write", path, error);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let is_new = !path.exists();
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
        .map_err(failed)?;
    lock(&file).map_err(failed)?;
    repair(&mut file).map_err(failed)?;
    // Texts and finite numbers: this cannot fail.
    let mut line = serde_json::to_vec(record).unwrap_or_default();
    line.push(b'\n');
    file.write_all(&line).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    // A file that is new would be lost in a power cut with its name.
    match path.parent() {
        Some(folder) if is_new => sync_folder(folder).map_err(failed),
        _ => Ok(()),
    }
}

fn repair(file: &mut File) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    (&*file).take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(too_large(MOST_BYTES));
    }
    let complete = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let torn = &bytes[complete..];
    if torn.is_empty() {
        Ok(())
    } else if serde_json::from_slice::<Record>(torn).is_ok() {
        file.write_all(b"\n")
    } else {
        file.set_len(complete as u64)
    }
}

/// Returns the last line that put a model into production.
#[must_use]
pub fn last_promoted(records: &[Record]) -> Option<&Record> {
    records.iter().rev().find(|record| record.event.promotes())
}

/// Returns the line of the model that a rollback brings back: the one that was in production
/// before the present one. Going back twice goes back two models, not to and fro.
#[must_use]
pub fn rollback_target(records: &[Record]) -> Option<&Record> {
    let mut stack: Vec<&Record> = Vec::new();
    for record in records.iter().filter(|record| record.event.promotes()) {
        if record.event != Event::Promotion {
            // Back to where this model was on top; a later promotion builds on that.
            match stack
                .iter()
                .rposition(|known| known.sha256 == record.sha256)
            {
                Some(at) => stack.truncate(at + 1),
                None => stack.push(record),
            }
        } else if stack.last().is_none_or(|top| top.sha256 != record.sha256) {
            stack.push(record);
        }
    }
    stack.pop()?;
    stack.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(event: Event, version: &str) -> Record {
        Record {
            schema_version: SCHEMA_VERSION,
            command: "train".into(),
            churnctl_version: "0.1.0".into(),
            created_at: "2026-01-31T00:00:00Z".into(),
            event,
            name: "churn".into(),
            version: version.into(),
            sha256: version.repeat(4),
            previous: None,
            change: None,
            reasons: vec!["a reason".into()],
            comparisons: Vec::new(),
        }
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    #[test]
    fn what_is_appended_is_read_in_order() {
        let folder = folder();
        let path = folder.path().join("registry/models.jsonl");
        assert_eq!(read(&path).expect("no file is not a fault"), []);
        let lines = [record(Event::Train, "a"), record(Event::Promotion, "a")];
        for line in &lines {
            append(&path, line).expect("appends");
        }
        assert_eq!(read(&path).expect("reads"), lines);
    }

    #[test]
    fn a_line_torn_at_any_byte_is_passed_over_and_repaired() {
        let folder = folder();
        let path = folder.path().join("models.jsonl");
        append(&path, &record(Event::Train, "a")).expect("appends");
        let first = std::fs::read(&path).expect("reads").len();
        append(&path, &record(Event::Promotion, "a")).expect("appends");
        let whole = std::fs::read(&path).expect("reads");
        for end in 0..=whole.len() {
            std::fs::write(&path, &whole[..end]).expect("writes");
            let complete = usize::from(end + 1 >= first) + usize::from(end + 1 >= whole.len());
            assert_eq!(read(&path).expect("reads").len(), complete, "{end}");
            append(&path, &record(Event::Refusal, "b")).expect("appends");
            assert_eq!(read(&path).expect("reads").len(), complete + 1, "{end}");
        }
    }

    #[test]
    fn a_bad_line_in_the_middle_is_named() {
        let folder = folder();
        let path = folder.path().join("models.jsonl");
        std::fs::write(&path, "{\"event\":1}\n").expect("writes");
        append(&path, &record(Event::Train, "a")).expect("appends");
        let error = read(&path).expect_err("line 1 is not a record");
        assert_eq!(error.code(), churn_base::exit::ExitCode::BadInput);
        assert_eq!(error.place().and_then(|place| place.line), Some(1));
    }

    #[test]
    fn two_writers_do_not_mix_their_lines() {
        let folder = folder();
        let path = folder.path().join("models.jsonl");
        std::thread::scope(|scope| {
            for version in ["a", "b", "c", "d"] {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..10 {
                        append(path, &record(Event::Train, version)).expect("appends");
                    }
                });
            }
        });
        assert_eq!(read(&path).expect("reads").len(), 40);
    }

    #[test]
    fn rolling_back_twice_goes_back_two_models() {
        let target = |events: &[(Event, &str)]| {
            let records: Vec<Record> = events.iter().map(|(e, v)| record(*e, v)).collect();
            rollback_target(&records).map(|record| record.version.clone())
        };
        use Event::{Promotion, Refusal, Rollback, Train};
        let mut events = vec![(Train, "a"), (Promotion, "a")];
        assert_eq!(target(&[]), None);
        assert_eq!(target(&events), None);
        events.extend([(Promotion, "b"), (Refusal, "x"), (Promotion, "c")]);
        assert_eq!(target(&events).as_deref(), Some("b"));
        events.push((Rollback, "b"));
        assert_eq!(target(&events).as_deref(), Some("a"));
        events.push((Rollback, "a"));
        assert_eq!(target(&events), None);
        events.push((Promotion, "d"));
        assert_eq!(target(&events).as_deref(), Some("a"));
    }

    #[test]
    fn names_cannot_leave_the_folder() {
        for name in ["churn", "a", "telco-2.v1_x", &"x".repeat(64)] {
            assert!(is_model_name(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "A",
            "a b",
            "ä",
            "a\0",
            ".hidden",
            &"x".repeat(65),
        ] {
            let error = check_model_name(name).expect_err("is refused");
            assert_eq!(error.code(), churn_base::exit::ExitCode::Usage);
        }
    }
}
