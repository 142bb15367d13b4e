//! Parquet files: the footer, and columns or rows in parallel. How one column is decoded is
//! `parquet_column`'s affair.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use churn_base::error::{Error, Place, Result};
use churn_base::panics::contained;
use churn_base::progress::Progress;
use churn_base::threads::side_by_side;
use parquet::basic::Repetition;
use parquet::column::reader::get_column_reader;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, Length as _, SerializedFileReader};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::Type;

use super::address::read_failed;
use super::columns::{ColumnBatch, ColumnTask};
use super::error::{DataError, Uncountable};
use super::job::ReadTable;
use super::nulls::NullTexts;
use super::parquet_bytes::{Shared, Unread};
use super::parquet_column::{Column, ColumnFault, Kind, is_instant};
use super::row::{RowBuilder, RowPlace};
use super::shard::Shard;
use super::sink::RowSink;

/// Rows decoded at once.
const BATCH: usize = 4096;

/// The first and last bytes of a file whose footer is encrypted.
pub(super) const ENCRYPTED: [u8; 4] = *b"PARE";

/// An opened file.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) size: u64,
    reader: SerializedFileReader<Shared>,
    bytes: Shared,
    /// Column of the file of each column, and what it holds. Of a list or map, which is one column
    /// here and may be many there, the first.
    leaves: Vec<(usize, Kind)>,
}

impl Table {
    /// Reads the footer.
    pub(super) fn open(bytes: Shared, name: &str) -> Result<Self> {
        if bytes
            .ends_with(&ENCRYPTED)
            .map_err(|error| read_failed(Path::new(name), error))?
        {
            return Err(DataError::Encrypted.at(at(name)));
        }
        let reader = contained(|| SerializedFileReader::new(bytes.clone()))
            .unwrap_or_else(|said| Err(ParquetError::General(said)))
            .map_err(|error| damaged(at(name), error))?;
        let metadata = reader.metadata();
        let schema = metadata.file_metadata().schema_descr();
        let (mut columns, mut leaves) = (Vec::new(), Vec::<(usize, Kind)>::new());
        let mut previous_list = None;
        for leaf in 0..schema.num_columns() {
            let column = schema.column(leaf);
            let list = repeated(schema.root_schema(), column.path().parts());
            // A map has a column of keys and one of values; a list of objects one for each member.
            if list.is_some() && list == previous_list {
                continue;
            }
            let path = list.clone().unwrap_or_else(|| column.path().string());
            previous_list = list;
            let is_encrypted = metadata
                .row_groups()
                .iter()
                .any(|group| group.column(leaf).crypto_metadata().is_some());
            let kind = match is_encrypted {
                true => Kind::Uncountable(Uncountable::Encrypted),
                false => Kind::of(&column),
            };
            if let Some(first) = columns.iter().position(|name| *name == path) {
                let error = DataError::DuplicateColumn {
                    name: path,
                    first: first + 1,
                    second: columns.len() + 1,
                };
                return Err(error.at(at(name)));
            }
            columns.push(path);
            leaves.push((leaf, kind));
        }
        if columns.is_empty() {
            return Err(DataError::Empty.at(at(name)));
        }
        Ok(Self {
            name: name.to_owned(),
            columns,
            size: bytes.len(),
            reader,
            bytes,
            leaves,
        })
    }

    /// Returns the columns that have no single value a row, and what they hold instead.
    pub(super) fn uncountable(&self) -> impl Iterator<Item = (&str, Uncountable)> {
        self.columns
            .iter()
            .zip(&self.leaves)
            .filter_map(|(name, (_, kind))| match kind {
                Kind::Uncountable(what) => Some((name.as_str(), *what)),
                _ => None,
            })
    }

    /// Tells whether the times of a column are points in time, in UTC.
    pub(super) fn holds_instants(&self, name: &str) -> bool {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let column = self.columns.iter().position(|column| column == name);
        column.is_some_and(|column| is_instant(&schema.column(self.leaves[column].0)))
    }

