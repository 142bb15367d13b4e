//! Where the bytes of a Parquet file come from: a local file, or an object of which ranges are asked.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
#[cfg(feature = "object-store")]
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use parquet::file::reader::{ChunkReader, Length};

#[cfg(feature = "object-store")]
use super::objects::Object;

/// Bytes of the end of an object that are asked for at once: the footer is among them.
#[cfg(feature = "object-store")]
const TAIL: u64 = 64 << 10;
/// Most bytes that a column has in memory before they are decoded.
#[cfg(feature = "object-store")]
const MOST: u64 = 2 << 20;
/// As many for all columns that are read side by side.
#[cfg(feature = "object-store")]
const ALL: u64 = 32 << 20;
/// Requests under way for every thread that decodes.
#[cfg(feature = "object-store")]
const REQUESTS: usize = 3;

/// Why bytes could not be had, apart from what decoders say of the bytes.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unread(pub(super) io::Error);

fn unread(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), Unread(error))
}

/// Bytes that several threads read at once: no common position.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    source: Source,
    length: u64,
}

#[derive(Debug, Clone)]
enum Source {
    File(Arc<File>),
    #[cfg(feature = "object-store")]
    Object(Arc<Window>),
}

impl Shared {
    pub(super) fn file(file: File, length: u64) -> Self {
        Self {
            source: Source::File(Arc::new(file)),
            length,
        }
    }

    #[cfg(feature = "object-store")]
    pub(super) fn object(object: Object) -> Self {
        let length = object.size;
        let tail = length.saturating_sub(TAIL)..length;
        Self {
            source: Source::Object(Arc::new(Window::new(tail, TAIL, object))),
            length,
        }
    }

    /// Returns whether these are the last bytes.
    pub(super) fn ends_with(&self, bytes: &[u8]) -> io::Result<bool> {
        let length = bytes.len() as u64;
        let mut last = Vec::with_capacity(bytes.len());
        let position = self.length.saturating_sub(length);
        let source = self.source.clone();
        let mut reader = ReadFrom { source, position }.take(length);
        match reader.read_to_end(&mut last) {
            Ok(_) => Ok(last == bytes),
            Err(error) => Err(match error.downcast::<Unread>() {
                Ok(Unread(error)) | Err(error) => error,
            }),
        }
    }

    /// Returns the same bytes for somebody who reads this range from its start to its end, beside
    /// so many others.
    pub(super) fn narrowed(&self, range: Range<u64>, beside: usize) -> Self {
        #[cfg(not(feature = "object-store"))]
        let _ = (range, beside);
        let source = match &self.source {
            Source::File(file) => Source::File(Arc::clone(file)),
            #[cfg(feature = "object-store")]
            Source::Object(window) => {
                let ahead = (ALL / beside.max(1) as u64).clamp(TAIL, MOST);
                let object = window.object.clone();
                Source::Object(Arc::new(Window::new(range, ahead, object)))
            }
        };
        Self {
            source,
            length: self.length,
        }
    }

    /// Returns how many threads are of use where so many can decode: some wait for bytes.
    pub(super) fn threads(&self, decoding: usize) -> usize {
        match &self.source {
            Source::File(_) => decoding,
            #[cfg(feature = "object-store")]
            Source::Object(_) => decoding * REQUESTS,
        }
    }
}

impl Length for Shared {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Shared {
    type T = BufReader<ReadFrom>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        // A page's header is all that is read from here.
        Ok(BufReader::with_capacity(
            1 << 10,
            ReadFrom {
                source: self.source.clone(),
                position: start,
            },
        ))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        // A damaged length is not asked memory for.
        if start.saturating_add(length as u64) > self.length {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        match &self.source {
            Source::File(file) => {
                let mut buffer = vec![0; length];
                file.read_exact_at(&mut buffer, start).map_err(unread)?;
                Ok(buffer.into())
            }
            #[cfg(feature = "object-store")]
            Source::Object(window) => {
                let bytes = window.get(start, length as u64).map_err(unread)?;
                if bytes.len() < length {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                Ok(bytes)
            }
        }
    }
}

/// Reads on from a position of its own.
pub(super) struct ReadFrom {
    source: Source,
    position: u64,
}

impl Read for ReadFrom {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &self.source {
            Source::File(file) => file.read_at(buffer, self.position).map_err(unread)?,
            #[cfg(feature = "object-store")]
            Source::Object(window) => {
                let asked = buffer.len() as u64;
                let bytes = window.get_some(self.position, asked).map_err(unread)?;
                buffer[..bytes.len()].copy_from_slice(&bytes);
                bytes.len()
            }
        };
        self.position += count as u64;
        Ok(count)
    }
}

/// The part of an object that was asked for last: who reads on finds most of what is next in it.
#[cfg(feature = "object-store")]
#[derive(Debug)]
struct Window {
    object: Object,
    /// What will be read. Bytes beyond its end are asked for only by name.
    range: Range<u64>,
    /// Bytes to ask for at once.
    ahead: u64,
    held: Mutex<(u64, Bytes)>,
}

#[cfg(feature = "object-store")]
impl Window {
    fn new(range: Range<u64>, ahead: u64, object: Object) -> Self {
        Self {
            object,
            range,
            ahead,
            held: Mutex::new((0, Bytes::new())),
        }
    }

    /// Returns the bytes from `start` on, fewer only at the object's end.
    fn get(&self, start: u64, length: u64) -> io::Result<Bytes> {
        let end = start.saturating_add(length).min(self.object.size);
        if start >= end {
            return Ok(Bytes::new());
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if start < held.0 || end > held.0 + held.1.len() as u64 {
            // A range that is asked for as a whole may be read from its end.
            let is_whole = self.range.end - self.range.start <= self.ahead;
            let begin = if is_whole && self.range.contains(&start) {
                self.range.start
            } else {
                start
            };
            let until = end.max((begin + self.ahead).min(self.range.end));
            *held = (begin, self.object.range(begin..until)?);
        }
        let offset = |at: u64| usize::try_from(at - held.0).unwrap_or(usize::MAX);
        Ok(held.1.slice(offset(start)..offset(end)))
    }

    /// Returns some bytes from `start` on, none only at the object's end.
    fn get_some(&self, start: u64, most: u64) -> io::Result<Bytes> {
        // A header that is the last thing here is not a reason to ask for what is behind.
        let left = self.range.end.saturating_sub(start);
        self.get(start, if left == 0 { most } else { most.min(left) })
    }
}
