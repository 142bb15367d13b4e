//! What a container writes, line by line with the time, as the API server asks for it: whole, from the end, or
//! for as long as the container runs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::Notify;

/// The log of one run of a container.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) file: PathBuf,
    ended: Arc<AtomicBool>,
    grown: Arc<Notify>,
}

/// How much of a log somebody wants.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) follow: bool,
    pub(crate) timestamps: bool,
    pub(crate) tail: Option<usize>,
    /// Lines from this moment on, in RFC 3339.
    pub(crate) since: Option<String>,
}

impl Log {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self {
            file,
            ended: Arc::default(),
            grown: Arc::default(),
        }
    }

    /// Keeps every line of a stream until it ends.
    pub(crate) async fn keep(self, stream: impl AsyncRead + Unpin) {
        let mut lines = BufReader::new(stream).split(b'\n');
        let open = || {
            std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(&self.file)
        };
        while let Ok(Some(line)) = lines.next_segment().await {
            let mut whole = format!("{} ", jiff::Timestamp::now()).into_bytes();
            whole.extend_from_slice(&line);
            whole.push(b'\n');
            if let Ok(mut file) = open() {
                let _ = file.write_all(&whole);
            }
            self.grown.notify_waiters();
        }
    }

    /// Tells those who follow that nothing more comes.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.grown.notify_waiters();
    }

    /// The next bytes after `position` lines; none when the log has ended and all was given.
    pub(crate) async fn after(&self, position: &mut usize, wanted: &Wanted) -> Option<Vec<u8>> {
        loop {
            let ended = self.ended.load(Ordering::SeqCst);
            let grown = self.grown.notified();
            let lines = lines_of(&self.file);
            if *position == 0 {
                *position = wanted
                    .tail
                    .map_or(0, |tail| lines.len().saturating_sub(tail));
            }
            if lines.len() > *position {
                let part = shown(&lines[*position..], wanted);
                *position = lines.len();
                return Some(part);
            }
            if ended || !wanted.follow {
                return None;
            }
            let _ = tokio::time::timeout(std::time::Duration::from_millis(500), grown).await;
        }
    }

    /// The end of what was written, for a termination message.
    pub(crate) fn last_lines(&self) -> String {
        let lines = lines_of(&self.file);
        let from = lines.len().saturating_sub(20);
        let text = String::from_utf8_lossy(&shown(&lines[from..], &Wanted::default())).into_owned();
        text.chars()
            .rev()
            .take(2_000)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect()
    }
}

fn lines_of(file: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(file).unwrap_or_default();
    // The last piece is whole only with its line end, and empty then.
    let mut lines: Vec<Vec<u8>> = bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    lines.pop();
    lines
}

fn shown(lines: &[Vec<u8>], wanted: &Wanted) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines {
        let end = line.iter().position(|byte| *byte == b' ').unwrap_or(0);
        let time = String::from_utf8_lossy(&line[..end]);
        if wanted.since.as_ref().is_some_and(|since| *time < **since) {
            continue;
        }
        out.extend_from_slice(if wanted.timestamps {
            line
        } else {
            line.get(end + 1..).unwrap_or_default()
        });
        out.push(b'\n');
    }
    out
}
