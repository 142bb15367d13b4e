//! One table of text, opened: decompressed, its header read, its rows still to come.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use churn_base::error::{Error, Place, Result};
use flate2::read::MultiGzDecoder;

use super::address::{Damaged, read_failed};
use super::error::DataError;
use super::header::{Header, HeaderFault, read_header};
use super::json;

/// Bytes of one table after its header.
pub(super) enum Body {
    /// A plain local file: can be read anywhere in it.
    File { file: File, length: u64 },
    /// Anything else, with the bytes already taken from it.
    Stream(Stream),
}

pub(super) struct Stream {
    pub(super) reader: Box<dyn Read + Send>,
    pub(super) buffered: Vec<u8>,
    /// Bytes taken from the file or pipe, before decompression.
    pub(super) taken: Arc<AtomicU64>,
    /// Reads the same bytes from any position on; none where that cannot be done.
    pub(super) from: Option<ReadFrom>,
}

/// Makes readers that begin at a position.
pub(super) type ReadFrom = Box<dyn Fn(u64) -> Box<dyn Read + Send> + Send>;

/// What a table of text is read from.
pub(super) enum Raw {
    /// Standard input.
    Stdin,
    /// A file or a pipe.
    File(File),
    /// What comes from elsewhere in pieces: its size, and how to read it.
    #[cfg_attr(
        not(feature = "object-store"),
        expect(dead_code, reason = "only objects are read so")
    )]
    Remote(u64, ReadFrom),
}

pub(super) struct Table {
    pub(super) name: String,
    pub(super) header: Header,
    /// The rows are JSON objects.
    pub(super) json: bool,
    pub(super) body: Body,
    /// Size on disk, where known.
    pub(super) size: Option<u64>,
}

/// Reads a file from a position on, whatever its cursor.
pub(super) struct FileFrom {
    pub(super) file: File,
    pub(super) position: u64,
}

impl Read for FileFrom {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

/// Counts the bytes that are taken.
pub(super) struct Counting<R> {
    pub(super) inner: R,
    pub(super) taken: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Table {
    pub(super) fn open(path: &Path, raw: Raw, delimiter: Option<u8>) -> Result<Self> {
        let name = path.display().to_string();
        let failed = |error| read_failed(path, error);
        let taken = Arc::<AtomicU64>::default();
        let size = match &raw {
            Raw::File(file) => {
                let metadata = file.metadata().map_err(failed)?;
                metadata.is_file().then_some(metadata.len())
            }
            Raw::Remote(size, _) => Some(*size),
            Raw::Stdin => None,
        };
        let inner: Box<dyn Read + Send> = match &raw {
            Raw::File(file) => Box::new(file.try_clone().map_err(failed)?),
            Raw::Remote(_, from) => from(0),
            Raw::Stdin => Box::new(io::stdin()),
        };
        let mut reader: Box<dyn Read + Send> = Box::new(Counting {
            inner,
            taken: Arc::clone(&taken),
        });
        let mut start = Vec::new();
        reader
            .by_ref()
            .take(4)
            .read_to_end(&mut start)
            .map_err(failed)?;
        let compressed = compression(&start);
        if let Some(format) = compressed {
            let whole = io::Cursor::new(std::mem::take(&mut start)).chain(reader);
            reader = decompressed(format, whole).map_err(failed)?;
        }
        let (header, json) = Header::from_reader(&mut reader, &mut start, delimiter, path)
            .map_err(|error| error.name(path))?;
        let body = match (raw, size) {
            (Raw::File(file), Some(length)) if compressed.is_none() => Body::File { file, length },
            (raw, _) => Body::Stream(Stream {
                reader,
                buffered: start.split_off(header.length),
                taken,
                from: match raw {
                    Raw::Remote(_, from) if compressed.is_none() => Some(from),
                    _ => None,
                },
            }),
        };
        Ok(Self {
            name,
            header,
            json,
            body,
            size,
        })
    }
}

enum OpenFault {
    Header(HeaderFault),
    Io(io::Error),
}

impl OpenFault {
    fn name(self, path: &Path) -> Error {
        match self {
            Self::Io(error) => read_failed(path, error),
            Self::Header(HeaderFault { line, error }) => error.at(Place {
                file: path.display().to_string(),
                line: Some(line),
                column: None,
            }),
        }
    }
}

impl Header {
    /// Reads what is before the rows; also tells whether the rows are JSON.
    fn from_reader(
        reader: &mut dyn Read,
        start: &mut Vec<u8>,
        delimiter: Option<u8>,
        path: &Path,
    ) -> Result<(Self, bool), OpenFault> {
        let mut wanted: u64 = 64 << 10;
        loop {
            let count = reader
                .take(wanted)
                .read_to_end(start)
                .map_err(OpenFault::Io)?;
            let at_end = (count as u64) < wanted;
            if json::begins(start) {
                // The keys of the first rows are the columns.
                let rest = (json::SAMPLE - json::SAMPLE.min(start.len())) as u64;
                let read = reader.take(rest).read_to_end(start);
                let at_end = at_end || (read.map_err(OpenFault::Io)? as u64) < rest;
                if json::has_lines_name(path) || json::is_lines(start) {
                    let mark = json::mark(start);
                    let header = json_header(&start[mark..], at_end).map_err(OpenFault::Header)?;
                    let header = Header {
                        length: mark,
                        ..header
                    };
                    return Ok((header, true));
                }
            }
            match read_header(start, at_end, delimiter).map_err(OpenFault::Header)? {
                Some(header) => return Ok((header, false)),
                None => wanted *= 2,
            }
        }
    }
}

/// Returns the compression that the first bytes of a file tell of.
fn compression(start: &[u8]) -> Option<&'static str> {
    match start {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd] => Some("zstd"),
        _ => None,
    }
}

