//! Addresses into tables: files, globs, folders, gzip, standard input; one data set of them all.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::error::DataError;
use super::header::{Header, HeaderFault, read_header};
use super::record::{Row, RowPlace, Scanner};
use super::{parallel, streaming};
use crate::error::{Error, Place, Result, nearest};
use crate::progress::Progress;

/// Takes the rows of a data set. One is made for each thread and file.
pub trait RowSink: Send {
    /// Takes one row. Rows of a thread come in the file's order; threads interleave.
    fn row(&mut self, row: &Row<'_>);

    /// All rows of a chunk have been taken; chunks of a thread come in the file's order. Files
    /// are read one after another, but a file may begin anew from its first chunk: then it is
    /// made new sinks, and what it had given before does not count.
    fn end_chunk(&mut self, _file: u32, _chunk: u32) {}

    /// Adds what another sink of the same kind has taken.
    fn merge(&mut self, other: Self)
    where
        Self: Sized;
}

/// How to read a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadOptions {
    /// Between two fields; a comma if not given.
    pub delimiter: Option<u8>,
    /// Threads to read with, at least 1.
    pub threads: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            delimiter: None,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Turns the place of a row into the line number that an editor shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    files: Vec<FileLines>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileLines {
    pub(super) name: String,
    /// Lines of the header.
    pub(super) header: u64,
    /// Lines of every chunk.
    pub(super) chunks: Vec<u64>,
}

impl Lines {
    /// Returns file and line of a row.
    #[must_use]
    pub fn place(&self, row: RowPlace) -> Place {
        let Some(file) = self.files.get(row.file as usize) else {
            return Place::default();
        };
        let before: u64 = file.chunks.iter().take(row.chunk as usize).sum();
        Place {
            file: file.name.clone(),
            line: Some(file.header + before + u64::from(row.line) + 1),
            column: None,
        }
    }
}

/// What reading a data set came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows handed to the sinks.
    pub rows: u64,
    /// Blank lines skipped.
    pub blank_lines: u64,
    /// For [`Lines::place`].
    pub lines: Lines,
}

/// Tables with the same columns, opened; the first header is read.
pub struct DataSet {
    name: String,
    columns: Vec<String>,
    options: ReadOptions,
    first: Table,
    rest: Vec<PathBuf>,
}

impl std::fmt::Debug for DataSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataSet")
            .field("name", &self.name)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

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
}

pub(super) struct Table {
    pub(super) name: String,
    pub(super) header: Header,
    pub(super) body: Body,
    /// Size on disk, where known.
    pub(super) size: Option<u64>,
}

impl DataSet {
    /// Opens paths, globs, folders (their `.csv` and `.csv.gz` files) and `-` as one data set.
    ///
    /// # Errors
    /// [`ExitCode::Io`](crate::exit::ExitCode::Io) if a file cannot be opened, bad input if the first header is bad or a glob matches nothing.
    pub fn open(addresses: &[String], options: ReadOptions) -> Result<Self> {
        let paths = expand(addresses)?;
        let (first, rest) = paths
            .split_first()
            .ok_or_else(|| Error::usage("no data given"))?;
        let first = Table::open(first, options.delimiter)?;
        Ok(Self {
            name: addresses.join(" "),
            columns: first.header.columns.clone(),
            options,
            first,
            rest: rest.to_vec(),
        })
    }

    /// Returns the data set as the user named it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the columns in the order of the first file.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the bytes to read, where they are known: compressed ones count as they are.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.rest.iter().try_fold(self.first.size?, |sum, path| {
            Some(sum + fs::metadata(path).ok()?.len())
        })
    }

    /// Hands every row to sinks made by `make`, and returns them merged into one.
    ///
    /// Plain files are read in parallel; gzip, pipes and files with line breaks inside quotes
    /// as one stream. Both give the same rows.
    ///
    /// # Errors
    /// Bad input, with file, line and column, for the first faulty row in the order of the files;
    /// also if there is no row at all. Blank lines are *no* error, they are counted.
    pub fn read<S: RowSink>(
        self,
        make: &(impl Fn() -> S + Sync),
        progress: &dyn Progress,
    ) -> Result<(S, Summary)> {
        let mut whole = make();
        let mut summary = Summary::default();
        let Self {
            columns,
            options,
            first,
            rest,
            ..
        } = self;
        let first_name = first.name.clone();
        let mut next = Some(first);
        let mut rest = rest.into_iter();
        while let Some(table) = next {
            let order = column_order(&columns, &first_name, &table)?;
            let delimiter = options.delimiter.unwrap_or(b',');
            let scanner = Scanner::new(delimiter, columns.len(), order);
            let own_columns = table.header.columns.clone();
            let file = u32::try_from(summary.lines.files.len()).unwrap_or(u32::MAX);
            let job = Job {
                scanner: &scanner,
                file,
                make,
                progress,
                columns: &own_columns,
            };
            let (name, header_lines) = (table.name.clone(), table.header.lines);
            let read = read_table(table, options, &job)?;
            summary.rows += read.rows;
            summary.blank_lines += read.blank_lines;
            summary.lines.files.push(FileLines {
                name,
                header: header_lines,
                chunks: read.chunk_lines,
            });
            read.sinks.into_iter().for_each(|sink| whole.merge(sink));
            next = rest
                .next()
                .map(|path| Table::open(&path, options.delimiter))
                .transpose()?;
        }
        if summary.rows == 0 {
            let place = Place {
                file: first_name,
                ..Place::default()
            };
            return Err(DataError::NoRows.at(place));
        }
        Ok((whole, summary))
    }
}

