//! A table in a database, opened: its columns, its rows as a stream of CSV, or the engine itself
//! for those who let it count.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::error::DataError;
use super::header::read_header;
use super::sql::{Engine, SqlAddress, SqlColumn, SqlKind, select_rows};
use super::table::{Body, Stream, Table};
use crate::error::{Error, Place, Result};

/// What a connection must also be able to do: hand all rows on.
pub(super) trait Connection: Engine {
    /// Gives the connection up for the rows of a statement as CSV with a header.
    fn into_csv(self: Box<Self>, sql: String) -> Receiver<io::Result<Vec<u8>>>;
}

/// A table or a query, opened.
pub(super) struct Database {
    pub(super) address: SqlAddress,
    pub(super) columns: Vec<SqlColumn>,
    pub(super) names: Vec<String>,
    pub(super) connection: Box<dyn Connection>,
}

/// A database that counts by itself.
pub struct InDatabase<'a> {
    /// Runs statements.
    pub engine: &'a mut dyn Engine,
    /// The columns, as the engine knows them.
    pub columns: &'a [SqlColumn],
    /// What stands after FROM.
    pub from: &'a str,
    /// What errors name.
    pub place: Place,
}

impl Database {
    /// Connects and asks for the columns.
    pub(super) fn open(address: &str) -> Result<Self> {
        let scheme = address.split("://").next().unwrap_or_default();
        match scheme {
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => {
                let address = SqlAddress::parse(address)?;
                let (connection, columns) = super::postgres::connect(&address)?;
                Self::new(address, columns, Box::new(connection))
            }
            #[cfg(not(feature = "postgres"))]
            "postgres" | "postgresql" => {
                let (what, feature) = ("PostgreSQL", "postgres");
                Err(DataError::NoFeature { what, feature }.at(Place {
                    file: crate::text::redacted(address).into_owned(),
                    ..Place::default()
                }))
            }
            _ => {
                let shown = crate::text::redacted(address);
                Err(
                    Error::usage(format!("{scheme}:// addresses are not read: {shown}"))
                        .hint("files, folders and postgres:// are"),
                )
            }
        }
    }

    #[cfg(feature = "postgres")]
    fn new(
        address: SqlAddress,
        columns: Vec<SqlColumn>,
        connection: Box<dyn Connection>,
    ) -> Result<Self> {
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        for (at, name) in names.iter().enumerate() {
            if let Some(first) = names[..at].iter().position(|other| other == name) {
                return Err(DataError::DuplicateColumn {
                    name: name.clone(),
                    first: first + 1,
                    second: at + 1,
                }
                .at(address.place()));
            }
        }
        if names.is_empty() {
            return Err(DataError::Empty.at(address.place()));
        }
        Ok(Self {
            address,
            columns,
            names,
            connection,
        })
    }

    /// Returns the rows as a table of text, only wanted columns filled.
    pub(super) fn into_table(self, wanted: Option<&[bool]>) -> Result<Table> {
        let chosen = |at: usize| wanted.is_none_or(|wanted| wanted[at]);
        let mut uncountable = self
            .columns
            .iter()
            .enumerate()
            .filter(|(at, column)| chosen(*at) && column.kind == SqlKind::Uncountable);
        if let Some((_, column)) = uncountable.next() {
            return Err(DataError::Uncountable.at(Place {
                column: Some(column.name.clone()),
                ..self.address.place()
            }));
        }
        let sql = select_rows(
            self.connection.dialect(),
            &self.columns,
            wanted,
            self.address.source(),
        );
        let mut reader = Received {
            receiver: self.connection.into_csv(sql),
            current: io::Cursor::new(Vec::new()),
        };
        let mut start = Vec::new();
        let failed = |error| super::address::read_failed(self.address.shown.as_ref(), error);
        let header = loop {
            let read = reader.by_ref().take(64 << 10).read_to_end(&mut start);
            let at_end = read.map_err(failed)? < 64 << 10;
            match read_header(&start, at_end, Some(b',')) {
                Ok(Some(header)) => break header,
                Ok(None) if !at_end => {}
                Ok(None) => return Err(DataError::Empty.at(self.address.place())),
                Err(fault) => return Err(fault.error.at(self.address.place())),
            }
        };
        let buffered = start.split_off(header.length);
        Ok(Table {
            name: self.address.shown,
            header,
            json: false,
            body: Body::Stream(Stream {
                reader: Box::new(reader),
                buffered,
                taken: Arc::default(),
                from: None,
            }),
            size: None,
        })
    }
}

/// Returns all rows of a table in a database as CSV: what a checksum is taken over.
pub(super) fn database_bytes(address: &str) -> Result<Box<dyn Read + Send>> {
    let table = Database::open(address)?.into_table(None)?;
    let names = table.header.columns.join(",");
    match table.body {
        Body::Stream(stream) => Ok(Box::new(
            io::Cursor::new(names)
                .chain(io::Cursor::new(stream.buffered))
                .chain(stream.reader),
        )),
        Body::File { file, .. } => Ok(Box::new(file)),
    }
}

/// Bytes that a thread with a connection sends.
struct Received {
    receiver: Receiver<io::Result<Vec<u8>>>,
    current: io::Cursor<Vec<u8>>,
}

impl Read for Received {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.current.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.receiver.recv() {
                Ok(next) => self.current = io::Cursor::new(next?),
                // The sender has gone: all has come.
                Err(_) => return Ok(0),
            }
        }
    }
}
