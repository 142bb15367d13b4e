//! Arrow's stream format, as far as columns of texts go: all statements here answer in texts.
//!
//! The layout is that of Apache Arrow's published format (`format/{Message,Schema}.fbs`, Apache
//! License 2.0): messages are flatbuffers, the buffers of a batch follow theirs. Every position
//! is checked: what comes from a network is believed nothing.

use super::spark_protocol::Malformed;
use super::sql::Cell;

/// Types of columns, by their number in `Type`.
const NULL: u8 = 1;
const UTF8: u8 = 5;
const LARGE_UTF8: u8 = 20;
/// Kinds of messages, by their number in `MessageHeader`.
const SCHEMA: u8 = 1;
const RECORD_BATCH: u8 = 3;
/// Rows of one stream that no byte stands for, at most: a batch without texts could claim any number for
/// nothing. Spark puts 10,000 rows into a batch, and one batch into a stream, if nobody says otherwise.
const MOST_ROWS_OF_NOTHING: usize = 1 << 20;

/// A table of a flatbuffer.
#[derive(Clone, Copy)]
struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    array(bytes, at).map(|four| u32::from_le_bytes(four) as usize)
}

fn i64_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(i64::from_le_bytes(array(bytes, at)?)).ok()
}

impl<'a> Table<'a> {
    /// Follows the offset at a position.
    fn behind(bytes: &'a [u8], at: usize) -> Option<Self> {
        let at = at.checked_add(u32_at(bytes, at)?)?;
        Some(Self { bytes, at })
    }

    /// Returns where a field is; none if it has its default.
    fn field(self, number: usize) -> Option<usize> {
        let back = i64::from(i32::from_le_bytes(array(self.bytes, self.at)?));
        let start = i64::try_from(self.at).ok()?.checked_sub(back)?;
        let start = usize::try_from(start).ok()?;
        let size = u16::from_le_bytes(array(self.bytes, start)?);
        let slot = 4 + 2 * number;
        if slot + 2 > usize::from(size) {
            return None;
        }
        let offset = u16::from_le_bytes(array(self.bytes, start.checked_add(slot)?)?);
        (offset > 0).then(|| self.at + usize::from(offset))
    }

    fn byte(self, number: usize) -> u8 {
        let at = self.field(number);
        at.and_then(|at| self.bytes.get(at)).copied().unwrap_or(0)
    }

    fn long(self, number: usize) -> Option<usize> {
        match self.field(number) {
            Some(at) => i64_at(self.bytes, at),
            None => Some(0),
        }
    }

    fn table(self, number: usize) -> Option<Self> {
        Self::behind(self.bytes, self.field(number)?)
    }

    /// Returns where the elements of a vector begin, and how many there are.
    fn vector(self, number: usize) -> Option<(usize, usize)> {
        let vector = self.table(number)?;
        Some((vector.at + 4, u32_at(self.bytes, vector.at)?))
    }
}

/// A column of a batch.
enum Texts<'a> {
    Null,
    Some {
        /// A bit for every row that is not null; all are not if it is empty.
        present: &'a [u8],
        offsets: &'a [u8],
        /// Whether offsets have eight bytes.
        large: bool,
        data: &'a str,
    },
}

impl<'a> Texts<'a> {
    fn cell(&self, row: usize) -> Result<Cell<'a>, Malformed> {
        let Texts::Some {
            present,
            offsets,
            large,
            data,
        } = self
        else {
            return Ok(None);
        };
        if !present.is_empty() {
            let byte = present
                .get(row / 8)
                .ok_or(Malformed("a batch lacks rows"))?;
            if byte >> (row % 8) & 1 == 0 {
                return Ok(None);
            }
        }
        let offset = |at: usize| {
            if *large {
                i64_at(offsets, at * 8)
            } else {
                u32_at(offsets, at * 4)
            }
        };
        let text = match (offset(row), offset(row + 1)) {
            (Some(from), Some(to)) => data.get(from..to),
            _ => None,
        };
        text.map(Some)
            .ok_or(Malformed("a text is not where it should be"))
    }
}