/// What the readers need to know about a table.
pub(super) struct Job<'a, Make> {
    pub(super) scanner: &'a Scanner,
    pub(super) file: u32,
    pub(super) make: &'a Make,
    pub(super) progress: &'a dyn Progress,
    /// Columns in this file's order, to name them in errors.
    pub(super) columns: &'a [String],
}

/// What a reader made of a table.
pub(super) struct ReadTable<S> {
    pub(super) sinks: Vec<S>,
    pub(super) rows: u64,
    pub(super) blank_lines: u64,
    pub(super) chunk_lines: Vec<u64>,
}

/// A faulty row: how many lines of the body precede it.
pub(super) struct Fault {
    pub(super) line: u64,
    pub(super) column: Option<usize>,
    pub(super) error: DataError,
}

/// Why a reader stopped.
pub(super) enum Stop {
    /// A row is bad.
    Row(Fault),
    /// The bytes cannot be read.
    Io(io::Error),
    /// The parallel reader met a line break inside quotes.
    QuotedLineBreak,
}

fn read_table<S: RowSink, Make: Fn() -> S + Sync>(
    table: Table,
    options: ReadOptions,
    job: &Job<'_, Make>,
) -> Result<ReadTable<S>> {
    let Table {
        name, header, body, ..
    } = table;
    let failed = |stop| match stop {
        Stop::Row(fault) => fault.error.at(Place {
            file: name.clone(),
            line: Some(header.lines + fault.line + 1),
            column: fault
                .column
                .and_then(|column| job.columns.get(column))
                .cloned(),
        }),
        Stop::Io(error) => read_failed(Path::new(&name), error),
        Stop::QuotedLineBreak => Error::bad_input("a line break inside quotes"),
    };
    let stream = match body {
        Body::Stream(stream) => stream,
        Body::File { file, length } => {
            match parallel::read(&file, header.length as u64, length, options.threads, job) {
                Err(Stop::QuotedLineBreak) => Stream {
                    reader: Box::new(FileFrom {
                        file,
                        position: header.length as u64,
                    }),
                    buffered: Vec::new(),
                    taken: Arc::default(),
                },
                outcome => return outcome.map_err(failed),
            }
        }
    };
    streaming::read(stream, job).map_err(failed)
}

/// Reads a file from a position on, whatever its cursor.
struct FileFrom {
    file: File,
    position: u64,
}

