//! Records of bytes, dealt to partitions by the hash of their key: in memory up to a limit, beyond it in one
//! temporary file that has no name and so cannot be left behind. What the records say is for others.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use churn_base::error::{Error, Result};
use churn_base::files::AtomicFile;

/// Partitions of a spool; a power of two.
pub(super) const PARTITIONS: usize = 64;
const BITS: u32 = PARTITIONS.trailing_zeros();
/// A partition can be dealt anew as often as the hash has bits left.
pub(super) const MOST_LEVELS: u32 = u64::BITS / BITS;

/// Where some records of a partition are in the file.
#[derive(Debug, Clone, Copy)]
struct Run {
    partition: usize,
    start: u64,
    length: usize,
}

/// Records, dealt by their hash.
#[derive(Debug)]
pub(super) struct Spool {
    /// Which bits of the hash deal.
    level: u32,
    /// Bytes that may be in memory while records are added one by one.
    share: usize,
    partitions: Vec<Vec<u8>>,
    in_memory: usize,
    file: Option<File>,
    runs: Vec<Run>,
    written: u64,
    /// Why no more can be written: who adds records cannot be told.
    failed: Option<Error>,
}

impl Spool {
    pub(super) fn new(level: u32, share: usize) -> Self {
        Self {
            level,
            share,
            partitions: vec![Vec::new(); PARTITIONS],
            in_memory: 0,
            file: None,
            runs: Vec::new(),
            written: 0,
            failed: None,
        }
    }

    /// Adds a record.
    pub(super) fn push(&mut self, hash: u64, record: &[u8]) {
        let partition = (hash >> (self.level * BITS)) as usize % PARTITIONS;
        let records = &mut self.partitions[partition];
        records.extend_from_slice(&(record.len() as u32).to_le_bytes());
        records.extend_from_slice(record);
        self.in_memory += record.len() + 4;
        if self.in_memory > self.share && self.failed.is_none() {
            self.failed = self.write_out().err();
        }
    }

    /// Takes over what another spool of the same level has; up to `limit` bytes stay in memory.
    pub(super) fn absorb(&mut self, mut other: Self, limit: usize) {
        for (mine, theirs) in self.partitions.iter_mut().zip(&mut other.partitions) {
            match mine.is_empty() {
                true => std::mem::swap(mine, theirs),
                false => mine.append(theirs),
            }
        }
        self.in_memory += other.in_memory;
        let taken = self.failed.is_none() && other.failed.is_none();
        self.failed = self.failed.take().or_else(|| other.failed.take());
        if taken {
            self.failed = self.copy_file(&mut other).err();
        }
        if self.in_memory > limit && self.failed.is_none() {
            self.failed = self.write_out().err();
        }
    }

    /// Copies the other's file behind the own one: a file for each of a thousand sinks would be too many.
    fn copy_file(&mut self, other: &mut Self) -> Result<()> {
        let Some(mut theirs) = other.file.take() else {
            return Ok(());
        };
        theirs.rewind().map_err(read_failed)?;
        let mut mine = self.open()?;
        std::io::copy(&mut theirs, &mut mine).map_err(write_failed)?;
        let before = self.written;
        let moved = other.runs.iter().map(|run| Run {
            start: run.start + before,
            ..*run
        });
        self.runs.extend(moved);
        self.written += other.written;
        Ok(())
    }

    /// Returns the file, at its end.
    fn open(&mut self) -> Result<File> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(AtomicFile::scratch()?.read_back()?),
        };
        let mut file = file.try_clone().map_err(write_failed)?;
        file.seek(SeekFrom::Start(self.written))
            .map_err(write_failed)?;
        Ok(file)
    }

    /// Brings all records to the file.
    fn write_out(&mut self) -> Result<()> {
        let mut file = self.open()?;
        for (partition, records) in self.partitions.iter_mut().enumerate() {
            if records.is_empty() {
                continue;
            }
            file.write_all(records).map_err(write_failed)?;
            self.runs.push(Run {
                partition,
                start: self.written,
                length: records.len(),
            });
            self.written += records.len() as u64;
            records.clear();
        }
        self.in_memory = 0;
        Ok(())
    }

    /// Returns the first fault of writing.
    pub(super) fn check(&mut self) -> Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Returns whether all records are in memory.
    pub(super) const fn is_in_memory(&self) -> bool {
        self.file.is_none()
    }

    /// Returns the bytes of a partition.
    pub(super) fn bytes(&self, partition: usize) -> usize {
        let runs = self.runs.iter().filter(|run| run.partition == partition);
        self.partitions[partition].len() + runs.map(|run| run.length).sum::<usize>()
    }

    /// Shows every record of a partition. What was read from the file does not stay in memory.
    pub(super) fn each(&self, partition: usize, mut see: impl FnMut(&[u8])) -> Result<()> {
        records(&self.partitions[partition], &mut see);
        if let Some(file) = &self.file {
            let mut file = file.try_clone().map_err(read_failed)?;
            let mut bytes = Vec::new();
            for run in self.runs.iter().filter(|run| run.partition == partition) {
                bytes.resize(run.length, 0);
                file.seek(SeekFrom::Start(run.start)).map_err(read_failed)?;
                file.read_exact(&mut bytes).map_err(read_failed)?;
                records(&bytes, &mut see);
            }
        }
        Ok(())
    }
}

fn records(mut bytes: &[u8], see: &mut impl FnMut(&[u8])) {
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let Some((record, rest)) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)
        else {
            return;
        };
        see(record);
        bytes = rest;
    }
}

fn read_failed(error: std::io::Error) -> Error {
    Error::io("read", Path::new("a temporary file"), error)
}

fn write_failed(error: std::io::Error) -> Error {
    Error::io("write", Path::new("a temporary file"), error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::labels::key::hash;

    fn all(spool: &Spool) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for partition in 0..PARTITIONS {
            spool
                .each(partition, |record| found.push(record.to_vec()))
                .expect("read");
        }
        found.sort();
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_goes_in_comes_out_wherever_it_was(
            records in proptest::collection::vec("[a-z]{0,12}", 0..200),
            share in 1_usize..2_000,
            limit in 1_usize..2_000,
        ) {
            let (first, second) = records.split_at(records.len() / 2);
            let filled = |records: &[String]| {
                let mut spool = Spool::new(1, share);
                for record in records {
                    spool.push(hash(record.as_bytes()), record.as_bytes());
                }
                spool
            };
            let mut whole = filled(first);
            whole.absorb(filled(second), limit);
            whole.check().expect("written");
            let mut expected: Vec<Vec<u8>> =
                records.iter().map(|record| record.clone().into_bytes()).collect();
            expected.sort();
            prop_assert_eq!(all(&whole), expected);
            let bytes: usize = (0..PARTITIONS).map(|at| whole.bytes(at)).sum();
            prop_assert_eq!(bytes, records.iter().map(|record| record.len() + 4).sum::<usize>());
            prop_assert!(whole.in_memory <= limit.max(share));
        }
    }
}
