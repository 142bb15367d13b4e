//! One table of text read into sinks: which of the readers, which part of it, and how a fault is told.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use churn_base::error::{Error, Place, Result};

use super::address::read_failed;
use super::error::DataError;
use super::header::Header;
use super::job::{Job, ReadOptions, ReadTable, Stop};
use super::shard::Shard;
use super::sink::RowSink;
use super::table::{Body, FileFrom, ReadFrom, Stream, Table};
use super::{parallel, streaming};

/// Reads a table, or the shard's part of it.
pub(super) fn read<S: RowSink, Make: Fn() -> S + Sync>(
    table: Table,
    options: &ReadOptions,
    job: &Job<'_, Make>,
) -> Result<ReadTable<S>> {
    let Table {
        name,
        header,
        body,
        size,
        ..
    } = table;
    let told = ErrorContext {
        name: &name,
        header: &header,
        columns: job.columns,
    };
    let shard = options.shard.filter(|shard| !shard.is_whole());
    let stream = match body {
        Body::Stream(stream) => match (shard, &stream.from, size) {
            (Some(shard), Some(from), Some(size)) => {
                return read_part(from, header.length as u64..size, shard, &told, job);
            }
            // Nobody can begin in the middle of a stream: it is one shard's as a whole.
            (Some(shard), ..) if !shard.takes_whole(job.file) => return Ok(ReadTable::default()),
            _ => stream,
        },
        Body::File { file, length } => {
            let rows = header.length as u64..length;
            let part = shard.map_or(rows.clone(), |shard| part_of(&rows, shard));
            let before = rows.start..part.start;
            match parallel::read(&file, rows, part, options.threads, job) {
                Err(stop) if shard.is_some() => {
                    return Err(
                        told.failed_in_part(stop, before, |position| from_file(&file, position))
                    );
                }
                Err(Stop::QuotedLineBreak) => Stream {
                    reader: Box::new(FileFrom {
                        file,
                        position: header.length as u64,
                    }),
                    buffered: Vec::new(),
                    taken: Arc::default(),
                    from: None,
                },
                outcome => return outcome.map_err(|stop| told.failed(stop)),
            }
        }
    };
    streaming::read(stream, true, job).map_err(|stop| told.failed(stop))
}

fn from_file(file: &File, position: u64) -> io::Result<Box<dyn Read + Send>> {
    let file = file.try_clone()?;
    Ok(Box::new(FileFrom { file, position }))
}

/// Returns the bytes of `rows` that are of the shard.
fn part_of(rows: &Range<u64>, shard: Shard) -> Range<u64> {
    let part = shard.part(rows.end.saturating_sub(rows.start));
    rows.start + part.start..rows.start + part.end
}

/// Reads the rows that begin in the shard's part of what can be read from any position on.
fn read_part<S: RowSink, Make: Fn() -> S + Sync>(
    from: &ReadFrom,
    rows: Range<u64>,
    shard: Shard,
    told: &ErrorContext<'_>,
    job: &Job<'_, Make>,
) -> Result<ReadTable<S>> {
    let part = part_of(&rows, shard);
    let before = rows.start..part.start;
    let taken = Arc::default();
    let stream = Stream {
        reader: Box::new(super::table::Counting {
            inner: LinesOf::new(from, rows.start, part),
            taken: Arc::clone(&taken),
        }),
        buffered: Vec::new(),
        taken,
        from: None,
    };
    streaming::read(stream, false, job)
        .map_err(|stop| told.failed_in_part(stop, before, |position| Ok(from(position))))
}

/// What errors tell of a table.
struct ErrorContext<'a> {
    name: &'a str,
    header: &'a Header,
    columns: &'a [String],
}

