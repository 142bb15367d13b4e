//! One table of any form, opened: which form it has is told from its first bytes. How rows come out of
//! it is the affair of the readers.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
#[cfg(feature = "object-store")]
use std::sync::{Mutex, PoisonError};

use churn_base::error::Result;
#[cfg(not(feature = "parquet"))]
use churn_base::error::{Error, Place};

use super::address::{Location, read_failed};
use super::database::Database;
#[cfg(not(feature = "parquet"))]
use super::error::DataError;
use super::error::Uncountable;
#[cfg(feature = "parquet")]
use super::parquet;
#[cfg(feature = "parquet")]
use super::parquet_bytes::Shared;
#[cfg(feature = "object-store")]
use super::table::ReadFrom;
use super::table::{Raw, Table};

/// The first bytes of a Parquet file: in the clear, and with an encrypted footer.
const PARQUET: [[u8; 4]; 2] = [*b"PAR1", *b"PARE"];

#[cfg(not(feature = "parquet"))]
fn no_parquet(name: &str) -> Error {
    let (what, feature) = ("Parquet files", "parquet");
    DataError::NoFeature { what, feature }.at(Place {
        file: name.to_owned(),
        ..Place::default()
    })
}

/// A table of any form.
pub(super) enum Opened {
    Text(Table),
    Database(Box<Database>),
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet::Table>),
}

impl Opened {
    pub(super) fn open(location: &Location, delimiter: Option<u8>) -> Result<Self> {
        match location {
            Location::Path(path) if path == Path::new("-") => {
                Ok(Self::Text(Table::open(path, Raw::Stdin, delimiter)?))
            }
            Location::Path(path) => Self::open_file(path, delimiter),
            #[cfg(feature = "object-store")]
            Location::Object(object) => Self::open_object(object, delimiter),
        }
    }

    fn open_file(path: &Path, delimiter: Option<u8>) -> Result<Self> {
        let failed = |error| read_failed(path, error);
        let mut file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        // Only regular files: a look at a pipe would take bytes from it.
        if metadata.is_file() {
            let mut magic = [0; 4];
            let is_parquet = match file.read_exact(&mut magic) {
                Ok(()) => PARQUET.contains(&magic),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
                Err(error) => return Err(failed(error)),
            };
            io::Seek::rewind(&mut file).map_err(failed)?;
            if is_parquet {
                let name = path.display().to_string();
                #[cfg(feature = "parquet")]
                return Self::parquet(Shared::file(file, metadata.len()), &name);
                #[cfg(not(feature = "parquet"))]
                return Err(no_parquet(&name));
            }
        }
        Ok(Self::Text(Table::open(path, Raw::File(file), delimiter)?))
    }

    #[cfg(feature = "object-store")]
    fn open_object(object: &super::objects::Object, delimiter: Option<u8>) -> Result<Self> {
        let path = Path::new(&object.shown);
        // What is named so is not read from its start to be told.
        #[cfg(feature = "parquet")]
        if object.shown.to_lowercase().ends_with(".parquet") {
            let bytes = Shared::object(object.clone());
            for magic in PARQUET {
                let ends = bytes.ends_with(&magic);
                if ends.map_err(|error| read_failed(path, error))? {
                    return Self::parquet(bytes, &object.shown);
                }
            }
        }
        let mut first = object.read_from(0);
        let mut magic = Vec::new();
        let read = first.by_ref().take(4).read_to_end(&mut magic);
        read.map_err(|error| read_failed(path, error))?;
        if PARQUET.iter().any(|parquet| magic == *parquet) {
            #[cfg(feature = "parquet")]
            return Self::parquet(Shared::object(object.clone()), &object.shown);
            #[cfg(not(feature = "parquet"))]
            return Err(no_parquet(&object.shown));
        }
        let (object, size) = (object.clone(), object.size);
        // What has come already need not come again.
        let begun = Mutex::new(Some(io::Cursor::new(magic).chain(first)));
        let from: ReadFrom = Box::new(move |position| {
            let mut begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
            match begun.take() {
                Some(begun) if position == 0 => Box::new(begun),
                _ => Box::new(object.read_from(position)),
            }
        });
        let raw = Raw::Remote(size, from);
        Ok(Self::Text(Table::open(path, raw, delimiter)?))
    }

    #[cfg(feature = "parquet")]
    fn parquet(shared: Shared, name: &str) -> Result<Self> {
        Ok(Self::Parquet(Box::new(parquet::Table::open(shared, name)?)))
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Text(table) => &table.name,
            Self::Database(database) => &database.address.shown,
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => &table.name,
        }
    }

    pub(super) fn columns(&self) -> &[String] {
        match self {
            Self::Text(table) => &table.header.columns,
            Self::Database(database) => &database.names,
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => &table.columns,
        }
    }

    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Self::Text(table) => table.size,
            Self::Database(_) => None,
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => Some(table.size),
        }
    }

    /// Whether a column's times are points in time in UTC, though they are written without a zone.
    pub(super) fn holds_instants(&self, column: &str) -> bool {
        match self {
            Self::Text(_) => false,
            Self::Database(database) => database.holds_instants(column),
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => table.holds_instants(column),
        }
    }

    /// Columns that have no single value a row, and what they hold instead.
    pub(super) fn uncountable(&self) -> Vec<(String, Uncountable)> {
        match self {
            Self::Text(_) => Vec::new(),
            Self::Database(database) => database.uncountable(),
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => {
                let columns = table.uncountable();
                columns
                    .map(|(name, holds)| (name.to_owned(), holds))
                    .collect()
            }
        }
    }

    /// Line of the header, if there is one.
    pub(super) fn header_line(&self) -> Option<u64> {
        match self {
            Self::Text(table) => Some(table.header.lines.max(1)),
            Self::Database(_) => None,
            #[cfg(feature = "parquet")]
            Self::Parquet(_) => None,
        }
    }
}