fn decompressed(
    format: &'static str,
    reader: impl Read + Send + 'static,
) -> io::Result<Box<dyn Read + Send>> {
    let inner: Box<dyn Read + Send> = if format == "gzip" {
        Box::new(MultiGzDecoder::new(reader))
    } else {
        Box::new(zstd::Decoder::new(reader)?)
    };
    Ok(Box::new(Decompressing { format, inner }))
}

/// Tells damage of compressed bytes from a disk that fails.
struct Decompressing {
    format: &'static str,
    inner: Box<dyn Read + Send>,
}

impl Read for Decompressing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|source| {
            let kind = source.kind();
            if source.raw_os_error().is_some() || kind == io::ErrorKind::Interrupted {
                return source;
            }
            let format = self.format;
            io::Error::new(io::ErrorKind::InvalidData, Damaged { format, source })
        })
    }
}

/// Returns the keys of the objects in the first lines.
fn json_header(start: &[u8], at_end: bool) -> Result<Header, HeaderFault> {
    let whole = if at_end {
        start.len()
    } else {
        start
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1)
    };
    let fault = |line, error| HeaderFault { line, error };
    if whole == 0 && !start.is_empty() {
        let limit_mib = json::SAMPLE >> 20;
        return Err(fault(
            1,
            DataError::TooLong {
                what: "row",
                limit_mib,
            },
        ));
    }
    let columns = json::keys(&start[..whole]).map_err(|(line, error)| fault(line + 1, error))?;
    if columns.is_empty() {
        return Err(fault(1, DataError::Empty));
    }
    // A document of ours is not a row.
    let has = |name: &str| columns.iter().any(|column| column == name);
    if has("schema_version") && has("command") && has("churnctl_version") {
        let (format, hint) = (
            "a JSON document of churnctl",
            "a profile is a file of its own, not in a pipe or compressed",
        );
        return Err(fault(1, DataError::WrongFormat { format, hint }));
    }
    Ok(Header {
        columns,
        length: 0,
        lines: 0,
        delimiter: None,
    })
}
