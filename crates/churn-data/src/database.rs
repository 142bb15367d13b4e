//! A table in a database, opened: its columns, its rows as a stream of CSV, or the engine itself
//! for those who let it count.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use churn_base::error::{Error, Place, Result};

use super::connection::Connection;
use super::error::{DataError, Uncountable};
use super::header::read_header;
use super::nulls::NullTexts;
use super::sql::{Engine, SqlAddress, SqlColumn, SqlKind, select_rows};
use super::sql_time::SqlTime;
use super::table::{Body, Stream, Table};

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

/// The error of an address for which this program was built without the means.
#[cfg(not(all(feature = "mysql", feature = "postgres", feature = "spark")))]
fn no_feature(address: &str, what: &'static str, feature: &'static str) -> Error {
    DataError::NoFeature { what, feature }.at(Place {
        file: churn_base::redact::address(address).into_owned(),
        ..Place::default()
    })
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
            "postgres" | "postgresql" => Err(no_feature(address, "PostgreSQL", "postgres")),
            #[cfg(feature = "mysql")]
            "mysql" | "mariadb" => {
                let address = SqlAddress::parse(address)?;
                let (connection, columns) = super::mysql::connect(&address)?;
                Self::new(address, columns, Box::new(connection))
            }
            #[cfg(not(feature = "mysql"))]
            "mysql" | "mariadb" => Err(no_feature(address, "MySQL and MariaDB", "mysql")),
            #[cfg(feature = "spark")]
            "sc" | "spark" => {
                let address = SqlAddress::parse(address)?;
                let (connection, columns) = super::spark::connect(&address)?;
                Self::new(address, columns, Box::new(connection))
            }
            #[cfg(not(feature = "spark"))]
            "sc" | "spark" => Err(no_feature(address, "Spark Connect", "spark")),
            _ => {
                let shown = churn_base::redact::address(address);
                Err(
                    Error::usage(format!("{scheme}:// addresses are not read: {shown}"))
                        .hint("files, folders, postgres://, mysql://, mariadb:// and sc:// are"),
                )
            }
        }
    }

    #[cfg(any(feature = "mysql", feature = "postgres", feature = "spark"))]
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

    /// Takes these texts for missing values.
    pub(super) fn without(&mut self, nulls: &NullTexts) {
        if !nulls.is_empty() {
            let dialect = self.connection.dialect();
            self.address
                .wrap(|source| nulls.without(dialect, &self.columns, source));
        }
    }

    /// Whether a column's times are moments: sessions are in UTC, and so they are written.
    pub(super) fn holds_instants(&self, name: &str) -> bool {
        let dialect = self.connection.dialect();
        let mut columns = self.columns.iter();
        let column = columns.find(|column| column.name == name);
        column.and_then(|column| SqlTime::of(dialect, column)) == Some(SqlTime::Instant)
    }

    /// Returns the columns that have no single value a row.
    pub(super) fn uncountable(&self) -> Vec<(String, Uncountable)> {
        let columns = self.columns.iter();
        let columns = columns.filter(|column| column.kind == SqlKind::Uncountable);
        columns
            .map(|column| (column.name.clone(), Uncountable::Other))
            .collect()
    }

    /// Returns the rows as CSV with a header, only wanted columns filled, and the address.
    pub(super) fn into_bytes(
        self,
        wanted: Option<&[bool]>,
    ) -> Result<(impl Read + Send + use<>, String)> {
        let chosen = |at: usize| wanted.is_none_or(|wanted| wanted[at]);
        let mut uncountable = self
            .columns
            .iter()
            .enumerate()
            .filter(|(at, column)| chosen(*at) && column.kind == SqlKind::Uncountable);
        if let Some((_, column)) = uncountable.next() {
            let holds = Uncountable::Other;
            return Err(DataError::Uncountable { holds }.at(Place {
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
        let reader = Received {
            receiver: self.connection.into_csv(sql),
            current: io::Cursor::new(Vec::new()),
        };
        Ok((reader, self.address.shown))
    }

    /// Returns the rows as a table of text, only wanted columns filled.
    pub(super) fn into_table(self, wanted: Option<&[bool]>) -> Result<Table> {
        let place = self.address.place();
        let (mut reader, name) = self.into_bytes(wanted)?;
        let mut start = Vec::new();
        let failed = |error| super::address::read_failed(name.as_ref(), error);
        let header = loop {
            let read = reader.by_ref().take(64 << 10).read_to_end(&mut start);
            let at_end = read.map_err(failed)? < 64 << 10;
            match read_header(&start, at_end, Some(b',')) {
                Ok(Some(header)) => break header,
                Ok(None) if !at_end => {}
                Ok(None) => return Err(DataError::Empty.at(place)),
                Err(fault) => return Err(fault.error.at(place)),
            }
        };
        let buffered = start.split_off(header.length);
        Ok(Table {
            name,
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
