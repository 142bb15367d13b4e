//! A copy of what a database holds, for those who read it more than once: at every reading a table
//! may be another, and all readings of one training must be of the same rows.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use churn_base::error::{Error, Result};
use churn_base::files::AtomicFile;
use churn_base::progress::Progress;

use super::database::Database;
use super::error::Uncountable;
use super::job::ReadOptions;
use super::source::DataSet;
use super::sql::is_database;

/// The rows of a table in a database, as CSV in a file without a name.
#[derive(Debug)]
pub struct RowsCopy {
    file: File,
    /// The address, without its password.
    name: String,
    /// Columns that are empty in the copy, since they have no text.
    uncountable: Vec<(String, Uncountable)>,
}

impl RowsCopy {
    /// Copies what an address of a database names, the values of unwanted columns left out; none
    /// for files, which stay what they are.
    ///
    /// # Errors
    /// As [`DataSet::open`]; 74 if there is no room for the copy.
    pub fn of_database(
        addresses: &[String],
        wanted: impl Fn(&str) -> bool,
        progress: &dyn Progress,
    ) -> Result<Option<Self>> {
        let [address] = addresses else {
            return Ok(None);
        };
        if !is_database(address) {
            return Ok(None);
        }
        let database = Database::open(address)?;
        let name = database.address.shown.clone();
        let uncountable = database.uncountable();
        let wanted: Vec<bool> = database
            .names
            .iter()
            .map(|name| wanted(name) && !uncountable.iter().any(|(other, _)| other == name))
            .collect();
        progress.stage(&format!("copying {name}"), None);
        let copied = copy(database, &wanted, progress);
        progress.finish();
        Ok(Some(Self {
            file: copied?,
            name,
            uncountable,
        }))
    }

    /// Opens the copy under the name of what it is a copy of.
    ///
    /// # Errors
    /// As [`DataSet::open`].
    pub fn open(&self, options: ReadOptions) -> Result<DataSet> {
        let data = DataSet::of_copy(&self.name, self.bytes()?, options)?;
        Ok(data.without_values_of(self.uncountable.clone()))
    }

    /// Returns the copy from its first byte on; readings one after another, not at once.
    ///
    /// # Errors
    /// 74 if it cannot be read.
    pub fn bytes(&self) -> Result<File> {
        let failed = |error| Error::io("read", Path::new("a temporary file"), error);
        let mut file = self.file.try_clone().map_err(failed)?;
        file.rewind().map_err(failed)?;
        Ok(file)
    }
}

fn copy(database: Database, wanted: &[bool], progress: &dyn Progress) -> Result<File> {
    let (mut reader, place) = database.into_bytes(Some(wanted))?;
    let mut scratch = AtomicFile::scratch()?;
    let mut block = vec![0; 256 << 10];
    loop {
        let count = match reader.read(&mut block) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => return Err(super::address::read_failed(Path::new(&place), error)),
        };
        scratch
            .write_all(&block[..count])
            .map_err(|error| Error::io("write", Path::new("a temporary file"), error))?;
        progress.advance(count as u64);
    }
    scratch.read_back()
}