    fn groups(&self) -> usize {
        self.reader.num_row_groups()
    }

    /// Opens a column of a row group, beside so many others.
    fn column(&self, group: usize, column: usize, beside: usize) -> Result<Column> {
        let (leaf, kind) = self.leaves[column];
        if let Kind::Uncountable(holds) = kind {
            return Err(DataError::Uncountable { holds }.at(self.place(column)));
        }
        let group = self.reader.metadata().row_group(group);
        let chunk = group.column(leaf);
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let open = || {
            let (start, length) = chunk.byte_range();
            let bytes = self
                .bytes
                .narrowed(start..start.saturating_add(length), beside);
            let pages = SerializedPageReader::new(Arc::new(bytes), chunk, rows, None)?;
            Ok(get_column_reader(schema.column(leaf), Box::new(pages)))
        };
        contained(open)
            .unwrap_or_else(|said| Err(ParquetError::General(said)))
            .map(|reader| Column::new(reader, kind, schema.column(leaf).max_def_level()))
            .map_err(|error| damaged(self.place(column), error))
    }

    fn place(&self, column: usize) -> Place {
        Place {
            column: self.columns.get(column).cloned(),
            ..at(&self.name)
        }
    }

    /// Opens a column of a row group at a row of it.
    fn column_from(&self, group: usize, column: usize, row: u64, beside: usize) -> Result<Column> {
        let mut opened = self.column(group, column, beside)?;
        let row = usize::try_from(row).unwrap_or(usize::MAX);
        opened
            .skip(row)
            .map_err(|fault| self.failed(column, fault))?;
        Ok(opened)
    }

    /// Returns the rows of each row group that are of the shard.
    fn parts(&self, shard: Option<Shard>) -> Vec<Range<u64>> {
        let rows: Vec<u64> = (0..self.groups())
            .map(|group| {
                let rows = self.reader.metadata().row_group(group).num_rows();
                u64::try_from(rows).unwrap_or(0)
            })
            .collect();
        let total = rows.iter().sum();
        let part = shard.map_or(0..total, |shard| shard.part(total));
        let mut before = 0;
        rows.into_iter()
            .map(|rows| {
                let within = |at: u64| at.clamp(before, before + rows) - before;
                let own = within(part.start)..within(part.end);
                before += rows;
                own
            })
            .collect()
    }

    fn compressed(&self, group: usize, column: usize) -> u64 {
        let metadata = self.reader.metadata().row_group(group);
        u64::try_from(metadata.column(self.leaves[column].0).compressed_size()).unwrap_or(0)
    }

    fn failed(&self, column: usize, error: ColumnFault) -> Error {
        match error {
            ColumnFault::Parquet(error) => damaged(self.place(column), error),
            ColumnFault::NotUtf8(byte) => DataError::NotUtf8 { byte }.at(self.place(column)),
        }
    }
}

fn at(name: &str) -> Place {
    Place {
        file: name.to_owned(),
        ..Place::default()
    }
}

/// Returns the path of the list or map that a column of the file is a part of, in which many values
/// belong to one row; none if it is in no such.
fn repeated(root: &Type, path: &[String]) -> Option<String> {
    let mut around = root;
    for (depth, name) in path.iter().enumerate() {
        let mut fields = around.get_fields().iter();
        let field = fields.find(|field| field.name() == name)?;
        if field.get_basic_info().repetition() == Repetition::REPEATED {
            // The group around what is repeated has the name that the writer's table had, unless it
            // is an object with more in it.
            let is_list = depth > 0 && around.get_fields().len() == 1;
            let own = if is_list { depth } else { depth + 1 };
            return Some(path[..own].join("."));
        }
        // A leaf is the end of the path.
        if field.is_group() {
            around = field;
        }
    }
    None
}