/// Hands on the rows of a stream, every row as the texts of its columns.
pub(super) fn each_row(
    mut stream: &[u8],
    each: &mut dyn FnMut(&[Cell<'_>]),
) -> Result<(), Malformed> {
    let cut = Malformed("an Arrow message is cut short");
    let mut types: Vec<u8> = Vec::new();
    let mut of_nothing = MOST_ROWS_OF_NOTHING;
    while let Some(mut length) = u32_at(stream, 0) {
        let mut start = 4;
        // Streams older than Arrow 0.15 lack this mark.
        if length == u32::MAX as usize {
            length = u32_at(stream, 4).ok_or(cut)?;
            start = 8;
        }
        if length == 0 {
            break;
        }
        let metadata = stream.get(start..start + length).ok_or(cut)?;
        let message = Table::behind(metadata, 0).ok_or(cut)?;
        let body_length = message.long(3).ok_or(cut)?;
        let after = stream.get(start + length..).ok_or(cut)?;
        let (body, rest) = after.split_at_checked(body_length).ok_or(cut)?;
        stream = rest;
        match (message.byte(1), message.table(2)) {
            (SCHEMA, Some(schema)) => types = column_types(schema)?,
            (RECORD_BATCH, Some(batch)) => {
                if types.iter().all(|kind| *kind == NULL) {
                    let left = batch.long(0).and_then(|rows| of_nothing.checked_sub(rows));
                    of_nothing = left.ok_or(Malformed("an Arrow batch has too many rows"))?;
                }
                rows_of(batch, body, &types, each)?;
            }
            _ => return Err(Malformed("an Arrow message is not a batch")),
        }
    }
    Ok(())
}

fn column_types(schema: Table<'_>) -> Result<Vec<u8>, Malformed> {
    let cut = Malformed("an Arrow schema is cut short");
    let (first, count) = schema.vector(1).ok_or(cut)?;
    if count > schema.bytes.len() {
        return Err(cut);
    }
    (0..count)
        .map(|at| {
            let field = Table::behind(schema.bytes, first + 4 * at).ok_or(cut)?;
            match field.byte(2) {
                _ if field.field(4).is_some() => Err(Malformed("a column is a dictionary")),
                known @ (NULL | UTF8 | LARGE_UTF8) => Ok(known),
                _ => Err(Malformed("a column of an answer is not a text")),
            }
        })
        .collect()
}

fn rows_of(
    batch: Table<'_>,
    body: &[u8],
    types: &[u8],
    each: &mut dyn FnMut(&[Cell<'_>]),
) -> Result<(), Malformed> {
    let cut = Malformed("an Arrow batch is cut short");
    if batch.field(3).is_some() {
        return Err(Malformed(
            "its batches are compressed (spark.sql.execution.arrow.compression.codec)",
        ));
    }
    let rows = batch.long(0).ok_or(cut)?;
    let (first, count) = batch.vector(2).unwrap_or((0, 0));
    let mut next = 0;
    // A buffer is its place in the body and its length.
    let mut buffer = || {
        if next == count {
            return None;
        }
        let at = first.checked_add(16 * next)?;
        next += 1;
        let from = i64_at(batch.bytes, at)?;
        let length = i64_at(batch.bytes, at.checked_add(8)?)?;
        body.get(from..from.checked_add(length)?)
    };
    let mut columns = Vec::new();
    for &kind in types {
        columns.push(if kind == NULL {
            Texts::Null
        } else {
            let present = buffer().ok_or(cut)?;
            let offsets = buffer().ok_or(cut)?;
            let data = buffer().ok_or(cut)?;
            Texts::Some {
                present,
                offsets,
                large: kind == LARGE_UTF8,
                data: std::str::from_utf8(data).map_err(|_| Malformed("a text is not UTF-8"))?,
            }
        });
    }
    let mut cells: Vec<Cell<'_>> = Vec::with_capacity(columns.len());
    for row in 0..rows {
        cells.clear();
        for column in &columns {
            cells.push(column.cell(row)?);
        }
        each(&cells);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    // pyarrow 26.0.1: pa.ipc.new_stream of pa.record_batch([
    //   pa.array(["a", None, "Z\u{fc}rich"], pa.utf8()), pa.array([None] * 3, pa.null()),
    //   pa.array(["", "x\n", None], pa.large_utf8())], names=["a", "b", "c"])
    const STREAM: &str = concat!(
        "/////8AAAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAMAAABkAAAALAAAAAQAAAC4",
        "////AAABFBAAAAAUAAAABAAAAAAAAAABAAAAYwAAAKj////c////AAABARAAAAAUAAAABAAAAAAAAAABAAAAYgAAAMz/",
        "//8QABQACAAGAAcADAAAABAAEAAAAAAAAQUQAAAAGAAAAAQAAAAAAAAAAQAAAGEAAAAEAAQABAAAAAAAAAD/////6AAA",
        "ABQAAAAAAAAADAAWAAYABQAIAAwADAAAAAADBAAYAAAAUAAAAAAAAAAAAAoAGAAMAAQACAAKAAAAfAAAABAAAAADAAAA",
        "AAAAAAAAAAAGAAAAAAAAAAAAAAABAAAAAAAAAAgAAAAAAAAAEAAAAAAAAAAYAAAAAAAAAAgAAAAAAAAAIAAAAAAAAAAB",
        "AAAAAAAAACgAAAAAAAAAIAAAAAAAAABIAAAAAAAAAAIAAAAAAAAAAAAAAAMAAAADAAAAAAAAAAEAAAAAAAAAAwAAAAAA",
        "AAADAAAAAAAAAAMAAAAAAAAAAQAAAAAAAAAFAAAAAAAAAAAAAAABAAAAAQAAAAgAAABhWsO8cmljaAMAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAIAAAAAAAAAAgAAAAAAAAB4CgAAAAAAAP////8AAAAA",
    );

    fn stream() -> Vec<u8> {
        STANDARD.decode(STREAM).expect("base64")
    }

    fn rows(stream: &[u8]) -> Result<Vec<Vec<Option<String>>>, Malformed> {
        let mut rows = Vec::new();
        each_row(stream, &mut |cells| {
            rows.push(cells.iter().map(|cell| cell.map(str::to_owned)).collect());
        })?;
        Ok(rows)
    }

    #[test]
    fn a_stream_of_pyarrow_is_read() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            rows(&stream()),
            Ok(vec![
                vec![text("a"), None, text("")],
                vec![None, None, text("x\n")],
                vec![text("Z\u{fc}rich"), None, None],
            ])
        );
        assert_eq!(rows(&[]), Ok(Vec::new()));
    }

    #[test]
    fn a_stream_that_is_cut_gives_no_rows_or_an_error() {
        let whole = stream();
        let errors = (0..whole.len()).filter(|&end| rows(&whole[..end]).is_err());
        assert!(errors.count() > 400);
    }

    // pyarrow 26.0.1: pa.ipc.new_stream of pa.record_batch([pa.array([None] * 3, pa.null())], names=["b"])
    const NULLS: &str = concat!(
        "/////3AAAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAEAAAAUAAAAEAAUAAgABgAH",
        "AAwAAAAQABAAAAAAAAEBEAAAABgAAAAEAAAAAAAAAAEAAABiAAAABAAEAAQAAAAAAAAA/////1gAAAAUAAAAAAAAAAAA",
        "CgAOAAYABQAIAAoAAAAAAwQAEAAAAAAACgAUAAwABAAIAAoAAAAUAAAADAAAAAMAAAAAAAAAAAAAAAEAAAADAAAAAAAA",
        "AAMAAAAAAAAA/////wAAAAA=",
    );

    /// As many batches of so many nulls each.
    fn nulls(rows: u64, batches: usize) -> Vec<u8> {
        // Its schema, its batch, its end; and where the batch says how many rows it has.
        let (mut stream, at) = (STANDARD.decode(NULLS).expect("base64"), 184);
        stream[at..at + 8].copy_from_slice(&rows.to_le_bytes());
        [
            &stream[..120],
            &stream[120..216].repeat(batches),
            &stream[216..],
        ]
        .concat()
    }

    #[test]
    fn no_batch_claims_any_number_of_rows_for_nothing() {
        let count = |stream: &[u8]| {
            let mut count = 0_usize;
            each_row(stream, &mut |_| count += 1).map(|()| count)
        };
        assert_eq!(rows(&nulls(3, 2)), Ok(vec![vec![None]; 6]));
        let most = MOST_ROWS_OF_NOTHING as u64;
        assert_eq!(count(&nulls(most, 1)), Ok(MOST_ROWS_OF_NOTHING));
        let refused = Err(Malformed("an Arrow batch has too many rows"));
        // The second is what a fuzzer found: they were counted one by one, for seconds.
        for (claimed, batches) in [
            (most + 1, 1),
            (973_078_531, 1),
            (most / 2 + 1, 2),
            (u64::MAX, 1),
        ] {
            assert_eq!(count(&nulls(claimed, batches)), refused, "{claimed}");
        }
    }

    proptest! {
        #[test]
        fn damage_makes_nothing_fall(changes in prop::collection::vec((0..528_usize, any::<u8>()), 1..4)) {
            let mut damaged = stream();
            for (at, byte) in changes {
                damaged[at] = byte;
            }
            let mut count = 0_u64;
            let _ = each_row(&damaged, &mut |_| count += 1);
        }

        #[test]
        fn no_bytes_make_the_reader_fall(bytes: Vec<u8>) {
            let _ = rows(&bytes);
        }
    }
}
