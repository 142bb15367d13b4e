//! The reader for everything that comes as one stream: pipes, compressed files, quoted line breaks.

use std::io::{self, Read};
use std::sync::atomic::Ordering;

use super::error::DataError;
use super::job::{Fault, Job, ReadTable, Stop};
use super::parallel::until_bad_text;
use super::record::{Block, MAX_RECORD, Outcome};
use super::sink::RowSink;
use super::table::Stream;

const BLOCK: usize = 1 << 20;

/// Reads the rows of `stream`, which begins after the header. A stream that begins in the middle of
/// a table is not `multiline`: nobody knows what a quote is there.
pub(super) fn read<S: RowSink, Make: Fn() -> S + Sync>(
    stream: Stream,
    multiline: bool,
    job: &Job<'_, Make>,
) -> Result<ReadTable<S>, Stop> {
    let Stream {
        mut reader,
        buffered: mut buffer,
        taken,
        ..
    } = stream;
    let mut sink = (job.make)();
    let mut scanner = job.scanner.clone();
    let mut read = ReadTable::default();
    let mut lines = 0;
    let mut wanted = BLOCK;
    let mut reported = 0;
    loop {
        let at_end = fill(&mut *reader, &mut buffer, wanted).map_err(Stop::Io)?;
        let taken = taken.load(Ordering::Relaxed);
        job.progress.advance(taken - reported);
        reported = taken;
        // Only whole lines are looked at: a character may be cut at the end of the buffer.
        let whole = if at_end {
            buffer.len()
        } else {
            buffer
                .iter()
                .rposition(|&byte| byte == b'\n')
                .map_or(0, |at| at + 1)
        };
        let (text, bad_text) = until_bad_text(&buffer[..whole], job);
        let length = text.len();
        let scanned = scanner.scan(
            Block {
                bytes: text,
                file: job.file,
                chunk: u32::try_from(read.chunk_lines.len()).unwrap_or(u32::MAX),
                line: 0,
                last: at_end && bad_text.is_none(),
                multiline,
            },
            |row| sink.row(row),
        );
        let (used, open_quote) = match scanned.outcome {
            Outcome::Done => (length, false),
            Outcome::Incomplete { from, open_quote } => (from, open_quote),
            Outcome::QuotedLineBreak => return Err(Stop::QuotedLineBreak),
            Outcome::Bad {
                line,
                column,
                error,
            } => {
                return Err(Stop::Row(Fault {
                    line: lines + line,
                    column,
                    error,
                }));
            }
        };
        read.rows += scanned.rows;
        read.blank_lines += scanned.blank_lines;
        read.add_headers(lines, scanned.header_rows, scanned.first_header_row);
        let chunk = u32::try_from(read.chunk_lines.len()).unwrap_or(u32::MAX);
        sink.end_chunk(job.file, chunk);
        read.chunk_lines.push(scanned.lines);
        lines += scanned.lines;
        if let Some((column, error)) = bad_text {
            // Inside an open quote the bad byte's line is further down than the record's.
            let inside = text[used..].iter().filter(|&&byte| byte == b'\n').count() as u64;
            return Err(Stop::Row(Fault {
                line: lines + inside,
                column,
                error,
            }));
        }
        if at_end {
            read.sinks.push(sink);
            return Ok(read);
        }
        buffer.drain(..used);
        if buffer.len() > MAX_RECORD {
            let error = if open_quote {
                DataError::OpenQuote
            } else {
                DataError::TooLong {
                    what: "row",
                    limit_mib: MAX_RECORD >> 20,
                }
            };
            return Err(Stop::Row(Fault {
                line: lines,
                column: None,
                error,
            }));
        }
        wanted = (buffer.len() * 2).max(BLOCK);
    }
}

/// Reads until `buffer` has `wanted` bytes; returns whether the stream is at its end.
fn fill(reader: &mut dyn Read, buffer: &mut Vec<u8>, wanted: usize) -> io::Result<bool> {
    let missing = wanted.saturating_sub(buffer.len()).max(1) as u64;
    let count = reader.take(missing).read_to_end(buffer)?;
    Ok((count as u64) < missing)
}