fn damaged(place: Place, error: ParquetError) -> Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => match error.downcast::<Unread>() {
                Ok(Unread(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    read_failed(Path::new(&place.file), error)
                }
                Ok(Unread(error)) | Err(error) => damaged_data(place).because(error),
            },
            Err(other) => damaged_data(place).because(other),
        },
        ParquetError::NYI(what) => {
            let message = "the Parquet data are of a form that is not read here";
            Error::bad_input(message)
                .at(place)
                .hint("write them with zstd, snappy or no compression")
                .because(what)
        }
        other => damaged_data(place).because(other),
    }
}

fn damaged_data(place: Place) -> Error {
    Error::bad_input("the Parquet data are damaged or cut short")
        .at(place)
        .hint("copy the file again, or write it anew")
}

/// What is the same for every table of a data set.
pub(super) struct Reading<'a, Make> {
    /// Index of the file.
    pub(super) file: u32,
    /// Column of the data set to column of this table.
    pub(super) order: Option<Vec<usize>>,
    /// Columns of the data set that somebody wants; all if none.
    pub(super) wanted: Option<&'a [bool]>,
    pub(super) threads: usize,
    /// The part to read.
    pub(super) shard: Option<Shard>,
    pub(super) nulls: &'a NullTexts,
    pub(super) make: &'a Make,
    pub(super) progress: &'a dyn Progress,
}

/// Reads a table into sinks, by column if they can take that, else by row.
pub(super) fn read<S: RowSink, Make: Fn() -> S + Sync>(
    table: &Table,
    reading: &Reading<'_, Make>,
) -> Result<ReadTable<S>> {
    let parts = table.parts(reading.shard);
    let rows: Vec<u64> = parts.iter().map(|part| part.end - part.start).collect();
    let mut sink = (reading.make)();
    // Marks of missing values are told row by row.
    let by_columns = sink.by_column().filter(|_| reading.nulls.is_empty());
    let sinks = match by_columns {
        Some(tasks) => {
            by_column(table, &parts, tasks, reading)?;
            vec![sink]
        }
        None => by_row(table, &parts, sink, reading)?,
    };
    Ok(ReadTable {
        sinks,
        rows: rows.iter().sum(),
        chunk_lines: rows,
        ..ReadTable::default()
    })
}

fn by_column<Make>(
    table: &Table,
    parts: &[Range<u64>],
    mut tasks: Vec<ColumnTask<'_>>,
    reading: &Reading<'_, Make>,
) -> Result<()>
where
    Make: Sync,
{
    let own = |column: usize| reading.order.as_ref().map_or(column, |order| order[column]);
    let size = |task: &ColumnTask<'_>| -> u64 {
        let columns = task.columns.iter();
        let groups = 0..table.groups();
        columns
            .flat_map(|&column| groups.clone().map(move |group| (group, column)))
            .map(|(group, column)| table.compressed(group, own(column)))
            .sum()
    };
    // The largest first: nobody waits for it at the end.
    tasks.sort_by_key(size);
    let threads = table
        .bytes
        .threads(reading.threads)
        .clamp(1, tasks.len().max(1));
    let queue = Mutex::new(tasks);
    let work = || -> Result<()> {
        loop {
            let task = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(task) = task else { return Ok(()) };
            let columns: Vec<usize> = task.columns.iter().map(|&column| own(column)).collect();
            let done = count_columns(table, parts, &columns, task, reading.progress);
            if done.is_err() {
                queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
                return done;
            }
        }
    };
    side_by_side(threads, work, work).into_iter().collect()
}

