//! One data set of all that the addresses name: opened, then read into sinks.

use std::fs::File;
use std::path::Path;

use churn_base::error::{Error, Place, Result};
use churn_base::progress::Progress;
use churn_base::redact;

use super::address::{Location, expand};
use super::computed::Computed;
use super::database::{Database, InDatabase};
use super::error::{DataError, Uncountable};
use super::job::{Job, ReadOptions, ReadTable, RowScanner};
use super::json::JsonScanner;
use super::listener::Listener;
use super::opened::Opened;
#[cfg(feature = "parquet")]
use super::parquet;
use super::reading;
use super::record::Scanner;
use super::row::RowPlace;
use super::sink::RowSink;
use super::sql::is_database;
use super::table::{Raw, Table};

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
    /// Rows skipped that say the header again: files were put together.
    pub header_rows: u64,
    /// Where the first of them stands.
    pub first_header_row: Option<Place>,
    /// For [`Lines::place`].
    pub lines: Lines,
}

/// Tables with the same columns, opened; the first header is read.
pub struct DataSet {
    name: String,
    columns: Vec<String>,
    options: ReadOptions,
    first: Opened,
    rest: Vec<Location>,
    /// Columns that have no single value a row.
    uncountable: Vec<(String, Uncountable)>,
    /// Columns that somebody wants; all if none.
    wanted: Option<Vec<bool>>,
    /// Who takes the rows beside the sink.
    listener: Option<Listener>,
    /// The last column, if it is computed from the others.
    computed: Option<Computed>,
    /// No row at all is not an error.
    may_be_empty: bool,
}

