//! The reader for plain local files: several threads, each taking the next chunk.
//!
//! Chunks are cut by size and start at the first line that begins in them. A cut inside a
//! quoted line break cannot go unnoticed: the chunk in which the quote opens sees that it does
//! not close on its line, and the file is then read as a stream.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};

use churn_base::threads::side_by_side;

use super::error::DataError;
use super::job::{Fault, Job, ReadTable, RowScanner, Stop};
use super::record::{Block, MAX_RECORD, Outcome, check_utf8};
use super::sink::RowSink;

/// Fits the second-level cache beside the counters.
const CHUNK: u64 = 256 << 10;

struct Chunk {
    index: u64,
    rows: u64,
    lines: u64,
    blank_lines: u64,
    header_rows: u64,
    first_header_row: Option<u64>,
    fault: Option<Stop>,
}

/// Reads the rows of `file` that begin in the bytes `part` of the bytes `rows`, which hold all rows.
pub(super) fn read<S: RowSink, Make: Fn() -> S + Sync>(
    file: &File,
    rows: Range<u64>,
    part: Range<u64>,
    threads: usize,
    job: &Job<'_, Make>,
) -> Result<ReadTable<S>, Stop> {
    let Range { start, end } = rows;
    let chunk_count = part.end.saturating_sub(part.start).div_ceil(CHUNK);
    let threads = u64::try_from(threads.max(1))
        .unwrap_or(1)
        .min(chunk_count.max(1));
    let next = AtomicU64::new(0);
    // Chunks after the first faulty one need not be read.
    let stop_after = AtomicU64::new(u64::MAX);
    let work = || {
        let mut sink = (job.make)();
        let mut scanner = job.scanner.clone();
        let mut buffer = Vec::new();
        let mut chunks = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= chunk_count || index > stop_after.load(Ordering::Relaxed) {
                return (sink, chunks);
            }
            let from = part.start + index * CHUNK;
            let to = (from + CHUNK).min(part.end);
            let chunk = match load(file, from, to, start, end, &mut buffer) {
                Ok(lines) => scan(lines, index, &mut scanner, job, &mut sink),
                Err(stop) => Chunk {
                    index,
                    rows: 0,
                    lines: 0,
                    blank_lines: 0,
                    header_rows: 0,
                    first_header_row: None,
                    fault: Some(stop),
                },
            };
            if chunk.fault.is_some() {
                stop_after.fetch_min(index, Ordering::Relaxed);
            }
            sink.end_chunk(job.file, u32::try_from(index).unwrap_or(u32::MAX));
            job.progress.advance(to - from);
            chunks.push(chunk);
        }
    };
    let threads = usize::try_from(threads).unwrap_or(1);
    let mut done: Vec<(S, Vec<Chunk>)> = side_by_side(threads, work, work);
    let mut chunks: Vec<Chunk> = done
        .iter_mut()
        .flat_map(|(_, chunks)| chunks.drain(..))
        .collect();
    chunks.sort_by_key(|chunk| chunk.index);
    let mut read = ReadTable {
        sinks: done.into_iter().map(|(sink, _)| sink).collect(),
        chunk_lines: Vec::with_capacity(chunks.len()),
        ..ReadTable::default()
    };
    let mut lines = 0;
    // A line break inside quotes anywhere makes every later fault doubtful.
    if chunks
        .iter()
        .any(|chunk| matches!(chunk.fault, Some(Stop::QuotedLineBreak)))
    {
        return Err(Stop::QuotedLineBreak);
    }
    for chunk in chunks {
        match chunk.fault {
            Some(Stop::Row(fault)) => {
                return Err(Stop::Row(Fault {
                    line: lines + fault.line,
                    ..fault
                }));
            }
            Some(stop) => return Err(stop),
            None => {}
        }
        read.rows += chunk.rows;
        read.blank_lines += chunk.blank_lines;
        read.add_headers(lines, chunk.header_rows, chunk.first_header_row);
        lines += chunk.lines;
        read.chunk_lines.push(chunk.lines);
    }
    Ok(read)
}

/// Fills `buffer` with the lines that begin in `from..to` and returns them.
fn load<'a>(
    file: &File,
    from: u64,
    to: u64,
    start: u64,
    end: u64,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], Stop> {
    // One byte before the chunk tells whether a line begins right at its start.
    let from = if from == start { from } else { from - 1 };
    let first_is_whole = from == start;
    let owned = usize::try_from(to - from).map_err(|error| Stop::Io(io::Error::other(error)))?;
    let mut wanted = owned + 4096;
    let mut filled = 0;
    let line_end = loop {
        let available = usize::try_from(end - from)
            .unwrap_or(usize::MAX)
            .min(wanted);
        if buffer.len() < available {
            buffer.resize(available, 0);
        }
        while filled < available {
            match file.read_at(&mut buffer[filled..available], from + filled as u64) {
                // The file shrank while we read it.
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Stop::Io(error)),
            }
        }
        let whole = filled < available || from + filled as u64 == end;
        let last = (owned - 1).min(filled);
        match buffer[last..filled].iter().position(|&byte| byte == b'\n') {
            Some(offset) => break last + offset + 1,
            None if whole => break filled,
            None if wanted > MAX_RECORD + owned => {
                return Err(Stop::QuotedLineBreak);
            }
            None => wanted *= 2,
        }
    };
    let lines = &buffer[..line_end];
    if first_is_whole {
        return Ok(lines);
    }
    let own = &lines[..owned.min(lines.len())];
    Ok(match own.iter().position(|&byte| byte == b'\n') {
        Some(offset) if offset + 1 < owned => &lines[offset + 1..],
        // No line begins in this chunk.
        _ => &[],
    })
}

fn scan<S: RowSink, Make: Fn() -> S + Sync>(
    lines: &[u8],
    index: u64,
    scanner: &mut RowScanner,
    job: &Job<'_, Make>,
    sink: &mut S,
) -> Chunk {
    // Rows before a bad byte are read, so that the first fault of the file is the one reported.
    let (lines, bad_text) = until_bad_text(lines, job);
    let scanned = scanner.scan(
        Block {
            bytes: lines,
            file: job.file,
            chunk: u32::try_from(index).unwrap_or(u32::MAX),
            line: 0,
            last: true,
            multiline: false,
        },
        |row| sink.row(row),
    );
    let fault = match scanned.outcome {
        Outcome::Done => bad_text.map(|(column, error)| {
            Stop::Row(Fault {
                line: scanned.lines,
                column,
                error,
            })
        }),
        Outcome::QuotedLineBreak | Outcome::Incomplete { .. } => Some(Stop::QuotedLineBreak),
        Outcome::Bad {
            line,
            column,
            error,
        } => Some(Stop::Row(Fault {
            line,
            column,
            error,
        })),
    };
    Chunk {
        index,
        rows: scanned.rows,
        lines: scanned.lines,
        blank_lines: scanned.blank_lines,
        header_rows: scanned.header_rows,
        first_header_row: scanned.first_header_row,
        fault,
    }
}

type BadText = (Option<usize>, DataError);

/// Returns the lines before the first that is not UTF-8, and what is wrong there.
pub(super) fn until_bad_text<'a, Make>(
    lines: &'a [u8],
    job: &Job<'_, Make>,
) -> (&'a [u8], Option<BadText>) {
    let Err((at, byte)) = check_utf8(lines) else {
        return (lines, None);
    };
    let line_start = lines[..at]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |at| at + 1);
    let column = job.scanner.column_at(&lines[line_start..at]);
    (
        &lines[..line_start],
        Some((column, DataError::NotUtf8 { byte })),
    )
}