impl ErrorContext<'_> {
    fn failed(&self, stop: Stop) -> Error {
        match stop {
            Stop::Row(fault) => fault.error.at(Place {
                file: self.name.to_owned(),
                line: Some(self.header.lines + fault.line + 1),
                column: fault
                    .column
                    .and_then(|column| self.columns.get(column))
                    .cloned(),
            }),
            Stop::Io(error) => read_failed(Path::new(self.name), error),
            Stop::QuotedLineBreak => Error::bad_input("a line break inside quotes"),
        }
    }

    /// The same of a part, in which lines are counted from its first one.
    fn failed_in_part(
        &self,
        stop: Stop,
        before: Range<u64>,
        from: impl FnOnce(u64) -> io::Result<Box<dyn Read + Send>>,
    ) -> Error {
        match stop {
            Stop::QuotedLineBreak => DataError::CannotCut.at(Place {
                file: self.name.to_owned(),
                ..Place::default()
            }),
            Stop::Row(mut fault) if !before.is_empty() => {
                let length = before.end - before.start;
                let lines = from(before.start).and_then(|reader| count_lines(reader.take(length)));
                match lines {
                    Ok(lines) => {
                        fault.line += lines;
                        self.failed(Stop::Row(fault))
                    }
                    Err(error) => self.failed(Stop::Io(error)),
                }
            }
            stop => self.failed(stop),
        }
    }
}

/// Counts the line breaks before the first line that begins after all that is read.
fn count_lines(mut before: impl Read) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let (mut lines, mut last) = (0, b'\n');
    loop {
        match before.read(&mut buffer)? {
            // The line that the part begins in the middle of is another's.
            0 => return Ok(lines + u64::from(last != b'\n')),
            count => {
                let read = &buffer[..count];
                lines += read.iter().filter(|&&byte| byte == b'\n').count() as u64;
                last = read[count - 1];
            }
        }
    }
}

/// The lines that begin in a part of what is read: the line in the middle of which it begins is
/// left out, its own last line is read to the end.
struct LinesOf {
    inner: Box<dyn Read + Send>,
    position: u64,
    /// The line break that ends the part is here or further on.
    last: u64,
    is_before: bool,
    is_over: bool,
}

impl LinesOf {
    fn new(from: &ReadFrom, first: u64, part: Range<u64>) -> Self {
        // One byte before the part tells whether a line begins right at its start.
        let is_before = part.start > first;
        let position = part.start - u64::from(is_before);
        Self {
            inner: from(position),
            position,
            last: part.end.saturating_sub(1),
            is_before,
            is_over: part.is_empty(),
        }
    }
}

impl Read for LinesOf {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.is_over {
            let count = self.inner.read(buffer)?;
            if count == 0 {
                return Ok(0);
            }
            let base = self.position;
            self.position += count as u64;
            let line_break = |from: usize| {
                let found = buffer[..count]
                    .iter()
                    .skip(from)
                    .position(|&byte| byte == b'\n');
                found.map(|at| from + at + 1)
            };
            let mut begin = 0;
            if self.is_before {
                let Some(at) = line_break(0) else {
                    // The line before reaches beyond the part.
                    self.is_over = self.position > self.last;
                    continue;
                };
                self.is_before = false;
                begin = at;
                if base + at as u64 > self.last {
                    self.is_over = true;
                    continue;
                }
            }
            let last = usize::try_from(self.last.saturating_sub(base)).unwrap_or(usize::MAX);
            let mut end = count;
            if let Some(at) = Some(last.max(begin))
                .filter(|&at| at < count)
                .and_then(line_break)
            {
                self.is_over = true;
                end = at;
            }
            if begin < end {
                buffer.copy_within(begin..end, 0);
                return Ok(end - begin);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Slow(io::Cursor<Vec<u8>>, usize);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(self.1);
            self.0.read(&mut buffer[..most])
        }
    }

    #[test]
    fn parts_have_every_line_once() {
        for text in [
            "h\na\nbb\n\nccc\nd",
            "h\n",
            "h\nabcdefghijkl\nm\n",
            "h\n\n\n\n",
        ] {
            for (pieces, count) in [(1, 3), (2, 1), (100, 5), (3, 7), (4, 2)] {
                let from: ReadFrom = Box::new(move |position| {
                    let rest = text.as_bytes()[position as usize..].to_vec();
                    Box::new(Slow(io::Cursor::new(rest), pieces))
                });
                let rows = 2..text.len() as u64;
                let mut all = String::new();
                for index in 0..count {
                    let shard = format!("{index}/{count}").parse().expect("a shard");
                    let part = part_of(&rows, shard);
                    let mut lines = LinesOf::new(&from, rows.start, part);
                    let mut own = String::new();
                    lines.read_to_string(&mut own).expect("no fault");
                    assert!(
                        own.is_empty() || own.ends_with('\n') || text.ends_with(&own),
                        "{own:?}"
                    );
                    all += &own;
                }
                assert_eq!(all, text[2..], "{text:?} {pieces} {count}");
            }
        }
    }
}