impl std::fmt::Debug for DataSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataSet")
            .field("name", &self.name)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl DataSet {
    /// Opens paths, globs, folders (their tables), objects and `-` as one data set. Which form a
    /// table has is told from its first bytes: CSV, NDJSON (both also as gzip or zstd), Parquet.
    ///
    /// # Errors
    /// [`ExitCode::Io`](churn_base::exit::ExitCode::Io) if a file cannot be opened, bad input if the first header is bad or a glob matches nothing.
    pub fn open(addresses: &[String], options: ReadOptions) -> Result<Self> {
        if addresses.iter().any(|address| is_database(address)) {
            return Self::open_database(addresses, options);
        }
        Self::of(&expand(addresses)?, shown(addresses), options)
    }

    /// As [`DataSet::open`], of some of the tables that the addresses stand for.
    ///
    /// # Errors
    /// As [`DataSet::open`].
    pub fn of(locations: &[Location], name: String, options: ReadOptions) -> Result<Self> {
        let (first, rest) = locations
            .split_first()
            .ok_or_else(|| Error::usage("no data given"))?;
        let first = Opened::open(first, options.delimiter)?;
        Ok(Self {
            name,
            columns: first.columns().to_vec(),
            uncountable: first.uncountable(),
            options,
            first,
            rest: rest.to_vec(),
            wanted: None,
            listener: None,
            computed: None,
            may_be_empty: false,
        })
    }

    /// Opens a copy of rows in CSV under the name of what they were copied from.
    pub(super) fn of_copy(name: &str, file: File, options: ReadOptions) -> Result<Self> {
        let table = Table::open(Path::new(name), Raw::File(file), Some(b','))?;
        Ok(Self {
            name: name.to_owned(),
            columns: table.header.columns.clone(),
            options: ReadOptions {
                delimiter: Some(b','),
                ..options
            },
            first: Opened::Text(table),
            rest: Vec::new(),
            uncountable: Vec::new(),
            wanted: None,
            listener: None,
            computed: None,
            may_be_empty: false,
        })
    }

    fn open_database(addresses: &[String], options: ReadOptions) -> Result<Self> {
        let [address] = addresses else {
            return Err(
                Error::usage("a table in a database is a data set of its own")
                    .hint("name one address, or make profiles and merge them"),
            );
        };
        if options.shard.is_some_and(|shard| !shard.is_whole()) {
            return Err(
                Error::usage("a table in a database cannot be cut into shards")
                    .hint("give each shard a condition of its own: &where=..."),
            );
        }
        let mut database = Database::open(address)?;
        database.without(&options.nulls);
        Ok(Self {
            name: database.address.shown.clone(),
            columns: database.names.clone(),
            uncountable: database.uncountable(),
            options,
            first: Opened::Database(Box::new(database)),
            rest: Vec::new(),
            wanted: None,
            listener: None,
            computed: None,
            may_be_empty: false,
        })
    }

    /// Returns the database that holds the data, if one does: it can count by itself. None if a column is
    /// computed, which it does not have.
    pub fn database(&mut self) -> Option<InDatabase<'_>> {
        if self.computed.is_some() {
            return None;
        }
        let Opened::Database(database) = &mut self.first else {
            return None;
        };
        Some(InDatabase {
            place: database.address.place(),
            from: database.address.source(),
            columns: &database.columns,
            engine: &mut *database.connection,
        })
    }

    /// Returns whether another data set is in the same database, which can join the two.
    #[must_use]
    pub fn is_beside(&self, other: &Self) -> bool {
        match (&self.first, &other.first) {
            (Opened::Database(mine), Opened::Database(theirs)) => {
                mine.connection.dialect() == theirs.connection.dialect()
                    && mine.address.is_beside(&theirs.address)
            }
            _ => false,
        }
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

    /// Tells whether the times of a column are points in time in UTC although they come without a
    /// zone: Parquet says so of a column, in its first file.
    #[must_use]
    pub fn holds_instants(&self, column: &str) -> bool {
        self.first.holds_instants(column)
    }

    /// Returns the columns that have no single value a row, such as lists, and what they hold. Whoever
    /// wants one of them gets an error; nobody else is kept from the rest.
    #[must_use]
    pub fn uncountable(&self) -> &[(String, Uncountable)] {
        &self.uncountable
    }

    /// Says that these columns had no single value a row in what this is a copy of.
    pub(super) fn without_values_of(mut self, columns: Vec<(String, Uncountable)>) -> Self {
        self.uncountable = columns;
        self
    }

    /// Returns the columns that a name stands for, for those who leave columns out: the column of this
    /// name; else all in the object of this name (`address` for `address.city`); else the list that
    /// has a part of this name (`tags` for `tags.list.element`). None is just the name.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<String> {
        let is_below = |inner: &str, outer: &str| {
            let rest = inner.strip_prefix(outer);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        if self.columns.iter().any(|column| column == name) {
            return vec![name.to_owned()];
        }
        let inside = self.columns.iter().filter(|column| is_below(column, name));
        let mut found: Vec<String> = inside.cloned().collect();
        if found.is_empty() {
            let lists = self.uncountable.iter().map(|(list, _)| list);
            found.extend(lists.filter(|list| is_below(name, list)).cloned());
        }
        if found.is_empty() {
            found.push(name.to_owned());
        }
        found
    }

    /// Returns the bytes to read, where they are known: compressed ones count as they are.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.rest
            .iter()
            .try_fold(self.first.size()?, |sum, rest| Some(sum + rest.size()?))
    }

    /// Says which columns will be looked at. The fields of others may be empty: where columns
    /// are stored apart, they are not read.
    #[must_use]
    pub fn wanting(mut self, columns: impl IntoIterator<Item = usize>) -> Self {
        let mut wanted = vec![false; self.columns.len()];
        for column in columns {
            wanted[column] = true;
        }
        self.wanted = Some(wanted);
        self
    }

    /// Lets somebody take the rows beside the sink that they are read into. A table that a database counts by
    /// itself is not read: nobody hears its rows.
    #[must_use]
    pub fn heard_by(self, listener: Listener) -> Self {
        Self {
            listener: Some(listener),
            ..self
        }
    }

    /// Adds a column, the last one, that is computed from others of its row.
    #[must_use]
    pub fn computing(mut self, computed: Computed) -> Self {
        self.columns.push(computed.name.clone());
        Self {
            computed: Some(computed),
            ..self
        }
    }

    /// Says that a table without rows is as good as any: it is one of many.
    #[must_use]
    pub fn or_empty(self) -> Self {
        Self {
            may_be_empty: true,
            ..self
        }
    }

    /// Hands every row to sinks made by `make`, and returns them merged into one.
    ///
    /// Plain files are read in parallel; compressed ones, pipes and files with line breaks inside
    /// quotes as one stream. Both give the same rows.
    ///
    /// # Errors
    /// Bad input, with file, line and column, for the first faulty row in the order of the files;
    /// also if there is no row at all. Blank lines are *no* error, they are counted.
    pub fn read<S: RowSink>(
        mut self,
        make: &(impl Fn() -> S + Sync),
        progress: &dyn Progress,
    ) -> Result<(S, Summary)> {
        let Some(listener) = self.listener.take() else {
            return self.read_computing(make, progress);
        };
        if let Some(wanted) = &mut self.wanted {
            for &column in &listener.columns {
                wanted[column] = true;
            }
        }
        let make = || listener.beside(make());
        let (heard, summary) = self.read_computing(&make, progress)?;
        Ok((heard.sink, summary))
    }

    /// As [`DataSet::read`], all that look at rows being in the sink.
    fn read_computing<S: RowSink>(
        mut self,
        make: &(impl Fn() -> S + Sync),
        progress: &dyn Progress,
    ) -> Result<(S, Summary)> {
        let Some(computed) = self.computed.take() else {
            return self.read_into(make, progress);
        };
        // The tables do not have it.
        self.columns.pop();
        let mut copied = vec![true; self.columns.len()];
        if let Some(wanted) = &mut self.wanted {
            wanted.pop();
            copied.clone_from(wanted);
            for &column in &computed.columns {
                wanted[column] = true;
            }
        }
        let make = || computed.before(make(), &copied);
        let (extended, summary) = self.read_into(&make, progress)?;
        Ok((extended.sink, summary))
    }

    fn read_into<S: RowSink>(
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
            wanted,
            may_be_empty,
            ..
        } = self;
        let first_name = first.name().to_owned();
        let mut next = Some(first);
        let mut rest = rest.into_iter();
        while let Some(table) = next {
            let order = column_order(&columns, &first_name, &table)?;
            let file = u32::try_from(summary.lines.files.len()).unwrap_or(u32::MAX);
            let name = table.name().to_owned();
            let table = match table {
                Opened::Database(database) => Opened::Text(database.into_table(wanted.as_deref())?),
                other => other,
            };
            let (header, read) = match table {
                Opened::Database(_) => (0, ReadTable::default()),
                Opened::Text(table) => {
                    let own_columns = table.header.columns.clone();
                    let (scanner, names) = if table.json {
                        let scanner = JsonScanner::new(&columns).without(&options.nulls);
                        (RowScanner::Json(scanner), &columns)
                    } else {
                        let named = table.header.delimiter;
                        let delimiter = options.delimiter.or(named).unwrap_or(b',');
                        let scanner = Scanner::new(delimiter, columns.len(), order)
                            .skipping_headers(&own_columns)
                            .without(&options.nulls);
                        (RowScanner::Csv(scanner), &own_columns)
                    };
                    let job = Job {
                        scanner: &scanner,
                        file,
                        make,
                        progress,
                        columns: names,
                    };
                    (table.header.lines, reading::read(table, &options, &job)?)
                }
                #[cfg(feature = "parquet")]
                Opened::Parquet(table) => {
                    let reading = parquet::Reading {
                        file,
                        order,
                        wanted: wanted.as_deref(),
                        threads: options.threads,
                        shard: options.shard,
                        nulls: &options.nulls,
                        make,
                        progress,
                    };
                    (0, parquet::read(&table, &reading)?)
                }
            };
            summary.rows += read.rows;
            summary.blank_lines += read.blank_lines;
            summary.header_rows += read.header_rows;
            if summary.first_header_row.is_none() {
                summary.first_header_row = read.first_header_row.map(|line| Place {
                    file: name.clone(),
                    line: Some(header + line + 1),
                    column: None,
                });
            }
            summary.lines.files.push(FileLines {
                name,
                header,
                chunks: read.chunk_lines,
            });
            read.sinks.into_iter().for_each(|sink| whole.merge(sink));
            next = rest
                .next()
                .map(|location| Opened::open(&location, options.delimiter))
                .transpose()?;
        }
        if summary.rows == 0 {
            let place = Place {
                file: first_name,
                ..Place::default()
            };
            // A shard may come out empty: there may be fewer files, or rows, than shards.
            if may_be_empty || options.shard.is_some_and(|shard| !shard.is_whole()) {
                return Ok((whole, summary));
            }
            return Err(DataError::NoRows.at(place));
        }
        Ok((whole, summary))
    }
}

/// Returns what was given, without secrets: the name goes into reports, profiles and models.
fn shown(addresses: &[String]) -> String {
    let shown: Vec<_> = addresses.iter().map(|one| redact::address(one)).collect();
    shown.join(" ")
}

/// Returns how this table's columns map to the data set's, `None` if they are in the same order.
fn column_order(columns: &[String], first: &str, table: &Opened) -> Result<Option<Vec<usize>>> {
    let own = table.columns();
    if own == columns {
        return Ok(None);
    }
    let differ = |difference| {
        DataError::ColumnsDiffer {
            first_file: first.to_owned(),
            difference,
        }
        .at(Place {
            file: table.name().to_owned(),
            line: table.header_line(),
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
