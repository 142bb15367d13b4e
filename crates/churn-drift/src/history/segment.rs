//! A file of a history: sources with their pieces, written once and never changed. A first line of JSON says how
//! long the index is; the index is compressed JSON; behind it lies each piece, compressed by itself, so that a run
//! that looks at the last windows reads the last pieces.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use churn_base::error::{Error, Place, Result};
use churn_base::exit::ExitCode;
use churn_base::files::AtomicFile;
use churn_base::hex::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::packing::{pack, unpack};
use super::source::{PieceEntry, PredictionEntry, Source};
use crate::profile::Piece;

/// Version of the layout: 3 has predictions whose labels come later.
pub(super) const SCHEMA_VERSION: u32 = 3;
/// That of files without them.
const WITHOUT_PREDICTIONS: u32 = 2;
/// That of files without segments, too.
const WITHOUT_SEGMENTS: u32 = 1;
const COMMAND: &str = "drift_history_pieces";
/// Longest first line.
const MOST_HEAD: u64 = 4 << 10;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLine {
    command: String,
    schema_version: u32,
    index_bytes: u64,
    sources: usize,
}

/// A file of a history, opened: it can be read even after a run that joins files has deleted it.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    file: File,
    /// Where the pieces begin.
    begin: u64,
}

/// Says that a file of the history cannot be used.
pub(super) fn damaged(path: &Path, why: &str) -> Error {
    Error::bad_input(format!("this file of the history is damaged: {why}"))
        .at(Place {
            file: path.display().to_string(),
            ..Place::default()
        })
        .hint("take it from a backup; or begin another folder and read the data again")
}

/// Says that a file of the history is not there, which holds `what`.
pub(super) fn lost(path: &Path, what: &str) -> Error {
    let message = format!("this file of the history is gone: {what} was in it");
    Error::new(ExitCode::Gone, message)
        .at(Place {
            file: path.display().to_string(),
            ..Place::default()
        })
        .hint("take it from a backup; or begin another folder and read the data again")
}

impl Segment {
    /// Opens a file and reads its index.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Source>)> {
        let failed = |error| Error::io("read", path, error);
        let file = File::open(path).map_err(failed)?;
        let mut head = Vec::new();
        let mut start = (&file).take(MOST_HEAD);
        start.read_to_end(&mut head).map_err(failed)?;
        let end = head.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or_else(|| damaged(path, "it has no first line"))?;
        let first: FirstLine =
            serde_json::from_slice(&head[..end]).map_err(|_| damaged(path, "its first line"))?;
        if first.command != COMMAND {
            return Err(damaged(path, "it is not a file of pieces"));
        }
        check_version(first.schema_version, path)?;
        let after = end as u64 + 1;
        let index = read_at(&file, after, first.index_bytes, path)?;
        let index = unpack(&index).map_err(|_| damaged(path, "its index"))?;
        let sources: Vec<Source> =
            serde_json::from_slice(&index).map_err(|_| damaged(path, "its index"))?;
        if sources.len() != first.sources {
            return Err(damaged(path, "its index is not whole"));
        }
        let segment = Self {
            path: path.to_path_buf(),
            file,
            begin: after + first.index_bytes,
        };
        Ok((segment, sources))
    }

    /// Returns the bytes of a piece, or of predictions, as they are.
    pub(super) fn packed(&self, (at, bytes): (u64, u64)) -> Result<Vec<u8>> {
        read_at(&self.file, self.begin + at, bytes, &self.path)
    }

    /// Returns the bytes of all that a source has in this file, as they are.
    pub(super) fn packed_of(&self, source: &Source) -> Result<Vec<Vec<u8>>> {
        let pieces = source.pieces.iter().map(|piece| (piece.at, piece.bytes));
        let predictions = source.predictions.iter().map(|one| (one.at, one.bytes));
        let places = pieces.chain(predictions);
        places.map(|place| self.packed(place)).collect()
    }

    /// Reads predictions, or what became of them.
    pub(super) fn predictions(&self, entry: &PredictionEntry) -> Result<Vec<u8>> {
        let packed = self.packed((entry.at, entry.bytes))?;
        unpack(&packed).map_err(|_| damaged(&self.path, "predictions"))
    }

    /// Reads a piece.
    pub(super) fn piece(&self, piece: &PieceEntry) -> Result<Piece> {
        let packed = self.packed((piece.at, piece.bytes))?;
        let bytes = unpack(&packed).map_err(|_| damaged(&self.path, "a piece"))?;
        let counted = Piece::from_kept(&bytes, piece.is_cut)
            .map_err(|error| damaged(&self.path, &error.to_string()))?;
        match counted.whole.rows == piece.rows {
            true => Ok(counted),
            false => Err(damaged(&self.path, "its index has other rows than a piece")),
        }
    }
}

/// Refuses what a newer program has written.
pub(super) fn check_version(found: u32, path: &Path) -> Result<()> {
    if found <= SCHEMA_VERSION {
        return Ok(());
    }
    let message =
        format!("the history has version {found}, this churnctl reads up to {SCHEMA_VERSION}");
    let place = Place {
        file: path.display().to_string(),
        ..Place::default()
    };
    Err(Error::bad_input(message).at(place).hint("update churnctl"))
}

