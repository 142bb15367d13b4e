//! All bytes of files and objects as they are: what a checksum is taken over.

use std::io::{self, Read};
use std::vec::IntoIter;

use churn_base::error::Result;

use super::address::{Location, expand};

/// Returns the bytes of all files and objects one after another. Errors of the reader wrap an
/// [`Error`](churn_base::error::Error) with its place.
///
/// # Errors
/// As [`DataSet::open`](super::DataSet::open).
pub fn all_bytes(addresses: &[String]) -> Result<Box<dyn Read + Send>> {
    Ok(Box::new(Chain {
        rest: expand(addresses)?.into_iter(),
        current: None,
    }))
}

/// Opens one after another.
struct Chain {
    rest: IntoIter<Location>,
    current: Option<(Location, Box<dyn Read + Send>)>,
}

impl Read for Chain {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some((location, reader)) = &mut self.current {
                match reader.read(buffer) {
                    Ok(0) if !buffer.is_empty() => self.current = None,
                    Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                        return Err(io::Error::other(location.read_failed(error)));
                    }
                    done => return done,
                }
            }
            let Some(location) = self.rest.next() else {
                return Ok(0);
            };
            let reader = location.bytes().map_err(io::Error::other)?;
            self.current = Some((location, reader));
        }
    }
}