fn count_columns(
    table: &Table,
    parts: &[Range<u64>],
    columns: &[usize],
    task: ColumnTask<'_>,
    progress: &dyn Progress,
) -> Result<()> {
    for (group, part) in parts.iter().enumerate() {
        if part.is_empty() {
            continue;
        }
        let mut open = columns
            .iter()
            .map(|&column| table.column_from(group, column, part.start, columns.len()))
            .collect::<Result<Vec<Column>>>()?;
        let mut left = part.end - part.start;
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
            let mut rows = 0;
            for (column, &index) in open.iter_mut().zip(columns) {
                rows = column
                    .next(wanted)
                    .map_err(|fault| table.failed(index, fault))?;
            }
            // Fewer rows than the footer says.
            if rows == 0 {
                return Err(damaged_data(at(&table.name)));
            }
            left -= rows as u64;
            let batches: Vec<ColumnBatch<'_>> = open.iter().map(Column::batch).collect();
            if batches.iter().any(|batch| batch.rows != rows) {
                return Err(damaged_data(at(&table.name)));
            }
            task.sink.add(&batches);
        }
        for &column in columns {
            progress.advance(table.compressed(group, column));
        }
    }
    Ok(())
}

fn by_row<S: RowSink, Make: Fn() -> S + Sync>(
    table: &Table,
    parts: &[Range<u64>],
    first: S,
    reading: &Reading<'_, Make>,
) -> Result<Vec<S>> {
    let next = AtomicUsize::new(0);
    let threads = reading.threads.clamp(1, table.groups().max(1));
    let work = |mut sink: S| -> Result<S> {
        loop {
            let group = next.fetch_add(1, Ordering::Relaxed);
            if group >= table.groups() {
                return Ok(sink);
            }
            let read = rows_of_group(table, group, &parts[group], &mut sink, reading);
            if read.is_err() {
                next.store(table.groups(), Ordering::Relaxed);
            }
            read?;
            sink.end_chunk(reading.file, group as u32);
        }
    };
    let sinks = side_by_side(threads, || work(first), || work((reading.make)()));
    sinks.into_iter().collect()
}

fn rows_of_group<S: RowSink, Make>(
    table: &Table,
    group: usize,
    part: &Range<u64>,
    sink: &mut S,
    reading: &Reading<'_, Make>,
) -> Result<()> {
    if part.is_empty() {
        return Ok(());
    }
    let own = |column: usize| reading.order.as_ref().map_or(column, |order| order[column]);
    let width = table.columns.len();
    let chosen: Vec<usize> = (0..width)
        .filter(|&column| reading.wanted.is_none_or(|wanted| wanted[column]))
        .collect();
    let beside = chosen.len() * reading.threads;
    let mut columns = chosen
        .into_iter()
        .map(|column| {
            Ok((
                column,
                table.column_from(group, own(column), part.start, beside)?,
            ))
        })
        .collect::<Result<Vec<(usize, Column)>>>()?;
    let mut builder = RowBuilder::default();
    let mut line = 0;
    let mut left = part.end - part.start;
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
        let mut rows = None;
        for (index, column) in &mut columns {
            let count = column
                .next(wanted)
                .map_err(|fault| table.failed(own(*index), fault))?;
            if *rows.get_or_insert(count) != count {
                return Err(damaged_data(at(&table.name)));
            }
        }
        let rows = match rows {
            // Fewer rows than the footer says.
            Some(0) => return Err(damaged_data(at(&table.name))),
            Some(rows) => rows,
            // Nobody wants any column: the rows are there all the same.
            None => wanted,
        };
        left -= rows as u64;
        let batches: Vec<(usize, ColumnBatch<'_>)> = columns
            .iter()
            .map(|(index, column)| (*index, column.batch()))
            .collect();
        let mut taken = vec![0; batches.len()];
        for row in 0..rows {
            builder.begin(width);
            for ((column, batch), taken) in batches.iter().zip(&mut taken) {
                if batch.present.is_none_or(|present| present[row]) {
                    builder.set_with(*column, |out| batch.values.write(*taken, out));
                    *taken += 1;
                } else {
                    builder.set(*column, b"null");
                }
            }
            builder.blank(reading.nulls);
            sink.row(&builder.row(RowPlace {
                file: reading.file,
                chunk: group as u32,
                line,
            }));
            line += 1;
        }
    }
    for (column, _) in columns {
        reading
            .progress
            .advance(table.compressed(group, own(column)));
    }
    Ok(())
}