impl Read for FileFrom {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

struct Counting<R> {
    inner: R,
    taken: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Table {
    fn open(path: &Path, delimiter: Option<u8>) -> Result<Self> {
        let name = path.display().to_string();
        let failed = |error| read_failed(path, error);
        let taken = Arc::<AtomicU64>::default();
        let (file, size): (Option<File>, Option<u64>) = if path == Path::new("-") {
            (None, None)
        } else {
            let file = File::open(path).map_err(failed)?;
            let metadata = file.metadata().map_err(failed)?;
            let size = metadata.is_file().then_some(metadata.len());
            (Some(file), size)
        };
        let raw: Box<dyn Read + Send> = match &file {
            Some(file) => Box::new(file.try_clone().map_err(failed)?),
            None => Box::new(io::stdin()),
        };
        let mut reader: Box<dyn Read + Send> = Box::new(Counting {
            inner: raw,
            taken: Arc::clone(&taken),
        });
        let mut start = Vec::new();
        reader
            .by_ref()
            .take(2)
            .read_to_end(&mut start)
            .map_err(failed)?;
        let gzip = start == [0x1f, 0x8b];
        if gzip {
            let whole = io::Cursor::new(std::mem::take(&mut start)).chain(reader);
            reader = Box::new(MultiGzDecoder::new(whole));
        }
        let header = Header::from_reader(&mut reader, &mut start, delimiter)
            .map_err(|error| error.name(path))?;
        let body = match (file, size) {
            (Some(file), Some(length)) if !gzip => Body::File { file, length },
            _ => {
                let buffered = start.split_off(header.length);
                Body::Stream(Stream {
                    reader,
                    buffered,
                    taken,
                })
            }
        };
        Ok(Self {
            name,
            header,
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
    fn from_reader(
        reader: &mut dyn Read,
        start: &mut Vec<u8>,
        delimiter: Option<u8>,
    ) -> Result<Self, OpenFault> {
        let mut wanted: u64 = 64 << 10;
        loop {
            let count = reader
                .take(wanted)
                .read_to_end(start)
                .map_err(OpenFault::Io)?;
            let at_end = (count as u64) < wanted;
            match read_header(start, at_end, delimiter).map_err(OpenFault::Header)? {
                Some(header) => return Ok(header),
                None => wanted *= 2,
            }
        }
    }
}

fn read_failed(path: &Path, error: io::Error) -> Error {
    let corrupt = matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    );
    if corrupt {
        return Error::bad_input("the gzip data are damaged or cut short")
            .at(Place {
                file: path.display().to_string(),
                ..Place::default()
            })
            .hint("copy the file again; check it with gzip -t")
            .because(error);
    }
    let missing = error.kind() == io::ErrorKind::NotFound;
    let failed = Error::io("read", path, error);
    match similar_file(path) {
        Some(similar) if missing => failed.hint(format!("did you mean {similar}?")),
        _ => failed,
    }
}

fn similar_file(path: &Path) -> Option<String> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .take(10_000)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let near = nearest(
        path.file_name()?.to_str()?,
        names.iter().map(String::as_str),
    )?;
    Some(path.with_file_name(near).display().to_string())
}

/// Returns the files that paths, globs and folders stand for, in a fixed order.
///
/// # Errors
/// Bad input if a glob or a folder comes to nothing.
pub fn expand(addresses: &[String]) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for address in addresses {
        let path = Path::new(address);
        if path.is_dir() {
            let mut tables: Vec<PathBuf> = fs::read_dir(path)
                .map_err(|error| read_failed(path, error))?
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| {
                    let name = path
                        .file_name()
                        .map(|name| name.to_string_lossy().to_lowercase());
                    name.is_some_and(|name| {
                        !name.starts_with('.')
                            && (name.ends_with(".csv") || name.ends_with(".csv.gz"))
                    })
                })
                .collect();
            if tables.is_empty() {
                return Err(Error::bad_input(format!(
                    "the folder {address} has no .csv or .csv.gz file"
                )));
            }
            tables.sort();
            paths.extend(tables);
        } else if !path.exists() && address.contains(['*', '?', '[']) {
            let matches = glob::glob(address)
                .map_err(|error| Error::usage(format!("bad pattern {address}")).because(error))?;
            let before = paths.len();
            for found in matches {
                let found = found.map_err(|error| {
                    let path = error.path().to_path_buf();
                    read_failed(&path, error.into())
                })?;
                paths.push(found);
            }
            if paths.len() == before {
                return Err(Error::bad_input(format!("no file matches {address}")));
            }
        } else {
            paths.push(path.to_path_buf());
        }
    }
    Ok(paths)
}

/// Returns how this table's columns map to the data set's, `None` if they are in the same order.
fn column_order(columns: &[String], first: &str, table: &Table) -> Result<Option<Vec<usize>>> {
    let own = &table.header.columns;
    if own == columns {
        return Ok(None);
    }
    let differ = |difference| {
        DataError::ColumnsDiffer {
            first_file: first.to_owned(),
            difference,
        }
        .at(Place {
            file: table.name.clone(),
            line: Some(table.header.lines.max(1)),
            column: None,
        })
    };
    if let Some(extra) = own.iter().find(|name| !columns.contains(name)) {
        return Err(differ(format!("\"{extra}\" is new")));
    }
    columns
        .iter()
        .map(|name| {
            own.iter()
                .position(|other| other == name)
                .ok_or_else(|| differ(format!("\"{name}\" is absent")))
        })
        .collect::<Result<Vec<usize>>>()
        .map(Some)
}
