//! Any bytes as a table: the parallel reader of plain files and the streaming reader of gzip
//! give the same rows or the same error, and neither panics.
#![no_main]

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use churnctl::data::{DataSet, ReadOptions, Row, RowPlace, RowSink, classify};
use churnctl::progress::Silent;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

/// The parallel reader cuts a file into chunks of this many bytes.
const CHUNK: usize = 256 << 10;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("churnctl-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder can be written");
    folder
});

/// The hash of every row beside its place, in whatever order they came.
struct Rows {
    columns: usize,
    hashes: Vec<(RowPlace, u64)>,
}

impl RowSink for Rows {
    fn row(&mut self, row: &Row<'_>) {
        let mut hasher = DefaultHasher::new();
        for column in 0..self.columns {
            let field = row.field(column);
            let _ = classify(&field);
            field.hash(&mut hasher);
        }
        self.hashes.push((row.place(), hasher.finish()));
    }

    fn merge(&mut self, other: Self) {
        self.hashes.extend(other.hashes);
    }
}

/// What reading came to: columns, blank lines and hashes by line; or line, column and message.
#[derive(Debug, PartialEq)]
enum Reading {
    Rows(Vec<String>, u64, Vec<(Option<u64>, u64)>),
    Fault(Option<u64>, Option<String>, String),
}

fn read(path: &Path) -> Reading {
    let options = ReadOptions {
        delimiter: None,
        threads: 2,
        shard: None,
        ..ReadOptions::default()
    };
    let read = DataSet::open(&[path.display().to_string()], options).and_then(|data| {
        let columns = data.columns().to_vec();
        let make = || Rows {
            columns: columns.len(),
            hashes: Vec::new(),
        };
        let (rows, summary) = data.read(&make, &Silent)?;
        assert_eq!(rows.hashes.len() as u64, summary.rows);
        let line = |(place, hash)| (summary.lines.place(place).line, hash);
        let mut hashes: Vec<_> = rows.hashes.into_iter().map(line).collect();
        hashes.sort_unstable();
        Ok(Reading::Rows(columns, summary.blank_lines, hashes))
    });
    read.unwrap_or_else(|error| {
        let place = error.place().cloned().unwrap_or_default();
        Reading::Fault(place.line, place.column, error.to_string())
    })
}

/// Puts so many blank lines after the header that the first cut falls into what follows.
fn moved_to_the_cut(text: &[u8], distance: usize) -> Vec<u8> {
    let header = text
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let mut moved = text[..header].to_vec();
    moved.resize(header + CHUNK - distance, b'\n');
    moved.extend_from_slice(&text[header..]);
    moved
}

fuzz_target!(|input: &[u8]| {
    // The first byte says whether, and how far before the cut, the rows begin.
    let Some((&distance, text)) = input.split_first() else {
        return;
    };
    // Gzip is known by its first bytes, whatever the file is called: not the same table twice.
    if text.starts_with(b"\x1f\x8b") {
        return;
    }
    let text = match distance {
        0..128 => text.to_vec(),
        _ => moved_to_the_cut(text, usize::from(distance - 127)),
    };
    let (plain, packed) = (FOLDER.join("table.csv"), FOLDER.join("table.csv.gz"));
    fs::write(&plain, &text).expect("the temporary folder can be written");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&text).expect("memory can be written");
    let bytes = encoder.finish().expect("memory can be written");
    fs::write(&packed, bytes).expect("the temporary folder can be written");
    assert_eq!(read(&plain), read(&packed));
});