fn read_at(file: &File, at: u64, length: u64, path: &Path) -> Result<Vec<u8>> {
    let failed = |error| Error::io("read", path, error);
    let size = file.metadata().map_err(failed)?.len();
    if at.checked_add(length).is_none_or(|end| end > size) {
        return Err(damaged(path, "its end is missing"));
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut bytes, at).map_err(failed)?;
    Ok(bytes)
}

/// Writes sources with their packed pieces into a new file of the folder, whole or not at all, and returns its
/// path. Its name has the next number and a digest: runs that nothing keeps apart do not overwrite each other's.
pub(super) fn write(
    folder: &Path,
    number: u64,
    mut sources: Vec<(Source, Vec<Vec<u8>>)>,
) -> Result<PathBuf> {
    let mut at = 0;
    for (source, packed) in &mut sources {
        let pieces = source.pieces.iter_mut();
        let places = pieces.map(|piece| (&mut piece.at, &mut piece.bytes));
        let predictions = source.predictions.iter_mut();
        let places = places.chain(predictions.map(|one| (&mut one.at, &mut one.bytes)));
        for ((place, length), bytes) in places.zip(packed) {
            (*place, *length) = (at, bytes.len() as u64);
            at += *length;
        }
    }
    let index: Vec<&Source> = sources.iter().map(|(source, _)| source).collect();
    // Texts and integers: this cannot fail.
    let index = serde_json::to_vec(&index).unwrap_or_default();
    let failed = |error| Error::io("write", folder, error);
    let index = pack(&index).map_err(failed)?;
    let mut pieces = sources.iter().flat_map(|(source, _)| &source.pieces);
    let has_predictions = sources.iter().any(|(one, _)| !one.predictions.is_empty());
    let first = FirstLine {
        command: COMMAND.to_owned(),
        schema_version: match pieces.any(|piece| piece.is_cut) {
            _ if has_predictions => SCHEMA_VERSION,
            true => WITHOUT_PREDICTIONS,
            false => WITHOUT_SEGMENTS,
        },
        index_bytes: index.len() as u64,
        sources: sources.len(),
    };
    let mut head = serde_json::to_vec(&first).unwrap_or_default();
    head.push(b'\n');
    let digest = hex(&Sha256::digest(&index));
    let path = folder.join(format!("{number:08}-{}.pieces", &digest[..8]));
    let mut file = AtomicFile::create(&path)?;
    let mut write = |bytes: &[u8]| {
        file.write_all(bytes)
            .map_err(|error| Error::io("write", &path, error))
    };
    write(&head)?;
    write(&index)?;
    for bytes in sources.iter().flat_map(|(_, packed)| packed) {
        write(bytes)?;
    }
    file.commit()?;
    Ok(path)
}

/// Returns the files of pieces in a folder, in the order in which they were written.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io("read", folder, error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if number(&path).is_some() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Returns the number of a file of pieces; none of other files.
pub(super) fn number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let (number, _) = name.strip_suffix(".pieces")?.split_once('-')?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::history::source::Recorded;
    use crate::profile::{Counted, Grouped, HeaderRows, TimesRead};

    fn recorded(key: &str) -> (Source, Vec<Vec<u8>>) {
        let piece = Counted {
            columns: Vec::new(),
            outcome: None,
            rows: 7,
            blank_lines: 0,
            header_rows: HeaderRows::default(),
        };
        let grouped = Grouped {
            pieces: [(0, piece.clone()), (86_400, piece)].into(),
            first: Some(0),
            cuts: Vec::new(),
            now: 172_800,
            times: TimesRead::default(),
            rows: 15,
            blank_lines: 1,
            header_rows: HeaderRows::default(),
        };
        let recorded = Recorded::new(key.into(), Some("1".into()), key.into(), &grouped);
        let Recorded { source, packed } = recorded.expect("memory");
        (source, packed)
    }

    #[test]
    fn what_is_written_is_read_back_and_a_cut_or_altered_file_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = write(folder.path(), 12, vec![recorded("a"), recorded("b")]).expect("write");
        assert_eq!(number(&path), Some(12));
        assert_eq!(
            list(folder.path()).expect("list"),
            std::slice::from_ref(&path)
        );
        let (segment, sources) = Segment::open(&path).expect("open");
        let names: Vec<&str> = sources.iter().map(|source| &*source.key).collect();
        assert_eq!(names, ["a", "b"]);
        for source in &sources {
            assert_eq!(source.rows, 15);
            for piece in &source.pieces {
                assert_eq!(segment.piece(piece).expect("a piece").whole.rows, 7);
            }
        }
        let bytes = fs::read(&path).expect("read");
        for length in 0..bytes.len() {
            fs::write(&path, &bytes[..length]).expect("write");
            let read = Segment::open(&path).and_then(|(segment, sources)| {
                let pieces = sources.iter().flat_map(|source| &source.pieces);
                pieces
                    .map(|piece| segment.piece(piece))
                    .collect::<Result<Vec<_>>>()
            });
            assert!(read.is_err(), "{length} of {}", bytes.len());
        }
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 0x55;
            fs::write(&path, &altered).expect("write");
            // No panic, and no count that was never written.
            if let Ok((segment, sources)) = Segment::open(&path) {
                for piece in sources.iter().flat_map(|source| &source.pieces) {
                    let rows = segment.piece(piece).map(|piece| piece.whole.rows);
                    assert!(rows.is_err() || rows.is_ok_and(|rows| rows == 7), "{at}");
                }
            }
        }
    }
}
