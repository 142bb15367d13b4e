//! Lines that several threads make by chunk, written in the order of the data.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::files::AtomicFile;

/// Takes the lines of chunks in any order and writes them in the order of files and chunks.
/// Chunks that come early wait in memory: about as many as there are threads.
pub(super) struct OrderedLines(Mutex<State>);

struct State {
    file: AtomicFile,
    written: u64,
    failed: Option<io::Error>,
    /// The file at hand, the bytes written before it, and its next chunk.
    at: u32,
    before: u64,
    next: u32,
    early: BTreeMap<u32, Vec<u8>>,
}

impl State {
    fn write(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.failed = self.file.write_all(bytes).err();
        }
        self.written += bytes.len() as u64;
    }
}

impl OrderedLines {
    /// Begins with a header.
    pub(super) fn new(file: AtomicFile, header: &[u8]) -> Self {
        let mut state = State {
            file,
            written: 0,
            failed: None,
            at: 0,
            before: header.len() as u64,
            next: 0,
            early: BTreeMap::new(),
        };
        state.write(header);
        Self(Mutex::new(state))
    }

    /// Adds the lines of a chunk.
    pub(super) fn add(&self, file: u32, chunk: u32, lines: Vec<u8>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if file != state.at {
            // All chunks of the file before are written: files are read one after another.
            (state.at, state.before, state.next) = (file, state.written, 0);
            state.early.clear();
        } else if chunk < state.next || state.early.contains_key(&chunk) {
            // The file is read anew, as a stream.
            let before = state.before;
            if let Err(error) = state.file.cut(before) {
                state.failed.get_or_insert(error);
            }
            (state.written, state.next) = (before, 0);
            state.early.clear();
        }
        state.early.insert(chunk, lines);
        loop {
            let next = state.next;
            let Some(lines) = state.early.remove(&next) else {
                return;
            };
            state.write(&lines);
            state.next += 1;
        }
    }

    /// Returns the file with all lines written.
    pub(super) fn finish(self, path: &Path) -> Result<AtomicFile> {
        let state = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state.failed {
            Some(error) => Err(Error::io("write", path, error)),
            None => Ok(state.file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(adds: &[(u32, u32, &str)]) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lines");
        let lines = OrderedLines::new(AtomicFile::create(&path).expect("create"), b"head ");
        for (file, chunk, text) in adds {
            lines.add(*file, *chunk, text.as_bytes().to_vec());
        }
        let file = lines.finish(&path).expect("finish");
        file.commit().expect("commit");
        std::fs::read_to_string(path).expect("read")
    }

    #[test]
    fn chunks_come_out_in_order_whatever_order_they_come_in() {
        assert_eq!(
            written(&[
                (0, 1, "b"),
                (0, 0, "a"),
                (0, 2, ""),
                (0, 3, "c"),
                (1, 0, "d"),
                (1, 1, "e")
            ]),
            "head abcde"
        );
    }

    #[test]
    fn a_file_that_is_read_anew_counts_once() {
        assert_eq!(
            written(&[
                (0, 0, "a"),
                (1, 0, "x"),
                (1, 1, "y"),
                (1, 0, "b"),
                (1, 1, "c")
            ]),
            "head abc"
        );
        // Begun anew with its first chunk still waiting to be written.
        assert_eq!(
            written(&[(0, 1, "y"), (0, 0, "x"), (0, 0, "b"), (0, 1, "c")]),
            "head bc"
        );
    }
}
